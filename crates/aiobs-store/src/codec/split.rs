//! Tells the values in a record's text from the constant text around them. Used by the shapes; it knows nothing of
//! chunks.
//!
//! A value is a run of value bytes that holds a digit, as long as it goes ("variables" in CLP: Rodrigues et al., OSDI
//! 2021). Digits are looked for eight bytes at a time; constant text is not looked at byte by byte.

use crate::bytes::word;

/// Where a value lies in a text, bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) len: u32,
}

impl Span {
    #[inline]
    pub(super) fn of(self, text: &[u8]) -> &[u8] {
        text.get(self.start as usize..self.start as usize + self.len as usize).unwrap_or(&[])
    }
}

/// Whether a value may hold this byte: letters, digits, `-`, `_`, `.`, `:` (and DEL, for the sake of [`not_values`]).
#[inline]
pub(super) const fn is_value(b: u8) -> bool {
    VALUE[b as usize]
}

const VALUE: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0_u8;
    while b < 128 {
        table[b as usize] = b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':' | 0x7F);
        b += 1;
    }
    table
};

const K0: u64 = 0x9e37_79b9_7f4a_7c15;
const K1: u64 = 0xd1b5_4a32_d192_ed03;
const EVERY: u64 = 0x0101_0101_0101_0101;
const TOP: u64 = EVERY * 0x80;

/// The top bit of each of eight bytes that [`is_value`] denies.
#[inline]
const fn not_values(word: u64) -> u64 {
    // The top bit of `low + (0x80 - b)` tells whether a byte without its own top bit is at least `b`.
    const fn from(low: u64, b: u64) -> u64 {
        low + EVERY * (0x80 - b)
    }
    let low = word & !TOP;
    let folded = low | (EVERY * 0x20);
    let marks = from(low, 0x2D) & !from(low, 0x3B) & !(from(low, 0x2F) & !from(low, 0x30));
    let letters = from(folded, 0x61) & !(from(folded, 0x7B) & !from(folded, 0x7F));
    (!(marks | letters) | word) & TOP
}

/// Multiplies to 128 bits and folds, in the manner of wyhash (Wang Yi, 2019).
#[inline]
const fn mix(a: u64, b: u64) -> u64 {
    let product = (a ^ K0) as u128 * (b ^ K1) as u128;
    (product as u64) ^ (product >> 64) as u64
}

#[inline]
fn mix_bytes(mut h: u64, text: &[u8], mut from: usize, to: usize) -> u64 {
    let len = to - from;
    while from + 8 < to {
        h = mix(h, word(text, from, 8));
        from += 8;
    }
    mix(h ^ len as u64, word(text, from, to - from))
}

/// Index of the first digit at or after `from`.
#[inline]
fn next_digit(text: &[u8], from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    let (words, tail) = rest.as_chunks::<8>();
    for (i, word) in words.iter().enumerate() {
        let x = u64::from_le_bytes(*word) ^ (EVERY * 0x30);
        let t = ((x & (EVERY * 0x7F)) + EVERY * 0x76) | x;
        let digits = !t & (EVERY * 0x80);
        if digits != 0 {
            return Some(from + i * 8 + digits.trailing_zeros() as usize / 8);
        }
    }
    let at = tail.iter().position(u8::is_ascii_digit)?;
    Some(from + words.len() * 8 + at)
}

/// End of the run of value bytes that begins at `from`, at most `end`. What lies behind is not part of it, but being
/// there makes reading quicker.
#[inline]
pub(super) fn value_end(text: &[u8], mut from: usize, end: usize) -> usize {
    while let Some(word) = text.get(from..).and_then(|t| t.first_chunk::<8>()) {
        let others = not_values(u64::from_le_bytes(*word));
        if others != 0 || from + 8 >= end {
            return (from + others.trailing_zeros() as usize / 8).min(end);
        }
        from += 8;
    }
    text[from..end].iter().position(|&b| !is_value(b)).map_or(end, |n| from + n)
}

/// Hash of no text.
pub(super) const START: u64 = K1;

/// Appends the values of `text[from..end]`, and for each the hash of the constant text up to it, which goes on from
/// `hash`. Returns the hash of all.
pub(super) fn split(
    text: &[u8],
    mut from: usize,
    end: usize,
    mut hash: u64,
    spans: &mut Vec<Span>,
    hashes: &mut Vec<u64>,
) -> u64 {
    let record = &text[..end];
    while let Some(digit) = next_digit(record, from) {
        let before = text[from..digit].iter().rev().take_while(|&&b| is_value(b)).count();
        let begin = digit - before;
        let stop = value_end(text, digit + 1, end);
        hash = mix_bytes(hash, text, from, begin);
        hashes.push(hash);
        spans.push(Span { start: begin as u32, len: (stop - begin) as u32 });
        from = stop;
    }
    mix_bytes(hash, text, from, end)
}

#[cfg(test)]
mod tests {
    use super::{START, Span, split};
    use proptest::prelude::*;

    fn values(text: &str) -> Vec<String> {
        let mut spans = Vec::new();
        split(text.as_bytes(), 0, text.len(), START, &mut spans, &mut Vec::new());
        spans.iter().map(|s: &Span| String::from_utf8_lossy(s.of(text.as_bytes())).into_owned()).collect()
    }

    #[test]
    fn values_are_the_words_with_digits() {
        let text = "2025-01-07 14:30:15.123 [INFO] db - took 12 ms (id=ab-7f, größe9) done";
        assert_eq!(values(text), ["2025-01-07", "14:30:15.123", "12", "ab-7f", "e9"]);
        assert!(values("no digit in here, not one, and more than eight bytes").is_empty());
        assert_eq!(values("7"), ["7"]);
        assert_eq!(values("x7"), ["x7"]);
    }

    #[test]
    fn eight_bytes_at_once_are_told_as_one() {
        for b in 0..=255_u8 {
            for other in [b'a', b' ', 0xFF, 0] {
                let word = [other, other, b, other, b, other, other, other];
                let each = |i: usize| u64::from(!super::is_value(word[i])) << (i * 8 + 7);
                let want = (0..8).map(each).sum::<u64>();
                assert_eq!(super::not_values(u64::from_le_bytes(word)), want, "{word:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn every_digit_is_in_a_value_and_values_are_whole(text in any::<String>()) {
            let mut spans = Vec::new();
            split(text.as_bytes(), 0, text.len(), START, &mut spans, &mut Vec::new());
            let bytes = text.as_bytes();
            let mut inside = vec![false; bytes.len()];
            for s in &spans {
                let (a, b) = (s.start as usize, (s.start + s.len) as usize);
                prop_assert!(bytes[a..b].iter().any(u8::is_ascii_digit) && bytes[a..b].iter().all(|&b| super::is_value(b)));
                prop_assert!(a == 0 || !super::is_value(bytes[a - 1]));
                prop_assert!(b == bytes.len() || !super::is_value(bytes[b]));
                inside[a..b].fill(true);
            }
            prop_assert!(bytes.iter().zip(inside).all(|(b, i)| i || !b.is_ascii_digit()));
        }
    }
}
