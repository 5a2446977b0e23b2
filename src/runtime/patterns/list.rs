//! All patterns with their numbers: counts and lives as they are known while lines are read, trends from the columns of
//! the archive's newest chunks and from memory.

use crate::runtime::board::{Board, lock};
use crate::runtime::events::{Pattern, Patterns, TREND, Trend};
use crate::runtime::pipeline::{LESSONS, lessons};
use aiobs_store::{Reader, StoreError};
use aiobs_types::{RecordId, Template, TemplateId};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

/// Time that trends show, nanoseconds.
const WINDOW: i64 = 3_600_000_000_000;
/// Records looked at for them; of more in that time, the last ones.
const MOST: u64 = 500_000;

/// Draws them up; `None` when `cancel` was set meanwhile.
pub(super) fn list(reader: &Reader, board: &Board, cancel: &AtomicBool) -> Result<Option<Patterns>, StoreError> {
    let (batches, _) = board.live.since(RecordId(0));
    let totals = lock(&board.stats).totals;
    let templates: Vec<Template> = lock(&board.templates).values().cloned().collect();
    let lives = lock(&board.lives).clone();
    let to = totals.last.unwrap_or_default().plus(1);
    let from = totals.first.map_or(to, |first| first.max(to.plus(-WINDOW)));
    let (mut trend, end) = reader.template_trend((from, to), TREND, MOST, cancel)?;
    if cancel.load(Ordering::SeqCst) {
        return Ok(None);
    }
    for row in batches.iter().flat_map(|b| b.iter()).filter(|v| v.id >= end) {
        trend.add(row.meta.template, row.meta.time);
    }
    let survivors = survivors(&templates);
    let mut trends: HashMap<TemplateId, Vec<u32>> = HashMap::with_capacity(trend.counts.len());
    for (id, row) in std::mem::take(&mut trend.counts) {
        let id = survivors.get(&id).copied().unwrap_or(id);
        match trends.get_mut(&id) {
            Some(sum) => sum.iter_mut().zip(row).for_each(|(a, b)| *a = a.saturating_add(b)),
            None => drop(trends.insert(id, row)),
        }
    }
    let mut marks = lock(&board.marks).clone();
    for (id, survivor) in &survivors {
        // What was said of the survivor itself counts more.
        if let Some(mark) = marks.get(id).cloned() {
            marks.entry(*survivor).or_insert(mark);
        }
    }
    let rated: HashMap<String, bool> =
        lessons(reader.state(LESSONS)?).into_iter().map(|l| (l.template, l.useful)).collect();
    let records: u64 = templates.iter().map(|t| t.count).sum();
    let row = |t: Template| Pattern {
        id: t.id,
        count: t.count,
        share: t.count as f64 / records.max(1) as f64,
        first_seen: t.first_seen,
        last_seen: t.last_seen,
        level: t.severity.level(),
        life: lives.get(&t.id).copied().unwrap_or_default(),
        trend: trends.remove(&t.id).unwrap_or_default(),
        mark: marks.remove(&t.id).unwrap_or_default(),
        rated: rated.get(&t.text).copied(),
        text: t.text,
    };
    let mut rows: Vec<Pattern> = templates.into_iter().filter(|t| t.count > 0).map(row).collect();
    rows.sort_by(|a, b| b.count.cmp(&a.count).then(a.id.cmp(&b.id)));
    let trend = Trend { from: trend.columns.from, to, records: trend.records };
    Ok(Some(Patterns { rows, records, trend }))
}

/// Of templates that were merged into another: that other. They have its text, and no records any more.
pub(super) fn survivors(templates: &[Template]) -> HashMap<TemplateId, TemplateId> {
    let gone: Vec<&Template> = templates.iter().filter(|t| t.count == 0).collect();
    if gone.is_empty() {
        return HashMap::new();
    }
    let living: HashMap<&str, TemplateId> =
        templates.iter().filter(|t| t.count > 0).map(|t| (t.text.as_str(), t.id)).collect();
    gone.into_iter().filter_map(|t| Some((t.id, *living.get(t.text.as_str())?))).collect()
}
