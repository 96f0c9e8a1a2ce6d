//! The Rust faces in a real browser, against the running fixture server.
//!
//! Run by `make test-chromium` and `make test-firefox`, or `wasm-pack test --headless --chrome` with the fixture running. Its
//! address is read at compile time from `EVERWIRE_FIXTURE`, for a test in a browser has no environment.
#![cfg(target_arch = "wasm32")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod web {
    mod config;
    mod connecting;
    mod delivery;
    mod engine_io;
    mod events;
    mod heartbeat;
    mod ids;
    mod lifetime;
    mod outbox;
    mod posts;
    mod relay;
    mod requests;
    mod resume;
    mod rungs;
    mod socket;
    mod support;
    mod verdicts;
}

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
