//! What the screen and the engine say to each other about conversations with the assistant.

use super::ModelChoice;
use aiobs_types::{ChatMessage, ChatScope, Conversation, LogRecord, TalkChoice};

/// A question to the assistant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ask {
    /// The conversation it is part of; 0 begins one.
    pub conversation: u64,
    /// The question.
    pub text: String,
    /// What it is about.
    pub scope: ChatScope,
    /// Only turns before this one count as the conversation so far, and no answer from the cache will do: it is asked
    /// again, or in the place of another. 0 for all.
    pub until: u64,
    /// Who is to answer; `None` keeps the configured order.
    pub model: Option<ModelChoice>,
}

/// One conversation with its last turns, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Talk {
    /// Which; `None` for one that has not begun.
    pub conversation: Option<Conversation>,
    /// Its turns.
    pub turns: Vec<ChatMessage>,
}

/// A line that an answer cites, and the name of its source.
#[derive(Clone, Debug, PartialEq)]
pub struct CitedLine {
    /// It.
    pub record: LogRecord,
    /// Of its source; empty when that is not known.
    pub source: String,
}

/// One conversation with all its turns, to be written to a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WholeTalk {
    /// Which.
    pub conversation: Conversation,
    /// Its turns, oldest first.
    pub turns: Vec<ChatMessage>,
    /// The lines they cite that are in the archive.
    pub lines: Vec<CitedLine>,
}

/// An answer that is stored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answered {
    /// The conversation it is part of, with its new sums.
    pub conversation: Conversation,
    /// Number of the question.
    pub question: u64,
    /// The answer.
    pub message: ChatMessage,
}

/// A change of conversations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeTalk {
    /// Another name.
    Rename(u64, String),
    /// Deleted with its turns.
    Delete(u64),
    /// What was chosen for its next question.
    Choose(u64, Box<TalkChoice>),
}
