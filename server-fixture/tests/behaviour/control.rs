//! Breaking it for everybody.

use std::time::Duration;

use reqwest::StatusCode;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{META, Next, QUIET, Server, soon};

#[tokio::test]
async fn drop_cuts_every_live_connection_but_the_callers() {
    let server = Server::start().await;
    let mut events = server.events("/sse/numbers").await;
    events.event().await;
    let mut socket = server.socket("/ws/echo").await;
    let poll = server.get("/relay/a").send();
    let order = async {
        while server.json("/control").await["live"] != 3 {}
        server.order("/control/drop").await
    };
    let (poll, cut) = tokio::join!(poll, order);
    assert_eq!(cut["cut"], 3);
    assert!(poll.is_err());
    assert_eq!(events.rest().await.1, Next::Cut);
    assert_eq!(socket.next().await, None);
}

#[tokio::test]
async fn drop_with_a_path_cuts_only_what_begins_with_it() {
    let server = Server::start().await;
    let mut events = server.events("/sse/numbers").await;
    let mut socket = server.socket("/ws/echo").await;
    assert_eq!(server.order("/control/drop?path=/ws/").await["cut"], 1);
    assert_eq!(socket.next().await, None);
    events.event().await;
}

#[tokio::test]
async fn refuse_websocket_drops_those_that_live_and_answers_new_ones_403_until_its_end() {
    let server = Server::start().await;
    let mut socket = server.socket("/ws/echo").await;
    let mut events = server.events("/sse/numbers").await;
    server.order("/control/refuse-websocket").await;
    assert_eq!(socket.next().await, None);
    assert_eq!(server.refused_socket("/ws/echo").await, StatusCode::FORBIDDEN);
    assert_eq!(server.refused_socket("/relay/a").await, StatusCode::FORBIDDEN);
    events.event().await;
    server.order("/control/refuse-websocket?ms=0").await;
    server.socket("/ws/echo").await;

    server.order("/control/refuse-websocket?ms=60000").await;
    assert_eq!(server.refused_socket("/ws/echo").await, StatusCode::FORBIDDEN);
    soon(server.client.delete(server.url("/control")).send()).await.unwrap();
    server.socket("/ws/echo").await;
}

#[tokio::test]
async fn a_stall_holds_up_all_output_and_then_all_of_it_comes() {
    let server = Server::start().await;
    let mut events = server.events("/relay/a").await;
    let mut socket = server.socket("/relay/a").await;
    let mut echo = server.socket("/ws/echo").await;
    server.order("/control/stall").await;
    echo.send("echo").await;
    for n in ["1", "2"] {
        server.publish("a", n).await;
    }
    let fresh = server.get("/relay/a").send();
    tokio::pin!(fresh);
    assert!(timeout(QUIET, events.next()).await.is_err());
    assert!(timeout(QUIET, socket.next()).await.is_err());
    assert!(timeout(QUIET, echo.next()).await.is_err());
    assert!(timeout(QUIET, &mut fresh).await.is_err(), "new ones are not answered");
    assert_eq!(server.json("/control").await["faults"]["stall"]["on"], true);

    server.order("/control/stall?ms=1").await;
    assert_eq!(events.data(2).await, ["1", "2"]);
    assert_eq!((socket.text().await, socket.text().await), ("1".into(), "2".into()));
    assert_eq!(echo.text().await, "echo");
    assert_eq!(soon(fresh).await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn a_connection_that_is_stalled_can_still_be_cut() {
    let server = Server::start().await;
    server.publish("a", "1").await;
    server.order("/control/stall").await;
    let poll = server.get("/relay/a").send();
    let order = async {
        while server.json("/control").await["live"] != 1 {}
        server.order("/control/drop").await
    };
    assert!(tokio::join!(poll, order).0.is_err());
}

#[tokio::test]
async fn unavailable_cuts_all_and_answers_503_with_the_seconds_left() {
    let server = Server::start().await;
    let mut events = server.events("/sse/numbers").await;
    server.order("/control/unavailable?ms=59500").await;
    assert_eq!(events.rest().await.1, Next::Cut);
    for path in ["/sse/numbers", "/relay/a", "/nothing"] {
        let answer = soon(server.get(path).send()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        let seconds: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((45..=60).contains(&seconds), "{seconds}");
    }
    assert_eq!(server.refused_socket("/ws/echo").await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(server.json("/health").await["ok"], true);
    assert!(server.json("/journal").await.is_array());
    server.order("/control/unavailable?ms=0").await;
    server.socket("/ws/echo").await;
}

#[tokio::test]
async fn a_fault_for_a_time_ends_by_itself() {
    let server = Server::start().await;
    server.order("/control/unavailable?ms=50").await;
    let back = async {
        while soon(server.get("/relay/a?hold=0").send()).await.unwrap().status() != StatusCode::REQUEST_TIMEOUT {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon(back).await;
    assert_eq!(server.json("/control").await["faults"]["unavailable"]["on"], false);
}

#[tokio::test]
async fn a_reset_also_forgets_the_keys() {
    let server = Server::start().await;
    let path = "/health?status=500&times=1&key=k";
    assert_eq!(soon(server.get(path).send()).await.unwrap().status().as_u16(), 500);
    assert_eq!(soon(server.get(path).send()).await.unwrap().status().as_u16(), 200);
    let state = soon(server.client.delete(server.url("/control")).send()).await.unwrap();
    assert_eq!(state.json::<serde_json::Value>().await.unwrap()["keys"], 0);
    assert_eq!(soon(server.get(path).send()).await.unwrap().status().as_u16(), 500);
}

#[tokio::test]
async fn a_thousand_messages_arrive_once_each_while_the_connection_is_dropped_fifty_times() {
    let server = Server::start().await;
    let publishing = async {
        for n in 1..=1000 {
            server.publish("a", &n.to_string()).await;
            if n % 20 == 0 {
                server.order("/control/drop").await;
            }
        }
    };
    let reading = async {
        let (mut seen, mut connections) = (Vec::new(), 0);
        let mut position = String::new();
        while seen.len() < 1000 {
            connections += 1;
            let mut socket = match server.try_socket(&format!("/relay/a?last_event_id={position}"), META).await {
                Ok(socket) => socket,
                // Cut in its handshake.
                Err(_) => continue,
            };
            while let Some(Message::Text(text)) = socket.next().await {
                let (head, body) = text.split_once("\n\n").unwrap();
                position = head.strip_prefix("id: ").unwrap().into();
                seen.push(body.parse::<u32>().unwrap());
                if seen.len() == 1000 {
                    break;
                }
            }
        }
        (seen, connections)
    };
    let ((), (seen, connections)) = tokio::join!(publishing, reading);
    assert_eq!(seen, (1..=1000).collect::<Vec<_>>());
    assert!(connections > 10, "it was dropped, not only asked to be: {connections}");
}
