//! A result as CSV, JSON or Markdown, for a file or the clipboard.

use super::table::Shown;
use crate::tui::widgets::written::{csv, markup};
use aiobs_types::SqlValue;
use serde_json::{Map, Value};
use std::path::Path;

/// The whole result in the form that the file's name asks for: `.csv`, `.json` (one object per line), `.md`.
///
/// # Errors
/// What to do instead, for a name that asks for no form.
pub(super) fn text(shown: &Shown, path: &str) -> Result<String, String> {
    let ending = Path::new(path).extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    let rows = || (0..shown.len()).map(|n| shown.row(n));
    let columns = &shown.data.columns;
    Ok(match ending.as_str() {
        "csv" => {
            let line = |cells: Vec<String>| cells.iter().map(|c| csv(c)).collect::<Vec<_>>().join(",") + "\n";
            let mut out = line(columns.clone());
            out.extend(rows().map(|r| line(r.iter().map(ToString::to_string).collect())));
            out
        }
        "json" | "jsonl" | "ndjson" => rows().map(|r| object(columns, r) + "\n").collect(),
        "md" | "markdown" => markdown(shown, columns),
        _ => return Err("the file's name must end in .csv, .json or .md".to_owned()),
    })
}

fn markdown(shown: &Shown, columns: &[String]) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut out = line(columns.iter().map(|c| markup(c)).collect());
    out.push_str(&line(shown.numbers.iter().map(|n| if *n { "---:" } else { "---" }.to_owned()).collect()));
    for n in 0..shown.len() {
        out.push_str(&line(shown.row(n).iter().map(|v| markup(&v.to_string())).collect()));
    }
    out
}

/// A row as one JSON object.
pub(super) fn object(columns: &[String], row: &[SqlValue]) -> String {
    let value = |v: &SqlValue| match v {
        SqlValue::Null => Value::Null,
        SqlValue::Int(n) => Value::from(*n),
        SqlValue::Real(n) => Value::from(*n),
        other => Value::String(other.to_string()),
    };
    let mut map = Map::new();
    for (name, v) in columns.iter().zip(row) {
        let mut key = name.clone();
        let mut n = 1;
        while map.contains_key(&key) {
            n += 1;
            key = format!("{name}_{n}");
        }
        map.insert(key, value(v));
    }
    Value::Object(map).to_string()
}
