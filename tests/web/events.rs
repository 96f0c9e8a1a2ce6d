//! `Events` on every rung, against the fixture's faults.

use std::time::Duration;

use everwire::{Backoff, CauseKind, Event, Events, EventsBuilder, Inbox, Status, Transport};
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{Fixture, quick, take, until, within};

fn events(url: String) -> EventsBuilder {
    Events::builder(url).backoff(quick())
}

fn transport(events: &Events) -> Option<Transport> {
    match events.status() {
        Status::Open { transport, .. } => transport,
        _ => None,
    }
}

/// The next events are numbered without a gap and without a repetition.
async fn contiguous(inbox: &mut Inbox<Event>, n: usize) {
    let got = take(inbox, n).await;
    let numbers: Vec<u64> = got.iter().map(|event| event.data.parse().unwrap()).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
    let id = got.last().unwrap().last_event_id.clone();
    assert!(id.ends_with(&format!(":{}", numbers.last().unwrap())), "{id}");
}

#[wasm_bindgen_test]
async fn the_browsers_own_eventsource_is_the_first_rung() {
    let fixture = Fixture::get().await;
    let events = events(fixture.url("/sse/numbers")).open().unwrap();
    contiguous(&mut events.events(), 5).await;
    assert_eq!(transport(&events), Some(Transport::EventSource));
}

async fn survives_drops(transport: Transport, fault: &str) {
    let fixture = Fixture::get().await;
    let url = fixture.url(&format!("/sse/numbers?{fault}"));
    let events = events(url).transports([transport]).open().unwrap();
    contiguous(&mut events.events(), 25).await;
}

#[wasm_bindgen_test]
async fn fetch_streams_resume_after_each_of_many_drops() {
    survives_drops(Transport::FetchStream, "drop-after=3&times=6&key={key}").await;
}

#[wasm_bindgen_test]
async fn responses_that_end_are_ordinary_disconnects() {
    survives_drops(Transport::FetchStream, "end-after=4").await;
}

#[wasm_bindgen_test]
async fn long_polling_reads_each_response_when_it_ends() {
    survives_drops(Transport::LongPoll, "end-after=1").await;
}

#[wasm_bindgen_test]
async fn a_byte_at_a_time_is_as_good_as_all_at_once() {
    survives_drops(Transport::FetchStream, "trickle").await;
}

#[wasm_bindgen_test]
async fn the_browsers_own_retry_carries_the_cursor_over_to_another_origin() {
    // This test's page is on another origin than the fixture: there the native class reconnects by itself.
    survives_drops(Transport::EventSource, "drop-after=3&times=1&key={key}&retry=100").await;
}

#[wasm_bindgen_test]
async fn fetch_takes_over_with_the_cursor_when_the_native_class_gives_up() {
    let fixture = Fixture::get().await;
    // The first connection is cut after three events, and the browser's own next try gets a 503, which ends it for good.
    for n in 1..=3 {
        fixture.post("/relay/{key}", &n.to_string()).await;
    }
    let events = events(fixture.url("/sse/{key}?retry=100")).open().unwrap();
    let mut inbox = events.events();
    contiguous(&mut inbox, 3).await;
    fixture.post("/control/unavailable?ms=1000", "").await;
    until("the loss", || !events.status().is_open()).await;
    until("the return", || events.status().is_open()).await;
    for n in 4..=6 {
        fixture.post("/relay/{key}", &n.to_string()).await;
    }
    contiguous(&mut inbox, 3).await;
    assert_eq!(transport(&events), Some(Transport::FetchStream));
    let resumes = fixture.resumes("/sse/{key}").await;
    assert!(resumes.contains(":3"), "the journal has the resume ids {resumes}");
}

#[wasm_bindgen_test]
async fn a_character_cut_in_two_arrives_whole() {
    let fixture = Fixture::get().await;
    let events = events(fixture.url("/sse/{key}?cut-utf8")).transports([Transport::FetchStream]).open().unwrap();
    fixture.post("/relay/{key}", "日本語 👍🏽 grüße").await;
    let got = take(&mut events.events(), 1).await;
    assert_eq!(got[0].data, "日本語 👍🏽 grüße");
}

#[wasm_bindgen_test]
async fn retry_after_is_obeyed() {
    let fixture = Fixture::get().await;
    let url = fixture.url("/sse/numbers?status=503&retry-after=1&times=1&key={key}");
    let events = events(url).transports([Transport::FetchStream]).open().unwrap();
    until("the refusal", || matches!(events.status(), Status::Waiting { .. })).await;
    let Status::Waiting { retry_in, cause: Some(cause), .. } = events.status() else { unreachable!() };
    assert_eq!((cause.kind, cause.status), (CauseKind::Status, 503));
    assert!(retry_in >= Duration::from_secs(1), "{retry_in:?}");
    contiguous(&mut events.events(), 2).await;
}

async fn ends_with(fault: &str) -> everwire::Cause {
    let fixture = Fixture::get().await;
    let url = fixture.url(&format!("/sse/numbers?{fault}"));
    let events = events(url).transports([Transport::FetchStream]).open().unwrap();
    within("the end", events.closed()).await.cause.unwrap()
}

#[wasm_bindgen_test]
async fn a_204_is_the_end() {
    let cause = ends_with("status=204").await;
    assert_eq!((cause.kind, cause.status), (CauseKind::Status, 204));
}

#[wasm_bindgen_test]
async fn a_401_is_not_hammered() {
    let cause = ends_with("status=401").await;
    assert_eq!((cause.kind, cause.status), (CauseKind::Status, 401));
}

#[wasm_bindgen_test]
async fn a_wrong_content_type_is_an_error_that_names_what_came() {
    let cause = ends_with("content-type=text/html").await;
    assert_eq!(cause.kind, CauseKind::ContentType);
    assert_eq!(cause.reason, "text/html");
}

#[wasm_bindgen_test]
async fn named_events_are_delivered_by_name() {
    let fixture = Fixture::get().await;
    let task = fixture.post("/tasks", r#"{"steps":5,"ms":200}"#).await;
    let path = task.split("\"events\":\"").nth(1).unwrap().split('"').next().unwrap();
    let events = events(fixture.url(path)).event("progress").event("done").open().unwrap();
    let got = take(&mut events.events(), 6).await;
    assert_eq!(got[0].kind, "progress");
    assert_eq!(got[5].kind, "done");
    let end = within("the end by 204", events.closed()).await;
    assert_eq!(end.cause.unwrap().status, 204);
}

#[wasm_bindgen_test]
async fn a_silent_stream_is_left_for_a_new_one() {
    let fixture = Fixture::get().await;
    let url = fixture.url("/sse/numbers?silent=open&times=1&key={key}");
    let events = events(url).silence_timeout(Duration::from_millis(400)).open().unwrap();
    contiguous(&mut events.events(), 3).await;
    assert_ne!(transport(&events), Some(Transport::EventSource), "it hides comments");
}

#[wasm_bindgen_test]
async fn an_attempt_that_is_not_answered_is_given_up() {
    let fixture = Fixture::get().await;
    let url = fixture.url("/sse/numbers?silent&times=1&key={key}");
    let events = events(url).connect_timeout(Duration::from_millis(400)).open().unwrap();
    contiguous(&mut events.events(), 3).await;
}

#[wasm_bindgen_test]
async fn a_longer_event_than_allowed_ends_the_connection() {
    let fixture = Fixture::get().await;
    fixture.post("/relay/{key}", &"x".repeat(5_000)).await;
    let events = events(fixture.url("/sse/{key}"))
        .transports([Transport::FetchStream])
        .max_event_bytes(1_000)
        .backoff(Backoff::default())
        .open()
        .unwrap();
    let end = within("the end", events.closed()).await;
    assert_eq!(end.cause.unwrap().kind, CauseKind::Overflow);
}

#[cfg(any(feature = "json", feature = "serde-json"))]
#[wasm_bindgen_test]
async fn typed_events_are_decoded_and_what_does_not_decode_is_an_item() {
    use futures_util::StreamExt;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Price {
        symbol: String,
        price: f64,
    }

    let fixture = Fixture::get().await;
    let events = events(fixture.url("/sse/{key}")).open().unwrap();
    let mut prices = events.json::<Price>();
    fixture.post("/relay/{key}", r#"{"symbol":"ABC","price":1.5}"#).await;
    fixture.post("/relay/{key}", "not JSON").await;
    let first = within("a price", prices.next()).await.unwrap().unwrap();
    assert_eq!(first.data, Price { symbol: "ABC".into(), price: 1.5 });
    let error = within("an error", prices.next()).await.unwrap().unwrap_err();
    assert_eq!(error.raw.as_text(), Some("not JSON"));
    assert!(events.status().is_open());
}
