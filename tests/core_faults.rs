//! A hundred thousand messages each way, on each wire of sockets, through a thousand faults.
//!
//! What is claimed is that nothing is lost, repeated or out of order without being said. On the way down that is simple: a position goes
//! with every connection, so all arrives once and in order, and no gap is told. On the way up each message that was accepted arrives once
//! and in order, or is reported; with one exception, which is the browser's: what was handed to a WebSocket that then died may have died
//! with it. The loss of that connection is all that says so, and so it counts as said here.
//!
//! Twenty worlds of 5,000 messages each way and 50 faults, a few in each test, so that they run side by side. Every step is watched by
//! the auditor of the harness.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod world;

use std::{collections::BTreeSet, ops::Range};

use everwire::__core::{
    cursor::Continuity,
    machine::{Config, Heartbeat},
    outbox::Bounds,
    rng::Rng,
    time::Millis,
    types::{Input, Notice, PageEvent, Transport, Why},
    wire::{OwnIds, engine_io::EngineIo, raw::Raw, relay::Relay},
};
use world::{Faults, HOUR, MINUTE, Path, SECOND, World};

/// In each world, each way.
const MESSAGES: u32 = 5_000;
const EVERY: u64 = 100;
const FAULTS: u64 = 50;

/// What goes wrong, and what ends it.
const KINDS: [fn(&mut World, u64); 14] = [
    |world, _| world.drop_all(),
    |world, _| world.drop_all(),
    |world, _| world.input(Input::Reconnect),
    |world, _| world.sleeps(HOUR),
    |world, _| world.engine.forgets(),
    |world, ms| {
        world.faults.down = true;
        world.drop_all();
        world.at(ms, |world| world.faults.down = false);
    },
    |world, ms| {
        world.goes_silent();
        world.at(ms, |world| world.faults.silent = false);
    },
    |world, ms| {
        world.faults.websocket = [Path::Refuses, Path::Swallows, Path::Mutes][ms as usize % 3];
        world.drop_all();
        world.at(2 * ms, |world| world.faults.websocket = Path::Clear);
    },
    |world, ms| {
        world.faults.event_source = [Path::Refuses, Path::Swallows, Path::Mutes][ms as usize % 3];
        world.drop_all();
        world.at(2 * ms, |world| world.faults.event_source = Path::Clear);
    },
    |world, ms| {
        world.faults.status = Some(([503, 429, 502][ms as usize % 3], Some(Millis(ms))));
        world.at(ms, |world| world.faults.status = None);
    },
    |world, ms| {
        world.faults.loses_answers = true;
        world.at(ms, |world| world.faults.loses_answers = false);
    },
    |world, ms| {
        world.faults.kills_after = Some(ms / 2);
        world.at(2 * ms, |world| world.faults.kills_after = None);
    },
    |world, ms| {
        world.faults.closing = ms;
        world.drop_all();
        world.at(2 * ms, |world| world.faults.closing = 0);
    },
    |world, ms| {
        world.input(Input::Page(PageEvent::Cached));
        world.at(ms, |world| world.input(Input::Page(PageEvent::Restored)));
    },
];

fn config(seed: u64) -> Config {
    let outbox = Bounds { messages: MESSAGES as usize, bytes: 1 << 20, ..Bounds::DEFAULT };
    // Something is on its way at any time, so silence is none of it.
    Config { seed, outbox, silence: Some(Millis(20 * SECOND)), ..Config::default() }
}

/// Ids of the application's own, which go into the query.
fn ids() -> OwnIds {
    OwnIds { query: "since".into(), told: false }
}

fn raw(seed: u64) -> World {
    let heartbeat = Some(Heartbeat { interval: Millis(5 * SECOND), timeout: Millis(3 * SECOND) });
    let mut world = World::new(Raw(ids()), Config { heartbeat, silence: None, ..config(seed) });
    world.own_ids = true;
    world
}

fn relay(seed: u64) -> World {
    let mut world = World::new(Relay, config(seed));
    // Every other one may read bytes over a stream, which cannot carry them; so it leaves that for good.
    world.binary = if seed % 2 == 0 { 0 } else { 700 };
    (world.multipart, world.comments) = (seed % 4 < 2, Some(SECOND));
    world
}

fn engine_io(seed: u64) -> World {
    let mut world = World::new(EngineIo(ids()), Config { begin_low: seed % 2 == 0, ..config(seed) });
    (world.own_ids, world.binary) = (true, 7);
    world
}

/// All is well again, for long enough that everything that can come has come.
fn clears_up(world: &mut World) {
    world.faults = Faults::NONE;
    world.input(Input::Page(PageEvent::Restored));
    world.run_for(10 * MINUTE);
}

fn storms(mut world: World) -> World {
    let mut rng = Rng::new(world.seed());
    (world.jitter, world.server.keep) = (20, MESSAGES as usize);
    world.tells_wall_clock();
    world.input(Input::Start);
    world.pushes(MESSAGES, EVERY);
    world.sends(MESSAGES, EVERY);
    for _ in 0..FAULTS {
        let kind = KINDS[rng.below(Millis(KINDS.len() as u64)).0 as usize];
        let ms = rng.below(Millis(4 * SECOND)).0;
        world.at(rng.below(Millis(u64::from(MESSAGES) * EVERY)).0, move |world| kind(world, ms));
    }
    world.run_for(u64::from(MESSAGES) * EVERY);
    clears_up(&mut world);
    world
}

fn number(message: &str) -> u32 {
    message.strip_prefix("up ").unwrap().parse().unwrap()
}

/// That nothing happened to a message which was not said.
fn accounts(world: &World) {
    assert_eq!(world.inbox(), (1..=MESSAGES).collect::<Vec<_>>(), "down: each once, in order");
    let told = |wanted: fn(&Notice<world::Data>) -> bool| world.bench.notices().filter(|notice| wanted(notice)).count();
    assert_eq!(told(|notice| matches!(notice, Notice::Gap { .. })), 0, "nothing was missing");
    let fresh = |notice: &Notice<_>| matches!(notice, Notice::Reconnected { continuity: Continuity::Fresh, .. });
    assert!(told(fresh) <= 3, "but before the first message there is a position");
    assert!(world.bench.tries.len() > 20, "it was a storm");

    let arrived: Vec<_> = world.server.received.iter().map(|message| number(message)).collect();
    assert!(arrived.windows(2).all(|pair| pair[0] < pair[1]), "up: each once, in order");
    let arrived: BTreeSet<_> = world.server.received.iter().map(String::as_str).collect();
    let reported = world.bench.audit.reported();
    let may_have_died = world.bench.audit.may_have_died();
    assert_eq!(world.bench.audit.waiting(), 0);
    for message in world.bench.audit.accepted().filter(|message| !arrived.contains(message)) {
        let is_said = may_have_died.contains(message) || reported.iter().any(|(other, _)| other == message);
        assert!(is_said, "{message} is lost, and nothing was said");
    }
    for (message, why) in &reported {
        assert!(*why == Why::Unknown || !arrived.contains(message.as_str()), "{message} has arrived, and is {why:?}");
    }
    assert_eq!(world.bench.audit.accepted().count(), MESSAGES as usize, "all were accepted");
}

/// Worlds with these seeds; the transports that were in use.
fn weathers(world: fn(u64) -> World, seeds: Range<u64>) -> BTreeSet<&'static str> {
    let mut transports = BTreeSet::new();
    for seed in seeds {
        let world = storms(world(seed));
        accounts(&world);
        transports.extend(world.bench.rungs().into_iter().map(Transport::as_str));
    }
    transports
}

/// The worlds, in three parts.
const PARTS: [Range<u64>; 3] = [0..7, 7..14, 14..20];

#[test]
fn a_raw_socket_with_ids_survives_the_first_seven_storms() {
    weathers(raw, PARTS[0].clone());
}

#[test]
fn a_raw_socket_with_ids_survives_the_next_seven_storms() {
    weathers(raw, PARTS[1].clone());
}

#[test]
fn a_raw_socket_with_ids_survives_the_last_six_storms() {
    weathers(raw, PARTS[2].clone());
}

/// T35, T36: whatever it is moved to.
const RELAY: [&str; 3] = ["eventsource", "long-poll", "websocket"];

#[test]
fn the_relay_survives_the_first_seven_storms() {
    assert_eq!(Vec::from_iter(weathers(relay, PARTS[0].clone())), RELAY);
}

#[test]
fn the_relay_survives_the_next_seven_storms() {
    assert_eq!(Vec::from_iter(weathers(relay, PARTS[1].clone())), RELAY);
}

#[test]
fn the_relay_survives_the_last_six_storms() {
    assert_eq!(Vec::from_iter(weathers(relay, PARTS[2].clone())), RELAY);
}

const ENGINE_IO: [&str; 2] = ["long-poll", "websocket"];

#[test]
fn engine_io_with_ids_survives_the_first_seven_storms() {
    assert_eq!(Vec::from_iter(weathers(engine_io, PARTS[0].clone())), ENGINE_IO);
}

#[test]
fn engine_io_with_ids_survives_the_next_seven_storms() {
    assert_eq!(Vec::from_iter(weathers(engine_io, PARTS[1].clone())), ENGINE_IO);
}

#[test]
fn engine_io_with_ids_survives_the_last_six_storms() {
    assert_eq!(Vec::from_iter(weathers(engine_io, PARTS[2].clone())), ENGINE_IO);
}
