//! An incident: the same fault, however often it struck.

use crate::{DetectorKind, Fingerprint, RecordId, Severity, TemplateId, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Number of an incident, from 1, in one data directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IncidentId(pub u64);

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Life of an incident.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentState {
    /// Nobody has taken it.
    #[default]
    Open,
    /// Somebody looks at it.
    Acknowledged,
    /// Over: said by a person, or quiet long enough.
    Resolved,
    /// Not to be shown or diagnosed again.
    Muted,
}

impl IncidentState {
    /// Lower-case word for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
            Self::Muted => "muted",
        }
    }

    /// Whether it still asks for attention.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Open | Self::Acknowledged)
    }
}

/// What a timeline entry tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimelineKind {
    /// First anomaly.
    Opened,
    /// Severity or extent grew (another component, for instance).
    Escalated,
    /// Struck again after it was resolved.
    Reopened,
    /// A diagnosis was stored.
    Diagnosed,
    /// Taken by a person.
    Acknowledged,
    /// Closed by a person or by quiet.
    Resolved,
    /// Muted by a person.
    Muted,
    /// A person's word on the diagnosis, or another note.
    Note,
}

/// One line of an incident's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineEntry {
    /// When, in event time for what the logs did and wall time for what people did.
    pub time: Timestamp,
    /// What kind of entry.
    pub kind: TimelineKind,
    /// One line for people.
    pub text: String,
}

/// The same fault, however often it struck.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Number.
    pub id: IncidentId,
    /// Which fault it is.
    pub fingerprint: Fingerprint,
    /// Other fingerprints that turned out to be this fault; their strikes count here. At most [`Incident::MOST_ALSO`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Fingerprint>,
    /// The incident that this one turned out to be part of; it is resolved then, and its strikes count there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<IncidentId>,
    /// The incident that is the likeliest cause of this one: the head of its group, whose diagnosis is that of both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caused_by: Option<IncidentId>,
    /// Incidents that this one is the likeliest cause of, in the order they were noticed; all of them name it in
    /// `caused_by`. At most [`Incident::MOST_CAUSED`] are listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<IncidentId>,
    /// How often it was opened again of late, when that is often enough to call it flapping; else 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub flapping: u32,
    /// Few words for a list.
    pub title: String,
    /// One plain sentence: why it was opened.
    pub reason: String,
    /// Life.
    pub state: IncidentState,
    /// Worst severity seen.
    pub severity: Severity,
    /// 1 (cosmetic) to 5 (service down), once a diagnosis gave it.
    pub criticality: Option<u8>,
    /// How likely it is a fault, in percent, by the words of its latest record; `None` where nobody weighed them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likelihood: Option<u8>,
    /// Detector that opened it; `None` only in defaults.
    pub detector: Option<DetectorKind>,
    /// Anomalies counted.
    pub count: u64,
    /// Event time of the first anomaly.
    pub first_seen: Timestamp,
    /// Event time of the last anomaly.
    pub last_seen: Timestamp,
    /// Components that reported it, in order of appearance, without doubles.
    pub components: Vec<String>,
    /// Template of the first anomaly.
    pub template: TemplateId,
    /// All templates whose records struck, in order of appearance, at most [`Incident::MOST_TEMPLATES`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub templates: Vec<TemplateId>,
    /// Records that prove it: the first ones and the latest, at most 20.
    pub evidence: Vec<RecordId>,
    /// History, oldest first.
    pub timeline: Vec<TimelineEntry>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_zero(n: &u32) -> bool {
    *n == 0
}

impl Incident {
    /// The faults that it is about: its own, then those of incidents that became part of it.
    pub fn fingerprints(&self) -> impl Iterator<Item = Fingerprint> + '_ {
        std::iter::once(self.fingerprint).chain(self.also.iter().copied())
    }

    /// Most other fingerprints one incident answers for.
    pub const MOST_ALSO: usize = 32;
    /// Most templates that one lists.
    pub const MOST_TEMPLATES: usize = 16;
    /// Most incidents that one lists as its consequences.
    pub const MOST_CAUSED: usize = 200;
}
