//! The filter language of the Logs pane and of `aiobs search`: one line of text to a [`LogQuery`].
//!
//! ```text
//! level>=warn service=orders -source=orders.log "connection refused" -healthz /re\w+/i latency>500ms since:1h
//! (level=error or timeout) -template=41 user:* status!=200
//! ```
//!
//! Everything must match; `-` or `!` before a part leaves its matches out; `or` between parts asks for one side, with
//! parentheses around what belongs together. A word with a capital letter minds upper and lower case. A key that is
//! none of the known ones is a field of the records. What cannot be meant is an error with its place, never a guess.
//! [`complete`] says what may be typed next, [`FormatFields`] finds the fields. Knows neither archive nor screen.

mod completion;
mod describe;
mod field;
mod pair;
mod scan;
mod values;
mod when;

#[cfg(test)]
mod tests;

pub use completion::{Completion, Known, complete};
pub use describe::describe;
pub use values::{FormatFields, FormatOf};

use crate::format::ZoneRule;
use aiobs_types::{LogQuery, SourceId, TextMatch, Timestamp};
use scan::{Part, Token};
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
    ("level", "severity: level>=warn, level=error,fatal, level<info, -level=debug"),
    ("severity", "the same as level"),
    ("component", "logger, service or program, by its whole name; several with commas; component:* for any"),
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
    all_of(&scan::tokens(input)?, &mut query, context, 0)?;
    Ok(query)
}

/// Deeper than anybody nests.
const DEEPEST: usize = 32;

/// Adds what the tokens ask for. Those between two `or` belong closer together than what is around them.
fn all_of(tokens: &[Token], query: &mut LogQuery, context: &FilterContext<'_>, depth: usize) -> Result<(), Wrong> {
    let sides = sides(tokens)?;
    if let [only] = sides.as_slice() {
        return parts(only, query, context, depth);
    }
    let mut group = Vec::with_capacity(sides.len());
    for side in &sides {
        if side.is_empty() {
            let or = tokens.iter().find(|t| t.part == Part::Or).map_or(0..0, |t| t.at.clone());
            return wrong(&or, "something is missing beside `or`; write \"or\" for the word itself");
        }
        let mut one = LogQuery::default();
        parts(side, &mut one, context, depth)?;
        group.push(one);
    }
    query.any.push(group);
    Ok(())
}

/// What stands between the `or`s that are in no parentheses.
fn sides(tokens: &[Token]) -> Result<Vec<&[Token]>, Wrong> {
    let (mut open, mut sides, mut from) = (Vec::new(), Vec::new(), 0);
    for (i, token) in tokens.iter().enumerate() {
        match token.part {
            Part::Open => open.push(token),
            Part::Close if open.pop().is_none() => {
                return wrong(&token.at, "there is no parenthesis to close; quote it to look for it");
            }
            Part::Or if open.is_empty() => {
                sides.push(&tokens[from..i]);
                from = i + 1;
            }
            _ => {}
        }
    }
    if let Some(token) = open.first() {
        return wrong(&token.at, "the parenthesis is not closed; quote it to look for it");
    }
    sides.push(&tokens[from..]);
    Ok(sides)
}

fn parts(tokens: &[Token], query: &mut LogQuery, context: &FilterContext<'_>, depth: usize) -> Result<(), Wrong> {
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match &token.part {
            Part::Word(word) => {
                joiner(token, word)?;
                query.text.push(literal(word, token.negate));
            }
            Part::Quoted(text) => query.text.push(literal(text, token.negate)),
            Part::Regex { pattern, insensitive } => query.text.push(expression(token, pattern, *insensitive)?),
            Part::Pair(pair) => pair::read(query, context, token, pair)?,
            Part::Open => {
                let inside = inside(&tokens[at..]);
                if token.negate {
                    return wrong(&token.at, "a group cannot be left out; put the - before each of its parts");
                }
                if depth >= DEEPEST {
                    return wrong(&token.at, "the parentheses are nested too deeply");
                }
                if inside.is_empty() {
                    return wrong(&token.at, "there is nothing in the parentheses; quote them to look for them");
                }
                all_of(inside, query, context, depth + 1)?;
                at += inside.len() + 1;
            }
            Part::Close | Part::Or => {}
        }
    }
    Ok(())
}

/// The tokens before the parenthesis that closes the one before them.
fn inside(tokens: &[Token]) -> &[Token] {
    let mut open = 0usize;
    for (i, token) in tokens.iter().enumerate() {
        match token.part {
            Part::Open => open += 1,
            Part::Close if open == 0 => return &tokens[..i],
            Part::Close => open -= 1,
            _ => {}
        }
    }
    tokens
}

/// Words that join elsewhere and would be looked for here.
fn joiner(token: &Token, word: &str) -> Result<(), Wrong> {
    let message = match word {
        "or" | "OR" | "||" => "one part cannot be left out by a joining word; write \"or\" for the word itself",
        "AND" | "&&" => "leave it out, everything must match anyway, or write \"AND\" for the word itself",
        "NOT" => "write -word to leave out what matches, or \"NOT\" for the word itself",
        _ => return Ok(()),
    };
    wrong(&token.at, message)
}

fn literal(text: &str, negate: bool) -> TextMatch {
    TextMatch { pattern: text.to_owned(), regex: false, case_sensitive: text.chars().any(char::is_uppercase), negate }
}

/// Checks that an expression can be used.
fn compiles(at: &Range<usize>, pattern: &str) -> Result<(), Wrong> {
    let Err(e) = regex::RegexBuilder::new(pattern).size_limit(4 << 20).build() else { return Ok(()) };
    let text = e.to_string();
    let last = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
    wrong(at, format!("the expression does not read: {last}"))
}

fn expression(token: &Token, pattern: &str, insensitive: Option<bool>) -> Result<TextMatch, Wrong> {
    compiles(&token.at, pattern)?;
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
