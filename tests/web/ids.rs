//! Last ids of the application's own, over WebSockets that have none.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use everwire::{Continuity, Delivery, Inbox, Message, Socket, SocketBuilder, Store, Transport, Wire};
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{Fixture, Heard, Storage, is_open, quick, take, until};

/// The id of `{"id":"7","n":7}`.
fn id(message: &Message) -> Option<String> {
    message.as_text()?.split('"').nth(3).map(String::from)
}

fn numbers(fixture: &Fixture, query: &str) -> SocketBuilder {
    Socket::builder(fixture.url(&format!("/ws/numbers?ms=2&{query}"))).backoff(quick()).id(id)
}

async fn ids(inbox: &mut Inbox<Message>, n: usize) -> Vec<usize> {
    take(inbox, n).await.iter().map(|message| id(message).unwrap().parse().unwrap()).collect()
}

fn up_to(last: usize) -> Vec<usize> {
    (1..=last).collect()
}

fn continuities(socket: &Socket) -> (Heard<Continuity>, everwire::Subscription) {
    let heard = Heard::new();
    let hear = heard.ear();
    let listening = socket.on_reconnected(move |told| hear(told.continuity));
    (heard, listening)
}

#[wasm_bindgen_test]
async fn the_last_id_goes_into_the_query_of_the_next_connection() {
    let fixture = Fixture::get().await;
    let socket = numbers(&fixture, "drop-after=10").resume_query("lastEventId").open().unwrap();
    let (heard, _listening) = continuities(&socket);
    assert_eq!(ids(&mut socket.messages(), 55).await, up_to(55));
    assert_eq!(heard.all(), [Continuity::Resumed; 5]);
    assert_eq!(socket.stats().messages, 55);
}

#[wasm_bindgen_test]
async fn or_into_the_first_message_of_it() {
    let fixture = Fixture::get().await;
    let socket = numbers(&fixture, "first&drop-after=10")
        .last_event_id("0")
        .resume_message(|last_id| format!(r#"{{"resume":"{last_id}"}}"#))
        .open()
        .unwrap();
    let (heard, _listening) = continuities(&socket);
    // Neither what waits nor what is sent as soon as it is open comes before it.
    let handle = socket.clone();
    let _greeting = socket.on_status(move |status| {
        if status.is_open() {
            assert_eq!(handle.send(r#"{"resume":"400"}"#), Ok(Delivery::Sent));
        }
    });
    assert_eq!(socket.send(r#"{"resume":"500"}"#), Ok(Delivery::Queued));
    assert_eq!(ids(&mut socket.messages(), 35).await, up_to(35));
    assert_eq!(heard.all(), [Continuity::Resumed; 3]);
}

#[wasm_bindgen_test]
async fn without_either_a_new_connection_is_a_fresh_one_and_what_comes_again_can_be_left_out() {
    let fixture = Fixture::get().await;
    let socket = numbers(&fixture, "drop-after=10&times=1&key={key}").dedupe(1_000).open().unwrap();
    let (heard, _listening) = continuities(&socket);
    assert_eq!(ids(&mut socket.messages(), 30).await, up_to(30));
    assert_eq!(heard.all(), [Continuity::Fresh]);
    let stats = socket.stats();
    assert_eq!((stats.duplicates, stats.drops, stats.attempts), (10, 1, 2));
    assert_eq!(stats.bytes, stats.messages * 18 - 9 * 2, "{stats:?}");
}

#[wasm_bindgen_test]
async fn the_last_id_can_be_kept_for_the_next_time_that_the_page_is_loaded() {
    let fixture = Fixture::get().await;
    let open = || numbers(&fixture, "").resume_query("lastEventId").store(Store::Session).open().unwrap();
    let first = open();
    let mut inbox = first.messages();
    assert_eq!(ids(&mut inbox, 20).await, up_to(20));
    first.close();
    let last: usize = first.last_event_id().parse().unwrap();
    assert!(last >= 20);
    let second = open();
    assert_eq!(ids(&mut second.messages(), 2).await, [last + 1, last + 2]);
    second.close();
    Storage::Session.clear();
}

#[wasm_bindgen_test]
async fn closing_in_a_callback_leaves_the_id_of_the_message_that_it_heard() {
    let fixture = Fixture::get().await;
    let socket = numbers(&fixture, "").resume_query("lastEventId").open().unwrap();
    let handle = socket.clone();
    let _listening = socket.on_message(move |message| {
        assert_eq!(Some(handle.last_event_id()), id(message), "it is the last one at that moment");
        if handle.last_event_id() == "7" {
            handle.close();
        }
    });
    socket.closed().await;
    assert_eq!(socket.last_event_id(), "7");
}

#[wasm_bindgen_test]
async fn reconnecting_in_a_callback_repeats_nothing() {
    let fixture = Fixture::get().await;
    let socket = numbers(&fixture, "").resume_query("lastEventId").open().unwrap();
    let mut inbox = socket.messages();
    let (handle, times) = (socket.clone(), Rc::new(Cell::new(0)));
    let _listening = socket.on_message(move |_| {
        if handle.last_event_id().ends_with('5') {
            times.set(times.get() + 1);
            handle.reconnect();
        }
    });
    assert_eq!(ids(&mut inbox, 40).await, up_to(40));
}

#[wasm_bindgen_test]
async fn an_engine_io_session_can_go_on_after_such_an_id_as_well() {
    let fixture = Fixture::get().await;
    let path = fixture.path("/engine.io/numbers/?ms=5&for={key}");
    let number = |message: &Message| message.as_text().map(String::from);
    let socket = Socket::builder(fixture.url(&path))
        .wire(Wire::EngineIo)
        .backoff(quick())
        .id(number)
        .resume_query("after")
        .open()
        .unwrap();
    take(&mut socket.messages(), 3).await;
    socket.reconnect();
    let last_id = socket.last_event_id();
    until("the new session", || is_open(&socket)).await;
    let queries = fixture.journal("/engine.io/numbers/", "query").await;
    let own = fixture.path("for={key}");
    let own: Vec<&String> = queries.iter().filter(|query| query.contains(&own)).collect();
    assert!(own.last().unwrap().contains(&format!("after={last_id}")), "{own:?}");
}

/// A poll brings several messages at once; the first of them is not yet the last one.
#[wasm_bindgen_test]
async fn reconnecting_in_a_callback_goes_on_after_all_that_came_with_that_message() {
    let fixture = Fixture::get().await;
    let path = fixture.path("/engine.io/burst/?count=20&for={key}");
    let number = |message: &Message| message.as_text().map(String::from);
    let socket = Socket::builder(fixture.url(&path))
        .wire(Wire::EngineIo)
        .transports([Transport::LongPoll])
        .id(number)
        .resume_query("after")
        .open()
        .unwrap();
    let (handle, last) = (socket.clone(), Rc::new(RefCell::new(String::new())));
    let heard = last.clone();
    let _listening = socket.on_message(move |message| {
        if message.as_text() == Some("1") && heard.borrow().is_empty() {
            handle.reconnect();
        }
        heard.replace(handle.last_event_id());
    });
    until("the first session", || !last.borrow().is_empty()).await;
    let last = last.take();
    assert_ne!(last, "1", "there were more");
    until("the next session", || is_open(&socket)).await;
    let queries = fixture.journal("/engine.io/burst/", "query").await;
    let after = format!("after={last}");
    assert!(
        queries.iter().any(|query| query.contains(&fixture.path("for={key}")) && query.contains(&after)),
        "{queries:?}"
    );
}
