//! Faults of one request, asked for in its query.

use std::ops::RangeInclusive;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response};

use crate::cors::Policy;
use crate::errors::Problem;
use crate::instead::Instead;
use crate::journal::Kind;
use crate::params::Params;
use crate::random::Random;
use crate::uses::Uses;
use crate::wire::Pace;

const MAX_TIMES: u64 = 1_000_000;
/// Of messages, from one random cut to the next. With 1, nothing would ever get through.
const MEAN: RangeInclusive<u64> = 2..=100_000;
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

/// A cut at a random message, on average each so many.
#[derive(Clone, Copy, Debug)]
struct RandomDrop {
    each: u64,
    seed: u64,
}

impl RandomDrop {
    /// How many messages come before the cut of the `nth` request.
    fn after(self, nth: u64) -> u64 {
        let mut random = Random::seeded(self.seed, nth);
        (0..MAX_TIMES).take_while(|_| random.below(self.each) != 0).count() as u64
    }
}

/// What a query asks for. With `only` it is for requests of these kinds; with `skip`, `times` and `key` not for the first so many of them
/// with that key, and then for so many.
#[derive(Debug)]
pub(crate) struct Asked {
    faults: Faults,
    drop_random: Option<RandomDrop>,
    is_meant: bool,
    key: Option<String>,
    skip: u64,
    times: Option<u64>,
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
        let skip = params.number("skip", 0..=MAX_TIMES)?;
        let times = params.number("times", 0..=MAX_TIMES)?;
        let drop_random = drop_random(params)?;
        let key = match (skip.is_some() || times.is_some() || drop_random.is_some(), params.get("key")) {
            (true, None) => return Err(Problem::bad_value("key", "nothing", "a name to count the requests by")),
            (false, Some(key)) => {
                return Err(Problem::bad_value("key", key, "times=, skip= or drop-random= along with it"));
            }
            (_, key) => key.map(Into::into),
        };
        Ok(Self { faults, drop_random, is_meant: is_meant(params, kind)?, key, skip: skip.unwrap_or(0), times })
    }

    /// The faults of this request, which is counted.
    pub(crate) fn take(self, uses: &Uses) -> Result<Faults, Problem> {
        if !self.is_meant {
            return Ok(Faults { cors: self.faults.cors, ..Faults::default() });
        }
        let mut faults = self.faults.clone();
        if let Some(key) = &self.key {
            let nth = uses.count(key)?;
            if !self.is_in_turn(nth) {
                return Ok(Faults::default());
            }
            let random = self.drop_random.map(|drop| drop.after(nth));
            faults.drop_after = faults.drop_after.into_iter().chain(random).min();
        }
        Ok(faults)
    }

    /// The CORS of the next request that is counted, for what comes before it.
    pub(crate) fn cors(&self, uses: &Uses) -> Policy {
        let so_far = self.key.as_deref().map_or(0, |key| uses.so_far(key));
        if self.is_in_turn(so_far.saturating_add(1)) { self.faults.cors } else { Policy::default() }
    }

    /// Whether the faults are for the `nth` of the requests that are counted.
    fn is_in_turn(&self, nth: u64) -> bool {
        let nth = nth.saturating_sub(self.skip);
        nth > 0 && self.times.is_none_or(|times| nth <= times)
    }
}

impl Faults {
    /// Puts the wrong content type on an answer.
    pub(crate) fn relabel(&self, answer: &mut Response<Body>) {
        if let Some(content_type) = &self.content_type {
            answer.headers_mut().insert(CONTENT_TYPE, content_type.clone());
        }
    }

    /// How many messages there may be after `sent` of them until a cut or an end is due.
    pub(crate) fn room(&self, sent: u64) -> u64 {
        let dues = self.drop_after.into_iter().chain(self.end_after);
        dues.map(|n| n.saturating_sub(sent)).min().unwrap_or(u64::MAX)
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

/// Whether the faults are for requests of this kind.
fn is_meant(params: &Params, kind: Kind) -> Result<bool, Problem> {
    let Some(given) = params.get("only") else { return Ok(true) };
    let mut is_meant = false;
    for name in given.split(',') {
        let of = Kind::named(name);
        let expected = "one or more of websocket, sse, long-poll, http, with commas,";
        is_meant |= of.ok_or_else(|| Problem::bad_value("only", given, expected))? == kind;
    }
    Ok(is_meant)
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

fn drop_random(params: &Params) -> Result<Option<RandomDrop>, Problem> {
    let each = params.number("drop-random", MEAN)?;
    let seed = params.number("seed", 0..=u64::MAX)?;
    match (each, seed) {
        (None, Some(seed)) => Err(Problem::bad_value("seed", &seed.to_string(), "drop-random= along with it")),
        _ => Ok(each.map(|each| RandomDrop { each, seed: seed.unwrap_or(0) })),
    }
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
