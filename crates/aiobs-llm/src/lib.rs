//! The model service: one trait for every server that answers chats, and what goes around it (timeouts, breaker,
//! retry, price). Used by the agent chain and the chat; it knows nothing of incidents, prompts or the screen.

mod error;
mod ollama;
mod provider;

pub use error::LlmError;
pub use ollama::{DEFAULT_URL, Ollama};
pub use provider::{
    ChatEvent, ChatOptions, ChatRequest, ChatStream, Completion, FinishReason, Health, Message, ModelInfo, Provider,
    Role, ToolCall, Usage,
};
pub use tokio_util::sync::CancellationToken;
