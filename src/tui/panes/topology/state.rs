//! State of the Topology pane and how keys and events change it.

use super::graph::Pictures;
use super::{run, view};
use crate::runtime::events::{Event, Request, Topology};
use crate::tui::action::{Action, Context};
use crate::tui::effect::Effect;
use crate::tui::event::Mouse;
use crate::tui::panes::refresh::Refresh;
use crate::tui::panes::{Pane, PaneCx};
use crate::tui::widgets::scroll::{Cursor, WHEEL};
use aiobs_types::{ChatScope, TraceId};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};

/// Which part has the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Part {
    /// The graph.
    #[default]
    Graph,
    /// The recent runs.
    Runs,
    /// The chosen run.
    Run,
}

impl Part {
    const ALL: [Self; 3] = [Self::Graph, Self::Runs, Self::Run];
}

/// State of the Topology pane.
#[derive(Debug, Default)]
pub struct State {
    pub(super) data: Box<Topology>,
    pub(super) loaded: bool,
    pub(super) pictures: Pictures,
    pub(super) part: Part,
    pub(super) zoomed: bool,
    /// Cells the graph is moved by.
    pub(super) pan: (usize, usize),
    pub(super) runs: Cursor,
    pub(super) spans: Cursor,
    /// The chosen run; the last one while `None`.
    chosen: Option<TraceId>,
    refresh: Refresh,
}

impl State {
    fn ask(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.refresh.asked(cx.clock.now);
        vec![Effect::Send(Request::Topology(self.chosen))]
    }

    fn take(&mut self, data: &Topology, cx: &PaneCx<'_>) {
        if !self.loaded || self.data.nodes != data.nodes || self.data.edges != data.edges {
            self.pictures = Pictures::new(&data.nodes, &data.edges, cx.glyphs.ascii);
        }
        (*self.data).clone_from(data);
        self.loaded = true;
        // New runs come in on top: the cursor stays on its run.
        self.runs.at = self.chosen.and_then(|t| self.data.runs.iter().position(|r| r.trace == t)).unwrap_or(0);
        let areas = self.areas(cx);
        self.runs.settle(self.data.runs.len(), areas.runs.map_or(1, |a| view::body(a).height as usize));
        self.spans.settle(self.data.spans.len(), areas.run.map_or(1, |a| view::body(a).height as usize));
    }

    fn areas(&self, cx: &PaneCx<'_>) -> view::Areas {
        view::layout(self, Rect::from((Position::ORIGIN, cx.size)))
    }

    fn choose(&mut self, at: usize, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some(run) = self.data.runs.get(at) else { return Vec::new() };
        if self.chosen == Some(run.trace) {
            return Vec::new();
        }
        self.chosen = Some(run.trace);
        self.runs.at = at;
        self.spans = Cursor::default();
        self.ask(cx)
    }

    fn moved(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        let areas = self.areas(cx);
        match self.part {
            Part::Graph => {
                let area = view::body(areas.graph.unwrap_or_default());
                let picture = self.pictures.fitting(area.width as usize, area.height as usize);
                let most_x = picture.width.saturating_sub(area.width as usize);
                let most_y = picture.rows.len().saturating_sub(area.height as usize);
                let (x, y) = &mut self.pan;
                match action {
                    Action::Left => *x = x.saturating_sub(4),
                    Action::Right => *x = (*x + 4).min(most_x),
                    Action::Up => *y = y.saturating_sub(1),
                    Action::Down => *y = (*y + 1).min(most_y),
                    Action::Top => (*x, *y) = (0, 0),
                    Action::Bottom => *y = most_y,
                    _ => {}
                }
                Vec::new()
            }
            Part::Runs => {
                let height = view::body(areas.runs.unwrap_or_default()).height as usize;
                let mut cursor = self.runs;
                cursor.moved(action, self.data.runs.len(), height);
                self.runs.top = cursor.top;
                self.choose(cursor.at, cx)
            }
            Part::Run => {
                let height = view::body(areas.run.unwrap_or_default()).height as usize;
                self.spans.moved(action, self.data.spans.len(), height);
                Vec::new()
            }
        }
    }

    fn open(&mut self) -> Vec<Effect> {
        match self.part {
            Part::Graph => self.part = Part::Runs,
            Part::Runs => self.part = Part::Run,
            Part::Run => {
                if let Some(id) = self.data.runs.get(self.runs.at).and_then(|r| r.incident) {
                    return vec![Effect::OpenIncident(id)];
                }
            }
        }
        Vec::new()
    }

    /// The incident of the run that is looked at.
    fn scope(&self) -> ChatScope {
        let run = self.data.runs.get(self.runs.at).filter(|_| self.part != Part::Graph);
        run.and_then(|r| r.incident).map_or(ChatScope::All, |id| ChatScope::Incident { id })
    }

    fn copy(&self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let rows = run::rows(&self.data.spans, cx.clock.now);
        match rows.get(self.spans.at).map(|r| &self.data.spans[r.span]) {
            Some(span) => vec![Effect::Copy { text: span.trace.to_string(), what: "trace id".into() }],
            None => vec![Effect::warn("No run to copy the id of")],
        }
    }
}

impl Pane for State {
    fn context(&self) -> Context {
        Context::Topology
    }

    fn enter(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.ask(cx)
    }

    fn update(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        let turn = |part: Part, by: usize| Part::ALL[(part as usize + by) % Part::ALL.len()];
        match action {
            Action::Back if self.zoomed => self.zoomed = false,
            Action::Back => match self.part {
                Part::Graph => return vec![Effect::Back],
                Part::Runs => self.part = Part::Graph,
                Part::Run => self.part = Part::Runs,
            },
            Action::NextItem => self.part = turn(self.part, 1),
            Action::PreviousItem => self.part = turn(self.part, 2),
            Action::NextView => return self.choose(self.runs.at + 1, cx),
            Action::PreviousView => return self.choose(self.runs.at.saturating_sub(1), cx),
            Action::Zoom => self.zoomed = !self.zoomed,
            Action::Open => return self.open(),
            Action::Ask => return vec![Effect::AskAbout(self.scope())],
            Action::Copy => return self.copy(cx),
            _ => return self.moved(action, cx),
        }
        Vec::new()
    }

    fn on_mouse(&mut self, mouse: Mouse, cx: &PaneCx<'_>) -> Vec<Effect> {
        let areas = self.areas(cx);
        let parts = [(Part::Graph, areas.graph), (Part::Runs, areas.runs), (Part::Run, areas.run)];
        let under = |(part, area): (Part, Option<Rect>)| area.filter(|a| a.contains(mouse.at)).map(|a| (part, a));
        let Some((part, area)) = parts.into_iter().find_map(under) else { return Vec::new() };
        let focused = std::mem::replace(&mut self.part, part);
        if let Some(down) = mouse.wheel() {
            let action = if down { Action::Down } else { Action::Up };
            let effects =
                (0..if part == Part::Graph { WHEEL } else { 1 }).flat_map(|_| self.moved(action, cx)).collect();
            self.part = focused;
            return effects;
        }
        let rows = view::body(area);
        let row = mouse.at.y.checked_sub(rows.y).map(usize::from);
        let shown = |cursor: Cursor, len: usize| cursor.visible(len, rows.height as usize).nth(row?);
        match part {
            Part::Graph => Vec::new(),
            Part::Runs => match shown(self.runs, self.data.runs.len()) {
                Some(at) if focused == part && at == self.runs.at => self.open(),
                Some(at) => self.choose(at, cx),
                None => Vec::new(),
            },
            Part::Run => match shown(self.spans, self.data.spans.len()) {
                Some(at) if focused == part && at == self.spans.at => self.open(),
                Some(at) => {
                    self.spans.at = at;
                    Vec::new()
                }
                None => Vec::new(),
            },
        }
    }

    fn on_event(&mut self, event: &Event, cx: &PaneCx<'_>) -> Vec<Effect> {
        match event {
            Event::Topology(data) => {
                self.take(data, cx);
                Vec::new()
            }
            Event::Snapshot if self.refresh.due(cx.clock.now) => self.ask(cx),
            _ => Vec::new(),
        }
    }

    fn hints(&self, _cx: &PaneCx<'_>) -> Vec<Action> {
        match self.part {
            Part::Graph => vec![Action::NextItem, Action::NextView, Action::Zoom, Action::Left, Action::Help],
            Part::Runs => vec![Action::Open, Action::Down, Action::NextItem, Action::Back, Action::Help],
            Part::Run => vec![Action::Open, Action::NextView, Action::Copy, Action::Zoom, Action::Back, Action::Help],
        }
    }

    fn view(&self, frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>) {
        self.refresh.drawn();
        view::draw(frame, area, cx, self);
    }
}
