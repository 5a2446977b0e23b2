//! A [`DocumentFilter`] as conditions of SQL on the table `document d`.

use aiobs_types::DocumentFilter;
use rusqlite::types::Value;
use std::fmt::Write as _;

/// ` AND ...` for each condition; their values are pushed and numbered from what is there.
pub(super) fn sql(f: &DocumentFilter, values: &mut Vec<Value>) -> String {
    let mut out = String::new();
    let mut put = |value: Value| {
        values.push(value);
        values.len()
    };
    if !f.kinds.is_empty() {
        let list: Vec<String> = f.kinds.iter().map(|k| format!("?{}", put(Value::from(k.name().to_owned())))).collect();
        let _ = write!(out, " AND d.kind IN ({})", list.join(", "));
    }
    if !f.states.is_empty() {
        let list: Vec<String> = f.states.iter().map(|s| format!("?{}", put(Value::from(s.clone())))).collect();
        let _ = write!(out, " AND d.state IN ({})", list.join(", "));
    }
    if !f.components.is_empty() {
        let one =
            |c: &String| format!("instr(lower(d.components), lower(?{})) > 0", put(Value::from(format!("\n{c}\n"))));
        let list: Vec<String> = f.components.iter().map(one).collect();
        let _ = write!(out, " AND ({})", list.join(" OR "));
    }
    if let Some(s) = f.min_severity {
        let _ = write!(out, " AND d.severity >= ?{}", put(Value::from(i64::from(s.0))));
    }
    if let Some(s) = f.max_severity {
        let _ = write!(out, " AND d.severity BETWEEN 1 AND ?{}", put(Value::from(i64::from(s.0))));
    }
    if let Some(t) = f.from {
        let _ = write!(out, " AND d.time >= ?{}", put(Value::from(t.0)));
    }
    if let Some(t) = f.to {
        let _ = write!(out, " AND d.time < ?{}", put(Value::from(t.0)));
    }
    out
}
