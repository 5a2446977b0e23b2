//! Spans: what the chain (and later, watched AI systems) did, when, and at what cost.

use crate::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// OpenTelemetry trace id, 16 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TraceId(pub u128);

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// OpenTelemetry span id, 8 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SpanId(pub u64);

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// OpenTelemetry span status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code", content = "message")]
pub enum SpanStatus {
    /// Not set.
    #[default]
    Unset,
    /// Done.
    Ok,
    /// Failed; the text says why.
    Error(String),
}

/// A typed attribute value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AttrValue {
    /// Whole number.
    Int(i64),
    /// Real number.
    Float(f64),
    /// Truth value.
    Bool(bool),
    /// Text.
    Text(String),
}

impl From<&str> for AttrValue {
    fn from(v: &str) -> Self {
        Self::Text(v.to_owned())
    }
}
impl From<String> for AttrValue {
    fn from(v: String) -> Self {
        Self::Text(v)
    }
}
impl From<i64> for AttrValue {
    fn from(v: i64) -> Self {
        Self::Int(v)
    }
}
impl From<f64> for AttrValue {
    fn from(v: f64) -> Self {
        Self::Float(v)
    }
}
impl From<bool> for AttrValue {
    fn from(v: bool) -> Self {
        Self::Bool(v)
    }
}

/// One timed operation of a run. Attribute names are in [`crate::semconv`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// The run.
    pub trace: TraceId,
    /// This operation.
    pub id: SpanId,
    /// The operation it is part of; `None` for the run itself.
    pub parent: Option<SpanId>,
    /// Span name, such as `invoke_agent diagnosis` or `chat llama3.1`.
    pub name: String,
    /// Start.
    pub start: Timestamp,
    /// End; `None` while it runs.
    pub end: Option<Timestamp>,
    /// How it ended.
    pub status: SpanStatus,
    /// Attributes in the order they were set.
    pub attributes: Vec<(String, AttrValue)>,
}

impl Span {
    /// The value of an attribute.
    pub fn attr(&self, name: &str) -> Option<&AttrValue> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v)
    }

    /// The value of a whole-number attribute.
    pub fn attr_int(&self, name: &str) -> Option<i64> {
        match self.attr(name) {
            Some(AttrValue::Int(v)) => Some(*v),
            _ => None,
        }
    }

    /// The value of a text attribute.
    pub fn attr_text(&self, name: &str) -> Option<&str> {
        match self.attr(name) {
            Some(AttrValue::Text(v)) => Some(v),
            _ => None,
        }
    }
}
