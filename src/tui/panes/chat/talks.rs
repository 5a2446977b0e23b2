//! The list of conversations: searched, opened, named anew, written to a file, deleted. It stands in place of the conversation.

use super::asking::busy;
use super::state::State;
use crate::runtime::events::{ChangeTalk, Request};
use crate::tui::action::{Action, Context};
use crate::tui::effect::Effect;
use crate::tui::format::{compact, plural};
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::lineedit::LineEdit;
use crate::tui::widgets::scroll::{self, Cursor};
use crate::tui::widgets::text;
use aiobs_types::Conversation;
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Span;

/// What is being typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Typing {
    Search,
    Name(u64),
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Talks {
    all: Vec<Conversation>,
    loaded: bool,
    cursor: Cursor,
    search: LineEdit,
    name: LineEdit,
    typing: Option<Typing>,
    /// Asked once whether to delete this one.
    deleting: Option<u64>,
}

impl Talks {
    /// Asks for all.
    pub(super) fn ask(&self) -> Effect {
        Effect::Send(Request::Talks(self.search.text().trim().to_owned()))
    }

    /// What was found.
    pub(super) fn loaded(&mut self, all: &[Conversation]) {
        self.all = all.to_vec();
        self.loaded = true;
        self.cursor.settle(self.all.len(), 1);
    }

    pub(super) const fn types(&self) -> bool {
        self.typing.is_some()
    }

    fn selected(&self) -> Option<&Conversation> {
        self.all.get(self.cursor.at)
    }

    /// A key of a line being typed; the list follows the search.
    pub(super) fn on_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        match self.typing {
            Some(Typing::Search) => {
                let changed = self.search.on_key(key);
                return if changed { vec![self.ask()] } else { Vec::new() };
            }
            Some(Typing::Name(_)) => {
                self.name.on_key(key);
            }
            None => {}
        }
        Vec::new()
    }

    pub(super) fn on_paste(&mut self, pasted: &str) -> Vec<Effect> {
        let plain: String = pasted.chars().filter(|c| !c.is_control()).collect();
        match self.typing {
            Some(Typing::Search) => {
                self.search.insert(&plain);
                vec![self.ask()]
            }
            Some(Typing::Name(_)) => {
                self.name.insert(&plain);
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    fn typed(&mut self, typing: Typing, action: Action) -> Vec<Effect> {
        match (action, typing) {
            (Action::Submit, Typing::Name(id)) => {
                self.typing = None;
                let name = self.name.text().trim().to_owned();
                if name.is_empty() {
                    return vec![Effect::warn("The name is empty; it stays as it was")];
                }
                self.rename(id, &name);
                vec![Effect::Send(Request::ChangeTalk(ChangeTalk::Rename(id, name)))]
            }
            (Action::Submit, Typing::Search) => {
                self.typing = None;
                Vec::new()
            }
            (Action::Back, Typing::Search) => {
                self.typing = None;
                self.search.set("");
                vec![self.ask()]
            }
            (Action::Back, Typing::Name(_)) => {
                self.typing = None;
                Vec::new()
            }
            (Action::DeleteAll, Typing::Search) => {
                self.search.set("");
                vec![self.ask()]
            }
            (Action::DeleteAll, Typing::Name(_)) => {
                self.name.set("");
                Vec::new()
            }
            (Action::Down | Action::Up, Typing::Search) => {
                self.cursor.moved(action, self.all.len(), 1);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// Shows another name at once; the archive has it a moment later.
    pub(super) fn rename(&mut self, id: u64, name: &str) {
        if let Some(c) = self.all.iter_mut().find(|c| c.id == id) {
            name.clone_into(&mut c.title);
        }
    }

    /// A bound key; `height` rows are seen.
    fn act(&mut self, action: Action, height: usize, cx: &PaneCx<'_>) -> Vec<Effect> {
        if let Some(typing) = self.typing {
            return self.typed(typing, action);
        }
        let asked = self.deleting.take();
        match action {
            Action::Filter | Action::Find => self.typing = Some(Typing::Search),
            Action::Rename => {
                if let Some(c) = self.selected().cloned() {
                    self.name.set(c.title);
                    self.typing = Some(Typing::Name(c.id));
                }
            }
            Action::Delete => {
                let Some(c) = self.selected().cloned() else { return Vec::new() };
                if asked == Some(c.id) {
                    self.all.retain(|x| x.id != c.id);
                    self.cursor.settle(self.all.len(), height);
                    let gone = format!("Deleted: {}", text::safe(&c.title));
                    return vec![Effect::Send(Request::ChangeTalk(ChangeTalk::Delete(c.id))), Effect::info(gone)];
                }
                self.deleting = Some(c.id);
                let keys = cx.keys(Context::Chat, Action::Delete);
                let turns = plural(c.turns, "turn");
                return vec![Effect::warn(format!("{keys} again deletes \"{}\", {turns}", text::safe(&c.title)))];
            }
            _ => {
                self.cursor.moved(action, self.all.len(), height);
            }
        }
        Vec::new()
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, bar: Rect, current: Option<u64>, cx: &PaneCx<'_>) {
        if area.is_empty() {
            return;
        }
        let head = Rect { height: 1, ..area };
        let list = Rect { y: area.y + 1.min(area.height), height: area.height.saturating_sub(1), ..area };
        self.draw_head(frame, head, cx);
        if self.all.is_empty() {
            let text = match (self.loaded, self.search.text().trim().is_empty()) {
                (false, _) => "Loading ...".to_owned(),
                (true, true) => "No conversation yet: ask something.".to_owned(),
                (true, false) => "No conversation holds that.".to_owned(),
            };
            return frame.render_widget(Span::styled(text, cx.style(Role::Dim)), list);
        }
        let rows = self.cursor.visible(self.all.len(), list.height as usize);
        for (y, i) in (list.y..).zip(rows.clone()) {
            let row = Rect { y, height: 1, ..list };
            self.draw_row(frame, row, i, current, cx);
        }
        let seen = (rows.start as u64, u64::from(list.height), self.all.len() as u64);
        let bar = Rect { y: bar.y + 1.min(bar.height), height: bar.height.saturating_sub(1), ..bar };
        scroll::scrollbar(frame, bar, seen, cx.glyphs, cx.style(Role::Scrollbar), cx.style(Role::ScrollbarThumb));
    }

    fn draw_head(&self, frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>) {
        let (label, edit) = match self.typing {
            Some(Typing::Search) => ("Search: ", &self.search),
            Some(Typing::Name(_)) => ("Name: ", &self.name),
            None => {
                let mut spans = vec![Span::styled("Conversations", cx.style(Role::Title))];
                let searched = self.search.text().trim();
                if !searched.is_empty() {
                    let safe = text::safe_for(searched, cx.glyphs.ascii).into_owned();
                    spans.push(Span::styled(format!("  that hold \"{safe}\""), cx.style(Role::Dim)));
                }
                return frame.render_widget(text::truncate_line(spans, area.width as usize, cx.glyphs.ellipsis), area);
            }
        };
        let room = usize::from(area.width).saturating_sub(label.len());
        let (typed, at) = edit.view(room, cx.style(Role::Input), cx.glyphs.ellipsis);
        frame.render_widget(Span::styled(label, cx.style(Role::Accent)), area);
        let from = Rect { x: area.x + (label.len() as u16).min(area.width), width: room as u16, ..area };
        frame.render_widget(typed, from);
        if at < from.width {
            frame.set_cursor_position((from.x + at, from.y));
        }
    }

    fn draw_row(&self, frame: &mut Frame<'_>, area: Rect, i: usize, current: Option<u64>, cx: &PaneCx<'_>) {
        let Some(c) = self.all.get(i) else { return };
        let at = self.cursor.at == i;
        let style = if at { cx.style(Role::Selection) } else { cx.style(Role::Text) };
        frame.buffer_mut().set_style(area, style);
        let tokens = c.input_tokens + c.output_tokens;
        let mut took = if tokens > 0 { format!("{} tokens", compact(tokens as f64)) } else { String::new() };
        if let Some(micro) = c.cost_micro_usd.filter(|cost| *cost > 0) {
            took = format!("{took}  ${:.4}", micro as f64 / 1e6);
        }
        let right = format!("{took}  {:>9}  {:>14}", plural(c.turns, "turn"), cx.clock.ago_said(c.updated));
        let width = area.width as usize;
        let room = width.saturating_sub(text::width(&right) + 4);
        let mark = if current == Some(c.id) { cx.glyphs.bullet } else { " " };
        let title = text::fit(&text::safe_for(&c.title, cx.glyphs.ascii), room, cx.glyphs.ellipsis);
        let dim = if at { style } else { cx.style(Role::Dim) };
        let spans = vec![Span::styled(format!(" {mark} {title} "), style), Span::styled(right, dim)];
        frame.render_widget(text::truncate_line(spans, width, cx.glyphs.ellipsis), area);
    }
}

impl State {
    /// Opens the list.
    pub(super) fn list(&mut self) -> Vec<Effect> {
        let talks = Talks::default();
        let ask = talks.ask();
        self.talks = Some(talks);
        vec![ask]
    }

    /// A key while the list is open.
    pub(super) fn in_list(&mut self, action: Action, height: usize, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some(talks) = &mut self.talks else { return Vec::new() };
        if !talks.types() {
            match action {
                Action::Back | Action::Conversations => {
                    self.talks = None;
                    return Vec::new();
                }
                Action::Open => {
                    let Some(id) = talks.selected().map(|c| c.id) else { return Vec::new() };
                    return self.open_talk(id, cx);
                }
                Action::NewConversation => {
                    self.talks = None;
                    return self.fresh(cx);
                }
                Action::Export => {
                    let Some(id) = talks.selected().map(|c| c.id) else { return Vec::new() };
                    return self.export_talk(id, "", cx).unwrap_or_else(|why| vec![Effect::warn(why)]);
                }
                _ => {}
            }
        }
        let effects = talks.act(action, height, cx);
        for effect in &effects {
            match effect {
                Effect::Send(Request::ChangeTalk(ChangeTalk::Delete(id))) => self.gone(*id),
                Effect::Send(Request::ChangeTalk(ChangeTalk::Rename(id, name))) => self.renamed(*id, name),
                _ => {}
            }
        }
        effects
    }

    /// Goes to another conversation.
    pub(super) fn open_talk(&mut self, id: u64, cx: &PaneCx<'_>) -> Vec<Effect> {
        if self.pending.is_some() {
            return vec![busy(cx)];
        }
        self.talks = None;
        vec![Effect::Send(Request::Talk(Some(id)))]
    }

    /// Begins a conversation.
    pub(super) fn fresh(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        if self.pending.is_some() {
            return vec![busy(cx)];
        }
        self.begin(None, Vec::new());
        self.editing = true;
        Vec::new()
    }

    fn gone(&mut self, id: u64) {
        if self.conversation.as_ref().is_some_and(|c| c.id == id) {
            self.begin(None, Vec::new());
        }
    }

    pub(super) fn renamed(&mut self, id: u64, name: &str) {
        if let Some(c) = self.conversation.as_mut().filter(|c| c.id == id) {
            name.clone_into(&mut c.title);
        }
    }
}
