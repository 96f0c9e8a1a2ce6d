//! Generators and tasks.

use std::collections::HashSet;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Event, Next, Server, soon};

#[tokio::test]
async fn numbers_begin_with_hi_and_retry_and_count_on_without_a_hole() {
    let server = Server::start().await;
    let mut events = server.events("/sse/numbers?burst=5").await;
    let comment = Event { comment: Some("hi".into()), ..Event::default() };
    assert_eq!(soon(events.next_block()).await, Next::Event(comment));
    let retry = Event { retry: Some("1000".into()), ..Event::default() };
    assert_eq!(soon(events.next_block()).await, Next::Event(retry));
    let first = events.event().await;
    assert_eq!(first.data, first.seq().to_string());
    for n in 1..7 {
        assert_eq!(events.event().await.seq(), first.seq() + n);
    }
}

#[tokio::test]
async fn numbers_resume_with_nothing_missed_and_nothing_twice() {
    let server = Server::start().await;
    let first = server.events("/sse/numbers?end-after=1").await.event().await;
    server.order("/sse/numbers?count=50").await;
    let mut events = server.events_after("/sse/numbers?retry=7", &first.id).await;
    for n in 1..55 {
        assert_eq!(events.event().await.seq(), first.seq() + n);
    }
}

#[tokio::test]
async fn prices_begin_with_a_snapshot_and_then_tell_what_changed() {
    let server = Server::start().await;
    let mut events = server.events("/sse/prices").await;
    let first = events.event().await;
    assert_eq!(first.kind, "snapshot");
    let snapshot = first.json();
    let symbols: HashSet<_> = snapshot["symbols"].as_array().unwrap().iter().map(Value::to_string).collect();
    assert_eq!((symbols.len(), snapshot["prices"].as_array().unwrap().len()), (100, 100));

    let next = events.event().await;
    assert_eq!((next.kind.as_str(), next.seq()), ("prices", first.seq() + 1));
    let changes = next.json();
    let changes = changes.as_array().unwrap();
    assert!((10..=30).contains(&changes.len()));
    assert!(changes.iter().all(|change| change[0].as_u64().unwrap() < 100 && change[1].as_f64().unwrap() > 0.0));
}

#[tokio::test]
async fn prices_resume_without_a_snapshot_and_lead_to_the_same_prices() {
    let server = Server::start().await;
    let first = server.events("/sse/prices?end-after=1").await.event().await;
    let mut prices: Vec<f64> = serde_json::from_value(first.json()["prices"].clone()).unwrap();
    // Resumed for each event anew, as a client does whose connection never holds.
    let mut id = first.id.clone();
    for n in 1..4 {
        let event = server.events_after("/sse/prices?end-after=1", &id).await.event().await;
        assert_eq!((event.kind.as_str(), event.seq()), ("prices", first.seq() + n));
        for change in event.json().as_array().unwrap() {
            prices[change[0].as_u64().unwrap() as usize] = change[1].as_f64().unwrap();
        }
        id = event.id;
    }
    let mut again = server.events("/sse/prices").await;
    let snapshot = again.event().await;
    let mut missed = server.events_after("/sse/prices", &id).await;
    let mut seq = first.seq() + 3;
    while seq < snapshot.seq() {
        let event = missed.event().await;
        for change in event.json().as_array().unwrap() {
            prices[change[0].as_u64().unwrap() as usize] = change[1].as_f64().unwrap();
        }
        seq = event.seq();
    }
    assert_eq!(snapshot.json()["prices"], json!(prices));
}

async fn task(server: &Server, wanted: Value) -> String {
    let answer = soon(server.post("/tasks").json(&wanted).send()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    let told: Value = answer.json().await.unwrap();
    assert_eq!(told["events"], json!(format!("/tasks/{}", told["id"].as_str().unwrap())));
    told["events"].as_str().unwrap().into()
}

#[tokio::test]
async fn a_task_tells_its_progress_until_done_and_then_204_so_that_eventsource_stops() {
    let server = Server::start().await;
    let path = task(&server, json!({ "steps": 4, "ms": 100 })).await;
    let (events, end) = server.events(&path).await.rest().await;
    assert_eq!(end, Next::End);
    let (done, progress) = events.split_last().unwrap();
    assert!(progress.iter().all(|event| event.kind == "progress"));
    let told: Vec<_> = progress.iter().map(Event::json).collect();
    assert_eq!(told, (1..=4).map(|n| json!({ "done": n, "of": 4 })).collect::<Vec<_>>());
    assert_eq!((done.kind.as_str(), done.seq()), ("done", 5));
    assert!(done.json()["ms"].as_u64().unwrap() >= 100);

    let again = soon(server.get(&path).header("last-event-id", &done.id).send()).await.unwrap();
    assert_eq!(again.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_task_can_be_resumed_and_replayed() {
    let server = Server::start().await;
    let path = task(&server, json!({ "steps": 3, "ms": 100 })).await;
    let (seen, end) = server.events(&format!("{path}?drop-after=1")).await.rest().await;
    assert_eq!((seen.len(), end), (1, Next::Cut));
    let (rest, end) = server.events_after(&path, &seen[0].id).await.rest().await;
    assert_eq!((rest.len(), end), (3, Next::End));
    let (all, _) = server.events(&path).await.rest().await;
    assert_eq!(all.len(), 4, "one who comes late sees all of it");
}

#[tokio::test]
async fn at_most_100_tasks_are_kept_and_running_ones_are_not_pushed_out() {
    let server = Server::start().await;
    let finished = task(&server, json!({ "steps": 1, "ms": 100 })).await;
    server.events(&finished).await.rest().await;
    for _ in 0..100 {
        task(&server, json!({ "ms": 60_000 })).await;
    }
    assert_eq!(soon(server.get(&finished).send()).await.unwrap().status(), StatusCode::NOT_FOUND);
    let refused = soon(server.post("/tasks").send()).await.unwrap();
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
}
