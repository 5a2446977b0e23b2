//! What is remembered of lines by their shape, so that the next line of the shape costs no parsing, no mining and no
//! search for error patterns: how to read it, whether a trace begins in it, its statement, what the patterns say of
//! it, and whether a request would stand out. Used by the pipeline for lines that are records of their own; everything else goes the long way.

use aiobs_logs::detect::{Detectors, Verdict, stands_out, tells};
use aiobs_logs::format::{Parsed, Recipe, SourceParser};
use aiobs_logs::frame::Opening;
use aiobs_logs::lineshape::{LineShape, Value};
use aiobs_logs::template::Statement;
use aiobs_types::{SourceId, Timestamp};
use std::collections::HashMap;

/// Shapes remembered, over all sources; those not met lately are forgotten first.
pub(super) const MAX_SHAPES: usize = 32_768;

/// What is known of the lines of one shape in one source.
#[derive(Clone, Debug)]
struct Known {
    source: SourceId,
    recipe: Recipe,
    opening: Opening,
    statement: Statement,
    patterns: Patterns,
    plain: bool,
    met: bool,
}

/// What is known of the error patterns and the lines of a shape.
#[derive(Clone, Copy, Debug)]
enum Patterns {
    /// Asked when the shape is met again: many never are.
    Unasked,
    /// The same of all lines.
    Known(Verdict),
    /// The values decide.
    Open,
}

/// A line that was read by what is known of its shape.
pub(super) struct Recalled {
    pub(super) parsed: Parsed,
    pub(super) opening: Opening,
    pub(super) known: Met,
}

/// What is known of a record, its shape having been met before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Met {
    pub(super) statement: Statement,
    /// What the error patterns say of it, if that does not depend on more than the shape.
    pub(super) verdict: Option<Verdict>,
    /// It does not stand out among requests.
    pub(super) plain: bool,
    /// For [`aiobs_types::RecordMeta::shape`].
    pub(super) shape: u16,
}

/// What was learnt of a line whose shape is new, until its statement is known.
#[derive(Debug)]
pub(super) struct Lesson {
    source: SourceId,
    key: u64,
    recipe: Recipe,
    opening: Opening,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Recall {
    shape: LineShape,
    /// The last line has a shape.
    shaped: bool,
    known: HashMap<u64, Known, foldhash::fast::FixedState>,
    #[cfg(test)]
    hits: (u64, u64),
}

impl Recall {
    /// Reads a line by what is known of its shape.
    pub(super) fn recall(
        &mut self,
        source: SourceId,
        line: &str,
        parser: &mut SourceParser,
        detectors: &mut Detectors,
        now: Timestamp,
    ) -> Option<Recalled> {
        self.shaped = self.shape.read(line);
        if !self.shaped {
            return None;
        }
        #[cfg(test)]
        {
            self.hits.1 += 1;
        }
        let known = self.known.get_mut(&key(source, &self.shape))?;
        known.met = true;
        let parsed = parser.follow(&known.recipe, line, &self.shape, now)?;
        let message = line.get(parsed.message.0 as usize..parsed.message.1 as usize)?;
        if matches!(known.patterns, Patterns::Unasked) {
            let values: Vec<_> = within(&self.shape, parsed.message, false).collect();
            // A level that a number tells may differ from line to line, and with it the patterns that count.
            let varies = known.recipe.level_varies();
            let verdict = if varies { None } else { detectors.verdict(message, parsed.severity, &values) };
            known.patterns = verdict.map_or(Patterns::Open, Patterns::Known);
            known.plain = !line.contains('%') && !stands_out(line);
        }
        #[cfg(test)]
        {
            self.hits.0 += 1;
        }
        let stirs = |v| detectors.stirs(message, parsed.severity, v);
        let verdict = match known.patterns {
            Patterns::Known(verdict) if !within(&self.shape, parsed.message, true).any(stirs) => Some(verdict),
            _ => None,
        };
        let said = |v: &Value| v.letters && tells(&line.as_bytes()[v.start as usize..v.end as usize]);
        let plain = known.plain && !self.shape.values().iter().any(said);
        let opening = known.opening;
        Some(Recalled {
            parsed,
            opening,
            known: Met { statement: known.statement, verdict, plain, shape: self.shape.hash() as u16 },
        })
    }

    /// What can be learnt from the line just shown to [`Self::recall`], which the parser has read since.
    pub(super) fn lesson(
        &self,
        source: SourceId,
        line: &str,
        parsed: &Parsed,
        parser: &SourceParser,
        opening: Opening,
    ) -> Option<Lesson> {
        if !self.shaped {
            return None;
        }
        let recipe = parser.recipe(line, parsed, &self.shape)?;
        Some(Lesson { source, key: key(source, &self.shape), recipe, opening })
    }

    /// Remembers a shape, now that its statement is known.
    pub(super) fn learn(&mut self, lesson: Lesson, statement: Statement) {
        if self.known.len() >= MAX_SHAPES {
            self.known.retain(|_, k| std::mem::take(&mut k.met));
            if self.known.len() * 4 >= MAX_SHAPES * 3 {
                self.known.clear();
            }
        }
        let Lesson { source, key, recipe, opening } = lesson;
        self.known.insert(
            key,
            Known { source, recipe, opening, statement, patterns: Patterns::Unasked, plain: false, met: false },
        );
    }

    /// Shapes remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// Lines recalled, of all that have a shape.
    #[cfg(test)]
    pub(super) fn hits(&self) -> (u64, u64) {
        self.hits
    }

    /// Forgets what was learnt of a source: its lines may be of another format from here on.
    pub(super) fn forget(&mut self, source: SourceId) {
        self.known.retain(|_, known| known.source != source);
    }
}

/// One number for a source and a shape: the same statement may be read in another way in another file.
fn key(source: SourceId, shape: &LineShape) -> u64 {
    shape.hash() ^ u64::from(source.0).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The values (only those with letters, if asked) in the message, as byte ranges of it.
fn within(shape: &LineShape, message: (u32, u32), letters: bool) -> impl Iterator<Item = (usize, usize)> {
    let (start, end) = message;
    shape
        .values()
        .iter()
        .filter(move |v| v.start < end && v.end > start && (v.letters || !letters))
        .map(move |v| (v.start.saturating_sub(start) as usize, (v.end.min(end) - start) as usize))
}
