//! What can go wrong with the store, told so that a person knows what happened, where, and what to do.

use rusqlite::ErrorCode;
use std::io;
use std::path::PathBuf;

/// Result of everything in this crate.
pub type Result<T> = std::result::Result<T, StoreError>;

/// A fault of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process writes this data directory.
    #[error("data directory {} is in use{}; stop that one, or choose another with --data-dir", dir.display(), holder(*pid))]
    InUse {
        /// Process that holds the lock, when it could be read.
        pid: Option<u32>,
        /// The data directory.
        dir: PathBuf,
    },
    /// No space left. Nothing was written; the same commit can be repeated once there is room.
    #[error("no space left on disk while {doing}; free some space or lower the retention")]
    Full {
        /// What was being done.
        doing: &'static str,
    },
    /// Stored bytes make no sense.
    #[error("the database is damaged ({what}) while {doing}")]
    Corrupt {
        /// What was being done.
        doing: &'static str,
        /// What is wrong.
        what: String,
    },
    /// May not read or write.
    #[error("no permission while {doing}: {what}; check the owner and mode of the data directory")]
    Permission {
        /// What was being done.
        doing: &'static str,
        /// What was refused.
        what: String,
    },
    /// Written by a newer program; left untouched.
    #[error("{} has schema version {found}, this program knows up to {known}; use the newer program or another --data-dir", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// Written by a program too old; its data can no longer be read.
    #[error(
        "{} has schema version {found}, this program reads {oldest} and newer; \
         `aiobs import` or `aiobs watch` moves it aside and begins anew",
        path.display()
    )]
    Older {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The oldest version that can be read.
        oldest: i64,
    },
    /// The data directory holds no database to read.
    #[error("no archive in {}; nothing has been stored there yet", dir.display())]
    Missing {
        /// The data directory.
        dir: PathBuf,
    },
    /// The question makes no sense, such as a bad regular expression.
    #[error("{0}")]
    Query(String),
    /// Anything else.
    #[error("{doing} failed: {what}")]
    Other {
        /// What was being done.
        doing: &'static str,
        /// What happened.
        what: String,
    },
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| " by another process".to_owned(), |p| format!(" by process {p}"))
}

impl StoreError {
    /// Whether waiting or freeing space may help and the same call can be made again.
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Full { .. })
    }

    pub(crate) fn corrupt(doing: &'static str, what: impl Into<String>) -> Self {
        Self::Corrupt { doing, what: what.into() }
    }

    pub(crate) fn sql(doing: &'static str, e: &rusqlite::Error) -> Self {
        let what = e.to_string();
        match e.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { doing },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt { doing, what },
            Some(ErrorCode::PermissionDenied | ErrorCode::ReadOnly | ErrorCode::CannotOpen) => {
                Self::Permission { doing, what }
            }
            _ => Self::Other { doing, what },
        }
    }

    pub(crate) fn io(doing: &'static str, e: &io::Error) -> Self {
        let what = e.to_string();
        match e.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { doing },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::Permission { doing, what },
            _ => Self::Other { doing, what },
        }
    }
}

/// Says what was being done when a lower layer failed.
pub(crate) trait Doing<T> {
    fn doing(self, doing: &'static str) -> Result<T>;
}

impl<T> Doing<T> for rusqlite::Result<T> {
    fn doing(self, doing: &'static str) -> Result<T> {
        self.map_err(|e| StoreError::sql(doing, &e))
    }
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, doing: &'static str) -> Result<T> {
        self.map_err(|e| StoreError::io(doing, &e))
    }
}

impl<T> Doing<T> for serde_json::Result<T> {
    fn doing(self, doing: &'static str) -> Result<T> {
        self.map_err(|e| StoreError::corrupt(doing, e.to_string()))
    }
}
