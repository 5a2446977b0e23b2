//! The Context stage: looks into the archive for what an explanation may rest on, and chooses what fits the budget.
//! It gathers and does not guess. Blocking; called on a blocking thread.

use super::evidence::{Evidence, Exhibit, Lookup, PatternChange, Why};
use super::fence::RECORD_LIMIT;
use crate::{Advisor, Archive, ArchiveError, Signature};
use aiobs_types::{Incident, Level, LogQuery, LogRecord, Order, RecordId, TextMatch, Timestamp};
use regex::Regex;
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;
use std::time::Instant;

const SECOND: i64 = 1_000_000_000;
/// Bytes a record takes in the prompt beside its text.
const ROW: usize = 60;

/// How much to gather.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Characters of log lines in a prompt.
    pub chars: usize,
    /// Patterns in a prompt.
    pub patterns: usize,
    /// Past incidents in a prompt.
    pub past: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { chars: 9_000, patterns: 12, past: 3 }
    }
}

static TRACE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)\b(?:trace[_.-]?id|traceparent|trace|request[_.-]?id|req[_.-]?id|correlation[_.-]?id|x-request-id)["']?\s*[:=]\s*["']?([A-Za-z0-9-]{6,64})"#,
    )
    .ok()
});

/// The id of the trace or request a text names.
fn trace_id(text: &str) -> Option<&str> {
    TRACE.as_ref()?.captures(text)?.get(1).map(|m| m.as_str())
}

struct Gatherer<'a> {
    archive: &'a dyn Archive,
    found: BTreeMap<RecordId, (Why, LogRecord)>,
    evidence: Evidence,
}

impl Gatherer<'_> {
    /// Makes one look and notes it.
    fn look<T>(
        &mut self,
        tool: &'static str,
        asked: String,
        run: impl FnOnce(&dyn Archive) -> Result<Vec<T>, ArchiveError>,
    ) -> Vec<T> {
        let (start, clock) = (Timestamp::now(), Instant::now());
        let result = run(self.archive);
        let error = result.as_ref().err().map(ToString::to_string);
        if let Some(e) = &error
            && !self.evidence.notes.contains(e)
        {
            self.evidence.notes.push(e.clone());
        }
        let list = result.unwrap_or_default();
        let found = list.len();
        self.evidence.lookups.push(Lookup { tool, asked, found, start, took: clock.elapsed(), error });
        list
    }

    fn keep(&mut self, why: Why, records: Vec<LogRecord>) {
        for record in records {
            let entry = self.found.entry(record.id).or_insert((why, record));
            entry.0 = entry.0.min(why);
        }
    }

    fn records(&mut self, incident: &Incident) {
        let ids = incident.evidence.clone();
        let proof = self.look("read_records", format!("{} records of the incident", ids.len()), |a| a.records(&ids));
        let first = proof.first().map(|r| r.id).or(ids.first().copied());
        let traces: Vec<String> = proof.iter().filter_map(|r| trace_id(&r.text)).map(str::to_owned).take(2).collect();
        self.keep(Why::Proof, proof);
        if let Some(id) = first {
            let around = self.look("read_around", format!("around {id} on its source"), |a| a.around(id, 15, 5));
            self.keep(Why::Around, around);
        }
        let from = incident.first_seen.plus(-60 * SECOND);
        let to = incident.first_seen.plus(60 * SECOND);
        let worse = LogQuery {
            min_severity: Some(Level::Warn.floor()),
            from: Some(from),
            to: Some(to),
            limit: 30,
            ..LogQuery::default()
        };
        let across = self.look("search_logs", "level>=warn within a minute".into(), |a| a.search(&worse));
        self.keep(Why::Across, across);
        let just_before = LogQuery {
            from: Some(from),
            to: Some(incident.first_seen.plus(1)),
            order: Order::NewestFirst,
            limit: 20,
            ..LogQuery::default()
        };
        let before = self.look("search_logs", "just before, all sources".into(), |a| a.search(&just_before));
        self.keep(Why::Around, before);
        for trace in traces {
            let query = LogQuery {
                text: vec![TextMatch { pattern: trace.clone(), regex: false, case_sensitive: true, negate: false }],
                from: Some(incident.first_seen.plus(-600 * SECOND)),
                to: Some(incident.last_seen.plus(600 * SECOND)),
                limit: 20,
                ..LogQuery::default()
            };
            let same = self.look("search_logs", format!("trace {trace}"), |a| a.search(&query));
            self.keep(Why::SameTrace, same);
        }
    }

    fn patterns(&mut self, incident: &Incident, limit: usize) {
        let lasted = incident.last_seen.since(incident.first_seen).clamp(0, 600 * SECOND);
        let length = lasted + 60 * SECOND;
        let start = incident.first_seen.plus(-30 * SECOND);
        let asked = format!("counts of templates, {} s before and during", length / SECOND);
        let during = self.look("template_counts", asked.clone(), |a| a.template_counts(start, start.plus(length)));
        let before = self.look("template_counts", asked, |a| a.template_counts(start.plus(-length), start));
        let minutes = length as f64 / (60 * SECOND) as f64;
        let sum = |list: &[crate::TemplateCount]| list.iter().map(|t| t.count).sum::<u64>() as f64 / minutes;
        self.evidence.rate = (sum(&before), sum(&during));
        self.evidence.window_secs = length / SECOND;
        let before: HashMap<_, _> = before.into_iter().map(|t| (t.template, t.count)).collect();
        let mut changes: Vec<PatternChange> = during
            .into_iter()
            .map(|t| PatternChange {
                before: before.get(&t.template).copied().unwrap_or(0),
                new: t.first_seen >= start,
                template: t.template,
                text: t.text,
                during: t.count,
                example: t.example,
            })
            .filter(|p| p.new || p.template == incident.template || p.during >= 2 * p.before.max(2))
            .collect();
        changes.sort_by(|a, b| {
            let strength = |p: &PatternChange| (p.during as f64 + 1.0) / (p.before as f64 + 1.0);
            let own = |p: &PatternChange| p.template == incident.template;
            own(b).cmp(&own(a)).then(strength(b).total_cmp(&strength(a)))
        });
        changes.truncate(limit);
        let examples: Vec<RecordId> = changes.iter().filter_map(|p| p.example).collect();
        let records = self.look("read_records", "examples of those templates".into(), |a| a.records(&examples));
        self.keep(Why::Pattern, records);
        self.evidence.patterns = changes;
    }

    /// Chooses by value, then puts in the order of arrival.
    fn choose(&mut self, budget: usize) {
        let mut ranked: Vec<(Why, LogRecord)> = std::mem::take(&mut self.found).into_values().collect();
        ranked.sort_by(|a, b| (a.0, b.1.severity.level(), a.1.id).cmp(&(b.0, a.1.severity.level(), b.1.id)));
        let mut used = 0;
        let mut chosen = Vec::new();
        for (why, record) in ranked {
            let size = record.text.chars().take(RECORD_LIMIT).count() + ROW;
            // The proof may not push out everything that explains it.
            let limit = if why == Why::Proof { budget / 3 } else { budget };
            if used + size > limit && !chosen.is_empty() {
                self.evidence.left_out += 1;
                continue;
            }
            used += size;
            let source = self.archive.source_name(record.source).unwrap_or_default();
            chosen.push(Exhibit { record, source, why });
        }
        chosen.sort_by_key(|e| e.record.id);
        self.evidence.records = chosen;
    }

    fn sign(&mut self, incident: &Incident) {
        let own = self.archive.template_text(incident.template).ok().flatten();
        let own_again = own.clone();
        let others = self.evidence.patterns.iter().map(|p| p.text.clone()).filter(|t| Some(t) != own_again.as_ref());
        let templates = own.into_iter().chain(others).collect();
        let messages = |proof: bool| {
            let side = self.evidence.records.iter().filter(|e| (e.why == Why::Proof) == proof);
            side.map(|e| said(&e.record)).take(20).collect::<Vec<_>>()
        };
        let mut sources: Vec<String> = self.evidence.proof().map(|e| e.source.clone()).collect();
        sources.sort();
        sources.dedup();
        self.evidence.signature = Signature {
            title: incident.title.clone(),
            templates,
            messages: messages(true),
            around: messages(false),
            error_classes: Vec::new(),
            components: incident.components.clone(),
            sources,
            severity: incident.severity,
            count: incident.count,
            first_seen: incident.first_seen,
            last_seen: incident.last_seen,
        };
    }
}

/// The message; of a structured line all of it, because the fault is often named in a field of its own.
fn said(record: &LogRecord) -> String {
    let message = record.message();
    let fields = record.text.len() > message.len() && !message.contains('\n');
    let structured =
        fields && (record.text.contains("\":") || record.text.contains("=\"") || record.text.contains("err="));
    if structured && !record.text.ends_with(message) { record.text.clone() } else { message.to_owned() }
}

/// Gathers the evidence for an incident. Never fails as a whole: what could not be read is in the notes.
pub fn gather(incident: &Incident, archive: &dyn Archive, advisor: &dyn Advisor, budget: Budget) -> Evidence {
    let mut g = Gatherer { archive, found: BTreeMap::new(), evidence: Evidence::default() };
    g.records(incident);
    g.patterns(incident, budget.patterns);
    g.evidence.past = g.look("past_incidents", "similar incidents".into(), |a| a.similar(incident, budget.past));
    g.choose(budget.chars);
    g.sign(incident);
    g.evidence.advice = advisor.advise(&g.evidence.signature);
    g.evidence
}
