//! A list over the records to choose from by typing: bookmarks, saved filters. Enter takes, a key removes, Esc closes.

use super::columns::Column;
use super::state::State;
use crate::tui::action::{Action, Context};
use crate::tui::effect::Effect;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::lineedit::LineEdit;
use crate::tui::widgets::popup::{self, PopupStyle};
use crate::tui::widgets::scroll::Cursor;
use crate::tui::widgets::text;
use aiobs_types::RecordId;
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

/// Records whose fields are listed.
const FIELDS_OF: usize = 200;
/// Longer texts are not taken apart for them, bytes.
const LONG: usize = 64 * 1024;

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bookmarks,
    Filters,
    Columns,
}

/// What an entry stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Record(RecordId),
    Filter(String),
    Column(Column),
}

/// An entry: a name, and what it is about.
#[derive(Clone, Debug)]
pub(super) struct Item {
    value: Value,
    label: String,
    about: String,
}

/// The open list.
#[derive(Debug)]
pub(super) struct Picker {
    kind: Kind,
    pub(super) input: LineEdit,
    items: Vec<Item>,
    /// Places in `items` of those that fit, best first.
    hits: Vec<usize>,
    cursor: Cursor,
}

impl Picker {
    fn new(kind: Kind, items: Vec<Item>) -> Self {
        let hits = (0..items.len()).collect();
        Self { kind, input: LineEdit::default(), items, hits, cursor: Cursor::default() }
    }

    /// The entries as they are now, each where it was; what is typed stays.
    pub(super) fn renew(&mut self, mut items: Vec<Item>) {
        let was = |item: &Item| self.items.iter().position(|i| i.value == item.value).unwrap_or(usize::MAX);
        items.sort_by_key(was);
        self.set(items);
    }

    /// Other entries; what is typed stays.
    pub(super) fn set(&mut self, items: Vec<Item>) {
        let at = self.cursor.at;
        let chosen = self.chosen().map(|i| i.value.clone());
        self.items = items;
        self.refresh();
        // The entry that was chosen may stand elsewhere now.
        let there = self.hits.iter().position(|i| self.items.get(*i).map(|i| &i.value) == chosen.as_ref());
        self.cursor.at = there.unwrap_or(at).min(self.hits.len().saturating_sub(1));
    }

    /// Finds those that fit what is typed.
    pub(super) fn refresh(&mut self) {
        self.cursor = Cursor::default();
        let typed = self.input.text();
        if typed.trim().is_empty() {
            self.hits = (0..self.items.len()).collect();
            return;
        }
        let mut matcher = Matcher::new(Config::DEFAULT);
        let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
        let mut buf = Vec::new();
        let mut score = |text: &str| pattern.score(Utf32Str::new(text, &mut buf), &mut matcher);
        let mut hits: Vec<(u32, usize)> = (0..)
            .zip(&self.items)
            .filter_map(|(i, item)| Some((score(&format!("{} {}", item.label, item.about))?, i)))
            .collect();
        hits.sort_by_key(|(s, i)| (std::cmp::Reverse(*s), *i));
        self.hits = hits.into_iter().map(|(_, i)| i).collect();
    }

    fn chosen(&self) -> Option<&Item> {
        self.hits.get(self.cursor.at).and_then(|i| self.items.get(*i))
    }
}

impl State {
    /// Opens the list.
    pub(super) fn pick(&mut self, kind: Kind, cx: &PaneCx<'_>) -> Vec<Effect> {
        let items = self.items(kind, cx);
        if items.is_empty() {
            let keys = |a| cx.keys(Context::Logs, a);
            return vec![Effect::info(match kind {
                Kind::Bookmarks => {
                    format!("No bookmarks yet; {} marks a line, {} notes", keys(Action::Bookmark), keys(Action::Note))
                }
                // There are always some.
                Kind::Columns => String::new(),
                Kind::Filters => format!("No saved filters yet; {} saves the one in force", keys(Action::SaveFilter)),
            })];
        }
        self.picker = Some(Picker::new(kind, items));
        Vec::new()
    }

    /// The entries of a list.
    pub(super) fn items(&self, kind: Kind, cx: &PaneCx<'_>) -> Vec<Item> {
        match kind {
            Kind::Bookmarks => {
                let item = |(id, m): (&RecordId, &crate::runtime::events::Marked)| {
                    let line = m.record.message().lines().next().unwrap_or_default().to_owned();
                    let (label, about) = if m.note.is_empty() { (line, String::new()) } else { (m.note.clone(), line) };
                    Item { value: Value::Record(*id), label, about }
                };
                self.bookmarks(cx).into_iter().map(item).collect()
            }
            Kind::Columns => self.column_items(cx),
            Kind::Filters => {
                let item = |(name, filter): &(String, String)| Item {
                    value: Value::Filter(name.clone()),
                    label: name.clone(),
                    about: filter.clone(),
                };
                self.notes.filters.iter().map(item).collect()
            }
        }
    }

    /// The columns that are shown, in their order, and behind them those that may be: what every record has, and the
    /// fields of the records at hand, the most frequent first, each with one of its values.
    fn column_items(&self, cx: &PaneCx<'_>) -> Vec<Item> {
        let mut seen: Vec<(String, String, usize)> = Vec::new();
        for r in self.window.rows.iter().rev().filter(|r| r.text.len() <= LONG).take(FIELDS_OF) {
            for f in (cx.read_fields)(cx.snapshot, r) {
                match seen.iter_mut().find(|(name, ..)| *name == f.name) {
                    Some((_, _, times)) => *times += 1,
                    None => seen.push((f.name, f.value, 1)),
                }
            }
        }
        seen.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.0.cmp(&b.0)));
        let shown = &self.columns.shown;
        let item = |column: &Column| {
            let state = if shown.has(column) { "shown " } else { "hidden" };
            let example = match column {
                Column::Field(name) => seen.iter().find(|(n, ..)| n == name).map_or("", |(_, value, _)| value.as_str()),
                _ => "",
            };
            let example = example.lines().next().unwrap_or_default();
            let about = if example.is_empty() { state.to_owned() } else { format!("{state}   such as {example}") };
            Item { value: Value::Column(column.clone()), label: column.name().to_owned(), about }
        };
        let fields = seen.iter().map(|(name, ..)| Column::Field(name.clone()));
        shown.with(Column::ALWAYS.into_iter().chain(fields)).iter().map(item).collect()
    }

    /// An action while the list is open.
    pub(super) fn picked(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        let height = seen(cx);
        let Some(picker) = &mut self.picker else { return Vec::new() };
        let chosen = picker.chosen().map(|i| i.value.clone());
        match action {
            Action::Back => self.picker = None,
            Action::Submit => {
                // Columns are chosen one after the other, and any name may be a field.
                if picker.kind == Kind::Columns {
                    let typed = picker.input.text().trim().to_owned();
                    let named = chosen.is_none() && !typed.is_empty();
                    let chosen = chosen.or_else(|| named.then_some(Value::Column(Column::Field(typed))));
                    return chosen.map(|v| self.choose(v, cx)).unwrap_or_default();
                }
                self.picker = None;
                return chosen.map(|v| self.choose(v, cx)).unwrap_or_default();
            }
            Action::Remove => return chosen.map(|v| self.forget(&v, cx)).unwrap_or_default(),
            Action::Earlier | Action::Later => {
                let Some(Value::Column(column)) = chosen else { return Vec::new() };
                return self.shift_column(&column, action == Action::Earlier, cx);
            }
            Action::DeleteAll => {
                picker.input.set("");
                picker.refresh();
            }
            other => {
                picker.cursor.moved(other, picker.hits.len(), height);
            }
        }
        Vec::new()
    }
}

/// Entries seen at once.
fn seen(cx: &PaneCx<'_>) -> usize {
    usize::from(cx.size.height.saturating_sub(7)).clamp(1, 14)
}

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    let Some(picker) = &state.picker else { return };
    let seen = seen(cx).min(picker.items.len().max(3));
    let place = popup::centered(area, area.width.saturating_sub(4).min(110), seen as u16 + 4);
    let style = PopupStyle {
        body: cx.style(Role::Popup),
        title: cx.style(Role::PopupTitle),
        border: cx.style(Role::PopupBorder),
    };
    let title = match picker.kind {
        Kind::Bookmarks => "Bookmarks",
        Kind::Filters => "Saved filters",
        Kind::Columns => "Columns",
    };
    let inner = popup::open(frame, place, title, style, cx.glyphs);
    let width = usize::from(inner.width);
    let (typed, at) = picker.input.view(width.saturating_sub(2), cx.style(Role::Input), cx.glyphs.ellipsis);
    let prompt = Line::from(vec![Span::styled("> ", cx.style(Role::Key)), typed]);
    frame.render_widget(prompt, Rect { height: 1, ..inner });
    frame.set_cursor_position(Position::new(inner.x + 2 + at, inner.y));
    let keys = |a| cx.keys(Context::Input, a);
    let (submit, remove, back) = (keys(Action::Submit), keys(Action::Remove), keys(Action::Back));
    let help = match picker.kind {
        Kind::Bookmarks => format!("{submit} goes there   {remove} removes   {back} closes"),
        Kind::Filters => format!("{submit} sets it   {remove} removes   {back} closes"),
        Kind::Columns => {
            let (earlier, later) = (keys(Action::Earlier), keys(Action::Later));
            format!("{submit} shows or hides   {earlier} {later} move it   {back} closes")
        }
    };
    let foot = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner };
    frame.render_widget(Line::styled(help, cx.style(Role::Dim).patch(style.body)), foot);
    let widest = picker.items.iter().filter(|i| !i.about.is_empty()).map(|i| text::width(&text::safe(&i.label))).max();
    let label_width = widest.unwrap_or(width).min(width * 2 / 5);
    for (row, i) in picker.cursor.visible(picker.hits.len(), seen).enumerate() {
        let Some(item) = picker.hits.get(i).and_then(|i| picker.items.get(*i)) else { continue };
        let selected = i == picker.cursor.at;
        let base = cx.style(if selected { Role::Selection } else { Role::Popup });
        let dim = if selected { base } else { cx.style(Role::Dim).patch(style.body) };
        let mark = if selected { cx.glyphs.cursor } else { " " };
        let label = text::safe_for(&item.label, cx.glyphs.ascii);
        let cells = if item.about.is_empty() { width.saturating_sub(2) } else { label_width };
        let spans = vec![
            Span::styled(format!("{mark} {}", text::fit(&label, cells, cx.glyphs.ellipsis)), base),
            Span::styled(
                text::fit(
                    &format!("  {}", text::safe_for(&item.about, cx.glyphs.ascii)),
                    width.saturating_sub(cells + 2),
                    cx.glyphs.ellipsis,
                ),
                dim,
            ),
        ];
        frame.render_widget(Line::from(spans), Rect { y: inner.y + 1 + row as u16, height: 1, ..inner });
    }
    if picker.hits.is_empty() {
        let said = match picker.kind {
            Kind::Columns => format!("no field seen is called so; {submit} shows it as a column all the same"),
            _ => "none fits what is typed".to_owned(),
        };
        let none = Line::styled(said, cx.style(Role::Faint).patch(style.body));
        frame.render_widget(none, Rect { y: inner.y + 1, height: 1, ..inner });
    }
}
