//! Numbers of things that refer to each other: records name their template, templates their first record.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Number of a record: counts up by one for each record that enters the archive of one data directory, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordId(pub u64);

impl RecordId {
    /// From here on numbers stand for lines that are shown before they are stored: handles of the screen, valid while
    /// the program runs, never in the archive.
    pub const PREVIEW: Self = Self(1 << 62);

    /// Whether it stands for a line that is shown before it is stored.
    pub const fn is_preview(self) -> bool {
        self.0 >= Self::PREVIEW.0
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "R{}", self.0)
    }
}

/// Number of a template, stable across restarts in one data directory. 0 means "not mined".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TemplateId(pub u32);
