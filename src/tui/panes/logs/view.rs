//! Draws the records: time, severity, component, message; columns drop on narrow screens.

use super::cells::Layout;
use super::state::State;
use super::{bar, bars, breaks, detail, histogram, order, picker};
use crate::tui::action::{Action, Context};
use crate::tui::format;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::{scroll, text};
use aiobs_types::{LogRecord, flags};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

/// Rows the list has.
pub(super) fn list_height(state: &State, cx: &PaneCx<'_>) -> usize {
    let taken = if state.detail.is_some() { detail::height(cx) } else { 0 };
    let bars = histogram::height(state, cx);
    usize::from(cx.size.height.saturating_sub(1 + taken + bars + head_height(state))).max(1)
}

/// Rows that the names of the columns take: the usual ones need none.
pub(super) fn head_height(state: &State) -> u16 {
    u16::from(state.columns.shown.has_fields())
}

/// Cells the message has.
pub(super) fn message_width(state: &State, cx: &PaneCx<'_>) -> usize {
    let width = usize::from(cx.size.width);
    width.saturating_sub(Layout::new(state, cx, width).before_message() + 2).max(8)
}

/// Screen rows a record takes: one, or as many as its lines wrapped to `wrap` cells, at most `most`.
pub(super) fn rows_of(r: &LogRecord, wrap: Option<usize>, most: usize) -> usize {
    let Some(width) = wrap else { return 1 };
    let mut rows = 0;
    for line in r.message().split('\n') {
        rows += text::wrap_ranges(&text::safe(line), width).len();
        if rows >= most {
            return most.max(1);
        }
    }
    rows.max(1)
}

/// Draws the pane.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    if area.height == 0 || area.width < 20 {
        return;
    }
    bar::draw(frame, Rect { height: 1, ..area }, cx, state);
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    if state.zoom && state.detail.is_some() {
        detail::draw(frame, body, cx, state);
        picker::draw(frame, area, cx, state);
        return;
    }
    let bars_height = histogram::height(state, cx).min(body.height);
    bars::draw(frame, Rect { height: bars_height, ..body }, cx, state);
    let body = Rect { y: body.y + bars_height, height: body.height - bars_height, ..body };
    let detail_height = if state.detail.is_some() { detail::height(cx).min(body.height) } else { 0 };
    let list = Rect { height: body.height - detail_height, ..body };
    if state.window.rows.is_empty() {
        empty(frame, list, cx, state);
    } else {
        records(frame, list, cx, state);
    }
    // A word that may still become one of those is not wrong yet.
    if state.suggest.is_empty() {
        bar::wrong(frame, list, cx, state);
    } else {
        bar::suggestions(frame, list, cx, state);
    }
    detail::draw(frame, Rect { y: list.bottom(), height: detail_height, ..body }, cx, state);
    picker::draw(frame, area, cx, state);
}

fn records(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    let w = &state.window;
    let width = usize::from(area.width);
    let columns = Layout::new(state, cx, width);
    let room = width.saturating_sub(columns.before_message() + 2).max(8);
    let selected = state.range();
    let head = head_height(state).min(area.height);
    if head > 0 {
        frame.render_widget(columns.head(cx), Rect { height: 1, ..area });
    }
    let area = Rect { y: area.y + head, height: area.height - head, ..area };
    let mut y = area.y;
    for (i, record) in w.rows.iter().enumerate().skip(w.top) {
        if y >= area.bottom() {
            break;
        }
        let marked = selected.is_some_and(|range| range.has(record));
        let base = (i == w.cursor || marked).then(|| {
            cx.style(if state.detail.as_ref().is_some_and(|d| d.focus) { Role::SelectionIdle } else { Role::Selection })
        });
        if let Some(what) = w.breaks.get(&record.id) {
            let at = Rect { y, height: 1, width: area.width - 1, ..area };
            let room = usize::from(at.width.saturating_sub(1));
            frame.render_widget(breaks::line(*what, record, columns.before_message(), room, cx), at);
            y += 1;
        }
        for line in record_lines(record, &columns, room, cx, state) {
            if y >= area.bottom() {
                break;
            }
            let at = Rect { y, height: 1, width: area.width - 1, ..area };
            frame.render_widget(line, at);
            if let Some(style) = base {
                select(frame, at, style, cx);
            }
            y += 1;
        }
    }
    bars::draw_map(frame, Rect { x: area.right() - 2, width: 1, ..area }, cx, state);
    let rail = Rect { x: area.right() - 1, width: 1, ..area };
    let range = (w.rank + w.top as u64, u64::from(area.height), w.total.max(w.rank + w.rows.len() as u64));
    scroll::scrollbar(frame, rail, range, cx.glyphs, cx.style(Role::Scrollbar), cx.style(Role::ScrollbarThumb));
}

/// The selection's own colours win, as in the other panes: others may not be readable on its ground. Marks that
/// have a ground of their own keep it.
fn select(frame: &mut Frame<'_>, row: Rect, style: Style, cx: &PaneCx<'_>) {
    let ground = cx.style(Role::Text).bg;
    let buffer = frame.buffer_mut();
    for x in row.left()..row.right() {
        let cell = &mut buffer[(x, row.y)];
        let own = cell.style().bg.filter(|bg| *bg != Color::Reset && Some(*bg) != ground);
        if own.is_none() {
            cell.set_style(style);
        }
    }
}

fn record_lines(r: &LogRecord, columns: &Layout, room: usize, cx: &PaneCx<'_>, state: &State) -> Vec<Line<'static>> {
    let level = r.severity.level();
    let preview = r.id.is_preview();
    let time_role = if r.has(flags::INHERITED_TIME) || preview { Role::Faint } else { Role::Time };
    let note = state.notes.of(r.id);
    // What is not stored yet is dim, and without colour a line down tells it.
    let margin = if preview { Span::styled(cx.glyphs.vertical, cx.style(Role::Faint)) } else { Span::raw(" ") };
    let mut spans = vec![note.map_or(margin, |_| Span::styled(cx.glyphs.bookmark, cx.style(Role::Accent)))];
    spans.extend(columns.spans(r, time_role, cx, state));
    let style = if preview {
        cx.style(Role::Dim)
    } else if level >= aiobs_types::Level::Error {
        // A screen of errors must stay readable: the glyph carries the weight, the text only the colour.
        let error = cx.theme.level(aiobs_types::Level::Error);
        if error.fg.is_some() { error.remove_modifier(Modifier::BOLD | Modifier::UNDERLINED) } else { error }
    } else {
        cx.style(if level == aiobs_types::Level::Debug || level == aiobs_types::Level::Trace {
            Role::Dim
        } else {
            Role::Text
        })
    };
    if state.wrap {
        return wrapped(r, spans, style, room, columns.before_message(), cx, state);
    }
    let message = r.message();
    let mut parts = message.split('\n');
    let first = parts.next().unwrap_or_default();
    let more = parts.count();
    let mut tags = Vec::new();
    if more > 0 {
        tags.push(Span::styled(format!(" +{}", format::plural(more as u64, "line")), cx.style(Role::Faint)));
    }
    if state.by_time(cx) && order::is_ahead(r) {
        tags.push(Span::styled(" dated ahead", cx.style(Role::Warn)));
    }
    if r.has(flags::CUT) {
        tags.push(Span::styled(" cut", cx.style(Role::Warn)));
    }
    let noted = note.filter(|n| !n.is_empty()).map(|n| {
        let said = text::safe_for(n, cx.glyphs.ascii);
        Span::styled(text::truncate(&said, room / 3, cx.glyphs.ellipsis).into_owned(), cx.style(Role::Accent))
    });
    let sign = noted.or_else(|| if room >= 60 { sign(r, cx) } else { None });
    let cells = |s: &Span<'_>| text::width(&s.content);
    let tags_width: usize = tags.iter().map(cells).sum();
    let sign_width = sign.as_ref().map_or(0, |s| cells(s) + 2);
    let safe = clip_source(first, room);
    let left = room.saturating_sub(tags_width + sign_width);
    let shown = text::truncate(&safe, left, cx.glyphs.ellipsis).into_owned();
    let blank = left.saturating_sub(text::width(&shown)) + 1;
    spans.extend(marked(&shown, style, cx, state));
    spans.extend(tags);
    if let Some(sign) = sign {
        spans.push(Span::raw(" ".repeat(blank)));
        spans.push(sign);
    }
    vec![Line::from(spans)]
}

/// What stands at the right end of a line that matters: that its like was never seen before, or its incident.
fn sign(r: &LogRecord, cx: &PaneCx<'_>) -> Option<Span<'static>> {
    if r.has(flags::NEW_TEMPLATE) {
        return Some(Span::styled("first time seen", cx.style(Role::Accent)));
    }
    if !r.has(flags::ANOMALY) || r.template.0 == 0 {
        return None;
    }
    let incident = cx.snapshot.incidents.iter().find(|i| i.state.is_active() && i.template == r.template)?;
    Some(Span::styled(incident.id.to_string(), cx.style(Role::Faint)))
}

/// The safe form of at most what can be seen of a line: a line may be a megabyte long.
fn clip_source(line: &str, room: usize) -> String {
    let mut end = (room * 8 + 64).min(line.len());
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    text::safe(&line[..end]).into_owned()
}

fn wrapped(
    r: &LogRecord,
    head: Vec<Span<'static>>,
    style: Style,
    room: usize,
    indent: usize,
    cx: &PaneCx<'_>,
    state: &State,
) -> Vec<Line<'static>> {
    let most = usize::from(cx.size.height).max(1);
    let mut lines = Vec::new();
    let mut head = Some(head);
    for part in r.message().split('\n') {
        let safe = text::safe_for(part, cx.glyphs.ascii);
        for range in text::wrap_ranges(&safe, room) {
            if lines.len() >= most {
                return lines;
            }
            let mut spans = head.take().unwrap_or_else(|| vec![Span::raw(" ".repeat(indent))]);
            spans.extend(marked(safe[range].trim_end(), style, cx, state));
            lines.push(Line::from(spans));
        }
    }
    lines
}

fn marked(shown: &str, style: Style, cx: &PaneCx<'_>, state: &State) -> Vec<Span<'static>> {
    let found = state.marks.found(shown);
    let own = state.rules.found(shown);
    if own.is_empty() && found.is_empty() {
        return text::highlight(shown, &state.marks.filtered(shown), style, cx.style(Role::Strong));
    }
    if own.is_empty() {
        return text::highlight(shown, &found, style, cx.style(Role::Match));
    }
    // What was searched for wins over the words that always stand out.
    let mut cuts: Vec<usize> = own.iter().flat_map(|(r, _)| [r.start, r.end]).collect();
    cuts.extend(found.iter().flat_map(|r| [r.start, r.end]));
    cuts.extend([0, shown.len()]);
    cuts.sort_unstable();
    cuts.dedup();
    let piece = |at: &[usize]| {
        let (from, to) = (at[0], at[1]);
        let inside = |r: &std::ops::Range<usize>| r.start <= from && to <= r.end;
        let named = own.iter().find(|(r, _)| inside(r)).map(|(_, role)| *role);
        let role = if found.iter().any(inside) { Some(Role::Match) } else { named };
        Span::styled(shown[from..to].to_owned(), role.map_or(style, |role| style.patch(cx.style(role))))
    };
    cuts.windows(2).map(piece).collect()
}

fn empty(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    let keys = |a| cx.keys(Context::Logs, a);
    let said = if state.asked.is_some() && !state.window.done {
        vec!["Reading the archive.".to_owned()]
    } else if state.filter.is_empty() {
        vec![
            "No records yet.".to_owned(),
            "They appear here as they are read, oldest at the top, and the view stays with the newest.".to_owned(),
        ]
    } else {
        vec![
            "No record matches this filter.".to_owned(),
            format!(
                "{} changes it, {} shows everything again. {} were searched.",
                keys(Action::Filter),
                keys(Action::ClearFilter),
                format::plural(state.window.archive, "record")
            ),
        ]
    };
    let width = usize::from(area.width).saturating_sub(6);
    let rows = said.iter().enumerate().flat_map(|(i, s)| text::wrap(s, width).into_iter().map(move |r| (i, r)));
    for (y, (i, row)) in rows.enumerate().take(usize::from(area.height.saturating_sub(1))) {
        let role = if i == 0 { Role::Title } else { Role::Dim };
        let at = Rect { x: area.x + 3, y: area.y + 1 + y as u16, width: width as u16, height: 1 };
        frame.render_widget(Line::styled(row.to_owned(), cx.style(role)), at);
    }
}
