//! The page and the clock on the wall: what makes a connection suspect, and what hurries it.
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
    cursor::Continuity,
    machine::{Config, GRACE, JUMP, UNREAD},
    time::Millis,
    types::{Delivery, Effect, Head, Input, Notice, PageEvent, Phase, Report, Transport},
    wire::{raw::Raw, relay::Relay},
};
use world::{
    Bench, Data, EVENT_SOURCE, FETCH_STREAM, HOUR, LONG_POLL, SECOND, WEBSOCKET, XHR_STREAM, begins,
    bench::{asked, drops, notices},
    cause_of, elsewhere, event, failed, frame, posted, sse, status,
};

/// The wall clock shows as much more than the bench's time.
fn wall(bench: &mut Bench, ahead: u64) -> Vec<Effect<Data>> {
    let wall = bench.now.after(Millis(ahead));
    bench.step(Input::WallClock(wall))
}

/// The machine sleeps for an hour, in which time stands still.
fn sleeps(bench: &mut Bench) {
    wall(bench, 1_700_000_000_000);
    assert_eq!(notices(&wall(bench, 1_700_000_000_000 + HOUR)), [] as [&Notice<Data>; 0]);
}

/// A stream over this rung that has brought an event with an id.
fn streaming(transport: Transport) -> Bench {
    let mut bench = Bench::on(sse(), &[transport, FETCH_STREAM]);
    match transport {
        EVENT_SOURCE => {
            bench.opens();
            bench.report(event("one", "1"));
        }
        LONG_POLL => drop(bench.polled("id: 1\ndata: one\n\n")),
        _ => {
            bench.report(begins());
            bench.chunk("id: 1\ndata: one\n\n");
        }
    }
    bench.later(10 * SECOND);
    bench
}

const STREAMS: [Transport; 3] = [EVENT_SOURCE, FETCH_STREAM, XHR_STREAM];

// ---- what is a jump ----

#[test]
fn the_first_time_on_the_wall_is_only_noted() {
    for ahead in [0, 1, HOUR, 1_700_000_000_000] {
        let mut bench = streaming(FETCH_STREAM);
        assert_eq!(wall(&mut bench, ahead), []);
        assert_eq!(bench.later(HOUR), []);
    }
}

#[test]
fn a_clock_that_drifts_or_is_set_back_has_not_jumped() {
    let mut bench = streaming(FETCH_STREAM);
    let mut ahead = 1_700_000_000_000;
    wall(&mut bench, ahead);
    for drift in [9_999, 9_999, 9_999, 0, 5_000] {
        ahead += drift;
        assert_eq!(wall(&mut bench, ahead), []);
    }
    for back in [1, 9_999, HOUR, 24 * HOUR] {
        ahead -= back;
        assert_eq!(wall(&mut bench, ahead), []);
    }
    bench.later(30 * SECOND);
    assert_eq!(wall(&mut bench, ahead), [], "time went on, and so did the clock");
    assert_eq!(bench.later(HOUR), []);
    assert_eq!(bench.phase(), Phase::Open);
}

#[test]
fn ten_seconds_are_a_jump() {
    let mut bench = streaming(FETCH_STREAM);
    wall(&mut bench, 5);
    wall(&mut bench, 5 + JUMP.0);
    assert_eq!(drops(&bench.later(GRACE.0)).len(), 1);
}

// ---- a connection that may be dead ----

/// T8: what is in the browser's buffers is read first.
#[test]
fn after_a_jump_a_stream_has_five_seconds_to_show_that_it_lives() {
    for transport in STREAMS {
        let mut bench = streaming(transport);
        let id = bench.id();
        sleeps(&mut bench);
        assert_eq!(drops(&bench.later(GRACE.0 - 1)), []);
        let effects = bench.later(1);
        assert_eq!(drops(&effects), [id]);
        let told = notices(&effects);
        assert!(matches!(told[..], [Notice::Reconnecting { delay: Millis::ZERO, .. }]), "at once: {told:?}");
        assert_eq!(cause_of(told[0]).kind, Kind::Silence);
        assert_eq!((asked(&effects), bench.tries.len()), (vec!["1".into()], 2), "{transport:?}");
        let effects = bench.report(begins());
        assert!(matches!(notices(&effects)[0], Notice::Reconnected { continuity: Continuity::Resumed, .. }));
    }
}

#[test]
fn any_sign_shows_that_it_lives() {
    for transport in STREAMS {
        let mut bench = streaming(transport);
        sleeps(&mut bench);
        bench.later(GRACE.0 - 1);
        match transport {
            EVENT_SOURCE => drop(bench.report(event("two", ""))),
            _ => drop(bench.chunk(":\n")),
        }
        bench.later(HOUR);
        assert_eq!((bench.phase(), bench.delays().len()), (Phase::Open, 0), "{transport:?}");
    }
}

#[test]
fn a_second_jump_gives_no_second_grace() {
    let mut bench = streaming(FETCH_STREAM);
    sleeps(&mut bench);
    bench.later(3 * SECOND);
    wall(&mut bench, 1_700_000_000_000 + 2 * HOUR);
    assert_eq!(drops(&bench.later(2 * SECOND)).len(), 1);
}

/// Nothing is known of a socket before it speaks, and a poll is held for long by its nature.
#[test]
fn sockets_and_polls_that_have_no_id_to_go_on_from_are_not_suspected() {
    let mut poll = Bench::on(sse(), &[LONG_POLL]);
    poll.polled("data: one\n\n");
    for mut bench in [Bench::open(Raw::default()), poll] {
        let tries = bench.tries.len();
        sleeps(&mut bench);
        bench.later(2 * GRACE.0);
        assert_eq!((bench.phase(), bench.tries.len()), (Phase::Open, tries));
    }
}

/// It may be held by a server that knows nothing of it any more, and to ask again costs next to nothing.
#[test]
fn a_poll_that_can_go_on_after_an_id_is_asked_again_at_once() {
    for mut bench in [Bench::polling(), streaming(LONG_POLL)] {
        let (id, tries) = (bench.id(), bench.tries.len());
        sleeps(&mut bench);
        let effects = bench.later(0);
        assert_eq!((drops(&effects), bench.tries.len()), (vec![id], tries + 1));
        assert!(matches!(notices(&effects)[..], [Notice::Reconnecting { delay: Millis::ZERO, .. }]));
    }
}

#[test]
fn a_poll_beside_a_message_that_is_under_way_is_left_to_that_ones_answer() {
    let mut bench = Bench::polling();
    let id = bench.id();
    assert_eq!(bench.send("x").0, Ok(Delivery::Sent));
    sleeps(&mut bench);
    assert_eq!(drops(&bench.later(GRACE.0)), []);
    assert!(drops(&bench.later(30 * SECOND)).contains(&id), "no answer has come");
}

/// As on Windows: what nobody has done for so long, nobody was there to do.
#[test]
fn where_time_runs_on_in_a_sleep_it_is_seen_by_a_clock_that_nobody_has_read() {
    for (unread, is_asleep) in [(UNREAD.0 - 1, false), (UNREAD.0, true)] {
        let mut bench = streaming(FETCH_STREAM);
        wall(&mut bench, 1_700_000_000_000);
        bench.later(unread);
        wall(&mut bench, 1_700_000_000_000);
        assert_eq!(drops(&bench.later(GRACE.0)).len(), usize::from(is_asleep));
    }
}

#[test]
fn suspicion_is_no_strike_against_the_rung() {
    for transport in STREAMS {
        let mut bench = Bench::with(sse(), Config { transports: vec![transport, LONG_POLL], ..Config::default() });
        for n in 1..4 {
            match transport {
                EVENT_SOURCE => drop(bench.opens()),
                _ => drop(bench.report(begins())),
            }
            bench.later(SECOND);
            sleeps(&mut bench);
            bench.later(GRACE.0);
            assert_eq!(bench.rungs(), vec![transport; n + 1], "a sleep says nothing of the path");
        }
    }
}

#[test]
fn an_application_that_judges_is_asked_and_the_next_try_is_at_once_all_the_same() {
    let transports = vec![FETCH_STREAM];
    let mut bench = Bench::with(sse(), Config { judges: true, transports, ..Config::default() });
    bench.report(begins());
    bench.later(HOUR);
    sleeps(&mut bench);
    bench.later(GRACE.0);
    assert_eq!(bench.phase(), Phase::Waiting);
    bench.step(Input::Judged(None));
    assert_eq!((bench.phase(), bench.delays()), (Phase::Connecting, vec![0]));
}

#[test]
fn an_event_source_that_has_come_back_by_itself_is_not_suspected_any_more() {
    let mut bench = Bench::open(elsewhere());
    bench.report(event("one", "1"));
    bench.later(HOUR);
    sleeps(&mut bench);
    bench.later(SECOND);
    bench.report(Report::SourceError { gave_up: false });
    bench.later(3 * SECOND);
    bench.opens();
    bench.later(HOUR);
    assert_eq!((bench.phase(), bench.tries.len()), (Phase::Open, 1));
}

#[test]
fn nothing_is_suspected_before_it_is_open() {
    let mut bench = Bench::on(sse(), &[FETCH_STREAM]);
    sleeps(&mut bench);
    bench.report(begins());
    bench.later(HOUR);
    assert_eq!((bench.phase(), bench.tries.len()), (Phase::Open, 1));
}

// ---- a connection that waits ----

/// Fetch, waiting for its next try.
fn waiting(head: Option<Head>) -> Bench {
    let mut bench = streaming(FETCH_STREAM);
    bench.report(failed());
    for _ in 0..6 {
        bench.waits();
        bench.report(failed());
    }
    bench.waits();
    bench.report(head.map_or_else(failed, Report::Head));
    bench.later(SECOND);
    assert_eq!(bench.phase(), Phase::Waiting);
    bench
}

#[test]
fn a_jump_hurries_the_next_try() {
    let mut bench = waiting(None);
    let tries = bench.tries.len();
    sleeps(&mut bench);
    assert_eq!((bench.phase(), bench.tries.len()), (Phase::Connecting, tries + 1));
}

#[test]
fn a_jump_does_not_hurry_what_the_server_asked_to_wait_for() {
    let mut bench = waiting(Some(Head { retry_after: Some(Millis(60 * SECOND)), ..status(503) }));
    let wait = bench.snapshot().retry_in;
    sleeps(&mut bench);
    assert_eq!((bench.phase(), bench.snapshot().retry_in), (Phase::Waiting, wait));
}

#[test]
fn the_wall_clock_means_nothing_to_who_has_not_begun_is_away_or_has_ended() {
    let mut away = streaming(FETCH_STREAM);
    away.page(PageEvent::Cached);
    let mut closed = streaming(FETCH_STREAM);
    closed.close();
    for mut bench in [Bench::new(sse(), Config::default()), away, closed] {
        let before = bench.snapshot();
        wall(&mut bench, 0);
        assert_eq!(wall(&mut bench, HOUR), []);
        assert_eq!(bench.snapshot(), before);
    }
}

// ---- another network ----

#[test]
fn online_after_offline_is_another_network_on_which_streams_may_be_dead() {
    for transport in STREAMS {
        let mut bench = streaming(transport);
        let id = bench.id();
        bench.page(PageEvent::Offline);
        bench.later(HOUR);
        assert_eq!(bench.phase(), Phase::Open, "T37: offline alone is a hint");
        bench.page(PageEvent::Online);
        assert_eq!(drops(&bench.later(GRACE.0 - 1)), []);
        let effects = bench.later(1);
        assert_eq!((drops(&effects), asked(&effects)), (vec![id], vec!["1".into()]), "{transport:?}");
    }
}

#[test]
fn online_after_offline_and_a_sign_of_life_is_the_same_network() {
    let mut bench = streaming(FETCH_STREAM);
    bench.page(PageEvent::Offline);
    bench.page(PageEvent::Online);
    bench.chunk(":\n");
    assert_eq!(drops(&bench.later(HOUR)), []);
}

#[test]
fn online_without_offline_before_it_is_no_news() {
    let mut bench = streaming(FETCH_STREAM);
    assert_eq!(bench.page(PageEvent::Online), []);
    assert_eq!(bench.later(HOUR), []);
}

#[test]
fn online_after_offline_hurries_the_next_try_unless_the_server_asked_for_time() {
    let asks = Head { retry_after: Some(Millis(60 * SECOND)), ..status(503) };
    for (head, phase) in [(None, Phase::Connecting), (Some(asks), Phase::Waiting)] {
        let mut bench = waiting(head);
        bench.page(PageEvent::Offline);
        assert_eq!(bench.phase(), Phase::Offline);
        bench.page(PageEvent::Online);
        assert_eq!(bench.phase(), phase);
    }
}

/// T31: there is nothing that a hidden page could say; that it is visible again touches no open connection.
#[test]
fn what_is_open_stays_open_whether_the_page_is_seen_or_not() {
    for mut bench in [streaming(FETCH_STREAM), Bench::open(Relay)] {
        assert_eq!(bench.page(PageEvent::Visible), []);
        assert_eq!(drops(&bench.later(10 * SECOND)), []);
        assert_eq!(bench.phase(), Phase::Open);
    }
}

/// T16: quick hiding and showing left MFE with streams that nobody could end.
#[test]
fn however_often_the_page_comes_and_goes_there_is_one_connection() {
    use PageEvent::{Cached, Offline, Online, Restored, Visible};
    for mut bench in [Bench::open(Relay), streaming(FETCH_STREAM), streaming(LONG_POLL)] {
        for event in [Cached, Restored, Visible, Restored, Online, Cached, Cached, Offline, Restored, Online, Visible] {
            bench.page(event);
            assert!(bench.audit.live().len() <= 1, "{event:?}");
        }
        assert_eq!(bench.audit.live().len(), 1);
        bench.close();
        assert_eq!(bench.audit.live(), []);
    }
}

#[test]
fn a_socket_on_another_network_is_left_when_it_says_so_and_not_before() {
    let mut bench = Bench::open(Relay);
    bench.report(frame("x"));
    bench.page(PageEvent::Offline);
    bench.page(PageEvent::Online);
    bench.later(HOUR);
    assert_eq!(bench.rungs(), [WEBSOCKET]);
}

// ---- the back/forward cache ----

#[test]
fn what_a_server_asked_for_holds_over_the_page_cache() {
    let mut bench = Bench::on(sse(), &[FETCH_STREAM]);
    bench.report(Report::Head(Head { retry_after: Some(Millis(300 * SECOND)), ..status(503) }));
    let wait = bench.snapshot().retry_in.0;
    bench.page(PageEvent::Cached);
    bench.later(SECOND);
    assert_eq!(asked(&bench.page(PageEvent::Restored)), [""; 0]);
    assert_eq!(bench.snapshot().retry_in.0, wait - SECOND);
    assert_eq!(asked(&bench.later(wait)).len(), 1);
}

#[test]
fn what_a_server_asked_for_before_it_was_well_again_is_forgotten() {
    let mut bench = Bench::on(sse(), &[FETCH_STREAM]);
    bench.report(Report::Head(Head { retry_after: Some(Millis(SECOND)), ..status(503) }));
    bench.waits();
    bench.report(begins());
    bench.page(PageEvent::Cached);
    assert_eq!(asked(&bench.page(PageEvent::Restored)).len(), 1);
}

#[test]
fn a_server_that_asked_for_a_time_that_is_over_is_asked_at_once() {
    let mut bench = Bench::on(sse(), &[FETCH_STREAM]);
    bench.report(Report::Head(Head { retry_after: Some(Millis(SECOND)), ..status(503) }));
    bench.page(PageEvent::Cached);
    bench.later(HOUR);
    assert_eq!(asked(&bench.page(PageEvent::Restored)).len(), 1);
}

// ---- T8: timers that come late ----

/// The page is frozen until a minute from now, and the timer is the first to be heard after.
fn thaws(bench: &mut Bench) -> Vec<Effect<Data>> {
    bench.now = bench.now.after(Millis(60 * SECOND));
    bench.wake = None;
    bench.step(Input::Tick)
}

#[test]
fn a_late_timer_does_not_end_a_try_that_has_come_through_meanwhile_t8() {
    let mut bench = Bench::started(Raw::default());
    assert_eq!(drops(&thaws(&mut bench)), []);
    bench.opens();
    assert_eq!((bench.phase(), bench.tries.len()), (Phase::Open, 1));
}

#[test]
fn a_try_that_has_not_come_through_ends_a_second_after_a_late_timer_t8() {
    let mut bench = Bench::started(Raw::default());
    thaws(&mut bench);
    assert_eq!(drops(&bench.later(999)), []);
    assert_eq!(drops(&bench.later(1)).len(), 1);
    // Each try has its own.
    bench.waits();
    assert_eq!(drops(&thaws(&mut bench)), []);
}

#[test]
fn a_late_timer_does_not_end_the_wait_for_credentials_or_a_probe_that_have_come_meanwhile_t8() {
    let mut bench = Bench::with(sse(), Config { refreshes: true, transports: vec![FETCH_STREAM], ..Config::default() });
    bench.report(Report::Head(status(401)));
    thaws(&mut bench);
    assert_eq!(asked(&bench.step(Input::Refreshed(Ok(())))).len(), 1);

    let mut bench = Bench::polling();
    bench.later(15 * SECOND);
    assert!(bench.is_probing());
    assert_eq!(drops(&thaws(&mut bench)), []);
    bench.opens();
    assert!(bench.is_probing());
}

#[test]
fn a_late_timer_does_not_end_a_request_that_was_answered_meanwhile_t8() {
    let mut bench = Bench::polling();
    let carrier = bench.id();
    assert!(bench.send("a").0.is_ok());
    assert_eq!(drops(&thaws(&mut bench)), []);
    bench.step(Input::Report(carrier, posted(202)));
    assert!(!drops(&bench.later(HOUR)).contains(&carrier));
}
