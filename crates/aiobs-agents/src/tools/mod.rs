//! Tools that a model may call in the Diagnosis and Fixer stages. All of them only read; what they may read is what the
//! evidence could hold too. Bounded in number, size and time, and the same call is answered once. What comes back is fenced
//! like everything from outside. A model that can call none is given the same kinds of facts up front.

mod arguments;
mod perform;
mod table;

use crate::context::render::{fenced, found};
use crate::context::{Evidence, Exhibit, Lookup};
use crate::{Archive, Excerpt, Surroundings};
use aiobs_llm::{Message, Tool, ToolCall};
use aiobs_types::{Incident, Timestamp};
use arguments::canonical;
use serde_json::Value;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

/// Calls of one run.
const CALLS: usize = 12;
/// Calls that one answer may ask for.
const AT_ONCE: usize = 4;
/// Characters one call may answer.
const ANSWER: usize = 4_000;
/// Characters all calls of a run may answer.
const ALL: usize = 24_000;
/// Time that all calls of one answer may take together.
pub(crate) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(15);

/// Whether models are offered tools.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ToolUse {
    /// When the server says that the model can.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never; everything is told up front.
    Never,
}

/// What one call brought.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) call: ToolCall,
    /// For the model, fenced.
    pub(crate) text: String,
    /// For the spans.
    pub(crate) look: Lookup,
}

/// What a tool found.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    body: String,
    exhibits: Vec<Exhibit>,
    file: Option<Excerpt>,
    amount: usize,
}

/// The tools of one run, and what was used up of their bounds. Blocking; called on a blocking thread.
pub(crate) struct ToolBox {
    archive: Arc<dyn Archive>,
    surroundings: Arc<dyn Surroundings>,
    incident: Incident,
    asked: HashSet<String>,
    calls: usize,
    chars: usize,
    exhibits: Vec<Exhibit>,
    files: Vec<Excerpt>,
    answers: Vec<String>,
}

impl ToolBox {
    pub(crate) fn new(archive: Arc<dyn Archive>, surroundings: Arc<dyn Surroundings>, incident: Incident) -> Self {
        Self {
            archive,
            surroundings,
            incident,
            asked: HashSet::new(),
            calls: 0,
            chars: 0,
            exhibits: Vec::new(),
            files: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// What a model is offered: nothing once the bounds are used up.
    pub(crate) fn offered(&self) -> Vec<Tool> {
        if self.spent() { Vec::new() } else { table::TOOLS.iter().map(table::Entry::tool).collect() }
    }

    fn spent(&self) -> bool {
        self.calls >= CALLS || self.chars >= ALL
    }

    /// Carries out the calls of one answer.
    pub(crate) fn answer(&mut self, calls: Vec<ToolCall>) -> Vec<Outcome> {
        let until = Instant::now() + PATIENCE;
        let late = |i: usize| i >= AT_ONCE || Instant::now() >= until;
        calls
            .into_iter()
            .enumerate()
            .map(|(i, call)| {
                let skipped = if late(i) { Some("too many calls at once; ask for this one again") } else { None };
                self.one(call, skipped)
            })
            .collect()
    }

    fn one(&mut self, call: ToolCall, skipped: Option<&str>) -> Outcome {
        let (start, clock) = (Timestamp::now(), Instant::now());
        // A name that a model made up is text from outside; spans only name tools that exist.
        let entry = table::TOOLS.iter().find(|t| t.name == call.name);
        let tool = entry.map_or("unknown", |t| t.name);
        let asked = canonical(&call.arguments);
        let result = match (entry, skipped) {
            (_, Some(why)) => Err(why.to_owned()),
            (None, None) => Err(format!("there is no such tool; there are: {}", table::names())),
            (Some(_), None) if self.spent() => Err("the calls of this run are used up; answer now".to_owned()),
            (Some(_), None) if !self.asked.insert(format!("{tool} {asked}")) => {
                Err("the same was asked before; the answer is above".to_owned())
            }
            (Some(entry), None) => {
                self.calls += 1;
                self.perform(entry, &call.arguments)
            }
        };
        let look = |found, error| Lookup { tool, asked: short(&asked), found, start, took: clock.elapsed(), error };
        match result {
            Err(why) => {
                let text = fenced(&format!("answer of {tool}"), &crate::context::fence::neutral(&why, 400));
                Outcome { call, text, look: look(0, Some(short(&why))) }
            }
            Ok(answer) => {
                let look = look(answer.amount, None);
                let text = self.keep(tool, answer);
                Outcome { call, text, look }
            }
        }
    }

    /// Bounds and fences an answer, and remembers what may be cited from it.
    fn keep(&mut self, tool: &str, answer: Answer) -> String {
        let room = ANSWER.min(ALL.saturating_sub(self.chars));
        let rows = found(&answer.exhibits);
        let mut body = format!("{}{rows}", answer.body);
        if body.trim().is_empty() {
            "nothing was found".clone_into(&mut body);
        }
        if body.chars().count() > room {
            let kept: String = body.chars().take(room).collect();
            // Only whole lines, so that no record is cut in its number.
            let end = kept.rfind('\n').unwrap_or(kept.len());
            body = format!("{}\n(cut: ask for less)", &kept[..end]);
        }
        self.chars += body.chars().count();
        let shown = |e: &Exhibit| body.contains(&format!("{} ", e.record.id));
        self.exhibits.extend(answer.exhibits.into_iter().filter(shown));
        self.files.extend(answer.file);
        let text = fenced(&format!("answer of {tool}"), &body);
        self.answers.push(body);
        text
    }

    /// What was found becomes part of the evidence, so that it can be cited.
    pub(crate) fn deliver(&mut self, evidence: &mut Evidence) {
        for exhibit in std::mem::take(&mut self.exhibits) {
            if let Some(s) = crate::context::suspect::suspicion(&exhibit.record.text) {
                let mark = (exhibit.record.id, s.kind);
                if !evidence.suspects.contains(&mark) {
                    evidence.suspects.push(mark);
                }
            }
            if !evidence.holds(exhibit.record.id) {
                evidence.records.push(exhibit);
            }
        }
        evidence.files.append(&mut self.files);
        evidence.answers.append(&mut self.answers);
    }
}

/// The messages that tell a model what its calls brought.
pub(crate) fn told(said: &str, outcomes: &[Outcome]) -> Vec<Message> {
    let mut own = Message::assistant(said);
    own.tool_calls = outcomes.iter().map(|o| o.call.clone()).collect();
    let results = outcomes.iter().map(|o| Message::tool(o.call.clone(), o.text.clone()));
    std::iter::once(own).chain(results).collect()
}

fn short(text: &str) -> String {
    crate::context::fence::neutral(text, 200)
}

impl std::fmt::Debug for ToolBox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ToolBox").field("calls", &self.calls).field("chars", &self.chars).finish_non_exhaustive()
    }
}

/// Arguments as a tool reads them.
type Arguments<'a> = &'a Value;

#[cfg(test)]
mod tests;
