//! The Context stage: looks into the archive for what an explanation may rest on, and chooses what fits the budget.
//! It gathers and does not guess. Blocking; called on a blocking thread.

use super::choose::{Budget, choose};
use super::evidence::{Evidence, Lookup, PatternChange, Why};
use super::readable::readable;
use super::suspect::suspicion;
use super::values::values;
use crate::{Advisor, Archive, ArchiveError, Document, Near, Signature, Surroundings};
use aiobs_types::{DocumentKind, Incident, Level, LogQuery, LogRecord, Order, RecordId, TextMatch, Timestamp};
use regex::Regex;
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;
use std::time::Instant;

const SECOND: i64 = 1_000_000_000;
/// An incident that struck within this time is about the machine as it is now.
const RECENT: i64 = 600 * SECOND;
/// How far back a change may be the reason.
const CHANGES: i64 = 1_800 * SECOND;
/// Changes that are told.
const MOST_CHANGES: usize = 12;
/// Records of the own template whose values are counted.
const COUNTED: usize = 500;
/// Files named in the evidence that are looked at.
const FILES: usize = 2;
/// How far back another incident may be the reason: of the same component, of any other, and how much later the
/// line may come that says so.
const CAUSES: i64 = 3_600 * SECOND;
const NEAR_CAUSES: i64 = 900 * SECOND;
const LATER: i64 = 60 * SECOND;
/// Other incidents of the same time that are looked at, and lines of each.
const OTHERS: usize = 20;
const OF_EACH: usize = 2;
/// Sections of runbooks.
const SECTIONS: usize = 2;

static TRACE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)\b(?:trace[_.-]?id|traceparent|trace|request[_.-]?id|req[_.-]?id|correlation[_.-]?id|x-request-id)["']?\s*[:=]\s*["']?([A-Za-z0-9-]{6,64})"#,
    )
    .ok()
});

/// Results of single tests from which on a test run was going on.
const TESTS: u64 = 3;

/// What test runners say of single tests: pytest, Go, Google Test, cargo, Maven, Jest.
static TEST_RESULT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)\b(?:PASSED|XFAIL|XPASS|SKIPPED)\s+(?:<|\S+::) | ::\S+\s+(?:PASSED|XFAIL|SKIPPED)\b
        | ---\ (?:PASS|SKIP):\ | ===\ RUN\s+\S | \[\s+OK\s+\]\s\S | \btest\ \S+\ \.\.\.\ ok\b | \bTests\ run:\ \S+,\ Failures
        | \bPASS\s+\S+\.(?:test|spec)\.[jt]sx?\b",
    )
    .ok()
});

fn is_test_result(text: &str) -> bool {
    TEST_RESULT.as_ref().is_some_and(|r| r.is_match(text))
}

/// The id of the trace or request a text names.
fn trace_id(text: &str) -> Option<&str> {
    TRACE.as_ref()?.captures(text)?.get(1).map(|m| m.as_str())
}

struct Gatherer<'a> {
    archive: &'a dyn Archive,
    surroundings: &'a dyn Surroundings,
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

    /// What other incidents of that time said first.
    fn others(&mut self, incident: &Incident) {
        let (from, to) = (incident.first_seen.plus(-CAUSES), incident.first_seen.plus(LATER));
        let others =
            self.look("incident_history", "other incidents of that time".into(), |a| a.incidents(from, to, OTHERS + 1));
        let soon = incident.first_seen.plus(-NEAR_CAUSES);
        let kin = |i: &Incident| i.components.iter().any(|c| incident.components.contains(c));
        let others = others.iter().filter(|i| i.id != incident.id && (i.last_seen >= soon || kin(i))).take(OTHERS);
        let ids: Vec<RecordId> = others.flat_map(|i| i.evidence.iter().take(OF_EACH)).copied().collect();
        if ids.is_empty() {
            return;
        }
        let records = self.look("read_records", "their first lines".into(), |a| a.records(&ids));
        self.evidence.signature.beside = records.iter().map(said).collect();
        self.keep(Why::Across, records);
    }

    fn patterns(&mut self, incident: &Incident, limit: usize) {
        let lasted = incident.last_seen.since(incident.first_seen).clamp(0, 600 * SECOND);
        let length = lasted + 60 * SECOND;
        let start = incident.first_seen.plus(-30 * SECOND);
        let asked = format!("counts of templates, {} s before and during", length / SECOND);
        let during = self.look("template_counts", asked.clone(), |a| a.template_counts(start, start.plus(length)));
        let before = self.look("template_counts", asked, |a| a.template_counts(start.plus(-length), start));
        self.evidence.testing = during.iter().any(|t| t.count >= TESTS && is_test_result(&t.text));
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
            // Nobody learns anything from garbage, however new it is.
            .filter(|p| p.template == incident.template || readable(&p.text))
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

    /// Deployments, restarts and the like, with the records that tell of them.
    fn changes(&mut self, incident: &Incident) {
        let (from, to) = (incident.first_seen.plus(-CHANGES), incident.last_seen.plus(1));
        let mut changes = self.look("read_marker", "changes before and during it".into(), |a| a.changes(from, to));
        // The latest before the first strike says most.
        changes.sort_by_key(|c| (c.time > incident.first_seen, c.time.since(incident.first_seen).abs()));
        changes.truncate(MOST_CHANGES);
        changes.sort_by_key(|c| c.time);
        let ids: Vec<RecordId> = changes.iter().filter_map(|c| c.record).collect();
        if !ids.is_empty() {
            let records = self.look("read_records", "lines of those changes".into(), |a| a.records(&ids));
            self.keep(Why::Change, records);
        }
        self.evidence.changes = changes;
    }

    /// What stood at the placeholders of the incident's own template.
    fn values(&mut self, incident: &Incident) {
        let Ok(Some(template)) = self.archive.template_text(incident.template) else { return };
        if !template.contains('<') {
            return;
        }
        let query = LogQuery {
            templates: vec![incident.template],
            from: Some(incident.first_seen),
            to: Some(incident.last_seen.plus(1)),
            limit: COUNTED,
            ..LogQuery::default()
        };
        let asked = format!("values of {}", incident.template.0);
        let records = self.look("placeholder_values", asked, |a| a.search(&query));
        self.evidence.values = values(&template, records.iter().map(LogRecord::message));
    }

    /// The machine, what people wrote, and files that the lines name.
    fn surroundings(&mut self, incident: &Incident) {
        let places = self.surroundings;
        let age = Timestamp::now().since(incident.last_seen);
        if (0..=RECENT).contains(&age) {
            self.evidence.host = self.beside("host_state", "the machine now".into(), || places.host());
        }
        let notes = self.beside("read_notes", "notes on the components".into(), || places.notes(&incident.components));
        let mut words = vec![incident.title.clone()];
        words.extend(self.archive.template_text(incident.template).ok().flatten());
        words.extend(incident.components.iter().cloned());
        let kinds = [DocumentKind::Runbook, DocumentKind::Note];
        let asked = words.join(" ");
        let meant = self.look("search_knowledge", "what was written that fits".into(), |a| {
            Ok(a.recall(&asked, &kinds, SECTIONS)?.texts)
        });
        let mut books: Vec<Document> = meant.into_iter().map(|r| section(&r.document)).collect();
        for book in self.beside("read_runbook", "sections that fit".into(), || places.runbooks(&words, SECTIONS)) {
            let known = |b: &Document| b.file == book.file && b.heading.ends_with(&book.heading);
            if books.len() < SECTIONS && !books.iter().any(known) {
                books.push(book);
            }
        }
        self.evidence.documents = notes.into_iter().chain(books).collect();
        let paths: Vec<(String, Option<Near>)> = self.found.values().flat_map(|(_, r)| paths(&r.text)).collect();
        for (path, near) in paths {
            if self.evidence.files.len() >= FILES || self.evidence.files.iter().any(|f| f.path == path) {
                continue;
            }
            // Most paths in logs are not to be read, and that is no fault.
            if let Ok(found) = places.excerpt(&path, near.as_ref()).or_else(|_| places.excerpt(&path, None)) {
                self.evidence.files.push(found);
            }
        }
    }

    /// Something that is looked up beside the archive, noted like a look into it.
    fn beside<T: Amount>(&mut self, tool: &'static str, asked: String, run: impl FnOnce() -> T) -> T {
        let (start, clock) = (Timestamp::now(), Instant::now());
        let result = run();
        let found = result.amount();
        if found > 0 {
            self.evidence.lookups.push(Lookup { tool, asked, found, start, took: clock.elapsed(), error: None });
        }
        result
    }

    /// Lines that try to steer are a finding of their own, wherever they stand.
    fn suspects(&mut self) {
        let found = self.found.values().filter_map(|(_, r)| suspicion(&r.text).map(|s| (r.id, s.kind.into())));
        self.evidence.suspects = found.collect();
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
            beside: std::mem::take(&mut self.evidence.signature.beside),
            error_classes: Vec::new(),
            components: incident.components.clone(),
            sources,
            severity: incident.severity,
            stated: self.evidence.proof().map(|e| e.record.severity).max().unwrap_or_default(),
            count: incident.count,
            first_seen: incident.first_seen,
            last_seen: incident.last_seen,
            extent: self.archive.extent().ok().flatten(),
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

/// A text found by meaning, by its file and headings.
fn section(d: &aiobs_types::Document) -> Document {
    let (file, heading) = d.title.split_once(" > ").unwrap_or((&d.title, ""));
    Document { file: file.to_owned(), heading: heading.to_owned(), text: d.body.clone() }
}

/// How much of something was found.
trait Amount {
    fn amount(&self) -> usize;
}

impl<T> Amount for Vec<T> {
    fn amount(&self) -> usize {
        self.len()
    }
}

impl<T> Amount for Option<T> {
    fn amount(&self) -> usize {
        usize::from(self.is_some())
    }
}

static PATH: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?:^|[\s"'=(\[:,])(/(?:[\w.+@-]+/)+[\w+@-]+\.\w{1,10})(?::(\d{1,7}))?"#).ok());

/// Absolute paths of files that a text names, with the line when it names one.
fn paths(text: &str) -> Vec<(String, Option<Near>)> {
    let Some(pattern) = PATH.as_ref() else { return Vec::new() };
    let line = |m: regex::Match<'_>| m.as_str().parse().ok().map(Near::Line);
    let each = |c: regex::Captures<'_>| Some((c.get(1)?.as_str().to_owned(), c.get(2).and_then(line)));
    pattern.captures_iter(text).filter_map(each).take(4).collect()
}

/// Gathers the evidence for an incident. Never fails as a whole: what could not be read is in the notes.
pub fn gather(
    incident: &Incident,
    archive: &dyn Archive,
    advisor: &dyn Advisor,
    surroundings: &dyn Surroundings,
    budget: Budget,
) -> Evidence {
    let mut g = Gatherer { archive, surroundings, found: BTreeMap::new(), evidence: Evidence::default() };
    g.records(incident);
    g.others(incident);
    g.patterns(incident, budget.patterns);
    g.changes(incident);
    g.values(incident);
    g.evidence.past = g.look("incident_history", "similar incidents".into(), |a| a.similar(incident, budget.past));
    g.surroundings(incident);
    g.suspects();
    choose(&mut g.evidence, std::mem::take(&mut g.found), archive, incident, budget);
    g.sign(incident);
    g.evidence.advice = advisor.advise(&g.evidence.signature);
    g.evidence
}
