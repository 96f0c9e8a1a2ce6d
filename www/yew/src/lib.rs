//! A chat and live prices, in Yew.

mod app;
mod chat;
mod connection;
mod mounts;
mod panel;
mod prices;

pub use app::{App, Live};
