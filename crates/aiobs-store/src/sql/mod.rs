//! SQL over the archive: one private connection that can only read, with the tables of [`SQL_TABLES`]. The command line
//! and the screen use it; it can be stopped at any moment, and knows neither.

mod error;
mod functions;
mod guard;
mod logs;
mod push;
mod tables;
#[cfg(test)]
mod tests;

pub use error::SqlError;
pub use tables::{SQL_FUNCTIONS, SQL_TABLES, SqlColumn, SqlTable};

use crate::damage::Damage;
use crate::error::{Doing, Result};
use crate::reader::{DOING, Reader};
use crate::store::Store;
use aiobs_types::{FieldReader, LogQuery, SqlValue, TemplateId};
use rusqlite::Connection;
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Reads the filter language, for `logs('...')` and `since('...')`.
pub type ReadFilter = dyn Fn(&str) -> std::result::Result<LogQuery, String> + Send + Sync;

/// Steps of SQLite's machine between two looks at whether to stop.
const STEPS: i32 = 4_000;
/// Bytes of one value at most.
const VALUE_BYTES: i32 = 16 << 20;
/// Readers kept for scans.
const READERS: usize = 4;

/// What a query is allowed.
#[derive(Clone, Copy, Debug, Default)]
pub struct SqlLimits {
    /// Rows at most; 0 is no limit.
    pub rows: u64,
    /// Time at most; `None` is no limit.
    pub time: Option<Duration>,
}

/// A query that goes on, as seen from another thread.
#[derive(Debug, Default)]
pub struct SqlControl {
    /// Set, it stops the query soon.
    pub cancel: AtomicBool,
    /// Records covered so far by its scans, also by headers alone.
    pub scanned: AtomicU64,
    /// Records that the scans begun so far cover in all.
    pub total: AtomicU64,
}

/// Takes a result.
pub trait SqlSink {
    /// The names of the columns, once, before the rows.
    fn columns(&mut self, names: Vec<String>);
    /// A row; breaks to get no more.
    fn row(&mut self, values: Vec<SqlValue>) -> ControlFlow<()>;
}

/// How a query ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SqlDone {
    /// Rows given.
    pub rows: u64,
    /// Whether it was ended by the limit of rows or by the sink, so that there may be more.
    pub cut: bool,
}

/// A query that goes on, as its parts see it.
struct Run {
    control: Arc<SqlControl>,
    deadline: Option<Instant>,
    templates: OnceLock<Arc<HashMap<TemplateId, String>>>,
}

impl Run {
    fn timed_out(&self) -> bool {
        self.deadline.is_some_and(|d| Instant::now() >= d)
    }

    fn stops(&self) -> bool {
        self.control.cancel.load(Ordering::Relaxed) || self.timed_out()
    }

    fn templates(&self, reader: &Reader) -> Result<Arc<HashMap<TemplateId, String>>> {
        if let Some(known) = self.templates.get() {
            return Ok(Arc::clone(known));
        }
        let read = Arc::new(reader.templates()?.into_iter().map(|t| (t.id, t.text)).collect());
        Ok(Arc::clone(self.templates.get_or_init(|| read)))
    }
}

/// What the connection's hooks and its virtual table share.
struct Shared {
    path: PathBuf,
    fields: Option<Arc<dyn FieldReader>>,
    damage: Damage,
    filter: Arc<ReadFilter>,
    readers: Mutex<Vec<Reader>>,
    run: Mutex<Option<Arc<Run>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn run(&self) -> Option<Arc<Run>> {
        lock(&self.run).clone()
    }

    fn reader(&self) -> Result<Reader> {
        if let Some(reader) = lock(&self.readers).pop() {
            return Ok(reader);
        }
        Ok(Reader::new(crate::store::read_only(&self.path)?, self.fields.clone(), self.damage.clone()))
    }

    fn give_back(&self, reader: Reader) {
        let mut readers = lock(&self.readers);
        if readers.len() < READERS {
            readers.push(reader);
        }
    }
}

/// See the module. It is `Send` and not `Sync`.
pub struct Sql {
    conn: Connection,
    shared: Arc<Shared>,
}

impl Store {
    /// A connection for SQL; `filter` reads the filter language.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn sql(&self, filter: Arc<ReadFilter>) -> Result<Sql> {
        let mut conn = self.read_only()?;
        // What does not fit into the cache is sorted and grouped on disk, so that memory stays bounded.
        conn.pragma_update(None, "temp_store", "FILE").doing(DOING)?;
        let shared = Arc::new(Shared {
            path: self.path(),
            fields: self.fields(),
            damage: self.damage(),
            filter: Arc::clone(&filter),
            readers: Mutex::default(),
            run: Mutex::default(),
        });
        functions::register(&conn, &filter).doing(DOING)?;
        aiobs_vtab::register(&conn, tables::LOGS, Arc::new(logs::Logs(Arc::clone(&shared)))).doing(DOING)?;
        conn.execute_batch(&tables::views()).doing(DOING)?;
        conn.pragma_update(None, "query_only", "ON").doing(DOING)?;
        conn.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES).doing(DOING)?;
        conn.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0).doing(DOING)?;
        guard::watch(&mut conn).doing(DOING)?;
        let watched = Arc::clone(&shared);
        conn.progress_handler(STEPS, Some(move || watched.run().is_some_and(|r| r.stops()))).doing(DOING)?;
        Ok(Sql { conn, shared })
    }
}

impl Sql {
    /// Runs one statement and hands its result to `sink`, row by row as they are found.
    ///
    /// # Errors
    /// See [`SqlError`]. Rows given before stay valid.
    pub fn run(
        &self,
        sql: &str,
        limits: &SqlLimits,
        control: &Arc<SqlControl>,
        sink: &mut dyn SqlSink,
    ) -> std::result::Result<SqlDone, SqlError> {
        let deadline = limits.time.map(|t| Instant::now() + t);
        let run = Arc::new(Run { control: Arc::clone(control), deadline, templates: OnceLock::new() });
        *lock(&self.shared.run) = Some(Arc::clone(&run));
        let result = self.rows(sql, limits, sink);
        *lock(&self.shared.run) = None;
        result.map_err(|e| match e {
            _ if control.cancel.load(Ordering::Relaxed) => SqlError::Cancelled,
            _ if run.timed_out() => SqlError::TimedOut { seconds: limits.time.map_or(0, |t| t.as_secs()) },
            e => SqlError::of(e, sql),
        })
    }

    fn rows(&self, sql: &str, limits: &SqlLimits, sink: &mut dyn SqlSink) -> rusqlite::Result<SqlDone> {
        let mut statement = self.conn.prepare(sql)?;
        if statement.column_count() == 0 {
            let empty = sql.trim().is_empty();
            let text = if empty { "there is nothing to run; write SELECT ... FROM logs" } else { "not authorized" };
            return Err(rusqlite::Error::ModuleError(text.into()));
        }
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let width = names.len();
        sink.columns(names);
        let mut rows = statement.raw_query();
        let mut done = SqlDone::default();
        while let Some(row) = rows.next()? {
            let values = (0..width).map(|i| row.get_ref(i).map(value)).collect::<rusqlite::Result<_>>()?;
            done.rows += 1;
            done.cut = sink.row(values).is_break() || (limits.rows > 0 && done.rows >= limits.rows);
            if done.cut {
                break;
            }
        }
        Ok(done)
    }
}

fn value(v: ValueRef<'_>) -> SqlValue {
    match v {
        ValueRef::Null => SqlValue::Null,
        ValueRef::Integer(n) => SqlValue::Int(n),
        ValueRef::Real(n) => SqlValue::Real(n),
        ValueRef::Text(t) => SqlValue::Text(String::from_utf8_lossy(t).into_owned()),
        ValueRef::Blob(b) => SqlValue::Blob(b.to_vec()),
    }
}
