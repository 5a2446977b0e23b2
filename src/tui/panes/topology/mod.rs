//! The Topology pane: the agent chain as a graph of who called whom, the recent runs, and the chosen run as a tree
//! with times and tokens.

mod graph;
mod run;
mod state;
#[cfg(test)]
mod tests;
mod view;

pub use state::State;
