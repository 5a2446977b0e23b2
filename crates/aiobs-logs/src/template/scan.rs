//! One pass over a message: words, and in them constant text and placeholders, told to a [`Sink`]. The same code
//! drives the hash of the hot path and the words of the slow path, so both always agree. It allocates nothing.

use super::class::{self, Placeholder};

/// Words of a message that are looked at; the rest becomes one placeholder.
pub(super) const MAX_WORDS: usize = 96;
/// Bytes of a message that are looked at.
const MAX_BYTES: usize = 4096;

/// What a scan finds, in order.
pub(crate) trait Sink {
    /// Constant text.
    fn text(&mut self, bytes: &[u8]);
    /// A value.
    fn mask(&mut self, kind: Placeholder, value: &[u8]);
    /// The end of a word.
    fn end_word(&mut self);
}

pub(crate) const DIGIT: u8 = 1;
const SPECIAL: u8 = 2;
pub(crate) const SPACE: u8 = 4;
pub(crate) const DELIM: u8 = 8;
const DOT: u8 = 16;
/// Letters and what is written in names: a piece with one of them may be a name that happens to hold a digit.
pub(crate) const LETTER: u8 = 32;
/// Neither a letter nor a digit of ASCII.
pub(crate) const MARK: u8 = 64;

/// What each byte may mean.
pub(crate) const KIND: [u8; 256] = kinds();

const fn kinds() -> [u8; 256] {
    let mut table = [0; 256];
    let mut b = 0;
    while b < 256 {
        let mark = if (b as u8).is_ascii_alphanumeric() { 0 } else { MARK };
        table[b] = mark
            | match b as u8 {
                b'0'..=b'9' => DIGIT,
                b'/' => SPECIAL,
                b'\\' | b'@' => SPECIAL | LETTER,
                0..=b' ' | 0x7f => SPACE,
                b'=' | b',' | b';' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'"' | b'\'' | b'|' | b'<' | b'>'
                | b'!' | b'?' | b'#' | b'*' | b'&' | b'`' => DELIM,
                b'.' => DOT,
                b'-' | b'+' | b':' | b'%' => 0,
                _ => LETTER,
            };
        b += 1;
    }
    table
}

/// The part of a message that is mined: its first line that is not blank.
pub(super) fn first_line(message: &str) -> &[u8] {
    let bytes = message.trim_start().as_bytes();
    let line = memchr::memchr(b'\n', bytes).map_or(bytes, |n| &bytes[..n]);
    &line[..line.len().min(MAX_BYTES)]
}

/// Scans the bytes of one line.
pub(super) fn scan<S: Sink>(line: &[u8], sink: &mut S) {
    let mut at = 0;
    let mut words = 0;
    while let Some((start, end, seen)) = next_word(line, at) {
        if words == MAX_WORDS {
            sink.mask(Placeholder::Any, &line[start..]);
            sink.end_word();
            return;
        }
        words += 1;
        at = end;
        let word = &line[start..end];
        if seen & (DIGIT | SPECIAL) == 0 && (seen & DOT == 0 || !class::ends_like_host(word)) {
            at = plain_word(line, start, end, sink);
        } else if let Some((kind, unit)) = with_unit(line, word, end) {
            sink.mask(kind, &line[start..unit]);
            at = unit + line[unit..].iter().take_while(|b| KIND[**b as usize] & SPACE == 0).count();
            sink.text(&line[unit..at]);
        } else {
            scan_word(word, seen, sink);
        }
        sink.end_word();
    }
}

/// A word without digits: constant, unless it begins a date. Returns where to go on.
#[inline]
fn plain_word<S: Sink>(line: &[u8], start: usize, end: usize, sink: &mut S) -> usize {
    let word = &line[start..end];
    if word.len() == 3
        && let Some(end) = date_words(line, start, end)
    {
        sink.mask(Placeholder::Time, &line[start..end]);
        return end;
    }
    sink.text(word);
    if word == b"bytes" { told_twice(line, end).unwrap_or(end) } else { end }
}

/// Start and end of the next word at or after `at`, and the kinds of bytes in it.
#[inline]
fn next_word(line: &[u8], at: usize) -> Option<(usize, usize, u8)> {
    let start = at + line[at..].iter().position(|b| KIND[*b as usize] & SPACE == 0)?;
    let mut seen = 0;
    let mut end = start;
    for b in &line[start..] {
        let kind = KIND[*b as usize];
        if kind & SPACE != 0 {
            break;
        }
        seen |= kind;
        end += 1;
    }
    Some((start, end, seen))
}

/// `Fri Jun 17 07:07:00 2005`, `Jun 17 07:07:00`, `Sat May 8 09:04:50 EDT 2004`: the end of such a date.
fn date_words(line: &[u8], start: usize, end: usize) -> Option<usize> {
    let word = &line[start..end];
    let mut at = end;
    if class::is_weekday(word) {
        let (s, e, _) = next_word(line, at)?;
        if !class::is_month(&line[s..e]) {
            return None;
        }
        at = e;
    } else if !class::is_month(word) {
        return None;
    }
    let (s, e, _) = next_word(line, at)?;
    if e - s > 2 || !class::all_digits(&line[s..e]) {
        return None;
    }
    let (s, e, _) = next_word(line, e)?;
    if !class::is_clock(&line[s..e]) {
        return None;
    }
    let mut last = e;
    if let Some((s, e, _)) = next_word(line, last)
        && (3..=4).contains(&(e - s))
        && line[s..e].iter().all(u8::is_ascii_uppercase)
    {
        last = e;
    }
    if let Some((s, _, _)) = next_word(line, last)
        && line.len() >= s + 4
        && class::all_digits(&line[s..s + 4])
        && line.get(s + 4).is_none_or(|b| !b.is_ascii_alphanumeric())
    {
        last = s + 4;
    }
    Some(last)
}

/// A value told in two words: `5.2 KB`, and "less than one unit" as in `<1 sec`. What it is and where it ends.
fn with_unit(line: &[u8], word: &[u8], end: usize) -> Option<(Placeholder, usize)> {
    // Most numbers are followed by no unit; one look at its first letter tells.
    let next = line[end..].iter().find(|b| KIND[**b as usize] & SPACE == 0)?;
    if !matches!(next, b'B' | b'K' | b'k' | b'M' | b'G' | b'T' | b's' | b'm' | b'u') {
        return None;
    }
    let below = word.strip_prefix(b"<").filter(|rest| class::all_digits(rest));
    if below.is_none() && matches!(next, b's' | b'm' | b'u') {
        return None;
    }
    if below.is_none() && !class::is_number(word) {
        return None;
    }
    let (s, e, _) = next_word(line, end)?;
    let unit = s + line[s..e].iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let kind = match &line[s..unit] {
        b"B" | b"KB" | b"kB" | b"MB" | b"GB" | b"TB" | b"KiB" | b"MiB" | b"GiB" | b"TiB" => Placeholder::Size,
        b"sec" | b"ms" | b"s" | b"second" | b"us" | b"min" if below.is_some() => Placeholder::Duration,
        _ => return None,
    };
    Some((kind, unit))
}

/// A size is often told twice, `1190 bytes (1.16 KB)`. After `bytes`: the end of the second form.
fn told_twice(line: &[u8], end: usize) -> Option<usize> {
    let (s, e, _) = next_word(line, end)?;
    let number = line[s..e].strip_prefix(b"(")?;
    if let Some(whole) = number.strip_suffix(b")") {
        return (class::measure(whole) == Some(Placeholder::Size)).then_some(e);
    }
    let (_, unit_end) = with_unit(line, number, e)?;
    (line.get(unit_end) == Some(&b')')).then_some(unit_end + 1)
}

fn scan_word<S: Sink>(word: &[u8], seen: u8, sink: &mut S) {
    if seen & SPECIAL != 0
        && let Some(p) = memchr::memmem::find(word, b"://")
        && p > 0
    {
        let body = p + 3;
        let end = body + word[body..].iter().position(|b| b"\"'()[]<>,;|{}`".contains(b)).unwrap_or(word.len() - body);
        let end = body + trimmed(&word[body..end]);
        sink.text(&word[..body]);
        if end > body {
            sink.mask(Placeholder::Url, &word[body..end]);
        }
        segments(&word[end..], sink);
        return;
    }
    segments(word, sink);
}

/// Length without closing dots and colons.
fn trimmed(s: &[u8]) -> usize {
    s.len() - s.iter().rev().take_while(|b| matches!(b, b'.' | b':')).count()
}

/// The pieces of a word between delimiters.
pub(crate) fn segments<S: Sink>(word: &[u8], sink: &mut S) {
    let mut at = 0;
    while at < word.len() {
        let delims = word[at..].iter().take_while(|b| KIND[**b as usize] & DELIM != 0).count();
        if delims > 0 {
            sink.text(&word[at..at + delims]);
            at += delims;
        }
        let mut seen = 0;
        let mut end = at;
        for b in &word[at..] {
            let kind = KIND[*b as usize];
            if kind & DELIM != 0 {
                break;
            }
            seen |= kind;
            end += 1;
        }
        if end > at {
            segment(&word[at..end], seen, sink);
            at = end;
        }
    }
}

fn segment<S: Sink>(s: &[u8], seen: u8, sink: &mut S) {
    if seen & (DIGIT | SPECIAL | DOT) == 0 {
        return sink.text(s);
    }
    let (s, tail) = s.split_at(trimmed(s));
    if seen & (DIGIT | SPECIAL) == 0 {
        plain_segment(s, sink);
    } else if class::all_digits(s) {
        sink.mask(Placeholder::Num, s);
    } else if memchr::memchr(b':', s).is_some() {
        with_colons(s, sink);
    } else {
        piece(s, sink);
    }
    if !tail.is_empty() {
        sink.text(tail);
    }
}

/// No digits, but dots: a host name if its top-level label is a well-known one.
fn plain_segment<S: Sink>(s: &[u8], sink: &mut S) {
    if class::ends_like_host(s) && class::is_host(s, 2) {
        sink.mask(Placeholder::Host, s);
    } else {
        sink.text(s);
    }
}

fn with_colons<S: Sink>(s: &[u8], sink: &mut S) {
    if class::is_clock(s) || class::is_date(s) {
        return sink.mask(Placeholder::Time, s);
    }
    if class::is_colon_address(s) {
        return sink.mask(Placeholder::Ip, s);
    }
    if s.len() > 3 && s[0].is_ascii_alphabetic() && s[1] == b':' && matches!(s[2], b'\\' | b'/') {
        return sink.mask(Placeholder::Path, s);
    }
    let mut parts = s.split(|b| *b == b':').peekable();
    while let Some(part) = parts.next() {
        let port = parts.peek().is_some_and(|next| class::all_digits(next));
        if port && class::is_host(part, 2) {
            sink.mask(Placeholder::Host, part);
        } else if !part.is_empty() {
            piece(part, sink);
        }
        if parts.peek().is_some() {
            sink.text(b":");
        }
    }
}

/// A piece without delimiters and colons.
fn piece<S: Sink>(s: &[u8], sink: &mut S) {
    if let Some(rest) = s.strip_prefix(b"/")
        && class::is_ipv4(rest)
    {
        return sink.mask(Placeholder::Ip, s);
    }
    if let Some(at) = memchr::memchr(b'@', s)
        && at > 0
        && at + 1 < s.len()
    {
        let (user, host) = (&s[..at], &s[at + 1..]);
        if class::is_host(host, 2) || class::is_ipv4(host) {
            sink.mask(Placeholder::User, user);
            sink.text(b"@");
            return sink.mask(Placeholder::Host, host);
        }
        piece(user, sink);
        sink.text(b"@");
        return piece(host, sink);
    }
    let slashes = s.iter().filter(|b| matches!(b, b'/' | b'\\')).count();
    if slashes > 0 {
        return slashed(s, slashes, sink);
    }
    if !s.iter().any(u8::is_ascii_digit) {
        return sink.text(s);
    }
    if class::is_number(s) {
        sink.mask(Placeholder::Num, s);
    } else if let Some(kind) = class::measure(s) {
        sink.mask(kind, s);
    } else if class::is_hex(s) {
        sink.mask(Placeholder::Hex, s);
    } else if class::is_ipv4(s) {
        sink.mask(Placeholder::Ip, s);
    } else if class::is_uuid(s) {
        sink.mask(Placeholder::Uuid, s);
    } else if class::is_date(s) {
        sink.mask(Placeholder::Time, s);
    } else if class::is_host(s, 3) {
        sink.mask(Placeholder::Host, s);
    } else {
        mixed(s, sink);
    }
}

fn slashed<S: Sink>(s: &[u8], slashes: usize, sink: &mut S) {
    if class::is_date(s) {
        return sink.mask(Placeholder::Time, s);
    }
    let rooted = s[0] == b'/' && s.len() > 1 || s.starts_with(b"~/") || s.starts_with(b"./") || s.starts_with(b"../");
    let parts = || s.split(|b| matches!(b, b'/' | b'\\'));
    if rooted || slashes >= 2 && !parts().any(class::is_ipv4) {
        return sink.mask(Placeholder::Path, s);
    }
    let mut at = 0;
    for part in parts() {
        if !part.is_empty() {
            piece(part, sink);
        }
        at += part.len();
        if at < s.len() {
            sink.text(&s[at..=at]);
            at += 1;
        }
    }
}

/// Letters and digits together: an identifier (a value) or a name that happens to hold a digit (`ssh2`).
fn mixed<S: Sink>(s: &[u8], sink: &mut S) {
    if s[0].is_ascii_digit() {
        return sink.mask(Placeholder::Str, s);
    }
    if memchr::memchr(b'.', s).is_some() {
        let mut at = 0;
        for part in s.split(|b| *b == b'.') {
            if !part.is_empty() {
                piece(part, sink);
            }
            at += part.len();
            if at < s.len() {
                sink.text(b".");
                at += 1;
            }
        }
        return;
    }
    let (mut digits, mut runs, mut previous) = (0, 0, false);
    for b in s {
        let digit = b.is_ascii_digit();
        digits += usize::from(digit);
        runs += usize::from(digit && !previous);
        previous = digit;
    }
    let underscored = s.split(|b| *b == b'_').skip(1).any(class::all_digits);
    if digits >= 4 || runs >= 3 || underscored || digits >= 2 && s.split(|b| *b == b'-').skip(1).any(class::all_digits)
    {
        sink.mask(Placeholder::Str, s);
    } else {
        sink.text(s);
    }
}
