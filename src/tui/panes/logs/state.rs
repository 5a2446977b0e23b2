//! State of the Logs pane and what the keys do with it.

use super::cells::Cells;
use super::columns::Views;
use super::detail::Detail;
use super::export::{Collecting, Purpose, TimeAndId};
use super::highlight::Rules;
use super::histogram::Histogram;
use super::input::Typing;
use super::mark::Marks;
use super::notes::Notes;
use super::order::Ordering;
use super::picker::{Kind, Picker};
use super::saved::{Aside, Saved};
use super::view;
use super::window::{Place, Window};
use crate::runtime::events::{Anchor, Event, RecordDetail, Request};
use crate::tui::action::{Action, Context};
use crate::tui::effect::Effect;
use crate::tui::event::Mouse;
use crate::tui::panes::{Goto, LogsPlace, Pane, PaneCx};
use crate::tui::widgets::lineedit::LineEdit;
use crate::tui::widgets::suggest::Suggest;
use aiobs_types::{LogQuery, RecordId, TextMatch};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

/// A question to the engine that is not answered in full yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) seq: u64,
    pub(super) anchor: Anchor,
    pub(super) place: Place,
    pub(super) by_time: bool,
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
    /// Words that always stand out.
    pub(super) rules: Rules,
    pub(super) typing: Option<Typing>,
    pub(super) edits: [LineEdit; Typing::COUNT],
    /// What is wrong with what is being typed.
    pub(super) wrong: Option<String>,
    /// What may follow what is being typed.
    pub(super) suggest: Suggest,
    /// Whether the view stays at the newest record.
    pub(super) follow: bool,
    pub(super) wrap: bool,
    pub(super) columns: Views,
    /// What stands in them.
    pub(super) cells: Cells,
    pub(super) zoom: bool,
    pub(super) detail: Option<Detail>,
    pub(super) seq: u64,
    pub(super) asked: Option<Asked>,
    /// Ask again when the answer is there: more came, or the cursor went on.
    pub(super) again: bool,
    pub(super) saved: Option<Saved>,
    pub(super) on_screen: bool,
    /// Filters before this one, newest last.
    pub(super) past: Vec<String>,
    /// Looks aside, newest last.
    pub(super) asides: Vec<Aside>,
    /// Bookmarks, notes, named filters.
    pub(super) notes: Notes,
    pub(super) picker: Option<Picker>,
    /// Whether the detail lays out JSON, SQL and addresses.
    pub(super) pretty: bool,
    /// The record that a note is written on.
    pub(super) noting: Option<RecordId>,
    /// Where a range of lines begins; it ends at the cursor.
    pub(super) selected: Option<TimeAndId>,
    pub(super) collecting: Option<Collecting>,
    /// How often it was asked to collect.
    pub(super) collections: u64,
    /// The record to begin at when the pane is entered: that of the last session.
    pub(super) take_up_at: Option<RecordId>,
    /// The bookmark that is gone to.
    pub(super) wants_bookmark: Option<RecordId>,
    /// The record whose trace is to be followed once it is known.
    pub(super) wants_trace: Option<RecordId>,
    /// The record whose incident is to be opened once it is known.
    pub(super) wants_incident: Option<RecordId>,
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
            rules: Rules::default(),
            typing: None,
            edits: Default::default(),
            wrong: None,
            suggest: Suggest::default(),
            follow: true,
            wrap: false,
            columns: Views::default(),
            cells: Cells::default(),
            zoom: false,
            detail: None,
            seq: 0,
            asked: None,
            again: false,
            saved: None,
            on_screen: false,
            past: Vec::new(),
            asides: Vec::new(),
            notes: Notes::default(),
            picker: None,
            pretty: false,
            noting: None,
            selected: None,
            collecting: None,
            collections: 0,
            take_up_at: None,
            wants_bookmark: None,
            wants_trace: None,
            wants_incident: None,
        }
    }
}

impl State {
    /// Sets the filter, or says what is wrong with it.
    pub(super) fn set_filter(&mut self, text: &str, cx: &PaneCx<'_>) -> Result<(), String> {
        self.query = cx.filter(text)?;
        text.clone_into(&mut self.filter);
        self.take_columns(cx);
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

    /// Says why an action has to wait while the line under the cursor is shown before it is stored.
    fn not_stored(&self, action: Action) -> Option<Effect> {
        let needs = matches!(
            action,
            Action::Bookmark
                | Action::Note
                | Action::Select
                | Action::OpenIncident
                | Action::IncludeTemplate
                | Action::ExcludeTemplate
        );
        // A range that ends in such lines cannot be collected either.
        let ends = matches!(action, Action::Copy | Action::Export | Action::OpenPager | Action::OpenEditor);
        let needs = needs && self.selected.is_none() || ends && self.selected.is_some();
        let why = "This line is not stored yet: the lines before it are still being read";
        self.window.id().filter(|id| needs && id.is_preview()).map(|_| Effect::info(why))
    }

    fn record_came(&mut self, detail: &RecordDetail, cx: &PaneCx<'_>) -> Vec<Effect> {
        let id = detail.record.id;
        if let Some(d) = &mut self.detail
            && d.id == id
        {
            d.data = Some(Box::new(detail.clone()));
        }
        if self.wants_trace == Some(id) {
            self.wants_trace = None;
            return self.trace(detail, cx);
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
            None if self.picker.is_some() => Context::Input,
            None if self.histogram.focus => Context::Histogram,
            None => Context::Logs,
        }
    }

    fn enter(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.on_screen = true;
        let mut effects: Vec<Effect> = self.ask_kept().into_iter().collect();
        if let Some(id) = self.take_up_at.take() {
            effects.push(self.jump(Anchor::At(id), cx));
        } else if self.asked.is_none() {
            if self.follow || self.window.rows.is_empty() {
                effects.push(self.follow(cx));
            } else {
                effects.extend(self.refill(cx));
            }
        }
        effects
    }

    fn leave(&mut self) {
        self.on_screen = false;
        self.typing = None;
        self.picker = None;
        self.wrong = None;
    }

    fn go(&mut self, to: &Goto, cx: &PaneCx<'_>) -> Vec<Effect> {
        match to {
            Goto::Record(id) => {
                self.asides.clear();
                self.save();
                // The line is shown among its neighbours, whatever was filtered before.
                if self.set_filter("", cx).is_err() {
                    self.query = LogQuery::default();
                }
                self.detail = Some(Detail::new(*id, true));
                vec![self.jump(Anchor::At(*id), cx), Effect::Send(Request::Record(*id))]
            }
            Goto::Filter(text) => {
                self.asides.clear();
                self.save();
                match self.set_filter(text, cx) {
                    Ok(()) => vec![self.follow(cx)],
                    Err(e) => vec![Effect::warn(e)],
                }
            }
            Goto::Restore(place) => self.take_up(place, cx),
            Goto::Highlight(rules) => {
                self.rules.set(rules, false);
                Vec::new()
            }
            Goto::EditFilter => {
                self.type_in(Typing::Filter);
                Vec::new()
            }
            Goto::Time(text) => vec![self.go_to(text, cx).unwrap_or_else(Effect::warn)],
            Goto::Incident(_) | Goto::Scope(_) | Goto::Statement(_) | Goto::Prompt | Goto::History(_) | Goto::Heat => {
                Vec::new()
            }
        }
    }

    fn back(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.asides.clear();
        let Some(saved) = self.saved.take() else { return Vec::new() };
        self.restore(&saved, cx)
    }

    fn update(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        if let Some(what) = self.typing {
            return self.typed(what, action, cx);
        }
        if self.picker.is_some() {
            return self.picked(action, cx);
        }
        if self.histogram.focus
            && let Some(effects) = self.in_histogram(action, cx)
        {
            return effects;
        }
        let seen = self.detail_seen(cx);
        if let Some(d) = self.detail.as_mut().filter(|d| d.focus)
            && d.moved(action, seen, self.pretty, cx)
        {
            return Vec::new();
        }
        if let Some(refused) = self.not_stored(action) {
            return vec![refused];
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
                if let Err(e) = self.change_filter("", cx) {
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
            Action::IncludeComponent
            | Action::ExcludeComponent
            | Action::IncludeTemplate
            | Action::ExcludeTemplate
            | Action::IncludeSource
            | Action::ExcludeSource
            | Action::IncludeLevel
            | Action::ExcludeLevel => return self.narrow_by_cursor(action, cx),
            Action::UndoFilter => return self.undo_filter(cx),
            Action::FollowTrace => return self.follow_trace(cx),
            Action::Around => return self.around(cx),
            Action::Bookmark => return self.toggle_bookmark(),
            Action::Note => self.begin_note(),
            Action::NextBookmark | Action::PreviousBookmark => return self.seek_bookmark(action, cx),
            Action::Bookmarks => return self.pick(Kind::Bookmarks, cx),
            Action::Columns => return self.pick(Kind::Columns, cx),
            Action::SaveFilter => return self.name_filter(),
            Action::SavedFilters => return self.pick(Kind::Filters, cx),
            Action::Select => return self.select(cx),
            Action::Export => self.name_file(cx),
            Action::OpenPager | Action::OpenEditor => {
                return self.collect(Purpose::Open { editor: action == Action::OpenEditor }, cx);
            }
            Action::Highlight => self.type_in(Typing::Highlight),
            Action::Pretty => self.pretty = !self.pretty,
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
            Action::Copy => return self.copy_text(false, cx),
            Action::CopyRow => return self.copy_text(true, cx),
            Action::Ask => return self.ask_assistant(),
            Action::OpenIncident => return self.open_incident(cx),
            other => return self.moved(other, cx),
        }
        Vec::new()
    }

    fn on_key(&mut self, key: KeyEvent, cx: &PaneCx<'_>) -> Vec<Effect> {
        match &mut self.picker {
            Some(picker) => {
                if picker.input.on_key(key) {
                    picker.refresh();
                }
            }
            None => self.type_key(key, cx),
        }
        Vec::new()
    }

    fn on_paste(&mut self, text: &str, cx: &PaneCx<'_>) -> Vec<Effect> {
        match &mut self.picker {
            Some(picker) => {
                picker.input.insert(text);
                picker.refresh();
            }
            None => self.type_text(text, cx),
        }
        Vec::new()
    }

    fn on_mouse(&mut self, mouse: Mouse, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.mouse(mouse, cx)
    }

    fn on_event(&mut self, event: &Event, cx: &PaneCx<'_>) -> Vec<Effect> {
        match event {
            Event::Appended => self.appended(cx).into_iter().collect(),
            Event::Snapshot => {
                let mut effects: Vec<Effect> = self.look_again(cx).into_iter().collect();
                effects.extend(self.count_parts(cx));
                effects
            }
            Event::Parts(answer) => {
                self.parts(answer);
                Vec::new()
            }
            Event::Logs(page) => {
                let mut effects = self.page(page, cx);
                effects.extend(self.count_parts(cx));
                effects
            }
            Event::Record(detail) => self.record_came(detail, cx),
            Event::Collected(seq, state) => self.collected(*seq, state, cx),
            Event::Kept(kept) => {
                self.rules.set(&kept.highlights, true);
                self.notes.take(kept);
                self.columns.take(&kept.columns);
                self.take_columns(cx);
                self.settle(cx);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn keeps(&self) -> Option<LogsPlace> {
        Some(self.place_kept())
    }

    fn on_resize(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.settle(cx);
        if self.on_screen { self.refill(cx).into_iter().collect() } else { Vec::new() }
    }

    fn cancel(&mut self, _cx: &PaneCx<'_>) -> Option<Vec<Effect>> {
        if self.typing.take().is_some() || self.picker.take().is_some() {
            self.wrong = None;
            return Some(Vec::new());
        }
        self.stop_collecting().or_else(|| self.stop()).or_else(|| self.stop_counting())
    }

    fn hints(&self, _cx: &PaneCx<'_>) -> Vec<Action> {
        if self.histogram.focus && self.typing.is_none() {
            return vec![Action::Open, Action::MarkRange, Action::ZoomIn, Action::ZoomOut, Action::Back];
        }
        if self.typing.is_some() {
            return vec![Action::Submit, Action::Back, Action::Complete, Action::DeleteAll];
        }
        if self.picker.is_some() {
            return vec![Action::Submit, Action::Remove, Action::Back];
        }
        let mut hints = vec![Action::Filter, Action::Find, Action::NextError, Action::Open, Action::Pause];
        if self.window.unstored > 0 {
            hints.insert(1, Action::StopOlder);
        }
        if self.find.is_some() {
            hints.insert(2, Action::NextMatch);
        }
        if self.detail.is_some() {
            hints.splice(0..0, [Action::Back, Action::OpenIncident]);
            if self.detail.as_ref().is_some_and(|d| d.focus) {
                hints.splice(1..1, [Action::IncludeComponent, Action::ExcludeComponent, Action::Pretty]);
            }
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
