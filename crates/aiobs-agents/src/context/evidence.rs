//! What the Context stage found: the records, patterns and past incidents an explanation may rest on. Used by
//! prompts, assembly and the facts; it knows neither archive nor model.

use crate::{Advice, PastIncident, Signature};
use aiobs_types::{LogRecord, RecordId, TemplateId, Timestamp};
use std::time::Duration;

/// Why a record is in the evidence, most telling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// The incident itself.
    Proof,
    /// Same trace or request.
    SameTrace,
    /// First record of a template that appeared or surged with it.
    Pattern,
    /// Warning or worse at that time, on any source.
    Across,
    /// Around it on the same source.
    Around,
}

impl Why {
    /// Few words for the prompt.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proof => "incident",
            Self::SameTrace => "same trace",
            Self::Pattern => "new pattern",
            Self::Across => "same time",
            Self::Around => "around",
        }
    }
}

/// One record of the evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Exhibit {
    /// The record.
    pub record: LogRecord,
    /// Name of its source.
    pub source: String,
    /// Why it is here.
    pub why: Why,
}

/// How often a template occurred before and during the incident, in stretches of equal length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PatternChange {
    /// Which.
    pub template: TemplateId,
    /// Its text.
    pub text: String,
    /// Records in the stretch before.
    pub before: u64,
    /// Records in the stretch of the incident.
    pub during: u64,
    /// Never seen before the incident.
    pub new: bool,
    /// One of its records.
    pub example: Option<RecordId>,
}

/// One look into the archive, for the spans and the chat's steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// Tool name, such as `search_logs`.
    pub tool: &'static str,
    /// What was asked, for people.
    pub asked: String,
    /// Results.
    pub found: usize,
    /// Wall time of the start.
    pub start: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// Why it failed.
    pub error: Option<String>,
}

/// Everything the Context stage found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Records within the budget, in the order of arrival.
    pub records: Vec<Exhibit>,
    /// Templates that appeared or surged, strongest first.
    pub patterns: Vec<PatternChange>,
    /// Seconds of each of the two stretches compared in `patterns`.
    pub window_secs: i64,
    /// Records per minute of all kinds before and during.
    pub rate: (f64, f64),
    /// Similar incidents of the past, newest first.
    pub past: Vec<PastIncident>,
    /// What it looks like to a playbook.
    pub signature: Signature,
    /// What a playbook says.
    pub advice: Option<Advice>,
    /// Records left out for want of room.
    pub left_out: usize,
    /// Looks into the archive that were made.
    pub lookups: Vec<Lookup>,
    /// What degraded, one line each.
    pub notes: Vec<String>,
}

impl Evidence {
    /// Whether a record is part of it.
    pub fn holds(&self, id: RecordId) -> bool {
        self.records.iter().any(|e| e.record.id == id)
    }

    /// Records of the incident itself.
    pub fn proof(&self) -> impl Iterator<Item = &Exhibit> {
        self.records.iter().filter(|e| e.why == Why::Proof)
    }
}
