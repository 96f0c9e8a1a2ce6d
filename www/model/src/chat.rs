//! The chat: what survives a break, in both directions.
//!
//! Receiving is the library's business: it resumes after the last id. Sending is shared. The library delivers what it still holds;
//! but a message that was on its way when the wire was cut may or may not have arrived, and only its echo can tell. So a message
//! stays pending until the server sends it back, is sent again when a reconnect brought no echo, and carries an id by which every
//! reader shows it once. This is the one part of "exactly once" that no transport can do.

use std::collections::{HashSet, VecDeque};

use serde::{Deserialize, Serialize};

const SHOWN: usize = 200;
const REMEMBERED: usize = 20_000;

/// A message, as it is sent and shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its own, chosen by the sender.
    pub id: String,
    /// Who says it.
    pub from: String,
    /// What is said.
    pub text: String,
    /// Not yet sent back by the server.
    #[serde(skip)]
    pub pending: bool,
}

impl Row {
    /// A steady colour for each name, in degrees.
    pub fn hue(&self) -> u32 {
        self.from.chars().fold(7, |sum, letter| (sum * 31 + u32::from(letter)) % 360)
    }
}

/// The messages of the room, in the server's order, and then ours that it has not sent back.
#[derive(Clone, Debug, Default)]
pub struct Chat {
    echoed: VecDeque<Row>,
    pending: Vec<Row>,
    seen: HashSet<String>,
    /// The same, oldest first: so that they are forgotten in that order.
    order: VecDeque<String>,
}

impl Chat {
    /// All that is shown, oldest first.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.echoed.iter().chain(&self.pending)
    }

    /// A message of ours, as it is sent. It is shown at once; see [`Self::take_back`].
    pub fn say(&mut self, id: String, from: &str, text: &str) -> String {
        let row = Row { id, from: from.into(), text: text.into(), pending: true };
        let sent = json(&row);
        self.pending.push(row);
        sent
    }

    /// The last message of ours was not accepted for sending: it is ours to keep again.
    pub fn take_back(&mut self) -> Option<String> {
        self.pending.pop().map(|row| row.text)
    }

    /// Something came. Anybody may publish to the relay, so nothing is taken for granted.
    pub fn hear(&mut self, text: &str, last_event_id: &str) {
        let row = serde_json::from_str(text).unwrap_or_else(|_| Row {
            id: last_event_id.into(),
            from: "someone".into(),
            text: text.into(),
            pending: false,
        });
        self.pending.retain(|other| other.id != row.id);
        if !self.seen.insert(row.id.clone()) {
            return;
        }
        self.order.push_back(row.id.clone());
        if self.order.len() > REMEMBERED {
            self.order.pop_front().inspect(|oldest| {
                self.seen.remove(oldest);
            });
        }
        self.echoed.push_back(row);
        if self.echoed.len() > SHOWN {
            self.echoed.pop_front();
        }
    }

    /// What is to be sent again, when a reconnect has brought no echo of it within [`GRACE`](crate::GRACE).
    pub fn unanswered(&self) -> Vec<String> {
        self.pending.iter().map(json).collect()
    }
}

fn json(row: &Row) -> String {
    serde_json::to_string(row).expect("strings are always JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(chat: &Chat) -> Vec<(&str, bool)> {
        chat.rows().map(|row| (&*row.text, row.pending)).collect()
    }

    #[test]
    fn what_is_said_is_shown_at_once_and_goes_where_the_server_puts_it() {
        let mut chat = Chat::default();
        let mine = chat.say("1".into(), "ann", "hello");
        assert_eq!(texts(&chat), [("hello", true)]);
        chat.hear(r#"{"id":"2","from":"bob","text":"hi"}"#, "7:1");
        assert_eq!(texts(&chat), [("hi", false), ("hello", true)]);
        chat.hear(&mine, "7:2");
        assert_eq!(texts(&chat), [("hi", false), ("hello", false)]);
        assert_eq!(chat.unanswered(), [] as [&str; 0]);
    }

    #[test]
    fn what_has_no_echo_is_sent_again_and_two_echoes_are_shown_once() {
        let mut chat = Chat::default();
        let mine = chat.say("1".into(), "ann", "hello");
        assert_eq!(chat.unanswered(), [&*mine]);
        chat.hear(&mine, "7:1");
        chat.hear(&mine, "7:2");
        assert_eq!(texts(&chat), [("hello", false)]);
    }

    #[test]
    fn what_is_not_accepted_is_handed_back() {
        let mut chat = Chat::default();
        chat.say("1".into(), "ann", "hello");
        assert_eq!((chat.take_back().as_deref(), texts(&chat)), (Some("hello"), vec![]));
    }

    #[test]
    fn what_is_no_message_of_ours_is_shown_as_it_is() {
        let mut chat = Chat::default();
        chat.hear("<b>", "7:1");
        assert_eq!(texts(&chat), [("<b>", false)]);
    }

    #[test]
    fn nothing_grows_for_ever() {
        let mut chat = Chat::default();
        (0..REMEMBERED + 5).for_each(|n| chat.hear("x", &n.to_string()));
        assert_eq!((chat.rows().count(), chat.seen.len(), chat.order.len()), (SHOWN, REMEMBERED, REMEMBERED));
    }
}
