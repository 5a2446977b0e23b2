//! What a model is sent for a question, and the citations of what it says. Pure.

use super::earlier::earlier;
use super::facts;
use super::language::Lang;
use super::marks::cut;
use super::phrase::times;
use super::retrieve::Found;
use crate::context::fence::{RECORD_LIMIT, neutral};
use crate::context::render;
use crate::context::suspect::withheld;
use crate::prompts::Prompts;
use aiobs_llm::{Message, Tool};
use aiobs_types::{ChatMessage, ChatScope, Diagnosis, Incident, TalkSummary};
use std::fmt::Write as _;

/// Characters that a token stands for, carefully: logs have more tokens than prose.
pub(super) const PER_TOKEN: usize = 3;
/// Tokens kept for the answer.
pub(crate) const ANSWER: u32 = 1_024;
/// Characters of a line and of a text, the longest that fit.
const LENGTHS: [(usize, usize); 4] = [(RECORD_LIMIT, 900), (220, 500), (120, 250), (60, 120)];

/// What a model is asked with.
pub(crate) struct Asking<'a> {
    pub(crate) question: &'a str,
    pub(crate) scope: &'a ChatScope,
    /// Earlier turns, oldest first.
    pub(crate) history: &'a [ChatMessage],
    /// What the first of them said, once they did not fit any more.
    pub(crate) summary: Option<&'a TalkSummary>,
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

/// What does not depend on the turns before, and what is left beside it.
struct Frame {
    system: Message,
    user: Message,
    label: String,
    /// Characters that are left.
    room: usize,
}

impl Frame {
    /// Lines and texts are cut shorter until a third of what fits is left for the conversation and for what tools answer.
    fn of(a: &Asking<'_>) -> Self {
        let p = a.prompts.prompt("chat");
        let system = p.system();
        let fits = a.context.saturating_sub(ANSWER) as usize * PER_TOKEN;
        let fits = fits.saturating_sub(system.content.len() + described(a.tools));
        let most = fits * 2 / 3;
        let question = cut(a.question, most / 2);
        let parts = Parts::of(a);
        let mut user = Message::user(String::new());
        for (line, text) in LENGTHS {
            let lines = a.found.numbered();
            user = p.user(&[
                ("scope", &parts.scope),
                ("incidents", &parts.incidents),
                ("facts", &parts.facts),
                ("records", &render::numbered(&lines, line)),
                ("knowledge", &render::passages(&a.found.written(), lines.len() + 1, text)),
                ("question", &question),
            ]);
            if user.content.len() <= most {
                break;
            }
        }
        let room = fits.saturating_sub(user.content.len());
        Self { system, user, label: p.label(), room }
    }

    /// Characters for the turns before; where tools may be called, the rest is for what they answer.
    fn share(&self, a: &Asking<'_>) -> usize {
        if a.tools.is_empty() { self.room } else { self.room / 2 }
    }
}

/// Parts of what is sent that are short.
struct Parts {
    scope: String,
    incidents: String,
    facts: String,
}

impl Parts {
    fn of(a: &Asking<'_>) -> Self {
        let scope = match a.scope {
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
        let incidents: String = a.found.incidents.iter().map(|(i, d)| incident(i, d.as_ref()) + "\n").collect();
        let mut incidents = render::fenced("incidents and what was found about them", &incidents);
        let hint = render::playbook(a.found.advice.as_ref());
        if !hint.is_empty() {
            incidents = format!("{incidents}\n\n{hint}");
        }
        Self { scope, incidents, facts: render::fenced("counts from the archive", &counts(a.found)) }
    }
}

/// Characters that the turns before may take.
pub(super) fn room(a: &Asking<'_>) -> usize {
    Frame::of(a).share(a)
}

/// What is sent for a question.
pub(crate) fn messages(a: &Asking<'_>) -> Prepared {
    let frame = Frame::of(a);
    let earlier = earlier(a.history, a.summary, &a.found.sources(), frame.share(a));
    let room = frame.room.saturating_sub(earlier.iter().map(|m| m.content.len()).sum());
    let mut messages = vec![frame.system];
    messages.extend(earlier);
    messages.push(frame.user);
    Prepared { messages, label: frame.label, room }
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
    for r in f.ranking.iter().flat_map(|r| r.rows.iter().take(10)) {
        let took = if r.timed > 0 {
            format!(", {} ms on average, {} ms at most", r.mean() / 1_000_000, r.longest / 1_000_000)
        } else {
            String::new()
        };
        let _ = writeln!(out, "lines that name {}: {}{took}", neutral(&r.name, 120), r.lines);
    }
    for (time, line) in &f.slowest {
        let _ = writeln!(out, "slowest: line [{}], {} ms", line + 1, time / 1_000_000);
    }
    for (e, line) in &f.expiries {
        let about = e.about.map(|t| format!(", about {} UTC", render::time(t))).unwrap_or_default();
        let _ = writeln!(out, "line [{}] says: {}{about}", line + 1, neutral(&e.said, 120));
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
        times(Lang::En, i.count),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Exhibit, Why};
    use crate::testing::conversation;
    use aiobs_types::{LogRecord, RecordId};

    fn size(p: &Prepared) -> usize {
        p.messages.iter().map(|m| m.content.len()).sum()
    }

    #[test]
    fn a_long_conversation_fits() {
        let history = conversation(100);
        let (found, all, prompts) = (Found::default(), ChatScope::All, Prompts::default());
        let tool = Tool {
            name: "t".into(),
            description: "d".repeat(900),
            parameters: serde_json::json!({"type": "object", "properties": {}}),
        };
        let ask = |tools| {
            let (history, found, scope, prompts) = (&history[..], &found, &all, &prompts);
            let asking =
                Asking { question: "and?", scope, history, summary: None, found, prompts, context: 8_192, tools };
            messages(&asking)
        };
        let fits = (8_192 - ANSWER as usize) * PER_TOKEN;
        let plain = ask(&[]);
        assert!(size(&plain) <= fits && size(&plain) > 15_000, "{}", size(&plain));
        let tools = [tool];
        let with = ask(&tools);
        assert!(size(&with) + described(&tools) + with.room <= fits && with.room > 8_000, "{}", with.room);
    }

    #[test]
    fn long_lines_and_long_questions_leave_room() {
        let line = |id: u64| Exhibit {
            record: LogRecord { id: RecordId(id), text: "word ".repeat(500), ..LogRecord::default() },
            source: "a.log".into(),
            why: Why::Around,
        };
        let found = Found { lines: (0..36).map(line).collect(), ..Found::default() };
        let (history, scope, prompts) = (conversation(40), ChatScope::All, Prompts::default());
        for (question, context) in [("and?".to_owned(), 8_192), ("why? ".repeat(20_000), 8_192), ("and?".into(), 5_000)]
        {
            let (question, history, found, scope, prompts) = (&*question, &history[..], &found, &scope, &prompts);
            let p = messages(&Asking { question, scope, history, summary: None, found, prompts, context, tools: &[] });
            assert!(size(&p) <= (context - ANSWER) as usize * PER_TOKEN, "{} of {context}", size(&p));
            let asked = &p.messages[p.messages.len() - 1].content;
            assert!(asked.contains("[36] ") && p.messages.len() > 2, "every line has its number, and there are turns");
        }
    }
}
