//! The Incidents pane: the list of faults, and for the selected one its cause with the lines it rests on, the fix,
//! the evidence and the history. Wide screens show both side by side, narrow ones take turns.

mod around;
mod calls;
mod chooser;
mod compare;
mod detail;
mod filtering;
mod list;
mod mouse;
mod prose;
mod share;
mod stages;
mod state;
#[cfg(test)]
mod tests;
mod verdict;
mod view;

pub use state::State;
