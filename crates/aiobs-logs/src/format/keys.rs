//! Which key of a structured line means what: the names of a format file as a small hash table. Used by the JSON
//! and logfmt scanners.

use super::civil::Stamp;
use super::def::Keys;
use super::found::{Levels, level_of};
use super::{level, time};
use aiobs_types::Severity;
use std::ops::Range;

/// What a key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Time,
    Level,
    LevelOtel,
    LevelPython,
    Component,
    Message,
    Status,
    Nanos,
    /// Only its presence counts; the bit of the required keys.
    Required,
}

#[derive(Clone, Debug)]
struct Entry {
    name: Box<[u8]>,
    role: Role,
    /// Place in the list of its role: the lowest wins.
    rank: u8,
    required: u8,
}

/// Names to roles.
#[derive(Clone, Debug)]
pub(crate) struct KeyTable {
    buckets: Vec<Vec<Entry>>,
    /// Objects to look into, with the names inside.
    nested: Vec<(Box<[u8]>, KeyTable)>,
    required: u8,
    /// [`key_bit`] of each required key.
    bits: u64,
}

/// One of 64 bits for a key, by the part behind its last dot: `log.level` and the `level` in a `log` are the same.
pub(crate) fn key_bit(name: &[u8]) -> u64 {
    let from = memchr::memrchr(b'.', name).map_or(0, |dot| dot + 1);
    let tail = &name[from..];
    let (Some(first), Some(last)) = (tail.first(), tail.last()) else { return 0 };
    let middle = tail[tail.len() / 2];
    let hash = usize::from(first | 0x20) * 7 + usize::from(last | 0x20) * 31 + usize::from(middle | 0x20) * 13;
    1 << ((hash + tail.len() * 3) % 64)
}

const BUCKETS: usize = 128;

fn bucket(name: &[u8]) -> usize {
    let (Some(first), Some(last)) = (name.first(), name.last()) else { return 0 };
    (usize::from(first | 0x20) * 7 + usize::from(last | 0x20) * 31 + name.len() * 3) % BUCKETS
}

impl KeyTable {
    pub(crate) fn new(keys: &Keys) -> Self {
        let mut table = Self::empty();
        let lists = [
            (Role::Time, &keys.time),
            (Role::Level, &keys.level),
            (Role::LevelOtel, &keys.level_otel),
            (Role::LevelPython, &keys.level_python),
            (Role::Component, &keys.component),
            (Role::Message, &keys.message),
            (Role::Status, &keys.status),
            (Role::Nanos, &keys.nanos),
        ];
        for (role, names) in lists {
            for (rank, name) in names.iter().enumerate() {
                table.insert(name, role, rank.min(250) as u8, 0);
            }
        }
        for (i, name) in keys.required.iter().take(8).enumerate() {
            table.required |= 1 << i;
            table.bits |= key_bit(name.as_bytes());
            table.insert(name, Role::Required, u8::MAX, 1 << i);
        }
        table
    }

    fn empty() -> Self {
        Self { buckets: vec![Vec::new(); BUCKETS], nested: Vec::new(), required: 0, bits: 0 }
    }

    fn insert(&mut self, name: &str, role: Role, rank: u8, required: u8) {
        let bytes = name.as_bytes();
        let entries = &mut self.buckets[bucket(bytes)];
        match entries.iter_mut().find(|e| e.name.eq_ignore_ascii_case(bytes)) {
            Some(known) => known.required |= required,
            None => entries.push(Entry { name: bytes.into(), role, rank, required }),
        }
        if let Some((outer, inner)) = name.split_once('.') {
            let i = self.nested.iter().position(|(n, _)| &**n == outer.as_bytes()).unwrap_or_else(|| {
                self.nested.push((outer.as_bytes().into(), Self::empty()));
                self.nested.len() - 1
            });
            self.nested[i].1.insert(inner, role, rank, required);
        }
    }

    fn get(&self, name: &[u8]) -> Option<&Entry> {
        self.buckets[bucket(name)].iter().find(|e| e.name.eq_ignore_ascii_case(name))
    }

    /// The table for the inside of an object.
    pub(crate) fn inside(&self, name: &[u8]) -> Option<&Self> {
        self.nested.iter().find(|(n, _)| &**n == name).map(|(_, t)| t)
    }

    /// Whether a line with these [`key_bit`]s may have all required keys.
    pub(crate) fn may_have_all(&self, bits: u64) -> bool {
        self.bits & bits == self.bits
    }
}

/// A value of a structured line.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// Inside of quotes, or a bare word of logfmt.
    Text(Range<usize>),
    /// A number.
    Number(Range<usize>),
    /// Anything else.
    Other,
}

/// What the pairs of one line gave so far.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    pub(crate) stamp: Option<(u8, Stamp)>,
    /// Where the time stands.
    pub(crate) stamp_at: Range<usize>,
    pub(crate) level: Option<(u8, Severity)>,
    /// The number that told the level.
    pub(crate) level_at: Option<(Range<usize>, Role)>,
    pub(crate) component: Option<(u8, Range<usize>)>,
    pub(crate) message: Option<(u8, Range<usize>)>,
    pub(crate) status: Option<(u8, u32)>,
    /// Where the status stands.
    pub(crate) status_at: Range<usize>,
    pub(crate) nanos: Option<(u8, u32)>,
    seen: u8,
}

impl Pairs {
    /// Takes in one pair.
    pub(crate) fn take(&mut self, line: &[u8], table: &KeyTable, key: &[u8], value: &Value, levels: &Levels) {
        let Some(Entry { role, rank, required, .. }) = table.get(key) else { return };
        self.seen |= required;
        let better = |held: Option<u8>| held.is_none_or(|h| *rank < h);
        match (role, value) {
            (Role::Time, Value::Text(r) | Value::Number(r)) if better(self.stamp.as_ref().map(|s| s.0)) => {
                if let Some(stamp) = stamp(&line[r.clone()]) {
                    self.stamp = Some((*rank, stamp));
                    self.stamp_at = r.clone();
                }
            }
            (Role::Level | Role::LevelOtel | Role::LevelPython, value) if better(self.level.as_ref().map(|l| l.0)) => {
                if let Some(severity) = severity(line, *role, value, levels) {
                    self.level = Some((*rank, severity));
                    self.level_at = match value {
                        Value::Text(r) | Value::Number(r) if line[r.clone()].iter().any(u8::is_ascii_digit) => {
                            Some((r.clone(), *role))
                        }
                        _ => None,
                    };
                }
            }
            (Role::Component, Value::Text(r)) if !r.is_empty() && better(self.component.as_ref().map(|c| c.0)) => {
                self.component = Some((*rank, r.clone()));
            }
            (Role::Message, Value::Text(r)) if better(self.message.as_ref().map(|m| m.0)) => {
                self.message = Some((*rank, r.clone()));
            }
            (Role::Status, Value::Text(r) | Value::Number(r)) if better(self.status.map(|s| s.0)) => {
                if let Some(n) = small(&line[r.clone()]) {
                    self.status = Some((*rank, n));
                    self.status_at = r.clone();
                }
            }
            (Role::Nanos, Value::Number(r)) if better(self.nanos.map(|n| n.0)) => {
                if let Some(n) = small(&line[r.clone()]).filter(|n| *n < 1_000_000_000) {
                    self.nanos = Some((*rank, n));
                }
            }
            _ => {}
        }
    }

    /// Takes note of a key whose value is an object or a list.
    pub(crate) fn saw(&mut self, table: &KeyTable, key: &[u8]) {
        if table.required != 0
            && let Some(entry) = table.get(key)
        {
            self.seen |= entry.required;
        }
    }

    /// The time with the nanoseconds that stood beside it.
    pub(crate) fn time(&self) -> Option<Stamp> {
        match (self.stamp.as_ref().map(|s| s.1)?, self.nanos) {
            (Stamp::Instant(at), Some((_, nanos))) => Some(Stamp::Instant(at.saturating_add(i64::from(nanos)))),
            (stamp, _) => Some(stamp),
        }
    }

    /// Whether all required keys were there.
    pub(crate) fn complete(&self, table: &KeyTable) -> bool {
        self.seen & table.required == table.required
    }

    /// Whether any key with a meaning was there.
    pub(crate) fn any(&self) -> bool {
        self.stamp.is_some() || self.level.is_some() || self.message.is_some()
    }
}

fn small(digits: &[u8]) -> Option<u32> {
    time::number(digits).and_then(|n| u32::try_from(n).ok())
}

/// The time that the value of a key tells.
pub(crate) fn stamp(text: &[u8]) -> Option<Stamp> {
    if let Some((stamp, _)) = time::scan(text, 0, time::Shape::Any) {
        return Some(stamp);
    }
    let (stamp, end) = epoch(text)?;
    (end == text.len()).then_some(stamp)
}

/// Epoch numbers of JSON may be written as floating point (`1.7362602153e9`).
fn epoch(text: &[u8]) -> Option<(Stamp, usize)> {
    if text.iter().any(|c| matches!(c, b'e' | b'E')) {
        let secs: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
        let secs = if secs > 1e17 {
            secs / 1e9
        } else if secs > 1e14 {
            secs / 1e6
        } else if secs > 1e11 {
            secs / 1e3
        } else {
            secs
        };
        return (0.0..9e9).contains(&secs).then_some((Stamp::Instant((secs * 1e9) as i64), text.len()));
    }
    time::epoch(text, 0)
}

fn severity(line: &[u8], role: Role, value: &Value, levels: &Levels) -> Option<Severity> {
    let (Value::Number(r) | Value::Text(r)) = value else { return None };
    let text = line[r.clone()].trim_ascii();
    let named = matches!((role, value), (Role::Level, Value::Text(_))).then(|| level_of(levels, text)).flatten();
    named.or_else(|| number_level(&line[r.clone()], role))
}

/// The level that a number under a key of this role tells.
pub(crate) fn number_level(text: &[u8], role: Role) -> Option<Severity> {
    let n = small(text)?;
    match role {
        Role::LevelOtel => (1..=24).contains(&n).then_some(Severity(n as u8)),
        Role::LevelPython => level::python(n),
        _ => level::number(n),
    }
}
