//! Reads the arguments of a call: made by a model, so anything may be in them. Every mistake is a sentence for the model.

use super::table::Entry;
use aiobs_types::RecordId;
use serde_json::Value;

/// Longest text taken for one argument, bytes.
const TEXT: usize = 300;

/// The arguments with their names in order, so that equal calls are equal texts.
pub(super) fn canonical(arguments: &Value) -> String {
    let Some(object) = arguments.as_object() else { return arguments.to_string() };
    let mut pairs: Vec<(&String, String)> = object
        .iter()
        .filter(|(_, v)| !v.is_null() && v.as_str() != Some(""))
        .map(|(k, v)| (k, v.as_str().map_or_else(|| v.to_string(), |s| s.trim().to_owned())))
        .collect();
    pairs.sort();
    pairs.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(" ")
}

/// Whether the arguments are those of the tool.
pub(super) fn check(entry: &Entry, arguments: &Value) -> Result<(), String> {
    let empty = serde_json::Map::new();
    let object = match arguments {
        Value::Null => &empty,
        Value::Object(o) => o,
        _ => return Err("the arguments must be a JSON object".to_owned()),
    };
    if let Some(name) = object.keys().find(|k| entry.arguments.iter().all(|a| a.name != k.as_str())) {
        let there = entry.arguments.iter().map(|a| a.name).collect::<Vec<_>>().join(", ");
        let name: String = name.chars().take(40).collect();
        return Err(format!("there is no argument {name}; there are: {there}"));
    }
    match entry.arguments.iter().find(|a| a.needed && text(arguments, a.name).is_none()) {
        Some(missing) => Err(format!("{} is missing: {}", missing.name, missing.about)),
        None => Ok(()),
    }
}

/// A text, also when it was given as a number; empty is none.
pub(super) fn text(arguments: &Value, name: &str) -> Option<String> {
    long(arguments, name, TEXT)
}

/// The same of at most so many bytes.
pub(super) fn long(arguments: &Value, name: &str, most: usize) -> Option<String> {
    let value = arguments.get(name)?;
    let text = match value {
        Value::String(s) => s.trim().to_owned(),
        Value::Number(n) => n.to_string(),
        _ => return None,
    };
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (!text.is_empty()).then(|| text[..end].to_owned())
}

/// A whole number, also when it was given as a text, within bounds.
pub(super) fn number(arguments: &Value, name: &str, default: u64, most: u64) -> u64 {
    let read =
        |v: &Value| v.as_u64().or_else(|| v.as_f64().map(|f| f as u64)).or_else(|| v.as_str()?.trim().parse().ok());
    arguments.get(name).and_then(read).unwrap_or(default).min(most)
}

/// The number of a record such as `R123`.
pub(super) fn record(arguments: &Value, name: &str) -> Result<RecordId, String> {
    let text = text(arguments, name).unwrap_or_default();
    let digits = text.trim_matches(|c: char| !c.is_ascii_digit());
    digits.parse().map(RecordId).map_err(|_| format!("{name} must be the number of a line, such as R123"))
}
