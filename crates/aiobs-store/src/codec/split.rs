//! Tells the values in a record's text from the constant text around them. Used by the shapes; it knows nothing of
//! chunks.
//!
//! A value is a run of value bytes that holds a digit, as long as it goes ("variables" in CLP: Rodrigues et al., OSDI
//! 2021). Digits are looked for eight bytes at a time; constant text is not looked at byte by byte.

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

/// Which bytes a value may consist of.
const VALUE: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0_u8;
    while b < 128 {
        table[b as usize] = b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':' | b'+');
        b += 1;
    }
    table
};

#[inline]
pub(super) const fn is_value(b: u8) -> bool {
    VALUE[b as usize]
}

const K0: u64 = 0x9e37_79b9_7f4a_7c15;
const K1: u64 = 0xd1b5_4a32_d192_ed03;
const EVERY: u64 = 0x0101_0101_0101_0101;

/// Multiplies to 128 bits and folds, in the manner of wyhash (Wang Yi, 2019).
#[inline]
const fn mix(a: u64, b: u64) -> u64 {
    let product = (a ^ K0) as u128 * (b ^ K1) as u128;
    (product as u64) ^ (product >> 64) as u64
}

#[inline]
fn mix_bytes(mut h: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        h = mix(h, u64::from_le_bytes(*word));
    }
    let mut last = bytes.len() as u64;
    for b in rest {
        last = last << 8 | u64::from(*b);
    }
    mix(h, last)
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

/// End of the run of value bytes that begins at `from`.
#[inline]
pub(super) fn value_end(text: &[u8], from: usize) -> usize {
    text[from..].iter().position(|&b| !is_value(b)).map_or(text.len(), |n| from + n)
}

/// Appends the values of `text[start..end]` and returns a hash of the constant text and the places of the values.
pub(super) fn split(text: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) -> u64 {
    let text = &text[..end];
    let (mut hash, mut from) = (K1, start);
    while let Some(digit) = next_digit(text, from) {
        let before = text[from..digit].iter().rev().take_while(|&&b| is_value(b)).count();
        let begin = digit - before;
        let stop = value_end(text, digit + 1);
        hash = mix_bytes(hash, &text[from..begin]);
        spans.push(Span { start: begin as u32, len: (stop - begin) as u32 });
        from = stop;
    }
    mix_bytes(hash, &text[from..])
}

#[cfg(test)]
mod tests {
    use super::{Span, split};
    use proptest::prelude::*;

    fn values(text: &str) -> Vec<String> {
        let mut spans = Vec::new();
        split(text.as_bytes(), 0, text.len(), &mut spans);
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

    proptest! {
        #[test]
        fn every_digit_is_in_a_value_and_values_are_whole(text in any::<String>()) {
            let mut spans = Vec::new();
            split(text.as_bytes(), 0, text.len(), &mut spans);
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
