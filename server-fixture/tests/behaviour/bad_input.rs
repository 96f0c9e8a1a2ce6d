//! Input that cannot be served is told so, and hurts nobody.

use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Server, soon};

/// The error that a request is answered with.
async fn error(request: reqwest::RequestBuilder) -> (u16, String) {
    let answer = soon(request.send()).await.unwrap();
    let status = answer.status().as_u16();
    let told: Value = answer.json().await.unwrap();
    (status, told["error"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_bad_value_is_a_400_that_names_what_was_given_and_what_was_expected() {
    let server = Server::start().await;
    for (path, name, given) in [
        ("/relay/a?last_event_id=abc", "last_event_id", "abc"),
        ("/relay/a?lastEventId=1:2:3", "lastEventId", "1:2:3"),
        ("/sse/numbers?last_event_id=+1:2", "last_event_id", "1:2"),
        ("/relay/a?hold=never", "hold", "never"),
        ("/relay/a?first=middle", "first", "middle"),
        ("/sse/numbers?retry=-1", "retry", "-1"),
        ("/sse/numbers?burst=99999999", "burst", "99999999"),
        ("/sse/numbers?drop-after=x", "drop-after", "x"),
        ("/sse/numbers?end-after=x", "end-after", "x"),
        ("/sse/numbers?status=99", "status", "99"),
        ("/sse/numbers?status=600", "status", "600"),
        ("/sse/numbers?trickle=maybe", "trickle", "maybe"),
        ("/sse/numbers?silent=maybe", "silent", "maybe"),
        ("/sse/numbers?hold-body=maybe", "hold-body", "maybe"),
        ("/sse/numbers?quiet=maybe", "quiet", "maybe"),
        ("/sse/numbers?comments=0", "comments", "0"),
        ("/sse/numbers?id=some", "id", "some"),
        ("/sse/numbers?cors=some", "cors", "some"),
        ("/sse/numbers?redirect=304", "redirect", "304"),
        ("/sse/numbers?redirect=302&to=%0a", "to", "\\n"),
        ("/sse/numbers?to=/health", "to", "/health"),
        ("/sse/numbers?auth=", "auth", ""),
        ("/sse/numbers?auth=a%20b", "auth", "a b"),
        ("/sse/numbers?status=503&retry-after=date:soon", "retry-after", "date:soon"),
        ("/sse/numbers?status=503&retry-after=date:86401", "retry-after", "date:86401"),
        ("/sse/numbers?close=1005", "close", "1005"),
        ("/sse/numbers?content-type=%0a", "content-type", "\\n"),
        ("/sse/numbers?times=2", "key", "nothing"),
        ("/sse/numbers?key=k", "key", "k"),
        ("/sse/numbers?drop-random=1&key=k", "drop-random", "1"),
        ("/sse/numbers?drop-random=100001&key=k", "drop-random", "100001"),
        ("/sse/numbers?drop-random=2&key=k&seed=x", "seed", "x"),
        ("/sse/numbers?drop-random=2", "key", "nothing"),
        ("/sse/numbers?seed=1", "seed", "1"),
        ("/sse/burst?count=0", "count", "0"),
        ("/sse/burst?count=1000001", "count", "1000001"),
        ("/sse/burst?size=1048577", "size", "1048577"),
        ("/sse/burst?ids=some", "ids", "some"),
        ("/sse/burst?hold=never", "hold", "never"),
        ("/sse/burst?last_event_id=1:1", "last_event_id", "1:1"),
        ("/journal?after=x", "after", "x"),
        ("/journal?status=99", "status", "99"),
        ("/relay/a%20b", "channel", "a b"),
    ] {
        let (status, told) = error(server.get(path)).await;
        assert_eq!(status, 400, "{path}");
        assert!(told.starts_with(name) && told.contains(given) && told.contains("expected"), "{path}: {told}");
    }
    for (name, value) in [
        ("last-event-id", "x"),
        ("last-event-id", "99999999999999999999:1"),
        ("if-none-match", "1"),
        ("if-modified-since", "Thu, 01 Jan 1970 00:00:01 GMT"),
    ] {
        assert_eq!(error(server.get("/relay/a").header(name, value)).await.0, 400, "{name}: {value}");
    }
    let request = server.get("/relay/a").header("if-none-match", "1").header("if-modified-since", "yesterday");
    assert_eq!(error(request).await.0, 400);
    for path in ["/control/stall?ms=x", "/control/restart?downMs=-1", "/sse/numbers?count=0"] {
        assert_eq!(error(server.post(path)).await.0, 400, "{path}");
    }
    for body in ["{", "[]", r#"{"steps":0}"#, r#"{"ms":99}"#, r#"{"speed":1}"#, r#"{"steps":-1}"#] {
        assert_eq!(error(server.post("/tasks").body(body)).await.0, 400, "{body}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_404_and_what_is_not_done_a_405() {
    let server = Server::start().await;
    for path in ["/nothing", "/relay", "/relay/a/b", "/tasks/none", "/control/explode", "/www/none"] {
        assert_eq!(error(server.get(path)).await.0, 404, "{path}");
    }
    let request = server.client.request(Method::PUT, server.url("/relay/a"));
    assert_eq!(error(request).await.0, 405);
    assert_eq!(error(server.get("/control/drop")).await.0, 405);
}

#[tokio::test]
async fn a_body_over_one_mebibyte_is_a_413() {
    let server = Server::start().await;
    for extra in [1, 4 * 1024 * 1024] {
        let request = server.post("/relay/a").body(vec![b'x'; 1024 * 1024 + extra]);
        assert_eq!(error(request).await.0, 413);
    }
    assert_eq!(server.poll("/relay/a?hold=0", None).await.status, StatusCode::REQUEST_TIMEOUT);
}

#[tokio::test]
async fn one_channel_too_many_is_a_429_and_unused_ones_make_room() {
    let server = Server::start().await;
    for n in 0..999 {
        server.publish(&format!("c{n}"), "x").await;
    }
    server.poll("/relay/unused?hold=0", None).await;
    server.publish("c999", "x").await;
    assert_eq!(error(server.post("/relay/more").body("x")).await.0, 429);
    server.publish("c0", "still").await;
}

#[tokio::test]
async fn an_upgrade_that_is_none_is_a_4xx() {
    let server = Server::start().await;
    assert_eq!(error(server.get("/ws/echo")).await.0, 400);
    let request = server.get("/relay/a").header("connection", "upgrade").header("upgrade", "websocket");
    assert_eq!(error(request.header("sec-websocket-version", "1")).await.0, 400);
}

#[tokio::test]
async fn garbage_on_the_wire_ends_that_connection_only() {
    let server = Server::start().await;
    for garbage in [b"\x16\x03\x01\x00\xff\r\n\r\n".as_slice(), b"GET / HTTP/9\r\n\r\n", &[b'x'; 100_000]] {
        let mut stream = TcpStream::connect(server.fixture.addr()).await.unwrap();
        // The server may have closed it while this still writes.
        let _ = stream.write_all(garbage).await;
        let _ = soon(stream.read_to_end(&mut Vec::new())).await;
    }
    assert_eq!(server.json("/health").await["ok"], true);
}
