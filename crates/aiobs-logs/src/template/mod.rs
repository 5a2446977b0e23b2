//! Template mining: which statement of a program wrote a message, and where its variable parts are.
//!
//! The pipeline calls [`Miner::observe`] for every record; the store keeps what [`Miner::take_changed`] returns and
//! gives it back through [`Miner::restore`]. Nothing here knows formats, sources or detectors, and one setting
//! serves all systems.
//!
//! How it works: a message is cut into words, words into pieces; a piece that is plainly a value (a number, an
//! address, a path, ...) becomes a typed placeholder. What remains is the skeleton. A skeleton met before costs one
//! hash lookup. A new one is compared with the templates of the same number of words that differ from it in one
//! word (found by leave-one-out hashes) or only in words with digits; enough variants of one word make it a variable.

pub(crate) mod class;
mod grow;
mod index;
mod miner;
pub(crate) mod scan;
pub(crate) mod shape;
mod slots;
mod values;

pub use class::Placeholder;
pub use miner::{Mined, Miner, MinerOptions, Statement};
pub use slots::{Slot, Slots};
pub use values::placeholder_values;
pub(crate) use values::{constant_words, each_value};

#[cfg(test)]
mod tests;
