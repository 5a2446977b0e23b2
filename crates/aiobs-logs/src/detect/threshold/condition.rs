//! The language of limits: `latency_ms p95 > 500 for 5m`, `errors per minute >= 10`.

use aiobs_types::{Level, Quantity, Unit};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A statistic of a number over a minute.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Stat {
    /// The least.
    Min,
    /// The most.
    Max,
    /// The value that this share of all does not exceed, 0 to 1.
    Quantile(f64),
}

/// What is measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Metric {
    /// A number in the records.
    Field {
        /// Name of the field.
        name: String,
        /// Statistic over a minute.
        stat: Stat,
    },
    /// Records of a level and worse.
    Records {
        /// Least level; [`Level::Unset`] for all.
        least: Level,
        /// In so many seconds.
        per: u32,
    },
}

/// When a limit is broken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// What is measured.
    pub metric: Metric,
    /// Broken above the limit, else below it.
    pub above: bool,
    /// Broken at the limit, too.
    pub at_limit: bool,
    /// The limit, in the unit that the field's name says.
    pub limit: f64,
    /// Seconds of event time that it must be broken for.
    pub hold: u32,
    /// As it was written.
    pub text: String,
}

/// What is wrong with a condition: one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConditionError(String);

const FORM: &str = "write `FIELD STATISTIC > NUMBER for TIME`, such as `latency_ms p95 > 500 for 5m`, or \
                    `errors per minute > 10`";

fn wrong<T>(text: impl fmt::Display) -> Result<T, ConditionError> {
    Err(ConditionError(text.to_string()))
}

impl Condition {
    /// Reads `FIELD [STATISTIC] OP NUMBER [for TIME]` or `records|warnings|errors per minute|hour OP NUMBER
    /// [for TIME]`. Statistics are `min`, `max` (the default), `median` and `p1` to `p99.9`; operators `>`, `>=`, `<`, `<=`.
    ///
    /// # Errors
    /// What is wrong, and how to write it.
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        let spaced = spaced(text);
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let Some(at) = words.iter().position(|w| matches!(*w, ">" | ">=" | "<" | "<=")) else {
            return wrong(format_args!("there is no >, >=, < or <=; {FORM}"));
        };
        let metric = metric(&words[..at])?;
        let op = words[at];
        let mut rest = words[at + 1..].iter().copied();
        let Some(number) = rest.next() else { return wrong(format_args!("there is no number after {op}; {FORM}")) };
        let Some(quantity) = Quantity::parse(number) else {
            return wrong(format_args!("`{number}` is not a number such as 500, 1.5s, 2MiB or 90%"));
        };
        let limit = match &metric {
            Metric::Field { name, .. } => in_unit_of(name, quantity),
            Metric::Records { .. } if quantity.unit != Unit::None => {
                return wrong(format_args!("`{number}`: a number of records has no unit"));
            }
            Metric::Records { .. } => quantity.value,
        };
        let hold = match (rest.next(), rest.next(), rest.next()) {
            (None, ..) => 0,
            (Some("for"), Some(time), None) => hold(time)?,
            (Some("for"), None, _) => return wrong("there is no time after `for`; write such as `for 5m`"),
            (Some(other), ..) if other != "for" => {
                return wrong(format_args!("`{other}` is not expected after the number; only `for TIME` may follow"));
            }
            (_, _, other) => {
                let other = other.unwrap_or_default();
                return wrong(format_args!("`{other}` is not expected at the end"));
            }
        };
        let text = words.join(" ");
        Ok(Self { metric, above: op.starts_with('>'), at_limit: op.ends_with('='), limit, hold, text })
    }

    pub(super) fn is_broken(&self, value: f64) -> bool {
        if self.at_limit && value == self.limit {
            return true;
        }
        if self.above { value > self.limit } else { value < self.limit }
    }

    /// `p95 of latency_ms of orders was 734 over a minute`; `of` is ` of orders`, or empty.
    pub(super) fn measured(&self, value: f64, of: &str) -> String {
        let value = plain(value);
        match &self.metric {
            Metric::Field { name, stat } => {
                let stat = match stat {
                    Stat::Min => "the least".to_owned(),
                    Stat::Max => "the most".to_owned(),
                    Stat::Quantile(q) => format!("p{}", plain(q * 100.0)),
                };
                format!("{stat} of {name}{of} was {value} over a minute")
            }
            Metric::Records { least, per } => {
                let what = match least {
                    Level::Error => "errors",
                    Level::Warn => "warnings and errors",
                    _ => "records",
                };
                format!("{value} {what}{of} in {per} s")
            }
        }
    }

    /// `over the limit of 500 for 5 min`.
    pub(super) fn said(&self, held: i64) -> String {
        let side = if self.above { "over" } else { "under" };
        let limit = plain(self.limit);
        match held {
            ..60 => format!("({side} the limit of {limit})"),
            s => format!("({side} the limit of {limit} for {} min)", s / 60),
        }
    }
}

/// The text with blanks around operators.
fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    for c in text.chars() {
        match c {
            '>' | '<' => {
                out.push(' ');
                out.push(c);
                out.push(' ');
            }
            '=' if out.ends_with(['>', '<']) || out.ends_with("> ") || out.ends_with("< ") => {
                out.truncate(out.trim_end().len());
                out.push_str("= ");
            }
            c => out.push(c),
        }
    }
    out
}

fn metric(words: &[&str]) -> Result<Metric, ConditionError> {
    let least = match words.first() {
        None => return wrong(format_args!("there is nothing before the comparison; {FORM}")),
        Some(&"records") => Some(Level::Unset),
        Some(&"warnings") => Some(Level::Warn),
        Some(&"errors") => Some(Level::Error),
        Some(_) => None,
    };
    match (least, words) {
        (Some(least), [_, "per", unit]) => match *unit {
            "minute" => Ok(Metric::Records { least, per: 60 }),
            "hour" => Ok(Metric::Records { least, per: 3600 }),
            other => wrong(format_args!("`per {other}`: write `per minute` or `per hour`")),
        },
        (_, [name]) => Ok(Metric::Field { name: (*name).to_owned(), stat: Stat::Max }),
        (_, [name, word]) => Ok(Metric::Field { name: (*name).to_owned(), stat: stat(word)? }),
        _ => wrong(format_args!("`{}` is more than a field and a statistic; {FORM}", words.join(" "))),
    }
}

fn stat(word: &str) -> Result<Stat, ConditionError> {
    match word {
        "min" => return Ok(Stat::Min),
        "max" => return Ok(Stat::Max),
        "median" => return Ok(Stat::Quantile(0.5)),
        _ => {}
    }
    let percent = word.strip_prefix('p').and_then(|n| n.parse::<f64>().ok());
    match percent.filter(|p| *p > 0.0 && *p < 100.0) {
        Some(percent) => Ok(Stat::Quantile(percent / 100.0)),
        None => wrong(format_args!("`{word}` is not a statistic: min, max, median, or p1 to p99.9")),
    }
}

fn hold(word: &str) -> Result<u32, ConditionError> {
    let quantity = Quantity::parse(word).filter(|q| q.unit == Unit::Time);
    match quantity.map(|q| q.value / 1e9).filter(|s| (0.0..=86_400.0).contains(s)) {
        Some(seconds) => Ok(seconds as u32),
        None => wrong(format_args!("`{word}` is not a time such as 30s, 5m or 1h, at most a day")),
    }
}

/// A number in the unit that the end of a field's name says, when both are of time; else in its base or as written.
pub(super) fn in_unit_of(name: &str, quantity: Quantity) -> f64 {
    let end = name.rsplit(['_', '.', '-']).next().unwrap_or_default();
    let scale = match end {
        "ns" | "nanos" => 1.0,
        "us" | "micros" => 1e3,
        "ms" | "millis" => 1e6,
        "s" | "sec" | "secs" | "seconds" => 1e9,
        // Two fields of the same name may be written in different units: seconds compare.
        _ => 1e9,
    };
    match quantity.unit {
        Unit::Time => quantity.value / scale,
        _ => quantity.value,
    }
}

fn plain(value: f64) -> String {
    if value.abs() >= 100.0 || value == value.round() { format!("{value:.0}") } else { format!("{value:.2}") }
}
