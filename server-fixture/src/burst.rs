//! `GET /sse/burst`: many events, as fast as the client takes them.

use axum::Extension;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::errors::Problem;
use crate::gate::Call;
use crate::params::Params;
use crate::resume;
use crate::sse::{Feed, Page, Source};

const DEFAULT_COUNT: u64 = 1_000;
const MAX_COUNT: u64 = 1_000_000;
const DEFAULT_BYTES: u64 = 64;
const MAX_BYTES: u64 = 1024 * 1024;

struct Burst {
    next: u64,
    last: u64,
    with_ids: bool,
    data: Vec<u8>,
}

impl Source for Burst {
    async fn write(&mut self, page: &mut Page) -> bool {
        let first = self.next;
        while self.next <= self.last && !page.is_full() {
            // Numbers grow, so each covers all of the one before it.
            for (place, digit) in self.data.iter_mut().zip(self.next.to_string().bytes()) {
                *place = digit;
            }
            page.event(self.with_ids.then_some(&self.next), "", &self.data);
            self.next = self.next.saturating_add(1);
        }
        self.next > first
    }
}

/// `GET /sse/burst[?count=&size=&ids&hold=]`. 204, which is EventSource's sign to stop, to one who has seen the last, unless the stream
/// is to stay open after it.
pub(crate) async fn read(
    params: Params,
    headers: HeaderMap,
    Extension(call): Extension<Call>,
) -> Result<Response, Problem> {
    let seen = resume::counted(&headers, &params)?.unwrap_or(0);
    let last = params.number("count", 1..=MAX_COUNT)?.unwrap_or(DEFAULT_COUNT);
    let size = params.number("size", 0..=MAX_BYTES)?.unwrap_or(DEFAULT_BYTES);
    let with_ids = params.flag("ids")?;
    let feed = Feed::of(&params)?.hold(&params)?;
    if seen >= last && !feed.is_held() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let data = vec![b'.'; usize::try_from(size).unwrap_or(0)];
    Ok(feed.open(call, Burst { next: seen.saturating_add(1), last, with_ids, data }))
}
