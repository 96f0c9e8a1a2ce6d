//! Faults of one request, asked for in its query.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::Json;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use serde_json::json;

use crate::errors::Problem;
use crate::journal::Kind;
use crate::params::Params;
use crate::wire::Pace;

const MAX_KEYS: usize = 10_000;
const MAX_TIMES: u64 = 1_000_000;
/// A WebSocket control frame carries 125 bytes, two of which are the code.
const MAX_REASON_BYTES: usize = 123;

/// How `silent` is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    /// The request is never answered.
    Connect,
    /// It is answered or upgraded, and then nothing follows.
    Open,
}

/// How a stream or socket comes to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    /// Without a goodbye.
    Cut,
    /// As its protocol has it.
    End,
    /// A WebSocket, with this code and reason.
    Close(u16, String),
}

/// All faults that a request asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    pub(crate) refuse: bool,
    pub(crate) silent: Option<Silence>,
    pub(crate) content_type: Option<HeaderValue>,
    pub(crate) hold_back: bool,
    pub(crate) drop_after: Option<u64>,
    pub(crate) pace: Pace,
    status: Option<StatusCode>,
    retry_after: Option<HeaderValue>,
    end_after: Option<u64>,
    close: Option<(u16, String)>,
}

impl Faults {
    /// Reads them. With `times` and `key` they are only there for the first so many requests with that key.
    pub(crate) fn of(params: &Params, kind: Kind, uses: &Uses) -> Result<Self, Problem> {
        let status = params.number("status", 200..=599)?;
        let faults = Self {
            refuse: params.flag("refuse")?,
            silent: silence(params, kind)?,
            content_type: header_value(params, "content-type")?,
            hold_back: params.flag("hold-back")?,
            drop_after: params.number("drop-after", 0..=MAX_TIMES)?,
            pace: pace(params)?,
            status: status.and_then(|code| StatusCode::from_u16(u16::try_from(code).ok()?).ok()),
            retry_after: header_value(params, "retry-after")?,
            end_after: params.number("end-after", 0..=MAX_TIMES)?,
            close: close(params)?,
        };
        let applies = match (params.number("times", 0..=MAX_TIMES)?, params.get("key")) {
            (None, None) => true,
            (Some(times), Some(key)) => uses.count(key)? <= times,
            (Some(_), None) => return Err(Problem::bad_value("key", "nothing", "a name to count times= by")),
            (None, Some(key)) => return Err(Problem::bad_value("key", key, "times= along with it")),
        };
        Ok(if applies { faults } else { Self::default() })
    }

    /// The whole answer, if a status was asked for.
    pub(crate) fn answer(&self) -> Option<Response<Body>> {
        let status = self.status?;
        let told = json!({ "error": format!("status {} was asked for", status.as_u16()) });
        let mut answer = match status {
            // These two have no body.
            StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED => status.into_response(),
            _ => (status, Json(told)).into_response(),
        };
        if let Some(seconds) = &self.retry_after {
            answer.headers_mut().insert(RETRY_AFTER, seconds.clone());
        }
        self.relabel(&mut answer);
        Some(answer)
    }

    /// Puts the wrong content type on an answer.
    pub(crate) fn relabel(&self, answer: &mut Response<Body>) {
        if let Some(content_type) = &self.content_type {
            answer.headers_mut().insert(CONTENT_TYPE, content_type.clone());
        }
    }

    /// What is due on a stream or socket after `sent` messages.
    pub(crate) fn finish(&self, sent: u64, kind: Kind) -> Option<Finish> {
        let is_due = |after: Option<u64>| after.is_some_and(|n| sent >= n);
        match &self.close {
            Some((code, reason)) if kind == Kind::WebSocket && is_due(self.drop_after.or(Some(0))) => {
                Some(Finish::Close(*code, reason.clone()))
            }
            _ if is_due(self.drop_after) => Some(Finish::Cut),
            _ if is_due(self.end_after) => Some(Finish::End),
            _ => None,
        }
    }
}

fn silence(params: &Params, kind: Kind) -> Result<Option<Silence>, Problem> {
    Ok(match params.get("silent") {
        Some("connect") => Some(Silence::Connect),
        Some("open") => Some(Silence::Open),
        _ if !params.flag("silent")? => None,
        _ if kind == Kind::WebSocket => Some(Silence::Open),
        _ => Some(Silence::Connect),
    })
}

fn pace(params: &Params) -> Result<Pace, Problem> {
    Ok(match (params.flag("trickle")?, params.flag("cut-utf8")?) {
        // Byte by byte cuts every character as well.
        (true, _) => Pace::Trickle,
        (false, true) => Pace::CutUtf8,
        (false, false) => Pace::AsTheyCome,
    })
}

fn header_value(params: &Params, name: &str) -> Result<Option<HeaderValue>, Problem> {
    let Some(given) = params.get(name) else { return Ok(None) };
    let value = HeaderValue::from_str(given);
    value.map(Some).map_err(|_| Problem::bad_value(name, given, "what fits into a header"))
}

fn close(params: &Params) -> Result<Option<(u16, String)>, Problem> {
    let reason = params.get("reason").unwrap_or_default();
    if reason.len() > MAX_REASON_BYTES {
        return Err(Problem::bad_value("reason", reason, "123 bytes at most"));
    }
    let Some(code) = params.number("close", 1000..=4999)? else { return Ok(None) };
    match u16::try_from(code) {
        Ok(code @ (1000..=1003 | 1007..=1014 | 3000..=4999)) => Ok(Some((code, reason.into()))),
        _ => {
            let expected = "a code that may be sent: 1000-1003, 1007-1014, 3000-4999";
            Err(Problem::bad_value("close", &code.to_string(), expected))
        }
    }
}

/// How often each key came.
#[derive(Debug, Default)]
pub(crate) struct Uses(Mutex<HashMap<String, u64>>);

impl Uses {
    /// Counts one more, and answers how many that makes.
    fn count(&self, key: &str) -> Result<u64, Problem> {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if uses.len() >= MAX_KEYS && !uses.contains_key(key) {
            let told = format!("{MAX_KEYS} keys are in use; DELETE /control forgets them");
            return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, told));
        }
        let count = uses.entry(key.into()).or_default();
        *count = count.saturating_add(1);
        Ok(*count)
    }

    pub(crate) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}
