//! The tools of the chat: which there are, how what they find is numbered, and those about lines. Everything reads; nothing
//! here can change a state, start a process or reach a network.

use super::arguments::{check, long, number, text};
use super::ask_table::TOOLS;
use super::perform::inner;
use super::table::Entry;
use super::{Answer, Arguments, Kit};
use crate::context::fence::neutral;
use crate::context::render::{self, time};
use crate::context::sources::Sources;
use crate::context::suspect::withheld;
use crate::context::{Exhibit, Why};
use crate::{Archive, ArchiveError, Surroundings, Tally};
use aiobs_llm::Tool;
use aiobs_types::{Document, Level, LogQuery, LogRecord, Order, Timestamp};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// Length of a stretch of time when none is named.
const STRETCH: i64 = 3_600_000_000_000;
/// Stretches that counts are told in.
const PARTS: usize = 12;
/// Components that are told.
const COMPONENTS: usize = 10;
/// Kinds of lines that are told, and of how many a line is shown.
const KINDS: (usize, usize) = (16, 4);
/// Longest statement of SQL, bytes.
const STATEMENT: usize = 4_000;

/// Tools about everything in the archive.
pub(crate) struct AskKit {
    pub(crate) archive: Arc<dyn Archive>,
    pub(crate) surroundings: Arc<dyn Surroundings>,
    /// What has a number already; what tools find gets one too.
    pub(crate) sources: Sources,
    /// The end of the archive, or the time of the question.
    pub(crate) now: Timestamp,
}

/// Text of the archive as it may stand in an answer.
pub(super) fn safe(text: &str, limit: usize) -> String {
    neutral(&withheld(text), limit)
}

/// What went wrong, without the words around it: the model is told, not a person.
pub(super) fn plain(e: ArchiveError) -> String {
    e.0
}

impl Kit for AskKit {
    fn table(&self) -> &'static [Entry] {
        &TOOLS
    }

    fn tool(&self, entry: &Entry) -> Tool {
        let mut tool = entry.tool();
        if entry.name == "run_sql" {
            let _ = write!(tool.description, "\n{}", self.archive.sql_tables());
        }
        tool
    }

    fn line(&mut self, exhibit: &Exhibit) -> String {
        format!("[{}]", self.sources.line(exhibit))
    }

    fn text(&mut self, document: &Document) -> String {
        format!("[{}]", self.sources.text(document))
    }

    fn perform(&self, entry: &Entry, arguments: Arguments<'_>) -> Result<Answer, String> {
        check(entry, arguments)?;
        match entry.name {
            "search_logs" => self.search(arguments),
            "count_logs" => self.count(arguments),
            "list_templates" => self.templates(arguments),
            "incidents" => match number(arguments, "number", 0, u64::MAX) {
                0 => self.incidents(arguments),
                n => self.incident(n),
            },
            "list_changes" => self.changes(arguments),
            "search_knowledge" => self.knowledge(&text(arguments, "question").unwrap_or_default()),
            "spans_and_costs" => self.spans(arguments),
            "run_sql" => self.sql(&long(arguments, "statement", STATEMENT).unwrap_or_default()),
            "host_state" => {
                let host = self.surroundings.host().ok_or("the state of this machine is not known")?;
                Ok(Answer { body: inner(&render::host(&host)), amount: 1, ..Answer::default() })
            }
            other => Err(format!("{other} does nothing")),
        }
    }
}

impl AskKit {
    pub(super) fn exhibits(&self, records: Vec<LogRecord>) -> Vec<Exhibit> {
        let exhibit = |record: LogRecord| {
            let source = self.archive.source_name(record.source).unwrap_or_default();
            Exhibit { record, source, why: Why::Tool }
        };
        records.into_iter().map(exhibit).collect()
    }

    fn query(&self, arguments: Arguments<'_>) -> Result<LogQuery, String> {
        match long(arguments, "query", 1_000) {
            Some(text) => self.archive.filter(&text).map_err(plain),
            None => Ok(LogQuery::default()),
        }
    }

    /// A stretch of time; without one the last `length` of the archive.
    pub(super) fn period(&self, arguments: Arguments<'_>, length: i64) -> Result<(Timestamp, Timestamp), String> {
        let end = self.now.plus(1);
        let Some(text) = text(arguments, "period") else { return Ok((self.now.plus(-length), end)) };
        let query = self.archive.filter(&text).map_err(plain)?;
        if query.from.is_none() && query.to.is_none() {
            return Err("period must be written as since:TIME, until:TIME or both, such as since:1h".to_owned());
        }
        let to = query.to.unwrap_or(end);
        Ok((query.from.unwrap_or_else(|| to.plus(-length)), to))
    }

    fn search(&self, arguments: Arguments<'_>) -> Result<Answer, String> {
        let query = self.query(arguments)?;
        let oldest = text(arguments, "order").is_some_and(|o| o.eq_ignore_ascii_case("oldest"));
        let limit = number(arguments, "limit", 15, 40).max(1) as usize;
        let tally = self.archive.tally(&query).map_err(plain)?;
        let order = if oldest { Order::OldestFirst } else { Order::NewestFirst };
        let found = LogQuery { order, limit, ..query.clone() };
        let mut records = self.archive.search(&found).map_err(plain)?;
        if !oldest {
            records.reverse();
        }
        let amount = tally.count as usize;
        let mut body = matching(&tally);
        if records.len() < amount {
            let _ = writeln!(body, "the {} {}:", records.len(), if oldest { "oldest" } else { "newest" });
        }
        let exhibits = self.exhibits(records);
        Ok(Answer { what: self.archive.describe(&query), body, exhibits, amount, ..Answer::default() })
    }

    fn count(&self, arguments: Arguments<'_>) -> Result<Answer, String> {
        let query = self.query(arguments)?;
        let tally = self.archive.tally(&query).map_err(plain)?;
        let mut body = matching(&tally);
        for level in Level::ALL.into_iter().rev().filter(|l| tally.levels[*l as usize] > 0) {
            let _ = writeln!(body, "level {level}: {}", tally.levels[level as usize]);
        }
        for (name, n) in tally.by_component().into_iter().filter(|(name, _)| !name.is_empty()).take(COMPONENTS) {
            let _ = writeln!(body, "component {}: {n}", safe(name, 60));
        }
        let parts = tally.over_time(PARTS);
        for (at, n) in parts.iter().filter(|_| parts.len() > 1) {
            let _ = writeln!(body, "from {} on: {n}", time(*at));
        }
        let what = self.archive.describe(&query);
        Ok(Answer { what, body, amount: tally.count as usize, ..Answer::default() })
    }

    fn templates(&self, arguments: Arguments<'_>) -> Result<Answer, String> {
        let (from, to) = self.period(arguments, STRETCH)?;
        let length = to.since(from).max(1);
        let during = self.archive.template_counts(from, to).map_err(plain)?;
        let before = self.archive.template_counts(from.plus(-length), from).map_err(plain)?;
        let before: HashMap<_, _> = before.into_iter().map(|t| (t.template, t.count)).collect();
        let wanted = text(arguments, "contains").map(|t| t.to_lowercase());
        let mut kinds: Vec<_> = during
            .into_iter()
            .filter(|t| wanted.as_ref().is_none_or(|w| t.text.to_lowercase().contains(w)))
            .map(|t| (t.first_seen >= from, before.get(&t.template).copied().unwrap_or(0), t))
            .collect();
        let strength = |(_, before, t): &(bool, u64, crate::TemplateCount)| (t.count + 1) as f64 / (before + 1) as f64;
        kinds.sort_by(|a, b| b.0.cmp(&a.0).then(strength(b).total_cmp(&strength(a))));
        let amount = kinds.len();
        let mut body = format!("kinds of lines {} to {} UTC, count before -> count then:\n", time(from), time(to));
        for (new, before, t) in kinds.iter().take(KINDS.0) {
            let new = if *new { ", never seen before" } else { "" };
            let _ = writeln!(body, "{before} -> {}{new} | {}", t.count, safe(&t.text, 200));
        }
        let examples: Vec<_> = kinds.iter().filter_map(|(_, _, t)| t.example).take(KINDS.1).collect();
        let exhibits = self.exhibits(self.archive.records(&examples).map_err(plain)?);
        if !exhibits.is_empty() {
            body.push_str("a line of each of the first:\n");
        }
        let what = format!("{} to {}", time(from), time(to));
        Ok(Answer { what, body, exhibits, amount, ..Answer::default() })
    }
}

/// How many match, and from when to when.
fn matching(tally: &Tally) -> String {
    let least = if tally.complete { "" } else { "at least " };
    let ends = tally.first.zip(tally.last).map(|((from, _), (to, _))| format!(", {} to {} UTC", time(from), time(to)));
    format!("{least}{} lines match{}\n", tally.count, ends.unwrap_or_default())
}
