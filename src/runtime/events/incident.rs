//! One incident as the Incidents pane shows it, and what goes on about it.

use aiobs_types::{
    Diagnosis, Incident, LogRecord, RecordId, SourceId, Span, TemplateId, TemplateMark, Timestamp, Verdict,
};
use std::collections::BTreeMap;

/// Everything about one incident.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IncidentDetail {
    /// The incident.
    pub incident: Incident,
    /// Latest diagnosis.
    pub diagnosis: Option<Diagnosis>,
    /// The latest word of a person on it.
    pub verdict: Option<Verdict>,
    /// Records cited by the diagnosis and the incident's evidence, by id, without doubles.
    pub records: Vec<LogRecord>,
    /// Spans of the run that made the diagnosis, or of the one that goes on.
    pub spans: Vec<Span>,
    /// Strikes per minute, oldest first, up to the last one.
    pub strikes: Vec<u32>,
    /// Past incidents like this one, the likest first, at most three.
    pub similar: Vec<Similar>,
    /// What was said of the pattern of its first record, when anything was.
    pub pattern: Option<TemplateMark>,
    /// Who was told of it, and why others were not.
    pub alerts: Vec<AlertLine>,
    /// Names of the records' sources.
    pub sources: BTreeMap<SourceId, String>,
    /// Texts of the records' templates.
    pub templates: BTreeMap<TemplateId, String>,
    /// The words of its statement that speak most for a fault (positive) and against it, the strongest first.
    pub words: Vec<(String, f64)>,
}

/// A past incident like another one.
#[derive(Clone, Debug, PartialEq)]
pub struct Similar {
    /// The past incident.
    pub incident: Incident,
    /// Why it is like the other: words, component, class of error.
    pub why: String,
    /// What its diagnosis advised, when a person said that it was right.
    pub solved_by: Option<String>,
    /// What its diagnosis advised, when nobody has judged it.
    pub advised: Option<String>,
}

/// One line about who is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertLine {
    /// When a message was done with.
    pub time: Option<Timestamp>,
    /// Whether it arrived; `None` when none was sent.
    pub arrived: Option<bool>,
    /// What there is to say.
    pub text: String,
}

/// A model that a run could be given to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelChoice {
    /// Name of its server in the configuration.
    pub server: String,
    /// Kind of server, such as `ollama`.
    pub provider: String,
    /// Where it is.
    pub place: String,
    /// Model; empty takes the server's choice.
    pub model: String,
    /// Whether nothing leaves this machine.
    pub local: bool,
    /// Why it can't be chosen now.
    pub wrong: Option<String>,
}

/// What the calls of one run took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunCalls {
    /// The model asked last.
    pub model: String,
    /// Calls that were answered.
    pub answered: u32,
    /// Tokens read and written.
    pub tokens: (u64, u64),
    /// Whether one of the counts is an estimate.
    pub estimated: bool,
    /// US dollars, as far as prices are known.
    pub cost_usd: Option<f64>,
    /// Of those, answers that were kept from before, and the tokens that this saved.
    pub kept: (u32, u64),
    /// Calls that were tried again.
    pub again: u32,
    /// Why the last one was.
    pub why_again: String,
}

/// A line with those around it on the same source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Surrounded {
    /// The line.
    pub record: RecordId,
    /// It and its neighbours, oldest first.
    pub lines: Vec<LogRecord>,
}
