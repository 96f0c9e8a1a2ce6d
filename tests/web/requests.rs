//! What the requests of `Events` are made of, and what the application provides for each.

use std::{cell::Cell, rc::Rc};

use everwire::{CauseKind, Event, Events, EventsBuilder, Inbox, Status, Transport};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{Fixture, flag, over, quick, rebase, sleep, take, until, within};

const RUNGS: [Transport; 3] = [Transport::FetchStream, Transport::XhrStream, Transport::LongPoll];

fn events(url: String) -> EventsBuilder {
    Events::builder(url).backoff(quick())
}

async fn data(inbox: &mut Inbox<Event>, n: usize) -> Vec<String> {
    take(inbox, n).await.into_iter().map(|event| event.data).collect()
}

#[wasm_bindgen_test]
async fn headers_go_with_every_request_on_every_rung_as_utf_8() {
    for rung in RUNGS {
        let fixture = Fixture::get().await;
        let heard = fixture.heard("Bearer grüße").await;
        let events = events(fixture.url("/sse/{key}?end-after=1"))
            .transports([rung])
            .header("Authorization", "Bearer grüße")
            .open()
            .unwrap();
        let mut inbox = events.events();
        for n in 0..3 {
            fixture.post("/relay/{key}", &n.to_string()).await;
        }
        assert_eq!(data(&mut inbox, 3).await, ["0", "1", "2"]);
        let sent = fixture.journal("/sse/{key}", "authorization").await;
        assert!(sent.len() >= 3 && sent.iter().all(|value| *value == heard), "{rung:?}: {sent:?}");
        let asked = fixture.journal("/sse/{key}", "accept").await;
        assert!(asked.iter().all(|value| value == "text/event-stream"), "{rung:?}: {asked:?}");
    }
}

#[wasm_bindgen_test]
async fn a_header_is_a_reason_to_leave_the_native_class_out() {
    let fixture = Fixture::get().await;
    let events = events(fixture.url("/sse/{key}")).header("authorization", "Bearer me").open().unwrap();
    until("open", || events.status().is_open()).await;
    assert_eq!(over(&events), Some(Transport::FetchStream));
}

#[wasm_bindgen_test]
async fn the_last_id_goes_as_utf_8_in_the_header_or_in_a_query_of_the_applications_choice() {
    let fixture = Fixture::get().await;
    for rung in RUNGS {
        let open = |events: EventsBuilder| events.transports([rung]).last_event_id("ïd ✓").open().unwrap();
        // The fixture knows no such id, and answers 400.
        let by_header = open(events(fixture.url("/sse/{key}h")));
        let by_query = open(events(fixture.url("/sse/{key}q")).resume_query("lastEventId"));
        within("the refusal", by_header.closed()).await;
        within("the refusal", by_query.closed()).await;
    }
    let heard = fixture.heard("ïd ✓").await;
    assert_eq!(fixture.journal("/sse/{key}h", "last-event-id").await, [heard.as_str(); 3]);
    assert_eq!(fixture.journal("/sse/{key}q", "last-event-id").await, ["-", "-", "-"]);
    for query in fixture.journal("/sse/{key}q", "query").await {
        assert_eq!(query, "lastEventId=%C3%AFd%20%E2%9C%93");
    }
}

#[wasm_bindgen_test]
async fn providers_are_asked_before_every_request() {
    for rung in RUNGS {
        let fixture = Fixture::get().await;
        let asked = Rc::new(Cell::new(0));
        let count = move || {
            asked.set(asked.get() + 1);
            asked.get()
        };
        let url = fixture.url("/sse/{key}?end-after=1");
        let provide_url = {
            let count = count.clone();
            move || {
                let url = format!("{url}&token={}", count());
                async move { Ok::<_, String>(url) }
            }
        };
        let provide_headers = move || {
            let token = format!("Bearer {}", count());
            async move { Ok::<_, String>([("authorization", token)]) }
        };
        let events = events(fixture.url("/not/this/one"))
            .url_with(provide_url)
            .headers_with(provide_headers)
            .transports([rung])
            .open()
            .unwrap();
        let mut inbox = events.events();
        for n in 0..3 {
            fixture.post("/relay/{key}", &n.to_string()).await;
        }
        assert_eq!(data(&mut inbox, 3).await, ["0", "1", "2"]);
        let queries = fixture.journal("/sse/{key}", "query").await;
        for (n, query) in queries.iter().enumerate() {
            assert!(query.contains(&format!("token={}", 2 * n + 1)), "{rung:?}: {queries:?}");
        }
        let tokens = fixture.journal("/sse/{key}", "authorization").await;
        for (n, token) in tokens.iter().enumerate() {
            assert_eq!(*token, format!("Bearer {}", 2 * n + 2), "{rung:?}");
        }
    }
}

#[wasm_bindgen_test]
async fn a_provider_that_fails_is_a_failed_try_and_is_asked_again() {
    let fixture = Fixture::get().await;
    fixture.post("/relay/{key}", "0").await;
    let (asked, count) = flag();
    let url = fixture.url("/sse/{key}");
    let provide = move || {
        count.set(count.get() + 1);
        let result = if count.get() < 3 { Err("the token server sleeps") } else { Ok(url.clone()) };
        async move { result }
    };
    let events = events(fixture.url("/sse/{key}")).url_with(provide).open().unwrap();
    let mut inbox = events.events();
    until("the failure", || matches!(events.status(), Status::Waiting { .. })).await;
    let Status::Waiting { cause: Some(cause), .. } = events.status() else { unreachable!() };
    assert_eq!((cause.kind, cause.reason.to_string().as_str()), (CauseKind::Provider, "the token server sleeps"));
    assert_eq!(data(&mut inbox, 1).await, ["0"]);
    assert_eq!(asked.get(), 3);
}

#[wasm_bindgen_test]
async fn what_a_provider_gives_is_checked_like_what_is_given() {
    let fixture = Fixture::get().await;
    let reason = |events: &Events| events.stats().last_error.map(|cause| cause.to_string()).unwrap_or_default();
    let bad_url =
        events(fixture.url("/sse/{key}")).url_with(|| async { Ok::<_, String>("ftp://host/") }).open().unwrap();
    until("the refusal", || reason(&bad_url).contains("ftp://host/")).await;
    assert!(reason(&bad_url).contains("expected the scheme"), "{}", reason(&bad_url));
    let bad_header = events(fixture.url("/sse/{key}"))
        .headers_with(|| async { Ok::<_, String>([("cookie", "a=b")]) })
        .open()
        .unwrap();
    until("the refusal", || reason(&bad_header).contains("cookie: a=b")).await;
    assert!(fixture.journal("/sse/{key}", "status").await.is_empty(), "no request was made");
}

#[wasm_bindgen_test]
async fn the_answer_of_a_provider_that_came_too_late_is_ignored() {
    let fixture = Fixture::get().await;
    let (asked, count) = flag();
    let url = fixture.url("/sse/{key}?late");
    let provide = move || {
        count.set(count.get() + 1);
        let url = url.clone();
        async move {
            sleep(300).await;
            Ok::<_, String>(url)
        }
    };
    let events = events(fixture.url("/sse/{key}")).url_with(provide).open().unwrap();
    until("the question", || asked.get() == 1).await;
    events.close();
    sleep(500).await;
    assert!(fixture.journal("/sse/{key}", "status").await.is_empty(), "no request was made");
}

#[wasm_bindgen_test]
async fn a_provider_may_close_the_connection_that_asks_it() {
    let fixture = Fixture::get().await;
    let place: Rc<Cell<Option<Events>>> = Rc::default();
    let inside = place.clone();
    let url = fixture.url("/sse/{key}");
    let provide = move || {
        let (url, handle) = (url.clone(), inside.take());
        async move {
            drop(handle);
            Ok::<_, String>(url)
        }
    };
    let events = events(fixture.url("/sse/{key}")).url_with(provide).open().unwrap();
    let closed = events.closed();
    place.set(Some(events));
    within("the end", closed).await;
    assert!(fixture.journal("/sse/{key}", "status").await.is_empty(), "no request was made");
}

/// What `Events` say of this failure, as soon as they say it.
async fn explanation(events: &Events) -> String {
    let reason = || events.stats().last_error.map(|cause| cause.to_string()).unwrap_or_default();
    until("the explanation", || reason().contains("the server answers now")).await;
    reason()
}

#[wasm_bindgen_test]
async fn a_server_that_does_not_let_this_page_read_is_told_from_a_network_that_fails() {
    let fixture = Fixture::get().await;
    let origin = "Access-Control-Allow-Origin: http://127.0.0.1";
    // The browser's own class goes first, and does not say more than that it gave up.
    let none = events(fixture.url("/sse/{key}?cors=none")).open().unwrap();
    let words = explanation(&none).await;
    assert!(words.contains(origin) && !words.contains("Headers"), "{words}");
    assert!(!none.status().is_closed(), "it may be mended");
    until("some more tries", || none.stats().attempts > 5).await;
    let modes = fixture.journal("/sse/{key}", "sec-fetch-mode").await;
    assert_eq!(modes.iter().filter(|mode| *mode == "no-cors").count(), 1, "it is asked once: {modes:?}");
    none.close();

    let credentials = events(fixture.url("/sse/{key}?cors=none")).with_credentials(true).open().unwrap();
    let words = explanation(&credentials).await;
    assert!(words.contains("(not *), and Access-Control-Allow-Credentials: true"), "{words}");

    let preflight = events(fixture.url("/sse/{key}?cors=simple")).header("X-Strange", "1").last_event_id("1:1");
    let words = explanation(&preflight.open().unwrap()).await;
    assert!(words.contains("Access-Control-Allow-Headers: x-strange, last-event-id"), "{words}");

    let nobody = events(String::from("http://127.0.0.1:9/")).transports([Transport::FetchStream]).open().unwrap();
    until("the failure", || nobody.stats().last_error.is_some()).await;
    let cause = nobody.stats().last_error.unwrap();
    assert_eq!(cause.kind, CauseKind::Network);
    assert!(!cause.to_string().contains("Access-Control"), "{cause}");
}

#[wasm_bindgen_test]
async fn redirects_are_followed_on_every_rung() {
    for rung in RUNGS {
        let fixture = Fixture::get().await;
        for n in 0..2 {
            fixture.post("/relay/{key}", &n.to_string()).await;
        }
        let events = events(fixture.url("/sse/{key}?redirect=307&end-after=1")).transports([rung]).open().unwrap();
        assert_eq!(data(&mut events.events(), 2).await, ["0", "1"], "{rung:?}");
    }
}

#[wasm_bindgen_test]
async fn a_relative_url_is_relative_to_where_the_page_is_now() {
    let fixture = Fixture::get().await;
    // Whatever was opened first, the base is not that of then.
    let _first = events(String::from("first")).open().unwrap();
    let Some(restore) = rebase(&fixture.url("/sse/")) else { return };
    let moved = events(fixture.path("{key}")).transports([Transport::FetchStream]).open();
    restore.call0(&JsValue::UNDEFINED).unwrap();
    let moved = moved.unwrap();
    until("open", || moved.status().is_open()).await;
    assert_eq!(fixture.journal("/sse/{key}", "status").await, ["200"]);
}
