//! What a remote is to the worker.

use crate::Item;
use aiobs_types::Timestamp;
use std::future::Future;
use std::time::Duration;

/// A backend elsewhere.
pub trait Remote: Send + Sync + 'static {
    /// Name in the configuration and in the outbox, such as `otlp`.
    fn name(&self) -> &'static str;

    /// How many of what waits, from the oldest, go into the next request, and whether that has time.
    fn plan(&self, batch: &[Item], _now: Timestamp) -> Plan {
        Plan { take: batch.len(), wait: Duration::ZERO }
    }

    /// Sends a batch, in order. It is sent again after [`SendError::Later`] and never after anything else, so a
    /// remote that took a part says so in [`Sent`].
    fn send(&self, batch: &[Item]) -> impl Future<Output = Result<Sent, SendError>> + Send;
}

/// What is sent next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// This many items, at least one.
    pub take: usize,
    /// After this time; zero is now. Not waited for at the end.
    pub wait: Duration,
}

/// A batch that was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Items of it that the remote did not want.
    pub rejected: u64,
    /// What the remote said about it.
    pub note: Option<String>,
}

/// A batch that was not taken. The texts never hold a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// May be taken later: no connection, or the remote is busy.
    #[error("{reason}")]
    Later {
        /// What is wrong.
        reason: String,
        /// The remote's own word on when to come again.
        after: Option<Duration>,
    },
    /// Will never be taken; it is dropped and counted.
    #[error("{reason}")]
    Refused {
        /// What is wrong.
        reason: String,
    },
}
