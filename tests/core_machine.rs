//! The state machine, step by step: one test for each row of its table, and for each input that is not in it.
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

use everwire::core::{
    backoff::Backoff,
    cause::{Cause, Kind},
    cursor::Continuity,
    machine::Config,
    outbox::{Bounds, WhenFull},
    time::Millis,
    types::{
        ConnId, Delivery, Effect, End, Head, Input, Lane, Manner, Notice, PageEvent, Phase, Refused, Report, Transport,
        Why,
    },
    wire::{Wire, raw::Raw, relay::Relay, sse::Sse},
};
use world::{
    Bench, Data, HOUR, SECOND,
    bench::{asked, drops, handed, notices},
    closed, event, event_stream, frame, message, opened, sse, status, with_id,
};

const WEBSOCKET: Transport = Transport::WebSocket;
const LONG_POLL: Transport = Transport::LongPoll;

/// A machine on these rungs only.
fn on(wire: impl Wire<Data> + 'static, transports: &[Transport]) -> Bench {
    let mut bench = Bench::new(wire, Config { transports: transports.into(), ..Config::default() });
    bench.step(Input::Start);
    bench
}

fn elsewhere() -> Sse {
    Sse { cross_origin: true, ..sse() }
}

fn answer(head: Head, body: &str) -> Report<Data> {
    Report::Answer { lane: Lane::Down, head, body: Data::Bytes(body.into()) }
}

fn posted(code: u16) -> Report<Data> {
    Report::Answer { lane: Lane::Up, head: status(code), body: Data::Bytes(Vec::new()) }
}

fn chunk(text: &str) -> Report<Data> {
    Report::Chunk(Data::Bytes(text.into()))
}

/// The relay, open over long-polling after WebSocket failed; the first poll is answered with `1:1`, and the second one is held.
fn polling() -> Bench {
    let mut bench = Bench::started(Relay);
    bench.breaks();
    bench.report(answer(with_id("1:1"), "one"));
    bench.step(Input::Flush(bench.id()));
    assert_eq!((bench.phase(), bench.snapshot().transport), (Phase::Open, Some(LONG_POLL)));
    bench
}

/// As [`polling`], and a probe is open and has held.
fn probed() -> (Bench, ConnId, ConnId) {
    let mut bench = polling();
    let carrier = bench.id();
    bench.later(15 * SECOND);
    let probe = bench.id();
    assert_ne!(carrier, probe);
    bench.opens();
    bench.later(SECOND);
    (bench, carrier, probe)
}

fn cause_of(notice: &Notice<Data>) -> &Cause {
    match notice {
        Notice::Reconnecting { cause, .. } | Notice::Closed(End { cause: Some(cause), .. }) => cause,
        other => panic!("it has no cause: {other:?}"),
    }
}

// ---- the table ----

#[test]
fn start_opens_the_best_rung() {
    for (mut bench, best) in [
        (Bench::new(Raw, Config::default()), WEBSOCKET),
        (Bench::new(Relay, Config::default()), WEBSOCKET),
        (Bench::new(sse(), Config::default()), Transport::EventSource),
    ] {
        assert_eq!(bench.phase(), Phase::Connecting);
        bench.step(Input::Start);
        assert_eq!(bench.rungs(), [best]);
        assert_eq!((bench.phase(), bench.snapshot().transport), (Phase::Connecting, Some(best)));
    }
}

#[test]
fn only_the_chosen_rungs_are_used_and_only_those_that_the_wire_has() {
    assert_eq!(on(Relay, &[LONG_POLL]).rungs(), [LONG_POLL]);
    let bench = on(Raw, &[LONG_POLL]);
    assert_eq!(bench.phase(), Phase::Closed);
    let told: Vec<_> = bench.notices().collect();
    assert!(matches!(told[..], [Notice::Closed(End { code: 1006, cause: Some(_), .. })]));
    assert_eq!(cause_of(told[0]).kind, Kind::Unusable);
}

#[test]
fn it_is_open_when_the_socket_says_so() {
    let mut bench = Bench::started(Raw);
    assert_eq!(notices(&bench.opens()), [&Notice::Opened]);
    assert_eq!(bench.phase(), Phase::Open);
}

#[test]
fn a_message_before_the_answer_is_the_answer() {
    let mut bench = Bench::started(Raw);
    let effects = bench.report(frame("early"));
    assert_eq!(notices(&effects), [&Notice::Opened, &Notice::Message(message("early", None))]);
    assert!(notices(&bench.opens()).is_empty(), "told once");
}

#[test]
fn a_poll_that_is_held_for_half_a_second_was_accepted() {
    let mut bench = on(Relay, &[LONG_POLL]);
    bench.later(499);
    assert_eq!(bench.phase(), Phase::Connecting);
    bench.later(1);
    assert_eq!(bench.phase(), Phase::Open);
    assert_eq!(bench.audit.live().len(), 1, "and it is the same poll");
    bench.later(HOUR);
    assert_eq!(bench.tries.len(), 1, "which is never aborted (T38)");
}

/// T12: the timeout ends the attempt, it is not only told.
#[test]
fn an_attempt_that_does_not_open_in_time_is_dropped() {
    let mut bench = Bench::started(Raw);
    assert_eq!(bench.later(9_999), []);
    let effects = bench.later(1);
    assert_eq!(drops(&effects), [bench.id()]);
    assert_eq!(cause_of(notices(&effects)[0]).kind, Kind::Timeout);
    assert_eq!(bench.phase(), Phase::Waiting);
    bench.waits();
    assert_eq!(bench.tries.len(), 2);
}

#[test]
fn an_attempt_that_fails_is_followed_by_another_after_its_delay() {
    let mut bench = Bench::started(Raw);
    let effects = bench.breaks();
    let told = notices(&effects);
    assert!(matches!(told[..], [Notice::Reconnecting { attempt: 1, .. }]), "{told:?}");
    assert_eq!(cause_of(told[0]).kind, Kind::Network);
    assert_eq!(cause_of(told[0]).transport, Some(WEBSOCKET));
    let delay = bench.snapshot().retry_in;
    assert_eq!(bench.delays(), [delay.0], "what is told is what is waited");
    bench.later(delay.0 - 1);
    assert_eq!(bench.tries.len(), 1);
    bench.later(1);
    assert_eq!(bench.tries.len(), 2);
}

#[test]
fn a_message_is_told_and_moves_the_cursor() {
    let mut bench = Bench::started(Relay);
    bench.report(opened(true));
    let effects = bench.report(frame("id: 7:1\ncontent-type: text/plain\n\nhello"));
    assert_eq!(notices(&effects), [&Notice::Message(message("hello", Some("7:1")))]);
    assert_eq!(bench.machine.last_id(), "7:1");
}

#[test]
fn an_open_connection_that_ends_is_followed_by_another_and_the_downtime_is_told() {
    let mut bench = Bench::open(Raw);
    bench.later(HOUR);
    bench.breaks();
    let downtime = bench.snapshot().retry_in;
    bench.waits();
    let effects = bench.opens();
    let told = Notice::Reconnected { continuity: Continuity::Fresh, transport: WEBSOCKET, downtime };
    assert_eq!(notices(&effects), [&told], "raw has no ids, so what was lost cannot be known");
}

/// T13: a dead socket is left at once, and whatever it says later is too late.
#[test]
fn a_dead_socket_is_not_waited_for() {
    let silence = Some(Millis(20 * SECOND));
    let mut bench = Bench::new(Raw, Config { silence, ..Config::default() });
    bench.step(Input::Start);
    bench.opens();
    bench.later(15 * SECOND);
    bench.report(frame("a sign of life"));
    bench.later(19_999);
    assert_eq!(bench.phase(), Phase::Open);
    let effects = bench.later(1);
    assert_eq!(drops(&effects), [bench.id()]);
    assert_eq!(cause_of(notices(&effects)[0]).kind, Kind::Silence);
    assert_eq!(bench.phase(), Phase::Waiting);
    assert_eq!(bench.closes(1000), [], "the farewell is not waited for");
}

/// A busy stream does not set a timer for each message.
#[test]
fn a_silence_timeout_asks_for_one_wake_up_at_a_time() {
    let mut bench = Bench::new(Raw, Config { silence: Some(Millis(20 * SECOND)), ..Config::default() });
    bench.step(Input::Start);
    bench.opens();
    bench.later(10 * SECOND);
    for _ in 0..100 {
        bench.later(10);
        let effects = bench.report(frame("tick"));
        assert!(!effects.iter().any(|effect| matches!(effect, Effect::Wake(_))));
    }
}

#[test]
fn an_event_source_elsewhere_that_lost_its_connection_is_left_to_its_own_way_back() {
    let mut bench = Bench::open(elsewhere());
    bench.report(event("one", "1"));
    let effects = bench.report(Report::SourceError { gave_up: false });
    assert_eq!(drops(&effects), []);
    assert!(matches!(notices(&effects)[..], [Notice::Reconnecting { attempt: 1, .. }]));
    assert_eq!((bench.phase(), bench.tries.len()), (Phase::Connecting, 1));
    bench.later(3 * SECOND);
    let effects = bench.opens();
    assert!(matches!(
        notices(&effects)[..],
        [Notice::Reconnected { continuity: Continuity::Resumed, downtime: Millis(3_000), .. }]
    ));
}

#[test]
fn an_event_source_elsewhere_that_gets_nowhere_is_taken_over_with_the_cursor() {
    let mut bench = Bench::open(elsewhere());
    bench.report(event("one", "1"));
    for _ in 0..3 {
        bench.later(3 * SECOND);
        bench.report(Report::SourceError { gave_up: false });
        assert_eq!(bench.tries.len(), 1);
    }
    let effects = bench.report(Report::SourceError { gave_up: false });
    assert_eq!(drops(&effects), [bench.id()]);
    let effects = bench.waits();
    assert_eq!(bench.rungs(), [Transport::EventSource, Transport::FetchStream], "which can send it");
    assert_eq!(asked(&effects), ["1"]);
}

#[test]
fn an_event_source_that_does_not_come_back_in_time_is_taken_over() {
    let mut bench = Bench::open(elsewhere());
    bench.report(event("one", "1"));
    bench.report(Report::SourceError { gave_up: false });
    bench.later(20 * SECOND);
    assert_eq!(bench.phase(), Phase::Waiting, "twice the connect timeout, for the browser waits as well");
}

#[test]
fn an_event_source_of_our_own_origin_is_taken_over_at_its_first_error() {
    let mut bench = Bench::open(sse());
    bench.report(event("one", "1"));
    let effects = bench.report(Report::SourceError { gave_up: false });
    assert_eq!(drops(&effects), [bench.id()]);
    let effects = bench.waits();
    assert_eq!(bench.rungs(), [Transport::EventSource, Transport::FetchStream]);
    assert_eq!(asked(&effects), ["1"]);
}

#[test]
fn an_event_source_that_gave_up_is_taken_over_for_fetch_sees_why() {
    for wire in [sse(), elsewhere()] {
        let mut bench = Bench::started(wire);
        let effects = bench.report(Report::SourceError { gave_up: true });
        assert_eq!(bench.rungs(), [Transport::EventSource, Transport::FetchStream], "at once");
        assert_eq!(asked(&effects), [""]);
        let effects = bench.report(Report::Head(status(404)));
        assert_eq!(cause_of(notices(&effects)[0]).status, 404);
        assert_eq!(bench.phase(), Phase::Closed);
    }
}

#[test]
fn the_wait_ends_by_time_by_the_application_and_by_the_page() {
    let ends: [fn(&mut Bench); 4] = [
        |bench| drop(bench.waits()),
        |bench| drop(bench.step(Input::Reconnect)),
        |bench| drop(bench.page(PageEvent::Online)),
        |bench| drop(bench.page(PageEvent::Visible)),
    ];
    for end in ends {
        let mut bench = Bench::open(Raw);
        bench.later(HOUR);
        bench.breaks();
        assert_eq!(bench.phase(), Phase::Waiting);
        end(&mut bench);
        assert_eq!((bench.phase(), bench.tries.len()), (Phase::Connecting, 2));
    }
}

/// T10.
#[test]
fn reconnect_during_backoff_connects_now() {
    let mut bench = Bench::started(Raw);
    bench.breaks();
    bench.step(Input::Reconnect);
    assert_eq!((bench.phase(), bench.tries.len()), (Phase::Connecting, 2));
    bench.later(9_999);
    assert_eq!(bench.tries.len(), 2, "and the old timer starts no third one");
}

#[test]
fn reconnect_replaces_the_carrier_whether_it_is_open_or_not() {
    for open in [false, true] {
        let mut bench = Bench::started(Raw);
        if open {
            bench.opens();
        }
        let before = bench.id();
        let effects = bench.step(Input::Reconnect);
        assert_eq!(drops(&effects), [before]);
        assert_eq!((bench.phase(), bench.audit.live().len()), (Phase::Connecting, 1));
    }
}

#[test]
fn what_goes_into_the_page_cache_is_let_go_of_and_comes_back() {
    let ends: [fn(&mut Bench); 2] =
        [|bench| drop(bench.page(PageEvent::Restored)), |bench| drop(bench.step(Input::Reconnect))];
    let states: [fn() -> Bench; 4] = [
        || Bench::started(Raw),
        || Bench::open(Raw),
        || {
            let mut bench = Bench::started(Raw);
            bench.breaks();
            bench
        },
        || probed().0,
    ];
    for (state, end) in states.iter().flat_map(|state| ends.map(|end| (state, end))) {
        let mut bench = state();
        let tries = bench.tries.len();
        bench.page(PageEvent::Cached);
        assert_eq!(bench.audit.live(), []);
        bench.later(HOUR);
        assert_eq!(bench.tries.len(), tries, "nothing happens in there");
        end(&mut bench);
        assert_eq!((bench.phase(), bench.tries.len()), (Phase::Connecting, tries + 1));
    }
}

/// T6, T21: closing ends everything in every state, and is told last, once.
#[test]
fn close_ends_everything_in_every_state() {
    for (name, mut bench) in states() {
        let end = End { code: 4000, reason: "bye".into(), cause: None };
        let live: Vec<_> = bench.audit.live().into_iter().rev().map(|(id, _)| id).collect();
        let effects = bench.step(Input::Close { code: 4000, reason: "bye".into() });
        if name == "closed" {
            assert_eq!(effects, []);
            continue;
        }
        assert_eq!(drops(&effects), live, "{name}");
        assert_eq!(effects.last(), Some(&Effect::Tell(Notice::Closed(end))), "{name}");
        assert_eq!((bench.phase(), bench.wake), (Phase::Closed, None), "{name}");
    }
}

#[test]
fn close_says_its_words_on_the_socket() {
    let mut bench = Bench::open(Raw);
    let id = bench.id();
    let effects = bench.step(Input::Close { code: 3001, reason: "enough".into() });
    assert!(effects.contains(&Effect::Drop(id, Some((3001, "enough".into())))));
}

/// T6.
#[test]
fn close_cancels_the_pending_retry() {
    let mut bench = Bench::started(Raw);
    bench.breaks();
    let effects = bench.close();
    assert!(effects.contains(&Effect::Wake(None)));
    bench.now = bench.now.after(Millis(HOUR));
    assert_eq!(bench.step(Input::Tick), []);
    assert_eq!(bench.tries.len(), 1);
}

#[test]
fn a_verdict_of_stop_closes_with_the_servers_code_and_words() {
    let mut bench = Bench::open(Raw);
    let effects = bench.report(closed(4403, "not you"));
    let told = notices(&effects);
    assert!(
        matches!(told[..], [Notice::Closed(End { code: 4403, reason, cause: Some(_) })] if *reason == "not you"),
        "{told:?}"
    );
    assert_eq!(bench.later(HOUR), []);
}

#[test]
fn a_servers_1000_is_no_reason_to_stop() {
    let mut bench = Bench::open(Raw);
    bench.closes(1000);
    assert_eq!(bench.phase(), Phase::Waiting);
}

// ---- what is not in the table ----

/// A bench in each state.
fn states() -> Vec<(&'static str, Bench)> {
    let mut waiting = Bench::started(Raw);
    waiting.breaks();
    let mut away = Bench::open(Raw);
    away.page(PageEvent::Cached);
    let mut closed = Bench::open(Raw);
    closed.close();
    vec![
        ("idle", Bench::new(Raw, Config::default())),
        ("connecting", Bench::started(Raw)),
        ("open", Bench::open(Raw)),
        ("polling", polling()),
        ("probed", probed().0),
        ("waiting", waiting),
        ("away", away),
        ("closed", closed),
    ]
}

/// That this input changes nothing.
fn changes_nothing(name: &str, bench: &mut Bench, input: Input<Data>) {
    let before = (bench.snapshot(), bench.machine.next_deadline(), bench.machine.queued());
    let effects = bench.step(input.clone());
    assert_eq!(effects, [], "{input:?} while {name}");
    let after = (bench.snapshot(), bench.machine.next_deadline(), bench.machine.queued());
    assert_eq!(before, after, "{input:?} while {name}");
}

#[test]
fn start_counts_once() {
    for (name, mut bench) in states().into_iter().skip(1) {
        changes_nothing(name, &mut bench, Input::Start);
    }
}

/// T11: an attempt that was abandoned, or never was, has nothing to say.
#[test]
fn what_an_unknown_attempt_reports_is_ignored_in_every_state() {
    let reports = [
        opened(false),
        frame("ghost"),
        event("ghost", "9:9"),
        Report::SourceError { gave_up: true },
        Report::Head(event_stream()),
        chunk("data: ghost\n\n"),
        Report::Done,
        answer(with_id("9:9"), "ghost"),
        posted(403),
        Report::Failed { lane: Lane::Down },
        closed(4403, ""),
        Report::Unusable { why: "".into() },
    ];
    for (name, mut bench) in states() {
        for report in &reports {
            changes_nothing(name, &mut bench, Input::Report(ConnId(99), report.clone()));
        }
    }
}

/// T11, with the attempts that were there a moment ago.
#[test]
fn events_of_an_abandoned_attempt_are_ignored() {
    let mut bench = Bench::open(Raw);
    let old = bench.id();
    bench.step(Input::Reconnect);
    for report in [opened(false), frame("ghost"), closed(1000, "")] {
        changes_nothing("connecting again", &mut bench, Input::Report(old, report));
    }
    changes_nothing("connecting again", &mut bench, Input::Flush(old));
}

/// T14, T15: `error` and `close`, in any order and number, are one failure.
#[test]
fn an_attempt_fails_once_however_often_it_says_so() {
    let failures =
        [closed(1006, ""), Report::SourceError { gave_up: true }, Report::Failed { lane: Lane::Down }, Report::Done];
    for mut bench in [Bench::started(Raw), Bench::open(Raw), on(sse(), &[Transport::FetchStream])] {
        let id = bench.id();
        for _ in 0..3 {
            for report in &failures {
                bench.step(Input::Report(id, report.clone()));
            }
        }
        assert_eq!((bench.delays().len(), bench.phase()), (1, Phase::Waiting));
        bench.waits();
        assert_eq!(bench.tries.len(), 2);
    }
}

#[test]
fn reports_of_another_kind_of_transport_mean_nothing() {
    let foreign = [chunk("data: x\n\n"), Report::Head(status(500)), event("x", ""), posted(500)];
    for report in foreign {
        let id = ConnId(1);
        changes_nothing("open by socket", &mut Bench::open(Raw), Input::Report(id, report));
    }
    for report in [frame("x"), chunk("data: x\n\n"), posted(500)] {
        let id = ConnId(1);
        changes_nothing("open by event source", &mut Bench::open(sse()), Input::Report(id, report));
    }
}

#[test]
fn a_second_open_is_ignored() {
    changes_nothing("open", &mut Bench::open(Raw), Input::Report(ConnId(1), opened(true)));
}

#[test]
fn a_flush_is_only_for_the_open_carrier() {
    for (name, mut bench) in states() {
        changes_nothing(name, &mut bench, Input::Flush(ConnId(99)));
    }
    let mut bench = Bench::started(Raw);
    let _ = bench.send("first");
    changes_nothing("connecting", &mut bench, Input::Flush(ConnId(1)));
    assert_eq!(handed(&bench.opens()), [""; 0], "a flush that came too early is forgotten");
}

#[test]
fn a_tick_that_nobody_asked_for_at_most_asks_for_the_right_one() {
    for (name, mut bench) in states() {
        let before = bench.snapshot();
        let due = bench.machine.next_deadline().map(|at| Effect::Wake(Some(at)));
        assert_eq!(bench.step(Input::Tick), Vec::from_iter(due), "while {name}");
        assert_eq!(bench.snapshot(), before, "while {name}");
    }
}

#[test]
fn page_events_without_a_place_in_the_table_change_nothing() {
    use PageEvent::{Cached, Offline, Online, Restored, Visible};
    for (name, mut bench) in states() {
        let idle: &[PageEvent] = match name {
            "idle" => &[Cached, Restored, Visible, Offline, Online],
            "waiting" => &[Restored],
            "away" => &[Visible, Offline, Online],
            "closed" => &[Cached, Restored, Visible, Offline, Online],
            _ => &[Restored, Visible, Offline, Online],
        };
        for event in idle {
            changes_nothing(name, &mut bench, Input::Page(*event));
        }
    }
}

#[test]
fn reconnect_before_the_start_changes_nothing() {
    changes_nothing("idle", &mut Bench::new(Raw, Config::default()), Input::Reconnect);
}

/// Invariant 8.
#[test]
fn closed_is_absorbing() {
    let mut bench = Bench::open(Raw);
    let _ = bench.send("last");
    bench.close();
    let id = bench.id();
    for input in [
        Input::Start,
        Input::Tick,
        Input::Flush(id),
        Input::Reconnect,
        Input::Report(id, frame("late")),
        Input::Page(PageEvent::Restored),
        Input::Close { code: 1000, reason: "".into() },
    ] {
        changes_nothing("closed", &mut bench, input);
    }
    assert_eq!(bench.send("too late"), (Err(Refused::Closed(Data::new("too late"))), vec![]));
}

// ---- failing ----

/// T5.
#[test]
fn the_attempts_are_forgotten_after_min_uptime_and_not_on_open() {
    let mut bench = Bench::started(Raw);
    for attempt in 1..=6 {
        bench.breaks();
        assert_eq!(bench.snapshot().attempt, attempt);
        bench.waits();
        bench.opens();
        bench.report(frame("hello"));
        bench.later(4_999);
        assert_eq!(bench.snapshot().attempt, attempt, "accepting is not enough, nor is a message");
    }
    bench.later(1);
    assert_eq!(bench.snapshot().attempt, 0);
    bench.breaks();
    assert_eq!(bench.snapshot().attempt, 1);
}

#[test]
fn a_held_poll_forgives_nothing_before_its_answer() {
    let mut bench = on(Relay, &[LONG_POLL]);
    bench.report(Report::Failed { lane: Lane::Down });
    bench.waits();
    bench.later(60 * SECOND);
    assert_eq!((bench.phase(), bench.snapshot().attempt), (Phase::Open, 1));
    bench.report(answer(status(408), ""));
    assert_eq!(bench.snapshot().attempt, 0);
}

/// T6, T7: the end is told, with what ended it.
#[test]
fn when_no_retries_are_left_it_is_closed_and_says_so() {
    for max in [0, 1, 5] {
        let backoff = Backoff { max_retries: Some(max), ..Backoff::DEFAULT };
        let mut bench = Bench::new(Raw, Config { backoff, ..Config::default() });
        bench.step(Input::Start);
        for _ in 0..max {
            bench.breaks();
            bench.waits();
        }
        let effects = bench.breaks();
        let told = notices(&effects);
        assert!(matches!(told[..], [Notice::Closed(End { code: 1006, .. })]), "{told:?}");
        assert_eq!(cause_of(told[0]).kind, Kind::Network);
        assert_eq!(bench.tries.len() as u32, max + 1);
    }
}

#[test]
fn retries_are_counted_in_a_row() {
    let backoff = Backoff { max_retries: Some(1), ..Backoff::DEFAULT };
    let mut bench = Bench::new(Raw, Config { backoff, ..Config::default() });
    bench.step(Input::Start);
    for _ in 0..10 {
        bench.opens();
        bench.later(5 * SECOND);
        bench.breaks();
        bench.waits();
    }
    assert_eq!(bench.phase(), Phase::Connecting);
}

#[test]
fn retry_after_is_obeyed_and_no_page_event_hurries_it() {
    let mut bench = on(sse(), &[Transport::FetchStream]);
    let head = Head { retry_after: Some(Millis(60 * SECOND)), ..status(503) };
    bench.report(Report::Head(head));
    let wait = bench.snapshot().retry_in.0;
    assert!((60 * SECOND..=90 * SECOND).contains(&wait), "obeyed, and spread: {wait}");
    bench.later(2 * SECOND);
    for event in [PageEvent::Online, PageEvent::Visible] {
        changes_nothing("obeying", &mut bench, Input::Page(event));
    }
    bench.step(Input::Reconnect);
    assert_eq!(bench.phase(), Phase::Connecting, "the application may know better");
}

/// T3: in both directions.
#[test]
fn the_streams_retry_is_obeyed_within_reason() {
    for (retry, least, most) in [("0", 100, 2_050), ("5000", 5_000, 7_500), ("99999999999", 600_000, 630_000)] {
        for seed in 0..100 {
            let config = Config { seed, transports: vec![Transport::FetchStream], ..Config::default() };
            let mut bench = Bench::new(sse(), config);
            bench.step(Input::Start);
            bench.report(Report::Head(event_stream()));
            bench.report(chunk(&format!("retry: {retry}\n\n")));
            bench.report(Report::Done);
            let wait = bench.snapshot().retry_in.0;
            assert!((least..=most).contains(&wait), "retry: {retry} is a wait of {wait}");
        }
    }
}

#[test]
fn page_events_in_a_row_bring_no_try_within_a_second_of_the_last() {
    let mut bench = Bench::started(Raw);
    for _ in 0..10 {
        bench.later(100);
        bench.breaks();
        bench.page(PageEvent::Visible);
        bench.page(PageEvent::Online);
        assert_eq!(bench.phase(), Phase::Waiting);
        assert!(bench.snapshot().retry_in.0 <= 900);
        bench.waits();
    }
    let (first, last) = (bench.tries[0].0, bench.tries[10].0);
    assert!(last.since(first).0 <= 10 * SECOND);
}

/// T37.
#[test]
fn offline_is_a_hint_and_kills_nothing() {
    let mut bench = Bench::open(Raw);
    changes_nothing("open", &mut bench, Input::Page(PageEvent::Offline));
    bench.later(HOUR);
    bench.breaks();
    let (phase, wait) = (bench.phase(), bench.snapshot().retry_in);
    assert_eq!(phase, Phase::Offline, "as waiting, but for the name");
    bench.later(wait.0);
    assert_eq!(bench.phase(), Phase::Connecting, "tried all the same");
}

/// T40: a constructor that throws is no failure of the network.
#[test]
fn a_transport_that_the_host_lacks_is_passed_over_at_once_and_for_good() {
    let mut bench = Bench::started(Relay);
    bench.report(Report::Unusable { why: "blocked by a content security policy".into() });
    assert_eq!((bench.rungs(), bench.delays()), (vec![WEBSOCKET, LONG_POLL], vec![]));
    for _ in 0..5 {
        bench.report(Report::Failed { lane: Lane::Down });
        bench.waits();
    }
    assert_eq!(bench.rungs()[1..], [LONG_POLL; 6]);
    let effects = bench.report(Report::Unusable { why: "this one as well".into() });
    assert_eq!(cause_of(notices(&effects)[0]).reason, "this one as well");
    assert_eq!(bench.phase(), Phase::Closed);
}

// ---- sending ----

/// T19.
#[test]
fn the_outbox_flows_when_the_application_has_heard_that_it_is_open() {
    let mut bench = Bench::started(Raw);
    assert_eq!(bench.send("queued 1").0, Ok(Delivery::Queued));
    assert_eq!(bench.send("queued 2").0, Ok(Delivery::Queued));
    let effects = bench.opens();
    let order: Vec<_> = effects
        .iter()
        .filter(|effect| matches!(effect, Effect::Tell(Notice::Opened) | Effect::Flush(_) | Effect::Send(..)))
        .collect();
    assert!(matches!(order[..], [Effect::Tell(_), Effect::Flush(_)]), "told first, and nothing is sent yet: {order:?}");
    let (delivery, effects) = bench.send("token");
    assert_eq!((delivery, handed(&effects)), (Ok(Delivery::Sent), vec!["token".into()]));
    assert_eq!(handed(&bench.step(Input::Flush(bench.id()))), ["queued 1", "queued 2"]);
    assert_eq!(bench.send("then").0, Ok(Delivery::Sent));
}

#[test]
fn send_tells_the_truth() {
    let outbox = Bounds { messages: 2, bytes: 10, when_full: WhenFull::Refuse };
    let mut bench = Bench::new(Raw, Config { outbox, ..Config::default() });
    assert_eq!(bench.send("a").0, Ok(Delivery::Queued), "before the start as well");
    bench.step(Input::Start);
    assert_eq!(bench.send("b").0, Ok(Delivery::Queued));
    assert_eq!(bench.send("c").0, Err(Refused::Full(Data::new("c"))));
    bench.opens();
    bench.step(Input::Flush(bench.id()));
    assert_eq!(bench.send("d").0, Ok(Delivery::Sent));
    bench.breaks();
    assert_eq!(bench.send("e").0, Ok(Delivery::Queued));
    let effects = bench.close();
    assert!(matches!(
        notices(&effects)[..],
        [Notice::Dropped { data, why: Why::Closed }, Notice::Closed(_)] if data.show() == "e"
    ));
    assert_eq!(bench.send("f").0, Err(Refused::Closed(Data::new("f"))));
}

#[test]
fn a_full_outbox_may_drop_its_oldest_and_reports_them() {
    let outbox = Bounds { messages: 2, bytes: 10, when_full: WhenFull::DropOldest };
    let mut bench = Bench::new(Raw, Config { outbox, ..Config::default() });
    bench.step(Input::Start);
    let _ = bench.send("a");
    let _ = bench.send("b");
    let (delivery, effects) = bench.send("0123456789");
    assert_eq!(delivery, Ok(Delivery::Queued));
    let gone: Vec<_> = ["a", "b"].map(|text| Notice::Dropped { data: Data::new(text), why: Why::Full }).into();
    assert_eq!(notices(&effects), gone.iter().collect::<Vec<_>>());
    assert_eq!(bench.send("01234567890").0, Err(Refused::Full(Data::new("01234567890"))), "alone it is too large");
}

/// T17.
#[test]
fn what_a_closing_socket_did_not_take_comes_back_in_order_and_goes_over_the_next() {
    let mut bench = Bench::started(Raw);
    for text in ["a", "b", "c"] {
        let _ = bench.send(text);
    }
    bench.opens();
    let id = bench.id();
    assert_eq!(handed(&bench.step(Input::Flush(id))), ["a", "b", "c"]);
    for text in ["a", "b", "c"] {
        assert_eq!(bench.report(Report::Unsent(Data::new(text))), []);
    }
    assert_eq!(bench.send("d").0, Ok(Delivery::Queued), "it takes nothing more");
    bench.breaks();
    bench.waits();
    bench.opens();
    assert_eq!(handed(&bench.step(Input::Flush(bench.id()))), ["a", "b", "c", "d"]);
}

/// T17, where the socket was replaced before it could say so.
#[test]
fn what_an_abandoned_socket_did_not_take_goes_over_its_successor() {
    let mut bench = Bench::open(Raw);
    let old = bench.id();
    bench.step(Input::Flush(old));
    assert_eq!(bench.send("a").0, Ok(Delivery::Sent));
    bench.step(Input::Reconnect);
    bench.opens();
    bench.step(Input::Flush(bench.id()));
    assert_eq!(handed(&bench.step(Input::Report(old, Report::Unsent(Data::new("a"))))), ["a"]);
    assert_eq!(bench.send("b").0, Ok(Delivery::Sent), "and the successor is not blamed");
}

// ---- stepping down ----

#[test]
fn a_websocket_that_never_worked_is_left_at_once() {
    let mut bench = Bench::started(Relay);
    let effects = bench.breaks();
    assert_eq!(bench.rungs(), [WEBSOCKET, LONG_POLL]);
    assert!(matches!(notices(&effects)[..], [Notice::Reconnecting { delay: Millis::ZERO, .. }]));
    let effects = bench.report(answer(with_id("1:1"), "one"));
    assert!(matches!(notices(&effects)[..], [Notice::Opened, Notice::Message(_)]), "it opens as if it were the first");
}

#[test]
fn from_the_last_rung_it_goes_around_and_waits() {
    let mut bench = Bench::started(Relay);
    for _ in 0..6 {
        bench.breaks();
        bench.report(Report::Failed { lane: Lane::Down });
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
fn a_socket_that_opens_and_dies_unused_has_not_proved_anything() {
    let mut bench = Bench::open(Relay);
    bench.breaks();
    bench.waits();
    assert_eq!(bench.rungs(), [WEBSOCKET, LONG_POLL]);
}

#[test]
fn a_rung_that_was_useful_once_is_given_a_second_try() {
    let mut bench = Bench::open(Relay);
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

// ---- probing ----

/// T34: no fallback is for ever.
#[test]
fn a_lower_rung_is_probed_out_of_and_nothing_is_told_of_it() {
    let mut bench = polling();
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
    let (mut bench, carrier, probe) = probed();
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
    let mut bench = polling();
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
    let mut bench = polling();
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
    let mut bench = polling();
    bench.later(15 * SECOND);
    let probe = bench.id();
    assert_eq!(drops(&bench.later(10 * SECOND)), [probe]);
    bench.later(30 * SECOND);
    assert_eq!(bench.tries.len(), 4, "and the next one is later");
}

/// T35: what is under way is not cut off, and what waits goes over the better transport.
#[test]
fn a_message_under_way_is_waited_for_before_the_move_and_the_outbox_is_not() {
    let (mut bench, carrier, _) = probed();
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

#[test]
fn a_probe_goes_with_its_carrier() {
    let (mut bench, carrier, probe) = probed();
    let effects = bench.step(Input::Report(carrier, Report::Failed { lane: Lane::Down }));
    assert_eq!(drops(&effects), [probe, carrier]);
}

#[test]
fn a_better_transport_that_does_not_last_is_probed_again_later() {
    let (mut bench, carrier, _) = probed();
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
    let (mut bench, carrier, _) = probed();
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

// ---- server-sent events ----

/// T22, T36: the cursor goes with every request, whatever became of the session before.
#[test]
fn the_cursor_is_sent_with_every_request() {
    let mut bench = on(sse(), &[Transport::FetchStream]);
    bench.report(Report::Head(event_stream()));
    bench.report(chunk("id: a\ndata: 1\n\ndata: without an id\n\nid: b\n\n"));
    assert_eq!(bench.messages(), ["1", "without an id"]);
    for end in [Report::Done, Report::Failed { lane: Lane::Down }] {
        bench.report(end);
        let effects = bench.waits();
        assert_eq!(asked(&effects), ["b"], "committed without data");
    }
    let config = Config { last_id: "7".into(), ..Config::default() };
    let mut bench = Bench::new(Sse { query: "since".into(), ..sse() }, config);
    assert_eq!(asked(&bench.step(Input::Start)), ["7"]);
}

/// T23.
#[test]
fn a_204_means_stop() {
    for transport in [Transport::FetchStream, LONG_POLL] {
        let mut bench = on(sse(), &[transport]);
        bench.report(if transport == LONG_POLL { answer(status(204), "") } else { Report::Head(status(204)) });
        assert_eq!((bench.phase(), bench.wake), (Phase::Closed, None));
    }
}

/// T24.
#[test]
fn nothing_is_parsed_from_an_answer_of_another_status_or_type() {
    let html = |code| Head { content_type: "text/html".into(), ..status(code) };
    for (head, kind) in [(html(200), Kind::ContentType), (Head { status: 401, ..event_stream() }, Kind::Status)] {
        for transport in [Transport::FetchStream, LONG_POLL] {
            let mut bench = on(sse(), &[transport]);
            let id = bench.id();
            if transport == LONG_POLL {
                bench.report(answer(head.clone(), "data: no\n\n"));
            } else {
                bench.report(Report::Head(head.clone()));
                bench.step(Input::Report(id, chunk("data: no\n\n")));
            }
            assert_eq!(bench.messages(), [""; 0]);
            let end = bench.notices().last().unwrap();
            assert_eq!(cause_of(end).kind, kind);
        }
    }
}

/// T25.
#[test]
fn the_end_of_a_stream_is_a_disconnect_and_an_unfinished_event_is_discarded() {
    let mut bench = on(sse(), &[Transport::FetchStream]);
    bench.report(Report::Head(event_stream()));
    bench.report(chunk(": a comment is no message\n\nid: 1\ndata: whole\n\nid: 2\ndata: unfinished\n"));
    bench.report(Report::Done);
    assert_eq!((bench.messages(), bench.machine.last_id()), (vec!["whole".into()], &"1".into()));
    assert_eq!(bench.phase(), Phase::Waiting);
}

/// T25, between two polls.
#[test]
fn an_unfinished_event_does_not_run_into_the_next_answer() {
    let mut bench = on(sse(), &[LONG_POLL]);
    bench.report(answer(event_stream(), "id: 1\ndata: whole\n\ndata: unfinished\nid: 2"));
    bench.later(SECOND);
    bench.report(answer(event_stream(), "\u{feff}data: next\n\n"));
    assert_eq!((bench.messages(), bench.machine.last_id()), (vec!["whole".into(), "next".into()], &"1".into()));
}

/// T27.
#[test]
fn an_event_without_end_is_not_read_without_end() {
    let mut bench = on(Sse { max_event_bytes: 1_000, ..sse() }, &[Transport::FetchStream]);
    bench.report(Report::Head(event_stream()));
    let effects = bench.report(chunk(&format!("data: {}", "x".repeat(2_000))));
    assert_eq!(cause_of(notices(&effects)[0]).kind, Kind::Overflow);
    assert_eq!(bench.phase(), Phase::Closed);
}

/// T29: the header needs a CORS preflight, and is only used where there is no other way.
#[test]
fn the_cursor_goes_in_the_query_where_it_has_a_name() {
    let manner = |wire: &dyn Wire<Data>| wire.manner();
    assert_eq!(manner(&Sse { query: "since".into(), ..sse() }).query, "since");
    assert_eq!(manner(&sse()), Manner { events: true, ..Manner::default() });
    assert_eq!(manner(&Relay).query, "last_event_id");
}

/// T3, on the last rung: an endpoint that answers at once, always the same, is asked once a second.
#[test]
fn polls_that_move_nothing_are_a_second_apart() {
    let same =
        [answer(event_stream(), "data: the state\n\n"), answer(event_stream(), ""), answer(status(200), "<html>")];
    for (report, mut bench) in
        same.into_iter().zip([on(sse(), &[LONG_POLL]), on(sse(), &[LONG_POLL]), on(Relay, &[LONG_POLL])])
    {
        let mut polls = 0;
        for _ in 0..600 {
            bench.later(100);
            if bench.audit.is_getting() {
                polls += 1;
                bench.report(report.clone());
            }
        }
        assert!((55..=61).contains(&polls), "{polls} polls in a minute");
    }
}

#[test]
fn a_path_that_holds_streams_back_is_left_after_two_timeouts() {
    let mut bench = on(sse(), &[Transport::FetchStream, LONG_POLL]);
    bench.later(10 * SECOND);
    bench.waits();
    bench.later(10 * SECOND);
    assert_eq!(bench.rungs(), [Transport::FetchStream, Transport::FetchStream, LONG_POLL]);
}

#[test]
fn a_poll_of_a_stream_that_never_ends_is_given_up_every_time() {
    let mut bench = on(sse(), &[Transport::FetchStream, LONG_POLL]);
    bench.later(10 * 60 * SECOND);
    let polls = bench.rungs().iter().filter(|rung| **rung == LONG_POLL).count();
    assert!(polls > 5, "{polls} polls: one was waited for too long");
}
