//! Natively and without the feature `testing`, which is what server-side rendering is.
#![cfg(all(not(feature = "testing"), not(target_arch = "wasm32")))]
#![allow(clippy::unwrap_used)]

use everwire::{Events, Socket};

#[test]
fn on_a_server_opening_is_an_error_that_says_what_was_expected() {
    for error in [
        Socket::builder("wss://chat.example/").open().map(drop).unwrap_err(),
        Events::builder("https://prices.example/").open().map(drop).unwrap_err(),
        Events::builder("https://prices.example/").method("POST").body("[\"GOLD\"]").open().map(drop).unwrap_err(),
    ] {
        assert!(error.to_string().contains("expected to be in a browser"), "{error}");
    }
}
