//! What the page tells: network, visibility, and the back/forward cache.

use std::rc::Weak;

use gloo_timers::callback::Interval;
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{Document, EventTarget, PageTransitionEvent};

use super::{clock, listener::Listener};
use crate::{
    core::types::{Input, PageEvent},
    web::driver::Driver,
};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_name = document)]
    static DOCUMENT: Option<Document>;
    type Navigator;
    #[wasm_bindgen(thread_local_v2, js_name = navigator)]
    static NAVIGATOR: Option<Navigator>;
    #[wasm_bindgen(method, getter, js_name = onLine)]
    fn on_line(this: &Navigator) -> Option<bool>;
}

/// Does the browser believe, as this starts, that there is no network?
pub(in crate::web) fn starts_offline() -> bool {
    NAVIGATOR.with(|navigator| navigator.as_ref().and_then(Navigator::on_line) == Some(false))
}

/// The wall clock is looked at this often, in milliseconds.
const LOOK: u32 = 30_000;

/// Tells a driver what the page tells, and the time, until it is dropped.
pub(in crate::web) struct Watch {
    #[expect(dead_code, reason = "held for its drop")]
    listeners: Vec<Listener>,
    #[expect(dead_code, reason = "held for its drop")]
    clock: Interval,
}

/// Watches the page; in a worker, what there is of it.
pub(in crate::web) fn watch(driver: &Weak<Driver>) -> Watch {
    let global: EventTarget = js_sys::global().unchecked_into();
    let hear = |target: &EventTarget, kind: &'static str, event: PageEvent| {
        let driver = driver.clone();
        let tell = move |raised: web_sys::Event| {
            // Only a page that goes into the cache has to let go of its connection; one that is unloaded loses it anyway.
            let cache = matches!(event, PageEvent::Cached | PageEvent::Restored);
            if cache && !raised.unchecked_into::<PageTransitionEvent>().persisted() {
                return;
            }
            if event == PageEvent::Visible && DOCUMENT.with(|document| document.as_ref().is_some_and(Document::hidden))
            {
                return;
            }
            if let Some(driver) = driver.upgrade() {
                // It may have slept, which is to be known first.
                driver.input(Input::WallClock(clock::wall()));
                driver.input(Input::Page(event));
            }
        };
        Listener::new(target, kind, Box::new(tell))
    };
    let mut listeners = vec![
        hear(&global, "online", PageEvent::Online),
        hear(&global, "offline", PageEvent::Offline),
        hear(&global, "pagehide", PageEvent::Cached),
        hear(&global, "pageshow", PageEvent::Restored),
    ];
    DOCUMENT.with(|document| {
        if let Some(document) = document {
            listeners.push(hear(document, "visibilitychange", PageEvent::Visible));
            listeners.push(hear(document, "resume", PageEvent::Visible));
        }
    });
    let driver = driver.clone();
    let look = move || {
        if let Some(driver) = driver.upgrade() {
            driver.input(Input::WallClock(clock::wall()));
        }
    };
    Watch { listeners, clock: Interval::new(LOOK, look) }
}
