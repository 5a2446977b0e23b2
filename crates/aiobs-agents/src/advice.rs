//! The seam between the chain and whatever knows common faults by heart (the playbooks): a [`Signature`] goes in,
//! an [`Advice`] comes out. The chain asks when no model answers, and hands the advice to a model as a hint when one
//! does. This file knows neither the chain nor how advice is stored.

use aiobs_types::{Confidence, Fix, Severity, Timestamp};
use serde::{Deserialize, Serialize};

/// What an incident looks like from outside: enough to recognise a known fault. Text is log text as it came, so it
/// is data only; it may hold control characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Title of the incident.
    pub title: String,
    /// Texts of its templates, the incident's own first, then those that appeared or surged with it.
    pub templates: Vec<String>,
    /// Messages of evidence records of the incident itself, first ones first, at most 20.
    pub messages: Vec<String>,
    /// Messages of records around it, which may explain it, at most 20.
    pub around: Vec<String>,
    /// Classes such as `database.connection_refused` that somebody already suspects; may be empty.
    pub error_classes: Vec<String>,
    /// Components that reported it, in order of appearance.
    pub components: Vec<String>,
    /// Names of the sources of the evidence, such as `/var/log/app.log`.
    pub sources: Vec<String>,
    /// Worst severity.
    pub severity: Severity,
    /// Strikes so far.
    pub count: u64,
    /// Event time of the first strike.
    pub first_seen: Timestamp,
    /// Event time of the last strike.
    pub last_seen: Timestamp,
}

/// What a playbook says about a fault. Placeholders in its texts are already filled from the signature.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advice {
    /// Id of the playbook, unique and stable.
    pub id: String,
    /// Few words for a list.
    pub title: String,
    /// The cause in one to three sentences.
    pub cause: String,
    /// Class of the error, such as `database.connection_refused`.
    pub error_class: String,
    /// 1 (cosmetic) to 5 (service down).
    pub criticality: u8,
    /// How well the signature fits.
    pub confidence: Confidence,
    /// Other explanations, less likely.
    pub alternatives: Vec<String>,
    /// What to do.
    pub fix: Fix,
    /// Further reading: names of manuals and sections, or URLs.
    pub references: Vec<String>,
    /// Values found in the signature and used in the texts: (placeholder, value), such as (`host`, `db-1:5432`).
    pub filled: Vec<(String, String)>,
    /// Messages and templates of the signature that made it match, verbatim; the chain cites their records.
    pub matched: Vec<String>,
}

/// Knows common faults by heart. Called from the chain's driver, so it must not block for long.
pub trait Advisor: Send + Sync {
    /// The best advice for this signature, `None` when nothing fits well enough.
    fn advise(&self, signature: &Signature) -> Option<Advice>;
}

/// Knows nothing; for builds and tests without playbooks.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoAdvice;

impl Advisor for NoAdvice {
    fn advise(&self, _: &Signature) -> Option<Advice> {
        None
    }
}
