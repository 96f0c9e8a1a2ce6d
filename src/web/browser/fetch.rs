//! fetch (WHATWG Fetch and Streams): the `fetch-stream` transport, whose body is read as it comes; the polls and POSTs of a service worker,
//! which has no XMLHttpRequest; and requests whose answer nobody reads.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use js_sys::{
    Promise, Reflect,
    futures::{JsFuture, spawn_local},
};
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{
    AbortController, ReadableStreamDefaultReader, RequestCache, RequestCredentials, RequestInit, RequestMode, Response,
};

use super::{
    cors::{self, Refusal},
    data::Data,
    headers,
    reader::Reader,
    reporter::{Reporter, words},
    requests::Receiver,
    task::Task,
    url::is_cross_origin,
};
use crate::{
    core::types::{Head, Lane, Report},
    web::request::{Request, byte_string},
};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_name = fetch)]
    pub(super) fn global_fetch(request: &web_sys::Request) -> Result<Promise, JsValue>;

    /// What a reader's `read()` resolves to.
    type ReadResult;
    #[wasm_bindgen(method, getter)]
    fn done(this: &ReadResult) -> bool;
    #[wasm_bindgen(method, getter)]
    fn value(this: &ReadResult) -> JsValue;
}

/// What is told to fetch of any request.
fn init(request: &Request) -> Result<RequestInit, JsValue> {
    let fields = web_sys::Headers::new()?;
    for (name, value) in &request.headers {
        fields.append(name, &byte_string(value))?;
    }
    let init = RequestInit::new();
    init.set_method(&request.method);
    init.set_headers(&fields);
    if let Some(body) = &request.body {
        init.set_body(&body.value);
    }
    init.set_credentials(mode(request.credentials));
    Ok(init)
}

/// Makes the request, and resolves to its response.
fn begin(request: &Request, controller: &AbortController) -> Result<JsFuture<JsValue>, JsValue> {
    let init = init(request)?;
    init.set_signal(Some(&controller.signal()));
    init.set_cache(RequestCache::NoStore);
    // Listened to from now on: a task that is dropped before its first turn would leave a rejection that nobody catches.
    Ok(JsFuture::from(global_fetch(&web_sys::Request::new_with_str_and_init(&request.url, &init)?)?))
}

/// The head of a response.
fn head(response: &Response) -> Head {
    let fields = response.headers();
    headers::head(response.status(), |name| fields.get(name).ok().flatten())
}

/// A request in flight, or answered.
pub(super) struct Fetch {
    reporter: Reporter,
    controller: AbortController,
    #[expect(dead_code, reason = "held for its drop")]
    task: Task,
    /// It ends by itself.
    is_left: bool,
}

impl Receiver for Fetch {
    fn leave(&mut self, arrives: bool, _then: Option<Request>) {
        self.is_left = arrives;
    }
}

impl Fetch {
    /// Makes the request, and reports its answer as it is.
    pub(super) fn answer(request: &Request, lane: Lane, reporter: Reporter) -> Result<Self, JsValue> {
        let controller = AbortController::new()?;
        let response = begin(request, &controller)?;
        let ear = reporter.clone();
        let task = Task::spawn(async move {
            ear.report(match whole(response).await {
                Ok((head, body)) => Report::Answer { lane, head, body: body.into() },
                Err(why) => Report::Failed { lane, why: words(&why).into() },
            });
        });
        Ok(Self { reporter, controller, task, is_left: false })
    }

    /// Makes the request, and reports its answer as it comes. `refusal` is what is known of why there is none.
    pub(super) fn stream(
        request: Request,
        reader: Reader,
        refusal: &Rc<Refusal>,
        reporter: Reporter,
    ) -> Result<Self, JsValue> {
        // A request whose answer cannot be read is not made: it may be one that must not be made twice.
        if !has_streams() {
            return Err(JsValue::from_str("fetch gives no stream here"));
        }
        let controller = AbortController::new()?;
        let response = begin(&request, &controller)?;
        let ear = Ear { request, refusal: refusal.clone(), controller: controller.clone(), reporter: reporter.clone() };
        let task = Task::spawn(async move {
            let report = match response.await {
                Ok(response) => match ear.read(&response.unchecked_into(), reader).await {
                    Ok(()) => return,
                    Err(why) => failed(&why),
                },
                Err(why) => ear.explain(&why).await,
            };
            ear.reporter.report(report);
        });
        Ok(Self { reporter, controller, task, is_left: false })
    }
}

impl Drop for Fetch {
    fn drop(&mut self) {
        self.reporter.hush();
        if !self.is_left {
            self.controller.abort();
        }
    }
}

fn failed(why: &JsValue) -> Report<Data> {
    Report::Failed { lane: Lane::Down, why: words(why).into() }
}

/// A response with all of its body, as bytes.
async fn whole(response: JsFuture<JsValue>) -> Result<(Head, JsValue), JsValue> {
    let response: Response = response.await?.unchecked_into();
    let body = JsFuture::from(response.array_buffer()?).await?;
    Ok((head(&response), body))
}

/// Can the body of a response be read as it comes?
fn has_streams() -> bool {
    Response::new().is_ok_and(|empty| Reflect::has(&empty, &JsValue::from_str("body")).unwrap_or_default())
}

/// What hears the response.
struct Ear {
    request: Request,
    refusal: Rc<Refusal>,
    controller: AbortController,
    reporter: Reporter,
}

impl Ear {
    /// Reads the response to its end, or for as long as it is wanted.
    async fn read(&self, response: &Response, mut reader: Reader) -> Result<(), JsValue> {
        if !self.reporter.report(Report::Head(head(response))) {
            return Ok(());
        }
        let Some(body) = response.body() else {
            self.reporter.report(Report::Done);
            return Ok(());
        };
        let source: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
        loop {
            let result: ReadResult = JsFuture::from(source.read()).await?.unchecked_into();
            if result.done() {
                self.reporter.report(Report::Done);
                return Ok(());
            }
            if !self.reporter.report(Report::Piece(reader.read(&result.value().unchecked_into()))) {
                return Ok(());
            }
        }
    }

    /// What is known of a failure without a response.
    async fn explain(&self, why: &JsValue) -> Report<Data> {
        let Request { url, headers, credentials, .. } = &self.request;
        if self.request.is_cross_origin_get() && self.refusal.is_to_ask() {
            let answers = cors::answers(url, mode(*credentials), &self.controller.signal()).await;
            self.refusal.learn(answers);
            self.controller.abort();
        }
        if self.refusal.is_known() {
            Report::Refused { why: cors::refusal(headers, *credentials).into() }
        } else {
            failed(why)
        }
    }
}

/// Posts this, also while the page goes away, and does not hear what becomes of it.
pub(super) fn beacon(request: &Request) {
    let Ok(init) = init(request) else { return };
    // web-sys knows it only as unstable.
    let _ = Reflect::set(&init, &JsValue::from_str("keepalive"), &JsValue::TRUE);
    if let Ok(answer) = web_sys::Request::new_with_str_and_init(&request.url, &init).and_then(|it| global_fetch(&it)) {
        // Nobody waits for it, and nobody shall be told that it failed.
        spawn_local(async move {
            let _ = JsFuture::from(answer).await;
        });
    }
}

/// What a plain GET brings: the status of the answer; 1 if a script may not see it, 0 if there was none. Dropping the future ends the
/// request.
pub(in crate::web) async fn ask(url: String, credentials: bool) -> u16 {
    let Ok(controller) = AbortController::new() else { return 0 };
    let ending = Ending(controller);
    let signal = ending.0.signal();
    let _timeout = Timeout::new(ASKING_MS, move || drop(ending));
    let init = RequestInit::new();
    init.set_cache(RequestCache::NoStore);
    init.set_credentials(mode(credentials));
    init.set_mode(if is_cross_origin(&url) { RequestMode::NoCors } else { RequestMode::SameOrigin });
    init.set_signal(Some(&signal));
    let Ok(answer) = web_sys::Request::new_with_str_and_init(&url, &init).and_then(|it| global_fetch(&it)) else {
        return 0;
    };
    match JsFuture::from(answer).await {
        Ok(response) => response.unchecked_into::<Response>().status().max(1),
        Err(_) => 0,
    }
}

/// Ends a request when it is dropped: what of its answer is still to come is not wanted.
struct Ending(AbortController);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// How long an answer to that may take.
const ASKING_MS: u32 = 10_000;

/// Are cookies sent?
const fn mode(credentials: bool) -> RequestCredentials {
    if credentials { RequestCredentials::Include } else { RequestCredentials::SameOrigin }
}
