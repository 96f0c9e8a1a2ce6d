//! What the fixture promises, over real TCP. One test program, because linking one is quicker than linking eight.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that fails should fail loudly"
)]

mod bad_input;
mod burst;
mod control;
mod engine_io;
mod faults;
mod http;
mod instead;
mod journal;
mod relay;
mod restart;
mod samples;
mod sse;
mod streams;
mod support;
mod tokens;
mod websockets;
