//! Chat rooms: what one says, all in the room get, the speaker too. No ids and no history: this is what most servers are, and what a
//! reconnecting client can promise nothing about.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::extract::ws::Message;
use axum::http::StatusCode;
use tokio::sync::broadcast;

use crate::errors::Problem;

const MAX_ROOMS: usize = 1_000;
const MAX_NAME_BYTES: usize = 100;
/// Messages that a member may be behind.
const MAX_LAG: usize = 256;

/// The rooms that somebody is in.
#[derive(Debug, Default)]
pub(crate) struct Rooms(Mutex<HashMap<String, Voice>>);

/// What is said into a room.
pub(crate) type Voice = broadcast::Sender<Message>;

/// A place in a room.
pub(crate) struct Seat {
    pub(crate) room: broadcast::Receiver<Message>,
    voice: Voice,
}

impl Rooms {
    pub(crate) fn enter(&self, name: &str) -> Result<Seat, Problem> {
        let voice = self.voice(name)?;
        Ok(Seat { room: voice.subscribe(), voice })
    }

    /// The room itself, for one who comes in later.
    pub(crate) fn voice(&self, name: &str) -> Result<Voice, Problem> {
        if name.len() > MAX_NAME_BYTES {
            return Err(Problem::bad_value("room", name, "100 bytes at most"));
        }
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if rooms.len() >= MAX_ROOMS {
            rooms.retain(|_, voice| voice.receiver_count() > 0);
        }
        if rooms.len() >= MAX_ROOMS && !rooms.contains_key(name) {
            let told = format!("{MAX_ROOMS} rooms are in use, which is all there are");
            return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, told));
        }
        Ok(rooms.entry(name.into()).or_insert_with(|| broadcast::Sender::new(MAX_LAG)).clone())
    }
}

impl Seat {
    pub(crate) fn say(&self, message: Message) {
        // Fails only when nobody is there, but the speaker is.
        let _ = self.voice.send(message);
    }
}
