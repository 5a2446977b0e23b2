//! The seam between the chain and whatever knows common faults by heart (the playbooks): a [`Signature`] goes in,
//! an [`Advice`] comes out. The chain asks when no model answers, and hands the advice to a model as a hint when one
//! does. This file knows neither the chain nor how advice is stored.

use aiobs_types::{Confidence, Fix, Level, Severity, Timestamp};
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
    /// Messages of other incidents of about that time, which may be its cause; at most 40.
    pub beside: Vec<String>,
    /// Classes such as `database.connection_refused` that somebody already suspects; may be empty.
    pub error_classes: Vec<String>,
    /// Components that reported it, in order of appearance.
    pub components: Vec<String>,
    /// Names of the sources of the evidence, such as `/var/log/app.log`.
    pub sources: Vec<String>,
    /// Worst severity.
    pub severity: Severity,
    /// The worst level that its lines state themselves; unset when they state none.
    pub stated: Severity,
    /// Strikes so far.
    pub count: u64,
    /// Event time of the first strike.
    pub first_seen: Timestamp,
    /// Event time of the last strike.
    pub last_seen: Timestamp,
    /// Event times of the first and the newest record of the archive, when known.
    pub extent: Option<(Timestamp, Timestamp)>,
}

/// What ended this long before the newest record, nanoseconds, is over.
const OVER: i64 = 120_000_000_000;

impl Signature {
    /// Whether its lines say themselves that they are no errors: whoever logs it deals with it.
    pub fn is_calm(&self) -> bool {
        self.stated.level() > Level::Unset && self.stated < Severity::ERROR
    }

    /// Whether it ended, and what was logged since then is longer than it lasted.
    pub fn is_over(&self) -> bool {
        let lasted = self.last_seen.since(self.first_seen);
        self.extent.is_some_and(|(_, end)| end.since(self.last_seen) > lasted.max(OVER))
    }

    /// Whether it struck again and again from the first record to the last, as what is always there does: the first and
    /// the last strike are as near to the ends as strikes that are spread evenly.
    pub fn is_steady(&self) -> bool {
        let Some((start, end)) = self.extent else { return false };
        let span = end.since(start);
        let between = 2 * span / (self.count.min(1 << 30) as i64 + 1);
        let at_ends = self.first_seen.since(start) <= between && end.since(self.last_seen) <= between;
        self.count >= 3 && at_ends && self.last_seen.since(self.first_seen) * 2 >= span && span > OVER
    }
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
    /// The parts of at most two lines that tell of the fault, the second in another way than the first.
    pub told_by: Vec<String>,
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
