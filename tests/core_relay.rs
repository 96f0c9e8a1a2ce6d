//! The push relay's sessions: reports of a transport in, what they mean out.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod world;

use everwire::core::{
    cause::{Cause, Kind},
    text::Text,
    time::Millis,
    types::{Head, Lane, Manner, Message, Report, Transport},
    wire::{Pace, Room, Said, Session, Wire, relay::Relay},
};
use world::{Data, closed, frame, message, opened, status, with_id};

type Script = Box<dyn Session<Data>>;

/// A session that has begun.
fn started(transport: Transport) -> Script {
    Wire::session(&Relay, transport, &"1:7".into())
}

fn on(session: &mut Script, report: Report<Data>) -> Vec<Said<Data>> {
    let mut said = Vec::new();
    session.on(report, &mut said);
    said
}

fn takes(session: &Script) -> bool {
    session.room(&Data::new("x")) == Room::Now
}

fn send(session: &mut Script, text: &str) {
    assert!(takes(session), "{text}");
    assert_eq!(session.send(Data::new(text)), Some(Data::new(text)), "it goes as it is");
}

fn answer(lane: Lane, head: Head, body: &str) -> Report<Data> {
    Report::Answer { lane, head, body: Data::Bytes(body.into()) }
}

fn down(head: Head, body: &str) -> Report<Data> {
    answer(Lane::Down, head, body)
}

fn up(code: u16) -> Report<Data> {
    answer(Lane::Up, status(code), "")
}

fn told(text: &str, id: Option<&str>) -> Said<Data> {
    Said::Message(message(text, id))
}

fn poll(quiet: bool) -> Said<Data> {
    Said::Poll(if quiet { Pace::Quiet } else { Pace::IfMoved })
}

fn ended(cause: Cause) -> Said<Data> {
    Said::Ended(cause)
}

// ---- WebSocket ----

/// An open socket with ids.
fn meta() -> Script {
    let mut session = started(Transport::WebSocket);
    on(&mut session, opened(true));
    session
}

#[test]
fn the_relay_is_asked_for_ids_and_told_where_to_go_on_in_the_query() {
    let manner = Wire::<Data>::manner(&Relay);
    let expected = Manner { subprotocol: "ws+meta.nchan", query: "last_event_id".into(), events: false };
    assert_eq!(manner, expected);
}

#[test]
fn a_head_brings_the_id_and_is_not_part_of_the_message() {
    let mut session = meta();
    for (whole, text, id) in [
        ("id: 1:8\ncontent-type: text/plain\n\nhello", "hello", Some("1:8")),
        ("content-type: text/plain\nid: 2:0\n\nhello", "hello", Some("2:0")),
        ("id: 2:1\n\n", "", Some("2:1")),
        ("id: 2:2\n\ntwo\n\nparagraphs\nid: 6:6", "two\n\nparagraphs\nid: 6:6", Some("2:2")),
        ("content-type: text/plain\n\nno id", "no id", None),
        ("\n\nan empty head", "an empty head", None),
    ] {
        assert_eq!(on(&mut session, frame(whole)), [told(text, id)], "{whole:?}");
    }
}

#[test]
fn a_binary_message_stays_binary() {
    let bytes = b"id: 1:8\ncontent-type: application/octet-stream\n\n\xff\x00\xfe".to_vec();
    let said = on(&mut meta(), Report::Frame(Data::Bytes(bytes)));
    let data = Data::Bytes(b"\xff\x00\xfe".to_vec());
    assert_eq!(said, [Said::Message(Message { data, id: Some("1:8".into()) })]);
}

#[test]
fn a_server_that_does_not_take_the_subprotocol_sends_plain_messages() {
    let mut session = started(Transport::WebSocket);
    on(&mut session, opened(false));
    assert_eq!(on(&mut session, frame("id: 1:7\n\nhello")), [told("id: 1:7\n\nhello", None)]);
}

#[test]
fn a_message_without_a_head_breaks_the_rules() {
    let said = on(&mut meta(), frame("no blank line"));
    assert!(matches!(&said[..], [Said::Ended(cause)] if cause.kind == Kind::Protocol), "{said:?}");
}

#[test]
fn the_socket_takes_messages_at_any_time() {
    let mut session = meta();
    for text in ["a", "b"] {
        send(&mut session, text);
    }
    assert_eq!(session.take_unanswered(), [], "nobody answers a frame");
}

#[test]
fn the_end_of_the_socket_is_told_with_what_is_known() {
    assert_eq!(on(&mut meta(), closed(1006, "")), [ended(Cause::new(Kind::Network))]);
    assert_eq!(
        on(&mut meta(), closed(1000, "408 408 Request Timeout")),
        [ended(Cause::close(1000, "408 408 Request Timeout"))]
    );
    let said = on(&mut meta(), Report::Unusable { why: "csp".into() });
    assert_eq!(said, [ended(Cause::new(Kind::Unusable).because("csp"))]);
}

// ---- long-polling ----

#[test]
fn a_200_brings_one_message_and_the_next_poll_is_due() {
    let mut session = started(Transport::LongPoll);
    for id in ["1:8", "1:9"] {
        let said = on(&mut session, down(with_id(id), "hello"));
        assert_eq!(said, [Said::Opened, told("hello", Some(id)), poll(false)]);
    }
}

#[test]
fn text_is_text_and_octets_are_octets() {
    let of = |content_type: &str| Head { content_type: content_type.into(), ..with_id("1:8") };
    for (head, data) in [
        (of("text/plain"), Data::new("x")),
        (of("application/json"), Data::new("x")),
        (of(""), Data::new("x")),
        (of("application/octet-stream"), Data::Bytes(b"x".to_vec())),
    ] {
        let said = on(&mut started(Transport::LongPoll), down(head, "x"));
        assert_eq!(said[1], Said::Message(Message { data, id: Some("1:8".into()) }));
    }
}

#[test]
fn a_408_and_a_304_mean_ask_again_and_not_in_a_hurry() {
    for code in [408, 304] {
        let mut session = started(Transport::LongPoll);
        assert_eq!(on(&mut session, down(status(code), "")), [Said::Opened, Said::Alive, poll(true)]);
        let moved = Head { position: "1:9".into(), ..status(code) };
        assert_eq!(on(&mut session, down(moved, "")), [Said::Opened, Said::Moved("1:9".into()), poll(true)]);
    }
}

#[test]
fn another_status_is_the_end_and_its_body_is_no_message() {
    for code in [204, 400, 401, 403, 404, 409, 410, 429, 500, 503] {
        let head = Head { retry_after: Some(Millis(9)), ..with_id("1:1") };
        let said = on(&mut started(Transport::LongPoll), down(Head { status: code, ..head }, "<html>"));
        assert_eq!(said, [ended(Cause::status(code, Some(Millis(9))))]);
    }
}

#[test]
fn a_poll_that_fails_is_the_end() {
    let said = on(&mut started(Transport::LongPoll), Report::Failed { lane: Lane::Down, why: Text::default() });
    assert_eq!(said, [ended(Cause::new(Kind::Network))]);
}

#[test]
fn one_message_is_under_way_at_a_time_beside_one_poll() {
    let mut session = started(Transport::LongPoll);
    send(&mut session, "a");
    assert!(!takes(&session));
    let said = on(&mut session, down(with_id("1:8"), "hello"));
    assert_eq!(said, [Said::Opened, told("hello", Some("1:8")), poll(false)], "the lanes do not mix");
    assert!(!takes(&session));
    assert_eq!(on(&mut session, up(202)), [Said::Alive]);
    assert!(takes(&session));
    assert_eq!(session.take_unanswered(), []);
}

#[test]
fn any_success_means_that_it_was_taken() {
    for code in [200, 201, 202, 204] {
        let mut session = started(Transport::LongPoll);
        send(&mut session, "a");
        assert_eq!(on(&mut session, up(code)), [Said::Alive]);
    }
}

#[test]
fn a_message_that_the_server_refuses_is_given_up_and_the_session_goes_on() {
    for code in [400, 403, 404, 413, 415, 422] {
        let mut session = started(Transport::LongPoll);
        send(&mut session, "a");
        assert_eq!(on(&mut session, up(code)), [Said::Refused(Data::new("a"))]);
        assert!(takes(&session));
    }
}

/// The order matters: what comes back is put back before the end puts an end to it.
#[test]
fn a_message_that_the_server_cannot_take_now_comes_back_and_ends_the_session() {
    for code in [401, 408, 425, 429, 500, 502, 503, 504] {
        let mut session = started(Transport::LongPoll);
        send(&mut session, "a");
        let head = Head { retry_after: Some(Millis(7)), ..status(code) };
        let said = on(&mut session, answer(Lane::Up, head, ""));
        assert_eq!(said, [Said::Returned(Data::new("a")), ended(Cause::status(code, Some(Millis(7))))]);
        assert_eq!(session.take_unanswered(), [], "it is not in two places");
    }
}

#[test]
fn a_message_whose_answer_was_lost_may_have_arrived() {
    let mut session = started(Transport::LongPoll);
    send(&mut session, "a");
    let said = on(&mut session, Report::Failed { lane: Lane::Up, why: Text::default() });
    assert_eq!(said, [Said::Uncertain(Data::new("a")), ended(Cause::new(Kind::Network))]);
    assert_eq!(session.take_unanswered(), []);
}

#[test]
fn a_session_that_is_dropped_gives_up_what_was_under_way() {
    let mut session = started(Transport::LongPoll);
    assert_eq!(session.take_unanswered(), []);
    send(&mut session, "a");
    assert_eq!(session.take_unanswered(), [Data::new("a")]);
    assert_eq!(on(&mut session, up(202)), [], "an answer that nobody waits for");
}

#[test]
fn what_is_not_for_a_poll_means_nothing_to_it() {
    let mut session = started(Transport::LongPoll);
    let reports = [frame("x"), Report::Head(status(500)), up(500)];
    for report in reports {
        assert_eq!(on(&mut session, report.clone()), [], "{report:?}");
    }
}
