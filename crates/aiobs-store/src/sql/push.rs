//! From conditions of SQL to a [`LogQuery`] that leaves out nothing they ask for: SQLite tests every row again, so a
//! condition may be passed on loosely, never too tightly.

use super::functions::days;
use super::logs::Column;
use aiobs_types::{Level, LogQuery, RecordId, Severity, SourceId, TemplateId, TextMatch, Timestamp};
use aiobs_vtab::{Condition, Op};
use rusqlite::types::Value;

/// How many times fewer rows a condition leaves, about; `None` when it is of no use.
pub(super) fn saves(column: Column, op: Op) -> Option<f64> {
    let ordered = matches!(op, Op::Equal | Op::Over | Op::AtLeast | Op::Under | Op::AtMost);
    match (column, op) {
        (Column::Id, Op::Equal) => Some(1e9),
        (Column::Time | Column::TimeNs, Op::Equal) => Some(1e6),
        (Column::Id | Column::Time | Column::TimeNs | Column::Severity, _) if ordered => Some(4.0),
        (Column::Template, Op::Equal) => Some(1e3),
        (Column::Level | Column::Source | Column::Component, Op::Equal) => Some(10.0),
        (Column::Level, Op::NotEqual) => Some(1.5),
        (Column::TraceId, Op::Equal) => Some(1e5),
        (Column::Text | Column::Message, Op::Equal) => Some(1e4),
        (Column::Text | Column::Message, Op::Like | Op::Glob | Op::Regexp) => Some(50.0),
        _ => None,
    }
}

/// Narrows the query down. False when nothing can fulfil the condition.
pub(super) fn narrow(
    query: &mut LogQuery,
    condition: &Condition,
    column: Column,
    sources: &[(SourceId, String)],
) -> bool {
    let Condition { op, value, .. } = condition;
    match (column, value) {
        (_, Value::Null) => return false,
        (Column::Time, Value::Text(text)) => time(query, *op, text),
        (Column::Id | Column::TimeNs | Column::Severity | Column::Template, _) => {
            if let Some((low, high)) = range(*op, value) {
                return number(query, column, low, high);
            }
        }
        (Column::Level, Value::Text(name)) => {
            let level = Level::parse(name.trim_end());
            match (op, level) {
                (Op::Equal, None) => return false,
                (Op::Equal, Some(level)) => {
                    let not = Level::ALL.into_iter().filter(|l| *l != level);
                    query.not_levels.extend(not);
                }
                // Only a name as it is written in the column is sure to be the one that is left out.
                (Op::NotEqual, Some(level)) if level.name() == name => query.not_levels.push(level),
                _ => {}
            }
        }
        (Column::Source, Value::Text(name)) if *op == Op::Equal => {
            let same = |n: &str| n.to_lowercase() == name.trim_end().to_lowercase() || n.trim_end() == name.trim_end();
            let ids: Vec<SourceId> = sources.iter().filter(|(_, n)| same(n)).map(|(id, _)| *id).collect();
            // An empty name stands for a source that is not known any more.
            if ids.is_empty() && !name.trim_end().is_empty() {
                return false;
            }
            query.sources.extend(ids);
        }
        (Column::Component, Value::Text(name)) if *op == Op::Equal && *name == *name.trim_end() && !name.is_empty() => {
            query.components.push(name.clone());
        }
        (Column::TraceId, Value::Text(id)) if *op == Op::Equal && is_plain(id) => {
            query.text.push(contains(id, false));
        }
        (Column::Text | Column::Message, Value::Text(pattern)) => text(query, *op, pattern),
        _ => {}
    }
    true
}

/// The least and the greatest whole number that fulfil a comparison; of a comparison with a fraction a little more.
fn range(op: Op, value: &Value) -> Option<(i64, i64)> {
    let (low, high, exact) = match value {
        Value::Integer(n) => (*n, *n, true),
        // Saturates at the ends of the numbers there are.
        Value::Real(x) if !x.is_nan() => (x.floor() as i64, x.ceil() as i64, false),
        _ => return None,
    };
    Some(match op {
        Op::Equal => (low, high),
        Op::Over if exact => (low.saturating_add(1), i64::MAX),
        Op::Under if exact => (i64::MIN, high.saturating_sub(1)),
        Op::Over | Op::AtLeast => (low, i64::MAX),
        Op::Under | Op::AtMost => (i64::MIN, high),
        _ => return None,
    })
}

fn number(query: &mut LogQuery, column: Column, low: i64, high: i64) -> bool {
    match column {
        Column::Id => {
            if high < 0 {
                return false;
            }
            query.first = query.first.max(Some(RecordId(low.max(0) as u64)));
            let last = RecordId(high as u64);
            query.last = Some(query.last.map_or(last, |l| l.min(last)));
        }
        Column::TimeNs => between(query, low, high),
        Column::Severity => {
            if high < 0 || low > i64::from(u8::MAX) {
                return false;
            }
            query.min_severity = query.min_severity.max(Some(Severity(low.max(0) as u8)));
            let most = Severity(high.min(i64::from(u8::MAX)) as u8);
            query.max_severity = Some(query.max_severity.map_or(most, |s| s.min(most)));
        }
        _ => match u32::try_from(low) {
            Ok(id) if low == high => query.templates.push(TemplateId(id)),
            Err(_) if low == high => return false,
            _ => {}
        },
    }
    true
}

/// Times from `low` to `high`, both in it.
fn between(query: &mut LogQuery, low: i64, high: i64) {
    if low > i64::MIN {
        query.from = query.from.max(Some(Timestamp(low)));
    }
    if high < i64::MAX {
        let to = Timestamp(high.saturating_add(1));
        query.to = Some(query.to.map_or(to, |t| t.min(to)));
    }
}

/// The times in the column are all of one length, so what holds for texts holds for their first 10 or 19 characters
/// too: days and seconds.
fn time(query: &mut LogQuery, op: Op, text: &str) {
    const SECOND: i64 = 1_000_000_000;
    let Some((start, length)) = prefix(text) else { return };
    let (Some(low), Some(high)) = (start.checked_mul(SECOND), (start + length).checked_mul(SECOND)) else { return };
    match op {
        Op::Equal => between(query, low, high - 1),
        Op::Over | Op::AtLeast => between(query, low, i64::MAX),
        Op::Under | Op::AtMost => between(query, i64::MIN, high - 1),
        _ => {}
    }
}

/// First second and number of seconds of the day or second that the text begins with.
fn prefix(text: &str) -> Option<(i64, i64)> {
    let part = |from: usize, to: usize| {
        let digits = text.get(from..to)?;
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse::<i64>().ok()).flatten()
    };
    let mark = |at: usize, c: u8| text.as_bytes().get(at) == Some(&c);
    if !(mark(4, b'-') && mark(7, b'-')) {
        return None;
    }
    let day = days(part(0, 4)?, part(5, 7)?, part(8, 10)?)? * 86_400;
    let clock = || {
        let marks = mark(10, b'T') && mark(13, b':') && mark(16, b':');
        let (h, m, s) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
        (marks && h < 24 && m < 60 && s < 60).then_some(h * 3_600 + m * 60 + s)
    };
    Some(clock().map_or((day, 86_400), |second| (day + second, 1)))
}

/// Whether a value stands in a text as it is, whatever is quoted or escaped around it.
fn is_plain(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn contains(text: &str, case_sensitive: bool) -> TextMatch {
    TextMatch { pattern: text.to_owned(), regex: false, case_sensitive, negate: false }
}

fn text(query: &mut LogQuery, op: Op, pattern: &str) {
    let mut add = |part: &str, case_sensitive| {
        if !part.is_empty() {
            query.text.push(contains(part, case_sensitive));
        }
    };
    match op {
        // Collations may fold case or forget spaces at the end.
        Op::Equal => add(pattern.trim_end(), false),
        Op::Like => pattern.split(['%', '_']).for_each(|part| add(part, false)),
        Op::Glob if !pattern.contains('[') => pattern.split(['*', '?']).for_each(|part| add(part, true)),
        // `^` and `$` would mean the ends of the message, not of the text.
        Op::Regexp if !pattern.contains(['^', '$', '\\']) && regex::Regex::new(pattern).is_ok() => {
            query.text.push(TextMatch { regex: true, ..contains(pattern, true) });
        }
        _ => {}
    }
}
