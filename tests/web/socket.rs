//! `Socket` over a plain WebSocket.

use everwire::{CauseKind, Delivery, Message, Outbox, SendError, Socket, Status};
use futures_util::StreamExt;
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{Fixture, flag, quick, take, until, within};

#[wasm_bindgen_test]
async fn text_and_bytes_come_back_from_an_echo() {
    let fixture = Fixture::get().await;
    let socket = Socket::builder(fixture.url("/ws/echo")).open().unwrap();
    let mut inbox = socket.messages();
    assert_eq!(socket.send("grüß dich"), Ok(Delivery::Queued), "there is no connection yet");
    assert_eq!(socket.send(vec![0, 255, 1]), Ok(Delivery::Queued));
    let got = take(&mut inbox, 2).await;
    assert_eq!(got, [Message::from("grüß dich"), Message::from(vec![0, 255, 1])]);
    assert!(socket.status().is_open());
    assert_eq!(socket.send(""), Ok(Delivery::Sent));
    assert_eq!(take(&mut inbox, 1).await, [Message::from("")]);
}

#[wasm_bindgen_test]
async fn the_subprotocol_that_the_server_chose_can_be_read() {
    let fixture = Fixture::get().await;
    let socket = Socket::builder(fixture.url("/ws/echo")).protocols(["v2.chat", "v1.chat"]).open().unwrap();
    until("open", || socket.status().is_open()).await;
    assert_eq!(socket.protocol(), "v2.chat");
}

#[wasm_bindgen_test]
async fn a_dropped_connection_comes_back_and_says_so() {
    let fixture = Fixture::get().await;
    let url = fixture.url("/ws/echo?drop-after=1&times=1&key={key}");
    let socket = Socket::builder(url).backoff(quick()).open().unwrap();
    let mut inbox = socket.messages();
    let (waits, seen) = flag();
    let _watching = socket.on_status(move |status| {
        if let Status::Waiting { attempt: 1, cause: Some(cause), .. } = status {
            assert_eq!(cause.kind, CauseKind::Network);
            seen.set(seen.get() + 1);
        }
    });
    let _ = socket.send("one").unwrap();
    assert_eq!(take(&mut inbox, 1).await, [Message::from("one")]);
    until("the drop", || waits.get() == 1).await;
    until("the reconnect", || socket.status().is_open()).await;
    let _ = socket.send("two").unwrap();
    assert_eq!(take(&mut inbox, 1).await, [Message::from("two")]);
}

#[wasm_bindgen_test]
async fn what_is_sent_while_there_is_no_connection_goes_out_once_and_in_order() {
    let fixture = Fixture::get().await;
    let url = fixture.url("/ws/echo?refuse&times=2&key={key}");
    let socket = Socket::builder(url).backoff(quick()).open().unwrap();
    let mut inbox = socket.messages();
    for n in 0..100 {
        assert_eq!(socket.send(n.to_string()), Ok(Delivery::Queued));
    }
    let got = take(&mut inbox, 100).await;
    assert!((0..100).map(|n| Message::from(n.to_string())).eq(got));
}

#[wasm_bindgen_test]
async fn a_full_outbox_hands_the_message_back() {
    let fixture = Fixture::get().await;
    let url = fixture.url("/ws/echo?refuse");
    let socket = Socket::builder(url).outbox(Outbox::bounded(1)).open().unwrap();
    assert_eq!(socket.send("one"), Ok(Delivery::Queued));
    assert_eq!(socket.send("two"), Err(SendError::Full(Message::from("two"))));
}

#[wasm_bindgen_test]
async fn a_close_code_that_means_stop_is_final_and_says_why() {
    let fixture = Fixture::get().await;
    let socket = Socket::builder(fixture.url("/ws/echo?close=4403&reason=no%20entry")).open().unwrap();
    let mut inbox = socket.messages();
    let end = within("the end", socket.closed()).await;
    assert_eq!(end.code, 4403);
    assert_eq!(end.reason, "no entry");
    assert_eq!(end.cause.unwrap().kind, CauseKind::Close);
    assert!(socket.status().is_closed());
    assert_eq!(inbox.next().await, None);
    assert_eq!(socket.send("late"), Err(SendError::Closed(Message::from("late"))));
}

#[wasm_bindgen_test]
async fn giving_up_after_the_last_retry_is_told() {
    let fixture = Fixture::get().await;
    let backoff = quick().max_retries(2);
    let socket = Socket::builder(fixture.url("/ws/echo?refuse")).backoff(backoff).open().unwrap();
    let end = within("the end", socket.closed()).await;
    assert_eq!((end.code, end.cause.unwrap().kind), (1006, CauseKind::Network));
}

#[wasm_bindgen_test]
async fn reconnect_while_waiting_connects_now() {
    let fixture = Fixture::get().await;
    let url = fixture.url("/ws/echo?refuse&times=1&key={key}");
    let long = std::time::Duration::from_secs(1_000);
    let backoff = everwire::Backoff::default().first_delay(long).min_delay(long).max_delay(long);
    let socket = Socket::builder(url).backoff(backoff).open().unwrap();
    until("the refusal", || matches!(socket.status(), Status::Waiting { .. })).await;
    socket.reconnect();
    until("open", || socket.status().is_open()).await;
}

#[cfg(any(feature = "json", feature = "serde-json"))]
#[wasm_bindgen_test]
async fn typed_messages_go_as_json_and_come_back_as_they_were() {
    #[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
    struct Said {
        text: String,
        likes: u32,
        answers: Option<Vec<f64>>,
        marks: std::collections::BTreeMap<String, bool>,
    }

    let fixture = Fixture::get().await;
    let socket = Socket::builder(fixture.url("/ws/echo")).open().unwrap().json::<Said, Said>();
    let (mut raw, mut inbox) = (socket.socket().messages(), socket.messages());
    let said = Said {
        text: "grüß dich".into(),
        likes: 2,
        answers: Some(vec![0.5, -1.0]),
        marks: [("read".into(), true)].into_iter().collect(),
    };
    assert_eq!(socket.send(&said), Ok(Delivery::Queued));
    assert_eq!(within("the echo", inbox.next()).await.unwrap(), Ok(said));
    let text = take(&mut raw, 1).await.remove(0);
    // One codec writes -1, the other -1.0.
    let text = text.as_text().unwrap().replace("-1.0", "-1");
    assert_eq!(text, r#"{"text":"grüß dich","likes":2,"answers":[0.5,-1],"marks":{"read":true}}"#);

    assert_eq!(socket.socket().send("not JSON"), Ok(Delivery::Sent));
    let error = within("what does not decode", inbox.next()).await.unwrap().unwrap_err();
    assert_eq!(error.raw, Message::from("not JSON"));
    assert!(socket.socket().status().is_open());
}

#[cfg(any(feature = "json", feature = "serde-json"))]
#[wasm_bindgen_test]
async fn a_value_that_is_no_json_is_not_sent_and_one_that_is_not_taken_comes_back_as_its_text() {
    use std::collections::BTreeMap;

    use everwire::EncodeError;

    let fixture = Fixture::get().await;
    let socket = Socket::builder(fixture.url("/ws/echo")).open().unwrap();
    let by_place = socket.json::<(), BTreeMap<(u8, u8), u8>>();
    let mut inbox = socket.messages();
    let error = by_place.send(&BTreeMap::from([((1, 2), 3)])).unwrap_err();
    assert!(matches!(&error, EncodeError::Encode(reason) if !reason.is_empty()), "{error:?}");
    assert!(error.to_string().starts_with("the value does not encode as JSON: "), "{error}");
    let numbers = socket.json::<(), [u8; 2]>();
    assert_eq!(numbers.send(&[1, 2]), Ok(Delivery::Queued));
    assert_eq!(take(&mut inbox, 1).await, [Message::from("[1,2]")], "nothing went before it");
    socket.close();
    assert_eq!(numbers.send(&[3, 4]), Err(EncodeError::Send(SendError::Closed(Message::from("[3,4]")))));
}
