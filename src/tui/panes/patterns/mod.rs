//! The Patterns pane: the kinds of lines there are, with how often each comes, since when and how that changes; and for
//! the selected one what its last lines hold. Wide screens show both side by side, narrow ones take turns.

mod detail;
mod list;
mod mark;
mod mouse;
mod order;
mod state;
#[cfg(test)]
mod tests;
mod view;

pub use state::State;
