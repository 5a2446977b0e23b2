//! What most lines of a log begin with, up to the last digits of their time: the same for many lines on end, and read but
//! once. Used by [`super::LineShape`].

use super::Value;
use crate::template::class::is_date;
use crate::template::scan::{DELIM, KIND, SPACE};

/// Values that may be part of the lead.
pub(super) const LEADING: usize = 4;
/// Bytes that the lead may have.
const BYTES: usize = 64;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Lead {
    /// Ends where the last digits of the time begin: its fraction, or its seconds.
    text: Vec<u8>,
    /// Behind the digits, to the end of the value.
    tail: Vec<u8>,
    /// Of the shape up to there.
    hash: u64,
    values: Vec<Value>,
}

impl Lead {
    /// Takes over what is known when the line begins as an earlier one did but for the last digits of its time; gives where
    /// to read on, and the hash up to there.
    #[inline]
    pub(super) fn follow(&self, line: &[u8], values: &mut Vec<Value>) -> Option<(usize, u64)> {
        let rest = line.strip_prefix(self.text.as_slice()).filter(|_| !self.text.is_empty())?;
        let digits = rest.iter().take(10).take_while(|b| b.is_ascii_digit()).count();
        // Most leads end with the digits. To compare nothing with nothing is slow: some processors stumble over a masked
        // read of an empty slice's made-up address.
        let behind = match self.tail.as_slice() {
            [] => &rest[digits..],
            tail => rest[digits..].strip_prefix(tail)?,
        };
        if digits == 0 || behind.first().is_some_and(|b| KIND[*b as usize] & (SPACE | DELIM) == 0) {
            return None;
        }
        let end = line.len() - behind.len();
        values.extend_from_slice(&self.values);
        values.last_mut()?.end = end as u32;
        Some((end, self.hash))
    }

    /// Keeps the beginning of a line up to `told`, the end of the last of its `values`, if that is a time of day or its
    /// fraction: `14:30:15`, `14:30:15.123` or what follows `14:30:15,`. `hash` is of the shape up to there.
    pub(super) fn note(&mut self, line: &[u8], told: usize, hash: u64, values: &[Value]) {
        let Some((value, before)) = values.split_last().filter(|(v, _)| v.end as usize == told) else { return };
        let (start, end) = (value.start as usize, value.end as usize);
        let text = &line[start..end];
        let point = memchr::memrchr2(b'.', b':', text).map(|point| (point, text[point] == b'.'));
        let from = match point {
            Some((point, true)) if point >= 3 && text[point - 3] == b':' => start + point + 1,
            Some((point, false)) if point >= 3 && text[point - 3] == b':' && (!value.letters || is_date(text)) => {
                start + point + 1
            }
            None if is_fraction(line, start, before) => start,
            _ => return,
        };
        let digits = line[from..end].iter().take_while(|b| b.is_ascii_digit()).count();
        let ends = line.get(end).is_none_or(|b| KIND[*b as usize] & (SPACE | DELIM) != 0);
        if end > BYTES || !ends || !(1..=9).contains(&digits) {
            return;
        }
        self.text.clear();
        self.text.extend_from_slice(&line[..from]);
        self.tail.clear();
        self.tail.extend_from_slice(&line[from + digits..end]);
        self.hash = hash;
        self.values.clear();
        self.values.extend_from_slice(values);
    }
}

/// Whether the value at `start` stands behind a time of day and a comma.
fn is_fraction(line: &[u8], start: usize, before: &[Value]) -> bool {
    let Some(time) = before.last() else { return false };
    let text = &line[time.start as usize..time.end as usize];
    line[time.end as usize..start] == *b","
        && text.len() >= 6
        && text[text.len() - 3] == b':'
        && text[text.len() - 6] == b':'
}
