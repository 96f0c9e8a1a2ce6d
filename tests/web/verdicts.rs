//! What failures mean to `Events`: the application's verdicts, and new credentials.

use std::{cell::Cell, rc::Rc, time::Duration};

use everwire::{Cause, CauseKind, Events, EventsBuilder, Ruling, Status, Transport};
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{Fixture, flag, quick, sleep, take, until, within};

fn events(url: String) -> EventsBuilder {
    Events::builder(url).backoff(quick()).transports([Transport::FetchStream])
}

#[wasm_bindgen_test]
async fn the_application_may_retry_what_would_be_the_end() {
    let fixture = Fixture::get().await;
    fixture.post("/relay/{key}", "0").await;
    let retry_404 = |cause: &Cause| (cause.status == 404).then_some(Ruling::Retry);
    let events = events(fixture.url("/sse/{key}?status=404&times=2&key={key}")).verdict(retry_404).open().unwrap();
    assert_eq!(take(&mut events.events(), 1).await[0].data, "0");
    assert_eq!(fixture.journal("/sse/{key}", "status").await, ["404", "404", "200"]);
}

#[wasm_bindgen_test]
async fn the_application_may_end_what_would_be_retried() {
    let fixture = Fixture::get().await;
    let (asked, count) = flag();
    let verdict = move |cause: &Cause| {
        count.set(count.get() + 1);
        assert_eq!((cause.kind, cause.status), (CauseKind::Status, 503));
        Some(Ruling::Stop)
    };
    let events = events(fixture.url("/sse/{key}?status=503")).verdict(verdict).open().unwrap();
    let end = within("the end", events.closed()).await;
    assert_eq!((end.cause.unwrap().status, asked.get()), (503, 1));
}

#[wasm_bindgen_test]
async fn the_application_may_say_when_the_next_try_is() {
    let fixture = Fixture::get().await;
    let later = |_: &Cause| Some(Ruling::RetryAfter(Duration::from_secs(100)));
    let events = events(fixture.url("/sse/{key}?status=404")).verdict(later).open().unwrap();
    until("the wait", || matches!(events.status(), Status::Waiting { retry_in, .. } if !retry_in.is_zero())).await;
    let Status::Waiting { retry_in, .. } = events.status() else { unreachable!() };
    assert!(retry_in > Duration::from_secs(90), "{retry_in:?}");
}

#[wasm_bindgen_test]
async fn no_word_of_the_application_is_the_default() {
    let fixture = Fixture::get().await;
    let events = events(fixture.url("/sse/{key}?status=404")).verdict(|_| None).open().unwrap();
    assert_eq!(within("the end", events.closed()).await.cause.unwrap().status, 404);
}

#[wasm_bindgen_test]
async fn the_connection_may_be_dropped_while_it_asks_for_the_verdict() {
    let fixture = Fixture::get().await;
    let place: Rc<Cell<Option<Events>>> = Rc::default();
    let inside = place.clone();
    let verdict = move |_: &Cause| {
        inside.take();
        Some(Ruling::Retry)
    };
    let events = events(fixture.url("/sse/{key}?status=404")).verdict(verdict).open().unwrap();
    let closed = events.closed();
    place.set(Some(events));
    within("the end", closed).await;
    sleep(400).await;
    assert_eq!(fixture.journal("/sse/{key}", "status").await, ["404"]);
}

#[wasm_bindgen_test]
async fn after_a_401_new_credentials_are_got_and_the_next_try_is_at_once() {
    let fixture = Fixture::get().await;
    fixture.post("/relay/{key}", "0").await;
    let token = Rc::new(Cell::new("stale"));
    let (refreshed, count) = flag();
    let (given, fresh) = (token.clone(), token);
    let slow = everwire::Backoff::default().first_delay(Duration::from_secs(600)).max_delay(Duration::from_secs(600));
    let events = events(fixture.url("/sse/{key}?status=401&times=1&key={key}"))
        .backoff(slow)
        .headers_with(move || {
            let header = ("authorization", given.get());
            async move { Ok::<_, String>([header]) }
        })
        .refresh(move || {
            count.set(count.get() + 1);
            fresh.set("fresh");
            async { Ok::<_, String>(()) }
        })
        .open()
        .unwrap();
    assert_eq!(take(&mut events.events(), 1).await[0].data, "0");
    assert_eq!(fixture.journal("/sse/{key}", "authorization").await, ["stale", "fresh"]);
    assert_eq!(refreshed.get(), 1);
}

#[wasm_bindgen_test]
async fn credentials_that_cannot_be_got_are_a_failed_try_and_are_asked_for_again() {
    let fixture = Fixture::get().await;
    fixture.post("/relay/{key}", "0").await;
    let (asked, count) = flag();
    let refresh = move || {
        count.set(count.get() + 1);
        let result = if count.get() < 3 { Err("no session") } else { Ok(()) };
        async move {
            sleep(20).await;
            result
        }
    };
    let events = events(fixture.url("/sse/{key}?status=401&times=1&key={key}")).refresh(refresh).open().unwrap();
    let mut inbox = events.events();
    until("the failure", || {
        events.stats().last_error.is_some_and(|cause| cause.kind == CauseKind::Provider && cause.reason == "no session")
    })
    .await;
    assert_eq!(take(&mut inbox, 1).await[0].data, "0");
    assert_eq!(asked.get(), 3);
    assert_eq!(fixture.journal("/sse/{key}", "status").await, ["401", "200"], "stale credentials are not sent again");
}

#[wasm_bindgen_test]
async fn a_401_without_a_way_to_new_credentials_is_the_end() {
    let fixture = Fixture::get().await;
    let events = events(fixture.url("/sse/{key}?status=401")).open().unwrap();
    assert_eq!(within("the end", events.closed()).await.cause.unwrap().status, 401);
    assert_eq!(fixture.journal("/sse/{key}", "status").await, ["401"]);
}

#[wasm_bindgen_test]
async fn closing_while_credentials_are_got_is_the_end() {
    let fixture = Fixture::get().await;
    let (asked, count) = flag();
    let refresh = move || {
        count.set(count.get() + 1);
        async {
            sleep(100).await;
            Ok::<_, String>(())
        }
    };
    let events = events(fixture.url("/sse/{key}?status=401")).refresh(refresh).open().unwrap();
    until("the question", || asked.get() == 1).await;
    events.close();
    sleep(300).await;
    assert_eq!(fixture.journal("/sse/{key}", "status").await, ["401"]);
}

#[wasm_bindgen_test]
async fn a_token_that_is_refused_is_replaced_by_one_that_is_not_on_every_rung() {
    for rung in [Transport::FetchStream, Transport::XhrStream, Transport::LongPoll] {
        let fixture = Fixture::get().await;
        for n in 0..2 {
            fixture.post("/relay/{key}", &n.to_string()).await;
        }
        let token = Rc::new(Cell::new("old"));
        let (given, fresh) = (token.clone(), token);
        let events = events(fixture.url("/sse/{key}?auth=new&end-after=1"))
            .transports([rung])
            .headers_with(move || {
                let header = ("authorization", format!("Bearer {}", given.get()));
                async move { Ok::<_, String>([header]) }
            })
            .refresh(move || {
                fresh.set("new");
                async { Ok::<_, String>(()) }
            })
            .open()
            .unwrap();
        let got = take(&mut events.events(), 2).await;
        assert_eq!((got[0].data.as_str(), got[1].data.as_str()), ("0", "1"), "{rung:?}");
    }
}

#[wasm_bindgen_test]
async fn a_retry_after_may_be_a_date() {
    let fixture = Fixture::get().await;
    let events = events(fixture.url("/sse/{key}?status=429&retry-after=date:100")).open().unwrap();
    until("the wait", || matches!(events.status(), Status::Waiting { retry_in, .. } if !retry_in.is_zero())).await;
    let Status::Waiting { retry_in, cause: Some(cause), .. } = events.status() else { unreachable!() };
    assert_eq!(cause.status, 429);
    assert!(retry_in > Duration::from_secs(90), "{retry_in:?}");
}
