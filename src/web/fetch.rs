//! The `fetch-stream` transport: fetch, its body read as it comes (WHATWG Fetch and Streams).

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use js_sys::Promise;
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{
    AbortController, Headers, ReadableStreamDefaultReader, Request, RequestCache, RequestCredentials, RequestInit,
    Response,
};

use super::{data::Data, driver::Reporter, headers, xhr::byte_string};
use crate::core::types::{Lane, Report};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_name = fetch)]
    fn global_fetch(request: &Request) -> Result<Promise, JsValue>;

    /// What a reader's `read()` resolves to.
    type ReadResult;
    #[wasm_bindgen(method, getter)]
    fn done(this: &ReadResult) -> bool;
    #[wasm_bindgen(method, getter)]
    fn value(this: &ReadResult) -> JsValue;
}

/// A response that is being read.
pub(super) struct Stream {
    /// Set to false first of all, so that a promise that is settled already is not heard.
    wanted: Rc<Cell<bool>>,
    controller: AbortController,
}

impl Stream {
    /// Makes the request and reports as the response comes.
    pub(super) fn open(
        url: &str,
        credentials: bool,
        last_id: Option<&str>,
        reporter: &Reporter,
    ) -> Result<Self, JsValue> {
        let controller = AbortController::new()?;
        let fields = Headers::new()?;
        fields.append("Accept", "text/event-stream")?;
        if let Some(id) = last_id {
            fields.append("Last-Event-ID", &byte_string(id))?;
        }
        let init = RequestInit::new();
        init.set_headers(&fields);
        init.set_signal(Some(&controller.signal()));
        init.set_cache(RequestCache::NoStore);
        init.set_credentials(if credentials { RequestCredentials::Include } else { RequestCredentials::SameOrigin });
        let promise = global_fetch(&Request::new_with_str_and_init(url, &init)?)?;

        let wanted = Rc::new(Cell::new(true));
        let ear = Ear { wanted: wanted.clone(), reporter: reporter.clone() };
        settled(&promise, move |result| match result {
            Ok(response) => ear.response(&response.unchecked_into()),
            Err(_) => ear.report(Report::Failed { lane: Lane::Down }),
        });
        Ok(Self { wanted, controller })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.wanted.set(false);
        self.controller.abort();
    }
}

/// What listens to the promises: it outlives the stream by the time that the last of them takes to settle.
#[derive(Clone)]
struct Ear {
    wanted: Rc<Cell<bool>>,
    reporter: Reporter,
}

impl Ear {
    fn report(&self, report: Report<Data>) {
        if self.wanted.get() {
            self.reporter.report(report);
        }
    }

    fn response(self, response: &Response) {
        let fields = response.headers();
        self.report(Report::Head(headers::head(response.status(), |name| fields.get(name).ok().flatten())));
        match response.body() {
            Some(body) if self.wanted.get() => self.read(body.get_reader().unchecked_into()),
            Some(_) => {}
            None => self.report(Report::Unusable { why: "fetch gives no stream here".into() }),
        }
    }

    fn read(self, reader: ReadableStreamDefaultReader) {
        settled(&reader.read(), move |result| match result {
            Ok(result) => {
                let result: ReadResult = result.unchecked_into();
                if result.done() {
                    self.report(Report::Done);
                } else {
                    self.report(Report::Chunk(result.value().into()));
                    if self.wanted.get() {
                        self.read(reader);
                    }
                }
            }
            Err(_) => self.report(Report::Failed { lane: Lane::Down }),
        });
    }
}

type Reaction = Closure<dyn FnMut(JsValue)>;

/// Calls `then` when the promise is settled. A promise cannot be told to forget a reaction, so both closures own
/// themselves until one of them has run; neither is leaked, for every promise here settles at the latest when its
/// request is aborted.
fn settled(promise: &Promise, then: impl FnOnce(Result<JsValue, JsValue>) + 'static) {
    let then = Rc::new(Cell::new(Some(then)));
    let both: Rc<RefCell<Option<(Reaction, Reaction)>>> = Rc::default();
    let reaction = |wrap: fn(JsValue) -> Result<JsValue, JsValue>| {
        let (then, both) = (then.clone(), both.clone());
        Closure::<dyn FnMut(JsValue)>::new(move |value| {
            let done = both.take();
            if let Some(then) = then.take() {
                then(wrap(value));
            }
            drop(done);
        })
    };
    let (fulfilled, rejected) = (reaction(Ok), reaction(Err));
    let _ = promise.then2(&fulfilled, &rejected);
    both.replace(Some((fulfilled, rejected)));
}
