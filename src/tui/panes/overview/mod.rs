//! The Overview pane.

mod state;
mod view;

pub use state::State;
