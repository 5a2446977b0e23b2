//! What the last lines of one pattern hold: levels, components, sources, and the values at each placeholder. The newest
//! lines are looked at, memory before archive, until there are enough or it has taken long enough.

use crate::runtime::board::{Board, lock};
use crate::runtime::events::{PatternDetail, SlotValues};
use aiobs_insight::Spread;
use aiobs_logs::template::{Placeholder, Slots};
use aiobs_store::{Reader, StoreError};
use aiobs_types::{
    Level, LogQuery, LogRecord, Order, Quantity, RecordId, RecordView, SourceId, Template, TemplateId, Timestamp,
};
use std::collections::HashMap;
use std::hash::Hash;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Lines looked at.
const LINES: u64 = 2_000;
/// Longest time it takes to look for them in the archive.
const LOOKING: Duration = Duration::from_millis(1_500);
/// Components and sources told.
const FEW: usize = 6;
/// Longest value kept, bytes: a longer one is cut.
const VALUE: usize = 200;

/// Looks; `None` when there is no such pattern, or `cancel` was set meanwhile.
pub(super) fn detail(
    reader: &Reader,
    board: &Board,
    id: TemplateId,
    cancel: &AtomicBool,
) -> Result<Option<PatternDetail>, StoreError> {
    let (batches, _) = board.live.since(RecordId(0));
    let Some((template, also)) = known(board, id) else { return Ok(None) };
    let end = reader.next_record_id()?;
    let mut sample = Sample::new(&template.text);
    let ours = |id: TemplateId| id == template.id || also.contains(&id);
    let newest = batches.iter().rev().flat_map(|b| b.iter().rev());
    for view in newest.take_while(|v| v.id >= end).filter(|v| ours(v.meta.template)) {
        if sample.add(&view).is_break() {
            break;
        }
    }
    if sample.lines < LINES {
        let templates = std::iter::once(template.id).chain(also.iter().copied()).collect();
        let last = Some(RecordId(end.0.saturating_sub(1)));
        let query = LogQuery { templates, last, order: Order::NewestFirst, ..LogQuery::default() };
        let began = Instant::now();
        reader.scan(&reader.matcher(&query)?, Order::NewestFirst, cancel, &mut |hits| {
            if let Some(chunk) = &hits.chunk {
                hits.rows.iter().rev().filter_map(|i| chunk.view(*i as usize)).try_for_each(|v| sample.add(&v))?;
            }
            if began.elapsed() < LOOKING { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
    }
    if cancel.load(Ordering::SeqCst) {
        return Ok(None);
    }
    let sources = lock(&board.sources).values().map(|s| (s.id, s.name.clone())).collect();
    Ok(Some(sample.told(template, also, &sources)))
}

/// The pattern, and the other numbers its records were stored under.
fn known(board: &Board, id: TemplateId) -> Option<(Template, Vec<TemplateId>)> {
    let templates = lock(&board.templates);
    let template = templates.get(&id)?.clone();
    let mut also: Vec<TemplateId> =
        templates.values().filter(|t| t.count == 0 && t.id != id && t.text == template.text).map(|t| t.id).collect();
    also.sort_unstable();
    Some((template, also))
}

/// What was found so far.
struct Sample {
    slots: Slots,
    values: Vec<HashMap<String, u64>>,
    levels: [u64; Level::ALL.len()],
    components: HashMap<String, u64>,
    sources: HashMap<SourceId, u64>,
    times: Option<(Timestamp, Timestamp)>,
    example: Option<LogRecord>,
    lines: u64,
    unread: u64,
}

impl Sample {
    fn new(template: &str) -> Self {
        let slots = Slots::new(template);
        Self {
            values: vec![HashMap::new(); slots.slots().len()],
            slots,
            levels: [0; Level::ALL.len()],
            components: HashMap::new(),
            sources: HashMap::new(),
            times: None,
            example: None,
            lines: 0,
            unread: 0,
        }
    }

    /// Takes one line; breaks when there are enough.
    fn add(&mut self, view: &RecordView<'_>) -> ControlFlow<()> {
        let Self { slots, values, .. } = self;
        let read = slots.values(view.message(), &mut |i, value| {
            let value = value.get(..value.floor_char_boundary(VALUE)).unwrap_or(value);
            count(&mut values[i], value);
        });
        self.unread += u64::from(!read);
        self.lines += 1;
        self.levels[view.meta.severity.level() as usize] += 1;
        count(&mut self.components, view.component);
        *self.sources.entry(view.meta.source).or_default() += 1;
        let time = view.meta.time;
        self.times = Some(self.times.map_or((time, time), |(a, b)| (a.min(time), b.max(time))));
        if self.example.is_none() {
            self.example = Some(view.to_record());
        }
        if self.lines < LINES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    fn told(self, template: Template, also: Vec<TemplateId>, names: &HashMap<SourceId, String>) -> PatternDetail {
        let slots = self.slots.slots().iter().zip(&self.values).map(|(slot, counts)| SlotValues {
            kind: slot.kind.text(),
            name: slot.name.clone(),
            spread: Spread::of(counts, |value| number(slot.kind, value)),
        });
        let levels = Level::ALL.into_iter().rev().map(|l| (l, self.levels[l as usize])).filter(|(_, n)| *n > 0);
        let named =
            |(id, n): (SourceId, u64)| (names.get(&id).cloned().unwrap_or_else(|| format!("source {}", id.0)), n);
        PatternDetail {
            id: template.id,
            also,
            lines: self.lines,
            times: self.times,
            more: template.count > self.lines,
            levels: levels.collect(),
            slots: slots.collect(),
            components: most(self.components),
            sources: most(self.sources).into_iter().map(named).collect(),
            example: self.example,
            unread: self.unread,
            text: template.text,
        }
    }
}

/// Counts without allocating for what is known.
fn count(counts: &mut HashMap<String, u64>, key: &str) {
    match counts.get_mut(key) {
        Some(n) => *n += 1,
        None => drop(counts.insert(key.to_owned(), 1)),
    }
}

/// A few of the most frequent.
fn most<K: Hash + Ord>(counts: HashMap<K, u64>) -> Vec<(K, u64)> {
    let mut all: Vec<(K, u64)> = counts.into_iter().collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    all.truncate(FEW);
    all
}

/// A value as a number, where it may measure something.
fn number(kind: Placeholder, value: &str) -> Option<f64> {
    let measures = matches!(kind, Placeholder::Num | Placeholder::Duration | Placeholder::Size | Placeholder::Any);
    // A unit may stand apart: `30 ms`.
    let joined = || value.split_whitespace().collect::<String>();
    measures.then(|| Quantity::parse(&joined())).flatten().map(|q| q.value)
}
