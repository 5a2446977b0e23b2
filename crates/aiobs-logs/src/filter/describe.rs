//! A query back to the text that reads as it.

use super::field::misspelt;
use super::{KEYS, minds_case};
use aiobs_types::{FieldMatch, FieldOp, Level, LogQuery, Severity, SourceId, TextMatch, Timestamp};
use std::fmt::Write as _;

/// The canonical text of a query, in the filter language. `sources` gives the names of sources; one without a name
/// is shown by its number. Record numbers, order and limit are not part of the language and left out.
pub fn describe(query: &LogQuery, sources: &[(SourceId, String)]) -> String {
    let mut parts = Vec::new();
    levels(query, &mut parts);
    components("", &query.components, &mut parts);
    components("-", &query.not_components, &mut parts);
    let name = |id: &SourceId| sources.iter().find(|(i, _)| i == id).map_or_else(|| id.0.to_string(), |s| s.1.clone());
    list("source=", query.sources.iter().map(name), &mut parts);
    list("-source=", query.not_sources.iter().map(name), &mut parts);
    list("template=", query.templates.iter().map(|t| t.0.to_string()), &mut parts);
    list("-template=", query.not_templates.iter().map(|t| t.0.to_string()), &mut parts);
    parts.extend(query.from.and_then(time).map(|t| format!("since:{t}")));
    parts.extend(query.to.and_then(time).map(|t| format!("until:{t}")));
    parts.extend(query.text.iter().map(text));
    parts.extend(query.fields.iter().map(field));
    for group in &query.any {
        let sides = group.iter().map(|q| if q.is_all() { "level>=unset".to_owned() } else { describe(q, sources) });
        parts.push(format!("({})", sides.collect::<Vec<_>>().join(" or ")));
    }
    parts.join(" ")
}

fn list(key: &str, values: impl Iterator<Item = String>, parts: &mut Vec<String>) {
    let values: Vec<String> = values.collect();
    if !values.is_empty() {
        parts.push(format!("{key}{}", quote_if_needed(&values.join(","))));
    }
}

/// Those without a name are what `component:*` is not.
fn components(sign: &str, names: &[String], parts: &mut Vec<String>) {
    for run in names.chunk_by(|a, b| !a.is_empty() && !b.is_empty()) {
        if run.iter().any(String::is_empty) {
            parts.push(format!("{}component:*", if sign.is_empty() { "-" } else { "" }));
        } else {
            list(&format!("{sign}component="), run.iter().cloned(), parts);
        }
    }
}

fn field(f: &FieldMatch) -> String {
    let sign = if f.negate { "-" } else { "" };
    let dot =
        if KEYS.iter().any(|(k, _)| f.key.eq_ignore_ascii_case(k)) || misspelt(&f.key).is_some() { "." } else { "" };
    let op = match f.op {
        FieldOp::Exists => return format!("{sign}{dot}{}:*", f.key),
        FieldOp::Is => "=",
        FieldOp::Contains => ":",
        FieldOp::Matches => "~",
        FieldOp::Under => "<",
        FieldOp::AtMost => "<=",
        FieldOp::Over => ">",
        FieldOp::AtLeast => ">=",
    };
    format!("{sign}{dot}{}{op}{}", f.key, quote_if_needed(&f.value))
}

fn levels(query: &LogQuery, parts: &mut Vec<String>) {
    let level = |s: Severity| s.level().name();
    match (query.min_severity, query.max_severity) {
        (Some(min), Some(max)) if min.level() == max.level() => parts.push(format!("level={}", level(min))),
        (Some(min), None) if min.level() == Level::Fatal => parts.push(format!("level={}", level(min))),
        (min, max) => {
            parts.extend(min.map(|s| format!("level>={}", level(s))));
            parts.extend(max.map(|s| format!("level<={}", level(s))));
        }
    }
    list("-level=", query.not_levels.iter().map(|l| l.name().to_owned()), parts);
}

fn time(time: Timestamp) -> Option<String> {
    jiff::Timestamp::from_nanosecond(i128::from(time.0)).ok().map(|t| t.to_string())
}

fn text(m: &TextMatch) -> String {
    let mut out = String::new();
    if m.negate {
        out.push('-');
    }
    let natural = if m.regex { minds_case(&m.pattern) } else { m.pattern.chars().any(char::is_uppercase) };
    if m.regex || natural != m.case_sensitive {
        let pattern = if m.regex { m.pattern.clone() } else { regex::escape(&m.pattern) };
        let flag = match (minds_case(&pattern), m.case_sensitive) {
            (true, false) => "i",
            (false, true) => "c",
            _ => "",
        };
        let _ = write!(out, "/{}/{flag}", slashes(&pattern));
    } else {
        out.push_str(&quote_if_needed(&m.pattern));
    }
    out
}

/// Escapes the slashes that are not escaped yet.
fn slashes(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut escaped = false;
    for c in pattern.chars() {
        if c == '/' && !escaped {
            out.push('\\');
        }
        escaped = !escaped && c == '\\';
        out.push(c);
    }
    out
}

pub(super) fn quote_if_needed(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_alphanumeric() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ','))
        && !matches!(text, "or" | "OR" | "AND" | "NOT");
    if plain { text.to_owned() } else { format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")) }
}
