//! A [`LogQuery`] made ready to test records: one at a time for the live window, a whole chunk at once for scans.
//! Scans look for a literal in the text of the whole chunk and only then ask which records the hits lie in.

mod field;
#[cfg(test)]
mod tests;
mod text;

use crate::chunk::DecodedChunk;
use crate::codec::Clue;
use crate::error::Result;
use crate::header::{ChunkHeader, component_id};
use aiobs_types::{FieldReader, Level, LogQuery, RecordId, RecordMeta, RecordView};
use field::FieldTest;
use std::sync::Arc;
use text::TextTest;

/// A compiled [`LogQuery`]; order and limit play no part.
#[derive(Clone, Debug)]
pub struct Matcher {
    query: LogQuery,
    components: Vec<String>,
    not_components: Vec<String>,
    texts: Vec<TextTest>,
    /// What texts that pass the tests hold.
    clues: Vec<Clue>,
    fields: Vec<FieldTest>,
    any: Vec<Vec<Matcher>>,
}

impl Matcher {
    /// Compiles a query without comparisons of fields.
    ///
    /// # Errors
    /// [`crate::StoreError::Query`] when a regular expression is wrong or too large, and for a comparison of a field.
    pub fn new(query: &LogQuery) -> Result<Self> {
        Self::with_fields(query, None)
    }

    /// Compiles a query; `reader` finds the fields it compares.
    ///
    /// # Errors
    /// [`crate::StoreError::Query`] when a regular expression is wrong or too large, and for a comparison of a field
    /// that has no `reader` or compares with what is no number.
    pub fn with_fields(query: &LogQuery, reader: Option<&Arc<dyn FieldReader>>) -> Result<Self> {
        let lower = |names: &[String]| names.iter().map(|c| c.to_lowercase()).collect();
        let group = |group: &Vec<LogQuery>| group.iter().map(|q| Self::with_fields(q, reader)).collect();
        Ok(Self {
            components: lower(&query.components),
            not_components: lower(&query.not_components),
            texts: query.text.iter().map(TextTest::new).collect::<Result<_>>()?,
            clues: query.text.iter().filter_map(Clue::of).collect(),
            fields: query.fields.iter().map(|f| FieldTest::new(f, reader)).collect::<Result<_>>()?,
            any: query.any.iter().map(group).collect::<Result<_>>()?,
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
            && self.any.iter().all(|group| group.iter().any(|m| m.matches(view)))
            && self.fields.iter().all(|f| f.holds(view))
    }

    /// Indexes of the chunk's records that are asked for, rising.
    pub fn rows(&self, chunk: &DecodedChunk) -> Vec<u32> {
        self.among(self.by_columns(chunk.first(), chunk.rows(), chunk.components()), chunk)
    }

    /// Indexes of the records, of which `first` is the first, that pass the tests of all but their text, rising.
    pub(crate) fn by_columns(&self, first: RecordId, rows: &[RecordMeta], components: &[String]) -> Vec<u32> {
        let names: Vec<bool> = components.iter().map(|c| self.component_matches(c)).collect();
        let matches = |(i, meta): &(u32, &RecordMeta)| {
            self.meta_matches(RecordId(first.0 + u64::from(*i)), meta, || {
                names.get(meta.component as usize).copied().unwrap_or(false)
            })
        };
        (0_u32..).zip(rows).filter(matches).map(|(i, _)| i).collect()
    }

    /// Those of the records `keep`, rising, that pass the tests of their text as well.
    pub(crate) fn among(&self, mut keep: Vec<u32>, chunk: &DecodedChunk) -> Vec<u32> {
        for test in &self.texts {
            if keep.is_empty() {
                return keep;
            }
            test.filter(&mut keep, chunk);
        }
        for group in &self.any {
            keep_any(&mut keep, group, chunk);
        }
        for test in &self.fields {
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
                && Level::ALL.get(i).is_none_or(|l| !q.not_levels.contains(l))
        };
        q.from.is_none_or(|t| header.max_time >= t)
            && q.to.is_none_or(|t| header.min_time < t)
            && q.first.is_none_or(|id| header.last() >= id)
            && q.last.is_none_or(|id| header.first <= id)
            && header.levels.iter().enumerate().any(|(i, &n)| n > 0 && level(i))
            && may_any(&q.templates, |t| header.templates.may_contain(t.0))
            && may_any(&q.sources, |s| header.sources.may_contain(s.0))
            && may_any(&self.components, |c| header.components.may_contain(component_id(c)))
            && self.any.iter().all(|group| group.iter().any(|m| m.may_match(header)))
    }

    /// What texts of records that are asked for hold.
    pub(crate) fn clues(&self) -> &[Clue] {
        &self.clues
    }

    /// Whether the text of a whole chunk shows that no record in it is asked for.
    pub(crate) fn rules_out(&self, text: &str) -> bool {
        self.texts.iter().any(|t| t.rules_out(text))
            || self.fields.iter().any(|f| f.rules_out(text))
            || self.any.iter().any(|group| group.iter().all(|m| m.rules_out(text)))
    }

    /// Whether no test looks at the text.
    pub(crate) fn ignores_text(&self) -> bool {
        self.texts.is_empty() && self.fields.is_empty() && self.any.iter().flatten().all(Self::ignores_text)
    }

    fn component_matches(&self, name: &str) -> bool {
        (self.components.is_empty() || is_among(&self.components, name)) && !is_among(&self.not_components, name)
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
            && (q.not_levels.is_empty() || !q.not_levels.contains(&meta.severity.level()))
            && (q.not_templates.is_empty() || !q.not_templates.contains(&meta.template))
            && (q.not_sources.is_empty() || !q.not_sources.contains(&meta.source))
            && component()
    }
}

fn may_any<T>(wanted: &[T], may: impl Fn(&T) -> bool) -> bool {
    wanted.is_empty() || wanted.iter().any(may)
}

/// Whether the name is one of those, which are in lower case.
fn is_among(lower: &[String], name: &str) -> bool {
    lower.iter().any(|c| c.eq_ignore_ascii_case(name) || (!name.is_ascii() && *c == name.to_lowercase()))
}

/// Keeps the rows that one of the group asks for.
fn keep_any(keep: &mut Vec<u32>, group: &[Matcher], chunk: &DecodedChunk) {
    if keep.len() * 4 < chunk.len() {
        keep.retain(|&i| chunk.view(i as usize).is_some_and(|v| group.iter().any(|m| m.matches(&v))));
        return;
    }
    let mut wanted = vec![false; chunk.len()];
    for row in group.iter().flat_map(|m| m.rows(chunk)) {
        wanted[row as usize] = true;
    }
    keep.retain(|&i| wanted[i as usize]);
}
