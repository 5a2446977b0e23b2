//! The cited lines with those around them, beside the diagnosis where the screen is wide enough: who reads a claim sees at
//! once what it rests on.

use super::detail::{cited, safe};
use super::state::{Focus, State};
use crate::runtime::events::{Request, Surrounded};
use crate::tui::effect::Effect;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::text;
use aiobs_types::{LogRecord, RecordId};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// From this width on they stand beside the diagnosis.
pub(super) const WIDE: u16 = 150;
/// Cells of a component.
const COMPONENT: usize = 12;

impl State {
    /// Asks for the neighbours of what is cited, when they are to be shown and not there yet.
    pub(super) fn want_around(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        if cx.size.width < WIDE || self.focus != Focus::Detail {
            return Vec::new();
        }
        let Some(detail) = self.loaded(cx) else { return Vec::new() };
        let (id, cited) = (detail.incident.id, cited(detail));
        let known = self.around.as_ref().is_some_and(|(of, wanted, _)| *of == id && *wanted == cited);
        if known || cited.is_empty() {
            return Vec::new();
        }
        self.around = Some((id, cited.clone(), Vec::new()));
        vec![Effect::Send(Request::Around(id, cited))]
    }

    /// Draws them; the lit citation is in sight.
    pub(super) fn draw_around(&self, frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>) {
        let Some(detail) = self.loaded(cx) else { return };
        let (document, _) = self.document(cx);
        let lit = self.place.link.and_then(|l| document.links().get(l)).map(|(_, id)| *id);
        let found = self.around.as_ref().filter(|(id, ..)| *id == detail.incident.id).map(|(.., found)| found);
        let mut rows: Vec<Line<'static>> = Vec::new();
        let mut at = 0;
        for (n, id) in cited(detail).into_iter().enumerate() {
            let Some(record) = detail.records.iter().find(|r| r.id == id) else { continue };
            if !rows.is_empty() {
                rows.push(Line::default());
            }
            if Some(id) == lit {
                at = rows.len();
            }
            let source = detail.sources.get(&record.source).map_or("", |s| s.rsplit('/').next().unwrap_or(s));
            rows.push(Line::from(vec![
                Span::styled(
                    format!("[{}] ", n + 1),
                    cx.style(if Some(id) == lit { Role::LinkActive } else { Role::Link }),
                ),
                Span::styled(safe(source, cx), cx.style(Role::Dim)),
            ]));
            let around = found.and_then(|f| f.iter().find(|s: &&Surrounded| s.record == id));
            let lines: &[LogRecord] = around.map_or(std::slice::from_ref(record), |s| s.lines.as_slice());
            rows.extend(lines.iter().map(|l| line(l, id, area.width as usize, cx)));
        }
        let height = area.height as usize;
        let from = at.saturating_sub(1).min(rows.len().saturating_sub(height));
        for (row, y) in rows.into_iter().skip(from).zip(area.top()..area.bottom()) {
            frame.render_widget(row, Rect { y, height: 1, ..area });
        }
    }
}

fn line(record: &LogRecord, cited: RecordId, width: usize, cx: &PaneCx<'_>) -> Line<'static> {
    let own = record.id == cited;
    let level = record.severity.level();
    let first = record.message().lines().next().unwrap_or_default();
    let (mark, role) = if own { (cx.glyphs.cursor, Role::Text) } else { (" ", Role::Dim) };
    let spans = vec![
        Span::styled(mark, cx.style(Role::Accent)),
        Span::styled(format!("{} ", cx.clock.hms_millis(record.time)), cx.style(Role::Time)),
        Span::styled(format!("{} ", cx.glyphs.level(level)), cx.theme.level(level)),
        Span::styled(
            format!("{} ", text::fit(&safe(&record.component, cx), COMPONENT, cx.glyphs.ellipsis)),
            cx.style(if own { Role::Component } else { Role::Dim }),
        ),
        Span::styled(safe(first, cx), cx.style(role)),
    ];
    text::truncate_line(spans, width, cx.glyphs.ellipsis)
}
