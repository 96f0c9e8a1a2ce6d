//! The chat between all open tabs.

use std::time::Duration;

use everwire::{Message, SendError, Status};
use everwire_demo_model as model;
use leptos::{ev::SubmitEvent, html::Input, prelude::*};

use crate::connection::UseSocket;

/// What is said, and a line to say something.
#[component]
pub fn Chat(socket: UseSocket) -> impl IntoView {
    let chat = RwSignal::new(model::Chat::default());
    let note = RwSignal::new("");
    let name = NodeRef::<Input>::new();
    let text = NodeRef::<Input>::new();
    let status = socket.status();
    let is_open = Memo::new(move |_| status.with(|status| status.as_ref().is_some_and(Status::is_open)));

    socket.on_message(move |message| {
        let id = socket.connection().map(|socket| socket.last_event_id()).unwrap_or_default();
        if let Message::Text(text) = message {
            chat.update(|chat| chat.hear(text, &id));
        }
    });

    // After a reconnect the echoes that were missed come first. Only what they leave open is sent again.
    Effect::new(move |_| {
        if !is_open.get() {
            return;
        }
        let again = set_timeout_with_handle(
            move || {
                for message in chat.with_untracked(model::Chat::unanswered) {
                    // What is not accepted now is still unanswered, and goes with the next reconnect.
                    let _ = socket.send(message);
                }
            },
            Duration::from_millis(model::GRACE),
        );
        on_cleanup(move || again.into_iter().for_each(|timer| timer.clear()));
    });

    let say = move |event: SubmitEvent| {
        event.prevent_default();
        let (Some(name), Some(text)) = (name.get(), text.get()) else { return };
        let said = text.value();
        if said.trim().is_empty() {
            return;
        }
        let message = chat.try_update(|chat| chat.say(new_id(), name.value().trim(), said.trim())).unwrap_or_default();
        if let Err(SendError::Full(_) | SendError::Closed(_)) = socket.send(message) {
            chat.update(|chat| drop(chat.take_back()));
            return note.set("Not accepted: too much is waiting to be sent already. Try again in a moment.");
        }
        note.set("");
        text.set_value("");
    };

    view! {
        <section class="card chat">
            <div class="head">
                <h2>"Chat " <small>"between all open tabs"</small></h2>
                <p class="aside via" data-testid="chat-via">{move || status.with(|status| model::via(status.as_ref()))}</p>
            </div>
            <div class="log" role="log" data-testid="chat-log">
                <For
                    each=move || chat.with(|chat| chat.rows().cloned().collect::<Vec<_>>())
                    key=|row| (row.id.clone(), row.pending)
                    children=message
                />
            </div>
            <form class="compose" autocomplete="off" on:submit=say>
                <label class="name">
                    <span class="hidden">"Your name"</span>
                    <input node_ref=name data-testid="chat-name" maxlength="24" value="Quiet Heron" required />
                </label>
                <label class="text">
                    <span class="hidden">"Message"</span>
                    <input node_ref=text data-testid="chat-input" maxlength="500" placeholder="Say something" />
                </label>
                <button class="primary" data-testid="chat-send">"Send"</button>
            </form>
            <p class="note" role="status">{note}</p>
        </section>
    }
}

fn message(row: model::Row) -> impl IntoView {
    let hue = format!("--hue: {}", row.hue());
    let class = if row.pending { "message mine pending" } else { "message" };
    view! {
        <p class=class data-testid="chat-message">
            <b style=hue>{row.from}</b>
            " "
            <span class="said">{row.text}</span>
            {row.pending.then(|| view! { <span class="mark">"sending…"</span> })}
        </p>
    }
}

/// Unlike any other.
fn new_id() -> String {
    format!("{:x}-{:x}", js_sys::Date::now() as u64, (js_sys::Math::random() * 2f64.powi(52)) as u64)
}
