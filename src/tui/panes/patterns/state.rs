//! State of the Patterns pane and how keys and events change it.

use super::detail::Target;
use super::mark::Typed;
use super::order::{Sort, order};
use super::{detail, list, view};
use crate::runtime::events::{Event, Pattern, PatternDetail, Patterns, Request};
use crate::tui::action::{Action, Context};
use crate::tui::effect::Effect;
use crate::tui::event::Mouse;
use crate::tui::panes::refresh::Refresh;
use crate::tui::panes::{Pane, PaneCx};
use crate::tui::widgets::document::{Document, Place};
use crate::tui::widgets::lineedit::LineEdit;
use crate::tui::widgets::scroll::Cursor;
use crate::tui::widgets::text;
use aiobs_types::{ChatScope, TemplateId, Timestamp};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};

/// What the last lines hold is looked at anew when there are more, but not before it is this old, nanoseconds.
const DETAIL_AGE: i64 = 10_000_000_000;

/// Which part has the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Focus {
    /// The list.
    #[default]
    List,
    /// What is known of the selected one.
    Detail,
}

/// State of the Patterns pane.
#[derive(Debug, Default)]
pub struct State {
    pub(super) data: Box<Patterns>,
    pub(super) loaded: bool,
    /// Indexes of the rows that are shown, in order.
    pub(super) shown: Vec<usize>,
    pub(super) sort: Sort,
    pub(super) selected: Option<TemplateId>,
    pub(super) cursor: Cursor,
    pub(super) focus: Focus,
    pub(super) zoomed: bool,
    pub(super) detail: Option<Box<PatternDetail>>,
    pub(super) place: Place,
    pub(super) filter: LineEdit,
    pub(super) typing: bool,
    /// A name or a note, while it is typed.
    pub(super) edit: Option<(Typed, LineEdit)>,
    refresh: Refresh,
    /// Which one was asked about last, when, and how many records it had then.
    asked: Option<(TemplateId, Timestamp, u64)>,
    on_screen: bool,
}

impl State {
    /// The rows that are shown, in order.
    pub(super) fn rows(&self) -> impl ExactSizeIterator<Item = &Pattern> {
        self.shown.iter().map(|i| &self.data.rows[*i])
    }

    /// The selected pattern, or the first one.
    pub(super) fn current(&self) -> Option<&Pattern> {
        self.shown.get(self.at()).map(|i| &self.data.rows[*i])
    }

    /// The place of the selected one among those shown.
    pub(super) fn at(&self) -> usize {
        self.rows().position(|p| Some(p.id) == self.selected).unwrap_or(0)
    }

    /// The detail, if it is of the selected one.
    pub(super) fn known(&self) -> Option<&PatternDetail> {
        let id = self.current()?.id;
        self.detail.as_deref().filter(|d| d.id == id)
    }

    pub(super) fn document(&self, cx: &PaneCx<'_>) -> (Document<Target>, usize) {
        let areas = view::layout(self, Rect::from((Position::ORIGIN, cx.size)));
        let room = areas.detail.unwrap_or_default();
        (detail::document(self, cx, usize::from(room.width)), usize::from(room.height))
    }

    /// Asks for all patterns, and about the selected one.
    fn ask(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.refresh.asked(cx.clock.now);
        let mut effects = vec![Effect::Send(Request::Patterns)];
        effects.extend(self.look(cx));
        effects
    }

    /// Asks about the selected one when it is in sight and was not asked about, or long ago.
    fn look(&mut self, cx: &PaneCx<'_>) -> Option<Effect> {
        view::layout(self, Rect::from((Position::ORIGIN, cx.size))).detail?;
        let (id, count) = self.current().map(|p| (p.id, p.count))?;
        let now = cx.clock.now;
        let fresh = |(asked, at, had): (TemplateId, Timestamp, u64)| {
            asked == id && (had == count || now.since(at) < DETAIL_AGE)
        };
        if self.asked.is_some_and(fresh) {
            return None;
        }
        self.asked = Some((id, now, count));
        Some(Effect::Send(Request::Pattern(id)))
    }

    pub(super) fn select(&mut self, at: usize, cx: &PaneCx<'_>) -> Vec<Effect> {
        let id = self.shown.get(at).map(|i| self.data.rows[*i].id);
        if id != self.selected {
            self.selected = id;
            self.place = Place::default();
        }
        self.look(cx).into_iter().collect()
    }

    /// The rows changed, or which of them are shown and how: the cursor stays on its pattern.
    pub(super) fn arrange(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.shown = order(&self.data.rows, self.sort, self.filter.text());
        let at = self.at();
        self.cursor.at = at;
        self.cursor.settle(self.shown.len(), list::height(cx.size.height.into(), self));
        self.select(at, cx)
    }

    fn move_in_list(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.cursor.at = self.at();
        self.cursor.moved(action, self.shown.len(), list::height(cx.size.height.into(), self));
        self.select(self.cursor.at, cx)
    }

    fn move_in_detail(&mut self, action: Action, cx: &PaneCx<'_>) {
        let (document, height) = self.document(cx);
        self.place.moved(action, &document, height);
    }

    fn moved(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        match self.focus {
            Focus::List => self.move_in_list(action, cx),
            Focus::Detail => {
                self.move_in_detail(action, cx);
                Vec::new()
            }
        }
    }

    /// From the list to the detail, from there to the lines.
    pub(super) fn open(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some(filter) = self.lines() else { return Vec::new() };
        if self.focus == Focus::List {
            self.focus = Focus::Detail;
            return self.look(cx).into_iter().collect();
        }
        let (document, _) = self.document(cx);
        match self.place.link.and_then(|l| document.links().get(l)).map(|(_, target)| target) {
            Some(Target::Record(id)) => vec![Effect::ShowRecord(*id)],
            Some(Target::Filter(more)) => vec![Effect::FilterLogs(format!("{filter} {more}"))],
            None => vec![Effect::FilterLogs(filter)],
        }
    }

    /// The filter that leaves the lines of the selected one.
    fn lines(&self) -> Option<String> {
        let id = self.current()?.id;
        let also = self.known().map(|d| d.also.as_slice()).unwrap_or_default();
        let ids: Vec<String> = std::iter::once(&id).chain(also).map(|id| id.0.to_string()).collect();
        Some(format!("template={}", ids.join(",")))
    }

    fn copy(&self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some(pattern) = self.current() else { return vec![Effect::warn("No pattern to copy")] };
        let what = text::truncate(&text::safe(&pattern.text), 40, cx.glyphs.ellipsis).into_owned();
        vec![Effect::Copy { text: pattern.text.clone(), what }]
    }

    fn ask_about(&self) -> Vec<Effect> {
        let scope = self.lines().map_or(ChatScope::All, |text| ChatScope::Filter { text });
        vec![Effect::AskAbout(scope)]
    }

    fn back(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        if self.focus == Focus::Detail {
            self.zoomed = false;
            self.focus = Focus::List;
            self.place.link = None;
            return Vec::new();
        }
        if !self.filter.text().is_empty() {
            self.filter.set("");
            return self.arrange(cx);
        }
        vec![Effect::Back]
    }

    fn type_filter(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        match action {
            Action::Submit => {
                self.typing = false;
                self.filter.remember();
            }
            Action::Back => {
                self.typing = false;
                self.filter.set("");
            }
            Action::DeleteAll => self.filter.set(""),
            Action::Up | Action::Down => self.filter.recall(action == Action::Up),
            _ => {}
        }
        self.arrange(cx)
    }
}

impl Pane for State {
    fn context(&self) -> Context {
        if self.typing || self.edit.is_some() { Context::Input } else { Context::Patterns }
    }

    fn enter(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.on_screen = true;
        self.ask(cx)
    }

    fn leave(&mut self) {
        self.on_screen = false;
    }

    fn update(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        if self.edit.is_some() {
            return self.type_mark(action, cx);
        }
        if self.typing {
            return self.type_filter(action, cx);
        }
        match action {
            Action::Back => return self.back(cx),
            Action::Open => return self.open(cx),
            Action::Left if self.focus == Focus::Detail => return self.back(cx),
            Action::Right if self.focus == Focus::List => return self.open(cx),
            Action::Copy => return self.copy(cx),
            Action::Ask => return self.ask_about(),
            Action::Zoom => {
                self.zoomed = !self.zoomed;
                return self.look(cx).into_iter().collect();
            }
            Action::SortRows => {
                self.sort = self.sort.next();
                // Another order is looked at from its beginning.
                self.selected = None;
                return self.arrange(cx);
            }
            Action::Filter | Action::Find => {
                self.focus = Focus::List;
                self.typing = true;
            }
            Action::ClearFilter => {
                self.filter.set("");
                return self.arrange(cx);
            }
            Action::NextItem | Action::PreviousItem => {
                if self.current().is_some() {
                    self.focus = Focus::Detail;
                    self.move_in_detail(action, cx);
                    return self.look(cx).into_iter().collect();
                }
            }
            Action::NextMatch => return self.move_in_list(Action::Down, cx),
            Action::PreviousMatch => return self.move_in_list(Action::Up, cx),
            Action::NamePattern | Action::Note | Action::Mute | Action::Useful | Action::Noise => {
                return self.say(action);
            }
            _ => return self.moved(action, cx),
        }
        Vec::new()
    }

    fn on_key(&mut self, key: KeyEvent, cx: &PaneCx<'_>) -> Vec<Effect> {
        if let Some((_, edit)) = &mut self.edit {
            edit.on_key(key);
            return Vec::new();
        }
        self.filter.on_key(key);
        self.arrange(cx)
    }

    fn on_paste(&mut self, text: &str, cx: &PaneCx<'_>) -> Vec<Effect> {
        if let Some((_, edit)) = &mut self.edit {
            edit.insert(text);
            return Vec::new();
        }
        self.filter.insert(text);
        self.arrange(cx)
    }

    fn on_mouse(&mut self, mouse: Mouse, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.mouse(mouse, cx)
    }

    fn on_event(&mut self, event: &Event, cx: &PaneCx<'_>) -> Vec<Effect> {
        match event {
            Event::Patterns(data) => {
                self.data.clone_from(data);
                self.loaded = true;
                let effects = self.arrange(cx);
                if self.on_screen { effects } else { Vec::new() }
            }
            Event::Pattern(detail) if self.selected == Some(detail.id) => {
                self.detail = Some(detail.clone());
                Vec::new()
            }
            Event::Snapshot if self.on_screen && self.refresh.due(cx.clock.now) => self.ask(cx),
            _ => Vec::new(),
        }
    }

    fn on_resize(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        if self.on_screen { self.look(cx).into_iter().collect() } else { Vec::new() }
    }

    fn cancel(&mut self, cx: &PaneCx<'_>) -> Option<Vec<Effect>> {
        let typing = std::mem::take(&mut self.typing) | self.edit.take().is_some();
        typing.then(|| self.arrange(cx))
    }

    fn youngest(&self, cx: &PaneCx<'_>) -> Option<Timestamp> {
        self.rows().map(|p| p.last_seen).filter(|t| *t <= cx.clock.now).max()
    }

    fn hints(&self, _cx: &PaneCx<'_>) -> Vec<Action> {
        if self.current().is_none() {
            return vec![Action::ShowLogs, Action::ClearFilter, Action::Help];
        }
        match self.focus {
            Focus::List => vec![
                Action::Open,
                Action::SortRows,
                Action::Filter,
                Action::Mute,
                Action::NamePattern,
                Action::Noise,
                Action::Help,
            ],
            Focus::Detail => {
                let said = [Action::NamePattern, Action::Note, Action::Mute];
                [&[Action::Open, Action::NextItem, Action::Copy], &said[..], &[Action::Back, Action::Help]].concat()
            }
        }
    }

    fn view(&self, frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>) {
        self.refresh.drawn();
        view::draw(frame, area, cx, self);
    }
}
