//! The Chat pane: questions about the logs and answers that cite the lines they rest on, an editor below, and over it
//! what the question is about.

mod blocks;
mod command;
mod conversation;
mod examples;
mod flow;
mod section;
mod state;
#[cfg(test)]
mod tests;
mod view;

pub use state::State;
