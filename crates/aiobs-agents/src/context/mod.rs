//! Evidence: gathering it, bounding it, and making it harmless. Used by the chain and the chat.

mod evidence;
pub(crate) mod fence;
mod gather;
pub(crate) mod render;

pub use evidence::{Evidence, Exhibit, Lookup, PatternChange, Why};
pub use gather::{Budget, gather};
