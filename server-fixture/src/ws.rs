//! WebSockets: how a socket lives and ends, faults included, whatever is at its far end; and the far ends of echo, chat rooms and the
//! relay.

use std::time::Duration;

use axum::Extension;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;

use crate::app::Shared;
use crate::body::MAX_MESSAGE_BYTES;
use crate::channels::OCTETS;
use crate::chat::Seat;
use crate::errors::Problem;
use crate::faults::{Finish, Silence};
use crate::gate::Call;
use crate::log::{Draft, Entry, Id, Subscription};
use crate::params::Params;
use crate::relay;
use crate::wire::Pace;

/// nchan's subprotocol, in which a message says its id.
const META: &str = "ws+meta.nchan";

/// How long a client may take to answer a close.
const CLOSE_PATIENCE: Duration = Duration::from_secs(2);

/// The far end of a socket.
pub(crate) trait Party: Send + 'static {
    /// The next message for the client; a close ends the socket, and `None` cuts it. Dropping the future loses nothing.
    fn next(&mut self) -> impl Future<Output = Option<Message>> + Send;

    /// A text or binary message of the client.
    fn heard(&mut self, message: Message) -> impl Future<Output = Result<(), Problem>> + Send;

    /// Whether it is one of the messages that faults count, and not something of the protocol below them.
    fn is_counted(_: &Message) -> bool {
        true
    }
}

/// The upgrade, or why it is none.
pub(crate) fn checked(
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<WebSocketUpgrade, Problem> {
    let upgrade = upgrade.map_err(|rejection| Problem::new(rejection.status(), rejection.body_text()))?;
    // A message that is too large should be answered with a close code, so it has to get through to `converse`.
    let readable = MAX_MESSAGE_BYTES.saturating_mul(16);
    Ok(upgrade.max_message_size(readable).max_frame_size(readable))
}

/// Runs a socket from the upgrade to its end.
pub(crate) fn open(upgrade: WebSocketUpgrade, call: Call, party: impl Party) -> Response {
    upgrade.on_upgrade(move |socket| async move {
        // An error is the client's end of the connection, or ours.
        let _ = converse(socket, &call, party).await;
    })
}

async fn converse<P: Party>(mut socket: WebSocket, call: &Call, mut party: P) -> Result<(), axum::Error> {
    let Call { faults, visit, kind } = call;
    if faults.silent == Some(Silence::Open) {
        // Reading goes on, to see the client leave; pongs and the like are not written.
        visit.connection().set_pace(Pace::Mute);
        while socket.recv().await.transpose()?.is_some() {}
        return Ok(());
    }
    visit.connection().set_pace(faults.pace);
    loop {
        match faults.finish(visit.sent(), *kind) {
            None => {}
            Some(Finish::Cut) => {
                visit.connection().cut_softly();
                return Ok(());
            }
            Some(Finish::End) => return close(socket, because(close_code::NORMAL, "")).await,
            Some(Finish::Close(code, reason)) => return close(socket, because(code, &reason)).await,
        }
        tokio::select! {
            // An answer goes out before the next message is read, which is what bounds an echo.
            biased;
            message = party.next() => match message {
                None => {
                    visit.connection().cut_softly();
                    return Ok(());
                }
                Some(Message::Close(frame)) => return close(socket, frame).await,
                Some(message) => {
                    let counted = P::is_counted(&message);
                    socket.send(message).await?;
                    visit.count(counted.into());
                }
            },
            incoming = socket.recv() => match incoming.transpose()? {
                None => return Ok(()),
                Some(message @ (Message::Text(_) | Message::Binary(_))) => {
                    if size(&message) > MAX_MESSAGE_BYTES {
                        return close(socket, because(close_code::SIZE, "a message has 1 MiB at most")).await;
                    }
                    if party.heard(message).await.is_err() {
                        return close(socket, because(close_code::ERROR, "the message could not be kept")).await;
                    }
                }
                Some(Message::Ping(_) | Message::Pong(_) | Message::Close(_)) => {}
            },
        }
    }
}

/// How a socket says goodbye.
pub(crate) fn because(code: u16, reason: &str) -> Option<CloseFrame> {
    Some(CloseFrame { code, reason: reason.into() })
}

async fn close(mut socket: WebSocket, frame: Option<CloseFrame>) -> Result<(), axum::Error> {
    socket.send(Message::Close(frame)).await?;
    let answered = async { while let Some(Ok(_)) = socket.recv().await {} };
    // Whether or not it answered, the connection ends here.
    let _ = tokio::time::timeout(CLOSE_PATIENCE, answered).await;
    Ok(())
}

fn size(message: &Message) -> usize {
    match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
        Message::Close(_) => 0,
    }
}

/// Selects the first subprotocol that the client offers, whatever it is; or the one that `choose=` names, if it is offered.
fn any_protocol(upgrade: WebSocketUpgrade, headers: &HeaderMap, params: &Params) -> WebSocketUpgrade {
    let offered = headers.get("sec-websocket-protocol").and_then(|value| value.to_str().ok());
    let first = offered.and_then(|list| list.split(',').next()).map(str::trim);
    upgrade.protocols(params.get("choose").or(first).map(str::to_owned))
}

struct Echo(Option<Message>);

impl Party for Echo {
    async fn next(&mut self) -> Option<Message> {
        match self.0.take() {
            Some(message) => Some(message),
            None => std::future::pending().await,
        }
    }

    async fn heard(&mut self, message: Message) -> Result<(), Problem> {
        self.0 = Some(message);
        Ok(())
    }
}

/// `GET /ws/echo[?choose=]`
pub(crate) async fn echo(
    params: Params,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    Ok(open(any_protocol(checked(upgrade)?, &headers, &params), call, Echo(None)))
}

impl Party for Seat {
    async fn next(&mut self) -> Option<Message> {
        // An error is being too slow for the room. A plain socket has no ids to make up for that, so it is closed.
        let message = self.room.recv().await;
        Some(message.unwrap_or_else(|_| Message::Close(because(close_code::NORMAL, "too slow for the room"))))
    }

    async fn heard(&mut self, message: Message) -> Result<(), Problem> {
        self.say(message);
        Ok(())
    }
}

/// `GET /ws/chat/{room}[?choose=]`
pub(crate) async fn chat(
    State(app): State<Shared>,
    Path(room): Path<String>,
    params: Params,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = any_protocol(checked(upgrade)?, &headers, &params);
    Ok(open(upgrade, call, app.rooms.enter(&room)?))
}

struct Member {
    subscription: Subscription,
    with_meta: bool,
}

impl Party for Member {
    async fn next(&mut self) -> Option<Message> {
        let entry = self.subscription.next().await;
        Some(if self.with_meta { framed(self.subscription.id(entry.seq), &entry) } else { plain(&entry) })
    }

    async fn heard(&mut self, message: Message) -> Result<(), Problem> {
        relay::append(self.subscription.log(), Draft::heard(message)).await.map(|_| ())
    }
}

/// A body alone. What is not UTF-8 cannot go into a text frame, whatever its type says.
fn plain(entry: &Entry) -> Message {
    frame(&entry.draft.content_type, entry.draft.body.clone())
}

/// A body behind its id and content type.
fn framed(id: Id, entry: &Entry) -> Message {
    let Draft { content_type, body, .. } = &entry.draft;
    let mut head = format!("id: {id}\n");
    if !content_type.is_empty() {
        head.push_str(&format!("content-type: {content_type}\n"));
    }
    head.push('\n');
    frame(content_type, [head.as_bytes(), body].concat().into())
}

fn frame(content_type: &str, bytes: bytes::Bytes) -> Message {
    if content_type == OCTETS {
        return Message::Binary(bytes);
    }
    match axum::extract::ws::Utf8Bytes::try_from(bytes.clone()) {
        Ok(text) => Message::Text(text),
        Err(_) => Message::Binary(bytes),
    }
}

/// The relay's socket: messages from a subscription, and to its channel.
pub(crate) fn relay(upgrade: WebSocketUpgrade, subscription: Subscription, call: Call) -> Response {
    let upgrade = upgrade.protocols([META]);
    let with_meta = upgrade.selected_protocol().is_some();
    open(upgrade, call, Member { subscription, with_meta })
}
