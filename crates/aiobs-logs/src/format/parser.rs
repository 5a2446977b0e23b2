//! The parser of one source: finds the format on the first lines, reads each line with it, and tries others where
//! it does not fit, so that a mixed file is read line by line.

use super::bare::{Bare, ESCAPE};
use super::civil::{Stamp, ZoneCache, ZoneRule};
use super::found::{Found, LevelBy, TimeBy};
use super::set::{FormatSet, Reader, Scratch};
use super::{FormatError, choose, json, level, plain};
use aiobs_types::{Severity, Timestamp};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// What one line says. Ranges are byte ranges of the line, on character boundaries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// It begins a record: it fits a format, or has a time or a level at its front. A line that is not recognised
    /// may belong to the record before it.
    pub recognised: bool,
    /// Event time.
    pub time: Option<Timestamp>,
    /// Severity, [`Severity::UNSET`] when the line does not say.
    pub severity: Severity,
    /// Logger, service or program; empty when unknown.
    pub component: (u32, u32),
    /// The message; the whole line when not told apart. In JSON it is the inside of the string, escapes and all.
    pub message: (u32, u32),
    /// A container runtime's wrapper: the message is the wrapped line, to be parsed itself
    /// ([`SourceParser::unwrap`], [`SourceParser::parse_inner`]).
    pub enveloped: bool,
    /// The wrapped line goes on in the next record (CRI tag `P`).
    pub partial: bool,
}

/// Lines on which the format is chosen.
const SAMPLE: u32 = 100;
/// Formats tried besides the current one.
const RECENT: usize = 4;
/// A line that nothing fits is shown to all formats; while that finds nothing, one in so many and ever fewer.
const RETRY: std::ops::RangeInclusive<u32> = 1..=1024;
/// Another format that fits so many more lines than the current one takes its place.
const TAKEOVER: u32 = 64;

mod lately;
mod recipe;
pub use recipe::Recipe;

/// Reads the lines of one source.
#[derive(Debug)]
pub struct SourceParser {
    formats: Arc<FormatSet>,
    rule: ZoneRule,
    zone: ZoneCache,
    scratch: Vec<Scratch>,
    current: usize,
    /// The format that read the last line.
    last: usize,
    forced: bool,
    recent: Vec<usize>,
    /// Lines that each format read best while sampling.
    votes: Vec<u32>,
    sampled: u32,
    misses: u32,
    retry: u32,
    /// How far another format is ahead, and which.
    ahead: (usize, u32),
    inner: Option<Box<SourceParser>>,
    bare: Bare,
    origin: Origin,
    lately: lately::Lately,
}

/// What the last line was read from.
#[derive(Clone, Debug, Default)]
struct Origin {
    format: usize,
    /// No more than the current formats were tried: another one may fit better.
    guessed: bool,
    time: Option<(Range<usize>, TimeBy)>,
    level: Option<(Range<usize>, LevelBy)>,
}

impl SourceParser {
    /// A parser for one source. `forced` takes no other format; `resumed_format` is what an earlier run found.
    pub fn new(
        formats: Arc<FormatSet>,
        zone: ZoneRule,
        forced: Option<&str>,
        resumed_format: Option<&str>,
    ) -> Result<Self, FormatError> {
        let forced = forced.map(|name| formats.find(name)).transpose()?.map(|i| formats.of_lines(i));
        // A format of an earlier run may be gone from the configuration; then it is found anew.
        let resumed = resumed_format.and_then(|name| formats.find(name).ok()).filter(|i| *i != formats.plain());
        let current = forced.or(resumed).unwrap_or(formats.plain());
        Ok(Self {
            zone: ZoneCache::new(&zone),
            rule: zone,
            scratch: (0..formats.len()).map(|_| Scratch::default()).collect(),
            current,
            last: current,
            forced: forced.is_some(),
            recent: Vec::with_capacity(RECENT + 1),
            votes: vec![0; formats.len()],
            sampled: if resumed.is_some() { SAMPLE } else { 0 },
            misses: 0,
            retry: *RETRY.start(),
            ahead: (0, 0),
            inner: None,
            bare: Bare::default(),
            origin: Origin::default(),
            lately: lately::Lately::default(),
            formats,
        })
    }

    /// Name of the format in force.
    pub fn format_name(&self) -> &str {
        self.formats.at(self.current).name()
    }

    /// Name of the format that read the last line: in a mixed source not always the one in force.
    pub fn last_format(&self) -> &str {
        self.formats.at(self.last).name()
    }

    /// The same for the line inside of an envelope; `None` when there was none yet.
    pub fn last_inner_format(&self) -> Option<&str> {
        self.inner.as_deref().map(Self::last_format)
    }

    /// Another file takes the source's place, and it may be written in another way: the format is looked for anew. Until
    /// lines say otherwise the one in force stays.
    pub fn restart(&mut self) {
        if self.forced {
            return;
        }
        self.votes.fill(0);
        self.sampled = 0;
        self.misses = 0;
        self.retry = *RETRY.start();
        self.ahead = (0, 0);
        if let Some(inner) = &mut self.inner {
            inner.restart();
        }
    }

    /// Reads a line (without its line break). `now` decides the year of times that have none. Colours and other
    /// escape sequences of terminals are read past.
    pub fn parse(&mut self, line: &str, now: Timestamp) -> Parsed {
        if memchr::memchr(ESCAPE, line.as_bytes()).is_none() {
            return self.parse_bare(line, now);
        }
        let mut bare = std::mem::take(&mut self.bare);
        bare.strip(line);
        let mut parsed = self.parse_bare(&bare.text, now);
        parsed.component = bare.place(parsed.component);
        parsed.message = bare.place(parsed.message);
        self.bare = bare;
        parsed
    }

    fn parse_bare(&mut self, line: &str, now: Timestamp) -> Parsed {
        let chosen = if self.forced {
            self.try_format(self.current, line).map(|f| (self.current, f))
        } else if self.sampled < SAMPLE {
            self.sample(line)
        } else {
            self.settled(line)
        };
        match chosen {
            Some((i, found)) if self.formats.at(i).refined => self.finish_refined(i, found, line, now),
            Some((i, found)) => self.finish(i, found, line, now),
            None if self.forced => unparsed(line),
            None => {
                let parsed = self.finish(self.formats.plain(), plain::read(line.as_bytes()), line, now);
                self.origin.guessed = true;
                parsed
            }
        }
    }

    /// The line inside of an envelope; borrowed unless it has escapes.
    pub fn unwrap<'a>(line: &'a str, parsed: &Parsed) -> Cow<'a, str> {
        let text = line.get(parsed.message.0 as usize..parsed.message.1 as usize).unwrap_or(line);
        if !line.trim_start().starts_with('{') || !text.contains('\\') {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        json::unescape(text, &mut out);
        while out.ends_with(['\n', '\r']) {
            out.pop();
        }
        Cow::Owned(out)
    }

    /// Reads a line that was inside of an envelope; its format is found for itself.
    pub fn parse_inner(&mut self, line: &str, now: Timestamp) -> Parsed {
        let formats = &self.formats;
        let rule = &self.rule;
        // Without a forced format the constructor cannot fail.
        let inner = match &mut self.inner {
            Some(inner) => inner,
            none => match Self::new(Arc::clone(formats), rule.clone(), None, None) {
                Ok(new) => none.insert(Box::new(new)),
                Err(_) => return unparsed(line),
            },
        };
        inner.parse(line, now)
    }

    /// What the format of the program says of a line, where there is one.
    #[inline(never)]
    fn finish_refined(&mut self, i: usize, found: Found, line: &str, now: Timestamp) -> Parsed {
        let program = line.as_bytes().get(found.component.clone()).and_then(|c| self.formats.program(c));
        match program.and_then(|p| Some((p, self.formats.at(p).refine(line, &found)?))) {
            Some((program, refined)) => self.finish(program, refined, line, now),
            None => self.finish(i, found, line, now),
        }
    }

    fn try_format(&mut self, i: usize, line: &str) -> Option<Found> {
        self.formats.at(i).read(line, &mut self.scratch[i])
    }

    /// While sampling, every format sees the line, and the best one reads it.
    fn sample(&mut self, line: &str) -> Option<(usize, Found)> {
        self.sampled += 1;
        let best = choose::best(&self.formats, line, &mut self.scratch);
        if let Some((i, _)) = &best {
            self.votes[*i] += 1;
            // The first of equals stays.
            if *i != self.current && self.votes[*i] > self.votes[self.current] {
                self.remember(self.current);
                self.current = *i;
            } else if *i != self.current {
                self.remember(*i);
            }
        }
        best
    }

    fn settled(&mut self, line: &str) -> Option<(usize, Found)> {
        let plain = self.formats.plain();
        if self.current != plain
            && let Some(found) = self.try_format(self.current, line)
        {
            self.ahead.1 = self.ahead.1.saturating_sub(1);
            return Some((self.current, found));
        }
        for n in 0..self.recent.len() {
            let i = self.recent[n];
            if i != self.current
                && i != plain
                && let Some(found) = self.try_format(i, line)
            {
                self.count_for(i);
                return Some((i, found));
            }
        }
        self.misses += 1;
        if self.misses < self.retry {
            return None;
        }
        self.misses = 0;
        let best = choose::best(&self.formats, line, &mut self.scratch);
        match &best {
            Some((i, _)) if *i != plain => {
                self.retry = *RETRY.start();
                self.remember(*i);
            }
            _ => self.retry = (self.retry * 2).min(*RETRY.end()),
        }
        best
    }

    fn count_for(&mut self, i: usize) {
        if self.ahead.0 == i {
            self.ahead.1 += 1;
        } else if self.ahead.1 == 0 {
            self.ahead = (i, 1);
        } else {
            self.ahead.1 -= 1;
        }
        if self.ahead.1 >= TAKEOVER {
            self.remember(self.current);
            self.current = self.ahead.0;
            self.ahead.1 = 0;
        }
    }

    fn remember(&mut self, i: usize) {
        self.recent.retain(|r| *r != i);
        self.recent.insert(0, i);
        self.recent.truncate(RECENT);
    }

    fn finish(&mut self, i: usize, found: Found, line: &str, now: Timestamp) -> Parsed {
        self.last = i;
        let format = self.formats.at(i);
        let by_status = |found: &Found| self.formats.at(i).severity_from_status && found.level.is_none();
        let level = found.level_at.clone().filter(|(_, by)| *by != LevelBy::Status || by_status(&found));
        self.origin = Origin { format: i, guessed: false, time: found.time_at.clone(), level };
        let Found { stamp, time_text, level, status, component, message, partial, .. } = found;
        let zone = match (&format.zone, &mut self.scratch[i].zone) {
            (None, _) => &mut self.zone,
            (Some(rule), own) => own.get_or_insert_with(|| ZoneCache::new(rule)),
        };
        let stamp = match &format.strptime {
            Some(f) => line.get(time_text).filter(|t| !t.is_empty()).map(|t| strptime(f, t)),
            None => stamp,
        };
        let time = stamp.and_then(|s| zone.resolve(s, now));
        let message = if format.envelope { whole_inside(line, message) } else { message };
        let text = line.as_bytes().get(message.clone()).unwrap_or_default();
        let mut severity = level.unwrap_or(Severity::UNSET);
        if format.severity_from_status
            && level.is_none()
            && let Some(status) = status
        {
            severity = level::http_status(status);
        }
        if severity == Severity::UNSET && !format.envelope {
            if format.level_in_message {
                severity = plain::leading_level(text).unwrap_or(Severity::UNSET);
            }
            if severity == Severity::UNSET {
                severity = level::head(text);
            }
            if severity == Severity::UNSET {
                severity = format.default_level;
            }
        }
        let recognised = !matches!(format.reader, Reader::Plain) || stamp.is_some() || level.is_some();
        let range = |r: std::ops::Range<usize>| (r.start as u32, r.end as u32);
        Parsed {
            recognised,
            time,
            severity,
            component: range(component),
            message: range(message),
            enveloped: format.envelope,
            partial,
        }
    }
}

/// What is inside of an envelope keeps its indent (a trace is told by it) and its end (a piece of a line goes on
/// there): of the blanks before it only one belongs to the envelope. JSON has no blanks there.
fn whole_inside(line: &str, message: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let blank = |b: &u8| matches!(b, b' ' | b'\t');
    let bytes = line.as_bytes();
    let before = bytes[..message.start].iter().rev().take_while(|b| blank(b)).count();
    let after = bytes[message.end..].iter().take_while(|b| blank(b)).count();
    let end = if message.end + after == bytes.len() { bytes.len() } else { message.end };
    message.start - before.saturating_sub(1)..end
}

fn unparsed(line: &str) -> Parsed {
    Parsed { severity: level::head(line.as_bytes()), message: (0, line.len() as u32), ..Parsed::default() }
}

/// Reads a time with a format of the user's own.
fn strptime(format: &str, text: &str) -> Stamp {
    let Ok(broken) = jiff::fmt::strtime::parse(format, text) else { return Stamp::Impossible };
    if let Ok(at) = broken.to_timestamp() {
        return i64::try_from(at.as_nanosecond()).map_or(Stamp::Impossible, Stamp::Instant);
    }
    if let Ok(civil) = broken.to_datetime()
        && let Ok(at) = jiff::tz::TimeZone::UTC.to_timestamp(civil)
    {
        return Stamp::Local { secs: at.as_second(), nanos: at.subsec_nanosecond().unsigned_abs() };
    }
    match (broken.month(), broken.day(), broken.hour(), broken.minute()) {
        (Some(month), Some(day), Some(hour), Some(minute)) => Stamp::Yearless {
            month: month.unsigned_abs(),
            day: day.unsigned_abs(),
            secs_of_day: u32::from(hour.unsigned_abs()) * 3600
                + u32::from(minute.unsigned_abs()) * 60
                + broken.second().map_or(0, |s| u32::from(s.unsigned_abs()).min(59)),
            nanos: broken.subsec_nanosecond().map_or(0, i32::unsigned_abs),
        },
        _ => Stamp::Impossible,
    }
}
