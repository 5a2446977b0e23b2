//! Reads JSON by place, so that a mistake can be told with where it stands. Used by the decoders of this crate only.

use crate::OtlpError;
use serde_json::{Map, Value};

/// Most characters of a wrong value that are repeated in the message.
const SHOWN: usize = 40;

type Result<T> = std::result::Result<T, OtlpError>;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node<'a> {
    pub(crate) value: &'a Value,
    place: String,
}

static NULL: Value = Value::Null;

/// Parses a request.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value> {
    serde_json::from_slice(bytes).map_err(|e| OtlpError::Syntax(e.to_string()))
}

impl<'a> Node<'a> {
    pub(crate) fn root(value: &'a Value) -> Self {
        Self { value, place: String::new() }
    }

    pub(crate) fn wrong(&self, expected: &'static str) -> OtlpError {
        let text = self.value.to_string();
        let mut found: String = text.chars().take(SHOWN).collect();
        if found.len() < text.len() {
            found.push('…');
        }
        let place = if self.place.is_empty() { "request" } else { &self.place };
        OtlpError::Form { place: place.to_owned(), expected, found }
    }

    fn object(&self) -> Result<Option<&'a Map<String, Value>>> {
        match self.value {
            Value::Object(map) => Ok(Some(map)),
            Value::Null => Ok(None),
            _ => Err(self.wrong("an object")),
        }
    }

    /// The field of this name; null when there is none.
    pub(crate) fn get(&self, name: &str) -> Result<Self> {
        let value = self.object()?.and_then(|m| m.get(name)).unwrap_or(&NULL);
        let dot = if self.place.is_empty() { "" } else { "." };
        Ok(Self { value, place: format!("{}{dot}{name}", self.place) })
    }

    /// The items of a list; none for null.
    pub(crate) fn items(&self) -> Result<Vec<Self>> {
        match self.value {
            Value::Array(items) => {
                let node = |(i, value)| Self { value, place: format!("{}[{i}]", self.place) };
                Ok(items.iter().enumerate().map(node).collect())
            }
            Value::Null => Ok(Vec::new()),
            _ => Err(self.wrong("a list")),
        }
    }

    /// A text; empty for null. A number or truth value is taken as written.
    pub(crate) fn text(&self) -> Result<String> {
        match self.value {
            Value::String(s) => Ok(s.clone()),
            Value::Null => Ok(String::new()),
            Value::Number(_) | Value::Bool(_) => Ok(self.value.to_string()),
            _ => Err(self.wrong("a text")),
        }
    }

    /// A whole number, as a number or in decimal digits; `None` for null and the empty text.
    pub(crate) fn int(&self) -> Result<Option<i64>> {
        const WHAT: &str = "a whole number of 64 bits";
        match self.value {
            Value::Null => Ok(None),
            Value::String(s) if s.is_empty() => Ok(None),
            Value::String(s) => s.trim().parse().map(Some).map_err(|_| self.wrong(WHAT)),
            Value::Number(n) => {
                // JavaScript writes large numbers as 1.5e18.
                let whole = |f: &f64| f.fract() == 0.0 && f.abs() < 9.2e18;
                n.as_i64().or_else(|| n.as_f64().filter(whole).map(|f| f as i64)).map(Some).ok_or(self.wrong(WHAT))
            }
            _ => Err(self.wrong(WHAT)),
        }
    }

    /// A real number, also as text; `NaN`, `Infinity` and `-Infinity` are numbers here.
    pub(crate) fn float(&self) -> Result<f64> {
        const WHAT: &str = "a number";
        match self.value {
            Value::Number(n) => n.as_f64().ok_or(self.wrong(WHAT)),
            Value::String(s) => s.trim().parse().map_err(|_| self.wrong(WHAT)),
            _ => Err(self.wrong(WHAT)),
        }
    }

    /// Hex digits, either case, exactly `digits` of them, not all 0; `None` for null and the
    /// empty text.
    pub(crate) fn hex(&self, digits: usize) -> Result<Option<u128>> {
        let what = if digits == 32 { "32 hex digits, not all 0" } else { "16 hex digits, not all 0" };
        let text = match self.value {
            Value::Null => return Ok(None),
            Value::String(s) if s.is_empty() => return Ok(None),
            Value::String(s) => s,
            _ => return Err(self.wrong(what)),
        };
        if text.len() != digits || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(self.wrong(what));
        }
        match u128::from_str_radix(text, 16) {
            Ok(n) if n != 0 => Ok(Some(n)),
            _ => Err(self.wrong(what)),
        }
    }
}

/// Keeps what was read and notes what was not.
pub(crate) fn keep<T>(read: Result<T>, rejected: &mut Vec<OtlpError>) -> Option<T> {
    read.map_err(|e| rejected.push(e)).ok()
}
