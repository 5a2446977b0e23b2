//! The chain: four stages from evidence to report. `machine` decides, `runner` does, `service` queues.

mod machine;
mod replies;

pub use machine::Deadlines;
