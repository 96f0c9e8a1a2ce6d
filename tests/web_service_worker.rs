//! The Rust faces in a service worker, against the running fixture server.
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

use everwire::{CauseKind, Events, Transport};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_service_worker);

#[wasm_bindgen_test]
async fn events_come_over_every_rung_that_there_is() {
    web::worker::receives_over(&[Transport::EventSource, Transport::FetchStream, Transport::LongPoll]).await;
}

#[wasm_bindgen_test]
async fn a_rung_that_there_is_not_is_left_out() {
    let xhr = Events::builder("/nowhere").transports([Transport::XhrStream]).open().unwrap();
    assert_eq!(web::support::within("the end", xhr.closed()).await.cause.unwrap().kind, CauseKind::Unusable);
}
