//! The mouse in Logs: the wheel scrolls records or the detail, a click selects a record, a second one opens it.

use super::state::State;
use super::{histogram, view};
use crate::tui::action::Action;
use crate::tui::effect::Effect;
use crate::tui::event::Mouse;
use crate::tui::panes::PaneCx;
use crate::tui::widgets::scroll::WHEEL;

impl State {
    pub(super) fn mouse(&mut self, mouse: Mouse, cx: &PaneCx<'_>) -> Vec<Effect> {
        if self.typing.is_some() || mouse.at.y == 0 {
            return Vec::new();
        }
        let height = view::list_height(self, cx);
        let bars = histogram::height(self, cx) + view::head_height(self);
        let Some(row) = (mouse.at.y - 1).checked_sub(bars).map(usize::from) else {
            if mouse.wheel().is_none() {
                self.histogram.click(usize::from(mouse.at.x.saturating_sub(1)));
            }
            return Vec::new();
        };
        let zoomed = self.zoom && self.detail.is_some();
        match mouse.wheel() {
            Some(down) if zoomed || row >= height => self.turn_detail(down, cx),
            Some(down) => self.turn(down, height, cx),
            None if zoomed || row >= height => {
                if let Some(detail) = &mut self.detail {
                    detail.focus = true;
                }
                Vec::new()
            }
            None => self.click(row, height, cx),
        }
    }

    fn turn_detail(&mut self, down: bool, cx: &PaneCx<'_>) -> Vec<Effect> {
        let action = if down { Action::Down } else { Action::Up };
        let seen = self.detail_seen(cx);
        if let Some(detail) = &mut self.detail {
            for _ in 0..WHEEL {
                detail.scrolled(action, seen, self.pretty, cx);
            }
        }
        Vec::new()
    }

    fn turn(&mut self, down: bool, height: usize, cx: &PaneCx<'_>) -> Vec<Effect> {
        let wrap = self.wrap.then(|| view::message_width(self, cx));
        self.window.turned(down, height, |r| view::rows_of(r, wrap, height));
        self.went(cx)
    }

    fn click(&mut self, row: usize, height: usize, cx: &PaneCx<'_>) -> Vec<Effect> {
        let wrap = self.wrap.then(|| view::message_width(self, cx));
        let Some(at) = self.window.at_row(row, |r| view::rows_of(r, wrap, height)) else { return Vec::new() };
        if at != self.window.cursor {
            self.window.cursor = at;
            if let Some(detail) = &mut self.detail {
                detail.focus = false;
            }
            return self.went(cx);
        }
        // A second click opens, and never closes.
        if self.detail.as_ref().is_some_and(|d| d.focus) { Vec::new() } else { self.open_detail(cx) }
    }
}
