//! The push relay, as nginx's nchan module serves it: one URL to which one publishes by POST or WebSocket, and from which one reads by
//! WebSocket, SSE or long-polling, with one id that means the same on all of them.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LAST_MODIFIED, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::app::Shared;
use crate::body;
use crate::channels::OCTETS;
use crate::entries::Entries;
use crate::errors::Problem;
use crate::gate::Call;
use crate::journal::Kind;
use crate::log::{Draft, Entry, Id, Log, Start, Subscription};
use crate::params::Params;
use crate::random::Random;
use crate::sse::Feed;
use crate::{resume, ws};

const DEFAULT_HOLD_MS: u64 = 25_000;
const MAX_HOLD_MS: u64 = 600_000;
/// Of one multipart answer.
const MAX_PARTS: usize = 100;

/// `GET /relay/{channel}`: a WebSocket if it is an upgrade, SSE if that is accepted, and else a long-poll.
pub(crate) async fn read(
    State(app): State<Shared>,
    Path(name): Path<String>,
    params: Params,
    headers: HeaderMap,
    Extension(call): Extension<Call>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let start = resume::start(&headers, &params, Start::Oldest)?;
    let hold = params.number("hold", 0..=MAX_HOLD_MS)?.unwrap_or(DEFAULT_HOLD_MS);
    let most = if params.flag("multipart")? { MAX_PARTS } else { 1 };
    let log = app.channels.get(&name)?;
    match call.kind {
        Kind::WebSocket => Ok(ws::relay(ws::checked(upgrade)?, log.subscribe(start), call)),
        Kind::Sse => Ok(Feed::of(&params)?.open(call, Entries::of(log.subscribe(start)))),
        Kind::LongPoll | Kind::Http => Ok(poll(log.subscribe(start), Duration::from_millis(hold), most, &call).await),
    }
}

/// `GET /sse/{channel}`: the SSE form of a channel, whatever is accepted.
pub(crate) async fn stream(
    State(app): State<Shared>,
    Path(name): Path<String>,
    params: Params,
    headers: HeaderMap,
    Extension(call): Extension<Call>,
) -> Result<Response, Problem> {
    let start = resume::start(&headers, &params, Start::Oldest)?;
    let log = app.channels.get(&name)?;
    Ok(Feed::of(&params)?.open(call, Entries::of(log.subscribe(start))))
}

/// Waits for one message; with what waits behind it, it brings `most` at most.
async fn poll(mut subscription: Subscription, hold: Duration, most: usize, call: &Call) -> Response {
    let Ok(entry) = tokio::time::timeout(hold, subscription.next()).await else {
        return positioned(StatusCode::REQUEST_TIMEOUT, subscription.position(), Body::empty());
    };
    let mut parts = vec![entry];
    while parts.len() < most {
        match subscription.next().now_or_never() {
            Some(entry) => parts.push(entry),
            None => break,
        }
    }
    call.visit.count(parts.len() as u64);
    let [entry] = parts.as_slice() else { return multipart(&parts, subscription.position()) };
    let mut answer = positioned(StatusCode::OK, subscription.position(), entry.draft.body.clone().into());
    // It came in as a header or was made here, so it is a legal one; an empty one is left out.
    if let (false, Ok(content_type)) =
        (entry.draft.content_type.is_empty(), HeaderValue::from_str(&entry.draft.content_type))
    {
        answer.headers_mut().insert(CONTENT_TYPE, content_type);
    }
    answer
}

/// Several messages in one answer, as nchan has them: each with its content type, if it has one, and the position of the last. The
/// boundary is a new one each time and is not quoted, though RFC 2045 would have it so for the slash.
fn multipart(entries: &[Arc<Entry>], position: Id) -> Response {
    let mut random = Random::from_clock();
    let boundary = format!("{:016x}/{:015x}", random.next(), random.next() >> 4);
    let mut body = Vec::new();
    for entry in entries {
        let Draft { content_type, body: bytes, .. } = &entry.draft;
        body.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        if !content_type.is_empty() {
            body.extend_from_slice(format!("Content-Type: {content_type}\r\n").as_bytes());
        }
        body.extend_from_slice(b"\r\n");
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    let kind = [(CONTENT_TYPE, format!("multipart/mixed; boundary={boundary}"))];
    (kind, positioned(StatusCode::OK, position, body.into())).into_response()
}

/// `GET /relay/{channel}/all`: what is kept, oldest first, as JSON, so that a test can see what arrived.
pub(crate) async fn all(State(app): State<Shared>, Path(name): Path<String>) -> Result<Json<Value>, Problem> {
    let log = app.channels.get(&name)?;
    let epoch = log.newest().epoch;
    let entries = log.entries().into_iter().map(|entry| {
        let Draft { content_type, body, .. } = &entry.draft;
        let id = Id { epoch, seq: entry.seq }.to_string();
        let text = std::str::from_utf8(body).ok().filter(|_| content_type != OCTETS);
        match text {
            Some(text) => json!({ "id": id, "text": text }),
            None => json!({ "id": id, "bytes": body.to_vec() }),
        }
    });
    Ok(Json(entries.collect()))
}

/// An answer with a position to send back verbatim. No cache may give it to the next poll, which has the same URL.
fn positioned(status: StatusCode, id: Id, body: Body) -> Response {
    let epoch = UNIX_EPOCH.checked_add(Duration::from_secs(id.epoch)).unwrap_or(UNIX_EPOCH);
    let headers = [
        (LAST_MODIFIED, httpdate::fmt_http_date(epoch)),
        (ETAG, id.seq.to_string()),
        (CACHE_CONTROL, "no-store".into()),
        (VARY, "If-None-Match, If-Modified-Since, Last-Event-ID, Accept".into()),
    ];
    (status, headers, body).into_response()
}

/// `POST /relay/{channel}`: publishes the body as it is. The header `X-EventSource-Event` names the SSE event.
pub(crate) async fn publish(
    State(app): State<Shared>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let log = app.channels.get(&name)?;
    let text = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let draft = Draft {
        kind: text("x-eventsource-event"),
        content_type: text("content-type"),
        body: body::whole(body, body::MAX_MESSAGE_BYTES).await?,
    };
    let status = if log.has_readers() { StatusCode::CREATED } else { StatusCode::ACCEPTED };
    let id = append(&log, draft).await?;
    Ok((status, Json(json!({ "id": id.to_string() }))).into_response())
}

/// Adds one message to a channel.
pub(crate) async fn append(log: &Arc<Log>, draft: Draft) -> Result<Id, Problem> {
    Ok(log.append(1, move |_| draft.clone()).await?)
}
