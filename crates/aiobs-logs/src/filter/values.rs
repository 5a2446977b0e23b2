//! Finds the fields that a query compares in the text of records, by the format of their source. The archive's
//! matcher asks it, for records whose text may hold the field.

use crate::format::{self, FormatSet};
use aiobs_types::{FieldKey, FieldReader, SourceId};
use std::fmt;
use std::sync::Arc;

/// Hands the name of a source's format to the function it is given; an empty one when it is not known.
pub type FormatOf = dyn Fn(SourceId, &mut dyn FnMut(&str)) + Send + Sync;

/// A [`FieldReader`] over the formats of a run.
pub struct FormatFields {
    formats: Arc<FormatSet>,
    format_of: Box<FormatOf>,
}

impl fmt::Debug for FormatFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FormatFields").field("formats", &self.formats).finish_non_exhaustive()
    }
}

impl FormatFields {
    /// `format_of` says which format a source has.
    pub fn new(formats: Arc<FormatSet>, format_of: Box<FormatOf>) -> Self {
        Self { formats, format_of }
    }
}

impl FieldReader for FormatFields {
    fn find(&self, source: SourceId, text: &str, key: &FieldKey, on: &mut dyn FnMut(&str, &str) -> bool) -> bool {
        let mut fields = Vec::new();
        (self.format_of)(source, &mut |format| fields = format::fields(&self.formats, format, text));
        let mut named = fields.iter().filter(|f| key.fits(&f.name)).peekable();
        if named.peek().is_some() {
            return named.any(|f| on(&f.name, &f.value));
        }
        written(text, key, on)
    }

    fn each(&self, source: SourceId, text: &str, on: &mut dyn FnMut(&str, &str)) {
        (self.format_of)(source, &mut |format| {
            for field in format::fields(&self.formats, format, text) {
                on(&field.name, &field.value);
            }
        });
    }

    fn is_implied(&self, key: &FieldKey) -> bool {
        self.formats.iter().any(|f| f.field_names().iter().any(|name| key.fits(name)))
    }
}

/// `key: value` and `key = value` in a text that has no fields of its own.
fn written(text: &str, key: &FieldKey, on: &mut dyn FnMut(&str, &str) -> bool) -> bool {
    let (bytes, name) = (text.as_bytes(), key.name());
    let Some(&initial) = name.as_bytes().first() else { return false };
    let (low, high) = if key.case_sensitive() {
        (initial, initial)
    } else {
        (initial.to_ascii_lowercase(), initial.to_ascii_uppercase())
    };
    for at in memchr::memchr2_iter(low, high, bytes) {
        let end = at + name.len();
        let Some(here) = text.get(at..end) else { continue };
        let same = if key.case_sensitive() { here == name } else { here.eq_ignore_ascii_case(name) };
        let part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.') || !b.is_ascii();
        if !same || at.checked_sub(1).is_some_and(|before| part(&bytes[before])) {
            continue;
        }
        if let Some(value) = value_after(&text[end..])
            && on(here, value)
        {
            return true;
        }
    }
    false
}

/// The value behind a name: after `=` or `:`, up to a space or a mark that ends it, or between quotes.
fn value_after(rest: &str) -> Option<&str> {
    let rest = rest.strip_prefix(['"', '\'']).unwrap_or(rest).trim_start_matches(' ');
    let rest = rest.strip_prefix(['=', ':'])?;
    // `std::io`, `http://`
    if rest.starts_with(':') || rest.starts_with("//") {
        return None;
    }
    let rest = rest.trim_start_matches(' ');
    for quote in ['"', '\''] {
        if let Some(inside) = rest.strip_prefix(quote) {
            return Some(inside.split(quote).next().unwrap_or(inside));
        }
    }
    let value = rest.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ')' | ']' | '}')).next()?;
    (!value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(format: &'static str, text: &str, key: &str) -> Vec<String> {
        let fields = FormatFields::new(FormatSet::builtin(), Box::new(move |_, on| on(format)));
        let mut found = Vec::new();
        fields.find(SourceId(1), text, &FieldKey::new(key), &mut |_, value| {
            found.push(value.to_owned());
            false
        });
        found
    }

    #[test]
    fn fields_come_from_the_format_and_from_what_is_written() {
        assert_eq!(find("json", r#"{"http":{"status":500},"msg":"status=1"}"#, "status"), ["500"]);
        assert_eq!(find("plain", "took=12ms trace_id=abc", "trace_id"), ["abc"]);
        assert_eq!(find("plain", "request failed, trace_id: abc, user = \"Anna B\"", "user"), ["Anna B"]);
        assert_eq!(find("plain", "connection to localhost:5432 refused", "localhost"), ["5432"]);
        assert_eq!(find("plain", "my_trace_id: abc", "trace_id"), [""; 0]);
        let access = r#"10.0.0.9 - - [07/Jan/2025:14:30:15 +0000] "GET /x HTTP/1.1" 502 157"#;
        let fields = FormatFields::new(FormatSet::builtin(), Box::new(|_, on| on("access")));
        let key = FieldKey::new("status");
        assert!(fields.is_implied(&key) && !fields.is_implied(&FieldKey::new("trace_id")));
        assert!(fields.find(SourceId(1), access, &key, &mut |_, v| v == "502"));
    }
}
