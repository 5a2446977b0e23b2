//! The mouse in Incidents: the wheel scrolls list, detail or preview; a click selects an incident or a link, a second
//! one opens it.

use super::state::{Focus, State};
use super::{list, view};
use crate::tui::action::Action;
use crate::tui::effect::Effect;
use crate::tui::event::Mouse;
use crate::tui::panes::{Pane as _, PaneCx};
use crate::tui::widgets::scroll::WHEEL;
use ratatui::layout::{Position, Rect};

impl State {
    pub(super) fn mouse(&mut self, mouse: Mouse, cx: &PaneCx<'_>) -> Vec<Effect> {
        if self.typing || self.note.is_some() {
            return Vec::new();
        }
        self.touched = true;
        if self.preview.is_some() || self.chooser.is_some() || self.compared.is_some() {
            let action = mouse.wheel().map(|down| if down { Action::Down } else { Action::Up });
            return action.map(|a| (0..WHEEL).flat_map(|_| self.update(a, cx)).collect()).unwrap_or_default();
        }
        let areas = view::layout(self, Rect::from((Position::ORIGIN, cx.size)));
        let within = |area: Option<Rect>| area.filter(|a| a.contains(mouse.at));
        match (within(areas.list), within(areas.detail), mouse.wheel()) {
            (Some(_), _, Some(down)) => self.turn_list(down, cx),
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

    fn turn_list(&mut self, down: bool, cx: &PaneCx<'_>) -> Vec<Effect> {
        let ids: Vec<_> = self.shown(cx).iter().map(|i| i.id).collect();
        self.cursor.at = ids.iter().position(|id| Some(*id) == self.selected).unwrap_or(0);
        self.cursor.turned(down, ids.len(), list::height(cx.size.height as usize, self));
        self.select(ids.get(self.cursor.at).copied(), cx)
    }

    fn click_list(&mut self, row: usize, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some(id) = list::at_row(row, cx, self) else { return Vec::new() };
        if self.current(cx).is_some_and(|i| i.id == id) && self.focus == Focus::List {
            return self.open(cx);
        }
        self.focus = Focus::List;
        self.select(Some(id), cx)
    }

    fn click_detail(&mut self, row: usize, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.focus = Focus::Detail;
        let (document, _) = self.document(cx);
        if self.place.clicked(row, &document) { self.open(cx) } else { Vec::new() }
    }
}
