//! State of the Charts pane and how keys and events change it.

use super::heat::Heat;
use super::kind::Kind;
use super::{heatview, view};
use crate::runtime::events::{Charts, Event, Request};
use crate::tui::action::{Action, Context};
use crate::tui::effect::Effect;
use crate::tui::event::{Did, Mouse};
use crate::tui::panes::refresh::Refresh;
use crate::tui::panes::{Goto, Pane, PaneCx};
use aiobs_types::{ChatScope, Timestamp};
use ratatui::Frame;
use ratatui::layout::Rect;

/// State of the Charts pane.
#[derive(Debug, Default)]
pub struct State {
    pub(super) data: Box<Charts>,
    pub(super) loaded: bool,
    /// Index of the chart that has the keys.
    pub(super) focus: usize,
    /// Whether it fills the pane.
    pub(super) zoomed: bool,
    /// Seconds since the epoch the cursor is at; `None` is the newest point, unread.
    pub(super) cursor: Option<f64>,
    /// Which component had trouble when; in place of the charts while it is open.
    pub(super) heat: Heat,
    refresh: Refresh,
    on_screen: bool,
}

impl State {
    pub(super) fn kind(&self) -> Kind {
        Kind::ALL[self.focus % Kind::ALL.len()]
    }

    fn ask(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.refresh.asked(cx.clock.now);
        vec![Effect::Send(Request::Charts)]
    }

    /// Times at which the focused chart has points, ascending.
    fn times(&self) -> Vec<f64> {
        let mut all: Vec<f64> =
            self.kind().series(&self.data).iter().flat_map(|s| s.points.iter().map(|p| p.0)).collect();
        all.sort_by(f64::total_cmp);
        all.dedup();
        all
    }

    /// The minutes around the cursor, when there is one.
    fn scope(&self) -> ChatScope {
        const MINUTE: i64 = 60_000_000_000;
        self.cursor.map_or(ChatScope::All, |secs| {
            let time = Timestamp::from_secs(secs as i64);
            ChatScope::Range { from: time.plus(-5 * MINUTE), to: time.plus(5 * MINUTE) }
        })
    }

    fn move_cursor(&mut self, by: isize) {
        let times = self.times();
        if times.is_empty() {
            return;
        }
        let last = times.len() - 1;
        let at = match self.cursor {
            None if by < 0 => last,
            None => 0,
            Some(x) => times.partition_point(|t| *t < x).min(last).saturating_add_signed(by).min(last),
        };
        self.cursor = Some(times[at]);
    }

    fn focus_on(&mut self, by: usize) {
        self.focus = (self.focus + by) % Kind::ALL.len();
        self.cursor = None;
    }
}

impl Pane for State {
    fn context(&self) -> Context {
        if self.heat.open { Context::Heat } else { Context::Charts }
    }

    fn enter(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.on_screen = true;
        if self.heat.open { self.heat.ask(cx) } else { self.ask(cx) }
    }

    fn leave(&mut self) {
        self.on_screen = false;
    }

    fn go(&mut self, to: &Goto, cx: &PaneCx<'_>) -> Vec<Effect> {
        let _ = cx;
        if *to == Goto::Heat {
            self.heat.lead();
        }
        Vec::new()
    }

    fn update(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        if self.heat.open {
            let effects = self.heat.update(action, cx).unwrap_or_default();
            // What was under it is looked at again.
            return if self.heat.open || effects == [Effect::Back] { effects } else { self.ask(cx) };
        }
        if action == Action::ToggleHeat {
            return self.heat.show(cx);
        }
        let columns = isize::try_from(self.times().len() / 10).unwrap_or(1).max(1);
        match action {
            Action::Back if self.cursor.is_some() => self.cursor = None,
            Action::Back if self.zoomed => self.zoomed = false,
            Action::Back => return vec![Effect::Back],
            Action::NextView | Action::NextItem | Action::Down => self.focus_on(1),
            Action::PreviousView | Action::PreviousItem | Action::Up => self.focus_on(Kind::ALL.len() - 1),
            Action::Open | Action::Zoom => self.zoomed = !self.zoomed,
            Action::Ask => return vec![Effect::AskAbout(self.scope())],
            Action::Left => self.move_cursor(-1),
            Action::Right => self.move_cursor(1),
            Action::PageUp | Action::HalfPageUp => self.move_cursor(-columns),
            Action::PageDown | Action::HalfPageDown => self.move_cursor(columns),
            Action::Top => self.cursor = self.times().first().copied(),
            Action::Bottom => self.cursor = self.times().last().copied(),
            _ => {}
        }
        Vec::new()
    }

    fn on_mouse(&mut self, mouse: Mouse, cx: &PaneCx<'_>) -> Vec<Effect> {
        if self.heat.open {
            return self.heat.mouse(mouse, cx);
        }
        let Some(kind) = view::chart_at(mouse.at, cx, self).filter(|_| mouse.did == Did::Click) else {
            return Vec::new();
        };
        if kind == self.kind() {
            self.zoomed = !self.zoomed;
        } else {
            self.focus = Kind::ALL.iter().position(|k| *k == kind).unwrap_or(self.focus);
            self.cursor = None;
        }
        Vec::new()
    }

    fn on_event(&mut self, event: &Event, cx: &PaneCx<'_>) -> Vec<Effect> {
        match event {
            Event::Charts(data) => {
                self.data.clone_from(data);
                self.loaded = true;
                Vec::new()
            }
            Event::Heat(map) => {
                self.heat.take(map);
                Vec::new()
            }
            Event::Snapshot if self.heat.open && self.on_screen => self.heat.ask_again(cx),
            Event::Snapshot if !self.heat.open && self.refresh.due(cx.clock.now) => self.ask(cx),
            _ => Vec::new(),
        }
    }

    fn on_resize(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        if self.heat.open && self.on_screen { self.heat.ask(cx) } else { Vec::new() }
    }

    fn hints(&self, _cx: &PaneCx<'_>) -> Vec<Action> {
        if self.heat.open {
            let hints = [Action::Open, Action::NextItem, Action::ZoomIn, Action::ZoomOut, Action::Ask, Action::Back];
            return [&hints[..], &[Action::Help]].concat();
        }
        let mut hints = vec![Action::NextView, Action::Open, Action::ToggleHeat, Action::Left, Action::Right];
        if self.zoomed || self.cursor.is_some() {
            hints.push(Action::Back);
        }
        hints.push(Action::Help);
        hints
    }

    fn view(&self, frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>) {
        if self.heat.open {
            self.heat.drawn();
            return heatview::draw(frame, area, cx, &self.heat);
        }
        self.refresh.drawn();
        view::draw(frame, area, cx, self);
    }
}
