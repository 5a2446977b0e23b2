//! What can go wrong with a model call, sorted by what the caller can do about it. Used by every provider and by
//! retry, breaker and the chain; the texts are one line and made for people.

use std::time::Duration;
use thiserror::Error;

/// A failed call.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LlmError {
    /// The address is not one.
    #[error("bad model server address `{url}`: {reason}")]
    BadUrl {
        /// As configured.
        url: String,
        /// Why.
        reason: String,
    },
    /// Nobody answers there.
    #[error("cannot reach {endpoint}: {reason}")]
    Unreachable {
        /// Where.
        endpoint: String,
        /// Why.
        reason: String,
    },
    /// The model is not there.
    #[error("model `{model}` is not installed; run `ollama pull {model}`")]
    ModelMissing {
        /// Which.
        model: String,
    },
    /// No model that can chat is installed.
    #[error("no chat model is installed; run `ollama pull {suggestion}`")]
    NoModel {
        /// A model worth pulling.
        suggestion: String,
    },
    /// The server says no to this request.
    #[error("the model server refused the request ({status}): {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// What it said.
        message: String,
    },
    /// The server is busy, limited or broken for now.
    #[error("the model server cannot answer now ({status}): {message}")]
    Busy {
        /// HTTP status.
        status: u16,
        /// What it said.
        message: String,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// An error in the middle of the answer.
    #[error("the model server failed while answering: {message}")]
    MidStream {
        /// What it said.
        message: String,
    },
    /// The connection ended before the answer did.
    #[error("the connection to the model server broke off while answering")]
    Cut,
    /// Something that is not the protocol.
    #[error("the model server sent something unexpected: {detail}")]
    Protocol {
        /// What, shortened.
        detail: String,
    },
    /// Too slow.
    #[error("no {what} from the model within {} s", after.as_secs())]
    Timeout {
        /// `first token` or `complete answer`.
        what: &'static str,
        /// The limit.
        after: Duration,
    },
    /// The breaker is open.
    #[error("{provider} failed {failures} times in a row; it is left alone for {} s", wait.as_secs().max(1))]
    BreakerOpen {
        /// Which provider.
        provider: String,
        /// Failures in a row.
        failures: u32,
        /// Until it is tried again.
        wait: Duration,
    },
    /// Somebody stopped it.
    #[error("cancelled")]
    Cancelled,
}

impl LlmError {
    /// Whether the same request may succeed a moment later.
    pub const fn retryable(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Busy { .. }
                | Self::MidStream { .. }
                | Self::Cut
                | Self::Protocol { .. }
                | Self::Timeout { .. }
        )
    }

    /// Whether it speaks against the server's health (and counts for the breaker).
    pub const fn is_fault(&self) -> bool {
        self.retryable()
    }

    /// How long the server asks to wait.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The kind, for `error.type`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::BadUrl { .. } => "bad_url",
            Self::Unreachable { .. } => "unreachable",
            Self::ModelMissing { .. } => "model_missing",
            Self::NoModel { .. } => "no_model",
            Self::Refused { .. } => "refused",
            Self::Busy { .. } => "busy",
            Self::MidStream { .. } => "mid_stream",
            Self::Cut => "connection_cut",
            Self::Protocol { .. } => "protocol",
            Self::Timeout { .. } => "timeout",
            Self::BreakerOpen { .. } => "breaker_open",
            Self::Cancelled => "cancelled",
        }
    }
}
