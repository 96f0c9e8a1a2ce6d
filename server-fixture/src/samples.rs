//! `/sse/bytes/{name}`: exact bytes, stored by a test and played back as an event stream, to see what a parser makes of them.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use bytes::Bytes;
use serde_json::json;

use crate::app::Shared;
use crate::errors::Problem;
use crate::gate::Call;
use crate::params::Params;
use crate::sse::{Feed, Page, Source};
use crate::{body, channels};

const MAX_SAMPLES: usize = 100;

#[derive(Clone, Debug)]
struct Sample {
    name: String,
    bytes: Bytes,
    content_type: Option<HeaderValue>,
}

/// The newest samples, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Samples(Mutex<VecDeque<Sample>>);

impl Samples {
    fn store(&self, sample: Sample) {
        let mut kept = self.kept();
        kept.retain(|other| other.name != sample.name);
        if kept.len() >= MAX_SAMPLES {
            kept.pop_front();
        }
        kept.push_back(sample);
    }

    fn find(&self, name: &str) -> Option<Sample> {
        self.kept().iter().find(|sample| sample.name == name).cloned()
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Sample>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A sample is written as one message.
struct Playback(Option<Bytes>);

impl Source for Playback {
    async fn write(&mut self, page: &mut Page) -> bool {
        let bytes = self.0.take();
        bytes.inspect(|bytes| page.message(bytes)).is_some()
    }
}

/// `POST /sse/bytes/{name}[?content-type=]`
pub(crate) async fn store(
    State(app): State<Shared>,
    Path(name): Path<String>,
    params: Params,
    body: Body,
) -> Result<Response, Problem> {
    channels::check("name", &name)?;
    let content_type = params.header_value("content-type")?;
    let bytes = body::whole(body, body::MAX_MESSAGE_BYTES).await?;
    let told = json!({ "bytes": bytes.len() });
    app.samples.store(Sample { name, bytes, content_type });
    Ok((StatusCode::CREATED, Json(told)).into_response())
}

/// `GET /sse/bytes/{name}[?hold=]`
pub(crate) async fn play(
    State(app): State<Shared>,
    Path(name): Path<String>,
    params: Params,
    Extension(call): Extension<Call>,
) -> Result<Response, Problem> {
    let feed = Feed::bare().hold(&params)?;
    let missing = || Problem::not_found(format!("there are no bytes named {name:?}"));
    let Sample { bytes, content_type, .. } = app.samples.find(&name).ok_or_else(missing)?;
    let mut answer = feed.open(call, Playback(Some(bytes)));
    if let Some(content_type) = content_type {
        answer.headers_mut().insert(CONTENT_TYPE, content_type);
    }
    Ok(answer)
}
