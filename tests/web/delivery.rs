//! How `Events` hand on what came, and what an application may do meanwhile.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use everwire::{Event, Events, EventsBuilder, Overflow, Transport};
use futures_util::StreamExt;
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{Fixture, flag, sleep, take, until, within};

/// Events that come in one piece: those of a poll do.
async fn five_at_once(fixture: &Fixture) -> EventsBuilder {
    for n in 0..5 {
        fixture.post("/relay/{key}", &n.to_string()).await;
    }
    Events::builder(fixture.url("/sse/{key}?end-after=5")).transports([Transport::LongPoll])
}

#[wasm_bindgen_test]
async fn events_that_come_together_are_delivered_in_order() {
    let fixture = Fixture::get().await;
    let events = five_at_once(&fixture).await.open().unwrap();
    let heard = Rc::new(RefCell::new(Vec::new()));
    let inside = heard.clone();
    let _listening = events.on_event(move |event: &Event| inside.borrow_mut().push(event.data.clone()));
    until("all", || heard.borrow().len() == 5).await;
    assert_eq!(*heard.borrow(), ["0", "1", "2", "3", "4"]);
}

#[wasm_bindgen_test]
async fn closing_between_events_that_came_together_is_the_end_and_the_last_id_is_that_of_the_last_delivered() {
    let fixture = Fixture::get().await;
    let events = five_at_once(&fixture).await.open().unwrap();
    let mut inbox = events.events();
    let handle = events.clone();
    let _listening = events.on_event(move |event| {
        if event.data == "2" {
            handle.close();
        }
    });
    within("the end", events.closed()).await;
    let got: Vec<String> = inbox.by_ref().map(|event| event.data).collect().await;
    assert_eq!(got, ["0", "1", "2"]);
    assert!(events.last_event_id().ends_with(":3"), "{}", events.last_event_id());
    assert_eq!(events.stats().events, 3);
}

#[wasm_bindgen_test]
async fn dropping_the_last_handle_between_events_that_came_together_is_the_end() {
    let fixture = Fixture::get().await;
    let events = five_at_once(&fixture).await.open().unwrap();
    let place = Rc::new(Cell::new(None));
    let (heard, count) = flag();
    let inside = place.clone();
    let listening = events.on_event(move |event| {
        count.set(count.get() + 1);
        if event.data == "1" {
            inside.take();
        }
    });
    place.set(Some((events, listening)));
    until("the second", || heard.get() == 2).await;
    sleep(100).await;
    assert_eq!(heard.get(), 2, "and nothing after the drop");
}

#[wasm_bindgen_test]
async fn reconnecting_between_events_that_came_together_loses_none_of_them() {
    let fixture = Fixture::get().await;
    let events = five_at_once(&fixture).await.open().unwrap();
    let heard = Rc::new(RefCell::new(Vec::new()));
    let (inside, handle) = (heard.clone(), events.clone());
    let _listening = events.on_event(move |event: &Event| {
        inside.borrow_mut().push(event.data.clone());
        if event.data == "1" {
            handle.reconnect();
        }
    });
    fixture.post("/relay/{key}", "5").await;
    for _ in 0..4 {
        // The next response ends with these.
        fixture.post("/relay/{key}", "more").await;
    }
    until("the rest", || heard.borrow().len() == 10).await;
    assert_eq!(heard.borrow()[..6], ["0", "1", "2", "3", "4", "5"]);
}

async fn unread(overflow: Overflow) -> (Vec<String>, u64) {
    let fixture = Fixture::get().await;
    let events = five_at_once(&fixture).await.open().unwrap();
    let mut inbox = events.events_bounded(3, overflow).unwrap();
    until("all", || events.stats().events == 5).await;
    events.close();
    let got = inbox.by_ref().map(|event| event.data).collect().await;
    (got, inbox.missed())
}

#[wasm_bindgen_test]
async fn a_full_stream_drops_the_oldest_or_the_newest_or_ends_as_was_asked() {
    let texts = |numbers: &[u32]| numbers.iter().map(u32::to_string).collect::<Vec<_>>();
    assert_eq!(unread(Overflow::DropOldest).await, (texts(&[2, 3, 4]), 2));
    assert_eq!(unread(Overflow::DropNewest).await, (texts(&[0, 1, 2]), 2));
    assert_eq!(unread(Overflow::End).await, (texts(&[0, 1, 2]), 2));
}

#[wasm_bindgen_test]
async fn a_stream_that_ended_because_it_was_full_leaves_the_connection_to_the_others() {
    let fixture = Fixture::get().await;
    let events = five_at_once(&fixture).await.open().unwrap();
    let mut small = events.events_bounded(1, Overflow::End).unwrap();
    let mut large = events.events();
    let all = take(&mut large, 5).await;
    assert_eq!(all.len(), 5);
    assert_eq!(within("the end", small.by_ref().collect::<Vec<_>>()).await.len(), 1);
    assert!(events.status().is_open());
}
