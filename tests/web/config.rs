//! Bad input: a sentence that says what was given and what was expected.

use std::time::Duration;

use everwire::{Backoff, ConfigError, Events, Heartbeat, Outbox, Overflow, Socket, Store, Transport, Wire};
use wasm_bindgen_test::wasm_bindgen_test;

fn says(error: ConfigError, given: &str, expected: &str) {
    let sentence = error.to_string();
    assert!(sentence.contains(given) && sentence.contains(expected), "{sentence}");
}

#[wasm_bindgen_test]
fn a_url_that_cannot_be_used_is_refused_with_a_reason() {
    for nothing in ["", " "] {
        says(Socket::builder(nothing).open().unwrap_err(), "url: \"", "expected a URL");
        says(Events::builder(nothing).open().unwrap_err(), "url: \"", "expected a URL");
    }
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

#[wasm_bindgen_test]
fn a_header_that_a_browser_would_drop_or_refuse_is_refused() {
    let with = |name: &str, value: &str| Events::builder("/x").header(name, value).open().unwrap_err();
    says(with("a b", "1"), "a b: 1", "expected an HTTP token");
    says(with("Cookie", "a=b"), "Cookie: a=b", "browsers let a script set");
    says(with("Sec-Fetch-Mode", "cors"), "Sec-Fetch-Mode", "browsers let a script set");
    says(with("X-A", "1\r\nX-B: 2"), "X-B", "without line breaks");
    says(with("Last-Event-ID", "7"), "Last-Event-ID: 7", "`last_event_id`");
}

#[wasm_bindgen_test]
fn a_method_that_cannot_be_used_or_has_no_body_is_refused() {
    says(Events::builder("/x").method("CONNECT").open().unwrap_err(), "CONNECT", "let a script use");
    says(Events::builder("/x").method("GET IT").open().unwrap_err(), "GET IT", "let a script use");
    says(Events::builder("/x").body("{}").open().unwrap_err(), "GET", "expected one that has a body");
    assert!(Events::builder("/x").method("post").body("{}").open().is_ok());
}

#[wasm_bindgen_test]
fn the_native_class_alone_is_refused_where_it_cannot_do_what_is_asked() {
    let alone = Events::builder("/x").transports([Transport::EventSource]);
    says(alone.clone().header("X-A", "1").open().unwrap_err(), "eventsource", "expected another one as well");
    says(alone.clone().dedupe(10).open().unwrap_err(), "eventsource", "expected another one as well");
    assert!(alone.open().is_ok());
}

#[wasm_bindgen_test]
fn room_for_nothing_is_refused() {
    let events = Events::builder("/x").open().unwrap();
    let socket = Socket::builder("/x").open().unwrap();
    says(socket.messages_bounded(0, Overflow::End).unwrap_err(), "0", "room for at least one");
    says(events.events_bounded(0, Overflow::End).unwrap_err(), "0", "room for at least one");
    says(Events::builder("/x").dedupe(0).open().unwrap_err(), "0", "room for at least one");
    says(Events::builder("/x").first_byte_timeout(Duration::ZERO).open().unwrap_err(), "0", "more than zero");
    assert!(Events::builder("/x").first_byte_timeout(Duration::MAX).open().is_ok());
}

#[wasm_bindgen_test]
fn times_of_zero_are_refused_in_an_outbox_and_a_heartbeat() {
    let outbox = |outbox: Outbox| Socket::builder("/x").outbox(outbox).open().unwrap_err();
    says(outbox(Outbox::default().ttl(Duration::ZERO)), "0", "more than zero");
    says(outbox(Outbox::default().max_bytes(0)), "0", "at least one message and one byte");
    let heartbeat = |heartbeat: Heartbeat| Socket::builder("/x").heartbeat(heartbeat).open().unwrap_err();
    says(heartbeat(Heartbeat::text("ping").every(Duration::ZERO)), "heartbeat.every", "more than zero");
    says(heartbeat(Heartbeat::text("ping").reply_within(Duration::ZERO)), "heartbeat.reply_within", "more than zero");
    says(Socket::builder("/x").silence_timeout(Duration::ZERO).open().unwrap_err(), "0", "more than zero");
    says(Socket::builder("/x").dedupe(0).id(|_| None).open().unwrap_err(), "0", "room for at least one");
}

#[wasm_bindgen_test]
fn what_the_wire_does_not_do_is_refused() {
    let with = |wire: Wire| Socket::builder("/x").wire(wire);
    for wire in [Wire::Relay, Wire::EngineIo] {
        says(with(wire).heartbeat(Heartbeat::text("ping")).open().unwrap_err(), "heartbeat", "expected Wire::Raw");
    }
    let relay = || with(Wire::Relay);
    says(relay().id(|_| None).open().unwrap_err(), "id: \"Wire::Relay\"", "ids of its own");
    says(relay().resume_query("since").open().unwrap_err(), "resume_query", "ids of its own");
    says(relay().resume_message(|id| id.to_owned()).open().unwrap_err(), "resume_message", "ids of its own");
    assert!(relay().dedupe(10).store(Store::Session).open().is_ok());
    for wire in [Wire::Raw, Wire::EngineIo] {
        says(with(wire).dedupe(10).open().unwrap_err(), "dedupe", "expected `id` as well");
        says(with(wire).store(Store::Local).open().unwrap_err(), "store", "expected `id` as well");
    }
    says(with(Wire::Raw).header("X-A", "1").open().unwrap_err(), "header", "sends no headers with a WebSocket");
    let alone = || relay().transports([Transport::EventSource]);
    for more in [alone().header("X-A", "1"), alone().silence_timeout(Duration::from_secs(20))] {
        says(more.open().unwrap_err(), "eventsource", "expected none that sends no headers and hides comments");
    }
}

#[wasm_bindgen_test]
fn a_header_of_a_socket_and_a_place_for_its_http_side_are_checked_as_well() {
    let relay = || Socket::builder("/x").wire(Wire::Relay);
    says(relay().header("Cookie", "a=b").open().unwrap_err(), "Cookie: a=b", "browsers let a script set");
    says(relay().fallback_url("ftp://host/").open().unwrap_err(), "fallback_url", "expected the scheme");
}

#[wasm_bindgen_test]
fn a_query_parameter_that_would_not_stay_one_is_refused() {
    for name in ["", "a&b", "a=b", "a b", "a#b", "ä"] {
        says(Socket::builder("/x").resume_query(name).open().unwrap_err(), name, "expected a name of letters");
        says(Events::builder("/x").resume_query(name).open().unwrap_err(), name, "expected a name of letters");
    }
    assert!(Socket::builder("/x").id(|_| None).resume_query("last-event_id.2~").open().is_ok());
}
