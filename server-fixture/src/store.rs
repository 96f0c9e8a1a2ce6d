//! The store behind `--data`: redb, one file. It keeps the epoch, the logs and the tasks, so that a server which was killed goes on
//! with the same ids. Every write is one committed transaction.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use crate::log::{Draft, Entry};

/// A log's name and an entry's number, to its kind, content type and body.
const ENTRIES: TableDefinition<'_, (&str, u64), (&str, &str, &[u8])> = TableDefinition::new("entries");
/// A task's id, to what it was asked for, as JSON.
const TASKS: TableDefinition<'_, &str, &str> = TableDefinition::new("tasks");
const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");

/// Why something could not be kept.
#[derive(Debug)]
pub(crate) struct StoreError(String);

impl StoreError {
    pub(crate) fn new(cause: impl fmt::Display) -> Self {
        Self(cause.to_string())
    }
}

impl std::error::Error for StoreError {}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store: {}", self.0)
    }
}

/// What an earlier life left behind.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub(crate) epoch: u64,
    pub(crate) logs: HashMap<String, Vec<Entry>>,
    pub(crate) tasks: Vec<(String, String)>,
}

/// The open store. It can be closed while others still hold it: their writes then fail, and the file is free.
#[derive(Debug)]
pub(crate) struct Store(Mutex<Option<Database>>);

impl Store {
    /// Opens the store in `dir`, creating it if need be with `epoch` as the beginning of its history.
    pub(crate) fn open(dir: &Path, epoch: u64) -> Result<(Arc<Self>, Contents), StoreError> {
        std::fs::create_dir_all(dir).map_err(StoreError::new)?;
        let database = Database::create(dir.join("everwire.redb")).map_err(StoreError::new)?;
        let contents = Self::read(&database, epoch).map_err(StoreError::new)?;
        Ok((Arc::new(Self(Mutex::new(Some(database)))), contents))
    }

    fn read(database: &Database, epoch: u64) -> Result<Contents, redb::Error> {
        let transaction = database.begin_write()?;
        {
            // Opening a table creates it, so that the reads below find all three.
            transaction.open_table(ENTRIES)?;
            transaction.open_table(TASKS)?;
            let mut meta = transaction.open_table(META)?;
            if meta.get("epoch")?.is_none() {
                meta.insert("epoch", epoch)?;
            }
        }
        transaction.commit()?;

        let transaction = database.begin_read()?;
        let mut contents = Contents::default();
        if let Some(epoch) = transaction.open_table(META)?.get("epoch")? {
            contents.epoch = epoch.value();
        }
        for row in transaction.open_table(ENTRIES)?.iter()? {
            let (key, value) = row?;
            let (name, seq) = key.value();
            let (kind, content_type, body) = value.value();
            let draft = Draft {
                kind: kind.into(),
                content_type: content_type.into(),
                body: bytes::Bytes::copy_from_slice(body),
            };
            contents.logs.entry(name.into()).or_default().push(Entry { seq, draft });
        }
        for row in transaction.open_table(TASKS)?.iter()? {
            let (id, task) = row?;
            contents.tasks.push((id.value().into(), task.value().into()));
        }
        Ok(contents)
    }

    /// Keeps `fresh`, and forgets the log's entries numbered below `oldest`.
    pub(crate) fn append(&self, log: &str, fresh: &[Arc<Entry>], oldest: u64) -> Result<(), StoreError> {
        self.write(|transaction| {
            let mut table = transaction.open_table(ENTRIES)?;
            for Entry { seq, draft } in fresh.iter().map(AsRef::as_ref) {
                let value = (draft.kind.as_str(), draft.content_type.as_str(), draft.body.as_ref());
                table.insert((log, *seq), value)?;
            }
            table.retain_in((log, 0)..(log, oldest), |_, _| false)?;
            Ok(())
        })
    }

    pub(crate) fn save_task(&self, id: &str, task: &str) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.open_table(TASKS)?.insert(id, task)?;
            Ok(())
        })
    }

    /// Forgets a task and its log.
    pub(crate) fn forget_task(&self, id: &str, log: &str) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.open_table(TASKS)?.remove(id)?;
            transaction.open_table(ENTRIES)?.retain_in((log, 0)..=(log, u64::MAX), |_, _| false)?;
            Ok(())
        })
    }

    /// Lets go of the file, after a write that may be under way.
    pub(crate) fn close(&self) {
        self.database().take();
    }

    fn write<F>(&self, change: F) -> Result<(), StoreError>
    where
        F: FnOnce(&redb::WriteTransaction) -> Result<(), redb::Error>,
    {
        let database = self.database();
        let database = database.as_ref().ok_or_else(|| StoreError::new("closed, the server restarts"))?;
        let transaction = database.begin_write().map_err(StoreError::new)?;
        change(&transaction).map_err(StoreError::new)?;
        transaction.commit().map_err(StoreError::new)
    }

    fn database(&self) -> MutexGuard<'_, Option<Database>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
