//! A [`LogQuery`] made ready to test records: one at a time for the live window, a whole chunk at once for scans.
//! Scans look for a literal in the text of the whole chunk and only then ask which records the hits lie in.

use crate::chunk::DecodedChunk;
use crate::error::{Result, StoreError};
use crate::header::{ChunkHeader, component_id};
use aiobs_types::{LogQuery, RecordId, RecordMeta, RecordView, TextMatch};
use memchr::memmem::Finder;
use regex::{Regex, RegexBuilder};

/// A compiled [`LogQuery`]; order and limit play no part.
#[derive(Clone, Debug)]
pub struct Matcher {
    query: LogQuery,
    components: Vec<String>,
    texts: Vec<TextTest>,
}

#[derive(Clone, Debug)]
struct TextTest {
    needle: Needle,
    negate: bool,
}

#[derive(Clone, Debug)]
enum Needle {
    /// The empty text is in every text.
    Always,
    Literal(Box<Finder<'static>>),
    /// A literal with case ignored: can be looked for across records, since it knows no line ends.
    Folded(Regex),
    /// Tested record by record, so that `^` and `$` mean the record's ends.
    Pattern(Regex),
}

impl Matcher {
    /// Compiles a query.
    ///
    /// # Errors
    /// [`StoreError::Query`] when a regular expression is wrong or too large.
    pub fn new(query: &LogQuery) -> Result<Self> {
        Ok(Self {
            components: query.components.iter().map(|c| c.to_lowercase()).collect(),
            texts: query.text.iter().map(TextTest::new).collect::<Result<_>>()?,
            query: query.clone(),
        })
    }

    /// The query it was made from.
    pub const fn query(&self) -> &LogQuery {
        &self.query
    }

    /// Whether it asks for every record.
    pub fn is_all(&self) -> bool {
        self.query.is_all()
    }

    /// Whether one record is asked for.
    pub fn matches(&self, view: &RecordView<'_>) -> bool {
        self.meta_matches(view.id, &view.meta, || self.component_matches(view.component))
            && self.texts.iter().all(|t| t.holds(view.text))
    }

    /// Indexes of the chunk's records that are asked for, rising.
    pub fn rows(&self, chunk: &DecodedChunk) -> Vec<u32> {
        let names: Vec<bool> = chunk.components().iter().map(|c| self.component_matches(c)).collect();
        let first = chunk.first().0;
        let mut keep: Vec<u32> = (0_u32..)
            .zip(chunk.rows())
            .filter(|(i, meta)| {
                self.meta_matches(RecordId(first + u64::from(*i)), meta, || {
                    names.get(meta.component as usize).copied().unwrap_or(false)
                })
            })
            .map(|(i, _)| i)
            .collect();
        for test in &self.texts {
            if keep.is_empty() {
                break;
            }
            test.filter(&mut keep, chunk);
        }
        keep
    }

    /// Whether the chunk may hold a record that is asked for.
    pub fn may_match(&self, header: &ChunkHeader) -> bool {
        let q = &self.query;
        let level = |i: usize| {
            q.min_severity.is_none_or(|s| i >= s.level() as usize)
                && q.max_severity.is_none_or(|s| i <= s.level() as usize)
        };
        q.from.is_none_or(|t| header.max_time >= t)
            && q.to.is_none_or(|t| header.min_time < t)
            && q.first.is_none_or(|id| header.last() >= id)
            && q.last.is_none_or(|id| header.first <= id)
            && header.levels.iter().enumerate().any(|(i, &n)| n > 0 && level(i))
            && may_any(&q.templates, |t| header.templates.may_contain(t.0))
            && may_any(&q.sources, |s| header.sources.may_contain(s.0))
            && may_any(&self.components, |c| header.components.may_contain(component_id(c)))
    }

    /// Whether the text of a whole chunk shows that no record in it is asked for.
    pub(crate) fn rules_out(&self, text: &str) -> bool {
        self.texts.iter().any(|t| {
            !t.negate
                && match &t.needle {
                    Needle::Literal(finder) => finder.find(text.as_bytes()).is_none(),
                    Needle::Folded(regex) => !regex.is_match(text),
                    Needle::Always | Needle::Pattern(_) => false,
                }
        })
    }

    /// Whether no test looks at the text.
    pub(crate) const fn ignores_text(&self) -> bool {
        self.texts.is_empty()
    }

    fn component_matches(&self, name: &str) -> bool {
        self.components.is_empty()
            || self
                .components
                .iter()
                .any(|c| c.eq_ignore_ascii_case(name) || (!name.is_ascii() && *c == name.to_lowercase()))
    }

    #[inline]
    fn meta_matches(&self, id: RecordId, meta: &RecordMeta, component: impl FnOnce() -> bool) -> bool {
        let q = &self.query;
        q.min_severity.is_none_or(|s| meta.severity >= s)
            && q.max_severity.is_none_or(|s| meta.severity <= s)
            && q.from.is_none_or(|t| meta.time >= t)
            && q.to.is_none_or(|t| meta.time < t)
            && q.first.is_none_or(|f| id >= f)
            && q.last.is_none_or(|l| id <= l)
            && (q.templates.is_empty() || q.templates.contains(&meta.template))
            && (q.sources.is_empty() || q.sources.contains(&meta.source))
            && component()
    }
}

fn may_any<T>(wanted: &[T], may: impl Fn(&T) -> bool) -> bool {
    wanted.is_empty() || wanted.iter().any(may)
}

impl TextTest {
    fn new(m: &TextMatch) -> Result<Self> {
        let compile = |pattern: &str| {
            RegexBuilder::new(pattern).case_insensitive(!m.case_sensitive).build().map_err(|e| {
                StoreError::Query(format!("bad regular expression `{}`: {}", m.pattern, last_line(&e.to_string())))
            })
        };
        let needle = if m.pattern.is_empty() {
            Needle::Always
        } else if m.regex {
            Needle::Pattern(compile(&m.pattern)?)
        } else if m.case_sensitive || !m.pattern.chars().any(has_case) {
            Needle::Literal(Box::new(Finder::new(&m.pattern).into_owned()))
        } else {
            Needle::Folded(compile(&regex::escape(&m.pattern))?)
        };
        Ok(Self { needle, negate: m.negate })
    }

    fn holds(&self, text: &str) -> bool {
        self.needle.is_in(text) != self.negate
    }

    /// Keeps the rows for which the test holds.
    fn filter(&self, keep: &mut Vec<u32>, chunk: &DecodedChunk) {
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

impl Needle {
    fn is_in(&self, text: &str) -> bool {
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
