//! Comparisons with fields of the records: every key that is none of the known ones.

use super::scan::{Op, Pair, Token};
use super::{KEYS, Wrong, wrong, wrong_with};
use crate::words::nearest;
use aiobs_types::{FieldMatch, FieldOp, LogQuery, Quantity};

pub(super) fn read(query: &mut LogQuery, token: &Token, pair: &Pair) -> Result<(), Wrong> {
    let Pair { key, op, value, quoted } = pair;
    let dotted = key.strip_prefix('.');
    let key = dotted.unwrap_or(key);
    if let Some(near) = misspelt(key).filter(|_| dotted.is_none()) {
        let place = token.at.start + usize::from(token.negate)..token.value.start;
        let message = format!("unknown key `{key}`; for a field of that name write `.{key}`");
        return wrong_with(&place, message, Some(near.to_owned()));
    }
    let any = value == "*" && !quoted;
    let test = match op {
        Op::Is | Op::Has | Op::Not if any => FieldOp::Exists,
        Op::Is | Op::Not => FieldOp::Is,
        Op::Has => FieldOp::Contains,
        Op::Like | Op::Unlike => FieldOp::Matches,
        Op::AtLeast => FieldOp::AtLeast,
        Op::Over => FieldOp::Over,
        Op::AtMost => FieldOp::AtMost,
        Op::Under => FieldOp::Under,
    };
    match test {
        FieldOp::Exists | FieldOp::Is | FieldOp::Contains => {}
        FieldOp::Matches => super::compiles(&token.value, value)?,
        _ if Quantity::parse(value).is_none() => {
            let message = format!(
                "`{value}` is no number such as 500, 1.5s, 200ms, 4kB, 1MiB or 90%; to look for all of it in the text, \
                 quote it"
            );
            return wrong(&token.value, message);
        }
        _ => {}
    }
    let value = if test == FieldOp::Exists { String::new() } else { value.clone() };
    let negate = token.negate ^ matches!(op, Op::Not | Op::Unlike);
    query.fields.push(FieldMatch { key: key.to_owned(), op: test, value, negate });
    Ok(())
}

/// The known key that may be meant by one that is none.
pub(super) fn misspelt(key: &str) -> Option<&'static str> {
    nearest(key, KEYS.iter().map(|(k, _)| *k)).filter(|n| n.len().abs_diff(key.len()) <= 1)
}
