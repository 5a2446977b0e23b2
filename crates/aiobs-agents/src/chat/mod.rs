//! The conversation: a question is answered from what the archive holds, by a model with citations, or by retrieval
//! alone that says so. A model that can may call tools that read. Used by the runtime; it knows neither store nor screen.

mod answer;
mod causes;
mod changes;
mod compose;
mod earlier;
mod ending;
mod expiry;
mod facts;
mod intent;
mod language;
mod marks;
mod measures;
mod parties;
mod period;
mod phrase;
mod rank;
mod ranking;
mod retrieve;
mod rules;
mod sentences;
mod shorten;
mod sought;
mod stop;
mod terms;
#[cfg(test)]
mod tests;
mod turn;
mod who;

use crate::{Advisor, Archive, Chosen, Prompts, Surroundings, ToolUse};
use aiobs_llm::{CancellationToken, Provider};
use aiobs_types::{ChatMessage, ChatScope, ChatStep, Span, TalkSummary};
use std::sync::{Arc, Mutex, PoisonError};
use turn::Turn;

/// Author of an answer without a model.
pub const RETRIEVAL: &str = "retrieval";

/// What a chat works with.
#[derive(Clone)]
pub struct ChatDeps {
    /// The model server; `None` answers by retrieval.
    pub provider: Option<Arc<dyn Provider>>,
    /// The archive.
    pub archive: Arc<dyn Archive>,
    /// The playbooks.
    pub playbooks: Arc<dyn Advisor>,
    /// The prompts.
    pub prompts: Arc<Prompts>,
    /// Model to ask for; `None` takes the provider's choice.
    pub model: Option<String>,
    /// Context window in tokens.
    pub num_ctx: u32,
    /// What lies beside the archive.
    pub surroundings: Arc<dyn Surroundings>,
    /// Whether models are offered tools.
    pub tools: ToolUse,
}

/// A question.
#[derive(Clone, Default)]
pub struct Question {
    /// In plain words.
    pub text: String,
    /// What it is about.
    pub scope: ChatScope,
    /// Earlier turns, oldest first, without this question.
    pub history: Vec<ChatMessage>,
    /// What the first of those turns said, as it was shortened for an earlier question.
    pub summary: Option<TalkSummary>,
    /// The model that a person chose, which alone is asked; `None` asks the configured ones.
    pub chosen: Option<Chosen>,
    /// Whether an answer from the cache will not do.
    pub fresh: bool,
}

/// What happens while a question is answered.
#[derive(Clone, Debug, PartialEq)]
pub enum ChatOutput {
    /// A look into the archive, or something else that was done.
    Step(ChatStep),
    /// More text.
    Delta(String),
    /// The first turns were shortened; kept with the conversation it goes along with the next questions.
    Summary(Box<TalkSummary>),
    /// Finished spans of the question.
    Spans(Vec<Span>),
    /// The end, in every case: complete, cancelled or failed. Its text replaces the deltas (marks renumbered).
    Done(Box<ChatMessage>),
}

/// Answers questions; each on a task of its own.
pub struct ChatService {
    rt: tokio::runtime::Handle,
    deps: Mutex<ChatDeps>,
}

impl ChatService {
    /// On a runtime.
    pub fn new(rt: &tokio::runtime::Handle, deps: ChatDeps) -> Self {
        Self { rt: rt.clone(), deps: Mutex::new(deps) }
    }

    /// Another model server, or none.
    pub fn set_provider(&self, provider: Option<Arc<dyn Provider>>) {
        self.deps.lock().unwrap_or_else(PoisonError::into_inner).provider = provider;
    }

    /// Asks. `out` is called from the runtime's threads and must not block; cancelling the token ends the answer with
    /// what came so far.
    pub fn ask(&self, asked: Question, out: impl Fn(ChatOutput) + Send + Sync + 'static) -> CancellationToken {
        let cancel = CancellationToken::new();
        let deps = self.deps.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let turn = Turn::new(deps, asked, cancel.clone(), Arc::new(out));
        self.rt.spawn(turn.answer());
        cancel
    }
}
