//! The SQL pane: a statement over the archive, its result as a table or a chart, and ways to take it along.

mod chart;
mod empty;
mod export;
mod state;
mod table;
#[cfg(test)]
mod tests;
mod view;

pub use state::State;
