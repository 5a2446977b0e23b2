//! What a model or a question may ask of the archive beside records: texts by meaning, and SQL. Bounded in time and size.

use crate::runtime::builder::tokio_runtime;
use aiobs_agents::{ArchiveError, Memories, Recalled, SqlRows};
use aiobs_memory::{Engine, Question, near, search};
use aiobs_store::{Reader, SQL_FUNCTIONS, SQL_TABLES, Sql, SqlControl, SqlLimits, SqlSink, StoreError};
use aiobs_types::{DocumentFilter, DocumentKind, SqlValue};
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

/// Time for one statement at most.
const TIME: Duration = Duration::from_secs(10);
/// Bytes of a result at most.
const BYTES: usize = 256 << 10;

fn told(e: StoreError) -> ArchiveError {
    ArchiveError(e.to_string())
}

/// Texts that have to do with this one, best first.
pub(super) fn recall(
    reader: &Reader,
    engine: &Engine,
    text: &str,
    kinds: &[DocumentKind],
    limit: usize,
) -> Result<Memories, ArchiveError> {
    let filter = DocumentFilter { kinds: kinds.to_vec(), ..DocumentFilter::default() };
    let question = Question { text: text.to_owned(), filter, limit, ..Question::default() };
    let rt = tokio_runtime().map_err(|e| ArchiveError(e.to_string()))?;
    let near = rt.block_on(near(reader, engine, &question)).map_err(told)?;
    let hits = search(reader, &question, &near.found).map_err(told)?;
    let texts = hits.into_iter().map(|h| Recalled { by_words: h.by_words.is_some(), document: h.document }).collect();
    Ok(Memories { texts, note: near.note })
}

/// Keeps a result, up to its bounds.
#[derive(Default)]
struct Keep {
    rows: SqlRows,
    bytes: usize,
}

impl SqlSink for Keep {
    fn columns(&mut self, names: Vec<String>) {
        self.rows.columns = names;
    }

    fn row(&mut self, values: Vec<SqlValue>) -> ControlFlow<()> {
        self.bytes += values.iter().map(SqlValue::size).sum::<usize>();
        self.rows.rows.push(values);
        if self.bytes > BYTES { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Runs one statement that reads.
pub(super) fn sql(sql: &Sql, statement: &str, rows: u64) -> Result<SqlRows, ArchiveError> {
    let (mut keep, control) = (Keep::default(), Arc::new(SqlControl::default()));
    let limits = SqlLimits { rows, time: Some(TIME) };
    let done = sql.run(statement, &limits, &control, &mut keep).map_err(|e| ArchiveError(e.to_string()))?;
    keep.rows.cut = done.cut;
    Ok(keep.rows)
}

/// The tables with their columns, one line each, and the functions.
pub(super) fn tables() -> String {
    let mut out = String::new();
    for table in SQL_TABLES {
        let columns: Vec<&str> = table.columns.iter().map(|c| c.name).filter(|c| !c.ends_with("_ns")).collect();
        let _ = writeln!(out, "{}({})", table.name, columns.join(", "));
    }
    let functions: Vec<&str> = SQL_FUNCTIONS.iter().map(|f| f.0).collect();
    let _ = write!(out, "functions: {}", functions.join(", "));
    out
}
