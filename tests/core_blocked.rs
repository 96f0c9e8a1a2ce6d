//! A WebSocket that no path lets through: how that is found out, and told.
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
    cause::{Kind, Verdict},
    machine::Config,
    types::{Effect, End, Input, Lane, Notice, PageEvent, Phase, Report, Ruling},
    wire::{raw::Raw, relay::Relay},
};
use world::{
    Bench, Data, HOUR, LONG_POLL, SECOND, SOCKET_OR_POLL, WEBSOCKET, answer, bench::notices, cause_of, frame, status,
};

fn inquiries(effects: &[Effect<Data>]) -> usize {
    effects.iter().filter(|effect| matches!(effect, Effect::Inquire)).count()
}

/// So many tries fail. How often the server is asked by HTTP at each of them.
fn fails(bench: &mut Bench, times: usize) -> Vec<usize> {
    let fail = |_| {
        if bench.phase() == Phase::Waiting {
            bench.waits();
        }
        inquiries(&bench.breaks())
    };
    (0..times).map(fail).collect()
}

/// One whose three tries have failed.
fn asking() -> Bench {
    let mut bench = Bench::started(Raw::default());
    assert_eq!(fails(&mut bench, 3), [0, 0, 1]);
    bench
}

#[test]
fn after_every_third_failure_of_a_socket_that_never_worked_the_server_is_asked_by_http() {
    let mut bench = Bench::started(Raw::default());
    assert_eq!(fails(&mut bench, 9), [0, 0, 1, 0, 0, 1, 0, 0, 1]);
    let mut bench = Bench::on(Relay, &[WEBSOCKET]);
    assert_eq!(fails(&mut bench, 3), [0, 0, 1], "on any wire, where there is no other rung");
}

#[test]
fn a_try_that_is_not_answered_counts_as_well() {
    let mut bench = Bench::started(Raw::default());
    for _ in 0..2 {
        assert_eq!(inquiries(&bench.later(10 * SECOND)), 0);
        bench.waits();
    }
    assert_eq!(inquiries(&bench.later(10 * SECOND)), 1);
}

#[test]
fn where_there_is_another_rung_nobody_is_asked() {
    let mut bench = Bench::on(Relay, &SOCKET_OR_POLL);
    for _ in 0..12 {
        let failed = Report::Failed { lane: Lane::Down, why: "".into() };
        let effects = if bench.rungs().last() == Some(&WEBSOCKET) { bench.breaks() } else { bench.report(failed) };
        assert_eq!(inquiries(&effects), 0);
        if bench.phase() == Phase::Waiting {
            bench.waits();
        }
    }
}

#[test]
fn a_server_that_says_why_it_closes_is_not_asked() {
    let mut bench = Bench::started(Raw::default());
    for _ in 0..9 {
        assert_eq!(inquiries(&bench.closes(4000)), 0);
        bench.waits();
    }
}

/// What was once open is away, and not blocked.
#[test]
fn once_it_was_open_nobody_is_asked_and_no_answer_counts() {
    let mut bench = Bench::open(Raw::default());
    assert_eq!(fails(&mut bench, 9), [0; 9], "although it was not of use");
    bench.step(Input::Inquired(404));
    assert_eq!(bench.phase(), Phase::Waiting);
    let mut bench = asking();
    bench.waits();
    bench.opens();
    bench.report(frame("x"));
    bench.step(Input::Inquired(404));
    assert_eq!(bench.phase(), Phase::Open, "the answer came too late to be of interest");
}

/// One whose three tries have failed, and to whose question this was the answer.
fn answered(status: u16) -> Bench {
    let mut bench = asking();
    assert_eq!(bench.step(Input::Inquired(status)), [], "the server may just have come back");
    bench
}

/// T7, T15: one clear error, and no endless loop.
#[test]
fn after_an_answer_that_is_no_sign_of_a_server_that_is_away_the_next_try_is_the_last() {
    for status in [200, 204, 301, 400, 403, 404, 405, 409, 410, 426] {
        let mut bench = answered(status);
        bench.waits();
        let effects = bench.breaks();
        let told = notices(&effects);
        assert!(matches!(told[..], [Notice::Closed(End { code: 1006, .. })]), "{told:?}");
        let cause = cause_of(told[0]);
        assert_eq!((cause.kind, cause.status), (Kind::Unusable, status));
        for word in ["WebSocket", "fallback", "relay", "engine.io"] {
            assert!(cause.reason.to_string().contains(word), "{}", cause.reason);
        }
        assert_eq!(bench.later(HOUR), []);
    }
}

/// Such as that of an Engine.IO server which is set up for WebSockets alone, and was away for the first try.
#[test]
fn a_server_that_refuses_the_fallback_before_anything_has_worked_is_tried_once_more_by_websocket() {
    for code in [400, 403, 404] {
        let refused = || {
            let mut bench = Bench::on(Relay, &SOCKET_OR_POLL);
            bench.breaks();
            let told = bench.report(answer(status(code), ""));
            assert_eq!(bench.rungs(), [WEBSOCKET, LONG_POLL, WEBSOCKET], "at once: {told:?}");
            bench
        };
        let mut bench = refused();
        bench.opens();
        bench.breaks();
        assert_ne!(bench.phase(), Phase::Closed, "it was an ordinary drop");
        // If that fails, what the server said is the reason.
        let mut bench = refused();
        let effects = bench.breaks();
        let told = notices(&effects);
        assert!(matches!(told[..], [Notice::Closed(End { code: 1006, .. })]), "{told:?}");
        assert_eq!((cause_of(told[0]).kind, cause_of(told[0]).status), (Kind::Status, code));
    }
}

/// A server that takes its time to refuse looks, until then, like one that holds the poll.
#[test]
fn a_refusal_that_comes_late_counts_as_well() {
    for transports in [&SOCKET_OR_POLL[..], &[LONG_POLL]] {
        let mut bench = Bench::on(Relay, transports);
        if bench.rungs() == [WEBSOCKET] {
            bench.breaks();
        }
        bench.later(800);
        assert_eq!(bench.phase(), Phase::Open, "as far as can be seen");
        bench.report(answer(status(404), ""));
        if bench.rungs().last() == Some(&WEBSOCKET) {
            bench.breaks();
        }
        let last = bench.notices().last();
        let Some(Notice::Closed(End { cause: Some(cause), .. })) = last else { panic!("{last:?}") };
        assert_eq!((cause.kind, cause.status), (Kind::Status, 404));
    }
}

#[test]
fn an_application_that_takes_such_a_refusal_for_the_end_is_obeyed() {
    for (ruling, phase) in [(None, Phase::Connecting), (Some(Ruling::Verdict(Verdict::Stop)), Phase::Closed)] {
        let config = Config { judges: true, transports: SOCKET_OR_POLL.to_vec(), ..Config::default() };
        let mut bench = Bench::with(Relay, config);
        bench.breaks();
        bench.step(Input::Judged(None));
        bench.report(answer(status(403), ""));
        bench.step(Input::Judged(ruling));
        assert_eq!(bench.phase(), phase, "{ruling:?}");
    }
}

#[test]
fn a_server_that_came_back_while_it_was_asked_is_found() {
    for also_fails in [0, 1] {
        let mut bench = asking();
        if also_fails == 1 {
            // This one began before the answer.
            bench.waits();
        }
        bench.step(Input::Inquired(404));
        for _ in 0..also_fails {
            bench.breaks();
        }
        bench.waits();
        bench.opens();
        assert_eq!(bench.phase(), Phase::Open);
        fails(&mut bench, 9);
        assert_eq!(bench.phase(), Phase::Waiting, "and from then on it is away, not blocked");
    }
}

#[test]
fn no_try_is_the_last_while_the_host_is_offline_or_after_the_page_was_away() {
    let mut bench = answered(404);
    bench.page(PageEvent::Offline);
    bench.waits();
    bench.breaks();
    assert_eq!(bench.phase(), Phase::Offline);
    let mut bench = answered(404);
    bench.page(PageEvent::Cached);
    bench.page(PageEvent::Restored);
    bench.breaks();
    assert_eq!(bench.phase(), Phase::Waiting);
}

/// That is no sign that WebSockets are blocked.
#[test]
fn a_server_that_answers_401_wants_new_credentials() {
    let mut bench = Bench::with(Raw::default(), Config { refreshes: true, ..Config::default() });
    for _ in 0..2 {
        fails(&mut bench, 3);
        assert_eq!(bench.step(Input::Inquired(401)), []);
        let effects = bench.waits();
        assert!(effects.contains(&Effect::Refresh), "{effects:?}");
        bench.step(Input::Refreshed(Ok(())));
    }
    let mut bench = answered(401);
    bench.waits();
    let effects = bench.breaks();
    let cause = cause_of(notices(&effects)[0]);
    assert_eq!((cause.kind, cause.status, bench.phase()), (Kind::Status, 401, Phase::Closed));
}

/// A proxy answers so as well, when the server behind it is away.
#[test]
fn an_answer_that_may_not_be_seen_counts_when_it_comes_twice() {
    let mut bench = asking();
    assert_eq!(bench.step(Input::Inquired(1)), []);
    fails(&mut bench, 3);
    assert_eq!(bench.step(Input::Inquired(1)), []);
    bench.waits();
    let effects = bench.breaks();
    let cause = cause_of(notices(&effects)[0]);
    assert_eq!((cause.kind, cause.status, bench.phase()), (Kind::Unusable, 0, Phase::Closed));
}

#[test]
fn a_sign_of_a_server_that_is_away_is_waited_out_and_makes_what_was_seen_before_worth_nothing() {
    for status in [0, 408, 425, 429, 500, 502, 503, 504, 599] {
        let mut bench = asking();
        for answer in [1, status, 1, status] {
            assert_eq!(bench.step(Input::Inquired(answer)), []);
            assert_eq!(fails(&mut bench, 3), [0, 0, 1]);
        }
        assert_eq!(bench.phase(), Phase::Waiting, "{status}");
    }
}

#[test]
fn an_answer_counts_in_any_state_but_those_without_a_connection_to_end() {
    let mut bench = asking();
    bench.page(PageEvent::Cached);
    bench.step(Input::Inquired(404));
    bench.page(PageEvent::Restored);
    bench.breaks();
    assert_eq!(bench.phase(), Phase::Closed, "it came while the page was away");
    let mut bench = Bench::new(Raw::default(), Config::default());
    assert_eq!(bench.step(Input::Inquired(404)), [], "it has not begun");
    let mut bench = Bench::open(Raw::default());
    bench.close();
    assert_eq!(bench.step(Input::Inquired(404)), [], "it is over");
}
