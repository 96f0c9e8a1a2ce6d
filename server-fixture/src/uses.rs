//! How often each `key=` came, so that a fault can tell one request from the next.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;

use crate::errors::Problem;

const MAX_KEYS: usize = 10_000;

/// The counts.
#[derive(Debug, Default)]
pub(crate) struct Uses(Mutex<HashMap<String, u64>>);

impl Uses {
    /// Counts one more, and answers how many that makes.
    pub(crate) fn count(&self, key: &str) -> Result<u64, Problem> {
        let mut uses = self.uses();
        if uses.len() >= MAX_KEYS && !uses.contains_key(key) {
            let told = format!("{MAX_KEYS} keys are in use; DELETE /control forgets them");
            return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, told));
        }
        let count = uses.entry(key.into()).or_default();
        *count = count.saturating_add(1);
        Ok(*count)
    }

    /// How many there were so far.
    pub(crate) fn so_far(&self, key: &str) -> u64 {
        self.uses().get(key).copied().unwrap_or(0)
    }

    pub(crate) fn forget(&self) {
        self.uses().clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.uses().len()
    }

    fn uses(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
