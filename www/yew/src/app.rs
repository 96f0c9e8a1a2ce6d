//! The pages.

use std::time::Duration;

use everwire::{Events, Socket, Wire};
use everwire_demo_model::{CHAT, PRICE_EVENTS, PRICES};
use yew::prelude::*;
use yew_router::prelude::*;

use crate::{
    chat::Chat,
    connection::{use_events, use_socket},
    mounts::Mounts,
    panel::Panel,
    prices::Prices,
};

/// Where one can be. In the fragment, for the server has one file for all of them.
#[derive(Clone, Copy, PartialEq, Eq, Routable)]
enum Page {
    #[at("/")]
    Live,
    #[at("/about")]
    About,
    #[at("/mounts")]
    Mounts,
}

/// All of it.
#[component]
pub fn App() -> Html {
    html! {
        <HashRouter>
            <header class="top">
                <div class="brand">
                    <div>
                        <h1>{ "everwire in Yew" }</h1>
                        <p class="lede">{ "The same chat and prices as the demo page, without a line of JavaScript." }</p>
                    </div>
                </div>
                <Pages />
            </header>
            <main>
                <Switch<Page> render={|page| match page {
                    Page::Live => html! { <Live /> },
                    Page::About => html! { <About /> },
                    Page::Mounts => html! { <Mounts /> },
                }} />
            </main>
        </HashRouter>
    }
}

#[component]
fn Pages() -> Html {
    let current = use_route::<Page>();
    let link = |page: Page, id: &'static str, title: &'static str| {
        let at = (current == Some(page)).then_some("page");
        html! { <a href={format!("#{}", page.to_path())} data-testid={id} aria-current={at}>{ title }</a> }
    };
    html! {
        <nav class="pages">
            { link(Page::Live, "nav-home", "Live") }
            { link(Page::About, "nav-about", "About") }
            { link(Page::Mounts, "nav-mounts", "Mounts") }
        </nav>
    }
}

/// The page with the connections. They are closed when it is left.
#[component]
pub fn Live() -> Html {
    let chat = use_socket((), |()| Socket::builder(CHAT).wire(Wire::Relay));
    // The feed ticks five times a second, so six silent seconds mean that it is dead, whatever TCP believes.
    let prices = use_events((), |()| {
        let builder = Events::builder(PRICES).silence_timeout(Duration::from_secs(6));
        PRICE_EVENTS.into_iter().fold(builder, |builder, kind| builder.event(kind))
    });
    html! {
        <>
            <Panel socket={chat.clone()} stream={prices.clone()} />
            <Chat socket={chat} />
            <Prices stream={prices} />
        </>
    }
}

#[component]
fn About() -> Html {
    html! {
        <section class="card pages-only" data-testid="about">
            <h2>{ "About" }</h2>
            <p class="plain">{ "This page has no connection: those of the page before are closed." }</p>
        </section>
    }
}
