//! The known keys of a filter and their values: levels, components, sources, templates, times.

use super::scan::{Op, Pair, Token};
use super::{FilterContext, KEYS, Wrong, field, when, wrong, wrong_with};
use crate::words::nearest;
use aiobs_types::{Level, LogQuery, Severity, SourceId, TemplateId};

pub(super) fn read(query: &mut LogQuery, context: &FilterContext<'_>, token: &Token, pair: &Pair) -> Result<(), Wrong> {
    let (key, op, value) = (pair.key.as_str(), pair.op, pair.value.as_str());
    let lower = key.to_ascii_lowercase();
    let known = KEYS.iter().any(|(k, _)| *k == lower);
    if !known {
        return field::read(query, token, pair);
    }
    if list(value).next().is_none() {
        return wrong(&token.at, format!("`{key}` needs a value"));
    }
    let (level, time) = (matches!(lower.as_str(), "level" | "severity"), is_time(&lower));
    if !matches!(op, Op::Is | Op::Has | Op::Not) && (!(level || time) || matches!(op, Op::Like | Op::Unlike)) {
        return wrong(&token.value, format!("`{key}` can only be compared with `=` or `:`"));
    }
    let negate = token.negate != (op == Op::Not);
    match lower.as_str() {
        "level" | "severity" => levels(query, token, op, value),
        "component" | "service" | "logger" => {
            // Any component is what those without a name are not.
            let any = value == "*" && !pair.quoted;
            let names = if any { vec![String::new()] } else { list(value).collect() };
            add(if negate == any { &mut query.components } else { &mut query.not_components }, names);
            Ok(())
        }
        "source" => sources(query, context, token, negate, value),
        "template" => {
            let mut ids = Vec::new();
            for one in list(value) {
                match one.trim_start_matches(['#', 'T', 't', 'E']).parse() {
                    Ok(n) => ids.push(TemplateId(n)),
                    Err(_) => return wrong(&token.value, format!("`{one}` is no number of a template")),
                }
            }
            add(if negate { &mut query.not_templates } else { &mut query.templates }, ids);
            Ok(())
        }
        time => times(query, context, token, time, op, value),
    }
}

fn add<T: PartialEq>(to: &mut Vec<T>, values: Vec<T>) {
    for value in values {
        if !to.contains(&value) {
            to.push(value);
        }
    }
}

fn is_time(key: &str) -> bool {
    matches!(key, "since" | "from" | "after" | "until" | "to" | "before")
}

fn list(value: &str) -> impl Iterator<Item = String> {
    value.split(',').map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned)
}

/// Highest severity of a level.
fn ceiling(level: Level) -> Severity {
    if level == Level::Unset { level.floor() } else { Severity(level.floor().0 + 3) }
}

fn levels(query: &mut LogQuery, token: &Token, op: Op, value: &str) -> Result<(), Wrong> {
    let mut named = Vec::new();
    for one in list(value) {
        let Some(level) = Level::parse(&one) else {
            let names = Level::ALL.map(Level::name);
            let near = nearest(&one, names.into_iter()).map(str::to_owned);
            return wrong_with(&token.value, format!("`{one}` is no level; there are {}", names.join(", ")), near);
        };
        named.push(level);
    }
    named.sort_unstable();
    let (Some(&lowest), Some(&highest)) = (named.first(), named.last()) else { return Ok(()) };
    let op = if token.negate { op.opposite() } else { op };
    if lowest != highest && !matches!(op, Op::Is | Op::Has | Op::Not) {
        return wrong(&token.value, "several levels can only be compared with `=` or `:`");
    }
    let level = lowest;
    let (min, max) = match op {
        Op::Is | Op::Has => {
            let between = Level::ALL.into_iter().filter(|l| (lowest..highest).contains(l) && !named.contains(l));
            add(&mut query.not_levels, between.collect());
            (Some(lowest.floor()), Some(ceiling(highest)))
        }
        Op::AtLeast => (Some(level.floor()), None),
        Op::Over if level == Level::Fatal => return wrong(&token.at, "nothing is over fatal"),
        Op::Over => (Some(Severity(ceiling(level).0 + 1)), None),
        Op::AtMost => (None, Some(ceiling(level))),
        Op::Under if level == Level::Unset => return wrong(&token.at, "nothing is under unset"),
        Op::Under => (None, Some(Severity(level.floor().0 - 1))),
        Op::Not if lowest == highest && level == Level::Unset => (Some(Severity(1)), None),
        Op::Not | Op::Like | Op::Unlike => {
            add(&mut query.not_levels, named);
            (None, None)
        }
    };
    query.not_levels.sort_unstable();
    // What every record is, is no condition.
    let (min, max) = (min.filter(|s| s.0 > 0), max.filter(|s| s.level() < Level::Fatal));
    query.min_severity = query.min_severity.max(min);
    query.max_severity = match (query.max_severity, max) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    let left = |l: &Level| {
        query.min_severity.is_none_or(|s| *l >= s.level())
            && query.max_severity.is_none_or(|s| *l <= s.level())
            && !query.not_levels.contains(l)
    };
    if Level::ALL.iter().any(left) {
        return Ok(());
    }
    wrong(&token.at, "together with what stands before it no level is left")
}

fn sources(
    query: &mut LogQuery,
    context: &FilterContext<'_>,
    token: &Token,
    negate: bool,
    value: &str,
) -> Result<(), Wrong> {
    let mut named: Vec<SourceId> = Vec::new();
    for one in list(value) {
        let ids = matching(context, &one);
        if ids.is_empty() {
            let base = |n: &str| n.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
            let names: Vec<String> = context.sources.iter().map(|(_, n)| base(n)).collect();
            let near = nearest(&one, names.iter().map(String::as_str)).map(str::to_owned);
            return wrong_with(&token.value, format!("there is no source `{one}`"), near);
        }
        named.extend(ids);
    }
    add(if negate { &mut query.not_sources } else { &mut query.sources }, named);
    if !query.sources.is_empty() && query.sources.iter().all(|id| query.not_sources.contains(id)) {
        return wrong(&token.at, "no source is left");
    }
    Ok(())
}

/// The whole name, else the file name, else a part of the name.
fn matching(context: &FilterContext<'_>, value: &str) -> Vec<SourceId> {
    let value = value.to_lowercase();
    let by = |fits: &dyn Fn(&str) -> bool| -> Vec<SourceId> {
        context.sources.iter().filter(|(_, name)| fits(&name.to_lowercase())).map(|(id, _)| *id).collect()
    };
    let whole = by(&|name| name == value);
    if !whole.is_empty() {
        return whole;
    }
    let file = by(&|name| name.rsplit(['/', '\\']).next() == Some(&value));
    if file.is_empty() { by(&|name| name.contains(&value)) } else { file }
}

fn times(
    query: &mut LogQuery,
    context: &FilterContext<'_>,
    token: &Token,
    key: &str,
    op: Op,
    value: &str,
) -> Result<(), Wrong> {
    if token.negate || !matches!(op, Op::Is | Op::Has) {
        return wrong(&token.at, format!("write `{key}:` and a time"));
    }
    let time = match when::read(value, context.now, &context.zone.zone()) {
        Ok(time) => time,
        Err(message) => return wrong(&token.value, message),
    };
    if matches!(key, "until" | "to" | "before") {
        query.to = Some(query.to.map_or(time, |t| t.min(time)));
    } else {
        query.from = Some(query.from.map_or(time, |t| t.max(time)));
    }
    match (query.from, query.to) {
        (Some(from), Some(to)) if from >= to => wrong(&token.at, "the time range ends before it begins"),
        _ => Ok(()),
    }
}
