//! The conversation as rows: questions, steps, answers with their citations, and who answered.

use super::examples::examples;
use super::flow::{Cache, Doc, Dress, Flow, Target};
use super::scope::Patterns;
use super::state::{Pending, State};
use super::summary;
use crate::tui::action::{Action, Context};
use crate::tui::format::{compact, percent};
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::document::{LinkStyles, Mark, Piece};
use crate::tui::widgets::markdown::{CodeStyles, Look};
use crate::tui::widgets::text;
use aiobs_types::{Area, ChatMessage, ChatRole, ChatScope, ChatStep, ChatUsage, Citation, IncidentId};
use ratatui::text::Span;
use std::fmt::Write as _;

/// Messages drawn; older ones stay in the archive.
const MOST_MESSAGES: usize = 200;

/// The conversation laid out, and the row where the newest question begins.
pub(super) fn flow(state: &State, cx: &PaneCx<'_>, width: usize) -> (Flow, usize) {
    let links = LinkStyles { link: cx.style(Role::Link), active: cx.style(Role::LinkActive) };
    let dress = Dress { width, ellipsis: cx.glyphs.ellipsis, links, look: look(cx) };
    let mut flow = Flow::new(&dress, state.link());
    if state.history.is_empty() && state.pending.is_none() {
        flow.part(|doc| empty(doc, state, cx));
        return (flow, 0);
    }
    let mut cache = state.cache.take();
    cache.wear(&dress);
    let mut newest = 0;
    let from = state.history.len().saturating_sub(MOST_MESSAGES);
    for message in &state.history[from..] {
        match message.role {
            ChatRole::User => {
                newest = flow.len();
                question(&mut flow, &state.patterns, message, cx);
            }
            ChatRole::Assistant => answer(&mut flow, &mut cache, state, message, cx),
        }
        summary::below((&mut flow, &mut cache), state, message, |n| incident(n, cx), cx);
    }
    if let Some(pending) = &state.pending {
        newest = flow.len();
        question(&mut flow, &state.patterns, &pending.question, cx);
        streaming(&mut flow, &mut cache, pending, cx);
    }
    state.cache.replace(cache);
    (flow, newest)
}

pub(super) fn look(cx: &PaneCx<'_>) -> Look {
    Look {
        text: cx.style(Role::Text),
        heading: cx.style(Role::Title),
        strong: cx.style(Role::Strong),
        quote: cx.style(Role::Quote),
        code: cx.style(Role::Code),
        parts: CodeStyles {
            keyword: cx.style(Role::Strong),
            text: cx.style(Role::Ok),
            number: cx.style(Role::Placeholder),
            name: cx.style(Role::Info),
            comment: cx.style(Role::Dim),
            added: cx.style(Role::Ok),
            removed: cx.style(Role::Error),
        },
        unnamed: false,
        dim: cx.style(Role::Dim),
        bullet: cx.glyphs.bullet,
        bar: cx.glyphs.vertical,
        rule: cx.glyphs.horizontal,
        ascii: cx.glyphs.ascii,
    }
}

fn question(flow: &mut Flow, patterns: &Patterns, message: &ChatMessage, cx: &PaneCx<'_>) {
    flow.gap();
    flow.part(|doc| {
        let about = match &message.scope {
            ChatScope::All => String::new(),
            scope => format!("  about {}", patterns.scope(scope, cx)),
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
    });
}

/// What was looked at: the program's own looks as one line that Enter opens, and a line for each tool that the model
/// called, which opens to what it brought.
fn steps(flow: &mut Flow, state: &State, message: &ChatMessage, cx: &PaneCx<'_>) {
    if message.steps.is_empty() {
        return;
    }
    flow.gap();
    flow.part(|doc| {
        let own = message.steps.iter().filter(|s| !s.by_model && !s.failed).count();
        let open = state.is_open(message.id, None);
        if own > 0 {
            let count = if own == 1 { "1 look".to_owned() } else { format!("{own} looks") };
            let enter = cx.keys(Context::Chat, Action::Open);
            let what = if open { format!("{enter} hides them") } else { format!("{enter} shows what was looked at") };
            let text = format!("  {} {count}  {what}", cx.glyphs.bullet);
            doc.link_row(vec![Span::styled(text, cx.style(Role::Dim))], Target::Steps(message.id));
        }
        for step in message.steps.iter().filter(|s| open && !s.by_model && !s.failed) {
            doc.row(vec![step_line(step, "    ", cx)]);
        }
        // What did not work is told without being asked for.
        for step in message.steps.iter().filter(|s| s.failed && !s.by_model) {
            let safe = text::safe_for(&step.text, cx.glyphs.ascii).into_owned();
            let bullet = Span::styled(format!("  {} ", cx.glyphs.bullet), cx.style(Role::Dim));
            doc.paragraph(vec![bullet], vec![Piece::Text(safe, cx.style(Role::Dim))]);
        }
        for (i, step) in message.steps.iter().enumerate().filter(|(_, s)| s.by_model) {
            if step.detail.is_empty() {
                doc.row(vec![step_line(step, "  ", cx)]);
                continue;
            }
            doc.link_row(vec![step_line(step, "  ", cx)], Target::Step(message.id, i));
            if state.is_open(message.id, Some(i)) {
                for line in step.detail.lines() {
                    let safe = text::safe_for(line, cx.glyphs.ascii).into_owned();
                    let bar = Span::styled(format!("    {} ", cx.glyphs.vertical), cx.style(Role::Faint));
                    doc.row(vec![bar, Span::styled(safe, cx.style(Role::Dim))]);
                }
            }
        }
    });
}

fn step_line(step: &ChatStep, indent: &str, cx: &PaneCx<'_>) -> Span<'static> {
    let safe = text::safe_for(&step.text, cx.glyphs.ascii);
    let role = if step.failed { Role::Warn } else { Role::Dim };
    Span::styled(format!("{indent}{} {safe}", cx.glyphs.bullet), cx.style(role))
}

/// What marks of an answer lead to.
fn target(message: &ChatMessage, mark: Mark, cx: &PaneCx<'_>) -> Option<Target> {
    match mark {
        Mark::Cited(n) => Some(match message.citations.get(n.checked_sub(1)?)? {
            Citation::Record(id) => Target::Record(*id),
            Citation::Text(_) => Target::Text(message.id, n),
        }),
        Mark::Incident(n) => incident(n, cx),
    }
}

fn incident(number: u64, cx: &PaneCx<'_>) -> Option<Target> {
    let id = IncidentId(number);
    cx.snapshot.incidents.iter().any(|i| i.id == id).then_some(Target::Incident(id))
}

/// What was looked at for an answer, and what was not.
fn looked(message: &ChatMessage) -> Option<String> {
    let names = |list: &[Area]| list.iter().map(|a| a.name()).collect::<Vec<_>>().join(", ");
    let (did, not) = message.looked()?;
    let not = if not.is_empty() { String::new() } else { format!("; not at {}", names(&not)) };
    Some(format!("looked at {}{not}", names(&did)))
}

fn answer(flow: &mut Flow, cache: &mut Cache, state: &State, message: &ChatMessage, cx: &PaneCx<'_>) {
    steps(flow, state, message, cx);
    flow.gap();
    flow.markdown(cache, (message.id, message.time.0), &message.text, None, |m| target(message, m, cx));
    let by = if message.author == "retrieval" {
        "composed from the archive: no model answered".to_owned()
    } else {
        text::safe_for(&message.author, cx.glyphs.ascii).into_owned()
    };
    let mut end =
        vec![Span::styled(format!("  {by}  {}", cx.clock.hms_near(message.time, cx.clock.now)), cx.style(Role::Dim))];
    if let Some(usage) = &message.usage {
        end.push(Span::styled(format!("  {}", usage_text(usage)), cx.style(Role::Dim)));
    }
    if !message.complete {
        end.push(Span::styled("  broken off", cx.style(Role::Warn)));
    }
    if message.text.contains("```") || message.text.contains("~~~") {
        let copy = cx.keys(Context::Chat, Action::Copy);
        end.push(Span::styled(format!("  {copy} copies the code"), cx.style(Role::Dim)));
    }
    flow.part(|doc| {
        doc.row(end);
        if let Some(looked) = looked(message) {
            doc.paragraph(vec![Span::raw("  ")], vec![Piece::Text(looked, cx.style(Role::Faint))]);
        }
    });
}

/// `1.2k of 8.2k context, 88 tokens out, $0.0012`.
fn usage_text(u: &ChatUsage) -> String {
    if u.input_tokens + u.output_tokens == 0 {
        return "out of the cache, no tokens".to_owned();
    }
    let about = if u.estimated { "about " } else { "" };
    let compact = |n: u64| compact(n as f64);
    let mut out = format!("{about}{} tokens in, {} out", compact(u.input_tokens), compact(u.output_tokens));
    if u.context > 0 {
        let filled = if u.filled > 0 { u.filled } else { u.input_tokens + u.output_tokens };
        let share = filled as f64 / f64::from(u.context);
        let _ = write!(out, ", context {} full", percent(share.min(1.0)));
    }
    if let Some(micro) = u.cost_micro_usd.filter(|cost| *cost > 0) {
        let _ = write!(out, ", ${:.4}", micro as f64 / 1e6);
    }
    out
}

fn streaming(flow: &mut Flow, cache: &mut Cache, pending: &Pending, cx: &PaneCx<'_>) {
    if !pending.steps.is_empty() {
        flow.gap();
        flow.part(|doc| {
            for step in &pending.steps {
                doc.row(vec![step_line(step, "  ", cx)]);
            }
        });
    }
    flow.gap();
    // What is cited is known when the answer ends.
    let named = |m| if let Mark::Incident(n) = m { incident(n, cx) } else { None };
    flow.markdown(cache, pending.of(), &pending.text, Some(&pending.blocks), named);
    let cancel = cx.keys(Context::Editor, Action::Cancel);
    let state = if pending.cancelled {
        "stopping".to_owned()
    } else if pending.text.is_empty() {
        format!("thinking {}   {cancel} stops", cx.glyphs.ellipsis)
    } else {
        format!("writing {}   {cancel} stops", cx.glyphs.ellipsis)
    };
    flow.part(|doc| doc.row(vec![Span::styled(format!("  {state}"), cx.style(Role::Running))]));
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
    for (i, example) in examples(cx.snapshot).iter().enumerate() {
        let safe = text::safe_for(example, cx.glyphs.ascii);
        let text = Span::styled(format!(" {} {safe}", cx.glyphs.bullet), cx.style(Role::Quote));
        doc.link_row(vec![text], Target::Example(i));
    }
    doc.row(Vec::new());
    let (next, open) = (cx.keys(Context::Chat, Action::NextItem), cx.keys(Context::Chat, Action::Open));
    doc.paragraph(Vec::new(), plain(format!("{next} goes to one of these, {open} takes it for editing."), Role::Dim));
    let ask = cx.keys(Context::Incidents, Action::Ask);
    let last = format!("{ask} in any pane asks about what is selected there. /help lists commands.");
    doc.paragraph(Vec::new(), plain(last, Role::Dim));
}
