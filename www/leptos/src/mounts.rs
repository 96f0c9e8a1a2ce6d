//! Connections that come and go, for a test that counts what they leave behind.

use everwire::{ConfigError, Events, Message, Socket, Status};
use everwire_demo_model::{hear, room, state};
use leptos::prelude::*;

use crate::connection::{use_events, use_socket};

const AT_ONCE: usize = 10;

/// Ten components, or none; and one whose URL changes.
#[component]
pub fn Mounts() -> impl IntoView {
    let mounted = RwSignal::new(false);
    let count = RwSignal::new(0_usize);
    let room = RwSignal::new(1);
    view! {
        <section class="card pages-only">
            <div class="head">
                <h2>"Mounts"</h2>
                <p class="aside" data-testid="mount-count">{count}</p>
            </div>
            <button type="button" data-testid="mount" on:click=move |_| {
                mounted.update(|mounted| *mounted = !*mounted);
                if mounted.get() {
                    count.update(|count| *count += AT_ONCE);
                }
            }>"Mount or unmount ten"</button>
            <Show when=move || mounted.get()>{move || (0..AT_ONCE).map(|_| view! { <Mounted /> }).collect_view()}</Show>
            <button type="button" data-testid="next-room" on:click=move |_| room.update(|room| *room += 1)>"Next room"</button>
            <button type="button" data-testid="no-room" on:click=move |_| room.set(0)>"No room"</button>
            <Room number=room.into() />
        </section>
    }
}

#[component]
fn Mounted() -> impl IntoView {
    let socket = use_socket(|| Socket::builder("/ws/echo"));
    let stream = use_events(|| Events::builder("/sse/numbers"));
    let heard = RwSignal::new(0);
    socket.on_message(move |_| heard.update(|heard| *heard += 1));
    stream.on_event(move |_| heard.update(|heard| *heard += 1));
    // In an effect, for the connection opens in one.
    Effect::new(move |_| drop(socket.send("hello")));
    view! { <p class="plain" data-testid="mounted">{heard} " heard"</p> }
}

/// A connection whose URL is that of the room, and another that never opens: of which the latest message is shown can be changed.
#[component]
fn Room(number: Signal<u32>) -> impl IntoView {
    let socket = use_socket(move || Socket::builder(room(number.get())));
    Effect::new(move |_| {
        if socket.status().with(|status| status.as_ref().is_some_and(Status::is_open)) {
            drop(socket.send(format!("hello, room {}", number.get_untracked())));
        }
    });
    socket.on_message(|message| hear(message.as_text()));
    let heard = RwSignal::new(0);
    socket.on_message(move |_| heard.update(|heard| *heard += 1));
    let nowhere = use_socket(|| Socket::builder(room(0)));
    let elsewhere = RwSignal::new(false);
    let close = move |_| {
        if let Some(Status::Open { .. }) = &*socket.status().read() {
            socket.connection().iter().for_each(Socket::close);
        }
    };
    let said = move || {
        let shown = if elsewhere.get() { nowhere } else { socket };
        shown.latest().with(|latest| latest.as_ref().and_then(Message::as_text).unwrap_or("nothing yet").to_owned())
    };
    let is = move || socket.status().with(|status| state(status.as_ref()));
    let error = move || socket.error().with(|error| error.as_ref().map(ConfigError::to_string));
    view! {
        <button type="button" data-testid="close-room" on:click=close>"Close"</button>
        <button type="button" data-testid="other-handle" on:click=move |_| elsewhere.update(|it| *it = !*it)>"Other handle"</button>
        <p class="plain" data-testid="room">{said}</p>
        <p class="plain" data-testid="room-heard">{heard} " heard"</p>
        <p class="plain" data-testid="room-state">{is}</p>
        <p class="plain" data-testid="room-error">{error}</p>
    }
}
