//! The ladder: when a rung is left for the next one, and what is remembered of it.
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
    backoff::Backoff,
    cause::Kind,
    machine::Config,
    time::Millis,
    types::{Effect, End, Input, Notice, Phase, Report, Transport},
    wire::{raw::Raw, relay::Relay, sse::Sse},
};
use world::{
    Bench, Data, EVENT_SOURCE, FETCH_STREAM, HOUR, LONG_POLL, SECOND, SOCKET_OR_POLL, WEBSOCKET, XHR_STREAM, answer,
    begins,
    bench::{asked, drops, notices, remembered},
    cause_of, event, failed, frame, opened, piece, sse, with_id,
};

/// The newest attempt is answered, as its transport is.
fn is_answered(bench: &mut Bench) -> Vec<Effect<Data>> {
    match bench.rungs().last() {
        Some(&EVENT_SOURCE) => bench.opens(),
        _ => bench.report(begins()),
    }
}

/// The newest attempt is answered, and brings no byte in the time that it has for the first one.
fn brings_nothing(bench: &mut Bench) -> Vec<Effect<Data>> {
    is_answered(bench);
    bench.later(20 * SECOND)
}

// ---- stepping down ----

#[test]
fn a_websocket_that_never_worked_is_left_at_once() {
    let mut bench = Bench::on(Relay, &SOCKET_OR_POLL);
    let effects = bench.breaks();
    assert_eq!(bench.rungs(), [WEBSOCKET, LONG_POLL]);
    assert!(matches!(notices(&effects)[..], [Notice::Reconnecting { delay: Millis::ZERO, .. }]));
    let effects = bench.report(answer(with_id("1:1"), "one"));
    assert!(matches!(notices(&effects)[..], [Notice::Opened, Notice::Message(_)]), "it opens as if it were the first");
}

#[test]
fn from_the_last_rung_it_goes_around_and_waits() {
    let mut bench = Bench::on(Relay, &SOCKET_OR_POLL);
    for _ in 0..6 {
        bench.breaks();
        bench.report(failed());
        assert_eq!(bench.phase(), Phase::Waiting);
        bench.waits();
    }
    assert_eq!(bench.rungs()[..6], [WEBSOCKET, LONG_POLL, WEBSOCKET, LONG_POLL, WEBSOCKET, LONG_POLL]);
    assert!(bench.delays().iter().skip(1).step_by(2).all(|&delay| delay > 0));
}

/// T33, one side.
#[test]
fn an_ordinary_drop_of_a_useful_socket_is_no_reason_to_step_down() {
    let mut bench = Bench::open(Relay);
    for _ in 0..20 {
        bench.report(frame("useful"));
        bench.breaks();
        bench.waits();
        bench.opens();
    }
    assert_eq!(bench.rungs(), [WEBSOCKET; 21]);
    bench.later(5 * SECOND);
    bench.breaks();
    bench.waits();
    assert_eq!(bench.rungs(), [WEBSOCKET; 22], "to have been open for long is useful as well");
}

/// T33, the other side.
#[test]
fn a_socket_that_opens_and_dies_unused_is_left_when_it_does_so_again() {
    let mut bench = Bench::open(Relay);
    bench.breaks();
    bench.waits();
    assert_eq!(bench.rungs(), [WEBSOCKET, WEBSOCKET], "one drop may be an ordinary one");
    bench.opens();
    bench.breaks();
    bench.waits();
    assert_eq!(bench.rungs(), [WEBSOCKET, WEBSOCKET, EVENT_SOURCE]);
}

/// The way down to a rung that works is no try too many; to try one of them again is.
#[test]
fn a_connection_that_may_not_retry_tries_each_rung_once() {
    let none = || Backoff { max_retries: Some(0), ..Backoff::DEFAULT };
    let mut bench = Bench::with(Relay, Config { backoff: none(), ..Config::default() });
    bench.breaks();
    bench.report(Report::SourceError { gave_up: true });
    bench.report(failed());
    assert_eq!((bench.rungs(), bench.phase()), (vec![WEBSOCKET, EVENT_SOURCE, LONG_POLL], Phase::Closed));
    // Once there was a connection, there is no way down any more.
    let mut bench = Bench::with(Relay, Config { backoff: none(), ..Config::default() });
    bench.breaks();
    bench.opens();
    bench.report(Report::SourceError { gave_up: true });
    assert_eq!((bench.rungs(), bench.phase()), (vec![WEBSOCKET, EVENT_SOURCE], Phase::Closed));
}

/// T33: it was there, so it may be the server that is away; but that has proved nothing.
#[test]
fn a_socket_that_opened_once_unused_and_does_not_open_again_is_left() {
    let mut bench = Bench::open(Relay);
    for _ in 0..2 {
        bench.breaks();
        bench.waits();
    }
    assert_eq!(bench.rungs(), [WEBSOCKET, WEBSOCKET, EVENT_SOURCE]);
}

#[test]
fn a_rung_that_was_useful_once_is_given_a_second_try() {
    let mut bench = Bench::on(Relay, &SOCKET_OR_POLL);
    bench.opens();
    bench.report(frame("useful"));
    bench.breaks();
    for _ in 0..2 {
        bench.waits();
        bench.breaks();
    }
    bench.waits();
    assert_eq!(bench.rungs(), [WEBSOCKET, WEBSOCKET, WEBSOCKET, LONG_POLL]);
    let effects = bench.report(answer(with_id("1:1"), "one"));
    let told = notices(&effects);
    assert!(
        matches!(
            told[..],
            [
                Notice::Reconnected { transport: LONG_POLL, .. },
                Notice::TransportChanged { from: WEBSOCKET, to: LONG_POLL, why: Some(_) },
                Notice::Message(_)
            ]
        ),
        "{told:?}"
    );
}

// ---- silence since the opening ----

#[test]
fn a_stream_that_brings_no_byte_is_left_for_the_next_rung_and_that_one_as_well() {
    let mut bench = Bench::started(sse());
    for (rung, next) in [(EVENT_SOURCE, FETCH_STREAM), (FETCH_STREAM, XHR_STREAM), (XHR_STREAM, LONG_POLL)] {
        is_answered(&mut bench);
        let id = bench.id();
        bench.later(19_999);
        assert_eq!((bench.phase(), bench.snapshot().transport), (Phase::Open, Some(rung)));
        let effects = bench.later(1);
        assert!(drops(&effects).contains(&id));
        let told = notices(&effects);
        assert!(matches!(told[..], [Notice::Reconnecting { delay: Millis::ZERO, .. }]), "at once: {told:?}");
        assert_eq!(cause_of(told[0]).kind, Kind::Silence);
        assert_eq!(bench.rungs().last(), Some(&next));
    }
}

#[test]
fn the_deadline_for_the_first_byte_can_be_chosen_and_be_none() {
    let first_byte = |first_byte| Bench::with(sse(), Config { first_byte, ..Config::default() });
    let mut bench = first_byte(Some(Millis(3 * SECOND)));
    bench.opens();
    bench.later(3 * SECOND);
    assert_eq!(bench.rungs(), [EVENT_SOURCE, FETCH_STREAM]);
    let mut bench = first_byte(None);
    bench.opens();
    assert_eq!(bench.later(HOUR), []);
}

/// T30: a comment every fifteen seconds is what the standard advises servers to send.
#[test]
fn a_comment_is_a_byte() {
    let mut bench = Bench::on(sse(), &[FETCH_STREAM, XHR_STREAM]);
    bench.report(begins());
    bench.later(15 * SECOND);
    bench.chunk(":\n");
    bench.later(HOUR);
    assert_eq!((bench.phase(), bench.tries.len()), (Phase::Open, 1));
}

/// A machine that has gone around its ladder, and found no rung that brings a byte.
fn gone_around(transports: &[Transport]) -> Bench {
    let mut bench = Bench::on(sse(), transports);
    for _ in 1..transports.len() {
        brings_nothing(&mut bench);
    }
    assert_eq!(bench.rungs().last(), Some(&LONG_POLL));
    // Half a second until the poll counts as held, and thrice the connect timeout.
    bench.later(30_500);
    bench.waits();
    bench
}

#[test]
fn when_no_rung_brings_a_byte_it_is_the_server_that_is_quiet_and_the_best_one_is_kept() {
    let mut bench = gone_around(Sse::LADDER);
    assert_eq!(bench.rungs().last(), Some(&EVENT_SOURCE));
    bench.opens();
    let tries = bench.tries.len();
    bench.later(48 * HOUR);
    assert_eq!((bench.phase(), bench.tries.len()), (Phase::Open, tries));
}

#[test]
fn a_quiet_servers_stream_that_ends_is_opened_again_on_its_rung() {
    let mut bench = gone_around(&[FETCH_STREAM, LONG_POLL]);
    for _ in 0..10 {
        bench.report(begins());
        bench.later(60 * SECOND);
        bench.report(Report::Done);
        bench.waits();
    }
    assert!(bench.rungs().ends_with(&[FETCH_STREAM; 11]));
}

#[test]
fn a_quiet_server_under_a_silence_timeout_is_asked_again_on_the_same_rung() {
    let silence = Some(Millis(45 * SECOND));
    let transports = vec![FETCH_STREAM, XHR_STREAM, LONG_POLL];
    let mut bench = Bench::with(sse(), Config { silence, transports, ..Config::default() });
    brings_nothing(&mut bench);
    brings_nothing(&mut bench);
    bench.later(30_500);
    for _ in 0..5 {
        bench.waits();
        bench.report(begins());
        assert_eq!(bench.snapshot().transport, Some(FETCH_STREAM));
        bench.later(45 * SECOND);
    }
}

#[test]
fn once_something_has_come_the_rungs_have_to_bring_bytes_again() {
    let mut bench = gone_around(Sse::LADDER);
    bench.opens();
    bench.later(HOUR);
    bench.report(event("one", "1"));
    bench.report(Report::SourceError { gave_up: false });
    bench.waits();
    assert_eq!(bench.rungs().last(), Some(&FETCH_STREAM), "which can send the id");
    brings_nothing(&mut bench);
    assert_eq!(bench.rungs().last(), Some(&XHR_STREAM));
}

/// It was remembered because those above it hold bytes back, perhaps; so they have to show that they do not.
#[test]
fn a_remembered_rung_that_is_silent_says_nothing_of_those_above_it() {
    let mut bench = Bench::with(sse(), Config { begin_with: Some(LONG_POLL), ..Config::default() });
    bench.later(30_500);
    bench.waits();
    for next in [FETCH_STREAM, XHR_STREAM, LONG_POLL] {
        brings_nothing(&mut bench);
        assert_eq!(bench.rungs().last(), Some(&next));
    }
    bench.later(30_500);
    bench.waits();
    bench.opens();
    bench.later(HOUR);
    assert_eq!((bench.phase(), bench.snapshot().transport), (Phase::Open, Some(EVENT_SOURCE)), "after a whole round");
}

#[test]
fn the_last_rung_is_not_left_for_its_silence() {
    let mut bench = Bench::on(sse(), &[FETCH_STREAM, XHR_STREAM]);
    brings_nothing(&mut bench);
    bench.report(begins());
    bench.later(HOUR);
    assert_eq!(bench.snapshot().transport, Some(XHR_STREAM));
    assert_eq!(bench.delays(), [0], "the step down, and no interruption since");
}

#[test]
fn a_single_rung_is_not_left_for_its_silence() {
    for &transport in Sse::LADDER {
        let mut bench = Bench::on(sse(), &[transport]);
        is_answered(&mut bench);
        bench.later(HOUR);
        assert_eq!((bench.phase(), bench.tries.len(), bench.delays().len()), (Phase::Open, 1, 0), "{transport:?}");
    }
}

/// Who says how long a server is silent at most is believed, whatever carries it; a poll that is read for an endless stream says nothing.
#[test]
fn a_relays_poll_is_left_after_the_silence_timeout_and_a_streams_is_not() {
    let silent = |silence| Config { silence, transports: vec![LONG_POLL], ..Config::default() };
    let open = |bench: &mut Bench, report| {
        bench.report(report);
        bench.later(59 * SECOND);
        (bench.phase(), bench.later(SECOND))
    };
    let mut bench = Bench::with(Relay, silent(Some(Millis(60 * SECOND))));
    let (phase, effects) = open(&mut bench, answer(with_id("1:1"), "x"));
    assert_eq!((phase, cause_of(notices(&effects)[0]).kind), (Phase::Open, Kind::Silence));
    let mut bench = Bench::with(Relay, silent(None));
    assert!(notices(&open(&mut bench, answer(with_id("1:1"), "x")).1).is_empty(), "nobody said so");
    let mut bench = Bench::with(sse(), silent(Some(Millis(60 * SECOND))));
    bench.polled("id: 1\ndata: x\n\n");
    assert!(notices(&bench.later(HOUR)).is_empty());
}

/// An answer that is empty has come through all the same: nothing holds it back.
#[test]
fn polls_that_are_answered_with_nothing_are_no_silence() {
    let mut bench = Bench::on(sse(), &[FETCH_STREAM, LONG_POLL]);
    brings_nothing(&mut bench);
    let carrier = bench.id();
    for _ in 0..10 {
        assert!(!drops(&bench.later(25 * SECOND)).contains(&carrier), "a pending poll is not aborted");
        bench.polled_of(carrier, "");
    }
    assert_eq!((bench.phase(), bench.snapshot().transport), (Phase::Open, Some(LONG_POLL)));
    assert_eq!((bench.delays().len(), bench.snapshot().attempt), (1, 0));
}

// ---- what was useful ----

/// T33: to have brought a byte is useful, whatever it was.
#[test]
fn a_drop_of_a_stream_that_had_been_useful_never_steps_down() {
    for transport in [FETCH_STREAM, XHR_STREAM] {
        let mut bench = Bench::on(sse(), &[transport, LONG_POLL]);
        for end in [failed(), Report::Done].into_iter().cycle().take(20) {
            bench.report(begins());
            bench.chunk(":\n");
            bench.report(end);
            bench.waits();
        }
        for _ in 0..20 {
            bench.later(10 * SECOND);
            bench.waits();
        }
        assert_eq!(bench.rungs(), [transport; 41], "nor does an outage after it");
    }
}

#[test]
fn a_drop_of_the_browsers_own_that_had_been_useful_never_steps_down() {
    let mut bench = Bench::open(sse());
    for _ in 0..20 {
        bench.report(event("without an id", ""));
        bench.report(Report::SourceError { gave_up: false });
        bench.waits();
        bench.opens();
    }
    assert_eq!(bench.rungs(), [EVENT_SOURCE; 21]);
}

#[test]
fn a_rung_that_had_been_useful_is_not_asked_to_prove_itself_again() {
    for (transport, useful) in [(FETCH_STREAM, piece("data: x\n\n")), (EVENT_SOURCE, event("x", ""))] {
        let mut bench = Bench::on(sse(), &[transport, LONG_POLL]);
        is_answered(&mut bench);
        bench.report(useful);
        bench.report(failed());
        bench.waits();
        is_answered(&mut bench);
        bench.later(HOUR);
        assert_eq!(
            (bench.phase(), bench.rungs()),
            (Phase::Open, vec![transport; 2]),
            "the server may be quiet for long"
        );
    }
}

#[test]
fn a_stream_that_ends_without_a_byte_is_opened_again_on_its_rung() {
    for transport in [FETCH_STREAM, XHR_STREAM] {
        let mut bench = Bench::on(sse(), &[transport, LONG_POLL]);
        for end in [failed(), Report::Done].into_iter().cycle().take(20) {
            bench.report(begins());
            bench.later(6 * SECOND);
            bench.report(end);
            bench.waits();
        }
        assert_eq!(bench.rungs(), [transport; 21], "nothing was held back");
    }
}

// ---- remembering ----

#[test]
fn a_fallback_is_remembered_when_it_is_proved_and_not_when_it_opens() {
    let mut bench = Bench::started(sse());
    assert_eq!(remembered(&brings_nothing(&mut bench)), []);
    assert_eq!(remembered(&brings_nothing(&mut bench)), []);
    assert_eq!(remembered(&bench.report(begins())), []);
    assert_eq!(remembered(&bench.chunk(":\n")), [Some(XHR_STREAM)]);
    assert_eq!(remembered(&bench.chunk("data: x\n\n")), [], "once");

    let mut bench = Bench::on(Relay, &SOCKET_OR_POLL);
    bench.breaks();
    assert_eq!(remembered(&bench.later(10 * SECOND)), [], "a poll that is held proves nothing");
    assert_eq!(remembered(&bench.report(answer(with_id("1:1"), "one"))), [Some(LONG_POLL)]);
}

#[test]
fn what_is_as_good_as_the_best_is_not_remembered() {
    let mut bench = Bench::started(sse());
    bench.report(Report::SourceError { gave_up: true });
    bench.report(begins());
    assert_eq!(remembered(&bench.chunk("data: x\n\n")), []);
    let mut bench = Bench::open(Relay);
    assert_eq!(remembered(&bench.report(frame("x"))), []);
}

/// T34: the preference is not for ever, nor for one page.
#[test]
fn a_fallback_is_forgotten_when_the_better_transport_is_back() {
    let (mut bench, carrier, _) = Bench::probed();
    bench.step(Input::Report(carrier, answer(with_id("1:2"), "two")));
    assert_eq!(remembered(&bench.report(opened(true))), [], "to open is not enough");
    assert_eq!(remembered(&bench.later(5 * SECOND)), [None]);
}

#[test]
fn a_remembered_transport_is_begun_with_and_probed_out_of() {
    let with = |begin_with| Config { begin_with: Some(begin_with), ..Config::default() };
    for (mut bench, fallback, best) in [
        (Bench::with(Relay, with(LONG_POLL)), LONG_POLL, WEBSOCKET),
        (Bench::with(sse(), with(XHR_STREAM)), XHR_STREAM, FETCH_STREAM),
        (Bench::with(sse(), with(LONG_POLL)), LONG_POLL, FETCH_STREAM),
    ] {
        assert_eq!(bench.rungs(), [fallback]);
        let effects = match fallback {
            LONG_POLL => bench.later(600),
            _ => bench.report(begins()),
        };
        assert_eq!(notices(&effects), [&Notice::Opened]);
        assert_eq!(asked(&bench.later(15 * SECOND)), [""]);
        assert_eq!(bench.rungs(), [fallback, best]);
    }
}

#[test]
fn what_was_remembered_and_is_proved_again_needs_no_reminder() {
    let mut bench = Bench::with(sse(), Config { begin_with: Some(XHR_STREAM), ..Config::default() });
    bench.report(begins());
    assert_eq!(remembered(&bench.chunk(":\n")), []);
}

#[test]
fn a_remembered_transport_that_this_connection_has_not_is_ignored_and_forgotten() {
    let mut bench = Bench::with(Raw::default(), Config { begin_with: Some(LONG_POLL), ..Config::default() });
    assert_eq!(bench.rungs(), [WEBSOCKET]);
    bench.opens();
    assert_eq!(remembered(&bench.report(frame("x"))), [None]);

    let transports = vec![FETCH_STREAM, LONG_POLL];
    let mut bench = Bench::with(sse(), Config { begin_with: Some(XHR_STREAM), transports, ..Config::default() });
    assert_eq!(bench.rungs(), [FETCH_STREAM]);
    bench.report(begins());
    assert_eq!(remembered(&bench.chunk(":\n")), [None]);
}

/// The ladder goes around, so what was remembered wrongly costs no more than any other rung.
#[test]
fn a_remembered_transport_that_does_not_work_any_more_is_left() {
    let mut bench = Bench::with(Relay, Config { begin_with: Some(LONG_POLL), ..Config::default() });
    bench.report(failed());
    bench.waits();
    assert_eq!(bench.rungs(), [LONG_POLL, WEBSOCKET]);
}

#[test]
fn a_ladder_without_a_rung_is_the_end() {
    let mut bench = Bench::with(sse(), Config { transports: vec![WEBSOCKET], ..Config::default() });
    let told: Vec<_> = bench.notices().collect();
    assert!(matches!(told[..], [Notice::Closed(End { code: 1006, cause: Some(_), .. })]));
    assert_eq!(bench.later(HOUR), []);
}
