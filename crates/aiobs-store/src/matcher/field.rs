//! One test of a named value of a record. The value is found by a [`FieldReader`], which knows the formats; before it is
//! asked, the text must hold the field's name, and the value where it stands there as it is asked for.

use super::text::{Needle, expression};
use crate::chunk::DecodedChunk;
use crate::error::{Result, StoreError};
use aiobs_types::{FieldKey, FieldMatch, FieldOp, FieldReader, Quantity, RecordView};
use regex::Regex;
use std::cmp::Ordering;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub(super) struct FieldTest {
    key: FieldKey,
    value: Value,
    negate: bool,
    /// Stands in every text that names the field; [`Needle::Always`] when a format may name it.
    name: Needle,
    /// Stands in every text for which the test holds.
    part: Needle,
    reader: Arc<dyn FieldReader>,
}

/// What the value is compared with.
#[derive(Clone, Debug)]
enum Value {
    Any,
    Is { text: String, case_sensitive: bool, number: Option<Quantity> },
    Contains(Needle),
    Matches(Regex),
    Compare(FieldOp, Quantity),
}

impl FieldTest {
    pub(super) fn new(m: &FieldMatch, reader: Option<&Arc<dyn FieldReader>>) -> Result<Self> {
        let Some(reader) = reader else {
            let text = format!("fields such as `{}` cannot be compared here; look for the text instead", m.key);
            return Err(StoreError::Query(text));
        };
        let key = FieldKey::new(&m.key);
        let case_sensitive = m.value.chars().any(char::is_uppercase);
        let value = match m.op {
            FieldOp::Exists => Value::Any,
            FieldOp::Is => Value::Is { text: m.value.clone(), case_sensitive, number: Quantity::parse(&m.value) },
            FieldOp::Contains => Value::Contains(Needle::literal(&m.value, case_sensitive)?),
            FieldOp::Matches => Value::Matches(expression(&m.value, case_sensitive)?),
            op => match Quantity::parse(&m.value) {
                Some(number) => Value::Compare(op, number),
                None => {
                    return Err(StoreError::Query(format!("`{}` is no number to compare `{}` with", m.value, m.key)));
                }
            },
        };
        let name =
            if reader.is_implied(&key) { Needle::Always } else { Needle::literal(key.last(), key.case_sensitive())? };
        // Letters and digits stand in the text as they are in the value, whatever is quoted or escaped around them.
        let plain = !m.value.is_empty() && m.value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let part = match &value {
            Value::Is { number: None, .. } | Value::Contains(_) if plain => Needle::literal(&m.value, case_sensitive)?,
            _ => Needle::Always,
        };
        Ok(Self { key, value, negate: m.negate, name, part, reader: Arc::clone(reader) })
    }

    pub(super) fn holds(&self, view: &RecordView<'_>) -> bool {
        self.found(view) != self.negate
    }

    fn found(&self, view: &RecordView<'_>) -> bool {
        if self.is_absent(view.text) {
            return false;
        }
        let on = &mut |name: &str, value: &str| self.fits(name, value);
        self.reader.find(view.meta.source, view.text, &self.key, on)
    }

    /// Whether the text shows that no value in it fits.
    fn is_absent(&self, text: &str) -> bool {
        (!self.name.is_in(text) || !self.part.is_in(text)) && !escapes_letters(text)
    }

    fn fits(&self, name: &str, value: &str) -> bool {
        match &self.value {
            Value::Any => true,
            Value::Is { text, case_sensitive, number } => {
                let same = if *case_sensitive { value == text } else { same_folded(value, text) };
                same || number.is_some_and(|n| n.compare_field(name, value) == Some(Ordering::Equal))
            }
            Value::Contains(needle) => needle.is_in(value),
            Value::Matches(regex) => regex.is_match(value),
            Value::Compare(op, number) => number.compare_field(name, value).is_some_and(|order| match op {
                FieldOp::Under => order.is_lt(),
                FieldOp::AtMost => order.is_le(),
                FieldOp::Over => order.is_gt(),
                _ => order.is_ge(),
            }),
        }
    }

    /// Whether the text of a whole chunk shows that the test holds for no record in it.
    pub(super) fn rules_out(&self, text: &str) -> bool {
        !self.negate && self.is_absent(text)
    }

    /// Keeps the rows for which the test holds.
    pub(super) fn filter(&self, keep: &mut Vec<u32>, chunk: &DecodedChunk) {
        keep.retain(|&i| chunk.view(i as usize).is_some_and(|v| self.holds(&v)));
    }
}

/// Whether letters may be written as `\u0041`.
fn escapes_letters(text: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), b"\\u00").is_some()
}

fn same_folded(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || (!(a.is_ascii() && b.is_ascii()) && a.to_lowercase() == b.to_lowercase())
}
