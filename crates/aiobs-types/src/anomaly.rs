//! What a detector reports about one record.

use crate::{RecordId, Severity, SourceId, TemplateId, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Says which fault it is: anomalies with the same fingerprint belong to the same incident.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(pub u64);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Faults of one error pattern in one component. They differ only by the things they name (`db-1`, `redis`); a record
/// that names nothing is told apart from none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Kin {
    /// The pattern and the component.
    pub group: Fingerprint,
    /// Whether the record names the thing it is about.
    pub names_target: bool,
}

/// Which detector fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DetectorKind {
    /// The record's own severity.
    Severity,
    /// An error pattern.
    Pattern,
    /// A template never seen before.
    NewTemplate,
    /// The words of the statement, weighed by the classifier.
    Classifier,
    /// A rate far from its usual.
    Rate,
    /// Something that comes regularly did not come.
    Silence,
    /// A limit of the configuration.
    Threshold,
    /// What usually follows, for the same request, session or job, did not come.
    Sequence,
    /// A number or a code that this statement never had.
    Value,
}

impl DetectorKind {
    /// Lower-case words for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Severity => "severity",
            Self::Pattern => "error pattern",
            Self::NewTemplate => "new template",
            Self::Classifier => "classifier",
            Self::Rate => "rate",
            Self::Silence => "silence",
            Self::Threshold => "threshold",
            Self::Sequence => "sequence",
            Self::Value => "value",
        }
    }
}

/// One finding about one record. A record yields at most one anomaly; when several detectors fire, the strongest
/// one names it and the others are mentioned in `reason`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anomaly {
    /// Which detector named it.
    pub detector: DetectorKind,
    /// Which fault it is.
    pub fingerprint: Fingerprint,
    /// The faults it may be one with: those of the same error pattern in the same component.
    pub kin: Option<Kin>,
    /// Few words for a list, such as `connection refused`; from the pattern's title or the template.
    pub title: String,
    /// One plain sentence: why this was reported.
    pub reason: String,
    /// How bad: at least [`Severity::WARN`].
    pub severity: Severity,
    /// The record it is about.
    pub record: RecordId,
    /// Event time of the record.
    pub time: Timestamp,
    /// Source of the record.
    pub source: SourceId,
    /// Template of the record.
    pub template: TemplateId,
    /// Component of the record, may be empty.
    pub component: String,
    /// How likely it is a fault, in percent, by the words of the statement; `None` where nobody weighed them.
    pub likelihood: Option<u8>,
    /// Whether the record is to be marked as part of a fault. One that is not belongs to an incident only because of
    /// its level: its words say that it is none.
    pub alarm: bool,
}
