//! What the Context stage found: the records, patterns and past incidents an explanation may rest on. Used by
//! prompts, assembly and the facts; it knows neither archive nor model.

use crate::{Advice, Change, Document, Excerpt, HostState, PastIncident, Signature};
use aiobs_types::{LogRecord, RecordId, TemplateId, Timestamp};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::time::Duration;

/// Why a record is in the evidence, most telling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Why {
    /// The incident itself.
    Proof,
    /// A change: a deployment, a restart.
    Change,
    /// Same trace or request.
    SameTrace,
    /// First record of a template that appeared or surged with it.
    Pattern,
    /// Warning or worse at that time, on any source.
    Across,
    /// Around it on the same source.
    Around,
    /// Found by a tool that the model called.
    Tool,
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
            Self::Change => "change",
            Self::Tool => "looked up",
        }
    }
}

/// One record of the evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exhibit {
    /// The record.
    pub record: LogRecord,
    /// Name of its source.
    pub source: String,
    /// Why it is here.
    pub why: Why,
}

/// How often a template occurred before and during the incident, in stretches of equal length.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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

/// Records of one template that say nothing new beside those that are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folded {
    /// Which.
    pub template: TemplateId,
    /// Its text, with placeholders for the values.
    pub text: String,
    /// Records that are not shown.
    pub count: usize,
}

/// What stood at one placeholder of the incident's template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Values {
    /// The placeholder as the template writes it, such as `<num>`, with its place from 1.
    pub name: String,
    /// Values with how often they stood there, most frequent first.
    pub top: Vec<(String, u64)>,
    /// Different values in all.
    pub distinct: usize,
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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
    /// Records that only repeat what is shown.
    pub folded: Vec<Folded>,
    /// Values at the placeholders of the incident's template.
    pub values: Vec<Values>,
    /// Changes before and during the incident, oldest first.
    pub changes: Vec<Change>,
    /// The host, when the incident is recent.
    pub host: Option<HostState>,
    /// What people wrote: notes on the applications, sections of runbooks.
    pub documents: Vec<Document>,
    /// Pieces of files that were read.
    pub files: Vec<Excerpt>,
    /// What tools answered, as the model saw it.
    pub answers: Vec<String>,
    /// Records that try to steer whoever reads them, and what they look like.
    pub suspects: Vec<(RecordId, Cow<'static, str>)>,
    /// Whether a test run was going on, which provokes errors on purpose.
    pub testing: bool,
    /// Looks into the archive that were made; for the spans of the run that made them only.
    #[serde(skip)]
    pub lookups: Vec<Lookup>,
    /// What degraded, one line each.
    pub notes: Vec<String>,
}

impl Evidence {
    /// Whether a record is part of it.
    pub fn holds(&self, id: RecordId) -> bool {
        self.records.iter().any(|e| e.record.id == id)
    }

    /// Whether something beside records says it: documents, files, answers of tools.
    pub(crate) fn said_elsewhere(&self, says: &dyn Fn(&str) -> bool) -> bool {
        self.documents.iter().any(|d| says(&d.text))
            || self.files.iter().any(|f| says(&f.text))
            || self.answers.iter().any(|a| says(a))
            || self.changes.iter().any(|c| says(&c.text))
    }

    /// Records of the incident itself.
    pub fn proof(&self) -> impl Iterator<Item = &Exhibit> {
        self.records.iter().filter(|e| e.why == Why::Proof)
    }
}
