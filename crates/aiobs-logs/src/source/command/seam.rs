//! Where a stream was left, and how the place is found again, so that no line is lost or read twice.
//!
//! The journal names each entry. Containers give each line a time: the stream is asked for again from a little before
//! the last line, and everything up to that very line (its time, its text, and which of several equal ones) is passed
//! over. Used where programs are run, and by the pipeline, which stores the place together with the records.

use jiff::Timestamp;
use memchr::memmem;
use std::borrow::Cow;

/// How much before the last line the stream is asked for again: lines of the same moment may be out of order.
const BEFORE: i64 = 1_000_000_000;
/// When lines so much younger than the last one come, it is not there any more.
const GIVE_UP: i64 = 2_000_000_000;
/// So many bytes are held at most while the place is looked for.
const HELD: usize = 1 << 20;
/// Of a line so many bytes tell it from others.
const TELLING: usize = 1_024;
/// Lines of one moment that are remembered.
const SAME_MOMENT: usize = 4_096;
/// A line without an end is passed on at this size.
const LONGEST: usize = 1 << 20;

/// How lines of a stream say where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marks {
    /// JSON with `__CURSOR`.
    Journal,
    /// A time, a blank, the text.
    Times,
}

impl Marks {
    fn of(name: &str) -> Option<Self> {
        match name.split_once(':')?.0 {
            "journald" => Some(Self::Journal),
            "docker" | "k8s" => Some(Self::Times),
            _ => None,
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Place {
    /// The cursor, or the time of the last line.
    mark: Vec<u8>,
    /// What the lines of that time are told by.
    lines: Vec<u64>,
}

impl Place {
    fn copy(&mut self, other: &Self) {
        self.mark.clone_from(&other.mark);
        self.lines.clone_from(&other.lines);
    }
}

/// Follows the lines of a stream and knows what to store so that it can be gone on with after the last of them.
#[derive(Clone, Debug)]
pub struct CursorTracker {
    marks: Marks,
    seen: Place,
    settled: Place,
}

impl CursorTracker {
    /// For a source of this name; `None` when such a source has no cursor. `token` is what was stored of it.
    pub fn for_source(name: &str, token: Option<&str>) -> Option<Self> {
        Marks::of(name).map(|marks| Self::new(marks, token))
    }

    fn new(marks: Marks, token: Option<&str>) -> Self {
        let seen = match (marks, token) {
            (_, None) => Place::default(),
            (Marks::Journal, Some(cursor)) => Place { mark: cursor.into(), lines: Vec::new() },
            (Marks::Times, Some(token)) => match Last::parse(token) {
                Some(last) => Place { mark: last.time.into(), lines: vec![last.line; last.count.min(64)] },
                None => Place::default(),
            },
        };
        Self { marks, settled: seen.clone(), seen }
    }

    /// The next line, without its line break.
    pub fn see(&mut self, line: &str) {
        self.see_bytes(line.as_bytes());
    }

    fn see_bytes(&mut self, line: &[u8]) {
        match self.marks {
            Marks::Journal => {
                if let Some(cursor) = cursor(line) {
                    self.seen.mark.clear();
                    self.seen.mark.extend_from_slice(cursor);
                }
            }
            Marks::Times => {
                let Some(time) = time_of(line) else { return };
                if self.seen.mark != time || self.seen.lines.len() >= SAME_MOMENT {
                    self.seen.mark.clear();
                    self.seen.mark.extend_from_slice(time);
                    self.seen.lines.clear();
                }
                self.seen.lines.push(fingerprint(line));
            }
        }
    }

    /// Every line that was seen is part of a record that is complete.
    pub fn settle(&mut self) {
        self.settled.copy(&self.seen);
    }

    /// What to store: the place behind the last settled line. `None` before the first one.
    pub fn token(&self) -> Option<String> {
        token(self.marks, &self.settled)
    }
}

fn token(marks: Marks, place: &Place) -> Option<String> {
    let mark = std::str::from_utf8(&place.mark).ok().filter(|mark| !mark.is_empty())?;
    match marks {
        Marks::Journal => Some(mark.to_owned()),
        Marks::Times => {
            let line = *place.lines.last()?;
            let count = place.lines.iter().filter(|l| **l == line).count();
            Some(format!("{mark} {line:016x} {count}"))
        }
    }
}

/// A stored place in a stream with times.
struct Last<'a> {
    time: &'a str,
    nanos: i64,
    line: u64,
    /// It is the so-manieth of its kind at that time.
    count: usize,
}

impl<'a> Last<'a> {
    fn parse(token: &'a str) -> Option<Self> {
        let mut parts = token.split(' ');
        let time = parts.next()?;
        let nanos = nanos(time.as_bytes())?;
        let line = u64::from_str_radix(parts.next()?, 16).ok()?;
        Some(Self { time, nanos, line, count: parts.next()?.parse().ok()? })
    }
}

/// From when on a stream with times must be asked for again to go on at `token`.
pub(super) fn since(token: &str) -> Option<Timestamp> {
    let last = Last::parse(token)?;
    Timestamp::from_nanosecond(i128::from(last.nanos - BEFORE)).ok()
}

fn nanos(time: &[u8]) -> Option<i64> {
    let time: Timestamp = std::str::from_utf8(time).ok()?.parse().ok()?;
    i64::try_from(time.as_nanosecond()).ok()
}

/// The time in front of a line, as it is written.
fn time_of(line: &[u8]) -> Option<&[u8]> {
    let end = memchr::memchr(b' ', line).unwrap_or(line.len());
    let time = &line[..end];
    let shaped = (20..=40).contains(&end)
        && time[..4].iter().all(u8::is_ascii_digit)
        && (time[4], time[7], time[10], time[13]) == (b'-', b'-', b'T', b':');
    shaped.then_some(time)
}

/// The value of `__CURSOR`.
fn cursor(line: &[u8]) -> Option<&[u8]> {
    let rest = &line[memmem::find(line, b"\"__CURSOR\"")? + 10..];
    let begin = memchr::memchr(b'"', rest)? + 1;
    let end = memchr::memchr(b'"', &rest[begin..])?;
    Some(&rest[begin..begin + end])
}

/// Tells lines apart. What is not ASCII does not count: broken characters are mended on the way to the archive.
fn fingerprint(line: &[u8]) -> u64 {
    let ascii = line.iter().filter(|b| b.is_ascii() && !matches!(b, b'\r' | 0)).take(TELLING);
    ascii.fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// Looks for the place where a stream was left.
#[derive(Debug)]
struct Search {
    nanos: i64,
    line: u64,
    left: usize,
    held: Vec<u8>,
}

/// Turns what a program prints into the lines that were not read yet.
#[derive(Debug)]
pub(super) struct Seam {
    tracker: CursorTracker,
    search: Option<Search>,
    partial: Vec<u8>,
}

impl Seam {
    /// For the stream of this name, left at `token`. `None` when it has no marks.
    pub(super) fn new(name: &str, token: Option<&str>) -> Option<Self> {
        let tracker = CursorTracker::for_source(name, token)?;
        Some(Self { tracker, search: None, partial: Vec::new() })
    }

    /// The place behind the last line that was handed out.
    pub(super) fn token(&self) -> Option<String> {
        token(self.tracker.marks, &self.tracker.seen)
    }

    /// The program is started again.
    pub(super) fn begin(&mut self) {
        self.partial.clear();
        self.search = None;
        if self.tracker.marks == Marks::Times
            && let Some(token) = self.token()
            && let Some(last) = Last::parse(&token)
        {
            self.search = Some(Search { nanos: last.nanos, line: last.line, left: last.count, held: Vec::new() });
        }
    }

    /// Whether something waits for what comes next.
    pub(super) fn waits(&self) -> bool {
        self.search.as_ref().is_some_and(|search| !search.held.is_empty())
    }

    /// Adds the new lines among `bytes` to `out`; what the program says about itself to `said`.
    pub(super) fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>, said: &mut String) {
        let mut pending = std::mem::take(&mut self.partial);
        pending.extend_from_slice(bytes);
        let whole = match memchr::memrchr(b'\n', &pending) {
            Some(end) => end + 1,
            None if pending.len() > LONGEST => pending.len(),
            None => 0,
        };
        for line in pending[..whole].split_inclusive(|b| *b == b'\n') {
            self.line(line.strip_suffix(b"\n").unwrap_or(line), out, said);
        }
        pending.drain(..whole);
        self.partial = pending;
    }

    /// Nothing came for a while: what is held is new after all.
    pub(super) fn idle(&mut self, out: &mut Vec<u8>) {
        if let Some(search) = self.search.take_if(|search| !search.held.is_empty()) {
            self.let_go(&search, out);
        }
    }

    /// The program has ended.
    pub(super) fn end(&mut self, out: &mut Vec<u8>, said: &mut String) {
        let rest = std::mem::take(&mut self.partial);
        if !rest.is_empty() {
            self.line(&rest, out, said);
        }
        if let Some(search) = self.search.take() {
            self.let_go(&search, out);
        }
    }

    fn line(&mut self, line: &[u8], out: &mut Vec<u8>, said: &mut String) {
        let marked = match self.tracker.marks {
            Marks::Journal => line.starts_with(b"{"),
            Marks::Times => time_of(line).is_some(),
        };
        if !marked {
            said.push_str(&String::from_utf8_lossy(line));
            said.push('\n');
            return;
        }
        if self.tracker.marks == Marks::Journal {
            let line = readable(line);
            self.hand_out(&line, out);
            return;
        }
        let Some(search) = &mut self.search else { return self.hand_out(line, out) };
        let at = time_of(line).and_then(nanos).unwrap_or(i64::MAX);
        if at == search.nanos && fingerprint(line) == search.line {
            search.left = search.left.saturating_sub(1);
            search.held.clear();
            if search.left == 0 {
                self.search = None;
            }
            return;
        }
        search.held.extend_from_slice(line);
        search.held.push(b'\n');
        let lost = at > search.nanos + GIVE_UP || search.held.len() > HELD;
        if let Some(search) = self.search.take_if(|_| lost) {
            self.let_go(&search, out);
        }
    }

    /// The last line is not there any more: what is younger than it is new.
    fn let_go(&mut self, search: &Search, out: &mut Vec<u8>) {
        for line in search.held.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
            if time_of(line).and_then(nanos).is_none_or(|at| at > search.nanos) {
                self.hand_out(line, out);
            }
        }
    }

    fn hand_out(&mut self, line: &[u8], out: &mut Vec<u8>) {
        self.tracker.see_bytes(line);
        out.extend_from_slice(line);
        out.push(b'\n');
    }
}

/// An entry of the journal in which text that is not quite text (an array of bytes) is text.
fn readable(line: &[u8]) -> Cow<'_, [u8]> {
    let arrays = [&b":["[..], b": ["].iter().any(|mark| memmem::find(line, mark).is_some());
    if !arrays {
        return Cow::Borrowed(line);
    }
    let Ok(mut entry) = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(line) else {
        return Cow::Borrowed(line);
    };
    let mut changed = false;
    for value in entry.values_mut() {
        let byte = |v: &serde_json::Value| v.as_u64().and_then(|n| u8::try_from(n).ok());
        let Some(bytes) = value.as_array().and_then(|list| list.iter().map(byte).collect::<Option<Vec<u8>>>()) else {
            continue;
        };
        *value = String::from_utf8_lossy(&bytes).into_owned().into();
        changed = true;
    }
    match serde_json::to_vec(&entry) {
        Ok(text) if changed => Cow::Owned(text),
        _ => Cow::Borrowed(line),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const T: &str = "2025-01-07T14:30:15.00000000";

    fn run(seam: &mut Seam, text: &str) -> (String, String) {
        let (mut out, mut said) = (Vec::new(), String::new());
        seam.begin();
        // In pieces, as pipes give them.
        text.as_bytes().chunks(7).for_each(|piece| seam.take(piece, &mut out, &mut said));
        seam.end(&mut out, &mut said);
        (String::from_utf8(out).unwrap(), said)
    }

    #[test]
    fn what_was_read_is_passed_over_and_nothing_else() {
        let lines = [
            format!("{T}1Z a\n"),
            format!("{T}2Z same\n"),
            format!("{T}2Z other\n"),
            format!("{T}2Z same\n"),
            format!("{T}1Z out of order\n"),
            format!("{T}3Z z\n"),
        ];
        let all = lines.concat();
        for at in 1..=lines.len() {
            let mut seam = Seam::new("docker:web", None).unwrap();
            let first = lines[..at].concat();
            assert_eq!(run(&mut seam, &first).0, first);
            // In this run, and in another one that starts from what was stored.
            let token = seam.token().unwrap();
            let mut later = Seam::new("docker:web", Some(&token)).unwrap();
            assert_eq!(run(&mut seam, &all).0, lines[at..].concat(), "{at}");
            assert_eq!(run(&mut later, &all).0, lines[at..].concat(), "{at} after a restart");
            assert_eq!(run(&mut later, &all).0, "", "{at} at the end");
            // The lines before it were dropped by the container's log meanwhile. Which of two equal ones is left cannot
            // be told then.
            if token.ends_with(" 2") {
                continue;
            }
            let mut later = Seam::new("docker:web", Some(&token)).unwrap();
            assert_eq!(run(&mut later, &lines[at - 1..].concat()).0, lines[at..].concat(), "{at} shortened");
        }
    }

    #[test]
    fn another_log_under_the_same_name_is_read_from_where_it_is_younger() {
        let mut seam = Seam::new("docker:web", None).unwrap();
        run(&mut seam, &format!("{T}5Z old\n"));
        let (out, said) = run(&mut seam, &format!("{T}4Z older\nno time here\n{T}6Z new\n{T}7Z newer"));
        assert_eq!((out, said.as_str()), (format!("{T}6Z new\n{T}7Z newer\n"), "no time here\n"));
    }

    #[test]
    fn the_journal_names_its_place_and_its_bytes_become_text() {
        let mut seam = Seam::new("journald:", None).unwrap();
        let entry = |n: u32, message: &str| format!(r#"{{"__CURSOR":"s=1;i={n}","MESSAGE":{message},"PRIORITY":"3"}}"#);
        let (out, _) = run(&mut seam, &format!("{}\n{}\n", entry(1, "\"a:[b\""), entry(2, "[104,105,255,10]")));
        assert_eq!(out, format!("{}\n{}\n", entry(1, "\"a:[b\""), entry(2, "\"hi\u{fffd}\\n\"")));
        assert_eq!(seam.token().unwrap(), "s=1;i=2");
    }

    #[test]
    fn only_what_is_settled_is_stored() {
        let mut tracker = CursorTracker::for_source("k8s:a/b/c", None).unwrap();
        assert_eq!(tracker.token(), None);
        tracker.see(&format!("{T}1Z a"));
        tracker.settle();
        let token = tracker.token();
        tracker.see(&format!("{T}2Z b"));
        assert_eq!(tracker.token(), token);
        assert!(token.unwrap().starts_with(&format!("{T}1Z ")));
        assert!(CursorTracker::for_source("/var/log/app.log", None).is_none());
        assert!(CursorTracker::for_source("cmd:docker logs x", None).is_none());
        // What cannot be read is as nothing.
        assert_eq!(CursorTracker::for_source("docker:a", Some("rubbish")).unwrap().token(), None);
    }
}
