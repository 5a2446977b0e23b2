//! The model service: one trait for every server that answers chats, and what goes around it (timeouts, breaker,
//! retry, price). Used by the agent chain and the chat; it knows nothing of incidents, prompts or the screen.

mod breaker;
mod error;
mod guard;
mod ollama;
mod price;
mod provider;
mod retry;
pub mod scripted;
#[cfg(any(test, feature = "testkit"))]
pub mod testkit;

#[cfg(test)]
mod wire_tests;

pub use error::LlmError;
pub use guard::{Guarded, Limits};
pub use ollama::{DEFAULT_URL, Ollama};
pub use price::Prices;
pub use provider::{
    ChatEvent, ChatOptions, ChatRequest, ChatStream, Completion, FinishReason, Health, Message, ModelInfo, Provider,
    Role, Tool, ToolCall, Usage,
};
pub use retry::{Backoff, Retrying, jitter};
pub use tokio_util::sync::CancellationToken;
