//! One code: the few values it has, and a new one that comes again and again. Pure.

use aiobs_types::Timestamp;
use serde::{Deserialize, Serialize};

const SECOND: i64 = 1_000_000_000;
/// Values of a code at most; a number with more is none.
const KINDS: usize = 12;
/// Records, and time in nanoseconds, before a value is new.
const LEAST: u32 = 300;
const LEAST_TIME: i64 = 600 * SECOND;
/// A new value that comes this often within this time is told ...
const AGAIN: u32 = 5;
const WITHIN: i64 = 60 * SECOND;
/// ... for so long; then it is known.
const NEWS: i64 = 3_600 * SECOND;
/// Time between two strikes.
const PAUSE: i64 = 10 * SECOND;

/// A value never seen before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct New {
    pub(super) times: u32,
    pub(super) seconds: i64,
    pub(super) known: Vec<i64>,
    pub(super) records: u32,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Fresh {
    code: i64,
    first: Timestamp,
    count: u32,
    struck: Option<Timestamp>,
}

/// See the module.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Code {
    known: Vec<i64>,
    records: u32,
    first: Option<Timestamp>,
    fresh: Option<Fresh>,
    /// It has too many values.
    many: bool,
}

impl Code {
    /// A value; what to tell, if it is new, bad and comes again and again.
    pub(super) fn add(&mut self, code: i64, time: Timestamp) -> Option<New> {
        if self.many {
            return None;
        }
        let first = *self.first.get_or_insert(time);
        if self.known.contains(&code) {
            self.records = self.records.saturating_add(1);
            return None;
        }
        let settled = self.records >= LEAST && time.since(first) >= LEAST_TIME;
        if !settled || !is_bad(code) {
            self.records = self.records.saturating_add(1);
            self.learn(code);
            return None;
        }
        let fresh = self.fresh.get_or_insert(Fresh { code, first: time, count: 0, struck: None });
        if fresh.code != code {
            // One at a time: the other is forgotten when it was no news.
            if time.since(fresh.first) > WITHIN {
                *fresh = Fresh { code, first: time, count: 0, struck: None };
            } else {
                return None;
            }
        }
        fresh.count += 1;
        let age = time.since(fresh.first);
        if age > if fresh.struck.is_some() { NEWS } else { WITHIN } {
            self.fresh = None;
            self.learn(code);
            return None;
        }
        if fresh.count < AGAIN || fresh.struck.is_some_and(|t| time.since(t) < PAUSE) {
            return None;
        }
        fresh.struck = Some(time);
        let mut known = self.known.clone();
        known.sort_unstable();
        Some(New { times: fresh.count, seconds: (age / SECOND).max(1), known, records: self.records })
    }

    /// Whether it can be what was learnt once.
    pub(super) fn is_sound(&self) -> bool {
        self.known.len() <= KINDS
    }

    /// Values seen.
    pub(super) fn met(&self) -> u32 {
        self.records
    }

    fn learn(&mut self, code: i64) {
        self.many = self.known.len() >= KINDS;
        if !self.many {
            self.known.push(code);
        }
    }
}

/// 0 and what HTTP calls success or a redirect are no errors.
fn is_bad(code: i64) -> bool {
    code != 0 && !(100..400).contains(&code)
}
