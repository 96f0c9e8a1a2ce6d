//! `POST /sse/tokens`: an event stream that answers a body, as the APIs of language models have it. The answer is the prompt itself,
//! word by word, so that a client which repeats its request with a `Last-Event-ID` can be seen to go on where it was.

use std::collections::VecDeque;

use axum::Extension;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, sleep_until};

use crate::errors::Problem;
use crate::gate::Call;
use crate::journal::Visit;
use crate::params::Params;
use crate::sse::{Feed, Page, Source};
use crate::{body, clock, resume};

pub(crate) const PATH: &str = "/sse/tokens";

const MAX_PROMPT_BYTES: usize = 64 * 1024;
const DEFAULT_MS: u64 = 20;
const MAX_MS: u64 = 60_000;

/// Whether a request is one for tokens.
pub(crate) fn is_prompt(parts: &Parts) -> bool {
    parts.uri.path() == PATH && [Method::POST, Method::PUT].contains(&parts.method)
}

/// Reads the prompt and notes it in the journal. That comes before all faults, so that what a refused request said can be seen as well.
pub(crate) async fn note(prompt: Body, visit: &Visit) -> Result<Body, Problem> {
    let bytes = body::whole(prompt, MAX_PROMPT_BYTES).await?;
    visit.said(&String::from_utf8_lossy(&bytes));
    Ok(bytes.into())
}

/// What an API would have beside the prompt is ignored.
#[derive(Deserialize)]
struct Wanted {
    prompt: String,
}

/// The prompt's text: what begins like a JSON object is one, and the rest is plain.
fn text(prompt: &Bytes) -> Result<String, Problem> {
    let refuse = |expected| {
        let given: String = String::from_utf8_lossy(prompt).chars().take(200).collect();
        Problem::bad_value("prompt", &given, expected)
    };
    let text = std::str::from_utf8(prompt).map_err(|_| refuse("UTF-8"))?;
    if !text.trim_start().starts_with('{') {
        return Ok(text.into());
    }
    let wanted: Wanted = serde_json::from_str(text).map_err(|_| refuse(r#"text, or JSON like {"prompt":"text"},"#))?;
    Ok(wanted.prompt)
}

/// The words that are still to come.
struct Tokens {
    words: VecDeque<String>,
    next: u64,
    /// When the next one may come; at once if there is no such moment.
    due: Option<Instant>,
    between_ms: u64,
    done: bool,
}

impl Source for Tokens {
    async fn write(&mut self, page: &mut Page) -> bool {
        if self.done {
            return false;
        }
        if let Some(due) = self.due {
            sleep_until(due).await;
        }
        // Even a sleep of no time takes a while.
        self.due = (self.between_ms > 0).then(|| clock::in_ms(self.between_ms));
        match self.words.pop_front() {
            Some(word) => {
                let data = json!({ "token": format!("{word} ") }).to_string();
                page.event(Some(&self.next), "", data.as_bytes());
                self.next = self.next.saturating_add(1);
            }
            None => {
                // It has no id: the position stays that of the last word.
                page.event(None, "", b"[DONE]");
                self.done = true;
            }
        }
        true
    }
}

/// `POST /sse/tokens[?ms=]`, or PUT.
pub(crate) async fn answer(
    params: Params,
    headers: HeaderMap,
    Extension(call): Extension<Call>,
    prompt: Bytes,
) -> Result<Response, Problem> {
    let seen = resume::counted(&headers, &params)?.unwrap_or(0);
    let between_ms = params.number("ms", 0..=MAX_MS)?.unwrap_or(DEFAULT_MS);
    let feed = Feed::of(&params)?;
    let skipped = usize::try_from(seen).unwrap_or(usize::MAX);
    let words = text(&prompt)?.split_whitespace().skip(skipped).map(Into::into).collect();
    let tokens = Tokens { words, next: seen.saturating_add(1), due: None, between_ms, done: false };
    Ok(feed.open(call, tokens))
}
