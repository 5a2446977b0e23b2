//! The filter language of the Logs pane and of `aiobs search`: one line of text to a [`LogQuery`].
//!
//! ```text
//! level>=warn service=orders source=orders.log template=41 "connection refused" timeout -healthz /re\w+/i since:1h
//! ```
//!
//! Words, quoted text and `/expressions/` must all match; `-` or `!` before one leaves its matches out. A word with
//! a capital letter minds upper and lower case. A key that is none of the known ones looks for that field in the
//! text. What cannot be meant is an error with its place, never a guess. Knows neither archive nor screen.

mod describe;
mod scan;
mod when;

#[cfg(test)]
mod tests;

pub use describe::describe;

use crate::format::ZoneRule;
use crate::words::nearest;
use aiobs_types::{Level, LogQuery, Severity, SourceId, TemplateId, TextMatch, Timestamp};
use scan::{Op, Part, Token};
use std::fmt;
use std::ops::Range;

/// What a filter is read against.
#[derive(Clone, Debug)]
pub struct FilterContext<'a> {
    /// For relative times and clocks.
    pub now: Timestamp,
    /// The zone in which the reader writes times.
    pub zone: ZoneRule,
    /// Numbers and names of the known sources.
    pub sources: &'a [(SourceId, String)],
}

/// Why a filter cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct FilterError {
    /// What is wrong.
    pub message: String,
    /// Which bytes of the input.
    pub at: Range<usize>,
    /// Column of the first of them, from 1, in characters.
    pub column: usize,
    /// What may be meant: text to put in the place of `at`.
    pub suggestion: Option<String>,
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.message)?;
        match &self.suggestion {
            Some(s) => write!(f, "; did you mean `{s}`?"),
            None => Ok(()),
        }
    }
}

/// An error before its column is known.
#[derive(Debug)]
struct Wrong {
    message: String,
    at: Range<usize>,
    suggestion: Option<String>,
}

fn wrong<T>(at: &Range<usize>, message: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong { message: message.into(), at: at.clone(), suggestion: None })
}

fn wrong_with<T>(at: &Range<usize>, message: impl Into<String>, suggestion: Option<String>) -> Result<T, Wrong> {
    Err(Wrong { message: message.into(), at: at.clone(), suggestion })
}

/// The known keys, with what each stands for. Completion and help read it too.
pub const KEYS: &[(&str, &str)] = &[
    ("level", "severity: level>=warn, level=error, level<info"),
    ("severity", "the same as level"),
    ("component", "logger, service or program, by its whole name; several with commas"),
    ("service", "the same as component"),
    ("logger", "the same as component"),
    ("source", "a source, by its name, file name or a part of it"),
    ("template", "number of a template; several with commas"),
    ("since", "at or after a time: 1h, 14:30, yesterday, 2025-01-07T14:30"),
    ("from", "the same as since"),
    ("after", "the same as since"),
    ("until", "before a time"),
    ("to", "the same as until"),
    ("before", "the same as until"),
];

/// Reads a filter. An empty one asks for every record.
pub fn parse_filter(input: &str, context: &FilterContext<'_>) -> Result<LogQuery, FilterError> {
    read(input, context).map_err(|e| {
        let before = input.get(..e.at.start).unwrap_or(input);
        FilterError { message: e.message, column: before.chars().count() + 1, at: e.at, suggestion: e.suggestion }
    })
}

fn read(input: &str, context: &FilterContext<'_>) -> Result<LogQuery, Wrong> {
    let mut query = LogQuery::default();
    for token in scan::tokens(input)? {
        match &token.part {
            Part::Word(word) => {
                joiner(&token, word)?;
                query.text.push(literal(word, token.negate));
            }
            Part::Quoted(text) => query.text.push(literal(text, token.negate)),
            Part::Regex { pattern, insensitive } => query.text.push(expression(&token, pattern, *insensitive)?),
            Part::Pair { key, op, value } => pair(&mut query, context, &token, key, *op, value)?,
        }
    }
    Ok(query)
}

/// `a OR b` is not what the words say to somebody who knows other search boxes.
fn joiner(token: &Token, word: &str) -> Result<(), Wrong> {
    let message = match word {
        "OR" | "||" => "there is no OR; write an expression such as /one|other/, or \"OR\" for the word itself",
        "AND" | "&&" => "leave it out, everything must match anyway, or write \"AND\" for the word itself",
        "NOT" => "write -word to leave out what matches, or \"NOT\" for the word itself",
        _ => return Ok(()),
    };
    wrong(&token.at, message)
}

fn literal(text: &str, negate: bool) -> TextMatch {
    TextMatch { pattern: text.to_owned(), regex: false, case_sensitive: text.chars().any(char::is_uppercase), negate }
}

fn expression(token: &Token, pattern: &str, insensitive: Option<bool>) -> Result<TextMatch, Wrong> {
    if let Err(e) = regex::RegexBuilder::new(pattern).size_limit(4 << 20).build() {
        let text = e.to_string();
        let last = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        return wrong(&token.at, format!("the expression does not read: {last}"));
    }
    let case_sensitive = insensitive.map_or_else(|| minds_case(pattern), |i| !i);
    Ok(TextMatch { pattern: pattern.to_owned(), regex: true, case_sensitive, negate: token.negate })
}

/// Whether an expression has a capital letter of its own; those of `\W` and kin do not count.
pub(crate) fn minds_case(pattern: &str) -> bool {
    let mut escaped = false;
    pattern.chars().any(|c| {
        let counts = !escaped && c.is_uppercase();
        escaped = !escaped && c == '\\';
        counts
    })
}

fn pair(
    query: &mut LogQuery,
    context: &FilterContext<'_>,
    token: &Token,
    key: &str,
    op: Op,
    value: &str,
) -> Result<(), Wrong> {
    let lower = key.to_ascii_lowercase();
    let known = KEYS.iter().any(|(k, _)| *k == lower);
    if known && value.is_empty() {
        return wrong(&token.at, format!("`{key}` needs a value"));
    }
    let lists = matches!(op, Op::Is | Op::Has) || (op == Op::Not && !token.negate);
    let negate = token.negate || op == Op::Not;
    if known && !lists && !matches!(lower.as_str(), "level" | "severity") && !is_time(&lower) {
        return wrong(&token.value, format!("`{key}` can only be compared with `=` or `:`"));
    }
    match lower.as_str() {
        "level" | "severity" => levels(query, token, op, value),
        "component" | "service" | "logger" if negate => {
            wrong(&token.at, "a component cannot be left out; leave out its text with -\"text\"")
        }
        "component" | "service" | "logger" => {
            query.components.extend(list(value));
            Ok(())
        }
        "source" => sources(query, context, token, negate, value),
        "template" if negate => wrong(&token.at, "a template cannot be left out; leave out its text with -\"text\""),
        "template" => {
            for one in list(value) {
                match one.trim_start_matches(['#', 'T', 't', 'E']).parse() {
                    Ok(n) => query.templates.push(TemplateId(n)),
                    Err(_) => return wrong(&token.value, format!("`{one}` is no number of a template")),
                }
            }
            Ok(())
        }
        time if is_time(time) => times(query, context, token, time, op, value),
        _ => field(query, token, key, op, value),
    }
}

fn is_time(key: &str) -> bool {
    matches!(key, "since" | "from" | "after" | "until" | "to" | "before")
}

fn list(value: &str) -> impl Iterator<Item = String> {
    value.split(',').map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned)
}

fn levels(query: &mut LogQuery, token: &Token, op: Op, value: &str) -> Result<(), Wrong> {
    let Some(level) = Level::parse(value) else {
        let names = Level::ALL.map(Level::name);
        let near = nearest(value, names.into_iter()).map(str::to_owned);
        return wrong_with(&token.value, format!("`{value}` is no level; there are {}", names.join(", ")), near);
    };
    let op = if token.negate { op.opposite() } else { op };
    let floor = level.floor();
    let ceiling = if level == Level::Unset { floor } else { Severity(floor.0 + 3) };
    let (min, max) = match op {
        Op::Is | Op::Has => (Some(floor), Some(ceiling)),
        Op::AtLeast => (Some(floor), None),
        Op::Over if level == Level::Fatal => return wrong(&token.at, "nothing is over fatal"),
        Op::Over => (Some(Severity(ceiling.0 + 1)), None),
        Op::AtMost => (None, Some(ceiling)),
        Op::Under if level == Level::Unset => return wrong(&token.at, "nothing is under unset"),
        Op::Under => (None, Some(Severity(floor.0 - 1))),
        Op::Not if level == Level::Unset => (Some(Severity(1)), None),
        Op::Not => return wrong(&token.at, "one level cannot be left out of the middle; use level>= or level<="),
    };
    query.min_severity = query.min_severity.max(min);
    query.max_severity = match (query.max_severity, max) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    match (query.min_severity, query.max_severity) {
        (Some(min), Some(max)) if min > max => wrong(&token.at, "together with what stands before it no level is left"),
        _ => Ok(()),
    }
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
    if negate {
        // Those that are known now, less what other parts of the filter say.
        let base: Vec<_> = if query.sources.is_empty() {
            context.sources.iter().map(|(id, _)| *id).collect()
        } else {
            std::mem::take(&mut query.sources)
        };
        query.sources = base.into_iter().filter(|id| !named.contains(id)).collect();
        if query.sources.is_empty() {
            return wrong(&token.at, "no source is left");
        }
        return Ok(());
    }
    named.retain(|id| !query.sources.contains(id));
    query.sources.append(&mut named);
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

/// A key of the records' own: found as `key=value`, `key="value"`, `"key":"value"`, `key: value`. With `=` the
/// value must end where it ends in the text, with `:` it may go on.
fn field(query: &mut LogQuery, token: &Token, key: &str, op: Op, value: &str) -> Result<(), Wrong> {
    if let Some(near) = nearest(key, KEYS.iter().map(|(k, _)| *k)).filter(|n| n.len().abs_diff(key.len()) <= 1) {
        return wrong_with(
            &(token.at.start..token.value.start),
            format!("unknown key `{key}`; to look for it in the text, quote it all"),
            Some(near.to_owned()),
        );
    }
    let end = match op {
        Op::Is | Op::Not => r#"(?:["'\s,;)}\]]|$)"#,
        Op::Has => "",
        _ => return wrong(&token.at, format!("`{key}` can only be compared with `=` or `:`")),
    };
    let pattern = format!(r#"(?:^|[^\w.\-])"?{}"?\s*[=:]\s*["']?{}{end}"#, regex::escape(key), regex::escape(value));
    let case_sensitive = key.chars().chain(value.chars()).any(char::is_uppercase);
    let negate = token.negate ^ (op == Op::Not);
    query.text.push(TextMatch { pattern, regex: true, case_sensitive, negate });
    Ok(())
}
