//! Sending: the terms of a message, the gate, what is sent again, and what is never taken.
//!
//! `T` and a number is a trap of `js-peers.md`, section 7. The auditor of the harness watches every step.
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
    cause::Kind,
    machine::Config,
    outbox::{Bounds, Terms, WhenFull},
    time::Millis,
    types::{Delivery, Effect, Input, Lane, Notice, PageEvent, Phase, Refused, Report, Why},
    wire::{engine_io::EngineIo, raw::Raw, relay::Relay},
};
use world::{
    Bench, Data, EVENT_SOURCE, HOUR, LONG_POLL, SECOND, SOCKET_OR_POLL, answer,
    bench::{asked, dropped, drops, handed, notices},
    closed, event, frame, handshake, posted, status, with_id,
};

fn waits_for(ms: u64) -> Terms {
    Terms { ttl: Some(Millis(ms)), ..Terms::default() }
}

fn keyed(key: &str) -> Terms {
    Terms { key: key.into(), ..Terms::default() }
}

fn volatile() -> Terms {
    Terms { volatile: true, ..Terms::default() }
}

/// Queues it, on these terms.
fn queues(bench: &mut Bench, text: &str, terms: Terms) -> Vec<Effect<Data>> {
    let (delivery, effects) = bench.send_on(Data::new(text), terms);
    assert_eq!(delivery, Ok(Delivery::Queued), "{text}");
    effects
}

fn opens_and_flushes(bench: &mut Bench) -> Vec<Effect<Data>> {
    let mut effects = bench.opens();
    effects.extend(bench.step(Input::Flush(bench.id())));
    effects
}

/// The relay over long-polling, open, flushed, and with its next poll held.
fn polling(config: Config) -> Bench {
    let mut bench = Bench::with(Relay, Config { transports: vec![LONG_POLL], ..config });
    bench.report(answer(with_id("1:1"), "one"));
    bench.step(Input::Flush(bench.id()));
    bench
}

fn gated() -> Config {
    Config { gate: true, ..Config::default() }
}

/// A bench in each state in which a message waits.
fn states_that_queue(config: &Config) -> Vec<(&'static str, Bench)> {
    let started = || Bench::with(Raw::default(), config.clone());
    let mut waiting = started();
    waiting.breaks();
    let mut offline = started();
    offline.page(PageEvent::Offline);
    offline.breaks();
    let mut away = started();
    away.opens();
    away.page(PageEvent::Cached);
    let mut judging = Bench::with(Raw::default(), Config { judges: true, ..config.clone() });
    judging.breaks();
    let mut refreshing = Bench::with(Raw::default(), Config { refreshes: true, ..config.clone() });
    refreshing.report(closed(4401, ""));
    let mut behind_a_gate = Bench::with(Raw::default(), Config { gate: true, ..config.clone() });
    opens_and_flushes(&mut behind_a_gate);
    vec![
        ("idle", Bench::new(Raw::default(), config.clone())),
        ("connecting", started()),
        ("waiting", waiting),
        ("offline", offline),
        ("away", away),
        ("judging", judging),
        ("refreshing", refreshing),
        ("behind a gate", behind_a_gate),
    ]
}

/// Time passes without a try succeeding, however often that is asked for.
fn passes(bench: &mut Bench, ms: u64) -> Vec<(String, Why)> {
    let until = bench.now.after(Millis(ms));
    let mut gone = Vec::new();
    while bench.now < until {
        let due = bench.wake.filter(|at| *at <= until).unwrap_or(until);
        gone.extend(dropped(&bench.later(due.since(bench.now).0)));
        bench.now = bench.now.max(due);
    }
    gone
}

// ---- how long a message waits ----

#[test]
fn a_message_whose_time_is_up_is_reported_on_time_in_every_state() {
    for (name, mut bench) in states_that_queue(&Config::default()) {
        queues(&mut bench, "a", waits_for(15));
        queues(&mut bench, "for long", Terms::default());
        queues(&mut bench, "b", waits_for(15));
        assert_eq!(bench.wake, Some(bench.now.after(Millis(15))), "a wake-up is asked for while {name}");
        assert_eq!(passes(&mut bench, 14), [], "while {name}");
        let gone = [("a".into(), Why::Expired), ("b".into(), Why::Expired)];
        assert_eq!(passes(&mut bench, 1), gone, "in order while {name}");
        assert_eq!(bench.machine.queued().0, 1);
    }
}

#[test]
fn what_the_outbox_allows_holds_for_messages_that_do_not_say_so_themselves() {
    let outbox = Bounds { ttl: Millis(3 * SECOND), ..Bounds::DEFAULT };
    let mut bench = Bench::with(Raw::default(), Config { outbox, ..Config::default() });
    queues(&mut bench, "as the outbox has it", Terms::default());
    queues(&mut bench, "longer", waits_for(9 * SECOND));
    assert_eq!(dropped(&bench.later(3 * SECOND)), [("as the outbox has it".into(), Why::Expired)]);
    assert_eq!(handed(&opens_and_flushes(&mut bench)), ["longer"]);
}

/// T8: the timer comes late, and the connection before it.
#[test]
fn what_is_too_old_is_not_sent_although_the_timer_is_late() {
    let mut bench = Bench::started(Raw::default());
    queues(&mut bench, "old", waits_for(SECOND));
    queues(&mut bench, "new", Terms::default());
    bench.now = bench.now.after(Millis(5 * SECOND));
    let effects = opens_and_flushes(&mut bench);
    assert_eq!(dropped(&effects), [("old".into(), Why::Expired)]);
    assert_eq!(handed(&effects), ["new"]);
}

#[test]
fn what_was_sent_does_not_expire() {
    let mut bench = Bench::open(Raw::default());
    bench.step(Input::Flush(bench.id()));
    assert_eq!(bench.send_on(Data::new("a"), waits_for(1)).0, Ok(Delivery::Sent));
    assert_eq!(bench.later(HOUR), []);
}

#[test]
fn at_the_end_each_message_is_reported_with_its_own_reason() {
    let mut bench = Bench::started(Raw::default());
    queues(&mut bench, "in time", Terms::default());
    queues(&mut bench, "too old", waits_for(SECOND));
    bench.now = bench.now.after(Millis(SECOND));
    assert_eq!(dropped(&bench.close()), [("too old".into(), Why::Expired), ("in time".into(), Why::Closed)]);
}

// ---- keys ----

#[test]
fn a_newer_message_of_the_same_key_takes_the_place_of_the_one_that_waits() {
    let mut bench = Bench::started(Raw::default());
    queues(&mut bench, "x 1", keyed("x"));
    queues(&mut bench, "y 1", keyed("y"));
    assert_eq!(dropped(&queues(&mut bench, "x 2", keyed("x"))), [("x 1".into(), Why::Replaced)]);
    assert_eq!(handed(&opens_and_flushes(&mut bench)), ["y 1", "x 2"], "the newest in the order in which it came");
    for text in ["x 3", "x 4"] {
        assert_eq!(
            bench.send_on(Data::new(text), keyed("x")).0,
            Ok(Delivery::Sent),
            "what does not wait is not replaced"
        );
    }
}

#[test]
fn the_newest_may_go_when_the_outbox_is_full() {
    let outbox = Bounds { messages: 2, when_full: WhenFull::DropNewest, ..Bounds::DEFAULT };
    let mut bench = Bench::with(Raw::default(), Config { outbox, ..Config::default() });
    queues(&mut bench, "a", Terms::default());
    queues(&mut bench, "b", Terms::default());
    assert_eq!(dropped(&queues(&mut bench, "c", Terms::default())), [("b".into(), Why::Full)]);
    assert_eq!(handed(&opens_and_flushes(&mut bench)), ["a", "c"]);
}

// ---- what is of use only now ----

#[test]
fn what_is_volatile_is_refused_where_it_would_have_to_wait_and_is_never_queued() {
    for (name, mut bench) in
        states_that_queue(&Config::default()).into_iter().filter(|(name, _)| *name != "behind a gate")
    {
        let (delivery, effects) = bench.send_on(Data::new("now"), volatile());
        assert_eq!(delivery, Err(Refused::Volatile(Data::new("now"))), "while {name}");
        assert_eq!((effects, bench.machine.queued()), (vec![], (0, 0)), "while {name}");
    }
    let mut bench = polling(Config::default());
    assert_eq!(bench.send("under way").0, Ok(Delivery::Sent));
    assert_eq!(
        bench.send_on(Data::new("now"), volatile()).0,
        Err(Refused::Volatile(Data::new("now"))),
        "one at a time"
    );
}

#[test]
fn what_is_volatile_is_sent_where_that_can_be_done_at_once() {
    let mut bench = Bench::open(Raw::default());
    bench.step(Input::Flush(bench.id()));
    let (delivery, effects) = bench.send_on(Data::new("now"), volatile());
    assert_eq!((delivery, handed(&effects)), (Ok(Delivery::Sent), vec!["now".into()]));
}

// ---- the gate ----

#[test]
fn behind_the_gate_nothing_that_is_queued_flows_before_the_release() {
    let mut bench = Bench::with(Raw::default(), gated());
    queues(&mut bench, "before", Terms::default());
    assert_eq!(handed(&opens_and_flushes(&mut bench)), [""; 0]);
    queues(&mut bench, "after", Terms::default());
    assert_eq!(handed(&bench.report(frame("challenge"))), [""; 0]);
    assert_eq!(handed(&bench.later(HOUR)), [""; 0]);
    assert_eq!(handed(&bench.step(Input::Release)), ["before", "after"]);
    assert_eq!(bench.send("then").0, Ok(Delivery::Sent));
}

/// T19.
#[test]
fn what_is_sent_in_the_open_handler_and_what_is_volatile_passes_the_gate() {
    let mut bench = Bench::with(Raw::default(), gated());
    queues(&mut bench, "waits", Terms::default());
    bench.opens();
    let (delivery, effects) = bench.send("token");
    assert_eq!((delivery, handed(&effects)), (Ok(Delivery::Sent), vec!["token".into()]));
    bench.step(Input::Flush(bench.id()));
    let (delivery, effects) = bench.send_on(Data::new("the answer to a challenge"), volatile());
    assert_eq!((delivery, handed(&effects)), (Ok(Delivery::Sent), vec!["the answer to a challenge".into()]));
    assert_eq!(handed(&bench.step(Input::Release)), ["waits"]);
}

/// A server may ping in the body that opens the session, and what answers that is a POST as well.
#[test]
fn the_first_words_go_with_the_pong_to_a_ping_that_came_with_the_handshake() {
    let begins = |bench: &mut Bench| {
        let body = [handshake("s1", 100), String::from("\u{1e}2")].concat();
        handed(&bench.report(answer(status(200), &body)))
    };
    let polls = Config { transports: vec![LONG_POLL], ..gated() };
    let mut bench = Bench::with(EngineIo::default(), polls.clone());
    assert_eq!(begins(&mut bench), [""; 0]);
    let (delivery, effects) = bench.send_on(Data::new("token"), volatile());
    assert_eq!((delivery, handed(&effects)), (Ok(Delivery::Sent), vec!["3\u{1e}4token".into()]));

    let mut silent = Bench::with(EngineIo::default(), polls);
    queues(&mut silent, "waits", Terms::default());
    assert_eq!(begins(&mut silent), [""; 0]);
    assert_eq!(handed(&silent.step(Input::Flush(silent.id()))), ["3"], "also behind a gate");
}

#[test]
fn the_gate_is_closed_anew_in_each_connection() {
    let mut bench = Bench::with(Raw::default(), gated());
    opens_and_flushes(&mut bench);
    bench.step(Input::Release);
    assert_eq!(bench.send("first").0, Ok(Delivery::Sent));
    for text in ["second", "third"] {
        bench.breaks();
        queues(&mut bench, text, Terms::default());
        assert_eq!(bench.step(Input::Release), [], "there is nothing to release while there is no connection");
        bench.waits();
        assert_eq!(handed(&opens_and_flushes(&mut bench)), [""; 0]);
        assert_eq!(handed(&bench.step(Input::Release)), [text]);
    }
}

#[test]
fn a_gate_that_is_opened_in_the_open_handler_lets_through_what_the_handler_sends_first() {
    let mut bench = Bench::with(Raw::default(), gated());
    queues(&mut bench, "queued", Terms::default());
    bench.opens();
    assert_eq!(handed(&bench.step(Input::Release)), [""; 0]);
    assert_eq!(handed(&bench.send("token").1), ["token"]);
    assert_eq!(handed(&bench.step(Input::Flush(bench.id()))), ["queued"]);
}

/// The application hears of no loss then, and of no opening: to it, it is the same connection.
#[test]
fn the_gate_stays_open_when_the_connection_moves_to_another_transport() {
    let mut bench = Bench::with(Relay, Config { transports: SOCKET_OR_POLL.into(), begin_low: true, ..gated() });
    let carrier = bench.id();
    bench.report(answer(with_id("1:1"), "one"));
    bench.step(Input::Flush(carrier));
    bench.step(Input::Release);
    bench.later(0);
    bench.opens();
    bench.later(SECOND);
    bench.step(Input::Report(carrier, answer(with_id("1:2"), "two")));
    queues(&mut bench, "a", Terms::default());
    let effects = opens_and_flushes(&mut bench);
    assert!(matches!(notices(&effects)[..], [Notice::TransportChanged { why: None, .. }]));
    assert_eq!(handed(&effects), ["a"]);
    bench.breaks();
    queues(&mut bench, "b", Terms::default());
    bench.waits();
    assert_eq!(handed(&opens_and_flushes(&mut bench)), [""; 0], "and is closed when it is lost");

    let mut bench = Bench::with(Relay, Config { transports: vec![EVENT_SOURCE, LONG_POLL], ..gated() });
    opens_and_flushes(&mut bench);
    bench.step(Input::Release);
    bench.report(event("not \u{fffd} text", "1:1"));
    queues(&mut bench, "a", Terms::default());
    bench.report(answer(with_id("1:1"), "one"));
    assert_eq!(handed(&bench.step(Input::Flush(bench.id()))), ["a"]);
}

#[test]
fn without_a_gate_there_is_nothing_to_release() {
    let mut bench = Bench::open(Raw::default());
    assert_eq!(bench.step(Input::Release), []);
}

// ---- what comes back ----

/// By POST one message goes at a time, so what the handler sends next waits; its place is before what waited already.
#[test]
fn what_comes_back_goes_before_all_that_waited_although_some_of_that_has_expired() {
    let mut bench = Bench::on(Relay, &[LONG_POLL]);
    queues(&mut bench, "queued", Terms::default());
    bench.later(500);
    assert_eq!(bench.send("token").0, Ok(Delivery::Sent));
    queues(&mut bench, "hello", waits_for(SECOND));
    assert_eq!(dropped(&bench.later(SECOND)), [("hello".into(), Why::Expired)]);
    bench.report(posted(503));
    bench.waits();
    bench.report(answer(status(408), ""));
    assert_eq!(handed(&bench.step(Input::Flush(bench.id()))), ["token"]);
    assert_eq!(handed(&bench.report(posted(202))), ["queued"]);
}

#[test]
fn what_comes_back_waits_for_as_long_as_the_outbox_has_it_from_when_it_was_accepted_and_no_longer() {
    let outbox = Bounds { ttl: Millis(20 * SECOND), ..Bounds::DEFAULT };
    let mut bench = polling(Config { outbox, ..Config::default() });
    assert_eq!(bench.send("a").0, Ok(Delivery::Sent));
    bench.later(10 * SECOND);
    bench.report(posted(503));
    bench.page(PageEvent::Cached);
    assert_eq!(dropped(&bench.later(9_999)), []);
    assert_eq!(dropped(&bench.later(1)), [("a".into(), Why::Expired)]);
}

// ---- what may arrive twice ----

/// The answer to the message was lost: with its request, and with the connection.
fn loses_the_answer(config: Config) -> [(Bench, Vec<Effect<Data>>); 2] {
    [true, false].map(|fails| {
        let mut bench = polling(config.clone());
        assert_eq!(bench.send("a").0, Ok(Delivery::Sent));
        assert_eq!(bench.send("b").0, Ok(Delivery::Queued));
        let lane = if fails { Lane::Up } else { Lane::Down };
        let effects = bench.report(Report::Failed { lane, why: "".into() });
        assert_eq!(bench.phase(), Phase::Waiting);
        (bench, effects)
    })
}

#[test]
fn a_message_whose_answer_was_lost_is_reported_and_not_sent_again() {
    for (mut bench, effects) in loses_the_answer(Config::default()) {
        assert_eq!(dropped(&effects), [("a".into(), Why::Unknown)]);
        bench.waits();
        bench.report(answer(status(408), ""));
        assert_eq!(handed(&bench.step(Input::Flush(bench.id()))), ["b"]);
    }
}

#[test]
fn a_message_whose_answer_was_lost_is_sent_again_in_its_place_where_it_may_arrive_twice() {
    for (mut bench, effects) in loses_the_answer(Config { resends: true, ..Config::default() }) {
        assert_eq!(dropped(&effects), []);
        bench.waits();
        bench.report(answer(status(408), ""));
        assert_eq!(handed(&bench.step(Input::Flush(bench.id()))), ["a"]);
        assert_eq!(handed(&bench.report(posted(202))), ["b"]);
    }
}

#[test]
fn what_was_under_way_when_the_application_closed_may_have_arrived_and_is_not_sent_again() {
    for resends in [false, true] {
        let mut bench = polling(Config { resends, ..Config::default() });
        assert_eq!(bench.send("a").0, Ok(Delivery::Sent));
        assert_eq!(bench.send("b").0, Ok(Delivery::Queued));
        assert_eq!(dropped(&bench.close()), [("a".into(), Why::Unknown), ("b".into(), Why::Closed)]);
    }
}

#[test]
fn what_was_refused_is_not_sent_again() {
    let mut bench = polling(Config { resends: true, ..Config::default() });
    assert_eq!(bench.send("a").0, Ok(Delivery::Sent));
    assert_eq!(dropped(&bench.report(posted(413))), [("a".into(), Why::Refused)]);
    assert_eq!((bench.phase(), bench.machine.queued()), (Phase::Open, (0, 0)));
}

// ---- what a wire cannot carry ----

#[test]
fn what_the_wire_cannot_carry_is_handed_back_in_every_state() {
    let mut open = Bench::started(EngineIo::default());
    open.report(frame(&handshake("s1", 100)));
    let mut waiting = Bench::on(EngineIo::default(), &[LONG_POLL]);
    waiting.report(Report::Failed { lane: Lane::Down, why: "".into() });
    for mut bench in [Bench::new(EngineIo::default(), Config::default()), open, waiting] {
        let data = Data::new("a\u{1e}b");
        assert_eq!(bench.send_on(data.clone(), Terms::default()), (Err(Refused::Unsendable(data.clone())), vec![]));
        assert_eq!(bench.send_on(data.clone(), volatile()), (Err(Refused::Unsendable(data)), vec![]));
        assert!(bench.send_on(Data::Bytes(b"a\x1eb".to_vec()), Terms::default()).0.is_ok(), "bytes may have anything");
    }
}

#[test]
fn what_the_server_would_not_take_for_its_size_is_handed_back_or_reported_and_holds_up_nothing() {
    for transport in SOCKET_OR_POLL {
        let mut bench = Bench::on(EngineIo::default(), &[transport]);
        for text in ["a", "12345678901", "b"] {
            queues(&mut bench, text, Terms::default());
        }
        let effects = match transport {
            LONG_POLL => bench.report(answer(status(200), &handshake("s1", 10))),
            _ => bench.report(frame(&handshake("s1", 10))),
        };
        assert_eq!(handed(&effects), [""; 0]);
        assert_eq!(bench.send("1234567890").0, Err(Refused::Unsendable(Data::new("1234567890"))));
        let effects = bench.step(Input::Flush(bench.id()));
        assert_eq!(dropped(&effects), [("12345678901".into(), Why::Refused)]);
        let together = if transport == LONG_POLL { vec!["4a\u{1e}4b"] } else { vec!["4a", "4b"] };
        assert_eq!(handed(&effects), together);
    }
}

// ---- what a server hands back ----

#[test]
fn what_is_volatile_is_not_queued_when_it_comes_back() {
    let mut bench = polling(Config::default());
    assert_eq!(bench.send_on(Data::new("now"), volatile()).0, Ok(Delivery::Sent));
    assert_eq!(dropped(&bench.report(posted(503))), [("now".into(), Why::Expired)]);
    assert_eq!(bench.machine.queued(), (0, 0));
}

#[test]
fn a_time_of_its_own_holds_for_a_message_that_comes_back_from_when_it_was_accepted() {
    // Sent at once, and from the queue.
    for queued in [false, true] {
        let mut bench = polling(Config::default());
        if queued {
            assert_eq!(bench.send("before").0, Ok(Delivery::Sent));
        }
        assert!(bench.send_on(Data::new("a"), waits_for(10 * SECOND)).0.is_ok());
        bench.later(SECOND);
        if queued {
            assert_eq!(handed(&bench.report(posted(202))), ["a"]);
        }
        bench.report(posted(503));
        bench.page(PageEvent::Cached);
        assert_eq!(dropped(&bench.later(9 * SECOND - 1)), []);
        assert_eq!(dropped(&bench.later(1)), [("a".into(), Why::Expired)], "queued: {queued}");
    }
}

#[test]
fn of_the_messages_with_a_key_the_newest_waits_also_where_an_older_one_comes_back() {
    let mut bench = polling(Config::default());
    assert_eq!(bench.send_on(Data::new("1"), keyed("price")).0, Ok(Delivery::Sent));
    queues(&mut bench, "2", keyed("price"));
    assert_eq!(dropped(&bench.report(posted(503))), [("1".into(), Why::Replaced)]);
    // One that came back is replaced as well.
    let mut bench = polling(Config::default());
    assert_eq!(bench.send_on(Data::new("1"), keyed("price")).0, Ok(Delivery::Sent));
    bench.report(posted(503));
    assert_eq!(dropped(&bench.send_on(Data::new("2"), keyed("price")).1), [("1".into(), Why::Replaced)]);
    assert_eq!(bench.machine.queued().0, 1);
}

#[test]
fn the_terms_of_what_was_taken_are_not_those_of_what_comes_back_later() {
    let mut bench = polling(Config::default());
    assert_eq!(bench.send_on(Data::new("now"), volatile()).0, Ok(Delivery::Sent));
    bench.report(posted(202));
    assert_eq!(bench.send("a").0, Ok(Delivery::Sent));
    assert_eq!(dropped(&bench.report(posted(503))), []);
    assert_eq!(bench.machine.queued().0, 1);
}

#[test]
fn each_message_of_a_batch_comes_back_on_its_own_terms() {
    let mut bench = Bench::on(EngineIo::default(), &[LONG_POLL]);
    queues(&mut bench, "short", waits_for(10 * SECOND));
    queues(&mut bench, "long", Terms::default());
    bench.report(answer(status(200), &handshake("s1", 100)));
    bench.step(Input::Flush(bench.id()));
    bench.report(posted(503));
    bench.page(PageEvent::Cached);
    assert_eq!(dropped(&bench.later(HOUR)), [("short".into(), Why::Expired)]);
    assert_eq!(bench.machine.queued().0, 1);
}

// ---- what is never answered ----

/// Three connect timeouts.
const UNANSWERED: u64 = 30 * SECOND;

#[test]
fn a_post_that_is_never_answered_ends_the_connection_and_may_have_arrived() {
    let mut bench = polling(Config::default());
    assert_eq!(bench.send("a").0, Ok(Delivery::Sent));
    assert_eq!(bench.send("b").0, Ok(Delivery::Queued));
    assert_eq!(dropped(&bench.later(UNANSWERED - 1)), []);
    let effects = bench.later(1);
    assert_eq!(dropped(&effects), [("a".into(), Why::Unknown)]);
    assert!(
        notices(&effects)
            .iter()
            .any(|notice| matches!(notice, Notice::Reconnecting { cause, .. } if cause.kind == Kind::Timeout)),
        "{effects:?}"
    );
}

#[test]
fn each_post_has_its_own_time_to_be_answered_and_a_large_one_more() {
    let mut bench = polling(Config::default());
    for text in ["a", "b"] {
        assert!(bench.send(text).0.is_ok());
    }
    bench.later(UNANSWERED - 1);
    assert_eq!(handed(&bench.report(posted(202))), ["b"]);
    bench.later(UNANSWERED - 1);
    bench.report(posted(202));
    assert_eq!(drops(&bench.later(HOUR)), [], "none is under way");
    // 80,000 bytes have ten seconds more.
    assert!(bench.send(&"x".repeat(80_000)).0.is_ok());
    assert_eq!(drops(&bench.later(UNANSWERED + 10 * SECOND - 1)), []);
    assert_eq!(drops(&bench.later(1)).len(), 1);
}

#[test]
fn a_post_that_is_not_answered_keeps_the_connection_from_a_better_transport_only_for_so_long() {
    let (mut bench, carrier, _) = Bench::probed();
    assert!(bench.send("m").0.is_ok());
    let mut effects = bench.step(Input::Report(carrier, answer(with_id("1:2"), "two")));
    effects.extend(bench.later(UNANSWERED + 3 * SECOND));
    assert!(!asked(&effects).is_empty(), "{effects:?}");
}

#[test]
fn a_stream_that_was_left_is_not_deaf_for_as_long_as_a_post_is_not_answered() {
    let mut bench = Bench::on(Relay, &[EVENT_SOURCE, LONG_POLL]);
    bench.opens();
    bench.step(Input::Flush(bench.id()));
    bench.report(event("one", "1:1"));
    assert!(bench.send("m").0.is_ok());
    bench.report(event("\u{fffd}", "1:2"));
    bench.later(UNANSWERED + 3 * SECOND);
    assert!(bench.tries.len() > 1);
}
