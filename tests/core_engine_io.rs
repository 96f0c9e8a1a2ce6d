//! Engine.IO's sessions: reports of a transport in, what they mean out; and the upgrade of one, as the machine makes it.
//!
//! `T` and a number is a trap of `js-peers.md`, section 7.
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
    machine::{Config, PROBE_SOON},
    text::Text,
    time::Millis,
    types::{
        ConnId, Delivery, Effect, Head, Input, Lane, Manner, Message, Notice, PageEvent, Payload, Phase, Report,
        Transport, Why,
    },
    wire::{Fate, OwnIds, Pace, Room, Said, Session, Wire, engine_io::EngineIo},
};
use proptest::{prelude::*, sample::select};
use world::{
    Bench, Data, HOUR, LONG_POLL, SECOND, WEBSOCKET, answer,
    bench::{asked, dropped, drops, handed, notices},
    closed, failed, frame, handshake, message, opened,
    packets::{self, Packet},
    posted, status,
};

type Script = Box<dyn Session<Data>>;

const WORDS_400: &str = r#"{"code":1,"message":"Session ID unknown"}"#;

/// A session that has begun.
fn started(transport: Transport) -> Script {
    Wire::session(&EngineIo::default(), transport, &Text::default())
}

fn on(session: &mut Script, report: Report<Data>) -> Vec<Said<Data>> {
    let mut said = Vec::new();
    session.on(report, &mut said);
    said
}

/// The body of a poll.
fn body(text: &str) -> Report<Data> {
    answer(status(200), text)
}

/// A session over polling whose server takes bodies of so many bytes.
fn polling(max: usize) -> Script {
    let mut session = started(LONG_POLL);
    on(&mut session, body(&handshake("s1", max)));
    session
}

/// A session over WebSocket.
fn socket() -> Script {
    let mut session = started(WEBSOCKET);
    on(&mut session, opened(false));
    on(&mut session, frame(&handshake("s1", 100)));
    session
}

const TAKEN: Said<Data> = Said::Posted(Fate::Taken);

/// Gives it these, one after the other; what the transport is to carry then.
fn sends(session: &mut Script, messages: &[Data]) -> Option<Data> {
    for data in messages {
        assert_eq!(session.room(data), Room::Now, "{data:?}");
        assert_eq!(session.send(data.clone()), None, "it goes with the others");
    }
    session.flush()
}

fn text(text: &str) -> Data {
    Data::new(text)
}

fn bytes(bytes: &[u8]) -> Data {
    Data::Bytes(bytes.to_vec())
}

fn told(data: Data) -> Said<Data> {
    Said::Message(Message { data, id: None })
}

const AT_ONCE: Said<Data> = Said::Poll(Pace::AtOnce);

fn lost() -> Said<Data> {
    Said::Ended(Cause::new(Kind::Close).because("the server does not know the session any more"))
}

// ---- the handshake ----

/// What servers answer first: those for Node, Python and Rust, one that offers no upgrade, and one that knows no bound.
const HANDSHAKES: [(&str, &str, bool, usize); 5] = [
    (
        r#"0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#,
        "lv_VI97HAXpY6yYWAAAC",
        true,
        1_000_000,
    ),
    (
        r#"0{"sid": "9Yk-x.~0", "upgrades": ["websocket"], "pingTimeout": 20000, "pingInterval": 25000, "maxPayload": 1000000}"#,
        "9Yk-x.~0",
        true,
        1_000_000,
    ),
    (
        r#"0{"sid":"AAAAAGb","upgrades":["websocket","webtransport"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":100000}"#,
        "AAAAAGb",
        true,
        100_000,
    ),
    (r#"0{"sid":"s1","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":10}"#, "s1", false, 10),
    (r#"0{"pingTimeout":20000,"pingInterval":25000,"sid":"s1","other":"websocket"}"#, "s1", false, usize::MAX),
];

#[test]
fn the_first_packet_of_any_server_opens_a_session_over_polling() {
    for (packet, sid, upgrades, max) in HANDSHAKES {
        let mut session = started(LONG_POLL);
        assert_eq!(session.address(), "EIO=4&transport=polling");
        let address = Text::from(format!("EIO=4&transport=polling&sid={sid}"));
        // What the application sends in the moment in which it hears of it goes there already.
        let begins = [Said::Address(address.clone()), Said::Expect(Millis(45_000)), Said::Opened, Said::Alive, AT_ONCE];
        assert_eq!(on(&mut session, body(packet)), begins, "{packet}");
        assert_eq!(session.address(), address);
        assert_eq!(session.upgrade(WEBSOCKET).is_some(), upgrades, "{packet}");
        let fits = session.room(&Data::new(&"x".repeat(max.min(2_000_000) - 1)));
        assert_eq!(fits, Room::Now, "{packet}");
        if max < usize::MAX {
            assert_eq!(session.room(&Data::new(&"x".repeat(max))), Room::Never, "{packet}");
        }
    }
}

#[test]
fn the_first_packet_of_any_server_opens_a_session_over_websocket() {
    for (packet, ..) in HANDSHAKES {
        let mut session = started(WEBSOCKET);
        assert_eq!(session.address(), "EIO=4&transport=websocket");
        assert_eq!(on(&mut session, opened(false)), [], "that it is open says nothing of a session");
        let begins = [Said::Expect(Millis(45_000)), Said::Opened];
        assert_eq!(on(&mut session, frame(packet)), begins, "{packet}");
    }
}

#[test]
fn what_is_no_handshake_breaks_the_rules() {
    for packet in [
        "0",
        "0null",
        "0{}",
        "0<html>",
        r#"0{"sid":"","pingInterval":25000,"pingTimeout":20000}"#,
        r#"0{"sid":7,"pingInterval":25000,"pingTimeout":20000}"#,
        r#"0{"sid":"a","pingInterval":25000}"#,
        r#"0{"sid":"a","pingTimeout":20000}"#,
        r#"0{"sid":"a","pingInterval":"25000","pingTimeout":20000}"#,
        r#"0{"sid":"a","pingInterval":99999999999999999999,"pingTimeout":20000}"#,
        r#"0{"sid":"a&b=c","pingInterval":25000,"pingTimeout":20000}"#,
        r#"0{"sid":"a b","pingInterval":25000,"pingTimeout":20000}"#,
        r#"0{"sid":"a\"b","pingInterval":25000,"pingTimeout":20000}"#,
        r#"0{"sid":"never ends"#,
    ] {
        for (transport, report) in [(LONG_POLL, body(packet)), (WEBSOCKET, frame(packet))] {
            let said = on(&mut started(transport), report);
            assert!(matches!(&said[..], [Said::Ended(cause)] if cause.kind == Kind::Protocol), "{packet}: {said:?}");
        }
    }
}

#[test]
fn nothing_comes_before_the_handshake_and_it_comes_once() {
    for packet in ["4early", "5", "9", "", "x"] {
        let said = on(&mut started(WEBSOCKET), frame(packet));
        assert!(matches!(&said[..], [Said::Ended(cause)] if cause.kind == Kind::Protocol), "{packet}: {said:?}");
    }
    let said = on(&mut started(LONG_POLL), body("4early"));
    assert!(matches!(&said[..], [Said::Ended(cause)] if cause.kind == Kind::Protocol), "{said:?}");
    for (mut session, report) in [(polling(100), body(&handshake("s2", 100))), (socket(), frame(&handshake("s2", 100)))]
    {
        let said = on(&mut session, report);
        assert!(matches!(&said[..], [Said::Ended(cause)] if cause.kind == Kind::Protocol), "{said:?}");
    }
}

#[test]
fn messages_may_come_with_the_handshake() {
    let mut session = started(LONG_POLL);
    let said = on(&mut session, body(&format!("{}\u{1e}4hello\u{1e}2", handshake("s1", 100))));
    assert_eq!(said[4..], [told(text("hello")), Said::Alive, AT_ONCE]);
    assert_eq!(session.flush(), Some(text("3")), "the pong goes with the first words");
}

// ---- what comes ----

#[test]
fn a_body_has_several_packets_and_each_is_read() {
    let said = on(&mut polling(100), body("4a\u{1e}4\u{1e}bAQID\u{1e}6\u{1e}4b\u{2028}ü\u{1e}3"));
    let messages = [told(text("a")), told(text("")), told(bytes(&[1, 2, 3])), Said::Alive, told(text("b\u{2028}ü"))];
    assert_eq!(said, Vec::from_iter(messages.into_iter().chain([Said::Alive, AT_ONCE])));
}

#[test]
fn bytes_come_bare_over_a_websocket_and_text_with_its_digit() {
    let mut session = socket();
    assert_eq!(on(&mut session, Report::Frame(bytes(b"4\x1e\xff"))), [told(bytes(b"4\x1e\xff"))]);
    assert_eq!(on(&mut session, frame("4a\u{1e}4b")), [told(text("a\u{1e}4b"))], "a frame is one packet");
    assert_eq!(on(&mut session, frame("6")), [Said::Alive]);
}

#[test]
fn what_is_no_packet_ends_the_session_and_what_came_before_it_counts() {
    for strange in ["9", "5", "b!", "", "é"] {
        let said = on(&mut polling(100), body(&format!("4a\u{1e}{strange}\u{1e}4b")));
        assert_eq!(said[0], told(text("a")));
        assert!(matches!(&said[1..], [Said::Ended(cause)] if cause.kind == Kind::Protocol), "{strange}: {said:?}");
    }
}

#[test]
fn a_server_that_closes_ends_the_session_on_both_transports() {
    let ends = Said::Ended(Cause::new(Kind::Close));
    assert_eq!(on(&mut socket(), frame("1")), std::slice::from_ref(&ends));
    assert_eq!(on(&mut polling(100), body("4a\u{1e}1")), [told(text("a")), ends]);
    assert_eq!(on(&mut socket(), closed(1006, "")), [Said::Ended(Cause::new(Kind::Network))]);
    assert_eq!(on(&mut polling(100), failed()), [Said::Ended(Cause::new(Kind::Network))]);
}

/// T3, of a server that does not hold its polls.
#[test]
fn an_empty_poll_is_not_followed_in_a_hurry() {
    assert_eq!(on(&mut polling(100), body("")), [Said::Alive, Said::Poll(Pace::Quiet)]);
}

// ---- the heartbeat ----

#[test]
fn a_ping_is_answered_with_what_it_carries() {
    for (ping, pong) in [("2", "3"), ("2word", "3word")] {
        assert_eq!(on(&mut socket(), frame(ping)), [Said::Alive, Said::Send(text(pong))]);
        let mut session = polling(100);
        assert_eq!(on(&mut session, body(ping)), [Said::Alive, Said::Send(text(pong)), AT_ONCE]);
        assert_eq!(session.room(&text("x")), Room::Later, "by a POST of its own");
        assert_eq!(on(&mut session, posted(200)), [TAKEN, Said::Alive]);
    }
}

/// However that one ends: a session whose pong is late is dead.
#[test]
fn a_pong_waits_for_the_post_that_is_on_its_way_and_follows_its_answer() {
    for code in [200, 413] {
        let mut session = polling(100);
        assert_eq!(sends(&mut session, &[text("a")]), Some(text("4a")));
        assert_eq!(on(&mut session, body("2")), [Said::Alive, AT_ONCE]);
        let said = on(&mut session, posted(code));
        assert_eq!(said.last(), Some(&Said::Send(text("3"))), "{code}");
        assert_eq!(session.room(&text("x")), Room::Later);
    }
}

/// Otherwise the body would be too long, and the server would refuse what is in it.
#[test]
fn a_pong_counts_in_the_body_that_it_goes_with() {
    let mut session = started(LONG_POLL);
    on(&mut session, body(&format!("{}\u{1e}2", handshake("s1", 9))));
    assert_eq!(session.room(&text("12345678")), Room::Later, "by itself it fits");
    assert_eq!(sends(&mut session, &[text("123456")]).map(|body| body.size()), Some(9));

    let mut session = started(LONG_POLL);
    on(&mut session, body(&format!("{}\u{1e}2", handshake("s1", 9))));
    assert_eq!(session.flush(), Some(text("3")), "the pong does not wait for it");
    on(&mut session, posted(200));
    assert_eq!(session.room(&text("12345678")), Room::Now);
}

/// Or else a server for Python would drop all of them.
#[test]
fn a_body_has_sixteen_packets_and_the_pong_is_one_of_them() {
    let mut session = polling(1_000);
    assert_eq!(sends(&mut session, &vec![text("a"); 16]).map(|body| packets::packets(&body).len()), Some(16));
    on(&mut session, posted(200));
    assert_eq!(session.room(&text("a")), Room::Now);

    let mut session = started(LONG_POLL);
    on(&mut session, body(&format!("{}\u{1e}2", handshake("s1", 1_000))));
    for _ in 0..15 {
        assert_eq!(session.room(&text("a")), Room::Now);
        session.send(text("a"));
    }
    assert_eq!(session.room(&text("a")), Room::Later);
}

// ---- what goes ----

#[test]
fn messages_go_with_their_digit_and_bytes_as_base64_where_they_must() {
    let mut session = socket();
    assert_eq!(session.send(text("a")), Some(text("4a")));
    assert_eq!(session.send(bytes(b"\x01\x1e")), Some(bytes(b"\x01\x1e")));
    let batch = [text("a"), bytes(&[1, 2, 3]), text(""), text("ü")];
    assert_eq!(sends(&mut polling(100), &batch), Some(text("4a\u{1e}bAQID\u{1e}4\u{1e}4ü")));
}

#[test]
fn one_post_is_on_its_way_at_a_time_beside_one_poll() {
    let mut session = polling(100);
    sends(&mut session, &[text("a")]);
    assert_eq!(session.room(&text("b")), Room::Later);
    assert_eq!(session.flush(), None);
    assert_eq!(on(&mut session, body("4x")), [told(text("x")), AT_ONCE], "the lanes do not mix");
    assert_eq!(session.room(&text("b")), Room::Later);
    assert_eq!(on(&mut session, posted(200)), [TAKEN, Said::Alive]);
    assert_eq!(sends(&mut session, &[text("b")]), Some(text("4b")));
    assert_eq!(on(&mut session, posted(200)), [TAKEN, Said::Alive]);
    assert_eq!((session.flush(), session.room(&text("c"))), (None, Room::Now), "nothing is left to send");
}

#[test]
fn a_text_with_the_separator_is_not_carried_and_bytes_with_it_are() {
    let wire = EngineIo::default();
    for (data, carried) in
        [(text("a\u{1e}b"), false), (text("\u{1e}"), false), (text("ab"), true), (bytes(b"\x1e"), true)]
    {
        assert_eq!(Wire::carries(&wire, &data), carried, "{data:?}");
    }
}

#[test]
fn a_message_that_alone_is_larger_than_a_body_may_be_is_never_taken() {
    let session = polling(9);
    for (data, room) in [
        (text("12345678"), Room::Now),
        (text("123456789"), Room::Never),
        // In UTF-8, not in characters.
        (text("üüüü"), Room::Now),
        (text("üüüüü"), Room::Never),
        // Each three bytes are four characters, and a letter comes before them.
        (bytes(&[0; 6]), Room::Now),
        (bytes(&[0; 7]), Room::Never),
    ] {
        assert_eq!(session.room(&data), room, "{data:?}");
    }
    let mut session = started(WEBSOCKET);
    on(&mut session, frame(&handshake("s1", 9)));
    assert_eq!(session.room(&text("12345678")), Room::Now);
    assert_eq!(session.room(&text("123456789")), Room::Never);
}

#[test]
fn a_word_of_the_wires_own_that_was_not_taken_is_no_message() {
    let wire = EngineIo::default();
    for (given, back) in [
        (text("4a"), Some(text("a"))),
        (text("4"), Some(text(""))),
        (bytes(b"3"), Some(bytes(b"3"))),
        (text("3"), None),
        (text("2probe"), None),
        (text("5"), None),
    ] {
        assert_eq!(Wire::unframed(&wire, given), back);
    }
}

fn any_message() -> impl Strategy<Value = Data> {
    (0..30_usize, select(vec!["x", "ü", "\u{1f600}", ""])).prop_map(|(count, character)| match character {
        "" => Data::Bytes(vec![7; count]),
        _ => Data::new(&character.repeat(count / character.len())),
    })
}

proptest! {
    /// Whatever is sent, no body has more bytes or packets than the server allows, and nothing is lost, repeated or out of order.
    #[test]
    fn bodies_are_as_long_as_allowed_and_no_longer(
        max in 0..80_usize,
        messages in prop::collection::vec(any_message(), 0..30),
    ) {
        let mut session = polling(max);
        let (mut sent, mut arrived) = (Vec::new(), Vec::new());
        let flush = |session: &mut Script, arrived: &mut Vec<Data>| {
            let Some(body) = session.flush() else { return 0 };
            for packet in packets::packets(&body) {
                match packet {
                    Packet::Message(data) => arrived.push(data),
                    word => panic!("nobody has sent {word:?}"),
                }
            }
            body.show().len()
        };
        let packet = |data: &Data| Data::join(vec![if data.is_binary() { data.clone() } else { data.prefixed(b'4') }]).size();
        let (mut length, mut count) = (0, 0);
        for data in messages {
            let own = packet(&data);
            match session.room(&data) {
                Room::Never => prop_assert!(own > max),
                Room::Now => {
                    length += own + usize::from(length > 0);
                    count += 1;
                    sent.push(data.clone());
                    session.send(data);
                }
                Room::Later => {
                    prop_assert!(length + 1 + own > max || count == 16, "there is room for it");
                    let flushed = flush(&mut session, &mut arrived);
                    prop_assert!(flushed == length && flushed <= max && count <= 16, "{flushed} of {max} bytes");
                    on(&mut session, posted(200));
                    prop_assert_eq!(session.room(&data), Room::Now);
                    (length, count) = (own, 1);
                    sent.push(data.clone());
                    session.send(data);
                }
            }
        }
        prop_assert!(flush(&mut session, &mut arrived) <= max);
        prop_assert_eq!(arrived, sent);
    }
}

// ---- what goes wrong ----

fn posts(session: &mut Script) {
    sends(session, &[text("a"), bytes(b"b")]);
}

/// The order matters: what comes back is put back before the end puts an end to it.
#[test]
fn what_a_server_did_not_take_comes_back_all_of_it_and_what_it_broke_down_over_may_have_arrived() {
    for (fate, codes) in [(Fate::Returned, &[401, 425, 429, 503][..]), (Fate::Uncertain, &[408, 500, 502, 504])] {
        for &code in codes {
            let mut session = polling(100);
            posts(&mut session);
            let head = Head { retry_after: Some(Millis(7)), ..status(code) };
            let said = on(&mut session, Report::Answer { lane: Lane::Up, head, body: text("no") });
            let ended = Said::Ended(Cause::status(code, Some(Millis(7))).because("no"));
            assert_eq!(said, [Said::Posted(fate), ended], "a gateway's 502 or 504 is a lost answer");
        }
    }
}

/// T36: balancers that are not sticky, and servers that were restarted. What they say of it differs.
#[test]
fn a_400_means_that_the_session_is_lost_where_there_was_one() {
    for words in [WORDS_400, r#""Invalid session""#, ""] {
        assert_eq!(on(&mut polling(100), answer(status(400), words)), [lost()]);
        let mut session = polling(100);
        posts(&mut session);
        let said = on(&mut session, Report::Answer { lane: Lane::Up, head: status(400), body: text(words) });
        assert_eq!(said, [Said::Posted(Fate::Returned), lost()]);
        let said = on(&mut started(LONG_POLL), answer(status(400), words));
        assert_eq!(
            said,
            [Said::Ended(Cause::status(400, None).because(words))],
            "and before there was one, what it says"
        );
    }
}

#[test]
fn what_a_server_refuses_is_given_up_and_the_session_goes_on() {
    for code in [403, 404, 413, 415] {
        let mut session = polling(100);
        posts(&mut session);
        assert_eq!(on(&mut session, posted(code)), [Said::Posted(Fate::Refused)]);
        assert_eq!(session.room(&text("x")), Room::Now);
    }
}

#[test]
fn another_answer_to_a_poll_is_the_end_and_its_body_is_no_message() {
    for code in [204, 304, 401, 403, 404, 413, 500, 503] {
        let head = Head { retry_after: Some(Millis(9)), ..status(code) };
        let said = on(&mut polling(100), answer(head, "4x"));
        assert_eq!(said, [Said::Ended(Cause::status(code, Some(Millis(9))).because("4x"))]);
    }
}

#[test]
fn messages_whose_answer_was_lost_may_have_arrived() {
    let mut session = polling(100);
    posts(&mut session);
    let said = on(&mut session, Report::Failed { lane: Lane::Up, why: Text::default() });
    assert_eq!(said, [Said::Posted(Fate::Uncertain), Said::Ended(Cause::new(Kind::Network))]);
}

#[test]
fn the_server_is_told_of_the_end_where_there_is_a_session_that_only_polls() {
    assert_eq!(started(LONG_POLL).farewell(), None);
    assert_eq!(polling(100).farewell(), Some(text("1")));
    assert_eq!(socket().farewell(), None, "a WebSocket is closed");
}

#[test]
fn ids_of_the_applications_own_go_into_the_query_where_it_says_so() {
    let wire = EngineIo(OwnIds { query: "since".into(), told: false });
    let manner = Manner { query: "since".into(), ..Manner::default() };
    assert_eq!(Wire::<Data>::manner(&wire), manner);
    assert_eq!(Wire::<Data>::manner(&EngineIo::default()), Manner::default());
}

// ---- the upgrade ----

/// A probe that is open.
fn probe() -> Script {
    let mut probe = polling(100).upgrade(WEBSOCKET).unwrap();
    assert_eq!(probe.address(), "EIO=4&transport=websocket&sid=s1");
    assert_eq!(on(&mut probe, opened(false)), [Said::Send(text("2probe"))]);
    probe
}

#[test]
fn a_probe_is_ready_when_its_ping_is_answered_and_not_before() {
    let mut probe = probe();
    for noise in ["6", "3", "3prob", "2", "4x"] {
        assert_eq!(on(&mut probe, frame(noise)), [], "{noise}");
    }
    assert_eq!(on(&mut probe, frame("3probe")), [Said::Ready]);
}

#[test]
fn after_it_has_taken_over_it_is_a_session_like_any_other() {
    let mut probe = probe();
    on(&mut probe, frame("3probe"));
    assert_eq!(probe.take_over(), Some(text("5")));
    assert_eq!(on(&mut probe, frame("6")), [Said::Alive], "the server for Python says so here as well");
    assert_eq!(on(&mut probe, frame("4x")), [told(text("x"))]);
    assert_eq!(on(&mut probe, frame("2")), [Said::Alive, Said::Send(text("3"))]);
    assert_eq!(probe.room(&Data::new(&"x".repeat(100))), Room::Never, "the bound is the session's");
}

#[test]
fn there_is_no_upgrade_but_to_a_websocket() {
    assert!(polling(100).upgrade(LONG_POLL).is_none());
    assert!(socket().upgrade(WEBSOCKET).is_none());
}

/// A machine that began low, and whose poll is held.
fn low() -> Bench {
    let mut bench = Bench::with(EngineIo::default(), Config { begin_low: true, ..Config::default() });
    bench.report(body(&handshake("s1", 1_000)));
    bench.step(Input::Flush(bench.id()));
    bench
}

/// The same, and a probe is ready: the bench, its carrier and its probe.
fn ready() -> (Bench, ConnId, ConnId) {
    let mut bench = low();
    let carrier = bench.id();
    bench.later(0);
    let probe = bench.id();
    assert_eq!(handed(&bench.opens()), ["2probe"]);
    assert_eq!(bench.report(frame("3probe")), []);
    (bench, carrier, probe)
}

/// What goes into the query comes before what asks for it.
#[test]
fn the_address_is_told_before_the_request_that_it_is_for() {
    let orders = |effects: &[Effect<Data>]| {
        let order = |effect: &Effect<Data>| match effect {
            Effect::Address(id, query) => Some(format!("{} {query}", id.0)),
            Effect::Open(id, transport, _) => Some(format!("{} {}", id.0, transport.as_str())),
            Effect::Poll(id, _) => Some(format!("{} poll", id.0)),
            _ => None,
        };
        effects.iter().filter_map(order).collect::<Vec<_>>()
    };
    let mut bench = Bench::new(EngineIo::default(), Config { begin_low: true, ..Config::default() });
    assert_eq!(orders(&bench.step(Input::Start)), ["1 EIO=4&transport=polling", "1 long-poll"]);
    let effects = bench.report(body(&handshake("s1", 1_000)));
    assert_eq!(orders(&effects), ["1 EIO=4&transport=polling&sid=s1", "1 poll"]);
    assert_eq!(orders(&bench.later(0)), ["2 EIO=4&transport=websocket&sid=s1", "2 websocket"]);
}

#[test]
fn one_that_begins_low_is_open_after_one_answer_and_moves_up_at_once_where_that_is_offered() {
    let bench = Bench::with(EngineIo::default(), Config { begin_low: true, ..Config::default() });
    assert_eq!(bench.rungs(), [LONG_POLL]);
    let mut bench = low();
    assert_eq!(bench.phase(), Phase::Open);
    bench.later(0);
    assert_eq!(bench.rungs(), [LONG_POLL, WEBSOCKET]);
    let mut bench = Bench::with(EngineIo::default(), Config { begin_low: true, ..Config::default() });
    bench.report(body(r#"0{"sid":"s1","upgrades":[],"pingInterval":2500000,"pingTimeout":20000}"#));
    bench.later(SECOND);
    assert_eq!(bench.rungs(), [LONG_POLL]);
}

#[test]
fn a_poll_that_is_held_is_no_session_and_what_does_not_answer_is_left() {
    let mut bench = Bench::on(EngineIo::default(), &[LONG_POLL]);
    bench.later(9_999);
    assert_eq!(bench.phase(), Phase::Connecting);
    bench.later(1);
    assert_eq!(bench.phase(), Phase::Waiting);
}

/// T35, T38: nothing is cut off, so nothing is lost, and nobody was disconnected.
#[test]
fn the_upgrade_waits_for_the_poll_and_for_what_is_on_its_way_and_is_no_loss_of_connection() {
    let (mut bench, carrier, probe) = ready();
    let (delivery, effects) = bench.send("a");
    assert_eq!((delivery, handed(&effects)), (Ok(Delivery::Sent), vec!["4a".into()]), "over polling, as before");
    assert_eq!(bench.send("b").0, Ok(Delivery::Queued));
    let effects = bench.step(Input::Report(carrier, body("4x\u{1e}6")));
    assert_eq!(notices(&effects), [&Notice::Message(message("x", None))]);
    assert_eq!((asked(&effects), drops(&effects)), (vec![], vec![]), "no poll follows, and the POST is waited for");
    let effects = bench.step(Input::Report(carrier, posted(200)));
    assert_eq!((drops(&effects), handed(&effects)), (vec![carrier], vec!["5".into()]));
    let told = notices(&effects);
    assert!(matches!(told[..], [Notice::TransportChanged { from: LONG_POLL, to: WEBSOCKET, why: None }]), "{told:?}");
    assert_eq!(bench.snapshot().transport, Some(WEBSOCKET));
    assert_eq!(handed(&bench.step(Input::Flush(probe))), ["4b"], "what waited goes over the new one, after the `5`");
    assert_eq!(notices(&bench.step(Input::Report(probe, frame("4y")))), [&Notice::Message(message("y", None))]);
    assert_eq!(bench.step(Input::Report(carrier, body("4z"))), [], "T11");
    assert_eq!(bench.audit.live(), [(probe, WEBSOCKET)]);
}

#[test]
fn an_upgrade_with_nothing_on_its_way_waits_for_the_poll_alone() {
    let (mut bench, carrier, _) = ready();
    bench.later(20 * SECOND);
    assert_eq!(bench.snapshot().transport, Some(LONG_POLL), "the server has to free the poll");
    assert_eq!(handed(&bench.step(Input::Report(carrier, body("6")))), ["5"]);
}

/// The pong of the last poll goes by POST, and is waited for like any other.
#[test]
fn an_upgrade_waits_for_the_pong() {
    let (mut bench, carrier, _) = ready();
    assert_eq!(handed(&bench.step(Input::Report(carrier, body("2")))), ["3"]);
    assert_eq!(handed(&bench.step(Input::Report(carrier, posted(200)))), ["5"]);
}

/// How a probe fails.
type Failing = fn(&mut Bench, ConnId) -> Vec<Effect<Data>>;

#[test]
fn a_probe_that_fails_leaves_polling_as_it_was() {
    let fails: [Failing; 3] = [
        |bench, probe| bench.step(Input::Report(probe, closed(1006, ""))),
        |bench, probe| bench.step(Input::Report(probe, Report::Unusable { why: "".into() })),
        |bench, _| bench.later(10 * SECOND),
    ];
    for fail in fails {
        let mut bench = low();
        let carrier = bench.id();
        bench.later(0);
        let probe = bench.id();
        bench.opens();
        let effects = fail(&mut bench, probe);
        assert_eq!((drops(&effects), asked(&effects)), (vec![probe], vec![]));
        assert_eq!(bench.send("a").0, Ok(Delivery::Sent));
        bench.step(Input::Report(carrier, posted(200)));
        let effects = bench.step(Input::Report(carrier, body("4x")));
        assert_eq!((asked(&effects), bench.delays()), (vec!["".into()], vec![]), "nothing has happened");
        assert_eq!(bench.later(PROBE_SOON.0 - 1), [], "and the next one is later");
        assert_eq!(asked(&bench.later(1)).len(), 1);
    }
}

#[test]
fn a_probe_that_fails_when_it_was_ready_leaves_polling_as_it_was() {
    let (mut bench, carrier, probe) = ready();
    assert_eq!(drops(&bench.step(Input::Report(probe, closed(1006, "")))), [probe]);
    // A server answers every poll at once with a noop for as long as it believes in the upgrade, so that alone is no reason to hurry.
    assert!(asked(&bench.step(Input::Report(carrier, body("6")))).is_empty());
    assert_eq!(asked(&bench.later(SECOND)), [""]);
    assert_eq!((bench.phase(), bench.snapshot().transport), (Phase::Open, Some(LONG_POLL)));
}

#[test]
fn a_session_that_was_upgraded_and_lost_begins_afresh() {
    let (mut bench, carrier, probe) = ready();
    bench.step(Input::Report(carrier, body("6")));
    bench.step(Input::Report(probe, frame("4x")));
    bench.later(HOUR.min(40 * SECOND));
    bench.step(Input::Report(probe, closed(1006, "")));
    let effects = bench.waits();
    let address = effects.iter().find_map(|effect| match effect {
        Effect::Address(_, query) => Some(query.to_string()),
        _ => None,
    });
    assert_eq!(address.as_deref(), Some("EIO=4&transport=websocket"));
    let told = bench.report(frame(&handshake("s2", 1_000)));
    assert!(matches!(notices(&told)[0], Notice::Reconnected { .. }));
}

#[test]
fn a_server_is_told_when_a_polling_session_is_left() {
    let close = Input::Close { code: 1000, reason: Text::default() };
    for leaving in [close, Input::Reconnect, Input::Page(PageEvent::Cached)] {
        let mut bench = low();
        let id = bench.id();
        let effects = bench.step(leaving.clone());
        let farewell = effects.iter().position(|effect| *effect == Effect::Farewell(id, text("1")));
        let dropped = effects.iter().position(|effect| matches!(effect, Effect::Drop(..)));
        assert!(farewell.is_some() && farewell < dropped, "{leaving:?}: {effects:?}");
    }
    let mut bench = low();
    let effects = bench.report(failed());
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Farewell(..))), "nobody is told of a loss");
}

/// Bodies are sent again all of them or not at all.
#[test]
fn all_messages_of_a_post_whose_answer_was_lost_are_reported() {
    let mut bench = Bench::on(EngineIo::default(), &[LONG_POLL]);
    for message in ["a", "b"] {
        assert_eq!(bench.send(message).0, Ok(Delivery::Queued));
    }
    bench.report(body(&handshake("s1", 1_000)));
    assert_eq!(handed(&bench.step(Input::Flush(bench.id()))), ["4a\u{1e}4b"]);
    let effects = bench.report(Report::Failed { lane: Lane::Up, why: "".into() });
    assert_eq!(dropped(&effects), [("a".into(), Why::Unknown), ("b".into(), Why::Unknown)]);
}
