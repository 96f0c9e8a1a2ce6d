//! What the channels of Engine.IO do with a session, whichever transport it is on. The crate tells of messages by calls that may not
//! wait, so everything that waits is in one task for each session.

use std::sync::Arc;

use axum::extract::ws::Message;
use bytes::Bytes;
use engineioxide::handler::EngineIoHandler;
use engineioxide::{DisconnectReason, Socket, Str};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::chat::Voice;
use crate::errors::Problem;
use crate::log::{Draft, Log};
use crate::numbered::Numbered;
use crate::params::Params;

/// What becomes of a client's message.
#[derive(Clone, Debug)]
enum Ear {
    Echo,
    Room(Voice),
    Record(Arc<Log>),
    Deaf,
}

type Seat = broadcast::Receiver<Message>;

/// A channel, as one session has it.
#[derive(Clone, Debug)]
pub(crate) struct Channel {
    ear: Ear,
    numbered: Option<Numbered>,
    /// The end of the server's life, and so of the session.
    over: CancellationToken,
}

impl Channel {
    /// The channel at this path below `/engine.io/`, where Engine.IO's own clients have a slash at the end.
    pub(crate) fn of(path: &str, params: &Params, app: &App) -> Result<Self, Problem> {
        let path = path.strip_suffix('/').unwrap_or(path);
        let (ear, numbered) = match path.split_once('/').unwrap_or((path, "")) {
            ("echo", "") => (Ear::Echo, None),
            ("numbers", "") => (Ear::Deaf, Some(Numbered::stream(params)?)),
            ("burst", "") => (Ear::Deaf, Some(Numbered::burst(params)?)),
            ("chat", room) if !room.is_empty() => (Ear::Room(app.rooms.voice(room)?), None),
            ("collect", name) if !name.is_empty() => {
                let numbered = params.get("ms").is_some().then(|| Numbered::stream(params)).transpose()?;
                (Ear::Record(app.channels.get(name)?), numbered)
            }
            _ => return Err(Problem::not_found(format!("there is no channel of Engine.IO {path:?}"))),
        };
        Ok(Self { ear, numbered, over: app.over() })
    }

    /// The room that the session is in from now on.
    fn room(&self) -> Option<Seat> {
        match &self.ear {
            Ear::Room(voice) => Some(voice.subscribe()),
            Ear::Echo | Ear::Record(_) | Ear::Deaf => None,
        }
    }

    /// Does what the channel does of its own accord, until it cannot go on.
    async fn speak(self, mut room: Option<Seat>, session: &Session) {
        let mut numbered = self.numbered;
        loop {
            let message = tokio::select! {
                message = said(&mut room) => message,
                message = number(&mut numbered) => Some(message),
            };
            // None is being too slow for the room. There are no ids to make up for that, so the session is closed.
            if !message.is_some_and(|message| emit(session, message)) {
                return;
            }
        }
    }
}

async fn said(room: &mut Option<Seat>) -> Option<Message> {
    match room {
        Some(room) => room.recv().await.ok(),
        None => std::future::pending().await,
    }
}

async fn number(numbered: &mut Option<Numbered>) -> Message {
    match numbered {
        Some(numbered) => numbered.next().await,
        None => std::future::pending().await,
    }
}

/// Hands a message to the session; false if it is closed or its buffer is full.
fn emit(session: &Session, message: Message) -> bool {
    match message {
        Message::Text(text) => session.emit(text.as_str().to_owned()).is_ok(),
        Message::Binary(bytes) => session.emit_binary(bytes).is_ok(),
        Message::Ping(_) | Message::Pong(_) | Message::Close(_) => true,
    }
}

type Session = Socket<()>;

/// The one that the crate calls.
#[derive(Debug)]
pub(crate) struct Handler;

impl Handler {
    fn heard(session: &Session, message: Message) {
        // It was put there when the request came in.
        let Some(channel) = session.req_parts.extensions.get::<Channel>() else { return };
        let done = match &channel.ear {
            Ear::Echo => emit(session, message),
            Ear::Room(voice) => {
                // It fails only if nobody is there.
                let _ = voice.send(message);
                true
            }
            Ear::Record(log) => {
                let draft = Draft::heard(message);
                // With a store this blocks, but then what a client is told to have arrived has been kept.
                log.append_now(1, |_| draft.clone()).is_ok()
            }
            Ear::Deaf => true,
        };
        if !done {
            session.close(DisconnectReason::TransportError);
        }
    }
}

impl EngineIoHandler for Handler {
    type Data = ();

    fn on_connect(self: Arc<Self>, session: Arc<Session>) {
        let Some(channel) = session.req_parts.extensions.get::<Channel>().cloned() else { return };
        // Before the handshake is answered, so that nothing is missed after it.
        let room = channel.room();
        tokio::spawn(async move {
            let over = channel.over.clone();
            let reason = tokio::select! {
                () = session.closed() => return,
                () = over.cancelled() => DisconnectReason::ClosingServer,
                () = channel.speak(room, &session) => DisconnectReason::TransportError,
            };
            session.close(reason);
        });
    }

    fn on_disconnect(&self, _: Arc<Session>, _: DisconnectReason) {}

    fn on_message(self: &Arc<Self>, message: Str, session: Arc<Session>) {
        Self::heard(&session, Message::Text(message.as_str().into()));
    }

    fn on_binary(self: &Arc<Self>, data: Bytes, session: Arc<Session>) {
        Self::heard(&session, Message::Binary(data));
    }
}
