//! How records, incidents and diagnoses are printed: JSON and CSV are stable interfaces (see `docs/output.md`),
//! text and Markdown are for people. Control characters of log text never reach the terminal.

pub(super) use crate::report::json::{author, diagnosis, incident, line, pretty, record, rfc3339};

use aiobs_types::{Retry, SourceInfo, SourceState, Timestamp, Verdict};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::fmt::Write as _;

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
