//! What a person keeps, as the screen asks for it and is told of it: bookmarks with notes, and named filters.

use aiobs_types::{LogRecord, RecordId};

/// Something to keep, or to forget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// A mark on a record, with a note that may be empty; `None` takes both away.
    Bookmark {
        /// Which record.
        record: RecordId,
        /// What was written about it.
        note: Option<String>,
    },
    /// A filter under a name; `None` forgets it.
    Filter {
        /// Its name.
        name: String,
        /// In the filter language.
        filter: Option<String>,
    },
    /// A named blob of the screen's own, to be read at the next start.
    State(&'static str, Vec<u8>),
}

/// The name of the [`Keep::State`] with the words to highlight: a JSON array of texts.
pub const HIGHLIGHTS: &str = "highlights";

/// The name of the [`Keep::State`] with the columns of Logs: a JSON object of arrays of names, by the name of the saved
/// filter they belong to; the pane's own under the empty name.
pub const COLUMNS: &str = "columns";

/// Everything that is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kept {
    /// The marked records that are still there, by id, with their notes.
    pub bookmarks: Vec<Marked>,
    /// Names and filters, by name.
    pub filters: Vec<(String, String)>,
    /// Words to highlight, as they were typed.
    pub highlights: Vec<String>,
    /// Names of the columns of Logs, once they were chosen, by the saved filter; the pane's own under the empty name.
    pub columns: Vec<(String, Vec<String>)>,
}

/// A marked record.
#[derive(Clone, Debug, PartialEq)]
pub struct Marked {
    /// The record.
    pub record: LogRecord,
    /// What was written about it; may be empty.
    pub note: String,
}
