//! The Chat pane: questions about the logs and answers that cite the lines they rest on, an editor below, and over it
//! what the question is about.

mod asking;
mod blocks;
mod choose;
mod command;
mod complete;
mod conversation;
mod examples;
mod export;
mod flow;
mod reading;
mod scope;
mod section;
mod state;
mod summary;
mod talks;
#[cfg(test)]
mod tests;
mod view;

pub use state::State;
