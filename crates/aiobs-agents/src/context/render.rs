//! Evidence as the text of a prompt: every piece of outside text inside a fence that it cannot close. Used by the
//! chain and the chat; it knows no model.

use super::evidence::{Evidence, Exhibit};
use super::fence::{RECORD_LIMIT, neutral};
pub(crate) use super::render_more::{beside, changes, document, file, host, passage, passages, values};
use super::suspect::withheld;
use crate::Advice;
use aiobs_types::{Fix, Incident, LogRecord, Timestamp};
use std::fmt::Write as _;

/// `2025-01-07 14:22:31.402` in UTC.
pub(crate) fn time(t: Timestamp) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(t.0))
        .map(|t| t.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string())
        .unwrap_or_default()
}

/// Data between fences. The body must be neutral: without `<` it cannot hold a fence.
pub(crate) fn fenced(name: &str, body: &str) -> String {
    if body.trim().is_empty() { String::new() } else { format!("<<<DATA {name}\n{}\n<<<END {name}", body.trim_end()) }
}

fn row(record: &LogRecord, source: &str, mark: &str, why: &str) -> String {
    row_within(record, source, mark, why, RECORD_LIMIT)
}

fn row_within(record: &LogRecord, source: &str, mark: &str, why: &str, most: usize) -> String {
    let file = source.rsplit(['/', '\\']).next().unwrap_or(source);
    format!(
        "{mark} {} {} {} {} [{why}] | {}\n",
        time(record.time),
        record.severity,
        neutral(file, 60),
        neutral(&record.component, 60),
        neutral(&withheld(&record.text), most)
    )
}

/// One record with a mark before it.
pub(crate) fn marked(e: &Exhibit, mark: &str) -> String {
    row(&e.record, &e.source, mark, e.why.name())
}

/// The records with their ids.
pub(crate) fn records(evidence: &Evidence) -> String {
    let body: String =
        evidence.records.iter().map(|e| row(&e.record, &e.source, &e.record.id.to_string(), e.why.name())).collect();
    let mut out = fenced("records: id, time (UTC), level, source, component, [why it is here] | text", &body);
    if evidence.left_out > 0 {
        let _ = write!(out, "\n({} more records were left out for want of room.)", evidence.left_out);
    }
    out
}

/// Records numbered from 1, for a chat; at most so many characters of the text of each.
pub(crate) fn numbered(exhibits: &[Exhibit], most: usize) -> String {
    let one = |(i, e): (usize, &Exhibit)| row_within(&e.record, &e.source, &format!("[{}]", i + 1), e.why.name(), most);
    let body: String = exhibits.iter().enumerate().map(one).collect();
    fenced("lines: [number], time (UTC), level, source, component, [why it is here] | text", &body)
}

/// The incident itself.
pub(crate) fn incident(i: &Incident) -> String {
    let components = i.components.iter().map(|c| neutral(c, 60)).collect::<Vec<_>>().join(", ");
    let body = format!(
        "title: {}\nreported because: {}\nworst level: {}\nstruck: {} times from {} to {} (UTC)\ncomponents: {}",
        neutral(&withheld(&i.title), 200),
        neutral(&withheld(&i.reason), 300),
        i.severity,
        i.count,
        time(i.first_seen),
        time(i.last_seen),
        if components.is_empty() { "not known" } else { &components }
    );
    fenced("incident", &body)
}

/// Templates that appeared or surged.
pub(crate) fn patterns(e: &Evidence) -> String {
    let mut body = String::new();
    for p in &e.patterns {
        let new = if p.new { ", never seen before" } else { "" };
        let example = p.example.map(|id| format!(" (e.g. {id})")).unwrap_or_default();
        let _ = writeln!(body, "{} -> {}{new}{example} | {}", p.before, p.during, neutral(&withheld(&p.text), 200));
    }
    if body.is_empty() {
        return body;
    }
    let _ = writeln!(body, "all records per minute: {:.1} -> {:.1}", e.rate.0, e.rate.1);
    let name = format!("patterns: count in the {0} s before -> in the {0} s of the incident | template", e.window_secs);
    fenced(&name, &body)
}

/// Similar incidents of the past.
pub(crate) fn past(e: &Evidence) -> String {
    let mut body = String::new();
    for p in &e.past {
        let _ = write!(
            body,
            "{} on {}: {}",
            p.incident.id,
            time(p.incident.first_seen),
            neutral(&withheld(&p.incident.title), 150)
        );
        if let Some(d) = &p.diagnosis {
            let _ = write!(body, "; diagnosed as: {}", neutral(&d.cause, 300));
        }
        if let Some(d) = p.diagnosis.as_ref().filter(|_| p.verdict.as_ref().is_some_and(|v| v.applied == Some(true))) {
            let _ = write!(body, "; what was done: {}", neutral(&d.fix.now.join("; "), 300));
        }
        if let Some(v) = &p.verdict {
            let _ = write!(body, "; a person judged that {}", neutral(&withheld(&v.words()), 300));
        }
        body.push('\n');
    }
    fenced("similar past incidents", &body)
}

/// What a playbook says, as a hint.
pub(crate) fn playbook(advice: Option<&Advice>) -> String {
    let Some(a) = advice else { return String::new() };
    let body = format!(
        "{}\nusual cause: {}\nusual class: {}\nusual steps: {}",
        neutral(&a.title, 200),
        neutral(&a.cause, 600),
        neutral(&a.error_class, 80),
        neutral(&a.fix.now.join("; "), 600)
    );
    fenced("playbook that fits by its signature; a hint that may be wrong here", &body)
}

/// What to do, for the reporter.
pub(crate) fn fix(f: &Fix) -> String {
    let body = format!("now: {}\nlasting: {}", neutral(&f.now.join("; "), 800), neutral(&f.lasting.join("; "), 600));
    fenced("proposed steps", &body)
}
