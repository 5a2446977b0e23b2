//! Checks one value against its [`Kind`] and brings it to its plain form: durations as milliseconds, sizes as bytes,
//! levels by their usual name. Used for the file, the environment and flags alike; knows nothing of where a value
//! came from beyond byte spans.

use super::mistake::{MistakeKind, nearest};
use super::table::Kind;
use aiobs_types::Level;
use std::ops::Range;
use toml::Value;
use toml::de::DeValue;

/// Names that exist elsewhere in the program and may be referred to. An empty list is not checked against.
#[derive(Clone, Copy, Debug, Default)]
pub struct Names<'a> {
    /// Themes, shipped and the user's own.
    pub themes: &'a [String],
    /// Keymaps, shipped and the user's own.
    pub keymaps: &'a [String],
    /// Log formats that are shipped; the user's own are added while checking.
    pub formats: &'a [String],
}

/// What is wrong with a value, and where in the text it stands.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) span: Range<usize>,
    pub(crate) kind: MistakeKind,
    pub(crate) text: String,
    pub(crate) nearest: Option<String>,
}

/// Everything a check needs beside the value.
pub(crate) struct Checker<'a> {
    /// Full name of the key, for messages.
    pub(crate) path: &'a str,
    pub(crate) names: Names<'a>,
    pub(crate) problems: &'a mut Vec<Problem>,
}

/// Levels as written in the config.
const LEVELS: [&str; 6] = ["trace", "debug", "info", "warn", "error", "fatal"];

impl Checker<'_> {
    fn report(&mut self, span: &Range<usize>, kind: MistakeKind, text: String, nearest: Option<String>) {
        self.problems.push(Problem { span: span.clone(), kind, text: format!("{}: {text}", self.path), nearest });
    }

    /// The value in its plain form, or `None` after reporting what is wrong.
    pub(crate) fn check(&mut self, kind: Kind, value: &DeValue<'_>, span: &Range<usize>) -> Option<Value> {
        match kind {
            Kind::Bool => match value.as_bool() {
                Some(b) => Some(Value::Boolean(b)),
                None => self.wrong_type(kind, value, span),
            },
            Kind::Int(low, high) => self.integer(kind, low, high, value, span),
            Kind::Texts => self.list(kind, Kind::Text, value, span),
            Kind::Globs => self.list(kind, Kind::Glob, value, span),
            Kind::Regexes => self.list(kind, Kind::Regex, value, span),
            Kind::Choices(words) => self.list(kind, Kind::Choice(words), value, span),
            Kind::FormatMap => self.map(kind, Some(Kind::Glob), Kind::Format, value, span),
            Kind::HeaderMap => self.map(kind, Some(Kind::Header), Kind::Text, value, span),
            Kind::LevelMap => self.map(kind, None, Kind::Level, value, span),
            Kind::Size if value.is_integer() => self.integer(kind, 0, i64::MAX, value, span),
            _ => match value.as_str() {
                Some(text) => self.text(kind, text, span),
                None => self.wrong_type(kind, value, span),
            },
        }
    }

    fn wrong_type(&mut self, kind: Kind, value: &DeValue<'_>, span: &Range<usize>) -> Option<Value> {
        let text = format!("expected {}, found {}", expected(kind), found(value));
        self.report(span, MistakeKind::WrongType, text, None);
        None
    }

    fn integer(&mut self, kind: Kind, low: i64, high: i64, value: &DeValue<'_>, span: &Range<usize>) -> Option<Value> {
        let Some(number) = value.as_integer() else { return self.wrong_type(kind, value, span) };
        match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(n) if (low..=high).contains(&n) => Some(Value::Integer(n)),
            _ => {
                let text = format!("{number} is out of range; it must be from {low} to {high}");
                self.report(span, MistakeKind::OutOfRange, text, None);
                None
            }
        }
    }

    fn list(&mut self, kind: Kind, item: Kind, value: &DeValue<'_>, span: &Range<usize>) -> Option<Value> {
        let Some(items) = value.as_array() else { return self.wrong_type(kind, value, span) };
        let checked: Vec<_> = items.iter().filter_map(|i| self.check(item, i.get_ref(), &i.span())).collect();
        (checked.len() == items.len()).then_some(Value::Array(checked))
    }

    fn map(
        &mut self,
        kind: Kind,
        keys: Option<Kind>,
        item: Kind,
        value: &DeValue<'_>,
        span: &Range<usize>,
    ) -> Option<Value> {
        let Some(table) = value.as_table() else { return self.wrong_type(kind, value, span) };
        let mut checked = toml::Table::new();
        for (name, value) in table {
            if let Some(kind) = keys {
                self.text(kind, name.get_ref(), &name.span());
            }
            if let Some(v) = self.check(item, value.get_ref(), &value.span()) {
                checked.insert(name.get_ref().to_string(), v);
            }
        }
        (checked.len() == table.len()).then_some(Value::Table(checked))
    }

    fn text(&mut self, kind: Kind, text: &str, span: &Range<usize>) -> Option<Value> {
        let plain = match kind {
            Kind::Choice(words) => return self.word(text, words.iter().copied(), span),
            Kind::Level => match Level::parse(text) {
                Some(level) if level != Level::Unset => Some(Value::String(level.name().to_owned())),
                _ => return self.word(text, LEVELS, span),
            },
            Kind::Duration => {
                let what = || format!("`{text}` is not a length of time such as 500ms, 30s, 5m, 2h or 30d");
                self.or_report(parse_duration(text).map(Value::Integer), span, MistakeKind::BadDuration, what)
            }
            Kind::Size => {
                let what = || format!("`{text}` is not a size such as 500MB or 10GiB");
                self.or_report(parse_size(text).map(Value::Integer), span, MistakeKind::BadSize, what)
            }
            Kind::Store if text.starts_with("postgres") => match aiobs_memory::check_postgres_address(text) {
                Ok(()) => Some(text.into()),
                Err(what) => {
                    self.report(span, MistakeKind::BadUrl, what, None);
                    None
                }
            },
            Kind::Endpoint | Kind::Store => {
                // The text is not repeated: it may hold a password.
                let what = || "not an address such as http://127.0.0.1:8080, without user and password".to_owned();
                self.or_report(is_endpoint(text).then(|| text.into()), span, MistakeKind::BadUrl, what)
            }
            Kind::Variable => {
                // Nor this one: it may be the secret itself.
                let what =
                    || "not the name of an environment variable; the secret itself belongs in that variable".to_owned();
                self.or_report(is_variable(text).then(|| text.into()), span, MistakeKind::BadVariable, what)
            }
            Kind::Header => {
                let what = || format!("`{text}` is not the name of a header, such as X-Title");
                self.or_report(is_header(text).then(|| text.into()), span, MistakeKind::BadHeader, what)
            }
            Kind::Hours => match aiobs_sync::Hours::parse(text) {
                Ok(_) => Some(text.into()),
                Err(what) => {
                    self.report(span, MistakeKind::BadHours, what, None);
                    None
                }
            },
            Kind::Zone => {
                let what = || format!("`{text}` is not a time zone: local, utc, a name like Europe/Berlin, or +02:00");
                self.or_report(is_zone(text).then(|| text.into()), span, MistakeKind::BadZone, what)
            }
            Kind::Regex => match regex::Regex::new(text) {
                Ok(_) => Some(text.into()),
                Err(e) => {
                    let text = format!("`{text}` is not a regular expression: {}", one_line(&e.to_string()));
                    self.report(span, MistakeKind::BadRegex, text, None);
                    None
                }
            },
            Kind::Condition => match aiobs_logs::detect::Condition::parse(text) {
                Ok(_) => Some(text.into()),
                Err(e) => {
                    let text = format!("`{text}` is not a limit: {e}");
                    self.report(span, MistakeKind::BadCondition, text, None);
                    None
                }
            },
            Kind::Glob => match globset::Glob::new(text) {
                Ok(_) => Some(text.into()),
                Err(e) => {
                    let text = format!("`{text}` is not a glob: {}", e.kind());
                    self.report(span, MistakeKind::BadGlob, text, None);
                    None
                }
            },
            Kind::Theme => self.known("theme", MistakeKind::UnknownTheme, text, self.names.themes, span),
            Kind::Keymap => self.known("keymap", MistakeKind::UnknownKeymap, text, self.names.keymaps, span),
            Kind::Format => self.known("format", MistakeKind::UnknownFormat, text, self.names.formats, span),
            _ => Some(text.into()),
        }?;
        Some(plain)
    }

    fn or_report(
        &mut self,
        value: Option<Value>,
        span: &Range<usize>,
        kind: MistakeKind,
        what: impl FnOnce() -> String,
    ) -> Option<Value> {
        if value.is_none() {
            self.report(span, kind, what(), None);
        }
        value
    }

    fn word(
        &mut self,
        text: &str,
        words: impl IntoIterator<Item = &'static str> + Clone,
        span: &Range<usize>,
    ) -> Option<Value> {
        if words.clone().into_iter().any(|w| w == text) {
            return Some(text.into());
        }
        let all: Vec<_> = words.clone().into_iter().collect();
        let what = format!("`{text}` is not one of {}", all.join(", "));
        self.report(span, MistakeKind::UnknownWord, what, nearest(text, words));
        None
    }

    fn known(
        &mut self,
        noun: &str,
        kind: MistakeKind,
        text: &str,
        names: &[String],
        span: &Range<usize>,
    ) -> Option<Value> {
        if names.is_empty() || names.iter().any(|n| n == text) {
            return Some(text.into());
        }
        let what = format!("there is no {noun} `{text}`; there are {}", names.join(", "));
        self.report(span, kind, what, nearest(text, names.iter().map(String::as_str)));
        None
    }
}

/// What a kind expects, in words for a sentence.
pub(crate) fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "true or false",
        Kind::Int(..) => "a whole number",
        Kind::Duration => "a length of time in quotes, such as \"30s\"",
        Kind::Size => "a size, such as \"10GiB\"",
        Kind::Texts | Kind::Globs | Kind::Regexes | Kind::Choices(_) => "a list of texts in brackets",
        Kind::FormatMap => "a table from glob to format name",
        Kind::LevelMap => "a table from word to level",
        Kind::HeaderMap => "a table from header to text",
        _ => "a text in quotes",
    }
}

fn found(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(s) => format!("the text \"{s}\""),
        DeValue::Integer(i) => format!("the number {i}"),
        DeValue::Float(x) => format!("the number {}", x.as_str()),
        DeValue::Boolean(b) => format!("{b}"),
        DeValue::Datetime(d) => format!("the date {d}"),
        DeValue::Array(_) => "a list".into(),
        DeValue::Table(_) => "a table".into(),
    }
}

fn one_line(error: &str) -> String {
    error.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

fn split_number(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..end].parse().ok()?;
    Some((number, text[end..].trim()))
}

/// Milliseconds of `500ms`, `30s`, `5m`, `2h`, `30d`.
fn parse_duration(text: &str) -> Option<i64> {
    let (number, unit) = split_number(text)?;
    let ms = match unit {
        "ms" => 1.0,
        "s" => 1e3,
        "m" | "min" => 6e4,
        "h" => 3.6e6,
        "d" => 8.64e7,
        _ => return None,
    };
    let total = (number * ms).round();
    (total <= 1e15).then_some(total as i64)
}

/// Bytes of `0`, `500MB` (powers of 1000) or `10GiB` (powers of 1024).
fn parse_size(text: &str) -> Option<i64> {
    let (number, unit) = split_number(text)?;
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "tb" => 1e12,
        "kib" | "k" => 1024.0,
        "mib" | "m" => 1_048_576.0,
        "gib" | "g" => 1_073_741_824.0,
        "tib" | "t" => 1_099_511_627_776.0,
        _ => return None,
    };
    let total = (number * factor).round();
    (total < 9e18).then_some(total as i64)
}

fn is_url(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")) else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let port_ok = match host.rsplit_once(':') {
        Some((_, port)) if !host.ends_with(']') => port.parse::<u16>().is_ok(),
        _ => true,
    };
    !host.is_empty() && !host.starts_with(':') && port_ok && !text.contains(char::is_whitespace)
}

fn is_endpoint(text: &str) -> bool {
    let host = text.split("://").nth(1).and_then(|r| r.split(['/', '?', '#']).next()).unwrap_or_default();
    text.is_empty() || is_url(text) && !host.contains('@')
}

fn is_variable(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn is_header(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

fn is_zone(text: &str) -> bool {
    matches!(text, "local" | "utc" | "UTC" | "Z") || is_offset(text) || jiff::tz::TimeZone::get(text).is_ok()
}

fn is_offset(text: &str) -> bool {
    let Some(rest) = text.strip_prefix(['+', '-']) else { return false };
    let Some((h, m)) = rest.split_once(':') else { return false };
    let part = |s: &str, max: u8| s.len() == 2 && s.parse::<u8>().is_ok_and(|n| n <= max);
    part(h, 25) && part(m, 59)
}

#[cfg(test)]
mod tests {
    use super::{is_endpoint, is_offset, is_url, is_variable, parse_duration, parse_size};

    #[test]
    fn lengths_of_time() {
        assert_eq!(parse_duration("500ms"), Some(500));
        assert_eq!(parse_duration("1.5s"), Some(1500));
        assert_eq!(parse_duration("30 d"), Some(30 * 86_400_000));
        for bad in ["", "30", "s", "3 weeks", "-1s", "1e9s", "99999999999999999d"] {
            assert_eq!(parse_duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(parse_size("0"), Some(0));
        assert_eq!(parse_size("10GiB"), Some(10 << 30));
        assert_eq!(parse_size("500 MB"), Some(500_000_000));
        for bad in ["", "ten", "10 potatoes", "-1GB", "99999999999TiB"] {
            assert_eq!(parse_size(bad), None, "{bad}");
        }
    }

    #[test]
    fn endpoints_and_names_of_variables() {
        assert!(is_endpoint("") && is_endpoint("http://127.0.0.1:4318") && is_endpoint("https://host/a@b"));
        assert!(!is_endpoint("host") && !is_endpoint("http://me:secret@host") && !is_endpoint("http://me@host/x"));
        assert!(is_variable("") && is_variable("OTLP_TOKEN") && is_variable("_x1"));
        assert!(!is_variable("1x") && !is_variable("Bearer x") && !is_variable("eyJh.bGci"));
    }

    #[test]
    fn addresses_and_offsets() {
        assert!(is_url("http://127.0.0.1:11434") && is_url("https://[::1]") && is_url("https://host/path"));
        assert!(
            !is_url("127.0.0.1:11434") && !is_url("http://") && !is_url("http://host:port") && !is_url("http://a b")
        );
        assert!(is_offset("+02:00") && !is_offset("+2:00") && !is_offset("02:00") && !is_offset("+02:61"));
    }
}
