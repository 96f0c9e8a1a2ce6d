//! The faults that answer instead of the route: a redirect, a 401, any status.

use std::time::{Duration, UNIX_EPOCH};

use axum::Json;
use axum::body::Body;
use axum::http::header::{AUTHORIZATION, COOKIE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use serde_json::json;

use crate::clock;
use crate::errors::Problem;
use crate::params::Params;

/// A `Retry-After` may be a day away, or a day ago.
const MAX_DATE_SECONDS: i64 = 86_400;
const DATE: &str = "date:";

#[derive(Clone, Debug)]
enum RetryAfter {
    /// Seconds, or what a test wants a client to stumble over.
    Verbatim(HeaderValue),
    /// An HTTP date, so many seconds from the answer on.
    Date(i64),
}

/// The token that a request has to carry.
#[derive(Clone, Debug)]
struct Lock(String);

/// Which answer was asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Instead {
    redirect: Option<StatusCode>,
    to: Option<HeaderValue>,
    lock: Option<Lock>,
    status: Option<StatusCode>,
    retry_after: Option<RetryAfter>,
}

impl Instead {
    pub(crate) fn of(params: &Params) -> Result<Self, Problem> {
        let status = params.number("status", 200..=599)?;
        let (redirect, to) = (redirect(params)?, params.header_value("to")?);
        if let (None, Some(given)) = (redirect, params.get("to")) {
            return Err(Problem::bad_value("to", given, "redirect= along with it"));
        }
        Ok(Self {
            redirect,
            to,
            lock: lock(params)?,
            status: status.and_then(|code| StatusCode::from_u16(u16::try_from(code).ok()?).ok()),
            retry_after: retry_after(params)?,
        })
    }

    /// The answer, if there is one. A redirect comes first, so that what else was asked for waits at its target.
    pub(crate) fn answer(&self, parts: &Parts, params: &Params) -> Option<Response<Body>> {
        if let Some(status) = self.redirect {
            let location = self.to.clone().or_else(|| without_redirect(parts))?;
            return Some((status, [(LOCATION, location)]).into_response());
        }
        if self.lock.as_ref().is_some_and(|lock| !lock.opens(parts, params)) {
            let problem = Problem::new(StatusCode::UNAUTHORIZED, "the token that was asked for is not there");
            return Some(([(WWW_AUTHENTICATE, "Bearer")], problem).into_response());
        }
        self.status.map(|status| self.bare(status))
    }

    fn bare(&self, status: StatusCode) -> Response<Body> {
        let told = json!({ "error": format!("status {} was asked for", status.as_u16()) });
        let mut answer = match status {
            // These two have no body.
            StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED => status.into_response(),
            _ => (status, Json(told)).into_response(),
        };
        if let Some(value) = self.retry_after.as_ref().and_then(RetryAfter::value) {
            answer.headers_mut().insert(RETRY_AFTER, value);
        }
        answer
    }
}

impl RetryAfter {
    fn value(&self) -> Option<HeaderValue> {
        match self {
            Self::Verbatim(value) => Some(value.clone()),
            Self::Date(seconds) => {
                // A date has whole seconds: rounded up, so that it is not sooner than was asked for.
                let then = clock::unix_ms().div_ceil(1000).saturating_add_signed(*seconds);
                let date = UNIX_EPOCH.checked_add(Duration::from_secs(then))?;
                HeaderValue::from_str(&httpdate::fmt_http_date(date)).ok()
            }
        }
    }
}

impl Lock {
    /// Whether the request has the token: as a bearer, in a cookie, or in its query.
    fn opens(&self, parts: &Parts, params: &Params) -> bool {
        let texts = |name| parts.headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        let bearer = texts(AUTHORIZATION).any(|value| {
            let parted = value.split_once(' ');
            parted.is_some_and(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && token.trim() == self.0)
        });
        let mut crumbs = texts(COOKIE).flat_map(|value| value.split(';'));
        let cookie = crumbs.any(|crumb| crumb.trim().strip_prefix("token=") == Some(&self.0));
        bearer || cookie || params.get("token") == Some(&self.0)
    }
}

fn redirect(params: &Params) -> Result<Option<StatusCode>, Problem> {
    Ok(match params.get("redirect") {
        None => None,
        Some("301") => Some(StatusCode::MOVED_PERMANENTLY),
        Some("302") => Some(StatusCode::FOUND),
        Some("303") => Some(StatusCode::SEE_OTHER),
        Some("307") => Some(StatusCode::TEMPORARY_REDIRECT),
        Some("308") => Some(StatusCode::PERMANENT_REDIRECT),
        Some(other) => return Err(Problem::bad_value("redirect", other, "301, 302, 303, 307 or 308")),
    })
}

/// The request's own URL, as a path on the same origin, without what made it a redirect.
fn without_redirect(parts: &Parts) -> Option<HeaderValue> {
    let is_redirect = |pair: &&str| form_urlencoded::parse(pair.as_bytes()).any(|(name, _)| name == "redirect");
    let query = parts.uri.query().unwrap_or_default();
    let rest: Vec<_> = query.split('&').filter(|pair| !is_redirect(pair)).collect();
    let mark = if rest.is_empty() { "" } else { "?" };
    HeaderValue::from_str(&format!("{}{mark}{}", parts.uri.path(), rest.join("&"))).ok()
}

/// A token may have what RFC 6750 gives one, which needs no quoting in a header, a cookie or a query.
fn lock(params: &Params) -> Result<Option<Lock>, Problem> {
    let Some(token) = params.get("auth") else { return Ok(None) };
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if token.is_empty() || !token.bytes().all(legal) {
        return Err(Problem::bad_value("auth", token, "a token of letters, digits or any of - . _ ~ + / ="));
    }
    Ok(Some(Lock(token.into())))
}

fn retry_after(params: &Params) -> Result<Option<RetryAfter>, Problem> {
    let given = params.get("retry-after").unwrap_or_default();
    let Some(seconds) = given.strip_prefix(DATE) else {
        return Ok(params.header_value("retry-after")?.map(RetryAfter::Verbatim));
    };
    match seconds.parse() {
        Ok(seconds) if (-MAX_DATE_SECONDS..=MAX_DATE_SECONDS).contains(&seconds) => Ok(Some(RetryAfter::Date(seconds))),
        _ => {
            let expected = "date: and a whole number of seconds from -86400 to 86400";
            Err(Problem::bad_value("retry-after", given, expected))
        }
    }
}
