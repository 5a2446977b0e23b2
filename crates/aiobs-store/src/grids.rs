//! Counts of many things at once in equal parts of event time: records per template, and warnings and errors per
//! component. Texts are not decompressed, and chunks whose headers hold nothing of interest are not read. Whoever holds
//! newer records than the archive adds them.

use crate::codec::Decoder;
use crate::columns::Rows;
use crate::error::{Doing, Result, StoreError};
use crate::header::ChunkHeader;
use crate::reader::{DOING, Reader};
use crate::rows;
use aiobs_types::{Level, RecordId, TemplateId, Timestamp};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

/// Components told apart in a [`Heat`]; those that come later are counted in [`Heat::untold`].
const MOST_COMPONENTS: usize = 5_000;

/// Equal parts of event time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    /// Where the first one begins.
    pub from: Timestamp,
    /// Length of each, nanoseconds, at least 1.
    pub width: i64,
    /// How many.
    pub count: usize,
}

impl Columns {
    /// The column a time lies in.
    pub fn at(&self, time: Timestamp) -> Option<usize> {
        let since = i128::from(time.0) - i128::from(self.from.0);
        let column = usize::try_from(since.checked_div_euclid(i128::from(self.width))?).ok()?;
        (column < self.count).then_some(column)
    }

    /// End of the last one.
    pub fn to(&self) -> Timestamp {
        let span = i128::from(self.width) * self.count as i128;
        Timestamp(i64::try_from(i128::from(self.from.0) + span).unwrap_or(i64::MAX))
    }

    /// Whether some of the chunk's times may lie in one.
    fn meets(&self, h: &ChunkHeader) -> bool {
        h.max_time >= self.from && h.min_time < self.to()
    }
}

/// Records of each template over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateTrend {
    /// The parts of time.
    pub columns: Columns,
    /// Of each template that came, a number per column.
    pub counts: HashMap<TemplateId, Vec<u32>>,
    /// Records counted.
    pub records: u64,
}

impl TemplateTrend {
    /// Counts one record, when its time is in a column.
    pub fn add(&mut self, template: TemplateId, time: Timestamp) {
        let Some(column) = self.columns.at(time) else { return };
        let columns = self.columns.count;
        let row = self.counts.entry(template).or_insert_with(|| vec![0; columns]);
        row[column] = row[column].saturating_add(1);
        self.records += 1;
    }
}

/// Warnings, errors and fatal records of one component in one column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeatCell {
    /// Of level warn.
    pub warnings: u32,
    /// Of level error.
    pub errors: u32,
    /// Of level fatal.
    pub fatal: u32,
}

/// Warnings and errors of each component over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heat {
    /// The parts of time.
    pub columns: Columns,
    /// Of each component that warned or failed, a cell per column; of records without one, under the empty name.
    pub rows: HashMap<String, Vec<HeatCell>>,
    /// Records of components beyond those told apart.
    pub untold: u64,
}

impl Heat {
    /// Nothing counted yet.
    pub fn new(columns: Columns) -> Self {
        Self { columns, rows: HashMap::new(), untold: 0 }
    }

    /// Counts one record, when it is a warning or worse and its time is in a column.
    pub fn add(&mut self, component: &str, time: Timestamp, level: Level) {
        if level < Level::Warn {
            return;
        }
        let Some(column) = self.columns.at(time) else { return };
        if !self.rows.contains_key(component) {
            if self.rows.len() >= MOST_COMPONENTS {
                self.untold += 1;
                return;
            }
            self.rows.insert(component.to_owned(), vec![HeatCell::default(); self.columns.count]);
        }
        let Some(cell) = self.rows.get_mut(component).and_then(|row| row.get_mut(column)) else { return };
        let n = match level {
            Level::Fatal => &mut cell.fatal,
            Level::Error => &mut cell.errors,
            _ => &mut cell.warnings,
        };
        *n = n.saturating_add(1);
    }
}

impl Reader {
    /// Records of each template in `columns` parts of the time from `from` to before `to`. When there are more than
    /// `most` records in it, only the later ones are counted, and the parts begin where these do. Returns also the id
    /// after the last record looked at. What was counted so far is returned when `cancel` is set.
    ///
    /// # Errors
    /// Faults of the disk. A damaged chunk is no error.
    pub fn template_trend(
        &self,
        (from, to): (Timestamp, Timestamp),
        columns: usize,
        most: u64,
        cancel: &AtomicBool,
    ) -> Result<(TemplateTrend, RecordId)> {
        let _view = self.snapshot()?;
        let end = self.next_record_id()?;
        let mut headers = rows::headers(&self.conn, 0, u64::MAX).doing(DOING)?;
        headers.retain(|h| h.max_time >= from && h.min_time < to);
        let (mut from, mut sum) = (from, 0);
        // Newest arrival first: what is too much is the oldest.
        let kept = headers.iter().rev().take_while(|h| {
            sum += u64::from(h.count);
            sum <= most
        });
        let skip = headers.len() - kept.count();
        // A chunk that reaches beyond the end holds a record of a wrong clock: its times tell nothing.
        if let Some(cut) = headers[..skip].iter().map(|h| h.max_time).filter(|t| *t < to).max() {
            from = from.max(cut.plus(1));
        }
        let count = columns.max(1);
        let width = (i128::from(to.0) - i128::from(from.0)).max(1).div_euclid(count as i128);
        let columns = Columns { from, width: i64::try_from(width).unwrap_or(i64::MAX - 1).saturating_add(1), count };
        let mut trend = TemplateTrend { columns, counts: HashMap::new(), records: 0 };
        self.read_columns(headers[skip..].iter().rev(), cancel, &mut |_, chunk| {
            chunk.metas.iter().for_each(|r| trend.add(r.template, r.time));
            ControlFlow::Continue(())
        })?;
        Ok((trend, end))
    }

    /// Counts warnings and errors into `heat`, the newest arrivals first, calling `on` now and then with what is there so
    /// far and which share of what is to be read that is, until it breaks or `cancel` is set. Returns the id after the
    /// last record looked at.
    ///
    /// # Errors
    /// Faults of the disk. A damaged chunk is no error.
    pub fn fill_heat(
        &self,
        heat: &mut Heat,
        cancel: &AtomicBool,
        on: &mut dyn FnMut(&Heat, f64) -> ControlFlow<()>,
    ) -> Result<RecordId> {
        let _view = self.snapshot()?;
        let end = self.next_record_id()?;
        let mut headers = rows::headers(&self.conn, 0, u64::MAX).doing(DOING)?;
        let bad = |h: &ChunkHeader| h.levels[Level::Warn as usize..].iter().any(|n| *n > 0);
        headers.retain(|h| bad(h) && heat.columns.meets(h));
        let all = headers.len().max(1) as f64;
        self.read_columns(headers.iter().rev(), cancel, &mut |done, chunk| {
            for r in &chunk.metas {
                let component = chunk.components.get(r.component as usize).map_or("", String::as_str);
                heat.add(component, r.time, r.severity.level());
            }
            on(heat, done as f64 / all)
        })?;
        Ok(end)
    }

    /// Hands the fixed parts of these chunks to `on`, with the number of those handed out, this one included.
    fn read_columns<'h>(
        &self,
        headers: impl Iterator<Item = &'h ChunkHeader>,
        cancel: &AtomicBool,
        on: &mut dyn FnMut(usize, &Rows) -> ControlFlow<()>,
    ) -> Result<()> {
        let mut decoder = Decoder::new()?;
        for (i, header) in headers.enumerate() {
            if cancel.load(Ordering::Relaxed) {
                break;
            }
            let Some(stored) = rows::chunk_columns(&self.conn, header.first).doing(DOING)? else { continue };
            match decoder.rows(&stored) {
                Ok(chunk) => {
                    if on(i + 1, &chunk).is_break() {
                        break;
                    }
                }
                Err(e @ StoreError::Corrupt { .. }) => self.note(header, &e),
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failing test should panic")]
    use super::*;
    use crate::testing::{T0, batch};
    use crate::{Commit, Store};

    const SECOND: i64 = 1_000_000_000;

    fn stored(batches: &[(u64, u64)]) -> (tempfile::TempDir, Reader) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap().0;
        let mut writer = store.writer().unwrap();
        for (first, count) in batches {
            writer.commit(&Commit { batches: vec![batch(*first, *count)], ..Commit::default() }).unwrap();
        }
        let reader = store.reader().unwrap();
        (dir, reader)
    }

    fn at(second: i64) -> Timestamp {
        Timestamp(T0 + second * SECOND)
    }

    #[test]
    fn every_record_in_the_time_is_counted_for_its_template_once() {
        let (_dir, reader) = stored(&[(1, 20_000), (20_001, 70)]);
        let go = AtomicBool::new(false);
        let (trend, end) = reader.template_trend((at(1), at(20_071)), 10, u64::MAX, &go).unwrap();
        assert_eq!((end, trend.records, trend.counts.len()), (RecordId(20_071), 20_070, 5));
        for row in trend.counts.values() {
            assert_eq!(row.iter().sum::<u32>(), 4_014);
            assert!(row.iter().all(|n| (400..=403).contains(n)), "{row:?}");
        }
        let (half, _) = reader.template_trend((at(10_001), at(20_071)), 10, u64::MAX, &go).unwrap();
        assert_eq!(half.records, 10_070);
    }

    #[test]
    fn of_too_many_records_the_later_ones_are_counted_and_the_time_says_so() {
        let (_dir, reader) = stored(&[(1, 20_000), (20_001, 20_000), (40_001, 20_000)]);
        let go = AtomicBool::new(false);
        let (trend, _) = reader.template_trend((at(1), at(60_001)), 6, 25_000, &go).unwrap();
        assert!((1..=25_000).contains(&trend.records), "{}", trend.records);
        assert!(trend.columns.from > at(30_000) && trend.columns.to() >= at(60_001));
        let per_column: Vec<u64> = (0..6).map(|i| trend.counts.values().map(|row| u64::from(row[i])).sum()).collect();
        let (least, most) = (per_column.iter().min().unwrap(), per_column.iter().max().unwrap());
        assert!(most - least <= 2, "no column is half counted: {per_column:?}");
    }

    #[test]
    fn heat_counts_errors_of_each_component_and_reads_no_quiet_chunk() {
        let (_dir, reader) = stored(&[(1, 20_000)]);
        let mut heat = Heat::new(Columns { from: at(1), width: 1_000 * SECOND, count: 20 });
        let mut shares = Vec::new();
        reader
            .fill_heat(&mut heat, &AtomicBool::new(false), &mut |_, share| {
                shares.push(share);
                ControlFlow::Continue(())
            })
            .unwrap();
        // Every tenth record is an error, and those are of one component.
        assert_eq!(heat.rows.keys().collect::<Vec<_>>(), ["Payments"]);
        let row = &heat.rows["Payments"];
        assert_eq!(row.iter().map(|c| c.errors).sum::<u32>(), 2_000);
        assert!(row.iter().all(|c| *c == HeatCell { errors: 100, ..HeatCell::default() }), "{row:?}");
        assert_eq!(shares.last(), Some(&1.0));
        heat.add("orders", at(500), Level::Warn);
        heat.add("orders", at(500), Level::Fatal);
        heat.add("orders", at(500), Level::Info);
        heat.add("orders", at(90_000), Level::Fatal);
        assert_eq!(heat.rows["orders"][0], HeatCell { warnings: 1, errors: 0, fatal: 1 });
        assert_eq!(heat.rows["orders"].iter().map(|c| c.fatal).sum::<u32>(), 1);
    }
}
