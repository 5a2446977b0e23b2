//! Conversation with the assistant.

use crate::{IncidentId, RecordId, Timestamp};
use serde::{Deserialize, Serialize};

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatRole {
    /// The person.
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
}

/// One turn, kept across restarts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Records cited, in the order of their `[n]` marks.
    pub citations: Vec<RecordId>,
    /// Who answered: a model's name, or `retrieval`; empty for the person.
    pub author: String,
    /// False when it was cancelled or broke off.
    pub complete: bool,
    /// What it took of a model; `None` for questions and for answers without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<ChatUsage>,
}
