//! The text of an answer: what is sent to a model, what retrieval alone can say, and the citations of both. Pure.

use super::retrieve::Found;
use crate::context::fence::neutral;
use crate::context::render;
use crate::prompts::Prompts;
use aiobs_llm::Message;
use aiobs_types::{Author, ChatMessage, ChatRole, ChatScope, Diagnosis, Incident, Level, RecordId};
use std::fmt::Write as _;

/// Earlier turns that go to the model.
const HISTORY: usize = 6;
/// Characters of each.
const TURN: usize = 1_500;

/// The messages of a question, and the prompt's label.
pub(crate) fn messages(
    prompts: &Prompts,
    question: &str,
    scope: ChatScope,
    history: &[ChatMessage],
    found: &Found,
) -> (Vec<Message>, String) {
    let p = prompts.prompt("chat");
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
    (messages, p.label())
}

fn times(n: u64) -> String {
    if n == 1 { "once".to_owned() } else { format!("{n} times") }
}

fn incident(i: &Incident, d: Option<&Diagnosis>) -> String {
    let mut out = format!(
        "incident {} ({}), {}, struck {} times from {} to {} UTC: {}",
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

/// What can be said without a model, with marks into the found lines.
pub(crate) fn by_retrieval(found: &Found, why: &str) -> String {
    let mut out = format!("*No model answered ({}); this is what the archive holds.*\n", neutral(why, 200));
    for (i, d) in &found.incidents {
        let _ = write!(
            out,
            "\n**Incident {}, {}** ({}, {}, struck {} since {} UTC)\n",
            i.id,
            neutral(&i.title, 120),
            i.severity,
            i.state.name(),
            times(i.count),
            render::time(i.first_seen)
        );
        if let Some(d) = d {
            let by = match &d.author {
                Author::Model { model, .. } => neutral(model, 60),
                Author::Playbook { id } => format!("playbook {id}"),
                Author::Facts => "the facts".into(),
            };
            let _ = writeln!(out, "Cause, by {by} with {} confidence: {}", d.confidence.name(), d.cause);
            steps(&mut out, &d.fix.now);
        }
    }
    let diagnosed = found.incidents.iter().any(|(_, d)| d.is_some());
    if let Some(a) = found.advice.as_ref().filter(|_| !diagnosed) {
        let _ = writeln!(out, "\nThe playbook {} fits: {}", a.id, a.cause);
        steps(&mut out, &a.fix.now);
    }
    let mut telling: Vec<(usize, &crate::Exhibit)> = found.lines.iter().enumerate().collect();
    if telling.len() > 8 {
        telling.retain(|(_, e)| e.record.severity.level() >= Level::Warn);
        telling.truncate(8);
    }
    if telling.is_empty() && found.incidents.is_empty() {
        out.push_str(
            "\nNothing in this scope matches the question. Name a component, a host or a word of a message.\n",
        );
    } else if !telling.is_empty() {
        out.push_str("\nLines that match:\n");
        for (i, e) in telling {
            let name = if e.record.component.is_empty() { &e.source } else { &e.record.component };
            let _ = writeln!(
                out,
                "- {} {} {}: {} [{}]",
                render::time(e.record.time),
                e.record.severity,
                neutral(name, 40),
                neutral(&e.record.message().replace(['[', ']'], "|"), 160),
                i + 1
            );
        }
    }
    out
}

fn steps(out: &mut String, list: &[String]) {
    for step in list.iter().take(3) {
        let _ = writeln!(out, "- {step}");
    }
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
