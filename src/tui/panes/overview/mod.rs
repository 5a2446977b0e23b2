//! The Overview pane: what is wrong, since when and where, at a glance. Everything it shows is in the snapshot.

mod names;
mod preview;
mod rates;
mod state;
mod tables;
mod view;

pub use state::State;
