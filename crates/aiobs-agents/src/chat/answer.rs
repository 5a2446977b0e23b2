//! What a model is sent for a question, and the citations of what it says. Pure.

use super::facts;
use super::phrase::times;
use super::retrieve::Found;
use crate::context::fence::neutral;
use crate::context::{mask, render};
use crate::prompts::prompt;
use aiobs_llm::{Message, Role};
use aiobs_types::{ChatMessage, ChatRole, ChatScope, Diagnosis, Incident, RecordId};
use std::fmt::Write as _;

/// Earlier turns that go to the model.
const HISTORY: usize = 6;
/// Characters of each.
const TURN: usize = 1_500;

/// The messages of a question, and the prompt's label.
pub(crate) fn messages(
    question: &str,
    scope: ChatScope,
    history: &[ChatMessage],
    found: &Found,
    local: bool,
) -> (Vec<Message>, String) {
    let p = prompt("chat");
    let scope = match scope {
        ChatScope::All => "The question is about everything in the archive.".to_owned(),
        ChatScope::Incident { id } => format!("The question is about incident {id}."),
        ChatScope::Range { from, to } => {
            format!("The question is about {} to {} UTC.", render::time(from), render::time(to))
        }
    };
    let incidents: String = found.incidents.iter().map(|(i, d)| incident(i, d.as_ref()) + "\n").collect();
    let mut incidents = render::fenced("incidents and what was found about them", &incidents);
    let hint = render::playbook(found.advice.as_ref());
    if !hint.is_empty() {
        incidents = format!("{incidents}\n\n{hint}");
    }
    let user = p.user(&[
        ("scope", &scope),
        ("incidents", &incidents),
        ("facts", &render::fenced("counts from the archive", &counts(found))),
        ("records", &render::numbered(&found.lines)),
        ("question", question),
    ]);
    let mut messages = vec![p.system()];
    for turn in &history[history.len().saturating_sub(HISTORY)..] {
        // Marks of earlier turns point at other lines.
        let text: String = without_marks(&turn.text).chars().take(TURN).collect();
        messages.push(match turn.role {
            ChatRole::User => Message::user(text),
            ChatRole::Assistant => Message::assistant(text),
        });
    }
    messages.push(user);
    if !local {
        for m in messages.iter_mut().filter(|m| m.role != Role::System) {
            m.content = mask(&m.content);
        }
    }
    (messages, p.label())
}

/// The facts in words, so that a model need not guess numbers.
fn counts(found: &Found) -> String {
    let f = &found.facts;
    let mut out = String::new();
    for look in &f.looks {
        let least = if look.complete { "" } else { "at least " };
        let _ = writeln!(out, "records that match {}: {least}{}", neutral(&look.query, 300), look.count);
    }
    if let Some((_, tally)) = &f.subject {
        if let Some(((from, _), (to, _))) = tally.first.zip(tally.last) {
            let _ = writeln!(out, "of these, first {} and last {} UTC", render::time(from), render::time(to));
        }
        for (name, n) in tally.by_component().iter().take(6).filter(|(name, _)| !name.is_empty()) {
            let _ = writeln!(out, "of these, by {}: {n}", neutral(name, 60));
        }
    }
    if let Some((newer, older)) = f.recent {
        let minutes = facts::RECENT / facts::MINUTE;
        let _ = writeln!(out, "of these, in the last {minutes} minutes: {newer}; in the {minutes} before: {older}");
    }
    for (p, example) in &f.patterns {
        let new = if p.new { ", never seen before" } else { "" };
        let line = example.map(|i| format!(" (line [{}])", i + 1)).unwrap_or_default();
        let _ = writeln!(out, "pattern {} -> {}{new}{line}: {}", p.before, p.during, neutral(&p.text, 200));
    }
    for p in &f.past {
        let _ = writeln!(out, "earlier incident {} of {} UTC", p.incident.id, render::time(p.incident.first_seen));
    }
    out
}

fn incident(i: &Incident, d: Option<&Diagnosis>) -> String {
    let mut out = format!(
        "incident {} ({}), {}, struck {} from {} to {} UTC: {}",
        i.id,
        i.state.name(),
        i.severity,
        times(i.count),
        render::time(i.first_seen),
        render::time(i.last_seen),
        neutral(&i.title, 150)
    );
    if let Some(d) = d {
        let _ = write!(out, "; cause ({} confidence): {}", d.confidence.name(), neutral(&d.cause, 400));
        if let Some(step) = d.fix.now.first() {
            let _ = write!(out, "; first step: {}", neutral(step, 200));
        }
    }
    out
}

/// `[n]` or `[n, m]` at the start of the text: the numbers and the length of the mark.
fn mark(text: &str) -> Option<(Vec<usize>, usize)> {
    let inner = text.strip_prefix('[')?;
    let end = inner.find(']').filter(|end| *end <= 24)?;
    let body = &inner[..end];
    let numbers: Option<Vec<usize>> = body.split(',').map(|n| n.trim().parse().ok()).collect();
    Some((numbers?, end + 2))
}

fn rewrite(text: &str, mut each: impl FnMut(usize) -> Option<usize>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('[') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((numbers, length)) = mark(rest) {
            let kept: Vec<usize> = numbers.into_iter().filter_map(&mut each).collect();
            for n in &kept {
                let _ = write!(out, "[{n}]");
            }
            if kept.is_empty() {
                out.truncate(out.trim_end_matches(' ').len());
            }
            rest = &rest[length..];
        } else {
            out.push('[');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

fn without_marks(text: &str) -> String {
    rewrite(text, |_| None)
}

/// Renumbers the marks of an answer in the order of their appearance, with the records they stand for. Marks that
/// point at no line are taken out.
pub(crate) fn cite(text: &str, lines: &[RecordId]) -> (String, Vec<RecordId>) {
    let mut cited: Vec<RecordId> = Vec::new();
    let text = rewrite(text, |n| {
        let id = *lines.get(n.checked_sub(1)?)?;
        let at = cited.iter().position(|c| *c == id).unwrap_or_else(|| {
            cited.push(id);
            cited.len() - 1
        });
        Some(at + 1)
    });
    (text, cited)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_renumbered_and_invented_ones_struck() {
        let lines = [RecordId(10), RecordId(20), RecordId(30)];
        let (text, cited) = cite("a [3], b [1, 3] and c [9]. An array[0], [x] and [", &lines);
        assert_eq!(text, "a [1], b [2][1] and c. An array, [x] and [");
        assert_eq!(cited, [RecordId(30), RecordId(10)]);
    }
}
