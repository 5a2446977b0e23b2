//! State of the Logs pane and what the keys do with it.

use super::detail::Detail;
use super::histogram::Histogram;
use super::input::Typing;
use super::mark::Marks;
use super::order::Ordering;
use super::view;
use super::window::{Place, Window};
use crate::runtime::events::{Anchor, Event, Request};
use crate::tui::action::{Action, Context};
use crate::tui::effect::Effect;
use crate::tui::event::Mouse;
use crate::tui::panes::{Goto, Pane, PaneCx};
use crate::tui::widgets::lineedit::LineEdit;
use crate::tui::widgets::suggest::Suggest;
use aiobs_types::{ChatScope, LogQuery, RecordId, TextMatch};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

const MINUTE: i64 = 60_000_000_000;

/// A question to the engine that is not answered in full yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) seq: u64,
    pub(super) anchor: Anchor,
    pub(super) place: Place,
    pub(super) by_time: bool,
}

/// What another pane's jump changed, to be put back.
#[derive(Debug)]
pub(super) struct Saved {
    filter: String,
    at: Option<RecordId>,
    follow: bool,
    detail: bool,
}

/// State of the Logs pane.
#[derive(Debug)]
pub struct State {
    pub(super) window: Window,
    pub(super) filter: String,
    pub(super) query: LogQuery,
    pub(super) find: Option<TextMatch>,
    pub(super) marks: Marks,
    pub(super) order: Ordering,
    pub(super) histogram: Histogram,
    pub(super) typing: Option<Typing>,
    pub(super) edits: [LineEdit; 3],
    /// What is wrong with what is being typed.
    pub(super) wrong: Option<String>,
    /// What may follow what is being typed.
    pub(super) suggest: Suggest,
    /// Whether the view stays at the newest record.
    pub(super) follow: bool,
    pub(super) wrap: bool,
    pub(super) zoom: bool,
    pub(super) detail: Option<Detail>,
    pub(super) seq: u64,
    pub(super) asked: Option<Asked>,
    /// Ask again when the answer is there: more came, or the cursor went on.
    pub(super) again: bool,
    pub(super) saved: Option<Saved>,
    pub(super) on_screen: bool,
    /// The record whose incident is to be opened once it is known.
    wants_incident: Option<RecordId>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            window: Window::default(),
            filter: String::new(),
            query: LogQuery::default(),
            find: None,
            marks: Marks::default(),
            order: Ordering::default(),
            histogram: Histogram::default(),
            typing: None,
            edits: Default::default(),
            wrong: None,
            suggest: Suggest::default(),
            follow: true,
            wrap: false,
            zoom: false,
            detail: None,
            seq: 0,
            asked: None,
            again: false,
            saved: None,
            on_screen: false,
            wants_incident: None,
        }
    }
}

impl State {
    /// Sets the filter, or says what is wrong with it.
    pub(super) fn set_filter(&mut self, text: &str, cx: &PaneCx<'_>) -> Result<(), String> {
        self.query = cx.filter(text)?;
        text.clone_into(&mut self.filter);
        self.remark();
        Ok(())
    }

    /// Compiles the highlights anew.
    pub(super) fn remark(&mut self) {
        self.marks = Marks::new(self.find.as_ref(), &self.query);
    }

    /// Brings the view to the cursor.
    pub(super) fn settle(&mut self, cx: &PaneCx<'_>) {
        let height = view::list_height(self, cx);
        let wrap = self.wrap.then(|| view::message_width(self, cx));
        self.window.settle(height, |r| view::rows_of(r, wrap, height));
    }

    fn moved(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        let height = view::list_height(self, cx);
        if !self.window.step(action, height) {
            return Vec::new();
        }
        self.went(cx)
    }

    /// The cursor is at another record now.
    pub(super) fn went(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        if self.window.cursor < self.window.rows.len().saturating_sub(1) {
            self.follow = false;
        }
        self.settle(cx);
        let mut effects: Vec<Effect> = self.detail_follows(cx).into_iter().collect();
        effects.extend(self.refill(cx));
        effects
    }

    /// Adds a word to the filter.
    pub(super) fn narrow(&mut self, word: &str, cx: &PaneCx<'_>) -> Vec<Effect> {
        // What is added goes with the whole of a filter that has sides.
        let sides = self.filter.split_whitespace().any(|w| matches!(w, "or" | "OR" | "||"));
        let filter = if sides { format!("({})", self.filter) } else { self.filter.clone() };
        let text = format!("{filter} {word}").trim().to_owned();
        match self.set_filter(&text, cx) {
            Ok(()) => vec![self.filtered(cx), Effect::info(format!("filter: {text}"))],
            Err(e) => vec![Effect::warn(e)],
        }
    }

    fn narrow_by_cursor(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some(record) = self.window.record() else { return Vec::new() };
        let name = if record.component.chars().all(|c| c.is_alphanumeric() || "._-/".contains(c)) {
            record.component.clone()
        } else {
            format!("\"{}\"", record.component.replace('\\', "\\\\").replace('"', "\\\""))
        };
        let word = match action {
            Action::IncludeTemplate if record.template.0 == 0 => {
                return vec![Effect::warn("This line has no template yet")];
            }
            Action::IncludeTemplate => format!("template={}", record.template.0),
            _ if record.component.is_empty() => return vec![Effect::warn("This line names no component")],
            Action::IncludeComponent => format!("service={name}"),
            _ => format!("-service={name}"),
        };
        self.narrow(&word, cx)
    }

    fn open_incident(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some(id) = self.window.id() else { return Vec::new() };
        let known = cx.snapshot.incidents.iter().find(|i| i.evidence.contains(&id));
        if let Some(incident) = known {
            return vec![Effect::OpenIncident(incident.id)];
        }
        self.wants_incident = Some(id);
        vec![Effect::Send(Request::Record(id))]
    }

    fn ask_assistant(&self) -> Vec<Effect> {
        let incident = self.detail.as_ref().and_then(|d| d.data.as_ref()).and_then(|d| d.incident);
        let scope = match (incident, self.window.record()) {
            (Some(id), _) => ChatScope::Incident { id },
            (None, Some(r)) => ChatScope::Range { from: r.time.plus(-5 * MINUTE), to: r.time.plus(MINUTE) },
            (None, None) => ChatScope::All,
        };
        vec![Effect::AskAbout(scope)]
    }

    fn back_out(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        if let Some(d) = &mut self.detail {
            // A detail that came with a jump goes with it.
            if !(d.by_jump && self.saved.is_some()) {
                if d.focus {
                    d.focus = false;
                } else {
                    self.detail = None;
                }
                self.zoom = false;
                self.settle(cx);
                return Vec::new();
            }
        }
        self.give_range_back(cx).unwrap_or_else(|| vec![Effect::Back])
    }

    fn save(&mut self) {
        if self.saved.is_none() {
            self.saved = Some(Saved {
                filter: self.filter.clone(),
                at: self.window.id(),
                follow: self.follow,
                detail: self.detail.is_some(),
            });
        }
    }

    fn record_came(&mut self, detail: &crate::runtime::events::RecordDetail) -> Vec<Effect> {
        let id = detail.record.id;
        if let Some(d) = &mut self.detail
            && d.id == id
        {
            d.data = Some(Box::new(detail.clone()));
        }
        if self.wants_incident != Some(id) {
            return Vec::new();
        }
        self.wants_incident = None;
        vec![match detail.incident {
            Some(incident) => Effect::OpenIncident(incident),
            None => Effect::info("This line is not part of an incident"),
        }]
    }
}

impl Pane for State {
    fn context(&self) -> Context {
        match self.typing {
            Some(_) => Context::Input,
            None if self.histogram.focus => Context::Histogram,
            None => Context::Logs,
        }
    }

    fn enter(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.on_screen = true;
        if self.asked.is_some() {
            return Vec::new();
        }
        if self.follow || self.window.rows.is_empty() {
            return vec![self.follow(cx)];
        }
        self.refill(cx).into_iter().collect()
    }

    fn leave(&mut self) {
        self.on_screen = false;
        self.typing = None;
        self.wrong = None;
    }

    fn go(&mut self, to: &Goto, cx: &PaneCx<'_>) -> Vec<Effect> {
        match to {
            Goto::Record(id) => {
                self.save();
                // The line is shown among its neighbours, whatever was filtered before.
                if self.set_filter("", cx).is_err() {
                    self.query = LogQuery::default();
                }
                self.detail = Some(Detail::new(*id, true));
                vec![self.jump(Anchor::At(*id), cx), Effect::Send(Request::Record(*id))]
            }
            Goto::Filter(text) => {
                self.save();
                match self.set_filter(text, cx) {
                    Ok(()) => vec![self.follow(cx)],
                    Err(e) => vec![Effect::warn(e)],
                }
            }
            Goto::EditFilter => {
                self.type_in(Typing::Filter);
                Vec::new()
            }
            Goto::Incident(_) | Goto::Scope(_) | Goto::Prompt => Vec::new(),
        }
    }

    fn back(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some(saved) = self.saved.take() else { return Vec::new() };
        if let Err(e) = self.set_filter(&saved.filter, cx) {
            return vec![Effect::warn(e)];
        }
        if !saved.detail {
            self.detail = None;
        }
        self.follow = saved.follow;
        match saved.at.filter(|_| !saved.follow) {
            Some(id) => vec![self.jump(Anchor::At(id), cx)],
            None => vec![self.follow(cx)],
        }
    }

    fn update(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        if let Some(what) = self.typing {
            return self.typed(what, action, cx);
        }
        if self.histogram.focus
            && let Some(effects) = self.in_histogram(action, cx)
        {
            return effects;
        }
        if let Some(d) = self.detail.as_mut().filter(|d| d.focus)
            && d.scrolled(action, cx)
        {
            return Vec::new();
        }
        match action {
            Action::Back => return self.back_out(cx),
            Action::Top => return vec![self.jump(Anchor::Head, cx)],
            Action::Bottom => {
                self.order.late = 0;
                return vec![self.follow(cx)];
            }
            Action::ToggleHistogram => return self.toggle_histogram(cx),
            Action::ToggleOrder => return self.toggle_order(cx),
            Action::Pause if self.follow => self.follow = false,
            Action::Pause => return vec![self.follow(cx)],
            Action::Filter => self.type_in(Typing::Filter),
            Action::Find => self.type_in(Typing::Find),
            Action::GoToTime => self.type_in(Typing::Time),
            Action::ClearFilter => {
                if let Err(e) = self.set_filter("", cx) {
                    return vec![Effect::warn(e)];
                }
                self.find = None;
                self.remark();
                return vec![self.filtered(cx)];
            }
            Action::NextMatch
            | Action::PreviousMatch
            | Action::NextError
            | Action::PreviousError
            | Action::NextWarning
            | Action::PreviousWarning => return self.seek(action, cx),
            Action::IncludeComponent | Action::ExcludeComponent | Action::IncludeTemplate => {
                return self.narrow_by_cursor(action, cx);
            }
            Action::Wrap => {
                self.wrap = !self.wrap;
                self.settle(cx);
            }
            Action::Open => return self.open_detail(cx),
            Action::NextItem | Action::PreviousItem => {
                if let Some(d) = &mut self.detail {
                    d.focus = !d.focus;
                }
            }
            Action::Zoom => {
                self.zoom = !self.zoom && self.detail.is_some();
                self.settle(cx);
            }
            Action::Copy => {
                let copy = |text: String| Effect::Copy { text, what: "the line".into() };
                return self.window.record().map(|r| copy(r.text.clone())).into_iter().collect();
            }
            Action::Ask => return self.ask_assistant(),
            Action::OpenIncident => return self.open_incident(cx),
            other => return self.moved(other, cx),
        }
        Vec::new()
    }

    fn on_key(&mut self, key: KeyEvent, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.type_key(key, cx);
        Vec::new()
    }

    fn on_paste(&mut self, text: &str, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.type_text(text, cx);
        Vec::new()
    }

    fn on_mouse(&mut self, mouse: Mouse, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.mouse(mouse, cx)
    }

    fn on_event(&mut self, event: &Event, cx: &PaneCx<'_>) -> Vec<Effect> {
        match event {
            Event::Appended => self.appended(cx).into_iter().collect(),
            Event::Snapshot => self.count_parts(cx),
            Event::Parts(answer) => {
                self.parts(answer);
                Vec::new()
            }
            Event::Logs(page) => {
                let mut effects = self.page(page, cx);
                effects.extend(self.count_parts(cx));
                effects
            }
            Event::Record(detail) => self.record_came(detail),
            _ => Vec::new(),
        }
    }

    fn on_resize(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.settle(cx);
        if self.on_screen { self.refill(cx).into_iter().collect() } else { Vec::new() }
    }

    fn cancel(&mut self, _cx: &PaneCx<'_>) -> Option<Vec<Effect>> {
        if self.typing.take().is_some() {
            self.wrong = None;
            return Some(Vec::new());
        }
        self.stop().or_else(|| self.stop_counting())
    }

    fn hints(&self, _cx: &PaneCx<'_>) -> Vec<Action> {
        if self.histogram.focus && self.typing.is_none() {
            return vec![Action::Open, Action::MarkRange, Action::ZoomIn, Action::ZoomOut, Action::Back];
        }
        if self.typing.is_some() {
            return vec![Action::Submit, Action::Back, Action::Complete, Action::DeleteAll];
        }
        let mut hints = vec![Action::Filter, Action::Find, Action::NextError, Action::Open, Action::Pause];
        if self.find.is_some() {
            hints.insert(2, Action::NextMatch);
        }
        if self.detail.is_some() {
            hints.splice(0..0, [Action::Back, Action::OpenIncident]);
        }
        hints.extend([Action::GoToTime, Action::Copy, Action::Ask, Action::Wrap]);
        hints
    }

    fn paused(&self) -> bool {
        !self.follow
    }

    fn view(&self, frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>) {
        view::draw(frame, area, cx, self);
    }
}
