//! Draws the SQL pane: the statement and how it stands, then the result.

use super::chart::{self, Form};
use super::empty;
use super::state::{State, Typing};
use super::table::{Shown, cell};
use crate::tui::format;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::scroll::{self, Cursor};
use crate::tui::widgets::suggest::SuggestStyle;
use crate::tui::widgets::text;
use aiobs_types::{Level, SqlValue};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

/// Rows around the list: the statement, the heading, the value under the cursor.
const AROUND: u16 = 3;
/// Cells between columns.
const GAP: usize = 2;

/// Rows the list has.
pub(super) fn list_height(cx: &PaneCx<'_>) -> usize {
    usize::from(cx.size.height.saturating_sub(AROUND)).max(1)
}

/// The first column to show so that the one under the cursor is seen.
pub(super) fn first_column(shown: &Shown, column: Cursor, width: u16) -> usize {
    let mut first = column.top.min(column.at);
    let room = usize::from(width.saturating_sub(2));
    let cells = |from: usize| -> usize { shown.widths[from..=column.at].iter().map(|w| w + GAP).sum() };
    while first < column.at && column.at < shown.widths.len() && cells(first) > room {
        first += 1;
    }
    first
}

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    if area.height == 0 {
        return;
    }
    let head = Rect { height: 1, ..area };
    let prompt = statement(frame, head, cx, state);
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    match &state.shown {
        None if state.running.is_some() => {}
        None => empty::draw(frame, body, cx),
        Some(shown) if state.detail => detail(frame, body, cx, state, shown),
        Some(shown) => result(frame, body, cx, state, shown),
    }
    wrong(frame, body, cx, state, prompt);
    if state.typing == Some(Typing::Statement) && state.wrong.is_none() {
        let style = SuggestStyle {
            body: cx.style(Role::Popup),
            chosen: cx.style(Role::Selection),
            about: cx.style(Role::Dim).patch(cx.style(Role::Popup)),
        };
        let column = state.statement.view(usize::from(area.width.saturating_sub(prompt)), style.body, "").1;
        state.suggest.draw(frame, body, prompt + column, style, cx.glyphs);
    }
}

/// The statement or the name of a file, and at the right how the statement stands. Returns the cells of the prompt.
fn statement(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) -> u16 {
    let right = standing(cx, state);
    let right_width = right.iter().map(|s| text::width(&s.content)).sum::<usize>().min(usize::from(area.width)) as u16;
    let left = Rect { width: area.width.saturating_sub(right_width + 1), ..area };
    let (word, edit) = match state.typing {
        Some(Typing::File) => (" save as: ", &state.file),
        _ => (" sql: ", &state.statement),
    };
    let at = word.len() as u16;
    let room = usize::from(left.width.saturating_sub(at));
    let role = match (state.typing, &state.wrong) {
        (Some(_), Some(_)) => Role::InputError,
        (Some(_), None) => Role::Input,
        (None, _) => Role::Code,
    };
    let (mut typed, cursor) = edit.view(room, cx.style(role), cx.glyphs.ellipsis);
    if state.typing.is_none() {
        // Nobody types at its end: its beginning says more.
        let safe = text::safe_for(edit.text(), cx.glyphs.ascii);
        typed = Span::styled(text::truncate(&safe, room, cx.glyphs.ellipsis).into_owned(), cx.style(role));
    }
    frame.render_widget(Line::from(vec![Span::styled(word, cx.style(Role::Key)), typed]), left);
    if state.typing.is_some() {
        frame.set_cursor_position(Position::new(left.x + at + cursor, left.y));
    }
    let at_right = Rect { x: area.right() - right_width, width: right_width, ..area };
    frame.render_widget(Line::from(right), at_right);
    at
}

fn standing(cx: &PaneCx<'_>, state: &State) -> Vec<Span<'static>> {
    if let Some(running) = state.running {
        let seconds = format::seconds(cx.clock.now.since(running.since).max(0) as f64 / 1e9);
        let said = if running.total > 0 {
            let share = (running.scanned as f64 / running.total as f64).min(1.0);
            format!("reading {:.0} % {}  {seconds} ", share * 100.0, cx.glyphs.progress_bar(share, 5))
        } else {
            format!("running  {seconds} ")
        };
        return vec![Span::styled(said, cx.style(Role::Progress))];
    }
    let Some(shown) = &state.shown else { return Vec::new() };
    let more = if shown.data.cut { "first " } else { "" };
    let rows = format::plural(shown.len() as u64, "row");
    let took = format::seconds(shown.data.took.as_secs_f64());
    vec![
        Span::styled(format!("{more}{rows}"), cx.style(Role::Number)),
        Span::styled(format!("  {took} "), cx.style(Role::Dim)),
    ]
}

/// What is wrong, under the statement, with a mark where it is when that can be seen.
fn wrong(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State, prompt: u16) {
    let Some(wrong) = &state.wrong else { return };
    let said = format!("{} {}", cx.glyphs.level(Level::Error), text::safe_for(wrong, cx.glyphs.ascii));
    let mut rows = Vec::new();
    let place = wrong.strip_prefix("column ").and_then(|w| w.split(':').next()?.parse::<u16>().ok());
    if let Some(column) = place.filter(|c| state.typing.is_some() && prompt + c < area.width.saturating_sub(24)) {
        rows.push(format!("{}{}", " ".repeat(usize::from(prompt + column) - 1), cx.glyphs.caret));
    }
    let width = usize::from(area.width.saturating_sub(2)).max(1);
    rows.extend(text::wrap(&said, width).into_iter().take(4).map(|part| format!(" {part}")));
    for (y, row) in (area.top()..area.bottom()).zip(rows) {
        let at = Rect { y, height: 1, ..area };
        frame.render_widget(ratatui::widgets::Clear, at);
        frame.buffer_mut().set_style(at, cx.style(Role::Popup));
        frame.render_widget(Line::styled(row, cx.style(Role::Error)), at);
    }
}

fn result(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State, shown: &Shown) {
    if shown.len() == 0 {
        let said =
            Line::styled(" No rows. The statement is right, nothing in the archive answers it.", cx.style(Role::Dim));
        if area.height > 1 {
            frame.render_widget(said, Rect { y: area.y + 1, height: 1, ..area });
        }
        return;
    }
    let Some(value) = chart::value_column(shown, state.column.at).filter(|_| state.form() != Form::Table) else {
        return table(frame, area, cx, state, shown);
    };
    let name = text::safe_for(&shown.data.columns[value], cx.glyphs.ascii).into_owned();
    frame.render_widget(Line::styled(format!(" {name}"), cx.style(Role::Title)), Rect { height: 1, ..area });
    let inner = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if state.form() == Form::Line {
        return chart::line(frame, inner, cx, shown, value);
    }
    let seen = state.cursor.visible(shown.len(), usize::from(inner.height));
    chart::bars(frame, inner, cx, shown, value, (seen.start, state.cursor.at));
}

fn table(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State, shown: &Shown) {
    let columns = visible_columns(shown, state.column.top, area.width);
    let mut spans = vec![Span::raw(" ")];
    for &(i, width) in &columns {
        let mark = match shown.sorted {
            Some((c, true)) if c == i => {
                if cx.glyphs.ascii {
                    " v"
                } else {
                    " ↓"
                }
            }
            Some((c, false)) if c == i => {
                if cx.glyphs.ascii {
                    " ^"
                } else {
                    " ↑"
                }
            }
            _ => "",
        };
        let name = format!("{}{mark}", text::safe_for(&shown.data.columns[i], cx.glyphs.ascii));
        let fit = if shown.numbers[i] { text::fit_right } else { text::fit };
        let role = if i == state.column.at { Role::TabActive } else { Role::Title };
        spans.push(Span::styled(fit(&name, width, cx.glyphs.ellipsis), cx.style(role)));
        spans.push(Span::raw(" ".repeat(GAP)));
    }
    frame.render_widget(Line::from(spans), Rect { height: 1, ..area });
    let list = Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..area };
    let seen = state.cursor.visible(shown.len(), usize::from(list.height));
    for (y, n) in (list.top()..list.bottom()).zip(seen.clone()) {
        let at = Rect { y, height: 1, width: list.width.saturating_sub(1), ..list };
        let selected = n == state.cursor.at;
        if selected {
            frame.buffer_mut().set_style(at, cx.style(Role::Selection));
        }
        let mut spans = vec![Span::raw(" ")];
        for &(i, width) in &columns {
            let value = shown.row(n).get(i).unwrap_or(&SqlValue::Null);
            let fit = if shown.numbers[i] { text::fit_right } else { text::fit };
            let role = if selected { Role::Selection } else { role_of(value, &shown.data.columns[i]) };
            let text = text::safe_for(&cell(value), cx.glyphs.ascii).into_owned();
            spans.push(Span::styled(fit(&text, width, cx.glyphs.ellipsis), cx.style(role)));
            spans.push(Span::raw(" ".repeat(GAP)));
        }
        frame.render_widget(Line::from(spans), at);
    }
    let bar = Rect { x: list.right().saturating_sub(1), width: 1, ..list };
    let (rail, thumb) = (cx.style(Role::Scrollbar), cx.style(Role::ScrollbarThumb));
    let place = (seen.start as u64, seen.len() as u64, shown.len() as u64);
    scroll::scrollbar(frame, bar, place, cx.glyphs, rail, thumb);
    if area.height > 2 {
        let value = shown.row(state.cursor.at).get(state.column.at).map(cell).unwrap_or_default();
        let name = text::safe_for(&shown.data.columns[state.column.at], cx.glyphs.ascii).into_owned();
        let spans = vec![
            Span::styled(format!(" {name}  "), cx.style(Role::FieldName)),
            Span::styled(text::safe_for(&value, cx.glyphs.ascii).into_owned(), cx.style(Role::FieldValue)),
        ];
        let line: Line<'_> = text::truncate_line(spans, usize::from(area.width), cx.glyphs.ellipsis);
        frame.render_widget(line, Rect { y: area.bottom() - 1, height: 1, ..area });
    }
}

/// Columns from `first` on that fit, with their cells; the last one may be cut.
fn visible_columns(shown: &Shown, first: usize, width: u16) -> Vec<(usize, usize)> {
    let mut room = usize::from(width).saturating_sub(2);
    let mut out = Vec::new();
    for (i, wanted) in shown.widths.iter().enumerate().skip(first) {
        if room < 4 {
            break;
        }
        // The last column of all uses what is left.
        let last = i + 1 == shown.widths.len();
        let cells = if last && !shown.numbers[i] { room } else { (*wanted).min(room) };
        out.push((i, cells));
        room = room.saturating_sub(cells + GAP);
    }
    out
}

fn role_of(value: &SqlValue, column: &str) -> Role {
    match value {
        SqlValue::Int(_) | SqlValue::Real(_) => Role::Number,
        SqlValue::Null => Role::Dim,
        SqlValue::Text(word) if column == "level" => match Level::parse(word) {
            Some(Level::Fatal) => Role::Fatal,
            Some(Level::Error) => Role::Error,
            Some(Level::Warn) => Role::Warn,
            Some(Level::Info) => Role::Info,
            _ => Role::Debug,
        },
        _ if column.starts_with("time") => Role::Time,
        _ => Role::Text,
    }
}

/// The row under the cursor, value by value.
fn detail(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State, shown: &Shown) {
    let names = shown.data.columns.iter().map(|c| text::width(c)).max().unwrap_or(0).min(24);
    let room = usize::from(area.width).saturating_sub(names + 4).max(8);
    let mut y = area.y;
    let head = format!(" row {} of {}", format::count(state.cursor.at as u64 + 1), format::count(shown.len() as u64));
    frame.render_widget(Line::styled(head, cx.style(Role::Title)), Rect { height: 1, ..area });
    for (i, (name, value)) in shown.data.columns.iter().zip(shown.row(state.cursor.at)).enumerate() {
        let role = if i == state.column.at { Role::TabActive } else { Role::FieldName };
        let said = text::safe_for(&cell(value), cx.glyphs.ascii).into_owned();
        for (k, part) in text::wrap(&said, room).into_iter().take(12).enumerate() {
            y += 1;
            if y >= area.bottom() {
                return;
            }
            let name = if k == 0 { text::safe_for(name, cx.glyphs.ascii).into_owned() } else { String::new() };
            let spans = vec![
                Span::raw(" "),
                Span::styled(text::fit(&name, names, cx.glyphs.ellipsis), cx.style(role)),
                Span::raw("  "),
                Span::styled(part.to_owned(), cx.style(role_of(value, &shown.data.columns[i]))),
            ];
            frame.render_widget(Line::from(spans), Rect { y, height: 1, ..area });
        }
    }
}
