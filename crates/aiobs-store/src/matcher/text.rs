//! One test of a record's text: a literal, a literal with case ignored, or a regular expression.

use crate::chunk::DecodedChunk;
use crate::error::{Result, StoreError};
use aiobs_types::{RecordMeta, TextMatch};
use memchr::memmem::Finder;
use regex::{Regex, RegexBuilder};

#[derive(Clone, Debug)]
pub(super) struct TextTest {
    needle: Needle,
    negate: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Needle {
    /// The empty text is in every text.
    Always,
    Literal(Box<Finder<'static>>),
    /// A literal with case ignored: can be looked for across records, since it knows no line ends.
    Folded(Regex),
    /// Tested record by record, so that `^` and `$` mean the record's ends.
    Pattern(Regex),
}

impl TextTest {
    pub(super) fn new(m: &TextMatch) -> Result<Self> {
        let needle = if m.regex && !m.pattern.is_empty() {
            Needle::Pattern(expression(&m.pattern, m.case_sensitive)?)
        } else {
            Needle::literal(&m.pattern, m.case_sensitive)?
        };
        Ok(Self { needle, negate: m.negate })
    }

    pub(super) fn holds(&self, text: &str) -> bool {
        self.needle.is_in(text) != self.negate
    }

    /// Whether the text of a whole chunk shows that the test holds for no record in it.
    pub(super) fn rules_out(&self, text: &str) -> bool {
        !self.negate && matches!(self.needle, Needle::Literal(_) | Needle::Folded(_)) && !self.needle.is_in(text)
    }

    /// Keeps the rows for which the test holds.
    pub(super) fn filter(&self, keep: &mut Vec<u32>, chunk: &DecodedChunk) {
        let few = keep.len() * 4 < chunk.len();
        if few || !matches!(self.needle, Needle::Literal(_) | Needle::Folded(_)) {
            keep.retain(|&i| chunk.view(i as usize).is_some_and(|v| self.holds(v.text)));
            return;
        }
        let hits = self.needle.rows_with(chunk);
        let mut hits = hits.into_iter().peekable();
        keep.retain(|&i| {
            while hits.next_if(|&h| h < i).is_some() {}
            (hits.peek() == Some(&i)) != self.negate
        });
    }
}

/// Whether a character is written in more than one way when case does not matter. Non-ASCII ones are left to the
/// regular expressions' folding.
fn has_case(c: char) -> bool {
    !c.is_ascii() || c.is_ascii_alphabetic()
}

/// The regex crate draws its errors over several lines; the last one says what is wrong.
fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or(text).trim_start_matches("error: ")
}

/// Compiles an expression.
pub(super) fn expression(pattern: &str, case_sensitive: bool) -> Result<Regex> {
    RegexBuilder::new(pattern)
        .case_insensitive(!case_sensitive)
        .build()
        .map_err(|e| StoreError::Query(format!("bad regular expression `{pattern}`: {}", last_line(&e.to_string()))))
}

impl Needle {
    pub(super) fn literal(text: &str, case_sensitive: bool) -> Result<Self> {
        Ok(if text.is_empty() {
            Self::Always
        } else if case_sensitive || !text.chars().any(has_case) {
            Self::Literal(Box::new(Finder::new(text).into_owned()))
        } else {
            Self::Folded(expression(&regex::escape(text), false)?)
        })
    }

    pub(super) fn is_in(&self, text: &str) -> bool {
        match self {
            Self::Always => true,
            Self::Literal(finder) => finder.find(text.as_bytes()).is_some(),
            Self::Folded(regex) | Self::Pattern(regex) => regex.is_match(text),
        }
    }

    fn find(&self, text: &str, from: usize) -> Option<(usize, usize)> {
        match self {
            Self::Literal(finder) => {
                let at = from + finder.find(text.as_bytes().get(from..)?)?;
                Some((at, at + finder.needle().len()))
            }
            Self::Folded(regex) | Self::Pattern(regex) => regex.find_at(text, from).map(|m| (m.start(), m.end())),
            Self::Always => None,
        }
    }

    /// Rows that hold a hit, rising; searches the text as one piece.
    fn rows_with(&self, chunk: &DecodedChunk) -> Vec<u32> {
        let (text, rows) = (chunk.text(), chunk.rows());
        let end = |r: &RecordMeta| r.start as usize + r.len as usize;
        let (mut hits, mut from, mut row) = (Vec::new(), 0, 0);
        while let Some((start, stop)) = self.find(text, from) {
            row += rows[row..].partition_point(|r| end(r) <= start);
            let Some(r) = rows.get(row) else { break };
            if stop <= end(r) {
                hits.push(row as u32);
                from = end(r);
            } else {
                // Reaches into the next record, so it is no hit; look on behind its first character.
                from = start + text[start..].chars().next().map_or(1, char::len_utf8);
            }
        }
        hits
    }
}
