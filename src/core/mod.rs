//! The core: every policy of everwire, as pure Rust.
//!
//! Nothing here knows a browser, a clock or a source of randomness. Time comes in as an argument
//! ([`time::Millis`]), randomness as a seed, and what must be done in the world goes out as data
//! ([`types::Effect`]). So all of it runs natively, in virtual time, in milliseconds.
//!
//! The layers, from the inside out:
//!
//! | module | subject |
//! | --- | --- |
//! | [`machine`] | THE state machine: when to connect, wait, give up, step down, step up |
//! | [`wire`] | the protocols: what to ask of a transport, and what its answers mean |
//! | [`ladder`] | which transport is next |
//! | [`backoff`] | how long to wait |
//! | [`cause`] | why a connection ended, and the verdict on it |
//! | [`cursor`] | the last id seen, and what a reconnect meant for the data |
//! | [`outbox`] | messages accepted while nothing could carry them |
//! | [`seen`] | the ids of the last events, to tell those that come twice |
//! | [`sse`], [`scan`] | the `text/event-stream` parser, and its search for line ends |
//! | [`types`], [`text`], [`time`], [`rng`] | the nouns |
//!
//! These modules are public for tests and for the curious. They follow the needs of the crate, and
//! their names may change in any release; the stable surface is the crate's root.

pub mod backoff;
pub mod cause;
pub mod cursor;
pub mod ladder;
pub mod machine;
pub mod outbox;
pub mod rng;
pub mod scan;
pub mod seen;
pub mod sse;
pub mod text;
pub mod time;
pub mod types;
pub mod wire;
