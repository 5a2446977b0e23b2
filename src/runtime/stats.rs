//! Running statistics for the overview: totals, rates, components, top errors. The pipeline adds each finished
//! batch; the hub reads. Knows nothing of how a screen shows it.

use super::events::{ComponentRow, PatternRow, Rates, Totals};
use aiobs_insight::BucketSeries;
use aiobs_types::{Level, RecordBatch, RecordMeta, Severity, TemplateId, Timestamp};
use std::collections::{HashMap, VecDeque};
use std::time::Instant;

/// Seconds per bucket of the rates.
pub(super) const BUCKET_SECS: u32 = 30;
/// Buckets of the rates: 30 minutes.
pub(super) const BUCKETS: usize = 60;
/// Components told apart; the rest are counted in totals only.
const MAX_COMPONENTS: usize = 2_000;
/// Error templates told apart.
const MAX_PATTERNS: usize = 10_000;
/// How far after it was read an event time may be and still move the window, nanoseconds: zones differ by 26 hours.
/// A record from further on has a wrong clock, and must not empty the charts until then.
const AHEAD: i64 = 26 * 3_600 * 1_000_000_000;
/// Rows handed out.
const TOP: usize = 50;

#[derive(Debug)]
struct Component {
    all: BucketSeries,
    errors: BucketSeries,
    worst: VecDeque<(i64, Level)>,
}

#[derive(Clone, Copy, Debug)]
struct Pattern {
    count: u64,
    first: Timestamp,
    severity: Severity,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Stats {
    /// Counters; the archive's own counts are added at start.
    pub totals: Totals,
    /// Bytes of text.
    pub raw_bytes: u64,
    all: BucketSeries,
    warn: BucketSeries,
    error: BucketSeries,
    components: HashMap<String, Component>,
    patterns: HashMap<TemplateId, Pattern>,
    error_records: u64,
    arrivals: VecDeque<(Instant, u64)>,
}

impl Default for Stats {
    fn default() -> Self {
        let series = || BucketSeries::new(BUCKET_SECS, BUCKETS);
        Self {
            totals: Totals::default(),
            raw_bytes: 0,
            all: series(),
            warn: series(),
            error: series(),
            components: HashMap::new(),
            patterns: HashMap::new(),
            error_records: 0,
            arrivals: VecDeque::new(),
        }
    }
}

/// Counts of one component in one batch and one bucket, gathered first so that maps are touched once per run of
/// equal rows and not once per row.
#[derive(Clone, Copy, Default)]
struct Tally {
    all: u32,
    errors: u32,
    worst: Level,
}

impl Stats {
    /// Adds the records of a batch.
    pub(super) fn add(&mut self, batch: &RecordBatch) {
        let now = Instant::now();
        self.arrivals.push_back((now, batch.len() as u64));
        self.forget_old_arrivals(now);
        self.raw_bytes += batch.text_bytes() as u64;
        self.totals.records += batch.len() as u64;
        let mut tallies: Vec<Tally> = vec![Tally::default(); batch.components().len()];
        let mut bucket = i64::MIN;
        let mut time = Timestamp(0);
        for row in batch.rows() {
            if row.time.since(row.observed) > AHEAD {
                self.count_only(row);
                continue;
            }
            let b = row.time.secs().div_euclid(i64::from(BUCKET_SECS));
            if b != bucket {
                self.flush(batch, &mut tallies, time);
                bucket = b;
                time = row.time;
            }
            self.totals.first = Some(self.totals.first.map_or(row.time, |t| t.min(row.time)));
            self.totals.last = Some(self.totals.last.map_or(row.time, |t| t.max(row.time)));
            let level = row.severity.level();
            let tally = &mut tallies[row.component as usize];
            tally.all += 1;
            tally.worst = tally.worst.max(level);
            match level {
                Level::Error | Level::Fatal => {
                    tally.errors += 1;
                    self.totals.errors += 1;
                    self.error_records += 1;
                    self.error.add(row.time, 1);
                    self.count_pattern(row.template, row.time, row.severity, 1);
                }
                Level::Warn => {
                    self.totals.warnings += 1;
                    self.warn.add(row.time, 1);
                }
                _ => {}
            }
        }
        self.flush(batch, &mut tallies, time);
    }

    /// A record whose time is not to be believed: it counts, but in no window.
    fn count_only(&mut self, row: &RecordMeta) {
        match row.severity.level() {
            Level::Error | Level::Fatal => {
                self.totals.errors += 1;
                self.error_records += 1;
                self.count_pattern(row.template, row.observed, row.severity, 1);
            }
            Level::Warn => self.totals.warnings += 1,
            _ => {}
        }
    }

    fn flush(&mut self, batch: &RecordBatch, tallies: &mut [Tally], time: Timestamp) {
        for (name, tally) in batch.components().iter().zip(tallies) {
            let t = std::mem::take(tally);
            if t.all == 0 {
                continue;
            }
            self.all.add(time, t.all);
            if name.is_empty() {
                continue;
            }
            if !self.components.contains_key(name) {
                if self.components.len() >= MAX_COMPONENTS {
                    continue;
                }
                let series = || BucketSeries::new(BUCKET_SECS, BUCKETS);
                let fresh = Component { all: series(), errors: series(), worst: VecDeque::new() };
                self.components.insert(name.clone(), fresh);
            }
            let Some(c) = self.components.get_mut(name) else { continue };
            c.all.add(time, t.all);
            if t.errors > 0 {
                c.errors.add(time, t.errors);
            }
            let minute = time.secs().div_euclid(60);
            match c.worst.back_mut() {
                Some((m, w)) if *m >= minute => *w = (*w).max(t.worst),
                _ => c.worst.push_back((minute, t.worst)),
            }
            while c.worst.len() > 5 {
                c.worst.pop_front();
            }
        }
    }

    /// Adds to an error template's count; also used at start with what the archive knows.
    pub(super) fn count_pattern(&mut self, template: TemplateId, time: Timestamp, severity: Severity, n: u64) {
        if self.patterns.len() >= MAX_PATTERNS && !self.patterns.contains_key(&template) {
            return;
        }
        let p = self.patterns.entry(template).or_insert(Pattern { count: 0, first: time, severity });
        p.count += n;
        p.first = p.first.min(time);
        p.severity = p.severity.max(severity);
    }

    fn forget_old_arrivals(&mut self, now: Instant) {
        while self.arrivals.front().is_some_and(|(t, _)| now.duration_since(*t).as_secs_f64() > 3.0) {
            self.arrivals.pop_front();
        }
    }

    /// Records per second over the last three seconds of wall time.
    pub(super) fn per_second(&mut self) -> f64 {
        self.forget_old_arrivals(Instant::now());
        self.arrivals.iter().map(|(_, n)| *n).sum::<u64>() as f64 / 3.0
    }

    /// Rates over the window that ends with the newest record.
    pub(super) fn rates(&mut self) -> Rates {
        if let Some(last) = self.totals.last {
            for s in [&mut self.all, &mut self.warn, &mut self.error] {
                s.advance(last);
            }
        }
        Rates {
            bucket_secs: BUCKET_SECS,
            end: self.all.end(),
            all: self.all.counts(),
            warn: self.warn.counts(),
            error: self.error.counts(),
        }
    }

    /// Components, most errors first, then the busiest.
    pub(super) fn components(&mut self) -> Vec<ComponentRow> {
        let last = self.totals.last.unwrap_or_default();
        let per_minute = (60 / BUCKET_SECS) as usize;
        let recent_minute = last.secs().div_euclid(60) - 4;
        let mut rows: Vec<ComponentRow> = self
            .components
            .iter_mut()
            .map(|(name, c)| {
                c.all.advance(last);
                c.errors.advance(last);
                ComponentRow {
                    name: name.clone(),
                    // The newest bucket is still filling: the two before it are whole.
                    per_second: (c.all.recent(per_minute + 1) as f64) / f64::from(60 + BUCKET_SECS / 2),
                    errors_per_min: c.errors.recent(per_minute) as u32,
                    worst: c
                        .worst
                        .iter()
                        .filter(|(m, _)| *m >= recent_minute)
                        .map(|(_, w)| *w)
                        .max()
                        .unwrap_or_default(),
                    trend: c.errors.counts(),
                }
            })
            .collect();
        rows.sort_by(|a, b| {
            (b.errors_per_min, b.per_second)
                .partial_cmp(&(a.errors_per_min, a.per_second))
                .unwrap_or(std::cmp::Ordering::Equal)
                .then_with(|| a.name.cmp(&b.name))
        });
        rows.truncate(TOP);
        rows
    }

    /// Most frequent error templates; `text` gives a template's text.
    pub(super) fn top_errors(&self, text: impl Fn(TemplateId) -> String) -> Vec<PatternRow> {
        let mut top: Vec<(&TemplateId, &Pattern)> = self.patterns.iter().collect();
        top.sort_by(|a, b| b.1.count.cmp(&a.1.count).then(a.0.cmp(b.0)));
        let all = self.patterns.values().map(|p| p.count).sum::<u64>().max(1);
        top.into_iter()
            .take(TOP)
            .map(|(id, p)| PatternRow {
                template: *id,
                text: text(*id),
                count: p.count,
                share: p.count as f64 / all as f64,
                first_seen: p.first,
                level: p.severity.level(),
                life: aiobs_insight::Life::default(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aiobs_types::{NewRecord, RecordId, SourceId};

    /// Records read now, each that many seconds before or after it.
    fn batch(now: i64, seconds: &[i64]) -> RecordBatch {
        let mut batch = RecordBatch::new(RecordId(1));
        for after in seconds {
            batch.push(NewRecord {
                time: Timestamp::from_secs(now + after),
                observed: Timestamp::from_secs(now),
                offset: 0,
                source: SourceId(1),
                template: TemplateId(1),
                severity: Severity::ERROR,
                flags: 0,
                component: "shop",
                text: "x",
                message: (0, 1),
            });
        }
        batch
    }

    #[test]
    fn a_record_of_the_far_future_counts_and_does_not_stop_the_rates() {
        const NOW: i64 = 1_736_260_200;
        let mut stats = Stats::default();
        stats.add(&batch(NOW, &[-10, 6 * 365 * 86_400, -5]));
        stats.add(&batch(NOW + 60, &[0, 0]));
        assert_eq!((stats.totals.records, stats.totals.errors), (5, 5));
        assert_eq!(stats.totals.last, Some(Timestamp::from_secs(NOW + 60)));
        let rates = stats.rates();
        assert_eq!(rates.error.iter().sum::<u32>(), 4, "those with a time of now are in the window");
        assert!(stats.components()[0].errors_per_min > 0);
        // The clock is set back by hours: what it dates now is in the window or before it, and nothing is stuck after.
        stats.add(&batch(NOW - 7_200, &[0]));
        stats.add(&batch(NOW + 120, &[0]));
        assert_eq!((stats.totals.records, stats.rates().error.iter().sum::<u32>()), (7, 5));
    }
}
