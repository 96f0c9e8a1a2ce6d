//! One URL, three transports, one id.

use reqwest::StatusCode;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Server, soon};

#[tokio::test]
async fn a_message_has_the_same_id_over_websocket_sse_and_long_polling() {
    let server = Server::start().await;
    let id = server.publish("news", "hello").await;
    let epoch = server.json("/health").await["epoch"].as_u64().unwrap();
    assert_eq!(id, format!("{epoch}:1"));

    let event = server.events("/relay/news").await.event().await;
    assert_eq!((event.id.as_str(), event.data.as_str()), (id.as_str(), "hello"));

    let mut socket = server.meta_socket("/relay/news").await;
    assert_eq!(socket.protocol.as_deref(), Some("ws+meta.nchan"));
    assert_eq!(socket.text().await, format!("id: {id}\n\nhello"));

    let polled = server.poll("/relay/news", None).await;
    assert_eq!((polled.status, polled.body.as_slice()), (StatusCode::OK, b"hello".as_slice()));
    assert_eq!((polled.position.1.as_str(), polled.position.id()), ("1", id));
}

#[tokio::test]
async fn each_transport_goes_on_after_an_id_that_another_one_gave() {
    let server = Server::start().await;
    for body in ["a", "b", "c", "d"] {
        server.publish("news", body).await;
    }
    let first = server.poll("/relay/news", None).await;
    let mut events = server.events_after("/relay/news", &first.position.id()).await;
    let second = events.event().await;
    let mut socket = server.socket(&format!("/relay/news?last_event_id={}", second.id)).await;
    assert_eq!(socket.text().await, "c");

    let polled = server.poll(&format!("/relay/news?lastEventId={}", second.id), None).await;
    assert_eq!(polled.body, b"c");
    let last = server.poll("/relay/news", Some(&polled.position)).await;
    assert_eq!(last.body, b"d");
    assert_eq!(last.position.0, first.position.0, "the date is the epoch, and stays");
}

#[tokio::test]
async fn a_poll_waits_for_a_message_and_answers_408_with_the_position_if_none_comes() {
    let server = Server::start().await;
    server.publish("news", "a").await;
    let first = server.poll("/relay/news", None).await;

    let idle = server.poll("/relay/news?hold=20", Some(&first.position)).await;
    assert_eq!((idle.status, &idle.position), (StatusCode::REQUEST_TIMEOUT, &first.position));

    let waiting = server.poll("/relay/news", Some(&first.position));
    let publishing = async {
        // 201 says that somebody is listening, so the poll has begun by then.
        while soon(server.post("/relay/news").body("b").send()).await.unwrap().status() != StatusCode::CREATED {}
    };
    let (polled, ()) = tokio::join!(waiting, publishing);
    assert_eq!((polled.status, polled.body.as_slice()), (StatusCode::OK, b"b".as_slice()));
}

#[tokio::test]
async fn a_poll_on_a_channel_without_messages_has_a_position_too() {
    let server = Server::start().await;
    let idle = server.poll("/relay/empty?hold=0", None).await;
    assert_eq!((idle.status, idle.position.1.as_str()), (StatusCode::REQUEST_TIMEOUT, "0"));
    server.publish("empty", "first").await;
    assert_eq!(server.poll("/relay/empty", Some(&idle.position)).await.body, b"first");
}

#[tokio::test]
async fn publishing_answers_201_with_readers_and_202_without() {
    let server = Server::start().await;
    assert_eq!(soon(server.post("/relay/a").body("1").send()).await.unwrap().status(), StatusCode::ACCEPTED);
    let mut events = server.events("/relay/a").await;
    assert_eq!(soon(server.post("/relay/a").body("2").send()).await.unwrap().status(), StatusCode::CREATED);
    assert_eq!(events.data(2).await, ["1", "2"]);
}

#[tokio::test]
async fn what_a_socket_says_is_published() {
    let server = Server::start().await;
    let mut socket = server.socket("/relay/talk").await;
    assert_eq!(socket.protocol, None);
    socket.send("hello").await;
    assert_eq!(socket.text().await, "hello");
    assert_eq!(server.events("/sse/talk").await.event().await.data, "hello");
}

#[tokio::test]
async fn bodies_and_content_types_stay_as_they_were() {
    let server = Server::start().await;
    let octets = vec![0, 255, 10, 128];
    let request = server.post("/relay/raw").header("content-type", "application/octet-stream");
    soon(request.body(octets.clone()).send()).await.unwrap();
    let request = server.post("/relay/raw").header("content-type", "text/x-mine");
    soon(request.body("one\r\ntwo\n\nfour").send()).await.unwrap();

    let first = server.poll("/relay/raw", None).await;
    assert_eq!((first.content_type.as_deref(), &first.body), (Some("application/octet-stream"), &octets));
    let second = server.poll("/relay/raw", Some(&first.position)).await;
    assert_eq!(
        (second.content_type.as_deref(), second.body.as_slice()),
        (Some("text/x-mine"), b"one\r\ntwo\n\nfour".as_slice())
    );

    let mut socket = server.meta_socket("/relay/raw").await;
    let head = format!("id: {}\ncontent-type: application/octet-stream\n\n", first.position.id());
    assert_eq!(socket.next().await, Some(Message::binary([head.as_bytes(), &octets].concat())));
    let head = format!("id: {}\ncontent-type: text/x-mine\n\n", second.position.id());
    assert_eq!(socket.text().await, format!("{head}one\r\ntwo\n\nfour"));

    let mut plain = server.socket("/relay/raw").await;
    assert_eq!(plain.next().await, Some(Message::binary(octets)));

    let mut events = server.events_after("/relay/raw", &first.position.id()).await;
    assert_eq!(events.event().await.data, "one\ntwo\n\nfour");
}

#[tokio::test]
async fn a_message_can_name_its_sse_event() {
    let server = Server::start().await;
    let request = server.post("/relay/named").header("x-eventsource-event", "price");
    soon(request.body("1").send()).await.unwrap();
    assert_eq!(server.events("/relay/named").await.event().await.kind, "price");
}

#[tokio::test]
async fn without_an_id_a_channel_is_read_from_the_oldest_unless_first_is_newest() {
    let server = Server::start().await;
    server.publish("news", "old").await;
    let mut newest = server.events("/relay/news?first=newest").await;
    server.publish("news", "new").await;
    assert_eq!(newest.data(1).await, ["new"]);
    assert_eq!(server.events("/relay/news").await.data(2).await, ["old", "new"]);
}

#[tokio::test]
async fn an_id_of_another_epoch_replays_from_the_oldest_and_one_from_the_future_goes_on_from_the_newest() {
    let server = Server::start().await;
    let id = server.publish("news", "a").await;
    assert_eq!(server.events_after("/relay/news", "1:1").await.data(1).await, ["a"]);

    let future = format!("{}9", id);
    let mut events = server.events_after("/relay/news", &future).await;
    server.publish("news", "b").await;
    assert_eq!(events.data(1).await, ["b"]);
}

#[tokio::test]
async fn history_is_bounded_and_an_id_that_is_too_old_replays_from_the_oldest_kept() {
    let server = Server::start().await;
    let mebibyte = "x".repeat(1024 * 1024);
    for _ in 0..9 {
        server.publish("big", &mebibyte).await;
    }
    let epoch = server.json("/health").await["epoch"].as_u64().unwrap();
    assert_eq!(server.events("/relay/big").await.event().await.seq(), 2, "8 MiB are kept");
    assert_eq!(server.events_after("/relay/big", &format!("{epoch}:0")).await.event().await.seq(), 2);

    let mut events = server.events("/sse/numbers?first=oldest").await;
    let first = events.event().await.seq();
    server.order("/sse/numbers?count=10000").await;
    server.order("/sse/numbers?count=10000").await;
    assert!(server.events("/sse/numbers?first=oldest").await.event().await.seq() > first + 10_000);
}

/// Each part of it as nginx 1.22 with nchan 1.3.6 was seen to write it.
#[tokio::test]
async fn a_multipart_poll_brings_all_that_waits_and_the_position_of_the_last() {
    let server = Server::start().await;
    let first = server.publish("m", "one\r\n").await;
    let typed = server.post("/relay/m").header("content-type", "application/octet-stream");
    soon(typed.send()).await.unwrap();
    let last = server.publish("m", "three").await;
    let polled = server.poll("/relay/m?multipart", None).await;
    let kind = polled.content_type.as_deref().unwrap();
    let boundary = kind.strip_prefix("multipart/mixed; boundary=").unwrap();
    let expected = [
        format!("--{boundary}\r\n\r\none\r\n\r\n"),
        format!("--{boundary}\r\nContent-Type: application/octet-stream\r\n\r\n\r\n"),
        format!("--{boundary}\r\n\r\nthree\r\n--{boundary}--\r\n"),
    ];
    assert_eq!(String::from_utf8(polled.body).unwrap(), expected.concat());
    assert_eq!(
        (polled.position.id(), server.json("/journal?path=/relay/m").await[3]["sent"].clone()),
        (last, 3.into())
    );
    // What waits alone comes as it would without.
    let alone = server.publish("m", "four").await;
    let polled = server.poll("/relay/m?multipart", Some(&polled.position)).await;
    assert_eq!((polled.body.as_slice(), polled.content_type, polled.position.id()), (b"four".as_slice(), None, alone));
    assert_ne!(first, server.publish("m", "five").await);
}

#[tokio::test]
async fn all_that_is_kept_can_be_read_at_once() {
    let server = Server::start().await;
    let id = server.publish("all", "häl").await;
    let octets = server.post("/relay/all").header("content-type", "application/octet-stream");
    soon(octets.body("a").send()).await.unwrap();
    soon(server.post("/relay/all").body(vec![255]).send()).await.unwrap();
    let all = server.json("/relay/all/all").await;
    assert_eq!((&all[0]["id"], &all[0]["text"]), (&id.into(), &"häl".into()));
    assert_eq!((&all[1]["bytes"], &all[2]["bytes"]), (&serde_json::json!([97]), &serde_json::json!([255])));
}

#[tokio::test]
async fn what_was_trimmed_is_passed_over_in_silence() {
    let server = Server::start().await;
    let first = server.publish("t", "a").await;
    for body in ["b", "c"] {
        server.publish("t", body).await;
    }
    assert_eq!(server.order("/control/trim?channel=t&keep=1").await["gone"], 2);
    let mut events = server.events_after("/relay/t", &first).await;
    assert_eq!(events.event().await.data, "c");
}
