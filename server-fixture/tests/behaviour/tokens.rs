//! POST streams, as the APIs of language models have them.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant, timeout};

use crate::support::{Event, Events, Next, QUIET, Server, soon};

fn token(id: u64, word: &str) -> Event {
    Event { id: id.to_string(), data: json!({ "token": format!("{word} ") }).to_string(), ..Event::default() }
}

fn done() -> Event {
    Event { data: "[DONE]".into(), ..Event::default() }
}

/// All events of a stream without comments, and how it ended.
async fn all(request: reqwest::RequestBuilder) -> (Vec<Event>, Next) {
    let mut events = Events::open(request).await;
    let mut seen = Vec::new();
    loop {
        match soon(events.next_block()).await {
            Next::Event(event) => seen.push(event),
            end => return (seen, end),
        }
    }
}

#[tokio::test]
async fn a_prompt_comes_back_word_by_word_and_then_done() {
    let server = Server::start().await;
    let path = "/sse/tokens?ms=0&quiet";
    let expected = (vec![token(1, "Grüße,"), token(2, "\"world\""), token(3, "!"), done()], Next::End);
    assert_eq!(all(server.post(path).body("Grüße,  \"world\"\n!")).await, expected);
    let prompt = json!({ "model": "any", "prompt": "Grüße, \"world\" !" });
    assert_eq!(all(server.post(path).json(&prompt)).await, expected);
    let put = server.client.request(Method::PUT, server.url(path)).body(prompt.to_string());
    assert_eq!(all(put).await, expected, "JSON is known by its brace, not its content type");
    assert_eq!(all(server.post(path)).await, (vec![done()], Next::End));
}

#[tokio::test]
async fn it_goes_on_after_the_word_that_was_seen_last() {
    let server = Server::start().await;
    let request = || server.post("/sse/tokens?ms=0&quiet").body("a b c");
    assert_eq!(all(request().header("last-event-id", "2")).await, (vec![token(3, "c"), done()], Next::End));
    let by_query = server.post("/sse/tokens?ms=0&quiet&last_event_id=1").body("a b c");
    assert_eq!(all(by_query).await, (vec![token(2, "b"), token(3, "c"), done()], Next::End));
    for seen in ["3", "4", "18446744073709551615"] {
        assert_eq!(all(request().header("last-event-id", seen)).await, (vec![done()], Next::End));
    }
}

#[tokio::test]
async fn the_first_word_comes_at_once_and_the_others_at_the_pace_that_was_asked_for() {
    let server = Server::start().await;
    let mut slow = Events::open(server.post("/sse/tokens?ms=60000").body("a b")).await;
    assert_eq!(slow.event().await, token(1, "a"));
    assert!(timeout(QUIET, slow.next_block()).await.is_err());
    let begun = Instant::now();
    Events::open(server.post("/sse/tokens?ms=50").body("a b c")).await.rest().await;
    assert!(begun.elapsed() >= Duration::from_millis(150), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn it_has_the_faults_of_every_stream() {
    let server = Server::start().await;
    let post = |query: &str| server.post(&format!("/sse/tokens?ms=0&quiet&{query}")).body("a b c");
    assert_eq!(all(post("drop-after=2")).await, (vec![token(1, "a"), token(2, "b")], Next::Cut));
    assert_eq!(all(post("end-after=1")).await, (vec![token(1, "a")], Next::End));
    assert_eq!(all(post("drop-after=0")).await, (vec![], Next::Cut));
    let answer = soon(post("status=429&retry-after=1").send()).await.unwrap();
    assert_eq!(
        (answer.status(), &answer.headers()["retry-after"]),
        (StatusCode::TOO_MANY_REQUESTS, &"1".parse().unwrap())
    );
    let moved = soon(post("redirect=307").send()).await.unwrap();
    assert_eq!((moved.status(), moved.url().query()), (StatusCode::OK, Some("ms=0&quiet")));
    assert!(moved.text().await.unwrap().contains(r#"{"token":"c "}"#), "a 307 repeats the body");
}

#[tokio::test]
async fn what_is_no_prompt_is_refused() {
    let server = Server::start().await;
    for body in [b"{".as_slice(), br#"{"text":"a"}"#, br#"{"prompt":1}"#, b"\xff"] {
        let answer = soon(server.post("/sse/tokens").body(body).send()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        let told: Value = answer.json().await.unwrap();
        assert!(told["error"].as_str().unwrap().starts_with("prompt: "), "{told}");
    }
    for (query, header) in [("ms=60001", ""), ("ms=x", ""), ("", "1:2"), ("", "-1"), ("last_event_id=a", "")] {
        let request = server.post(&format!("/sse/tokens?{query}")).header("last-event-id", header);
        assert_eq!(soon(request.send()).await.unwrap().status(), StatusCode::BAD_REQUEST, "{query} {header}");
    }
    let too_long = server.post("/sse/tokens").body(vec![b'x'; 64 * 1024 + 1]);
    assert_eq!(soon(too_long.send()).await.unwrap().status(), StatusCode::PAYLOAD_TOO_LARGE);
    let longest = server.post("/sse/tokens").body(vec![b'x'; 64 * 1024]);
    assert_eq!(soon(longest.send()).await.unwrap().status(), StatusCode::OK);
    assert_eq!(soon(server.get("/sse/tokens").send()).await.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn the_journal_tells_what_was_posted_even_if_a_fault_answered() {
    let server = Server::start().await;
    let long = "ü".repeat(1_001);
    soon(server.post("/sse/tokens?status=503").body("one two").send()).await.unwrap();
    soon(server.post("/sse/tokens?drop-after=1").body("one two").send()).await.unwrap().text().await.unwrap_err();
    let resumed = server.post("/sse/tokens?ms=0").header("last-event-id", "1").body("one two");
    soon(resumed.send()).await.unwrap().text().await.unwrap();
    soon(server.client.put(server.url("/sse/tokens")).body(long.clone()).send()).await.unwrap();
    soon(server.post("/relay/a").body("elsewhere").send()).await.unwrap();

    let journal = server.json("/journal").await;
    let of = |field: &str| journal.as_array().unwrap().iter().map(|r| r[field].clone()).collect::<Vec<_>>();
    assert_eq!(of("method"), ["POST", "POST", "POST", "PUT", "POST"].map(|method| json!(method)));
    assert_eq!(of("kind"), ["sse", "sse", "sse", "sse", "http"].map(|kind| json!(kind)));
    assert_eq!(of("resume"), [json!(null), json!(null), json!("1"), json!(null), json!(null)]);
    assert_eq!(of("status"), [503, 200, 200, 200, 202].map(|status| json!(status)));
    assert_eq!(of("sent")[..3], [0, 1, 2].map(|sent| json!(sent)), "done is one, too");
    let longest = json!(long.chars().take(1_000).collect::<String>());
    assert_eq!(of("body"), [json!("one two"), json!("one two"), json!("one two"), longest, json!(null)]);
}
