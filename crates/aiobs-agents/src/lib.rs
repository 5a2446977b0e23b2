//! The agent chain: stages, evidence, playbooks, chat. Used by the program's runtime; it knows models through
//! `aiobs_llm::Provider` and the archive through a trait of its own, and never sees the screen.

mod advice;
mod archive;
mod chain;
mod chat;
mod context;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
#[cfg(test)]
mod hostile_tests;
mod output;
pub mod playbook;
mod prompts;
#[cfg(test)]
mod service_tests;
mod spans;
mod surroundings;
mod tally;
#[cfg(test)]
mod testing;
mod tools;
mod workplace;

pub use advice::{Advice, Advisor, NoAdvice, Signature};
pub use aiobs_types::StageState;
pub use archive::{Archive, ArchiveError, Change, Memories, PastIncident, Recalled, SqlRows, TemplateCount};
pub use chain::{ChainDeps, ChainOptions, ChainService, ChainStatus, Chosen, Deadlines, Preview, StageStatus};
pub use chat::{ChatDeps, ChatOutput, ChatService, Question, RETRIEVAL};
pub use context::{Budget, Evidence, Exhibit, Folded, Lookup, PatternChange, Values, Why, gather};
pub use output::{CallNote, ChainOutput, KeptStage, Stage};
pub use prompts::{Prompt, Prompts, read as read_prompt};
pub use surroundings::{DiskState, Document, Excerpt, HostState, Near, NoSurroundings, ProcessState, Surroundings};
pub use tally::Tally;
pub use tools::ToolUse;
pub use workplace::Workplace;
