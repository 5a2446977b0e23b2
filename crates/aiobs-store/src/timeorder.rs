//! Records by event time. Ids rise in the order of arrival, so records of several sources are merged here: from
//! stretches of consecutive ids whose times may overlap, each opened only when the merge gets to its times. What is
//! open at once is what overlaps. Used by the log view over chunks and the live window together; this file knows
//! neither.

use crate::error::{Doing, Result, StoreError};
use crate::matcher::Matcher;
use crate::reader::{DOING, Reader};
use crate::{codec::Decoder, rows, scan};
use aiobs_types::{RecordId, Timestamp};
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::ControlFlow;
use std::sync::Arc;

/// A record's place in the order of event time; the id tells records of the same time apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeKey {
    /// Event time.
    pub time: Timestamp,
    /// Which record.
    pub id: RecordId,
}

impl TimeKey {
    /// Before every record.
    pub const MIN: Self = Self { time: Timestamp(i64::MIN), id: RecordId(0) };
    /// After every record.
    pub const MAX: Self = Self { time: Timestamp(i64::MAX), id: RecordId(u64::MAX) };

    /// Before every record of this time.
    pub const fn at(time: Timestamp) -> Self {
        Self { time, id: RecordId(0) }
    }

    /// Right after this one.
    #[must_use]
    pub const fn after(self) -> Self {
        Self { time: self.time, id: RecordId(self.id.0.saturating_add(1)) }
    }
}

/// Consecutive records of which only this much is known before they are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Earliest event time, or something before it.
    pub min_time: Timestamp,
    /// Latest event time, or something after it.
    pub max_time: Timestamp,
}

/// The keys of the records in a stretch that are asked for, rising.
pub type Keys = Arc<[TimeKey]>;

/// Opens the i-th stretch; `None` stops everything.
pub type Load<'l> = dyn FnMut(usize) -> Result<Option<Keys>> + 'l;

/// An open stretch, at its next key.
struct Open {
    keys: Keys,
    at: usize,
    key: TimeKey,
    forward: bool,
}

impl Open {
    fn new(keys: Keys, from: TimeKey, forward: bool) -> Option<Self> {
        let split = keys.partition_point(|k| *k < from);
        let at = if forward { split } else { split.checked_sub(1)? };
        let key = *keys.get(at)?;
        Some(Self { keys, at, key, forward })
    }

    fn advance(mut self) -> Option<Self> {
        self.at = if self.forward { self.at + 1 } else { self.at.checked_sub(1)? };
        self.key = *self.keys.get(self.at)?;
        Some(self)
    }
}

impl Ord for Open {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.forward { other.key.cmp(&self.key) } else { self.key.cmp(&other.key) }
    }
}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Open {}

/// Hands the keys of all stretches to `on` until it breaks: forward those at or after `from`, rising; backward those
/// before it, falling. Whether it went to its end or was broken off by `on`, not stopped by `load`.
///
/// # Errors
/// Those of `load`.
pub fn walk(
    stretches: &[Stretch],
    from: TimeKey,
    forward: bool,
    load: &mut Load<'_>,
    on: &mut dyn FnMut(TimeKey) -> ControlFlow<()>,
) -> Result<bool> {
    let ahead = |s: &Stretch| if forward { s.max_time >= from.time } else { s.min_time <= from.time };
    let mut todo: Vec<usize> = (0..stretches.len()).filter(|&i| ahead(&stretches[i])).collect();
    // The next one to open is the last.
    todo.sort_by_key(|&i| if forward { !stretches[i].min_time.0 } else { stretches[i].max_time.0 });
    let mut open: BinaryHeap<Open> = BinaryHeap::new();
    loop {
        while let Some(&i) = todo.last() {
            let s = &stretches[i];
            let due = |o: &Open| if forward { s.min_time <= o.key.time } else { s.max_time >= o.key.time };
            if !open.peek().is_none_or(due) {
                break;
            }
            todo.pop();
            let Some(keys) = load(i)? else { return Ok(false) };
            open.extend(Open::new(keys, from, forward));
        }
        let Some(next) = open.pop() else { return Ok(true) };
        if on(next.key).is_break() {
            return Ok(true);
        }
        open.extend(next.advance());
    }
}

/// Number of keys before `from`; `count` says how many a stretch holds, so that only those around `from` are opened.
/// `None` when `load` stopped it.
///
/// # Errors
/// Those of `load`.
pub fn rank(
    stretches: &[Stretch],
    from: TimeKey,
    count: &dyn Fn(usize) -> u64,
    load: &mut Load<'_>,
) -> Result<Option<u64>> {
    let mut before = 0;
    for (i, s) in stretches.iter().enumerate() {
        if s.min_time > from.time {
            continue;
        }
        let n = count(i);
        if s.max_time < from.time || n == 0 {
            before += n;
            continue;
        }
        let Some(keys) = load(i)? else { return Ok(None) };
        before += keys.partition_point(|k| *k < from) as u64;
    }
    Ok(Some(before))
}

/// The key that `n` others come before, else the last one; `None` when there is none or `load` stopped it.
///
/// # Errors
/// Those of `load`.
pub fn nth(
    stretches: &[Stretch],
    n: u64,
    count: &dyn Fn(usize) -> u64,
    load: &mut Load<'_>,
) -> Result<Option<TimeKey>> {
    let Some(mut low) = stretches.iter().map(|s| i128::from(s.min_time.0)).min() else { return Ok(None) };
    let mut high = stretches.iter().map(|s| i128::from(s.max_time.0)).max().unwrap_or(low);
    // The latest time before which there are at most n.
    let mut skip = n;
    while low < high {
        let middle = (low + high + 1) / 2;
        let Some(before) = rank(stretches, TimeKey::at(Timestamp(middle as i64)), count, load)? else {
            return Ok(None);
        };
        if before <= n {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    let from = TimeKey::at(Timestamp(low as i64));
    if let Some(before) = rank(stretches, from, count, load)? {
        skip = n.saturating_sub(before);
    }
    let mut found = None;
    walk(stretches, from, true, load, &mut |key| {
        found = Some(key);
        if skip == 0 {
            return ControlFlow::Break(());
        }
        skip -= 1;
        ControlFlow::Continue(())
    })?;
    if found.is_none() {
        walk(stretches, TimeKey::MAX, false, load, &mut |key| {
            found = Some(key);
            ControlFlow::Break(())
        })?;
    }
    Ok(found)
}

impl Reader {
    /// The keys of the matching records in the chunk that begins with record `first`, rising; none when there is no
    /// such chunk (any more) or its bytes are damaged. Without a condition the texts stay compressed.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn time_keys(&self, first: RecordId, matcher: &Matcher) -> Result<Vec<TimeKey>> {
        let _view = self.snapshot()?;
        let Some(stored) = rows::chunk(&self.conn, first).doing(DOING)? else { return Ok(Vec::new()) };
        if !matcher.may_match(&stored.header) {
            return Ok(Vec::new());
        }
        let key = |i: usize, time| TimeKey { time, id: RecordId(first.0 + i as u64) };
        let mut decoder = Decoder::new()?;
        let mut keys: Vec<TimeKey> = if matcher.is_all() {
            match decoder.rows(&stored) {
                Ok(rows) => rows.metas.iter().enumerate().map(|(i, r)| key(i, r.time)).collect(),
                Err(e @ StoreError::Corrupt { .. }) => {
                    self.note(&stored.header, &e);
                    Vec::new()
                }
                Err(e) => return Err(e),
            }
        } else {
            let hits = scan::search(&mut decoder, matcher, stored)?;
            if let Some(what) = &hits.damaged {
                self.damage.met(&hits.header, what);
            }
            let Some(chunk) = hits.chunk else { return Ok(Vec::new()) };
            let time = |i: usize| chunk.rows().get(i).map(|r| key(i, r.time));
            hits.rows.iter().filter_map(|&i| time(i as usize)).collect()
        };
        keys.sort_unstable();
        Ok(keys)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failing test should panic")]
    use super::*;
    use proptest::prelude::*;

    /// Stretches of records with any times, far future and far past among them.
    fn world() -> impl Strategy<Value = Vec<Vec<i64>>> {
        let time = prop_oneof![8 => 0..60_i64, 1 => Just(i64::MAX), 1 => Just(i64::MIN)];
        prop::collection::vec(prop::collection::vec(time, 0..12), 0..8)
    }

    fn keys(world: &[Vec<i64>]) -> Vec<Keys> {
        let mut id = 0;
        let mut of = |times: &Vec<i64>| {
            let mut keys: Vec<TimeKey> = Vec::new();
            for t in times {
                id += 1;
                keys.push(TimeKey { time: Timestamp(*t), id: RecordId(id) });
            }
            keys.sort_unstable();
            keys.into()
        };
        world.iter().map(&mut of).collect()
    }

    fn stretches(keys: &[Keys]) -> Vec<Stretch> {
        let of = |k: &Keys| Stretch {
            min_time: k.first().map_or(Timestamp(0), |k| k.time),
            max_time: k.last().map_or(Timestamp(0), |k| k.time),
        };
        keys.iter().map(of).collect()
    }

    fn collect(keys: &[Keys], from: TimeKey, forward: bool) -> Vec<TimeKey> {
        let mut found = Vec::new();
        let mut load = |i: usize| Ok(Some(Arc::clone(&keys[i])));
        walk(&stretches(keys), from, forward, &mut load, &mut |k| {
            found.push(k);
            ControlFlow::Continue(())
        })
        .unwrap();
        found
    }

    proptest! {
        #[test]
        fn the_merge_is_the_sort(world in world(), from in -1..61_i64, id in 0..50_u64) {
            let keys = keys(&world);
            let mut all: Vec<TimeKey> = keys.iter().flat_map(|k| k.iter().copied()).collect();
            all.sort_unstable();
            let from = TimeKey { time: Timestamp(from), id: RecordId(id) };
            let split = all.partition_point(|k| *k < from);
            prop_assert_eq!(&collect(&keys, from, true), &all[split..]);
            let mut back = collect(&keys, from, false);
            back.reverse();
            prop_assert_eq!(&back, &all[..split]);
            prop_assert_eq!(&collect(&keys, TimeKey::MIN, true), &all);
            prop_assert_eq!(collect(&keys, TimeKey::MAX, false).len(), all.len());
        }

        #[test]
        fn places_are_those_of_the_sort(world in world()) {
            let keys = keys(&world);
            let spans = stretches(&keys);
            let mut all: Vec<TimeKey> = keys.iter().flat_map(|k| k.iter().copied()).collect();
            all.sort_unstable();
            let count = |i: usize| keys[i].len() as u64;
            let mut load = |i: usize| Ok(Some(Arc::clone(&keys[i])));
            for (n, key) in (0..).zip(&all) {
                prop_assert_eq!(rank(&spans, *key, &count, &mut load).unwrap(), Some(n));
                prop_assert_eq!(nth(&spans, n, &count, &mut load).unwrap(), Some(*key));
            }
            prop_assert_eq!(nth(&spans, all.len() as u64 + 3, &count, &mut load).unwrap(), all.last().copied());
        }
    }

    #[test]
    fn only_what_the_walk_gets_to_is_opened() {
        let keys = keys(&[vec![0, 10], vec![8, 20], vec![30, 40], vec![50, 60]]);
        let mut opened = Vec::new();
        let mut load = |i: usize| {
            opened.push(i);
            Ok(Some(Arc::clone(&keys[i])))
        };
        let mut left = 3;
        walk(&stretches(&keys), TimeKey::MIN, true, &mut load, &mut |_| {
            left -= 1;
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
        assert_eq!(opened, [0, 1]);
    }
}
