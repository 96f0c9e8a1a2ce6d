//! A counter; and, by the features, what uses everwire.
#![allow(dead_code, reason = "the adapter is used as far as the features go")]

#[cfg(feature = "socket")]
#[path = "../../../www/yew/src/connection.rs"]
mod connection;

#[cfg(feature = "typed")]
use std::{future::poll_fn, pin::Pin};

#[cfg(feature = "typed")]
use futures_core::Stream;
use yew::prelude::*;

#[component]
fn App() -> Html {
    let count = use_state(|| 0);
    let more = {
        let count = count.clone();
        move |_: MouseEvent| count.set(*count + 1)
    };
    html! {
        <>
            <button onclick={more}>{ *count }</button>
            <Chat />
            <Prices />
        </>
    }
}

#[cfg(not(feature = "socket"))]
#[component]
fn Chat() -> Html {
    html! {}
}

#[cfg(feature = "socket")]
fn chat() -> everwire::SocketBuilder {
    let builder = everwire::Socket::builder("/chat");
    #[cfg(feature = "relay")]
    let builder = builder.wire(everwire::Wire::Relay);
    #[cfg(feature = "engine-io")]
    let builder = builder.wire(everwire::Wire::EngineIo);
    builder
}

#[cfg(all(feature = "socket", not(feature = "typed")))]
#[component]
fn Chat() -> Html {
    let socket = connection::use_socket((), |()| chat());
    let said = connection::use_latest(&socket);
    let status = connection::use_status(&socket);
    let say = {
        let socket = socket.clone();
        move |_: MouseEvent| drop(socket.send("hello"))
    };
    html! {
        <button onclick={say}>
            { said.as_ref().and_then(everwire::Message::as_text).unwrap_or("nothing yet") }
            { if status.is_some_and(|status| status.is_open()) { "open" } else { "not open" } }
        </button>
    }
}

#[cfg(feature = "typed")]
#[derive(serde::Serialize, serde::Deserialize)]
struct Said {
    from: String,
    text: String,
    at: f64,
}

#[cfg(feature = "typed")]
#[component]
fn Chat() -> Html {
    let socket = connection::use_socket((), |()| chat());
    let status = connection::use_status(&socket);
    let say = {
        let socket = socket.clone();
        move |_: MouseEvent| {
            let said = Said { from: "me".into(), text: "hello".into(), at: 1.0 };
            socket.connection().into_iter().for_each(|socket| drop(socket.json::<Said, Said>().send(&said)));
        }
    };
    let heard = use_state(String::new);
    use_effect_with(socket.clone(), {
        let heard = heard.clone();
        move |socket| {
            let Some(mut messages) = socket.connection().map(|socket| socket.json::<Said, Said>().messages()) else {
                return;
            };
            yew::platform::spawn_local(async move {
                while let Some(said) = poll_fn(|context| Pin::new(&mut messages).poll_next(context)).await {
                    heard.set(said.map_or_else(|error| error.to_string(), |said| said.text));
                }
            });
        }
    });
    html! {
        <button onclick={say}>
            { &*heard }
            { if status.is_some_and(|status| status.is_open()) { "open" } else { "not open" } }
        </button>
    }
}

#[cfg(feature = "events")]
#[component]
fn Prices() -> Html {
    let stream = connection::use_events((), |()| everwire::Events::builder("/prices").event("price"));
    let latest = connection::use_latest(&stream);
    html! { <p>{ latest.map(|event| event.data) }</p> }
}

#[cfg(not(feature = "events"))]
#[component]
fn Prices() -> Html {
    html! {}
}

fn main() {
    yew::Renderer::<App>::new().render();
}
