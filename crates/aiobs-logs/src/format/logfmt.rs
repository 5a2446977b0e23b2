//! Lines of `key=value` pairs. Used for logfmt formats and to find pairs inside messages.

use super::found::Levels;
use super::keys::{KeyTable, Pairs, Value};
use std::ops::Range;

/// Reads a line; `None` when it does not begin with pairs or has none with a meaning.
pub(crate) fn read(line: &[u8], table: &KeyTable, levels: &Levels) -> Option<Pairs> {
    let mut pairs = Pairs::default();
    let mut at = 0;
    let mut count = 0;
    while at < line.len() {
        if matches!(line[at], b' ' | b'\t') {
            at += 1;
            continue;
        }
        match pair(line, at) {
            Some((key, value, end)) => {
                let number = line.get(value.start).is_some_and(u8::is_ascii_digit);
                let value = if number { Value::Number(value) } else { Value::Text(value) };
                // A number with a unit, a date or an address is text to those who ask for text.
                let value = match value {
                    Value::Number(r) if !line[r.clone()].iter().all(u8::is_ascii_digit) => Value::Text(r),
                    other => other,
                };
                pairs.take(line, table, &line[key], &value, levels);
                count += 1;
                at = end;
            }
            None if count < 2 => return None,
            None => at += line[at..].iter().position(|c| *c == b' ').unwrap_or(line.len() - at),
        }
    }
    (count >= 2 && pairs.any() && pairs.complete(table)).then_some(pairs)
}

/// Reads `KEY=value` on each of several lines, as the journal's export has them; `None` when a line is no pair.
pub(crate) fn read_lines(text: &[u8], table: &KeyTable, levels: &Levels) -> Option<Pairs> {
    let mut pairs = Pairs::default();
    for (key, value) in line_pairs(text) {
        let digits = text[value.clone()].iter().all(u8::is_ascii_digit) && !value.is_empty();
        let value = if digits { Value::Number(value) } else { Value::Text(value) };
        pairs.take(text, table, text.get(key?)?, &value, levels);
    }
    (pairs.any() && pairs.complete(table)).then_some(pairs)
}

/// For each line that is not empty its key (`None` if it has none) and its value.
pub(crate) fn line_pairs(text: &[u8]) -> impl Iterator<Item = (Option<Range<usize>>, Range<usize>)> {
    let mut start = 0;
    memchr::memchr_iter(b'\n', text).chain([text.len()]).filter_map(move |end| {
        let line = start..end;
        start = end + 1;
        let length = text[line.clone()].iter().take_while(|c| is_key(**c)).count();
        let equals = line.start + length;
        match text.get(equals) {
            _ if line.is_empty() => None,
            Some(b'=') if length > 0 && equals < end => Some((Some(line.start..equals), equals + 1..end)),
            _ => Some((None, line)),
        }
    })
}

/// A pair that begins at `at`: key, inside of the value, and where it ends.
pub(crate) fn pair(b: &[u8], at: usize) -> Option<(Range<usize>, Range<usize>, usize)> {
    let length = b.get(at..)?.iter().take(65).take_while(|c| is_key(**c)).count();
    let equals = at + length;
    if length == 0 || length > 64 || b.get(equals) != Some(&b'=') || !starts_key(b[at]) {
        return None;
    }
    let key = at..equals;
    let start = equals + 1;
    if b.get(start) == Some(&b'"') {
        let mut end = start + 1;
        while let Some(c) = b.get(end) {
            match c {
                b'\\' => end += 2,
                b'"' => return Some((key, start + 1..end, end + 1)),
                _ => end += 1,
            }
        }
        return Some((key, start + 1..b.len(), b.len()));
    }
    let end = b[start..].iter().position(|c| matches!(c, b' ' | b'\t')).map_or(b.len(), |n| start + n);
    Some((key, start..end, end))
}

const fn starts_key(c: u8) -> bool {
    c.is_ascii_alphabetic() || c == b'_' || c == b'@'
}

const fn is_key(c: u8) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.' | b'@' | b'/')
}
