//! How records, incidents and diagnoses are printed: JSON and CSV are stable interfaces (see `docs/output.md`),
//! text and Markdown are for people. Control characters of log text never reach the terminal.

use aiobs_types::{Author, Diagnosis, Incident, LogRecord, Retry, SourceInfo, SourceState, Timestamp, Verdict};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::fmt::Write as _;

/// A value as one line of JSON. Beyond what JSON asks for, the control characters above ASCII are escaped too: some
/// terminals obey them.
pub(super) fn line(value: &Value) -> String {
    escaped(value.to_string())
}

/// A value as JSON over several lines, escaped like [`line`].
pub(super) fn pretty(value: &Value) -> String {
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
pub(super) fn rfc3339(time: Timestamp) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(time.0)).map_or_else(|_| time.0.to_string(), |t| format!("{t:.9}"))
}

/// `2026-01-07 14:30:15.123` in the local zone.
pub(super) fn local(time: Timestamp) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(time.0)).map_or_else(
        |_| time.0.to_string(),
        |t| t.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S.%3f").to_string(),
    )
}

/// Log text made safe for a terminal: control characters become visible symbols, line breaks stay.
pub(super) fn safe(text: &str) -> String {
    text.split('\n').map(|line| crate::tui::widgets::text::safe(line)).collect::<Vec<_>>().join("\n")
}

/// A record as JSON.
pub(super) fn record(r: &LogRecord, source: &str, template: &str) -> Value {
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

/// Bytes in the largest fitting unit.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// `1 record`, `2 records`.
pub(super) fn plural(n: u64, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

/// An incident as JSON.
pub(super) fn incident(i: &Incident, diagnosis: Option<&Diagnosis>) -> Value {
    json!({
        "id": i.id.0,
        "fingerprint": i.fingerprint.to_string(),
        "title": i.title,
        "reason": i.reason,
        "state": i.state.name(),
        "part_of": i.part_of,
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
pub(super) fn diagnosis(d: &Diagnosis) -> Value {
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

/// A person's word on a diagnosis as JSON.
pub(super) fn verdict(v: &Verdict) -> Value {
    json!({
        "incident": v.incident.0,
        "diagnosis": v.diagnosis,
        "judgement": v.judgement.name(),
        "applied": v.applied,
        "note": v.note,
        "time": rfc3339(v.time),
    })
}

/// A source as JSON.
pub(super) fn source(s: &SourceInfo) -> Value {
    let (state, detail) = state(&s.state);
    json!({
        "source": s.name, "format": s.format, "state": state, "detail": detail,
        "read": s.read, "size": s.size, "records": s.records,
    })
}

fn state(state: &SourceState) -> (&'static str, Option<Cow<'_, str>>) {
    match state {
        SourceState::Waiting => ("waiting", None),
        SourceState::Backfill => ("backfill", None),
        SourceState::Following => ("following", None),
        SourceState::Ended => ("ended", None),
        SourceState::Missing => ("missing", None),
        SourceState::Denied => ("denied", None),
        SourceState::Binary => ("binary", None),
        SourceState::Failed(why) => ("failed", Some(why.into())),
        SourceState::Reconnecting(retry) => ("reconnecting", Some(self::retry(retry).into())),
        SourceState::Silent(since) => ("silent", Some(format!("since {}", rfc3339(*since)).into())),
        SourceState::Exited(how) => ("exited", Some(how.into())),
    }
}

/// A pause before another try, in words.
fn retry(retry: &Retry) -> String {
    let seconds = (retry.at.since(Timestamp::now()).max(0) + 500_000_000) / 1_000_000_000;
    let why = if retry.why.is_empty() { String::new() } else { format!(": {}", retry.why) };
    format!("{}{why} (attempt {}, next in {seconds} s)", retry.what, retry.attempt)
}

/// Who answered, in words.
pub(super) fn author(author: &Author) -> String {
    match author {
        Author::Model { provider, model } => safe(&format!("{model} ({provider})")),
        Author::Playbook { id } => format!("playbook {id}"),
        Author::Facts => "facts only".to_owned(),
    }
}

/// Each item on a line of its own.
pub(super) fn lines<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let mut out = String::new();
    for item in items {
        let _ = writeln!(out, "{item}");
    }
    out
}

/// One CSV row, quoted where needed (RFC 4180), control characters but tabs and line breaks as visible symbols.
pub(super) fn csv(cells: &[&str]) -> String {
    let mut row = String::new();
    for (i, cell) in cells.iter().enumerate() {
        if i > 0 {
            row.push(',');
        }
        let cell = cell_text(cell);
        if cell.contains([',', '"', '\n', '\r']) {
            let _ = write!(row, "\"{}\"", cell.replace('"', "\"\""));
        } else {
            row.push_str(&cell);
        }
    }
    row
}

fn cell_text(text: &str) -> Cow<'_, str> {
    if text.is_ascii() && !text.bytes().any(|b| b.is_ascii_control()) {
        return Cow::Borrowed(text);
    }
    let part = |p: &str| match p.strip_suffix(['\n', '\t']) {
        Some(head) => safe(head) + &p[head.len()..],
        None => safe(p),
    };
    Cow::Owned(text.split_inclusive(['\n', '\t']).map(part).collect())
}

/// Text for a Markdown table cell or list item: one line, nothing that would be markup.
pub(super) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in safe(text).replace('\n', " ⏎ ").chars() {
        if matches!(c, '|' | '`' | '*' | '_' | '<' | '>' | '[' | ']' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Text for HTML.
pub(super) fn html(text: &str) -> String {
    safe(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
