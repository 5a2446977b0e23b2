//! How to read the lines of one shape without looking at their constant text again: where time, level, component and
//! message stand among the values. Learnt from a line that was read in full; used by the pipeline for those after it.

use super::super::bare::ESCAPE;
use super::super::found::{LevelBy, TimeBy};
use super::super::keys;
use super::super::set::{Format, Reader};
use super::super::{level, time};
use super::{Parsed, SAMPLE, SourceParser};
use crate::lineshape::{LineShape, Place};
use aiobs_types::{Severity, Timestamp};

/// See the module.
#[derive(Clone, Debug)]
pub struct Recipe {
    format: usize,
    time: Option<(Place, Place, TimeBy)>,
    /// The level is this, or told by a number.
    severity: Severity,
    number: Option<(Place, Place, LevelBy)>,
    component: (Place, Place),
    message: (Place, Place),
}

impl Recipe {
    /// Whether a value tells the level, so that it may differ from line to line.
    pub const fn level_varies(&self) -> bool {
        self.number.is_some()
    }
}

impl SourceParser {
    /// How to read lines of this shape, given what [`SourceParser::parse`] has just made of `line`. `None` when its values
    /// may change how it is read, when it is part of something larger, or while the format is still being found.
    pub fn recipe(&self, line: &str, parsed: &Parsed, shape: &LineShape) -> Option<Recipe> {
        let format = self.formats.at(self.origin.format);
        let settled = (self.forced || self.sampled >= SAMPLE) && !self.origin.guessed;
        let plain = parsed.recognised && !parsed.enveloped && !parsed.partial;
        // What a column means may change within a file, and an expression may look at any digit.
        let by_hand = !matches!(format.reader, Reader::Regex(..) | Reader::Columns(_)) && format.strptime.is_none();
        if !settled || !plain || !by_hand || memchr::memchr(ESCAPE, line.as_bytes()).is_some() {
            return None;
        }
        let both = |start: usize, end: usize| Some((shape.place(start as u32)?, shape.place(end as u32)?));
        let time = match &self.origin.time {
            Some((range, by)) => {
                let (start, end) = both(range.start, range.end)?;
                Some((start, end, *by))
            }
            None if parsed.time.is_some() => return None,
            None => None,
        };
        let number = match &self.origin.level {
            Some((range, by)) => {
                let (start, end) = both(range.start, range.end)?;
                Some((start, end, *by))
            }
            None => None,
        };
        let range = |(start, end): (u32, u32)| both(start as usize, end as usize);
        Some(Recipe {
            format: self.origin.format,
            time,
            severity: parsed.severity,
            number,
            component: range(parsed.component)?,
            message: range(parsed.message)?,
        })
    }

    /// Reads a line by the recipe of its shape; `None` when a value is not what the recipe takes it for.
    pub fn follow(&mut self, recipe: &Recipe, line: &str, shape: &LineShape, now: Timestamp) -> Option<Parsed> {
        let bytes = line.as_bytes();
        let format = self.formats.at(recipe.format);
        let time = match recipe.time {
            None => None,
            Some((start, end, by)) => {
                let (start, end) = (shape.find(start) as usize, shape.find(end) as usize);
                let text = bytes.get(start..end)?;
                if let Some(time) = self.lately.get(recipe.format, text) {
                    return self.read(recipe, bytes, shape, Some(time));
                }
                let stamp = match by {
                    TimeBy::Shape(shape) => time::scan(bytes, start, shape).filter(|(_, e)| *e == end)?.0,
                    TimeBy::Key => keys::stamp(text)?,
                };
                let zone = match &mut self.scratch[recipe.format].zone {
                    Some(own) if format.zone.is_some() => own,
                    _ => &mut self.zone,
                };
                let time = zone.resolve(stamp, now);
                if let Some(time) = time {
                    self.lately.put(recipe.format, text, time);
                }
                time
            }
        };
        self.read(recipe, bytes, shape, time)
    }

    fn read(&mut self, recipe: &Recipe, line: &[u8], shape: &LineShape, time: Option<Timestamp>) -> Option<Parsed> {
        let find = |(start, end): (Place, Place)| (shape.find(start), shape.find(end));
        let severity = match recipe.number {
            None => recipe.severity,
            Some((start, end, by)) => {
                let (start, end) = find((start, end));
                told(self.formats.at(recipe.format), line.get(start as usize..end as usize)?, by)?
            }
        };
        let (component, message) = (find(recipe.component), find(recipe.message));
        debug_assert!(message.1 as usize <= line.len());
        self.last = recipe.format;
        Some(Parsed { recognised: true, time, severity, component, message, enveloped: false, partial: false })
    }
}

/// The level a number tells.
fn told(format: &Format, text: &[u8], by: LevelBy) -> Option<Severity> {
    let small = || time::number(text).and_then(|n| u32::try_from(n).ok());
    match by {
        LevelBy::Pri => level::pri(small()?),
        LevelBy::Status if format.severity_from_status => Some(level::http_status(small()?)),
        LevelBy::Status => None,
        LevelBy::Key(role) => keys::number_level(text, role),
    }
}
