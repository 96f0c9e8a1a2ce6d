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
use tokio::time::{Interval, MissedTickBehavior};

use crate::errors::Problem;
use crate::faults::{Finish, Silence};
use crate::gate::Call;
use crate::params::Params;

const DEFAULT_COMMENTS_MS: u64 = 15_000;
/// The longest `retry:`, and the longest time between comments, that can be asked for.
const DAY_MS: u64 = 86_400_000;

/// Where the events of a stream come from.
pub(crate) trait Source: Send + 'static {
    /// Waits until there is something, and then writes it. False is the end.
    ///
    /// It writes only after the last wait, so dropping the future loses nothing.
    fn write(&mut self, page: &mut Page) -> impl Future<Output = bool> + Send;
}

/// What is written at once.
#[derive(Debug)]
pub(crate) struct Page {
    text: Vec<u8>,
    events: u64,
    with_ids: bool,
}

impl Page {
    /// Adds an event. Bytes that are not UTF-8 are replaced: SSE has text only.
    pub(crate) fn event(&mut self, id: impl Display, kind: &str, data: &[u8]) {
        let mut head = String::new();
        if self.with_ids {
            head.push_str(&format!("id: {id}\n"));
        }
        if !kind.is_empty() {
            head.push_str(&format!("event: {kind}\n"));
        }
        self.text.extend_from_slice(head.as_bytes());
        let data = String::from_utf8_lossy(data).replace("\r\n", "\n").replace('\r', "\n");
        for line in data.split('\n') {
            self.text.extend_from_slice(format!("data: {line}\n").as_bytes());
        }
        self.text.push(b'\n');
        self.events = self.events.saturating_add(1);
    }
}

/// How a stream is written, whatever its source.
#[derive(Debug)]
pub(crate) struct Feed {
    retry_ms: Option<u64>,
    comments_ms: u64,
    with_ids: bool,
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
            with_ids,
        })
    }

    /// Has a `retry:` even if the query does not ask for one.
    pub(crate) fn retry(mut self, default_ms: u64) -> Self {
        self.retry_ms.get_or_insert(default_ms);
        self
    }

    /// The response.
    pub(crate) fn open(self, call: Call, source: impl Source) -> Response {
        let (mut opening, mut comments) = (None, None);
        if !call.faults.quiet {
            let retry = self.retry_ms.map(|ms| format!("retry: {ms}\n\n"));
            opening = Some(format!(": hi\n\n{}", retry.unwrap_or_default()).into());
            let mut interval = tokio::time::interval(Duration::from_millis(self.comments_ms));
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            interval.reset();
            comments = Some(interval);
        }
        let stream = Stream { source, call, opening, comments, with_ids: self.with_ids };
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
    source: S,
    call: Call,
    opening: Option<Bytes>,
    comments: Option<Interval>,
    with_ids: bool,
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
        match faults.finish(visit.sent(), *kind) {
            Some(Finish::Cut) => {
                // The bytes before this one may still be in hyper's buffer.
                visit.connection().cut_when_flushed();
                std::future::pending::<()>().await;
            }
            Some(Finish::End | Finish::Close(..)) => return None,
            None => {}
        }
        let mut page = Page { text: Vec::new(), events: 0, with_ids: self.with_ids };
        tokio::select! {
            more = self.source.write(&mut page) => {
                visit.count(page.events);
                more.then(|| page.text.into())
            }
            () = tick(&mut self.comments) => Some(Bytes::from_static(b": still here\n\n")),
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
