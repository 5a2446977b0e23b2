//! Counts that need no text: records per level over time, for the charts, where a chunk that lies within one bucket is
//! counted by its header; and records per template, for the evidence of a diagnosis.

use crate::codec::Decoder;
use crate::error::{Doing, Result, StoreError};
use crate::header::LEVELS;
use crate::reader::{DOING, Reader};
use crate::rows;
use aiobs_types::{LogQuery, Order, RecordId, TemplateId, Timestamp};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

/// Equal buckets over `from..to`.
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
            let Some(stored) = rows::chunk(&self.conn, header.first).doing(DOING)? else { continue };
            let decoded = match decoder.rows(&stored) {
                Ok(decoded) => decoded,
                Err(StoreError::Corrupt { what, .. }) => {
                    tracing::warn!("{what}; left out of the counts");
                    continue;
                }
                Err(e) => return Err(e),
            };
            for (r, id) in decoded.metas.iter().zip(header.first.0..) {
                if from <= r.time && r.time < to {
                    counts.entry(r.template).or_insert((0, RecordId(id))).0 += 1;
                }
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
                Err(StoreError::Corrupt { what, .. }) => tracing::warn!("{what}; left out of the chart"),
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}
