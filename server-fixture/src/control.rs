//! Breaking things for all clients at once, and mending them. No fault touches these routes.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONNECTION;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};

use crate::app::{Restart, Shared};
use crate::connections::Connection;
use crate::errors::Problem;
use crate::params::Params;
use crate::store::StoreError;

const MAX_MS: u64 = 3_600_000;
const DEFAULT_UNAVAILABLE_MS: u64 = 10_000;
const DEFAULT_DOWN_MS: u64 = 1_000;

/// `GET /control`: what is broken now, and some numbers.
pub(crate) async fn state(State(app): State<Shared>) -> Json<Value> {
    Json(describe(&app))
}

fn describe(app: &Shared) -> Value {
    json!({
        "epoch": app.epoch,
        "live": app.connections.live(),
        "channels": app.channels.len(),
        "tasks": app.tasks.len(),
        "keys": app.uses.len(),
        "faults": app.switches.state(),
    })
}

/// `DELETE /control`: ends all faults, and forgets how often each key was used.
pub(crate) async fn reset(State(app): State<Shared>) -> Json<Value> {
    app.switches.reset();
    app.uses.forget();
    Json(describe(&app))
}

/// `POST /control/drop[?path=prefix]`
pub(crate) async fn drop(State(app): State<Shared>, params: Params) -> Json<Value> {
    let prefix = params.get("path").unwrap_or_default();
    let cut = app.connections.cut(|used| used.path.starts_with(prefix));
    Json(json!({ "cut": cut }))
}

/// `POST /control/refuse-websocket[?ms=]`
pub(crate) async fn refuse_websocket(State(app): State<Shared>, params: Params) -> Result<Json<Value>, Problem> {
    let ms = params.number("ms", 0..=MAX_MS)?;
    app.switches.refuse_websocket.turn_on(ms);
    if ms != Some(0) {
        app.connections.cut(|used| used.websocket);
    }
    Ok(Json(describe(&app)))
}

/// `POST /control/stall[?ms=]`
pub(crate) async fn stall(State(app): State<Shared>, params: Params) -> Result<Json<Value>, Problem> {
    app.switches.stall.turn_on(params.number("ms", 0..=MAX_MS)?);
    Ok(Json(describe(&app)))
}

/// `POST /control/unavailable[?ms=]`
pub(crate) async fn unavailable(State(app): State<Shared>, params: Params) -> Result<Json<Value>, Problem> {
    let ms = params.number("ms", 0..=MAX_MS)?.unwrap_or(DEFAULT_UNAVAILABLE_MS);
    app.switches.unavailable.turn_on(Some(ms));
    if ms != 0 {
        app.connections.cut(|_| true);
    }
    Ok(Json(describe(&app)))
}

/// `POST /control/trim?channel=NAME&keep=n`: forgets all but the newest of a relay channel.
pub(crate) async fn trim(State(app): State<Shared>, params: Params) -> Result<Json<Value>, Problem> {
    let name = params.get("channel").unwrap_or_default();
    // Without a newest one, a restart with a store would begin to number anew.
    let keep = usize::try_from(params.number("keep", 1..=10_000)?.unwrap_or(1)).unwrap_or(usize::MAX);
    let log = app.channels.get(name)?;
    let trimmed = tokio::task::spawn_blocking(move || log.trim(keep)).await;
    let gone = trimmed.map_err(StoreError::new)??;
    Ok(Json(json!({ "gone": gone })))
}

/// `POST /control/restart[?downMs=]`: answered first, then done.
pub(crate) async fn restart(
    State(app): State<Shared>,
    Extension(caller): Extension<Arc<Connection>>,
    params: Params,
) -> Result<Response, Problem> {
    let down_ms = params.number("downMs", 0..=MAX_MS)?.unwrap_or(DEFAULT_DOWN_MS);
    let order = Restart { down: Duration::from_millis(down_ms), caller: caller.number() };
    if app.restarts.try_send(order).is_err() {
        return Err(Problem::new(StatusCode::CONFLICT, "a restart is under way already"));
    }
    Ok((StatusCode::ACCEPTED, [(CONNECTION, "close")], Json(json!({ "downMs": down_ms }))).into_response())
}
