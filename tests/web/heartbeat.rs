//! How a `Socket` keeps an eye on a WebSocket that says nothing by itself.

use std::time::Duration;

use everwire::{CauseKind, Heartbeat, Message, Socket};
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{Fixture, Heard, is_open, quick, sleep, texts, until};

fn ping() -> Heartbeat {
    // Busy machines take their time to answer.
    Heartbeat::text("ping").every(Duration::from_millis(50)).reply_within(Duration::from_secs(2))
}

fn is_pong(message: &Message) -> bool {
    message.as_text() == Some("pong")
}

#[wasm_bindgen_test]
async fn a_server_that_does_not_answer_is_left_for_a_new_connection() {
    let fixture = Fixture::get().await;
    let url = fixture.url("/ws/heartbeat?mute-after=3");
    let socket = Socket::builder(url).backoff(quick()).heartbeat(ping().is_reply(is_pong)).open().unwrap();
    let (losses, messages) = (Heard::new(), Heard::new());
    let hear = losses.ear();
    let _losing = socket.on_reconnecting(move |lost| hear(lost.cause.kind));
    let hear = messages.ear();
    let _listening = socket.on_message(move |message| hear(message.clone()));
    until("the loss", || losses.len() == 1).await;
    assert_eq!(losses.all(), [CauseKind::Silence]);
    until("the new connection", || is_open(&socket)).await;
    assert_eq!(messages.all(), [], "replies are no messages");
}

#[wasm_bindgen_test]
async fn one_that_answers_is_kept() {
    let fixture = Fixture::get().await;
    let socket = Socket::builder(fixture.url("/ws/heartbeat")).heartbeat(ping().is_reply(is_pong)).open().unwrap();
    until("open", || is_open(&socket)).await;
    sleep(3_000).await;
    assert_eq!((socket.stats().attempts, socket.stats().drops), (1, 0));
}

#[wasm_bindgen_test]
async fn what_is_not_told_from_messages_is_delivered_and_each_heartbeat_may_be_another_one() {
    let fixture = Fixture::get().await;
    let beats = std::cell::Cell::new(0);
    let heartbeat = Heartbeat::message(move || {
        beats.set(beats.get() + 1);
        beats.get().to_string()
    });
    let heartbeat = heartbeat.every(Duration::from_millis(50)).is_reply(|message| message.as_text() == Some("2"));
    let socket = Socket::builder(fixture.url("/ws/echo")).heartbeat(heartbeat).open().unwrap();
    assert_eq!(texts(&mut socket.messages(), 3).await, ["1", "3", "4"]);
}

#[wasm_bindgen_test]
async fn a_websocket_that_is_silent_for_too_long_is_left_without_a_heartbeat_as_well() {
    let fixture = Fixture::get().await;
    let url = fixture.url("/ws/heartbeat");
    let socket = Socket::builder(url).backoff(quick()).silence_timeout(Duration::from_millis(300)).open().unwrap();
    let losses = Heard::new();
    let hear = losses.ear();
    let _losing = socket.on_reconnecting(move |lost| hear(lost.cause.kind));
    until("two losses", || losses.len() == 2).await;
    assert_eq!(losses.all(), [CauseKind::Silence; 2]);
}
