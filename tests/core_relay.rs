//! The push relay's sessions: reports of a transport in, what they mean out; and the gaps that its ids show.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod world;

use everwire::__core::{
    cause::{Cause, Kind},
    cursor::Continuity,
    text::Text,
    time::Millis,
    types::{Head, Input, Lane, Manner, Message, Notice, Report, Transport, Why},
    wire::{Fate, Pace, Room, Said, Session, Wire, relay::Relay},
};
use world::{
    Bench, Data,
    bench::{asked, notices},
    closed, event, frame, message, opened, status, with_id,
};

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

fn ended(cause: Box<Cause>) -> Said<Data> {
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
    assert_eq!(on(&mut session, frame("id: 1:7\n\nhello")), [told("id: 1:7\n\nhello", Some(""))]);
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
    assert_eq!(on(&mut session, up(202)), [], "nobody answers a frame");
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

// ---- gaps ----

/// What a session that went on after `before` says when this id comes.
fn gap(before: &str, id: &str) -> Option<Text> {
    let mut session: Script = Wire::session(&Relay, Transport::WebSocket, &before.into());
    on(&mut session, opened(true));
    let said = on(&mut session, frame(&format!("id: {id}\n\nx")));
    assert_eq!(said.last(), Some(&told("x", Some(id))), "the message comes all the same");
    match &said[..said.len() - 1] {
        [] => None,
        [Said::Gap(after)] => Some(after.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_next_of_the_second_and_the_first_of_a_later_one_follow() {
    for (before, id) in
        [("1:7", "1:8"), ("1:7", "2:0"), ("1:7", "99:0"), ("0:0", "0:1"), ("1:9", "1:10"), ("9:5", "10:0")]
    {
        assert_eq!(gap(before, id), None, "{id} after {before}");
    }
}

#[test]
fn whatever_else_comes_next_shows_that_some_are_missing() {
    for (before, id) in [("1:7", "1:9"), ("1:7", "1:6"), ("1:7", "1:0"), ("1:7", "2:1"), ("2:0", "1:0"), ("2:0", "1:1")]
    {
        assert_eq!(gap(before, id), Some(before.into()), "{id} after {before}");
    }
}

#[test]
fn without_an_id_before_there_is_nothing_to_miss() {
    assert_eq!(gap("", "5:3"), None);
}

/// Of several channels in one, or of another server.
#[test]
fn ids_that_are_no_two_numbers_show_nothing() {
    for other in
        ["abc", "1", "1:", ":1", "1:7:9", "1:7,3", "1:[7],-", "a:1", "1:b", "-1:3", "1: 7", "99999999999999999999:0"]
    {
        assert_eq!((gap(other, "9:9"), gap("1:7", other)), (None, None), "{other}");
    }
}

#[test]
fn each_message_is_compared_with_the_one_before_it_on_each_transport() {
    let mut session = meta();
    let said = ["1:8", "1:10", "1:11"].map(|id| on(&mut session, frame(&format!("id: {id}\n\nx"))).len());
    assert_eq!(said, [1, 2, 1]);
    let mut session = started(Transport::EventSource);
    let said = ["1:8", "1:10", "1:11"].map(|id| on(&mut session, event("x", id)).len());
    assert_eq!(said, [1, 2, 1]);
    let mut session = started(Transport::LongPoll);
    let said = on(&mut session, down(with_id("1:9"), "x"));
    assert_eq!(said, [Said::Gap("1:7".into()), told("x", Some("1:9")), Said::Opened, poll(false)]);
}

/// Such an answer says where to go on from, so what comes after that is no gap.
#[test]
fn an_answer_that_moves_the_position_without_a_message_leaves_no_gap() {
    let mut session = started(Transport::LongPoll);
    on(&mut session, down(Head { position: "5:2".into(), ..status(408) }, ""));
    let said = on(&mut session, down(with_id("5:3"), "x"));
    assert_eq!(said, [told("x", Some("5:3")), Said::Opened, poll(false)]);
}

/// A server may take "after" for "from".
#[test]
fn the_last_message_once_more_is_no_message_and_no_gap() {
    let mut session = meta();
    assert_eq!(on(&mut session, frame("id: 1:7\n\nx")), [Said::Alive]);
    assert_eq!(on(&mut session, frame("id: 1:8\n\ny")), [told("y", Some("1:8"))]);
    let mut session = started(Transport::LongPoll);
    assert_eq!(on(&mut session, down(with_id("1:7"), "x")), [Said::Alive, Said::Opened, poll(false)]);
    // What is no two numbers may be a server's entity tag, and the same again where the message is the same again.
    for id in ["x", "W/\"2-abc\"", "1"] {
        let mut session = started(Transport::LongPoll);
        for _ in 0..2 {
            assert_eq!(on(&mut session, down(with_id(id), "x"))[0], told("x", Some(id)));
        }
    }
}

#[test]
fn a_gap_is_told_when_it_is_seen_and_is_what_the_reconnect_meant() {
    let mut bench = Bench::started(Relay);
    bench.report(opened(true));
    bench.report(frame("id: 1:0\n\na"));
    let effects = bench.report(frame("id: 1:2\n\nc"));
    let gap = |after: &str| Notice::Gap { after: after.into() };
    assert_eq!(notices(&effects), [&gap("1:0"), &Notice::Message(message("c", Some("1:2")))]);
    bench.later(10_000);
    bench.breaks();
    bench.waits();
    let effects = bench.report(opened(true));
    assert!(matches!(notices(&effects)[0], Notice::Reconnected { continuity: Continuity::Resumed, .. }));
    assert_eq!(notices(&bench.report(frame("id: 9:4\n\nx")))[0], &gap("1:2"));
    assert_eq!(bench.machine.continuity(), Some(Continuity::Gap), "it was not resumed after all");
}

/// Over HTTP the first answer opens the connection and shows the gap at once.
#[test]
fn a_gap_that_is_seen_before_the_opening_is_in_what_is_told_of_it() {
    let mut bench = Bench::on(Relay, &[Transport::LongPoll]);
    bench.report(down(with_id("1:0"), "a"));
    bench.report(Report::Failed { lane: Lane::Down, why: Text::default() });
    bench.waits();
    let effects = bench.report(down(with_id("1:5"), "f"));
    let told = notices(&effects);
    assert!(
        matches!(
            told[..],
            [Notice::Gap { .. }, Notice::Reconnected { continuity: Continuity::Gap, .. }, Notice::Message(_)]
        ),
        "{told:?}"
    );
    assert_eq!(bench.machine.continuity(), Some(Continuity::Gap));
}

// ---- server-sent events ----

#[test]
fn an_event_is_a_message_with_its_id() {
    let mut session = started(Transport::EventSource);
    assert_eq!(on(&mut session, opened(false)), [Said::Opened]);
    assert_eq!(on(&mut session, event("hello", "1:8")), [told("hello", Some("1:8"))]);
    assert_eq!(on(&mut session, event("", "1:9")), [told("", Some("1:9"))]);
}

/// nchan 1.3.6 sends them as events.
#[test]
fn what_has_no_new_id_is_a_keep_alive_and_no_message() {
    let mut session = started(Transport::EventSource);
    assert_eq!(on(&mut session, event("keepalive", "")), [Said::Alive]);
    assert_eq!(on(&mut session, event("keepalive", "1:7")), [Said::Alive], "the id that it went on after");
    on(&mut session, event("hello", "1:8"));
    assert_eq!(on(&mut session, event("", "1:8")), [Said::Alive]);
}

const NO_TEXT: &str = "not \u{fffd} text";

fn leaves() -> Said<Data> {
    ended(Cause::new(Kind::Unusable).because("a message that is not text"))
}

#[test]
fn a_message_that_is_not_text_is_left_and_so_is_the_stream() {
    let mut session = started(Transport::EventSource);
    assert_eq!(on(&mut session, event(NO_TEXT, "1:8")), [leaves()]);
    assert_eq!(on(&mut session, event("after it", "1:9")), [Said::Alive], "it comes again elsewhere");
    assert!(!takes(&session));
}

#[test]
fn the_stream_is_left_when_the_message_that_is_on_its_way_is_answered() {
    for (answer, fate) in [(up(202), Fate::Taken), (up(403), Fate::Refused)] {
        let mut session = started(Transport::EventSource);
        send(&mut session, "a");
        assert_eq!(on(&mut session, event(NO_TEXT, "1:8")), []);
        let said = on(&mut session, answer);
        assert_eq!(said, [Said::Posted(fate), leaves()]);
    }
}

/// Nothing is lost: the message is asked for again on the next rung, and that one is kept.
#[test]
fn a_message_that_is_not_text_is_asked_for_again_by_long_polling() {
    let mut bench = Bench::on(Relay, &[Transport::EventSource, Transport::LongPoll]);
    bench.opens();
    bench.report(event("a", "1:0"));
    let effects = bench.report(event(NO_TEXT, "1:1"));
    assert_eq!((asked(&effects), notices(&effects).len()), (vec!["1:0".into()], 0));
    assert_eq!(bench.rungs(), [Transport::EventSource, Transport::LongPoll]);
    let head = Head { content_type: "application/octet-stream".into(), ..with_id("1:1") };
    let effects = bench.report(down(head, "b"));
    let message = Message { data: Data::Bytes(b"b".to_vec()), id: Some("1:1".into()) };
    assert_eq!(notices(&effects).last(), Some(&&Notice::Message(message)));
    bench.report(Report::Failed { lane: Lane::Down, why: Text::default() });
    bench.waits();
    assert_eq!(bench.rungs()[2..], [Transport::LongPoll], "the stream could not do it again");
}

#[test]
fn a_stream_takes_messages_by_post_one_at_a_time_whose_answer_says_nothing_of_the_way_down() {
    let mut session = started(Transport::EventSource);
    send(&mut session, "a");
    assert!(!takes(&session));
    assert_eq!(on(&mut session, up(202)), [Said::Posted(Fate::Taken)]);
    send(&mut session, "b");
    assert_eq!(on(&mut session, up(413)), [Said::Posted(Fate::Refused)]);
    send(&mut session, "c");
    assert_eq!(on(&mut session, up(503)), [Said::Posted(Fate::Returned), ended(Cause::status(503, None))]);
}

/// It has neither backoff nor jitter.
#[test]
fn a_stream_does_not_reconnect_by_itself() {
    for gave_up in [true, false] {
        let said = on(&mut started(Transport::EventSource), Report::SourceError { gave_up });
        assert_eq!(said, [ended(Cause::new(Kind::Network))]);
    }
}

// ---- several at once ----

/// Such as the page of an application, which its server has for all URLs.
#[test]
fn a_page_in_place_of_a_message_breaks_the_rules_unless_it_has_an_id() {
    let of = |position: &str| {
        let head = Head { content_type: "text/html".into(), ..with_id(position) };
        on(&mut started(Transport::LongPoll), down(head, "<!doctype html>"))
    };
    for no_id in ["", "\"55-abc\"", "1783000000:W/\"55-abc\""] {
        let said = of(no_id);
        assert!(matches!(&said[..], [Said::Ended(cause)] if cause.kind == Kind::Protocol), "{no_id}: {said:?}");
    }
    assert!(of("1:8").contains(&told("<!doctype html>", Some("1:8"))));
}

fn multipart(body: &[u8]) -> Report<Data> {
    let head = Head { content_type: "multipart/mixed".into(), ..with_id("1:9") };
    Report::Answer { lane: Lane::Down, head, body: Data::Bytes(body.into()) }
}

fn octets(bytes: &[u8], id: Option<&str>) -> Said<Data> {
    Said::Message(Message { data: Data::Bytes(bytes.into()), id: id.map(Text::from) })
}

/// RFC 2046, 5.1.1: a part has headers or none, and a blank line before its body. What the delimiter is, the first line says.
/// T39, the core's part in it: each is a message of its own.
#[test]
fn a_multipart_body_is_its_parts_in_order_and_the_id_is_that_of_the_last() {
    let of = |body: &[u8]| on(&mut started(Transport::LongPoll), multipart(body));
    let all =
        |messages: Vec<Said<Data>>| Vec::from_iter([Said::Opened].into_iter().chain(messages).chain([poll(false)]));
    assert_eq!(
        of(b"--x\r\n\r\none\r\n--x\r\nContent-Type: text/plain\r\n\r\ntwo\r\n--x--\r\n"),
        all(vec![told("one", None), told("two", Some("1:9"))])
    );
    assert_eq!(of(b"--x\r\n\r\nalone\r\n--x--"), all(vec![told("alone", Some("1:9"))]));
    assert_eq!(
        of(b"--x\r\nContent-Type: application/octet-stream\r\nX: y\r\n\r\n\xff\r\n\x00\r\n--x\r\n\r\n\r\n--x--\r\n"),
        all(vec![octets(b"\xff\r\n\x00", None), told("", Some("1:9"))]),
        "bytes stay what they are, and a part may be empty"
    );
    assert_eq!(
        of(b"--x\r\n\r\n--y\r\n--\r\n--x--\r\n"),
        all(vec![told("--y\r\n--", Some("1:9"))]),
        "what is no delimiter is the body"
    );
}

#[test]
fn a_multipart_body_that_is_broken_breaks_the_rules_and_none_of_it_is_told() {
    for body in [
        &b""[..],
        b"--x",
        b"--x\r\n",
        b"--x\r\n\r\none",
        b"--x\r\n\r\none\r\n--x",
        b"--x\r\n\r\none\r\n--x\r\n",
        b"--x\r\nno blank line\r\n--x--",
        b"<html>",
    ] {
        let said = on(&mut started(Transport::LongPoll), multipart(body));
        assert!(matches!(&said[..], [Said::Ended(cause)] if cause.kind == Kind::Protocol), "{body:?}: {said:?}");
    }
}

/// Its first message has no id, so nothing can be said of what is before it; of what is after its last one, something can.
#[test]
fn gaps_are_not_seen_before_a_multipart_body_and_are_after_it() {
    for (next, gaps) in [("1:10", 0), ("1:11", 1)] {
        let mut session = started(Transport::LongPoll);
        let said = on(&mut session, multipart(b"--x\r\n\r\na\r\n--x\r\n\r\nb\r\n--x--\r\n"));
        assert!(!said.iter().any(|said| matches!(said, Said::Gap(_))));
        let said = on(&mut session, down(with_id(next), "c"));
        assert_eq!(said.iter().filter(|said| matches!(said, Said::Gap(_))).count(), gaps);
    }
}

// ---- long-polling ----

#[test]
fn a_200_brings_one_message_and_the_next_poll_is_due() {
    let mut session = started(Transport::LongPoll);
    for id in ["1:8", "1:9"] {
        let said = on(&mut session, down(with_id(id), "hello"));
        assert_eq!(said, [told("hello", Some(id)), Said::Opened, poll(false)]);
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
        assert_eq!(said[0], Said::Message(Message { data, id: Some("1:8".into()) }));
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
    assert_eq!(said, [told("hello", Some("1:8")), Said::Opened, poll(false)], "the lanes do not mix");
    assert!(!takes(&session));
    assert_eq!(on(&mut session, up(202)), [Said::Posted(Fate::Taken), Said::Alive]);
    assert!(takes(&session));
}

#[test]
fn any_success_means_that_it_was_taken() {
    for code in [200, 201, 202, 204] {
        let mut session = started(Transport::LongPoll);
        send(&mut session, "a");
        assert_eq!(on(&mut session, up(code)), [Said::Posted(Fate::Taken), Said::Alive]);
    }
}

#[test]
fn a_message_that_the_server_refuses_is_given_up_and_the_session_goes_on() {
    for code in [400, 403, 404, 413, 415, 422] {
        let mut session = started(Transport::LongPoll);
        send(&mut session, "a");
        assert_eq!(on(&mut session, up(code)), [Said::Posted(Fate::Refused)]);
        assert!(takes(&session));
    }
}

/// The order matters: what comes back is put back before the end puts an end to it.
#[test]
fn a_message_that_the_server_cannot_take_now_comes_back_and_ends_the_session() {
    for code in [401, 425, 429, 503] {
        assert_eq!(fate(code), Fate::Returned, "{code}");
    }
}

/// What became of a message whose POST was answered so, which ended the session.
fn fate(code: u16) -> Fate {
    let mut session = started(Transport::LongPoll);
    send(&mut session, "a");
    let head = Head { retry_after: Some(Millis(7)), ..status(code) };
    let said = on(&mut session, answer(Lane::Up, head, ""));
    assert_eq!(said[1..], [ended(Cause::status(code, Some(Millis(7))))]);
    let Said::Posted(fate) = said[0] else { panic!("{said:?}") };
    fate
}

/// A gateway's 502 or 504 is a lost answer.
#[test]
fn a_message_over_which_the_server_or_a_gateway_broke_down_may_have_arrived() {
    for code in [408, 500, 501, 502, 504, 599] {
        assert_eq!(fate(code), Fate::Uncertain, "{code}");
    }
    let mut bench = Bench::polling();
    assert!(bench.send("pay").0.is_ok());
    let effects = bench.report(up(504));
    assert!(notices(&effects).contains(&&Notice::Dropped { data: Data::new("pay"), why: Why::Unknown }), "{effects:?}");
}

#[test]
fn a_message_whose_answer_was_lost_may_have_arrived() {
    let mut session = started(Transport::LongPoll);
    send(&mut session, "a");
    let said = on(&mut session, Report::Failed { lane: Lane::Up, why: Text::default() });
    assert_eq!(said, [Said::Posted(Fate::Uncertain), ended(Cause::new(Kind::Network))]);
}

#[test]
fn what_is_not_for_a_poll_means_nothing_to_it() {
    let mut session = started(Transport::LongPoll);
    let reports = [frame("x"), Report::Head(status(500)), up(500)];
    for report in reports {
        assert_eq!(on(&mut session, report.clone()), [], "{report:?}");
    }
}

#[test]
fn messages_without_ids_are_not_followed_by_a_resume_that_brings_them_again() {
    let (mut bench, carrier, _) = Bench::probed();
    // The poll is answered with an id, and the connection moves to a server that does not take the subprotocol.
    bench.step(Input::Report(carrier, down(with_id("1:2"), "two")));
    bench.opens();
    bench.report(frame("three"));
    assert_eq!(bench.machine.last_id(), &Text::default());
    bench.breaks();
    assert_eq!(asked(&bench.waits()), [""]);
    let effects = bench.opens();
    assert!(matches!(notices(&effects)[0], Notice::Reconnected { continuity: Continuity::Fresh, .. }), "{effects:?}");
}
