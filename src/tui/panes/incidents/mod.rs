//! The Incidents pane.

mod state;
mod view;

pub use state::State;
