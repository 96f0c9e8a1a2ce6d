//! Any page may use this server, with credentials: the tests' pages have other origins. Unless a fault has it otherwise.

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    ORIGIN, VARY,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::errors::Problem;
use crate::params::Params;

/// Who may use an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Every page.
    #[default]
    Open,
    /// Every page, if its request needs no preflight.
    Simple,
    /// Pages of the same origin only.
    None,
}

impl Policy {
    pub(crate) fn of(params: &Params) -> Result<Self, Problem> {
        match params.get("cors") {
            None => Ok(Self::Open),
            Some("simple") => Ok(Self::Simple),
            Some("none") => Ok(Self::None),
            Some(other) => Err(Problem::bad_value("cors", other, "simple or none")),
        }
    }
}

/// Puts the headers of CORS on an answer to a request from `origin`.
pub(crate) fn allow(policy: Policy, origin: Option<HeaderValue>, headers: &mut HeaderMap) {
    if policy == Policy::None {
        return;
    }
    // A wildcard does not go together with credentials, so an origin that was named is named back.
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.unwrap_or(HeaderValue::from_static("*")));
    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    let exposed = HeaderValue::from_static("Last-Modified, Etag, Retry-After, Content-Type");
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    headers.append(VARY, HeaderValue::from_static("Origin"));
}

/// The origin that a request comes from.
pub(crate) fn origin(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(ORIGIN).cloned()
}

/// Whether the request asks for leave to make another one.
pub(crate) fn is_preflight(parts: &Parts) -> bool {
    parts.method == Method::OPTIONS && parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to a preflight, and the policy that it goes out with itself.
pub(crate) fn preflight(policy: Policy) -> (Policy, Response) {
    if policy != Policy::Open {
        let refusal = Problem::new(StatusCode::FORBIDDEN, "preflights are refused, as was asked for");
        return (Policy::None, refusal.into_response());
    }
    let allowed = [
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST, PUT, DELETE"),
        (
            ACCESS_CONTROL_ALLOW_HEADERS,
            "Last-Event-ID, Content-Type, Authorization, Cache-Control, If-None-Match, If-Modified-Since",
        ),
        (ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    (policy, (StatusCode::NO_CONTENT, allowed).into_response())
}
