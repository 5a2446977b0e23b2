//! What comes after one statement, for the same identifier: which statement, how often, how soon, and how often nothing
//! came. Pure; used by the detector of sequences.

use aiobs_insight::surprise;
use aiobs_types::{RecordId, TemplateId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

const SECOND: i64 = 1_000_000_000;
/// Statements that may come next.
const NEXT: usize = 4;
/// Identifiers that must have gone on before one that does not is worth a thought,
const LEAST: u64 = 50;
/// and the share of them that went to the same statement.
const SHARE: f64 = 0.9;
/// Time in which misses are counted.
const WINDOW: i64 = 600 * SECOND;
/// Misses within it that are told,
const MISSES: usize = 3;
/// when they are this share of those due in it,
const MISS_SHARE: f64 = 0.1;
/// and surprising by so many nats.
const NATS: f64 = 10.0;
/// A statement is watched for so long before anything is said: those that never go on are known to only after a while.
const LEARN: i64 = 900 * SECOND;
/// How long to wait while nothing is known, and at least and at most.
const UNKNOWN: i64 = 300 * SECOND;
const SHORTEST: i64 = 5 * SECOND;
const LONGEST: i64 = 3_600 * SECOND;
/// Of the latest, so many are remembered.
const REMEMBERED: usize = 256;
/// Counts are halved here, so that what changes becomes usual.
const HALVED: u64 = 20_000;

/// Who did not go on lately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Missing {
    /// The latest record that nothing followed, and when that was clear.
    pub(super) record: RecordId,
    pub(super) time: Timestamp,
    /// Misses within so many seconds.
    pub(super) lately: usize,
    pub(super) within: i64,
    /// Seconds waited.
    pub(super) waited: i64,
    /// Of those before, and how many of them went on.
    pub(super) total: u64,
    pub(super) completed: u64,
}

/// See the module.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Steps {
    component: Box<str>,
    first: Timestamp,
    next: [(TemplateId, u64); NEXT],
    /// Went on, and did not; those within the window apart.
    went: u64,
    stayed: u64,
    /// Longest usual time to the next step, in nanoseconds; it shrinks slowly.
    slow: i64,
    /// The latest within the window: when, and whether nothing came.
    #[serde(skip)]
    lately: VecDeque<(Timestamp, bool)>,
    #[serde(skip)]
    misses: usize,
}

impl Steps {
    /// For a statement of this component that comes for the first time.
    pub(super) fn new(component: &str, first: Timestamp) -> Self {
        Self { component: component.chars().take(120).collect::<String>().into(), first, ..Self::default() }
    }

    fn is_learning(&self, now: Timestamp) -> bool {
        self.went < LEAST || now.since(self.first) < LEARN
    }

    /// Whether it can be what was learnt once.
    pub(super) fn is_sound(&self) -> bool {
        let counts = self.next.iter().map(|(_, n)| *n).chain([self.went, self.stayed]);
        self.component.len() <= 4 * 120 && (0..=LONGEST).contains(&self.slow) && counts.max() <= Some(2 * HALVED)
    }

    /// Identifiers seen to go on or not.
    pub(super) fn met(&self) -> u32 {
        u32::try_from(self.went + self.stayed).unwrap_or(u32::MAX)
    }

    pub(super) fn component(&self) -> &str {
        &self.component
    }

    /// How long to wait for the next step, in nanoseconds.
    pub(super) fn patience(&self, now: Timestamp) -> i64 {
        let known = (self.slow * 3).clamp(SHORTEST, LONGEST);
        if self.is_learning(now) { known.max(UNKNOWN) } else { known }
    }

    /// An identifier that stood here since `from` went on.
    pub(super) fn came(&mut self, next: TemplateId, from: Timestamp, to: Timestamp) {
        let took = to.since(from).clamp(0, LONGEST);
        self.slow = if took > self.slow { took } else { self.slow - self.slow / 256 + took / 256 };
        self.went += 1;
        if !self.is_learning(from) {
            self.remember(to, false);
        }
        if let Some(known) = self.next.iter_mut().find(|(id, n)| *n > 0 && *id == next) {
            known.1 += 1;
        } else if let Some(rarest) = self.next.iter_mut().min_by_key(|(_, n)| *n) {
            // Space-saving (Metwally et al. 2005): the rarest makes room and hands its count on.
            *rarest = (next, rarest.1 + 1);
        }
        if self.went + self.stayed >= HALVED {
            self.went /= 2;
            self.stayed /= 2;
            self.next.iter_mut().for_each(|(_, n)| *n /= 2);
        }
    }

    /// An identifier stood here since `from` until it was not waited for any more. What usually comes next, when this is
    /// worth telling.
    pub(super) fn missed(
        &mut self,
        record: RecordId,
        from: Timestamp,
        now: Timestamp,
    ) -> Option<(TemplateId, Missing)> {
        if self.is_learning(from) {
            self.stayed += 1;
            return None;
        }
        self.remember(now, true);
        let (next, times) = self.next.iter().copied().max_by_key(|(_, n)| *n)?;
        let all = self.went + self.stayed;
        if (times as f64) < SHARE * all as f64 {
            return None;
        }
        let due = self.lately.len() as f64;
        let expected = due * (self.stayed as f64 + 1.0) / (all as f64 + 2.0);
        let misses = self.misses as f64;
        if self.misses < MISSES || misses < MISS_SHARE * due || surprise(misses, expected, 1.0) < NATS {
            return None;
        }
        let first = self.lately.iter().find(|(_, missed)| *missed).map_or(now, |(t, _)| *t);
        Some((
            next,
            Missing {
                record,
                time: now,
                lately: self.misses,
                within: now.since(first) / SECOND,
                waited: now.since(from) / SECOND,
                total: all,
                completed: self.went,
            },
        ))
    }

    /// What leaves the window is history.
    fn remember(&mut self, time: Timestamp, missed: bool) {
        let over = |list: &VecDeque<(Timestamp, bool)>| {
            list.len() >= REMEMBERED || list.front().is_some_and(|(t, _)| time.since(*t) > WINDOW)
        };
        while over(&self.lately) {
            let Some((_, missed)) = self.lately.pop_front() else { break };
            self.misses -= usize::from(missed);
            self.stayed += u64::from(missed);
        }
        self.misses += usize::from(missed);
        self.lately.push_back((time, missed));
    }
}
