//! What the screen suggests while a filter or a statement of SQL is typed: names that the engine knows, fields of the
//! records at hand.

use crate::runtime::events::Snapshot;
use crate::tui::widgets::suggest::Suggestion;
use aiobs_logs::filter::{Known, complete};
use aiobs_logs::format::{self, FormatSet};
use aiobs_store::{SQL_FUNCTIONS, SQL_TABLES};
use aiobs_types::{Field, LogRecord};
use std::sync::Arc;

/// Records whose fields are suggested.
const RECORDS: usize = 100;
/// Values kept of a field.
const VALUES: usize = 20;

/// Words of SQL beside the names.
const WORDS: [&str; 14] = [
    "select", "from", "where", "group", "order", "limit", "count", "distinct", "having", "between", "like", "with",
    "avg", "max",
];

/// What may be typed next in a filter.
pub(super) fn filter(
    formats: &FormatSet,
    text: &str,
    cursor: usize,
    now: &Snapshot,
    rows: &[LogRecord],
) -> Vec<Suggestion> {
    let mut fields: Vec<(String, Vec<String>)> = Vec::new();
    for r in rows.iter().rev().take(RECORDS) {
        for field in self::fields(formats, now, r) {
            let i = fields.iter().position(|(name, _)| *name == field.name).unwrap_or_else(|| {
                fields.push((field.name.clone(), Vec::new()));
                fields.len() - 1
            });
            let values = &mut fields[i].1;
            if values.len() < VALUES && field.value.len() <= 60 && !values.contains(&field.value) {
                values.push(field.value);
            }
        }
    }
    let sources: Vec<String> = now.sources.iter().map(|s| s.info.name.clone()).collect();
    let mut components: Vec<String> = now.components.iter().map(|c| c.name.clone()).collect();
    for r in rows {
        if !r.component.is_empty() && !components.contains(&r.component) {
            components.push(r.component.clone());
        }
    }
    let templates: Vec<(u32, String)> = now.top_errors.iter().map(|t| (t.template.0, t.text.clone())).collect();
    let known = Known { sources: &sources, components: &components, templates: &templates, fields: &fields };
    let found = complete(text, cursor, &known);
    found.into_iter().map(|c| Suggestion { at: c.at, text: c.text, about: c.about }).collect()
}

/// The fields of a record.
pub(super) fn fields(formats: &FormatSet, now: &Snapshot, r: &LogRecord) -> Vec<Field> {
    let source = now.sources.iter().find(|s| s.info.id == r.source);
    let format = source.and_then(|s| s.info.format.as_deref()).unwrap_or_default();
    format::fields(formats, format, &r.text)
}

/// Names that SQL has: tables, columns, functions and words.
pub(super) fn sql_words() -> Arc<[(String, String)]> {
    let mut words: Vec<(String, String)> = Vec::new();
    let mut add = |word: &str, about: String| {
        if !words.iter().any(|(w, _)| w == word) {
            words.push((word.to_owned(), about));
        }
    };
    for table in SQL_TABLES {
        add(table.name, format!("table: {}", table.about));
    }
    for table in SQL_TABLES {
        for c in table.columns {
            add(c.name, format!("{}.{}: {}", table.name, c.name, c.about));
        }
    }
    for (call, about) in SQL_FUNCTIONS {
        if let Some((name, _)) = call.split_once('(') {
            add(name, format!("{call}: {about}"));
        }
    }
    for word in WORDS {
        add(word, String::new());
    }
    words.into()
}
