//! State of the SQL pane and how keys and events change it.

use super::chart::{self, Form};
use super::table::Shown;
use super::{export, view};
use crate::runtime::events::{Event, Request, SqlAnswer, SqlState};
use crate::tui::action::{Action, Context};
use crate::tui::effect::Effect;
use crate::tui::panes::{Goto, Pane, PaneCx};
use crate::tui::widgets::lineedit::LineEdit;
use crate::tui::widgets::scroll::Cursor;
use crate::tui::widgets::suggest::{Suggest, Suggestion};
use aiobs_types::{ChatScope, Timestamp};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

/// What is being typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typing {
    Statement,
    /// The name of a file for the result.
    File,
}

/// A statement that goes on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Running {
    pub(super) since: Timestamp,
    pub(super) scanned: u64,
    pub(super) total: u64,
}

/// State of the SQL pane.
#[derive(Debug, Default)]
pub struct State {
    pub(super) statement: LineEdit,
    pub(super) file: LineEdit,
    pub(super) typing: Option<Typing>,
    pub(super) suggest: Suggest,
    seq: u64,
    pub(super) running: Option<Running>,
    pub(super) shown: Option<Shown>,
    pub(super) form: Form,
    pub(super) cursor: Cursor,
    /// Column under the cursor, and the first that is shown.
    pub(super) column: Cursor,
    /// What is wrong with the last statement.
    pub(super) wrong: Option<String>,
    /// Whether the row under the cursor is shown value by value.
    pub(super) detail: bool,
    visible: bool,
}

impl State {
    fn edit(&mut self, what: Typing) -> &mut LineEdit {
        match what {
            Typing::Statement => &mut self.statement,
            Typing::File => &mut self.file,
        }
    }

    fn open(&mut self, what: Typing) {
        self.typing = Some(what);
        self.suggest.clear();
        if what == Typing::File {
            self.wrong = None;
            self.file.set("result.csv");
        }
    }

    fn close(&mut self) {
        self.typing = None;
        self.suggest.clear();
    }

    /// Suggests names for the word before the cursor.
    fn offer(&mut self, cx: &PaneCx<'_>) {
        if self.typing != Some(Typing::Statement) {
            return;
        }
        let text = self.statement.text().to_owned();
        let list = suggestions(&text, self.statement.cursor(), cx.sql_words);
        self.suggest.offer(&text, list);
    }

    fn typed(&mut self, what: Typing, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        match action {
            Action::Back => {
                self.close();
                return Vec::new();
            }
            Action::Submit => return self.submit(what, cx),
            Action::Up | Action::Down => self.edit(what).recall(action == Action::Up),
            Action::DeleteAll => self.edit(what).set(""),
            Action::Complete => {
                let edit = match what {
                    Typing::Statement => &mut self.statement,
                    Typing::File => return Vec::new(),
                };
                if self.suggest.next(edit) && self.suggest.settled() {
                    self.offer(cx);
                }
                return Vec::new();
            }
            _ => return Vec::new(),
        }
        self.suggest.clear();
        Vec::new()
    }

    fn submit(&mut self, what: Typing, cx: &PaneCx<'_>) -> Vec<Effect> {
        let text = self.edit(what).text().trim().to_owned();
        if text.is_empty() {
            return Vec::new();
        }
        self.edit(what).remember();
        if what == Typing::Statement {
            self.close();
            self.wrong = None;
            self.seq += 1;
            self.running = Some(Running { since: cx.clock.now, scanned: 0, total: 0 });
            return vec![Effect::Remember(text.clone()), Effect::Send(Request::Sql(self.seq, text))];
        }
        let Some(shown) = &self.shown else { return Vec::new() };
        match export::text(shown, &text) {
            Ok(written) => {
                self.close();
                vec![Effect::Save { path: text, text: written }]
            }
            Err(e) => {
                self.wrong = Some(e);
                Vec::new()
            }
        }
    }

    fn answer(&mut self, answer: &SqlAnswer, cx: &PaneCx<'_>) {
        if answer.seq != self.seq {
            return;
        }
        match &answer.state {
            SqlState::Running { scanned, total } => {
                if let Some(running) = &mut self.running {
                    (running.scanned, running.total) = (*scanned, *total);
                }
                return;
            }
            SqlState::Done(table) => {
                self.shown = Some(Shown::new(std::sync::Arc::clone(table)));
                (self.cursor, self.column, self.detail) = (Cursor::default(), Cursor::default(), false);
                self.settle(cx);
            }
            SqlState::Failed(why) => {
                self.wrong = Some(why.clone());
                // The mistake is in what was typed: on with that.
                self.typing = self.visible.then_some(Typing::Statement);
            }
            SqlState::Cancelled => self.wrong = Some("stopped".into()),
        }
        self.running = None;
    }

    /// The form in force: a chart needs numbers.
    pub(super) fn form(&self) -> Form {
        let numbers = self.shown.as_ref().is_some_and(|s| chart::value_column(s, self.column.at).is_some());
        if numbers { self.form } else { Form::Table }
    }

    fn settle(&mut self, cx: &PaneCx<'_>) {
        if let Some(shown) = &self.shown {
            self.cursor.settle(shown.len(), view::list_height(cx));
            self.column.top = view::first_column(shown, self.column, cx.size.width);
        }
    }

    fn move_column(&mut self, by: isize, cx: &PaneCx<'_>) {
        let columns = self.shown.as_ref().map_or(0, |s| s.data.columns.len());
        self.column.at = self.column.at.saturating_add_signed(by).min(columns.saturating_sub(1));
        self.settle(cx);
    }

    fn copy(&self, whole: bool) -> Vec<Effect> {
        let Some(shown) = self.shown.as_ref().filter(|s| s.len() > 0) else {
            return vec![Effect::warn("There is nothing to copy yet")];
        };
        let row = shown.row(self.cursor.at);
        if whole {
            return vec![Effect::Copy { text: export::object(&shown.data.columns, row), what: "row".into() }];
        }
        let text = row.get(self.column.at).map(ToString::to_string).unwrap_or_default();
        vec![Effect::Copy { text, what: "value".into() }]
    }

    fn next_form(&mut self) -> Vec<Effect> {
        let Some(shown) = &self.shown else { return Vec::new() };
        if chart::value_column(shown, self.column.at).is_none() {
            return vec![Effect::warn("A chart needs a column of numbers; add count(*) or another number")];
        }
        self.form = self.form.next();
        Vec::new()
    }
}

impl Pane for State {
    fn context(&self) -> Context {
        if self.typing.is_some() { Context::Input } else { Context::Sql }
    }

    fn enter(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.visible = true;
        self.settle(cx);
        Vec::new()
    }

    fn leave(&mut self) {
        self.visible = false;
        self.close();
    }

    fn go(&mut self, to: &Goto, cx: &PaneCx<'_>) -> Vec<Effect> {
        match to {
            Goto::Statement(text) => {
                self.statement.set(text.as_str());
                return self.submit(Typing::Statement, cx);
            }
            Goto::Prompt if self.visible || self.shown.is_none() => self.open(Typing::Statement),
            Goto::History(statements) => {
                for text in statements {
                    self.statement.set(text.as_str());
                    self.statement.remember();
                }
                self.statement.set("");
            }
            _ => {}
        }
        Vec::new()
    }

    fn update(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        if let Some(what) = self.typing {
            return self.typed(what, action, cx);
        }
        let rows = self.shown.as_ref().map_or(0, Shown::len);
        match action {
            Action::Back if self.running.is_some() => return vec![Effect::Send(Request::CancelSql)],
            Action::Back if self.detail => self.detail = false,
            Action::Back if self.wrong.is_some() => self.wrong = None,
            Action::Back => return vec![Effect::Back],
            Action::Edit | Action::Filter => self.open(Typing::Statement),
            Action::Open if rows == 0 => self.open(Typing::Statement),
            Action::Open => self.detail = !self.detail,
            Action::Left => self.move_column(-1, cx),
            Action::Right => self.move_column(1, cx),
            Action::NextView => return self.next_form(),
            Action::SortColumn => {
                if let Some(shown) = &mut self.shown {
                    shown.sort(self.column.at);
                    self.cursor = Cursor::default();
                }
            }
            Action::Ask => return vec![Effect::AskAbout(ChatScope::All)],
            Action::Copy => return self.copy(false),
            Action::CopyRow => return self.copy(true),
            Action::SaveResult if rows == 0 => return vec![Effect::warn("There is no result to save yet")],
            Action::SaveResult => self.open(Typing::File),
            a => {
                self.cursor.moved(a, rows, view::list_height(cx));
            }
        }
        Vec::new()
    }

    fn on_key(&mut self, key: KeyEvent, cx: &PaneCx<'_>) -> Vec<Effect> {
        if let Some(what) = self.typing
            && self.edit(what).on_key(key)
        {
            self.wrong = None;
            self.offer(cx);
        }
        Vec::new()
    }

    fn on_paste(&mut self, text: &str, _: &PaneCx<'_>) -> Vec<Effect> {
        if let Some(what) = self.typing {
            self.edit(what).insert(text);
            self.suggest.clear();
        }
        Vec::new()
    }

    fn on_event(&mut self, event: &Event, cx: &PaneCx<'_>) -> Vec<Effect> {
        if let Event::Sql(answer) = event {
            self.answer(answer, cx);
        }
        Vec::new()
    }

    fn on_resize(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        self.settle(cx);
        Vec::new()
    }

    fn cancel(&mut self, _: &PaneCx<'_>) -> Option<Vec<Effect>> {
        self.running.map(|_| vec![Effect::Send(Request::CancelSql)])
    }

    fn hints(&self, _: &PaneCx<'_>) -> Vec<Action> {
        if self.typing.is_some() {
            return vec![Action::Submit, Action::Complete, Action::Back];
        }
        if self.running.is_some() {
            return vec![Action::Cancel, Action::Help];
        }
        if self.shown.is_none() {
            return vec![Action::Edit, Action::Palette, Action::Help];
        }
        vec![
            Action::Edit,
            Action::SortColumn,
            Action::NextView,
            Action::Open,
            Action::Copy,
            Action::SaveResult,
            Action::Help,
        ]
    }

    fn view(&self, frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>) {
        view::draw(frame, area, cx, self);
    }
}

/// Names that begin as the word before the cursor.
fn suggestions(text: &str, cursor: usize, words: &[(String, String)]) -> Vec<Suggestion> {
    let Some(before) = text.get(..cursor) else { return Vec::new() };
    let start = before
        .rfind(|c: char| !c.is_alphanumeric() && c != '_')
        .map_or(0, |i| i + before[i..].chars().next().map_or(1, char::len_utf8));
    // Within quotes nothing is a name.
    if start == cursor || before.matches('\'').count() % 2 == 1 {
        return Vec::new();
    }
    let typed = before[start..].to_lowercase();
    let fits = |w: &&(String, String)| w.0.starts_with(&typed) && w.0 != typed;
    let one =
        |(word, about): &(String, String)| Suggestion { at: start..cursor, text: word.clone(), about: about.clone() };
    words.iter().filter(fits).map(one).collect()
}
