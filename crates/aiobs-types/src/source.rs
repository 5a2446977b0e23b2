//! Where records come from.

use crate::Timestamp;
use serde::{Deserialize, Serialize};

/// Number of a source, stable across restarts in one data directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceId(pub u32);

/// What a source is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "detail")]
pub enum SourceState {
    /// Does not exist yet; picked up when it appears.
    #[default]
    Waiting,
    /// Reading what was there at the start.
    Backfill,
    /// At the end, waiting for more.
    Following,
    /// Read to the end and done (one-shot work, or standard input closed).
    Ended,
    /// Was there and is gone; picked up again when it returns.
    Missing,
    /// Exists but may not be read.
    Denied,
    /// Not text: skipped.
    Binary,
    /// Reading failed; the text says why. Tried again.
    Failed(String),
    /// The program that is read, or its connection, ended; tried again.
    Reconnecting(Retry),
    /// Follows, but nothing has come for much longer than usual; since when.
    Silent(Timestamp),
    /// The program that was read has ended and is not run again; the text says how, such as `exit 0`.
    Exited(String),
}

/// A pause before another try.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// The next try is the so-manieth since the last good run.
    pub attempt: u32,
    /// When it is.
    pub at: Timestamp,
    /// What is wrong, in a word or two, such as `denied` or `exit 1`.
    pub what: String,
    /// Why, and what to do; empty when nothing more is known.
    pub why: String,
}

/// A part of a file that a person chose not to read, and that can still be read later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Offset of its first byte, bytes.
    pub from: u64,
    /// Offset of the first byte behind it, bytes.
    pub to: u64,
}

impl Skipped {
    /// Its size, bytes.
    pub const fn len(&self) -> u64 {
        self.to.saturating_sub(self.from)
    }

    /// Whether nothing is left of it.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A source as shown to people.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceInfo {
    /// Stable number.
    pub id: SourceId,
    /// Absolute path or name, such as `/var/log/app.log` or `stdin`.
    pub name: String,
    /// Name of the format in force, `None` while unknown.
    pub format: Option<String>,
    /// What it is doing.
    pub state: SourceState,
    /// Bytes read so far in the current file.
    pub read: u64,
    /// Size of the current file in bytes, 0 when it has none.
    pub size: u64,
    /// Records read since the program started.
    pub records: u64,
    /// Observed time of the last record.
    pub last_seen: Option<Timestamp>,
    /// Parts of the current file that a person chose not to read, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Skipped>,
}
