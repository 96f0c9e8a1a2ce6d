//! Details of the machine that no other test would miss: each of these fails with one condition or statement of `src/core` left out.
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
    machine::Config,
    types::{ConnId, Delivery, Effect, Input, Lane, Notice, PageEvent, Phase, Report, Why},
    wire::{engine_io::EngineIo, raw::Raw, relay::Relay},
};
use world::{
    Bench, EVENT_SOURCE, HOUR, LONG_POLL, MINUTE, SECOND, SOCKET_OR_POLL, WEBSOCKET, answer,
    bench::{asked, dropped, drops, handed, notices, remembered},
    event, failed, frame, handshake, posted, status, with_id,
};

/// A session of Engine.IO by polling whose upgrade is ready, and the id of its carrier.
fn ready() -> (Bench, ConnId) {
    let mut bench = Bench::with(EngineIo::default(), Config { begin_low: true, ..Config::default() });
    bench.report(answer(status(200), &handshake("s1", 1000)));
    bench.step(Input::Flush(bench.id()));
    let carrier = bench.id();
    bench.later(10);
    bench.opens();
    bench.report(frame("3probe"));
    (bench, carrier)
}
#[test]
fn all_first_words_go_before_the_queue_by_post() {
    let mut bench = Bench::on(Relay, &[LONG_POLL]);
    let _ = bench.send("q1");
    bench.report(answer(with_id("1:1"), "one"));
    for word in ["auth 1", "auth 2"] {
        let _ = bench.send(word);
    }
    bench.step(Input::Flush(bench.id()));
    assert_eq!(handed(&bench.report(posted(202))), ["auth 2"]);
    assert_eq!(handed(&bench.report(posted(202))), ["q1"]);
}
#[test]
fn a_reconnect_that_was_asked_for_is_told_and_shuts_the_gate() {
    let mut bench = Bench::with(Raw::default(), Config { gate: true, ..Config::default() });
    bench.opens();
    bench.step(Input::Release);
    bench.step(Input::Reconnect);
    let _ = bench.send("q");
    let effects = bench.opens();
    assert!(matches!(notices(&effects)[..], [Notice::Reconnected { .. }]), "{effects:?}");
    assert_eq!(handed(&bench.step(Input::Flush(bench.id()))), Vec::<String>::new());
}
#[test]
fn what_waited_for_the_upgrade_goes_with_it() {
    let (mut bench, carrier) = ready();
    assert_eq!(bench.send("a").0, Ok(Delivery::Sent));
    assert_eq!(bench.send("b").0, Ok(Delivery::Queued));
    bench.step(Input::Report(carrier, answer(status(200), "6")));
    let effects = bench.step(Input::Report(carrier, posted(200)));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Flush(_))), "{effects:?}");
}
#[test]
fn a_move_is_told_once() {
    let (mut bench, carrier) = ready();
    bench.step(Input::Report(carrier, answer(status(200), "6")));
    bench.breaks();
    bench.waits();
    bench.opens();
    let effects = bench.report(frame(&handshake("s2", 1000)));
    assert!(!notices(&effects).iter().any(|n| matches!(n, Notice::TransportChanged { .. })), "{effects:?}");
}
#[test]
fn an_upgrade_forgets_the_fallback_when_it_has_proved_itself() {
    let mut bench = Bench::started(EngineIo::default());
    bench.breaks();
    let e = bench.report(answer(status(200), &handshake("s1", 1000)));
    assert_eq!(remembered(&e), [Some(LONG_POLL)]);
    bench.step(Input::Flush(bench.id()));
    let carrier = bench.id();
    bench.later(15 * SECOND);
    bench.opens();
    bench.report(frame("3probe"));
    bench.step(Input::Report(carrier, answer(status(200), "6")));
    assert_eq!(remembered(&bench.report(frame("4x"))), [None]);
}
#[test]
fn strikes_are_counted_in_a_row() {
    let mut bench = Bench::open(Relay);
    for _ in 0..6 {
        bench.breaks();
        bench.waits();
        bench.opens();
        bench.report(frame("useful"));
        bench.breaks();
        bench.waits();
        bench.opens();
    }
    assert!(bench.rungs().iter().all(|rung| *rung == WEBSOCKET), "{:?}", bench.rungs());
}
#[test]
fn a_relays_first_poll_is_held_for_as_long_as_the_server_likes() {
    let mut bench = Bench::on(Relay, &SOCKET_OR_POLL);
    bench.breaks();
    let carrier = bench.id();
    let mut effects = bench.later(15 * SECOND);
    bench.breaks(); // the probe
    effects.extend(bench.later(5 * MINUTE));
    assert!(!drops(&effects).contains(&carrier));
}
#[test]
fn a_poll_that_was_held_and_failed_forgives_nothing() {
    let mut bench = Bench::on(Relay, &[LONG_POLL]);
    for attempt in 1..=5 {
        bench.later(6 * SECOND);
        bench.report(failed());
        assert_eq!(bench.snapshot().attempt, attempt);
        bench.waits();
    }
}
#[test]
fn doubt_is_of_polls_and_not_of_a_socket() {
    let mut bench = Bench::on(Relay, &SOCKET_OR_POLL);
    bench.breaks();
    bench.report(failed()); // the poll as well
    let _ = bench.send("q");
    bench.waits();
    bench.opens();
    assert_eq!(handed(&bench.step(Input::Flush(bench.id()))), ["q"]);
}
#[test]
fn a_poll_that_is_held_ends_the_doubt() {
    let mut bench = Bench::on(Relay, &[LONG_POLL]);
    bench.report(failed());
    let _ = bench.send("q");
    bench.waits();
    bench.later(500);
    assert_eq!(handed(&bench.step(Input::Flush(bench.id()))), Vec::<String>::new());
    assert_eq!(handed(&bench.later(5 * SECOND)), ["q"]);
}
#[test]
fn the_status_is_told() {
    let mut bench = Bench::new(Raw::default(), Config::default());
    bench.step(Input::Start);
    assert!(bench.told.iter().any(|(_, n)| matches!(n, Notice::Status(_))));
}
#[test]
fn the_flush_of_an_earlier_carrier_is_none() {
    let mut bench = Bench::started(Raw::default());
    let _ = bench.send("q");
    bench.opens();
    let old = bench.id();
    bench.breaks();
    bench.waits();
    bench.opens();
    assert_eq!(handed(&bench.step(Input::Flush(old))), Vec::<String>::new());
}
#[test]
fn what_is_too_large_is_reported_once() {
    let mut bench = Bench::on(EngineIo::default(), &[LONG_POLL]);
    let _ = bench.send("12345678901");
    let _ = bench.send("a");
    bench.report(answer(status(200), &handshake("s1", 10)));
    let mut e = bench.step(Input::Flush(bench.id()));
    e.extend(bench.report(Report::Failed { lane: Lane::Up, why: "".into() }));
    assert_eq!(dropped(&e), [("12345678901".into(), Why::Refused), ("a".into(), Why::Unknown)]);
}
#[test]
fn a_quiet_stream_is_left_as_soon_as_the_probe_holds() {
    let mut bench = Bench::on(Relay, &[WEBSOCKET, EVENT_SOURCE]);
    bench.breaks();
    bench.opens();
    bench.step(Input::Flush(bench.id()));
    bench.report(event("one", "1:1"));
    bench.later(15 * SECOND);
    bench.opens();
    let e = bench.later(SECOND);
    assert_eq!(asked(&e), ["1:1"], "{e:?}");
}

// ---- faults that were found by looking for them ----

/// T33: Engine.IO's handshake is no use of a socket.
#[test]
fn an_engine_io_socket_that_opens_and_dies_is_left_for_polling() {
    let mut bench = Bench::started(EngineIo::default());
    for _ in 0..2 {
        bench.opens();
        bench.report(frame(&handshake("s1", 1000)));
        bench.later(SECOND);
        bench.breaks();
        bench.waits();
    }
    assert_eq!(bench.rungs(), [WEBSOCKET, WEBSOCKET, LONG_POLL]);
}

/// Such as an Engine.IO server with `transports: ["websocket"]`, which was away for two tries.
#[test]
fn a_rung_that_the_server_does_not_have_ends_no_connection_that_was_by_another_one() {
    let mut bench = Bench::started(EngineIo::default());
    bench.opens();
    bench.report(frame(&handshake("s1", 1000)));
    bench.later(30 * SECOND);
    for _ in 0..3 {
        bench.breaks();
        bench.waits();
    }
    assert_eq!(bench.rungs().last(), Some(&LONG_POLL));
    bench.report(answer(status(400), r#"{"code":0,"message":"Transport unknown"}"#));
    assert_eq!(bench.phase(), Phase::Waiting);
    for _ in 0..5 {
        bench.waits();
        assert_eq!(bench.rungs().last(), Some(&WEBSOCKET), "and it is not tried again");
        bench.breaks();
    }
}

/// A connection on its way up, between two transports.
fn climbing(config: Config) -> Bench {
    let mut bench = Bench::with(Relay, Config { transports: SOCKET_OR_POLL.into(), ..config });
    bench.breaks();
    bench.report(answer(with_id("1:1"), "one"));
    bench.step(Input::Flush(bench.id()));
    bench.step(Input::Release);
    let carrier = bench.id();
    bench.later(15 * SECOND);
    bench.opens();
    bench.later(SECOND);
    bench.step(Input::Report(carrier, answer(with_id("1:2"), "two")));
    assert_eq!(bench.phase(), Phase::Connecting);
    bench
}

#[test]
fn what_is_lost_on_the_way_up_is_told_and_shuts_the_gate() {
    for is_page in [true, false] {
        let mut bench = climbing(Config { gate: true, ..Config::default() });
        assert_eq!(bench.send("secret").0, Ok(Delivery::Queued));
        if is_page {
            bench.page(PageEvent::Cached);
            bench.later(HOUR);
            bench.page(PageEvent::Restored);
        } else {
            bench.step(Input::Reconnect);
        }
        let effects = bench.opens();
        assert!(notices(&effects).iter().any(|notice| matches!(notice, Notice::Reconnected { .. })), "{effects:?}");
        assert_eq!(handed(&bench.step(Input::Flush(bench.id()))), Vec::<String>::new());
    }
}
