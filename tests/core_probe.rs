//! Probes: how a lower rung is left for a better one, with nothing lost or repeated.
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
    cursor::Continuity,
    machine::Config,
    time::Millis,
    types::{ConnId, Delivery, Head, Input, Notice, Phase, Report, Transport},
    wire::relay::Relay,
};
use world::{
    Bench, Data, EVENT_SOURCE, FETCH_STREAM, HOUR, LONG_POLL, SECOND, WEBSOCKET, XHR_STREAM, answer, begins,
    bench::{asked, drops, handed, notices, remembered},
    event_stream, failed, frame, opened, posted, sse, status, with_id,
};

// ---- of a socket ----

/// T34: no fallback is for ever.
#[test]
fn a_lower_rung_is_probed_out_of_and_nothing_is_told_of_it() {
    let mut bench = Bench::polling();
    assert_eq!(asked(&bench.later(14_999)), [""; 0]);
    let told = bench.told.len();
    bench.later(1);
    assert_eq!(bench.rungs(), [WEBSOCKET, LONG_POLL, WEBSOCKET]);
    bench.opens();
    bench.report(frame("what it receives comes again by the cursor"));
    assert_eq!(bench.told.len(), told);
    assert_eq!(bench.snapshot().transport, Some(LONG_POLL));
}

/// T35, T38: the pending poll is not aborted, and nothing is under way when the connection moves.
#[test]
fn the_connection_moves_between_two_polls_with_the_cursor() {
    let (mut bench, carrier, probe) = Bench::probed();
    assert_eq!(bench.later(HOUR), [], "the poll is still held");
    let effects = bench.step(Input::Report(carrier, answer(with_id("1:2"), "two")));
    assert_eq!(drops(&effects), [probe, carrier]);
    assert_eq!(asked(&effects), ["1:2"]);
    assert_eq!(bench.phase(), Phase::Connecting);
    let effects = bench.report(opened(true));
    let told = notices(&effects);
    assert!(
        matches!(told[..], [Notice::TransportChanged { from: LONG_POLL, to: WEBSOCKET, why: None }]),
        "there was no interruption to be told: {told:?}"
    );
    assert_eq!(bench.messages(), ["one", "two"]);
}

#[test]
fn a_probe_has_to_hold_for_a_second_and_the_next_poll_waits_for_that() {
    let mut bench = Bench::polling();
    let carrier = bench.id();
    bench.later(15 * SECOND);
    let probe = bench.id();
    bench.opens();
    let effects = bench.step(Input::Report(carrier, answer(with_id("1:2"), "two")));
    assert_eq!(asked(&effects), [""; 0]);
    assert_eq!(drops(&bench.later(999)), []);
    assert_eq!(drops(&bench.later(1)), [probe, carrier]);
}

#[test]
fn a_probe_that_does_not_hold_lets_the_polls_go_on() {
    let mut bench = Bench::polling();
    let carrier = bench.id();
    bench.later(15 * SECOND);
    bench.opens();
    bench.step(Input::Report(carrier, answer(with_id("1:2"), "two")));
    let effects = bench.breaks();
    assert_eq!(drops(&effects), [bench.id()]);
    let effects = bench.later(SECOND);
    assert_eq!(asked(&effects), ["1:2"]);
    assert_eq!(bench.snapshot().transport, Some(LONG_POLL));
}

#[test]
fn a_probe_that_does_not_open_in_time_is_dropped() {
    let mut bench = Bench::polling();
    bench.later(15 * SECOND);
    let probe = bench.id();
    assert_eq!(drops(&bench.later(10 * SECOND)), [probe]);
    bench.later(30 * SECOND);
    assert_eq!(bench.tries.len(), 4, "and the next one is later");
}

/// The relay over the browser's own EventSource, on which nothing came, and a probe that is open: the bench, its carrier and its probe.
fn idle() -> (Bench, ConnId, ConnId) {
    let mut bench = Bench::on(Relay, &[WEBSOCKET, EVENT_SOURCE]);
    bench.breaks();
    bench.opens();
    bench.step(Input::Flush(bench.id()));
    let carrier = bench.id();
    bench.later(15 * SECOND);
    let probe = bench.id();
    assert_ne!(carrier, probe);
    bench.report(opened(true));
    (bench, carrier, probe)
}

/// A new one would begin with what is sent after it.
#[test]
fn a_probe_that_has_missed_nothing_becomes_the_carrier_where_there_is_no_id_to_go_on_from() {
    let (mut bench, carrier, probe) = idle();
    let effects = bench.later(SECOND);
    assert_eq!((drops(&effects), asked(&effects)), (vec![carrier], vec![]));
    let told = notices(&effects);
    assert!(
        matches!(told[..], [Notice::TransportChanged { from: EVENT_SOURCE, to: WEBSOCKET, why: None }]),
        "{told:?}"
    );
    assert_eq!((bench.phase(), bench.id()), (Phase::Open, probe));
    bench.step(Input::Flush(probe));
    assert_eq!(handed(&bench.send("hello").1), ["hello"]);
    bench.report(frame("id: 1:0\n\none"));
    assert_eq!((bench.messages(), bench.machine.last_id().to_string()), (vec!["one".into()], "1:0".into()));
    bench.breaks();
    bench.waits();
    assert_eq!(bench.rungs(), [WEBSOCKET, EVENT_SOURCE, WEBSOCKET, WEBSOCKET]);
}

#[test]
fn a_probe_that_brought_what_the_carrier_has_yet_to_bring_does_not() {
    let (mut bench, carrier, probe) = idle();
    bench.report(frame("id: 1:0\n\none"));
    // It comes over the carrier in time, and there is an id.
    bench.step(Input::Report(carrier, Report::Event { data: Data::new("one"), id: "1:0".into() }));
    let effects = bench.later(SECOND);
    assert_eq!((drops(&effects), asked(&effects)), (vec![probe, carrier], vec!["1:0".into()]));
    assert_eq!(bench.messages(), ["one"]);
    // It does not: who goes on from nowhere is told so.
    let (mut bench, carrier, probe) = idle();
    bench.report(frame("id: 1:0\n\none"));
    assert_eq!(drops(&bench.later(SECOND)), [probe, carrier]);
    let effects = bench.report(opened(true));
    assert!(matches!(notices(&effects)[0], Notice::Reconnected { continuity: Continuity::Fresh, .. }));
}

#[test]
fn between_two_polls_without_ids_such_a_probe_becomes_the_carrier_as_well() {
    for (spoke, left) in [(false, 1), (true, 2)] {
        let mut bench = Bench::on(Relay, &[WEBSOCKET, LONG_POLL]);
        bench.breaks();
        let carrier = bench.id();
        bench.step(Input::Report(carrier, answer(status(408), "")));
        bench.step(Input::Flush(carrier));
        bench.later(15 * SECOND);
        bench.report(opened(false));
        if spoke {
            bench.report(frame("one"));
        }
        bench.later(SECOND);
        let effects = bench.step(Input::Report(carrier, answer(status(408), "")));
        assert_eq!(drops(&effects).len(), left);
        assert!(!notices(&effects).iter().any(|notice| matches!(notice, Notice::Reconnected { .. })));
    }
}

/// T35: what is under way is not cut off, and what waits goes over the better transport.
#[test]
fn a_message_under_way_is_waited_for_before_the_move_and_the_outbox_is_not() {
    // Also for who would wait for an answer for ever.
    for connect_timeout in [Config::default().connect_timeout, Millis::NEVER] {
        let (mut bench, carrier, _) = Bench::probed_with(Config { connect_timeout, ..Config::default() });
        assert_eq!(bench.send("under way").0, Ok(Delivery::Sent));
        assert_eq!(bench.send("waits 1").0, Ok(Delivery::Queued));
        assert_eq!(bench.send("waits 2").0, Ok(Delivery::Queued));
        let effects = bench.step(Input::Report(carrier, answer(with_id("1:2"), "two")));
        assert_eq!((drops(&effects), asked(&effects)), (vec![], vec![]));
        let mut effects = bench.step(Input::Report(carrier, posted(202)));
        effects.extend(bench.later(SECOND));
        assert_eq!((drops(&effects).len(), handed(&effects)), (2, vec![]));
        bench.report(opened(true));
        assert_eq!(handed(&bench.step(Input::Flush(bench.id()))), ["waits 1", "waits 2"]);
    }
}

/// T8: the timers of a hidden page are late.
#[test]
fn a_move_that_waits_for_a_message_asks_for_no_time_that_has_passed() {
    let (mut bench, carrier, _) = Bench::probed();
    assert_eq!(bench.send("under way").0, Ok(Delivery::Sent));
    bench.step(Input::Report(carrier, answer(with_id("1:2"), "two")));
    bench.now = bench.now.after(Millis(60 * SECOND));
    bench.step(Input::Tick);
    assert_eq!(bench.wake, Some(bench.now.after(Millis(SECOND))));
}

#[test]
fn a_probe_goes_with_its_carrier() {
    let (mut bench, carrier, probe) = Bench::probed();
    let effects = bench.step(Input::Report(carrier, failed()));
    assert_eq!(drops(&effects), [probe, carrier]);
}

#[test]
fn a_better_transport_that_does_not_last_is_probed_again_later() {
    let (mut bench, carrier, _) = Bench::probed();
    bench.step(Input::Report(carrier, answer(with_id("1:2"), "two")));
    bench.breaks();
    bench.waits();
    assert_eq!(bench.snapshot().transport, Some(LONG_POLL));
    bench.report(answer(with_id("1:3"), "three"));
    let opened = bench.now;
    bench.later(HOUR);
    let probe = bench.tries.iter().find(|(at, _, _)| *at > opened).expect("there is one");
    assert_eq!(probe.0.since(opened), Millis(30 * SECOND));
}

#[test]
fn a_better_transport_that_lasted_is_trusted_again() {
    let (mut bench, carrier, _) = Bench::probed();
    bench.step(Input::Report(carrier, answer(with_id("1:2"), "two")));
    bench.opens();
    bench.later(HOUR);
    for _ in 0..3 {
        bench.breaks();
        bench.waits();
    }
    bench.report(answer(with_id("1:3"), "three"));
    assert_eq!(bench.snapshot().transport, Some(LONG_POLL));
    let opened = bench.now;
    bench.later(3 * SECOND);
    assert_eq!(bench.tries.last().map(|(at, ..)| at.since(opened)), Some(Millis(3 * SECOND)));
}

// ---- of a stream ----

/// A stream on this rung, which was remembered, after its first event; and the probe of fetch that has been sent out.
fn probing(transport: Transport, event: &str) -> (Bench, ConnId, ConnId) {
    let mut bench = Bench::with(sse(), Config { begin_with: Some(transport), ..Config::default() });
    let carrier = bench.id();
    match transport {
        LONG_POLL => drop(bench.polled(event)),
        _ => {
            bench.report(begins());
            bench.chunk(event);
        }
    }
    bench.later(15 * SECOND);
    assert_eq!(bench.rungs(), [transport, FETCH_STREAM]);
    let probe = bench.id();
    (bench, carrier, probe)
}

#[test]
fn a_probe_of_a_stream_is_taken_on_its_first_byte_and_not_on_its_head() {
    let (mut bench, carrier, probe) = probing(XHR_STREAM, "id: 1\ndata: one\n\n");
    assert_eq!(bench.report(begins()), []);
    bench.later(5 * SECOND);
    assert_eq!(bench.snapshot().transport, Some(XHR_STREAM));
    bench.chunk_of(carrier, "id: 2\ndata: two\n\n");
    let effects = bench.chunk(":\n");
    assert_eq!(drops(&effects), [probe, carrier]);
    assert_eq!(asked(&effects), ["2"], "at once, for there is an id to go on from");
    assert_eq!(notices(&effects), [] as [&Notice<_>; 0]);
    let effects = bench.report(begins());
    assert!(matches!(
        notices(&effects)[..],
        [Notice::TransportChanged { from: XHR_STREAM, to: FETCH_STREAM, why: None }]
    ));
    assert_eq!(remembered(&bench.chunk("id: 3\ndata: three\n\n")), [None]);
    assert_eq!(bench.messages(), ["one", "two", "three"]);
}

#[test]
fn what_a_probe_of_a_stream_receives_comes_again_over_the_connection() {
    let (mut bench, _, probe) = probing(XHR_STREAM, "id: 1\ndata: one\n\n");
    bench.report(begins());
    let effects = bench.chunk("id: 2\ndata: two\n\nid: 3\ndata: three\n\n");
    assert_eq!(asked(&effects), ["1"], "after what the application has");
    assert_eq!(bench.step(Input::Report(probe, failed())), []);
    bench.report(begins());
    bench.chunk("id: 2\ndata: two\n\nid: 3\ndata: three\n\n");
    assert_eq!(bench.messages(), ["one", "two", "three"]);
}

/// T38: the pending poll is waited for.
#[test]
fn a_long_poll_is_left_for_a_stream_between_two_polls() {
    let (mut bench, carrier, probe) = probing(LONG_POLL, "id: 1\ndata: one\n\n");
    bench.report(begins());
    assert_eq!(drops(&bench.chunk(":\n")), []);
    assert_eq!(bench.later(HOUR), [], "the poll is still held, and the probe too");
    let effects = bench.polled_of(carrier, "id: 2\ndata: two\n\n");
    assert_eq!((drops(&effects), asked(&effects)), (vec![probe, carrier], vec!["2".into()]));
    assert_eq!(bench.rungs()[2..], [FETCH_STREAM]);
}

#[test]
fn a_probe_that_brings_its_first_byte_between_two_polls_is_taken_at_once() {
    let (mut bench, carrier, probe) = probing(LONG_POLL, "id: 1\ndata: one\n\n");
    bench.report(begins());
    assert_eq!(asked(&bench.polled_of(carrier, "")), ["1"], "a poll that took long is followed at once");
    bench.polled_of(carrier, "");
    assert_eq!(drops(&bench.chunk(":\n")), [probe, carrier]);
}

#[test]
fn a_probe_of_a_stream_has_as_long_for_its_first_byte_as_the_stream_has() {
    for (wait, taken) in [(19_999, true), (20_000, false)] {
        let (mut bench, carrier, probe) = probing(XHR_STREAM, "id: 1\ndata: one\n\n");
        bench.later(9 * SECOND);
        bench.report(begins());
        let effects = bench.later(wait);
        if taken {
            assert_eq!(drops(&bench.chunk(":\n")), [probe, carrier], "servers send comments every fifteen seconds");
        } else {
            assert_eq!(drops(&effects), [probe]);
        }
    }
}

#[test]
fn a_probe_of_a_stream_that_is_not_answered_in_time_is_dropped() {
    let (mut bench, _, probe) = probing(XHR_STREAM, "id: 1\ndata: one\n\n");
    assert_eq!(drops(&bench.later(10 * SECOND)), [probe]);
    assert_eq!(asked(&bench.later(29_999)), [""; 0]);
    assert_eq!(asked(&bench.later(1)), ["1"], "twice as long after the first one failed");
}

#[test]
fn a_probe_that_is_refused_or_is_no_event_stream_proves_nothing() {
    let html = Head { content_type: "text/html".into(), ..status(200) };
    for head in [status(404), status(503), status(204), html] {
        let (mut bench, carrier, probe) = probing(XHR_STREAM, "id: 1\ndata: one\n\n");
        assert_eq!(drops(&bench.report(Report::Head(head))), [probe]);
        assert_eq!(bench.chunk_of(probe, "<html>\n\n"), []);
        assert_eq!((bench.phase(), bench.snapshot().transport), (Phase::Open, Some(XHR_STREAM)));
        assert_eq!(bench.audit.live(), [(carrier, XHR_STREAM)]);
    }
    for end in [Report::Done, failed(), Report::Unready { why: "".into() }, Report::Unusable { why: "".into() }] {
        let (mut bench, _, probe) = probing(XHR_STREAM, "id: 1\ndata: one\n\n");
        bench.report(Report::Head(event_stream()));
        assert_eq!(drops(&bench.report(end)), [probe]);
    }
}

/// Nothing could be asked for again, so what is open is read to its end.
#[test]
fn a_stream_without_ids_is_left_for_a_better_one_when_it_ends() {
    let (mut bench, carrier, probe) = probing(XHR_STREAM, "data: one\n\n");
    bench.report(begins());
    assert_eq!(drops(&bench.chunk(":\n")), [probe], "one is enough");
    bench.chunk_of(carrier, "data: two\n\n");
    bench.later(HOUR);
    assert_eq!(bench.tries.len(), 2, "that it works is known");
    bench.step(Input::Report(carrier, failed()));
    bench.waits();
    assert_eq!(bench.rungs()[2..], [FETCH_STREAM]);
    assert_eq!(bench.messages(), ["one", "two"]);
}

#[test]
fn a_stream_that_brought_nothing_has_nothing_to_lose_by_a_move() {
    let mut bench = Bench::with(sse(), Config { begin_with: Some(XHR_STREAM), ..Config::default() });
    let carrier = bench.id();
    bench.report(begins());
    bench.later(15 * SECOND);
    let probe = bench.id();
    bench.report(begins());
    assert_eq!(drops(&bench.chunk(":\n")), [probe, carrier]);
    // It may have missed something, for there is nothing to go on from.
    let effects = bench.report(begins());
    let told = notices(&effects);
    assert!(matches!(told[0], Notice::Reconnected { continuity: Continuity::Fresh, .. }), "{told:?}");
}

#[test]
fn a_better_stream_that_was_open_for_long_and_brought_nothing_is_not_probed_soon() {
    let mut bench = Bench::on(sse(), &[FETCH_STREAM, XHR_STREAM]);
    bench.report(begins());
    bench.later(20 * SECOND);
    bench.report(begins());
    assert_eq!(asked(&bench.later(14_999)), [""; 0]);
    assert_eq!(asked(&bench.later(1)), [""]);
}

#[test]
fn fetch_is_good_enough_not_to_probe_for_the_browsers_own() {
    let mut bench = Bench::started(sse());
    bench.report(Report::SourceError { gave_up: true });
    bench.report(begins());
    bench.chunk("data: x\n\n");
    bench.later(HOUR);
    assert_eq!(bench.rungs(), [EVENT_SOURCE, FETCH_STREAM]);
}

#[test]
fn the_browsers_own_is_good_enough_not_to_probe_for_fetch() {
    let mut bench = Bench::on(sse(), &[FETCH_STREAM, EVENT_SOURCE]);
    bench.report(begins());
    bench.later(20 * SECOND);
    bench.opens();
    bench.later(HOUR);
    assert_eq!(bench.rungs(), [FETCH_STREAM, EVENT_SOURCE]);
}

#[test]
fn a_stream_that_was_moved_up_and_brings_nothing_there_comes_down_and_is_probed_more_rarely() {
    let (mut bench, ..) = probing(XHR_STREAM, "id: 1\ndata: one\n\n");
    bench.report(begins());
    bench.chunk(":\n");
    bench.report(begins());
    bench.later(20 * SECOND);
    assert_eq!(bench.rungs()[2..], [FETCH_STREAM, XHR_STREAM]);
    bench.report(begins());
    bench.chunk("id: 2\ndata: two\n\n");
    let opened = bench.now;
    bench.later(HOUR);
    let next = bench.tries.iter().find(|(at, ..)| *at > opened).expect("there is one");
    assert_eq!(next.0.since(opened), Millis(30 * SECOND));
}
