//! Which part of Overview has the focus, which row of it is selected, and what the keys do with it.

use super::view;
use crate::runtime::events::{Event, IncidentDetail, Request};
use crate::tui::action::{Action, Context};
use crate::tui::effect::Effect;
use crate::tui::event::Mouse;
use crate::tui::format;
use crate::tui::panes::family::members;
use crate::tui::panes::refresh::Refresh;
use crate::tui::panes::{Pane, PaneCx};
use crate::tui::widgets::scroll::Cursor;
use crate::tui::widgets::text;
use aiobs_types::{ChatScope, Incident, IncidentId, Timestamp};
use ratatui::Frame;
use ratatui::layout::Rect;

/// A part of the pane that has rows to select.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Part {
    #[default]
    Incidents,
    Components,
    Sources,
    Patterns,
}

impl Part {
    const ALL: [Self; 4] = [Self::Incidents, Self::Components, Self::Sources, Self::Patterns];

    /// Rows it has.
    pub(super) fn len(self, cx: &PaneCx<'_>) -> usize {
        match self {
            Self::Incidents => active(cx).count(),
            Self::Components => cx.snapshot.components.len(),
            Self::Sources => cx.snapshot.sources.len(),
            Self::Patterns => cx.snapshot.top_errors.len(),
        }
    }
}

/// State of the Overview pane.
#[derive(Debug, Default)]
pub struct State {
    /// The part with the focus.
    pub(super) focus: Part,
    cursors: [Cursor; 4],
    /// What is known about the incident whose cause is shown beside the list.
    pub(super) detail: Option<Box<IncidentDetail>>,
    refresh: Refresh,
    asked: Option<IncidentId>,
    on_screen: bool,
}

/// The incidents that ask for attention, worst first, without those that another one caused.
pub(super) fn active<'a>(cx: &PaneCx<'a>) -> impl Iterator<Item = &'a Incident> + use<'a> {
    members(&cx.snapshot.incidents).filter(|(head, i)| head.is_none() && i.state.is_active()).map(|(_, i)| i)
}

impl State {
    /// The incident under the cursor.
    pub(super) fn chosen<'a>(&self, cx: &PaneCx<'a>) -> Option<&'a Incident> {
        active(cx).nth(self.cursor(Part::Incidents).at).or_else(|| active(cx).next())
    }

    /// Asks about the incident under the cursor when it is another one, and now and then while it has no diagnosis.
    fn look(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some(id) = self.chosen(cx).map(|i| i.id) else { return Vec::new() };
        let known = self.detail.as_ref().is_some_and(|d| d.incident.id == id && d.diagnosis.is_some());
        let wanted = self.asked != Some(id) || (!known && self.refresh.due(cx.clock.now));
        if !self.on_screen || !wanted || !view::has_preview(cx) {
            return Vec::new();
        }
        self.asked = Some(id);
        self.refresh.asked(cx.clock.now);
        vec![Effect::Send(Request::Incident(id))]
    }

    /// The cursor of a part.
    pub(super) fn cursor(&self, part: Part) -> Cursor {
        self.cursors[part as usize]
    }

    /// Moves the focus to the next part that has rows.
    fn turn(&mut self, forward: bool, cx: &PaneCx<'_>) {
        let n = Part::ALL.len();
        let step = if forward { 1 } else { n - 1 };
        let mut at = self.focus as usize;
        for _ in 0..n {
            at = (at + step) % n;
            if Part::ALL[at].len(cx) > 0 {
                self.focus = Part::ALL[at];
                return;
            }
        }
    }

    fn open(&self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let at = self.cursor(self.focus).at;
        let effect = match self.focus {
            Part::Incidents => active(cx).nth(at).map(|i| Effect::OpenIncident(i.id)),
            Part::Components => {
                let row = cx.snapshot.components.get(at);
                row.map(|c| Effect::FilterLogs(format!("service={}", format::filter_value(&c.name))))
            }
            Part::Sources => {
                let row = cx.snapshot.sources.get(at);
                row.map(|s| Effect::FilterLogs(format!("source={}", format::filter_value(&s.info.name))))
            }
            Part::Patterns => {
                let row = cx.snapshot.top_errors.get(at);
                row.map(|p| Effect::FilterLogs(format!("template={}", p.template.0)))
            }
        };
        effect.into_iter().collect()
    }

    fn copy(&self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let at = self.cursor(self.focus).at;
        let text = match self.focus {
            Part::Incidents => active(cx).nth(at).map(|i| format!("{} {}", i.id, i.title)),
            Part::Components => cx.snapshot.components.get(at).map(|c| c.name.clone()),
            Part::Sources => cx.snapshot.sources.get(at).map(|s| s.info.name.clone()),
            Part::Patterns => cx.snapshot.top_errors.get(at).map(|p| p.text.clone()),
        };
        let copy = |text: String| {
            let what = text::truncate(&text::safe(&text), 40, cx.glyphs.ellipsis).into_owned();
            Effect::Copy { text, what }
        };
        text.map(copy).into_iter().collect()
    }

    fn ask(&self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let incident = active(cx).nth(self.cursor(Part::Incidents).at).filter(|_| self.focus == Part::Incidents);
        vec![Effect::AskAbout(incident.map_or(ChatScope::All, |i| ChatScope::Incident { id: i.id }))]
    }
}

impl Pane for State {
    fn context(&self) -> Context {
        Context::Overview
    }

    fn update(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        match action {
            Action::Back => vec![Effect::Back],
            Action::Open => self.open(cx),
            Action::Copy => self.copy(cx),
            Action::Ask => self.ask(cx),
            Action::Filter => vec![Effect::EditFilter],
            Action::ToggleHeat => vec![Effect::ShowHeat],
            Action::NextError => vec![Effect::FilterLogs("level>=error".into())],
            Action::NextItem | Action::PreviousItem => {
                self.turn(action == Action::NextItem, cx);
                Vec::new()
            }
            _ => {
                let len = self.focus.len(cx);
                let height = view::part_height(self.focus, cx);
                self.cursors[self.focus as usize].moved(action, len, height);
                self.look(cx)
            }
        }
    }

    fn on_mouse(&mut self, mouse: Mouse, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some((part, row)) = view::part_at(mouse.at, cx, self) else { return Vec::new() };
        let cursor = &mut self.cursors[part as usize];
        if let Some(down) = mouse.wheel() {
            cursor.turned(down, part.len(cx), view::part_height(part, cx));
            return self.look(cx);
        }
        let Some(row) = row else { return Vec::new() };
        if self.focus == part && cursor.at == row {
            return self.open(cx);
        }
        cursor.at = row;
        self.focus = part;
        self.look(cx)
    }

    fn enter(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.on_screen = true;
        self.look(cx)
    }

    fn leave(&mut self) {
        self.on_screen = false;
    }

    fn on_event(&mut self, event: &Event, cx: &PaneCx<'_>) -> Vec<Effect> {
        match event {
            Event::Snapshot => self.look(cx),
            Event::Incident(detail) if self.asked == Some(detail.incident.id) => {
                self.detail = Some(detail.clone());
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn on_resize(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.look(cx)
    }

    fn youngest(&self, cx: &PaneCx<'_>) -> Option<Timestamp> {
        active(cx).map(|i| i.first_seen).filter(|t| *t <= cx.clock.now).max()
    }

    fn hints(&self, _cx: &PaneCx<'_>) -> Vec<Action> {
        vec![
            Action::Open,
            Action::NextItem,
            Action::Filter,
            Action::NextError,
            Action::ToggleHeat,
            Action::Ask,
            Action::Copy,
        ]
    }

    fn view(&self, frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>) {
        self.refresh.drawn();
        view::draw(frame, area, cx, self);
    }
}
