//! Calls of models that leave this machine, as they are written down, and answers as they are kept.

use crate::Timestamp;
use serde::{Deserialize, Serialize};

/// A call that is on its way to another machine; never what it says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RemoteCall {
    /// Unique number.
    pub id: u64,
    /// When it was sent.
    pub time: Timestamp,
    /// Provider, such as `openai`.
    pub provider: String,
    /// Where to.
    pub endpoint: String,
    /// Model asked for; empty when the server chooses.
    pub model: String,
    /// What it was for.
    pub stage: String,
    /// Bytes of the request's body.
    pub bytes: u64,
    /// Kinds of secrets and personal data that were hidden, each with how often.
    pub redacted: Vec<(String, u32)>,
    /// How it ended; `None` while it is on its way.
    pub end: Option<CallEnd>,
}

/// How a call ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CallEnd {
    /// `ok`, `stopped`, or the kind of failure.
    pub outcome: String,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// US dollars, when the price is known.
    pub cost_usd: Option<f64>,
}

/// An answer of a model that is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KeptAnswer {
    /// When it came.
    pub time: Timestamp,
    /// What it says, with placeholders instead of what was hidden.
    pub text: String,
    /// Who answered.
    pub provider: String,
    /// With which model.
    pub model: String,
    /// Tokens it took to read.
    pub input_tokens: u64,
    /// Tokens it took to write.
    pub output_tokens: u64,
    /// US dollars it took.
    pub cost_usd: f64,
}
