//! Plain WebSockets.

use tokio_tungstenite::tungstenite::Message;

use crate::support::Server;

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
