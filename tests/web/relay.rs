//! `Socket` over a push relay: one cursor over WebSocket and long-polling.

use std::time::Duration;

use everwire::{Continuity, Message, Socket, SocketBuilder, Status, Transport, Wire};
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{Fixture, quick, take, until, within};

fn relay(url: String) -> SocketBuilder {
    Socket::builder(url).wire(Wire::Relay).backoff(quick())
}

fn numbered(n: usize) -> Vec<Message> {
    (0..n).map(|n| Message::from(n.to_string())).collect()
}

fn transport(socket: &Socket) -> Option<Transport> {
    match socket.status() {
        Status::Open { transport, .. } => transport,
        _ => None,
    }
}

/// Both ways, text and bytes, over the transport that `url` leaves.
async fn both_ways(fixture: &Fixture, socket: &Socket, over: Transport) {
    let mut inbox = socket.messages();
    until("open", || transport(socket) == Some(over)).await;
    for message in [Message::from("first"), Message::from(""), Message::from(vec![9, 0, 200]), Message::from("ü\n\nü")]
    {
        let _ = socket.send(message.clone()).unwrap();
        assert_eq!(take(&mut inbox, 1).await, [message]);
    }
    fixture.post("/relay/{key}", "from elsewhere").await;
    assert_eq!(take(&mut inbox, 1).await, [Message::from("from elsewhere")]);
    assert!(socket.last_event_id().ends_with(":5"), "{}", socket.last_event_id());
}

#[wasm_bindgen_test]
async fn over_websocket_messages_go_both_ways_and_carry_ids() {
    let fixture = Fixture::get().await;
    let socket = relay(fixture.url("/relay/{key}")).open().unwrap();
    both_ways(&fixture, &socket, Transport::WebSocket).await;
}

#[wasm_bindgen_test]
async fn with_websocket_refused_they_go_both_ways_by_long_polling() {
    let fixture = Fixture::get().await;
    let socket = relay(fixture.url("/relay/{key}?refuse")).open().unwrap();
    both_ways(&fixture, &socket, Transport::LongPoll).await;
}

#[wasm_bindgen_test]
async fn a_chosen_transport_is_the_only_one_used() {
    let fixture = Fixture::get().await;
    let socket = relay(fixture.url("/relay/{key}")).transports([Transport::LongPoll]).open().unwrap();
    both_ways(&fixture, &socket, Transport::LongPoll).await;
}

#[wasm_bindgen_test]
async fn a_reconnect_resumes_after_the_last_id() {
    let fixture = Fixture::get().await;
    let socket = relay(fixture.url("/relay/{key}?drop-after=2&times=1&key={key}")).open().unwrap();
    let mut inbox = socket.messages();
    until("open", || socket.status().is_open()).await;
    for n in 0..5 {
        fixture.post("/relay/{key}", &n.to_string()).await;
    }
    assert_eq!(take(&mut inbox, 5).await, numbered(5));
    let resumed = matches!(socket.status(), Status::Open { continuity: Some(Continuity::Resumed), .. });
    assert!(resumed, "{:?}", socket.status());
    let resumes = fixture.resumes("/relay/{key}").await;
    assert!(resumes.contains(":2"), "the journal has the resume ids {resumes}");
}

/// 1,000 messages while the connection is dropped 50 times, each at a moment that nobody chose.
async fn through_fifty_drops(socket: Socket, fixture: &Fixture) {
    let mut inbox = socket.messages();
    until("open", || socket.status().is_open()).await;
    let pushing = async {
        for round in 0..50 {
            for n in 0..20 {
                fixture.post("/relay/{key}", &(round * 20 + n).to_string()).await;
            }
            fixture.post("/control/drop?path=/relay/{key}", "").await;
        }
    };
    let receiving = take(&mut inbox, 1_000);
    let (_, got) = futures_util::future::join(pushing, receiving).await;
    assert_eq!(got, numbered(1_000));
}

#[wasm_bindgen_test]
async fn a_thousand_messages_through_fifty_drops_arrive_once_each_in_order() {
    let fixture = Fixture::get().await;
    through_fifty_drops(relay(fixture.url("/relay/{key}")).open().unwrap(), &fixture).await;
}

#[wasm_bindgen_test]
async fn and_so_they_do_by_long_polling() {
    let fixture = Fixture::get().await;
    let socket = relay(fixture.url("/relay/{key}")).transports([Transport::LongPoll]).open().unwrap();
    through_fifty_drops(socket, &fixture).await;
}

#[wasm_bindgen_test]
async fn an_id_from_an_earlier_connection_is_gone_on_from() {
    let fixture = Fixture::get().await;
    let first = relay(fixture.url("/relay/{key}")).open().unwrap();
    let mut inbox = first.messages();
    for n in 0..3 {
        fixture.post("/relay/{key}", &n.to_string()).await;
    }
    take(&mut inbox, 2).await;
    let id = first.last_event_id();
    let id = [&id[..id.rfind(':').unwrap()], ":2"].concat();
    first.close();
    let second = relay(fixture.url("/relay/{key}")).last_event_id(id).open().unwrap();
    assert_eq!(take(&mut second.messages(), 1).await, [Message::from("2")]);
}

#[wasm_bindgen_test]
async fn a_post_whose_answer_is_lost_is_reported_and_not_repeated() {
    let fixture = Fixture::get().await;
    // The uplink's answer is cut off once; the message itself has arrived.
    let url = fixture.url("/relay/{key}");
    let socket = relay(url)
        .fallback_url(fixture.url("/relay/{key}?drop-after=0&times=2&key={key}&hold=300"))
        .transports([Transport::LongPoll])
        .connect_timeout(Duration::from_secs(5))
        .open()
        .unwrap();
    let mut inbox = socket.messages();
    let (dropped, seen) = super::support::flag();
    let _watching = socket.on_dropped(move |message, why| {
        assert_eq!((message, why), (&Message::from("once"), everwire::Why::Unknown));
        seen.set(seen.get() + 1);
    });
    let _ = socket.send("once").unwrap();
    assert_eq!(take(&mut inbox, 1).await, [Message::from("once")]);
    let _ = socket.send("again").unwrap();
    let got = within("the next message", take(&mut inbox, 1)).await;
    assert_eq!(got, [Message::from("again")], "and not the first one a second time");
    assert!(dropped.get() <= 1);
}
