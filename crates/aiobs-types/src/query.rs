//! The one way to ask the archive for records.

use crate::{Level, RecordId, Severity, SourceId, TemplateId, Timestamp};
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

/// How a field of a record is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldOp {
    /// The field is there; the value plays no part.
    Exists,
    /// It equals the value, as text or as a number with its unit.
    Is,
    /// It contains the value.
    Contains,
    /// The value is a regular expression that finds something in it.
    Matches,
    /// As a number with its unit ([`crate::Quantity`]), it is less than the value.
    Under,
    /// Less or equal.
    AtMost,
    /// Greater.
    Over,
    /// Greater or equal.
    AtLeast,
}

/// A test of a named value of a record, such as `status>=500`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldMatch {
    /// Name of the field, dotted for nested ones; also found as the end of a longer dotted name. Upper and lower case
    /// differ only when it has a capital letter.
    pub key: String,
    /// How it is tested.
    pub op: FieldOp,
    /// What it is tested against. As text, upper and lower case differ only when it has a capital letter.
    pub value: String,
    /// Whether records for which the test holds are left out instead of kept.
    pub negate: bool,
}

/// Finds fields in the text of records: what a query with [`FieldMatch`]es needs and the archive cannot know.
pub trait FieldReader: Send + Sync + std::fmt::Debug {
    /// Hands the values of the fields called `key` in a record of this source to `on`, with their full names, until
    /// it returns true. Whether it did.
    fn find(&self, source: SourceId, text: &str, key: &FieldKey, on: &mut dyn FnMut(&str, &str) -> bool) -> bool;

    /// Hands every field of a record of this source to `on`: full name and value.
    fn each(&self, source: SourceId, text: &str, on: &mut dyn FnMut(&str, &str));

    /// Whether some source's format names a field so without the name standing in its lines. What is not named in a
    /// text and not so by a format needs no look.
    fn is_implied(&self, key: &FieldKey) -> bool;
}

/// The name of a field as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldKey {
    name: String,
    case_sensitive: bool,
}

impl FieldKey {
    /// As in [`FieldMatch::key`].
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), case_sensitive: name.chars().any(char::is_uppercase) }
    }

    /// The name as it was asked for.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its last part: what must stand in a text that names the field.
    pub fn last(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or(&self.name)
    }

    /// Whether upper and lower case differ.
    pub const fn case_sensitive(&self) -> bool {
        self.case_sensitive
    }

    /// Whether a field of this full name is meant.
    pub fn fits(&self, name: &str) -> bool {
        let Some(start) = name.len().checked_sub(self.name.len()) else { return false };
        let Some(end) = name.get(start..) else { return false };
        let same = if self.case_sensitive { end == self.name } else { end.eq_ignore_ascii_case(&self.name) };
        same && (start == 0 || name.as_bytes()[start - 1] == b'.')
    }
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
    /// All of these must hold.
    #[serde(default)]
    pub fields: Vec<FieldMatch>,
    /// Of each group at least one must hold; the order and limit of those inside play no part.
    #[serde(default)]
    pub any: Vec<Vec<LogQuery>>,
    /// At least this severity.
    pub min_severity: Option<Severity>,
    /// At most this severity.
    pub max_severity: Option<Severity>,
    /// None of these levels.
    #[serde(default)]
    pub not_levels: Vec<Level>,
    /// One of these components (exact name, case does not matter).
    pub components: Vec<String>,
    /// None of these components.
    #[serde(default)]
    pub not_components: Vec<String>,
    /// One of these sources.
    pub sources: Vec<SourceId>,
    /// None of these sources.
    #[serde(default)]
    pub not_sources: Vec<SourceId>,
    /// One of these templates.
    pub templates: Vec<TemplateId>,
    /// None of these templates.
    #[serde(default)]
    pub not_templates: Vec<TemplateId>,
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
            fields,
            any,
            min_severity,
            max_severity,
            not_levels,
            components,
            not_components,
            sources,
            not_sources,
            templates,
            not_templates,
            from,
            to,
            first,
            last,
            order: _,
            limit: _,
        } = self;
        text.is_empty()
            && fields.is_empty()
            && any.iter().flatten().all(Self::is_all)
            && min_severity.is_none()
            && max_severity.is_none()
            && not_levels.is_empty()
            && components.is_empty()
            && not_components.is_empty()
            && sources.is_empty()
            && not_sources.is_empty()
            && templates.is_empty()
            && not_templates.is_empty()
            && from.is_none()
            && to.is_none()
            && first.is_none()
            && last.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_end_of_a_dotted_name() {
        let fits = |key: &str, name: &str| FieldKey::new(key).fits(name);
        assert!(fits("status", "status") && fits("status", "http.STATUS") && fits("http.status", "ctx.http.status"));
        assert!(!fits("status", "exit_status") && !fits("Status", "status") && !fits("b.status", "ab.status"));
        assert_eq!(FieldKey::new("http.status").last(), "status");
    }
}
