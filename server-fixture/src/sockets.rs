//! Plain WebSockets for tests of what a client does by itself: numbered streams that resume as an application would have it, a gate, a
//! heartbeat that can fall silent, a record of what arrived, and bursts.

use axum::Extension;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::time::{Instant, sleep_until};

use crate::app::Shared;
use crate::errors::Problem;
use crate::gate::Call;
use crate::log::{Draft, Log};
use crate::numbered::Numbered;
use crate::params::Params;
use crate::ws::{self, Party, because};
use crate::{clock, relay, resume};

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

/// Close code of those who have not said who they are, as graphql-transport-ws has it.
const UNAUTHORIZED: u16 = 4401;
const MAX_MS: u64 = 60_000;

/// What waits to be said, or for ever.
async fn next_of(waiting: &mut Option<Message>) -> Option<Message> {
    match waiting.take() {
        Some(message) => Some(message),
        None => std::future::pending().await,
    }
}

/// Records what it hears, and may count aloud.
struct Collector {
    log: Arc<Log>,
    numbered: Option<Numbered>,
}

impl Party for Collector {
    async fn next(&mut self) -> Option<Message> {
        match &mut self.numbered {
            Some(numbered) => Some(numbered.next().await),
            None => std::future::pending().await,
        }
    }

    async fn heard(&mut self, message: Message) -> Result<(), Problem> {
        relay::append(&self.log, Draft::heard(message)).await.map(|_| ())
    }
}

/// `GET /ws/collect/{name}`: keeps every message in the relay channel of that name; `ms=` has it send numbers as well.
pub(crate) async fn collect(
    State(app): State<Shared>,
    Path(name): Path<String>,
    params: Params,
    Extension(call): Extension<Call>,
    upgrade: Upgrade,
) -> Result<Response, Problem> {
    let numbered = params.get("ms").is_some().then(|| Numbered::stream(&params)).transpose()?;
    Ok(ws::open(ws::checked(upgrade)?, call, Collector { log: app.channels.get(&name)?, numbered }))
}

/// Says numbers, and nothing else.
struct Burst(Numbered);

impl Party for Burst {
    async fn next(&mut self) -> Option<Message> {
        Some(self.0.next().await)
    }

    async fn heard(&mut self, _: Message) -> Result<(), Problem> {
        Ok(())
    }
}

/// `GET /ws/burst`
pub(crate) async fn burst(
    params: Params,
    Extension(call): Extension<Call>,
    upgrade: Upgrade,
) -> Result<Response, Problem> {
    Ok(ws::open(ws::checked(upgrade)?, call, Burst(Numbered::burst(&params)?)))
}

/// Numbers with ids, from one that the client gives.
struct Resuming {
    /// Not known before the client's first message.
    last: Option<u64>,
    between_ms: u64,
    due: Option<Instant>,
}

impl Party for Resuming {
    async fn next(&mut self) -> Option<Message> {
        let Some(last) = self.last else { return std::future::pending().await };
        let due = *self.due.get_or_insert_with(|| clock::in_ms(self.between_ms));
        sleep_until(due).await;
        self.due = None;
        let n = last.saturating_add(1);
        self.last = Some(n);
        Some(Message::Text(json!({ "id": n.to_string(), "n": n }).to_string().into()))
    }

    async fn heard(&mut self, message: Message) -> Result<(), Problem> {
        if self.last.is_none() {
            let said: Value = serde_json::from_slice(&message.into_data()).unwrap_or_default();
            self.last = Some(said.get("resume").and_then(Value::as_str).and_then(|id| id.parse().ok()).unwrap_or(0));
        }
        Ok(())
    }
}

/// `GET /ws/numbers`: `{"id":"N","n":N}` from 1, or after `lastEventId=`; with `first`, after that of the first message `{"resume":"N"}`.
pub(crate) async fn numbers(
    params: Params,
    headers: axum::http::HeaderMap,
    Extension(call): Extension<Call>,
    upgrade: Upgrade,
) -> Result<Response, Problem> {
    let between_ms = params.number("ms", 1..=MAX_MS)?.unwrap_or(20);
    let after = resume::counted(&headers, &params)?.unwrap_or(0);
    let last = (!params.flag("first")?).then_some(after);
    Ok(ws::open(ws::checked(upgrade)?, call, Resuming { last, between_ms, due: None }))
}

/// An echo for those who have shown a token.
struct Gate {
    is_open: bool,
    waiting: Option<Message>,
}

impl Party for Gate {
    async fn next(&mut self) -> Option<Message> {
        next_of(&mut self.waiting).await
    }

    async fn heard(&mut self, message: Message) -> Result<(), Problem> {
        self.waiting = Some(if self.is_open {
            message
        } else {
            let said: Value = serde_json::from_slice(&message.into_data()).unwrap_or_default();
            self.is_open = said.get("token").is_some_and(|token| token == "good");
            if self.is_open {
                Message::Text("welcome".into())
            } else {
                Message::Close(because(UNAUTHORIZED, "no token"))
            }
        });
        Ok(())
    }
}

/// `GET /ws/gate`: closes with 4401 unless the first message is `{"token":"good"}`, which it answers with `welcome`; then it echoes.
pub(crate) async fn gate(Extension(call): Extension<Call>, upgrade: Upgrade) -> Result<Response, Problem> {
    Ok(ws::open(ws::checked(upgrade)?, call, Gate { is_open: false, waiting: None }))
}

/// Answers `ping` with `pong`, for a while.
struct Heart {
    beats: u64,
    waiting: Option<Message>,
}

impl Party for Heart {
    async fn next(&mut self) -> Option<Message> {
        next_of(&mut self.waiting).await
    }

    async fn heard(&mut self, message: Message) -> Result<(), Problem> {
        if self.beats > 0 && matches!(&message, Message::Text(text) if text.as_str() == "ping") {
            self.beats = self.beats.saturating_sub(1);
            self.waiting = Some(Message::Text("pong".into()));
        }
        Ok(())
    }
}

/// `GET /ws/heartbeat[?mute-after=n]`
pub(crate) async fn heartbeat(
    params: Params,
    Extension(call): Extension<Call>,
    upgrade: Upgrade,
) -> Result<Response, Problem> {
    let beats = params.number("mute-after", 0..=1_000_000)?.unwrap_or(u64::MAX);
    Ok(ws::open(ws::checked(upgrade)?, call, Heart { beats, waiting: None }))
}
