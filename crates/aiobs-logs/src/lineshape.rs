//! The shape of a line: its constant text as a hash, and where its values stand. Lines of one shape were written by
//! one statement, so what was found out about the first of them (format, parts, template, whether it tells of a
//! fault) holds for all and need not be found out again. The pipeline remembers it per shape; formats say how to
//! read a line by its shape. It knows neither formats nor templates, only what the miner takes for a value.

mod lead;

use self::lead::{LEADING, Lead};
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

impl LineShape {
    /// Reads a line. False when it is too long or has too many values to have a shape.
    pub fn read(&mut self, line: &str) -> bool {
        let line = line.as_bytes();
        self.values.clear();
        self.hash = 0;
        if line.len() > MAX_BYTES {
            return false;
        }
        let known = self.lead.follow(line, &mut self.values);
        let mut told = 0;
        if let Some((end, hash)) = known {
            (told, self.hash) = (end, hash);
        }
        while let Some(digit) = next_digit(line, told) {
            let start = start_of(line, digit, told);
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
                told = number_end(line, end);
                self.number(line, start, told);
            } else if line[start] == b'/' {
                self.path(line, start, end);
            } else if is_value(&line[start..end], seen) {
                self.value(start, end);
            } else {
                segments(&line[start..end], &mut Named { shape: self, line });
            }
            if known.is_none() && self.values.len() <= LEADING {
                self.lead.note(line, told, self.hash, &self.values);
            }
            if self.values.len() > MAX_VALUES {
                return false;
            }
        }
        self.literal(&line[told..]);
        true
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
        self.hash = mix(self.hash, looks(&line[start..end]));
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
            if let Some((behind, letters)) = part(line, at, end) {
                self.literal(&line[told..at]);
                self.hash = mix(self.hash, u64::from(letters));
                self.values.push(Value { start: at as u32, end: behind as u32, letters });
                (at, told) = (behind, behind);
            } else {
                let word = line[at..end].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
                at += word.max(1);
            }
        }
        self.literal(&line[told..end]);
    }
}

/// Where the piece begins that holds `digit`, at or behind `from`.
fn start_of(line: &[u8], digit: usize, from: usize) -> usize {
    let mut start = digit;
    while start > from && KIND[line[start - 1] as usize] & (SPACE | DELIM) == 0 {
        start -= 1;
    }
    start
}

/// The end of a number in a piece that ends at `end`: a full stop or a colon behind it belongs to the sentence.
fn number_end(line: &[u8], mut end: usize) -> usize {
    while matches!(line[end - 1], b'.' | b':') {
        end -= 1;
    }
    end
}

/// What a number looks like whatever its digits are.
fn looks(number: &[u8]) -> u64 {
    let mut look = 1 + u64::from(number[0].is_ascii_digit());
    for b in number.iter().filter(|b| !b.is_ascii_digit()) {
        look = look.rotate_left(7) ^ u64::from(*b);
    }
    look
}

/// The part of a path that begins at `at`, if it looks like an id: its end, and whether it has letters.
fn part(line: &[u8], at: usize, end: usize) -> Option<(usize, bool)> {
    let (mut behind, mut digits) = (at, 0);
    while behind < end && line[behind].is_ascii_alphanumeric() {
        digits += usize::from(line[behind].is_ascii_digit());
        behind += 1;
    }
    let letters = behind - at - digits;
    // As in names: `v1` and `ssh2` are words.
    (digits > 0 && (letters == 0 || digits >= 4 || line[at].is_ascii_digit())).then_some((behind, letters > 0))
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

    const VALUES: &str = "[0-9]{1,10}|[0-9]{1,3}\\.[0-9]{1,2}|[0-9a-f]{8}|[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|\
        ch_[0-9a-f]{6}|10\\.0\\.[0-9]{1,3}\\.7(:[0-9]{2,5})?|db-[0-9]|db|[a-z]{1,4}|/[a-z]/[0-9]{1,4}/[a-z]?|v[0-9]|[0-9]{1,3}(ms|s|%)?|-|\\.|\\.{3}|[-+]?[0-9]?\\.?:?|é[0-9]?|";

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

        /// The same for lines of few statements with all kinds of values.
        #[test]
        fn what_lines_went_on_with_changes_nothing(
            lines in proptest::collection::vec((0..7_usize, proptest::collection::vec(VALUES, 3)), 1..20)
        ) {
            let mut used = LineShape::default();
            for (statement, v) in &lines {
                let line = match statement {
                    0 => format!("2025-01-07 14:30:15.{} [INFO] a - took {} of {}", v[0], v[1], v[2]),
                    1 => format!("2025-01-07 14:30:15,123 INFO a - GET /api/{}/x/{} {}", v[0], v[1], v[2]),
                    2 => format!("2025-01-07 14:30:15 {} to {}: {}.", v[0], v[1], v[2]),
                    3 => format!("{{\"ts\":\"2025-01-07T14:30:15.123Z\",\"a\":\"{}\",\"b\":{},\"c\":\"{}\"}}", v[0], v[1], v[2]),
                    4 => format!("Jan  7 14:30:15 web-1 app[{}]: {} {}", v[0], v[1], v[2]),
                    5 => format!("2025-01-07 14:30:15.123 [INFO] a - took {}{} {}", v[0], v[1], v[2]),
                    _ => format!("2025-01-07T14:30:15Z {}/{}/{}", v[0], v[1], v[2]),
                };
                prop_assert!(used.read(&line));
                let fresh = shape(&line);
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
