//! Bytes just read, in the buffer they were read into. Who is handed them may look at them, or take the buffer itself and
//! leave another one: for large blocks that costs less than a copy. Used by the sources; it does not know what is in it.

use super::BLOCK;
use std::ops::Deref;

/// See the module.
#[derive(Debug, PartialEq)]
pub struct Block<'a> {
    buffer: &'a mut Vec<u8>,
    len: usize,
}

impl<'a> Block<'a> {
    /// The first `len` bytes of a buffer.
    pub(super) const fn new(buffer: &'a mut Vec<u8>, len: usize) -> Self {
        Self { buffer, len }
    }

    /// The bytes, with `spare` put in their place or used for a copy, whichever is quicker.
    pub fn take(self, mut spare: Vec<u8>) -> Vec<u8> {
        if self.len < BLOCK / 2 || self.buffer.len() != BLOCK {
            spare.clear();
            spare.extend_from_slice(&self);
            return spare;
        }
        spare.resize(BLOCK, 0);
        let mut taken = std::mem::replace(self.buffer, spare);
        taken.truncate(self.len);
        taken
    }
}

impl Deref for Block<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.buffer[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_blocks_are_handed_over_and_small_ones_copied() {
        for (len, swapped) in [(0, false), (3, false), (BLOCK / 2, true), (BLOCK, true)] {
            let mut buffer: Vec<u8> = (0..BLOCK).map(|i| i as u8).collect();
            let (whole, place) = (buffer.clone(), buffer.as_ptr());
            let taken = Block::new(&mut buffer, len).take(vec![1, 2, 3]);
            assert_eq!(taken, &whole[..len]);
            assert_eq!(taken.as_ptr() == place, swapped, "{len}");
            assert_eq!(buffer.len(), BLOCK, "the next read finds all of its room");
        }
    }

    #[test]
    fn a_buffer_of_another_size_stays_where_it_is() {
        let mut buffer = vec![7; BLOCK + 1];
        assert_eq!(Block::new(&mut buffer, BLOCK).take(Vec::new()), vec![7; BLOCK]);
        assert_eq!(buffer.len(), BLOCK + 1);
    }
}
