//! What becomes of messages that a `Socket` cannot send at once.

use std::time::Duration;

use everwire::{
    Delivery, Message, Outbox, SendError, Sending, Socket, SocketBuilder, Subscription, Transport, WhenFull, Why, Wire,
};
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{Fixture, Heard, is_open, quick, sleep, texts, until};

/// A socket that is not answered, so that nothing is sent by accident.
fn unanswered(fixture: &Fixture, outbox: Outbox) -> (Socket, Heard<(String, Why)>, Subscription) {
    let socket = Socket::builder(fixture.url("/ws/echo?silent=connect")).outbox(outbox).open().unwrap();
    let gone = Heard::new();
    let hear = gone.ear();
    let watching = socket.on_dropped(move |message, why| hear((message.as_text().unwrap().into(), why)));
    (socket, gone, watching)
}

fn gated(fixture: &Fixture, fault: &str) -> SocketBuilder {
    Socket::builder(fixture.url(&format!("/ws/gate?{fault}"))).backoff(quick()).outbox(Outbox::default().gate(true))
}

#[wasm_bindgen_test]
async fn behind_a_gate_nothing_queued_goes_before_the_application_says_so_in_each_connection() {
    let fixture = Fixture::get().await;
    let socket = gated(&fixture, "drop-after=3&times=1&key={key}").open().unwrap();
    let mut inbox = socket.messages();
    let handle = socket.clone();
    let _letting_in = socket.on_message(move |message| {
        if message.as_text() == Some("welcome") {
            handle.release();
        }
    });
    let handle = socket.clone();
    let _showing = socket.on_status(move |status| {
        if status.is_open() {
            let _ = handle.send_with(r#"{"token":"good"}"#, Sending::volatile());
        }
    });
    for text in ["one", "two"] {
        assert_eq!(socket.send(text), Ok(Delivery::Queued));
    }
    assert_eq!(texts(&mut inbox, 3).await, ["welcome", "one", "two"]);
    until("the drop", || !is_open(&socket)).await;
    assert_eq!(socket.send("three"), Ok(Delivery::Queued));
    assert_eq!(texts(&mut inbox, 2).await, ["welcome", "three"]);
    assert_eq!(socket.send("four"), Ok(Delivery::Sent), "the gate is open");
    assert_eq!(texts(&mut inbox, 1).await, ["four"]);
}

#[wasm_bindgen_test]
async fn a_gate_that_stays_shut_lets_only_volatile_messages_pass() {
    let fixture = Fixture::get().await;
    let url = fixture.url("/ws/echo");
    let socket = Socket::builder(url).outbox(Outbox::default().gate(true)).open().unwrap();
    let mut inbox = socket.messages();
    socket.opened().await.unwrap();
    assert_eq!(socket.send("waits"), Ok(Delivery::Queued));
    assert_eq!(socket.send_with("passes", Sending::volatile()), Ok(Delivery::Sent));
    assert_eq!(texts(&mut inbox, 1).await, ["passes"]);
    assert_eq!(socket.queued(), (1, 5));
    socket.release();
    assert_eq!(texts(&mut inbox, 1).await, ["waits"]);
}

#[wasm_bindgen_test]
async fn a_volatile_message_is_sent_now_or_handed_back() {
    let fixture = Fixture::get().await;
    let socket = Socket::builder(fixture.url("/ws/echo")).open().unwrap();
    let sent = socket.send_with("too early", Sending::volatile());
    assert_eq!(sent, Err(SendError::Volatile(Message::from("too early"))));
    socket.opened().await.unwrap();
    assert_eq!(socket.send_with("in time", Sending::volatile()), Ok(Delivery::Sent));
    assert_eq!(texts(&mut socket.messages(), 1).await, ["in time"]);
}

#[wasm_bindgen_test]
async fn of_the_messages_with_one_key_the_newest_waits() {
    let fixture = Fixture::get().await;
    let (socket, gone, _watching) = unanswered(&fixture, Outbox::default());
    for (text, key) in [("a1", "a"), ("b1", "b"), ("a2", "a"), ("plain", ""), ("plain", ""), ("a3", "a")] {
        assert_eq!(socket.send_with(text, Sending::default().key(key)), Ok(Delivery::Queued));
    }
    assert_eq!(gone.all(), [(String::from("a1"), Why::Replaced), (String::from("a2"), Why::Replaced)]);
    assert_eq!(socket.queued().0, 4);
}

#[wasm_bindgen_test]
async fn a_message_whose_time_is_up_is_given_up_and_reported() {
    let fixture = Fixture::get().await;
    let (socket, gone, _watching) = unanswered(&fixture, Outbox::default().ttl(Duration::from_millis(300)));
    let _ = socket.send("as the outbox has it").unwrap();
    let _ = socket.send_with("soon", Sending::default().ttl(Duration::from_millis(50))).unwrap();
    let _ = socket.send_with("never", Sending::default().ttl(Duration::MAX)).unwrap();
    until("both", || gone.len() == 2).await;
    let expired = |text: &str| (String::from(text), Why::Expired);
    assert_eq!(gone.all(), [expired("soon"), expired("as the outbox has it")]);
    assert_eq!(socket.queued(), (1, 5));
}

#[wasm_bindgen_test]
async fn what_makes_room_for_another_is_reported() {
    let fixture = Fixture::get().await;
    let full = |text: &str| (String::from(text), Why::Full);
    for (policy, lost) in [(WhenFull::DropOldest, "one"), (WhenFull::DropNewest, "two")] {
        let (socket, gone, _watching) = unanswered(&fixture, Outbox::bounded(2).when_full(policy));
        for text in ["one", "two", "three"] {
            assert_eq!(socket.send(text), Ok(Delivery::Queued));
        }
        assert_eq!(gone.all(), [full(lost)], "{policy:?}");
    }
}

#[wasm_bindgen_test]
async fn the_bound_in_bytes_counts_text_as_utf_8_and_so_does_the_buffered_amount() {
    let fixture = Fixture::get().await;
    let (socket, ..) = unanswered(&fixture, Outbox::default().max_bytes(10));
    assert_eq!(socket.send("üüü"), Ok(Delivery::Queued));
    assert_eq!(socket.send(vec![1, 2, 3]), Ok(Delivery::Queued));
    assert_eq!(socket.buffered_amount(), 9);
    assert_eq!(socket.send("ü"), Err(SendError::Full(Message::from("ü"))));
    assert_eq!(socket.send("u"), Ok(Delivery::Queued));
}

/// Over a WebSocket the browser sends them before it closes. Nobody waits for the answer to a POST.
#[wasm_bindgen_test]
async fn what_is_on_its_way_when_the_application_closes_arrives() {
    let fixture = Fixture::get().await;
    let relay = || Socket::builder(fixture.url("/relay/{key}")).wire(Wire::Relay);
    let engine = || Socket::builder(fixture.url("/engine.io/collect/{key}")).wire(Wire::EngineIo);
    let mut arrived = 0;
    for wire in [&relay as &dyn Fn() -> SocketBuilder, &engine] {
        for transport in [Transport::WebSocket, Transport::LongPoll] {
            let socket = wire().transports([transport]).open().unwrap();
            // At a moment when no other one is on its way.
            let send = || socket.send_with("last words", Sending::volatile()).is_ok();
            until("the message", send).await;
            socket.close();
            arrived += 1;
            while fixture.kept(&fixture.path("{key}")).await.len() < arrived {
                sleep(20).await;
            }
        }
    }
    // The last one is the end of the session.
    while fixture.journal("/engine.io/collect/{key}", "method").await.iter().filter(|method| *method == "POST").count()
        < 2
    {
        sleep(20).await;
    }
}
