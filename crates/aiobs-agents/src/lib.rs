//! The agent chain: stages, evidence, playbooks, chat. Used by the program's runtime; it knows models through
//! `aiobs_llm::Provider` and the archive through a trait of its own, and never sees the screen.

mod advice;
mod archive;
mod chain;
mod chat;
mod context;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod output;
pub mod playbook;
mod prompts;
#[cfg(test)]
mod service_tests;
mod spans;
mod tally;
#[cfg(test)]
mod testing;

pub use advice::{Advice, Advisor, NoAdvice, Signature};
pub use aiobs_types::StageState;
pub use archive::{Archive, ArchiveError, PastIncident, TemplateCount};
pub use chain::{ChainDeps, ChainOptions, ChainService, ChainStatus, Deadlines, StageStatus, prompt_preview};
pub use chat::{ChatDeps, ChatOutput, ChatService, RETRIEVAL};
pub use context::{Budget, Evidence, Exhibit, Lookup, PatternChange, Why, gather, mask};
pub use output::{ChainOutput, Stage};
pub use prompts::{Prompt, prompts};
pub use tally::Tally;
