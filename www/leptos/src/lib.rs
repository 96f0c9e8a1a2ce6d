//! A chat and live prices, in Leptos: rendered on a server, then taken over in the browser, where the connections open.

mod app;
mod chat;
mod connection;
mod mounts;
mod panel;
mod prices;

pub use app::{App, shell};

/// Takes over what the server has rendered.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen(start)]
pub fn hydrate() {
    leptos::mount::hydrate_body(App);
}
