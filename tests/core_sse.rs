//! The parser of `text/event-stream`, against sections 9.2.5 and 9.2.6 of the WHATWG HTML standard.
//!
//! Each test of a rule is named after it, and sees the stream whole, byte by byte and cut in two at every
//! place.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::arithmetic_side_effects, clippy::expect_used, clippy::indexing_slicing)]

use everwire::__core::sse::{Event, Item, Overflow, Parser, text};
use proptest::prelude::*;

const LIMIT: usize = 1 << 24;

/// An [`Item`] that outlives the sink, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    Event { kind: String, data: String, id: String, own_id: bool },
    Id(String),
    Retry(u64),
}

impl From<Item<'_>> for Told {
    fn from(item: Item<'_>) -> Self {
        let own = |bytes| text(bytes).into_owned();
        match item {
            Item::Event(Event { kind, data, id, own_id }) => {
                Self::Event { kind: own(kind), data: own(data), id: own(id), own_id }
            }
            Item::Id(id) => Self::Id(own(id)),
            Item::Retry(ms) => Self::Retry(ms),
        }
    }
}

/// An event with an id of its own.
fn event(kind: &str, data: &str, id: &str) -> Told {
    Told::Event { kind: kind.into(), data: data.into(), id: id.into(), own_id: true }
}

/// An event with the id of a block before it.
fn after(id: &str, kind: &str, data: &str) -> Told {
    Told::Event { kind: kind.into(), data: data.into(), id: id.into(), own_id: false }
}

/// A message where no id has come.
fn message(data: &str) -> Told {
    after("", "", data)
}

fn id(id: &str) -> Told {
    Told::Id(id.into())
}

fn feed(parser: &mut Parser, chunk: &[u8]) -> Result<Vec<Told>, Overflow> {
    let mut told = Vec::new();
    parser.feed(chunk, &mut |item| told.push(item.into()))?;
    Ok(told)
}

/// What is told until the end or the overflow, and which of the two it was.
fn run<'c>(limit: usize, chunks: impl IntoIterator<Item = &'c [u8]>) -> (Vec<Told>, Result<(), Overflow>, Vec<u8>) {
    let mut parser = Parser::new(limit);
    let mut told = Vec::new();
    let mut result = Ok(());
    for chunk in chunks {
        result = parser.feed(chunk, &mut |item| told.push(item.into()));
    }
    (told, result, parser.last_id().to_vec())
}

/// What a stream tells, which must be the same whole, byte by byte and cut in two anywhere.
#[track_caller]
fn told(stream: impl AsRef<[u8]>) -> Vec<Told> {
    let stream = stream.as_ref();
    let whole = run(LIMIT, [stream]);
    assert_eq!(whole.1, Ok(()));
    assert_eq!(run(LIMIT, stream.chunks(1)), whole, "byte by byte");
    for at in 0..=stream.len() {
        let (left, right) = stream.split_at(at);
        assert_eq!(run(LIMIT, [left, right]), whole, "cut at {at}");
        assert_eq!(run(LIMIT, [left, b"", right]), whole, "cut at {at}, with an empty chunk between");
    }
    whole.0
}

// ---- 9.2.5: the ABNF --------------------------------------------------------------------------------------

#[test]
fn an_empty_stream_tells_nothing() {
    assert_eq!(told(""), []);
}

#[test]
fn one_leading_byte_order_mark_is_stripped() {
    assert_eq!(told("\u{FEFF}data:1\n\ndata:2\n\n"), [message("1"), message("2")]);
    assert_eq!(told("\u{FEFF}"), []);
    assert_eq!(told("\u{FEFF}\n\n"), []);
}

/// T26: stripped twice by a peer.
#[test]
fn t26_a_second_byte_order_mark_belongs_to_the_field_name() {
    assert_eq!(told("\u{FEFF}\u{FEFF}data:1\n\ndata:2\n\n"), [message("2")]);
}

#[test]
fn a_byte_order_mark_after_the_first_line_belongs_to_the_field_name() {
    assert_eq!(told("data:1\n\n\u{FEFF}data:2\n\ndata:3\n\n"), [message("1"), message("3")]);
    assert_eq!(told("\n\u{FEFF}data:1\n\n"), []);
}

#[test]
fn a_byte_order_mark_within_a_value_is_text() {
    assert_eq!(told("data:\u{FEFF}1\n\n"), [message("\u{FEFF}1")]);
    assert_eq!(told("\u{FEFF}data: \u{FEFF}\n\n"), [message("\u{FEFF}")]);
}

#[test]
fn a_beginning_like_a_byte_order_mark_is_the_start_of_the_first_line() {
    assert_eq!(told(b"\xEF\xBBdata:1\n\ndata:2\n\n"), [message("2")]);
    assert_eq!(told(b"\xEFdata:1\n\ndata:2\n\n"), [message("2")]);
    assert_eq!(told(b"\xEF\xBB\ndata:2\n\n"), [message("2")]);
    assert_eq!(told(b"\xEF\xEF\xBB\xBFdata:1\n\ndata:2\n\n"), [message("2")]);
    assert_eq!(told(b"\xEF\xBB"), []);
}

#[test]
fn a_line_ends_with_cr_lf_or_crlf() {
    for end in ["\n", "\r", "\r\n"] {
        let stream = ["data: 1", "data: 2", "", "data: 3", "", ""].join(end);
        assert_eq!(told(stream), [message("1\n2"), message("3")], "{end:?}");
    }
}

#[test]
fn line_ends_can_be_mixed() {
    assert_eq!(told("data:1\rdata:2\ndata:3\r\n\r\ndata:4\n\r"), [message("1\n2\n3"), message("4")]);
    assert_eq!(told("data:test\r\ndata\ndata:test\r\n\r"), [message("test\n\ntest")]);
}

#[test]
fn lf_and_then_cr_are_two_line_ends() {
    assert_eq!(told("data:1\n\rdata:2\n\r"), [message("1"), message("2")]);
}

#[test]
fn cr_cr_lf_is_two_line_ends() {
    assert_eq!(told("data:1\r\r\ndata:2\n\n"), [message("1"), message("2")]);
    assert_eq!(told("data:1\r\r\n"), [message("1")]);
}

/// T26: CR LF split across chunks.
#[test]
fn t26_a_crlf_in_two_chunks_is_one_line_end() {
    let mut parser = Parser::new(LIMIT);
    assert_eq!(feed(&mut parser, b"data:1\r"), Ok(vec![]));
    assert_eq!(feed(&mut parser, b""), Ok(vec![]));
    assert_eq!(feed(&mut parser, b"\ndata:2\r"), Ok(vec![]));
    assert_eq!(feed(&mut parser, b"\n\r"), Ok(vec![message("1\n2")]));
    assert_eq!(feed(&mut parser, b"\ndata:3\n\n"), Ok(vec![message("3")]));
}

#[test]
fn an_event_ended_by_a_cr_at_the_end_of_a_chunk_does_not_wait_for_a_possible_lf() {
    let mut parser = Parser::new(LIMIT);
    assert_eq!(feed(&mut parser, b"data:1\r\r"), Ok(vec![message("1")]));
    assert_eq!(feed(&mut parser, b"data:2\r\n\r"), Ok(vec![message("2")]));
    assert_eq!(feed(&mut parser, b"\n"), Ok(vec![]));
}

#[test]
fn only_cr_and_lf_end_a_line() {
    let value = "a\u{0B}b\u{0C}c\u{85}d\u{2028}e\u{2029}f\u{8A}\u{8D}g\u{010A}\u{010D}\0\t\u{1}\u{9}\u{E}";
    assert_eq!(told(format!("data:{value}\n\n")), [message(value)]);
}

#[test]
fn every_line_end_is_found_wherever_it_lies() {
    // The search goes by eight bytes: try each offset and length against each, with bytes next to CR and LF
    // around.
    for length in 0..40 {
        for filler in ["x", "\t", "\u{0B}", "\u{0C}", "\u{0E}", "\u{8A}", "\u{8D}", "\0", "\u{FF}"] {
            let value = filler.repeat(length);
            for end in ["\n", "\r", "\r\n"] {
                let stream = format!("data:{value}{end}data:{value}{end}{end}");
                let (told, ..) = run(LIMIT, [stream.as_bytes()]);
                assert_eq!(told, [message(&format!("{value}\n{value}"))], "{stream:?}");
            }
        }
    }
}

#[test]
fn a_field_has_a_name_and_perhaps_a_colon_a_space_and_a_value() {
    assert_eq!(told("data\n\n"), [message("")]);
    assert_eq!(told("data:\n\n"), [message("")]);
    assert_eq!(told("data: \n\n"), [message("")]);
    assert_eq!(told("data:a\n\n"), [message("a")]);
    assert_eq!(told("data: a\n\n"), [message("a")]);
}

// ---- 9.2.6: interpreting ----------------------------------------------------------------------------------

#[test]
fn a_stream_is_utf8_whatever_it_holds() {
    assert_eq!(told("event:é\ndata:ok…\nid:\u{1F980}\n\n"), [event("é", "ok…", "\u{1F980}")]);
}

#[test]
fn invalid_utf8_is_replaced() {
    assert_eq!(told(b"data:a\xFFb\xE2\x82\n\n"), [message("a\u{FFFD}b\u{FFFD}")]);
    // What a line leaves unfinished is not continued by the next.
    assert_eq!(told(b"data:\xE2\x82\ndata:\xAC\n\n"), [message("\u{FFFD}\n\u{FFFD}")]);
    // Nor by what follows the colon or the space.
    assert_eq!(told(b"data\xE2:\x82\n\ndata:\xF0\x9F \xA6\x80\n\n"), [message("\u{FFFD} \u{FFFD}\u{FFFD}")]);
}

#[test]
fn a_blank_line_dispatches_the_event() {
    assert_eq!(told("data:1\n"), []);
    assert_eq!(told("data:1\n\n"), [message("1")]);
}

#[test]
fn more_blank_lines_dispatch_nothing_more() {
    assert_eq!(told("\n\n\ndata:1\n\n\n\n\r\n\rdata:2\n\n\n"), [message("1"), message("2")]);
}

#[test]
fn a_line_that_starts_with_a_colon_is_ignored() {
    assert_eq!(told(":\n\n"), []);
    assert_eq!(told(": comment\n\n"), []);
    assert_eq!(told(":data:1\n\n"), []);
    let long = "x".repeat(200);
    let stream = format!("data:1\r:\0\n:\r\ndata:2\n:{long}\rdata:3\n:data:fail\r:{long}\ndata:4\n\n");
    assert_eq!(told(stream), [message("1\n2\n3\n4")]);
}

/// T25: a peer called its listener with empty data for each.
#[test]
fn t25_comments_and_blocks_without_data_are_no_messages() {
    assert_eq!(told(": keep-alive\n\n:\n\n\n\n"), []);
    assert_eq!(told("event: a\n\n"), []);
    assert_eq!(told("id: 1\n\n"), [id("1")]);
}

#[test]
fn the_first_colon_parts_name_and_value() {
    assert_eq!(told("data:a:b\n\ndata::\n\ndata: :c\n\n"), [message("a:b"), message(":"), message(":c")]);
}

#[test]
fn one_leading_space_is_removed_from_the_value() {
    assert_eq!(told("data:  a \n\n"), [message(" a ")]);
    assert_eq!(told("data:\ta\rdata: \ndata:a\n\n"), [message("\ta\n\na")]);
    assert_eq!(told("data:\u{A0}a\n\n"), [message("\u{A0}a")]);
    assert_eq!(told("event:  e\nid:  i\ndata:  d\n\n"), [event(" e", " d", " i")]);
}

#[test]
fn a_line_without_a_colon_is_a_field_with_an_empty_value() {
    assert_eq!(told("data\ndata\n\n"), [message("\n")]);
    assert_eq!(told("event:a\nevent\ndata:1\n\n"), [message("1")]);
    assert_eq!(told("id:1\ndata:1\n\nid\ndata:2\n\n"), [event("", "1", "1"), event("", "2", "")]);
    assert_eq!(told("retry\n"), []);
}

#[test]
fn fields_of_other_names_are_ignored() {
    let stream = "data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\ndata:test\n\n";
    assert_eq!(told(stream), [message("test\n\ntest")]);
}

#[test]
fn field_names_are_compared_literally() {
    let stream = "data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\n\
                  da-ta:3\rdata_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n";
    assert_eq!(told(stream), [message("\0\n 2\n1\n3\n\n4")]);
    assert_eq!(told("data :1\nDATA:2\ndat:3\ndata1:4\n\n"), []);
    assert_eq!(told("EVENT:a\nId:1\nreTry:1\nid :2\ndata:1\n\n"), [message("1")]);
    assert_eq!(told(b"data\xFF:1\n\n"), []);
}

#[test]
fn the_event_field_names_the_type() {
    assert_eq!(told("event: add\ndata:1\n\n"), [after("", "add", "1")]);
    assert_eq!(told("data:1\nevent: add\n\n"), [after("", "add", "1")]);
}

#[test]
fn the_last_event_field_wins_also_if_it_is_empty() {
    assert_eq!(told("event:a\nevent:b\ndata:1\n\n"), [after("", "b", "1")]);
    assert_eq!(told("event:a\nevent: \ndata:1\n\n"), [message("1")]);
}

#[test]
fn the_type_is_reset_after_each_block() {
    assert_eq!(told("event:a\ndata:1\n\ndata:2\n\n"), [after("", "a", "1"), message("2")]);
    assert_eq!(told("event:a\n\ndata:2\n\n"), [message("2")]);
}

#[test]
fn data_fields_are_joined_by_lf() {
    assert_eq!(told("data:1\ndata:2\ndata:3\n\n"), [message("1\n2\n3")]);
    assert_eq!(told("data:1\nevent:a\ndata:2\nid:7\ndata:3\n\n"), [event("a", "1\n2\n3", "7")]);
}

#[test]
fn only_the_final_lf_is_removed_from_the_data() {
    assert_eq!(told("data:1\ndata:\n\n"), [message("1\n")]);
    assert_eq!(told("data:\ndata:\ndata:\n\n"), [message("\n\n")]);
    assert_eq!(told("data:\ndata:1\n\n"), [message("\n1")]);
}

/// The data buffer is a lone LF then, and that is not the empty string for which nothing is dispatched.
#[test]
fn an_empty_data_field_dispatches_an_event_with_empty_data() {
    assert_eq!(told("data:\n\ndata\ndata\n\ndata:test\n\n"), [message(""), message("\n"), message("test")]);
}

#[test]
fn nul_is_data_as_any_other_character() {
    assert_eq!(told("data:\0\n\n\n\n"), [message("\0")]);
    assert_eq!(told("event:a\0\ndata:1\n\n"), [after("", "a\0", "1")]);
}

/// T22: the id was lost by several peers in each of these cases.
#[test]
fn t22_the_id_persists_over_blocks_without_one() {
    assert_eq!(
        told("id:1\ndata:1\n\ndata:2\n\nid:3\ndata:3\n\nevent:a\ndata:4\n\n"),
        [event("", "1", "1"), after("1", "", "2"), event("", "3", "3"), after("3", "a", "4")]
    );
}

/// T22
#[test]
fn t22_an_id_with_nul_is_ignored() {
    assert_eq!(told("id:1\ndata:1\n\nid:a\0b\ndata:2\n\n"), [event("", "1", "1"), after("1", "", "2")]);
    assert_eq!(told("id:\0\n\n"), []);
    assert_eq!(told("id:1\nid:\0\ndata:1\n\n"), [event("", "1", "1")]);
}

/// T22
#[test]
fn t22_an_id_is_committed_by_a_block_without_data() {
    assert_eq!(told("id:1\n\nid:2\nevent:a\n\n"), [id("1"), id("2")]);
    assert_eq!(told("id:1\n\ndata:1\n\n"), [id("1"), after("1", "", "1")]);
    assert_eq!(run(LIMIT, [&b"data:1\nid:1\n\nid:2\n\n"[..]]).2, b"2");
}

#[test]
fn an_id_alone_is_told_only_if_it_changes_the_last_one() {
    assert_eq!(told("id:1\ndata:1\n\nid:1\n\n"), [event("", "1", "1")]);
    assert_eq!(told("id:1\n\nid:1\n\nid:2\nid:1\n\nid:2\n\n"), [id("1"), id("2")]);
    assert_eq!(told("id:\n\n"), []);
}

#[test]
fn ids_are_compared_by_their_bytes() {
    assert_eq!(told(b"id:\x80\n\nid:\x80\n\nid:\x81\n\n"), [id("\u{FFFD}"), id("\u{FFFD}")]);
}

#[test]
fn an_empty_id_resets_the_last_one() {
    assert_eq!(told("id:1\ndata:1\n\nid:\ndata:2\n\n"), [event("", "1", "1"), event("", "2", "")]);
    assert_eq!(told("id:1\ndata:1\n\nid\n\ndata:2\n\n"), [event("", "1", "1"), id(""), message("2")]);
    assert_eq!(run(LIMIT, [&b"id:1\n\nid\n\n"[..]]).2, b"");
}

#[test]
fn the_last_id_of_a_block_wins() {
    assert_eq!(told("id:1\nid:2\ndata:1\n\n"), [event("", "1", "2")]);
    assert_eq!(told("id:1\ndata:1\nid\n\n"), [event("", "1", "")]);
}

#[test]
fn an_event_has_an_id_of_its_own_if_its_block_has_one_be_it_the_same_again() {
    assert_eq!(told("id:1\ndata:1\n\nid:1\ndata:2\n\n"), [event("", "1", "1"), event("", "2", "1")]);
    assert_eq!(told("id:1\ndata:1\n\nid:1\n\ndata:2\n\n"), [event("", "1", "1"), after("1", "", "2")]);
    assert_eq!(told("id\ndata:1\n\ndata:2\n\n"), [event("", "1", ""), message("2")]);
    assert_eq!(told("id:\0\ndata:1\n\n"), [message("1")]);
}

#[test]
fn an_id_counts_when_its_block_has_ended_and_not_before() {
    let mut parser = Parser::new(LIMIT);
    assert_eq!(feed(&mut parser, b"id:1\n\nid:2\ndata:2\n"), Ok(vec![id("1")]));
    assert_eq!(parser.last_id(), b"1");
    assert_eq!(feed(&mut parser, b"\n"), Ok(vec![event("", "2", "2")]));
    assert_eq!(parser.last_id(), b"2");
}

#[test]
fn retry_is_a_number_of_milliseconds_in_ascii_digits() {
    assert_eq!(told("retry:3000\n"), [Told::Retry(3000)]);
    assert_eq!(told("retry: 0\nretry:007\n"), [Told::Retry(0), Told::Retry(7)]);
}

#[test]
fn retry_counts_from_its_line_on() {
    assert_eq!(told("retry:1\ndata:1\nretry:2\n\n"), [Told::Retry(1), Told::Retry(2), message("1")]);
    assert_eq!(told("data:1\n\nretry:3"), [message("1")]);
}

#[test]
fn retry_of_anything_else_is_ignored() {
    for value in ["", " ", "  1", "1 ", "1000x", "x", "-1", "+1", "1.5", "1e3", "0x10", "1\0", "١"] {
        assert_eq!(told(format!("retry:{value}\n\n")), [], "{value:?}");
    }
    assert_eq!(told("retry:3000\nretry:1000x\ndata:x\n\n"), [Told::Retry(3000), message("x")]);
}

#[test]
fn retry_saturates() {
    assert_eq!(told("retry:18446744073709551615\n"), [Told::Retry(u64::MAX)]);
    assert_eq!(told("retry:18446744073709551616\n"), [Told::Retry(u64::MAX)]);
    assert_eq!(told(format!("retry:{}\n", "9".repeat(99))), [Told::Retry(u64::MAX)]);
    assert_eq!(told(format!("retry:{}5\n", "0".repeat(99))), [Told::Retry(5)]);
    assert_eq!(told(format!("retry:{}x\n", "9".repeat(99))), []);
}

/// T25: a peer dispatched it.
#[test]
fn t25_what_is_unfinished_when_the_stream_ends_is_discarded() {
    assert_eq!(told("data:1\n\ndata:2"), [message("1")]);
    assert_eq!(told("data:1\n\ndata:2\n"), [message("1")]);
    assert_eq!(told("retry:1000\ndata:test1\n\nid:test\ndata:test2"), [Told::Retry(1000), message("test1")]);

    let mut parser = Parser::new(LIMIT);
    assert_eq!(feed(&mut parser, b"id:1\ndata:1\n\nevent:a\nid:2\ndata:2\ndata:3"), Ok(vec![event("", "1", "1")]));
    parser.reset();
    assert_eq!(parser.last_id(), b"1", "the server has to send the unfinished block again");
    assert_eq!(feed(&mut parser, b"\n\ndata:4\n\n"), Ok(vec![after("1", "", "4")]));
}

// ---- 9.2.6: the examples ----------------------------------------------------------------------------------

#[test]
fn example_one_event_of_three_lines() {
    assert_eq!(told("data: YHOO\ndata: +2\ndata: 10\n\n"), [message("YHOO\n+2\n10")]);
}

#[test]
fn example_four_blocks() {
    // A comment; an event with an id; one that resets it, so that no `Last-Event-ID` is sent; and one whose
    // data begins with a space, and which is discarded unless a blank line follows.
    let stream = ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n";
    assert_eq!(told(stream), [event("", "first event", "1"), event("", "second event", "")]);
    assert_eq!(
        told(format!("{stream}\n")),
        [event("", "first event", "1"), event("", "second event", ""), message(" third event")]
    );
}

#[test]
fn example_two_events_and_one_unfinished() {
    assert_eq!(told("data\n\ndata\ndata\n\ndata:"), [message(""), message("\n")]);
}

#[test]
fn example_two_identical_events() {
    assert_eq!(told("data:test\n\ndata: test\n\n"), [message("test"), message("test")]);
}

#[test]
fn examples_of_the_introduction() {
    let stream = "data: This is the first message.\n\ndata: This is the second message, it\n\
                  data: has two lines.\n\n\
                  data: This is the third message.\n\n";
    assert_eq!(
        told(stream),
        [
            message("This is the first message."),
            message("This is the second message, it\nhas two lines."),
            message("This is the third message."),
        ]
    );
    let stream = "event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\nevent: add\ndata: 113411\n\n";
    assert_eq!(told(stream), [after("", "add", "73857293"), after("", "remove", "2153"), after("", "add", "113411")]);
}

// ---- reconnecting -----------------------------------------------------------------------------------------

/// T26: the flag was not reset by a peer.
#[test]
fn t26_a_byte_order_mark_may_come_again_after_a_reset() {
    let mut parser = Parser::new(LIMIT);
    for _ in 0..2 {
        assert_eq!(feed(&mut parser, "\u{FEFF}data:1\n\n".as_bytes()), Ok(vec![message("1")]));
        parser.reset();
        assert_eq!(feed(&mut parser, b"\xEF\xBB"), Ok(vec![]));
        parser.reset();
    }
}

#[test]
fn a_reset_forgets_everything_but_the_last_id() {
    // Whatever a stream ends in the middle of, the next one is read like the first, with the id carried on.
    let ended = "\u{FEFF}id:7\ndata:1\n\nevent:a\r\nid:8\r\ndata:2\r\ndata:3\r\r\nid:9\r\n\r\nevent:b\ndat".as_bytes();
    let next = "\u{FEFF}data:x\n\nid:10\n\n".as_bytes();
    for at in 0..=ended.len() {
        let mut parser = Parser::new(LIMIT);
        feed(&mut parser, &ended[..at]).expect("within the limit");
        let before = parser.last_id().to_vec();
        parser.reset();
        assert_eq!(parser.last_id(), before);
        let expected = vec![after(&text(&before), "", "x"), id("10")];
        assert_eq!(feed(&mut parser, next), Ok(expected), "ended at {at}");
    }
}

#[test]
fn a_last_id_that_was_set_is_that_of_events_without_one() {
    let mut parser = Parser::new(LIMIT);
    assert_eq!(parser.last_id(), b"");
    parser.set_last_id(b"5");
    assert_eq!(parser.last_id(), b"5");
    assert_eq!(
        feed(&mut parser, b"data:1\n\nid:5\n\nid:6\n\n"),
        Ok(vec![after("5", "", "1"), id("6")]),
        "and what an id is compared with"
    );
    assert_eq!(parser.last_id(), b"6");
}

// ---- the limit --------------------------------------------------------------------------------------------

/// T27
#[test]
fn t27_a_line_may_be_as_long_as_the_limit_and_no_longer() {
    for line in ["data:67890", ":234567890", "unknown890", "id:4567890"] {
        assert_eq!(run(10, [line.as_bytes(), b"\n\n"]).1, Ok(()), "{line}");
        let longer = format!("{line}x\n\n");
        assert_eq!(run(10, [longer.as_bytes()]).1, Err(Overflow { limit: 10 }), "{line}");
        assert_eq!(run(10, longer.as_bytes().chunks(1)).1, Err(Overflow { limit: 10 }), "{line}");
    }
}

/// T27: a line that never ends is refused before it does.
#[test]
fn t27_an_unfinished_line_is_refused_as_soon_as_it_is_too_long() {
    for line in ["data:", "data: ", ":", "event:", "x", "\u{FEFF}"] {
        let mut parser = Parser::new(1000);
        let mut fed = 0;
        assert_eq!(feed(&mut parser, line.as_bytes()), Ok(vec![]));
        while feed(&mut parser, &[b'x'; 10]).is_ok() {
            fed += 10;
            assert!(fed <= 1000, "{line:?}");
        }
        assert!(fed >= 980, "{line:?}");
    }
}

/// T27: many short lines are as much as a long one.
#[test]
fn t27_the_fields_of_one_event_are_limited_together() {
    // 2 + 3 + 4 data lines of one character and an LF each are 2 + 3 + 8.
    let fits = "event:ab\nid:123\ndata:1\ndata:2\ndata:3\ndata:4\n\n";
    assert_eq!(run(13, [fits.as_bytes()]).0, [event("ab", "1\n2\n3\n4", "123")]);
    assert_eq!(run(12, [fits.as_bytes()]), (vec![], Err(Overflow { limit: 12 }), vec![]));
    assert_eq!(run(12, fits.as_bytes().chunks(1)), (vec![], Err(Overflow { limit: 12 }), vec![]));

    let mut parser = Parser::new(1000);
    let refused = (0..).find(|_| feed(&mut parser, b"data\n").is_err());
    assert_eq!(refused, Some(1000), "an empty line of data is an LF");
}

/// T27: the limit is on what waits, not on what passes.
#[test]
fn t27_a_stream_of_any_length_passes_a_small_limit() {
    let (told, result, _) = run(16, "id:1\n:comment\ndata:12\n\n".repeat(10_000).as_bytes().chunks(7));
    assert_eq!(result, Ok(()));
    assert_eq!(told.len(), 10_000);
}

#[test]
fn after_an_overflow_everything_is_refused_until_the_reset() {
    let mut parser = Parser::new(10);
    let mut told = Vec::<Told>::new();
    let result = parser.feed(b"id:1\ndata:1\n\nid:2\ndata:too long\n\ndata:3\n\n", &mut |item| told.push(item.into()));
    assert_eq!(result, Err(Overflow { limit: 10 }));
    assert_eq!(told, [event("", "1", "1")], "what came before is told");
    assert_eq!(parser.last_id(), b"1", "and can be resumed from");
    assert_eq!(feed(&mut parser, b"\n\ndata:4\n\n"), Err(Overflow { limit: 10 }));
    assert_eq!(feed(&mut parser, b""), Err(Overflow { limit: 10 }));
    parser.reset();
    assert_eq!(feed(&mut parser, b"data:5\n\n"), Ok(vec![after("1", "", "5")]));
}

// ---- copies, memory and work ------------------------------------------------------------------------------

/// Where the slices of an item lie, and what is in them.
fn places(item: Item<'_>) -> Vec<(*const [u8], Vec<u8>)> {
    let slices = match item {
        Item::Event(Event { kind, data, id, .. }) => vec![kind, data, id],
        Item::Id(id) => vec![id],
        Item::Retry(_) => vec![],
    };
    slices.into_iter().map(|slice| (std::ptr::from_ref(slice), slice.to_vec())).collect()
}

/// Checks that what was told of each chunk is still where it was when all of the chunk is parsed.
#[expect(unsafe_code, reason = "the host of the npm build reads from such places")]
fn stays_readable<'c>(chunks: impl IntoIterator<Item = &'c [u8]>) {
    let mut parser = Parser::new(LIMIT);
    for chunk in chunks {
        parser.room(chunk.len()).copy_from_slice(chunk);
        let mut told = Vec::new();
        parser.parse(&mut |item| told.extend(places(item))).expect("within the limit");
        for (place, was) in told {
            // SAFETY: this is what `parse` promises, and the parser has not been touched since.
            assert_eq!(unsafe { &*place }, was);
        }
    }
}

#[test]
fn what_was_told_of_a_chunk_stays_readable_until_there_is_room_for_the_next() {
    let stream = b"data: 1\r\n\r\nevent: a\nid: 1\ndata: 2\nid: 2\ndata:3\nretry: 5\n\nid: 2\n\n";
    for at in 0..stream.len() {
        let (left, right) = stream.split_at(at);
        stays_readable([left, right]);
    }
}

#[test]
fn an_event_is_handed_out_of_the_room_that_its_bytes_were_written_to() {
    let mut parser = Parser::new(LIMIT);
    let stream = b"event: a\nid: 1\ndata: 2\n\n: c\ndata: 3\n\n";
    let room = parser.room(stream.len());
    room.copy_from_slice(stream);
    let room = room.as_ptr_range();
    parser
        .parse(&mut |item| {
            for (place, was) in places(item) {
                assert!(was.is_empty() || room.contains(&place.cast()), "{was:?}");
            }
        })
        .expect("within the limit");
}

#[test]
fn memory_of_a_huge_event_is_given_back() {
    let huge = "x".repeat(1 << 20);
    for stream in [
        format!("data:{huge}\n\n"),
        format!("data:{huge}\ndata:{huge}\n\n"),
        format!("event:{huge}\ndata:1\n\n"),
        format!("id:{huge}\n\nid:2\n\n"),
        format!("id:{huge}\nid\ndata:1\n\n"),
        format!(":{huge}\n"),
        format!("{huge}\n"),
    ] {
        for size in [1000, 1 << 16, LIMIT] {
            let mut parser = Parser::new(LIMIT);
            for chunk in stream.as_bytes().chunks(size) {
                feed(&mut parser, chunk).expect("within the limit");
            }
            assert!(parser.footprint() <= 5 << 16, "{} of {:.9}", parser.footprint(), stream);
        }
    }
}

#[test]
fn memory_of_a_refused_event_is_given_back() {
    let mut parser = Parser::new(1 << 20);
    while feed(&mut parser, &[b'x'; 1000]).is_ok() {}
    assert!(parser.footprint() <= 1 << 16);
}

#[test]
fn memory_stays_near_the_limit() {
    let mut parser = Parser::new(100_000);
    let mut most = 0;
    for line in ["data: ", "event: ", ": ", "id: ", "data: "].iter().cycle().take(50) {
        let line = format!("{line}{}\n", "x".repeat(30_000));
        for chunk in line.as_bytes().chunks(999) {
            most = most.max(parser.footprint());
            if feed(&mut parser, chunk).is_err() {
                parser.reset();
            }
        }
    }
    assert!(most <= 600_000, "{most}");
}

/// T26: quadratic buffering. With it, the smallest chunks here would take thousands of times the bytes, and
/// never end.
#[test]
fn t26_work_is_linear_in_the_bytes_however_they_are_cut() {
    let lines = |line: &str, size: usize| line.repeat(size / line.len());
    for (size, chunk) in [(8 << 20, 1 << 10), (1 << 20, 1)] {
        let long = "x".repeat(size);
        for (stream, expected) in [
            (format!("data: {long}\n\n"), size),
            (format!("data:{}\n\n", lines("1\ndata:", size)), size / 7 * 2),
            (format!("{}data:1\n\n", lines(": comment\n", size)), 1),
            (format!(":{long}\ndata:1\n\n"), 1),
            (format!("{long}\ndata:1\n\n"), 1),
            (format!("event:{long}\ndata:1\n\n"), 1),
            (format!("{}data:1\n\n", lines("\r", size)), 1),
        ] {
            let mut parser = Parser::new(LIMIT);
            let mut seen = None;
            let mut most = 0;
            for chunk in stream.as_bytes().chunks(chunk) {
                parser
                    .feed(chunk, &mut |item| {
                        if let Item::Event(Event { data, .. }) = item {
                            assert_eq!(seen.replace(data.len()), None);
                        }
                    })
                    .expect("within the limit");
                most = most.max(parser.footprint());
            }
            assert_eq!(seen, Some(expected), "{stream:.9}");
            // A buffer doubles as it grows, and a line moves into its field's buffer once.
            assert!(most <= 4 * size, "{most} bytes for {stream:.9}");
        }
    }
}

/// T26: a peer dropped lines that were split across chunks.
#[test]
fn t26_a_line_in_many_chunks_is_one_line() {
    let mut parser = Parser::new(LIMIT);
    for chunk in ["da", "ta", ":", " ", " a", "", "b:", " c", "\r"] {
        assert_eq!(feed(&mut parser, chunk.as_bytes()), Ok(vec![]), "{chunk:?}");
    }
    assert_eq!(feed(&mut parser, b"\n\r"), Ok(vec![message(" ab: c")]));
}

// ---- text -------------------------------------------------------------------------------------------------

#[test]
fn text_replaces_each_maximal_invalid_piece_once() {
    for (bytes, expected) in [
        (&b"\xEF\xBB\xBFa"[..], "\u{FEFF}a"),
        (b"\xC0\xAF", "\u{FFFD}\u{FFFD}"),
        (b"\xE0\x80\xAF", "\u{FFFD}\u{FFFD}\u{FFFD}"),
        (b"\xED\xA0\x80", "\u{FFFD}\u{FFFD}\u{FFFD}"),
        (b"\xF0\x9F\xA6", "\u{FFFD}"),
        (b"\xF0\x9F\xA6a", "\u{FFFD}a"),
        (b"\xF4\x90\x80\x80", "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),
        (b"\xE2\x82\xE2\x82\xAC", "\u{FFFD}\u{20AC}"),
        (b"\x80\xFF\xFE", "\u{FFFD}\u{FFFD}\u{FFFD}"),
    ] {
        assert_eq!(text(bytes), expected, "{bytes:X?}");
        assert_eq!(decode(bytes), expected, "{bytes:X?}");
    }
}

// ---- properties -------------------------------------------------------------------------------------------

/// The Encoding standard's UTF-8 decoder, section 8.1.1, with replacement, and without the byte order mark's
/// removal.
fn decode(bytes: &[u8]) -> String {
    let mut out = String::new();
    let (mut point, mut seen, mut needed) = (0u32, 0, 0);
    let (mut lower, mut upper) = (0x80, 0xBF);
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        if needed == 0 {
            match byte {
                0x00..=0x7F => out.push(char::from(byte)),
                0xC2..=0xDF => (needed, point) = (1, u32::from(byte & 0x1F)),
                0xE0..=0xEF => {
                    if byte == 0xE0 {
                        lower = 0xA0;
                    }
                    if byte == 0xED {
                        upper = 0x9F;
                    }
                    (needed, point) = (2, u32::from(byte & 0xF));
                }
                0xF0..=0xF4 => {
                    if byte == 0xF0 {
                        lower = 0x90;
                    }
                    if byte == 0xF4 {
                        upper = 0x8F;
                    }
                    (needed, point) = (3, u32::from(byte & 0x7));
                }
                _ => out.push('\u{FFFD}'),
            }
            continue;
        }
        let within = (lower..=upper).contains(&byte);
        (lower, upper) = (0x80, 0xBF);
        if !within {
            (point, seen, needed) = (0, 0, 0);
            at -= 1;
            out.push('\u{FFFD}');
            continue;
        }
        point = point << 6 | u32::from(byte & 0x3F);
        seen += 1;
        if seen == needed {
            out.push(char::from_u32(point).expect("the bounds exclude surrogates"));
            (point, seen, needed) = (0, 0, 0);
        }
    }
    if needed != 0 {
        out.push('\u{FFFD}');
    }
    out
}

/// Drops ids that differ from the last one in bytes but not in text, having something invalid in them. The parser
/// compares bytes, and the reference text.
fn without_twins(mut told: Vec<Told>) -> Vec<Told> {
    let mut last = String::new();
    told.retain(|item| match item {
        Told::Event { id, .. } => {
            last.clone_from(id);
            true
        }
        Told::Id(id) => {
            let twin = *id == last && id.contains('\u{FFFD}');
            last.clone_from(id);
            !twin
        }
        Told::Retry(_) => true,
    });
    told
}

/// Sections 9.2.5 and 9.2.6, transcribed: decode all, cut into lines, interpret each. Nothing is shared with
/// the parser.
fn reference(stream: &[u8]) -> (Vec<Told>, String) {
    let decoded = decode(stream);
    let mut rest = decoded.strip_prefix('\u{FEFF}').unwrap_or(&decoded);
    let mut told = Vec::new();
    let (mut data_buffer, mut type_buffer, mut id_buffer) = (String::new(), String::new(), String::new());
    let mut last_event_id = String::new();
    let mut own_id = false;
    while let Some(at) = rest.find(['\r', '\n']) {
        let line = &rest[..at];
        rest = rest[at..].strip_prefix("\r\n").unwrap_or(&rest[at + 1..]);
        if line.is_empty() {
            let before = std::mem::replace(&mut last_event_id, id_buffer.clone());
            let own_id = std::mem::take(&mut own_id);
            if data_buffer.is_empty() {
                type_buffer.clear();
                if before != last_event_id {
                    told.push(id(&last_event_id));
                }
                continue;
            }
            if data_buffer.ends_with('\n') {
                data_buffer.pop();
            }
            let (kind, data) = (std::mem::take(&mut type_buffer), std::mem::take(&mut data_buffer));
            told.push(Told::Event { kind, data, id: last_event_id.clone(), own_id });
            continue;
        }
        if line.starts_with(':') {
            continue;
        }
        let (field, value) = match line.split_once(':') {
            Some((field, value)) => (field, value.strip_prefix('\u{20}').unwrap_or(value)),
            None => (line, ""),
        };
        match field {
            "event" => type_buffer = value.to_owned(),
            "data" => {
                data_buffer.push_str(value);
                data_buffer.push('\n');
            }
            "id" if !value.contains('\0') => (id_buffer, own_id) = (value.to_owned(), true),
            "retry" if !value.is_empty() && value.chars().all(|c| c.is_ascii_digit()) => {
                told.push(Told::Retry(value.parse().unwrap_or(u64::MAX)));
            }
            _ => {}
        }
    }
    (told, last_event_id)
}

fn line_end() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => Just("\n"), 2 => Just("\r\n"), 2 => Just("\r"), 1 => Just("\n\r")].prop_map(Vec::from)
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => "[ -~]{0,12}".prop_map(Vec::from),
        2 => "[0-9]{0,22}".prop_map(Vec::from),
        2 => "\\PC{0,8}".prop_map(Vec::from),
        2 => proptest::collection::vec(any::<u8>(), 0..10),
        1 => (0..300usize).prop_map(|length| vec![b'x'; length]),
        1 => proptest::collection::vec(
            proptest::sample::select(&b"\x7F\x80\x9F\xA0\xBF\xC2\xE0\xED\xEF\xBB\xF0\x90\xF4 :"[..]),
            0..10,
        ),
    ]
}

/// A field, most often a proper one, with its line end.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let name = prop_oneof![
        8 => Just("data"), 3 => Just("event"), 4 => Just("id"), 2 => Just("retry"), 2 => Just(""),
        1 => Just("dat"), 1 => Just("datax"), 1 => Just("Data"), 1 => Just("\u{FEFF}data"), 1 => Just(" id"),
    ];
    let colon = prop_oneof![4 => Just(": "), 4 => Just(":"), 1 => Just(""), 1 => Just(":  "), 1 => Just("::")];
    (name, colon, value(), line_end())
        .prop_map(|(name, colon, value, end)| [name.as_bytes(), colon.as_bytes(), &value, &end].concat())
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![8 => line(), 6 => line_end(), 1 => value()];
    let bom = prop_oneof![
        6 => Just(&b""[..]), 3 => Just(&b"\xEF\xBB\xBF"[..]), 1 => Just(&b"\xEF\xBB\xBF\xEF\xBB\xBF"[..]),
        1 => Just(&b"\xEF\xBB"[..]), 1 => Just(&b"\xEF"[..]),
    ];
    (bom, proptest::collection::vec(piece, 0..24)).prop_map(|(bom, pieces)| [bom.to_vec(), pieces.concat()].concat())
}

/// A stream, and it cut into chunks of every kind: empty, tiny and large.
fn cut(stream: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<Vec<u8>>> {
    let sizes = proptest::collection::vec(prop_oneof![6 => 0..4usize, 3 => 0..30usize, 1 => 0..400usize], 1..40);
    (stream, sizes).prop_map(|(stream, sizes)| {
        let mut rest = &stream[..];
        let mut chunks = Vec::new();
        for size in sizes {
            let (chunk, tail) = rest.split_at(size.min(rest.len()));
            chunks.push(chunk.to_vec());
            rest = tail;
        }
        chunks.push(rest.to_vec());
        chunks
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Invariant 7.
    #[test]
    fn any_cut_tells_the_same(chunks in cut(stream())) {
        let whole = chunks.concat();
        prop_assert_eq!(run(LIMIT, chunks.iter().map(Vec::as_slice)), run(LIMIT, [&whole[..]]));
    }

    #[test]
    fn any_cut_leaves_what_was_told_readable(chunks in cut(stream())) {
        stays_readable(chunks.iter().map(Vec::as_slice));
    }

    /// Invariants 4 and 7: also where the limit is passed.
    #[test]
    fn any_cut_passes_the_limit_at_the_same_place(limit in 0..80usize, chunks in cut(stream())) {
        let whole = chunks.concat();
        prop_assert_eq!(run(limit, chunks.iter().map(Vec::as_slice)), run(limit, [&whole[..]]));
    }

    #[test]
    fn any_stream_tells_what_the_standard_says(chunks in cut(stream())) {
        let (expected, last_id) = reference(&chunks.concat());
        let (told, result, bytes) = run(LIMIT, chunks.iter().map(Vec::as_slice));
        prop_assert_eq!(result, Ok(()));
        prop_assert_eq!(without_twins(told), expected);
        prop_assert_eq!(text(&bytes), last_id);
    }

    #[test]
    fn any_bytes_tell_what_the_standard_says(
        chunks in cut(proptest::collection::vec(
            prop_oneof![
                8 => proptest::sample::select(&b"data:id: event:retry:\r\n\r\n\r\n\r\n\n12\0"[..]),
                1 => any::<u8>(),
            ],
            0..200,
        ))
    ) {
        let (expected, _) = reference(&chunks.concat());
        prop_assert_eq!(without_twins(run(LIMIT, chunks.iter().map(Vec::as_slice)).0), expected);
    }

    /// Text decoded field by field is the text of the stream decoded at once: cut the bytes, or cut the text.
    #[test]
    fn invalid_utf8_cut_anywhere_decodes_as_the_whole_does(
        bytes in proptest::collection::vec(
            prop_oneof![4 => 0x80..=0xFFu8, 1 => Just(b'\n'), 1 => any::<u8>()], 0..60,
        ),
        size in 1..9usize,
    ) {
        let stream = [b"data:", &bytes[..], b"\n\ndata:\n\n"].concat();
        prop_assert_eq!(text(&bytes), decode(&bytes));
        prop_assert_eq!(run(LIMIT, stream.chunks(size)).0, reference(&stream).0);
    }
}
