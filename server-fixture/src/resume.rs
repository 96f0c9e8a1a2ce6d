//! Where a client wants to go on: the one position, in each of the forms that it may come in.

use axum::http::HeaderMap;
use axum::http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH};

use crate::errors::Problem;
use crate::log::{Id, Start};
use crate::params::Params;

const EXPECTED: &str = "an id as this server gives them, seconds:number,";

/// The id that was asked for. Headers come before the query, because a client that has moved on says so in a header
/// while its URL stays as it was; an empty value is none.
pub(crate) fn requested(headers: &HeaderMap, params: &Params) -> Result<Option<Id>, Problem> {
    if let Some(given) = text(headers, "last-event-id")? {
        return parse("Last-Event-ID", given).map(Some);
    }
    let since = text(headers, IF_MODIFIED_SINCE.as_str())?;
    let none_match = text(headers, IF_NONE_MATCH.as_str())?;
    match (since, none_match) {
        (Some(since), Some(number)) => return conditional(since, number).map(Some),
        (Some(since), None) => {
            return Err(Problem::bad_value("If-Modified-Since", since, "If-None-Match along with it"));
        }
        (None, Some(number)) => {
            return Err(Problem::bad_value("If-None-Match", number, "If-Modified-Since along with it"));
        }
        (None, None) => {}
    }
    let given = ["last_event_id", "lastEventId"].into_iter().find_map(|name| Some((name, params.get(name)?)));
    match given {
        Some((name, given)) if !given.is_empty() => parse(name, given).map(Some),
        _ => Ok(None),
    }
}

/// Where to begin: at the id that was asked for, or else where `first=` says, or else at `otherwise`.
pub(crate) fn start(headers: &HeaderMap, params: &Params, otherwise: Start) -> Result<Start, Problem> {
    let first = match params.get("first") {
        None => otherwise,
        Some("oldest") => Start::Oldest,
        Some("newest") => Start::Newest,
        Some(other) => return Err(Problem::bad_value("first", other, "oldest or newest")),
    };
    Ok(requested(headers, params)?.map_or(first, Start::After))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Problem> {
    match headers.get(name).map(|value| (value, value.to_str())) {
        None | Some((_, Ok(""))) => Ok(None),
        Some((_, Ok(text))) => Ok(Some(text)),
        Some((value, Err(_))) => {
            Err(Problem::bad_value(name, &String::from_utf8_lossy(value.as_bytes()), "visible ASCII"))
        }
    }
}

fn parse(name: &str, given: &str) -> Result<Id, Problem> {
    given.parse().map_err(|()| Problem::bad_value(name, given, EXPECTED))
}

/// The position of a long-poll: the epoch as a date, and the number.
fn conditional(since: &str, number: &str) -> Result<Id, Problem> {
    let date = httpdate::parse_http_date(since)
        .ok()
        .and_then(|date| date.duration_since(std::time::UNIX_EPOCH).ok())
        .ok_or_else(|| Problem::bad_value("If-Modified-Since", since, "the Last-Modified of an answer"))?;
    let seq = number.parse().map_err(|_| Problem::bad_value("If-None-Match", number, "the Etag of an answer"))?;
    Ok(Id { epoch: date.as_secs(), seq })
}
