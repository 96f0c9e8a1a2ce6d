//! How `Events` go on where they were: ids that are kept over a reload, events that come twice.

use std::{cell::RefCell, rc::Rc};

use everwire::{Continuity, Event, Events, EventsBuilder, Inbox, Status, Store, Transport};
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{Fixture, Slept, Storage, dispatch, quick, take, until};

fn events(url: String) -> EventsBuilder {
    Events::builder(url).backoff(quick()).transports([Transport::FetchStream])
}

async fn data(inbox: &mut Inbox<Event>, n: usize) -> Vec<String> {
    take(inbox, n).await.into_iter().map(|event| event.data).collect()
}

async fn push(fixture: &Fixture, numbers: std::ops::Range<usize>) {
    for n in numbers {
        fixture.post("/relay/{key}", &n.to_string()).await;
    }
}

async fn goes_on_from(store: Store, storage: Storage) {
    let fixture = Fixture::get().await;
    let open = || events(fixture.url("/sse/{key}")).store(store).open().unwrap();
    push(&fixture, 0..3).await;
    let first = open();
    assert_eq!(data(&mut first.events(), 3).await, ["0", "1", "2"]);
    let id = first.last_event_id();
    first.close();
    assert_eq!(storage.entries(&fixture.url("/sse/{key}")), [id]);

    push(&fixture, 3..5).await;
    let second = open();
    assert_eq!(data(&mut second.events(), 2).await, ["3", "4"]);
    second.close();
    storage.clear();
}

#[wasm_bindgen_test]
async fn the_last_id_is_kept_for_the_tab_in_session_storage() {
    goes_on_from(Store::Session, Storage::Session).await;
}

#[wasm_bindgen_test]
async fn the_last_id_is_kept_for_good_in_local_storage() {
    goes_on_from(Store::Local, Storage::Local).await;
}

#[wasm_bindgen_test]
async fn an_id_that_is_given_comes_before_one_that_was_kept() {
    let fixture = Fixture::get().await;
    push(&fixture, 0..3).await;
    let open = || events(fixture.url("/sse/{key}")).store(Store::Session);
    let first = open().open().unwrap();
    let got = take(&mut first.events(), 3).await;
    first.close();
    let second = open().last_event_id(&got[0].last_event_id).open().unwrap();
    assert_eq!(data(&mut second.events(), 2).await, ["1", "2"]);
    second.close();
    Storage::Session.clear();
}

#[wasm_bindgen_test]
async fn the_id_is_written_at_most_once_a_second_and_when_the_page_is_left() {
    let fixture = Fixture::get().await;
    let writes = Storage::count_writes();
    let events = events(fixture.url("/sse/{key}")).store(Store::Session).open().unwrap();
    let mut inbox = events.events();
    for n in 0..100 {
        fixture.post("/relay/{key}", &n.to_string()).await;
    }
    let got = take(&mut inbox, 100).await;
    let seconds = events.stats().uptime.as_secs() as u32;
    assert!(writes.so_far() <= seconds + 2, "{} writes in {seconds} s and a bit", writes.so_far());
    dispatch("pagehide", false);
    assert_eq!(Storage::Session.entries(&fixture.url("/sse/{key}")), [got[99].last_event_id.clone()]);
    events.close();
    Storage::Session.clear();
}

#[wasm_bindgen_test]
async fn storage_that_is_full_is_no_reason_to_stop() {
    let fixture = Fixture::get().await;
    let full = Storage::refuse_writes();
    let events = events(fixture.url("/sse/{key}")).store(Store::Local).open().unwrap();
    let mut inbox = events.events();
    push(&fixture, 0..2).await;
    assert_eq!(data(&mut inbox, 2).await, ["0", "1"]);
    assert!(full.so_far() > 0, "it was tried");
    drop(full);
}

#[wasm_bindgen_test]
async fn an_event_that_comes_again_is_delivered_once_if_that_is_asked_for() {
    let fixture = Fixture::get().await;
    // The server does not know this query, so it begins with the oldest event each time.
    let events = events(fixture.url("/sse/{key}?end-after=5&times=3&key={key}"))
        .resume_query("unknown")
        .dedupe(100)
        .open()
        .unwrap();
    let mut inbox = events.events();
    push(&fixture, 0..8).await;
    assert_eq!(data(&mut inbox, 8).await, ["0", "1", "2", "3", "4", "5", "6", "7"]);
    let stats = events.stats();
    assert_eq!((stats.events, stats.duplicates), (8, 15));
}

#[wasm_bindgen_test]
async fn events_without_an_id_of_their_own_are_never_taken_for_repetitions() {
    let fixture = Fixture::get().await;
    let bytes = "data: a\n\nid: 1\ndata: b\n\ndata: c\n\nid: 1\ndata: d\n\nid: 2\ndata: e\n\nid: 1\ndata: f\n\n";
    fixture.post("/sse/bytes/{key}", bytes).await;
    let events = events(fixture.url("/sse/bytes/{key}")).dedupe(10).open().unwrap();
    let mut inbox = events.events();
    assert_eq!(data(&mut inbox, 4).await, ["a", "b", "c", "e"]);
    // The next response has all of it again.
    assert_eq!(data(&mut inbox, 2).await, ["a", "c"]);
    assert!(events.stats().duplicates >= 4, "{:?}", events.stats());
}

#[wasm_bindgen_test]
async fn beyond_its_window_an_event_is_new_again() {
    let fixture = Fixture::get().await;
    let events = events(fixture.url("/sse/{key}?end-after=4&times=1&key={key}"))
        .resume_query("unknown")
        .dedupe(2)
        .open()
        .unwrap();
    let mut inbox = events.events();
    push(&fixture, 0..4).await;
    assert_eq!(data(&mut inbox, 8).await, ["0", "1", "2", "3", "0", "1", "2", "3"]);
}

#[wasm_bindgen_test]
async fn the_id_that_was_gone_on_from_counts_as_seen() {
    let fixture = Fixture::get().await;
    push(&fixture, 0..3).await;
    let first = events(fixture.url("/sse/{key}")).open().unwrap();
    let got = take(&mut first.events(), 3).await;
    let second = events(fixture.url("/sse/{key}"))
        .resume_query("unknown")
        .last_event_id(&got[0].last_event_id)
        .dedupe(10)
        .open()
        .unwrap();
    assert_eq!(data(&mut second.events(), 2).await, ["1", "2"]);
}

#[wasm_bindgen_test]
async fn a_reconnect_is_told_with_what_it_meant_for_the_data() {
    let fixture = Fixture::get().await;
    push(&fixture, 0..4).await;
    let events = events(fixture.url("/sse/{key}?end-after=2&times=1&key={key}")).open().unwrap();
    let told = Rc::new(RefCell::new(Vec::new()));
    let inside = told.clone();
    let _listening = events.on_reconnected(move |again| inside.borrow_mut().push(again.clone()));
    assert_eq!(data(&mut events.events(), 4).await, ["0", "1", "2", "3"]);
    let told = told.take();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].continuity, told[0].transport), (Continuity::Resumed, Transport::FetchStream));
    assert!(told[0].downtime.as_millis() >= 20, "{:?}", told[0].downtime);
    let stats = events.stats();
    assert_eq!((stats.attempts, stats.drops, stats.events), (2, 1, 4));
    assert!(stats.bytes > 40, "{stats:?}");
}

#[wasm_bindgen_test]
async fn a_page_that_comes_back_from_the_cache_goes_on_where_it_was() {
    let fixture = Fixture::get().await;
    push(&fixture, 0..2).await;
    let events = events(fixture.url("/sse/{key}")).open().unwrap();
    let mut inbox = events.events();
    assert_eq!(data(&mut inbox, 2).await, ["0", "1"]);
    dispatch("pagehide", true);
    push(&fixture, 2..4).await;
    assert!(!events.status().is_open());
    dispatch("pageshow", true);
    assert_eq!(data(&mut inbox, 2).await, ["2", "3"]);
    let resumed = matches!(events.status(), Status::Open { continuity: Some(Continuity::Resumed), .. });
    assert!(resumed, "{:?}", events.status());
}

#[wasm_bindgen_test]
async fn a_stream_that_is_silent_after_the_machine_has_slept_is_taken_for_dead() {
    let fixture = Fixture::get().await;
    let events = events(fixture.url("/sse/{key}")).open().unwrap();
    let mut inbox = events.events();
    push(&fixture, 0..1).await;
    assert_eq!(data(&mut inbox, 1).await, ["0"]);
    let _slept = Slept::by(3_600_000.0);
    dispatch("visibilitychange", false);
    until("the new connection", || events.stats().attempts == 2).await;
    push(&fixture, 1..2).await;
    assert_eq!(data(&mut inbox, 1).await, ["1"]);
}
