//! The one way to ask the archive for records.

use crate::{RecordId, Severity, SourceId, TemplateId, Timestamp};
use serde::{Deserialize, Serialize};

/// Text to look for in a record's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextMatch {
    /// Literal text, or a regular expression when `regex` is set.
    pub pattern: String,
    /// Whether `pattern` is a regular expression (syntax of the `regex` crate).
    pub regex: bool,
    /// Whether upper and lower case differ.
    pub case_sensitive: bool,
    /// Whether matching records are left out instead of kept.
    pub negate: bool,
}

/// Which end comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// In the order of arrival.
    #[default]
    OldestFirst,
    /// Newest first.
    NewestFirst,
}

/// A question to the archive. Every part that is set must hold; empty lists ask for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogQuery {
    /// All of these must hold.
    pub text: Vec<TextMatch>,
    /// At least this severity.
    pub min_severity: Option<Severity>,
    /// At most this severity.
    pub max_severity: Option<Severity>,
    /// One of these components (exact name, case does not matter).
    pub components: Vec<String>,
    /// One of these sources.
    pub sources: Vec<SourceId>,
    /// One of these templates.
    pub templates: Vec<TemplateId>,
    /// Event time at or after this.
    pub from: Option<Timestamp>,
    /// Event time before this.
    pub to: Option<Timestamp>,
    /// Record id at or after this.
    pub first: Option<RecordId>,
    /// Record id at or before this.
    pub last: Option<RecordId>,
    /// Which end comes first.
    pub order: Order,
    /// Stop after this many hits; 0 is no limit.
    pub limit: usize,
}

impl LogQuery {
    /// Whether it asks for every record (no condition is set; order and limit do not count).
    pub fn is_all(&self) -> bool {
        let Self {
            text,
            min_severity,
            max_severity,
            components,
            sources,
            templates,
            from,
            to,
            first,
            last,
            order: _,
            limit: _,
        } = self;
        text.is_empty()
            && min_severity.is_none()
            && max_severity.is_none()
            && components.is_empty()
            && sources.is_empty()
            && templates.is_empty()
            && from.is_none()
            && to.is_none()
            && first.is_none()
            && last.is_none()
    }
}
