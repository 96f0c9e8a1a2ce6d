//! What every request passes on its way in and out: CORS, the journal, and the faults that are the same for all routes.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Error, Extension};
use bytes::Bytes;
use futures_util::stream;
use http_body::{Frame, SizeHint};

use crate::app::Shared;
use crate::connections::{Connection, Use};
use crate::cors::{self, Policy};
use crate::errors::Problem;
use crate::faults::{Asked, Faults, Silence};
use crate::journal::{Kind, Visit};
use crate::params::Params;
use crate::tokens;
use crate::wire::Pace;

/// What `hold-back` and `hold-body` collect at most; a longer answer is given up.
const MAX_HELD_BYTES: usize = 8 * 1024 * 1024;

/// The faults of a request, and its place in the journal, for its handler.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) faults: Faults,
    pub(crate) visit: Arc<Visit>,
    pub(crate) kind: Kind,
}

/// Routes that serve the tests themselves: not in the journal, and out of reach of every fault.
fn is_backstage(path: &str) -> bool {
    let below = |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    path == "/" || path == "/favicon.ico" || ["/control", "/journal", "/www", "/pkg", "/docs"].into_iter().any(below)
}

/// The layer around all routes.
pub(crate) async fn pass(
    State(app): State<Shared>,
    Extension(connection): Extension<Arc<Connection>>,
    request: Request,
    next: Next,
) -> Response {
    let origin = cors::origin(request.headers());
    let (policy, mut answer) = if is_backstage(request.uri().path()) {
        connection.begin(None);
        backstage(request, next).await
    } else {
        onstage(&app, &connection, request, next).await
    };
    cors::allow(policy, origin, answer.headers_mut());
    answer
}

async fn backstage(request: Request, next: Next) -> (Policy, Response) {
    let (parts, body) = request.into_parts();
    if cors::is_preflight(&parts) {
        return cors::preflight(Policy::Open);
    }
    (Policy::Open, next.run(Request::from_parts(parts, body)).await)
}

async fn onstage(app: &Shared, connection: &Arc<Connection>, request: Request, next: Next) -> (Policy, Response) {
    let (parts, mut body) = request.into_parts();
    let kind = Kind::of(&parts);
    let visit = app.journal.open(&parts, kind, connection);
    connection.begin(Some(Use {
        visit: visit.number(),
        path: parts.uri.path().into(),
        websocket: kind == Kind::WebSocket,
        can_stall: kind != Kind::Http,
        pace: Pace::AsTheyCome,
        ended: false,
    }));
    let (policy, answer) = match before(app, &parts, &mut body, kind, &visit).await {
        Err(answer) => answer,
        Ok(faults) => {
            let policy = faults.cors;
            let call = Call { faults, visit: Arc::clone(&visit), kind };
            let mut request = Request::from_parts(parts, body);
            request.extensions_mut().insert(call.clone());
            (policy, after(call, next.run(request).await).await)
        }
    };
    visit.answered(answer.status());
    (policy, answer.map(|body| Body::new(Attended { body, _visit: visit })))
}

/// Lets the request in with its faults, or answers it here.
async fn before(
    app: &Shared,
    parts: &Parts,
    body: &mut Body,
    kind: Kind,
    visit: &Visit,
) -> Result<Faults, (Policy, Response)> {
    let params = Params::of(parts.uri.query());
    let asked = Asked::of(&params, kind);
    // A page has to be able to read what is wrong with its query.
    let policy = asked.as_ref().map_or(Policy::Open, |asked| asked.cors(&app.uses));
    if cors::is_preflight(parts) {
        return Err(cors::preflight(policy));
    }
    if tokens::is_prompt(parts) {
        let prompt = tokens::note(std::mem::take(body), visit).await;
        *body = prompt.map_err(|problem| (policy, problem.into_response()))?;
    }
    if app.switches.unavailable.is_on() && parts.uri.path() != "/health" {
        return Err((policy, unavailable(app)));
    }
    let faults = asked.and_then(|asked| asked.take(&app.uses));
    let faults = faults.map_err(|problem| (Policy::Open, problem.into_response()))?;
    let websocket = kind == Kind::WebSocket;
    if websocket && (faults.refuse || app.switches.refuse_websocket.is_on()) {
        let refusal = Problem::new(StatusCode::FORBIDDEN, "WebSockets are refused");
        return Err((faults.cors, refusal.into_response()));
    }
    if faults.silent == Some(Silence::Connect) {
        std::future::pending::<()>().await;
    }
    if !websocket {
        // A socket's begins behind its handshake, which some clients will not read in bits.
        visit.connection().set_pace(faults.pace);
    }
    match faults.instead.answer(parts, &params) {
        None => Ok(faults),
        Some(mut answer) => {
            faults.relabel(&mut answer);
            Err((faults.cors, answer))
        }
    }
}

fn unavailable(app: &Shared) -> Response {
    let seconds = app.switches.unavailable.left_ms().unwrap_or(0).div_ceil(1000).max(1);
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable for a while, as was asked for");
    ([(RETRY_AFTER, HeaderValue::from(seconds))], problem).into_response()
}

/// Applies what a fault does to a finished answer. Streams and sockets see to their own ends.
async fn after(call: Call, mut answer: Response) -> Response {
    let Call { faults, visit, kind } = call;
    faults.relabel(&mut answer);
    if faults.hold_body && kind != Kind::WebSocket {
        answer = answer.map(|body| Body::from_stream(stream::once(to_bytes(body, MAX_HELD_BYTES))));
    }
    if faults.hold_back && kind != Kind::WebSocket {
        let (parts, body) = answer.into_parts();
        answer = match to_bytes(body, MAX_HELD_BYTES).await {
            Ok(bytes) => Response::from_parts(parts, Body::from(bytes)),
            Err(_) => {
                visit.connection().cut_softly();
                std::future::pending().await
            }
        };
    }
    if matches!(kind, Kind::LongPoll | Kind::Http) {
        match faults.drop_after {
            // What was asked for has been done, but the client does not learn of it.
            Some(0) => {
                visit.connection().cut_softly();
                std::future::pending::<()>().await;
            }
            Some(n) if visit.sent() >= n => visit.connection().cut_when_flushed(),
            _ => {}
        }
    }
    answer
}

/// A body that keeps the request's visit until it has been sent.
struct Attended {
    body: Body,
    _visit: Arc<Visit>,
}

impl http_body::Body for Attended {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
