//! The HTTP side of a connection: which requests receive and send, and by what of the browser's they are made.
//!
//! All of it is reached through [`Requests`], which a builder brings if its wire has such a side. What nobody brings is not linked: an
//! application that has plain WebSockets alone pays for no XMLHttpRequest, no fetch and no parser of event streams.

use wasm_bindgen::JsValue;

use super::{
    attempts::{Attempt, Attempts, Down},
    data::Data,
    fetch::{Fetch, beacon},
    reader::Reader,
    reporter::Reporter,
    source::Source,
    xhr::Xhr,
    xhr_events,
};
use crate::{
    core::types::{ConnId, Lane, Report, Transport},
    web::{query, request::Request},
};

/// A request in flight, or answered. Dropping it detaches it and ends it.
pub(super) trait Receiver {
    /// Has events of this type delivered as well, where that must be asked for.
    fn listen(&mut self, _kind: &str) {}
    /// Is it on its way?
    fn is_under_way(&self) -> bool {
        false
    }
    /// It is about to be dropped, although what it sends may have to arrive; and then this is posted.
    fn leave(&mut self, _arrives: bool, _then: Option<Request>) {}
}

type Opened = Result<Box<dyn Receiver>, JsValue>;

/// What a wire does over HTTP.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Requests {
    receive: fn(&Attempts, ConnId, Transport, String, Open),
    open: Open,
    post: fn(&Attempts, ConnId, Data),
    farewell: fn(&Attempts, ConnId, &Data),
}

/// Makes one request that receives.
type Open = fn(Asked<'_>) -> Opened;

/// What such a request is made of.
struct Asked<'a> {
    attempts: &'a Attempts,
    transport: Transport,
    request: Request,
    cursor: &'a str,
    reporter: Reporter,
}

impl Requests {
    /// It receives event streams.
    pub(crate) const EVENT_STREAMS: Self = Self::new(open_event_stream);
    /// It receives messages as the browser's own EventSource gives them, or one as the answer to each poll; and it posts.
    pub(crate) const MESSAGES: Self = Self::new(open_source_or_poll);
    /// It receives the answers to polls; and it posts.
    pub(crate) const POLLS: Self = Self::new(open_poll);

    const fn new(open: Open) -> Self {
        Self { receive, open, post, farewell }
    }

    /// Makes a request to receive, as soon as there is what it needs. The one before it ends first.
    pub(super) fn receive(self, attempts: &Attempts, id: ConnId, transport: Transport, cursor: String) {
        (self.receive)(attempts, id, transport, cursor, self.open);
    }

    /// Makes a request that sends, as soon as it is known where to.
    pub(super) fn post(self, attempts: &Attempts, id: ConnId, data: Data) {
        (self.post)(attempts, id, data);
    }

    /// Sends this, whatever becomes of it.
    pub(super) fn farewell(self, attempts: &Attempts, id: ConnId, data: &Data) {
        (self.farewell)(attempts, id, data);
    }
}

fn receive(attempts: &Attempts, id: ConnId, transport: Transport, cursor: String, open: Open) {
    attempts.receive_by(id, Ok(Down::Nothing));
    if let Some(recipe) = attempts.recipe_of(id) {
        return make(attempts, id, transport, recipe.request(), &cursor, open);
    }
    attempts.prepare(id, attempts.endpoint.http.clone().prepare(), move |attempts, recipe| {
        let request = recipe.request();
        let unposted = attempts.with(id, |attempt| {
            attempt.recipe = Some(recipe);
            attempt.unposted.take()
        });
        make(attempts, id, transport, request, &cursor, open);
        if let Some(data) = unposted.flatten() {
            post(attempts, id, data);
        }
    });
}

fn make(attempts: &Attempts, id: ConnId, transport: Transport, mut request: Request, cursor: &str, open: Open) {
    request.ask(&attempts.manner, cursor);
    request.url = query::with_query(&request.url, &attempts.address_of(id));
    let made = open(Asked { attempts, transport, request, cursor, reporter: attempts.reporter(id) });
    let goes_out = made.is_ok();
    attempts.receive_by(id, made.map(Down::Request));
    if goes_out {
        attempts.reporter(id).report(Report::Asked);
    }
}

fn open_event_stream(asked: Asked<'_>) -> Opened {
    let reader = Reader::new(asked.attempts.endpoint.max_event_bytes, asked.cursor);
    let Asked { attempts, transport, request, reporter, .. } = asked;
    Ok(match transport {
        Transport::EventSource => Box::new(Source::open(&request, true, &attempts.kinds.borrow(), reporter)?),
        Transport::FetchStream => Box::new(Fetch::stream(request, reader, &attempts.refusal, reporter)?),
        Transport::XhrStream => Box::new(xhr_events::stream(&request, reader, reporter)?),
        _ if Xhr::exists() => Box::new(xhr_events::poll(&request, reader, reporter)?),
        // A poll is a stream that ends.
        _ => Box::new(Fetch::stream(request, reader, &attempts.refusal, reporter)?),
    })
}

fn open_source_or_poll(asked: Asked<'_>) -> Opened {
    match asked.transport {
        Transport::EventSource => Ok(Box::new(Source::open(&asked.request, false, &[], asked.reporter)?)),
        _ => open_poll(asked),
    }
}

fn open_poll(asked: Asked<'_>) -> Opened {
    answer(&asked.request, Lane::Down, asked.reporter)
}

/// Makes a request whose answer is reported as it is. A service worker has no XMLHttpRequest, and an old browser no fetch.
fn answer(request: &Request, lane: Lane, reporter: Reporter) -> Opened {
    if Xhr::exists() {
        Ok(Box::new(Xhr::answer(request, lane, reporter)?))
    } else {
        Ok(Box::new(Fetch::answer(request, lane, reporter)?))
    }
}

fn post(attempts: &Attempts, id: ConnId, data: Data) {
    let Some(request) = posting(attempts, id, &data) else {
        attempts.with(id, |attempt| attempt.unposted = Some(data));
        return;
    };
    match answer(&request, Lane::Up, attempts.reporter(id)) {
        Ok(request) => {
            // An answered request makes room for the next one.
            let old = attempts.with(id, |attempt| attempt.up.replace(request));
            drop(old);
        }
        Err(error) => attempts.fail(id, &error),
    }
}

fn farewell(attempts: &Attempts, id: ConnId, data: &Data) {
    let Some(request) = posting(attempts, id, data) else { return };
    // What is on its way has to arrive before.
    let is_first = |attempt: &mut Attempt| attempt.up.as_ref().is_none_or(|up| !up.is_under_way());
    if attempts.with(id, is_first).unwrap_or(true) {
        beacon(&request);
    } else {
        attempts.with(id, |attempt| attempt.last_words = Some(request));
    }
}

/// The request that sends this; `None` while it is not known where to.
fn posting(attempts: &Attempts, id: ConnId, data: &Data) -> Option<Request> {
    let mut request = attempts.recipe_of(id)?.post(data.clone());
    request.url = query::with_query(&request.url, &attempts.address_of(id));
    Some(request)
}
