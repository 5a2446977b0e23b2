//! The mouse in Patterns: the wheel scrolls list or detail; a click selects a pattern or a link, a second one opens it.

use super::state::{Focus, State};
use super::{list, view};
use crate::tui::effect::Effect;
use crate::tui::event::Mouse;
use crate::tui::panes::PaneCx;
use ratatui::layout::{Position, Rect};

impl State {
    pub(super) fn mouse(&mut self, mouse: Mouse, cx: &PaneCx<'_>) -> Vec<Effect> {
        if self.typing || self.edit.is_some() {
            return Vec::new();
        }
        let areas = view::layout(self, Rect::from((Position::ORIGIN, cx.size)));
        let within = |area: Option<Rect>| area.filter(|a| a.contains(mouse.at));
        match (within(areas.list), within(areas.detail), mouse.wheel()) {
            (Some(_), _, Some(down)) => {
                self.cursor.at = self.at();
                self.cursor.turned(down, self.shown.len(), list::height(cx.size.height.into(), self));
                self.select(self.cursor.at, cx)
            }
            (Some(area), _, None) => self.click_list(usize::from(mouse.at.y - area.y), cx),
            (_, Some(_), Some(down)) => {
                let (document, height) = self.document(cx);
                self.place.turned(down, &document, height);
                Vec::new()
            }
            (_, Some(area), None) => self.click_detail(usize::from(mouse.at.y - area.y), cx),
            (None, None, _) => Vec::new(),
        }
    }

    fn click_list(&mut self, row: usize, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some(at) = list::at_row(row, cx, self) else { return Vec::new() };
        if at == self.at() && self.focus == Focus::List {
            return self.open(cx);
        }
        self.focus = Focus::List;
        self.select(at, cx)
    }

    fn click_detail(&mut self, row: usize, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.focus = Focus::Detail;
        let (document, _) = self.document(cx);
        if self.place.clicked(row, &document) { self.open(cx) } else { Vec::new() }
    }
}
