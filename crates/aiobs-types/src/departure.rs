//! What left this machine, as it is written down: calls of models elsewhere, and alerts that people were sent.

use crate::{RemoteCall, Timestamp};
use serde::{Deserialize, Serialize};

/// An alert that a channel took or that was given up; of its text only the title.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentAlert {
    /// When it was done with.
    pub time: Timestamp,
    /// Channel, such as `slack`.
    pub channel: String,
    /// Host and port.
    pub place: String,
    /// Whether that is this machine.
    pub local: bool,
    /// Number of the incident; 0 for a test.
    pub incident: u64,
    /// What was told: `open`, `diagnosed`, `acknowledged`, `resolved` or `test`.
    pub state: String,
    /// The rule that told it; empty for a test.
    pub rule: String,
    /// Title of the incident, masked as it was sent.
    pub title: String,
    /// `sent` or `failed`.
    pub outcome: String,
    /// Why it failed, or what went only partly well.
    pub note: Option<String>,
}

/// Something that left this machine.
#[derive(Clone, Debug, PartialEq)]
pub enum Departure {
    /// A call of a model.
    Call(RemoteCall),
    /// An alert.
    Alert(SentAlert),
}

impl Departure {
    /// Kinds, as they are stored and asked for.
    pub const KINDS: [&'static str; 2] = ["model", "alert"];

    /// Lower-case word for the kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Call(_) => Self::KINDS[0],
            Self::Alert(_) => Self::KINDS[1],
        }
    }
}
