//! Query parameters, read strictly: a value that is not understood is an error that names it. Unknown names are
//! ignored, because clients add their own to get past caches.

use std::convert::Infallible;
use std::ops::RangeInclusive;

use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::request::Parts;

use crate::errors::Problem;

/// The query of one request, decoded.
#[derive(Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    pub(crate) fn of(query: Option<&str>) -> Self {
        Self(form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect())
    }

    /// The first value under this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// `name`, `name=1` and `name=true` are on; absent, `name=0` and `name=false` are off.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Problem> {
        match self.get(name) {
            None | Some("0" | "false") => Ok(false),
            Some("" | "1" | "true") => Ok(true),
            Some(other) => Err(Problem::bad_value(name, other, "nothing, 1, true, 0 or false")),
        }
    }

    /// A whole number within `range`.
    pub(crate) fn number(&self, name: &str, range: RangeInclusive<u64>) -> Result<Option<u64>, Problem> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) if range.contains(&number) => Ok(Some(number)),
            _ => {
                let expected = format!("a whole number from {} to {}", range.start(), range.end());
                Err(Problem::bad_value(name, text, &expected))
            }
        }
    }

    /// What is to become the value of a header.
    pub(crate) fn header_value(&self, name: &str) -> Result<Option<HeaderValue>, Problem> {
        let Some(given) = self.get(name) else { return Ok(None) };
        let value = HeaderValue::from_str(given);
        value.map(Some).map_err(|_| Problem::bad_value(name, given, "what fits into a header"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts.uri.query()))
    }
}
