//! A chat and live prices, in Dioxus.

mod app;
mod chat;
pub mod connection;
mod mounts;
mod panel;
mod prices;

pub use app::{App, Live};
