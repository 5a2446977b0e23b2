//! The record under the cursor in full: where it is from, its text, its fields.

use super::pretty;
use super::state::State;
use crate::runtime::events::{RecordDetail, Request};
use crate::tui::action::Action;
use crate::tui::effect::Effect;
use crate::tui::format;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::{scroll, text};
use aiobs_types::{Field, LogRecord, RecordId, flags};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// The record shown in full.
#[derive(Debug)]
pub(super) struct Detail {
    pub(super) id: RecordId,
    /// What the engine knows about it, once it answered.
    pub(super) data: Option<Box<RecordDetail>>,
    /// Whether moving scrolls it instead of the list.
    pub(super) focus: bool,
    /// Whether another pane's jump opened it.
    pub(super) by_jump: bool,
    top: usize,
    /// The chosen field.
    at: Option<usize>,
}

/// The rows of a detail.
struct Rows {
    lines: Vec<Line<'static>>,
    /// Row and column of each field.
    fields: Vec<(usize, usize)>,
}

impl Detail {
    pub(super) fn new(id: RecordId, by_jump: bool) -> Self {
        Self { id, data: None, focus: false, by_jump, top: 0, at: None }
    }

    /// The chosen field.
    pub(super) fn field(&self) -> Option<&Field> {
        self.data.as_ref()?.fields.get(self.at?)
    }

    /// Scrolls, whatever field is chosen.
    pub(super) fn scrolled(&mut self, action: Action, seen: usize, pretty: bool, cx: &PaneCx<'_>) {
        self.at = None;
        if let Some(d) = &self.data {
            let look = Look { width: usize::from(cx.size.width).saturating_sub(2), pretty, chosen: None, note: None };
            let rows = rows(&d.record, Some(d), look, cx).lines.len();
            scroll::scrolled(&mut self.top, action, rows, seen);
        }
    }

    /// Whether a moving action went to another field, or scrolled.
    pub(super) fn moved(&mut self, action: Action, seen: usize, pretty: bool, cx: &PaneCx<'_>) -> bool {
        let Some(d) = &self.data else { return false };
        let look = Look { width: usize::from(cx.size.width).saturating_sub(2), pretty, chosen: None, note: None };
        let rows = rows(&d.record, Some(d), look, cx);
        let (row, column) = self.at.and_then(|i| rows.fields.get(i)).copied().unwrap_or((usize::MAX, 0));
        let in_row = |r: usize| {
            let row = rows.fields.iter().enumerate().filter(move |(_, p)| p.0 == r);
            row.min_by_key(|(_, p)| p.1.abs_diff(column)).map(|(i, _)| i)
        };
        let next = match action {
            Action::Down if self.at.is_none() => {
                rows.fields.iter().position(|p| p.0 >= self.top).filter(|i| rows.fields[*i].0 < self.top + seen)
            }
            Action::Down => rows.fields.iter().map(|p| p.0).find(|r| *r > row).and_then(in_row),
            Action::Up if self.at.is_some() => {
                rows.fields.iter().rev().map(|p| p.0).find(|r| *r < row).and_then(in_row)
            }
            Action::Left => rows.fields.iter().position(|p| p.0 == row && p.1 + 1 == column).or(self.at),
            Action::Right => rows.fields.iter().position(|p| p.0 == row && p.1 == column + 1).or(self.at),
            _ => None,
        };
        if let Some(i) = next {
            self.at = Some(i);
            let row = rows.fields[i].0;
            self.top = self.top.clamp((row + 1).saturating_sub(seen), row);
            return true;
        }
        let scrolled = scroll::scrolled(&mut self.top, action, rows.lines.len(), seen);
        if scrolled && action != Action::Down {
            self.at = None;
        }
        scrolled
    }
}

/// How a detail is laid out.
#[derive(Clone, Copy)]
struct Look<'a> {
    width: usize,
    /// JSON, SQL and addresses are laid out for people.
    pretty: bool,
    chosen: Option<usize>,
    note: Option<&'a str>,
}

/// Rows the detail takes of the pane.
pub(super) fn height(cx: &PaneCx<'_>) -> u16 {
    let h = cx.size.height;
    (h / 3).clamp(6, 16).min(h.saturating_sub(4))
}

impl State {
    /// Opens the detail, or gives it the focus when it is open.
    pub(super) fn open_detail(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some(id) = self.window.id() else { return Vec::new() };
        if let Some(d) = &mut self.detail {
            d.focus = !d.focus;
            return Vec::new();
        }
        self.detail = Some(Detail::new(id, false));
        self.settle(cx);
        vec![Effect::Send(Request::Record(id))]
    }

    /// Rows of the detail that are seen.
    pub(super) fn detail_seen(&self, cx: &PaneCx<'_>) -> usize {
        let height = if self.zoom { cx.size.height.saturating_sub(1) } else { height(cx) };
        usize::from(height).saturating_sub(1).max(1)
    }

    /// The detail shows the record under the cursor.
    pub(super) fn detail_follows(&mut self, _cx: &PaneCx<'_>) -> Option<Effect> {
        let id = self.window.id()?;
        let d = self.detail.as_mut().filter(|d| d.id != id)?;
        *d = Detail { focus: d.focus, ..Detail::new(id, d.by_jump) };
        Some(Effect::Send(Request::Record(id)))
    }
}

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    let Some(detail) = &state.detail else { return };
    if area.height == 0 {
        return;
    }
    let rule = if detail.focus { Role::Accent } else { Role::Border };
    let across = cx.glyphs.horizontal.repeat(usize::from(area.width));
    frame.render_widget(Line::styled(across, cx.style(rule)), Rect { height: 1, ..area });
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), y: area.y + 1, height: area.height - 1 };
    let listed = state.window.rows.iter().find(|r| r.id == detail.id);
    let data = detail.data.as_deref();
    let Some(record) = data.map(|d| &d.record).or(listed) else {
        frame.render_widget(Line::styled("reading", cx.style(Role::Faint)), area);
        return;
    };
    let look = Look {
        width: usize::from(area.width),
        pretty: state.pretty,
        chosen: detail.at.filter(|_| detail.focus),
        note: state.notes.of(detail.id),
    };
    let lines = rows(record, data, look, cx).lines;
    let seen = usize::from(area.height);
    let top = detail.top.min(lines.len().saturating_sub(seen));
    let total = lines.len();
    for (i, line) in lines.into_iter().skip(top).take(seen).enumerate() {
        frame.render_widget(line, Rect { y: area.y + i as u16, height: 1, ..area });
    }
    let bar = Rect { x: area.right(), width: 1, ..area };
    let (rail, thumb) = (cx.style(Role::Scrollbar), cx.style(Role::ScrollbarThumb));
    scroll::scrollbar(frame, bar, (top as u64, seen as u64, total as u64), cx.glyphs, rail, thumb);
}

fn rows(r: &LogRecord, data: Option<&RecordDetail>, look: Look<'_>, cx: &PaneCx<'_>) -> Rows {
    let width = look.width;
    let mut lines = head(r, data, width, cx);
    if let Some(note) = look.note {
        let said = if note.is_empty() { "bookmarked" } else { note };
        let style = cx.style(Role::Accent);
        for (i, row) in text::wrap(&text::safe_for(said, cx.glyphs.ascii), width.saturating_sub(2)).iter().enumerate() {
            let mark = if i == 0 { cx.glyphs.bookmark } else { " " };
            lines.push(Line::styled(format!("{mark} {row}"), style));
        }
    }
    match Some(&r.text).filter(|_| look.pretty).and_then(|t| pretty::pretty(t)) {
        Some(rows) => lines.extend(rows.iter().flat_map(|row| wrapped(row, width, cx))),
        None => {
            for line in r.text.split('\n') {
                for row in text::wrap(&text::safe_for(line, cx.glyphs.ascii), width) {
                    lines.push(Line::styled(row.to_owned(), cx.style(Role::Text)));
                }
            }
        }
    }
    let mut rows = Rows { lines, fields: Vec::new() };
    if let Some(d) = data {
        fields(&mut rows, d, look, cx);
    }
    rows
}

/// A row of pieces on as many rows of the screen as it needs.
fn wrapped(row: &pretty::Row, width: usize, cx: &PaneCx<'_>) -> Vec<Line<'static>> {
    let pieces: Vec<(Role, String)> =
        row.iter().map(|(role, t)| (*role, text::safe_for(t, cx.glyphs.ascii).into_owned())).collect();
    let whole: String = pieces.iter().map(|(_, t)| t.as_str()).collect();
    let line = |range: std::ops::Range<usize>| {
        let mut spans = Vec::new();
        let mut at = 0;
        for (role, piece) in &pieces {
            let (from, to) = (range.start.max(at), range.end.min(at + piece.len()));
            if from < to {
                spans.push(Span::styled(whole[from..to].to_owned(), cx.style(*role)));
            }
            at += piece.len();
        }
        Line::from(spans)
    };
    text::wrap_ranges(&whole, width).into_iter().map(line).collect()
}

/// What is known about the record: number, time, level, place, template.
fn head(r: &LogRecord, data: Option<&RecordDetail>, width: usize, cx: &PaneCx<'_>) -> Vec<Line<'static>> {
    let dim = cx.style(Role::Dim);
    let level = r.severity.level();
    let stored = !r.id.is_preview();
    let number = if stored { format!("record {}", format::count(r.id.0)) } else { "not stored yet".to_owned() };
    let mut head = vec![
        Span::styled(number, cx.style(Role::Strong)),
        Span::styled(format!("   {}", cx.clock.full(r.time)), cx.style(Role::Time)),
        Span::styled(format!("   {} {}", cx.glyphs.level(level), level.name()), cx.theme.level(level)),
    ];
    if r.has(flags::INHERITED_TIME) {
        head.push(Span::styled("   time of the line before", dim));
    }
    let mut lines = vec![];
    if let Some(d) = data {
        let source = text::safe(&d.source).into_owned();
        let short = source.rsplit('/').next().unwrap_or(&source).to_owned();
        head.push(Span::styled(format!("   {short}:{}", format::count(r.offset)), dim));
        if let Some(incident) = d.incident {
            head.push(Span::raw("   "));
            head.push(Span::styled(format!("incident {incident}"), cx.style(Role::Link)));
        }
        lines.push(text::truncate_line(head, width, cx.glyphs.ellipsis));
        if !d.template.is_empty() {
            let said = format!("template {}  {}{}", r.template.0, cx.glyphs.times, format::count(d.template_count));
            let template = format!("   {}", text::safe(&d.template));
            let spans = vec![Span::styled(said, dim), Span::styled(template, cx.style(Role::Placeholder))];
            lines.push(text::truncate_line(spans, width, cx.glyphs.ellipsis));
        }
    } else {
        lines.push(text::truncate_line(head, width, cx.glyphs.ellipsis));
    }
    lines
}

/// Fields side by side where they fit; a long one has rows of its own.
fn fields(rows: &mut Rows, d: &RecordDetail, look: Look<'_>, cx: &PaneCx<'_>) {
    let width = look.width;
    let name_width = d.fields.iter().map(|f| text::width(&text::safe(&f.name))).max().unwrap_or(0).min(24);
    let per_row = (width / 50).clamp(1, 3);
    let cell = width / per_row;
    let room = cell.saturating_sub(name_width + 3);
    let mut column = per_row;
    for (i, f) in d.fields.iter().enumerate() {
        let chosen = look.chosen == Some(i);
        let style = |role| cx.style(if chosen { Role::Selection } else { role });
        let name = text::fit(&text::safe_for(&f.name, cx.glyphs.ascii), name_width, cx.glyphs.ellipsis);
        let name = Span::styled(format!("{name}  "), style(Role::FieldName));
        let value = text::safe_for(&f.value, cx.glyphs.ascii).into_owned();
        if text::width(&value) > room {
            column = per_row;
            rows.fields.push((rows.lines.len(), 0));
            let mut head = Some(name);
            for part in text::wrap(&value, width.saturating_sub(name_width + 3).max(8)) {
                let name = head.take().unwrap_or_else(|| Span::raw(" ".repeat(name_width + 2)));
                rows.lines.push(Line::from(vec![name, Span::styled(part.to_owned(), style(Role::FieldValue))]));
            }
            continue;
        }
        if column == per_row {
            column = 0;
            rows.lines.push(Line::default());
        }
        rows.fields.push((rows.lines.len() - 1, column));
        column += 1;
        if let Some(line) = rows.lines.last_mut() {
            line.push_span(name);
            line.push_span(Span::styled(text::fit(&value, room, cx.glyphs.ellipsis), style(Role::FieldValue)));
            line.push_span(Span::raw(" "));
        }
    }
}
