//! What can go wrong with a model call, sorted by what the caller can do about it. Used by every provider and by
//! retry, breaker and the chain; the texts are one line and made for people.

use std::fmt;
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
    #[error("{}", missing(model, server))]
    ModelMissing {
        /// Which.
        model: String,
        /// Kind of server, such as `Ollama`.
        server: String,
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
    /// There is no usable key.
    #[error("{reason}")]
    NoKey {
        /// What is wrong with it and what to do; never the key.
        reason: String,
    },
    /// The budget of the day is spent, and no free model is configured.
    #[error("today's budget of ${limit:.2} is spent (${spent:.2}); what is free answers until midnight UTC")]
    BudgetSpent {
        /// US dollars spent today, in cents' precision.
        spent: Dollars,
        /// US dollars allowed a day.
        limit: Dollars,
    },
    /// No configured model may be asked for this.
    #[error("no configured model may be asked for the stage {stage}")]
    NobodyAllowed {
        /// What the call was for.
        stage: &'static str,
    },
    /// Somebody stopped it.
    #[error("cancelled")]
    Cancelled,
}

/// US dollars; whole millionths, so that errors can be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dollars(pub u64);

impl Dollars {
    /// From a number of dollars; what is no amount is nothing.
    pub fn from_f64(usd: f64) -> Self {
        Self((usd.max(0.0) * 1e6).round() as u64)
    }

    /// As a number of dollars.
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl fmt::Display for Dollars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_f64().fmt(f)
    }
}

fn missing(model: &str, server: &str) -> String {
    match server {
        "Ollama" => format!("model `{model}` is not installed; run `ollama pull {model}`"),
        _ => format!("{server} has no model `{model}`; `aiobs models list` shows what it has"),
    }
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
            Self::NoKey { .. } => "no_key",
            Self::BudgetSpent { .. } => "budget_spent",
            Self::NobodyAllowed { .. } => "nobody_allowed",
            Self::Cancelled => "cancelled",
        }
    }
}
