//! The order of the records: as they came, or by event time with all sources merged. Says which is on, what came in
//! above the view, and where nothing was logged for long.

use super::state::State;
use super::window::Window;
use crate::runtime::events::LogsPage;
use crate::tui::effect::Effect;
use crate::tui::format;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use aiobs_types::{LogRecord, RecordId, SourceState};
use ratatui::text::{Line, Span};
use std::collections::HashMap;

/// A pause is told when it is so many times the usual distance of records...
const PAUSE_FACTOR: i64 = 10;
/// ...and at least this long, nanoseconds.
const PAUSE_LEAST: i64 = 10_000_000_000;
/// Fewer rows than this have no usual distance.
const PAUSE_ROWS: usize = 8;
/// A record dated this much later than it was read has a wrong clock, nanoseconds.
const AHEAD: i64 = 60_000_000_000;

/// The order of the view and what it tells.
#[derive(Debug, Default)]
pub(super) struct Ordering {
    /// What the user chose; nothing chosen: by time when there is more than one source.
    chosen: Option<bool>,
    /// Records that came so late while the view followed that they lie well above it.
    pub(super) late: u64,
    /// Records dated ahead of the end that is followed.
    pub(super) ahead: u64,
}

impl Ordering {
    /// What was chosen: by time, as records came in, or nothing.
    pub(super) const fn chosen(&self) -> Option<bool> {
        self.chosen
    }

    /// Chooses, or leaves it to the number of sources.
    pub(super) const fn choose(&mut self, by_time: Option<bool>) {
        self.chosen = by_time;
    }

    /// Takes what a page tells. While old files are read, lines come in above all the time, and that is no news.
    pub(super) fn count(&mut self, page: &LogsPage, cx: &PaneCx<'_>) {
        if !cx.snapshot.sources.iter().any(|s| s.info.state == SourceState::Backfill) {
            self.late += page.late;
        }
        self.ahead = page.ahead;
    }
}

impl State {
    /// Whether records are in the order of event time.
    pub(super) fn by_time(&self, cx: &PaneCx<'_>) -> bool {
        self.order.chosen.unwrap_or_else(|| several(self, cx))
    }

    /// Takes the other order; the cursor stays at its record.
    pub(super) fn toggle_order(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let by_time = !self.by_time(cx);
        self.order = Ordering { chosen: Some(by_time), ..Ordering::default() };
        // Between the same two lines lie others now.
        self.selected = None;
        let said = if by_time { "By event time, all sources merged" } else { "In the order in which they came" };
        vec![self.filtered(cx), Effect::info(said)]
    }
}

fn several(state: &State, cx: &PaneCx<'_>) -> bool {
    state.query.sources.len() != 1 && cx.snapshot.sources.len() > 1
}

/// What the bar says of the order, with a space after it.
pub(super) fn said(state: &State, width: u16, cx: &PaneCx<'_>) -> Vec<Span<'static>> {
    let by_time = state.by_time(cx);
    if width < 60 || !(several(state, cx) || state.order.chosen.is_some()) {
        return Vec::new();
    }
    let mut spans = Vec::new();
    if by_time && state.order.late > 0 {
        let words = if width >= 100 { "came late, above" } else { "late, above" };
        let said = format!("{} {words}   ", format::count(state.order.late));
        spans.push(Span::styled(said, cx.style(Role::Warn)));
    }
    if by_time && state.order.ahead > 0 && state.follow {
        let words = if width >= 100 { "dated ahead" } else { "ahead" };
        let said = format!("{} {words}   ", format::count(state.order.ahead));
        spans.push(Span::styled(said, cx.style(Role::Warn)));
    }
    spans.push(Span::styled(if by_time { "by time   " } else { "as it came   " }, cx.style(Role::Dim)));
    spans
}

/// Whether the clock that dated it ran ahead of the one here.
pub(super) fn is_ahead(r: &LogRecord) -> bool {
    r.time.0.saturating_sub(r.observed.0) > AHEAD
}

/// Long pauses between neighbours: before which record, and how long, in nanoseconds. Long is what is far over the
/// usual distance of the rows at hand.
pub(super) fn pauses(rows: &[LogRecord]) -> HashMap<RecordId, i64> {
    let distance = |pair: &[LogRecord]| pair[1].time.0.saturating_sub(pair[0].time.0);
    let mut usual: Vec<i64> = rows.windows(2).map(distance).collect();
    if rows.len() < PAUSE_ROWS {
        return HashMap::new();
    }
    usual.sort_unstable();
    let quarter = usual.get(usual.len() * 3 / 4).copied().unwrap_or(0);
    let least = quarter.saturating_mul(PAUSE_FACTOR).max(PAUSE_LEAST);
    let long = |pair: &[LogRecord]| Some((pair[1].id, distance(pair))).filter(|(_, d)| *d >= least);
    rows.windows(2).filter_map(long).collect()
}

impl Window {
    /// Screen rows of the pause before a record.
    pub(super) fn pause_rows(pauses: &HashMap<RecordId, i64>, r: &LogRecord) -> usize {
        usize::from(pauses.contains_key(&r.id))
    }
}

/// The line in a pause.
pub(super) fn pause_line(nanos: i64, indent: usize, cx: &PaneCx<'_>) -> Line<'static> {
    let dash = cx.glyphs.dash;
    let said = format!("{}{dash} {} without records {dash}", " ".repeat(indent), format::duration(nanos));
    Line::styled(said, cx.style(Role::Faint))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aiobs_types::Timestamp;

    fn rows(secs: &[i64]) -> Vec<LogRecord> {
        let row =
            |(i, s): (u64, &i64)| LogRecord { id: RecordId(i), time: Timestamp::from_secs(*s), ..LogRecord::default() };
        (1..).zip(secs).map(row).collect()
    }

    #[test]
    fn a_pause_is_long_against_what_is_usual() {
        let told = |secs: &[i64]| {
            let mut found: Vec<(u64, i64)> =
                pauses(&rows(secs)).into_iter().map(|(id, n)| (id.0, n / 1_000_000_000)).collect();
            found.sort_unstable();
            found
        };
        assert_eq!(told(&[0, 1, 2, 3, 4, 844, 845, 846, 847]), [(6, 840)]);
        // A line a minute is usual there.
        assert_eq!(told(&[0, 60, 120, 180, 240, 300, 360, 420, 480]), []);
        // Nine seconds are no pause, however busy it is around.
        assert_eq!(told(&[0, 0, 0, 0, 0, 9, 9, 9, 9]), []);
        assert_eq!(told(&[0, 3_000, 9_000]), [], "too few to tell what is usual");
    }
}
