//! The model service: one trait for every server that answers chats, and what goes around it (redaction, cache, budget,
//! route, retry, breaker, price). Used by the agent chain and the chat; it knows nothing of incidents, prompts or the screen.

mod anthropic;
mod audit;
mod breaker;
mod budget;
mod cache;
mod error;
mod guard;
mod layer;
mod net;
mod ollama;
mod openai;
mod price;
mod provider;
mod redact;
mod retry;
mod route;
pub mod scripted;
mod service;
#[cfg(any(test, feature = "testkit"))]
pub mod testkit;

#[cfg(test)]
mod wire_tests;

pub use aiobs_types::KeptAnswer;
pub use anthropic::{ANTHROPIC_URL, Anthropic};
pub use audit::{Auditor, CallEnd, RemoteCall};
pub use budget::{Books, Purse};
pub use cache::{AnswerStore, CacheCounts, CacheStats};
pub use error::{Dollars, LlmError};
pub use guard::{Guarded, Limits};
pub use net::http::Connection;
pub use net::key::KeySource;
pub use ollama::{DEFAULT_URL, Ollama};
pub use openai::{OPENAI_URL, OpenAi};
pub use price::Prices;
pub use provider::{
    ChatEvent, ChatOptions, ChatRequest, ChatStream, Completion, EmbedRequest, Embeddings, FinishReason, Health,
    Message, ModelInfo, Outgoing, Provider, PullStream, Pulled, Role, Tool, ToolCall, Usage,
};
pub use redact::{KINDS, Redaction};
pub use retry::{Backoff, Retrying, jitter};
pub use service::{Candidate, Service, ServiceOptions, service};
pub use tokio_util::sync::CancellationToken;
