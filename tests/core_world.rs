//! The core in a world: long scenarios.
//!
//! Every step is watched by the auditor of the harness, so a scenario that ends well has kept invariants 1, 3, 4, 5, 8
//! and 9 of `design.md` all the way; what is asserted here is what came of it.
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

use everwire::__core::{
    cause::Kind,
    cursor::Continuity,
    machine::{Config, Heartbeat},
    rng::Rng,
    time::Millis,
    types::{End, Input, Notice, PageEvent, Phase, Transport, Why},
    wire::{OwnIds, engine_io::EngineIo, raw::Raw, relay::Relay, sse::Sse},
};
use world::{EVENT_SOURCE, FETCH_STREAM, Faults, HOUR, LONG_POLL, MINUTE, Path, SECOND, WEBSOCKET, World, XHR_STREAM};

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

#[test]
fn ten_thousand_messages_through_two_hundred_drops_arrive_once_each_in_order_by_the_relays_stream() {
    let mut world = World::new(Relay, only(EVENT_SOURCE));
    world.comments = Some(SECOND);
    let world = ten_thousand_events_and_two_hundred_drops(world, 100);
    assert!(!world.bench.notices().any(|notice| matches!(notice, Notice::Gap { .. })), "a keep-alive is no message");
}

#[test]
fn ten_thousand_messages_through_two_hundred_drops_arrive_once_each_in_order_several_at_once() {
    let mut world = World::new(Relay, only(LONG_POLL));
    (world.multipart, world.binary, world.latency) = (true, 3, 150);
    let world = ten_thousand_events_and_two_hundred_drops(world, 100);
    assert!(world.server.resumes.len() < 5_000, "several in an answer");
}

/// A message that is not text ends the stream for good, and is not lost with it.
#[test]
fn bytes_that_a_stream_cannot_bring_come_by_long_polling() {
    let mut world = World::new(Relay, Config { transports: vec![EVENT_SOURCE, LONG_POLL], ..Config::default() });
    world.binary = 50;
    world.input(Input::Start);
    world.pushes(100, 100);
    world.sends(100, 100);
    world.run_for(MINUTE);
    assert_eq!((world.inbox(), world.bench.rungs()), (upto(100), vec![EVENT_SOURCE, LONG_POLL]));
    assert_eq!((world.server.received.len(), world.bench.delays()), (100, vec![]), "and there was no interruption");
}

/// The server keeps so much and no more, and its ids tell what it had to forget.
#[test]
fn what_a_relay_does_not_keep_is_reported_as_a_gap() {
    for transport in [WEBSOCKET, EVENT_SOURCE, LONG_POLL] {
        let mut world = World::new(Relay, only(transport));
        world.server.keep = 10;
        world.input(Input::Start);
        world.pushes(5, 100);
        world.run_for(SECOND);
        world.faults.down = true;
        world.drop_all();
        world.pushes(20, 10);
        world.run_for(SECOND);
        world.faults.down = false;
        world.run_for(MINUTE);
        assert_eq!(world.inbox(), [1, 2, 3, 4, 5, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25]);
        let gaps: Vec<_> = world.bench.notices().filter(|notice| matches!(notice, Notice::Gap { .. })).collect();
        assert_eq!(gaps, [&Notice::Gap { after: "1:5".into() }], "{transport:?}");
        assert_eq!(world.bench.machine.continuity(), Some(Continuity::Gap));
    }
}

// ---- Engine.IO ----

/// Ids of the application's own, which go into the query.
fn ids() -> OwnIds {
    OwnIds { query: "since".into(), told: false }
}

/// Its server, and an application that has ids.
fn engine_io(config: Config) -> World {
    let mut world = World::new(EngineIo(ids()), config);
    (world.own_ids, world.binary) = (true, 7);
    world
}

#[test]
fn ten_thousand_messages_through_two_hundred_drops_arrive_once_each_in_order_by_engine_io() {
    for transports in [vec![WEBSOCKET], vec![LONG_POLL], vec![]] {
        ten_thousand_events_and_two_hundred_drops(engine_io(Config { transports, ..Config::default() }), 100);
    }
}

/// T35: under traffic in both directions. The server of the world fails the test for what a client must not do.
#[test]
fn an_upgrade_under_traffic_loses_repeats_and_reorders_nothing() {
    for seed in 0..50 {
        let mut world = engine_io(Config { begin_low: true, seed, ..Config::default() });
        world.jitter = 40;
        world.input(Input::Start);
        world.pushes(200, 7);
        world.sends(200, 7);
        world.run_for(MINUTE);
        assert_eq!(world.inbox(), upto(200));
        let sent: Vec<_> = upto(200).iter().map(|n| format!("up {n}")).collect();
        assert_eq!(world.server.received, sent);
        let moves = world.bench.notices().filter(|notice| matches!(notice, Notice::TransportChanged { why: None, .. }));
        assert_eq!((moves.count(), world.bench.delays()), (1, vec![]));
        assert_eq!(
            (world.bench.rungs(), world.bench.snapshot().transport),
            (vec![LONG_POLL, WEBSOCKET], Some(WEBSOCKET))
        );
    }
}

/// Without ids what a lost session had on its way is lost, and the application is told that it cannot know.
#[test]
fn without_ids_every_connection_of_engine_io_is_whole_and_each_loss_is_told_as_fresh() {
    let mut world = World::new(EngineIo::default(), Config { begin_low: true, ..Config::default() });
    (world.from_now, world.jitter) = (true, 20);
    world.input(Input::Start);
    world.pushes(3_000, 100);
    for n in 1..20 {
        world.at(n * 15 * SECOND, World::drop_all);
    }
    world.run_for(10 * MINUTE);
    let mut last = None;
    for notice in world.bench.notices() {
        match notice {
            Notice::Reconnected { continuity, .. } => {
                assert_eq!(*continuity, Continuity::Fresh);
                last = None;
            }
            Notice::Message(message) => {
                let n: u32 = message.data.show().strip_prefix("down ").unwrap().parse().unwrap();
                assert!(last.is_none_or(|last| last + 1 == n), "{n} after {last:?}");
                last = Some(n);
            }
            _ => {}
        }
    }
    assert_eq!(last, Some(3_000));
}

/// Its server pings, so one that does not is dead; on either transport.
#[test]
fn a_session_that_goes_silent_is_left_when_its_ping_is_missed() {
    for transport in [WEBSOCKET, LONG_POLL] {
        let mut world = engine_io(only(transport)).started();
        world.pushes(100, SECOND);
        world.run_for(20 * SECOND);
        world.goes_silent();
        world.faults = Faults::NONE;
        world.run_for(48 * SECOND);
        assert_eq!((world.bench.phase(), world.bench.tries.len()), (Phase::Open, 2), "{transport:?}");
        world.run_for(2 * MINUTE);
        assert_eq!(world.inbox(), upto(100));
    }
}

#[test]
fn a_quiet_session_is_kept_alive_for_days_by_the_servers_pings() {
    for transport in [WEBSOCKET, LONG_POLL] {
        let mut world = engine_io(only(transport)).started();
        world.run_for(48 * HOUR);
        assert_eq!((world.bench.phase(), world.bench.tries.len()), (Phase::Open, 1), "{transport:?}");
    }
}

/// T36: a balancer that is not sticky costs a new session each time, with backoff, and no message.
#[test]
fn a_session_that_the_server_does_not_know_any_more_is_replaced_and_what_it_refused_is_sent_again() {
    let mut world = engine_io(only(LONG_POLL)).started();
    world.run_for(SECOND);
    for _ in 0..5 {
        world.engine.forgets();
        assert!(world.send_next().is_ok());
        assert!(world.send_next().is_ok());
        world.run_for(MINUTE);
    }
    assert_eq!(world.bench.tries.len(), 6);
    let sent: Vec<_> = upto(10).iter().map(|n| format!("up {n}")).collect();
    assert_eq!(world.server.received, sent);
    assert_eq!(world.bench.audit.reported(), []);
}

#[test]
fn a_session_that_is_closed_is_over_for_the_server_as_well() {
    for transport in [WEBSOCKET, LONG_POLL] {
        let mut world = engine_io(only(transport)).started();
        world.run_for(SECOND);
        assert_eq!(world.engine.sessions(), 1);
        world.input(Input::Close { code: 1000, reason: "".into() });
        world.run_for(SECOND);
        assert_eq!(world.engine.sessions(), 0, "{transport:?}");
    }
}

// ---- raw sockets ----

/// T13: the heartbeat sees it, and the application's ids bring back what was missed.
#[test]
fn a_half_open_raw_socket_is_left_after_a_missed_heartbeat_and_resumes() {
    let heartbeat = Some(Heartbeat { interval: Millis(10 * SECOND), timeout: Millis(3 * SECOND) });
    let mut world = World::new(Raw(ids()), Config { heartbeat, ..Config::default() });
    world.own_ids = true;
    world.input(Input::Start);
    world.pushes(100, SECOND);
    world.run_for(20_500);
    world.goes_silent();
    world.faults = Faults::NONE;
    world.run_for(16 * SECOND);
    assert_eq!((world.bench.phase(), world.bench.tries.len()), (Phase::Open, 2));
    world.run_for(2 * MINUTE);
    assert_eq!(world.inbox(), upto(100));
}

#[test]
fn a_quiet_raw_socket_with_a_heartbeat_stays_for_days_also_when_timers_are_a_minute_late() {
    for late_timers in [0, MINUTE] {
        let heartbeat = Some(Heartbeat { interval: Millis(10 * SECOND), timeout: Millis(3 * SECOND) });
        let mut world = World::new(Raw::default(), Config { heartbeat, ..Config::default() });
        world.late_timers = late_timers;
        world.input(Input::Start);
        world.run_for(48 * HOUR);
        assert_eq!((world.bench.phase(), world.bench.tries.len()), (Phase::Open, 1));
    }
}

/// A WebSocket that no path lets through, and no fallback: one clear error, and no endless loop.
#[test]
fn a_blocked_socket_with_no_fallback_ends_with_one_clear_error() {
    for (http, most) in [(404, 4), (426, 4), (200, 4), (1, 7)] {
        let mut world = World::new(Raw::default(), Config::default());
        (world.faults.websocket, world.http) = (Path::Refuses, http);
        world.input(Input::Start);
        world.run_for(5 * MINUTE);
        let last = world.bench.notices().last();
        let Some(Notice::Closed(End { cause: Some(cause), .. })) = last else { panic!("{http}: {last:?}") };
        assert_eq!(cause.kind, Kind::Unusable);
        assert!(world.bench.tries.len() <= most, "{} tries", world.bench.tries.len());
    }
}

#[test]
fn a_server_that_is_away_is_no_path_that_blocks() {
    let mut world = World::new(Raw::default(), Config::default());
    (world.faults.down, world.http) = (true, 404);
    world.input(Input::Start);
    world.run_for(HOUR);
    world.faults.down = false;
    world.opens_within(31 * SECOND);
}

/// T19: with a gate, what was queued waits for the application's word also after its greeting.
#[test]
fn behind_a_gate_the_greeting_comes_first_on_each_connection_and_the_rest_after_the_release() {
    let mut world = World::new(Raw::default(), Config { gate: true, ..Config::default() });
    (world.greeting, world.releases_after) = (Some("token"), Some(2 * SECOND));
    assert!(world.send("first").is_ok());
    world.input(Input::Start);
    world.run_for(SECOND);
    assert_eq!(world.server.received, ["token 1"]);
    world.run_for(3 * SECOND);
    assert_eq!(world.server.received, ["token 1", "first"]);
    world.drop_all();
    world.run_for(100);
    assert!(world.send("second").is_ok());
    world.run_for(10 * SECOND);
    assert_eq!(world.server.received, ["token 1", "first", "token 2", "second"]);
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
    for mut world in
        [World::relay(1), World::new(world::sse(), only(FETCH_STREAM)), World::new(Raw::default(), Config::default())]
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
    for mut world in [World::relay(3), World::sse(3), World::new(Raw::default(), Config::default())] {
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
