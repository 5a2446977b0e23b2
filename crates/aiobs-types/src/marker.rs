//! Markers: changes that the logs tell of, which stand on time axes.

use crate::{RecordId, SourceId, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkerKind {
    /// Another version was put in place.
    #[default]
    Deploy,
    /// An earlier version was put back.
    Rollback,
    /// Something started, stopped or started again.
    Restart,
    /// The configuration changed.
    Config,
    /// Another version reported itself.
    Version,
    /// More or fewer instances.
    Scale,
    /// The form of a database changed.
    Migration,
    /// Another instance took over.
    Failover,
    /// A scheduled job began.
    Job,
}

impl MarkerKind {
    /// All, in order.
    pub const ALL: [Self; 9] = [
        Self::Deploy,
        Self::Rollback,
        Self::Restart,
        Self::Config,
        Self::Version,
        Self::Scale,
        Self::Migration,
        Self::Failover,
        Self::Job,
    ];

    /// Lower-case word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Rollback => "rollback",
            Self::Restart => "restart",
            Self::Config => "config",
            Self::Version => "version",
            Self::Scale => "scale",
            Self::Migration => "migration",
            Self::Failover => "failover",
            Self::Job => "job",
        }
    }

    /// How much it says about what began soon after: what people did most, what started again because of it least.
    pub const fn weight(self) -> u8 {
        match self {
            Self::Deploy | Self::Rollback | Self::Config | Self::Scale | Self::Migration => 2,
            Self::Job => 1,
            Self::Restart | Self::Version | Self::Failover => 0,
        }
    }

    /// How long after it something may have begun because of it.
    pub const fn reach(self) -> Duration {
        match self {
            Self::Job => Duration::from_mins(2),
            _ => Duration::from_mins(10),
        }
    }

    /// From the word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A change that a record tells of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// Event time.
    pub time: Timestamp,
    /// What changed.
    pub kind: MarkerKind,
    /// Few words that begin with the kind, such as `deploy orders 1.15.0`.
    pub text: String,
    /// Component of the record, may be empty.
    pub component: String,
    /// Its source.
    pub source: SourceId,
    /// The record that tells of it.
    pub record: RecordId,
}
