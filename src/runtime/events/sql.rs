//! The answer to a statement of SQL.

use aiobs_types::SqlValue;
use std::sync::Arc;
use std::time::Duration;

/// A word on a statement.
#[derive(Clone, Debug, PartialEq)]
pub struct SqlAnswer {
    /// Number of the request.
    pub seq: u64,
    /// How it stands.
    pub state: SqlState,
}

/// How a statement stands.
#[derive(Clone, Debug, PartialEq)]
pub enum SqlState {
    /// It goes on.
    Running {
        /// Records covered so far, also by headers alone.
        scanned: u64,
        /// Records to cover, as far as is known.
        total: u64,
    },
    /// Its result.
    Done(Arc<SqlTable>),
    /// What is wrong and what to do, one line.
    Failed(String),
    /// It was stopped.
    Cancelled,
}

/// A result.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SqlTable {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows, each with a value per column.
    pub rows: Vec<Vec<SqlValue>>,
    /// Whether there are more rows than are shown.
    pub cut: bool,
    /// How long it took.
    pub took: Duration,
}
