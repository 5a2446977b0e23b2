//! Why the selected incident happened and what to do first: enough to act on at three in the morning. Enter shows
//! the rest.

use super::state::State;
use crate::runtime::events::IncidentDetail;
use crate::tui::action::{Action, Context};
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::document::{Document, LinkStyles, Piece};
use crate::tui::widgets::text;
use aiobs_types::{Diagnosis, Incident, RecordId};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Span;

/// Rows it uses with its gap when there is room.
pub(super) const WANTED: u16 = 13;
/// Rows of the short form, which has no heading.
pub(super) const SHORT: u16 = 2;

const LABEL: usize = 8;

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    let Some(incident) = state.chosen(cx).filter(|_| area.height > 0) else { return };
    let detail = state.detail.as_deref().filter(|d| d.incident.id == incident.id);
    let mut doc: Document<RecordId> =
        Document::new(usize::from(area.width), cx.glyphs.ellipsis, LinkStyles::default(), None);
    let short = area.height <= SHORT;
    if !short {
        doc.row(heading(incident, cx));
    }
    match detail.and_then(|d| d.diagnosis.as_ref()) {
        Some(d) if short => brief(&mut doc, d, cx),
        Some(d) => full(&mut doc, d, cx),
        None => labelled(&mut doc, "Why", &waiting(incident, detail, cx), Role::Dim, cx),
    }
    doc.draw(area, frame.buffer_mut(), 0);
}

fn heading(incident: &Incident, cx: &PaneCx<'_>) -> Vec<Span<'static>> {
    let open = cx.keys(Context::Overview, Action::Open);
    vec![
        Span::styled(format!("{}  ", incident.id), cx.style(Role::Accent)),
        Span::styled("Why, and what to do", cx.style(Role::Title)),
        Span::styled(format!("   {open} shows all of it"), cx.style(Role::Faint)),
    ]
}

fn full(doc: &mut Document<RecordId>, d: &Diagnosis, cx: &PaneCx<'_>) {
    labelled(doc, "Why", &d.cause, Role::Text, cx);
    if let Some(now) = d.fix.now.first() {
        labelled(doc, "Now", now, Role::Text, cx);
    }
    if let Some(command) = d.fix.commands.first() {
        labelled(doc, "Run", command, Role::Code, cx);
    }
    if let Some(verify) = d.fix.verify.first() {
        labelled(doc, "Verify", verify, Role::Text, cx);
    }
}

fn brief(doc: &mut Document<RecordId>, d: &Diagnosis, cx: &PaneCx<'_>) {
    let now = d.fix.now.first().or(d.fix.commands.first());
    for (label, said) in [("Why", Some(&d.cause)), ("Now", now)] {
        let Some(said) = said else { continue };
        doc.row(vec![
            Span::styled(format!("{label:<LABEL$}"), cx.style(Role::Strong)),
            Span::styled(flat(said, cx), cx.style(Role::Text)),
        ]);
    }
}

fn waiting(incident: &Incident, detail: Option<&IncidentDetail>, cx: &PaneCx<'_>) -> String {
    if cx.snapshot.chain.running == Some(incident.id) {
        "Being diagnosed now.".to_owned()
    } else if detail.is_none() {
        "Reading.".to_owned()
    } else {
        format!("Not diagnosed yet. {}", incident.reason)
    }
}

fn labelled(doc: &mut Document<RecordId>, label: &str, said: &str, role: Role, cx: &PaneCx<'_>) {
    let first = vec![Span::styled(format!("{label:<LABEL$}"), cx.style(Role::Strong))];
    doc.paragraph(first, vec![Piece::Text(flat(said, cx), cx.style(role))]);
}

fn flat(said: &str, cx: &PaneCx<'_>) -> String {
    let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
    text::safe_for(&text::unfenced(&flat), cx.glyphs.ascii).into_owned()
}
