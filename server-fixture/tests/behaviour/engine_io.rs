//! Engine.IO v4, as its protocol has it, and with the faults of every other route.

use reqwest::StatusCode;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Server, Socket, soon};

/// A session over polling.
struct Session<'a> {
    server: &'a Server,
    path: String,
}

impl<'a> Session<'a> {
    async fn open(server: &'a Server, path: &str) -> (Self, Value) {
        let glue = if path.contains('?') { '&' } else { '?' };
        let path = format!("{path}{glue}EIO=4&transport=polling");
        let text = soon(server.get(&path).send()).await.unwrap().text().await.unwrap();
        let hand: Value = serde_json::from_str(text.strip_prefix('0').unwrap()).unwrap();
        let sid = hand["sid"].as_str().unwrap();
        (Self { server, path: format!("{path}&sid={sid}") }, hand)
    }

    async fn poll(&self) -> String {
        soon(self.server.get(&self.path).send()).await.unwrap().text().await.unwrap()
    }

    async fn post(&self, body: &str) -> StatusCode {
        soon(self.server.post(&self.path).body(body.to_owned()).send()).await.unwrap().status()
    }
}

/// The next message of a socket; the crate pings as soon as a session begins.
async fn message(socket: &mut Socket) -> Option<Message> {
    loop {
        match socket.next().await {
            Some(Message::Text(text)) if text.as_str() == "2" => {}
            other => return other,
        }
    }
}

#[tokio::test]
async fn polling_echoes_text_and_binary() {
    let server = Server::start().await;
    let (session, hand) =
        Session::open(&server, "/engine.io/echo/?maxPayload=500&pingInterval=300&pingTimeout=200").await;
    assert_eq!(
        (&hand["maxPayload"], &hand["pingInterval"], &hand["pingTimeout"]),
        (&500.into(), &300.into(), &200.into())
    );
    assert_eq!(session.post("4häl\u{1e}bAP8=").await, StatusCode::OK);
    // The crate pings as soon as a session begins, in a poll of its own or not.
    let mut came = Vec::new();
    while came.len() < 2 {
        came.extend(session.poll().await.split('\u{1e}').filter(|packet| *packet != "2").map(String::from));
    }
    assert_eq!(came, ["4häl", "bAP8="]);
    assert_eq!(session.post(&"4".repeat(501)).await, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_websocket_begins_a_session_and_echoes() {
    let server = Server::start().await;
    let mut socket = server.socket("/engine.io/echo?EIO=4&transport=websocket").await;
    assert!(socket.text().await.starts_with("0{"));
    socket.send("4hello").await;
    socket.send(Message::binary(vec![0, 255])).await;
    assert_eq!(message(&mut socket).await, Some(Message::text("4hello")));
    assert_eq!(message(&mut socket).await, Some(Message::binary(vec![0, 255])));
}

#[tokio::test]
async fn a_session_moves_from_polling_to_a_websocket() {
    let server = Server::start().await;
    let (session, _) = Session::open(&server, "/engine.io/echo").await;
    let path = session.path.replace("polling", "websocket");
    let mut socket = server.socket(&path).await;
    let poll = session.poll();
    let upgrade = async {
        socket.send("2probe").await;
        assert_eq!(socket.text().await, "3probe");
    };
    // The poll is freed, so that no packet is under way on it; be it by the first ping, before or after.
    let (freed, ()) = tokio::join!(poll, upgrade);
    assert!(freed.split('\u{1e}').all(|packet| matches!(packet, "2" | "6")), "{freed:?}");
    socket.send("5").await;
    socket.send("4there").await;
    assert_eq!(message(&mut socket).await, Some(Message::text("4there")));
    assert_eq!(session.post("4here").await, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn what_is_collected_can_be_read_in_order() {
    let server = Server::start().await;
    let (session, _) = Session::open(&server, "/engine.io/collect/up").await;
    assert_eq!(session.post("4a\u{1e}bAA==").await, StatusCode::OK);
    let mut socket = server.socket("/ws/collect/up").await;
    socket.send("b").await;
    // The echo of a socket beside it would say nothing of this one, so it is asked until it is there.
    let all = loop {
        let all = server.json("/relay/up/all").await;
        if all.as_array().unwrap().len() == 3 {
            break all;
        }
    };
    assert_eq!(
        (&all[0]["text"], &all[1]["bytes"], &all[2]["text"]),
        (&"a".into(), &serde_json::json!([0]), &"b".into())
    );
}

#[tokio::test]
async fn the_faults_of_other_routes_are_there_and_count_messages_alone() {
    let server = Server::start().await;
    let mut socket = server.socket("/engine.io/numbers?ms=1&EIO=4&transport=websocket&close=4401&drop-after=2").await;
    assert!(socket.text().await.starts_with("0{"));
    for text in ["41", "42"] {
        assert_eq!(message(&mut socket).await, Some(Message::text(text)));
    }
    assert_eq!(socket.closed().await.0, 4401);
    server.order("/control/refuse-websocket").await;
    assert_eq!(server.refused_socket("/engine.io/echo?EIO=4&transport=websocket").await, StatusCode::FORBIDDEN);
    let answer = soon(server.get("/engine.io/echo?EIO=4&transport=polling&status=503").send()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_session_that_is_not_known_is_a_400() {
    let server = Server::start().await;
    let answer = soon(server.get("/engine.io/echo?EIO=4&transport=polling&sid=AAAAAAAAAAAHs-4B").send()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert_eq!(soon(server.get("/engine.io/nobody?EIO=4&transport=polling").send()).await.unwrap().status(), 404);
}
