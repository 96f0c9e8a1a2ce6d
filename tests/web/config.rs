//! Bad input: a sentence that says what was given and what was expected.

use std::time::Duration;

use everwire::{Backoff, ConfigError, Events, Outbox, Socket, Transport};
use wasm_bindgen_test::wasm_bindgen_test;

fn says(error: ConfigError, given: &str, expected: &str) {
    let sentence = error.to_string();
    assert!(sentence.contains(given) && sentence.contains(expected), "{sentence}");
}

#[wasm_bindgen_test]
fn a_url_that_cannot_be_used_is_refused_with_a_reason() {
    says(Socket::builder("http://[").open().unwrap_err(), "http://[", "expected a valid URL");
    says(Socket::builder("ftp://host/").open().unwrap_err(), "ftp://host/", "expected the scheme ws");
    says(Socket::builder("ws://host/#top").open().unwrap_err(), "#top", "without a fragment");
    says(Events::builder("mailto:me").open().unwrap_err(), "mailto:me", "expected the scheme");
}

#[wasm_bindgen_test]
fn a_subprotocol_that_is_no_token_or_comes_twice_is_refused() {
    let with = |protocols: &[&str]| Socket::builder("/x").protocols(protocols.iter().copied()).open().unwrap_err();
    says(with(&["a, b"]), "a, b", "expected an HTTP token");
    says(with(&[""]), "\"\"", "expected an HTTP token");
    says(with(&["a", "a"]), "a", "expected each subprotocol once");
}

#[wasm_bindgen_test]
fn bounds_of_zero_are_refused() {
    says(Socket::builder("/x").outbox(Outbox::bounded(0)).open().unwrap_err(), "0", "room for at least one message");
    says(Socket::builder("/x").connect_timeout(Duration::ZERO).open().unwrap_err(), "0", "more than zero");
    says(Events::builder("/x").max_event_bytes(0).open().unwrap_err(), "0", "more than zero");
    says(Events::builder("/x").silence_timeout(Duration::ZERO).open().unwrap_err(), "0", "more than zero");
    let spinning = Backoff::default().max_delay(Duration::ZERO);
    says(Socket::builder("/x").backoff(spinning).open().unwrap_err(), "0", "must not spin");
    let shrinking = Backoff::default().factor(f64::NAN);
    says(Socket::builder("/x").backoff(shrinking).open().unwrap_err(), "NaN", "at least 1");
}

#[wasm_bindgen_test]
fn a_transport_that_the_wire_does_not_have_is_refused() {
    let error = Socket::builder("/x").transports([Transport::LongPoll]).open().unwrap_err();
    says(error, "long-poll", "transports that the wire has");
}

#[wasm_bindgen_test]
fn a_close_code_or_reason_that_the_standard_forbids_is_refused() {
    let socket = Socket::builder("/x").open().unwrap();
    says(socket.close_with(1001, "").unwrap_err(), "1001", "expected 1000 or 3000 to 4999");
    says(socket.close_with(1000, &"x".repeat(124)).unwrap_err(), "xxx", "at most 123 bytes");
    assert!(socket.close_with(4999, &"x".repeat(123)).is_ok());
}
