//! The shape of a line: its constant text as a hash, and where its values stand. Lines of one shape were written by
//! one statement, so what was found out about the first of them (format, parts, template, whether it tells of a
//! fault) holds for all and need not be found out again. The pipeline remembers it per shape; formats say how to
//! read a line by its shape. It knows neither formats nor templates, only what the miner takes for a value.

use crate::template::Placeholder;
use crate::template::class::{is_date, is_uuid};
use crate::template::scan::{DELIM, KIND, LETTER, MARK, SPACE, Sink, segments};
use crate::template::shape::{mix, mix_bytes};

/// Longer lines have no shape.
const MAX_BYTES: usize = 4096;
/// Lines with more values have none either.
const MAX_VALUES: usize = 64;

/// A value of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value {
    /// First byte.
    pub start: u32,
    /// Byte behind the last.
    pub end: u32,
    /// It holds more than digits and their punctuation.
    pub letters: bool,
}

/// A place in all lines of a shape: so many values before it, and so many bytes behind the last of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    values: u16,
    bytes: u16,
}

/// The shape of one line; made once and used for line after line.
#[derive(Clone, Debug, Default)]
pub struct LineShape {
    hash: u64,
    values: Vec<Value>,
    lead: Lead,
}

/// What most lines of a log begin with, up to the fraction of the second: the same for many lines on end.
#[derive(Clone, Debug, Default)]
struct Lead {
    /// Ends where the fraction's digits begin.
    text: Vec<u8>,
    /// Behind the digits, to the end of the value.
    tail: Vec<u8>,
    /// Of the shape up to there.
    hash: u64,
    values: Vec<Value>,
}

/// Values that may be part of the lead.
const LEADING: usize = 4;
/// Bytes that the lead may have.
const LEAD_BYTES: usize = 64;

impl LineShape {
    /// Reads a line. False when it is too long or has too many values to have a shape.
    pub fn read(&mut self, line: &str) -> bool {
        let line = line.as_bytes();
        self.values.clear();
        self.hash = 0;
        if line.len() > MAX_BYTES {
            return false;
        }
        let (mut told, known) = match self.follow_lead(line) {
            Some(end) => (end, true),
            None => (0, false),
        };
        while let Some(digit) = next_digit(line, told) {
            let mut start = digit;
            while start > told && KIND[line[start - 1] as usize] & (SPACE | DELIM) == 0 {
                start -= 1;
            }
            self.literal(&line[told..start]);
            let (mut seen, mut end) = (0, start);
            while let Some(b) = line.get(end)
                && KIND[*b as usize] & (SPACE | DELIM) == 0
            {
                seen |= KIND[*b as usize];
                end += 1;
            }
            told = end;
            if seen & LETTER == 0 {
                // A full stop or a colon behind a number belongs to the sentence.
                while matches!(line[told - 1], b'.' | b':') {
                    told -= 1;
                }
                self.number(line, start, told);
            } else if line[start] == b'/' {
                self.path(line, start, end);
            } else if is_value(&line[start..end], seen) {
                self.value(start, end);
            } else {
                segments(&line[start..end], &mut Named { shape: self, line });
            }
            if !known && self.values.len() <= LEADING {
                self.note_lead(line, told);
            }
            if self.values.len() > MAX_VALUES {
                return false;
            }
        }
        self.literal(&line[told..]);
        true
    }

    /// Takes over what is known when the line begins as an earlier one did but for the fraction of its second; gives
    /// where to read on.
    #[inline]
    fn follow_lead(&mut self, line: &[u8]) -> Option<usize> {
        let rest = line.strip_prefix(self.lead.text.as_slice()).filter(|_| !self.lead.text.is_empty())?;
        let digits = rest.iter().take(10).take_while(|b| b.is_ascii_digit()).count();
        // Most leads end with the digits. To compare nothing with nothing is slow: some processors stumble over a masked
        // read of an empty slice's made-up address.
        let behind = match self.lead.tail.as_slice() {
            [] => &rest[digits..],
            tail => rest[digits..].strip_prefix(tail)?,
        };
        if digits == 0 || behind.first().is_some_and(|b| KIND[*b as usize] & (SPACE | DELIM) == 0) {
            return None;
        }
        let end = line.len() - behind.len();
        self.hash = self.lead.hash;
        self.values.extend_from_slice(&self.lead.values);
        self.values.last_mut()?.end = end as u32;
        Some(end)
    }

    /// Keeps the beginning of a line up to `told`, if it ends in a time with a fraction: `14:30:15.123`.
    fn note_lead(&mut self, line: &[u8], told: usize) {
        let Some(value) = self.values.last().copied().filter(|v| v.end as usize == told) else { return };
        let (start, end) = (value.start as usize, value.end as usize);
        let text = &line[start..end];
        let Some(point) = memchr::memrchr(b'.', text).filter(|_| end <= LEAD_BYTES) else { return };
        let digits = text[point + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
        let seconds = point >= 3 && text[point - 3] == b':';
        let ends = line.get(end).is_none_or(|b| KIND[*b as usize] & (SPACE | DELIM) != 0);
        if !seconds || !ends || !(1..=9).contains(&digits) {
            return;
        }
        let from = start + point + 1;
        self.lead.text.clear();
        self.lead.text.extend_from_slice(&line[..from]);
        self.lead.tail.clear();
        self.lead.tail.extend_from_slice(&line[from + digits..end]);
        self.lead.hash = self.hash;
        self.lead.values.clone_from(&self.values);
    }

    /// The hash of the constant text and of what the values look like.
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    /// The values, in order.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The place of a byte of this line in all lines of its shape; `None` when it lies within a value.
    pub fn place(&self, at: u32) -> Option<Place> {
        let before = self.values.partition_point(|v| v.start < at);
        let from = before.checked_sub(1).map_or(0, |i| self.values[i].end);
        let bytes = u16::try_from(at.checked_sub(from)?).ok()?;
        Some(Place { values: before as u16, bytes })
    }

    /// Where a place is in this line. A place of another shape may be anywhere.
    #[inline]
    pub fn find(&self, place: Place) -> u32 {
        let from = (place.values as usize).checked_sub(1).and_then(|i| self.values.get(i)).map_or(0, |v| v.end);
        from + u32::from(place.bytes)
    }

    /// Whether any value lies, in part, in this range.
    pub fn varies(&self, start: u32, end: u32) -> bool {
        self.values.iter().any(|v| v.start < end && v.end > start)
    }

    fn literal(&mut self, bytes: &[u8]) {
        self.hash = mix_bytes(self.hash, bytes);
    }

    /// Digits and punctuation: only the punctuation is constant, and whether it begins with a digit.
    fn number(&mut self, line: &[u8], start: usize, end: usize) {
        let mut look = 1 + u64::from(line[start].is_ascii_digit());
        for b in &line[start..end] {
            if !b.is_ascii_digit() {
                look = look.rotate_left(7) ^ u64::from(*b);
            }
        }
        self.hash = mix(self.hash, look);
        self.values.push(Value { start: start as u32, end: end as u32, letters: false });
    }

    /// A value with letters, whatever it is.
    fn value(&mut self, start: usize, end: usize) {
        self.hash = mix(self.hash, 0);
        self.values.push(Value { start: start as u32, end: end as u32, letters: true });
    }

    /// A path is a value to the miner, whatever it holds. Its words are few, so only what looks like an id is one here.
    fn path(&mut self, line: &[u8], start: usize, end: usize) {
        let (mut at, mut told) = (start, start);
        while at < end {
            let (mut digits, mut letters, first) = (0, 0, at);
            while at < end && line[at].is_ascii_alphanumeric() {
                digits += usize::from(line[at].is_ascii_digit());
                letters += usize::from(line[at].is_ascii_alphabetic());
                at += 1;
            }
            // As in names: `v1` and `ssh2` are words.
            let id = digits > 0 && (letters == 0 || digits >= 4 || line[first].is_ascii_digit());
            if id {
                self.literal(&line[told..first]);
                self.hash = mix(self.hash, letters.min(1) as u64);
                self.values.push(Value { start: first as u32, end: at as u32, letters: letters > 0 });
                told = at;
            }
            at += usize::from(at == first);
        }
        self.literal(&line[told..end]);
    }
}

/// Whether the miner takes a piece with letters and digits as one value, told at a glance; it may be one all the same.
fn is_value(piece: &[u8], seen: u8) -> bool {
    if seen & MARK == 0 {
        return piece[0].is_ascii_digit() || piece.iter().filter(|b| b.is_ascii_digit()).count() >= 4;
    }
    piece.get(4) == Some(&b'-') && is_date(piece) || is_uuid(piece)
}

/// Takes in a piece that holds digits and letters.
struct Named<'a> {
    shape: &'a mut LineShape,
    line: &'a [u8],
}

impl Sink for Named<'_> {
    fn text(&mut self, bytes: &[u8]) {
        self.shape.literal(bytes);
    }

    fn mask(&mut self, kind: Placeholder, value: &[u8]) {
        self.shape.hash = mix(self.shape.hash, (kind as u64 + 1) << 56);
        let start = value.as_ptr().addr() - self.line.as_ptr().addr();
        let letters = value.iter().any(u8::is_ascii_alphabetic);
        self.shape.values.push(Value { start: start as u32, end: (start + value.len()) as u32, letters });
    }

    fn end_word(&mut self) {}
}

/// The first digit at or after `at`; eight bytes are looked at together.
#[inline]
fn next_digit(line: &[u8], mut at: usize) -> Option<usize> {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    const ABOVE_NINE: u64 = 0x7676_7676_7676_7676;
    while let Some(eight) = line.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let x = u64::from_le_bytes(*eight) ^ ZEROS;
        // The top bit of a byte stays clear where it is a digit.
        let digits = !(((x & LOW) + ABOVE_NINE) | x) & !LOW;
        if digits != 0 {
            return Some(at + digits.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    line.get(at..)?.iter().position(u8::is_ascii_digit).map(|n| at + n)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails should stop")]
    use super::*;
    use proptest::prelude::*;

    fn shape(line: &str) -> LineShape {
        let mut shape = LineShape::default();
        assert!(shape.read(line));
        shape
    }

    fn values(line: &str) -> Vec<&str> {
        shape(line).values.iter().map(|v| &line[v.start as usize..v.end as usize]).collect()
    }

    #[test]
    fn values_are_what_holds_digits_and_is_no_name() {
        assert_eq!(
            values("2025-01-07 14:30:15.123 [INFO] orders - order 17 placed by c-4711: 3 items, total 12.50 EUR."),
            ["2025-01-07", "14:30:15.123", "17", "c-4711", "3", "12.50"]
        );
        assert_eq!(values("ssh2 from 10.0.0.7:5432, took 15ms."), ["10.0.0.7:5432", "15ms"]);
        assert_eq!(values("nothing here"), Vec::<&str>::new());
        assert_eq!(values("id 550e8400-e29b-41d4-a716-446655440000"), ["550e8400-e29b-41d4-a716-446655440000"]);
    }

    #[test]
    fn lines_of_one_statement_have_one_shape() {
        for (a, b) in [
            ("order 17 placed by customer 5112: 4 items", "order 180000 placed by customer 2: 40 items"),
            ("from 10.0.0.7:80", "from 192.168.100.1:65535"),
            ("{\"ts\":\"2025-01-07T14:30:15.123Z\",\"n\":1}", "{\"ts\":\"2026-11-17T04:30:15.999Z\",\"n\":12}"),
        ] {
            assert_eq!(shape(a).hash(), shape(b).hash(), "{a}");
        }
        for (a, b) in [
            ("connection to db-1 refused", "connection to db-2 refused"),
            ("order 17 placed", "order 17 paid"),
            ("at 12.5", "at 12:5"),
            ("a 1 b", "a 1  b"),
            ("took 5 ms", "took ms 5"),
        ] {
            assert_ne!(shape(a).hash(), shape(b).hash(), "{a} and {b}");
        }
    }

    #[test]
    fn places_are_found_again_in_other_lines_of_the_shape() {
        let (a, b) = ("7 [INFO] pool-3 - took 5 ms", "1234 [INFO] pool-3 - took 55555 ms");
        let (one, other) = (shape(a), shape(b));
        assert_eq!(one.hash(), other.hash());
        for text in ["INFO", "pool-3", "took", "ms"] {
            let at = one.place(a.find(text).unwrap() as u32).unwrap();
            assert!(b[other.find(at) as usize..].starts_with(text), "{text}");
        }
        let end = one.place(a.len() as u32).unwrap();
        assert_eq!(other.find(end) as usize, b.len());
        assert_eq!(other.place(2), None, "the middle of a value is no place");
    }

    #[test]
    fn very_long_lines_and_lines_of_many_values_have_none() {
        assert!(!LineShape::default().read(&"x".repeat(MAX_BYTES + 1)));
        assert!(!LineShape::default().read(&"1 ".repeat(MAX_VALUES + 1)));
    }

    proptest! {
        #[test]
        fn values_lie_in_order_and_on_characters(line in "[a-zé0-9 .:/_@=\\-]{0,80}") {
            let shape = shape(&line);
            let mut last = 0;
            for v in shape.values() {
                prop_assert!(v.start >= last && v.end > v.start);
                prop_assert!(line.get(v.start as usize..v.end as usize).is_some());
                last = v.end;
            }
            for at in 0..=line.len() as u32 {
                if let Some(place) = shape.place(at) {
                    prop_assert_eq!(shape.find(place), at);
                }
            }
        }

        /// A line is read the same whatever was read before it.
        #[test]
        fn what_went_before_changes_nothing(
            lines in proptest::collection::vec("(\\{\"ts\":\")?2025-01-0[78][ T]14:30:1[56](\\.[0-9]{1,4}|,[0-9]{3})?(Z|\\+01:00|x7|:)?( |\")[a-z0-9 .]{0,12}", 1..8)
        ) {
            let mut used = LineShape::default();
            for line in &lines {
                prop_assert!(used.read(line));
                let fresh = shape(line);
                prop_assert_eq!(used.hash(), fresh.hash(), "{}", line);
                prop_assert_eq!(used.values(), fresh.values(), "{}", line);
            }
        }

        #[test]
        fn only_digits_may_differ(line in "[a-z0-9 .:/=\\-]{0,60}") {
            let other: String = line.chars().map(|c| if c.is_ascii_digit() { '7' } else { c }).collect();
            prop_assert!(line.len() == other.len());
            let (a, b) = (shape(&line), shape(&other));
            if a.values().iter().all(|v| !v.letters) && a.hash() == b.hash() {
                prop_assert_eq!(a.values().len(), b.values().len());
            }
        }
    }
}
