//! Finds what a question may be about: lines that hold its telling words, incidents in its scope, what was said of
//! them before. Blocking; called on a blocking thread. It knows no model.

use crate::context::fence::neutral;
use crate::context::{Exhibit, Why};
use crate::{Advice, Advisor, Archive, ArchiveError, Budget, NoSurroundings, gather};
use aiobs_types::{ChatScope, Diagnosis, Incident, Level, LogQuery, LogRecord, Order, RecordId, TextMatch, Timestamp};
use std::collections::BTreeMap;

/// Most lines handed on.
const LINES: usize = 24;
/// Most words searched for.
const WORDS: usize = 5;
/// Most incidents handed on.
const INCIDENTS: usize = 5;

/// Words that say nothing about logs.
const STOP: [&str; 84] = [
    "a",
    "about",
    "after",
    "all",
    "an",
    "and",
    "any",
    "are",
    "at",
    "be",
    "been",
    "before",
    "but",
    "by",
    "can",
    "did",
    "do",
    "does",
    "error",
    "errors",
    "event",
    "explain",
    "find",
    "for",
    "from",
    "give",
    "had",
    "happen",
    "happened",
    "happening",
    "has",
    "have",
    "how",
    "i",
    "in",
    "incident",
    "incidents",
    "is",
    "it",
    "its",
    "last",
    "line",
    "lines",
    "list",
    "log",
    "logs",
    "many",
    "me",
    "most",
    "my",
    "not",
    "now",
    "of",
    "on",
    "or",
    "our",
    "problem",
    "reason",
    "show",
    "so",
    "tell",
    "than",
    "that",
    "the",
    "their",
    "them",
    "then",
    "there",
    "this",
    "to",
    "today",
    "was",
    "we",
    "were",
    "what",
    "when",
    "where",
    "which",
    "who",
    "why",
    "with",
    "wrong",
    "you",
    "cause",
];

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Found {
    /// Lines, in the order of arrival.
    pub(crate) lines: Vec<Exhibit>,
    /// Incidents with their diagnoses, worst first.
    pub(crate) incidents: Vec<(Incident, Option<Diagnosis>)>,
    /// What a playbook says about the incident asked about.
    pub(crate) advice: Option<Advice>,
    /// What was done, one line each.
    pub(crate) steps: Vec<String>,
}

/// Words of a question worth searching for, most telling first.
pub(crate) fn salient(question: &str) -> Vec<String> {
    let trim = |c: char| !c.is_alphanumeric() && !matches!(c, '/' | '_');
    let mut words: Vec<String> = Vec::new();
    for word in question.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '?' | '!' | '"' | '(' | ')')) {
        let word = word.trim_matches(trim);
        let lower = word.to_lowercase();
        if word.chars().count() >= 3 && !STOP.contains(&lower.as_str()) && !words.contains(&lower) {
            words.push(lower);
        }
    }
    // Names with digits, dots or dashes say most, then long words.
    words.sort_by_key(|w| {
        let name = w.chars().any(|c| !c.is_alphabetic());
        (std::cmp::Reverse(name), std::cmp::Reverse(w.chars().count()))
    });
    words.truncate(WORDS);
    words
}

/// A word without its ending, so that `timeouts` finds `timeout`.
fn stem(word: &str) -> &str {
    for ending in ["ing", "ies", "ed", "es", "s"] {
        if let Some(stem) = word.strip_suffix(ending)
            && stem.chars().count() >= 4
        {
            return stem;
        }
    }
    word
}

fn scoped(scope: ChatScope, incident: Option<&Incident>) -> LogQuery {
    const MINUTE: i64 = 60_000_000_000;
    match (scope, incident) {
        (ChatScope::Range { from, to }, _) => LogQuery { from: Some(from), to: Some(to), ..LogQuery::default() },
        (_, Some(i)) => LogQuery {
            from: Some(i.first_seen.plus(-10 * MINUTE)),
            to: Some(i.last_seen.plus(10 * MINUTE)),
            ..LogQuery::default()
        },
        _ => LogQuery::default(),
    }
}

struct Search<'a> {
    archive: &'a dyn Archive,
    found: BTreeMap<RecordId, (Why, u32, LogRecord)>,
    steps: Vec<String>,
}

impl Search<'_> {
    fn run(&mut self, what: &str, why: Why, query: &LogQuery) -> Result<usize, ArchiveError> {
        let hits = self.archive.search(query)?;
        let count = hits.len();
        let more = if query.limit > 0 && count >= query.limit { " or more" } else { "" };
        self.steps.push(format!("searched logs: {} → {count}{more}", neutral(what, 80)));
        for record in hits {
            let entry = self.found.entry(record.id).or_insert((why, 0, record));
            entry.1 += 1;
        }
        Ok(count)
    }

    /// The lines most words found, then the worst, then the newest; in the order of arrival.
    fn best(self, already: Vec<Exhibit>) -> (Vec<Exhibit>, Vec<String>) {
        let mut lines = already;
        lines.truncate(LINES);
        let mut rest: Vec<_> =
            self.found.into_values().filter(|(_, _, r)| !lines.iter().any(|e| e.record.id == r.id)).collect();
        rest.sort_by_key(|(_, hits, r)| std::cmp::Reverse((*hits, r.severity.level(), r.id)));
        for (why, _, record) in rest.into_iter().take(LINES - lines.len()) {
            let source = self.archive.source_name(record.source).unwrap_or_default();
            lines.push(Exhibit { record, source, why });
        }
        lines.sort_by_key(|e| e.record.id);
        (lines, self.steps)
    }
}

/// Finds what a question may be about.
pub(crate) fn retrieve(
    question: &str,
    scope: ChatScope,
    archive: &dyn Archive,
    advisor: &dyn Advisor,
) -> Result<Found, ArchiveError> {
    let mut found = Found::default();
    let mut already = Vec::new();
    let mut about = None;
    if let ChatScope::Incident { id } = scope
        && let Some(incident) = archive.incident(id)?
    {
        let budget = Budget { chars: 5_000, ..Budget::default() };
        let evidence = gather(&incident, archive, advisor, &NoSurroundings, budget);
        found.steps.push(format!("read incident {id} → {} lines", evidence.records.len()));
        already = evidence.records;
        found.advice = evidence.advice;
        let diagnosis = archive.diagnosis(incident.fingerprint)?;
        found.incidents.push((incident.clone(), diagnosis));
        about = Some(incident);
    }
    let base = scoped(scope, about.as_ref());
    let mut search = Search { archive, found: BTreeMap::new(), steps: Vec::new() };
    for word in salient(question) {
        let text = TextMatch { pattern: stem(&word).to_owned(), regex: false, case_sensitive: false, negate: false };
        let query = LogQuery { text: vec![text], order: Order::NewestFirst, limit: 40, ..base.clone() };
        search.run(&word, Why::Across, &query)?;
    }
    if search.found.is_empty() && already.is_empty() {
        let query =
            LogQuery { min_severity: Some(Level::Warn.floor()), order: Order::NewestFirst, limit: 20, ..base.clone() };
        search.run("level>=warn, newest", Why::Across, &query)?;
    }
    let (lines, steps) = search.best(already);
    found.lines = lines;
    found.steps.extend(steps);
    if about.is_none() {
        let (from, to) = (base.from.unwrap_or(Timestamp(i64::MIN)), base.to.unwrap_or(Timestamp(i64::MAX)));
        let incidents = archive.incidents(from, to, INCIDENTS)?;
        found.steps.push(format!("looked at incidents → {}", incidents.len()));
        for incident in incidents {
            let diagnosis = archive.diagnosis(incident.fingerprint)?;
            found.incidents.push((incident, diagnosis));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telling_words_come_first() {
        assert_eq!(salient("Why is db-1:5432 refusing connections?"), ["db-1:5432", "connections", "refusing"]);
        assert!(salient("What happened? Show me the errors!").is_empty());
        assert_eq!(stem("connections"), "connection");
        assert_eq!(stem("timed"), "timed");
    }
}
