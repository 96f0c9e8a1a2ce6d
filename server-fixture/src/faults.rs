//! Faults of one request, asked for in its query.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response};

use crate::cors::Policy;
use crate::errors::Problem;
use crate::instead::Instead;
use crate::journal::Kind;
use crate::params::Params;
use crate::uses::Uses;
use crate::wire::Pace;

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

/// The faults of one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    pub(crate) cors: Policy,
    pub(crate) instead: Instead,
    pub(crate) refuse: bool,
    pub(crate) silent: Option<Silence>,
    pub(crate) quiet: bool,
    pub(crate) content_type: Option<HeaderValue>,
    pub(crate) hold_back: bool,
    pub(crate) hold_body: bool,
    pub(crate) drop_after: Option<u64>,
    pub(crate) pace: Pace,
    end_after: Option<u64>,
    close: Option<(u16, String)>,
}

/// What a query asks for. With `times` and `key` it is only for the first so many requests with that key.
#[derive(Debug)]
pub(crate) struct Asked {
    faults: Faults,
    times: Option<(u64, String)>,
}

impl Asked {
    pub(crate) fn of(params: &Params, kind: Kind) -> Result<Self, Problem> {
        let faults = Faults {
            cors: Policy::of(params)?,
            instead: Instead::of(params)?,
            refuse: params.flag("refuse")?,
            silent: silence(params, kind)?,
            quiet: params.flag("quiet")?,
            content_type: params.header_value("content-type")?,
            hold_back: params.flag("hold-back")?,
            hold_body: params.flag("hold-body")?,
            drop_after: params.number("drop-after", 0..=MAX_TIMES)?,
            pace: pace(params)?,
            end_after: params.number("end-after", 0..=MAX_TIMES)?,
            close: close(params)?,
        };
        let times = match (params.number("times", 0..=MAX_TIMES)?, params.get("key")) {
            (None, None) => None,
            (Some(times), Some(key)) => Some((times, key.into())),
            (Some(_), None) => return Err(Problem::bad_value("key", "nothing", "a name to count times= by")),
            (None, Some(key)) => return Err(Problem::bad_value("key", key, "times= along with it")),
        };
        Ok(Self { faults, times })
    }

    /// The faults of this request, which is counted.
    pub(crate) fn take(self, uses: &Uses) -> Result<Faults, Problem> {
        let applies = match &self.times {
            None => true,
            Some((times, key)) => uses.count(key)? <= *times,
        };
        Ok(if applies { self.faults } else { Faults::default() })
    }

    /// The CORS of the next request that is counted, for what comes before it.
    pub(crate) fn cors(&self, uses: &Uses) -> Policy {
        let applies = self.times.as_ref().is_none_or(|(times, key)| uses.so_far(key) < *times);
        if applies { self.faults.cors } else { Policy::default() }
    }
}

impl Faults {
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
