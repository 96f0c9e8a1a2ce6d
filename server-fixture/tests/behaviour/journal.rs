//! What the server says that it saw.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Server, soon};

#[tokio::test]
async fn it_tells_each_request_in_order_with_its_kind_headers_and_resume_id() {
    let server = Server::start().await;
    let id = server.publish("a", "1").await;
    let mut socket = server.socket(&format!("/relay/a?last_event_id={id}")).await;
    drop(server.events_after("/sse/a", &id).await);
    let polled = server.poll("/relay/a?x=1", None).await;
    server.poll("/relay/a?hold=0", Some(&polled.position)).await;
    socket.send("2").await;
    assert_eq!(socket.text().await, "2");

    let journal = server.json("/journal").await;
    let of = |field: &str| journal.as_array().unwrap().iter().map(|r| r[field].clone()).collect::<Vec<_>>();
    assert_eq!(of("n"), [1, 2, 3, 4, 5].map(|n| json!(n)));
    assert_eq!(of("kind"), ["http", "websocket", "sse", "long-poll", "long-poll"].map(|kind| json!(kind)));
    assert_eq!(of("resume"), [Value::Null, json!(id), json!(id), Value::Null, json!(id)]);
    assert_eq!(of("status"), [202, 101, 200, 200, 408].map(|status| json!(status)));
    assert_eq!(of("method"), ["POST", "GET", "GET", "GET", "GET"].map(|method| json!(method)));
    assert_eq!(of("sent"), [0, 1, 0, 1, 0].map(|sent| json!(sent)));
    assert_eq!(journal[2]["headers"]["last-event-id"], json!(id));
    assert_eq!((&journal[3]["path"], &journal[3]["query"]), (&json!("/relay/a"), &json!("x=1")));
    assert!(journal[3]["endedMs"].as_u64().unwrap() >= journal[3]["atMs"].as_u64().unwrap());
    assert_eq!(journal[1]["endedMs"], Value::Null, "the socket is open");
}

#[tokio::test]
async fn it_notes_when_a_stream_has_ended() {
    let server = Server::start().await;
    let mut events = server.events("/sse/numbers?end-after=2").await;
    events.rest().await;
    let ended = async {
        loop {
            let record = server.json("/journal").await[0].clone();
            if !record["endedMs"].is_null() {
                return record;
            }
        }
    };
    assert_eq!(soon(ended).await["sent"], 2);
}

#[tokio::test]
async fn it_leaves_out_itself_control_and_files_and_can_be_searched_and_cleared() {
    let server = Server::start().await;
    for path in ["/control", "/journal", "/", "/www/x.js", "/pkg/x.js", "/docs/"] {
        soon(server.get(path).send()).await.unwrap();
    }
    for n in 0..4 {
        server.poll(&format!("/relay/{n}?hold=0"), None).await;
    }
    let ns = async |path: &str| {
        let records = server.json(path).await;
        records.as_array().unwrap().iter().map(|r| r["n"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(ns("/journal").await, [1, 2, 3, 4]);
    assert_eq!(ns("/journal?after=1&limit=2").await, [2, 3]);
    assert_eq!(ns("/journal?path=/relay/3").await, [4]);
    assert_eq!(ns("/journal?status=408&limit=1").await, [1]);
    assert_eq!(ns("/journal?status=401").await, [0_u64; 0]);
    let cleared = soon(server.client.delete(server.url("/journal")).send()).await.unwrap();
    assert_eq!(cleared.status(), StatusCode::NO_CONTENT);
    server.poll("/relay/a?hold=0", None).await;
    assert_eq!(ns("/journal").await, [5], "numbering goes on");
}
