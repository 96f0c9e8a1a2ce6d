//! How an event stream is written: its comments, its ids.

use tokio::time::timeout;

use crate::support::{Event, Next, QUIET, Server, soon};

#[tokio::test]
async fn quiet_sends_not_one_byte_until_the_first_event_and_no_comment_after_it() {
    let server = Server::start().await;
    let mut events = server.events("/sse/a?quiet&comments=1&retry=5").await;
    assert!(timeout(QUIET, events.next_block()).await.is_err());
    let id = server.publish("a", "1").await;
    let expected = Event { id, data: "1".into(), ..Event::default() };
    assert_eq!(soon(events.next_block()).await, Next::Event(expected));
    assert!(timeout(QUIET, events.next_block()).await.is_err());
}

#[tokio::test]
async fn quiet_numbers_have_no_retry_either() {
    let server = Server::start().await;
    let mut events = server.events("/sse/numbers?quiet").await;
    let Next::Event(first) = soon(events.next_block()).await else { panic!("no event") };
    assert_eq!((first.retry, first.comment), (None, None));
    assert_eq!(first.data, first.id.split_once(':').unwrap().1);
}

#[tokio::test]
async fn comments_come_as_often_as_was_asked_for() {
    let server = Server::start().await;
    let mut events = server.events("/sse/a?comments=20").await;
    for text in ["hi", "still here", "still here", "still here"] {
        let comment = Event { comment: Some(text.into()), ..Event::default() };
        assert_eq!(soon(events.next_block()).await, Next::Event(comment));
    }
}

#[tokio::test]
async fn without_being_asked_for_a_comment_is_not_soon() {
    let server = Server::start().await;
    let mut events = server.events("/sse/a").await;
    soon(events.next_block()).await;
    assert!(timeout(QUIET, events.next_block()).await.is_err());
}

#[tokio::test]
async fn id_none_leaves_the_ids_out() {
    let server = Server::start().await;
    let request = server.post("/relay/a").header("x-eventsource-event", "named");
    soon(request.body("1").send()).await.unwrap();
    for path in ["/sse/a?id=none&quiet", "/relay/a?id=none&quiet"] {
        let expected = Event { kind: "named".into(), data: "1".into(), ..Event::default() };
        assert_eq!(soon(server.events(path).await.next_block()).await, Next::Event(expected));
    }
    let Next::Event(snapshot) = soon(server.events("/sse/prices?id=none&quiet").await.next_block()).await else {
        panic!("no snapshot")
    };
    assert_eq!((snapshot.id.as_str(), snapshot.kind.as_str()), ("", "snapshot"));
}
