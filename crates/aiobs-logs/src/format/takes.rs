//! What holes of layouts take besides words and times: uptimes, structured data, cells of CSV. Used by
//! [`super::layout`] only; knows no layout.

use std::ops::Range;

/// `  123.456789`: spaces, digits, a dot, digits.
pub(super) fn uptime(line: &[u8], at: usize) -> Option<usize> {
    let run = |from: usize, fits: fn(&u8) -> bool| from + line.iter().skip(from).take_while(|c| fits(c)).count();
    let start = run(at, |c| *c == b' ');
    let dot = run(start, u8::is_ascii_digit);
    let end = run(dot + 1, u8::is_ascii_digit);
    (dot > start && line.get(dot) == Some(&b'.') && end > dot + 1).then_some(end)
}

/// `-`, or one and more of `[id name="value"]`.
pub(super) fn structured(line: &[u8], at: usize) -> Option<usize> {
    if line.get(at) == Some(&b'-') {
        return Some(at + 1);
    }
    let mut end = at;
    while line.get(end) == Some(&b'[') {
        let mut quoted = false;
        loop {
            end += 1;
            match line.get(end)? {
                b'\\' if quoted => end += 1,
                b'"' => quoted = !quoted,
                b']' if !quoted => break,
                _ => {}
            }
        }
        end += 1;
    }
    (end > at).then_some(end)
}

/// A cell of CSV: bare up to the next comma, or quoted (the range is the inside, doubled quotes and all). Gives what is
/// in it and where it ends.
pub(super) fn cell(line: &[u8], at: usize) -> Option<(Range<usize>, usize)> {
    if line.get(at) != Some(&b'"') {
        let end = memchr::memchr(b',', line.get(at..)?).map_or(line.len(), |n| at + n);
        return Some((at..end, end));
    }
    let mut end = at + 1;
    loop {
        end += memchr::memchr(b'"', line.get(end..)?)?;
        if line.get(end + 1) != Some(&b'"') {
            return Some((at + 1..end, end + 1));
        }
        end += 2;
    }
}

/// A number that may have a sign or a fraction: `-1`, `0.012`.
pub(super) fn decimal(line: &[u8], at: usize) -> Option<usize> {
    let digits = |from: usize| from + line.iter().skip(from).take_while(|c| c.is_ascii_digit()).count();
    let start = at + usize::from(line.get(at) == Some(&b'-'));
    let whole = digits(start);
    if whole == start {
        return None;
    }
    let end = if line.get(whole) == Some(&b'.') { digits(whole + 1) } else { whole };
    Some(if end == whole + 1 { whole } else { end })
}
