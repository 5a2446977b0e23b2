//! What a model is sent for a question, and the citations of what it says. Pure.

use super::facts;
use super::phrase::times;
use super::retrieve::Found;
use crate::context::fence::neutral;
use crate::context::render;
use crate::context::sources::Sources;
use crate::context::suspect::withheld;
use crate::prompts::Prompts;
use aiobs_llm::{Message, Tool};
use aiobs_types::{ChatMessage, ChatRole, ChatScope, Citation, Diagnosis, Incident};
use std::fmt::Write as _;

/// Characters of an earlier turn that goes to the model as it was.
const TURN: usize = 1_500;
/// Characters of an older question and answer, shortened.
const SHORT: (usize, usize) = (120, 240);
/// Characters that a token stands for, carefully: logs have more tokens than prose.
const PER_TOKEN: usize = 3;
/// Tokens kept for the answer.
pub(crate) const ANSWER: u32 = 1_024;

/// What a model is asked with.
pub(crate) struct Asking<'a> {
    pub(crate) question: &'a str,
    pub(crate) scope: &'a ChatScope,
    /// Earlier turns, oldest first.
    pub(crate) history: &'a [ChatMessage],
    pub(crate) found: &'a Found,
    /// The prompts.
    pub(crate) prompts: &'a Prompts,
    /// Tokens that fit.
    pub(crate) context: u32,
    /// What the model may call.
    pub(crate) tools: &'a [Tool],
}

/// What is sent for a question.
pub(crate) struct Prepared {
    pub(crate) messages: Vec<Message>,
    /// The prompt's name and version.
    pub(crate) label: String,
    /// Characters left for what tools answer.
    pub(crate) room: usize,
}

/// Characters that the descriptions of tools take.
fn described(tools: &[Tool]) -> usize {
    tools.iter().map(|t| t.name.len() + t.description.len() + t.parameters.to_string().len() + 40).sum()
}

/// What is sent for a question. Where tools may be called, a share of what fits is left for what they answer.
pub(crate) fn messages(a: &Asking<'_>) -> Prepared {
    let (question, scope, found) = (a.question, a.scope, a.found);
    let lines = found.numbered();
    let p = a.prompts.prompt("chat");
    let scope = match scope {
        ChatScope::All => "The question is about everything in the archive.".to_owned(),
        ChatScope::Incident { id } => format!("The question is about incident {id}."),
        ChatScope::Range { from, to } => {
            format!("The question is about {} to {} UTC.", render::time(*from), render::time(*to))
        }
        ChatScope::Filter { text } => {
            format!("The question is about the records that match this filter: {}", neutral(text, 300))
        }
        ChatScope::Selection { .. } => "The question is about lines that were selected.".to_owned(),
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
        ("records", &render::numbered(&lines)),
        ("knowledge", &render::passages(&found.written(), lines.len() + 1)),
        ("question", question),
    ]);
    let mut messages = vec![p.system()];
    let taken = messages[0].content.len() + user.content.len() + described(a.tools);
    let room = (a.context.saturating_sub(ANSWER) as usize * PER_TOKEN).saturating_sub(taken);
    let share = if a.tools.is_empty() { room } else { room / 3 };
    let earlier = earlier(a.history, &found.sources(), share);
    let left = room.saturating_sub(earlier.iter().map(|m| m.content.len()).sum());
    messages.extend(earlier);
    messages.push(user);
    Prepared { messages, label: p.label(), room: left }
}

/// The conversation so far within some characters: the newest turns as they were, older ones shortened, the oldest left
/// out. Marks keep pointing at their records where those are among the lines.
fn earlier(history: &[ChatMessage], sources: &Sources, room: usize) -> Vec<Message> {
    let text = |turn: &ChatMessage, most: usize| {
        let text = rewrite(&turn.text, |n| sources.number(turn.citations.get(n.checked_sub(1)?)?));
        cut(&text, most)
    };
    let mut left = room - room / 4;
    let mut whole = Vec::new();
    for turn in history.iter().rev() {
        let text = text(turn, TURN);
        if text.len() > left {
            break;
        }
        left -= text.len();
        whole.push(match turn.role {
            ChatRole::User => Message::user(text),
            ChatRole::Assistant => Message::assistant(text),
        });
    }
    let mut short = Vec::new();
    let mut left = room / 4;
    for turn in history[..history.len() - whole.len()].iter().rev() {
        let (who, most) = if turn.role == ChatRole::User { ("Asked", SHORT.0) } else { ("Answered", SHORT.1) };
        let line = format!("{who}: {}", text(turn, most).replace('\n', " "));
        if line.len() > left {
            break;
        }
        left -= line.len();
        short.push(line);
    }
    short.reverse();
    let mut out = Vec::with_capacity(whole.len() + 1);
    if !short.is_empty() {
        out.push(Message::user(format!("Earlier in this conversation, shortened:\n{}", short.join("\n"))));
    }
    out.extend(whole.into_iter().rev());
    out
}

/// At most so many characters, never within a mark.
fn cut(text: &str, most: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(most) else { return text.to_owned() };
    let kept = &text[..end];
    let open = kept.rfind('[').filter(|at| kept[*at..].find(']').is_none() && end - at < 24);
    format!("{}...", &kept[..open.unwrap_or(end)])
}

/// The facts in words, so that a model need not guess numbers.
fn counts(found: &Found) -> String {
    let f = &found.facts;
    let mut out = String::new();
    if f.old {
        let _ = writeln!(out, "the newest record is of {} UTC: \"now\" is there", render::time(f.now));
    }
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
        neutral(&withheld(&i.title), 150)
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

/// Renumbers the marks of an answer in the order of their appearance, with what they stand for. Marks that lead nowhere
/// are taken out.
pub(crate) fn cite(text: &str, sources: &Sources) -> (String, Vec<Citation>) {
    let mut cited: Vec<Citation> = Vec::new();
    let text = rewrite(text, |n| {
        let citation = sources.get(n)?;
        let at = cited.iter().position(|c| c == citation).unwrap_or_else(|| {
            cited.push(citation.clone());
            cited.len() - 1
        });
        Some(at + 1)
    });
    (text, cited)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Exhibit, Why};
    use aiobs_types::{LogRecord, RecordId};

    fn sources(ids: &[u64]) -> Sources {
        let line = |id: &u64| Exhibit {
            record: LogRecord { id: RecordId(*id), ..LogRecord::default() },
            source: String::new(),
            why: Why::Around,
        };
        Sources::new(&ids.iter().map(line).collect::<Vec<_>>(), &[])
    }

    fn conversation() -> Vec<ChatMessage> {
        let mut history = Vec::new();
        for i in 0..100 {
            let asked = ChatMessage::question(aiobs_types::Timestamp(0), ChatScope::All, format!("question {i}?"));
            history.push(ChatMessage { id: 2 * i, ..asked });
            history.push(ChatMessage {
                id: 2 * i + 1,
                role: ChatRole::Assistant,
                text: format!("Answer {i} rests on [1] and [2]. {}", "More was said. ".repeat(60)),
                citations: vec![Citation::Record(RecordId(7)), Citation::Record(RecordId(i))],
                complete: true,
                ..ChatMessage::default()
            });
        }
        history
    }

    #[test]
    fn a_long_conversation_fits_and_keeps_its_marks() {
        let history = conversation();
        let (found, all, prompts) = (Found::default(), ChatScope::All, Prompts::default());
        let tool = Tool {
            name: "t".into(),
            description: "d".repeat(900),
            parameters: serde_json::json!({"type": "object", "properties": {}}),
        };
        let ask = |tools| {
            let (history, found, scope, prompts) = (&history[..], &found, &all, &prompts);
            messages(&Asking { question: "and?", scope, history, found, prompts, context: 8_192, tools })
        };
        let size = |p: &Prepared| p.messages.iter().map(|m| m.content.len()).sum::<usize>();
        let fits = (8_192 - ANSWER as usize) * PER_TOKEN;
        let plain = ask(&[]);
        assert!(size(&plain) <= fits && size(&plain) > 15_000, "{}", size(&plain));
        let tools = [tool];
        let with = ask(&tools);
        assert!(size(&with) + described(&tools) + with.room <= fits && with.room > 8_000, "{}", with.room);
        let earlier = earlier(&history, &sources(&[99, 98, 7]), 20_000);
        assert!(earlier[0].content.starts_with("Earlier in this conversation, shortened:\n"));
        assert!(earlier[0].content.contains("rests on [3] and"), "a mark leads to its line in this prompt");
        let last = &earlier[earlier.len() - 1].content;
        assert!(last.starts_with("Answer 99 rests on [3] and [1]."), "{last}");
        assert!(earlier.iter().map(|m| m.content.len()).sum::<usize>() <= 20_000 + 60);
        assert_eq!(cut("see [12] and [34]", 15), "see [12] and ...");
    }

    #[test]
    fn marks_are_renumbered_and_invented_ones_struck() {
        let (text, cited) = cite("a [3], b [1, 3] and c [9]. An array[0], [x] and [", &sources(&[10, 20, 30]));
        assert_eq!(text, "a [1], b [2][1] and c. An array, [x] and [");
        assert_eq!(cited, [30, 10].map(|id| Citation::Record(RecordId(id))));
    }
}
