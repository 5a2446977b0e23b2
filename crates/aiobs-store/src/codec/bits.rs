//! Numbers as a class, which compresses well, and the bits that it leaves open, which do not (after the codes of Elias,
//! 1975). Used by the value columns.

/// Below this a number is its own class.
const DIRECT: u64 = 16;
/// Bits of the smallest number that is not.
const FIRST: u32 = 5;

/// Bits one after the other, lowest first.
#[derive(Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    held: u64,
    used: u32,
}

impl BitWriter {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        (self.held, self.used) = (0, 0);
    }

    /// Appends the lowest `n` bits of `v`, which has no others; `n` is at most 64.
    #[inline]
    pub(super) fn put(&mut self, v: u64, n: u32) {
        self.held |= v << self.used;
        let free = 64 - self.used;
        if n < free {
            self.used += n;
            return;
        }
        self.bytes.extend_from_slice(&self.held.to_le_bytes());
        self.held = v.checked_shr(free).unwrap_or(0);
        self.used = n - free;
    }

    /// Everything written; a last byte is filled with zeros.
    pub(super) fn finish(&mut self) -> &[u8] {
        let n = self.used.div_ceil(8) as usize;
        self.bytes.extend_from_slice(&self.held.to_le_bytes()[..n]);
        (self.held, self.used) = (0, 0);
        &self.bytes
    }
}

#[derive(Clone, Copy)]
/// Reads what a [`BitWriter`] wrote; behind the end it reads zeros.
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> BitReader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next `n` bits, at most 64.
    #[inline]
    pub(super) fn take(&mut self, n: u32) -> u64 {
        if n > 56 {
            let low = self.take(32);
            return low | self.take(n - 32) << 32;
        }
        let word = match self.bytes.get(self.at / 8..).and_then(|b| b.first_chunk::<8>()) {
            Some(word) => u64::from_le_bytes(*word),
            None => self.last_word(),
        };
        let v = word >> (self.at % 8) & ((1 << n) - 1);
        self.at += n as usize;
        v
    }

    /// Leaves `n` bits out.
    pub(super) const fn skip(&mut self, n: usize) {
        self.at = self.at.saturating_add(n);
    }

    #[cold]
    fn last_word(&self) -> u64 {
        let rest = self.bytes.get(self.at / 8..).unwrap_or(&[]);
        let mut word = [0; 8];
        word[..rest.len().min(8)].copy_from_slice(&rest[..rest.len().min(8)]);
        u64::from_le_bytes(word)
    }
}

/// Class of a number.
#[inline]
pub(super) fn put_number(v: u64, classes: &mut Vec<u8>, bits: &mut BitWriter) {
    if v < DIRECT {
        classes.push(v as u8);
        return;
    }
    let n = 64 - v.leading_zeros();
    let open = n - 2;
    classes.push((DIRECT as u32 + (n - FIRST) * 2) as u8 + (v >> open & 1) as u8);
    bits.put(v & ((1 << open) - 1), open);
}

/// The number of this class; `None` for a class that is never written.
#[inline]
pub(super) fn take_number(class: u8, bits: &mut BitReader<'_>) -> Option<u64> {
    let class = u64::from(class);
    if class < DIRECT {
        return Some(class);
    }
    let open = ((class - DIRECT) / 2) as u32 + FIRST - 2;
    if open > 62 {
        return None;
    }
    Some((2 | (class & 1)) << open | bits.take(open))
}

/// Bits that [`put_number`] needs, about: for choosing between forms.
#[inline]
pub(super) const fn cost(v: u64) -> u32 {
    64 - v.leading_zeros()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failing test should panic")]
    use super::{BitReader, BitWriter, put_number, take_number};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_come_back(numbers in proptest::collection::vec((any::<u64>(), 0..64_u32), 0..200)) {
            let numbers: Vec<u64> = numbers.iter().map(|(v, shift)| v >> shift).collect();
            let (mut classes, mut bits) = (Vec::new(), BitWriter::default());
            for &v in &numbers {
                put_number(v, &mut classes, &mut bits);
            }
            let bytes = bits.finish().to_vec();
            let mut reader = BitReader::new(&bytes);
            let back: Vec<u64> = classes.iter().map(|&c| take_number(c, &mut reader).unwrap()).collect();
            prop_assert_eq!(back, numbers);
        }
    }

    #[test]
    fn what_was_never_written_is_refused_or_zero() {
        assert!((0..=255).filter(|&c| take_number(c, &mut BitReader::new(&[])).is_none()).count() == 255 - 135);
    }
}
