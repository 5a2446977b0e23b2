//! The line over the records: the filter, what is being typed, how many match, how far a scan has come.

use super::state::State;
use super::{breaks, order, view};
use crate::tui::action::{Action, Context};
use crate::tui::format;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::suggest::SuggestStyle;
use crate::tui::widgets::{spark, text};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    let right = numbers(area.width, cx, state);
    let right_width = right.iter().map(|s| text::width(&s.content)).sum::<usize>().min(usize::from(area.width));
    let left = Rect { width: area.width.saturating_sub(right_width as u16 + 2), ..area };
    if let Some(what) = state.typing {
        let prompt = format!(" {}: ", what.prompt());
        let at = prompt.len() as u16;
        let role = if state.wrong.is_some() { Role::InputError } else { Role::Input };
        let room = usize::from(left.width.saturating_sub(at));
        let (typed, cursor) = state.edits[what as usize].view(room, cx.style(role), cx.glyphs.ellipsis);
        frame.render_widget(Line::from(vec![Span::styled(prompt, cx.style(Role::Key)), typed]), left);
        frame.set_cursor_position(Position::new(left.x + at + cursor, left.y));
    } else {
        let mut spans = vec![Span::raw(" ")];
        if state.filter.is_empty() {
            let said = format!("all records   {} narrows down", cx.keys(Context::Logs, Action::Filter));
            spans.push(Span::styled(said, cx.style(Role::Faint)));
        } else {
            spans.push(Span::styled(format!(" {} ", text::safe(&state.filter)), cx.style(Role::Chip)));
        }
        if let Some(find) = &state.find {
            spans.push(Span::styled("   find ", cx.style(Role::Dim)));
            spans.push(Span::styled(text::safe(&find.pattern).into_owned(), cx.style(Role::Match)));
        }
        frame.render_widget(text::truncate_line(spans, usize::from(left.width), cx.glyphs.ellipsis), left);
    }
    let at = Rect { x: area.right() - right_width as u16, width: right_width as u16, ..area };
    frame.render_widget(Line::from(right), at);
}

/// What may follow what is being typed, under it.
pub(super) fn suggestions(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    let Some(what) = state.typing else { return };
    let style = SuggestStyle {
        body: cx.style(Role::Popup),
        chosen: cx.style(Role::Selection),
        about: cx.style(Role::Dim).patch(cx.style(Role::Popup)),
    };
    let prompt = what.prompt().len() as u16 + 3;
    let room = usize::from(area.width.saturating_sub(prompt));
    let (_, cursor) = state.edits[what as usize].view(room, style.body, cx.glyphs.ellipsis);
    state.suggest.draw(frame, area, prompt + cursor, style, cx.glyphs);
}

/// What is wrong with what is being typed, under it: a mark where it is wrong, and why.
pub(super) fn wrong(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    let (Some(wrong), Some(what)) = (&state.wrong, state.typing) else { return };
    let glyph = cx.glyphs.level(aiobs_types::Level::Error);
    let said = format!("{glyph} {}", text::safe(wrong));
    let width = usize::from(area.width.saturating_sub(2));
    let mut y = area.y;
    let mut row = |line: Line<'static>| {
        if y < area.bottom() {
            let at = Rect { y, height: 1, ..area };
            frame.render_widget(Clear, at);
            frame.buffer_mut().set_style(at, cx.style(Role::Popup));
            frame.render_widget(line, at);
        }
        y += 1;
    };
    // Only where the whole of what was typed is seen does a column on screen mean a character.
    let typed = state.edits[what as usize].text();
    let prompt = what.prompt().len() + 3;
    if let Some(column) = column_of(wrong).filter(|c| *c <= typed.chars().count() + 1 && prompt + c < width / 2) {
        let before = text::width(&typed.chars().take(column - 1).collect::<String>());
        let mark = format!("{}{}", " ".repeat(prompt + before), cx.glyphs.caret);
        row(Line::styled(mark, cx.style(Role::Error)));
    }
    for part in text::wrap(&said, width).into_iter().take(3) {
        row(Line::styled(format!(" {part}"), cx.style(Role::Error)));
    }
}

/// The column (from 1) that a message names.
fn column_of(message: &str) -> Option<usize> {
    let after = message.split("column ").nth(1)?;
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().filter(|c| *c > 0)
}

fn numbers(width: u16, cx: &PaneCx<'_>, state: &State) -> Vec<Span<'static>> {
    let w = &state.window;
    let mut spans = Vec::new();
    if state.asked.is_some() && !w.done && w.archive > 0 {
        let share = w.scanned as f64 / w.archive.max(1) as f64;
        let said = format!("scanning {:.0} % {}  ", share * 100.0, cx.glyphs.progress_bar(share, 5));
        spans.push(Span::styled(said, cx.style(Role::Progress)));
    }
    let reading = breaks::reading(cx).filter(|_| w.unstored > 0);
    if let Some(said) = &reading {
        spans.push(Span::styled(format!("{said}   "), cx.style(Role::Progress)));
    }
    spans.extend(breaks::left_out(cx).map(|said| Span::styled(format!("{said}   "), cx.style(Role::Warn))));
    spans.extend(order::said(state, width, cx));
    if let Some(c) = &state.collecting {
        let share = c.progress.0 as f64 / c.progress.1.max(1) as f64;
        let said = format!("collecting {:.0} %  ", share.min(1.0) * 100.0);
        spans.push(Span::styled(said, cx.style(Role::Progress)));
    }
    if let Some(range) = state.range() {
        let seen = w.rows.iter().filter(|r| range.has(r)).count() as u64;
        spans.push(Span::styled(format!("{} selected   ", format::count(seen)), cx.style(Role::Strong)));
    }
    // The archive grows while nothing is asked.
    let archive = w.archive.max(cx.snapshot.totals.records);
    let counts = if state.query.is_all() {
        format::count(archive)
    } else {
        // A scan that was stopped knows only a part.
        let more = if w.done || state.asked.is_some() { "" } else { "+" };
        format!("{}{more} of {}", format::count(w.total.saturating_sub(w.unstored)), format::count(archive))
    };
    spans.push(Span::styled(counts, cx.style(Role::Number)));
    // The trend is that of all records: beside a filter it would mislead.
    if width >= 100 && state.query.is_all() {
        let rates = &cx.snapshot.rates.all;
        let trend = spark::sparkline(rates, 12.min(rates.len()), cx.glyphs);
        spans.push(Span::styled(format!("   {trend}"), cx.style(Role::Spark)));
    }
    let below = w.rows.get(w.top..).unwrap_or_default();
    let seen = &below[..view::list_height(state, cx).min(below.len())];
    if let (Some(first), Some(last), true) =
        (seen.first(), seen.last(), width >= if reading.is_some() { 100 } else { 76 })
    {
        let (from, to) = (cx.clock.hms(first.time), cx.clock.hms(last.time));
        let date = if cx.clock.date(first.time) == cx.clock.date(cx.clock.now) {
            String::new()
        } else {
            format!("{} ", cx.clock.date(first.time))
        };
        let said = if from == to { from } else { format!("{from}{}{to}", cx.glyphs.dash) };
        spans.push(Span::styled(format!("   {date}{said}"), cx.style(Role::Time)));
    }
    spans.push(Span::raw(" "));
    spans
}
