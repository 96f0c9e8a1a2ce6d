//! The clocks, and the one timer of a connection.

use gloo_timers::callback::Timeout;
use js_sys::Date;
use wasm_bindgen::prelude::*;

use crate::core::time::Millis;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

/// Milliseconds since the page's time origin (High Resolution Time).
pub(crate) fn now() -> Millis {
    Millis(performance_now() as u64)
}

/// Milliseconds since 1970, by a clock that runs on while the machine sleeps.
pub(in crate::web) fn wall() -> Millis {
    Millis(Date::now() as u64)
}

/// What calls back once; dropping it cancels it.
pub(in crate::web) type Timer = Timeout;

/// A number to begin with that nobody else has: 53 random bits are what JavaScript has, and enough to set clients apart.
pub(in crate::web) fn seed() -> u64 {
    (js_sys::Math::random() * 9_007_199_254_740_992.0) as u64
}

/// Calls `then` at the time `at`, or as soon after as the browser likes. Dropping it cancels it.
pub(in crate::web) fn at(at: Millis, then: impl FnOnce() + 'static) -> Timer {
    // One millisecond more, for the clock is finer than the timer, which may fire a fraction early.
    let span = at.since(now()).after(Millis(1)).min(Millis::MAX_TIMER);
    Timeout::new(u32::try_from(span.0).unwrap_or(0), then)
}
