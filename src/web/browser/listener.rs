//! An event listener that is removed when it is dropped.

use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{Event, EventTarget};

/// One listener on one target.
#[must_use = "the listener is removed when this is dropped"]
pub(super) struct Listener {
    target: EventTarget,
    kind: String,
    closure: Closure<dyn Fn(Event)>,
}

impl Listener {
    /// Calls `then` for each event of this type.
    pub(super) fn new(target: &EventTarget, kind: &str, then: Box<dyn Fn(Event)>) -> Self {
        let closure = Closure::wrap(then);
        // Fails only where the target is no event target; then there is nothing to hear.
        let _ = target.add_event_listener_with_callback(kind, closure.as_ref().unchecked_ref());
        Self { target: target.clone(), kind: String::from(kind), closure }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.target.remove_event_listener_with_callback(&self.kind, self.closure.as_ref().unchecked_ref());
    }
}
