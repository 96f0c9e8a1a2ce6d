//! Plain WebSockets.

use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{QUIET, Server};

#[tokio::test]
async fn echo_answers_text_with_text_and_binary_with_binary() {
    let server = Server::start().await;
    let mut socket = server.socket("/ws/echo").await;
    socket.send("häl\0lo").await;
    socket.send(Message::binary(vec![0, 255])).await;
    assert_eq!(socket.text().await, "häl\0lo");
    assert_eq!(socket.next().await, Some(Message::binary(vec![0, 255])));
}

#[tokio::test]
async fn echo_selects_the_first_subprotocol_that_is_offered() {
    let server = Server::start().await;
    let socket = server.try_socket("/ws/echo", Some("graphql, chat")).await.unwrap();
    assert_eq!(socket.protocol.as_deref(), Some("graphql"));
}

#[tokio::test]
async fn chat_reaches_all_in_the_room_and_nobody_else() {
    let server = Server::start().await;
    let mut ann = server.socket("/ws/chat/red").await;
    let mut bob = server.socket("/ws/chat/red").await;
    let mut eve = server.socket("/ws/chat/blue").await;
    ann.send("hello").await;
    assert_eq!((ann.text().await, bob.text().await), ("hello".into(), "hello".into()));
    eve.send("alone").await;
    assert_eq!(eve.text().await, "alone");
}

#[tokio::test]
async fn a_message_over_one_mebibyte_closes_with_1009() {
    let server = Server::start().await;
    for path in ["/ws/echo", "/ws/chat/a", "/relay/a"] {
        let mut socket = server.socket(path).await;
        socket.send("x".repeat(1024 * 1024 + 1)).await;
        assert_eq!(socket.closed().await.0, 1009);
    }
}

#[tokio::test]
async fn numbers_go_on_after_the_last_id_of_the_query_or_of_the_first_message() {
    let server = Server::start().await;
    let mut socket = server.socket("/ws/numbers?ms=1&lastEventId=7").await;
    assert_eq!(socket.text().await, r#"{"id":"8","n":8}"#);
    let mut socket = server.socket("/ws/numbers?ms=1&first").await;
    socket.send(r#"{"resume":"4"}"#).await;
    assert_eq!(socket.text().await, r#"{"id":"5","n":5}"#);
}

#[tokio::test]
async fn the_gate_lets_in_who_shows_a_token() {
    let server = Server::start().await;
    let mut socket = server.socket("/ws/gate").await;
    socket.send(r#"{"token":"good"}"#).await;
    assert_eq!(socket.text().await, "welcome");
    socket.send("a").await;
    assert_eq!(socket.text().await, "a");
    let mut socket = server.socket("/ws/gate").await;
    socket.send("a").await;
    assert_eq!(socket.closed().await.0, 4401);
}

#[tokio::test]
async fn a_heart_beats_until_it_is_mute() {
    let server = Server::start().await;
    let mut socket = server.socket("/ws/heartbeat?mute-after=1").await;
    for _ in 0..2 {
        socket.send("ping").await;
    }
    assert_eq!(socket.text().await, "pong");
    assert!(timeout(QUIET, socket.next()).await.is_err(), "it is mute");
}

#[tokio::test]
async fn the_subprotocol_can_be_another_that_was_offered_or_none() {
    let server = Server::start().await;
    for (choose, selected) in [("b", Some("b")), ("none", None)] {
        let socket = server.try_socket(&format!("/ws/echo?choose={choose}"), Some("a, b")).await;
        match selected {
            Some(_) => assert_eq!(socket.unwrap().protocol.as_deref(), selected),
            // This client takes it for an error that none of what it offers is selected.
            None => assert!(socket.is_err()),
        }
    }
    assert_eq!(server.json("/journal?path=/ws/echo").await[1]["status"], 101);
}

#[tokio::test]
async fn a_burst_is_so_many_messages_of_a_size() {
    let server = Server::start().await;
    let mut socket = server.socket("/ws/burst?count=3&size=4").await;
    assert_eq!([socket.text().await, socket.text().await, socket.text().await], ["1...", "2...", "3..."]);
}
