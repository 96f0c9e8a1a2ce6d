//! What works in every kind of worker, where there is neither a document nor a storage.

use everwire::{Events, Message, Socket, Store, Transport, Wire};
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{Fixture, carried_by, quick, take, until};

/// Receives over each of these rungs alone, and goes on after a loss.
pub(crate) async fn receives_over(rungs: &[Transport]) {
    for rung in rungs {
        let fixture = Fixture::get().await;
        for n in 0..4 {
            fixture.post("/relay/{key}", &n.to_string()).await;
        }
        let events = Events::builder(fixture.url("/sse/{key}?end-after=2"))
            .transports([*rung])
            .resume_query("last_event_id")
            .backoff(quick())
            .open()
            .unwrap();
        let got: Vec<String> = take(&mut events.events(), 4).await.into_iter().map(|event| event.data).collect();
        assert_eq!(got, ["0", "1", "2", "3"], "{rung:?}");
    }
}

#[wasm_bindgen_test]
async fn a_socket_sends_and_receives() {
    let fixture = Fixture::get().await;
    let socket = Socket::builder(fixture.url("/ws/echo")).open().unwrap();
    let mut inbox = socket.messages();
    let _ = socket.send("hello").unwrap();
    assert_eq!(take(&mut inbox, 1).await[0].as_text(), Some("hello"));
}

#[wasm_bindgen_test]
async fn a_socket_polls_and_posts_text_and_bytes() {
    for (path, wire) in [("/relay/{key}", Wire::Relay), ("/engine.io/echo/", Wire::EngineIo)] {
        let fixture = Fixture::get().await;
        let socket = Socket::builder(fixture.url(path))
            .wire(wire)
            .transports([Transport::LongPoll])
            .backoff(quick())
            .open()
            .unwrap();
        let mut inbox = socket.messages();
        until("open", || socket.status().is_open()).await;
        for message in [Message::from("hello"), Message::from(vec![9, 0, 200])] {
            let _ = socket.send(message.clone()).unwrap();
            assert_eq!(take(&mut inbox, 1).await, [message], "{wire:?}");
        }
        assert_eq!(carried_by(&socket), Some(Transport::LongPoll));
    }
}

#[wasm_bindgen_test]
async fn a_relative_url_is_resolved_against_the_workers_own() {
    let events = Events::builder("/nowhere").backoff(quick()).open().unwrap();
    until("an answer", || events.stats().last_error.is_some_and(|cause| cause.status == 404)).await;
}

#[wasm_bindgen_test]
async fn where_there_is_no_storage_nothing_is_kept_and_nothing_is_wrong() {
    let fixture = Fixture::get().await;
    fixture.post("/relay/{key}", "0").await;
    let events = Events::builder(fixture.url("/sse/{key}")).store(Store::Session).open().unwrap();
    assert_eq!(take(&mut events.events(), 1).await[0].data, "0");
}
