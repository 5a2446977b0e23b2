//! What is written down of each call that leaves this machine: where to, how much, what was hidden, how it ended; never
//! what was said. Made by [`crate::Guarded`], kept by whoever gives it an [`Auditor`].

pub use aiobs_types::{CallEnd, RemoteCall};

/// Keeps the rows. Calls come from the runtime's threads and must not block.
pub trait Auditor: Send + Sync {
    /// A call is about to be sent.
    fn sent(&self, call: &RemoteCall);
    /// The call with this number ended.
    fn ended(&self, id: u64, end: &CallEnd);
}
