//! What a format finds in a line, and what its parts may be. Filled by the readers of all kinds of formats; it knows none
//! of them.

use super::civil::Stamp;
use super::keys::Role;
use super::{level, time};
use aiobs_types::Severity;
use std::ops::Range;

/// What a hole stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    Time,
    Level,
    /// A level of one letter.
    Letter,
    Component,
    Message,
    Pri,
    Status,
    /// The message begins here and goes to the end of the line, or to [`Slot::To`].
    From,
    /// The message that [`Slot::From`] began ends before this.
    To,
    /// Name of a machine: a field, but never a level word or something in brackets.
    Host,
    /// Marks the first part of a broken line when it is `P`.
    Partial,
    /// A field with a name.
    Field(Box<str>),
    Nothing,
}

/// A level in a layout. One or two letters are a level only where the format says so: `C:` is a drive.
pub(super) fn level_word(levels: &Levels, word: &[u8], letter: bool) -> Option<Severity> {
    let own = || levels.own.iter().any(|(w, _)| w.eq_ignore_ascii_case(word));
    if word.len() >= 3 || letter || own() { level_of(levels, word) } else { None }
}

/// What a line gave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub(crate) stamp: Option<Stamp>,
    /// Text of the time, when a format of its own must read it.
    pub(crate) time_text: Range<usize>,
    pub(crate) level: Option<Severity>,
    pub(crate) status: Option<u32>,
    pub(crate) component: Range<usize>,
    pub(crate) message: Range<usize>,
    pub(crate) partial: bool,
    /// Where the time stands and how it was read, if it can be read so again.
    pub(crate) time_at: Option<(Range<usize>, TimeBy)>,
    /// The number that told the level, if it was one.
    pub(crate) level_at: Option<(Range<usize>, LevelBy)>,
}

/// How a time was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeBy {
    Shape(time::Shape),
    /// As the value of a key.
    Key,
}

/// How a number was taken for a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LevelBy {
    Pri,
    Status,
    Key(Role),
}

impl Found {
    /// Takes in what a hole took; `None` when that can't be.
    pub(super) fn take(
        &mut self,
        line: &[u8],
        levels: &Levels,
        slot: &Slot,
        range: Range<usize>,
        stamp: Option<(Stamp, time::Shape)>,
    ) -> Option<()> {
        match slot {
            Slot::Time => {
                self.stamp = stamp.map(|(stamp, _)| stamp);
                self.time_at = stamp.map(|(_, shape)| (range.clone(), TimeBy::Shape(shape)));
                self.time_text = range;
            }
            Slot::Level => {
                self.level = Some(level_word(levels, &line[range], false)?);
                self.level_at = None;
            }
            // `name::` and `file:` are other shapes than the layout means.
            Slot::Letter => {
                self.level = Some(level_word(levels, &line[range], true)?);
                self.level_at = None;
            }
            Slot::Host if level::unmistakable(&line[range.clone()]).is_some() || line[range.start] == b'[' => {
                return None;
            }
            Slot::Component if line[range.clone()].ends_with(b":") => return None,
            Slot::Component => self.component = range,
            Slot::Message => self.message = range,
            Slot::From => self.message = range.start..line.len(),
            Slot::To => self.message.end = line[..range.start].trim_ascii_end().len().max(self.message.start),
            Slot::Pri => {
                self.level = Some(level::pri(small(&line[range.clone()])?)?);
                self.level_at = Some((range, LevelBy::Pri));
            }
            Slot::Status => {
                self.status = small(&line[range.clone()]);
                self.level_at = Some((range, LevelBy::Status));
            }
            Slot::Partial => self.partial = line[range].first() == Some(&b'P'),
            Slot::Host | Slot::Field(_) | Slot::Nothing => {}
        }
        Some(())
    }
}

/// How level words of a format are read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Levels {
    pub(crate) own: Vec<(Box<[u8]>, Severity)>,
    /// No other words are levels.
    pub(crate) only_own: bool,
}

/// A format's own words first, then the usual ones.
pub(crate) fn level_of(levels: &Levels, word: &[u8]) -> Option<Severity> {
    let own = levels.own.iter().find(|(w, _)| w.eq_ignore_ascii_case(word)).map(|(_, s)| *s);
    if levels.only_own { own } else { own.or_else(|| level::word(word)) }
}

fn small(digits: &[u8]) -> Option<u32> {
    time::number(digits).and_then(|n| u32::try_from(n).ok())
}
