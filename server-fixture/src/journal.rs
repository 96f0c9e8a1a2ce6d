//! What the server saw: each request with its headers, in order, and what became of it. Tests assert on it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::app::Shared;
use crate::clock;
use crate::connections::Connection;
use crate::errors::Problem;
use crate::params::Params;
use crate::{resume, tokens};

const MAX_RECORDS: usize = 10_000;
/// How much of a body is kept.
const MAX_BODY_CHARS: usize = 1_000;

/// What a client came for, as far as its request tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    #[serde(rename = "websocket")]
    WebSocket,
    Sse,
    LongPoll,
    Http,
}

impl Kind {
    /// The kind that goes by this name in the journal.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "websocket" => Some(Self::WebSocket),
            "sse" => Some(Self::Sse),
            "long-poll" => Some(Self::LongPoll),
            "http" => Some(Self::Http),
            _ => None,
        }
    }

    pub(crate) fn of(parts: &Parts) -> Self {
        let header = |name: &str, what: &str| {
            let values = parts.headers.get_all(name);
            values.iter().any(|value| value.to_str().is_ok_and(|text| text.to_ascii_lowercase().contains(what)))
        };
        let path = parts.uri.path();
        if tokens::is_prompt(parts) {
            Self::Sse
        } else if parts.method != "GET" {
            Self::Http
        } else if header("upgrade", "websocket") {
            Self::WebSocket
        } else if path.starts_with("/sse/") || path.starts_with("/tasks/") || header("accept", "text/event-stream") {
            Self::Sse
        } else if path.starts_with("/relay/") || path.starts_with("/engine.io/") {
            Self::LongPoll
        } else {
            Self::Http
        }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    n: u64,
    at_ms: u64,
    method: String,
    path: String,
    query: String,
    headers: BTreeMap<String, String>,
    kind: Kind,
    resume: Option<String>,
    body: Option<String>,
    status: Option<u16>,
    ended_ms: Option<u64>,
    sent: u64,
}

#[derive(Debug, Default)]
struct Records {
    last: u64,
    kept: VecDeque<Record>,
}

/// The newest requests.
#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<Records>);

impl Journal {
    /// Notes a request that has come in.
    pub(crate) fn open(self: &Arc<Self>, parts: &Parts, kind: Kind, connection: &Arc<Connection>) -> Arc<Visit> {
        let mut headers = BTreeMap::<String, String>::new();
        for (name, value) in &parts.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            let all = headers.entry(name.as_str().into()).or_default();
            if !all.is_empty() {
                all.push_str(", ");
            }
            all.push_str(&value);
        }
        let query = parts.uri.query().unwrap_or_default();
        let asked = resume::told(&parts.headers, &Params::of(Some(query)));
        let mut records = self.records();
        records.last = records.last.saturating_add(1);
        let n = records.last;
        if records.kept.len() >= MAX_RECORDS {
            records.kept.pop_front();
        }
        records.kept.push_back(Record {
            n,
            at_ms: clock::unix_ms(),
            method: parts.method.to_string(),
            path: parts.uri.path().into(),
            query: query.into(),
            headers,
            kind,
            resume: asked,
            body: None,
            status: None,
            ended_ms: None,
            sent: 0,
        });
        let (journal, connection) = (Arc::clone(self), Arc::clone(connection));
        Arc::new(Visit { n, journal, connection, sent: AtomicU64::new(0) })
    }

    fn update(&self, n: u64, change: impl FnOnce(&mut Record)) {
        let mut records = self.records();
        let first = records.kept.front().map_or(n, |record| record.n);
        let index = n.checked_sub(first).and_then(|index| usize::try_from(index).ok());
        if let Some(record) = index.and_then(|index| records.kept.get_mut(index)) {
            change(record);
        }
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request, for as long as its answer goes on. The last holder to let go of it ends it in the journal.
#[derive(Debug)]
pub(crate) struct Visit {
    n: u64,
    journal: Arc<Journal>,
    connection: Arc<Connection>,
    sent: AtomicU64,
}

impl Visit {
    pub(crate) fn number(&self) -> u64 {
        self.n
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// How many messages were sent.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// So many more messages were sent.
    pub(crate) fn count(&self, messages: u64) {
        let sent = self.sent.fetch_add(messages, Ordering::Relaxed).saturating_add(messages);
        self.journal.update(self.n, |record| record.sent = sent);
    }

    /// What the request's body said.
    pub(crate) fn said(&self, text: &str) {
        let beginning = text.chars().take(MAX_BODY_CHARS).collect();
        self.journal.update(self.n, |record| record.body = Some(beginning));
    }

    pub(crate) fn answered(&self, status: StatusCode) {
        self.journal.update(self.n, |record| record.status = Some(status.as_u16()));
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.journal.update(self.n, |record| record.ended_ms = Some(clock::unix_ms()));
        self.connection.end(self.n);
    }
}

/// `GET /journal[?after=n&path=prefix&status=&limit=]`
pub(crate) async fn read(State(app): State<Shared>, params: Params) -> Result<Response, Problem> {
    let after = params.number("after", 0..=u64::MAX)?.unwrap_or(0);
    let limit = params.number("limit", 1..=MAX_RECORDS as u64)?.unwrap_or(MAX_RECORDS as u64);
    let limit = usize::try_from(limit).unwrap_or(MAX_RECORDS);
    let status = params.number("status", 100..=599)?;
    let prefix = params.get("path").unwrap_or_default();
    let records = app.journal.records();
    let wanted = records.kept.iter().filter(|record| {
        let answered = record.status.map(u64::from);
        record.n > after && record.path.starts_with(prefix) && (status.is_none() || status == answered)
    });
    let wanted: Vec<_> = wanted.take(limit).cloned().collect();
    drop(records);
    Ok(Json(wanted).into_response())
}

/// `DELETE /journal`. Numbering goes on.
pub(crate) async fn clear(State(app): State<Shared>) -> StatusCode {
    app.journal.records().kept.clear();
    StatusCode::NO_CONTENT
}
