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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
}
