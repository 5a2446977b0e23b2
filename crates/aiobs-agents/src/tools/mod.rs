//! Tools that a model may call: in the Diagnosis and Fixer stages of the chain, and in the chat. All of them only read; what
//! they may read is what evidence and facts could hold too. Bounded in number, size and time, and the same call is answered
//! once. What comes back is fenced like everything from outside. A model that can call none is given the same kinds of facts
//! up front.

mod ability;
mod arguments;
mod ask;
mod ask_more;
mod ask_table;
mod perform;
mod table;

pub(crate) use ability::can_use_tools;
pub(crate) use ask::AskKit;
pub(crate) use perform::IncidentKit;

use crate::context::render::{fenced, marked, passage};
use crate::context::{Evidence, Exhibit, Lookup};
use crate::{Excerpt, context::fence::neutral};
use aiobs_llm::{Message, Tool, ToolCall};
use aiobs_types::{Area, Document, Timestamp};
use arguments::canonical;
use serde_json::Value;
use std::collections::HashSet;
use std::time::Instant;
use table::Entry;

/// Time that all calls of one answer may take together.
pub(crate) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(15);

/// What the calls of one run may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Calls of the run.
    pub(crate) calls: usize,
    /// Calls that one answer may ask for.
    pub(crate) at_once: usize,
    /// Characters one call may answer.
    pub(crate) answer: usize,
    /// Characters all calls may answer.
    pub(crate) all: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { calls: 12, at_once: 4, answer: 4_000, all: 24_000 }
    }
}

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

/// A set of tools: which there are, what each does, and by what marks the things it finds are cited.
pub(crate) trait Kit: Send {
    /// All of them.
    fn table(&self) -> &'static [Entry];
    /// A tool as a model is told.
    fn tool(&self, entry: &Entry) -> Tool {
        entry.tool()
    }
    /// Performs one that exists. The error is a sentence for the model.
    fn perform(&self, entry: &Entry, arguments: &Value) -> Result<Answer, String>;
    /// The mark of a line.
    fn line(&mut self, exhibit: &Exhibit) -> String;
    /// The mark of a text.
    fn text(&mut self, document: &Document) -> String;
}

/// What one call brought.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) call: ToolCall,
    /// For the model, fenced.
    pub(crate) text: String,
    /// The same without its fence, harmless; empty when the call was refused.
    pub(crate) body: String,
    /// For people: what was done and what came of it, one line.
    pub(crate) told: String,
    /// Into what it looked.
    pub(crate) area: Option<Area>,
    /// For the spans.
    pub(crate) look: Lookup,
}

/// What a tool found.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// What was asked, in words for people; empty takes the arguments.
    what: String,
    body: String,
    exhibits: Vec<Exhibit>,
    texts: Vec<Document>,
    file: Option<Excerpt>,
    amount: usize,
}

/// The tools of one run, and what was used up of their bounds. Blocking; called on a blocking thread.
pub(crate) struct ToolBox<K> {
    kit: K,
    bounds: Bounds,
    asked: HashSet<String>,
    calls: usize,
    chars: usize,
    exhibits: Vec<Exhibit>,
    files: Vec<Excerpt>,
    answers: Vec<String>,
}

impl<K: Kit> ToolBox<K> {
    pub(crate) fn new(kit: K, bounds: Bounds) -> Self {
        Self {
            kit,
            bounds,
            asked: HashSet::new(),
            calls: 0,
            chars: 0,
            exhibits: Vec::new(),
            files: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// Answers may take so many characters together, at most.
    pub(crate) fn narrow(&mut self, all: usize) {
        self.bounds.all = self.bounds.all.min(all);
        self.bounds.answer = self.bounds.answer.min(all / 2);
    }

    /// What it was made with.
    pub(crate) const fn kit(&self) -> &K {
        &self.kit
    }

    /// What a model is offered, until they are [`Self::spent`].
    pub(crate) fn offered(&self) -> Vec<Tool> {
        self.kit.table().iter().map(|e| self.kit.tool(e)).collect()
    }

    /// Whether the bounds are used up.
    pub(crate) fn spent(&self) -> bool {
        self.calls >= self.bounds.calls || self.chars >= self.bounds.all
    }

    fn names(&self) -> String {
        self.kit.table().iter().map(|t| t.name).collect::<Vec<_>>().join(", ")
    }

    /// Carries out the calls of one answer.
    pub(crate) fn answer(&mut self, calls: Vec<ToolCall>) -> Vec<Outcome> {
        let until = Instant::now() + PATIENCE;
        let at_once = self.bounds.at_once;
        let late = |i: usize| i >= at_once || Instant::now() >= until;
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
        let entry = self.kit.table().iter().find(|t| t.name == call.name);
        let tool = entry.map_or("unknown", |t| t.name);
        let did = entry.map_or("called a tool that is not there", |t| t.did);
        let asked = canonical(&call.arguments);
        let result = match (entry, skipped) {
            (_, Some(why)) => Err(why.to_owned()),
            (None, None) => Err(format!("there is no such tool; there are: {}", self.names())),
            (Some(_), None) if self.spent() => Err("the calls of this run are used up; answer now".to_owned()),
            (Some(_), None) if !self.asked.insert(format!("{tool} {asked}")) => {
                Err("the same was asked before; the answer is above".to_owned())
            }
            (Some(entry), None) => {
                self.calls += 1;
                self.kit.perform(entry, &call.arguments)
            }
        };
        let look = |found, error| Lookup { tool, asked: short(&asked), found, start, took: clock.elapsed(), error };
        let area = entry.and_then(|e| e.area);
        match result {
            Err(why) => {
                let text = fenced(&format!("answer of {tool}"), &neutral(&why, 400));
                let told = told_as(did, &short(&asked), &short(&why));
                Outcome { call, text, body: String::new(), told, area, look: look(0, Some(short(&why))) }
            }
            Ok(answer) => {
                let what = if answer.what.is_empty() { short(&asked) } else { short(&answer.what) };
                let told = told_as(did, &what, &grouped(answer.amount as u64));
                let look = look(answer.amount, None);
                let body = self.keep(answer);
                let text = fenced(&format!("answer of {tool}"), &body);
                Outcome { call, text, body, told, area, look }
            }
        }
    }

    /// Bounds an answer, and remembers what may be cited from it: what is cut is not.
    fn keep(&mut self, answer: Answer) -> String {
        let mut body = Body {
            text: String::new(),
            room: self.bounds.answer.min(self.bounds.all - self.chars.min(self.bounds.all)),
            cut: false,
        };
        body.lines(&answer.body);
        for exhibit in answer.exhibits {
            if body.takes(&marked(&exhibit, "[0000]")) {
                let mark = self.kit.line(&exhibit);
                body.lines(&marked(&exhibit, &mark));
                self.exhibits.push(exhibit);
            }
        }
        for document in answer.texts {
            if body.takes(&passage(&document, "[0000]")) {
                let mark = self.kit.text(&document);
                body.lines(&passage(&document, &mark));
            }
        }
        self.files.extend(answer.file);
        let body = body.end();
        self.chars += body.chars().count();
        self.answers.push(body.clone());
        body
    }

    /// What was found becomes part of the evidence, so that it can be cited.
    pub(crate) fn deliver(&mut self, evidence: &mut Evidence) {
        for exhibit in std::mem::take(&mut self.exhibits) {
            if let Some(s) = crate::context::suspect::suspicion(&exhibit.record.text) {
                let mark = (exhibit.record.id, s.kind.into());
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

/// An answer that grows line by line within some characters.
struct Body {
    text: String,
    room: usize,
    cut: bool,
}

impl Body {
    /// Whether all of these lines fit; else the answer ends before them.
    fn takes(&mut self, lines: &str) -> bool {
        self.cut |= lines.chars().count() > self.room;
        !self.cut
    }

    /// Takes lines as long as they fit. Of one that is longer than everything that fits, the beginning.
    fn lines(&mut self, lines: &str) {
        for line in lines.lines() {
            let length = line.chars().count() + 1;
            if self.cut || length > self.room {
                if self.text.is_empty() {
                    self.text.extend(line.chars().take(self.room));
                }
                self.cut = true;
                return;
            }
            self.room -= length;
            self.text.push_str(line);
            self.text.push('\n');
        }
    }

    fn end(mut self) -> String {
        if self.cut {
            self.text.truncate(self.text.trim_end().len());
            self.text.push_str("\n(cut: ask for less)");
        } else if self.text.trim().is_empty() {
            "nothing was found".clone_into(&mut self.text);
        }
        self.text
    }
}

/// The messages that tell a model what its calls brought.
pub(crate) fn told(said: &str, outcomes: &[Outcome]) -> Vec<Message> {
    let mut own = Message::assistant(said);
    own.tool_calls = outcomes.iter().map(|o| o.call.clone()).collect();
    let results = outcomes.iter().map(|o| Message::tool(o.call.clone(), o.text.clone()));
    std::iter::once(own).chain(results).collect()
}

/// `searched logs: level>=error → 1,902`.
fn told_as(did: &str, what: &str, came: &str) -> String {
    if what.is_empty() { format!("{did} → {came}") } else { format!("{did}: {what} → {came}") }
}

/// `1,902`.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

fn short(text: &str) -> String {
    neutral(text, 200)
}

impl<K> std::fmt::Debug for ToolBox<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ToolBox").field("calls", &self.calls).field("chars", &self.chars).finish_non_exhaustive()
    }
}

/// Arguments as a tool reads them.
type Arguments<'a> = &'a Value;

#[cfg(test)]
mod tests;
