//! Evidence: gathering it, bounding it, and making it harmless. Used by the chain and the chat.

mod changes;
mod choose;
mod evidence;
pub(crate) mod fence;
mod gather;
pub(crate) mod readable;
pub(crate) mod render;
mod render_more;
pub(crate) mod sources;
pub(crate) mod suspect;
pub(crate) mod values;

pub(crate) use changes::{apart, change_before, trigger};
pub use choose::Budget;
pub use evidence::{Evidence, Exhibit, Folded, Lookup, PatternChange, Values, Why};
pub use gather::gather;
