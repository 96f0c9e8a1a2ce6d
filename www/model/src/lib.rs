//! What the small applications in Yew, Leptos and Dioxus have in common, without a word of any framework: a chat, prices, an account of
//! what came, and words for a connection's status. So that what differs between the applications is what differs between the frameworks.

mod account;
mod chat;
mod prices;
mod words;

pub use account::Account;
pub use chat::{Chat, Row};
pub use prices::{Price, Prices};
pub use words::{state, transport, via};

/// Where the chat is: a relay, which has one URL and one kind of id for all its transports.
pub const CHAT: &str = "/relay/chat";
/// Where the prices are.
pub const PRICES: &str = "/sse/prices";
/// The types of the events there.
pub const PRICE_EVENTS: [&str; 2] = ["snapshot", "prices"];

/// After a reconnect, the echoes that were missed come first. What is still without one after this many milliseconds is sent again.
pub const GRACE: u64 = 1_500;

/// Where a room is, of those that a test goes through. The room 0 is nowhere: its URL is one that is refused.
pub fn room(number: u32) -> String {
    if number == 0 { String::new() } else { format!("/ws/chat/{number}") }
}

/// Hears what is said in a room, for a test of what becomes of the others who listen when one of them panics.
///
/// # Panics
///
/// When it is told to.
pub fn hear(text: Option<&str>) {
    assert_ne!(text, Some("panic"));
}
