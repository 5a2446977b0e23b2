//! What a number in a message means, by the words around it: a measure, a code, or nothing that can be judged. Asked once
//! per statement, not per record.

use crate::template::Placeholder;
use aiobs_types::{Quantity, Unit};
use serde::{Deserialize, Serialize};

/// How a measure is said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Scale {
    /// As it is, with what stands behind it.
    Plain(String),
    /// Nanoseconds.
    Time,
    /// Bytes.
    Bytes,
}

impl Scale {
    /// A quantity in this scale; `None` when its unit is another.
    pub(super) fn in_it(&self, quantity: Quantity) -> Option<f64> {
        let same = match self {
            Self::Time => quantity.unit == Unit::Time,
            Self::Bytes => quantity.unit == Unit::Bytes,
            Self::Plain(_) => matches!(quantity.unit, Unit::None | Unit::Percent),
        };
        (same && quantity.value.is_finite()).then_some(quantity.value)
    }

    pub(super) fn said(&self, value: f64) -> String {
        let short =
            |n: f64| if n.abs() < 10.0 && n.fract().abs() > 0.05 { format!("{n:.1}") } else { format!("{n:.0}") };
        let among = |units: &[(f64, &str)]| {
            let (size, name) =
                units.iter().find(|(size, _)| value.abs() >= *size).or(units.last()).copied().unwrap_or((1.0, ""));
            format!("{} {name}", short(value / size))
        };
        match self {
            Self::Plain(unit) if unit.is_empty() => short(value),
            Self::Plain(unit) => format!("{} {unit}", short(value)),
            Self::Time => among(&[(60e9, "min"), (1e9, "s"), (1e6, "ms"), (1e3, "us"), (1.0, "ns")]),
            Self::Bytes => among(&[(1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")]),
        }
    }
}

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Meaning {
    /// Its name, and how it is said.
    Measure(String, Scale),
    /// Its name.
    Code(String),
}

/// Names of codes.
const CODES: &[&str] = &[
    "status",
    "status_code",
    "statuscode",
    "http_status",
    "code",
    "exit",
    "exit_code",
    "exitcode",
    "errno",
    "rc",
    "error_code",
    "errorcode",
    "response_code",
    "sqlstate",
];
/// Keys of numbers that name something or count up.
const NO_MEASURE: &[&str] = &[
    "id",
    "pid",
    "tid",
    "uid",
    "gid",
    "port",
    "seq",
    "sequence",
    "offset",
    "line",
    "version",
    "user",
    "thread",
    "time",
    "ts",
    "timestamp",
    "date",
    "year",
    "index",
    "number",
    "no",
    "num",
    "generation",
    "term",
    "epoch",
    "block",
    "page",
    "shard",
    "partition",
    "slot",
    "node",
    "worker",
    "level",
    "priority",
    "step",
];
/// Seconds since 1970 are more than it, whatever their unit.
const MOMENT: f64 = 1e8;
/// Units behind a plain number.
const UNITS: &[&str] = &[
    "ms",
    "s",
    "us",
    "ns",
    "sec",
    "secs",
    "second",
    "seconds",
    "millis",
    "milliseconds",
    "minutes",
    "min",
    "%",
    "percent",
    "bytes",
    "b",
    "kb",
    "kib",
    "mb",
    "mib",
    "gb",
    "gib",
];
/// Plurals that are no unit.
const NO_UNIT: &[&str] =
    &["was", "is", "has", "does", "status", "process", "address", "access", "success", "this", "its", "us", "as"];

/// What the value between `before` and `after` means.
pub(super) fn meaning(kind: Placeholder, before: &[u8], value: &[u8], after: &[u8]) -> Option<Meaning> {
    let (before, after) = (std::str::from_utf8(before).ok()?, std::str::from_utf8(after).ok()?);
    let key = key(before);
    let named = |other: &str| key.as_ref().map_or_else(|| other.to_owned(), Clone::clone);
    match kind {
        Placeholder::Duration => Some(Meaning::Measure(named("a time of"), Scale::Time)),
        Placeholder::Size => Some(Meaning::Measure(named("a size of"), Scale::Bytes)),
        Placeholder::Num => number(before, value, after, key.as_deref()),
        _ => None,
    }
}

fn number(before: &str, value: &[u8], after: &str, key: Option<&str>) -> Option<Meaning> {
    let spaced = before.trim_end();
    // An access log's request line, then the status: `HTTP/1.1" 502`.
    if spaced.ends_with('"') && spaced.rsplit_once(" HTTP/").is_some_and(|(_, version)| version.len() < 6) {
        return Some(Meaning::Code("status".to_owned()));
    }
    if let Some(key) = key {
        if CODES.contains(&key) {
            return Some(Meaning::Code(key.to_owned()));
        }
        if is_name(key) {
            return None;
        }
    }
    let last = spaced.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
    let joined = spaced.len() < before.len();
    if joined && CODES.contains(&last.to_ascii_lowercase().as_str()) {
        return Some(Meaning::Code(last.to_ascii_lowercase()));
    }
    let name = || key.map_or_else(|| "a value of".to_owned(), |k| format!("{k} of"));
    if value.ends_with(b"%") {
        return Some(Meaning::Measure(name(), Scale::Plain("%".to_owned())));
    }
    let word = after.trim_start_matches([' ', '(']);
    let end = word.find(|c: char| !c.is_ascii_alphabetic() && c != '%').unwrap_or(word.len());
    let (word, behind) = word.split_at(end);
    let whole = !behind.starts_with(|c: char| {
        c.is_alphanumeric() || matches!(c, '=' | '_' | '/' | '-' | ':' | '.') && behind.len() > 1
    });
    let lower = word.bytes().all(|b| b.is_ascii_lowercase() || b == b'%');
    let plural = word.len() > 3 && lower && word.ends_with('s') && !word.ends_with("ss") && !NO_UNIT.contains(&word);
    if whole && (UNITS.contains(&word.to_ascii_lowercase().as_str()) || plural) {
        return Some(Meaning::Measure(name(), Scale::Plain(word.to_owned())));
    }
    key.map(|k| Meaning::Measure(k.to_owned(), Scale::Plain(String::new())))
}

/// What a field of this name means, by a value of it.
pub(super) fn field(name: &str, value: &str) -> Option<Meaning> {
    let Quantity { value, unit, .. } = Quantity::parse(value)?;
    let lower = name.to_ascii_lowercase();
    let key = lower.rsplit('.').next().unwrap_or_default();
    let plain = |unit: &str| Some(Meaning::Measure(name.to_owned(), Scale::Plain(unit.to_owned())));
    match unit {
        Unit::Time => Some(Meaning::Measure(name.to_owned(), Scale::Time)),
        Unit::Bytes => Some(Meaning::Measure(name.to_owned(), Scale::Bytes)),
        Unit::Percent => plain("%"),
        Unit::None if CODES.contains(&key) => Some(Meaning::Code(name.to_owned())),
        // `response_time` is how long it took, unless it is a moment.
        Unit::None if key.ends_with("_time") && value.abs() < MOMENT => plain(""),
        Unit::None => {
            if is_name(key) {
                None
            } else {
                plain("")
            }
        }
    }
}

/// Whether numbers under this key name something or count up.
fn is_name(key: &str) -> bool {
    let ends = |n: &str| key.strip_suffix(n).is_some_and(|rest| rest.is_empty() || rest.ends_with(['_', '-']));
    key.ends_with("id") || NO_MEASURE.iter().any(|n| ends(n))
}

/// The name in front of `name=`, in lower case.
fn key(before: &str) -> Option<String> {
    let front = before.trim_end_matches(['"', ' ']).strip_suffix('=')?.trim_end_matches(['"', ' ']);
    let key = front.rsplit(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-' | '.')).next()?;
    let key = key.to_ascii_lowercase();
    (key.len() > 1 && key.starts_with(|c: char| c.is_ascii_alphabetic())).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(message: &str, value: &str) -> Option<Meaning> {
        let at = message.find(value)?;
        let (before, after) = (&message.as_bytes()[..at], &message.as_bytes()[at + value.len()..]);
        meaning(Placeholder::Num, before, value.as_bytes(), after)
    }

    #[test]
    fn the_words_around_tell() {
        let measure = |name: &str, unit: &str| Some(Meaning::Measure(name.to_owned(), Scale::Plain(unit.to_owned())));
        for (message, value, want) in [
            ("request POST /orders 201 in 95 ms", "95", measure("a value of", "ms")),
            ("wrote 620 buffers; sync files=12", "620", measure("a value of", "buffers")),
            ("queue depth=17", "17", measure("depth", "")),
            ("disk is 91% full", "91%", measure("a value of", "%")),
            ("\"GET / HTTP/1.1\" 502 157", "502", Some(Meaning::Code("status".to_owned()))),
            ("worker exited with code 137", "137", Some(Meaning::Code("code".to_owned()))),
            ("done status=200", "200", Some(Meaning::Code("status".to_owned()))),
            ("order 71234 created for user 88", "71234", None),
            ("listening on port 8080", "8080", None),
            ("started pid=4711", "4711", None),
            ("user_id=4711 signed in", "4711", None),
            ("page 12 was served", "12", None),
        ] {
            assert_eq!(of(message, value), want, "{message}");
        }
    }

    #[test]
    fn fields_say_what_they_are_by_their_name() {
        let measure = |name: &str, scale: Scale| Some(Meaning::Measure(name.to_owned(), scale));
        let plain = |unit: &str| Scale::Plain(unit.to_owned());
        for (name, value, want) in [
            ("latency_ms", "48.5", measure("latency_ms", plain(""))),
            ("took", "12ms", measure("took", Scale::Time)),
            ("sent", "12 kB", measure("sent", Scale::Bytes)),
            ("load", "12%", measure("load", plain("%"))),
            ("http.status_code", "499", Some(Meaning::Code("http.status_code".to_owned()))),
            ("response_time", "0.3", measure("response_time", plain(""))),
            ("start_time", "1736260215", None),
            ("pid", "71", None),
            ("userId", "71", None),
            ("remote_port", "8080", None),
            ("ts", "2025-01-07T14:30:15Z", None),
        ] {
            assert_eq!(field(name, value), want, "{name}");
        }
    }

    #[test]
    fn measures_are_said_in_their_unit() {
        assert_eq!(Scale::Plain("ms".into()).said(4812.0), "4812 ms");
        assert_eq!(Scale::Time.said(1.5e9), "1.5 s");
        assert_eq!(Scale::Bytes.said(2.0e6), "2 MB");
        assert_eq!(Scale::Plain(String::new()).said(17.0), "17");
    }
}
