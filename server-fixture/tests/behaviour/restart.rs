//! What outlives the server, and what does not.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;
use server_fixture::Config;

use crate::support::{Events, Next, Server, client, soon};

/// Waits until a server that restarts is back.
async fn back(server: &Server) -> u64 {
    let health = async {
        loop {
            match server.get("/health").send().await {
                Ok(answer) => return answer.json::<serde_json::Value>().await.unwrap(),
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    soon(health).await["epoch"].as_u64().unwrap()
}

#[tokio::test]
async fn a_restart_closes_everything_and_begins_a_new_epoch_with_an_empty_history() {
    let server = Server::start().await;
    let mut epochs = vec![back(&server).await];
    for _ in 0..2 {
        let id = server.publish("a", "1").await;
        assert!(id.ends_with(":1"), "{id}");
        let mut events = server.events("/sse/numbers").await;
        let mut socket = server.socket("/ws/echo").await;
        server.order("/control/refuse-websocket").await;
        server.order("/control/restart?downMs=10").await;
        assert_eq!(events.rest().await.1, Next::Cut);
        assert_eq!(socket.next().await, None);
        let epoch = back(&server).await;
        assert!(epoch > *epochs.last().unwrap(), "even within one second");
        epochs.push(epoch);
        assert_eq!(server.poll("/relay/a?hold=0", None).await.status, StatusCode::REQUEST_TIMEOUT);
        // Faults are forgotten as well, and an id of before is of another epoch now.
        server.socket("/ws/echo").await;
        assert_eq!(server.events_after("/sse/numbers", &id).await.event().await.seq(), 1);
    }
}

#[tokio::test]
async fn what_was_trimmed_is_gone_from_the_store_too() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::with(Config { data: Some(folder.path().into()), ..Config::default() }).await;
    for body in ["a", "b", "c"] {
        server.publish("t", body).await;
    }
    assert_eq!(server.order("/control/trim?channel=t&keep=1").await["gone"], 2);
    server.order("/control/restart?downMs=10").await;
    back(&server).await;
    assert_eq!(server.json("/relay/t/all").await.as_array().unwrap().len(), 1);
    assert!(server.publish("t", "d").await.ends_with(":4"));
}

#[tokio::test]
async fn while_it_is_down_nobody_can_connect() {
    let server = Server::start().await;
    let mut events = server.events("/sse/numbers").await;
    server.order("/control/restart?downMs=60000").await;
    assert_eq!(events.rest().await.1, Next::Cut);
    let refused = async { while server.get("/health").send().await.is_ok() {} };
    soon(refused).await;
    soon(server.fixture.shutdown()).await.unwrap();
}

#[tokio::test]
async fn with_data_a_restart_goes_on_with_the_same_ids_and_finishes_its_tasks() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::with(Config { data: Some(data.path().into()), ..Config::default() }).await;
    let epoch = back(&server).await;
    let id = server.publish("a", "1").await;
    let number = server.events("/sse/numbers?burst=3").await.event().await;
    let mut prices = server.events("/sse/prices").await;
    let (snapshot, price) = (prices.event().await, prices.event().await);
    let task = soon(server.post("/tasks").json(&json!({ "steps": 5, "ms": 400 })).send()).await.unwrap();
    let task: serde_json::Value = task.json().await.unwrap();
    let task = task["events"].as_str().unwrap();
    let progress = server.events(task).await.event().await;

    server.order("/control/restart?downMs=10").await;
    assert_eq!(prices.rest().await.1, Next::Cut);
    assert_eq!(back(&server).await, epoch);

    server.publish("a", "2").await;
    assert_eq!(server.events_after("/relay/a", &id).await.event().await.data, "2");
    let mut numbers = server.events_after("/sse/numbers", &number.id).await;
    for n in 1..6 {
        assert_eq!(numbers.event().await.seq(), number.seq() + n);
    }
    let resumed = server.events_after("/sse/prices", &price.id).await.event().await;
    assert_eq!(resumed.seq(), snapshot.seq() + 2);
    let (rest, end) = server.events_after(task, &progress.id).await.rest().await;
    assert_eq!((rest.len(), end), (5, Next::End));
    assert_eq!(rest[4].kind, "done");
}

/// The program itself, which can be killed.
struct Program {
    child: Child,
    url: String,
}

impl Program {
    fn start(data: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_everwire-fixture"))
            .args(["--port", "0", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("everwire fixture: ").expect("the one line").to_owned();
        Self { child, url }
    }

    /// SIGKILL.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[tokio::test]
async fn history_survives_sigkill_with_nothing_missed_and_nothing_twice() {
    let data = tempfile::tempdir().unwrap();
    let client = client();
    let (mut acknowledged, mut tried) = (Vec::new(), 0_u64);
    let mut seen = Vec::new();
    let mut last: Option<String> = None;
    for round in 0..3 {
        let program = Program::start(data.path());
        // Reads numbers, from where it was before the kill.
        let mut request = client.get(format!("{}/sse/numbers", program.url));
        if let Some(id) = &last {
            request = request.header("last-event-id", id);
        }
        let mut numbers = Events::open(request).await;
        // Meanwhile publishes without a pause, so that the kill comes at any point of it.
        let relay = format!("{}/relay/a", program.url);
        let publishing = async {
            loop {
                tried += 1;
                let answer = client.post(&relay).body(tried.to_string()).send().await;
                let Ok(answer) = answer else { return };
                let Ok(told) = answer.json::<serde_json::Value>().await else { return };
                acknowledged.push((told["id"].as_str().unwrap().to_owned(), tried.to_string()));
            }
        };
        let reading = async {
            for _ in 0..4 {
                let event = numbers.event().await;
                seen.push(event.seq());
                last = Some(event.id);
            }
            program.kill();
            // What was on its way when the server died was delivered too.
            for event in numbers.rest().await.0 {
                seen.push(event.seq());
                last = Some(event.id);
            }
        };
        tokio::join!(publishing, reading);
        assert!(acknowledged.len() > round, "something was published in each round");
    }
    let first = seen[0];
    assert_eq!(seen, (first..first + seen.len() as u64).collect::<Vec<_>>());

    let program = Program::start(data.path());
    let mut relay = Events::open(client.get(format!("{}/sse/a", program.url))).await;
    let mut kept = Vec::new();
    while kept.len() < acknowledged.len() || kept.last().is_some_and(|(id, _)| *id != acknowledged.last().unwrap().0) {
        let event = relay.event().await;
        assert_eq!(event.seq(), kept.len() as u64 + 1, "ids without a hole");
        kept.push((event.id, event.data));
    }
    // One may be kept that was not acknowledged, when the kill came in between.
    kept.retain(|message| acknowledged.contains(message));
    assert_eq!(kept, acknowledged);
    program.kill();
}
