//! Streams that are asked for by POST, as the APIs of language models have them.

use everwire::{CauseKind, Event, Events, EventsBuilder, Transport};
use futures_util::StreamExt;
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{Fixture, quick, take, within};

const RUNGS: [Transport; 3] = [Transport::FetchStream, Transport::XhrStream, Transport::LongPoll];

fn tokens(fixture: &Fixture, fault: &str) -> EventsBuilder {
    Events::builder(fixture.url(&format!("/sse/tokens?for={{key}}&ms=1&{fault}")))
        .method("POST")
        .header("Content-Type", "application/json")
        .body(r#"{"prompt":"so viele Wörter ✓"}"#)
        .backoff(quick())
}

fn texts(events: Vec<Event>) -> Vec<String> {
    events.into_iter().map(|event| event.data).collect()
}

const ANSWER: [&str; 5] =
    [r#"{"token":"so "}"#, r#"{"token":"viele "}"#, r#"{"token":"Wörter "}"#, r#"{"token":"✓ "}"#, "[DONE]"];

async fn requests(fixture: &Fixture, field: &str) -> Vec<String> {
    let queries = fixture.journal("/sse/tokens", "query").await;
    let fields = fixture.journal("/sse/tokens", field).await;
    let own = fixture.path("for={key}");
    queries.into_iter().zip(fields).filter(|(query, _)| query.contains(&own)).map(|(_, field)| field).collect()
}

#[wasm_bindgen_test]
async fn a_post_is_sent_with_its_body_on_every_rung_and_the_end_of_its_answer_is_the_end() {
    for rung in RUNGS {
        let fixture = Fixture::get().await;
        let events = tokens(&fixture, "").transports([rung]).open().unwrap();
        let all = within("the end", events.events().collect::<Vec<_>>()).await;
        assert_eq!(texts(all), ANSWER, "{rung:?}");
        let end = within("the end", events.closed()).await;
        assert_eq!((end.code, end.cause), (1000, None), "{rung:?}");
        assert_eq!(requests(&fixture, "method").await, ["POST"], "{rung:?}");
        assert_eq!(requests(&fixture, "body").await, [r#"{"prompt":"so viele Wörter ✓"}"#], "{rung:?}");
        assert_eq!(requests(&fixture, "content-type").await, ["application/json"], "{rung:?}");
    }
}

#[wasm_bindgen_test]
async fn the_end_of_what_may_not_be_repeated_is_the_end_whatever_its_method() {
    let fixture = Fixture::get().await;
    let url = fixture.url("/sse/burst?count=3&for={key}");
    let events = Events::builder(url).repeatable(false).backoff(quick()).open().unwrap();
    assert_eq!(within("the end", events.events().collect::<Vec<_>>()).await.len(), 3);
    assert_eq!(within("the end", events.closed()).await.cause, None);
}

#[wasm_bindgen_test]
async fn a_post_is_not_repeated_after_a_failure() {
    let fixture = Fixture::get().await;
    let events = tokens(&fixture, "drop-after=2").open().unwrap();
    let end = within("the end", events.closed()).await;
    // WebKitGTK does not tell the cut of a response from its end.
    assert!(end.cause.is_none_or(|cause| cause.kind == CauseKind::Network));
    assert_eq!(requests(&fixture, "method").await, ["POST"]);
}

#[wasm_bindgen_test]
async fn a_post_is_repeated_where_the_server_says_that_it_did_nothing() {
    let fixture = Fixture::get().await;
    let events = tokens(&fixture, "status=503&times=1&key={key}").open().unwrap();
    assert_eq!(texts(within("the end", events.events().collect::<Vec<_>>()).await), ANSWER);
    assert_eq!(requests(&fixture, "status").await, ["503", "200"]);
}

#[wasm_bindgen_test]
async fn a_post_that_may_be_repeated_goes_on_after_the_last_id() {
    let fixture = Fixture::get().await;
    let events = tokens(&fixture, "end-after=2&times=1&key={key}").repeatable(true).open().unwrap();
    assert_eq!(texts(take(&mut events.events(), 5).await), ANSWER);
    events.close();
    assert_eq!(requests(&fixture, "last-event-id").await, ["-", "2"]);
}

#[wasm_bindgen_test]
async fn a_body_may_be_bytes() {
    for rung in RUNGS {
        let fixture = Fixture::get().await;
        let events = Events::builder(fixture.url("/sse/tokens?for={key}&ms=1"))
            .method("PUT")
            .body("zwei Wörter".as_bytes())
            .transports([rung])
            .open()
            .unwrap();
        let all = within("the end", events.events().collect::<Vec<_>>()).await;
        assert_eq!(texts(all), [r#"{"token":"zwei "}"#, r#"{"token":"Wörter "}"#, "[DONE]"], "{rung:?}");
    }
}

#[wasm_bindgen_test]
async fn a_body_may_be_provided_anew_for_each_request() {
    let fixture = Fixture::get().await;
    let tries = std::cell::Cell::new(0);
    let provide = move || {
        tries.set(tries.get() + 1);
        let body = format!("try {}", tries.get());
        async move { Ok::<_, String>(body) }
    };
    let url = fixture.url("/sse/tokens?for={key}&ms=1&status=503&times=1&key={key}");
    let events = Events::builder(url).method("POST").body_with(provide).backoff(quick()).open().unwrap();
    let all = within("the end", events.events().collect::<Vec<_>>()).await;
    assert_eq!(texts(all), [r#"{"token":"try "}"#, r#"{"token":"2 "}"#, "[DONE]"]);
    assert_eq!(requests(&fixture, "body").await, ["try 1", "try 2"]);
}
