//! Log templates: the constant part of messages that the same statement wrote.

use crate::{RecordId, Severity, TemplateId, Timestamp};
use serde::{Deserialize, Serialize};

/// A template and its life so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Stable number.
    pub id: TemplateId,
    /// Constant words with typed placeholders, such as `connection to <ip>:<num> refused`.
    pub text: String,
    /// Records counted.
    pub count: u64,
    /// Event time of the first record.
    pub first_seen: Timestamp,
    /// Event time of the last record.
    pub last_seen: Timestamp,
    /// Worst severity seen.
    pub severity: Severity,
    /// The first record.
    pub example: RecordId,
}

/// What a person said of a template. Kept by its number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateMark {
    /// A name to be shown instead of its text; empty for none.
    pub name: String,
    /// What was written about it; may be empty.
    pub note: String,
    /// Its records raise no incident, but for fatal ones.
    pub muted: bool,
}
