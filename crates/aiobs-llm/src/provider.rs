//! What a model server is to the rest of the program: one object-safe trait and the nouns of a chat call. Used by
//! the agent chain and the chat; it knows no particular server and no prompt.

use crate::LlmError;
use aiobs_types::AttrValue;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use serde_json::Value;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The events of one answer. It ends after [`ChatEvent::Done`] or after the first error.
pub type ChatStream = BoxStream<'static, Result<ChatEvent, LlmError>>;

/// A server that answers chats. Implementations never panic on what a server sends or a configuration says.
pub trait Provider: Send + Sync {
    /// `gen_ai.provider.name`, such as `ollama`.
    fn name(&self) -> &str;
    /// Where it is, such as `http://127.0.0.1:11434`; without secrets.
    fn endpoint(&self) -> &str;
    /// Whether it runs on this machine: a loopback address, or no network at all.
    fn is_local(&self) -> bool;
    /// What is installed there.
    fn models(&self) -> BoxFuture<'_, Result<Vec<ModelInfo>, LlmError>>;
    /// Whether it can answer now, and with which model.
    fn health(&self) -> BoxFuture<'_, Health>;
    /// Asks. Nothing is sent before the stream is polled; cancelling the token or dropping the stream stops it.
    fn chat(&self, request: ChatRequest, cancel: CancellationToken) -> ChatStream;
    /// What [`Self::chat`] would send for this request, exactly, but for the key. `None` when nothing is sent.
    fn outgoing(&self, _request: &ChatRequest) -> Option<Outgoing> {
        None
    }
    /// The request with everything hidden that [`Self::chat`] would hide.
    fn hidden(&self, request: &ChatRequest) -> ChatRequest {
        request.clone()
    }
    /// Vectors of texts, in their order.
    fn embed(&self, _request: EmbedRequest) -> BoxFuture<'_, Result<Embeddings, LlmError>> {
        let message = format!("{} makes no embeddings", self.name());
        Box::pin(async { Err(LlmError::Refused { status: 0, message }) })
    }
    /// Fetches a model onto the server, telling how far it is. Dropping the stream stops it.
    fn pull(&self, _model: String) -> PullStream {
        let message = format!("{} pulls no models; its models are managed there", self.name());
        Box::pin(futures_util::stream::once(async { Err(LlmError::Refused { status: 0, message }) }))
    }
}

/// How far a pull is; the last one has [`Pulled::complete`].
pub type PullStream = BoxStream<'static, Result<Pulled, LlmError>>;

/// How far the fetching of a model is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pulled {
    /// What is being done, in the server's words, one line.
    pub status: String,
    /// Bytes of this part that are there.
    pub done: u64,
    /// Bytes of this part, 0 when unknown.
    pub total: u64,
    /// Whether everything is there.
    pub complete: bool,
}

/// What would be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    /// To which address.
    pub url: String,
    /// The body.
    pub body: Value,
}

/// Texts of which vectors are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EmbedRequest {
    /// Which model; `None` as in [`ChatRequest`].
    pub model: Option<String>,
    /// The texts.
    pub texts: Vec<String>,
    /// Only a model that costs nothing may be asked; set by the budget.
    pub free_only: bool,
    /// What was hidden in them, by kind; set by the redaction.
    pub redacted: Vec<(&'static str, u32)>,
}

/// Vectors of texts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Embeddings {
    /// Model that made them.
    pub model: String,
    /// One per text, in their order, all of the same length.
    pub vectors: Vec<Vec<f32>>,
    /// Tokens read, when the server counts; [`crate::Guarded`] estimates what it does not.
    pub input_tokens: Option<u64>,
    /// US dollars by the list of prices, `None` when the price is unknown; [`crate::Guarded`] fills it in.
    pub cost_usd: Option<f64>,
}

/// Whether a provider can answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It answers.
    Ready {
        /// The model that will be used.
        model: String,
        /// Why this one, when it is not the configured one; one line.
        note: Option<String>,
    },
    /// It does not.
    Unavailable {
        /// What is wrong and what to do, one line.
        reason: String,
    },
}

impl Health {
    /// The model that will be used.
    pub fn model(&self) -> Option<&str> {
        match self {
            Self::Ready { model, .. } => Some(model),
            Self::Unavailable { .. } => None,
        }
    }
}

/// One installed model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelInfo {
    /// Name as the server calls it, such as `llama3.1:8b`.
    pub name: String,
    /// Family, such as `llama`; empty when unknown.
    pub family: String,
    /// Size on disk in bytes, 0 when unknown.
    pub bytes: u64,
    /// Parameters in millions, `None` when unknown.
    pub parameters_m: Option<u64>,
    /// The machine it really runs on, when the server only passes requests on.
    pub elsewhere: Option<String>,
    /// What it can do: `completion`, `tools`, `thinking`, `embedding`, ...; empty when the server does not say.
    pub capabilities: Vec<String>,
}

/// Who speaks in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Instructions of the program.
    System,
    /// The question, and data.
    User,
    /// The model's earlier words.
    Assistant,
    /// The result of a tool.
    Tool,
}

impl Role {
    /// The word on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }
}

/// One message of a chat.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Who.
    pub role: Role,
    /// What.
    pub content: String,
    /// Tools that the model asked for in this message of its own.
    pub tool_calls: Vec<ToolCall>,
    /// The call that this message is the result of.
    pub answers: Option<ToolCall>,
}

impl Message {
    fn new(role: Role, content: String) -> Self {
        Self { role, content, tool_calls: Vec::new(), answers: None }
    }
    /// Instructions of the program.
    pub fn system(content: impl Into<String>) -> Self {
        Self::new(Role::System, content.into())
    }
    /// The question, and data.
    pub fn user(content: impl Into<String>) -> Self {
        Self::new(Role::User, content.into())
    }
    /// The model's earlier words.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self::new(Role::Assistant, content.into())
    }
    /// What a tool found.
    pub fn tool(call: ToolCall, content: impl Into<String>) -> Self {
        Self { answers: Some(call), ..Self::new(Role::Tool, content.into()) }
    }
}

/// A tool that a model may ask for.
#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    /// Name, of letters, digits, `_` and `-`.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// JSON schema of its arguments, an object.
    pub parameters: Value,
}

/// How the model is to answer. `None` leaves it to the server.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChatOptions {
    /// 0 is most predictable.
    pub temperature: Option<f32>,
    /// Context window in tokens.
    pub num_ctx: Option<u32>,
    /// Most tokens to write.
    pub num_predict: Option<u32>,
    /// Seed of the sampler.
    pub seed: Option<u64>,
}

/// One question to a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChatRequest {
    /// Which model; `None` takes the one [`Provider::health`] tells.
    pub model: Option<String>,
    /// The conversation.
    pub messages: Vec<Message>,
    /// JSON schema the answer must fit.
    pub format: Option<Value>,
    /// Tools it may ask for.
    pub tools: Vec<Tool>,
    /// Whether it may ask for them no more. They stay listed because the conversation speaks of them: some servers refuse
    /// calls and results of tools that are not.
    pub tools_over: bool,
    /// How to answer.
    pub options: ChatOptions,
    /// Whether a model that can think may; `None` leaves it to the model.
    pub think: Option<bool>,
    /// Whether an answer from the cache will not do.
    pub fresh: bool,
    /// How long the caller waits for the answer; pauses and fallbacks keep within it. `None` is for ever.
    pub patience: Option<Duration>,
    /// Only models that cost nothing may be asked; set by the budget.
    pub free_only: bool,
    /// What was hidden in the messages, by kind; set by the redaction.
    pub redacted: Vec<(&'static str, u32)>,
    /// What this call is for, such as `diagnosis`; not sent, used by scripts and spans.
    pub stage: &'static str,
}

impl ChatRequest {
    /// Characters of all messages, for estimates.
    pub fn chars(&self) -> usize {
        self.messages.iter().map(|m| m.content.chars().count()).sum()
    }
}

/// A tool the model wants to use.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    /// Id when the server gives one; results refer to it.
    pub id: Option<String>,
    /// Tool name.
    pub name: String,
    /// Arguments as a JSON object.
    pub arguments: Value,
}

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum ChatEvent {
    /// More text.
    Text(String),
    /// More of what the model thinks before it answers.
    Thinking(String),
    /// A tool the model wants to use.
    ToolCall(ToolCall),
    /// A try failed and another begins after a pause: what came so far does not count.
    Retry {
        /// The try that begins, from 2.
        attempt: u32,
        /// Pause before it.
        delay: Duration,
        /// Why the last one failed.
        reason: String,
    },
    /// What a layer did, for the call's span.
    Attribute {
        /// Name, one of [`aiobs_types::semconv`].
        name: &'static str,
        /// Value; a later one of the same name replaces it.
        value: AttrValue,
    },
    /// The end of a complete answer.
    Done(Completion),
}

/// Why an answer ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FinishReason {
    /// The model was done.
    #[default]
    Stop,
    /// The limit of tokens was reached: the answer is cut.
    Length,
    /// Another reason, in the server's word.
    Other(String),
}

impl FinishReason {
    /// The word for `gen_ai.response.finish_reasons`.
    pub fn name(&self) -> &str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::Other(word) => word,
        }
    }
}

/// What an answer took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// Tokens read, `None` when neither told nor estimated.
    pub input_tokens: Option<u64>,
    /// Tokens written.
    pub output_tokens: Option<u64>,
    /// True when one of the counts is an estimate.
    pub estimated: bool,
    /// From request to end, as the server says, else as measured here.
    pub total: Duration,
    /// Time the server took to load the model.
    pub load: Duration,
    /// From request to the first piece of the answer, measured here.
    pub first_token: Option<Duration>,
    /// US dollars, `None` when the price is unknown. Local models cost 0.
    pub cost_usd: Option<f64>,
}

/// The end of a complete answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Completion {
    /// Provider that answered; empty until [`crate::Guarded`] fills it in.
    pub provider: String,
    /// Model that answered.
    pub model: String,
    /// Why it ended.
    pub finish: FinishReason,
    /// What it took.
    pub usage: Usage,
    /// How often the call was tried.
    pub attempts: u32,
}
