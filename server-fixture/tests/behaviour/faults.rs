//! Each fault of a request, seen from the client.

use reqwest::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::{Next, QUIET, Server, soon};

#[tokio::test]
async fn drop_after_cuts_a_stream_once_its_messages_have_arrived() {
    let server = Server::start().await;
    for n in [0, 1, 3] {
        let path = format!("/sse/numbers?burst=5&drop-after={n}");
        let (events, end) = server.events(&path).await.rest().await;
        assert_eq!((events.len(), end), (n, Next::Cut));
    }
}

#[tokio::test]
async fn drop_after_cuts_a_socket_without_a_close_frame() {
    let server = Server::start().await;
    server.publish("a", "1").await;
    server.publish("a", "2").await;
    let mut socket = server.socket("/relay/a?drop-after=1").await;
    assert_eq!(socket.text().await, "1");
    assert_eq!(socket.next().await, None);
    let mut echo = server.socket("/ws/echo?drop-after=1").await;
    echo.send("x").await;
    assert_eq!((echo.text().await.as_str(), echo.next().await), ("x", None));
}

#[tokio::test]
async fn drop_after_zero_does_what_was_asked_but_loses_the_answer() {
    let server = Server::start().await;
    assert!(soon(server.post("/relay/a?drop-after=0").body("kept").send()).await.is_err());
    assert!(soon(server.get("/relay/a?drop-after=0").send()).await.is_err());
    assert_eq!(server.poll("/relay/a", None).await.body, b"kept");
}

#[tokio::test]
async fn drop_after_one_lets_a_poll_have_its_answer_and_then_cuts_the_connection() {
    let server = Server::start().await;
    server.publish("a", "1").await;
    let mut stream = TcpStream::connect(server.fixture.addr()).await.unwrap();
    stream.write_all(b"GET /relay/a?drop-after=1 HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut all = Vec::new();
    soon(stream.read_to_end(&mut all)).await.unwrap();
    assert!(all.ends_with(b"\r\n\r\n1"), "{}", String::from_utf8_lossy(&all));
}

#[tokio::test]
async fn end_after_ends_a_stream_cleanly_so_that_one_makes_it_a_long_poll() {
    let server = Server::start().await;
    server.publish("a", "1").await;
    server.publish("a", "2").await;
    let (events, end) = server.events("/sse/a?end-after=1").await.rest().await;
    assert_eq!((events[0].data.as_str(), end), ("1", Next::End));
    let (events, end) = server.events_after("/sse/a?end-after=1", &events[0].id).await.rest().await;
    assert_eq!((events.len(), events[0].data.as_str(), end), (1, "2", Next::End));
    let mut socket = server.socket("/relay/a?end-after=2").await;
    assert_eq!((socket.text().await, socket.text().await), ("1".into(), "2".into()));
    assert_eq!(socket.closed().await.0, 1000);
}

#[tokio::test]
async fn refuse_answers_an_upgrade_with_403_and_nothing_else() {
    let server = Server::start().await;
    assert_eq!(server.refused_socket("/ws/echo?refuse").await, StatusCode::FORBIDDEN);
    assert_eq!(server.refused_socket("/relay/a?refuse").await, StatusCode::FORBIDDEN);
    assert_eq!(server.poll("/relay/a?refuse&hold=0", None).await.status, StatusCode::REQUEST_TIMEOUT);
}

#[tokio::test]
async fn silent_leaves_a_request_unanswered_and_upgrades_a_socket_that_then_says_nothing() {
    let server = Server::start().await;
    for path in ["/sse/numbers?silent", "/relay/a?silent", "/ws/echo?silent=connect"] {
        assert!(timeout(QUIET, server.get(path).send()).await.is_err(), "{path}");
    }
    let mut socket = server.socket("/ws/echo?silent").await;
    socket.send("hello").await;
    assert!(timeout(QUIET, socket.next()).await.is_err());
    let mut events = server.events("/sse/numbers?silent=open").await;
    assert!(timeout(QUIET, events.next()).await.is_err());
}

#[tokio::test]
async fn content_type_mislabels_a_stream() {
    let server = Server::start().await;
    let answer = soon(server.get("/sse/numbers?content-type=text/html").send()).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/html");
}

#[tokio::test]
async fn trickle_changes_nothing_but_the_pace() {
    let server = Server::start().await;
    let text = "grüße".repeat(20);
    server.publish("a", &text).await;
    assert_eq!(server.events("/sse/a?trickle").await.event().await.data, text);
    assert_eq!(server.socket("/relay/a?trickle").await.text().await, text);
    assert_eq!(server.poll("/relay/a?trickle", None).await.body, text.as_bytes());
}

#[tokio::test]
async fn cut_utf8_ends_chunks_inside_characters() {
    let server = Server::start().await;
    let text = "ü".repeat(50);
    server.publish("a", &text).await;
    let mut stream = TcpStream::connect(server.fixture.addr()).await.unwrap();
    let request = b"GET /sse/a?cut-utf8&end-after=1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let (mut all, mut cuts) = (Vec::new(), 0);
    loop {
        let mut chunk = [0; 4096];
        let length = soon(stream.read(&mut chunk)).await.unwrap();
        if length == 0 {
            break;
        }
        cuts += usize::from(chunk[length - 1] == "ü".as_bytes()[0]);
        all.extend_from_slice(&chunk[..length]);
    }
    assert!(cuts > 0);
    assert!(String::from_utf8(all).unwrap().contains(&text));
}

#[tokio::test]
async fn hold_back_lets_nothing_through_until_the_response_ends() {
    let server = Server::start().await;
    server.publish("a", "1").await;
    let held = server.get("/sse/a?hold-back&end-after=2").send();
    tokio::pin!(held);
    assert!(timeout(QUIET, &mut held).await.is_err(), "not even the head");
    server.publish("a", "2").await;
    let text = soon(held).await.unwrap().text().await.unwrap();
    assert!(text.contains("data: 1\n") && text.contains("data: 2\n"));
}

#[tokio::test]
async fn hold_body_lets_the_head_through_at_once_and_the_body_when_it_has_ended() {
    let server = Server::start().await;
    server.publish("a", "1").await;
    let mut events = server.events("/sse/a?hold-body&end-after=2").await;
    assert!(timeout(QUIET, events.next_block()).await.is_err(), "not even the comment");
    server.publish("a", "2").await;
    let (events, end) = events.rest().await;
    assert_eq!((events[0].data.as_str(), events[1].data.as_str(), end), ("1", "2", Next::End));
    assert_eq!(server.poll("/relay/a?hold-body", None).await.body, b"1");
}

#[tokio::test]
async fn hold_body_loses_the_body_of_a_stream_that_is_cut() {
    let server = Server::start().await;
    let (events, end) = server.events("/sse/numbers?burst=2&hold-body&drop-after=2").await.rest().await;
    assert_eq!((events.len(), end), (0, Next::Cut));
}

#[tokio::test]
async fn close_ends_a_socket_with_its_code_and_reason_at_once_or_after_some_messages() {
    let server = Server::start().await;
    let mut socket = server.socket("/ws/echo?close=4401&reason=who%20are%20you").await;
    assert_eq!(socket.closed().await, (4401, "who are you".into()));
    let mut socket = server.socket("/ws/echo?close=1012&drop-after=1").await;
    socket.send("x").await;
    assert_eq!(socket.text().await, "x");
    assert_eq!(socket.closed().await, (1012, String::new()));
}

#[tokio::test]
async fn only_some_kinds_of_requests_can_be_meant_and_the_first_of_them_passed_over() {
    let server = Server::start().await;
    let path = "/relay/a?only=http,websocket&status=500&skip=1&times=1&key=k";
    let post = async || soon(server.post(path).body("x").send()).await.unwrap().status().as_u16();
    assert_eq!(post().await, 202);
    // A poll is neither meant nor counted.
    assert_eq!(server.poll(path, None).await.body, b"x");
    assert_eq!(server.refused_socket(path).await.as_u16(), 500);
    assert_eq!(post().await, 202);
    let answer = soon(server.get("/health?only=pigeons").send()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn faults_combine_and_end_after_so_many_requests_with_one_key() {
    let server = Server::start().await;
    server.publish("a", "1").await;
    let path = "/relay/a?status=500&times=2&key=mine";
    for expected in [500, 500, 200, 200] {
        assert_eq!(soon(server.get(path).send()).await.unwrap().status().as_u16(), expected);
    }
    let other = "/relay/a?status=500&times=1&key=other";
    assert_eq!(soon(server.get(other).send()).await.unwrap().status().as_u16(), 500);
    let (events, end) = server.events("/sse/numbers?trickle&cut-utf8&drop-after=1&burst=1").await.rest().await;
    assert_eq!((events.len(), end), (1, Next::Cut));
}
