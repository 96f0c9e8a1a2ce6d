//! Where a client wants to go on: the one position, in each of the forms that it may come in.

use axum::http::HeaderMap;
use axum::http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH};

use crate::errors::Problem;
use crate::log::{Id, Start, number};
use crate::params::Params;

const EXPECTED: &str = "an id as this server gives them, seconds:number,";

/// The id that was asked for. Headers come before the query, because a client that has moved on says so in a header
/// while its URL stays as it was; an empty value is none.
pub(crate) fn requested(headers: &HeaderMap, params: &Params) -> Result<Option<Id>, Problem> {
    if let Some((name, given)) = from_header(headers)? {
        return parse(name, given).map(Some);
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
    from_query(params).map(|(name, given)| parse(name, given)).transpose()
}

/// How many events were seen, of a stream whose ids are 1, 2, 3 …
pub(crate) fn counted(headers: &HeaderMap, params: &Params) -> Result<Option<u64>, Problem> {
    let header = from_header(headers)?;
    let Some((name, given)) = header.or_else(|| from_query(params)) else { return Ok(None) };
    let count = number(given).map_err(|()| Problem::bad_value(name, given, "the number of an event"))?;
    Ok(Some(count))
}

/// What was asked for, if it is a position of either form.
pub(crate) fn told(headers: &HeaderMap, params: &Params) -> Option<String> {
    let id = requested(headers, params).ok().flatten().map(|id| id.to_string());
    id.or_else(|| Some(counted(headers, params).ok().flatten()?.to_string()))
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

fn from_header(headers: &HeaderMap) -> Result<Option<(&'static str, &str)>, Problem> {
    Ok(text(headers, "last-event-id")?.map(|given| ("Last-Event-ID", given)))
}

fn from_query(params: &Params) -> Option<(&'static str, &str)> {
    let given = ["last_event_id", "lastEventId"].into_iter().find_map(|name| Some((name, params.get(name)?)));
    given.filter(|(_, given)| !given.is_empty())
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
