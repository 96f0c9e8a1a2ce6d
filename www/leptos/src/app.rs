//! The pages.

use std::time::Duration;

use everwire::{Events, Socket, Wire};
use everwire_demo_model::{CHAT, PRICE_EVENTS, PRICES};
use leptos::prelude::*;
use leptos_router::{
    components::{A, Route, Router, Routes},
    path,
};

use crate::{
    chat::Chat,
    connection::{use_events, use_socket},
    mounts::Mounts,
    panel::Panel,
    prices::Prices,
};

/// The document around the application, as the server renders it. The script takes the application over.
pub fn shell() -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <title>"everwire in Leptos"</title>
                <link rel="icon" href="data:," />
                <link rel="stylesheet" href="/www/style.css" />
                <link rel="stylesheet" href="/www/apps.css" />
                <script type="module">"import init from '/www/leptos/dist/everwire_leptos.js'; await init();"</script>
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// All of it. The pages are below `/leptos`, beside the server's own.
#[component]
pub fn App() -> impl IntoView {
    view! {
        <Router base="/leptos">
            <header class="top">
                <div class="brand">
                    <div>
                        <h1>"everwire in Leptos"</h1>
                        <p class="lede">"The same chat and prices as the demo page, without a line of JavaScript."</p>
                    </div>
                </div>
                <nav class="pages">
                    <A href="/leptos" exact=true attr:data-testid="nav-home">"Live"</A>
                    <A href="/leptos/about" attr:data-testid="nav-about">"About"</A>
                    <A href="/leptos/mounts" attr:data-testid="nav-mounts">"Mounts"</A>
                </nav>
            </header>
            <main>
                <Routes fallback=|| "There is no such page.">
                    <Route path=path!("") view=Live />
                    <Route path=path!("about") view=About />
                    <Route path=path!("mounts") view=Mounts />
                </Routes>
            </main>
        </Router>
    }
}

/// The page with the connections. They are closed when it is left.
#[component]
fn Live() -> impl IntoView {
    let chat = use_socket(|| Socket::builder(CHAT).wire(Wire::Relay));
    // The feed ticks five times a second, so six silent seconds mean that it is dead, whatever TCP believes.
    let prices = use_events(|| {
        let builder = Events::builder(PRICES).silence_timeout(Duration::from_secs(6));
        PRICE_EVENTS.into_iter().fold(builder, |builder, kind| builder.event(kind))
    });
    view! {
        <Panel socket=chat stream=prices />
        <Chat socket=chat />
        <Prices stream=prices />
    }
}

#[component]
fn About() -> impl IntoView {
    view! {
        <section class="card pages-only" data-testid="about">
            <h2>"About"</h2>
            <p class="plain">"This page has no connection: those of the page before are closed."</p>
        </section>
    }
}
