//! The order of the records: as they came, or by event time with all sources merged. Says which is on and what
//! came in above the view.

use super::state::State;
use crate::runtime::events::LogsPage;
use crate::tui::effect::Effect;
use crate::tui::format;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use aiobs_types::{LogRecord, SourceState};
use ratatui::text::Span;

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
