//! The pages.

use std::time::Duration;

use dioxus::prelude::*;
use everwire::{Events, Socket, Wire};
use everwire_demo_model::{CHAT, PRICE_EVENTS, PRICES};

use crate::{
    chat::Chat,
    connection::{use_events, use_socket},
    mounts::Mounts,
    panel::Panel,
    prices::Prices,
};

/// Where one can be.
#[derive(Clone, Debug, PartialEq, Routable)]
enum Page {
    #[layout(Frame)]
    #[route("/")]
    Live {},
    #[route("/about")]
    About {},
    #[route("/mounts")]
    Mounts {},
}

/// All of it.
#[component]
pub fn App() -> Element {
    rsx! { Router::<Page> {} }
}

#[component]
fn Frame() -> Element {
    rsx! {
        header { class: "top",
            div { class: "brand",
                div {
                    h1 { "everwire in Dioxus" }
                    p { class: "lede", "The same chat and prices as the demo page, without a line of JavaScript." }
                }
            }
            nav { class: "pages",
                Link { to: Page::Live {}, "data-testid": "nav-home", "Live" }
                Link { to: Page::About {}, "data-testid": "nav-about", "About" }
                Link { to: Page::Mounts {}, "data-testid": "nav-mounts", "Mounts" }
            }
        }
        main { Outlet::<Page> {} }
    }
}

/// The page with the connections. They are closed when it is left.
#[component]
pub fn Live() -> Element {
    let chat = use_socket(|| Socket::builder(CHAT).wire(Wire::Relay));
    // The feed ticks five times a second, so six silent seconds mean that it is dead, whatever TCP believes.
    let prices = use_events(|| {
        let builder = Events::builder(PRICES).silence_timeout(Duration::from_secs(6));
        PRICE_EVENTS.into_iter().fold(builder, |builder, kind| builder.event(kind))
    });
    rsx! {
        Panel { socket: chat, stream: prices }
        Chat { socket: chat }
        Prices { stream: prices }
    }
}

#[component]
fn About() -> Element {
    rsx! {
        section { class: "card pages-only", "data-testid": "about",
            h2 { "About" }
            p { class: "plain", "This page has no connection: those of the page before are closed." }
        }
    }
}
