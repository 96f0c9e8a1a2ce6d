//! Server-sent events: what a source has to tell, written as `text/event-stream` for as long as the client listens.

use std::fmt::Display;
use std::time::Duration;

use axum::Error;
use axum::body::Body;
use axum::http::HeaderName;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use tokio::time::{Instant, Interval, MissedTickBehavior, sleep_until};

use crate::clock;
use crate::errors::Problem;
use crate::faults::{Finish, Silence};
use crate::gate::Call;
use crate::params::Params;

const COMMENT: Bytes = Bytes::from_static(b": still here\n\n");
const DEFAULT_COMMENTS_MS: u64 = 15_000;
/// The longest `retry:`, and the longest time between comments, that can be asked for.
const DAY_MS: u64 = 86_400_000;
/// A page of this size is full.
const PAGE_BYTES: usize = 64 * 1024;

/// Where the events of a stream come from.
pub(crate) trait Source: Send + 'static {
    /// Waits until there is something, and then writes it: one message, or what there is until the page is full. False is the end.
    ///
    /// It writes only after the last wait, so dropping the future loses nothing.
    fn write(&mut self, page: &mut Page) -> impl Future<Output = bool> + Send;
}

/// What is written at once.
#[derive(Debug)]
pub(crate) struct Page {
    bytes: Vec<u8>,
    messages: u64,
    /// After so many messages a fault is due.
    most: u64,
    with_ids: bool,
}

impl Page {
    pub(crate) fn is_full(&self) -> bool {
        self.messages >= self.most || self.bytes.len() >= PAGE_BYTES
    }

    /// Adds an event. Bytes that are not UTF-8 are replaced: SSE has text only.
    pub(crate) fn event(&mut self, id: Option<&dyn Display>, kind: &str, data: &[u8]) {
        if let Some(id) = id.filter(|_| self.with_ids) {
            self.field("id", &id.to_string());
        }
        if !kind.is_empty() {
            self.field("event", kind);
        }
        let mut data = String::from_utf8_lossy(data);
        if data.contains('\r') {
            data = data.replace("\r\n", "\n").replace('\r', "\n").into();
        }
        for line in data.split('\n') {
            self.field("data", line);
        }
        self.message(b"\n");
    }

    /// Adds the bytes of a message, or the last of them.
    pub(crate) fn message(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.messages = self.messages.saturating_add(1);
    }

    fn field(&mut self, name: &str, value: &str) {
        for part in [name, ": ", value, "\n"] {
            self.bytes.extend_from_slice(part.as_bytes());
        }
    }
}

/// How a stream is written, whatever its source.
#[derive(Debug)]
pub(crate) struct Feed {
    retry_ms: Option<u64>,
    comments_ms: u64,
    hold_ms: u64,
    with_ids: bool,
    is_bare: bool,
}

impl Feed {
    /// As the query has it.
    pub(crate) fn of(params: &Params) -> Result<Self, Problem> {
        let with_ids = match params.get("id") {
            None => true,
            Some("none") => false,
            Some(other) => return Err(Problem::bad_value("id", other, "none")),
        };
        Ok(Self {
            retry_ms: params.number("retry", 0..=DAY_MS)?,
            comments_ms: params.number("comments", 1..=DAY_MS)?.unwrap_or(DEFAULT_COMMENTS_MS),
            hold_ms: 0,
            with_ids,
            is_bare: false,
        })
    }

    /// Nothing but what the source writes.
    pub(crate) fn bare() -> Self {
        Self { retry_ms: None, comments_ms: DEFAULT_COMMENTS_MS, hold_ms: 0, with_ids: true, is_bare: true }
    }

    /// Has a `retry:` even if the query does not ask for one.
    pub(crate) fn retry(mut self, default_ms: u64) -> Self {
        self.retry_ms.get_or_insert(default_ms);
        self
    }

    /// Stays open after the end of its source for `hold=` milliseconds, or a day if the query does not say how long.
    pub(crate) fn hold(mut self, params: &Params) -> Result<Self, Problem> {
        self.hold_ms = match params.get("hold") {
            Some("") => DAY_MS,
            _ => params.number("hold", 0..=DAY_MS)?.unwrap_or(0),
        };
        Ok(self)
    }

    pub(crate) fn is_held(&self) -> bool {
        self.hold_ms > 0
    }

    /// The response.
    pub(crate) fn open(self, call: Call, source: impl Source) -> Response {
        let (mut opening, mut comments) = (None, None);
        if !call.faults.quiet && !self.is_bare {
            let retry = self.retry_ms.map(|ms| format!("retry: {ms}\n\n"));
            opening = Some(format!(": hi\n\n{}", retry.unwrap_or_default()).into());
            let mut interval = tokio::time::interval(Duration::from_millis(self.comments_ms));
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            interval.reset();
            comments = Some(interval);
        }
        let stream = Stream { feed: self, source, call, opening, comments, end: None };
        let body = stream::unfold(stream, |mut stream| async move {
            let bytes = stream.next().await?;
            Some((Ok::<_, Error>(bytes), stream))
        });
        let headers: [(HeaderName, &str); 3] = [
            (CONTENT_TYPE, "text/event-stream"),
            (CACHE_CONTROL, "no-store"),
            // Asks nginx, if one is in between, not to buffer.
            (HeaderName::from_static("x-accel-buffering"), "no"),
        ];
        (headers, Body::from_stream(body)).into_response()
    }
}

/// A stream under way.
struct Stream<S> {
    feed: Feed,
    source: S,
    call: Call,
    opening: Option<Bytes>,
    comments: Option<Interval>,
    /// When the response ends, which is known once the source has.
    end: Option<Instant>,
}

impl<S: Source> Stream<S> {
    /// The next bytes to write; `None` ends the response.
    async fn next(&mut self) -> Option<Bytes> {
        let Call { faults, visit, kind } = &self.call;
        if faults.silent == Some(Silence::Open) {
            std::future::pending::<()>().await;
        }
        if let Some(opening) = self.opening.take() {
            return Some(opening);
        }
        let sent = visit.sent();
        match faults.finish(sent, *kind) {
            Some(Finish::Cut) => {
                // The bytes before this one may still be in hyper's buffer.
                visit.connection().cut_when_flushed();
                std::future::pending::<()>().await;
            }
            Some(Finish::End | Finish::Close(..)) => return None,
            None => {}
        }
        if self.end.is_none() {
            let mut page =
                Page { bytes: Vec::new(), messages: 0, most: faults.room(sent), with_ids: self.feed.with_ids };
            tokio::select! {
                more = self.source.write(&mut page) => if more {
                    visit.count(page.messages);
                    return Some(page.bytes.into());
                },
                () = tick(&mut self.comments) => return Some(COMMENT),
            }
        }
        if !self.feed.is_held() {
            return None;
        }
        let end = *self.end.get_or_insert_with(|| clock::in_ms(self.feed.hold_ms));
        tokio::select! {
            () = sleep_until(end) => None,
            () = tick(&mut self.comments) => Some(COMMENT),
        }
    }
}

/// Waits until the next comment is due, if there are any.
async fn tick(comments: &mut Option<Interval>) {
    match comments {
        Some(interval) => {
            interval.tick().await;
        }
        None => std::future::pending().await,
    }
}
