//! Engine.IO v4, as its protocol has it, and with the faults of every other route.

use reqwest::StatusCode;
use serde_json::Value;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{QUIET, Server, Socket, soon};

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

    /// Polls for so many messages, past the pings.
    async fn messages(&self, count: usize) -> Vec<String> {
        let mut came = Vec::new();
        while came.len() < count {
            came.extend(self.poll().await.split('\u{1e}').filter(|packet| *packet != "2").map(String::from));
        }
        came
    }

    /// How a poll is refused: its status and the code of the protocol, which this crate gives as a string.
    async fn refused(&self) -> (StatusCode, String) {
        let answer = soon(self.server.get(&self.path).send()).await.unwrap();
        let (status, told) = (answer.status(), answer.json::<Value>().await.unwrap());
        (status, told["code"].as_str().unwrap().into())
    }

    fn as_socket(&self) -> String {
        self.path.replace("transport=polling", "transport=websocket")
    }
}

fn unknown() -> (StatusCode, String) {
    (StatusCode::BAD_REQUEST, "1".into())
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
    assert_eq!(session.messages(2).await, ["4häl", "bAP8="]);
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
    let mut socket = server.socket(&session.as_socket()).await;
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
async fn a_room_is_one_over_all_transports_and_protocols() {
    let server = Server::start().await;
    let mut plain = server.socket("/ws/chat/hall").await;
    let (polling, _) = Session::open(&server, "/engine.io/chat/hall").await;
    let mut socket = server.socket("/engine.io/chat/hall?EIO=4&transport=websocket").await;
    assert!(socket.text().await.starts_with("0{"));
    socket.send("4in").await;
    assert_eq!(message(&mut socket).await, Some(Message::text("4in")));
    assert_eq!(plain.text().await, "in");
    assert_eq!(polling.post("4hello").await, StatusCode::OK);
    assert_eq!(message(&mut socket).await, Some(Message::text("4hello")));
    assert_eq!(plain.text().await, "hello");
    assert_eq!(polling.messages(2).await, ["4in", "4hello"]);
}

#[tokio::test]
async fn a_burst_comes_whole_and_in_order_in_payloads_that_are_not_too_large() {
    let server = Server::start().await;
    let (session, _) = Session::open(&server, "/engine.io/burst?count=1000&size=20&maxPayload=1000").await;
    let mut came = Vec::new();
    while came.len() < 1000 {
        let payload = session.poll().await;
        assert!(payload.len() <= 1000, "{}", payload.len());
        came.extend(payload.split('\u{1e}').filter(|packet| *packet != "2").map(String::from));
    }
    assert!(came.iter().zip(1..).all(|(packet, n)| *packet == format!("4{n:.<20}")));
    let mut socket = server.socket("/engine.io/burst?count=3&binary&EIO=4&transport=websocket").await;
    assert!(socket.text().await.starts_with("0{"));
    for text in ["1", "2", "3"] {
        assert_eq!(message(&mut socket).await, Some(Message::binary(text)));
    }
}

#[tokio::test]
async fn without_websockets_an_upgrade_is_a_400_and_the_session_lives() {
    let server = Server::start().await;
    let (session, _) = Session::open(&server, "/engine.io/echo?transports=polling").await;
    assert_eq!(server.refused_socket(&session.as_socket()).await, StatusCode::BAD_REQUEST);
    assert_eq!(session.post("4a").await, StatusCode::OK);
    assert_eq!(session.messages(1).await, ["4a"]);
}

#[tokio::test]
async fn a_session_ends_with_an_upgrade_that_fails_after_its_beginning() {
    let server = Server::start().await;
    let (session, _) = Session::open(&server, "/engine.io/echo").await;
    let mut socket = server.socket(&session.as_socket()).await;
    socket.send("2probe").await;
    assert_eq!(socket.text().await, "3probe");
    drop(socket);
    let ended = async { while session.poll().await.split('\u{1e}').all(|packet| matches!(packet, "2" | "6")) {} };
    soon(ended).await;
    assert_eq!(session.refused().await, unknown());
}

#[tokio::test]
async fn a_session_ends_when_its_ping_is_not_answered() {
    let server = Server::start().await;
    let (session, _) = Session::open(&server, "/engine.io/echo?pingInterval=60000&pingTimeout=50").await;
    let ended = async { while session.poll().await.split('\u{1e}').all(|packet| packet == "2") {} };
    soon(ended).await;
    assert_eq!(session.refused().await, unknown());
}

#[tokio::test]
async fn a_post_whose_answer_is_lost_has_arrived() {
    let server = Server::start().await;
    let path = "/engine.io/collect/lost?drop-after=0&only=http&times=1&key=k";
    let (session, _) = Session::open(&server, path).await;
    let post = async |body: &str| soon(server.post(&session.path).body(body.to_owned()).send()).await;
    assert!(post("4a").await.is_err());
    assert_eq!(post("4b").await.unwrap().status(), StatusCode::OK);
    let all = server.json("/relay/lost/all").await;
    assert_eq!((&all[0]["text"], &all[1]["text"]), (&"a".into(), &"b".into()));
}

#[tokio::test]
async fn a_poll_whose_answer_is_lost_has_taken_its_messages_with_it() {
    let server = Server::start().await;
    // The handshake is a poll too, and is passed over.
    let path = "/engine.io/echo?drop-after=0&only=long-poll&skip=1&times=1&key=k";
    let (session, _) = Session::open(&server, path).await;
    assert_eq!(session.post("4a").await, StatusCode::OK);
    assert!(soon(server.get(&session.path).send()).await.is_err());
    assert_eq!(session.post("4b").await, StatusCode::OK);
    assert_eq!(session.messages(1).await, ["4b"]);
}

#[tokio::test]
async fn a_socket_is_cut_after_so_many_messages_and_its_session_with_it() {
    let server = Server::start().await;
    let mut socket = server.socket("/engine.io/numbers?ms=1&EIO=4&transport=websocket&drop-after=2").await;
    let open = socket.text().await;
    let hand: Value = serde_json::from_str(open.strip_prefix('0').unwrap()).unwrap();
    for text in ["41", "42"] {
        assert_eq!(message(&mut socket).await, Some(Message::text(text)));
    }
    assert_eq!(message(&mut socket).await, None);
    let path = format!("/engine.io/numbers?EIO=4&transport=polling&sid={}", hand["sid"].as_str().unwrap());
    let session = Session { server: &server, path };
    // The crate learns of it a moment later.
    let ended = async { while session.refused().await != unknown() {} };
    soon(ended).await;
}

#[tokio::test]
async fn drop_cuts_its_polls_and_sockets() {
    let server = Server::start().await;
    let (session, _) = Session::open(&server, "/engine.io/echo").await;
    assert_eq!(session.poll().await, "2");
    let mut socket = server.socket("/engine.io/echo?EIO=4&transport=websocket").await;
    let poll = server.get(&session.path).send();
    let order = async {
        while server.json("/control").await["live"] != 2 {}
        server.order("/control/drop?path=/engine.io/").await
    };
    let (poll, cut) = tokio::join!(poll, order);
    assert!(poll.is_err());
    assert_eq!(cut["cut"], 2);
    assert!(socket.text().await.starts_with("0{"));
    assert_eq!(message(&mut socket).await, None);
}

#[tokio::test]
async fn a_silent_socket_is_upgraded_and_says_nothing() {
    let server = Server::start().await;
    let mut socket = server.socket("/engine.io/echo?EIO=4&transport=websocket&silent").await;
    assert!(timeout(QUIET, socket.next()).await.is_err(), "not even the handshake");
}

#[tokio::test]
async fn a_restart_forgets_the_sessions() {
    let server = Server::start().await;
    let (session, _) = Session::open(&server, "/engine.io/echo").await;
    let mut socket = server.socket("/engine.io/echo?EIO=4&transport=websocket").await;
    server.order("/control/restart?downMs=10").await;
    let end = async { while matches!(message(&mut socket).await, Some(Message::Text(_))) {} };
    soon(end).await;
    let back = async { while server.get("/health").send().await.is_err() {} };
    soon(back).await;
    assert_eq!(session.refused().await, unknown());
}

#[tokio::test]
async fn the_journal_has_each_request_with_its_session() {
    let server = Server::start().await;
    let (session, hand) = Session::open(&server, "/engine.io/burst?count=2").await;
    assert_eq!(session.messages(2).await, ["41", "42"]);
    session.post("3").await;
    let mut socket = server.socket(&session.as_socket()).await;
    socket.send("2probe").await;
    assert_eq!(socket.text().await, "3probe");
    let seen = server.json("/journal?path=/engine.io/burst").await;
    let seen = seen.as_array().unwrap();
    let kinds: Vec<_> = seen.iter().map(|record| record["kind"].as_str().unwrap()).collect();
    assert_eq!((kinds[0], &kinds[kinds.len() - 2..]), ("long-poll", ["http", "websocket"].as_slice()));
    let sid = format!("sid={}", hand["sid"].as_str().unwrap());
    assert!(seen[1..].iter().all(|record| record["query"].as_str().unwrap().contains(&sid)));
    assert_eq!(seen.iter().map(|record| record["sent"].as_u64().unwrap()).sum::<u64>(), 2);
}

#[tokio::test]
async fn settings_are_as_many_as_can_be_told_apart_and_kept() {
    let server = Server::start().await;
    for interval in 1000..1100 {
        Session::open(&server, &format!("/engine.io/echo?pingInterval={interval}")).await;
    }
    let answer = soon(server.get("/engine.io/echo?EIO=4&transport=polling").send()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    for query in ["pingInterval=1", "maxPayload=x", "transports=carrier-pigeon", "ms=0", "count=0"] {
        let answer = soon(server.get(&format!("/engine.io/numbers?{query}")).send()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{query}");
    }
}

#[tokio::test]
async fn a_session_that_is_not_known_is_a_400() {
    let server = Server::start().await;
    let answer = soon(server.get("/engine.io/echo?EIO=4&transport=polling&sid=AAAAAAAAAAAHs-4B").send()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert_eq!(soon(server.get("/engine.io/nobody?EIO=4&transport=polling").send()).await.unwrap().status(), 404);
}
