//! The core in a world: long scenarios, and the invariants of `design.md` under any schedule of faults.
//!
//! Every step in here is watched by the auditor of the harness, so a scenario that ends well has kept invariants 1, 3, 4, 5, 8
//! and 9 all the way; what is asserted here is what came of it.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod world;

use std::collections::BTreeSet;

use everwire::core::{
    cause::{Kind, Verdict},
    cursor::Continuity,
    machine::Config,
    outbox::{Bounds, WhenFull},
    rng::Rng,
    time::Millis,
    types::{Input, Notice, PageEvent, Phase, Ruling, Transport, Why},
    wire::{raw::Raw, relay::Relay, sse::Sse},
};
use proptest::{prelude::*, sample::select};
use world::{
    EVENT_SOURCE, FETCH_STREAM, Faults, HOUR, LONG_POLL, MINUTE, Path, Refreshing, SECOND, WEBSOCKET, World, XHR_STREAM,
};

fn upto(count: u32) -> Vec<u32> {
    (1..=count).collect()
}

fn only(transport: Transport) -> Config {
    Config { transports: vec![transport], ..Config::default() }
}

/// A thousand messages while the connection is dropped fifty times, at times that the seed chooses.
fn thousand_messages_and_fifty_drops(mut world: World) -> World {
    let mut rng = Rng::new(world.seed());
    world.jitter = 30;
    world.opens_within(MINUTE);
    world.pushes(1_000, 200);
    for _ in 0..50 {
        world.at(rng.below(Millis(200 * SECOND)).0, World::drop_all);
    }
    world.run_for(10 * MINUTE);
    assert_eq!(world.inbox(), upto(1_000), "each once, in order");
    world
}

#[test]
fn a_thousand_messages_through_fifty_drops_arrive_once_each_in_order_by_websocket() {
    for seed in 0..4 {
        let world = World::new(Relay, Config { seed, ..only(WEBSOCKET) });
        thousand_messages_and_fifty_drops(world.started());
    }
}

#[test]
fn a_thousand_messages_through_fifty_drops_arrive_once_each_in_order_by_long_poll() {
    for seed in 0..4 {
        let world = World::new(Relay, Config { seed, ..only(LONG_POLL) });
        thousand_messages_and_fifty_drops(world.started());
    }
}

/// T35, T36: the cursor goes with every request, so a change of transport neither loses nor repeats.
#[test]
fn a_thousand_messages_through_fifty_drops_arrive_once_each_in_order_over_changing_transports() {
    for seed in 0..4 {
        let mut world = World::relay(seed).started();
        for (second, path) in [(10, Path::Refuses), (50, Path::Clear), (110, Path::Swallows), (130, Path::Clear)] {
            world.at(second * SECOND, move |world| world.faults.websocket = path);
        }
        world.run_for(SECOND);
        let world = thousand_messages_and_fifty_drops(world);
        let rungs: BTreeSet<_> = world.bench.rungs().iter().map(|rung| rung.as_str()).collect();
        assert_eq!(rungs.len(), 2, "it was tried on both");
    }
}

/// Ten thousand events, one every so many milliseconds, while the connection is dropped two hundred times.
fn ten_thousand_events_and_two_hundred_drops(mut world: World, every: u64) -> World {
    let mut rng = Rng::new(world.seed());
    world.jitter = 30;
    world.input(Input::Start);
    world.opens_within(MINUTE);
    world.pushes(10_000, every);
    for _ in 0..200 {
        world.at(rng.below(Millis(10_000 * every)).0, World::drop_all);
    }
    world.run_for(10_000 * every + 10 * MINUTE);
    let losses = world.bench.delays().len();
    assert!(losses > 100, "only {losses} of the drops found a connection");
    assert_eq!(world.inbox(), upto(10_000), "each once, in order");
    world
}

#[test]
fn ten_thousand_events_through_two_hundred_drops_arrive_once_each_in_order_by_fetch() {
    ten_thousand_events_and_two_hundred_drops(World::new(world::sse(), only(FETCH_STREAM)), 100);
}

/// T28: what is rotated, and dropped besides, loses and repeats nothing.
#[test]
fn ten_thousand_events_through_two_hundred_drops_arrive_once_each_in_order_by_an_xhr_that_is_rotated() {
    let mut world = World::new(world::sse(), only(XHR_STREAM));
    world.padding = 30_000;
    let world = ten_thousand_events_and_two_hundred_drops(world, 100);
    let rotations = world.server.resumes.len() - world.bench.tries.len();
    assert!(rotations > 100, "{rotations} rotations of 300 MB");
}

#[test]
fn ten_thousand_events_through_two_hundred_drops_arrive_once_each_in_order_by_long_poll() {
    ten_thousand_events_and_two_hundred_drops(World::new(world::sse(), only(LONG_POLL)), 100);
}

#[test]
fn ten_thousand_events_through_two_hundred_drops_arrive_once_each_in_order_by_the_browsers_own() {
    let wire = Sse { query: "since".into(), ..world::sse() };
    ten_thousand_events_and_two_hundred_drops(World::new(wire, only(EVENT_SOURCE)), 100);
    let world = World::new(world::elsewhere(), Config::default());
    let world = ten_thousand_events_and_two_hundred_drops(world, 100);
    assert!(world.bench.rungs().contains(&EVENT_SOURCE));
}

/// T33–T36: the path allows now this and now that, and the cursor goes along.
#[test]
fn ten_thousand_events_through_two_hundred_drops_arrive_once_each_in_order_over_changing_paths() {
    for seed in 0..2 {
        let mut world = World::new(world::sse(), Config { seed, ..Config::default() });
        world.comments = Some(15 * SECOND);
        world.padding = 30_000;
        world.faults.streams(Path::Mutes);
        for (second, path, both) in [
            (600, Path::Clear, false),
            (1_000, Path::Clear, true),
            (1_600, Path::Swallows, true),
            (2_000, Path::Clear, true),
            (2_600, Path::Refuses, false),
            (3_200, Path::Clear, true),
        ] {
            world.at(second * SECOND, move |world| {
                world.faults.xhr = path;
                if both {
                    world.faults.streams(path);
                }
                world.drop_all();
            });
        }
        let world = ten_thousand_events_and_two_hundred_drops(world, 400);
        let rungs: BTreeSet<_> = world.bench.rungs().iter().map(|rung| rung.as_str()).collect();
        assert_eq!(rungs.len(), 4, "it was tried on all four: {rungs:?}");
        assert_eq!(world.bench.snapshot().transport, Some(FETCH_STREAM), "and it came back");
    }
}

/// T13: half-open is what a laptop is after it slept. Without a heartbeat only the silence timeout sees it.
#[test]
fn a_half_open_socket_is_left_after_the_silence_timeout_and_resumes() {
    let config = Config { silence: Some(Millis(30 * SECOND)), ..Config::default() };
    let mut world = World::new(Relay, config).started();
    world.opens_within(SECOND);
    world.pushes(100, SECOND);
    world.at(20_500, World::goes_silent);
    world.at(25_000, |world| world.faults = Faults::NONE);
    world.run_for(60 * SECOND);
    assert_eq!(world.bench.phase(), Phase::Open);
    assert!(
        world
            .bench
            .notices()
            .any(|notice| matches!(notice, Notice::Reconnecting { cause, .. } if cause.kind == Kind::Silence))
    );
    world.run_for(60 * SECOND);
    assert_eq!(world.inbox(), upto(100));
}

/// T30, T37: no silence timeout unless asked for, and a quiet connection is left alone.
#[test]
fn a_quiet_connection_stays_for_days() {
    for mut world in [World::relay(1), World::new(world::sse(), only(FETCH_STREAM)), World::new(Raw, Config::default())]
    {
        world.input(Input::Start);
        world.run_for(48 * HOUR);
        assert_eq!(world.bench.tries.len(), 1);
        assert_eq!(world.bench.phase(), Phase::Open);
    }
}

#[test]
fn a_server_that_sends_comments_is_not_taken_for_a_path_that_holds_them_back() {
    let mut world = World::sse(1);
    world.comments = Some(15 * SECOND);
    world.input(Input::Start);
    world.run_for(48 * HOUR);
    let rungs = [EVENT_SOURCE, FETCH_STREAM];
    assert_eq!(world.bench.rungs(), rungs, "the browser's own hides comments, fetch does not");
}

/// Every rung is tried once, then the best one is kept. What comes in the end comes at once.
#[test]
fn a_server_that_says_nothing_for_days_is_listened_to_on_the_best_rung() {
    let mut world = World::sse(1);
    world.endless = true;
    world.input(Input::Start);
    world.run_for(10 * MINUTE);
    let tries = world.bench.tries.len();
    assert!(tries < 10, "{tries} tries");
    world.run_for(48 * HOUR);
    assert_eq!(world.bench.tries.len(), tries);
    assert_eq!((world.bench.phase(), world.bench.snapshot().transport), (Phase::Open, Some(EVENT_SOURCE)));
    world.push_next();
    world.run_for(100);
    assert_eq!(world.inbox(), upto(1));
}

/// T5: accepting is not being useful.
#[test]
fn a_server_that_accepts_and_kills_is_backed_off_from_like_one_that_refuses() {
    let tries = |faults: Faults, transport| {
        let mut world = World::new(Relay, only(transport));
        world.faults = faults;
        world.input(Input::Start);
        world.run_for(HOUR);
        world.bench.tries.len()
    };
    for transport in [WEBSOCKET, LONG_POLL] {
        let refusing = tries(Faults { down: true, ..Faults::NONE }, transport);
        let killing = tries(Faults { kills_after: Some(100), ..Faults::NONE }, transport);
        // An hour at an average of 15 s, and the first tries that are closer.
        for count in [refusing, killing] {
            assert!((150..=350).contains(&count), "{count} tries in an hour by {transport:?}");
        }
    }
}

/// T5, with messages: that one message came does not reset the backoff either.
#[test]
fn a_flapping_server_that_sends_before_it_kills_is_backed_off_from() {
    let mut world = World::relay(5);
    world.faults.kills_after = Some(2 * SECOND);
    world.input(Input::Start);
    world.pushes(3_600, SECOND);
    world.run_for(HOUR);
    let tries = world.bench.tries.len();
    assert!((150..=350).contains(&tries), "{tries} tries in an hour");
    world.faults = Faults::NONE;
    world.run_for(5 * MINUTE);
    assert_eq!(world.inbox(), upto(3_600));
    assert_eq!(world.bench.snapshot().attempt, 0);
}

/// T2, T7: nobody gives up by himself, and the delay stays within the cap however long it takes.
#[test]
fn after_a_day_without_a_server_it_is_back_within_the_cap() {
    for mut world in [World::relay(3), World::sse(3), World::new(Raw, Config::default())] {
        world.input(Input::Start);
        world.opens_within(SECOND);
        world.faults.down = true;
        world.drop_all();
        world.run_for(24 * HOUR);
        assert!(world.bench.delays().iter().all(|&delay| delay <= 30 * SECOND));
        let tries = world.bench.tries.len();
        assert!((4_000..=8_000).contains(&tries), "{tries} tries in a day");
        world.faults.down = false;
        world.opens_within(31 * SECOND);
    }
}

#[test]
fn a_day_of_the_browser_saying_offline_is_tried_through_and_ends_with_online() {
    let mut world = World::relay(4).started();
    world.opens_within(SECOND);
    world.faults.down = true;
    world.drop_all();
    world.input(Input::Page(PageEvent::Offline));
    world.run_for(24 * HOUR);
    assert_eq!(world.bench.phase(), Phase::Offline);
    world.faults.down = false;
    world.input(Input::Page(PageEvent::Online));
    world.opens_within(2 * SECOND);
}

#[test]
fn a_restarted_server_is_found_again_and_all_that_it_has_arrives() {
    let mut world = World::relay(6).started();
    world.pushes(10, 100);
    world.run_for(10 * SECOND);
    world.restart();
    world.pushes(10, 100);
    world.run_for(MINUTE);
    assert_eq!(world.inbox(), upto(20));
    assert_eq!(world.bench.machine.last_id(), "2:10");
    assert_eq!(world.server.resumes.last().map(String::as_str), Some("1:10"), "it asked to go on after the old id");
}

/// T33, T34: the way down is taken at once, and the way up again without a message lost or repeated.
#[test]
fn a_path_that_blocks_websockets_for_a_while_is_left_and_returned_to() {
    for path in [Path::Refuses, Path::Swallows] {
        let mut world = World::relay(7);
        world.faults.websocket = path;
        world.input(Input::Start);
        world.opens_within(12 * SECOND);
        assert_eq!(world.bench.snapshot().transport, Some(LONG_POLL));
        world.pushes(600, 500);
        world.at(100 * SECOND, |world| world.faults.websocket = Path::Clear);
        for n in 0..60 {
            world.at(n * 5 * SECOND, |world| assert!(world.send_next().is_ok()));
        }
        world.run_for(5 * MINUTE);
        assert_eq!(world.bench.snapshot().transport, Some(WEBSOCKET));
        world.run_for(5 * MINUTE);
        assert_eq!(world.inbox(), upto(600));
        assert_eq!(world.server.received.len(), 60);
        assert_eq!(world.server.repeats(), [""; 0]);
        let moves = world.bench.notices().filter(|notice| matches!(notice, Notice::TransportChanged { .. })).count();
        assert_eq!(moves, 1);
        let gaps = world.bench.notices().filter(|notice| matches!(notice, Notice::Reconnecting { .. })).count();
        assert_eq!(gaps, 1, "the first step down, and no interruption since");
    }
}

/// T34: the first probe is soon, later ones are rarer, and never more than ten minutes apart.
#[test]
fn a_fallback_is_probed_out_of_more_and_more_rarely() {
    let mut world = World::relay(8);
    world.faults.websocket = Path::Refuses;
    world.input(Input::Start);
    world.run_for(2 * HOUR);
    let probes: Vec<_> = world.bench.tries.iter().filter(|(_, _, rung)| *rung == WEBSOCKET).collect();
    let gaps: Vec<_> = probes.windows(2).map(|pair| pair[1].0.since(pair[0].0).0 / SECOND).collect();
    assert_eq!(gaps[..7], [15, 30, 60, 120, 240, 480, 600], "in seconds, since the one before");
    assert!(gaps[7..].iter().all(|&gap| gap == 600));
    assert_eq!(world.bench.phase(), Phase::Open);
}

/// A stream through a proxy that holds back bodies, with their heads or without: the last rung reads what has ended.
#[test]
fn a_proxy_that_holds_streams_back_is_left_for_long_polling() {
    for path in [Path::Swallows, Path::Mutes] {
        let mut world = World::sse(9);
        world.faults.streams(path);
        world.input(Input::Start);
        world.pushes(200, SECOND);
        world.run_for(5 * MINUTE);
        assert_eq!(world.bench.snapshot().transport, Some(LONG_POLL), "{path:?}");
        assert_eq!(world.inbox(), upto(200));
    }
}

/// T33, T34, for streams: nothing is lost or repeated on the way up.
#[test]
fn a_path_that_holds_streams_back_for_a_while_is_left_and_returned_to() {
    for fallback in [XHR_STREAM, LONG_POLL] {
        let mut world = World::sse(7);
        world.faults.streams(Path::Mutes);
        if fallback == XHR_STREAM {
            world.faults.xhr = Path::Clear;
        }
        world.input(Input::Start);
        world.pushes(3_000, 200);
        world.run_for(2 * MINUTE);
        assert_eq!(world.bench.snapshot().transport, Some(fallback));
        let gaps = world.bench.delays().len();
        world.faults = Faults::NONE;
        world.run_for(10 * MINUTE);
        assert_eq!(world.bench.snapshot().transport, Some(FETCH_STREAM));
        assert_eq!(world.inbox(), upto(3_000));
        assert_eq!(world.bench.delays().len(), gaps, "no interruption on the way up");
    }
}

/// The last rung cannot read a response that never ends, and must not wait for it for ever.
#[test]
fn a_stream_that_never_ends_is_not_long_polled_for_ever() {
    let mut world = World::sse(9);
    world.endless = true;
    world.faults.streams(Path::Swallows);
    world.input(Input::Start);
    world.push_next();
    world.run_for(5 * MINUTE);
    assert!(world.bench.rungs().contains(&LONG_POLL));
    world.faults.streams(Path::Clear);
    world.run_for(5 * MINUTE);
    assert_ne!(world.bench.snapshot().transport, Some(LONG_POLL));
    assert_eq!(world.inbox(), upto(1));
}

/// Under load: answers that bring messages are followed by the next poll at once, those that bring nothing are not.
#[test]
fn long_polling_is_as_fast_as_its_server_and_no_faster() {
    let mut world = World::new(Relay, only(LONG_POLL)).started();
    world.pushes(100, 0);
    world.run_for(6 * SECOND);
    assert_eq!(world.inbox(), upto(100), "at 40 ms each");

    let mut world = World::new(Relay, only(LONG_POLL));
    world.hold = 0;
    world.input(Input::Start);
    world.run_for(MINUTE);
    let polls = world.server.resumes.len();
    assert!((55..=65).contains(&polls), "{polls} polls in a minute of a server that does not hold");
}

/// T19: the application's words on `open` come first, on each connection.
#[test]
fn what_the_application_says_on_open_arrives_before_what_was_queued() {
    for transport in [WEBSOCKET, LONG_POLL] {
        let mut world = World::new(Relay, only(transport));
        world.greeting = Some("token");
        assert!(world.send("first").is_ok());
        assert!(world.send("second").is_ok());
        world.input(Input::Start);
        world.run_for(10 * SECOND);
        assert_eq!(world.server.received, ["token 1", "first", "second"]);
        world.faults.down = true;
        world.drop_all();
        world.run_for(100);
        assert!(world.send("third").is_ok());
        world.faults.down = false;
        world.run_for(10 * SECOND);
        assert_eq!(world.server.received, ["token 1", "first", "second", "token 2", "third"]);
    }
}

/// T17: a socket that is closing takes nothing and does not say so; the shell notices, and nothing is lost or out of order.
#[test]
fn what_a_closing_socket_did_not_take_goes_over_the_next_one() {
    let mut world = World::relay(10).started();
    world.opens_within(SECOND);
    world.faults.closing = 5 * SECOND;
    world.drop_all();
    for _ in 0..5 {
        world.run_for(500);
        assert!(world.send_next().is_ok());
    }
    world.run_for(MINUTE);
    assert_eq!(world.server.received, ["up 1", "up 2", "up 3", "up 4", "up 5"]);
}

/// T18: a flush that breaks in the middle repeats nothing that was taken.
#[test]
fn an_answer_that_was_lost_is_reported_and_its_message_not_repeated() {
    let mut world = World::new(Relay, only(LONG_POLL)).started();
    world.run_for(SECOND);
    world.faults.loses_answers = true;
    for _ in 0..3 {
        assert!(world.send_next().is_ok());
    }
    world.run_for(SECOND);
    world.faults.loses_answers = false;
    world.run_for(MINUTE);
    assert_eq!(world.server.repeats(), [""; 0]);
    let reported = world.bench.audit.reported();
    assert!(reported.iter().all(|(_, why)| *why == Why::Unknown), "{reported:?}");
    assert!(reported.contains(&("up 1".into(), Why::Unknown)));
    assert_eq!(world.server.received, ["up 1", "up 2", "up 3"]);
}

#[test]
fn a_message_that_the_server_could_not_take_is_sent_again_in_its_place() {
    let mut world = World::new(Relay, only(LONG_POLL)).started();
    world.run_for(SECOND);
    world.faults.status = Some((503, Some(Millis(5 * SECOND))));
    for _ in 0..3 {
        assert!(world.send_next().is_ok());
    }
    world.run_for(2 * SECOND);
    assert_eq!(world.server.received, [""; 0]);
    world.faults.status = None;
    world.run_for(MINUTE);
    assert_eq!(world.server.received, ["up 1", "up 2", "up 3"]);
    assert_eq!(world.bench.audit.reported(), []);
}

/// The page goes into the back/forward cache and comes back an hour later.
#[test]
fn a_page_that_comes_back_from_the_cache_resumes() {
    let mut world = World::relay(11).started();
    world.pushes(20, SECOND);
    world.run_for(10_500);
    world.input(Input::Page(PageEvent::Cached));
    world.run_for(HOUR);
    assert_eq!(world.bench.tries.len(), 1, "nothing happens in the cache");
    world.input(Input::Page(PageEvent::Restored));
    world.run_for(MINUTE);
    assert_eq!(world.inbox(), upto(20));
    assert!(matches!(
        world.bench.notices().find(|notice| matches!(notice, Notice::Reconnected { .. })),
        Some(Notice::Reconnected { continuity: Continuity::Resumed, downtime, .. }) if downtime.0 >= HOUR
    ));
}

/// The machine sleeps, its connection dies without a word, and the wall clock is the first to know.
#[test]
fn a_machine_that_wakes_up_is_connected_within_seconds() {
    for transport in [FETCH_STREAM, XHR_STREAM] {
        let mut world = World::new(world::sse(), only(transport));
        world.tells_wall_clock();
        world.input(Input::Start);
        world.pushes(1_000, SECOND);
        world.run_for(100 * SECOND);
        world.goes_silent();
        world.faults = Faults::NONE;
        world.sleeps(HOUR);
        world.run_for(6 * SECOND);
        assert_eq!(world.bench.phase(), Phase::Open);
        assert_eq!(world.bench.tries.len(), 2);
        world.run_for(HOUR);
        assert_eq!(world.inbox(), upto(1_000));
    }
}

#[test]
fn a_machine_that_wakes_up_with_its_connection_alive_keeps_it() {
    let mut world = World::new(world::sse(), only(FETCH_STREAM));
    world.comments = Some(3 * SECOND);
    world.tells_wall_clock();
    world.input(Input::Start);
    for n in 1..100 {
        world.at(n * MINUTE, |world| world.sleeps(HOUR));
    }
    world.run_for(2 * HOUR);
    assert_eq!(world.bench.tries.len(), 1);
}

/// The credentials expire again and again, and every new one is good.
#[test]
fn credentials_that_expire_cost_one_try_and_no_message() {
    for (wire, transport) in [(0, FETCH_STREAM), (0, LONG_POLL), (1, LONG_POLL), (1, WEBSOCKET)] {
        let config = Config { refreshes: true, ..only(transport) };
        let mut world = match wire {
            0 => World::new(world::sse(), config),
            _ => World::new(Relay, config),
        };
        world.input(Input::Start);
        world.pushes(600, SECOND);
        for n in 1..10 {
            world.at(n * MINUTE, |world| {
                world.faults.expired = true;
                world.drop_all();
            });
        }
        world.run_for(20 * MINUTE);
        assert_eq!(world.inbox(), upto(600));
        assert!(world.bench.delays().len() <= 18, "each is one loss, and one refusal at most");
    }
}

/// T8: a hidden tab's timers fire once a minute. It is slower, and no worse.
#[test]
fn timers_that_are_a_minute_late_do_no_harm() {
    let mut world = World::relay(12);
    world.late_timers = MINUTE;
    world.input(Input::Start);
    world.pushes(600, SECOND);
    for n in 1..5 {
        world.at(n * 2 * MINUTE, World::drop_all);
    }
    world.run_for(30 * MINUTE);
    assert_eq!(world.inbox(), upto(600));
}

/// The clock of a browser that hides from fingerprinting is coarser than its timers.
#[test]
fn a_timer_that_fires_before_its_time_is_set_again() {
    let mut world = World::relay(13);
    world.faults.down = true;
    world.input(Input::Start);
    world.run_for(100);
    assert_eq!(world.bench.phase(), Phase::Waiting);
    let due = world.bench.machine.next_deadline();
    for _ in 0..2 {
        world.bench.wake = None;
        world.input(Input::Tick);
        assert_eq!(world.bench.wake, due);
    }
}

// ---- open questions ----

#[test]
fn an_outage_that_fails_slowly_does_not_eat_the_outbox() {
    let mut world = World::new(Relay, only(LONG_POLL)).started();
    world.run_for(MINUTE);
    (world.faults.down, world.latency) = (true, 400);
    world.drop_all();
    for _ in 0..5 {
        world.run_for(2 * SECOND);
        assert!(world.send_next().is_ok());
    }
    world.run_for(2 * MINUTE);
    (world.faults.down, world.latency) = (false, 20);
    world.run_for(2 * MINUTE);
    assert_eq!(world.bench.audit.reported(), []);
    assert_eq!(world.server.received.len(), 5);
}

// ---- any weather ----

#[derive(Clone, Debug)]
enum Act {
    Push,
    Send,
    DropAll,
    Restart,
    Down(bool),
    WebSocket(Path),
    Silent(bool),
    Kills(Option<u64>),
    Status(Option<(u16, Option<u64>)>),
    Expired,
    LosesAnswers(bool),
    Streams(Path),
    Fetch(Path),
    Xhr(Path),
    Sleeps(u64),
    SetBack(u64),
    Closing(u64),
    Page(PageEvent),
    Reconnect,
    Tick,
}

fn path() -> impl Strategy<Value = Path> {
    select(vec![Path::Clear, Path::Clear, Path::Refuses, Path::Swallows, Path::Mutes])
}

fn act() -> impl Strategy<Value = Act> {
    use PageEvent::{Cached, Offline, Online, Restored, Visible};
    let after = || select(vec![None, Some(0), Some(50), Some(700), Some(6_000)]);
    let refusal = select(vec![
        None,
        None,
        Some((503, None)),
        Some((503, Some(3_000))),
        Some((429, Some(0))),
        Some((408, None)),
        Some((502, Some(u64::MAX))),
    ]);
    prop_oneof![
        8 => Just(Act::Push),
        8 => Just(Act::Send),
        4 => Just(Act::DropAll),
        2 => any::<bool>().prop_map(Act::Down),
        2 => select(vec![Path::Clear, Path::Refuses, Path::Swallows]).prop_map(Act::WebSocket),
        1 => any::<bool>().prop_map(Act::Silent),
        2 => after().prop_map(Act::Kills),
        2 => refusal.prop_map(Act::Status),
        1 => any::<bool>().prop_map(Act::LosesAnswers),
        1 => Just(Act::Expired),
        2 => path().prop_map(Act::Streams),
        1 => path().prop_map(Act::Fetch),
        1 => path().prop_map(Act::Xhr),
        2 => select(vec![0, 9_999, 10_000, HOUR]).prop_map(Act::Sleeps),
        1 => select(vec![1, HOUR]).prop_map(Act::SetBack),
        1 => select(vec![0, 2_000]).prop_map(Act::Closing),
        2 => select(vec![Cached, Restored, Restored, Online, Offline, Visible]).prop_map(Act::Page),
        1 => Just(Act::Reconnect),
        1 => Just(Act::Tick),
        1 => Just(Act::Restart),
    ]
}

/// Acts, each some milliseconds after the one before.
fn weather() -> impl Strategy<Value = Vec<(u64, Act)>> {
    let gap = prop_oneof![Just(0), 0..100_u64, 0..3_000_u64, 0..40_000_u64];
    prop::collection::vec((gap, act()), 0..60)
}

fn happens(world: &mut World, act: &Act) {
    match *act {
        Act::Push => world.push_next(),
        Act::Send => drop(world.send_next()),
        Act::DropAll => world.drop_all(),
        Act::Restart => world.restart(),
        Act::Down(yes) => {
            world.faults.down = yes;
            world.drop_all();
        }
        Act::WebSocket(path) => world.faults.websocket = path,
        Act::Silent(true) => world.goes_silent(),
        Act::Silent(false) => world.faults.silent = false,
        Act::Kills(after) => world.faults.kills_after = after,
        Act::Status(status) => world.faults.status = status.map(|(code, wish)| (code, wish.map(Millis))),
        Act::LosesAnswers(yes) => world.faults.loses_answers = yes,
        Act::Expired => world.faults.expired = world.can_refresh,
        Act::Streams(path) => world.faults.streams(path),
        Act::Fetch(path) => world.faults.fetch = path,
        Act::Xhr(path) => world.faults.xhr = path,
        Act::Sleeps(ms) => world.sleeps(ms),
        Act::SetBack(ms) => {
            world.wall_ahead -= ms;
            world.tells_wall_clock();
        }
        Act::Closing(ms) => world.faults.closing = ms,
        Act::Page(event) => world.input(Input::Page(event)),
        Act::Reconnect => world.input(Input::Reconnect),
        Act::Tick => {
            // Not the one that was asked for: that one still comes.
            let wake = world.bench.wake;
            world.input(Input::Tick);
            world.bench.wake = world.bench.wake.or(wake);
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Speaks {
    Raw,
    Relay,
    RelayByPoll,
    Sse,
    SseElsewhere,
    SseByQuery,
}

/// A world, and what the application wants of its connection.
#[derive(Clone, Debug)]
struct Setup {
    speaks: Speaks,
    seed: u64,
    late_timers: u64,
    jitter: u64,
    outbox: Bounds,
    /// Of server-sent events; empty: all.
    rungs: Vec<Transport>,
    begin_with: Option<Transport>,
    first_byte: Option<Millis>,
    silence: Option<Millis>,
    comments: Option<u64>,
    /// Bytes of every event.
    padding: usize,
    endless: bool,
    judges: bool,
    refreshes: bool,
    repeatable: bool,
}

impl Setup {
    const fn new(speaks: Speaks, seed: u64) -> Self {
        Self {
            speaks,
            seed,
            late_timers: 0,
            jitter: 10,
            outbox: Bounds::DEFAULT,
            rungs: Vec::new(),
            begin_with: None,
            first_byte: Some(Millis(20_000)),
            silence: None,
            comments: None,
            padding: 0,
            endless: false,
            judges: false,
            refreshes: false,
            repeatable: true,
        }
    }

    fn world(&self) -> World {
        let config = Config {
            seed: self.seed,
            outbox: self.outbox,
            begin_with: self.begin_with,
            first_byte: self.first_byte,
            silence: self.silence,
            judges: self.judges,
            refreshes: self.refreshes,
            repeatable: self.repeatable,
            ..Config::default()
        };
        let events = |wire: Sse| {
            let wire = Sse { needs_fetch: !self.repeatable, ..wire };
            World::new(wire, Config { transports: self.rungs.clone(), ..config.clone() })
        };
        let mut world = match self.speaks {
            Speaks::Raw => World::new(Raw, config),
            Speaks::Relay => World::new(Relay, config),
            Speaks::RelayByPoll => World::new(Relay, Config { transports: vec![LONG_POLL], ..config }),
            Speaks::Sse => events(world::sse()),
            Speaks::SseElsewhere => events(world::elsewhere()),
            Speaks::SseByQuery => events(Sse { query: "since".into(), ..world::sse() }),
        };
        (world.late_timers, world.jitter) = (self.late_timers, self.jitter);
        (world.comments, world.padding) = (self.comments, self.padding);
        world.endless = self.endless && !matches!(self.speaks, Speaks::Relay | Speaks::RelayByPoll);
        world.can_refresh = self.refreshes;
        world.rules = if self.refreshes { rules } else { rules_without_refresh };
        world.refreshes = refreshes;
        world.tells_wall_clock();
        world
    }
}

/// An application that never stops, and sometimes thinks before it says so.
fn rules(rng: &mut Rng) -> (u64, Option<Ruling>) {
    match rng.next() % 8 {
        0 => (0, Some(Ruling::Verdict(Verdict::Refresh))),
        _ => rules_without_refresh(rng),
    }
}

fn rules_without_refresh(rng: &mut Rng) -> (u64, Option<Ruling>) {
    let after = [0, 0, 300, 4_000][rng.below(Millis(4)).0 as usize];
    let ruling = match rng.next() % 4 {
        0 => Some(Ruling::Verdict(Verdict::Retry)),
        1 => Some(Ruling::RetryAfter(rng.below(Millis(20 * SECOND)))),
        _ => None,
    };
    (after, ruling)
}

/// A provider of credentials that fails now and then, or never answers.
fn refreshes(rng: &mut Rng) -> Refreshing {
    let after = rng.below(Millis(12 * SECOND)).0;
    match rng.next() % 4 {
        0 => None,
        1 => Some((after, Err("no".into()))),
        _ => Some((after, Ok(()))),
    }
}

fn any_speaks() -> impl Strategy<Value = Speaks> {
    use Speaks::{Raw, Relay, RelayByPoll, Sse, SseByQuery, SseElsewhere};
    select(vec![Raw, Relay, RelayByPoll, Sse, Sse, Sse, SseByQuery, SseElsewhere])
}

/// A ladder of server-sent events, and whether its server may be one that knows no end.
fn any_rungs() -> impl Strategy<Value = (Vec<Transport>, bool)> {
    let some = select(vec![
        vec![FETCH_STREAM],
        vec![XHR_STREAM],
        vec![LONG_POLL],
        vec![FETCH_STREAM, XHR_STREAM],
        vec![XHR_STREAM, LONG_POLL],
    ]);
    prop_oneof![3 => any::<bool>().prop_map(|endless| (Vec::new(), endless)), 2 => some.prop_map(|rungs| (rungs, false))]
}

fn any_setup() -> impl Strategy<Value = Setup> {
    let full = select(vec![WhenFull::Refuse, WhenFull::DropOldest]);
    let outbox = (select(vec![1, 3, 1_000]), select(vec![10, 1_000]), full)
        .prop_map(|(messages, bytes, when_full)| Bounds { messages, bytes, when_full });
    let world = (any_speaks(), any::<u64>(), select(vec![0, 0, 1_500]), select(vec![0, 15, 200]), outbox);
    let begin_with = select(vec![None, None, Some(XHR_STREAM), Some(LONG_POLL), Some(WEBSOCKET)]);
    let spans =
        (select(vec![None, Some(Millis(3_000)), Some(Millis(20_000))]), select(vec![None, Some(Millis(30_000))]));
    let stream = (select(vec![None, None, Some(2_000), Some(15_000)]), select(vec![0, 0, 300_000, 5_000_000]));
    let wants = (any_rungs(), begin_with, spans, stream, any::<bool>(), any::<bool>());
    (world, wants).prop_map(
        |(
            (speaks, seed, late_timers, jitter, outbox),
            ((rungs, endless), begin_with, (first_byte, silence), (comments, padding), judges, refreshes),
        )| Setup {
            late_timers,
            jitter,
            outbox,
            rungs,
            begin_with,
            first_byte,
            silence,
            comments,
            padding,
            endless,
            judges,
            refreshes,
            ..Setup::new(speaks, seed)
        },
    )
}

fn weathers(world: &mut World, acts: &[(u64, Act)]) {
    world.input(Input::Start);
    for (gap, act) in acts {
        world.run_for(*gap);
        happens(world, act);
    }
}

/// All is well again, and the page is looked at.
fn clears_up(world: &mut World) {
    world.faults = Faults::NONE;
    world.rules = |_| (0, None);
    world.refreshes = |_| Some((50, Ok(())));
    world.input(Input::Page(PageEvent::Restored));
    // Ten minutes of Retry-After, its jitter, and two for the system to give up a silent connection.
    world.run_for(15 * MINUTE);
}

/// Did a message come twice or out of order, since the application was last told that the stream begins afresh?
fn repeats(world: &World) -> bool {
    let mut last = 0;
    let mut comes = |message: &String| {
        let n = message.strip_prefix("down ").and_then(|n| n.parse().ok()).unwrap_or(u32::MAX);
        n <= std::mem::replace(&mut last, n)
    };
    world.bench.notices().any(|notice| match notice {
        Notice::Reconnected { continuity: Continuity::Fresh, .. } => {
            comes(&"down 0".into());
            false
        }
        Notice::Message(message) => message.data.messages().iter().any(&mut comes),
        _ => false,
    })
}

/// Sent is "handed to the transport": it may be lost with a socket. Everything else arrives once, or is reported.
fn accounts(world: &World, sockets: bool) -> Result<(), TestCaseError> {
    prop_assert!(world.server.repeats().is_empty(), "arrived twice: {:?}", world.server.repeats());
    let arrived: BTreeSet<_> = world.server.received.iter().cloned().collect();
    let reported: BTreeSet<_> = world.bench.audit.reported().into_iter().map(|(message, _)| message).collect();
    let lost: Vec<_> = world
        .bench
        .audit
        .accepted()
        .filter(|&message| !arrived.contains(message) && !reported.contains(message))
        .collect();
    prop_assert!(sockets || lost.len() == world.bench.audit.waiting(), "silently lost: {lost:?}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// Invariants 1, 3, 4, 5, 8, 9 (by the auditor), and that the connection always comes back.
    #[test]
    fn in_any_weather_the_invariants_hold_and_after_it_the_connection_is_back(
        setup in any_setup(),
        acts in weather(),
    ) {
        let mut world = setup.world();
        weathers(&mut world, &acts);
        clears_up(&mut world);
        // With a silence timeout, a server that has nothing to say is asked again and again.
        world.opens_within(MINUTE);
        let live = world.bench.audit.live().len();
        prop_assert!(live == 1 || world.bench.is_probing(), "one carrier, and nothing left over");
        if !acts.iter().any(|(_, act)| matches!(act, Act::Restart)) {
            prop_assert!(!repeats(&world), "each once, in order: {:?}", world.inbox());
        }
        let sockets = world.bench.rungs().contains(&WEBSOCKET);
        accounts(&world, sockets)?;
    }

    /// Invariants 3 and 6: what the server keeps arrives once each and in order, over any transport that can tell it where to go on.
    #[test]
    fn in_any_weather_every_message_arrives_once_and_in_order(
        setup in any_setup(),
        speaks in select(vec![Speaks::Relay, Speaks::RelayByPoll, Speaks::Sse, Speaks::Sse, Speaks::SseByQuery]),
        acts in weather(),
    ) {
        let mut world = Setup { speaks, ..setup }.world();
        let acts: Vec<_> = acts.into_iter().filter(|(_, act)| !matches!(act, Act::Restart)).collect();
        weathers(&mut world, &acts);
        clears_up(&mut world);
        world.push_next();
        world.run_for(MINUTE);
        let pushed = acts.iter().filter(|(_, act)| matches!(act, Act::Push)).count() as u32 + 1;
        prop_assert_eq!(world.inbox(), upto(pushed));
    }

    /// By the auditor: a request that may not be repeated is not, but where the server said that it did not act on it.
    #[test]
    fn in_any_weather_what_may_not_be_repeated_is_asked_for_once(
        setup in any_setup(),
        acts in weather(),
    ) {
        let mut world = Setup { speaks: Speaks::Sse, repeatable: false, ..setup }.world();
        weathers(&mut world, &acts);
        clears_up(&mut world);
        prop_assert!(!repeats(&world), "each once, in order: {:?}", world.inbox());
    }

    /// Invariant 8: at whatever moment it is closed, nothing follows; the rest of the outbox is reported.
    #[test]
    fn whenever_it_is_closed_nothing_is_left(
        setup in any_setup(),
        acts in weather(),
        after in weather(),
    ) {
        let mut world = setup.world();
        weathers(&mut world, &acts);
        world.input(Input::Close { code: 1000, reason: "".into() });
        prop_assert!(world.bench.audit.live().is_empty());
        prop_assert_eq!(world.bench.wake, None);
        prop_assert_eq!(world.bench.audit.waiting(), 0);
        let told = world.bench.told.len();
        for (gap, act) in &after {
            world.run_for(*gap);
            happens(&mut world, act);
        }
        world.run_for(HOUR);
        prop_assert_eq!(world.bench.told.len(), told);
        prop_assert_eq!(world.bench.phase(), Phase::Closed);
    }

}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Invariant 6: whatever a server does within `min_uptime` of accepting, an hour of it costs what an hour of refusing costs.
    #[test]
    fn no_way_of_killing_young_connections_makes_the_tries_more(
        seed in any::<u64>(),
        speaks in any_speaks(),
        after in 0..4_800_u64,
        every in 2_000..20_000_u64,
    ) {
        let mut world = Setup::new(speaks, seed).world();
        world.faults.kills_after = Some(after);
        world.input(Input::Start);
        world.pushes(u32::try_from(HOUR / every).unwrap(), every);
        world.run_for(HOUR);
        // On a ladder of two, a client that was never connected tries both after each wait.
        let waits = world.bench.delays().iter().filter(|&&delay| delay > 0).count();
        prop_assert!(waits < 400, "{waits} waits in an hour");
        prop_assert!(world.bench.tries.len() < 600, "{} tries in an hour", world.bench.tries.len());
    }

    /// As that, for whatever a path does to the streams: the steps that are taken at once have an end.
    #[test]
    fn no_path_makes_the_tries_more(
        setup in any_setup(),
        speaks in select(vec![Speaks::Sse, Speaks::SseByQuery, Speaks::SseElsewhere]),
        paths in [path(), path(), path()],
        every in 1_000..200_000_u64,
    ) {
        let mut world = Setup { speaks, first_byte: Some(Millis(20_000)), silence: None, ..setup }.world();
        [world.faults.event_source, world.faults.fetch, world.faults.xhr] = paths;
        world.input(Input::Start);
        world.pushes(u32::try_from(HOUR / every).unwrap(), every);
        world.run_for(HOUR);
        prop_assert!(world.bench.tries.len() < 300, "{} tries in an hour", world.bench.tries.len());
    }
}
