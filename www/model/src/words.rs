//! A connection's status in words.

use everwire::{Status, Transport};

/// What it does. `None`: it has not begun, as on a server.
pub fn state(status: Option<&Status>) -> &'static str {
    match status {
        None => "not yet open",
        Some(Status::Connecting { .. }) => "connecting",
        Some(Status::Open { .. }) => "open",
        Some(Status::Waiting { .. }) => "waiting",
        Some(Status::Offline { .. }) => "offline",
        Some(_) => "closed",
    }
}

/// What carries it, or is being tried.
pub fn transport(status: Option<&Status>) -> String {
    match status {
        Some(Status::Connecting { transport: Some(by), .. } | Status::Open { transport: Some(by), .. }) => {
            String::from(by.as_str())
        }
        _ => String::from("none"),
    }
}

/// How the chat goes, for people.
pub fn via(status: Option<&Status>) -> &'static str {
    match status {
        Some(Status::Open { transport: Some(Transport::WebSocket), .. }) => "by WebSocket",
        Some(Status::Open { transport: Some(Transport::EventSource), .. }) => {
            "by server-sent events: WebSocket does not get through"
        }
        Some(Status::Open { .. }) => "by long-polling: WebSocket does not get through",
        Some(Status::Closed) => "closed",
        _ => "reconnecting, you can go on writing",
    }
}
