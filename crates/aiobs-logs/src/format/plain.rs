//! Lines of no known format: a timestamp near the front, a level word near the front, the rest is the message.
//! The last resort of the format engine.

use super::civil::Stamp;
use super::found::{Found, TimeBy};
use super::level;
use super::time::{self, Shape};
use aiobs_types::Severity;

/// How far from the front a level word counts.
const WORDS: usize = 10;
const BYTES: usize = 160;

/// Reads a line. Always an answer; `stamp` and `level` tell whether anything was recognised.
pub(crate) fn read(line: &[u8]) -> Found {
    let mut found = Found { message: 0..line.len(), ..Found::default() };
    if let Some((stamp, start, end, shape)) = front_time(line) {
        found.stamp = Some(stamp);
        found.time_at = Some((start..end, TimeBy::Shape(shape)));
        found.message.start = past_marks(line, end);
    }
    if found.stamp.is_some()
        && let Some(severity) = leading_level(line)
    {
        // `ERROR 2025-01-07 14:30:15 message`
        found.level = Some(severity);
    } else if let Some((severity, end)) = level_word(line, found.message.start) {
        found.level = Some(severity);
        found.message.start = past_marks(line, end);
        component(line, &mut found);
    }
    if found.message.start == line.len() {
        // Nothing after the head: the whole line is what there is to say.
        found.message.start = 0;
    }
    found
}

/// A timestamp at the front, or after one or two short words or brackets.
fn front_time(line: &[u8]) -> Option<(Stamp, usize, usize, Shape)> {
    let mut at = 0;
    for word in 0..3 {
        while matches!(line.get(at), Some(b' ' | b'\t' | b'[' | b'(' | b'<' | b'"')) {
            at += 1;
        }
        if let Some((stamp, end)) = time::scan(line, at, Shape::Any) {
            return Some((stamp, at, end, Shape::Any));
        }
        if let Some((stamp @ Stamp::Instant(ns), end)) = time::epoch(line, at)
            // Other numbers have ten digits too: 2001 to 2100, as the first or second word.
            && (978_307_200_000_000_000..4_102_444_800_000_000_000).contains(&ns)
            && word < 2
            && matches!(line.get(end), None | Some(b' ' | b'\t' | b']' | b':' | b',' | b')'))
        {
            return Some((stamp, at, end, Shape::Epoch));
        }
        // A clock alone is no point in time, but it begins a record.
        if word < 2
            && let Some((stamp, end)) = time::scan(line, at, Shape::Clock)
            && matches!(line.get(end), None | Some(b' ' | b'\t' | b']' | b')'))
        {
            return Some((stamp, at, end, Shape::Clock));
        }
        at += line.get(at..)?.iter().take(48).position(|c| *c == b' ')?;
    }
    None
}

/// The first word that can only be a level: in capitals, in brackets, or the first word before a colon.
fn level_word(line: &[u8], from: usize) -> Option<(Severity, usize)> {
    let limit = line.len().min(from + BYTES);
    let mut at = from;
    for n in 0..WORDS {
        while at < limit && matches!(line[at], b' ' | b'\t') {
            at += 1;
        }
        let end = at + line.get(at..limit)?.iter().position(|c| matches!(c, b' ' | b'\t')).unwrap_or(limit - at);
        if at == end {
            return None;
        }
        let word = &line[at..end];
        let open = word.iter().take_while(|c| is_mark(**c)).count();
        let length = word[open..].iter().take_while(|c| c.is_ascii_alphanumeric()).count();
        let core = &word[open..open + length];
        let closed = word.get(open + length);
        if closed.is_none_or(|c| is_mark(*c) || matches!(c, b':' | b'!'))
            && let Some(severity) = level::unmistakable(core)
        {
            let capitals = core.iter().all(|c| !c.is_ascii_lowercase());
            let bracketed = open > 0 && closed.is_some();
            let first = n == 0 && closed == Some(&b':');
            if capitals || bracketed || first {
                return Some((severity, at + open + length));
            }
        }
        at = end;
    }
    None
}

/// `orders.db: message` right after the level: a name with an inner mark, so that it is no word of a sentence.
fn component(line: &[u8], found: &mut Found) {
    let start = found.message.start;
    let rest = &line[start..];
    let Some(end) = rest.iter().take(96).position(|c| *c == b' ') else { return };
    let Some(name) = rest[..end].strip_suffix(b":") else { return };
    let named =
        name.iter().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-' | b'$' | b':' | b'/' | b'@'))
            && name.iter().any(u8::is_ascii_alphabetic)
            && name[1..].iter().any(|c| matches!(c, b'.' | b'_' | b'$' | b':'));
    if named {
        found.component = start..start + name.len();
        found.message.start = past_marks(line, start + end);
    }
}

fn past_marks(line: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b']' | b')' | b'>' | b'|' | b':' | b',' | b'!') = line.get(at) {
        at += 1;
    }
    // A dash between head and message, but not the sign of a number.
    if line.get(at) == Some(&b'-') && line.get(at + 1) == Some(&b' ') {
        return past_marks(line, at + 1);
    }
    at
}

const fn is_mark(c: u8) -> bool {
    matches!(c, b'[' | b']' | b'(' | b')' | b'<' | b'>' | b'|' | b',' | b'"')
}

/// The level word a message begins with, if it does.
pub(crate) fn leading_level(message: &[u8]) -> Option<Severity> {
    let open = message.iter().take_while(|c| is_mark(**c)).count();
    let length = message[open..].iter().take_while(|c| c.is_ascii_alphanumeric()).count();
    let core = &message[open..open + length];
    let closed = message.get(open + length)?;
    let severity = level::unmistakable(core)?;
    let capitals = core.iter().all(|c| !c.is_ascii_lowercase());
    let bracketed = open > 0 && is_mark(*closed);
    ((capitals && !closed.is_ascii_alphanumeric() && *closed != b'_') || bracketed || *closed == b':')
        .then_some(severity)
}
