//! State of the Incidents pane and how keys and events change it.

use super::chooser::{Chooser, Menu};
use super::compare::Comparison;
use super::{detail, list, view};
use crate::runtime::events::{Event, IncidentDetail, Request, Surrounded};
use crate::tui::action::{Action, Context};
use crate::tui::effect::Effect;
use crate::tui::event::Mouse;
use crate::tui::panes::{Goto, Pane, PaneCx, family};
use crate::tui::widgets::document::{Document, Place};
use crate::tui::widgets::lineedit::LineEdit;
use crate::tui::widgets::scroll::{Cursor, scrolled};
use aiobs_types::{ChatScope, Incident, IncidentId, IncidentState, RecordId, Timestamp};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use std::collections::HashSet;

/// Bytes of streaming text that are kept.
const STREAM_BYTES: usize = 16 * 1024;

/// Which part has the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Focus {
    /// The list.
    #[default]
    List,
    /// The diagnosis.
    Detail,
}

/// Text a stage is writing.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) incident: IncidentId,
    pub(super) stage: &'static str,
    pub(super) text: String,
}

/// State of the Incidents pane.
#[derive(Debug, Default)]
pub struct State {
    pub(super) selected: Option<IncidentId>,
    pub(super) cursor: Cursor,
    pub(super) focus: Focus,
    pub(super) zoomed: bool,
    pub(super) wrap: bool,
    pub(super) detail: Option<Box<IncidentDetail>>,
    pub(super) place: Place,
    pub(super) stream: Option<Stream>,
    /// What a model is sent, and how far it is scrolled.
    pub(super) preview: Option<(IncidentId, String, usize)>,
    /// A list to choose from, over everything.
    pub(super) chooser: Option<Chooser>,
    /// A past incident beside this one.
    pub(super) compared: Option<Comparison>,
    /// Of which incident, which lines were asked for, and what lies around them.
    pub(super) around: Option<(IncidentId, Vec<RecordId>, Vec<Surrounded>)>,
    pub(super) filter: LineEdit,
    pub(super) typing: bool,
    /// Incidents whose consequences are shown.
    pub(super) unfolded: HashSet<IncidentId>,
    /// What it really was, while it is typed.
    pub(super) note: Option<LineEdit>,
    /// Another pane led here: Esc goes straight back.
    led: bool,
    /// The selection is the user's; until then it is the worst incident.
    pub(super) touched: bool,
    /// The pane was on screen once.
    entered: bool,
}

impl State {
    /// Incidents that pass the filter, in the order of the snapshot.
    pub(super) fn shown<'a>(&self, cx: &PaneCx<'a>) -> Vec<&'a Incident> {
        let needle = self.filter.text().to_lowercase();
        let passes = |i: &&Incident| {
            needle.is_empty()
                || i.title.to_lowercase().contains(&needle)
                || i.state.name().contains(&needle)
                || i.components.iter().any(|c| c.to_lowercase().contains(&needle))
        };
        if !needle.is_empty() {
            return cx.snapshot.incidents.iter().map(AsRef::as_ref).filter(passes).collect();
        }
        let all = family::members(&cx.snapshot.incidents);
        let seen = |head: Option<IncidentId>, i: &Incident| {
            head.is_none_or(|h| self.unfolded.contains(&h) || self.selected == Some(i.id))
        };
        all.filter(|(head, i)| seen(*head, i)).map(|(_, i)| i).collect()
    }

    /// The selected incident, or the first one.
    pub(super) fn current<'a>(&self, cx: &PaneCx<'a>) -> Option<&'a Incident> {
        let shown = self.shown(cx);
        shown.iter().find(|i| Some(i.id) == self.selected).or_else(|| shown.first()).copied()
    }

    /// The detail, if it is of the selected incident.
    pub(super) fn loaded(&self, cx: &PaneCx<'_>) -> Option<&IncidentDetail> {
        let id = self.current(cx)?.id;
        self.detail.as_deref().filter(|d| d.incident.id == id)
    }

    pub(super) fn document(&self, cx: &PaneCx<'_>) -> (Document<RecordId>, usize) {
        let area = view::layout(self, Rect::from((ratatui::layout::Position::ORIGIN, cx.size)));
        let room = area.detail.unwrap_or_default();
        (detail::document(self, cx, room.width as usize), room.height as usize)
    }

    /// Something happened to the incident since its detail was read: its history says what. Strikes alone are no reason.
    fn outdated(&self, cx: &PaneCx<'_>) -> bool {
        let told = |i: &Incident| (i.state, i.criticality, i.timeline.len());
        let now = self.current(cx).map(told);
        self.loaded(cx).is_some_and(|d| Some(told(&d.incident)) != now)
    }

    fn request(&self, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.current(cx).map(|i| Effect::Send(Request::Incident(i.id))).into_iter().collect()
    }

    pub(super) fn select(&mut self, id: Option<IncidentId>, cx: &PaneCx<'_>) -> Vec<Effect> {
        if id == self.selected {
            return Vec::new();
        }
        self.selected = id;
        self.place = Place::default();
        self.compared = None;
        self.request(cx)
    }

    fn move_in_list(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        let shown = self.shown(cx);
        self.cursor.at = shown.iter().position(|i| Some(i.id) == self.selected).unwrap_or(0);
        let height = list::height(cx.size.height as usize, self);
        self.cursor.moved(action, shown.len(), height);
        let id = shown.get(self.cursor.at).map(|i| i.id);
        self.select(id, cx)
    }

    fn move_in_detail(&mut self, action: Action, cx: &PaneCx<'_>) {
        let (document, height) = self.document(cx);
        self.place.moved(action, &document, height);
    }

    pub(super) fn open(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        if self.focus == Focus::List {
            if self.current(cx).is_some() {
                self.focus = Focus::Detail;
            }
            return self.want_around(cx);
        }
        let (document, _) = self.document(cx);
        if let Some((_, record)) = self.place.link.and_then(|l| document.links().get(l)) {
            return vec![Effect::ShowRecord(*record)];
        }
        self.move_in_detail(Action::NextItem, cx);
        Vec::new()
    }

    fn act(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some(incident) = self.current(cx) else { return Vec::new() };
        let id = incident.id;
        let set = |state| vec![Effect::Send(Request::SetIncidentState(id, state))];
        match action {
            Action::Acknowledge => set(IncidentState::Acknowledged),
            Action::Resolve => set(IncidentState::Resolved),
            Action::Reopen => set(IncidentState::Open),
            Action::Mute => set(IncidentState::Muted),
            Action::VerdictRight
            | Action::VerdictPartly
            | Action::VerdictWrong
            | Action::VerdictNote
            | Action::FixApplied => self.judge(action, cx),
            Action::Useful | Action::Noise => {
                let useful = action == Action::Useful;
                let text = if useful {
                    format!("Noted: {id} is useful; what is said alike ranks higher from now on")
                } else {
                    format!("Noted: {id} is noise; what is said alike ranks lower from now on")
                };
                vec![Effect::Send(Request::Rate(id, useful)), Effect::info(text)]
            }
            Action::Rerun => {
                self.stream = None;
                vec![Effect::Send(Request::Rerun(id)), Effect::info(format!("{id} will be diagnosed again"))]
            }
            Action::RerunBy => self.choose(Menu::Models(None), cx),
            Action::Compare => match self.loaded(cx).map(|d| d.similar.as_slice()) {
                None => vec![Effect::warn("Nothing to compare yet")],
                Some([]) => vec![Effect::warn(format!("No past incident is like {id}"))],
                Some([one]) => vec![Effect::Send(Request::Compare(one.incident.id))],
                Some(_) => self.choose(Menu::Compare, cx),
            },
            Action::CancelRun => {
                self.stop_run(cx).unwrap_or_else(|| vec![Effect::warn(format!("Nothing runs for {id}"))])
            }
            Action::Preview => vec![Effect::Send(Request::PromptPreview(id))],
            Action::Ask => vec![Effect::AskAbout(ChatScope::Incident { id })],
            _ => Vec::new(),
        }
    }

    /// Stops the run of the selected incident, or takes it out of the line; `None` when there is neither.
    fn stop_run(&self, cx: &PaneCx<'_>) -> Option<Vec<Effect>> {
        let id = self.current(cx)?.id;
        let chain = &cx.snapshot.chain;
        let said = if chain.running == Some(id) {
            format!("Stopping the run of {id}")
        } else if chain.waiting.contains(&id) {
            format!("{id} waits for no diagnosis any more")
        } else {
            return None;
        };
        Some(vec![Effect::Send(Request::CancelRun(id)), Effect::info(said)])
    }

    fn back(&mut self) -> Vec<Effect> {
        if self.preview.take().is_some() {
            return Vec::new();
        }
        if self.focus == Focus::Detail && !self.led {
            self.zoomed = false;
            self.focus = Focus::List;
            self.place.link = None;
            return Vec::new();
        }
        if !self.led && !self.filter.text().is_empty() {
            self.filter.set("");
            return Vec::new();
        }
        if std::mem::take(&mut self.led) {
            self.focus = Focus::List;
        }
        vec![Effect::Back]
    }
}

impl Pane for State {
    fn context(&self) -> Context {
        if self.typing || self.note.is_some() { Context::Input } else { Context::Incidents }
    }

    fn enter(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.entered = true;
        if !self.touched {
            self.selected = None;
        }
        self.selected = self.current(cx).map(|i| i.id);
        self.request(cx)
    }

    fn go(&mut self, to: &Goto, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Goto::Incident(id) = to else { return Vec::new() };
        if cx.snapshot.incidents.iter().all(|i| i.id != *id) {
            return vec![Effect::warn(format!("There is no incident {id} in the list"))];
        }
        self.filter.set("");
        (self.preview, self.chooser, self.compared) = (None, None, None);
        self.focus = Focus::Detail;
        self.led = true;
        self.touched = true;
        self.select(Some(*id), cx)
    }

    fn back(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.request(cx)
    }

    fn update(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.touched = true;
        if self.note.is_some() {
            return self.type_note(action, cx);
        }
        if self.typing {
            return self.type_filter(action, cx);
        }
        if self.chooser.is_some() {
            return self.choosing(action, cx);
        }
        if self.preview.is_none()
            && let Some(done) = self.comparing(action, cx)
        {
            return done;
        }
        if action == Action::Back {
            return self.back();
        }
        if let Some((_, text, scroll)) = &mut self.preview {
            let area = Rect::from((ratatui::layout::Position::ORIGIN, cx.size));
            let (rows, height) = view::preview_rows(text, area, cx);
            if scrolled(scroll, action, rows.len(), height) {
                return Vec::new();
            }
        }
        match action {
            Action::Open => self.open(cx),
            Action::Copy => self.copy(cx),
            Action::Export if self.loaded(cx).is_none() => vec![Effect::warn("Nothing to write yet")],
            Action::Export => self.choose(Menu::Export, cx),
            Action::Left if self.focus == Focus::Detail => self.back(),
            Action::Right if self.focus == Focus::List => self.open(cx),
            Action::Zoom => {
                self.zoomed = !self.zoomed;
                Vec::new()
            }
            Action::Wrap => {
                self.wrap = !self.wrap;
                Vec::new()
            }
            Action::Fold => {
                self.fold(cx);
                Vec::new()
            }
            Action::Filter | Action::Find => {
                self.focus = Focus::List;
                self.typing = true;
                Vec::new()
            }
            Action::ClearFilter => {
                self.filter.set("");
                self.first_if_hidden(cx)
            }
            Action::NextItem | Action::PreviousItem => {
                if self.current(cx).is_none() {
                    return Vec::new();
                }
                self.focus = Focus::Detail;
                self.move_in_detail(action, cx);
                self.want_around(cx)
            }
            Action::NextMatch => self.move_in_list(Action::Down, cx),
            Action::PreviousMatch => self.move_in_list(Action::Up, cx),
            Action::Down
            | Action::Up
            | Action::HalfPageDown
            | Action::HalfPageUp
            | Action::PageDown
            | Action::PageUp
            | Action::Top
            | Action::Bottom => match self.focus {
                Focus::List => self.move_in_list(action, cx),
                Focus::Detail => {
                    self.move_in_detail(action, cx);
                    Vec::new()
                }
            },
            _ => self.act(action, cx),
        }
    }

    fn on_key(&mut self, key: KeyEvent, cx: &PaneCx<'_>) -> Vec<Effect> {
        if let Some(note) = &mut self.note {
            note.on_key(key);
            return Vec::new();
        }
        self.filter.on_key(key);
        self.first_if_hidden(cx)
    }

    fn on_paste(&mut self, text: &str, cx: &PaneCx<'_>) -> Vec<Effect> {
        if let Some(note) = &mut self.note {
            note.insert(text);
            return Vec::new();
        }
        self.filter.insert(text);
        self.first_if_hidden(cx)
    }

    fn on_mouse(&mut self, mouse: Mouse, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.mouse(mouse, cx)
    }

    fn on_event(&mut self, event: &Event, cx: &PaneCx<'_>) -> Vec<Effect> {
        match event {
            Event::Snapshot if self.entered && self.selected.is_none() => {
                let id = self.current(cx).map(|i| i.id);
                self.select(id, cx)
            }
            Event::Snapshot if self.outdated(cx) => self.request(cx),
            Event::Incident(detail) if self.current(cx).is_none_or(|i| i.id == detail.incident.id) => {
                if detail.diagnosis.is_some() && self.stream.as_ref().is_some_and(|s| s.incident == detail.incident.id)
                {
                    self.stream = None;
                }
                self.detail = Some(detail.clone());
                self.want_around(cx)
            }
            Event::ModelChoices(choices) => {
                if let Some(open) = self.chooser.as_mut().filter(|c| matches!(c.menu, Menu::Models(None))) {
                    open.menu = Menu::Models(Some(choices.clone()));
                }
                Vec::new()
            }
            Event::Compared(past) if self.loaded(cx).is_some_and(|d| d.incident.id != past.incident.id) => {
                self.compared = Some(Comparison::new(past.clone()));
                Vec::new()
            }
            Event::Around(id, found) => {
                if let Some((_, _, around)) = self.around.as_mut().filter(|(of, ..)| of == id) {
                    found.clone_into(around);
                }
                Vec::new()
            }
            Event::StageText { incident, stage, text } => {
                match &mut self.stream {
                    Some(s) if s.incident == *incident && s.stage == *stage => s.text.push_str(text),
                    _ => self.stream = Some(Stream { incident: *incident, stage, text: text.clone() }),
                }
                if let Some(s) = self.stream.as_mut().filter(|s| s.text.len() > STREAM_BYTES) {
                    let cut = s.text.ceil_char_boundary(s.text.len() - STREAM_BYTES / 2);
                    s.text.drain(..cut);
                }
                Vec::new()
            }
            Event::PromptPreview(id, text) if self.current(cx).is_some_and(|i| i.id == *id) => {
                self.preview = Some((*id, text.clone(), 0));
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn cancel(&mut self, cx: &PaneCx<'_>) -> Option<Vec<Effect>> {
        if std::mem::take(&mut self.typing) || self.note.take().is_some() {
            return Some(Vec::new());
        }
        // What runs, be it another one than the selected.
        let id = cx.snapshot.chain.running?;
        Some(vec![Effect::Send(Request::CancelRun(id)), Effect::info(format!("Stopping the run of {id}"))])
    }

    fn youngest(&self, cx: &PaneCx<'_>) -> Option<Timestamp> {
        // The time that a stage takes is counted in seconds, also while a model is silent.
        if cx.snapshot.chain.running.is_some() {
            return Some(cx.clock.now);
        }
        // The list says since when the active ones, and when last the others, the detail both.
        let shown = self.current(cx).map(|i| i.last_seen);
        let listed = cx.snapshot.incidents.iter().map(|i| if i.state.is_active() { i.first_seen } else { i.last_seen });
        listed.chain(shown).filter(|t| *t <= cx.clock.now).max()
    }

    fn hints(&self, cx: &PaneCx<'_>) -> Vec<Action> {
        let Some(incident) = self.current(cx) else {
            return vec![Action::ShowOverview, Action::ShowLogs, Action::Help];
        };
        if self.chooser.is_some() {
            return vec![Action::Open, Action::Down, Action::Back];
        }
        if self.preview.is_some() {
            return vec![Action::Back, Action::Copy, Action::PageDown];
        }
        if self.compared.is_some() {
            return vec![Action::Back, Action::Right, Action::PageDown, Action::Help];
        }
        let mut hints = vec![Action::Open];
        if self.focus == Focus::Detail {
            hints.extend([Action::NextItem, Action::Copy]);
        }
        let chain = &cx.snapshot.chain;
        if chain.running == Some(incident.id) || chain.waiting.contains(&incident.id) {
            hints.push(Action::CancelRun);
        }
        hints.extend(match incident.state {
            IncidentState::Open => [Action::Acknowledge, Action::Resolve],
            IncidentState::Acknowledged => [Action::Resolve, Action::Mute],
            IncidentState::Resolved | IncidentState::Muted => [Action::Reopen, Action::Filter],
        });
        if self.loaded(cx).is_some_and(|d| d.diagnosis.is_some()) {
            hints.extend([Action::VerdictRight, Action::VerdictWrong]);
        }
        if self.loaded(cx).is_some_and(|d| !d.similar.is_empty()) {
            hints.push(Action::Compare);
        }
        hints.extend([Action::Rerun, Action::Preview, Action::Ask, Action::Help]);
        hints
    }

    fn view(&self, frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>) {
        view::draw(frame, area, cx, self);
    }
}
