//! The Rust faces in a dedicated worker, against the running fixture server.
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

wasm_bindgen_test_configure!(run_in_dedicated_worker);

#[wasm_bindgen_test]
async fn events_come_over_every_rung() {
    use Transport::{EventSource, FetchStream, LongPoll, XhrStream};

    web::worker::receives_over(&[EventSource, FetchStream, XhrStream, LongPoll]).await;
}

/// Firefox shows a worker no list of headers once a request has failed, and a response that is cut early may have failed before its head is read.
#[wasm_bindgen_test]
async fn a_response_that_is_cut_before_its_head_is_read_is_still_an_event_stream() {
    let fixture = web::support::Fixture::get().await;
    let url = fixture.url("/sse/burst?count=1000&size=40&ids&hold&drop-random=50&key={key}");
    let events = everwire::Events::builder(url)
        .transports([Transport::XhrStream])
        .backoff(web::support::quick())
        .open()
        .unwrap();
    let got = web::support::take(&mut events.events(), 1_000).await;
    assert!(got.iter().enumerate().all(|(at, event)| event.last_event_id == (at + 1).to_string()));
}
