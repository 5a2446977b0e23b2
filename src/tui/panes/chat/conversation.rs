//! The conversation as rows: questions, steps, answers with their citations, and who answered.

use super::state::{Pending, State};
use crate::tui::action::{Action, Context};
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::document::{Document, LinkStyles, Piece};
use crate::tui::widgets::markdown::{self, Look};
use crate::tui::widgets::text;
use aiobs_types::{ChatMessage, ChatRole, ChatScope, RecordId};
use ratatui::text::Span;

/// Messages drawn; older ones stay in the archive.
const MOST_MESSAGES: usize = 200;

type Doc = Document<RecordId>;

/// Rows that the newest question and its answer take.
pub(super) fn newest_rows(state: &State, cx: &PaneCx<'_>, width: usize) -> usize {
    let from = state.history.iter().rposition(|m| m.role == ChatRole::User).unwrap_or(0);
    let mut doc = Document::new(width, cx.glyphs.ellipsis, LinkStyles::default(), None);
    for message in &state.history[from..] {
        match message.role {
            ChatRole::User => question(&mut doc, message, cx),
            ChatRole::Assistant => {
                let steps = state.steps.iter().find(|(id, _)| *id == message.id).map(|(_, s)| s.as_slice());
                answer(&mut doc, message, steps.unwrap_or_default(), cx);
            }
        }
    }
    doc.len()
}

/// Builds it for a width.
pub(super) fn document(state: &State, cx: &PaneCx<'_>, width: usize) -> Doc {
    let styles = LinkStyles { link: cx.style(Role::Link), active: cx.style(Role::LinkActive) };
    let mut doc = Document::new(width, cx.glyphs.ellipsis, styles, state.link());
    if state.history.is_empty() && state.pending.is_none() {
        empty(&mut doc, state, cx);
        return doc;
    }
    let from = state.history.len().saturating_sub(MOST_MESSAGES);
    for message in &state.history[from..] {
        match message.role {
            ChatRole::User => question(&mut doc, message, cx),
            ChatRole::Assistant => {
                let steps = state.steps.iter().find(|(id, _)| *id == message.id).map(|(_, s)| s.as_slice());
                answer(&mut doc, message, steps.unwrap_or_default(), cx);
            }
        }
    }
    if let Some(pending) = &state.pending {
        question(&mut doc, &pending.question, cx);
        streaming(&mut doc, pending, cx);
    }
    doc
}

fn look(cx: &PaneCx<'_>) -> Look {
    Look {
        text: cx.style(Role::Text),
        heading: cx.style(Role::Title),
        strong: cx.style(Role::Strong),
        quote: cx.style(Role::Quote),
        code: cx.style(Role::Code),
        dim: cx.style(Role::Dim),
        bullet: cx.glyphs.bullet,
        bar: cx.glyphs.vertical,
        rule: cx.glyphs.horizontal,
        ascii: cx.glyphs.ascii,
    }
}

/// What a question is about, in words.
pub(super) fn scope_text(scope: ChatScope, cx: &PaneCx<'_>) -> String {
    match scope {
        ChatScope::All => "whole archive".into(),
        ChatScope::Incident { id } => format!("incident {id}"),
        ChatScope::Range { from, to } => {
            format!(
                "{}{}{}",
                cx.clock.hms_near(from, cx.clock.now),
                cx.glyphs.dash,
                cx.clock.hms_near(to, cx.clock.now)
            )
        }
    }
}

fn question(doc: &mut Doc, message: &ChatMessage, cx: &PaneCx<'_>) {
    doc.gap();
    let about = match message.scope {
        ChatScope::All => String::new(),
        scope => format!("  about {}", scope_text(scope, cx)),
    };
    let when = cx.clock.hms_near(message.time, cx.clock.now);
    doc.row(vec![
        Span::styled("You", cx.style(Role::Accent)),
        Span::styled(format!("  {when}{about}"), cx.style(Role::Dim)),
    ]);
    for line in message.text.lines() {
        let safe = text::safe_for(line, cx.glyphs.ascii).into_owned();
        doc.paragraph(
            vec![Span::styled(format!("{} ", cx.glyphs.step), cx.style(Role::Accent))],
            vec![Piece::Text(safe, cx.style(Role::Strong))],
        );
    }
}

fn steps(doc: &mut Doc, steps: &[String], cx: &PaneCx<'_>) {
    doc.gap();
    for step in steps {
        let safe = text::safe_for(step, cx.glyphs.ascii).into_owned();
        doc.row(vec![Span::styled(format!("  {} {safe}", cx.glyphs.bullet), cx.style(Role::Dim))]);
    }
}

fn answer(doc: &mut Doc, message: &ChatMessage, of: &[String], cx: &PaneCx<'_>) {
    steps(doc, of, cx);
    doc.gap();
    markdown::render(doc, &message.text, look(cx), |n| message.citations.get(n.checked_sub(1)?).copied());
    let by = if message.author == "retrieval" {
        "found by search in the archive: no model answered".to_owned()
    } else {
        text::safe_for(&message.author, cx.glyphs.ascii).into_owned()
    };
    let mut end =
        vec![Span::styled(format!("  {by}  {}", cx.clock.hms_near(message.time, cx.clock.now)), cx.style(Role::Dim))];
    if !message.complete {
        end.push(Span::styled("  broken off", cx.style(Role::Warn)));
    }
    if !markdown::code_blocks(&message.text).is_empty() {
        let copy = cx.keys(Context::Chat, Action::Copy);
        end.push(Span::styled(format!("  {copy} copies the code"), cx.style(Role::Dim)));
    }
    doc.row(end);
}

fn streaming(doc: &mut Doc, pending: &Pending, cx: &PaneCx<'_>) {
    steps(doc, &pending.steps, cx);
    doc.gap();
    // Citations are known when the answer ends.
    markdown::render(doc, &pending.text, look(cx), |_| None);
    let cancel = cx.keys(Context::Editor, Action::Cancel);
    let state = if pending.cancelled {
        "stopping".to_owned()
    } else if pending.text.is_empty() {
        format!("thinking {}   {cancel} stops", cx.glyphs.ellipsis)
    } else {
        format!("writing {}   {cancel} stops", cx.glyphs.ellipsis)
    };
    doc.row(vec![Span::styled(format!("  {state}"), cx.style(Role::Running))]);
}

fn empty(doc: &mut Doc, state: &State, cx: &PaneCx<'_>) {
    let plain = |t: String, role| vec![Piece::Text(t, cx.style(role))];
    if !state.loaded {
        return doc.paragraph(Vec::new(), plain("Loading ...".into(), Role::Dim));
    }
    doc.row(Vec::new());
    doc.paragraph(Vec::new(), plain("Ask about what is in the logs.".into(), Role::Title));
    doc.row(Vec::new());
    let how =
        "Answers cite the lines they rest on; a citation leads to its line. The conversation is kept across restarts.";
    doc.paragraph(Vec::new(), plain(how.into(), Role::Text));
    doc.row(Vec::new());
    for example in [
        "What went wrong in the last ten minutes?",
        "Why do orders fail, and since when?",
        "Was there a deploy before the errors began?",
    ] {
        doc.paragraph(
            vec![Span::styled(format!(" {} ", cx.glyphs.bullet), cx.style(Role::Faint))],
            plain(example.into(), Role::Quote),
        );
    }
    doc.row(Vec::new());
    let ask = cx.keys(Context::Incidents, Action::Ask);
    let last = format!("{ask} in Logs or Incidents asks about what is selected there.");
    doc.paragraph(Vec::new(), plain(last, Role::Dim));
}
