//! Connections that come and go, for a test that counts what they leave behind.

use dioxus::prelude::*;
use everwire::{Events, Message, Socket, Status};
use everwire_demo_model::{hear, room, state};

use crate::connection::{use_events, use_messages, use_socket};

const AT_ONCE: usize = 10;

/// Ten components, or none; and one whose URL changes.
#[component]
pub fn Mounts() -> Element {
    let mut mounted = use_signal(|| false);
    let mut count = use_signal(|| 0);
    let mut room = use_signal(|| 1);
    let toggle = move |_| {
        mounted.toggle();
        if mounted() {
            count += AT_ONCE;
        }
    };
    rsx! {
        section { class: "card pages-only",
            div { class: "head",
                h2 { "Mounts" }
                p { class: "aside", "data-testid": "mount-count", "{count}" }
            }
            button { r#type: "button", "data-testid": "mount", onclick: toggle, "Mount or unmount ten" }
            if mounted() {
                for number in 0..AT_ONCE {
                    Mounted { key: "{number}" }
                }
            }
            button { r#type: "button", "data-testid": "next-room", onclick: move |_| room += 1, "Next room" }
            button { r#type: "button", "data-testid": "no-room", onclick: move |_| room.set(0), "No room" }
            Room { number: room }
        }
    }
}

#[component]
fn Mounted() -> Element {
    let socket = use_socket(|| Socket::builder("/ws/echo"));
    let stream = use_events(|| Events::builder("/sse/numbers"));
    let mut heard = use_signal(|| 0);
    use_messages(socket, move |_| heard += 1);
    use_messages(stream, move |_| heard += 1);
    // In an effect, for the connection opens in one.
    use_effect(move || drop(socket.send("hello")));
    rsx! { p { class: "plain", "data-testid": "mounted", "{heard} heard" } }
}

/// A connection whose URL is that of the room, and another that never opens: of which the latest message is shown can be changed.
#[component]
fn Room(number: ReadSignal<u32>) -> Element {
    let socket = use_socket(move || Socket::builder(room(number())));
    use_effect(move || {
        if socket.status().read().as_ref().is_some_and(Status::is_open) {
            drop(socket.send(format!("hello, room {}", number.peek())));
        }
    });
    use_messages(socket, |message| hear(message.as_text()));
    let mut heard = use_signal(|| 0);
    use_messages(socket, move |_| heard += 1);
    let nowhere = use_socket(|| Socket::builder(room(0)));
    let mut elsewhere = use_signal(|| false);
    let close = move |_| {
        if let Some(Status::Open { .. }) = &*socket.status().read() {
            socket.connection().iter().for_each(Socket::close);
        }
    };
    let latest = if elsewhere() { nowhere } else { socket }.latest();
    let said = latest.read();
    rsx! {
        button { r#type: "button", "data-testid": "close-room", onclick: close, "Close" }
        button { r#type: "button", "data-testid": "other-handle", onclick: move |_| elsewhere.toggle(), "Other handle" }
        p { class: "plain", "data-testid": "room", {said.as_ref().and_then(Message::as_text).unwrap_or("nothing yet")} }
        p { class: "plain", "data-testid": "room-heard", "{heard} heard" }
        p { class: "plain", "data-testid": "room-state", {state(socket.status().read().as_ref())} }
        p { class: "plain", "data-testid": "room-error", {socket.error().read().as_ref().map(ToString::to_string)} }
    }
}
