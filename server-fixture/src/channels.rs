//! The relay's channels by name. A channel comes to be when it is first used.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;

use crate::errors::Problem;
use crate::log::{Entry, Log};
use crate::store::Store;

const MAX_CHANNELS: usize = 1_000;
const MAX_NAME_BYTES: usize = 100;

/// The content type of a binary message.
pub(crate) const OCTETS: &str = "application/octet-stream";

/// What the names of their logs begin with, so that they never meet those of generators and tasks.
const PREFIX: &str = "relay/";

/// Whether something may have this name.
pub(crate) fn check(what: &str, name: &str) -> Result<(), Problem> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:~".contains(&byte);
    if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.bytes().all(legal) {
        return Err(Problem::bad_value(what, name, "1 to 100 letters, digits or any of - _ . : ~"));
    }
    Ok(())
}

/// All relay channels.
#[derive(Debug)]
pub(crate) struct Channels {
    epoch: u64,
    store: Option<Arc<Store>>,
    open: Mutex<HashMap<String, Arc<Log>>>,
}

impl Channels {
    /// Takes the relay's logs out of `kept`.
    pub(crate) fn new(epoch: u64, store: Option<Arc<Store>>, kept: &mut HashMap<String, Vec<Entry>>) -> Self {
        let mut open = HashMap::new();
        for (name, entries) in kept.extract_if(|name, _| name.starts_with(PREFIX)) {
            let log = Log::new(&name, epoch, store.clone(), entries);
            open.insert(name, log);
        }
        Self { epoch, store, open: Mutex::new(open) }
    }

    /// The channel of this name, which is made if there is room for it.
    pub(crate) fn get(&self, name: &str) -> Result<Arc<Log>, Problem> {
        check("channel", name)?;
        let name = format!("{PREFIX}{name}");
        let mut open = self.open();
        if let Some(log) = open.get(&name) {
            return Ok(Arc::clone(log));
        }
        if open.len() >= MAX_CHANNELS {
            // One that was only listened to holds nothing that could be missed.
            open.retain(|_, log| log.newest().seq > 0 || log.has_readers());
        }
        if open.len() >= MAX_CHANNELS {
            let told = format!("{MAX_CHANNELS} channels are in use, which is all there are");
            return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, told));
        }
        let log = Log::new(&name, self.epoch, self.store.clone(), Vec::new());
        open.insert(name, Arc::clone(&log));
        Ok(log)
    }

    pub(crate) fn len(&self) -> usize {
        self.open().len()
    }

    fn open(&self) -> MutexGuard<'_, HashMap<String, Arc<Log>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
