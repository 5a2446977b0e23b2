//! One JSON object per line: a scanner over the keys of the object that builds nothing and forgives a line that
//! was cut. Used for JSON formats; knows no key names ([`super::keys`] does).

use super::found::Levels;
use super::keys::{KeyTable, Pairs, Value, key_bit};
use std::ops::Range;

/// Objects are looked into this deep.
const DEPTH: u8 = 5;

/// Reads a line; `None` when it is no JSON object with keys of the table.
pub(crate) fn read(line: &[u8], table: &KeyTable, levels: &Levels) -> Option<Pairs> {
    let start = white(line, 0);
    if line.get(start) != Some(&b'{') {
        return None;
    }
    let mut pairs = Pairs::default();
    let whole = object(line, start + 1, table, levels, &mut pairs, 0);
    let whole = whole.is_some_and(|end| white(line, end) == line.len());
    ((whole || pairs.any()) && pairs.complete(table)).then_some(pairs)
}

/// Reads pairs up to the closing brace; gives the place after it, `None` when the line ends or errs before.
fn object(b: &[u8], mut at: usize, table: &KeyTable, levels: &Levels, pairs: &mut Pairs, depth: u8) -> Option<usize> {
    loop {
        at = white(b, at);
        match b.get(at)? {
            b'}' => return Some(at + 1),
            b',' => {
                at += 1;
                continue;
            }
            b'"' => {}
            _ => return None,
        }
        let key = at + 1..string_end(b, at + 1)?;
        at = white(b, key.end + 1);
        if b.get(at) != Some(&b':') {
            return None;
        }
        at = white(b, at + 1);
        let value = match b.get(at)? {
            b'"' => {
                let text = at + 1..string_end(b, at + 1)?;
                at = text.end + 1;
                Value::Text(text)
            }
            open @ (b'{' | b'[') => {
                pairs.saw(table, &b[key.clone()]);
                at = match table.inside(&b[key]) {
                    Some(inner) if depth < DEPTH && *open == b'{' => {
                        object(b, at + 1, inner, levels, pairs, depth + 1)?
                    }
                    Some(inner) if depth < DEPTH => list(b, at + 1, inner, levels, pairs, depth + 1)?,
                    _ => skip(b, at)?,
                };
                continue;
            }
            _ => {
                let word: Range<usize> = at..at
                    + b[at..].iter().position(|c| matches!(c, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r'))?;
                at = word.end;
                if word.is_empty() {
                    return None;
                }
                if b[word.start].is_ascii_digit() { Value::Number(word) } else { Value::Other }
            }
        };
        pairs.take(b, table, &b[key], &value, levels);
    }
}

/// Reads the objects of a list, as in OTLP: the first that says something counts, but of levels the worst.
fn list(b: &[u8], mut at: usize, table: &KeyTable, levels: &Levels, pairs: &mut Pairs, depth: u8) -> Option<usize> {
    loop {
        at = white(b, at);
        match b.get(at)? {
            b']' => return Some(at + 1),
            b',' => at += 1,
            b'{' => {
                let before = pairs.level.take();
                at = object(b, at + 1, table, levels, pairs, depth)?;
                if let Some(before) = before
                    && pairs.level.is_none_or(|after| before.1 >= after.1)
                {
                    pairs.level = Some(before);
                }
            }
            b'[' => at = skip(b, at)?,
            b'"' => at = string_end(b, at + 1)? + 1,
            _ => at += b[at..].iter().position(|c| matches!(c, b',' | b']'))?,
        }
    }
}

/// [`key_bit`]s of every key of a line, at whatever depth.
pub(crate) fn key_bits(line: &[u8]) -> u64 {
    let (mut bits, mut at) = (0, 0);
    while let Some(open) = line.get(at..).and_then(|rest| memchr::memchr(b'"', rest)) {
        let start = at + open + 1;
        let Some(end) = string_end(line, start) else { break };
        at = white(line, end + 1);
        if line.get(at) == Some(&b':') {
            bits |= key_bit(&line[start..end]);
        }
    }
    bits
}

/// Place of the quote that ends a string.
fn string_end(b: &[u8], mut at: usize) -> Option<usize> {
    // Keys and short values end within a few bytes; the vector search pays for the long ones.
    let near = b.len().min(at + 16);
    while at < near {
        match b[at] {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    loop {
        let hit = at + memchr::memchr2(b'"', b'\\', b.get(at..)?)?;
        if b[hit] == b'"' {
            return Some(hit);
        }
        at = hit + 2;
    }
}

/// Place after an object or array.
fn skip(b: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0usize;
    loop {
        match b.get(at)? {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b'"' => at = string_end(b, at + 1)?,
            _ => {}
        }
        at += 1;
    }
}

fn white(b: &[u8], mut at: usize) -> usize {
    while matches!(b.get(at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
        at += 1;
    }
    at
}

/// Undoes the escapes of the inside of a JSON string; what is no valid escape stays as it is.
pub(crate) fn unescape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let mut chars = rest[at + 1..].chars();
        let Some(c) = chars.next() else {
            out.push('\\');
            return;
        };
        match c {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            '"' | '\\' | '/' => out.push(c),
            'u' => {
                if let Some((c, after)) = unicode(chars.as_str()) {
                    out.push(c);
                    rest = after;
                    continue;
                }
                out.push_str("\\u");
            }
            other => {
                out.push('\\');
                out.push(other);
            }
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
}

fn unicode(text: &str) -> Option<(char, &str)> {
    let unit = |t: &str| t.get(..4).and_then(|h| u16::from_str_radix(h, 16).ok());
    let first = unit(text)?;
    if let Some(c) = char::from_u32(u32::from(first)) {
        return Some((c, &text[4..]));
    }
    let second = text.get(4..)?.strip_prefix("\\u")?;
    let c = char::decode_utf16([first, unit(second)?]).next()?.ok()?;
    Some((c, &second[4..]))
}
