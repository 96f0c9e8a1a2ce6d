//! Calls into the application, which may panic.
//!
//! In a page a panic does not unwind. It is thrown over every frame below it as an exception of JavaScript, and none of them is
//! finished: an effect that was taken from its queue would be lost, and a driver that was busy would stay so for good. So the application
//! is called by way of JavaScript, which catches what is thrown.
//!
//! What the application was called with is moved into its frames, and stays there when they are abandoned: nobody may drop what was being
//! changed. They also keep their part of the stack. That is why a callback that has panicked is not called again.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
};

use js_sys::Promise;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Calls it, and that is all.
    #[wasm_bindgen(catch, js_namespace = ["Function", "prototype", "call"], js_name = call)]
    fn call_back(callback: &mut dyn FnMut()) -> Result<(), JsValue>;
    /// WHATWG HTML 8.1.4.7: as what an event listener throws is reported.
    #[wasm_bindgen(catch, js_name = reportError)]
    fn report_error(error: &JsValue) -> Result<(), JsValue>;
}

/// What comes of this; `None` if it has panicked, which the page then hears of as of any error that nobody caught.
pub(crate) fn guarded<R>(call: impl FnOnce() -> R) -> Option<R> {
    let (mut call, mut result) = (Some(call), None);
    let called = call_back(&mut || result = call.take().map(|call| call()));
    if let Err(thrown) = called {
        // Safari has the function since 15.4; before that, a rejection that nobody catches says the same.
        if report_error(&thrown).is_err() {
            let _ = Promise::reject(&thrown);
        }
    }
    result
}

/// The same for what takes its time.
pub(in crate::web) async fn guarded_work<F: Future>(work: Pin<Box<F>>) -> Option<F::Output> {
    let mut waiting = Some(work);
    poll_fn(|context| {
        let Some(mut work) = waiting.take() else { return Poll::Ready(None) };
        let turn = guarded(move || match work.as_mut().poll(context) {
            Poll::Ready(output) => Ok(output),
            Poll::Pending => Err(work),
        });
        match turn {
            Some(Ok(output)) => Poll::Ready(Some(output)),
            Some(Err(work)) => {
                waiting = Some(work);
                Poll::Pending
            }
            None => Poll::Ready(None),
        }
    })
    .await
}
