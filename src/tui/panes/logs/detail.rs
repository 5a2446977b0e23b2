//! The record under the cursor in full: where it is from, its text, its fields.

use super::state::State;
use crate::runtime::events::{RecordDetail, Request};
use crate::tui::action::Action;
use crate::tui::effect::Effect;
use crate::tui::format;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::{scroll, text};
use aiobs_types::{LogRecord, RecordId, flags};
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
    /// Rows at the last move, so that scrolling ends with the text.
    rows: usize,
}

impl Detail {
    pub(super) fn new(id: RecordId, by_jump: bool) -> Self {
        Self { id, data: None, focus: false, by_jump, top: 0, rows: 0 }
    }

    /// Whether a moving action scrolled it.
    pub(super) fn scrolled(&mut self, action: Action, cx: &PaneCx<'_>) -> bool {
        if let Some(d) = &self.data {
            self.rows = lines(&d.record, Some(d), usize::from(cx.size.width).saturating_sub(2), cx).len();
        }
        scroll::scrolled(&mut self.top, action, self.rows, usize::from(height(cx)).saturating_sub(1))
    }
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
    let lines = lines(record, data, usize::from(area.width), cx);
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

fn lines(r: &LogRecord, data: Option<&RecordDetail>, width: usize, cx: &PaneCx<'_>) -> Vec<Line<'static>> {
    let dim = cx.style(Role::Dim);
    let level = r.severity.level();
    let mut head = vec![
        Span::styled(format!("record {}", format::count(r.id.0)), cx.style(Role::Strong)),
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
            head.push(Span::styled(format!("   incident {incident}"), cx.style(Role::Link)));
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
    for line in r.text.split('\n') {
        for row in text::wrap(&text::safe_for(line, cx.glyphs.ascii), width) {
            lines.push(Line::styled(row.to_owned(), cx.style(Role::Text)));
        }
    }
    if let Some(d) = data {
        lines.extend(fields(d, width, cx));
    }
    lines
}

/// Fields side by side where they fit, else one under the other.
fn fields(d: &RecordDetail, width: usize, cx: &PaneCx<'_>) -> Vec<Line<'static>> {
    let name_width = d.fields.iter().map(|f| text::width(&text::safe(&f.name))).max().unwrap_or(0).min(24);
    let per_row = (width / 50).clamp(1, 3);
    let cell = width / per_row;
    d.fields
        .chunks(per_row)
        .map(|row| {
            let mut spans = Vec::new();
            for f in row {
                let name = text::fit(&text::safe_for(&f.name, cx.glyphs.ascii), name_width, cx.glyphs.ellipsis);
                let room = cell.saturating_sub(name_width + 3);
                let value = text::safe_for(&f.value, cx.glyphs.ascii).into_owned();
                spans.push(Span::styled(format!("{name}  "), cx.style(Role::FieldName)));
                spans.push(Span::styled(text::fit(&value, room, cx.glyphs.ellipsis), cx.style(Role::FieldValue)));
                spans.push(Span::raw(" "));
            }
            Line::from(spans)
        })
        .collect()
}
