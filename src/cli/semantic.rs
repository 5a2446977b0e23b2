//! `aiobs search --semantic`: incidents, diagnoses, fixes, notes, templates and runbooks by meaning.

use super::args::{Format, SearchArgs};
use super::context::Context;
use super::exit::{Exit, UsageError};
use super::output::{self, local, safe};
use super::remember;
use crate::runtime::memory::nearest;
use crate::runtime::rules;
use aiobs_logs::filter::{FilterContext, parse_filter};
use aiobs_memory::{Hit, Mode, Question, search};
use aiobs_types::{Document, DocumentFilter, DocumentKind, IncidentState, LogQuery, Timestamp};
use serde_json::json;
use std::fmt::Write as _;
use std::io::Write as _;

/// Lines of a text that are shown to people.
const LINES: usize = 3;
/// Keys of the query language that say which documents.
const KEYS: [&str; 10] =
    ["level", "severity", "component", "service", "since", "from", "after", "until", "to", "before"];

pub(super) fn run(cx: &Context, args: &SearchArgs) -> anyhow::Result<Exit> {
    let question = question(cx, &args.query, args.limit)?;
    let engine = remember::configured(cx)?;
    let done = remember::update(cx, &cx.archive()?, &engine, Some(remember::PATIENCE))?;
    remember::tell(cx, &done);
    let reader = cx.archive()?;
    let near = nearest(&reader, &engine, &question)?;
    if let Some(note) = near.note.as_ref().filter(|n| !cx.quiet && !done.notes.contains(n)) {
        eprintln!("aiobs: {note}");
    }
    let hits = search(&reader, &question, &near.found)?;
    let text = match args.output {
        Format::Json => output::lines(hits.iter().map(|h| output::line(&json(h)))),
        Format::Csv => csv(&hits),
        Format::Markdown => markdown(&hits),
        Format::Text => text(&hits),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    if hits.is_empty() && !cx.quiet {
        eprintln!("aiobs: nothing found; `aiobs knowledge check` says what there is to search");
    }
    Ok(if done.stopped { Exit::Interrupted } else { Exit::Done })
}

/// Words of the command line: those that begin with a key say which documents, the rest is the question.
fn question(cx: &Context, words: &[String], limit: usize) -> anyhow::Result<Question> {
    let (mut said, mut conditions) = (Vec::new(), Vec::new());
    let mut filter = DocumentFilter::default();
    for word in words.iter().flat_map(|w| split(w)) {
        let end = word.find([':', '=', '<', '>']).unwrap_or(0);
        let (key, value) = (&word[..end], word.get(end + 1..).unwrap_or_default());
        match key {
            "kind" => filter.kinds.extend(each(value, "kind", &kinds(), DocumentKind::parse)?),
            "state" => {
                filter.states.extend(each(value, "state", &states(), |v| states().contains(&v).then(|| v.to_owned()))?);
            }
            key if KEYS.contains(&key) && !value.is_empty() => conditions.push(word),
            _ => said.push(word),
        }
    }
    let context = FilterContext { now: Timestamp::now(), zone: rules::zone(&cx.config)?, sources: &[] };
    let query = parse_filter(&conditions.join(" "), &context).map_err(|e| UsageError(format!("query: {e}")))?;
    if !query.not_components.is_empty() || !query.not_levels.is_empty() || !query.any.is_empty() {
        let text = "query: with --semantic, a level or component can be asked for, not left out";
        return Err(UsageError(text.to_owned()).into());
    }
    let text = said.join(" ");
    if text.trim().is_empty() {
        return Err(UsageError("query: say in plain words what to look for".to_owned()).into());
    }
    let LogQuery { min_severity, max_severity, components, from, to, .. } = query;
    let filter = DocumentFilter { min_severity, max_severity, components, from, to, ..filter };
    Ok(Question { text, filter, mode: Mode::Hybrid, limit })
}

/// One argument may hold several words; quotes around a value keep it together.
fn split(argument: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in argument.chars() {
        quoted ^= c == '"';
        if c.is_whitespace() && !quoted {
            words.push(String::new());
        } else if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    words.retain(|w| !w.is_empty());
    words
}

fn kinds() -> Vec<&'static str> {
    DocumentKind::ALL.iter().map(|k| k.name()).collect()
}

fn states() -> Vec<&'static str> {
    [IncidentState::Open, IncidentState::Acknowledged, IncidentState::Resolved, IncidentState::Muted]
        .iter()
        .map(|s| s.name())
        .collect()
}

/// The values of a list such as `kind:fix,runbook`.
fn each<T>(list: &str, key: &str, known: &[&str], parse: impl Fn(&str) -> Option<T>) -> anyhow::Result<Vec<T>> {
    let one = |value: &str| {
        parse(value).ok_or_else(|| {
            let near = known.iter().max_by(|a, b| strsim::jaro(a, value).total_cmp(&strsim::jaro(b, value)));
            let near = near.map(|n| format!(" (did you mean `{n}`?)")).unwrap_or_default();
            UsageError(format!("query: there is no {key} `{value}`{near}; known: {}", known.join(", "))).into()
        })
    };
    list.split(',').map(one).collect()
}

fn json(h: &Hit) -> serde_json::Value {
    let d = &h.document;
    json!({
        "kind": d.kind.name(),
        "key": d.key,
        "title": d.title,
        "text": d.body,
        "place": Some(&d.place).filter(|p| !p.is_empty()),
        "incident": d.incident.map(|i| i.0),
        "components": d.components,
        "level": d.severity.level().name(),
        "state": Some(&d.state).filter(|s| !s.is_empty()),
        "error_class": Some(&d.class).filter(|c| !c.is_empty()),
        "time": output::rfc3339(d.time),
        "score": h.score,
        "rank_by_words": h.by_words,
        "rank_by_vectors": h.by_vectors,
    })
}

/// Where to read it: a place, or the incident.
fn whence(d: &Document) -> String {
    match d.incident {
        Some(id) if d.place.is_empty() => id.to_string(),
        _ => d.place.clone(),
    }
}

fn text(hits: &[Hit]) -> String {
    let mut out = String::new();
    for (n, h) in hits.iter().enumerate() {
        let d = &h.document;
        let state = if d.state.is_empty() { String::new() } else { format!("  {}", d.state) };
        let title = safe(d.title.lines().next().unwrap_or_default());
        let _ = writeln!(out, "{:>3}  {:<9} {title}", n + 1, d.kind.name());
        let _ = writeln!(out, "     {:<9} {}  {}{state}", "", safe(&whence(d)), local(d.time));
        for line in d.body.lines().map(str::trim).filter(|l| !l.is_empty()).take(LINES) {
            let short: String = line.chars().take(140).collect();
            let _ = writeln!(out, "     {:<9} {}", "", safe(&short));
        }
    }
    out
}

fn csv(hits: &[Hit]) -> String {
    let mut out = "kind,key,title,text,place,incident,components,level,state,time\n".to_owned();
    for h in hits {
        let d = &h.document;
        let incident = d.incident.map_or_else(String::new, |i| i.0.to_string());
        let (components, time) = (d.components.join(" "), output::rfc3339(d.time));
        let level = d.severity.level().name();
        let row = [d.kind.name(), &d.key, &d.title, &d.body, &d.place, &incident, &components, level, &d.state, &time];
        let _ = writeln!(out, "{}", output::csv(&row));
    }
    out
}

fn markdown(hits: &[Hit]) -> String {
    let mut out = "| kind | title | where | text |\n| --- | --- | --- | --- |\n".to_owned();
    for h in hits {
        let d = &h.document;
        let body: String = d.body.chars().take(300).collect();
        let (title, place) = (output::markdown(&d.title), output::markdown(&whence(d)));
        let _ = writeln!(out, "| {} | {title} | {place} | {} |", d.kind.name(), output::markdown(&body));
    }
    out
}
