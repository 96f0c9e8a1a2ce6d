//! `everwire::testing`, as an application uses it: its own code over the real faces, in virtual time, without a browser.
#![cfg(all(feature = "testing", not(target_arch = "wasm32")))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Wake, Waker},
    time::Duration,
};

use everwire::{
    Backoff, CauseKind, ConfigError, Continuity, Delivery, Events, Heartbeat, Message, Ruling, SendError, Sending,
    Socket, Status, Store, Subscription, Transport, Why, Wire,
    testing::{Connection, FakeNetwork, Step},
};
use futures_util::{StreamExt, future::FusedFuture};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

const CHAT: &str = "wss://chat.example/room";
const PRICES: &str = "https://prices.example/live";

/// An application: it shows what the connection is doing, and asks to log in when that is what it takes.
struct Chat {
    socket: Socket,
    banner: Rc<RefCell<String>>,
    _watching: Subscription,
}

impl Chat {
    fn open() -> Self {
        let socket = Socket::builder(CHAT).open().unwrap();
        let banner = Rc::new(RefCell::new(String::new()));
        let shown = banner.clone();
        let watching = socket.on_status(move |status| {
            *shown.borrow_mut() = match status {
                Status::Open { .. } => String::new(),
                Status::Closed => String::from("please log in"),
                Status::Waiting { attempt, .. } => format!("connection lost, try {attempt}"),
                _ => String::from("connecting"),
            };
        });
        Self { socket, banner, _watching: watching }
    }

    fn banner(&self) -> String {
        self.banner.borrow().clone()
    }
}

#[test]
fn an_application_survives_three_drops_and_asks_to_log_in_after_the_server_says_so() {
    let network = FakeNetwork::new();
    let server = network.server(CHAT).unwrap();
    server.play([Step::Accept, Step::Drop, Step::Drop, Step::Accept, Step::Close(4401)]);
    let chat = Chat::open();
    network.run(chat.socket.opened(), SECOND).unwrap().unwrap();
    assert_eq!(chat.banner(), "");

    server.drop_all();
    network.advance(Duration::from_millis(10));
    assert_eq!(chat.banner(), "connection lost, try 1");
    assert_eq!(chat.socket.send("still there?").unwrap(), Delivery::Queued);
    network.advance(MINUTE);
    assert_eq!(chat.banner(), "");
    assert_eq!(server.attempts().len(), 4);
    assert_eq!(server.messages(), [Message::from("still there?")], "once");

    server.drop_all();
    let end = network.run(chat.socket.closed(), MINUTE).unwrap();
    assert_eq!((end.code, chat.banner().as_str()), (4401, "please log in"));
}

#[test]
fn three_drops_then_a_401_end_events_and_leave_the_cause() {
    let network = FakeNetwork::new();
    let server = network.server(PRICES).unwrap();
    server.play([Step::Drop, Step::Drop, Step::Drop, Step::Refuse(401)]);
    let prices = Events::builder(PRICES).open().unwrap();
    let tries = Rc::new(Cell::new(0));
    let count = tries.clone();
    let _watching = prices.on_reconnecting(move |_| count.set(count.get() + 1));
    let cause = network.run(prices.closed(), MINUTE).unwrap().cause.unwrap();
    assert_eq!((cause.kind, cause.status), (CauseKind::Status, 401));
    assert!(tries.get() >= 3);
    let attempts = server.attempts().len();
    network.advance(60 * MINUTE);
    assert_eq!(server.attempts().len(), attempts, "and that is the end of it");
}

#[test]
fn a_401_with_a_refresh_gets_new_credentials_and_goes_on() {
    let network = FakeNetwork::new();
    let server = network.server(PRICES).unwrap();
    server.play([Step::Refuse(401), Step::Accept]);
    let token = Rc::new(Cell::new(1));
    let (shown, renewed) = (token.clone(), token);
    let prices = Events::builder(PRICES)
        .headers_with(move || {
            let token = shown.get();
            async move { Ok::<_, String>([("Authorization", format!("Bearer {token}"))]) }
        })
        .refresh(move || {
            renewed.set(renewed.get() + 1);
            async { Ok::<_, String>(()) }
        })
        .open()
        .unwrap();
    network.run(prices.opened(), MINUTE).unwrap().unwrap();
    let sent: Vec<_> = server.attempts().iter().map(|it| it.header("authorization").unwrap().to_owned()).collect();
    assert_eq!(sent, ["Bearer 1", "Bearer 2"]);
}

#[test]
fn a_request_is_shown_with_its_method_and_its_body() {
    let network = FakeNetwork::new();
    let server = network.server("/answers").unwrap();
    let _answers = Events::builder("/answers").method("POST").body("why?").open().unwrap();
    network.advance(SECOND);
    let request = &server.attempts()[0];
    assert_eq!((request.method(), request.body()), ("POST", Some(Message::from("why?"))));
}

#[test]
fn events_go_on_after_the_last_id_over_every_transport() {
    for transport in [Transport::EventSource, Transport::FetchStream, Transport::XhrStream, Transport::LongPoll] {
        let network = FakeNetwork::new();
        let server = network.server(PRICES).unwrap();
        let builder = Events::builder(PRICES).event("price").event("message").transports([transport]);
        let prices = builder.resume_query("since").open().unwrap();
        let mut stream = prices.events();
        network.advance(SECOND);
        for id in ["1", "2"] {
            server.event("price", "1.5", Some(id));
            network.advance(2 * SECOND);
        }
        server.event("unasked", "x", None);
        server.drop_all();
        let told = network.run(async { stream.by_ref().take(2).collect::<Vec<_>>().await }, SECOND).unwrap();
        assert_eq!(
            (told[1].kind.as_str(), told[1].data.as_str(), told[1].last_event_id.as_str()),
            ("price", "1.5", "2")
        );
        network.advance(10 * SECOND);
        let last = server.connection().expect("open again");
        assert_eq!((last.transport(), prices.last_event_id().as_str()), (transport, "2"));
        let asks = last.last_event_id() == "2" && last.url().ends_with("?since=2");
        assert!(asks, "{transport:?} asks at {}", last.url());
    }
}

#[test]
fn the_last_id_takes_the_place_of_one_that_the_url_has() {
    for (given, asked) in [
        ("?since=1", "?since=2"),
        ("?since=1&room=1&since=0&since", "?room=1&since=2"),
        ("?a=%7e&since=1&sinces=1?", "?a=%7e&sinces=1?&since=2"),
        ("?", "?since=2"),
    ] {
        let network = FakeNetwork::new();
        let server = network.server(PRICES).unwrap();
        let _prices = Events::builder([PRICES, given].concat()).resume_query("since").open().unwrap();
        network.advance(SECOND);
        server.event("message", "1.5", Some("2"));
        network.advance(SECOND);
        server.drop_all();
        network.advance(10 * SECOND);
        let last = server.connection().expect("open again");
        assert!(last.url().ends_with(&[PRICES, asked].concat()), "of {given}: {}", last.url());
    }
}

#[test]
fn the_browsers_own_event_source_names_the_last_id_only_where_it_tries_again_by_itself() {
    let network = FakeNetwork::new();
    let server = network.server(PRICES).unwrap();
    let prices = Events::builder(PRICES).transports([Transport::EventSource]).open().unwrap();
    network.advance(SECOND);
    server.event("message", "1.5", Some("7"));
    network.advance(SECOND);
    prices.reconnect();
    network.advance(SECOND);
    assert_eq!(prices.last_event_id(), "7");
    let new = server.connection().unwrap();
    assert_eq!((new.header("Last-Event-ID"), new.last_event_id()), (None, ""), "a new one knows none");

    server.event("message", "1.6", Some("8"));
    network.advance(SECOND);
    server.drop_all();
    network.advance(10 * SECOND);
    let next = server.connection().unwrap();
    assert_eq!((next.header("Last-Event-ID"), next.last_event_id()), (Some("8"), "8"));
    assert_eq!((new.header("Last-Event-ID"), new.is_open()), (None, false), "each try is one of its own");

    let mut stream = prices.events();
    server.event("message", "1.7", Some("9"));
    let told = network.run(stream.next(), SECOND).unwrap().unwrap();
    assert_eq!((told.data.as_str(), told.last_event_id.as_str()), ("1.7", "9"));
    assert!(network.run(stream.next(), SECOND).is_none(), "once");
}

#[test]
fn what_a_server_sends_comes_in_order_and_the_stream_ends_with_the_connection() {
    let network = FakeNetwork::new();
    let server = network.server(CHAT).unwrap();
    let socket = Socket::builder(CHAT).protocols(["v2.chat", "v1.chat"]).open().unwrap();
    let inbox = socket.messages();
    network.run(socket.opened(), SECOND).unwrap().unwrap();
    assert_eq!(server.connection().unwrap().protocols(), ["v2.chat", "v1.chat"]);
    server.send("one");
    server.send(b"two");
    network.advance(SECOND);
    socket.close_with(4000, "enough").unwrap();
    let all = network.run(inbox.collect::<Vec<_>>(), SECOND).unwrap();
    assert_eq!(all, [Message::from("one"), Message::from(b"two")]);
    assert_eq!(server.attempts()[0].farewell(), Some((4000, String::from("enough"))));
    assert!(matches!(socket.send("late"), Err(SendError::Closed(_))));
}

#[test]
fn a_socket_has_the_protocol_that_was_chosen_once_it_is_open() {
    let network = FakeNetwork::new();
    let server = network.server(CHAT).unwrap();
    server.play([Step::Stall, Step::Accept]);
    let socket = Socket::builder(CHAT).protocols(["v2.chat", "v1.chat"]).open().unwrap();
    network.advance(SECOND);
    assert_eq!(socket.protocol(), "", "there is no answer yet");
    network.run(socket.opened(), MINUTE).unwrap().unwrap();
    assert_eq!(socket.protocol(), "v2.chat");

    let _relay = network.server("wss://relay.example/").unwrap();
    let socket = Socket::builder("wss://relay.example/").wire(Wire::Relay).protocols(["v2.chat"]).open().unwrap();
    network.run(socket.opened(), MINUTE).unwrap().unwrap();
    assert_eq!(socket.protocol(), "", "the wire's own was chosen");
}

#[test]
fn a_heartbeat_notices_a_server_that_says_nothing_and_hides_its_replies() {
    let network = FakeNetwork::new();
    let server = network.server(CHAT).unwrap();
    let heartbeat = Heartbeat::text("ping").every(20 * SECOND).reply_within(5 * SECOND);
    let heartbeat = heartbeat.is_reply(|message| message.as_text() == Some("pong"));
    let socket = Socket::builder(CHAT).heartbeat(heartbeat).open().unwrap();
    let mut inbox = socket.messages();
    network.advance(21 * SECOND);
    assert_eq!(server.messages(), [Message::from("ping")]);
    server.send("pong");
    network.advance(20 * SECOND);
    assert_eq!(server.attempts().len(), 1, "the reply was a sign of life");
    network.advance(10 * SECOND);
    assert_eq!(server.attempts().len(), 2);
    assert_eq!(network.run(inbox.next(), SECOND), None, "nothing was delivered");
}

#[test]
fn what_a_closing_socket_did_not_take_is_reported_also_where_the_application_closes_right_after() {
    let network = FakeNetwork::new();
    let server = network.server(CHAT).unwrap();
    let socket = Socket::builder(CHAT).open().unwrap();
    let dropped = Rc::new(RefCell::new(Vec::new()));
    let told = dropped.clone();
    let _dropped = socket.on_dropped(move |message, why| told.borrow_mut().push((message.clone(), why)));
    let (me, end) = (socket.clone(), server.clone());
    let _talks = socket.on_message(move |_| {
        end.connection().unwrap().close(1001, "");
        assert!(me.send_with("of use now", Sending::volatile()).is_err(), "it is not kept for the next one");
        assert_eq!(me.send("last words").unwrap(), Delivery::Queued);
        me.close();
    });
    network.run(socket.opened(), SECOND).unwrap().unwrap();
    server.send("hello");
    network.advance(SECOND);
    assert_eq!(*dropped.borrow(), [(Message::from("last words"), Why::Closed)]);
}

#[test]
fn a_server_that_never_answers_is_left_after_the_connect_timeout() {
    let network = FakeNetwork::new();
    let server = network.server(CHAT).unwrap();
    server.play([Step::Stall, Step::Accept]);
    let socket = Socket::builder(CHAT).connect_timeout(3 * SECOND).open().unwrap();
    network.run(socket.opened(), MINUTE).unwrap().unwrap();
    assert!(server.attempts()[1].at() >= 3 * SECOND);
    assert_eq!(socket.send_with("now", Sending::volatile()).unwrap(), Delivery::Sent);
}

#[test]
fn an_address_without_a_server_is_a_network_that_fails() {
    let network = FakeNetwork::new();
    let socket = Socket::builder("wss://nobody.example/").backoff(Backoff::default().max_retries(2)).open().unwrap();
    let end = network.run(socket.closed(), MINUTE).unwrap();
    assert_eq!(end.code, 1006);
    assert_eq!(socket.stats().attempts, 3);
}

#[test]
fn no_network_is_shown_and_its_return_is_used_at_once() {
    let network = FakeNetwork::new();
    let server = network.server(CHAT).unwrap();
    server.play([Step::Accept, Step::Drop]);
    let socket = Socket::builder(CHAT).open().unwrap();
    network.advance(SECOND);
    network.goes_offline();
    server.drop_all();
    network.advance(SECOND);
    assert!(matches!(socket.status(), Status::Offline { .. }), "{:?}", socket.status());
    server.play([Step::Accept]);
    let reconnected = Rc::new(RefCell::new(Vec::new()));
    let told = reconnected.clone();
    let _watching = socket.on_reconnected(move |it| told.borrow_mut().push(it.continuity));
    network.goes_online();
    network.advance(3 * SECOND);
    assert!(socket.status().is_open());
    assert_eq!(*reconnected.borrow(), [Continuity::Fresh]);
}

#[test]
fn a_store_keeps_the_last_id_until_the_network_begins_anew() {
    let network = FakeNetwork::new();
    let server = network.server(PRICES).unwrap();
    for expected in ["", "7"] {
        let prices = Events::builder(PRICES).store(Store::Session).open().unwrap();
        network.advance(SECOND);
        assert_eq!(server.connection().unwrap().last_event_id(), expected);
        server.event("message", "x", Some("7"));
        network.advance(SECOND);
        drop(prices);
    }
    let again = FakeNetwork::new();
    let server = again.server(PRICES).unwrap();
    let _prices = Events::builder(PRICES).store(Store::Session).open().unwrap();
    again.advance(SECOND);
    assert_eq!(server.connection().unwrap().last_event_id(), "");
}

#[test]
fn what_is_left_of_an_earlier_network_takes_no_timer_of_this_one_with_it() {
    let earlier = FakeNetwork::new();
    earlier.server(CHAT).unwrap().play([Step::Stall]);
    let left = Socket::builder(CHAT).open().unwrap();
    let network = FakeNetwork::new();
    network.server(CHAT).unwrap().play([Step::Stall]);
    let socket = Socket::builder(CHAT).backoff(Backoff::default().max_retries(0)).open().unwrap();
    drop(left);
    assert!(network.run(socket.closed(), MINUTE).is_some(), "the connect timeout is still there");
}

#[test]
fn random_delays_are_the_same_in_each_network() {
    let tries = || {
        let network = FakeNetwork::new();
        let server = network.server(CHAT).unwrap();
        server.play([Step::Drop]);
        let _one = Socket::builder(CHAT).open().unwrap();
        let _other = Socket::builder(CHAT).open().unwrap();
        network.advance(MINUTE);
        server.attempts().iter().map(Connection::at).collect::<Vec<_>>()
    };
    let first = tries();
    assert_eq!(tries(), first);
    assert!(first.chunks(2).any(|pair| pair[0] != pair[1]), "each connection has its own");
}

#[test]
fn the_http_side_of_the_other_wires_is_not_played_and_says_so() {
    let network = FakeNetwork::new();
    let _server = network.server("https://relay.example/").unwrap();
    let builder = Socket::builder("https://relay.example/").wire(Wire::Relay).transports([Transport::EventSource]);
    let socket = builder.backoff(Backoff::default().max_retries(0)).open().unwrap();
    network.advance(SECOND);
    let _ = socket.send("x").unwrap();
    let end = network.run(socket.closed(), MINUTE).unwrap();
    let cause = end.cause.unwrap().to_string();
    assert!(cause.contains("expected a WebSocket"), "{cause}");
}

#[test]
fn a_url_that_no_connection_could_have_is_refused() {
    let network = FakeNetwork::new();
    for (url, expected) in [
        ("", "expected a URL"),
        ("mailto:me", "expected the scheme"),
        ("wss://chat.example/#top", "without a fragment"),
        ("https://[", "expected a valid URL"),
        ("https:", "expected a valid URL"),
        ("ws://[::1", "expected a valid URL"),
        ("ws://[chat]/", "expected a valid URL"),
        ("ws://[::1]8080/", "expected a valid URL"),
    ] {
        let error = network.server(url).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert!(network.server("ws://[::1]:8080/chat").is_ok(), "an address of IPv6 is a host");
    let relative = network.server("/chat").unwrap();
    let _socket = Socket::builder("chat").open().unwrap();
    network.advance(SECOND);
    assert_eq!(relative.attempts().len(), 1, "relative to the page");
}

#[cfg(feature = "serde-json")]
#[test]
fn typed_messages_go_both_ways_and_what_does_not_decode_is_an_item() {
    let network = FakeNetwork::new();
    let server = network.server(CHAT).unwrap();
    let socket = Socket::builder(CHAT).open().unwrap().json::<Vec<u8>, Vec<u8>>();
    let mut inbox = socket.messages();
    let _ = socket.send(&vec![1, 2]).unwrap();
    network.advance(SECOND);
    assert_eq!(server.messages(), [Message::from("[1,2]")]);
    server.send("[3]");
    server.send("[300]");
    assert_eq!(network.run(inbox.next(), SECOND).unwrap().unwrap().unwrap(), [3]);
    let error = network.run(inbox.next(), SECOND).unwrap().unwrap().unwrap_err();
    assert_eq!(error.raw.as_text(), Some("[300]"));
}

#[cfg(feature = "serde-json")]
#[test]
fn a_value_that_is_no_json_is_not_sent_and_one_that_is_not_taken_comes_back_as_its_text() {
    use std::collections::BTreeMap;

    use everwire::EncodeError;

    let network = FakeNetwork::new();
    let server = network.server(CHAT).unwrap();
    let socket = Socket::builder(CHAT).open().unwrap();
    let by_place = socket.json::<(), BTreeMap<(u8, u8), u8>>();
    let error = by_place.send(&BTreeMap::from([((1, 2), 3)])).unwrap_err();
    assert_eq!(error.to_string(), "the value does not encode as JSON: key must be a string");
    network.advance(SECOND);
    assert!(server.messages().is_empty());
    socket.close();
    let closed = SendError::Closed(Message::from("[3,4]"));
    assert_eq!(socket.json::<(), [u8; 2]>().send(&[3, 4]), Err(EncodeError::Send(closed)));
}

// ---- what waits, and what is told ----

struct Nobody;

impl Wake for Nobody {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn a_future_that_is_dropped_leaves_no_waker_behind() {
    let network = FakeNetwork::new();
    let _server = network.server(CHAT).unwrap();
    let socket = Socket::builder(CHAT).open().unwrap();
    network.advance(SECOND);
    let task = Arc::new(Nobody);
    for _ in 0..10 {
        let waker = Waker::from(task.clone());
        let (mut closed, mut again) = (socket.closed(), socket.closed());
        for _ in 0..2 {
            assert!(Pin::new(&mut closed).poll(&mut Context::from_waker(&waker)).is_pending());
            assert!(Pin::new(&mut again).poll(&mut Context::from_waker(&waker)).is_pending());
        }
        assert_eq!(Arc::strong_count(&task), 4, "one for each future");
    }
    assert_eq!(Arc::strong_count(&task), 1);
}

/// What is told of the status when an open connection is lost.
fn statuses(ruling: Option<Ruling>) -> Vec<Status> {
    let network = FakeNetwork::new();
    let server = network.server(CHAT).unwrap();
    let socket = Socket::builder(CHAT).verdict(move |_| ruling).open().unwrap();
    network.advance(SECOND);
    let told = Rc::new(RefCell::new(Vec::new()));
    let sink = told.clone();
    let _watching = socket.on_status(move |status| sink.borrow_mut().push(status.clone()));
    server.drop_all();
    network.advance(Duration::from_millis(10));
    told.take()
}

#[test]
fn an_application_that_judges_is_told_of_the_wait_only_when_it_has() {
    assert!(matches!(statuses(None)[0], Status::Waiting { attempt: 1, .. }));
    assert_eq!(statuses(Some(Ruling::Stop)), [Status::Closed]);
}

#[test]
fn closing_in_a_callback_shows_at_once() {
    let network = FakeNetwork::new();
    let server = network.server(CHAT).unwrap();
    let socket = Socket::builder(CHAT).open().unwrap();
    network.advance(SECOND);
    let seen = Rc::new(RefCell::new(None));
    let (it, sink) = (socket.clone(), seen.clone());
    let _listening = socket.on_message(move |_| {
        it.close();
        sink.replace(Some((it.send("x").is_err(), it.status())));
    });
    server.send("bye");
    network.advance(SECOND);
    assert_eq!(seen.take(), Some((true, Status::Closed)), "`send` and `status` say the same");
}

#[test]
fn a_message_that_was_not_delivered_is_not_the_last_one() {
    let network = FakeNetwork::new();
    let server = network.server("wss://relay.example/").unwrap();
    let open = || Socket::builder("wss://relay.example/").wire(Wire::Relay).store(Store::Session).open().unwrap();
    let socket = open();
    network.advance(SECOND);
    let heard = Rc::new(Cell::new(0));
    let count = heard.clone();
    let _listening = socket.on_message(move |_| count.set(count.get() + 1));
    let it = socket.clone();
    // Something is missing: the application loads all anew, and goes on from there.
    let _gap = socket.on_gap(move |_| it.close());
    server.send("id: 10:0\n\none");
    network.advance(SECOND);
    server.send("id: 10:5\n\nsix");
    network.advance(SECOND);
    assert_eq!((heard.get(), socket.last_event_id().as_str()), (1, "10:0"));
    let _next = open();
    network.advance(SECOND);
    assert_eq!(server.connection().unwrap().last_event_id(), "10:0", "and so does the next one go on after it");
}

#[test]
fn an_event_that_was_not_delivered_is_not_the_last_one() {
    let network = FakeNetwork::new();
    let server = network.server(PRICES).unwrap();
    let events = Events::builder(PRICES).transports([Transport::FetchStream]).last_event_id("4").open().unwrap();
    network.advance(SECOND);
    let it = events.clone();
    let _listening = events.on_event(move |_| it.close());
    server.event("", "one", Some("5"));
    server.event("", "two", Some("6"));
    network.advance(SECOND);
    assert_eq!(events.last_event_id(), "5");
}

#[test]
fn a_stream_holds_no_more_than_64_mib_for_a_reader_that_is_late() {
    let network = FakeNetwork::new();
    let server = network.server(CHAT).unwrap();
    let socket = Socket::builder(CHAT).open().unwrap();
    let inbox = socket.messages();
    network.run(socket.opened(), SECOND).unwrap().unwrap();
    for _ in 0..6 {
        server.send(vec![0; 16 << 20]);
    }
    network.advance(SECOND);
    assert_eq!(inbox.missed(), 2);
    socket.close();
    assert_eq!(network.run(inbox.collect::<Vec<_>>(), SECOND).unwrap().len(), 4);
}

#[test]
fn a_bound_of_the_delays_that_would_let_retries_spin_is_refused() {
    let _network = FakeNetwork::new();
    for backoff in [Backoff::default().min_delay(Duration::ZERO), Backoff::default().max_delay(Duration::ZERO)] {
        assert!(Socket::builder(CHAT).backoff(backoff).open().is_err(), "{backoff:?}");
    }
    assert!(Socket::builder(CHAT).backoff(Backoff::default().first_delay(Duration::ZERO)).open().is_ok());
}

#[test]
fn how_it_ended_is_an_error_and_a_cause_tells_its_wait_as_a_duration() {
    let network = FakeNetwork::new();
    let server = network.server(CHAT).unwrap();
    server.play([Step::Close(4403)]);
    let socket = Socket::builder(CHAT).open().unwrap();
    network.advance(SECOND);
    let end = network.run(socket.closed(), SECOND).unwrap();
    assert_eq!(end.cause.as_ref().unwrap().retry_after().map(Ruling::RetryAfter), None);
    let error: Box<dyn std::error::Error> = Box::new(end);
    assert!(error.to_string().contains("4403"), "{error}");
}

#[test]
fn a_builder_does_not_print_credentials() {
    let builder = Events::builder("https://prices.example/live?token=secret").header("Authorization", "Bearer secret");
    let printed = format!("{builder:?}");
    assert!(printed.contains("prices.example/live") && !printed.contains("secret"), "{printed}");
}

#[test]
fn a_time_of_zero_is_refused_without_a_word_of_what_is_none_where_there_is_no_none() {
    let _network = FakeNetwork::new();
    let heartbeat = Heartbeat::text("ping");
    for builder in [
        Socket::builder(CHAT).connect_timeout(Duration::ZERO),
        Socket::builder(CHAT).heartbeat(heartbeat.clone().every(Duration::ZERO)),
        Socket::builder(CHAT).heartbeat(heartbeat.reply_within(Duration::ZERO)),
    ] {
        assert_eq!(builder.open().unwrap_err().expected(), "expected more than zero");
    }
}

#[test]
fn one_url_does_for_both_faces() {
    let network = FakeNetwork::new();
    let server = network.server("https://example.org/live").unwrap();
    let _events = Events::builder("wss://example.org/live").open().unwrap();
    let _socket = Socket::builder("https://example.org/live").open().unwrap();
    network.advance(SECOND);
    let urls: Vec<_> = server.attempts().iter().map(|it| it.url().to_owned()).collect();
    assert_eq!(urls, ["https://example.org/live", "wss://example.org/live"]);
}

#[test]
fn texts_and_bytes_are_sent_as_one_has_them() {
    let network = FakeNetwork::new();
    let server = network.server(CHAT).unwrap();
    let socket = Socket::builder(CHAT).open().unwrap();
    network.advance(SECOND);
    let (text, bytes) = (String::from("a"), vec![1]);
    assert_eq!(socket.send(&text), Ok(Delivery::Sent));
    assert_eq!(socket.send(Cow::Borrowed("b")), Ok(Delivery::Sent));
    assert_eq!(socket.send(Box::<str>::from("c")), Ok(Delivery::Sent));
    assert_eq!(socket.send(&bytes), Ok(Delivery::Sent));
    network.advance(SECOND);
    assert_eq!(server.messages(), ["a".into(), "b".into(), "c".into(), Message::from([1].as_slice())]);
}

#[test]
fn a_future_that_has_been_told_says_so_and_one_that_waits_does_not() {
    let network = FakeNetwork::new();
    let _server = network.server(CHAT).unwrap();
    let socket = Socket::builder(CHAT).open().unwrap();
    let (mut opened, mut closed) = (socket.opened(), socket.closed());
    assert!(!opened.is_terminated() && !closed.is_terminated());
    network.run(&mut opened, SECOND).unwrap().unwrap();
    assert!(network.run(&mut closed, SECOND).is_none());
    assert!(opened.is_terminated() && !closed.is_terminated());
    socket.close();
    assert!(!closed.is_terminated(), "it has not been read");
    network.run(&mut closed, SECOND).unwrap();
    assert!(closed.is_terminated());
}

#[test]
fn an_outbox_prints_no_time_that_nobody_gave() {
    let outbox = everwire::Outbox::default();
    let printed = format!("{outbox:?}");
    assert!(printed.contains("messages: 1000") && printed.contains("ttl: None"), "{printed}");
    assert!(format!("{:?}", outbox.ttl(SECOND)).contains("ttl: Some(1s)"));
}

#[cfg(feature = "serde-json")]
#[test]
fn an_event_comes_typed_to_a_callback_and_what_does_not_decode_as_well() {
    let network = FakeNetwork::new();
    let server = network.server(PRICES).unwrap();
    let prices = Events::builder(PRICES).open().unwrap();
    let heard = Rc::new(RefCell::new(Vec::new()));
    let sink = heard.clone();
    let _listening = prices.on_json::<f64>(move |event| {
        sink.borrow_mut().push(event.map(|it| (it.data, it.last_event_id)).map_err(|error| error.raw));
    });
    network.advance(SECOND);
    server.event("", "1.5", Some("7"));
    server.event("", "much", None);
    network.advance(SECOND);
    assert_eq!(heard.take(), [Ok((1.5, String::from("7"))), Err(Message::from("much"))]);
}

fn refused<T>(opened: Result<T, ConfigError>, option: &str, expected: &str) {
    let error = opened.map(drop).expect_err(option);
    assert!(error.option() == option && error.to_string().contains(expected), "{error}");
}

#[test]
fn an_option_that_could_never_do_anything_is_refused() {
    let _network = FakeNetwork::new();
    for wire in [Wire::Raw, Wire::EngineIo] {
        let socket = || Socket::builder(CHAT).wire(wire);
        refused(socket().resume_query("since").open(), "resume_query", "expected `id` or `last_event_id`");
        refused(socket().resume_message(str::to_owned).open(), "resume_message", "expected `id` or `last_event_id`");
        assert!(socket().resume_query("since").id(|_| None).open().is_ok());
        assert!(socket().resume_message(str::to_owned).last_event_id("7").open().is_ok());
    }
    refused(Events::builder(PRICES).event("price").event("").open(), "event", "expected a type");
    refused(Events::builder(PRICES).transports([]).open(), "transports", "expected at least one");
    refused(Socket::builder(CHAT).transports([]).open(), "transports", "expected at least one");
}

#[test]
fn a_last_id_that_no_header_can_carry_is_refused_wherever_it_would_go() {
    let _network = FakeNetwork::new();
    let events = || Events::builder(PRICES);
    let socket = || Socket::builder(CHAT);
    for id in ["1\n2", "1\r", "\0"] {
        refused(events().last_event_id(id).open(), "last_event_id", "without line breaks");
        refused(events().last_event_id(id).resume_query("since").open(), "last_event_id", "without line breaks");
        for socket in [socket().resume_query("since"), socket().wire(Wire::Relay), socket().wire(Wire::EngineIo)] {
            refused(socket.last_event_id(id).open(), "last_event_id", "without line breaks");
        }
    }
}

#[test]
fn two_connections_to_one_url_keep_their_last_ids_under_names_of_their_own() {
    let network = FakeNetwork::new();
    let server = network.server(PRICES).unwrap();
    let open = |name| Events::builder(PRICES).store_as(Store::Local, name).open().unwrap();
    for (name, id) in [("left", "1"), ("right", "2")] {
        let events = open(name);
        network.advance(SECOND);
        server.event("message", "x", Some(id));
        network.advance(SECOND);
        drop(events);
    }
    for (name, id) in [("left", "1"), ("right", "2")] {
        assert_eq!(open(name).last_event_id(), id);
    }
    assert_eq!(Events::builder(PRICES).store(Store::Local).open().unwrap().last_event_id(), "", "by the URL");
    refused(Events::builder(PRICES).store_as(Store::Local, "").open(), "store", "expected a name");
    refused(Socket::builder(CHAT).store_as(Store::Local, "chat").open(), "store", "expected `id` as well");
}

#[test]
fn a_url_is_taken_or_refused_as_a_browser_does() {
    let network = FakeNetwork::new();
    let server = network.server("https://chat.example/room").unwrap();
    for same in ["WSS://chat.example/room", "wss://CHAT.Example:443/room", "Https://chat.example:/room"] {
        let socket = Socket::builder(same).open().expect(same);
        network.advance(SECOND);
        assert!(socket.status().is_open(), "{same}");
        assert_eq!(server.connection().unwrap().url(), CHAT, "{same}");
    }
    for valid in ["wss://x:65535/", "ws://x:00080/?a", "ws://[::1]:8080", "//x?a:b", "x?at=10:30"] {
        assert!(Socket::builder(valid).open().is_ok(), "{valid}");
    }
    for invalid in
        ["wss://x:99999/", "wss://x:65536/", "wss://x:http/", "ws://:80/", "ws://[::1/", "ws://[::1]80/", "ws://a b/"]
    {
        refused(Socket::builder(invalid).open(), "url", "expected a valid URL");
    }
    refused(Socket::builder("FTP://x/").open(), "url", "expected the scheme");
}

#[test]
fn reconnecting_in_a_callback_shows_at_once() {
    let network = FakeNetwork::new();
    let server = network.server(CHAT).unwrap();
    let socket = Socket::builder(CHAT).open().unwrap();
    network.advance(SECOND);
    let seen = Rc::new(RefCell::new(None));
    let (it, sink) = (socket.clone(), seen.clone());
    let _listening = socket.on_message(move |_| {
        it.reconnect();
        sink.replace(Some((it.send("x"), it.status().is_open())));
    });
    let told = Rc::new(RefCell::new(Vec::new()));
    let (it, sink) = (socket.clone(), told.clone());
    let _watching = socket.on_status(move |status| sink.borrow_mut().push((status.clone(), it.status())));
    server.send("again");
    network.advance(SECOND);
    assert_eq!(seen.take(), Some((Ok(Delivery::Queued), false)), "`send` and `status` say the same");
    assert!(socket.status().is_open());
    for (status, live) in told.take() {
        assert_eq!(status, live, "what is told is how it is");
    }
}

/// What is `Send` has this in two ways, and then the call below does not compile.
trait Stays<T> {
    fn stays() {}
}
impl<T> Stays<()> for T {}
impl<T: Send> Stays<u8> for T {}

#[test]
fn what_belongs_to_a_connection_stays_on_its_thread_and_values_may_leave_it() {
    fn leaves<T: Send>() {}
    <Socket as Stays<_>>::stays();
    <Events as Stays<_>>::stays();
    <everwire::SocketBuilder as Stays<_>>::stays();
    <everwire::EventsBuilder as Stays<_>>::stays();
    <Subscription as Stays<_>>::stays();
    <everwire::Messages as Stays<_>>::stays();
    <everwire::OpenedFuture as Stays<_>>::stays();
    <everwire::ClosedFuture as Stays<_>>::stays();
    <FakeNetwork as Stays<_>>::stays();
    <everwire::testing::Server as Stays<_>>::stays();
    <Connection as Stays<_>>::stays();
    leaves::<Message>();
    leaves::<everwire::Event>();
    leaves::<Status>();
    leaves::<everwire::Stats>();
    leaves::<everwire::Closed>();
    leaves::<ConfigError>();
    leaves::<SendError>();
}
