//! `Socket` over Engine.IO, against a server that is not ours.

use everwire::{CauseKind, Continuity, Message, SendError, Socket, SocketBuilder, Status, Transport, Why, Wire};
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{Fixture, Heard, carried_by, is_open, numbered, quick, sleep, take, texts, until};

const BOTH: [Transport; 2] = [Transport::LongPoll, Transport::WebSocket];

fn engine(url: String) -> SocketBuilder {
    Socket::builder(url).wire(Wire::EngineIo).backoff(quick())
}

async fn both_ways(socket: &Socket, over: Transport) {
    let mut inbox = socket.messages();
    until("open", || carried_by(socket) == Some(over)).await;
    for message in [Message::from("grüß dich"), Message::from(""), Message::from(vec![0, 255, 1]), Message::from("b4")]
    {
        assert!(socket.send(message.clone()).is_ok());
        assert_eq!(take(&mut inbox, 1).await, [message]);
    }
    let many: Vec<Message> =
        (0..100u8).map(|n| if n % 2 == 0 { n.to_string().into() } else { vec![n].into() }).collect();
    for message in &many {
        let _ = socket.send(message.clone()).unwrap();
    }
    assert_eq!(take(&mut inbox, 100).await, many);
}

#[wasm_bindgen_test]
async fn text_and_bytes_go_both_ways_by_websocket() {
    let fixture = Fixture::get().await;
    let socket = engine(fixture.url("/engine.io/echo/")).transports([Transport::WebSocket]).open().unwrap();
    both_ways(&socket, Transport::WebSocket).await;
    let queries = fixture.journal("/engine.io/echo/", "query").await;
    assert!(queries.last().is_some_and(|query| query == "EIO=4&transport=websocket"), "{queries:?}");
}

#[wasm_bindgen_test]
async fn and_by_polling() {
    let fixture = Fixture::get().await;
    let socket = engine(fixture.url("/engine.io/echo/")).transports([Transport::LongPoll]).open().unwrap();
    both_ways(&socket, Transport::LongPoll).await;
}

#[wasm_bindgen_test]
async fn with_websocket_refused_polling_takes_over() {
    let fixture = Fixture::get().await;
    let socket = engine(fixture.url("/engine.io/echo/?refuse")).open().unwrap();
    both_ways(&socket, Transport::LongPoll).await;
}

#[wasm_bindgen_test]
async fn begun_by_polling_it_moves_up_in_place_under_traffic_without_loss() {
    let fixture = Fixture::get().await;
    let url = fixture.url("/engine.io/collect/{key}?ms=3");
    let socket = engine(url).transports(BOTH).open().unwrap();
    let mut inbox = socket.messages();
    let (changes, losses) = (Heard::new(), Heard::new());
    let hear = changes.ear();
    let _moving = socket.on_transport_changed(move |change| hear((change.from, change.to, change.why.is_some())));
    let hear = losses.ear();
    let _losing = socket.on_reconnecting(move |lost| hear(lost.cause.to_string()));
    let mut sent = 0;
    let began_low = std::cell::Cell::new(false);
    while carried_by(&socket) != Some(Transport::WebSocket) && sent < 5_000 {
        began_low.set(began_low.get() || carried_by(&socket) == Some(Transport::LongPoll));
        let _ = socket.send(sent.to_string()).unwrap();
        sent += 1;
        sleep(1).await;
    }
    for _ in 0..100 {
        let _ = socket.send(sent.to_string()).unwrap();
        sent += 1;
    }
    assert!(began_low.get());
    assert_eq!(changes.all(), [(Transport::LongPoll, Transport::WebSocket, false)]);
    assert_eq!(losses.all(), [""; 0]);
    assert_eq!(texts(&mut inbox, 500).await, numbered(1..=500));
    let channel = fixture.path("{key}");
    while fixture.kept(&channel).await.len() < sent {
        sleep(50).await;
    }
    assert_eq!(fixture.kept(&channel).await, numbered(0..sent));
}

/// Ends the session, so that it cannot be missed. A GET whose connection was cut the browser asks for again by itself, and the session goes
/// on; so a server that is polled has to be away for a moment.
async fn end_session(fixture: &Fixture, path: &str, over: Transport) {
    let away = String::from("/control/unavailable?ms=200");
    let cut = if over == Transport::LongPoll { away } else { format!("/control/drop?path={path}") };
    fixture.post(&cut, "").await;
}

#[wasm_bindgen_test]
async fn a_session_that_is_lost_is_followed_by_a_fresh_one() {
    for over in BOTH {
        let fixture = Fixture::get().await;
        let path = fixture.path("/engine.io/chat/{key}");
        let socket = engine(fixture.url(&path)).transports([over]).open().unwrap();
        let again = Heard::new();
        let hear = again.ear();
        let _listening = socket.on_reconnected(move |told| hear((told.continuity, told.transport)));
        until("open", || is_open(&socket)).await;
        end_session(&fixture, &path, over).await;
        until("the new session", || again.len() == 1).await;
        assert_eq!(again.all(), [(Continuity::Fresh, over)]);
        let mut inbox = socket.messages();
        let _ = socket.send("still here").unwrap();
        assert_eq!(texts(&mut inbox, 1).await, ["still here"]);
    }
}

#[wasm_bindgen_test]
async fn a_server_whose_heartbeat_fails_to_come_is_left() {
    let fixture = Fixture::get().await;
    let url = fixture.url("/engine.io/echo/?pingInterval=300&pingTimeout=1500");
    let socket = engine(url).transports([Transport::WebSocket]).open().unwrap();
    let losses = Heard::new();
    let hear = losses.ear();
    let _losing = socket.on_reconnecting(move |lost| hear(lost.cause.kind));
    until("open", || is_open(&socket)).await;
    sleep(3_000).await;
    assert_eq!(losses.len(), 0, "as long as it comes, nothing else need be said");
    fixture.post("/control/stall?ms=4000", "").await;
    until("the loss", || losses.len() > 0).await;
    assert_eq!(losses.all()[0], CauseKind::Silence);
    until("the new session", || is_open(&socket)).await;
}

#[wasm_bindgen_test]
async fn what_the_wire_cannot_carry_is_handed_back() {
    let fixture = Fixture::get().await;
    let url = fixture.url("/engine.io/echo/?maxPayload=100");
    for over in BOTH {
        let socket = engine(url.clone()).transports([over]).open().unwrap();
        let separated = Message::from("a\u{1e}b");
        assert_eq!(socket.send(separated.clone()), Err(SendError::Unsendable(separated)));
        until("open", || is_open(&socket)).await;
        for long in ["x".repeat(101), "é".repeat(60)].map(Message::from) {
            assert_eq!(socket.send(long.clone()), Err(SendError::Unsendable(long)));
        }
        let mut inbox = socket.messages();
        assert!(socket.send("x".repeat(90)).is_ok());
        assert_eq!(texts(&mut inbox, 1).await, ["x".repeat(90)]);
    }
}

#[wasm_bindgen_test]
async fn a_session_over_polling_is_closed_with_a_word_to_the_server_that_has_the_headers_of_all() {
    let fixture = Fixture::get().await;
    let path = "/engine.io/chat/{key}";
    let builder = engine(fixture.url(path)).header("Authorization", "mine").transports([Transport::LongPoll]);
    let socket = builder.open().unwrap();
    until("open", || is_open(&socket)).await;
    socket.close();
    assert!(socket.status().is_closed());
    while !fixture.journal(path, "method").await.contains(&String::from("POST")) {
        sleep(20).await;
    }
    assert!(fixture.journal(path, "authorization").await.iter().all(|own| own == "mine"));
}

/// 1,000 messages up and as many down, through five drops between which all that was sent has arrived.
async fn a_thousand_each_way(transports: &[Transport]) {
    let fixture = Fixture::get().await;
    let (path, channel) = (fixture.path("/engine.io/collect/{key}"), fixture.path("{key}"));
    let url = fixture.url(&format!("{path}?ms=2"));
    let socket = engine(url).transports(transports.iter().copied()).open().unwrap();
    let down = Heard::new();
    let hear = down.ear();
    let _listening = socket.on_message(move |message| hear(message.as_text().map(String::from)));
    let losses = Heard::new();
    let hear = losses.ear();
    let _losing = socket.on_status(move |status| {
        if matches!(status, Status::Waiting { .. }) {
            hear(());
        }
    });
    let sessions = Heard::new();
    let hear = sessions.ear();
    let _counting = socket.on_reconnected(move |told| hear(told.continuity));
    let gone = Heard::new();
    let hear = gone.ear();
    let _dropping = socket.on_dropped(move |message, why| hear((message.clone(), why)));
    for round in 1..=5 {
        for n in (round - 1) * 200..round * 200 {
            let _ = socket.send(n.to_string()).unwrap();
        }
        until("the session", || is_open(&socket)).await;
        while fixture.kept(&channel).await.len() < round * 200 {
            sleep(20).await;
        }
        until("what comes down", || down.len() >= round * 200).await;
        end_session(&fixture, &path, carried_by(&socket).unwrap()).await;
        until("the loss", || losses.len() >= round).await;
    }
    until("the last session", || is_open(&socket)).await;
    assert_eq!(fixture.kept(&channel).await, numbered(0..1_000));
    assert_eq!(gone.all(), []);
    // Each session counts from one.
    let (mut last, mut begun) = (0, 0);
    for text in down.all() {
        let n: usize = text.unwrap().parse().unwrap();
        begun += usize::from(n == 1);
        assert!(n == 1 || n == last + 1, "{n} came after {last}");
        last = n;
    }
    assert_eq!(sessions.all(), [Continuity::Fresh; 5]);
    assert!((5..=6).contains(&begun), "{begun} sessions");
}

#[wasm_bindgen_test]
async fn a_thousand_messages_each_way_go_through_five_drops_of_a_websocket() {
    a_thousand_each_way(&[Transport::WebSocket]).await;
}

#[wasm_bindgen_test]
async fn and_of_polling() {
    a_thousand_each_way(&[Transport::LongPoll]).await;
}

#[wasm_bindgen_test]
async fn and_of_one_that_moves_up_each_time() {
    a_thousand_each_way(&BOTH).await;
}

#[wasm_bindgen_test]
async fn what_is_posted_into_a_drop_has_arrived_once_or_is_reported() {
    let fixture = Fixture::get().await;
    let (path, channel) = (fixture.path("/engine.io/collect/{key}"), fixture.path("{key}"));
    let socket = engine(fixture.url(&path)).transports([Transport::LongPoll]).open().unwrap();
    let gone = Heard::new();
    let hear = gone.ear();
    let _losing = socket.on_dropped(move |message, why| {
        assert_eq!(why, Why::Unknown);
        hear(message.as_text().unwrap().parse::<usize>().unwrap());
    });
    for n in 0..1_000 {
        let _ = socket.send(n.to_string()).unwrap();
        if n % 200 == 100 {
            end_session(&fixture, &path, Transport::LongPoll).await;
        }
        if n % 10 == 0 {
            sleep(1).await;
        }
    }
    until("the rest to be sent", || socket.queued().0 == 0).await;
    let kept = loop {
        let kept: Vec<usize> = fixture.kept(&channel).await.iter().map(|text| text.parse().unwrap()).collect();
        if kept.last() == Some(&999) || gone.all().contains(&999) {
            break kept;
        }
        sleep(20).await;
    };
    assert!(kept.is_sorted_by(|a, b| a < b), "in order, and none twice");
    let gone = gone.all();
    let missing: Vec<usize> = (0..1_000).filter(|n| !kept.contains(n) && !gone.contains(n)).collect();
    assert_eq!(missing, [0; 0], "neither arrived nor reported; reported were {gone:?}");
}

#[wasm_bindgen_test]
async fn a_try_of_a_better_transport_that_fails_changes_nothing() {
    let fixture = Fixture::get().await;
    // It is offered all the same.
    let socket = engine(fixture.url("/engine.io/echo/?transports=polling")).transports(BOTH).open().unwrap();
    until("the try", || socket.stats().attempts == 2).await;
    both_ways(&socket, Transport::LongPoll).await;
    assert_eq!(socket.stats().drops, 0);
}
