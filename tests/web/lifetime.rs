//! What is left behind: nothing.

use std::{cell::RefCell, rc::Rc};

use everwire::{Events, Heartbeat, Message, Socket, SocketBuilder, Store, Transport, Wire};
use futures_util::StreamExt;
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{Fixture, Heard, Storage, Tally, flag, is_open, quick, sleep, take, texts, until, within};

#[wasm_bindgen_test]
async fn dropping_the_handle_inside_its_own_callback_is_fine() {
    let fixture = Fixture::get().await;
    let socket = Socket::builder(fixture.url("/ws/echo")).open().unwrap();
    let place = Rc::new(RefCell::new(None));
    let (heard, count) = flag();
    let inside = place.clone();
    let listening = socket.on_message(move |_| {
        count.set(count.get() + 1);
        inside.take();
    });
    let _ = socket.send("one").unwrap();
    let _ = socket.send("two").unwrap();
    place.replace(Some((socket, listening)));
    until("the first message", || heard.get() > 0).await;
    sleep(100).await;
    assert_eq!(heard.get(), 1, "and nothing after the drop");
}

#[wasm_bindgen_test]
async fn a_stream_that_is_dropped_as_soon_as_it_is_opened_leaves_no_error_that_nobody_catches() {
    let fixture = Fixture::get().await;
    for rung in [Transport::FetchStream, Transport::XhrStream, Transport::LongPoll] {
        drop(Events::builder(fixture.url("/sse/numbers")).transports([rung]).open().unwrap());
    }
    sleep(50).await;
}

#[wasm_bindgen_test]
async fn closing_inside_a_callback_ends_the_streams_and_nothing_follows() {
    let fixture = Fixture::get().await;
    let events = Events::builder(fixture.url("/sse/numbers?burst=50")).open().unwrap();
    let mut inbox = events.events();
    let (heard, count) = flag();
    let handle = events.clone();
    let _listening = events.on_event(move |_| {
        count.set(count.get() + 1);
        handle.close();
    });
    within("the end", events.closed()).await;
    sleep(100).await;
    assert_eq!(heard.get(), 1);
    assert_eq!(inbox.by_ref().collect::<Vec<_>>().await.len(), 1, "the stream has what was heard, and ends");
}

#[wasm_bindgen_test]
async fn a_dropped_subscription_hears_no_more() {
    let fixture = Fixture::get().await;
    let socket = Socket::builder(fixture.url("/ws/echo")).open().unwrap();
    let mut inbox = socket.messages();
    let (heard, count) = flag();
    let listening = socket.on_message(move |_| count.set(count.get() + 1));
    let _ = socket.send("one").unwrap();
    take(&mut inbox, 1).await;
    drop(listening);
    let _ = socket.send("two").unwrap();
    take(&mut inbox, 1).await;
    assert_eq!(heard.get(), 1);
}

#[wasm_bindgen_test]
async fn reconnecting_inside_a_status_callback_is_fine() {
    let fixture = Fixture::get().await;
    let socket = Socket::builder(fixture.url("/ws/echo")).backoff(quick()).open().unwrap();
    let mut inbox = socket.messages();
    let (opened, count) = flag();
    let handle = socket.clone();
    let _watching = socket.on_status(move |status| {
        if status.is_open() {
            count.set(count.get() + 1);
            if count.get() < 3 {
                handle.reconnect();
            }
        }
    });
    until("the third opening", || opened.get() == 3).await;
    let _ = socket.send("still here").unwrap();
    assert_eq!(take(&mut inbox, 1).await, [Message::from("still here")]);
}

#[wasm_bindgen_test]
async fn dropping_a_subscription_or_a_stream_inside_the_callback_of_its_connection_is_fine() {
    let fixture = Fixture::get().await;
    let socket = Socket::builder(fixture.url("/ws/echo")).open().unwrap();
    let place = Rc::new(RefCell::new(None));
    let (heard, count) = flag();
    let inside = place.clone();
    let listening = socket.on_message(move |_| {
        count.set(count.get() + 1);
        inside.take();
    });
    place.replace(Some((listening, socket.messages())));
    let mut inbox = socket.messages();
    let _ = socket.send("one").unwrap();
    let _ = socket.send("two").unwrap();
    assert_eq!(texts(&mut inbox, 2).await, ["one", "two"]);
    assert_eq!(heard.get(), 1, "and nothing after the drop");
}

#[wasm_bindgen_test]
async fn closing_and_opening_anew_inside_a_status_callback_is_fine() {
    let fixture = Fixture::get().await;
    let url = fixture.url("/ws/echo");
    let first = Socket::builder(&url).open().unwrap();
    let second = Rc::new(RefCell::new(None));
    let (handle, place) = (first.clone(), second.clone());
    let _watching = first.on_status(move |status| {
        if status.is_open() {
            handle.close();
            place.replace(Some(Socket::builder(&url).open().unwrap()));
        }
    });
    within("the end of the first", first.closed()).await;
    let second = second.take().expect("the second");
    let mut inbox = second.messages();
    let _ = second.send("still here").unwrap();
    assert_eq!(texts(&mut inbox, 1).await, ["still here"]);
    assert!(first.status().is_closed());
}

#[wasm_bindgen_test]
async fn a_callback_that_panics_is_not_called_again_and_all_others_are() {
    let fixture = Fixture::get().await;
    let url = fixture.url("/ws/echo");
    let (socket, other) = (Socket::builder(&url).open().unwrap(), Socket::builder(&url).open().unwrap());
    let (panics, count) = flag();
    let _first = socket.on_message(move |_| {
        count.set(count.get() + 1);
        panic!("this is the test's own");
    });
    let heard = Heard::new();
    let ear = heard.ear();
    let _second = socket.on_message(move |message| ear(message.clone()));
    let (mut inbox, mut others) = (socket.messages(), other.messages());
    for text in ["one", "two"] {
        let _ = socket.send(text).unwrap();
        let _ = other.send(text).unwrap();
    }
    assert_eq!(texts(&mut inbox, 2).await, ["one", "two"]);
    assert_eq!(texts(&mut others, 2).await, ["one", "two"]);
    assert_eq!(heard.all(), [Message::from("one"), Message::from("two")]);
    assert_eq!(panics.get(), 1);
    assert!(fixture.take_errors().contains("Error"), "the page hears of it");
}

#[wasm_bindgen_test]
async fn functions_that_panic_leave_the_connection_to_its_defaults() {
    let fixture = Fixture::get().await;
    let socket = Socket::builder(fixture.url("/ws/echo?close=4000&drop-after=1"))
        .id(|_| panic!("this is the test's own: id"))
        .verdict(|_| panic!("this is the test's own: verdict"))
        .backoff(quick())
        .open()
        .unwrap();
    let mut inbox = socket.messages();
    for text in ["one", "two"] {
        let _ = socket.send(text).unwrap();
        assert_eq!(texts(&mut inbox, 1).await, [text]);
        until("the loss", || !is_open(&socket)).await;
    }
    let fails = || async { if true { panic!("this is the test's own: url") } else { Ok::<_, String>(String::new()) } };
    let provided = Socket::builder(fixture.url("/ws/echo")).url_with(fails).backoff(quick().max_retries(0));
    let end = within("the end", provided.open().unwrap().closed()).await;
    assert!(end.cause.unwrap().to_string().contains("the function panicked"));
    assert!(!fixture.take_errors().is_empty(), "the page hears of it");
}

#[wasm_bindgen_test]
async fn two_sockets_to_one_url_share_nothing() {
    let fixture = Fixture::get().await;
    let url = fixture.url("/ws/echo");
    let (one, two) = (Socket::builder(&url).open().unwrap(), Socket::builder(&url).open().unwrap());
    let mut inbox = two.messages();
    one.close();
    let _ = two.send("alone").unwrap();
    assert_eq!(take(&mut inbox, 1).await, [Message::from("alone")]);
    assert!(one.status().is_closed());
    assert!(one != two);
}

#[wasm_bindgen_test]
async fn what_was_queued_at_the_close_is_reported() {
    let fixture = Fixture::get().await;
    let socket = Socket::builder(fixture.url("/ws/echo?refuse")).open().unwrap();
    let reported = Rc::new(RefCell::new(Vec::new()));
    let inside = reported.clone();
    let _watching = socket.on_dropped(move |message, why| inside.borrow_mut().push((message.clone(), why)));
    let _ = socket.send("one").unwrap();
    let _ = socket.send("two").unwrap();
    socket.close();
    let both = [(Message::from("one"), everwire::Why::Closed), (Message::from("two"), everwire::Why::Closed)];
    assert_eq!(*reported.borrow(), both);
}

/// Opens a socket, lets it say something if it is to be open, ends it, and looks for what is left of it.
async fn leaves_nothing(builder: SocketBuilder, is_open: bool, end: impl AsyncFnOnce(Socket)) {
    let tally = Tally::new();
    let socket = builder.open().unwrap();
    if is_open {
        let mut inbox = socket.messages();
        within("open", socket.opened()).await.unwrap();
        let _ = socket.send("ping").unwrap();
        take(&mut inbox, 1).await;
    }
    assert_ne!(tally.left(), "", "the tally counts");
    end(socket).await;
    let left = tally.left();
    assert!(["", "an XMLHttpRequest"].contains(&left.as_str()), "{left}");
    // What was on its way by POST arrives.
    until("the end of what was on its way", || tally.left().is_empty()).await;
    tally.end();
}

fn sockets(fixture: &Fixture) -> Vec<SocketBuilder> {
    let with = |path: &str, wire: Wire, transport: Transport| {
        Socket::builder(fixture.url(path)).wire(wire).transports([transport]).backoff(quick())
    };
    let beat = Heartbeat::text("ping").every(std::time::Duration::from_millis(20));
    vec![
        with("/ws/echo", Wire::Raw, Transport::WebSocket),
        with("/ws/echo", Wire::Raw, Transport::WebSocket).heartbeat(beat),
        with("/ws/echo", Wire::Raw, Transport::WebSocket).id(|_| Some(String::from("1"))).store(Store::Session),
        with("/relay/{key}", Wire::Relay, Transport::WebSocket),
        with("/relay/{key}", Wire::Relay, Transport::EventSource),
        with("/relay/{key}", Wire::Relay, Transport::LongPoll),
        with("/engine.io/echo/", Wire::EngineIo, Transport::WebSocket),
        with("/engine.io/echo/", Wire::EngineIo, Transport::LongPoll),
        // One that is about to move up.
        Socket::builder(fixture.url("/engine.io/echo/"))
            .wire(Wire::EngineIo)
            .transports([Transport::LongPoll, Transport::WebSocket]),
    ]
}

#[wasm_bindgen_test]
async fn closing_leaves_no_listener_no_timer_and_no_request() {
    let fixture = Fixture::get().await;
    for builder in sockets(&fixture) {
        leaves_nothing(builder, true, async |socket| socket.close()).await;
    }
    Storage::Session.clear();
}

#[wasm_bindgen_test]
async fn nor_does_dropping_the_last_handle() {
    let fixture = Fixture::get().await;
    for builder in sockets(&fixture) {
        leaves_nothing(builder, true, async |socket| drop(socket)).await;
    }
    Storage::Session.clear();
}

#[wasm_bindgen_test]
async fn nor_does_an_end_that_the_server_chose_or_one_before_the_beginning() {
    let fixture = Fixture::get().await;
    let to = |path: &str| Socket::builder(fixture.url(path)).backoff(quick());
    let ended = async |socket: Socket| {
        within("the end", socket.closed()).await;
    };
    leaves_nothing(to("/ws/echo?close=4403"), false, ended).await;
    leaves_nothing(to("/ws/echo?refuse"), false, ended).await;
    leaves_nothing(to("/ws/echo"), false, async |socket| socket.close()).await;
    let hang = || std::future::pending::<Result<String, String>>();
    leaves_nothing(to("/ws/echo").url_with(hang), false, async |socket| socket.close()).await;
    leaves_nothing(to("/relay/{key}").wire(Wire::Relay).url_with(hang), false, async |socket| socket.close()).await;
}

#[wasm_bindgen_test]
async fn closing_while_the_server_is_asked_for_its_http_side_ends_that_question() {
    let fixture = Fixture::get().await;
    // A GET is not answered.
    let builder = Socket::builder(fixture.url("/ws/echo?silent=connect"))
        .fallback_url(fixture.url("/sse/numbers?silent"))
        .connect_timeout(std::time::Duration::from_millis(20))
        .backoff(quick());
    leaves_nothing(builder, false, async |socket| {
        until("three failures", || socket.stats().attempts == 4).await;
        socket.close();
    })
    .await;
}
