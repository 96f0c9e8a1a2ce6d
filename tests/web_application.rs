//! A browser test as an application would have it: its own code, a real browser, and a server that does as it is asked.
//!
//! `make test-application` runs it by the runner in `server-fixture/examples/browser_tests.rs`; `wasm-pack test --headless --chrome` does
//! as well, while the fixture runs.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use everwire::{Backoff, Message, Messages, Socket, Wire};
use futures_util::StreamExt;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// Where the fixture is, which has to be known when this is compiled: a test in a browser has no environment.
const SERVER: &str = match option_env!("EVERWIRE_FIXTURE") {
    Some(url) => url,
    None => "http://127.0.0.1:4780",
};

/// The application: a chat that shows what was said.
struct Chat {
    socket: Socket,
    said: Messages,
}

impl Chat {
    /// Joins this room; with a fault of the server's, if that is asked for.
    fn join(room: &str, fault: &str) -> Self {
        let soon = Duration::from_millis(50);
        let socket = Socket::builder(format!("{SERVER}/relay/{room}{fault}"))
            .wire(Wire::Relay)
            .backoff(Backoff::default().first_delay(soon).min_delay(soon))
            .open()
            .unwrap();
        Self { said: socket.messages(), socket }
    }
}

#[wasm_bindgen_test]
async fn a_chat_misses_nothing_and_repeats_nothing_however_often_its_connection_is_lost() {
    let room = format!("test-{}", js_sys::Date::now());
    let (one, mut other) = (Chat::join(&room, ""), Chat::join(&room, "?drop-after=2"));
    for text in ["one", "two", "three", "four", "five"] {
        let _ = one.socket.send(text).unwrap();
    }
    let said: Vec<_> = other.said.by_ref().take(5).collect().await;
    assert_eq!(said, ["one", "two", "three", "four", "five"].map(Message::from));
    assert!(other.socket.stats().drops > 0, "it was lost in between");
}
