//! What the agent chain, or a playbook, has to say about an incident.

use crate::{Fingerprint, IncidentId, RecordId, Timestamp, TraceId};
use serde::{Deserialize, Serialize};

/// Who answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Author {
    /// A language model.
    Model {
        /// `gen_ai.provider.name`, such as `ollama`.
        provider: String,
        /// Model name as the provider calls it.
        model: String,
    },
    /// A playbook, by id.
    Playbook {
        /// Id in `assets/playbooks`.
        id: String,
    },
    /// Neither a model nor a fitting playbook was there: the facts only.
    Facts,
}

/// How sure the author is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// A guess.
    #[default]
    Low,
    /// Likely.
    Medium,
    /// The evidence says so.
    High,
}

impl Confidence {
    /// Lower-case word for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// One statement and the records it rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The statement.
    pub text: String,
    /// Records that exist and were cited.
    pub records: Vec<RecordId>,
    /// False when nothing that exists was cited: shown as unsupported.
    pub supported: bool,
    /// What a check against the cited records found wrong with it, one line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<String>,
}

/// A change of a file that was read, as a unified diff.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patch {
    /// Path of the file.
    pub file: String,
    /// The diff. Shown and copied, never applied.
    pub diff: String,
}

/// What to do. Shown and copied, never run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// Mitigation now.
    pub now: Vec<String>,
    /// Lasting repair.
    pub lasting: Vec<String>,
    /// Commands, one per entry, ready to copy.
    pub commands: Vec<String>,
    /// How to see that it worked.
    pub verify: Vec<String>,
    /// How to undo it.
    pub rollback: Vec<String>,
    /// What could go wrong.
    pub risk: String,
    /// Changes of files that were read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patches: Vec<Patch>,
}

/// An earlier diagnosis that a person confirmed and that is given again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// Number of that diagnosis.
    pub diagnosis: u64,
    /// The incident it was made for.
    pub incident: IncidentId,
}

/// What the judgements in a diagnosis rest on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Grounds {
    /// Why it is as sure as it says, one line each.
    pub confidence: Vec<String>,
    /// The rule that gave the criticality, one sentence.
    pub criticality: String,
    /// Log lines that try to steer whoever reads them: a security finding, with the lines.
    pub security: Vec<Claim>,
    /// Records of the evidence that were left out for want of room.
    pub left_out: u64,
    /// Set when nobody was asked, because the same fault has a confirmed diagnosis.
    pub remembered: Option<Remembered>,
}

/// An explanation of one incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// Number from the store, 0 before it is stored.
    pub id: u64,
    /// The incident.
    pub incident: IncidentId,
    /// The fault; one diagnosis serves every strike of it.
    pub fingerprint: Fingerprint,
    /// When it was made.
    pub created: Timestamp,
    /// Who answered.
    pub author: Author,
    /// Few words.
    pub title: String,
    /// The cause in one to three sentences; "No cause found" is a valid answer.
    pub cause: String,
    /// Class of the error, such as `database.connection_refused`.
    pub error_class: String,
    /// 1 (cosmetic) to 5 (service down).
    pub criticality: u8,
    /// How sure.
    pub confidence: Confidence,
    /// Statements with their evidence.
    pub claims: Vec<Claim>,
    /// Other explanations, less likely.
    pub alternatives: Vec<String>,
    /// What to do.
    pub fix: Fix,
    /// A few sentences for people who were not there.
    pub summary: String,
    /// Prompts of the model that made it, with their versions, such as `diagnosis v1`.
    #[serde(default)]
    pub prompts: Vec<String>,
    /// Further reading: names of manuals and sections, or URLs.
    pub references: Vec<String>,
    /// What degraded on the way, such as "model timed out after 60 s; the playbook answered".
    pub notes: Vec<String>,
    /// The run that made it, in the spans.
    pub trace: Option<TraceId>,
    /// What its judgements rest on.
    #[serde(default)]
    pub grounds: Grounds,
}

/// How far a stage of the run is that makes a diagnosis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StageState {
    /// Not yet.
    #[default]
    Waiting,
    /// Now.
    Running,
    /// Done by the model, or by gathering.
    Done,
    /// Failed or timed out; a playbook or the facts stand in.
    Fallback,
    /// Cancelled or not needed.
    Skipped,
}
