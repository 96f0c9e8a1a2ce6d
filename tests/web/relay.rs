//! `Socket` over a push relay: one cursor over WebSocket, server-sent events and long-polling.

use std::time::Duration;

use everwire::{Continuity, Message, Outbox, Socket, SocketBuilder, Status, Transport, Wire};
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{Fixture, Heard, carried_by, dispatch, numbered, quick, sleep, take, texts, until, within};

const RUNGS: [Transport; 3] = [Transport::WebSocket, Transport::EventSource, Transport::LongPoll];

fn relay(url: String) -> SocketBuilder {
    Socket::builder(url).wire(Wire::Relay).backoff(quick())
}

async fn push(fixture: &Fixture, numbers: std::ops::Range<usize>) {
    for n in numbers {
        fixture.post("/relay/{key}", &n.to_string()).await;
    }
}

/// Both ways over this transport: text, and with it a message from elsewhere.
async fn both_ways(fixture: &Fixture, socket: &Socket, over: Transport) {
    let mut inbox = socket.messages();
    until("open", || carried_by(socket) == Some(over)).await;
    for message in [Message::from("first"), Message::from(""), Message::from("ü\n\nü")] {
        let _ = socket.send(message.clone()).unwrap();
        assert_eq!(take(&mut inbox, 1).await, [message]);
    }
    fixture.post("/relay/{key}", "from elsewhere").await;
    assert_eq!(take(&mut inbox, 1).await, [Message::from("from elsewhere")]);
    assert!(socket.last_event_id().ends_with(":4"), "{}", socket.last_event_id());
}

/// The same with bytes.
async fn bytes_both_ways(socket: &Socket, over: Transport) {
    let mut inbox = socket.messages();
    let bytes = Message::from(vec![9, 0, 200]);
    let _ = socket.send(bytes.clone()).unwrap();
    assert_eq!(take(&mut inbox, 1).await, [bytes]);
    assert_eq!(carried_by(socket), Some(over));
}

#[wasm_bindgen_test]
async fn over_websocket_messages_go_both_ways_and_carry_ids() {
    let fixture = Fixture::get().await;
    let socket = relay(fixture.url("/relay/{key}")).open().unwrap();
    both_ways(&fixture, &socket, Transport::WebSocket).await;
    bytes_both_ways(&socket, Transport::WebSocket).await;
}

#[wasm_bindgen_test]
async fn who_names_the_wires_own_subprotocol_as_well_has_it_once() {
    let fixture = Fixture::get().await;
    let socket = relay(fixture.url("/relay/{key}")).protocols(["ws+meta.nchan"]).open().unwrap();
    both_ways(&fixture, &socket, Transport::WebSocket).await;
}

#[wasm_bindgen_test]
async fn with_websocket_refused_they_go_by_server_sent_events_and_bytes_by_long_polling() {
    let fixture = Fixture::get().await;
    let socket = relay(fixture.url("/relay/{key}?refuse")).open().unwrap();
    both_ways(&fixture, &socket, Transport::EventSource).await;
    bytes_both_ways(&socket, Transport::LongPoll).await;
}

#[wasm_bindgen_test]
async fn a_chosen_transport_is_the_only_one_used() {
    let fixture = Fixture::get().await;
    let socket = relay(fixture.url("/relay/{key}")).transports([Transport::LongPoll]).open().unwrap();
    both_ways(&fixture, &socket, Transport::LongPoll).await;
    bytes_both_ways(&socket, Transport::LongPoll).await;
}

#[wasm_bindgen_test]
async fn begun_by_long_polling_it_moves_up_to_websocket() {
    let fixture = Fixture::get().await;
    let chosen = [Transport::LongPoll, Transport::WebSocket];
    let socket = relay(fixture.url("/relay/{key}")).transports(chosen).open().unwrap();
    let mut inbox = socket.messages();
    let mut sent = 0;
    while carried_by(&socket) != Some(Transport::WebSocket) && sent < 1_000 {
        fixture.post("/relay/{key}", &sent.to_string()).await;
        sent += 1;
    }
    assert_eq!(texts(&mut inbox, sent).await, numbered(0..sent));
    let kinds = fixture.journal("/relay/{key}", "kind").await;
    assert!(kinds.iter().any(|kind| kind == "long-poll"), "{kinds:?}");
}

#[wasm_bindgen_test]
async fn one_cursor_leads_down_all_rungs_and_up_again() {
    let fixture = Fixture::get().await;
    let socket = relay(fixture.url("/relay/{key}")).min_uptime(Duration::from_millis(100)).open().unwrap();
    let (heard, gaps) = (Heard::new(), Heard::new());
    let hear = heard.ear();
    let _listening = socket.on_message(move |message| hear(message.clone()));
    let hear = gaps.ear();
    let _missing = socket.on_gap(move |after| hear(String::from(after)));
    let mut said = Vec::new();
    let say = async |said: &mut Vec<Message>, message: Message| {
        said.push(message.clone());
        let _ = socket.send(message).unwrap();
        until("it to come back", || heard.len() == said.len()).await;
    };
    until("open", || carried_by(&socket) == Some(Transport::WebSocket)).await;
    say(&mut said, Message::from("by websocket")).await;

    fixture.post("/control/refuse-websocket", "").await;
    until("the second rung", || carried_by(&socket) == Some(Transport::EventSource)).await;
    say(&mut said, Message::from("by server-sent events")).await;

    say(&mut said, Message::from(vec![255, 0])).await;
    assert_eq!(carried_by(&socket), Some(Transport::LongPoll));
    say(&mut said, Message::from("by long-polling")).await;

    fixture.post("/control/refuse-websocket?ms=0", "").await;
    // A message every now and then is the break in which it moves.
    for n in 0..200 {
        if carried_by(&socket) == Some(Transport::WebSocket) {
            break;
        }
        say(&mut said, Message::from(n.to_string())).await;
        sleep(100).await;
    }
    assert_eq!(carried_by(&socket), Some(Transport::WebSocket));
    say(&mut said, Message::from("by websocket again")).await;
    assert_eq!(heard.all(), said);
    assert_eq!(gaps.all(), [""; 0]);
}

#[wasm_bindgen_test]
async fn an_id_that_the_server_has_forgotten_is_a_gap_on_every_rung() {
    for rung in RUNGS {
        let fixture = Fixture::get().await;
        let socket = relay(fixture.url("/relay/{key}")).transports([rung]).open().unwrap();
        let (gaps, again) = (Heard::new(), Heard::new());
        let hear = gaps.ear();
        let _missing = socket.on_gap(move |after| hear(String::from(after)));
        let hear = again.ear();
        let _listening = socket.on_reconnected(move |told| hear(told.continuity));
        let mut inbox = socket.messages();
        until("open", || carried_by(&socket) == Some(rung)).await;
        push(&fixture, 0..3).await;
        assert_eq!(texts(&mut inbox, 3).await, numbered(0..3));
        let last = socket.last_event_id();
        dispatch("pagehide", true);
        push(&fixture, 3..13).await;
        fixture.post("/control/trim?channel={key}&keep=2", "").await;
        dispatch("pageshow", true);
        assert_eq!(texts(&mut inbox, 2).await, numbered(11..13), "{rung:?}");
        assert_eq!(gaps.all(), [last], "{rung:?}");
        let told = matches!(socket.status(), Status::Open { continuity: Some(Continuity::Gap), .. });
        assert!(told, "{rung:?}: {:?}, {:?}", socket.status(), again.all());
    }
}

#[wasm_bindgen_test]
async fn several_messages_in_one_answer_arrive_as_the_messages_that_they_are() {
    let fixture = Fixture::get().await;
    let socket = relay(fixture.url("/relay/{key}?multipart")).transports([Transport::LongPoll]).open().unwrap();
    let mut inbox = socket.messages();
    push(&fixture, 0..10).await;
    assert_eq!(texts(&mut inbox, 10).await, numbered(0..10));
    dispatch("pagehide", true);
    push(&fixture, 10..30).await;
    dispatch("pageshow", true);
    assert_eq!(texts(&mut inbox, 20).await, numbered(10..30));
    assert!(socket.last_event_id().ends_with(":30"), "{}", socket.last_event_id());
}

#[wasm_bindgen_test]
async fn a_reconnect_resumes_after_the_last_id() {
    let fixture = Fixture::get().await;
    let socket = relay(fixture.url("/relay/{key}?drop-after=2&times=1&key={key}")).open().unwrap();
    let mut inbox = socket.messages();
    until("open", || socket.status().is_open()).await;
    push(&fixture, 0..5).await;
    assert_eq!(texts(&mut inbox, 5).await, numbered(0..5));
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
            push(fixture, round * 20..round * 20 + 20).await;
            fixture.post("/control/drop?path=/relay/{key}", "").await;
        }
    };
    let receiving = texts(&mut inbox, 1_000);
    let (_, got) = futures_util::future::join(pushing, receiving).await;
    assert_eq!(got, numbered(0..1_000));
}

#[wasm_bindgen_test]
async fn a_thousand_messages_through_fifty_drops_arrive_once_each_in_order() {
    let fixture = Fixture::get().await;
    through_fifty_drops(relay(fixture.url("/relay/{key}")).open().unwrap(), &fixture).await;
}

#[wasm_bindgen_test]
async fn and_so_they_do_on_each_rung_alone() {
    for rung in RUNGS {
        let fixture = Fixture::get().await;
        let socket = relay(fixture.url("/relay/{key}")).transports([rung]).open().unwrap();
        through_fifty_drops(socket, &fixture).await;
    }
}

#[wasm_bindgen_test]
async fn an_id_from_an_earlier_connection_is_gone_on_from() {
    let fixture = Fixture::get().await;
    let first = relay(fixture.url("/relay/{key}")).open().unwrap();
    let mut inbox = first.messages();
    push(&fixture, 0..3).await;
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

#[wasm_bindgen_test]
async fn where_duplicates_are_allowed_it_is_repeated() {
    let fixture = Fixture::get().await;
    let socket = relay(fixture.url("/relay/{key}?hold=300"))
        .transports([Transport::LongPoll])
        .outbox(Outbox::default().resend(true))
        .open()
        .unwrap();
    let (dropped, seen) = super::support::flag();
    let _watching = socket.on_dropped(move |_, _| seen.set(seen.get() + 1));
    let mut inbox = socket.messages();
    until("open", || socket.status().is_open()).await;
    for n in 0..200 {
        let _ = socket.send(n.to_string()).unwrap();
        if n % 20 == 10 {
            fixture.post("/control/drop?path=/relay/{key}", "").await;
        }
    }
    let mut next = 0;
    while next < 200 {
        let n: usize = texts(&mut inbox, 1).await[0].parse().unwrap();
        assert!(n == next || n + 1 == next, "{n} came in place of {next}");
        next = next.max(n + 1);
    }
    assert_eq!(dropped.get(), 0, "nothing is in doubt");
}
