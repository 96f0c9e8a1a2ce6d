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

use everwire::__core::{
    backoff::Backoff,
    cause::{Kind, Verdict},
    cursor::Continuity,
    machine::Config,
    outbox::{Bounds, Terms, WhenFull},
    time::Millis,
    types::{ConnId, Delivery, Effect, End, Head, Input, Notice, PageEvent, Phase, Refused, Report, Ruling, Why},
    wire::{OwnIds, engine_io::EngineIo, raw::Raw, relay::Relay},
};
use world::{
    Bench, Data, EVENT_SOURCE, FETCH_STREAM, HOUR, LONG_POLL, SECOND, SOCKET_OR_POLL, WEBSOCKET, answer, begins,
    bench::{asked, dropped, drops, handed, notices},
    cause_of, closed, event, failed, frame, message, opened, piece, posted, sse, status, with_id,
};

// ---- the table ----

#[test]
fn start_opens_the_best_rung() {
    for (mut bench, best) in [
        (Bench::new(Raw::default(), Config::default()), WEBSOCKET),
        (Bench::new(Relay, Config::default()), WEBSOCKET),
        (Bench::new(sse(), Config::default()), EVENT_SOURCE),
    ] {
        assert_eq!(bench.phase(), Phase::Connecting);
        bench.step(Input::Start);
        assert_eq!(bench.rungs(), [best]);
        assert_eq!((bench.phase(), bench.snapshot().transport), (Phase::Connecting, Some(best)));
    }
}

#[test]
fn only_the_chosen_rungs_are_used_and_only_those_that_the_wire_has() {
    assert_eq!(Bench::on(Relay, &[LONG_POLL]).rungs(), [LONG_POLL]);
    let bench = Bench::on(Raw::default(), &[LONG_POLL]);
    assert_eq!(bench.phase(), Phase::Closed);
    let told: Vec<_> = bench.notices().collect();
    assert!(matches!(told[..], [Notice::Closed(End { code: 1006, cause: Some(_), .. })]));
    assert_eq!(cause_of(told[0]).kind, Kind::Unusable);
}

#[test]
fn it_is_open_when_the_socket_says_so() {
    let mut bench = Bench::started(Raw::default());
    assert_eq!(notices(&bench.opens()), [&Notice::Opened]);
    assert_eq!(bench.phase(), Phase::Open);
}

#[test]
fn a_message_before_the_answer_is_the_answer() {
    let mut bench = Bench::started(Raw::default());
    let effects = bench.report(frame("early"));
    assert_eq!(notices(&effects), [&Notice::Opened, &Notice::Message(message("early", None))]);
    assert!(notices(&bench.opens()).is_empty(), "told once");
}

#[test]
fn a_poll_that_is_held_for_half_a_second_was_accepted() {
    let mut bench = Bench::on(Relay, &[LONG_POLL]);
    bench.later(499);
    assert_eq!(bench.phase(), Phase::Connecting);
    bench.later(1);
    assert_eq!(bench.phase(), Phase::Open);
    assert_eq!(bench.audit.live().len(), 1, "and it is the same poll");
    bench.later(HOUR);
    assert_eq!(bench.tries.len(), 1, "which is never aborted (T38)");
}

/// What the application takes long to provide is no poll that is held: there is none yet.
#[test]
fn a_poll_that_has_not_gone_out_is_not_held() {
    let mut bench = Bench::new(Relay, Config { transports: vec![LONG_POLL], ..Config::default() });
    bench.provides_later = true;
    bench.step(Input::Start);
    bench.later(9_000);
    assert_eq!(bench.phase(), Phase::Connecting);
    bench.report(Report::Asked);
    bench.later(499);
    assert_eq!(bench.phase(), Phase::Connecting);
    bench.later(1);
    assert_eq!(bench.phase(), Phase::Open);
    // Who never provides it has as long as an answer would have.
    let mut bench = Bench::new(Relay, Config { transports: vec![LONG_POLL], ..Config::default() });
    bench.provides_later = true;
    bench.step(Input::Start);
    let effects = bench.later(10_000);
    assert_eq!(cause_of(notices(&effects)[0]).kind, Kind::Timeout);
}

#[test]
fn that_a_request_has_gone_out_changes_nothing_where_no_poll_may_be_held() {
    for mut bench in [Bench::on(Relay, &[WEBSOCKET]), Bench::on(EngineIo::default(), &[LONG_POLL]), Bench::polling()] {
        let before = bench.machine.next_deadline();
        assert_eq!(bench.report(Report::Asked), []);
        assert_eq!(bench.machine.next_deadline(), before);
    }
}

/// T12: the timeout ends the attempt, it is not only told.
#[test]
fn an_attempt_that_does_not_open_in_time_is_dropped() {
    let mut bench = Bench::started(Raw::default());
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
    let mut bench = Bench::started(Raw::default());
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
    let mut bench = Bench::open(Raw::default());
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
    let mut bench = Bench::new(Raw::default(), Config { silence, ..Config::default() });
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
    let mut bench = Bench::new(Raw::default(), Config { silence: Some(Millis(20 * SECOND)), ..Config::default() });
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
fn the_wait_ends_by_time_by_the_application_and_by_the_page() {
    let ends: [fn(&mut Bench); 4] = [
        |bench| drop(bench.waits()),
        |bench| drop(bench.step(Input::Reconnect)),
        |bench| drop(bench.page(PageEvent::Online)),
        |bench| drop(bench.page(PageEvent::Visible)),
    ];
    for end in ends {
        let mut bench = Bench::open(Raw::default());
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
    let mut bench = Bench::started(Raw::default());
    bench.breaks();
    bench.step(Input::Reconnect);
    assert_eq!((bench.phase(), bench.tries.len()), (Phase::Connecting, 2));
    bench.later(9_999);
    assert_eq!(bench.tries.len(), 2, "and the old timer starts no third one");
}

#[test]
fn reconnect_replaces_the_carrier_whether_it_is_open_or_not() {
    for open in [false, true] {
        let mut bench = Bench::started(Raw::default());
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
        || Bench::started(Raw::default()),
        || Bench::open(Raw::default()),
        || {
            let mut bench = Bench::started(Raw::default());
            bench.breaks();
            bench
        },
        || Bench::probed().0,
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
        let live: Vec<_> = bench.audit.live().into_iter().rev().map(|(id, _)| id).collect();
        let effects = bench.step(Input::Close { code: 4000, reason: "bye".into() });
        if name == "closed" {
            assert_eq!(effects, []);
            continue;
        }
        assert_eq!(drops(&effects), live, "{name}");
        let Some(Effect::Tell(Notice::Closed(End { code: 4000, reason, cause: None, .. }))) = effects.last() else {
            panic!("{name}: {effects:?}");
        };
        assert_eq!(*reason, "bye", "{name}");
        assert_eq!((bench.phase(), bench.wake), (Phase::Closed, None), "{name}");
    }
}

#[test]
fn close_says_its_words_on_the_socket() {
    let mut bench = Bench::open(Raw::default());
    let id = bench.id();
    let effects = bench.step(Input::Close { code: 3001, reason: "enough".into() });
    assert!(effects.contains(&Effect::Drop(id, Some((3001, "enough".into())))));
}

/// T6.
#[test]
fn close_cancels_the_pending_retry() {
    let mut bench = Bench::started(Raw::default());
    bench.breaks();
    let effects = bench.close();
    assert!(effects.contains(&Effect::Wake(None)));
    bench.now = bench.now.after(Millis(HOUR));
    assert_eq!(bench.step(Input::Tick), []);
    assert_eq!(bench.tries.len(), 1);
}

#[test]
fn a_verdict_of_stop_closes_with_the_servers_code_and_words() {
    let mut bench = Bench::open(Raw::default());
    let effects = bench.report(closed(4403, "not you"));
    let told = notices(&effects);
    assert!(
        matches!(told[..], [Notice::Closed(End { code: 4403, reason, cause: Some(_), .. })] if *reason == "not you"),
        "{told:?}"
    );
    assert_eq!(bench.later(HOUR), []);
}

#[test]
fn a_servers_1000_is_no_reason_to_stop() {
    let mut bench = Bench::open(Raw::default());
    bench.closes(1000);
    assert_eq!(bench.phase(), Phase::Waiting);
}

#[test]
fn an_id_of_the_applications_own_is_asked_for_with_the_next_try() {
    let ids = OwnIds { query: "since".into(), told: false };
    for (ids, continuity) in [(ids, Continuity::Resumed), (OwnIds::default(), Continuity::Fresh)] {
        let mut bench = Bench::open(Raw(ids));
        for id in ["5", "6"] {
            bench.report(frame("x"));
            bench.step(Input::Moved(id.into()));
        }
        bench.breaks();
        assert_eq!(asked(&bench.waits()), ["6"]);
        let effects = bench.opens();
        let told = notices(&effects);
        assert!(matches!(told[0], Notice::Reconnected { continuity: what, .. } if *what == continuity), "{told:?}");
    }
}

#[test]
fn one_that_begins_low_stands_on_the_last_rung_and_probes_for_a_better_one_as_soon_as_it_is_open() {
    let mut bench = Bench::with(Relay, Config { begin_low: true, ..Config::default() });
    assert_eq!(bench.rungs(), [LONG_POLL]);
    let carrier = bench.id();
    bench.report(answer(with_id("1:0"), "one"));
    bench.later(0);
    assert_eq!(bench.rungs(), [LONG_POLL, WEBSOCKET]);
    bench.report(opened(true));
    bench.later(SECOND);
    let effects = bench.step(Input::Report(carrier, answer(with_id("1:1"), "two")));
    assert_eq!(asked(&effects), ["1:1"]);
    bench.report(opened(true));
    assert_eq!((bench.snapshot().transport, bench.delays()), (Some(WEBSOCKET), vec![]));
}

// ---- what is not in the table ----

/// A bench in each state.
fn states() -> Vec<(&'static str, Bench)> {
    let mut waiting = Bench::started(Raw::default());
    waiting.breaks();
    let mut away = Bench::open(Raw::default());
    away.page(PageEvent::Cached);
    let mut closed = Bench::open(Raw::default());
    closed.close();
    let mut judging = Bench::with(Raw::default(), Config { judges: true, ..Config::default() });
    judging.breaks();
    let mut refreshing = Bench::with(Raw::default(), Config { refreshes: true, ..Config::default() });
    refreshing.closes(4401);
    vec![
        ("idle", Bench::new(Raw::default(), Config::default())),
        ("connecting", Bench::started(Raw::default())),
        ("open", Bench::open(Raw::default())),
        ("polling", Bench::polling()),
        ("probed", Bench::probed().0),
        ("judging", judging),
        ("waiting", waiting),
        ("refreshing", refreshing),
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
        begins(),
        piece("data: ghost\n\n"),
        Report::Done,
        answer(with_id("9:9"), "ghost"),
        posted(403),
        failed(),
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
    let mut bench = Bench::open(Raw::default());
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
    let failures = [closed(1006, ""), Report::SourceError { gave_up: true }, failed(), Report::Done];
    for mut bench in [Bench::started(Raw::default()), Bench::open(Raw::default()), Bench::on(sse(), &[FETCH_STREAM])] {
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
    let foreign = [piece("data: x\n\n"), Report::Head(status(500)), event("x", ""), posted(500)];
    for report in foreign {
        let id = ConnId(1);
        changes_nothing("open by socket", &mut Bench::open(Raw::default()), Input::Report(id, report));
    }
    for report in [frame("x"), Report::Head(status(500)), posted(500)] {
        let id = ConnId(1);
        changes_nothing("open by event source", &mut Bench::open(sse()), Input::Report(id, report));
    }
}

#[test]
fn a_second_open_is_ignored() {
    changes_nothing("open", &mut Bench::open(Raw::default()), Input::Report(ConnId(1), opened(true)));
}

#[test]
fn a_flush_is_only_for_the_open_carrier() {
    for (name, mut bench) in states() {
        changes_nothing(name, &mut bench, Input::Flush(ConnId(99)));
    }
    let mut bench = Bench::started(Raw::default());
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
            // On another network a poll is asked anew.
            "polling" | "probed" => &[Restored, Visible, Offline],
            _ => &[Restored, Visible, Offline, Online],
        };
        for event in idle {
            changes_nothing(name, &mut bench, Input::Page(*event));
        }
    }
}

#[test]
fn a_verdict_and_credentials_that_nobody_waits_for_change_nothing() {
    let verdicts = [None, Some(Ruling::Verdict(Verdict::Stop)), Some(Ruling::RetryAfter(Millis(1)))];
    for (name, mut bench) in states() {
        for ruling in verdicts.into_iter().filter(|_| name != "judging") {
            changes_nothing(name, &mut bench, Input::Judged(ruling));
        }
        for result in [Ok(()), Err("no".into())].into_iter().filter(|_| name != "refreshing") {
            changes_nothing(name, &mut bench, Input::Refreshed(result));
        }
    }
}

#[test]
fn the_first_time_on_the_wall_changes_nothing_in_any_state() {
    for (name, mut bench) in states() {
        changes_nothing(name, &mut bench, Input::WallClock(Millis(1_700_000_000_000)));
    }
}

#[test]
fn a_release_without_a_gate_changes_nothing_in_any_state() {
    for (name, mut bench) in states() {
        changes_nothing(name, &mut bench, Input::Release);
    }
}

/// It is only asked about a WebSocket that never worked, and 0 is no answer.
#[test]
fn what_the_servers_http_side_says_means_nothing_where_nobody_asked() {
    for (name, mut bench) in states() {
        changes_nothing(name, &mut bench, Input::Inquired(0));
        if !matches!(name, "connecting" | "waiting" | "judging" | "refreshing") {
            changes_nothing(name, &mut bench, Input::Inquired(404));
        }
    }
}

#[test]
fn an_id_of_the_applications_own_moves_the_cursor_in_every_state_but_the_last_and_does_nothing_else() {
    for (name, mut bench) in states() {
        let before = bench.machine.last_id().clone();
        changes_nothing(name, &mut bench, Input::Moved("9:9".into()));
        let expected = if name == "closed" { before } else { "9:9".into() };
        assert_eq!(*bench.machine.last_id(), expected, "{name}");
        for unfit in ["a\0b", "a\nb", "a\rb"] {
            changes_nothing(name, &mut bench, Input::Moved(unfit.into()));
            assert_eq!(*bench.machine.last_id(), expected, "{name}");
        }
    }
}

#[test]
fn reconnect_before_the_start_changes_nothing() {
    changes_nothing("idle", &mut Bench::new(Raw::default(), Config::default()), Input::Reconnect);
}

/// Invariant 8.
#[test]
fn closed_is_absorbing() {
    let mut bench = Bench::open(Raw::default());
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
        Input::Judged(None),
        Input::Refreshed(Ok(())),
        Input::WallClock(Millis(0)),
        Input::WallClock(Millis(HOUR)),
        Input::Release,
        Input::Moved("9:9".into()),
        Input::Inquired(404),
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
    let mut bench = Bench::started(Raw::default());
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
    let mut bench = Bench::on(Relay, &[LONG_POLL]);
    bench.report(failed());
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
        let mut bench = Bench::new(Raw::default(), Config { backoff, ..Config::default() });
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
    let mut bench = Bench::new(Raw::default(), Config { backoff, ..Config::default() });
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
    let mut bench = Bench::on(sse(), &[FETCH_STREAM]);
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
            let config = Config { seed, transports: vec![FETCH_STREAM], ..Config::default() };
            let mut bench = Bench::new(sse(), config);
            bench.step(Input::Start);
            bench.report(begins());
            bench.chunk(&format!("retry: {retry}\n\n"));
            bench.report(Report::Done);
            let wait = bench.snapshot().retry_in.0;
            assert!((least..=most).contains(&wait), "retry: {retry} is a wait of {wait}");
        }
    }
}

#[test]
fn page_events_in_a_row_bring_no_try_within_a_second_of_the_last() {
    let mut bench = Bench::started(Raw::default());
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
    let mut bench = Bench::open(Raw::default());
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
    let mut bench = Bench::on(Relay, &SOCKET_OR_POLL);
    bench.report(Report::Unusable { why: "blocked by a content security policy".into() });
    assert_eq!((bench.rungs(), bench.delays()), (vec![WEBSOCKET, LONG_POLL], vec![]));
    for _ in 0..5 {
        bench.report(failed());
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
    let mut bench = Bench::started(Raw::default());
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
    let outbox = Bounds { messages: 2, bytes: 10, when_full: WhenFull::Refuse, ..Bounds::DEFAULT };
    let mut bench = Bench::new(Raw::default(), Config { outbox, ..Config::default() });
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
    let outbox = Bounds { messages: 2, bytes: 10, when_full: WhenFull::DropOldest, ..Bounds::DEFAULT };
    let mut bench = Bench::new(Raw::default(), Config { outbox, ..Config::default() });
    bench.step(Input::Start);
    let _ = bench.send("a");
    let _ = bench.send("b");
    let (delivery, effects) = bench.send("0123456789");
    assert_eq!(delivery, Ok(Delivery::Queued));
    let gone: Vec<_> = ["a", "b"].map(|text| Notice::Dropped { data: Data::new(text), why: Why::Full }).into();
    assert_eq!(notices(&effects), gone.iter().collect::<Vec<_>>());
    assert_eq!(bench.send("01234567890").0, Err(Refused::Full(Data::new("01234567890"))), "alone it is too large");
}

#[test]
fn a_message_whose_time_is_up_makes_room_in_a_full_outbox() {
    for when_full in WhenFull::ALL {
        let outbox = Bounds { messages: 2, bytes: 10, when_full, ttl: Millis(100) };
        let mut bench = Bench::new(Raw::default(), Config { outbox, ..Config::default() });
        bench.step(Input::Start);
        let _ = bench.send("a");
        bench.now = bench.now.after(Millis(60));
        let _ = bench.send("b");
        // The timer that gives up `a` has not come yet: timers may be late, the clock is not.
        bench.now = bench.now.after(Millis(40));
        let (delivery, effects) = bench.send("c");
        assert_eq!(delivery, Ok(Delivery::Queued), "{when_full:?}");
        assert_eq!(notices(&effects), [&Notice::Dropped { data: Data::new("a"), why: Why::Expired }], "{when_full:?}");
    }
}

/// T17.
#[test]
fn what_a_closing_socket_did_not_take_comes_back_in_order_and_goes_over_the_next() {
    let mut bench = Bench::started(Raw::default());
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

/// T17. What is sent meanwhile keeps the terms on which it is sent, and those of use only now are handed back.
#[test]
fn a_socket_that_is_known_to_be_closing_is_given_nothing() {
    let mut bench = Bench::open(Raw::default());
    bench.step(Input::Flush(bench.id()));
    assert_eq!(bench.report(Report::Closing), []);
    let volatile = Terms { volatile: true, ..Terms::default() };
    assert_eq!(bench.send_on(Data::new("now"), volatile).0, Err(Refused::Volatile(Data::new("now"))));
    let brief = Terms { ttl: Some(Millis(100)), ..Terms::default() };
    assert_eq!(bench.send_on(Data::new("soon"), brief).0, Ok(Delivery::Queued));
    assert_eq!(bench.send("some time").0, Ok(Delivery::Queued));
    assert_eq!(dropped(&bench.later(100)), [("soon".into(), Why::Expired)]);
    bench.breaks();
    bench.waits();
    bench.opens();
    assert_eq!(handed(&bench.step(Input::Flush(bench.id()))), ["some time"]);
}

/// T17, where the socket was replaced before it could say so.
#[test]
fn what_an_abandoned_socket_did_not_take_goes_over_its_successor() {
    let mut bench = Bench::open(Raw::default());
    let old = bench.id();
    bench.step(Input::Flush(old));
    assert_eq!(bench.send("a").0, Ok(Delivery::Sent));
    bench.step(Input::Reconnect);
    bench.opens();
    bench.step(Input::Flush(bench.id()));
    assert_eq!(handed(&bench.step(Input::Report(old, Report::Unsent(Data::new("a"))))), ["a"]);
    assert_eq!(bench.send("b").0, Ok(Delivery::Sent), "and the successor is not blamed");
}
