//! The parser of event streams, natively, against the crates `sse-stream` and `eventsource-stream`.
//!
//! `cargo bench --bench parser`, with `-- --quick` for a first look. The corpora are those of `corpora.mjs`, 8 MiB of each, in
//! chunks of 64 KiB. The peers hand out `String`s, and this parser slices; so it stands here twice, once with `String`s made of
//! the slices.
#![cfg(not(target_arch = "wasm32"))]
#![allow(missing_docs, clippy::arithmetic_side_effects, clippy::expect_used, clippy::indexing_slicing)]

use std::convert::Infallible;
use std::hint::black_box;
use std::time::Duration;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use eventsource_stream::Eventsource;
use everwire::core::sse::{Event, Item, Parser, text};
use futures_util::{FutureExt, Stream, StreamExt, stream};
use sse_stream::SseByteStream;

const STREAM: usize = 8 << 20;
const CHUNK: usize = 64 << 10;
const LIMIT: usize = 16 << 20;

fn parsers(criterion: &mut Criterion) {
    for &(name, make) in CORPORA {
        let stream = corpus(make);
        let chunks: Vec<Bytes> = stream.chunks(CHUNK).map(Bytes::copy_from_slice).collect();
        let expected = slices(&chunks);
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(stream.len() as u64));
        for (reader, read) in READERS {
            assert_eq!(read(&chunks), expected, "{reader} read another number of bytes in {name}");
            group.bench_function(reader, |bencher| bencher.iter(|| read(&chunks)));
        }
    }
}

type Read = fn(&[Bytes]) -> usize;

const READERS: [(&str, Read); 4] = [
    ("everwire, slices", slices),
    ("everwire, Strings", strings),
    ("sse-stream", sse_stream),
    ("eventsource-stream", eventsource_stream),
];

// ---- the readers: each returns the bytes of data that it was given ----------------------------------------------------------

fn everwire(chunks: &[Bytes], mut each: impl FnMut(Event<'_>)) {
    let mut parser = Parser::new(LIMIT);
    for chunk in chunks {
        parser
            .feed(chunk, &mut |item| {
                if let Item::Event(event) = item {
                    each(event);
                }
            })
            .expect("within the limit");
    }
}

fn slices(chunks: &[Bytes]) -> usize {
    let mut read = 0;
    everwire(chunks, |event| read += black_box(event).data.len());
    read
}

fn strings(chunks: &[Bytes]) -> usize {
    let mut read = 0;
    everwire(chunks, |Event { kind, data, id }| {
        read += black_box([kind, data, id].map(|field| text(field).into_owned()))[1].len();
    });
    read
}

/// The streams of the peers are ready at every poll, as their input is.
fn now<T>(events: impl Stream<Item = T>, data: impl Fn(T) -> usize) -> usize {
    let sum = events.fold(0, |sum, event| std::future::ready(sum + data(black_box(event))));
    sum.now_or_never().expect("nothing to wait for")
}

fn sse_stream(chunks: &[Bytes]) -> usize {
    let bytes = stream::iter(chunks.iter().cloned().map(Ok::<_, Infallible>));
    now(SseByteStream::new(bytes), |event| event.expect("a good stream").data.map_or(0, |data| data.len()))
}

fn eventsource_stream(chunks: &[Bytes]) -> usize {
    let bytes = stream::iter(chunks.iter().cloned().map(Ok::<_, Infallible>));
    now(bytes.eventsource(), |event| event.expect("a good stream").data.len())
}

// ---- the corpora: the same bytes as those of corpora.mjs --------------------------------------------------------------------

type Make = fn(&mut Letters) -> String;

const CORPORA: &[(&str, Make)] = &[
    ("64 B", |letters| letters.ascii(64)),
    ("1 KiB", |letters| letters.ascii(1024)),
    ("256 KiB", |letters| letters.ascii(256 << 10)),
    ("LLM tokens", |letters| {
        let token = letters.ascii(5);
        format!(
            r#"{{"id":"chatcmpl-7f3a91c2","object":"chat.completion.chunk","created":1764000000,"model":"everwire-bench","choices":[{{"index":0,"delta":{{"content":"{token}"}},"finish_reason":null}}]}}"#
        )
    }),
    ("1 KiB, 25 % CJK", |letters| letters.mixed(1024)),
];

fn corpus(make: Make) -> Vec<u8> {
    let mut letters = Letters(1);
    let data: Vec<String> = (0..16).map(|_| make(&mut letters)).collect();
    let mut stream = Vec::new();
    for (number, data) in (1..).zip(data.iter().cycle()) {
        stream.extend_from_slice(format!("id: {number}\ndata: {data}\n\n").as_bytes());
        if stream.len() >= STREAM {
            break;
        }
    }
    stream
}

/// Letters that look random (a linear congruential generator).
struct Letters(u32);

impl Letters {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0
    }

    fn letter(&mut self) -> char {
        const LETTERS: [u8; 32] = *b"abcdefghijklmnopqrstuvwxyz .,-  ";
        char::from(LETTERS[(self.next() >> 27) as usize])
    }

    fn ascii(&mut self, length: usize) -> String {
        (0..length).map(|_| self.letter()).collect()
    }

    /// Every fourth character is Chinese.
    fn mixed(&mut self, bytes: usize) -> String {
        let mut text = String::new();
        while text.len() + 6 <= bytes {
            text.extend((0..3).map(|_| self.letter()));
            text.extend(char::from_u32(0x4E00 + (self.next() >> 20)));
        }
        text + &self.ascii(bytes % 6)
    }
}

fn benches() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .without_plots()
}

criterion_group! {
    name = all;
    config = benches();
    targets = parsers
}
criterion_main!(all);
