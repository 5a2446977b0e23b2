//! Tells by the beginning of a file whether it is a list of records in JSON. Used by the unwrapper, once per file; it does
//! not know how the records are taken out.

use super::scan::{Text, blank, scan};
use memchr::{memchr2, memmem};

/// Lists under these names are records whatever they hold, also behind other members that are plain values.
const SURE: [&[u8]; 2] = [b"Records", b"logEvents"];
/// Lists under these are when they come first, and their first element has a time.
const LIKELY: [&[u8]; 7] = [b"records", b"events", b"Events", b"items", b"logs", b"entries", b"value"];
/// What names a time.
const TIMES: [&[u8]; 8] = [
    b"\"time\"",
    b"\"timestamp\"",
    b"\"@timestamp\"",
    b"\"eventTime\"",
    b"\"ts\"",
    b"\"date\"",
    b"\"TimeGenerated\"",
    b"\"Timestamp\"",
];

/// What the beginning of a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// More of it is needed.
    Open,
    Lines,
    /// A list; its first element begins here, or the list goes on or ends here.
    List(usize),
}

/// What a file that begins with these bytes is; or, within a file, what goes on with them.
pub(super) fn head(bytes: &[u8], within: bool) -> Head {
    const MARK: &[u8] = b"\xEF\xBB\xBF";
    if bytes.len() < MARK.len() && MARK.starts_with(bytes) {
        return Head::Open;
    }
    let text = bytes.strip_prefix(MARK).unwrap_or(bytes);
    let front = bytes.len() - text.len();
    let at = blank(bytes, front);
    match bytes.get(at) {
        None => Head::Open,
        // Reading went on behind an element.
        Some(b',') if within => element_at(bytes, at + 1, at),
        Some(b']') if within => match bytes.get(blank(bytes, at + 1)) {
            None | Some(b'}' | b',') => Head::List(at),
            Some(_) => Head::Lines,
        },
        Some(_) if within => Head::Lines,
        Some(b'[') => element_at(bytes, at + 1, at + 1),
        Some(b'{') => wrapper(bytes, at + 1),
        Some(_) => Head::Lines,
    }
}

/// Whether an object begins at `at`: then the list is at `list`.
fn element_at(bytes: &[u8], at: usize, list: usize) -> Head {
    let at = blank(bytes, at);
    match bytes.get(at) {
        None => Head::Open,
        Some(b'{') => match bytes.get(blank(bytes, at + 1)) {
            None => Head::Open,
            Some(b'"') => Head::List(list),
            Some(_) => Head::Lines,
        },
        Some(_) => Head::Lines,
    }
}

/// Whether the object whose first member is at `at` is there for the list in it.
fn wrapper(bytes: &[u8], mut at: usize) -> Head {
    let mut first = true;
    loop {
        at = blank(bytes, at);
        let Some((key, behind)) = (match bytes.get(at) {
            None => return Head::Open,
            Some(b'"') => string(bytes, at + 1),
            Some(_) => return Head::Lines,
        }) else {
            return Head::Open;
        };
        at = blank(bytes, behind);
        match bytes.get(at) {
            None => return Head::Open,
            Some(b':') => at = blank(bytes, at + 1),
            Some(_) => return Head::Lines,
        }
        at = match bytes.get(at) {
            None => return Head::Open,
            Some(b'[') if SURE.contains(&key) => return element_at(bytes, at + 1, at + 1),
            Some(b'[') if first && LIKELY.contains(&key) => return timed(bytes, at + 1),
            Some(b'[' | b'{') => return Head::Lines,
            Some(b'"') => match string(bytes, at + 1) {
                None => return Head::Open,
                Some((_, behind)) => blank(bytes, behind),
            },
            Some(_) => match bytes[at..].iter().position(|b| matches!(b, b',' | b'}')) {
                None => return Head::Open,
                Some(n) => at + n,
            },
        };
        match bytes.get(at) {
            None => return Head::Open,
            Some(b',') => at += 1,
            Some(_) => return Head::Lines,
        }
        first = false;
    }
}

/// As [`element_at`], of an element that has a time.
fn timed(bytes: &[u8], at: usize) -> Head {
    let found = element_at(bytes, at, at);
    let Head::List(_) = found else { return found };
    let from = blank(bytes, at);
    let (end, open, _) = scan(&bytes[from..], 0, Text::Outside);
    let element = &bytes[from..from + end];
    if TIMES.iter().any(|name| memmem::find(element, name).is_some()) {
        return found;
    }
    if open > 0 { Head::Open } else { Head::Lines }
}

/// The string whose first byte is at `at`, and where it ends with its quote.
fn string(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let mut end = at;
    loop {
        end += memchr2(b'"', b'\\', bytes.get(end..)?)?;
        if bytes[end] == b'"' {
            return Some((&bytes[at..end], end + 1));
        }
        end += 2;
    }
}
