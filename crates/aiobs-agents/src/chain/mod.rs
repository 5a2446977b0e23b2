//! The chain: four stages from evidence to report. `machine` decides, `runner` does, `service` queues.

mod assemble;
mod machine;
mod prompting;
mod replies;

pub use machine::Deadlines;
pub use prompting::prompt_preview;
