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
use everwire::__core::sse::{Event, Item, Parser, text};
use futures_util::{FutureExt, Stream, StreamExt, stream};
use sse_stream::SseByteStream;

const STREAM: usize = 8 << 20;
const CHUNK: usize = 64 << 10;
const LIMIT: usize = 16 << 20;

fn parsers(criterion: &mut Criterion) {
    for shape in &CORPORA {
        let name = shape.name;
        let stream = corpus(shape);
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
    everwire(chunks, |Event { kind, data, id, .. }| {
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

/// Bytes of an event that differ from those of others, and what is the same before and after.
struct Shape {
    name: &'static str,
    size: usize,
    around: [&'static str; 2],
    mixed: bool,
}

impl Shape {
    const fn plain(name: &'static str, size: usize) -> Self {
        Self { name, size, around: ["", ""], mixed: false }
    }
}

const CORPORA: [Shape; 5] = [
    Shape::plain("64 B", 64),
    Shape::plain("1 KiB", 1024),
    Shape::plain("256 KiB", 256 << 10),
    Shape {
        around: [
            r#"{"id":"chatcmpl-7f3a91c2","object":"chat.completion.chunk","created":1764000000,"model":"everwire-bench","choices":[{"index":0,"delta":{"content":""#,
            r#""},"finish_reason":null}]}"#,
        ],
        ..Shape::plain("LLM tokens", 5)
    },
    Shape { mixed: true, ..Shape::plain("1 KiB, 25 % CJK", 1020) },
];

const POOL: usize = 1 << 20;
const STRIDE: usize = 7919;

/// Characters that look random (a linear congruential generator).
fn pool(mixed: bool) -> String {
    const LETTERS: [u8; 32] = *b"abcdefghijklmnopqrstuvwxyz .,-  ";
    let mut state = 1u32;
    (0..POOL)
        .map(|at| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            match char::from_u32(0x4E00 + (state >> 20)) {
                Some(chinese) if mixed && at % 4 == 3 => chinese,
                _ => char::from(LETTERS[(state >> 27) as usize]),
            }
        })
        .collect()
}

fn corpus(shape: &Shape) -> Vec<u8> {
    let Shape { size, around: [before, after], mixed, .. } = *shape;
    let pool = pool(mixed);
    // Three letters and a Chinese character.
    let unit = if mixed { 6 } else { 1 };
    let starts = (pool.len() - size) / unit;
    let mut stream = Vec::new();
    for number in 1.. {
        let start = number * STRIDE % starts * unit;
        let data = &pool[start..start + size];
        stream.extend_from_slice(format!("id: {number}\ndata: {before}{data}{after}\n\n").as_bytes());
        if stream.len() >= STREAM {
            break;
        }
    }
    stream
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
