//! The shared number stream: ten a second, each event's data is its own number, so that a client can see at a glance what it missed.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};

use crate::app::Shared;
use crate::entries::Entries;
use crate::errors::Problem;
use crate::gate::Call;
use crate::log::{Draft, Id, Log, Start};
use crate::params::Params;
use crate::resume;
use crate::sse::Feed;
use crate::store::StoreError;

const BETWEEN_NUMBERS: Duration = Duration::from_millis(100);
const MAX_BURST: u64 = 10_000;
const DEFAULT_RETRY_MS: u64 = 1_000;

/// Counts on for ever. A number that could not be kept is tried again with the next tick.
pub(crate) async fn generate(log: Arc<Log>) {
    let mut ticks = interval(BETWEEN_NUMBERS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = push(&log, 1).await {
            eprintln!("numbers: {error}");
        }
    }
}

async fn push(log: &Arc<Log>, count: u64) -> Result<Id, StoreError> {
    log.append(count, |number| Draft { body: number.to_string().into(), ..Draft::default() }).await
}

/// `GET /sse/numbers[?burst=K]`: from now on, or from a position; `burst` pushes K numbers at once, for all who listen.
pub(crate) async fn read(
    State(app): State<Shared>,
    params: Params,
    headers: HeaderMap,
    Extension(call): Extension<Call>,
) -> Result<Response, Problem> {
    let start = resume::start(&headers, &params, Start::Newest)?;
    let burst = params.number("burst", 1..=MAX_BURST)?;
    let feed = Feed::of(&params)?.retry(DEFAULT_RETRY_MS);
    let entries = Entries::of(app.numbers.subscribe(start));
    if let Some(count) = burst {
        push(&app.numbers, count).await?;
    }
    Ok(feed.open(call, entries))
}

/// `POST /sse/numbers?count=K`: pushes K numbers at once.
pub(crate) async fn publish(State(app): State<Shared>, params: Params) -> Result<Response, Problem> {
    let count = params.number("count", 1..=MAX_BURST)?.unwrap_or(1);
    let id = push(&app.numbers, count).await?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id.to_string() }))).into_response())
}
