//! The core in any weather: the invariants of `design.md` under random schedules of faults.
//!
//! Every step is watched by the auditor of the harness, so whatever schedule ends has kept invariants 1, 3, 4, 5, 8 and 9 all the
//! way; what is asserted here is what came of it.
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
    cause::Verdict,
    cursor::Continuity,
    machine::{Config, Heartbeat},
    outbox::{Bounds, Terms, WhenFull},
    rng::Rng,
    time::Millis,
    types::{Input, Notice, PageEvent, Phase, Ruling, Transport},
    wire::{OwnIds, engine_io::EngineIo, raw::Raw, relay::Relay, sse::Sse},
};
use proptest::{prelude::*, sample::select};
use world::{
    EVENT_SOURCE, FETCH_STREAM, Faults, HOUR, LONG_POLL, MINUTE, Path, Refreshing, SECOND, WEBSOCKET, World, XHR_STREAM,
};

fn upto(count: u32) -> Vec<u32> {
    (1..=count).collect()
}

#[derive(Clone, Debug)]
enum Act {
    Push,
    Send(Terms),
    DropAll,
    Restart,
    /// A server of Engine.IO does not know sessions any more that poll.
    Forgets,
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
        8 => terms().prop_map(Act::Send),
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
        1 => Just(Act::Forgets),
    ]
}

/// Most messages are sent on no terms at all.
fn terms() -> impl Strategy<Value = Terms> {
    let terms =
        (select(vec!["", "k", "l"]), select(vec![None, Some(0), Some(3_000)]), select(vec![false, false, true]))
            .prop_map(|(key, ttl, volatile)| Terms { volatile, key: key.into(), ttl: ttl.map(Millis) });
    prop_oneof![3 => Just(Terms::default()), 2 => terms]
}

/// Acts, each some milliseconds after the one before.
fn weather() -> impl Strategy<Value = Vec<(u64, Act)>> {
    let gap = prop_oneof![Just(0), 0..100_u64, 0..3_000_u64, 0..40_000_u64];
    prop::collection::vec((gap, act()), 0..60)
}

fn happens(world: &mut World, act: &Act) {
    match *act {
        Act::Send(ref terms) => drop(world.send_next_on(terms.clone())),
        Act::Forgets => world.engine.forgets(),
        Act::Push => world.push_next(),
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
    RawWithIds,
    Relay,
    RelayByStream,
    RelayByPoll,
    EngineIo,
    EngineIoWithIds,
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
    resends: bool,
    begin_low: bool,
    heartbeat: Option<Heartbeat>,
    /// There is a gate, and the application opens it so long after it heard of a connection.
    gate: Option<u64>,
    binary: u32,
    multipart: bool,
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
            resends: false,
            begin_low: false,
            heartbeat: None,
            gate: None,
            binary: 0,
            multipart: false,
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
            resends: self.resends,
            begin_low: self.begin_low,
            heartbeat: self.heartbeat,
            gate: self.gate.is_some(),
            ..Config::default()
        };
        let events = |wire: Sse| {
            let wire = Sse { needs_fetch: !self.repeatable, ..wire };
            World::new(wire, Config { transports: self.rungs.clone(), ..config.clone() })
        };
        let mut world = match self.speaks {
            Speaks::Raw => World::new(Raw::default(), config),
            Speaks::RawWithIds => World::new(Raw(ids()), config),
            Speaks::Relay => World::new(Relay, config),
            Speaks::RelayByStream => World::new(Relay, Config { transports: vec![EVENT_SOURCE, LONG_POLL], ..config }),
            Speaks::RelayByPoll => World::new(Relay, Config { transports: vec![LONG_POLL], ..config }),
            Speaks::EngineIo => World::new(EngineIo::default(), config),
            Speaks::EngineIoWithIds => World::new(EngineIo(ids()), config),
            Speaks::Sse => events(world::sse()),
            Speaks::SseElsewhere => events(world::elsewhere()),
            Speaks::SseByQuery => events(Sse { query: "since".into(), ..world::sse() }),
        };
        (world.late_timers, world.jitter) = (self.late_timers, self.jitter);
        (world.comments, world.padding) = (self.comments, self.padding);
        let speaks_sse = matches!(self.speaks, Speaks::Sse | Speaks::SseElsewhere | Speaks::SseByQuery);
        world.endless = self.endless && speaks_sse;
        world.own_ids = matches!(self.speaks, Speaks::RawWithIds | Speaks::EngineIoWithIds);
        (world.binary, world.multipart) = (if speaks_sse { 0 } else { self.binary }, self.multipart);
        world.releases_after = self.gate;
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
    prop_oneof![
        5 => select(vec![Speaks::Sse, Speaks::Sse, Speaks::Sse, Speaks::SseByQuery, Speaks::SseElsewhere]),
        6 => any_socket(),
    ]
}

fn any_socket() -> impl Strategy<Value = Speaks> {
    use Speaks::{EngineIo, EngineIoWithIds, Raw, RawWithIds, Relay, RelayByPoll, RelayByStream};
    select(vec![Raw, RawWithIds, Relay, RelayByStream, RelayByPoll, EngineIo, EngineIo, EngineIoWithIds])
}

/// Ids of the application's own, which go into the query.
fn ids() -> OwnIds {
    OwnIds { query: "since".into(), told: false }
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
    let full = select(WhenFull::ALL.to_vec());
    let ttl = select(vec![Millis::NEVER, Millis(20_000)]);
    let outbox = (select(vec![1, 3, 1_000]), select(vec![10, 1_000]), full, ttl)
        .prop_map(|(messages, bytes, when_full, ttl)| Bounds { messages, bytes, when_full, ttl });
    let world = (any_speaks(), any::<u64>(), select(vec![0, 0, 1_500]), select(vec![0, 15, 200]), outbox);
    let begin_with = select(vec![None, None, Some(XHR_STREAM), Some(LONG_POLL), Some(WEBSOCKET)]);
    let spans =
        (select(vec![None, Some(Millis(3_000)), Some(Millis(20_000))]), select(vec![None, Some(Millis(30_000))]));
    let stream = (select(vec![None, None, Some(2_000), Some(15_000)]), select(vec![0, 0, 300_000, 5_000_000]));
    let wants = (any_rungs(), begin_with, spans, stream, any::<bool>(), any::<bool>());
    let heartbeat = select(vec![None, Some(Heartbeat { interval: Millis(9_000), timeout: Millis(3_000) })]);
    let gate = select(vec![None, None, Some(0), Some(900)]);
    let socket = (select(vec![false, false, true]), any::<bool>(), heartbeat, gate);
    let contents = (select(vec![0, 2, 5]), any::<bool>());
    (world, wants, socket, contents).prop_map(
        |(
            (speaks, seed, late_timers, jitter, outbox),
            ((rungs, endless), begin_with, (first_byte, silence), (comments, padding), judges, refreshes),
            (resends, begin_low, heartbeat, gate),
            (binary, multipart),
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
            resends,
            begin_low,
            heartbeat,
            gate,
            binary,
            multipart,
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
fn accounts(world: &World, resends: bool) -> Result<(), TestCaseError> {
    prop_assert!(resends || world.server.repeats().is_empty(), "arrived twice: {:?}", world.server.repeats());
    let arrived: BTreeSet<_> = world.server.received.iter().cloned().collect();
    let reported: BTreeSet<_> = world.bench.audit.reported().into_iter().map(|(message, _)| message).collect();
    let audit = &world.bench.audit;
    let may_have_died = audit.may_have_died();
    let is_known =
        |message: &str| arrived.contains(message) || reported.contains(message) || may_have_died.contains(message);
    let lost: Vec<_> = audit.accepted().filter(|message| !is_known(message)).collect();
    prop_assert!(lost.len() == audit.waiting(), "silently lost: {lost:?}");
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
        accounts(&world, setup.resends)?;
    }

    /// Invariants 3 and 6: what the server keeps arrives once each and in order, over any transport that can tell it where to go on.
    #[test]
    fn in_any_weather_every_message_arrives_once_and_in_order(
        setup in any_setup(),
        speaks in prop_oneof![
            select(vec![Speaks::Sse, Speaks::Sse, Speaks::SseByQuery]),
            any_socket().prop_filter("it can go on", |speaks| !matches!(speaks, Speaks::Raw | Speaks::EngineIo)),
        ],
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
        // On a ladder of three, a client that was never connected tries all of them after each wait.
        let waits = world.bench.delays().iter().filter(|&&delay| delay > 0).count();
        prop_assert!(waits < 400, "{waits} waits in an hour");
        prop_assert!(world.bench.tries.len() < 900, "{} tries in an hour", world.bench.tries.len());
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
