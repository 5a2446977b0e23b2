//! Counts that need no text: records per level over time, for the charts, where a chunk that lies within one bucket is
//! counted by its header; and records per template, for the evidence of a diagnosis.

use crate::codec::Decoder;
use crate::error::{Doing, Result, StoreError};
use crate::header::{ChunkHeader, LEVELS};
use crate::matcher::Matcher;
use crate::reader::{DOING, Reader};
use crate::rows;
use aiobs_types::{Level, LogQuery, Order, RecordId, RecordMeta, TemplateId, Timestamp};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

/// Equal buckets over `from..to`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Buckets {
    from: i64,
    span: i128,
    counts: Vec<[u64; LEVELS]>,
}

impl Buckets {
    fn new(from: Timestamp, to: Timestamp, buckets: usize) -> Self {
        Self { from: from.0, span: i128::from(to.0) - i128::from(from.0), counts: vec![[0; LEVELS]; buckets] }
    }

    fn index(&self, t: Timestamp) -> Option<usize> {
        let at = i128::from(t.0) - i128::from(self.from);
        (0..self.span).contains(&at).then(|| (at * self.counts.len() as i128 / self.span) as usize)
    }

    fn add(&mut self, t: Timestamp, level: usize) {
        if let Some(i) = self.index(t) {
            self.counts[i][level] += 1;
        }
    }
}

impl Reader {
    /// Number of records per level (in the order of [`aiobs_types::Level::ALL`]) in each of `buckets` equal parts of
    /// event time from `from` to before `to`, oldest first. `query` narrows it down; its order and limit are ignored.
    /// What was counted so far is returned when `cancel` is set.
    ///
    /// # Errors
    /// [`StoreError::Query`] for a bad regular expression, and faults of the disk. A damaged chunk is no error.
    pub fn histogram(
        &self,
        query: &LogQuery,
        from: Timestamp,
        to: Timestamp,
        buckets: usize,
        cancel: &AtomicBool,
    ) -> Result<Vec<[u64; LEVELS]>> {
        let mut all = Buckets::new(from, to, buckets);
        if buckets == 0 || to <= from {
            return Ok(all.counts);
        }
        if query.is_all() {
            self.count_all(&mut all, from, to, cancel)?;
            return Ok(all.counts);
        }
        let query = LogQuery {
            from: Some(query.from.map_or(from, |f| f.max(from))),
            to: Some(query.to.map_or(to, |t| t.min(to))),
            ..query.clone()
        };
        self.scan(&self.matcher(&query)?, Order::OldestFirst, cancel, &mut |hits| {
            if let Some(chunk) = &hits.chunk {
                for row in hits.rows.iter().filter_map(|&i| chunk.rows().get(i as usize)) {
                    all.add(row.time, row.severity.level() as usize);
                }
            }
            ControlFlow::Continue(())
        })?;
        Ok(all.counts)
    }

    /// Number of records of each template from `from` to before `to` of event time, with the first of them. Texts are
    /// not decompressed.
    ///
    /// # Errors
    /// Faults of the disk. A damaged chunk is no error.
    pub fn template_counts(&self, from: Timestamp, to: Timestamp) -> Result<HashMap<TemplateId, (u64, RecordId)>> {
        let _view = self.snapshot()?;
        let mut decoder = Decoder::new()?;
        let mut counts: HashMap<TemplateId, (u64, RecordId)> = HashMap::new();
        for header in rows::headers(&self.conn, 0, u64::MAX).doing(DOING)? {
            if header.max_time < from || header.min_time >= to {
                continue;
            }
            let mut count = |r: &RecordMeta, id: u64| {
                if from <= r.time && r.time < to {
                    counts.entry(r.template).or_insert((0, RecordId(id))).0 += 1;
                }
            };
            if let Some(chunk) = self.decoded(&header) {
                for view in chunk.iter() {
                    count(&view.meta, view.id.0);
                }
                continue;
            }
            let Some(stored) = rows::chunk(&self.conn, header.first).doing(DOING)? else { continue };
            let decoded = match decoder.rows(&stored) {
                Ok(decoded) => decoded,
                Err(e @ StoreError::Corrupt { .. }) => {
                    self.note(&header, &e);
                    continue;
                }
                Err(e) => return Err(e),
            };
            for (r, id) in decoded.metas.iter().zip(header.first.0..) {
                count(r, id);
            }
        }
        Ok(counts)
    }

    fn count_all(&self, all: &mut Buckets, from: Timestamp, to: Timestamp, cancel: &AtomicBool) -> Result<()> {
        let _view = self.snapshot()?;
        let mut decoder = Decoder::new()?;
        for header in rows::headers(&self.conn, 0, u64::MAX).doing(DOING)? {
            if cancel.load(Ordering::Relaxed) {
                break;
            }
            if header.max_time < from || header.min_time >= to {
                continue;
            }
            if let (Some(a), Some(b)) = (all.index(header.min_time), all.index(header.max_time))
                && a == b
            {
                for (n, add) in all.counts[a].iter_mut().zip(header.levels) {
                    *n += u64::from(add);
                }
                continue;
            }
            let Some(stored) = rows::chunk(&self.conn, header.first).doing(DOING)? else { continue };
            match decoder.rows(&stored) {
                Ok(rows) => rows.metas.iter().for_each(|r| all.add(r.time, r.severity.level() as usize)),
                Err(e @ StoreError::Corrupt { .. }) => self.note(&header, &e),
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}

/// What the parts of a [`Parts`] are parts of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Event time, in nanoseconds.
    Time,
    /// Record ids, that is arrival.
    Id,
}

/// Records per level in equal parts of a range, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    axis: Axis,
    all: Buckets,
}

impl Parts {
    /// `count` empty parts from `from` to before `to`.
    pub fn new(axis: Axis, from: i64, to: i64, count: usize) -> Self {
        Self { axis, all: Buckets::new(Timestamp(from), Timestamp(to), count) }
    }

    /// Counts one record, when it is in the range.
    pub fn add(&mut self, id: RecordId, time: Timestamp, level: Level) {
        self.all.add(self.place(id, time), level as usize);
    }

    /// The counts so far, levels in the order of [`Level::ALL`].
    pub fn counts(&self) -> &[[u64; LEVELS]] {
        &self.all.counts
    }

    fn place(&self, id: RecordId, time: Timestamp) -> Timestamp {
        match self.axis {
            Axis::Time => time,
            Axis::Id => Timestamp(id.0 as i64),
        }
    }

    fn add_whole(&mut self, i: usize, header: &ChunkHeader) {
        for (n, add) in self.all.counts[i].iter_mut().zip(header.levels) {
            *n += u64::from(add);
        }
    }
}

/// How exactly [`Reader::fill_parts`] counts what reaches over the border of two parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Record by record.
    Exact,
    /// A chunk goes to the part that its middle is in, when there are many more chunks than can be told apart.
    Rough,
}

/// From so many chunks on, [`Detail::Rough`] does not look into them.
const MANY: usize = 128;

impl Reader {
    /// Counts the matching records into `parts`, calling `on` now and then with what is there so far and which share
    /// of the archive that is, until it breaks or `cancel` is set. First what the headers alone tell. Returns the id
    /// after the last record looked at.
    ///
    /// # Errors
    /// Faults of the disk. A damaged chunk is no error.
    pub fn fill_parts(
        &self,
        matcher: &Matcher,
        parts: &mut Parts,
        detail: Detail,
        cancel: &AtomicBool,
        on: &mut dyn FnMut(&Parts, f64) -> ControlFlow<()>,
    ) -> Result<RecordId> {
        if parts.all.counts.is_empty() || parts.all.span <= 0 {
            return self.next_record_id();
        }
        let _view = self.snapshot()?;
        let end = self.next_record_id()?;
        if matcher.is_all() {
            let headers = rows::headers(&self.conn, 0, u64::MAX).doing(DOING)?;
            let whole = headers.len().max(1) as f64;
            let rough = detail == Detail::Rough && headers.len() >= MANY;
            let open: Vec<ChunkHeader> = headers.into_iter().filter(|h| !parts.take_header(h, rough)).collect();
            let mut decoder = Decoder::new()?;
            for (i, header) in open.iter().enumerate() {
                if on(parts, 1.0 - (open.len() - i) as f64 / whole).is_break() || cancel.load(Ordering::Relaxed) {
                    break;
                }
                self.fill_from(&mut decoder, header, parts)?;
            }
            return Ok(end);
        }
        let (mut seen, all) = (0, end.0.saturating_sub(self.first_record_id()?.map_or(0, |f| f.0)).max(1));
        self.scan(matcher, Order::NewestFirst, cancel, &mut |hits| {
            seen += u64::from(hits.header.count);
            if let Some(chunk) = &hits.chunk {
                let rows = hits.rows.iter().filter_map(|&i| Some((i, chunk.rows().get(i as usize)?)));
                for (i, row) in rows {
                    parts.add(RecordId(hits.header.first.0 + u64::from(i)), row.time, row.severity.level());
                }
            }
            on(parts, seen as f64 / all as f64)
        })?;
        Ok(end)
    }

    fn fill_from(&self, decoder: &mut Decoder, header: &ChunkHeader, parts: &mut Parts) -> Result<()> {
        let Some(stored) = rows::chunk(&self.conn, header.first).doing(DOING)? else { return Ok(()) };
        match decoder.rows(&stored) {
            Ok(rows) => {
                for (r, id) in rows.metas.iter().zip(header.first.0..) {
                    parts.add(RecordId(id), r.time, r.severity.level());
                }
                Ok(())
            }
            Err(e @ StoreError::Corrupt { .. }) => {
                self.note(header, &e);
                Ok(())
            }
            Err(e) => Err(e),
        }
    }
}

impl Parts {
    /// Counts a chunk by its header if that will do.
    fn take_header(&mut self, h: &ChunkHeader, rough: bool) -> bool {
        let (low, high) = (self.place(h.first, h.min_time), self.place(h.last(), h.max_time));
        let from = i128::from(self.all.from);
        if i128::from(high.0) < from || i128::from(low.0) >= from + self.all.span {
            return true;
        }
        let middle = Timestamp(low.0.midpoint(high.0));
        match (self.all.index(low), self.all.index(high)) {
            (Some(a), Some(b)) if a == b => self.add_whole(a, h),
            _ if rough => {
                if let Some(i) = self.all.index(middle) {
                    self.add_whole(i, h);
                }
            }
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failing test should panic")]
    use super::*;
    use crate::testing::{T0, batch};
    use crate::{Commit, Store};
    use aiobs_types::Severity;

    #[test]
    fn parts_hold_every_matching_record_once_by_time_and_by_id() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap().0;
        let mut writer = store.writer().unwrap();
        writer.commit(&Commit { batches: vec![batch(1, 20_000)], ..Commit::default() }).unwrap();
        writer.commit(&Commit { batches: vec![batch(20_001, 70)], ..Commit::default() }).unwrap();
        let reader = store.reader().unwrap();
        let go = AtomicBool::new(false);
        let second = 1_000_000_000;
        for query in [LogQuery::default(), LogQuery { min_severity: Some(Severity::ERROR), ..LogQuery::default() }] {
            let matcher = reader.matcher(&query).unwrap();
            for (axis, from, to) in [(Axis::Id, 1, 20_101), (Axis::Time, T0 + second, T0 + 20_101 * second)] {
                // Parts of 100 records, ten of them errors.
                let mut parts = Parts::new(axis, from, to, 201);
                let mut shares = Vec::new();
                let end = reader
                    .fill_parts(&matcher, &mut parts, Detail::Exact, &go, &mut |_, share| {
                        shares.push(share);
                        ControlFlow::Continue(())
                    })
                    .unwrap();
                assert_eq!(end, RecordId(20_071));
                assert!(shares.is_sorted() && shares.iter().all(|s| (0.0..=1.0).contains(s)), "{shares:?}");
                let others = if query.is_all() { 90 } else { 0 };
                for (i, count) in parts.counts().iter().take(200).enumerate() {
                    assert_eq!(
                        (count[Level::Error as usize], count[Level::Info as usize]),
                        (10, others),
                        "{axis:?} {i}"
                    );
                }
                assert_eq!(parts.counts()[200].iter().sum::<u64>(), if query.is_all() { 70 } else { 7 });
            }
        }
    }
}
