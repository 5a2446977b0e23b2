//! The last time that was read: the next line's is mostly the same but for its fraction of a second, and then costs a
//! comparison. Used when lines are read by recipe.

use aiobs_types::Timestamp;
use std::ops::Range;

/// Longer texts are not kept, bytes.
const MAX_BYTES: usize = 40;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Lately {
    format: usize,
    text: Vec<u8>,
    /// Where the fraction's digits stand in the text; empty when there is none.
    fraction: Range<usize>,
    /// Of the text without its fraction.
    time: i64,
}

impl Lately {
    /// The time that a text of a format tells, if it differs from the last in its fraction only.
    #[inline]
    pub(super) fn get(&self, format: usize, text: &[u8]) -> Option<Timestamp> {
        let Range { start, end } = self.fraction;
        let same = format == self.format
            && text.len() == self.text.len()
            && !text.is_empty()
            && text[..start] == self.text[..start]
            && text[end..] == self.text[end..];
        let nanos = if same { nanos(&text[start..end])? } else { return None };
        Some(Timestamp(self.time + nanos))
    }

    /// Keeps what was read in full.
    pub(super) fn put(&mut self, format: usize, text: &[u8], time: Timestamp) {
        self.text.clear();
        if text.len() > MAX_BYTES {
            return;
        }
        let fraction = fraction(text);
        // A fraction that the reader did not take for one is none.
        let Some(nanos) = nanos(&text[fraction.clone()]).filter(|n| time.0.rem_euclid(1_000_000_000) == *n) else {
            return;
        };
        self.format = format;
        self.text.extend_from_slice(text);
        self.fraction = fraction;
        self.time = time.0 - nanos;
    }
}

/// Digits behind a dot or comma behind two digits and a colon: `:15.123`.
fn fraction(text: &[u8]) -> Range<usize> {
    let point = text
        .windows(4)
        .position(|w| w[0] == b':' && w[1].is_ascii_digit() && w[2].is_ascii_digit() && matches!(w[3], b'.' | b','));
    let Some(start) = point.map(|p| p + 4) else { return 0..0 };
    start..start + text[start..].iter().take_while(|b| b.is_ascii_digit()).count()
}

/// Nanoseconds of a fraction; `None` when it has other characters or more than nine digits.
#[inline]
fn nanos(digits: &[u8]) -> Option<i64> {
    if digits.len() > 9 {
        return None;
    }
    let mut n = 0;
    for b in digits {
        n = n * 10 + i64::from(if b.is_ascii_digit() { b - b'0' } else { return None });
    }
    Some(n * 10_i64.pow(9 - digits.len() as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_fraction_may_differ() {
        let mut lately = Lately::default();
        assert_eq!(lately.get(0, b""), None);
        lately.put(3, b"2025-01-07T14:30:15.123Z", Timestamp(7_123_000_000));
        assert_eq!(lately.get(3, b"2025-01-07T14:30:15.900Z"), Some(Timestamp(7_900_000_000)));
        for other in ["2025-01-07T14:30:16.900Z", "2025-01-07T14:30:15.9Z", "2025-01-07T14:30:15.9x0Z", ""] {
            assert_eq!(lately.get(3, other.as_bytes()), None, "{other}");
        }
        assert_eq!(lately.get(4, b"2025-01-07T14:30:15.900Z"), None);
        lately.put(3, b"Jan  7 14:30:15", Timestamp(9_000_000_000));
        assert_eq!(lately.get(3, b"Jan  7 14:30:15"), Some(Timestamp(9_000_000_000)));
        assert_eq!(lately.get(3, b"Jan  7 14:30:16"), None);
    }
}
