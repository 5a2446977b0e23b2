//! Bookmarks and notes on records, and filters kept under names: what the keys do with them. They are kept in the data
//! directory; the pane holds a copy, which it changes at once and the engine confirms.

use super::input::Typing;
use super::picker::{Kind, Value};
use super::state::State;
use crate::runtime::events::{Anchor, Keep, Kept, Marked, Request};
use crate::tui::action::Action;
use crate::tui::effect::Effect;
use crate::tui::format;
use crate::tui::panes::PaneCx;
use aiobs_types::RecordId;
use std::collections::BTreeMap;

/// What is kept, as far as the pane knows.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) marked: BTreeMap<RecordId, Marked>,
    pub(super) filters: Vec<(String, String)>,
    /// Whether the engine was asked.
    pub(super) asked: bool,
}

impl Notes {
    /// The note on a record; empty for a bookmark without one.
    pub(super) fn of(&self, id: RecordId) -> Option<&str> {
        self.marked.get(&id).map(|m| m.note.as_str())
    }

    /// Takes what the engine knows.
    pub(super) fn take(&mut self, kept: &Kept) {
        self.marked = kept.bookmarks.iter().map(|m| (m.record.id, m.clone())).collect();
        self.filters.clone_from(&kept.filters);
    }
}

impl State {
    /// What is kept, asked for once.
    pub(super) fn ask_kept(&mut self) -> Option<Effect> {
        (!std::mem::replace(&mut self.notes.asked, true)).then_some(Effect::Send(Request::Kept))
    }

    /// Marks the record under the cursor, or takes mark and note away.
    pub(super) fn toggle_bookmark(&mut self) -> Vec<Effect> {
        let Some(record) = self.window.record() else { return Vec::new() };
        let id = record.id;
        if let Some(gone) = self.notes.marked.remove(&id) {
            let said = if gone.note.is_empty() { "Bookmark removed" } else { "Bookmark and note removed" };
            return vec![keep(id, None), Effect::info(said)];
        }
        self.notes.marked.insert(id, Marked { record: record.clone(), note: String::new() });
        vec![keep(id, Some(String::new())), Effect::info("Bookmarked")]
    }

    /// Opens the line for a note on the record under the cursor.
    pub(super) fn begin_note(&mut self) {
        self.noting = self.window.id();
        if self.noting.is_some() {
            self.type_in(Typing::Note);
        }
    }

    /// Puts what was typed on the record; nothing typed takes a note away and leaves the mark.
    pub(super) fn write_note(&mut self, text: &str) -> Vec<Effect> {
        let Some(record) = self.window.rows.iter().find(|r| Some(r.id) == self.noting) else { return Vec::new() };
        let (id, note) = (record.id, text.to_owned());
        if note.is_empty() && !self.notes.marked.contains_key(&id) {
            return Vec::new();
        }
        self.notes.marked.insert(id, Marked { record: record.clone(), note: note.clone() });
        let said = if note.is_empty() { "Note removed; the bookmark stays" } else { "Noted" };
        vec![keep(id, Some(note)), Effect::info(said)]
    }

    /// To the next or previous bookmark.
    pub(super) fn seek_bookmark(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some(at) = self.window.record().map(|r| self.place_of(r, cx)) else { return Vec::new() };
        let places = self.notes.marked.values().map(|m| self.place_of(&m.record, cx));
        let next = match action {
            Action::NextBookmark => places.filter(|p| *p > at).min(),
            _ => places.filter(|p| *p < at).max(),
        };
        match next.map(|p| p.id) {
            Some(id) => self.go_to_bookmark(id, cx),
            None if self.notes.marked.is_empty() => {
                let key = cx.keys(crate::tui::action::Context::Logs, Action::Bookmark);
                vec![Effect::info(format!("No bookmarks yet; {key} marks a line"))]
            }
            None if action == Action::NextBookmark => vec![Effect::info("No bookmark after this line")],
            None => vec![Effect::info("No bookmark before this line")],
        }
    }

    /// The bookmarks, in the order of the view.
    pub(super) fn bookmarks(&self, cx: &PaneCx<'_>) -> Vec<(&RecordId, &Marked)> {
        let mut all: Vec<_> = self.notes.marked.iter().collect();
        all.sort_by_key(|(_, m)| self.place_of(&m.record, cx));
        all
    }

    fn go_to_bookmark(&mut self, id: RecordId, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.wants_bookmark = Some(id);
        vec![self.jump(Anchor::At(id), cx)]
    }

    /// Keeps the filter under a name.
    pub(super) fn save_filter(&mut self, name: &str) -> Vec<Effect> {
        if name.is_empty() || self.filter.is_empty() {
            return Vec::new();
        }
        let there = self.notes.filters.iter().any(|(n, _)| n == name);
        self.notes.filters.retain(|(n, _)| n != name);
        self.notes.filters.push((name.to_owned(), self.filter.clone()));
        self.notes.filters.sort();
        let keep = Keep::Filter { name: name.to_owned(), filter: Some(self.filter.clone()) };
        let said = format!("Filter {name} {}", if there { "replaced" } else { "saved" });
        let columns = self.columns.named(name);
        [Some(Effect::Send(Request::Keep(keep))), columns, Some(Effect::info(said))].into_iter().flatten().collect()
    }

    /// Opens the line for the filter's name.
    pub(super) fn name_filter(&mut self) -> Vec<Effect> {
        if self.filter.is_empty() {
            return vec![Effect::info("No filter is set; there is nothing to save")];
        }
        self.type_in(Typing::Name);
        Vec::new()
    }

    /// Enter in the list.
    pub(super) fn choose(&mut self, value: Value, cx: &PaneCx<'_>) -> Vec<Effect> {
        match value {
            Value::Column(column) => self.toggle_column(column, cx),
            Value::Record(id) => self.go_to_bookmark(id, cx),
            Value::Filter(name) => {
                let Some((_, filter)) = self.notes.filters.iter().find(|(n, _)| *n == name) else { return Vec::new() };
                let filter = filter.clone();
                match self.change_filter(&filter, cx) {
                    Ok(()) => vec![self.filtered(cx), Effect::info(format!("Filter {name}"))],
                    Err(e) => vec![Effect::warn(format!("{name}: {e}"))],
                }
            }
        }
    }

    /// Forgets an entry of the list.
    pub(super) fn forget(&mut self, value: &Value, cx: &PaneCx<'_>) -> Vec<Effect> {
        let mut effects = Vec::new();
        let kind = match value {
            Value::Column(column) => return self.toggle_column(column.clone(), cx),
            Value::Record(id) => {
                self.notes.marked.remove(id);
                effects.push(keep(*id, None));
                Kind::Bookmarks
            }
            Value::Filter(name) => {
                self.notes.filters.retain(|(n, _)| n != name);
                let keep = Keep::Filter { name: name.clone(), filter: None };
                effects.push(Effect::Send(Request::Keep(keep)));
                effects.extend(self.columns.forget(name));
                Kind::Filters
            }
        };
        let items = self.items(kind, cx);
        let left = items.len();
        if let Some(picker) = &mut self.picker {
            picker.set(items);
        }
        let what = if kind == Kind::Bookmarks { "bookmark" } else { "filter" };
        effects.push(Effect::info(format!("Removed; {} left", format::plural(left as u64, what))));
        effects
    }
}

fn keep(record: RecordId, note: Option<String>) -> Effect {
    Effect::Send(Request::Keep(Keep::Bookmark { record, note }))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failing test should panic")]
    use super::*;
    use crate::tui::panes::testkit::Kit;
    use crate::tui::theme::Depth;
    use aiobs_types::{LogRecord, Timestamp};

    /// By time these stand as 9, 1, 5; the cursor is at 1, and the others are marked.
    fn pane(by_time: bool) -> State {
        let mut state = State::default();
        state.order.choose(Some(by_time));
        let record =
            |(id, secs)| LogRecord { id: RecordId(id), time: Timestamp::from_secs(secs), ..LogRecord::default() };
        state.window.rows = [(9, 10), (1, 20), (5, 30)].map(record).to_vec();
        state.window.cursor = 1;
        for r in [&state.window.rows[0], &state.window.rows[2]] {
            state.notes.marked.insert(r.id, Marked { record: r.clone(), note: String::new() });
        }
        state
    }

    #[test]
    fn marks_and_ranges_go_by_the_order_of_the_view() {
        let kit = Kit::new(100, 30, Depth::None, false);
        let seek = |by_time, action| {
            let mut state = pane(by_time);
            kit.press(&mut state, &[action]);
            state.wants_bookmark.map(|id| id.0)
        };
        assert_eq!((seek(true, Action::NextBookmark), seek(true, Action::PreviousBookmark)), (Some(5), Some(9)));
        assert_eq!((seek(false, Action::NextBookmark), seek(false, Action::PreviousBookmark)), (Some(5), None));
        let listed = |by_time| pane(by_time).bookmarks(&kit.cx()).iter().map(|(id, _)| id.0).collect::<Vec<_>>();
        assert_eq!((listed(true), listed(false)), (vec![9, 5], vec![5, 9]));
        let selected = |by_time| {
            let mut state = pane(by_time);
            state.window.cursor = 0;
            state.select(&kit.cx());
            state.window.cursor = 2;
            let range = state.range().unwrap();
            state.window.rows.iter().filter(|r| range.has(r)).map(|r| r.id.0).collect::<Vec<_>>()
        };
        assert_eq!((selected(true), selected(false)), (vec![9, 1, 5], vec![9, 5]));
    }
}
