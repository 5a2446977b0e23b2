//! Conversation with the assistant.

use crate::{IncidentId, RecordId, Timestamp};
use serde::{Deserialize, Serialize};

/// Who speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatRole {
    /// The person.
    #[default]
    User,
    /// The model, or retrieval when there is no model.
    Assistant,
}

/// What a question is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ChatScope {
    /// Everything in the archive.
    #[default]
    All,
    /// One incident.
    Incident {
        /// Which.
        id: IncidentId,
    },
    /// A range of event time.
    Range {
        /// From, inclusive.
        from: Timestamp,
        /// To, exclusive.
        to: Timestamp,
    },
    /// What a filter leaves.
    Filter {
        /// In the filter language.
        text: String,
    },
    /// Lines selected in a view: of what its filter leaves, those between two ends.
    Selection {
        /// The filter of the view, in the filter language; may be empty.
        filter: String,
        /// First and last record, when the view is in the order of arrival.
        ids: Option<(RecordId, RecordId)>,
        /// From and to (exclusive) in event time, when the view is in that order.
        times: Option<(Timestamp, Timestamp)>,
    },
}

/// What an answer took of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatUsage {
    /// Tokens sent.
    pub input_tokens: u64,
    /// Tokens of the answer.
    pub output_tokens: u64,
    /// Whether the counts are estimated.
    pub estimated: bool,
    /// Millionths of a US dollar; `None` while the price is not known.
    pub cost_micro_usd: Option<u64>,
    /// Tokens that fit into the model's context.
    pub context: u32,
    /// Tokens in the context at the end: of the last call, when tools made it several. 0 when there was but one.
    #[serde(default)]
    pub filled: u64,
}

/// A conversation with the assistant, and what its answers took.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// Its number.
    pub id: u64,
    /// Its name: the first question, or what a person called it.
    pub title: String,
    /// When it began.
    pub created: Timestamp,
    /// When the last turn came.
    pub updated: Timestamp,
    /// Questions and answers.
    pub turns: u64,
    /// Tokens sent to models.
    pub input_tokens: u64,
    /// Tokens of answers.
    pub output_tokens: u64,
    /// Millionths of a US dollar; `None` while no price is known.
    pub cost_micro_usd: Option<u64>,
    /// What was chosen for its next question.
    #[serde(default)]
    pub choice: TalkChoice,
    /// What its first turns said, once they did not fit into a model's context any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<TalkSummary>,
}

/// What the first turns of a conversation said, in the words of a model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TalkSummary {
    /// Number of the last turn that it covers; everything before is covered too.
    pub through: u64,
    /// Markdown.
    pub text: String,
    /// What is cited, in the order of the `[n]` marks.
    pub citations: Vec<Citation>,
    /// The model that wrote it.
    pub author: String,
}

/// What the next question of a conversation is about and who answers it, as it was chosen last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TalkChoice {
    /// What it is about.
    #[serde(default)]
    pub scope: ChatScope,
    /// Who answers; `None` keeps the configured order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ChosenModel>,
}

/// A model that was chosen over the configured order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChosenModel {
    /// Name of its server in the configuration.
    pub server: String,
    /// The model; empty takes the server's choice.
    pub model: String,
}

/// What a mark `[n]` of an answer leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Citation {
    /// A record of the archive.
    Record(RecordId),
    /// A text that was found by meaning: a section of a runbook, a note, what was found out before.
    Text(Box<CitedText>),
}

impl Citation {
    /// The record, when it is one.
    pub const fn record(&self) -> Option<RecordId> {
        match self {
            Self::Record(id) => Some(*id),
            Self::Text(_) => None,
        }
    }
}

/// A text that an answer cites, as it was when the answer was given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CitedText {
    /// What it is, a name of [`crate::DocumentKind`].
    pub kind: String,
    /// File and headings, or a title.
    pub title: String,
    /// Where to read it, such as `path:line`; may be empty.
    pub place: String,
    /// Its text, cut when it is long.
    pub text: String,
    /// The incident it belongs to.
    pub incident: Option<IncidentId>,
}

/// What can be looked at for an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// Log lines.
    #[default]
    Logs,
    /// Counts of log lines.
    Rates,
    /// Kinds of log lines.
    Templates,
    /// Incidents and what was found about them.
    Incidents,
    /// Deployments, restarts and the like.
    Changes,
    /// Runbooks, notes, and what was learnt before.
    Knowledge,
    /// What models and agents did, and cost.
    Spans,
    /// Anything else in the archive, by SQL.
    Sql,
    /// The machine that this program runs on.
    Host,
}

impl Area {
    /// All, in the order they are told.
    pub const ALL: [Self; 9] = [
        Self::Logs,
        Self::Rates,
        Self::Templates,
        Self::Incidents,
        Self::Changes,
        Self::Knowledge,
        Self::Spans,
        Self::Sql,
        Self::Host,
    ];

    /// For people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Logs => "logs",
            Self::Rates => "rates",
            Self::Templates => "patterns",
            Self::Incidents => "incidents",
            Self::Changes => "changes",
            Self::Knowledge => "knowledge",
            Self::Spans => "spans and costs",
            Self::Sql => "SQL",
            Self::Host => "this machine",
        }
    }
}

/// One look into something for an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatStep {
    /// Into what; `None` when it is no look, such as another try of a call.
    pub area: Option<Area>,
    /// What was done and what came of it, one line.
    pub text: String,
    /// What a tool that the model called brought, lines of plain text; empty for looks of the program's own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Whether the model asked for it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub by_model: bool,
    /// Whether it brought nothing but a fault.
    #[serde(default, skip_serializing_if = "is_false")]
    pub failed: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's form")]
const fn is_false(b: &bool) -> bool {
    !*b
}

/// One turn, kept across restarts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// Number from the store, 0 before it is stored.
    pub id: u64,
    /// When.
    pub time: Timestamp,
    /// Who.
    pub role: ChatRole,
    /// What was asked about.
    pub scope: ChatScope,
    /// Markdown.
    pub text: String,
    /// What is cited, in the order of the `[n]` marks.
    pub citations: Vec<Citation>,
    /// Who answered: a model's name, or `retrieval`; empty for the person.
    pub author: String,
    /// False when it was cancelled or broke off.
    pub complete: bool,
    /// What it took of a model; `None` for questions and for answers without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<ChatUsage>,
    /// What was looked at for the answer, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<ChatStep>,
}

impl ChatMessage {
    /// A question, not stored yet.
    pub fn question(time: Timestamp, scope: ChatScope, text: String) -> Self {
        Self { time, scope, text, complete: true, ..Self::default() }
    }

    /// Records cited, in the order of their marks.
    pub fn records(&self) -> impl Iterator<Item = RecordId> {
        self.citations.iter().filter_map(Citation::record)
    }

    /// What was looked at for it and what was not; nothing when that is not known.
    pub fn looked(&self) -> Option<(Vec<Area>, Vec<Area>)> {
        if self.role == ChatRole::User || self.steps.iter().all(|s| s.area.is_none()) {
            return None;
        }
        let did = |a: &Area| self.steps.iter().any(|s| s.area == Some(*a) && !s.failed);
        Some(Area::ALL.into_iter().partition(did))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_earlier_versions_are_read() -> serde_json::Result<()> {
        let old = r#"{"id":3,"time":5,"role":"assistant","scope":{"kind":"all"},"text":"a [1]","citations":[7],
            "author":"m","complete":true}"#;
        let m: ChatMessage = serde_json::from_str(old)?;
        assert_eq!(m.citations, [Citation::Record(RecordId(7))]);
        assert_eq!(m.looked(), None, "what it looked at was not kept");
        let text = CitedText { title: "db.md > Pool".into(), ..CitedText::default() };
        let m = ChatMessage { citations: vec![Citation::Text(Box::new(text))], ..m };
        assert_eq!(serde_json::from_str::<ChatMessage>(&serde_json::to_string(&m)?)?, m);
        Ok(())
    }

    #[test]
    fn an_answer_knows_what_was_looked_at() {
        let step = |area, failed| ChatStep { area: Some(area), failed, ..ChatStep::default() };
        let steps = vec![step(Area::Incidents, false), step(Area::Logs, false), step(Area::Sql, true)];
        let m = ChatMessage { role: ChatRole::Assistant, steps, ..ChatMessage::default() };
        let looked = m.looked().unwrap_or_default();
        assert_eq!(looked.0, [Area::Logs, Area::Incidents]);
        assert!(looked.1.contains(&Area::Sql) && looked.1.len() == Area::ALL.len() - 2);
    }
}
