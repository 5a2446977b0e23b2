//! This incident and a past one like it, side by side: what they have in common, what was found then and what helped. Wide
//! screens show two columns whose parts stand beside each other, narrow ones take turns.

use super::detail::safe;
use super::state::State;
use crate::runtime::events::IncidentDetail;
use crate::tui::action::Action;
use crate::tui::format;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::document::{Document, LinkStyles, Piece};
use crate::tui::widgets::scroll::{self, scrolled};
use aiobs_types::{Author, Diagnosis, RecordId};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Span;

type Doc = Document<RecordId>;

/// From this width on both stand beside each other.
const WIDE: u16 = 100;
/// Lines of evidence of each.
const LINES: usize = 8;
/// Cells of the names of parts.
const LABEL: usize = 11;

/// What is being compared.
#[derive(Debug)]
pub(super) struct Comparison {
    pub(super) past: Box<IncidentDetail>,
    /// On a narrow screen the past one is shown.
    then: bool,
    scroll: usize,
}

impl Comparison {
    pub(super) fn new(past: Box<IncidentDetail>) -> Self {
        Self { past, then: true, scroll: 0 }
    }
}

fn document(width: usize, cx: &PaneCx<'_>) -> Doc {
    Document::new(width, cx.glyphs.ellipsis, LinkStyles::default(), None)
}

/// The documents of both, of equal length where they stand beside each other.
fn both(now: &IncidentDetail, past: &IncidentDetail, width: usize, even: bool, cx: &PaneCx<'_>) -> (Doc, Doc) {
    let (mut left, mut right) = (document(width, cx), document(width, cx));
    let parts: [fn(&mut Doc, &IncidentDetail, &IncidentDetail, &PaneCx<'_>); 6] =
        [head, facts, cause, steps, judged, evidence];
    for part in parts {
        part(&mut left, now, past, cx);
        part(&mut right, past, now, cx);
        if even {
            let longest = left.len().max(right.len());
            for doc in [&mut left, &mut right] {
                while doc.len() < longest {
                    doc.row(Vec::new());
                }
            }
        }
    }
    (left, right)
}

fn head(doc: &mut Doc, d: &IncidentDetail, other: &IncidentDetail, cx: &PaneCx<'_>) {
    let i = &d.incident;
    let when = if i.first_seen > other.incident.first_seen { "now" } else { "then" };
    let ago = cx.clock.ago_said(i.last_seen);
    doc.row(vec![
        Span::styled(format!("{when}  {}  ", i.id), cx.style(Role::Accent)),
        Span::styled(safe(&i.title, cx), cx.style(Role::Title)),
    ]);
    let state = format!("{}, last {ago}", i.state.name());
    doc.row(vec![Span::styled(state, cx.style(Role::Dim))]);
    doc.row(Vec::new());
}

fn said(doc: &mut Doc, label: &str, value: String, same: bool, cx: &PaneCx<'_>) {
    if value.is_empty() {
        return;
    }
    let mut pieces = vec![Piece::Text(value, cx.style(Role::Text))];
    if same {
        pieces.push(Piece::Text("  (the same)".to_owned(), cx.style(Role::Dim)));
    }
    doc.paragraph(vec![Span::styled(format!("{label:<LABEL$}"), cx.style(Role::Strong))], pieces);
}

fn facts(doc: &mut Doc, d: &IncidentDetail, other: &IncidentDetail, cx: &PaneCx<'_>) {
    let (i, o) = (&d.incident, &other.incident);
    said(doc, "Began", cx.clock.full(i.first_seen), false, cx);
    let lasted = format::duration(i.last_seen.since(i.first_seen).max(0));
    said(doc, "Lasted", lasted, false, cx);
    said(doc, "Struck", format!("{}{}", format::count(i.count), cx.glyphs.times), false, cx);
    let level = i.severity.level();
    let grave = i.criticality.map_or_else(String::new, |c| format!(", criticality {c}"));
    said(doc, "Severity", format!("{level}{grave}"), level == o.severity.level() && i.criticality == o.criticality, cx);
    let mark = |c: &String| if o.components.contains(c) { safe(c, cx) } else { format!("{} (only here)", safe(c, cx)) };
    let components: Vec<String> = i.components.iter().map(mark).collect();
    said(doc, "Components", components.join(", "), i.components == o.components, cx);
    let class = |d: &IncidentDetail| d.diagnosis.as_ref().map(|d| d.error_class.clone()).unwrap_or_default();
    let own = class(d);
    said(doc, "Class", safe(&own, cx), !own.is_empty() && own == class(other), cx);
    let same = i.fingerprint == o.fingerprint;
    said(doc, "Fault", if same { "the same fault" } else { "another fault" }.to_owned(), false, cx);
}

fn cause(doc: &mut Doc, d: &IncidentDetail, _: &IncidentDetail, cx: &PaneCx<'_>) {
    doc.row(Vec::new());
    let Some(found) = &d.diagnosis else {
        return doc.row(vec![Span::styled("No diagnosis", cx.style(Role::Dim))]);
    };
    let by = format!("  confidence {}, by {}", found.confidence.name(), author(found, cx));
    doc.row(vec![Span::styled("Cause", cx.style(Role::Title)), Span::styled(by, cx.style(Role::Dim))]);
    doc.paragraph(vec![Span::raw(" ")], vec![Piece::Text(safe(&found.cause, cx), cx.style(Role::Text))]);
}

fn author(d: &Diagnosis, cx: &PaneCx<'_>) -> String {
    match &d.author {
        Author::Model { model, .. } => safe(model, cx),
        Author::Playbook { id } => format!("playbook {}", safe(id, cx)),
        Author::Facts => "the facts alone".to_owned(),
    }
}

fn steps(doc: &mut Doc, d: &IncidentDetail, _: &IncidentDetail, cx: &PaneCx<'_>) {
    let Some(fix) = d.diagnosis.as_ref().map(|d| &d.fix) else { return };
    doc.row(Vec::new());
    for (label, items, role) in
        [("Now", &fix.now, Role::Text), ("Run", &fix.commands, Role::Code), ("Lasting", &fix.lasting, Role::Text)]
    {
        for (n, item) in items.iter().enumerate() {
            let label = if n == 0 { label } else { "" };
            let piece = Piece::Text(safe(item, cx), cx.style(role));
            doc.paragraph(vec![Span::styled(format!("{label:<LABEL$}"), cx.style(Role::Strong))], vec![piece]);
        }
    }
}

fn judged(doc: &mut Doc, d: &IncidentDetail, _: &IncidentDetail, cx: &PaneCx<'_>) {
    if let Some(v) = &d.verdict {
        doc.row(Vec::new());
        said(doc, "Judged", safe(&v.words(), cx), false, cx);
    }
}

fn evidence(doc: &mut Doc, d: &IncidentDetail, _: &IncidentDetail, cx: &PaneCx<'_>) {
    if d.records.is_empty() {
        return;
    }
    doc.row(Vec::new());
    doc.row(vec![Span::styled("Evidence", cx.style(Role::Title))]);
    for record in d.records.iter().take(LINES) {
        let level = record.severity.level();
        let first = record.message().lines().next().unwrap_or_default();
        doc.row(vec![
            Span::styled(format!(" {} ", cx.clock.hms(record.time)), cx.style(Role::Time)),
            Span::styled(format!("{} ", cx.glyphs.level(level)), cx.theme.level(level)),
            Span::styled(format!("{} ", safe(&record.component, cx)), cx.style(Role::Component)),
            Span::styled(safe(first, cx), cx.style(Role::Text)),
        ]);
    }
    let more = d.records.len().saturating_sub(LINES);
    if more > 0 {
        doc.row(vec![Span::styled(format!(" and {more} more"), cx.style(Role::Dim))]);
    }
}

impl State {
    /// Keys while two incidents are compared. `None` when the key means what it always does.
    pub(super) fn comparing(&mut self, action: Action, cx: &PaneCx<'_>) -> Option<Vec<crate::tui::effect::Effect>> {
        self.compared.as_ref()?;
        if action == Action::Back {
            self.compared = None;
            return Some(Vec::new());
        }
        let room = Rect::from((ratatui::layout::Position::ORIGIN, cx.size));
        let length = self.columns(room, cx).map_or(0, |(a, b)| a.len().max(b.len()));
        let c = self.compared.as_mut()?;
        match action {
            Action::Left | Action::Right | Action::NextItem | Action::PreviousItem | Action::Open => c.then = !c.then,
            _ => {
                let action = match action {
                    Action::Down | Action::Up => {
                        let by = if action == Action::Down { 1 } else { -1 };
                        let most = length.saturating_sub(cx.size.height as usize);
                        c.scroll = c.scroll.saturating_add_signed(by).min(most);
                        return Some(Vec::new());
                    }
                    other => other,
                };
                scrolled(&mut c.scroll, action, length, cx.size.height as usize);
            }
        }
        Some(Vec::new())
    }

    fn columns(&self, area: Rect, cx: &PaneCx<'_>) -> Option<(Doc, Doc)> {
        let (c, now) = (self.compared.as_ref()?, self.loaded(cx)?);
        let wide = area.width >= WIDE;
        let width = if wide { (area.width as usize - 1) / 2 - 2 } else { (area.width as usize).saturating_sub(2) };
        Some(both(now, &c.past, width, wide, cx))
    }

    /// Draws both over the pane. False when nothing is compared.
    pub(super) fn draw_comparison(&self, frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>) -> bool {
        let (Some(c), Some((left, right))) = (&self.compared, self.columns(area, cx)) else { return false };
        let inner = |r: Rect| Rect { x: r.x + 1, width: r.width.saturating_sub(2), ..r };
        let length = left.len().max(right.len());
        let at = c.scroll.min(length.saturating_sub(area.height as usize));
        if area.width >= WIDE {
            let half = (area.width - 1) / 2;
            left.draw(inner(Rect { width: half, ..area }), frame.buffer_mut(), at);
            for y in area.top()..area.bottom() {
                frame.buffer_mut().set_string(area.x + half, y, cx.glyphs.vertical, cx.style(Role::Border));
            }
            let rest = Rect { x: area.x + half + 1, width: area.width - half - 1, ..area };
            right.draw(inner(rest), frame.buffer_mut(), at);
        } else {
            let shown = if c.then { &right } else { &left };
            shown.draw(inner(area), frame.buffer_mut(), at);
        }
        let bar = Rect { x: area.right().saturating_sub(1), width: 1, ..area }.intersection(frame.area());
        let seen = (at as u64, u64::from(area.height), length as u64);
        scroll::scrollbar(frame, bar, seen, cx.glyphs, cx.style(Role::Scrollbar), cx.style(Role::ScrollbarThumb));
        true
    }
}
