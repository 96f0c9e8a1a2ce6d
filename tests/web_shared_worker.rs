//! The Rust faces in a shared worker, against the running fixture server.
#![cfg(target_arch = "wasm32")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod web {
    #[expect(dead_code, reason = "the tests in a page need more of it")]
    pub(crate) mod support;
    pub(crate) mod worker;
}

use everwire::Transport;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_shared_worker);

#[wasm_bindgen_test]
async fn events_come_over_every_rung() {
    use Transport::{EventSource, FetchStream, LongPoll, XhrStream};

    web::worker::receives_over(&[EventSource, FetchStream, XhrStream, LongPoll]).await;
}
