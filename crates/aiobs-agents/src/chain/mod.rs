//! The chain: four stages from evidence to report. `machine` decides, `runner` does, `service` queues.

mod actor;
mod assemble;
mod check;
mod halted;
mod judge;
mod machine;
mod preview;
mod prompting;
mod queue;
mod remember;
mod replies;
mod runner;
mod service;

pub use machine::Deadlines;
pub use preview::Preview;
pub use queue::Chosen;
#[cfg(feature = "fuzzing")]
pub(crate) use replies::texts as read_reply;
pub use service::{ChainDeps, ChainOptions, ChainService, ChainStatus, StageStatus};
