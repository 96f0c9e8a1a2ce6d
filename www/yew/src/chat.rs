//! The chat between all open tabs.

use everwire::{Message, Status};
use everwire_demo_model as model;
use gloo_timers::callback::Timeout;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::connection::{UseSocket, use_messages, use_status};

/// Where it is talked.
#[derive(PartialEq, Properties)]
pub struct ChatProps {
    pub socket: UseSocket,
}

/// What is said, and a line to say something.
#[component]
pub fn Chat(ChatProps { socket }: &ChatProps) -> Html {
    let chat = use_mut_ref(model::Chat::default);
    let update = use_force_update();
    let note = use_state(|| "");
    let (name, text) = (use_node_ref(), use_node_ref());
    let status = use_status(socket);

    use_messages(socket, {
        let (socket, chat, update) = (socket.clone(), chat.clone(), update.clone());
        move |message: &Message| {
            let Some(text) = message.as_text() else { return };
            let id = socket.connection().map(|socket| socket.last_event_id()).unwrap_or_default();
            chat.borrow_mut().hear(text, &id);
            update.force_update();
        }
    });

    // After a reconnect the echoes that were missed come first. Only what they leave open is sent again.
    use_effect_with(status.as_ref().is_some_and(Status::is_open), {
        let (socket, chat) = (socket.clone(), chat.clone());
        move |is_open| {
            let again = is_open.then(|| {
                Timeout::new(model::GRACE as u32, move || {
                    for message in chat.borrow().unanswered() {
                        // What is not accepted now is still unanswered, and goes with the next reconnect.
                        let _ = socket.send(message);
                    }
                })
            });
            move || drop(again)
        }
    });

    let say = {
        let (socket, chat, name, text, note) = (socket.clone(), chat.clone(), name.clone(), text.clone(), note.clone());
        move |event: SubmitEvent| {
            event.prevent_default();
            let (Some(name), Some(text)) = (name.cast::<HtmlInputElement>(), text.cast::<HtmlInputElement>()) else {
                return;
            };
            let said = text.value();
            if said.trim().is_empty() {
                return;
            }
            let message = chat.borrow_mut().say(new_id(), name.value().trim(), said.trim());
            if socket.send(message).is_ok() {
                note.set("");
                text.set_value("");
            } else {
                chat.borrow_mut().take_back();
                note.set("Not accepted: too much is waiting to be sent already. Try again in a moment.");
            }
            update.force_update();
        }
    };

    html! {
        <section class="card chat">
            <div class="head">
                <h2>{ "Chat " }<small>{ "between all open tabs" }</small></h2>
                <p class="aside via" data-testid="chat-via">{ model::via(status.as_ref()) }</p>
            </div>
            <div class="log" role="log" data-testid="chat-log">{ for chat.borrow().rows().map(message) }</div>
            <form class="compose" autocomplete="off" onsubmit={say}>
                <label class="name">
                    <span class="hidden">{ "Your name" }</span>
                    <input ref={name} data-testid="chat-name" maxlength="24" value="Quiet Heron" required=true />
                </label>
                <label class="text">
                    <span class="hidden">{ "Message" }</span>
                    <input ref={text} data-testid="chat-input" maxlength="500" placeholder="Say something" />
                </label>
                <button class="primary" data-testid="chat-send">{ "Send" }</button>
            </form>
            <p class="note" role="status">{ *note }</p>
        </section>
    }
}

fn message(row: &model::Row) -> Html {
    html! {
        <p key={&*row.id} class={classes!("message", row.pending.then_some("mine pending"))} data-testid="chat-message">
            <b style={format!("--hue: {}", row.hue())}>{ &row.from }</b>{ " " }
            <span class="said">{ &row.text }</span>
            if row.pending {
                <span class="mark">{ "sending…" }</span>
            }
        </p>
    }
}

/// Unlike any other.
fn new_id() -> String {
    format!("{:x}-{:x}", js_sys::Date::now() as u64, (js_sys::Math::random() * 2f64.powi(52)) as u64)
}
