//! What stands in the columns before the message, and how wide they are. Values of fields are read once, when their
//! record comes into the window.

use super::columns::Column;
use super::state::State;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::text;
use aiobs_types::{FieldKey, LogRecord, RecordId};
use ratatui::text::{Line, Span};
use std::collections::HashMap;

/// Longer texts are not taken apart for their columns, bytes: the screen must not wait.
const LONGEST: usize = 64 * 1024;
/// Characters kept of a value.
const VALUE: usize = 80;
/// Cells that are left for the message before fields are left out.
const MESSAGE: usize = 24;

/// The values of the fields that are columns.
#[derive(Debug, Default)]
pub(super) struct Cells {
    names: Vec<String>,
    /// Formats of the sources when they were read.
    formats: Vec<Option<String>>,
    of: HashMap<RecordId, Vec<String>>,
}

impl State {
    /// Reads the values of the columns for the records at hand.
    pub(super) fn read_cells(&mut self, cx: &PaneCx<'_>) {
        let names: Vec<String> = self.columns.shown.fields().map(str::to_owned).collect();
        if names.is_empty() {
            self.cells = Cells::default();
            return;
        }
        let formats: Vec<Option<String>> = cx.snapshot.sources.iter().map(|s| s.info.format.clone()).collect();
        let old = std::mem::take(&mut self.cells);
        let mut known = if old.names == names && old.formats == formats { old.of } else { HashMap::new() };
        let keys: Vec<FieldKey> = names.iter().map(|n| FieldKey::new(n)).collect();
        let mut of = HashMap::with_capacity(self.window.rows.len());
        for r in &self.window.rows {
            of.insert(r.id, known.remove(&r.id).unwrap_or_else(|| values(r, &keys, cx)));
        }
        self.cells = Cells { names, formats, of };
    }
}

/// What a record has under these names; empty texts for what it does not have.
fn values(r: &LogRecord, keys: &[FieldKey], cx: &PaneCx<'_>) -> Vec<String> {
    if r.text.len() > LONGEST {
        return vec![String::new(); keys.len()];
    }
    let fields = (cx.read_fields)(cx.snapshot, r);
    let value = |key: &FieldKey| {
        let whole = fields.iter().find(|f| f.name == key.name());
        let found = whole.or_else(|| fields.iter().find(|f| key.fits(&f.name)));
        found.map_or_else(String::new, |f| {
            let start: String = f.value.lines().next().unwrap_or_default().chars().take(VALUE).collect();
            text::safe_for(&start, cx.glyphs.ascii).into_owned()
        })
    };
    keys.iter().map(value).collect()
}

/// A column that there is room for.
struct Cell {
    column: Column,
    /// Which of the fields it is.
    field: usize,
    width: usize,
    /// Blank cells behind it.
    gap: usize,
    /// Numbers stand at the right.
    right: bool,
}

/// The columns that there is room for, from left to right.
pub(super) struct Layout(Vec<Cell>);

impl Layout {
    pub(super) fn new(state: &State, cx: &PaneCx<'_>, width: usize) -> Self {
        let rows = &state.window.rows;
        let columns = &state.columns.shown;
        let most = if width >= 120 { 20 } else { 12 };
        let widest = |of: &dyn Fn(&LogRecord) -> usize| rows.iter().map(of).max().unwrap_or(0).min(most);
        let mut field = 0;
        let mut cells = Vec::new();
        for column in columns.iter() {
            let (mut right, mut gap) = (false, 2);
            // Where names stand over the columns they must be seen, also when there is no value yet.
            let named = if columns.has_fields() { text::width(column.name()).min(most) } else { 0 };
            let cells_of = match column {
                Column::Time => {
                    gap = 1;
                    // Fields need the room more than milliseconds do.
                    if width >= if columns.has_fields() { 100 } else { 76 } { 12 } else { 8 }
                }
                Column::Level => {
                    gap = 1;
                    1
                }
                Column::Source if width >= 64 => widest(&|r| text::width(source_of(r, cx))).max(named),
                Column::Component if width >= 64 => widest(&|r| text::width(&r.component)).max(named),
                Column::Source | Column::Component => 0,
                Column::Field(_) => {
                    let value = |r: &LogRecord| state.cells.value(r.id, field);
                    let there = || rows.iter().map(value).filter(|v| !v.is_empty());
                    right = there().all(|v| v.starts_with(|c: char| c.is_ascii_digit() || c == '-'));
                    there().map(text::width).max().unwrap_or(0).min(most + 4).max(named)
                }
            };
            if cells_of > 0 {
                cells.push(Cell { column: column.clone(), field, width: cells_of, gap, right });
            }
            field += usize::from(matches!(column, Column::Field(_)));
        }
        let mut layout = Self(cells);
        while layout.before_message() + MESSAGE > width
            && let Some(last) = layout.0.iter().rposition(|c| matches!(c.column, Column::Field(_)))
        {
            layout.0.remove(last);
        }
        layout
    }

    /// Cells before the message: a margin, and the columns.
    pub(super) fn before_message(&self) -> usize {
        1 + self.0.iter().map(|c| c.width + c.gap).sum::<usize>()
    }

    /// The columns of a record.
    pub(super) fn spans(&self, r: &LogRecord, time_role: Role, cx: &PaneCx<'_>, state: &State) -> Vec<Span<'static>> {
        let ellipsis = cx.glyphs.ellipsis;
        let fitted = |cell: &Cell, value: &str, role: Role| {
            let gap = " ".repeat(cell.gap);
            let cut = text::truncate(value, cell.width, ellipsis);
            let blank = " ".repeat(cell.width.saturating_sub(text::width(&cut)));
            let said = if cell.right { format!("{blank}{cut}{gap}") } else { format!("{cut}{blank}{gap}") };
            Span::styled(said, cx.style(role))
        };
        let safe = |value: &str| text::safe_for(value, cx.glyphs.ascii).into_owned();
        let span = |(i, cell): (usize, &Cell)| match &cell.column {
            Column::Time => {
                let time = if cell.width >= 12 { cx.clock.hms_millis(r.time) } else { cx.clock.hms(r.time) };
                // The blank between the two belongs to the level.
                let gap = usize::from(self.0.get(i + 1).is_none_or(|next| next.column != Column::Level));
                Span::styled(text::fit(&time, cell.width + gap, ""), cx.style(time_role))
            }
            Column::Level => {
                let level = r.severity.level();
                let behind_time = i.checked_sub(1).is_some_and(|before| self.0[before].column == Column::Time);
                let gap = if behind_time { " " } else { "" };
                Span::styled(format!("{gap}{} ", cx.glyphs.level(level)), cx.theme.level(level))
            }
            Column::Source => fitted(cell, &safe(source_of(r, cx)), Role::Dim),
            Column::Component => fitted(cell, &safe(&r.component), Role::Component),
            Column::Field(_) => fitted(cell, state.cells.value(r.id, cell.field), Role::Number),
        };
        self.0.iter().enumerate().map(span).collect()
    }

    /// The names of the columns, over them.
    pub(super) fn head(&self, cx: &PaneCx<'_>) -> Line<'static> {
        let mut said = String::from(" ");
        for cell in &self.0 {
            let name = if cell.column == Column::Level { "" } else { cell.column.name() };
            let name = text::truncate(name, cell.width, cx.glyphs.ellipsis).into_owned();
            let blank = " ".repeat(cell.width.saturating_sub(text::width(&name)));
            said += &if cell.right { blank + &name } else { name + &blank };
            said += &" ".repeat(cell.gap);
        }
        said += "message";
        Line::styled(said, cx.style(Role::Faint))
    }
}

impl Cells {
    fn value(&self, id: RecordId, field: usize) -> &str {
        self.of.get(&id).and_then(|v| v.get(field)).map_or("", String::as_str)
    }
}

/// The last part of the name of a record's source.
fn source_of<'a>(r: &LogRecord, cx: &PaneCx<'a>) -> &'a str {
    let name = cx.snapshot.sources.iter().find(|s| s.info.id == r.source).map_or("", |s| s.info.name.as_str());
    name.rsplit('/').next().unwrap_or(name)
}
