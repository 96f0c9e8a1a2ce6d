//! The chat between all open tabs.

use dioxus::prelude::*;
use everwire::Status;
use everwire_demo_model as model;
use gloo_timers::future::TimeoutFuture;

use crate::connection::{UseSocket, use_messages};

/// What is said, and a line to say something.
#[component]
pub fn Chat(socket: UseSocket) -> Element {
    let mut chat = use_signal(model::Chat::default);
    let mut note = use_signal(|| "");
    let mut name = use_signal(|| String::from("Quiet Heron"));
    let mut text = use_signal(String::new);
    let status = socket.status();
    let is_open = use_memo(move || status.read().as_ref().is_some_and(Status::is_open));

    use_messages(socket, move |message| {
        let Some(text) = message.as_text() else { return };
        let id = socket.connection().map(|socket| socket.last_event_id()).unwrap_or_default();
        chat.write().hear(text, &id);
    });

    // After a reconnect the echoes that were missed come first. Only what they leave open is sent again.
    use_resource(move || {
        let is_open = is_open();
        async move {
            if is_open {
                TimeoutFuture::new(model::GRACE as u32).await;
                for message in chat.peek().unanswered() {
                    // What is not accepted now is still unanswered, and goes with the next reconnect.
                    let _ = socket.send(message);
                }
            }
        }
    });

    let say = move |event: FormEvent| {
        event.prevent_default();
        let said = text.peek().trim().to_owned();
        if said.is_empty() {
            return;
        }
        let message = chat.write().say(new_id(), name.peek().trim(), &said);
        if socket.send(message).is_ok() {
            note.set("");
            text.set(String::new());
        } else {
            chat.write().take_back();
            note.set("Not accepted: too much is waiting to be sent already. Try again in a moment.");
        }
    };

    rsx! {
        section { class: "card chat",
            div { class: "head",
                h2 { "Chat " small { "between all open tabs" } }
                p { class: "aside via", "data-testid": "chat-via", {model::via(status.read().as_ref())} }
            }
            div { class: "log", role: "log", "data-testid": "chat-log",
                for row in chat.read().rows() {
                    p { key: "{row.id}", class: "message", class: if row.pending { "mine pending" }, "data-testid": "chat-message",
                        b { style: "--hue: {row.hue()}", "{row.from}" }
                        " "
                        span { class: "said", "{row.text}" }
                        if row.pending {
                            span { class: "mark", "sending…" }
                        }
                    }
                }
            }
            form { class: "compose", autocomplete: "off", onsubmit: say,
                label { class: "name",
                    span { class: "hidden", "Your name" }
                    input { "data-testid": "chat-name", maxlength: "24", required: true, value: name,
                        oninput: move |event| name.set(event.value()) }
                }
                label { class: "text",
                    span { class: "hidden", "Message" }
                    input { "data-testid": "chat-input", maxlength: "500", placeholder: "Say something", value: text,
                        oninput: move |event| text.set(event.value()) }
                }
                button { class: "primary", "data-testid": "chat-send", "Send" }
            }
            p { class: "note", role: "status", {note} }
        }
    }
}

/// Unlike any other.
fn new_id() -> String {
    format!("{:x}-{:x}", js_sys::Date::now() as u64, (js_sys::Math::random() * 2f64.powi(52)) as u64)
}
