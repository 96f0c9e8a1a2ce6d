//! Engine.IO v4, served by the crate `engineioxide`: sessions over polling and WebSockets, with a heartbeat, and the upgrade from the
//! one to the other. The requests of all channels come in here. A poll is handed to the crate as it is. A WebSocket ends here, so that
//! it has the faults of every other socket, and a second one leads on to the crate, over a connection within the process.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocketUpgrade};
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use engineioxide::TransportType;
use engineioxide::config::EngineIoConfig;
use engineioxide::service::EngineIoService;
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::protocol::Role;
use tower_service::Service;

use crate::app::Shared;
use crate::engine_io_channels::{Channel, Handler};
use crate::errors::Problem;
use crate::gate::Call;
use crate::journal::Kind;
use crate::numbered::MAX_COUNT;
use crate::params::Params;
use crate::ws::{self, Party};

const MAX_ENGINES: usize = 100;
const MAX_MS: u64 = 600_000;
const MAX_PAYLOAD: u64 = 16 * 1024 * 1024;
/// Messages that a session may be behind: a whole burst, and then some.
const MAX_LAG: usize = 2 * MAX_COUNT as usize;
/// Between packets of a payload.
const SEPARATOR: u8 = 0x1e;
/// Of the connection within the process.
const PIPE_BYTES: usize = 64 * 1024;

/// What can be different from engine to engine. All requests of a session have to ask for the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Knobs {
    ping_interval_ms: u64,
    ping_timeout_ms: u64,
    upgrade_timeout_ms: u64,
    max_payload: u64,
    transports: Transports,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Transports {
    Both,
    Polling,
    WebSocket,
}

impl Knobs {
    fn of(params: &Params) -> Result<Self, Problem> {
        let ms = |name, default| Ok::<_, Problem>(params.number(name, 10..=MAX_MS)?.unwrap_or(default));
        Ok(Self {
            ping_interval_ms: ms("pingInterval", 25_000)?,
            ping_timeout_ms: ms("pingTimeout", 20_000)?,
            upgrade_timeout_ms: ms("upgradeTimeout", 10_000)?,
            max_payload: params.number("maxPayload", 16..=MAX_PAYLOAD)?.unwrap_or(100_000),
            transports: match params.get("transports") {
                None => Transports::Both,
                Some("polling") => Transports::Polling,
                Some("websocket") => Transports::WebSocket,
                Some(other) => return Err(Problem::bad_value("transports", other, "polling or websocket")),
            },
        })
    }

    fn config(&self) -> EngineIoConfig {
        let config = EngineIoConfig::builder()
            .ping_interval(Duration::from_millis(self.ping_interval_ms))
            .ping_timeout(Duration::from_millis(self.ping_timeout_ms))
            .upgrade_timeout(Duration::from_millis(self.upgrade_timeout_ms))
            .max_payload(self.max_payload)
            .max_buffer_size(MAX_LAG);
        match self.transports {
            Transports::Both => config,
            Transports::Polling => config.transports([TransportType::Polling]),
            Transports::WebSocket => config.transports([TransportType::Websocket]),
        }
        .build()
    }
}

type Engine = EngineIoService<Handler>;

/// The crate's servers, one for each setting of the knobs that came up. Their sessions are forgotten with them.
#[derive(Debug, Default)]
pub(crate) struct Engines(Mutex<HashMap<Knobs, Engine>>);

impl Engines {
    fn get(&self, knobs: Knobs) -> Result<Engine, Problem> {
        let mut engines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if engines.len() >= MAX_ENGINES && !engines.contains_key(&knobs) {
            let told = format!("{MAX_ENGINES} settings of Engine.IO are in use, which is all there are");
            return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, told));
        }
        let config = knobs.config();
        let engine = engines.entry(knobs).or_insert_with(|| Engine::with_config(Handler.into(), config));
        Ok(engine.clone())
    }
}

/// `/engine.io/{channel}`: a request of a session, or for one.
pub(crate) async fn serve(
    State(app): State<Shared>,
    Path(path): Path<String>,
    params: Params,
    Extension(call): Extension<Call>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let channel = Channel::of(&path, &params, &app)?;
    let engine = app.engines.get(Knobs::of(&params)?)?;
    let (mut parts, body) = request.into_parts();
    // A session keeps the request that it began with, and nothing else of ours may live that long.
    parts.extensions.clear();
    let request = Request::from_parts(parts, body);
    match call.kind {
        Kind::WebSocket => socket(engine, channel, ws::checked(upgrade)?, request, call).await,
        Kind::Sse | Kind::LongPoll | Kind::Http => poll(engine, channel, request, &call).await,
    }
}

async fn answer(mut engine: Engine, channel: Channel, mut request: Request<Body>) -> Response {
    request.extensions_mut().insert(channel);
    match engine.call(request).await {
        Ok(answer) => answer.map(Body::new),
        Err(never) => match never {},
    }
}

async fn poll(engine: Engine, channel: Channel, request: Request, call: &Call) -> Result<Response, Problem> {
    let is_post = request.method() == Method::POST;
    let (parts, payload) = answer(engine, channel, request).await.into_parts();
    // The crate makes a payload as a whole, of messages that were in memory before.
    let payload = to_bytes(payload, usize::MAX).await.map_err(|_| lost())?;
    if !is_post {
        let packets = payload.split(|byte| *byte == SEPARATOR);
        call.visit.count(packets.filter(|packet| matches!(packet.first(), Some(b'4' | b'b'))).count() as u64);
    }
    Ok(Response::from_parts(parts, payload.into()))
}

async fn socket(
    engine: Engine,
    channel: Channel,
    upgrade: WebSocketUpgrade,
    request: Request,
    call: Call,
) -> Result<Response, Problem> {
    let (near, far) = tokio::io::duplex(PIPE_BYTES);
    let service = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let (engine, channel) = (engine.clone(), channel.clone());
        async move { Ok::<_, Infallible>(answer(engine, channel, request.map(Body::new)).await) }
    });
    let server = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(far), service);
    tokio::spawn(server.with_upgrades());
    let client = hyper::client::conn::http1::handshake(TokioIo::new(near)).await;
    let (mut client, connection) = client.map_err(|_| lost())?;
    tokio::spawn(connection.with_upgrades());
    let answer = client.send_request(request).await.map_err(|_| lost())?;
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Ok(answer.into_response());
    }
    let far = hyper::upgrade::on(answer).await.map_err(|_| lost())?;
    let far = WebSocketStream::from_raw_socket(TokioIo::new(far), Role::Client, None).await;
    Ok(ws::open(upgrade, call, Leg(far)))
}

fn lost() -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the engine did not answer")
}

/// The second WebSocket.
struct Leg(WebSocketStream<TokioIo<Upgraded>>);

impl Party for Leg {
    async fn next(&mut self) -> Option<Message> {
        loop {
            // An error is an end without a goodbye.
            match self.0.next().await?.ok()? {
                tungstenite::Message::Text(text) => return Some(Message::Text(text.as_str().into())),
                tungstenite::Message::Binary(bytes) => return Some(Message::Binary(bytes)),
                tungstenite::Message::Close(frame) => {
                    let frame =
                        frame.map(|frame| CloseFrame { code: frame.code.into(), reason: frame.reason.as_str().into() });
                    return Some(Message::Close(frame));
                }
                _ => {}
            }
        }
    }

    async fn heard(&mut self, message: Message) -> Result<(), Problem> {
        let message = match message {
            Message::Text(text) => tungstenite::Message::text(text.as_str()),
            other => tungstenite::Message::Binary(other.into_data()),
        };
        // That it fails is seen by what is read next.
        let _ = self.0.send(message).await;
        Ok(())
    }

    fn is_counted(message: &Message) -> bool {
        match message {
            Message::Text(packet) => packet.starts_with('4'),
            _ => true,
        }
    }
}
