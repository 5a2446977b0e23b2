//! The Charts pane: records by severity, drift of the template mix, and what our own model calls take. Several share
//! the pane, one can fill it; a cursor reads values.

mod heat;
mod heatview;
mod kind;
mod state;
#[cfg(test)]
mod tests;
mod view;

pub use state::State;
