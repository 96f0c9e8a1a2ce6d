//! Many events at once, and drops among them.

use reqwest::StatusCode;
use tokio::time::timeout;

use crate::support::{Event, Events, Next, QUIET, Server, soon};

#[tokio::test]
async fn it_sends_so_many_events_of_one_size_and_ends() {
    let server = Server::start().await;
    let (events, end) = server.events("/sse/burst?count=1200&size=5&ids").await.rest().await;
    assert_eq!((events.len(), end), (1200, Next::End));
    for (event, n) in events.iter().zip(1..) {
        assert_eq!((event.id.as_str(), event.data.as_str()), (n.to_string().as_str(), format!("{n:.<5}").as_str()));
    }
    assert_eq!(server.json("/journal").await[0]["sent"], 1200);
    let (events, _) = server.events("/sse/burst?count=11&size=1&ids").await.rest().await;
    assert_eq!(events[10].data, "1", "the size is exact, even if the number is longer");
}

#[tokio::test]
async fn without_ids_it_has_none() {
    let server = Server::start().await;
    for query in ["count=2&size=0&quiet", "count=2&size=0&quiet&ids&id=none"] {
        let mut events = server.events(&format!("/sse/burst?{query}")).await;
        for _ in 0..2 {
            assert_eq!(soon(events.next_block()).await, Next::Event(Event::default()), "{query}");
        }
        assert_eq!(soon(events.next_block()).await, Next::End);
    }
}

#[tokio::test]
async fn it_resumes_and_tells_one_who_has_seen_the_last_that_it_is_over() {
    let server = Server::start().await;
    let path = "/sse/burst?count=10&ids";
    let (events, end) = server.events_after(path, "7").await.rest().await;
    let ids: Vec<_> = events.iter().map(|event| event.id.as_str()).collect();
    assert_eq!((ids, end), (vec!["8", "9", "10"], Next::End));
    let over = soon(server.get(path).header("last-event-id", "10").send()).await.unwrap();
    assert_eq!(over.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn hold_keeps_it_open_with_comments_after_the_last() {
    let server = Server::start().await;
    let mut events = server.events("/sse/burst?count=1&ids&hold&comments=20").await;
    events.event().await;
    for _ in 0..2 {
        let comment = Event { comment: Some("still here".into()), ..Event::default() };
        assert_eq!(soon(events.next_block()).await, Next::Event(comment));
    }
    let mut held = server.events_after("/sse/burst?count=1&ids&hold", "1").await;
    assert!(timeout(QUIET, held.next()).await.is_err());
    let (events, end) = server.events("/sse/burst?count=1&ids&hold=10").await.rest().await;
    assert_eq!((events.len(), end), (1, Next::End));
}

#[tokio::test]
async fn faults_come_after_exactly_so_many_events() {
    let server = Server::start().await;
    for (query, count, expected) in [
        ("drop-after=777", 777, Next::Cut),
        ("end-after=777", 777, Next::End),
        ("drop-after=9&end-after=5", 5, Next::End),
    ] {
        let (events, end) = server.events(&format!("/sse/burst?ids&{query}")).await.rest().await;
        assert_eq!((events.len(), end), (count, expected), "{query}");
    }
}

/// Reads a burst to its end, through all of its drops: the ids in order, and how many came over each connection.
async fn through_drops(server: &Server, path: &str) -> (Vec<u64>, Vec<usize>) {
    let (mut ids, mut runs) = (Vec::new(), Vec::new());
    loop {
        let seen = ids.last().map(u64::to_string).unwrap_or_default();
        let (events, end) = server.events_after(path, &seen).await.rest().await;
        runs.push(events.len());
        ids.extend(events.iter().map(|event| event.id.parse::<u64>().unwrap()));
        if end == Next::End {
            return (ids, runs);
        }
        assert!(runs.len() < 1_000, "no end is reached");
    }
}

#[tokio::test]
async fn drop_random_cuts_at_random_events_until_the_end_is_reached() {
    let server = Server::start().await;
    let (ids, runs) = through_drops(&server, "/sse/burst?count=10000&size=8&ids&drop-random=50&seed=1&key=a").await;
    assert_eq!(ids, (1..=10_000).collect::<Vec<_>>());
    assert!((150..=260).contains(&runs.len()), "{} connections", runs.len());
    assert!(runs.iter().min().unwrap() < &10 && runs.iter().max().unwrap() > &100, "{runs:?}");
}

#[tokio::test]
async fn drop_random_is_drawn_from_the_seed_and_the_count_of_the_key() {
    let server = Server::start().await;
    let runs = async |query: &str| through_drops(&server, &format!("/sse/burst?count=300&size=8&ids&{query}")).await.1;
    let first = runs("drop-random=20&seed=7&key=a").await;
    assert_eq!(runs("drop-random=20&seed=7&key=b").await, first);
    assert_ne!(runs("drop-random=20&seed=8&key=c").await, first);
    assert_ne!(runs("drop-random=20&seed=7&key=a").await, first, "the key is counted on");
    let limited = runs("drop-random=20&seed=7&key=d&times=2").await;
    assert_eq!((limited.len(), &limited[..2]), (3, &first[..2]));
}

#[tokio::test]
async fn drop_random_loses_the_answers_of_some_polls() {
    let server = Server::start().await;
    server.publish("a", "1").await;
    let mut lost = 0;
    for _ in 0..100 {
        match soon(server.get("/relay/a?drop-random=4&key=a").send()).await {
            Ok(answer) => assert_eq!(answer.text().await.unwrap(), "1"),
            Err(_) => lost += 1,
        }
    }
    assert!((10..=40).contains(&lost), "{lost}");
}

#[tokio::test]
async fn a_million_events_arrive() {
    let server = Server::start().await;
    let mut answer = soon(server.get("/sse/burst?count=1000000&size=7&quiet").send()).await.unwrap();
    let mut length = 0;
    while let Some(chunk) = soon(answer.chunk()).await.unwrap() {
        length += chunk.len();
    }
    assert_eq!(length, 1_000_000 * "data: 1000000\n\n".len());
}

#[tokio::test]
async fn a_client_that_reads_nothing_costs_no_more_than_a_buffer() {
    let server = Server::start().await;
    let _unread = Events::open(server.get("/sse/burst?count=1000000&size=1000000")).await;
    let sent = async || server.json("/journal").await[0]["sent"].as_u64().unwrap();
    let (mut before, mut now) = (0, sent().await);
    while now > before {
        tokio::time::sleep(QUIET).await;
        (before, now) = (now, sent().await);
    }
    assert!(now < 100, "{now}");
}
