//! What every browser test needs: the fixture server, a little patience, and a guard.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    rc::Rc,
    time::Duration,
};

use everwire::{Backoff, Events, Inbox, Message, Socket, Status, Transport};
use futures_util::{
    StreamExt,
    future::{Either, select},
};
use js_sys::Function;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/tests/web/support.js")]
extern "C" {
    fn uncaught() -> String;
    pub(crate) fn rebase(href: &str) -> Option<Function>;
    async fn alive(base: &str) -> JsValue;
    #[wasm_bindgen(js_name = post)]
    async fn js_post(url: &str, body: &str) -> JsValue;
    async fn journal(base: &str, path: &str, field: &str) -> JsValue;
    #[wasm_bindgen(js_name = heard)]
    async fn js_heard(base: &str, path: &str, value: &str) -> JsValue;
    #[wasm_bindgen(js_name = dispatch)]
    fn js_dispatch(kind: &str, persisted: bool);
    #[wasm_bindgen(js_name = skipTime)]
    fn skip_time(ms: f64) -> Function;
    #[wasm_bindgen(js_name = spyOnWrites)]
    fn spy_on_writes(refuse: bool) -> Spy;
    type Spy;
    #[wasm_bindgen(method)]
    fn count(this: &Spy) -> u32;
    #[wasm_bindgen(method)]
    fn end(this: &Spy);
    fn entries(storage: &str, ending: &str) -> Vec<String>;
    #[wasm_bindgen(js_name = clear)]
    fn js_clear(storage: &str);
    #[wasm_bindgen(js_name = sleep)]
    async fn js_sleep(ms: f64);
    #[wasm_bindgen(js_name = get)]
    async fn js_get(url: &str) -> JsValue;
    /// What the page has of the browser's, from when this is made.
    pub(crate) type Tally;
    #[wasm_bindgen(constructor)]
    pub(crate) fn new() -> Tally;
    /// What is there of it now; empty for nothing.
    #[wasm_bindgen(method)]
    pub(crate) fn left(this: &Tally) -> String;
    #[wasm_bindgen(method)]
    pub(crate) fn end(this: &Tally);
}

/// The fixture server, as one test sees it.
pub(crate) struct Fixture {
    base: &'static str,
    key: String,
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let errors = uncaught();
        assert!(errors.is_empty(), "errors that nobody caught: {errors}");
    }
}

impl Fixture {
    /// The server, or a panic that says how to start it.
    pub(crate) async fn get() -> Self {
        let base = option_env!("EVERWIRE_FIXTURE").unwrap_or("http://127.0.0.1:4780");
        assert!(
            alive(base).await == JsValue::TRUE,
            "the fixture server does not answer at {base}: start it with `cargo run -p server-fixture`, or use `make test`",
        );
        uncaught();
        Self { base, key: format!("t{}", (js_sys::Math::random() * 1e15) as u64) }
    }

    /// The errors that nobody caught so far, for a test that expects some.
    pub(crate) fn take_errors(&self) -> String {
        uncaught()
    }

    /// The path with `{key}` replaced by a name that only this test uses.
    pub(crate) fn path(&self, path: &str) -> String {
        path.replace("{key}", &self.key)
    }

    /// The same as an absolute URL.
    pub(crate) fn url(&self, path: &str) -> String {
        [self.base, &self.path(path)].concat()
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> String {
        js_post(&self.url(path), body).await.as_string().unwrap()
    }

    /// What the server has kept of what was sent to a channel, oldest first: texts.
    pub(crate) async fn kept(&self, channel: &str) -> Vec<String> {
        let all = js_get(&self.url(&format!("/relay/{channel}/all"))).await;
        let items: js_sys::Array = js_sys::JSON::parse(&all.as_string().unwrap()).unwrap().unchecked_into();
        let text = |item: JsValue| js_sys::Reflect::get(&item, &"text".into()).ok()?.as_string();
        items.iter().map(|item| text(item).unwrap_or_else(|| String::from("bytes"))).collect()
    }

    /// A field of each of the journal's entries for a path, or a header by its name; `-` where there is none. Preflights are left out.
    pub(crate) async fn journal(&self, path: &str, field: &str) -> Vec<String> {
        let all = journal(self.base, &self.path(path), field).await.as_string().unwrap();
        all.lines().map(String::from).collect()
    }

    /// What the server hears of a header in UTF-8, for browsers differ.
    pub(crate) async fn heard(&self, value: &str) -> String {
        js_heard(self.base, &self.path("/sse/bytes/{key}heard"), value).await.as_string().unwrap()
    }

    /// The positions from which the requests for a path asked to resume.
    pub(crate) async fn resumes(&self, path: &str) -> String {
        self.journal(path, "resume").await.join(" ")
    }
}

pub(crate) async fn sleep(ms: u32) {
    js_sleep(f64::from(ms)).await;
}

/// What the future gives, or a panic that names what did not come.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let limit = Box::pin(sleep(20_000));
    match select(Box::pin(future), limit).await {
        Either::Left((value, _)) => value,
        Either::Right(_) => panic!("this did not happen within 20 s: {what}"),
    }
}

/// The next `n` items of a stream.
pub(crate) async fn take<T>(inbox: &mut Inbox<T>, n: usize) -> Vec<T> {
    let mut items = Vec::new();
    while items.len() < n {
        let what = format!("item {} of {n}", items.len() + 1);
        items.push(within(&what, inbox.next()).await.expect("the stream goes on"));
    }
    items
}

/// Retries that a test need not wait for.
pub(crate) fn quick() -> Backoff {
    let ms = Duration::from_millis;
    Backoff::default().first_delay(ms(50)).min_delay(ms(50)).max_delay(ms(200))
}

/// Waits until `condition` holds, looking whenever the browser has done something else.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    within(what, async {
        while !condition() {
            sleep(5).await;
        }
    })
    .await;
}

/// A flag that a callback can set.
pub(crate) fn flag() -> (Rc<Cell<u32>>, Rc<Cell<u32>>) {
    let flag = Rc::new(Cell::new(0));
    (flag.clone(), flag)
}

fn transport_of(status: Status) -> Option<Transport> {
    match status {
        Status::Open { transport, .. } => transport,
        _ => None,
    }
}

/// The transport over which there is a connection.
pub(crate) fn over(events: &Events) -> Option<Transport> {
    transport_of(events.status())
}

/// The same, of a socket.
pub(crate) fn carried_by(socket: &Socket) -> Option<Transport> {
    transport_of(socket.status())
}

pub(crate) fn is_open(socket: &Socket) -> bool {
    socket.status().is_open()
}

/// The next `n` messages, which are text.
pub(crate) async fn texts(inbox: &mut Inbox<Message>, n: usize) -> Vec<String> {
    let text = |message: Message| message.as_text().map(String::from).expect("a text");
    take(inbox, n).await.into_iter().map(text).collect()
}

/// Numbers as messages.
pub(crate) fn numbered(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(|n| n.to_string()).collect()
}

/// What a callback hears, in order.
pub(crate) struct Heard<T>(Rc<RefCell<Vec<T>>>);

impl<T: Clone + 'static> Heard<T> {
    pub(crate) fn new() -> Self {
        Self(Rc::default())
    }

    /// Takes one more.
    pub(crate) fn ear(&self) -> impl Fn(T) + 'static {
        let all = Rc::clone(&self.0);
        move |one| all.borrow_mut().push(one)
    }

    pub(crate) fn all(&self) -> Vec<T> {
        self.0.borrow().clone()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.borrow().len()
    }
}

/// An event of the page's, as the browser would raise it.
pub(crate) fn dispatch(kind: &str, persisted: bool) {
    js_dispatch(kind, persisted);
}

/// The wall clock is ahead of the time that passed, until this is dropped.
pub(crate) struct Slept(Function);

impl Slept {
    pub(crate) fn by(ms: f64) -> Self {
        Self(skip_time(ms))
    }
}

impl Drop for Slept {
    fn drop(&mut self) {
        let _ = self.0.call0(&JsValue::UNDEFINED);
    }
}

/// One of the page's storages.
#[derive(Clone, Copy)]
pub(crate) enum Storage {
    Session,
    Local,
}

/// Counts what is written to any storage, until it is dropped.
pub(crate) struct Writes(Spy);

impl Storage {
    const fn name(self) -> &'static str {
        match self {
            Self::Session => "sessionStorage",
            Self::Local => "localStorage",
        }
    }

    /// The values whose keys end like this.
    pub(crate) fn entries(self, ending: &str) -> Vec<String> {
        entries(self.name(), ending)
    }

    pub(crate) fn clear(self) {
        js_clear(self.name());
    }

    pub(crate) fn count_writes() -> Writes {
        Writes(spy_on_writes(false))
    }

    /// As if it were full.
    pub(crate) fn refuse_writes() -> Writes {
        Writes(spy_on_writes(true))
    }
}

impl Writes {
    pub(crate) fn so_far(&self) -> u32 {
        self.0.count()
    }
}

impl Drop for Writes {
    fn drop(&mut self) {
        self.0.end();
    }
}
