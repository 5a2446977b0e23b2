//! The cited lines with those around them, beside the diagnosis where the screen is wide enough: who reads a claim sees at
//! once what it rests on.

use super::detail::{cited, safe};
use super::state::{Focus, State};
use crate::runtime::events::{IncidentDetail, Request, Surrounded};
use crate::tui::effect::Effect;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::text;
use aiobs_types::{LogRecord, RecordId, SourceId};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::collections::BTreeMap;

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
        let found =
            self.around.as_ref().filter(|(id, ..)| *id == detail.incident.id).map(|(.., found)| found.as_slice());
        let mut rows: Vec<Line<'static>> = Vec::new();
        let mut at = 0;
        let stretches = stretches(detail, found.unwrap_or_default());
        let marks = stretches.iter().flat_map(|s| s.cited.values()).max().map_or(0, |n| n.to_string().len() + 2);
        for stretch in stretches {
            if !rows.is_empty() {
                rows.push(Line::default());
            }
            let source = detail.sources.get(&stretch.source).map_or("", |s| s.rsplit('/').next().unwrap_or(s));
            if !source.is_empty() {
                rows.push(Line::styled(safe(source, cx), cx.style(Role::Dim)));
            }
            for record in stretch.lines.values() {
                if Some(record.id) == lit {
                    at = rows.len();
                }
                let number = stretch.cited.get(&record.id).copied();
                let mark = number.map(|n| (n, Some(record.id) == lit));
                rows.push(line(record, mark, marks, area.width as usize, cx));
            }
        }
        let height = area.height as usize;
        // What comes before it is seen too.
        let from = at.saturating_sub(height / 3).min(rows.len().saturating_sub(height));
        for (row, y) in rows.into_iter().skip(from).zip(area.top()..area.bottom()) {
            frame.render_widget(row, Rect { y, height: 1, ..area });
        }
    }
}

/// Lines of one source that lie together, with the numbers of those that are cited.
struct Stretch<'a> {
    source: SourceId,
    lines: BTreeMap<RecordId, &'a LogRecord>,
    cited: BTreeMap<RecordId, usize>,
}

/// What is cited with its neighbours, in the order of the citations; neighbours that meet are one stretch.
fn stretches<'a>(detail: &'a IncidentDetail, found: &'a [Surrounded]) -> Vec<Stretch<'a>> {
    let mut all: Vec<Stretch<'a>> = Vec::new();
    for (n, id) in cited(detail).into_iter().enumerate() {
        let Some(record) = detail.records.iter().find(|r| r.id == id) else { continue };
        let around = found.iter().find(|s| s.record == id).map(|s| s.lines.as_slice());
        let mut lines: BTreeMap<RecordId, &LogRecord> = around.unwrap_or_default().iter().map(|l| (l.id, l)).collect();
        lines.entry(id).or_insert(record);
        let meets = |s: &Stretch<'_>| s.source == record.source && lines.keys().any(|l| s.lines.contains_key(l));
        match all.iter().position(meets) {
            Some(at) => {
                all[at].lines.extend(lines);
                all[at].cited.insert(id, n + 1);
            }
            None => all.push(Stretch { source: record.source, lines, cited: BTreeMap::from([(id, n + 1)]) }),
        }
    }
    all
}

/// One row; `mark` is the number of a cited line, and whether it is lit.
fn line(record: &LogRecord, mark: Option<(usize, bool)>, marks: usize, width: usize, cx: &PaneCx<'_>) -> Line<'static> {
    let level = record.severity.level();
    let first = record.message().lines().next().unwrap_or_default();
    let (number, link) = match mark {
        Some((n, true)) => (format!("[{n}]"), Role::LinkActive),
        Some((n, false)) => (format!("[{n}]"), Role::Link),
        None => (String::new(), Role::Dim),
    };
    let own = mark.is_some();
    let spans = vec![
        Span::styled(format!("{number:<marks$}"), cx.style(link)),
        Span::styled(format!(" {} ", cx.clock.hms_millis(record.time)), cx.style(Role::Time)),
        Span::styled(format!("{} ", cx.glyphs.level(level)), cx.theme.level(level)),
        Span::styled(
            format!("{} ", text::fit(&safe(&record.component, cx), COMPONENT, cx.glyphs.ellipsis)),
            cx.style(if own { Role::Component } else { Role::Dim }),
        ),
        Span::styled(safe(first, cx), cx.style(if own { Role::Text } else { Role::Dim })),
    ];
    text::truncate_line(spans, width, cx.glyphs.ellipsis)
}
