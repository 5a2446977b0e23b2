//! From bytes to lines, and from lines to records that span several of them.
//!
//! The reading thread uses it between a source's blocks and the formats' parsers. It knows neither files nor formats:
//! [`Unwrapper`] sees bytes with offsets (and gives them to [`LineFramer`] unless they are one JSON document),
//! [`BlockJoiner`] the lines of it, [`Assembler`] sees lines with a hint of what a
//! parser made of them.

mod assembler;
mod blocks;
mod grammar;
mod lines;
mod object;
#[cfg(test)]
mod tests;
mod unwrap;

pub use assembler::{Assembler, Join, LineHint, MAX_RECORD_BYTES, MAX_RECORD_LINES, Opening};
pub use blocks::BlockJoiner;
pub use lines::{Line, LineFramer, MAX_LINE};
pub use unwrap::Unwrapper;
