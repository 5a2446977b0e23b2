//! What the text of a chunk is taken apart into. Like stands with like, so that it compresses well. Used by the text
//! codec's parts.

use super::bits::{BitReader, BitWriter};
use crate::bytes::Bytes;

/// The streams while they are written.
#[derive(Default)]
pub(super) struct Streams {
    /// Constant text of the shapes.
    pub(super) constants: Vec<u8>,
    /// Whole texts of records that have no shape.
    pub(super) whole: Vec<u8>,
    /// Values, or parts of them, that are stored as they are.
    pub(super) words: Vec<u8>,
    /// Lengths of pieces, and how each column is stored.
    pub(super) forms: Vec<u8>,
    /// Classes of numbers.
    pub(super) classes: Vec<u8>,
    /// Bits that nothing can be said of beforehand.
    pub(super) bits: BitWriter,
}

impl Streams {
    pub(super) fn clear(&mut self) {
        for stream in [&mut self.constants, &mut self.whole, &mut self.words, &mut self.forms, &mut self.classes] {
            stream.clear();
        }
        self.bits.clear();
    }
}

/// The streams while they are read.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) constants: Bytes<'a>,
    pub(super) whole: Bytes<'a>,
    pub(super) words: Bytes<'a>,
    pub(super) forms: Bytes<'a>,
    pub(super) classes: Bytes<'a>,
    pub(super) bits: BitReader<'a>,
}
