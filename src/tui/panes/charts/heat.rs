//! The heat map of Charts: which component warned or failed when. What is chosen in it and what the keys do with that.

use super::heatview;
use crate::runtime::events::{HeatCell, HeatMap, HeatRequest, HeatRow, Request, WIDTHS};
use crate::tui::action::Action;
use crate::tui::effect::Effect;
use crate::tui::event::Mouse;
use crate::tui::format;
use crate::tui::panes::PaneCx;
use crate::tui::panes::refresh::Refresh;
use crate::tui::widgets::scroll::Cursor;
use aiobs_types::{ChatScope, Timestamp};

/// The heat map and what is chosen in it.
#[derive(Debug, Default)]
pub(super) struct Heat {
    pub(super) open: bool,
    /// Another pane led here: Esc goes straight back.
    led: bool,
    pub(super) map: Option<Box<HeatMap>>,
    /// Number of the newest request.
    seq: u64,
    /// What is shown when it is not the last hour: where it begins, and the width of a column.
    zoom: Option<(Timestamp, i64)>,
    rows: Cursor,
    /// Name of the chosen component; the first one when none.
    chosen: Option<String>,
    /// The chosen time; the newest column when none.
    at: Option<Timestamp>,
    refresh: Refresh,
}

impl Heat {
    /// Shows it.
    pub(super) fn show(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        (self.open, self.led) = (true, false);
        self.ask(cx)
    }

    /// Another pane leads here.
    pub(super) fn lead(&mut self) {
        (self.open, self.led) = (true, true);
    }

    /// Asks for what is shown.
    pub(super) fn ask(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.seq += 1;
        self.refresh.asked(cx.clock.now);
        let columns = heatview::columns(cx.size.width);
        vec![Effect::Send(Request::Heat(HeatRequest { seq: self.seq, zoom: self.zoom, columns }))]
    }

    /// Asks again now and then, when the last answer is there.
    pub(super) fn ask_again(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let answered = self.map.as_ref().is_some_and(|m| m.done && m.seq == self.seq);
        if self.open && answered && self.refresh.due(cx.clock.now) { self.ask(cx) } else { Vec::new() }
    }

    /// It was drawn.
    pub(super) fn drawn(&self) {
        self.refresh.drawn();
    }

    /// Takes an answer.
    pub(super) fn take(&mut self, map: &HeatMap) {
        if map.seq == self.seq {
            self.map = Some(Box::new(map.clone()));
        }
    }

    /// The place of the chosen component.
    pub(super) fn row(&self) -> usize {
        let rows = self.map.as_ref().map_or(&[][..], |m| &m.rows);
        rows.iter().position(|r| Some(&r.name) == self.chosen.as_ref()).unwrap_or(0)
    }

    /// The rows seen at once.
    pub(super) fn visible(&self, height: usize) -> std::ops::Range<usize> {
        let len = self.map.as_ref().map_or(0, |m| m.rows.len());
        Cursor { at: self.row(), ..self.rows }.visible(len, height)
    }

    /// The chosen column.
    pub(super) fn column(&self) -> usize {
        let Some(map) = self.map.as_ref().filter(|m| m.columns > 0 && m.width > 0) else { return 0 };
        let last = map.columns - 1;
        let Some(at) = self.at else { return last };
        let column = (i128::from(at.0) - i128::from(map.from.0)).div_euclid(i128::from(map.width));
        usize::try_from(column.max(0)).map_or(last, |c| c.min(last))
    }

    /// Begin and end of a column.
    pub(super) fn times(&self, column: usize) -> Option<(Timestamp, Timestamp)> {
        let map = self.map.as_ref()?;
        let start = |i: usize| Timestamp(map.from.0.saturating_add(map.width.saturating_mul(i as i64)));
        Some((start(column), start(column + 1)))
    }

    /// The chosen component and cell.
    pub(super) fn cell(&self) -> Option<(&HeatRow, HeatCell)> {
        let row = self.map.as_ref()?.rows.get(self.row())?;
        Some((row, row.cells.get(self.column()).copied().unwrap_or_default()))
    }

    fn go_to(&mut self, column: usize) {
        self.at = self.times(column).map(|(from, _)| from);
    }

    /// To the next column of the chosen component that has something, or the one before.
    fn jump(&mut self, forward: bool) {
        let at = self.column();
        let Some((row, _)) = self.cell() else { return };
        let hot = |i: &usize| !row.cells[*i].is_empty();
        let to =
            if forward { (at + 1..row.cells.len()).find(hot) } else { (0..at.min(row.cells.len())).rev().find(hot) };
        if let Some(to) = to {
            self.go_to(to);
        }
    }

    fn zoomed(&mut self, closer: bool, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some(width) = self.map.as_ref().map(|m| m.width).filter(|w| *w > 0) else { return Vec::new() };
        let here = WIDTHS.iter().position(|w| *w >= width).unwrap_or(WIDTHS.len() - 1);
        let to = if closer { here.checked_sub(1) } else { Some(here + 1).filter(|i| *i < WIDTHS.len()) };
        let (Some(width), Some((middle, _))) = (to.map(|i| WIDTHS[i]), self.times(self.column())) else {
            return Vec::new();
        };
        let half = width.saturating_mul(heatview::columns(cx.size.width) as i64 / 2);
        self.zoom = Some((Timestamp(middle.0.saturating_sub(half).div_euclid(width).saturating_mul(width)), width));
        self.at = Some(middle);
        self.ask(cx)
    }

    /// The lines of the chosen component and time, as a filter.
    fn filter(&self, cx: &PaneCx<'_>) -> Option<String> {
        let (row, _) = self.cell()?;
        let (from, to) = self.times(self.column())?;
        let write = |t| format!("{}T{}", cx.clock.date(t), cx.clock.hms(t));
        let who = match row.name.as_str() {
            "" => "-component:*".to_owned(),
            name => format!("service={}", format::filter_value(name)),
        };
        Some(format!("{who} level>=warn from:{} to:{}", write(from), write(to)))
    }

    /// An action while it is shown; `None` when it is not for it.
    pub(super) fn update(&mut self, action: Action, cx: &PaneCx<'_>) -> Option<Vec<Effect>> {
        let last = self.map.as_ref().map_or(0, |m| m.columns.saturating_sub(1));
        match action {
            Action::ToggleHeat => self.open = false,
            Action::Back if self.zoom.take().is_some() => return Some(self.ask(cx)),
            Action::Back if self.led => {
                self.open = false;
                return Some(vec![Effect::Back]);
            }
            Action::Back => self.open = false,
            Action::Left => self.go_to(self.column().saturating_sub(1)),
            Action::Right => self.go_to((self.column() + 1).min(last)),
            Action::NextItem | Action::PreviousItem => self.jump(action == Action::NextItem),
            Action::ZoomIn | Action::ZoomOut => return Some(self.zoomed(action == Action::ZoomIn, cx)),
            Action::Open => {
                let filter = self.filter(cx).map(Effect::FilterLogs);
                return Some(filter.into_iter().collect());
            }
            Action::Ask => {
                let scope = self.filter(cx).map_or(ChatScope::All, |text| ChatScope::Filter { text });
                return Some(vec![Effect::AskAbout(scope)]);
            }
            _ => {
                let len = self.map.as_ref().map_or(0, |m| m.rows.len());
                self.rows.at = self.row();
                if !self.rows.moved(action, len, heatview::height(cx.size.height)) {
                    return None;
                }
                self.choose(self.rows.at);
            }
        }
        Some(Vec::new())
    }

    fn choose(&mut self, row: usize) {
        self.chosen = self.map.as_ref().and_then(|m| m.rows.get(row)).map(|r| r.name.clone());
    }

    /// The wheel goes through the components; a click chooses a cell, a second one opens it.
    pub(super) fn mouse(&mut self, mouse: Mouse, cx: &PaneCx<'_>) -> Vec<Effect> {
        if let Some(down) = mouse.wheel() {
            let action = if down { Action::Down } else { Action::Up };
            return self.update(action, cx).unwrap_or_default();
        }
        let seen = self.visible(heatview::height(cx.size.height));
        let Some((row, column)) = heatview::cell_at(mouse.at, cx.size.width) else { return Vec::new() };
        let Some(row) = seen.clone().nth(row) else { return Vec::new() };
        let columns = self.map.as_ref().map_or(0, |m| m.columns);
        let column = column.filter(|c| *c < columns).unwrap_or_else(|| self.column());
        if (row, column) == (self.row(), self.column()) {
            return self.update(Action::Open, cx).unwrap_or_default();
        }
        self.choose(row);
        self.go_to(column);
        Vec::new()
    }
}
