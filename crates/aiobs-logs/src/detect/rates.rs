//! Rates: how often each template, component, level and source comes, and when that is unusual. The pipeline shows it
//! finished batches; records are counted by template number in a plain table, and maps are touched once per template and
//! batch, not per record. The numbers are `aiobs_insight`'s; incidents and sentences are made by others.
//!
//! Everything is counted per source, because only within one source event time goes forward. The number of series is
//! bounded: those that did not come for the longest time leave first.

mod clock;
mod finding;
mod keep;
mod series;
#[cfg(test)]
mod tests;

pub use finding::{Finding, Subject, What};

use aiobs_insight::{Life, Lived, Turn};
use aiobs_types::{Level, RecordBatch, RecordMeta, Severity, SourceId, TemplateId, Timestamp};
use clock::{Clock, Reach};
use series::{Key, Kind, Series};
use std::collections::{HashMap, HashSet};

/// Seconds per bucket.
pub(crate) const BUCKET_SECS: u32 = 30;
/// Template numbers beyond this are not counted: the miner hands out fewer.
const MOST_IDS: usize = 1 << 20;

/// Bounds of a [`RateBook`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateOptions {
    /// Series at most, about 700 bytes each.
    pub max_series: usize,
    /// Sources at most; later ones are not counted.
    pub max_sources: usize,
}

impl Default for RateOptions {
    fn default() -> Self {
        Self { max_series: 20_000, max_sources: 4_096 }
    }
}

/// What one run of rows (of one source and one bucket) holds of one template or component.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    count: u32,
    /// Its first and last row in the batch.
    first: u32,
    last: u32,
    worst: Severity,
}

impl Tally {
    #[inline]
    fn add(&mut self, row: u32, severity: Severity, touched: &mut Vec<u32>, id: u32) {
        if self.count == 0 {
            touched.push(id);
            self.first = row;
        }
        self.count += 1;
        self.last = row;
        self.worst = self.worst.max(severity);
    }
}

/// See the module. One owner.
#[derive(Debug, Default)]
pub struct RateBook {
    options: RateOptions,
    clocks: HashMap<SourceId, Clock>,
    series: Vec<Option<Series>>,
    free: Vec<u32>,
    index: HashMap<Key, u32, foldhash::fast::FixedState>,
    templates: Vec<Tally>,
    touched: Vec<u32>,
    components: Vec<Tally>,
    touched_components: Vec<u32>,
    levels: [Tally; 2],
    found: Vec<Finding>,
    dirty: Vec<u32>,
    gone: Vec<String>,
    /// Templates whose warnings and errors are no trouble of their source.
    muted: HashSet<TemplateId>,
}

impl RateBook {
    /// An empty one.
    pub fn new(options: RateOptions) -> Self {
        Self { options, ..Self::default() }
    }

    /// Series held.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Counts the records of a batch and returns what is unusual, in the order it was noticed.
    pub fn observe(&mut self, batch: &RecordBatch) -> Vec<Finding> {
        let rows = batch.rows();
        self.components.clear();
        self.components.resize(batch.components().len(), Tally::default());
        let mut at = 0;
        while let Some(row) = rows.get(at) {
            let Some((floor, until)) = self.reach(row) else {
                at += 1;
                continue;
            };
            at = self.tally(rows, at, (floor, until));
            self.flush(row.source, batch);
        }
        std::mem::take(&mut self.found)
    }

    /// Counts rows while they are of one source and one bucket; the index of the first that is not.
    fn tally(&mut self, rows: &[RecordMeta], from: usize, (floor, until): (Timestamp, Timestamp)) -> usize {
        let source = rows[from].source;
        let mut at = from;
        while let Some(row) = rows.get(at) {
            if row.source != source || row.time >= until || row.time < floor {
                break;
            }
            let id = row.template.0;
            if id as usize >= self.templates.len() {
                let len = (id as usize + 1).next_power_of_two().min(MOST_IDS);
                self.templates.resize(len.max(self.templates.len()), Tally::default());
            }
            if let Some(tally) = self.templates.get_mut(id as usize) {
                tally.add(at as u32, row.severity, &mut self.touched, id);
            }
            if let Some(tally) = self.components.get_mut(row.component as usize) {
                tally.add(at as u32, row.severity, &mut self.touched_components, row.component);
            }
            let level = row.severity.level();
            if level >= Level::Warn && !self.hides(row.template, level) {
                let tally = &mut self.levels[usize::from(level > Level::Warn)];
                tally.add(at as u32, row.severity, &mut Vec::new(), 0);
            }
            at += 1;
        }
        at
    }

    /// Lets the source's time reach a row; the times that belong to the bucket then. `None` for a row that is not
    /// counted: too old, or too far ahead.
    fn reach(&mut self, row: &RecordMeta) -> Option<(Timestamp, Timestamp)> {
        if !self.clocks.contains_key(&row.source) {
            if self.clocks.len() >= self.options.max_sources {
                return None;
            }
            self.clocks.insert(row.source, Clock::new(row.time));
        }
        let clock = self.clocks.get_mut(&row.source)?;
        match clock.reach(row.time) {
            Reach::Within => {}
            Reach::Outside => return None,
            Reach::Next => {
                let open = std::mem::take(&mut clock.open);
                let (event, active) = (clock.bucket, clock.active);
                for slot in &open {
                    self.close(*slot, event, active);
                }
                if let Some(clock) = self.clocks.get_mut(&row.source) {
                    clock.open = open;
                    clock.open.clear();
                    clock.go(row.time);
                }
                self.look_for_silence(row);
            }
        }
        let clock = self.clocks.get(&row.source)?;
        Some((clock.floor, clock.until))
    }

    /// Takes the tallies of a run of rows over into the series.
    fn flush(&mut self, source: SourceId, batch: &RecordBatch) {
        let mut all = Tally { first: u32::MAX, ..Tally::default() };
        let mut touched = std::mem::take(&mut self.touched);
        for id in touched.drain(..) {
            let tally = std::mem::take(&mut self.templates[id as usize]);
            all.count += tally.count;
            all.first = all.first.min(tally.first);
            all.last = all.last.max(tally.last);
            if id != 0 {
                self.count(Key::new(source, Kind::Template, u64::from(id)), "", tally, batch);
            }
        }
        self.touched = touched;
        let mut touched = std::mem::take(&mut self.touched_components);
        for id in touched.drain(..) {
            let tally = std::mem::take(&mut self.components[id as usize]);
            let name = batch.components().get(id as usize).map_or("", String::as_str);
            if !name.is_empty() {
                self.count(Key::named(source, name), name, Tally { worst: Severity::default(), ..tally }, batch);
            }
        }
        self.touched_components = touched;
        for (i, tally) in std::mem::take(&mut self.levels).into_iter().enumerate() {
            if tally.count > 0 {
                self.count(Key::new(source, Kind::Level, i as u64), "", tally, batch);
            }
        }
        if all.count > 0 {
            self.count(Key::new(source, Kind::Source, 0), "", all, batch);
        }
    }

    /// Counts one subject of the open bucket.
    fn count(&mut self, key: Key, name: &str, tally: Tally, batch: &RecordBatch) {
        let Some((event, active)) = self.clocks.get(&key.source).map(|c| (c.bucket, c.active)) else { return };
        let (first, last) = (batch.view(tally.first as usize), batch.view(tally.last as usize));
        let name = if key.kind == Kind::Template { first.component } else { name };
        let slot = self.slot(key, name, tally.worst, active, first.meta.time);
        let Some(series) = self.series.get_mut(slot as usize).and_then(Option::as_mut) else { return };
        let opens = series.touch(&tally, (event, active), (first.meta.time, last.meta.time), first.id);
        let change = series.early(event);
        if !std::mem::replace(&mut series.dirty, true) {
            self.dirty.push(slot);
        }
        if opens && let Some(clock) = self.clocks.get_mut(&key.source) {
            clock.open.push(slot);
        }
        if let Some(change) = change {
            let series = self.series[slot as usize].as_ref();
            self.found.extend(series.map(|s| s.finding(What::Turn(change), &first)));
        }
    }

    /// The place of a series, made if need be.
    fn slot(&mut self, key: Key, name: &str, worst: Severity, active: i64, time: Timestamp) -> u32 {
        if let Some(slot) = self.index.get(&key) {
            return *slot;
        }
        self.make_room();
        let series = Series::new(key, name, worst, active, time);
        let slot = if let Some(slot) = self.free.pop() {
            self.series[slot as usize] = Some(series);
            slot
        } else {
            self.series.push(Some(series));
            self.series.len() as u32 - 1
        };
        self.index.insert(key, slot);
        slot
    }

    /// Before the bound is passed, a tenth leaves: what has not come for the longest time.
    fn make_room(&mut self) {
        if self.index.len() < self.options.max_series {
            return;
        }
        let mut order: Vec<(Timestamp, u32)> =
            self.index.values().filter_map(|i| Some((self.series[*i as usize].as_ref()?.last, *i))).collect();
        let leaving = (order.len() / 10).max(1).min(order.len());
        order.select_nth_unstable(leaving - 1);
        for (_, slot) in order.into_iter().take(leaving) {
            self.remove(slot);
        }
        self.forget_removed();
    }

    /// No clock names a series that was removed.
    fn forget_removed(&mut self) {
        let Self { clocks, series, .. } = self;
        for clock in clocks.values_mut() {
            clock.open.retain(|slot| series[*slot as usize].is_some());
        }
    }

    fn remove(&mut self, slot: u32) {
        let Some(series) = self.series[slot as usize].take() else { return };
        self.index.remove(&series.key);
        if series.stored {
            self.gone.push(series.key.name());
        }
        self.free.push(slot);
    }

    /// A bucket of a series is over.
    fn close(&mut self, slot: u32, event: i64, active: i64) {
        let Some(series) = self.series.get_mut(slot as usize).and_then(Option::as_mut) else { return };
        let change = series.close(event, active);
        if let Some(due) = series.due_after(event) {
            series.timed = true;
            if let Some(clock) = self.clocks.get_mut(&series.key.source) {
                clock.remind(active + due, slot);
            }
        }
        if let Some(change) = change.filter(|c| c.turn != Turn::Usual)
            && let Some(series) = &self.series[slot as usize]
        {
            self.found.push(series.finding_at(What::Turn(change), series.last, series.example));
        }
    }

    /// What should have come by now and did not.
    fn look_for_silence(&mut self, row: &RecordMeta) {
        while let Some(clock) = self.clocks.get_mut(&row.source) {
            let (event, active) = (clock.bucket, clock.active);
            let Some(slot) = clock.due() else { break };
            let Some(series) = self.series.get_mut(slot as usize).and_then(Option::as_mut) else { continue };
            if series.key.source != row.source {
                continue;
            }
            series.timed = false;
            let (missed, again) = series.missed(event, active, row.time);
            if let Some(due) = again {
                series.timed = true;
                if let Some(clock) = self.clocks.get_mut(&row.source) {
                    clock.remind(due.max(active + 1), slot);
                }
            }
            if let Some(what) = missed {
                let series = self.series[slot as usize].as_ref();
                self.found.extend(series.map(|s| s.finding_at(what, row.time, s.example)));
            }
        }
    }

    /// Leaves the warnings and errors of a template out of those of its source, or counts them again. What is fatal
    /// counts in any case.
    pub fn mute(&mut self, template: TemplateId, on: bool) {
        if on {
            self.muted.insert(template);
        } else {
            self.muted.remove(&template);
        }
    }

    fn hides(&self, template: TemplateId, level: Level) -> bool {
        !self.muted.is_empty() && level < Level::Fatal && self.muted.contains(&template)
    }

    /// A template was merged into another: what was counted of it counts there from now on.
    pub fn merge(&mut self, from: TemplateId, into: TemplateId) {
        let sources: Vec<SourceId> = self.clocks.keys().copied().collect();
        for source in sources {
            let (from, into) = (u64::from(from.0), u64::from(into.0));
            let (from, into) = (Key::new(source, Kind::Template, from), Key::new(source, Kind::Template, into));
            let Some(slot) = self.index.get(&from).copied() else { continue };
            if self.index.contains_key(&into) {
                self.remove(slot);
                self.forget_removed();
            } else if let Some(series) = self.series.get_mut(slot as usize).and_then(Option::as_mut) {
                if std::mem::take(&mut series.stored) {
                    self.gone.push(from.name());
                }
                series.key = into;
                self.index.remove(&from);
                self.index.insert(into, slot);
            }
        }
    }

    /// Where a template stands in its life, in the source where it comes most.
    pub fn life(&self, template: TemplateId) -> Option<(Life, Lived)> {
        let of = |source: &SourceId| Key::new(*source, Kind::Template, u64::from(template.0));
        let held = self.clocks.iter().filter_map(|(source, clock)| {
            let series = self.series.get(*self.index.get(&of(source))? as usize)?.as_ref()?;
            Some((series, clock))
        });
        let (series, clock) = held.max_by_key(|(s, _)| s.count)?;
        let lived = series.lived(clock);
        Some((lived.life(), lived))
    }

    /// Lives of all templates held, each in the source where it comes most.
    pub fn lives(&self) -> HashMap<TemplateId, Lived> {
        let mut all: HashMap<TemplateId, Lived> = HashMap::new();
        for series in self.series.iter().flatten().filter(|s| s.key.kind == Kind::Template) {
            let Some(clock) = self.clocks.get(&series.key.source) else { continue };
            let lived = series.lived(clock);
            let known = all.entry(TemplateId(series.key.id as u32)).or_insert(lived);
            if lived.count > known.count {
                *known = lived;
            }
        }
        all
    }
}
