//! Draws the Charts pane: a grid of charts, or one of them.

use super::kind::Kind;
use super::state::State;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::plot::{Curve, LETTERS, Plot, nice_top};
use crate::tui::widgets::text;
use aiobs_types::Timestamp;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

/// From this width on all charts fit; under it four share the pane.
const WIDE: u16 = 120;
/// Rows of a chart that has nothing to show.
const BLANK: u16 = 7;
/// Cells of the labels of the value axis.
const AXIS: u16 = 7;

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    if state.zoomed {
        return chart(frame, area, cx, state, state.kind());
    }
    for (kind, cell) in grid(area, state) {
        chart(frame, cell, cx, state, kind);
    }
}

/// Where each chart goes: two rows; two and three, or two and two with the focused one among them.
fn grid(area: Rect, state: &State) -> Vec<(Kind, Rect)> {
    let all = Kind::ALL;
    let rows: Vec<&[Kind]> = if area.width >= WIDE {
        vec![&all[..2], &all[2..]]
    } else {
        let from = state.focus.saturating_sub(3).min(all.len() - 4);
        vec![&all[from..from + 2], &all[from + 2..from + 4]]
    };
    // Charts with nothing to show need only the room to say why.
    let blank = |row: &[Kind]| row.iter().all(|k| k.series(&state.data).iter().all(|s| s.points.is_empty()));
    let half = match (blank(rows[0]), blank(rows[1])) {
        (false, true) if area.height > 2 * BLANK => area.height - BLANK,
        _ => area.height / 2,
    };
    let mut cells = Vec::new();
    for (r, row) in rows.iter().enumerate() {
        let (y, height) = if r == 0 { (area.y, half) } else { (area.y + half, area.height - half) };
        let n = row.len() as u16;
        for (c, kind) in (0..n).zip(row.iter()) {
            let (from, to) = (area.width * c / n, area.width * (c + 1) / n);
            cells.push((*kind, Rect { x: area.x + from, y, width: to - from, height }));
        }
    }
    cells
}

/// The chart in this cell of the pane.
pub(super) fn chart_at(at: Position, cx: &PaneCx<'_>, state: &State) -> Option<Kind> {
    let area = Rect::from((Position::ORIGIN, cx.size));
    if state.zoomed {
        return Some(state.kind());
    }
    grid(area, state).into_iter().find(|(_, cell)| cell.contains(at)).map(|(kind, _)| kind)
}

fn time(x: f64) -> Timestamp {
    Timestamp((x * 1e9) as i64)
}

fn chart(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State, kind: Kind) {
    // A cell of air to the right, a row below.
    let area = Rect { width: area.width.saturating_sub(1), ..area };
    if area.width < AXIS + 6 || area.height < 5 {
        let title = Line::styled(kind.title(&state.data, area.width < 56), cx.style(Role::Title));
        return frame.render_widget(title, Rect { height: area.height.min(1), ..area });
    }
    let focused = state.kind() == kind;
    let title_role = if focused && !state.zoomed { Role::TabActive } else { Role::Title };
    let title = format!(" {} ", kind.title(&state.data, area.width < 56));
    let series = kind.series(&state.data);
    let xs = || series.iter().flat_map(|s| s.points.iter().map(|p| p.0));
    let (from, to) = (xs().fold(f64::INFINITY, f64::min), xs().fold(f64::NEG_INFINITY, f64::max));
    let head = Rect { height: 1, ..area };
    if from > to {
        frame.render_widget(Line::styled(title, cx.style(title_role)), head);
        return nothing(frame, Rect { y: area.y + 1, height: area.height - 1, ..area }, cx, state, kind);
    }
    let cursor = state.cursor.filter(|_| focused);
    let legend = legend(kind, state, cx, cursor);
    let spans = std::iter::once(Span::styled(title, cx.style(title_role))).chain(legend).collect();
    frame.render_widget(text::truncate_line(spans, area.width as usize, cx.glyphs.ellipsis), head);

    let note = kind == Kind::Drift && !state.data.drift_note.is_empty() && area.height > 7;
    let inner =
        Rect { x: area.x + AXIS, y: area.y + 1, width: area.width - AXIS, height: area.height - 4 - u16::from(note) };
    let highest = series.iter().flat_map(|s| s.points.iter().map(|p| p.1)).fold(0.0, f64::max);
    let threshold = kind.threshold(&state.data);
    let top = nice_top(highest.max(threshold.map_or(0.0, |t| t * 1.2)));
    let roles = kind.roles();
    // Without colours the series' styles are equal.
    let letters = series.len() > 1 && cx.style(roles[0]) == cx.style(roles[1]);
    let plot = Plot {
        curves: series
            .iter()
            .zip(roles.into_iter().cycle())
            .map(|(s, role)| Curve { points: &s.points, style: cx.style(role) })
            .collect(),
        x: (from, to),
        top,
        threshold: threshold.map(|t| (t, cx.style(Role::Threshold))),
        cursor: cursor.map(|x| (x, cx.style(Role::Dim))),
        letters,
    };
    plot.draw(inner, frame.buffer_mut(), cx.glyphs);
    value_axis(frame, inner, cx, kind, top, threshold);
    time_axis(frame, inner, cx, state, &plot, cursor);
    if note {
        let at = Rect { y: inner.bottom() + 2, height: 1, x: area.x + 1, width: area.width - 1 };
        let safe = text::safe_for(&state.data.drift_note, cx.glyphs.ascii);
        let cut = text::truncate(&safe, at.width as usize, cx.glyphs.ellipsis).into_owned();
        frame.render_widget(Line::styled(cut, cx.style(Role::Dim)), at);
    }
}

/// Names of the series with the value under the cursor, or the newest one.
fn legend(kind: Kind, state: &State, cx: &PaneCx<'_>, cursor: Option<f64>) -> Vec<Span<'static>> {
    let series = kind.series(&state.data);
    let roles = kind.roles();
    let letters = cx.glyphs.ascii || (series.len() > 1 && cx.style(roles[0]) == cx.style(roles[1]));
    let mut spans = Vec::new();
    if let Some(x) = cursor {
        spans.push(Span::styled(format!(" {} ", cx.clock.hms(time(x))), cx.style(Role::Strong)));
    }
    for (i, s) in series.iter().enumerate() {
        let point = match cursor {
            Some(x) => s.points.iter().rev().find(|p| p.0 <= x),
            None => s.points.last(),
        };
        let letter = if letters { LETTERS[i % LETTERS.len()] } else { cx.glyphs.horizontal };
        let value = point.map_or_else(|| cx.glyphs.dash.to_owned(), |p| kind.value(p.1));
        let name = text::safe_for(&s.name, cx.glyphs.ascii).into_owned();
        spans.push(Span::styled(format!(" {letter}"), cx.style(roles[i % roles.len()])));
        spans.push(Span::styled(format!(" {name} "), cx.style(Role::Dim)));
        spans.push(Span::styled(value, cx.style(Role::Number)));
        spans.push(Span::raw(" "));
    }
    spans
}

fn value_axis(frame: &mut Frame<'_>, inner: Rect, cx: &PaneCx<'_>, kind: Kind, top: f64, threshold: Option<f64>) {
    let buffer = frame.buffer_mut();
    let width = AXIS as usize - 1;
    let mut label = |y: u16, value: f64, role| {
        let label = text::fit_right(&kind.value(value), width, cx.glyphs.ellipsis);
        buffer.set_string(inner.x - AXIS, y, label, cx.style(role));
    };
    label(inner.top(), top, Role::Axis);
    label(inner.bottom() - 1, 0.0, Role::Axis);
    let Some(threshold) = threshold.filter(|t| *t <= top) else { return };
    let row = ((1.0 - threshold / top) * f64::from(inner.height - 1)).round() as u16;
    if row > 0 && row + 1 < inner.height {
        label(inner.y + row, threshold, Role::Threshold);
    }
    let name = " drifted above ";
    if inner.width as usize > name.len() + 4 {
        // At the very bottom the curve runs: the name stands above the line there.
        let y = inner.y + if row + 1 < inner.height { row } else { row.saturating_sub(1) };
        frame.buffer_mut().set_string(inner.x + 1, y, name, cx.style(Role::Threshold));
    }
}

fn time_axis(frame: &mut Frame<'_>, inner: Rect, cx: &PaneCx<'_>, state: &State, plot: &Plot<'_>, cursor: Option<f64>) {
    let y = inner.bottom();
    let buffer = frame.buffer_mut();
    buffer.set_string(inner.x, y, cx.glyphs.horizontal.repeat(inner.width as usize), cx.style(Role::Axis));
    let mut told: Option<(u16, &str)> = None;
    for marker in &state.data.markers {
        let x = marker.time.0 as f64 / 1e9;
        let Some(column) = plot.column(x, inner.width) else { continue };
        buffer.set_string(inner.x + column, y, cx.glyphs.marker, cx.style(Role::Marker));
        // With a cursor, the last mark before it is told, else the last one.
        if cursor.is_none_or(|c| x <= c) {
            told = Some((column, &marker.text));
        }
    }
    let (from, to) = (cx.clock.hms(time(plot.x.0)), cx.clock.hms(time(plot.x.1)));
    buffer.set_string(inner.x, y + 1, &from, cx.style(Role::Axis));
    let width = inner.width as usize;
    if plot.x.1 > plot.x.0 && width > from.len() + to.len() + 1 {
        buffer.set_string(inner.right() - to.len() as u16, y + 1, &to, cx.style(Role::Axis));
    }
    let room = width.saturating_sub(from.len() + to.len() + 4);
    if let Some((column, name)) = told.filter(|_| room > 8) {
        let safe = text::safe_for(name, cx.glyphs.ascii);
        let label = format!("{} {}", cx.glyphs.marker, text::truncate(&safe, room - 2, cx.glyphs.ellipsis));
        let least = from.len() + 2;
        let most = width.saturating_sub(to.len() + 2 + text::width(&label)).max(least);
        let at = (column as usize).clamp(least, most) as u16;
        buffer.set_string(inner.x + at, y + 1, label, cx.style(Role::Marker));
    }
}

fn nothing(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State, kind: Kind) {
    let why = if state.loaded { kind.empty(&state.data) } else { "Loading ...".into() };
    let why = text::safe_for(&why, cx.glyphs.ascii).into_owned();
    let rows = text::wrap(&why, area.width.saturating_sub(2) as usize);
    for (row, y) in rows.into_iter().zip(area.top() + 1..area.bottom()) {
        let line = Line::styled(row, cx.style(Role::Dim));
        frame.render_widget(line, Rect { x: area.x + 1, y, width: area.width - 1, height: 1 });
    }
}
