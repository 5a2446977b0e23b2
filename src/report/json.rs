//! Incidents, diagnoses and records as JSON: a stable interface, described in `docs/output.md`.

use super::text::neutral;
use aiobs_types::{Author, Diagnosis, Incident, LogRecord, Timestamp};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A value as one line of JSON. Beyond what JSON asks for, the control characters above ASCII are escaped too: some
/// terminals obey them.
pub fn line(value: &Value) -> String {
    escaped(value.to_string())
}

/// A value as JSON over several lines, escaped like [`line`].
pub fn pretty(value: &Value) -> String {
    escaped(format!("{value:#}\n"))
}

fn escaped(text: String) -> String {
    if !text.contains(|c: char| matches!(c, '\u{7f}'..='\u{9f}')) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\u{7f}'..='\u{9f}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out
}

/// RFC 3339 in UTC with nanoseconds.
pub fn rfc3339(time: Timestamp) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(time.0)).map_or_else(|_| time.0.to_string(), |t| format!("{t:.9}"))
}

/// A record as JSON.
pub fn record(r: &LogRecord, source: &str, template: &str) -> Value {
    json!({
        "id": r.id.0,
        "time": rfc3339(r.time),
        "observed": rfc3339(r.observed),
        "severity": r.severity.0,
        "level": r.severity.level().name(),
        "source": source,
        "offset": r.offset,
        "component": r.component,
        "template_id": r.template.0,
        "template": template,
        "message": r.message(),
        "text": r.text,
        "inherited_time": r.has(aiobs_types::flags::INHERITED_TIME),
        "cut": r.has(aiobs_types::flags::CUT),
    })
}

/// An incident as JSON.
pub fn incident(i: &Incident, diagnosis: Option<&Diagnosis>) -> Value {
    json!({
        "id": i.id.0,
        "fingerprint": i.fingerprint.to_string(),
        "title": i.title,
        "reason": i.reason,
        "state": i.state.name(),
        "part_of": i.part_of,
        "caused_by": i.caused_by,
        "causes": i.causes,
        "flapping": i.flapping,
        "severity": i.severity.0,
        "level": i.severity.level().name(),
        "criticality": i.criticality,
        "likelihood": i.likelihood,
        "detector": i.detector.map(aiobs_types::DetectorKind::name),
        "count": i.count,
        "first_seen": rfc3339(i.first_seen),
        "last_seen": rfc3339(i.last_seen),
        "components": i.components,
        "template_id": i.template.0,
        "evidence": i.evidence,
        "timeline": i.timeline.iter().map(|e| json!({
            "time": rfc3339(e.time), "kind": e.kind, "text": e.text,
        })).collect::<Vec<_>>(),
        "diagnosis": diagnosis.map(self::diagnosis),
    })
}

/// A diagnosis as JSON.
pub fn diagnosis(d: &Diagnosis) -> Value {
    json!({
        "incident": d.incident.0,
        "fingerprint": d.fingerprint.to_string(),
        "created": rfc3339(d.created),
        "author": author(&d.author),
        "author_detail": d.author,
        "title": d.title,
        "cause": d.cause,
        "error_class": d.error_class,
        "criticality": d.criticality,
        "confidence": d.confidence.name(),
        "claims": d.claims,
        "alternatives": d.alternatives,
        "fix": d.fix,
        "summary": d.summary,
        "references": d.references,
        "notes": d.notes,
        "prompts": d.prompts,
        "trace": d.trace.map(|t| t.to_string()),
        "grounds": d.grounds,
    })
}

/// Who answered, in words.
pub fn author(author: &Author) -> String {
    match author {
        Author::Model { provider, model } => neutral(&format!("{model} ({provider})")).replace(['\n', '\t'], " "),
        Author::Playbook { id } => format!("playbook {id}"),
        Author::Facts => "facts only".to_owned(),
    }
}

/// An incident with its diagnosis and the records that prove it: one object over several lines. `source` names the
/// source of a record, `template` its template.
pub fn report(
    incident: &Incident,
    diagnosis: Option<&Diagnosis>,
    records: &[LogRecord],
    source: impl Fn(&LogRecord) -> String,
    template: impl Fn(&LogRecord) -> String,
) -> Value {
    let mut value = self::incident(incident, diagnosis);
    value["records"] = records.iter().map(|r| record(r, &source(r), &template(r))).collect::<Vec<_>>().into();
    value
}
