//! Records wanted all at once, for the clipboard, a file or another program.

use aiobs_types::LogRecord;

/// How far the records of a [`super::Request::Collect`] are.
#[derive(Clone, Debug, PartialEq)]
pub enum Collected {
    /// Still reading.
    Running {
        /// Records looked at.
        scanned: u64,
        /// Records there are to look at.
        total: u64,
        /// Matches so far.
        found: u64,
    },
    /// All of them.
    Done {
        /// In the order that was asked for.
        records: Vec<LogRecord>,
        /// Whether there are more than were asked for.
        more: bool,
    },
    /// They can't be read.
    Failed(String),
}
