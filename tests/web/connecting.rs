//! What an attempt of a `Socket` is made of, and what follows when it fails.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use everwire::{Backoff, CauseKind, Ruling, Socket, SocketBuilder, Status, Transport, Wire};
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{Fixture, Heard, carried_by, flag, is_open, quick, sleep, texts, until, within};

fn socket(url: String) -> SocketBuilder {
    Socket::builder(url).backoff(quick())
}

fn causes(socket: &Socket) -> (Heard<(u32, CauseKind, String)>, everwire::Subscription) {
    let heard = Heard::new();
    let hear = heard.ear();
    let losing =
        socket.on_reconnecting(move |lost| hear((lost.attempt, lost.cause.kind, lost.cause.reason.to_string())));
    (heard, losing)
}

#[wasm_bindgen_test]
async fn the_url_is_asked_for_before_each_attempt_and_a_rejection_is_a_failed_one() {
    let fixture = Fixture::get().await;
    let url = fixture.url("/ws/echo?drop-after=1&times=1&key={key}");
    let asked = Cell::new(0);
    let provide = move || {
        asked.set(asked.get() + 1);
        let given = match asked.get() {
            1 => Err("the token server sleeps"),
            2 => Ok(String::from("ftp://host/")),
            n => Ok(format!("{url}&token={n}")),
        };
        async move { given }
    };
    let socket = socket(fixture.url("/not/this/one")).url_with(provide).open().unwrap();
    let (heard, _losing) = causes(&socket);
    let mut inbox = socket.messages();
    for text in ["one", "two"] {
        until("open", || is_open(&socket)).await;
        let _ = socket.send(text).unwrap();
        assert_eq!(texts(&mut inbox, 1).await, [text]);
        until("the drop", || text == "two" || heard.len() == 3).await;
    }
    let heard = heard.all();
    assert_eq!((heard[0].0, heard[0].1, heard[0].2.as_str()), (1, CauseKind::Provider, "the token server sleeps"));
    assert!(heard[1].1 == CauseKind::Provider && heard[1].2.contains("expected the scheme"), "{heard:?}");
    assert_eq!(heard[2].1, CauseKind::Network);
    let own = fixture.path("key={key}");
    let queries = fixture.journal("/ws/echo", "query").await;
    let tokens: Vec<&str> =
        queries.iter().filter(|query| query.contains(&own)).filter_map(|query| query.split("token=").nth(1)).collect();
    assert_eq!(tokens, ["3", "4"]);
}

#[wasm_bindgen_test]
async fn subprotocols_are_asked_for_as_well() {
    let fixture = Fixture::get().await;
    let asked = Cell::new(0);
    let provide = move || {
        asked.set(asked.get() + 1);
        let token = if asked.get() == 1 { String::from("no token") } else { format!("token.{}", asked.get()) };
        async move { Ok::<_, String>([token]) }
    };
    let socket = socket(fixture.url("/ws/echo")).protocols_with(provide).open().unwrap();
    let (heard, _losing) = causes(&socket);
    until("open", || is_open(&socket)).await;
    assert_eq!(socket.protocol(), "token.2");
    let (_, kind, words) = &heard.all()[0];
    assert!(*kind == CauseKind::Provider && words.contains("expected an HTTP token"), "{words}");
}

#[wasm_bindgen_test]
async fn a_provider_that_does_not_answer_is_given_up_with_the_connect_timeout() {
    let fixture = Fixture::get().await;
    let hang = || std::future::pending::<Result<String, String>>();
    let builder = socket(fixture.url("/ws/echo")).url_with(hang).connect_timeout(Duration::from_millis(100));
    let socket = builder.open().unwrap();
    let (heard, _losing) = causes(&socket);
    until("two timeouts", || heard.len() == 2).await;
    assert_eq!(heard.all()[1].1, CauseKind::Timeout);
}

#[wasm_bindgen_test]
async fn closing_while_a_provider_is_asked_is_the_end_of_it() {
    let fixture = Fixture::get().await;
    let (asked, count) = flag();
    let url = fixture.url("/ws/echo?for={key}");
    let provide = move || {
        count.set(count.get() + 1);
        let url = url.clone();
        async move {
            sleep(50).await;
            Ok::<_, String>(url)
        }
    };
    let socket = socket(fixture.url("/ws/echo")).url_with(provide).open().unwrap();
    until("the question", || asked.get() == 1).await;
    socket.close();
    sleep(200).await;
    let own = fixture.path("for={key}");
    assert!(!fixture.journal("/ws/echo", "query").await.contains(&own));
}

#[wasm_bindgen_test]
async fn headers_go_with_the_http_requests_of_a_socket_and_leave_out_what_sends_none() {
    let fixture = Fixture::get().await;
    let token = Rc::new(RefCell::new(String::from("old")));
    let current = token.clone();
    let provide = move || {
        let value = format!("Bearer {}", current.borrow());
        async move { Ok::<_, String>([("Authorization", value)]) }
    };
    let fresh = token.clone();
    let socket = socket(fixture.url("/relay/{key}?auth=new"))
        .wire(Wire::Relay)
        .headers_with(provide)
        .refresh(move || {
            fresh.replace(String::from("new"));
            async { Ok::<_, String>(()) }
        })
        .open()
        .unwrap();
    let mut inbox = socket.messages();
    until("open", || carried_by(&socket) == Some(Transport::LongPoll)).await;
    let _ = socket.send("hello").unwrap();
    assert_eq!(texts(&mut inbox, 1).await, ["hello"]);
    assert_eq!(*token.borrow(), "new");
    let kinds = fixture.journal("/relay/{key}", "kind").await;
    assert!(!kinds.iter().any(|kind| kind == "sse"), "{kinds:?}");
}

#[wasm_bindgen_test]
async fn what_is_sent_before_a_slow_provider_has_answered_goes_where_it_says() {
    let fixture = Fixture::get().await;
    let url = fixture.url("/relay/{key}");
    let provide = move || {
        let url = url.clone();
        async move {
            sleep(1_500).await;
            Ok::<_, String>(url)
        }
    };
    let builder = socket(fixture.url("/not/this/one")).wire(Wire::Relay).transports([Transport::LongPoll]);
    let socket = builder.url_with(provide).open().unwrap();
    let mut inbox = socket.messages();
    for text in ["one", "two"] {
        let _ = socket.send(text).unwrap();
    }
    assert_eq!(texts(&mut inbox, 2).await, ["one", "two"]);
}

#[wasm_bindgen_test]
async fn a_server_that_no_websocket_gets_through_to_is_one_clear_error() {
    let fixture = Fixture::get().await;
    let socket = socket(fixture.url("/ws/echo?refuse")).open().unwrap();
    let opened = socket.opened();
    let end = within("the end", socket.closed()).await;
    let cause = end.cause.clone().unwrap();
    assert_eq!(cause.kind, CauseKind::Unusable);
    let words = cause.to_string();
    assert!(words.contains("no WebSocket gets through") && words.contains("relay or engine.io"), "{words}");
    // Three before the first question, three before the second, and the last one.
    assert!(socket.stats().attempts <= 7, "{:?}", socket.stats());
    assert_eq!(opened.await, Err(end));
}

#[wasm_bindgen_test]
async fn a_server_that_restarts_or_is_overloaded_is_tried_again() {
    let is_webkit = js_sys::eval("/AppleWebKit/.test(navigator.userAgent) && !/Chrome/.test(navigator.userAgent)");
    let is_webkit = is_webkit.unwrap().is_truthy();
    for code in [1001, 1011, 1012, 1013, 1000, 4000] {
        let fixture = Fixture::get().await;
        let url = fixture.url(&format!("/ws/echo?close={code}&reason=later&times=1&key={{key}}"));
        let socket = socket(url).open().unwrap();
        let (heard, _losing) = causes(&socket);
        until("the close", || heard.len() == 1).await;
        let heard = heard.all();
        // WebKitGTK knows no codes beyond those of RFC 6455 itself, and takes such a close for a lost connection.
        let is_lost = is_webkit && code > 1011 && code < 3000 && heard == [(1, CauseKind::Network, String::new())];
        assert!(is_lost || heard == [(1, CauseKind::Close, String::from("later"))], "{code}: {heard:?}");
        until("open", || is_open(&socket)).await;
    }
}

#[wasm_bindgen_test]
async fn credentials_that_a_close_code_refuses_are_got_anew() {
    let fixture = Fixture::get().await;
    let (refreshed, count) = flag();
    let socket = socket(fixture.url("/ws/echo?close=4401&times=1&key={key}"))
        .refresh(move || {
            count.set(count.get() + 1);
            async { Ok::<_, String>(()) }
        })
        .open()
        .unwrap();
    until("the refresh", || refreshed.get() == 1).await;
    until("open", || is_open(&socket)).await;
}

#[wasm_bindgen_test]
async fn the_applications_verdict_comes_before_the_default() {
    let fixture = Fixture::get().await;
    let socket = socket(fixture.url("/ws/echo?close=4403&times=1&key={key}"))
        .verdict(|cause| (cause.code == 4403).then_some(Ruling::RetryAfter(Duration::from_millis(1))))
        .open()
        .unwrap();
    let (heard, _losing) = causes(&socket);
    until("the close", || heard.len() == 1).await;
    until("open", || is_open(&socket)).await;

    let stopped = self::socket(fixture.url("/ws/echo?close=4000")).verdict(|_| Some(Ruling::Stop)).open().unwrap();
    assert_eq!(within("the end", stopped.closed()).await.code, 4000);
}

#[wasm_bindgen_test]
async fn an_attempt_that_is_not_answered_is_ended_and_followed_by_another() {
    let fixture = Fixture::get().await;
    let url = fixture.url("/ws/echo?silent=connect&times=1&key={key}");
    let socket = socket(url).connect_timeout(Duration::from_millis(500)).open().unwrap();
    let (heard, _losing) = causes(&socket);
    until("the timeout", || heard.len() == 1).await;
    assert_eq!(heard.all()[0].1, CauseKind::Timeout);
    until("open", || is_open(&socket)).await;
}

#[wasm_bindgen_test]
async fn a_server_that_accepts_and_kills_is_backed_off_from() {
    let fixture = Fixture::get().await;
    let socket = socket(fixture.url("/ws/echo?close=1011")).open().unwrap();
    let (heard, _losing) = causes(&socket);
    until("five failures", || heard.len() == 5).await;
    let attempts: Vec<u32> = heard.all().iter().map(|(attempt, ..)| *attempt).collect();
    assert_eq!(attempts, [1, 2, 3, 4, 5]);
}

#[wasm_bindgen_test]
async fn reconnecting_replaces_a_connection_that_is_there() {
    let fixture = Fixture::get().await;
    let socket = socket(fixture.url("/ws/echo")).open().unwrap();
    until("open", || is_open(&socket)).await;
    socket.reconnect();
    assert!(matches!(socket.status(), Status::Connecting { attempt: 0, .. }), "{:?}", socket.status());
    until("open again", || is_open(&socket)).await;
    assert_eq!(socket.stats().attempts, 2);
}

#[wasm_bindgen_test]
async fn reconnecting_in_backoff_counts_on_and_a_closed_socket_stays_closed() {
    let fixture = Fixture::get().await;
    let long = Duration::from_secs(1_000);
    let backoff = Backoff::default().first_delay(long).min_delay(long).max_delay(long);
    let socket = socket(fixture.url("/ws/echo?refuse&times=2&key={key}")).backoff(backoff).open().unwrap();
    for attempt in 1..=2 {
        let waits = || matches!(socket.status(), Status::Waiting { attempt: now, .. } if now == attempt);
        until("the refusal", waits).await;
        socket.reconnect();
    }
    until("open", || is_open(&socket)).await;
    socket.close();
    socket.reconnect();
    sleep(100).await;
    assert!(socket.status().is_closed());
    assert_eq!(socket.stats().attempts, 3);
}

#[wasm_bindgen_test]
async fn opened_resolves_with_the_first_connection_and_stays_resolved() {
    let fixture = Fixture::get().await;
    let socket = socket(fixture.url("/ws/echo")).open().unwrap();
    assert_eq!(within("open", socket.opened()).await, Ok(()));
    socket.close();
    assert_eq!(socket.opened().await, Ok(()));
}
