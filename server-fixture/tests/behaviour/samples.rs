//! Exact bytes, played back.

use reqwest::StatusCode;
use serde_json::json;
use tokio::time::timeout;

use crate::support::{Events, QUIET, Server, soon};

async fn store(server: &Server, path: &str, bytes: impl Into<reqwest::Body>) {
    let answer = soon(server.post(path).body(bytes).send()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn what_was_stored_is_played_back_byte_for_byte_and_ends() {
    let server = Server::start().await;
    let every_byte: Vec<u8> = (0..=255).chain(*b"\xef\xbb\xbfdata\r\rid: 1\0\n\n: open end").collect();
    for query in ["", "?trickle", "?cut-utf8", "?hold=10", "?retry=5&comments=1", "?hold-back", "?hold-body"] {
        store(&server, "/sse/bytes/every", every_byte.clone()).await;
        let answer = soon(server.get(&format!("/sse/bytes/every{query}")).send()).await.unwrap();
        assert_eq!(
            (answer.status(), &answer.headers()["content-type"]),
            (StatusCode::OK, &"text/event-stream".parse().unwrap())
        );
        assert_eq!(soon(answer.bytes()).await.unwrap(), every_byte, "{query}");
    }
    store(&server, "/sse/bytes/every", "").await;
    assert_eq!(soon(server.get("/sse/bytes/every").send()).await.unwrap().bytes().await.unwrap(), "");
}

#[tokio::test]
async fn its_content_type_is_what_was_stored_or_what_is_asked_for() {
    let server = Server::start().await;
    store(&server, "/sse/bytes/a?content-type=text/event-stream;charset=windows-1252", "data: \u{e4}\n\n").await;
    for (query, expected) in [
        ("", "text/event-stream;charset=windows-1252"),
        ("?content-type=text/event-stream;%20charset=%22utf-8%22", "text/event-stream; charset=\"utf-8\""),
        ("?content-type=text/html", "text/html"),
    ] {
        let answer = soon(server.get(&format!("/sse/bytes/a{query}")).send()).await.unwrap();
        assert_eq!(answer.headers()["content-type"], expected);
    }
}

#[tokio::test]
async fn hold_keeps_it_open_after_the_bytes() {
    let server = Server::start().await;
    store(&server, "/sse/bytes/a", "data: 1\n\n").await;
    for query in ["hold", "hold=60000&comments=1"] {
        let mut events = Events::open(server.get(&format!("/sse/bytes/a?{query}"))).await;
        soon(events.next_block()).await;
        assert!(timeout(QUIET, events.next_block()).await.is_err(), "{query}");
    }
}

#[tokio::test]
async fn it_can_be_cut_before_or_after_the_bytes() {
    let server = Server::start().await;
    store(&server, "/sse/bytes/a", "data: 1").await;
    for (n, length) in [(0, 0), (1, 7)] {
        let mut answer = soon(server.get(&format!("/sse/bytes/a?hold&drop-after={n}")).send()).await.unwrap();
        let mut seen = Vec::new();
        let broken = loop {
            match soon(answer.chunk()).await {
                Ok(Some(chunk)) => seen.extend_from_slice(&chunk),
                Ok(None) => break false,
                Err(_) => break true,
            }
        };
        assert_eq!((seen.len(), broken), (length, true));
    }
}

#[tokio::test]
async fn an_id_is_as_good_as_any_other_to_it() {
    let server = Server::start().await;
    store(&server, "/sse/bytes/a", "data: 1\n\n").await;
    let request = server.get("/sse/bytes/a").header("last-event-id", "grüße".as_bytes());
    assert_eq!(soon(request.send()).await.unwrap().status(), StatusCode::OK);
    let journal = server.json("/journal?path=/sse/bytes/&after=1").await;
    assert_eq!(journal[0]["headers"]["last-event-id"], json!("grüße"));
}

#[tokio::test]
async fn the_newest_hundred_names_are_kept() {
    let server = Server::start().await;
    for n in 0..100 {
        store(&server, &format!("/sse/bytes/{n}"), "x").await;
    }
    store(&server, "/sse/bytes/0", "newer").await;
    store(&server, "/sse/bytes/more", "x").await;
    for (name, status) in [("0", 200), ("1", 404), ("2", 200), ("more", 200), ("none", 404)] {
        let answer = soon(server.get(&format!("/sse/bytes/{name}")).send()).await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{name}");
    }
}

#[tokio::test]
async fn what_cannot_be_stored_or_played_is_refused() {
    let server = Server::start().await;
    store(&server, "/sse/bytes/a", vec![b'x'; 1024 * 1024]).await;
    let too_long = server.post("/sse/bytes/a").body(vec![b'x'; 1024 * 1024 + 1]);
    assert_eq!(soon(too_long.send()).await.unwrap().status(), StatusCode::PAYLOAD_TOO_LARGE);
    for path in ["/sse/bytes/a%20b", "/sse/bytes/a?content-type=%0a"] {
        assert_eq!(soon(server.post(path).send()).await.unwrap().status(), StatusCode::BAD_REQUEST, "{path}");
    }
    let never = soon(server.get("/sse/bytes/a?hold=never").send()).await.unwrap();
    assert_eq!(never.status(), StatusCode::BAD_REQUEST);
}
