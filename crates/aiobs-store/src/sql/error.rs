//! What is wrong with a query, told with its place and the nearest name there is.

use super::tables::{SQL_FUNCTIONS, SQL_TABLES};
use rusqlite::ErrorCode;

/// Why a query did not give its result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SqlError {
    /// It was told to stop.
    #[error("stopped")]
    Cancelled,
    /// It took too long.
    #[error("stopped after {seconds} s; narrow it down (a time range or a filter first), or allow more time")]
    TimedOut {
        /// How long it was allowed.
        seconds: u64,
    },
    /// It cannot be meant.
    #[error("{}{message}{}", place(*column), hint(suggestion.as_deref()))]
    Wrong {
        /// What is wrong.
        message: String,
        /// Column of the mistake from 1, in characters, when it is known.
        column: Option<usize>,
        /// A name that may be meant.
        suggestion: Option<String>,
    },
    /// The database cannot be read.
    #[error("{0}")]
    Fault(String),
}

fn place(column: Option<usize>) -> String {
    column.map_or_else(String::new, |n| format!("column {n}: "))
}

fn hint(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |s| format!("; did you mean `{s}`?"))
}

impl SqlError {
    pub(super) fn wrong(message: impl Into<String>) -> Self {
        Self::Wrong { message: message.into(), column: None, suggestion: None }
    }

    /// From what SQLite says about `sql`.
    pub(super) fn of(e: rusqlite::Error, sql: &str) -> Self {
        match e {
            rusqlite::Error::SqlInputError { msg, offset, .. } => {
                let before = usize::try_from(offset).ok().and_then(|n| sql.get(..n));
                told(&msg, before.map(|b| b.chars().count() + 1), sql)
            }
            rusqlite::Error::MultipleStatement => Self::wrong("one statement at a time"),
            rusqlite::Error::SqliteFailure(e, message) => match e.code {
                ErrorCode::OperationInterrupted => Self::Cancelled,
                ErrorCode::DatabaseCorrupt
                | ErrorCode::SystemIoFailure
                | ErrorCode::DiskFull
                | ErrorCode::CannotOpen => Self::Fault(message.unwrap_or_else(|| e.to_string())),
                _ => told(&message.unwrap_or_else(|| e.to_string()), None, sql),
            },
            rusqlite::Error::ModuleError(message) => told(&message, None, sql),
            e => Self::wrong(e.to_string()),
        }
    }
}

/// The message in plain words.
fn told(message: &str, column: Option<usize>, sql: &str) -> SqlError {
    let tables = || SQL_TABLES.iter().map(|t| t.name);
    let list = |names: Vec<&str>| names.join(", ");
    let after = |start: &str| message.strip_prefix(start).map(str::trim);
    let (message, suggestion) = if message.starts_with("not authorized")
        || message.contains("prohibited")
        || message.starts_with("cannot modify")
    {
        let tables = list(tables().collect());
        (format!("only SELECT works here, on the tables {tables}: this reads and never changes anything"), None)
    } else if let Some(name) = after("no such table:") {
        (format!("there is no table `{name}`; there are {}", list(tables().collect())), nearest(name, tables()))
    } else if let Some(name) = after("no such column:") {
        let last = name.rsplit('.').next().unwrap_or(name);
        let named: Vec<_> = SQL_TABLES.iter().filter(|t| mentions(sql, t.name)).collect();
        let columns = named.iter().flat_map(|t| t.columns).map(|c| c.name);
        let all = match named.as_slice() {
            [one] => format!("; {} has {}", one.name, list(one.columns.iter().map(|c| c.name).collect())),
            _ => String::new(),
        };
        let near = nearest(last, columns);
        (format!("there is no column `{name}`{}", if near.is_some() { String::new() } else { all }), near)
    } else if let Some(name) = after("no such function:") {
        let own = SQL_FUNCTIONS.iter().filter_map(|(f, _)| f.split_once('(').map(|f| f.0));
        (format!("there is no function `{name}`"), nearest(name, own))
    } else {
        (message.to_owned(), None)
    };
    SqlError::Wrong { message, column, suggestion }
}

fn mentions(sql: &str, table: &str) -> bool {
    sql.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word.eq_ignore_ascii_case(table))
}

fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let word = word.to_lowercase();
    known
        .map(|k| (strsim::osa_distance(&word, k), k))
        .filter(|(d, k)| *d <= k.chars().count().max(3) / 3)
        .min_by_key(|(d, _)| *d)
        .map(|(_, k)| k.to_owned())
}
