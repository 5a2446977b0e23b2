//! What lines that begin alike went on with: constant text and kinds of values. A line that goes on the same way again has
//! the same shape, and to compare its text with what is remembered is quicker than to look for its values and to hash
//! what is between them. Used by [`super::LineShape`]; it errs on the side of "not remembered".

use super::{MAX_VALUES, Value, is_value, looks, number_end};
use crate::template::scan::{DELIM, DIGIT, KIND, LETTER, SPACE};
use crate::template::shape::mix;

/// Kinds of beginnings told apart, and what is remembered of each.
const BUCKETS: usize = 512;
const WAYS: usize = 4;
/// Longer constant text is not worth its room, bytes.
const MOST_TEXT: usize = 1024;

/// What a value must be to be taken for the one that stood there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Digits, and punctuation that looks like this.
    Number(u64),
    /// A value with letters, up to the next space or delimiter.
    Whole,
    /// Letters and digits within a path, or digits only.
    Part { letters: bool },
}

/// Constant text of so many bytes and the value behind it.
#[derive(Clone, Copy, Debug)]
struct Step {
    bytes: u16,
    kind: Kind,
}

/// How one line went on.
#[derive(Clone, Debug, Default)]
struct Habit {
    /// The hash before it and behind it.
    from: u64,
    hash: u64,
    /// All of its constant text, with what stands behind the last value.
    text: Vec<u8>,
    steps: Vec<Step>,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Habits {
    /// [`WAYS`] of each bucket, the latest used first. Empty until the first is known.
    known: Vec<Habit>,
    /// The line at hand, while it is read.
    new: Habit,
    /// Where its constant text is kept up to; `None` when it is nothing to remember.
    told: Option<usize>,
}

impl Habits {
    /// The bucket of a line whose hash is `from` and which goes on with `text` up to its next value.
    pub(super) fn bucket(from: u64, text: &[u8]) -> usize {
        let word = |bytes: Option<&[u8; 8]>| bytes.map_or(0, |b| u64::from_le_bytes(*b));
        let key = mix(from ^ word(text.first_chunk()), word(text.last_chunk()) ^ text.len() as u64);
        key as usize % BUCKETS
    }

    /// Reads the rest of a line from `at` on, if it goes on as another one did; gives the hash of all.
    #[inline]
    pub(super) fn follow(
        &mut self,
        bucket: usize,
        from: u64,
        line: &[u8],
        at: usize,
        values: &mut Vec<Value>,
    ) -> Option<u64> {
        let ways = self.known.get_mut(bucket * WAYS..(bucket + 1) * WAYS)?;
        let before = values.len();
        for i in 0..WAYS {
            let way = &ways[i];
            if way.from == from && !way.steps.is_empty() && way.fits(line, at, values) {
                let hash = way.hash;
                if i > 0 {
                    ways.swap(i, i - 1);
                }
                return Some(hash);
            }
            values.truncate(before);
        }
        None
    }

    /// Begins to take down how a line goes on from `at`.
    pub(super) fn begin(&mut self, from: u64, at: usize) {
        self.new.from = from;
        self.new.text.clear();
        self.new.steps.clear();
        self.told = Some(at);
    }

    /// The line is nothing to remember.
    pub(super) const fn give_up(&mut self) {
        self.told = None;
    }

    /// The line has a number at `value`.
    pub(super) fn number(&mut self, line: &[u8], value: Value, look: u64) {
        self.step(line, value, Kind::Number(look));
    }

    /// The line has a value with letters there.
    pub(super) fn whole(&mut self, line: &[u8], value: Value) {
        self.step(line, value, Kind::Whole);
    }

    /// The line has a value within a path there.
    pub(super) fn part(&mut self, line: &[u8], value: Value) {
        self.step(line, value, Kind::Part { letters: value.letters });
    }

    fn step(&mut self, line: &[u8], value: Value, kind: Kind) {
        let Some(told) = self.told else { return };
        let text = &line[told..value.start as usize];
        if self.new.text.len() + text.len() > MOST_TEXT || self.new.steps.len() == MAX_VALUES {
            return self.give_up();
        }
        self.new.text.extend_from_slice(text);
        self.new.steps.push(Step { bytes: text.len() as u16, kind });
        self.told = Some(value.end as usize);
    }

    /// The line has ended, and its hash is known.
    pub(super) fn end(&mut self, bucket: usize, line: &[u8], hash: u64) {
        let Some(told) = self.told.take() else { return };
        if self.new.steps.is_empty() || self.new.text.len() + line.len() - told > MOST_TEXT {
            return;
        }
        self.new.text.extend_from_slice(&line[told..]);
        self.new.hash = hash;
        if self.known.is_empty() {
            self.known.resize(BUCKETS * WAYS, Habit::default());
        }
        // The one used least lately makes room.
        std::mem::swap(&mut self.known[bucket * WAYS + WAYS - 1], &mut self.new);
        self.known[bucket * WAYS..(bucket + 1) * WAYS].rotate_right(1);
    }
}

impl Habit {
    /// Whether the line goes on like this from `at` on; appends its values on the way.
    #[inline]
    fn fits(&self, line: &[u8], mut at: usize, values: &mut Vec<Value>) -> bool {
        let mut text = self.text.as_slice();
        for step in &self.steps {
            let (constant, behind) = text.split_at(usize::from(step.bytes));
            if !begins(&line[at..], constant) {
                return false;
            }
            text = behind;
            at += constant.len();
            let Some(end) = step.kind.end(line, at) else { return false };
            let letters = match step.kind {
                Kind::Number(_) => false,
                Kind::Whole => true,
                Kind::Part { letters } => letters,
            };
            values.push(Value { start: at as u32, end: end as u32, letters });
            at = end;
        }
        line.len() - at == text.len() && begins(&line[at..], text)
    }
}

impl Kind {
    /// Where a value of this kind ends that begins at `at`.
    #[inline]
    fn end(self, line: &[u8], at: usize) -> Option<usize> {
        match self {
            Self::Number(look) => {
                let digits = line[at..].iter().take_while(|b| b.is_ascii_digit()).count();
                let end = at + digits;
                // Digits and nothing else.
                if digits > 0 && line.get(end).is_none_or(|b| KIND[*b as usize] & (SPACE | DELIM) != 0) {
                    return (look == DIGITS).then_some(end);
                }
                let (seen, end) = piece(line, at);
                if seen & LETTER != 0 || seen & DIGIT == 0 {
                    return None;
                }
                let end = number_end(line, end);
                (looks(&line[at..end]) == look).then_some(end)
            }
            Self::Whole => {
                let (seen, end) = piece(line, at);
                let whole = seen & LETTER != 0 && seen & DIGIT != 0 && line[at] != b'/';
                (whole && is_value(&line[at..end], seen)).then_some(end)
            }
            Self::Part { letters } => {
                super::part(line, at, line.len()).filter(|(_, has)| *has == letters).map(|(end, _)| end)
            }
        }
    }
}

/// How digits alone look.
const DIGITS: u64 = 2;

/// The kinds of bytes up to the next space or delimiter, and where that is.
#[inline]
fn piece(line: &[u8], at: usize) -> (u8, usize) {
    let (mut seen, mut end) = (0, at);
    while let Some(b) = line.get(end)
        && KIND[*b as usize] & (SPACE | DELIM) == 0
    {
        seen |= KIND[*b as usize];
        end += 1;
    }
    (seen, end)
}

/// Whether `text`, mostly short, begins with `constant`; quicker than a call.
#[inline]
fn begins(text: &[u8], constant: &[u8]) -> bool {
    let Some(text) = text.get(..constant.len()) else { return false };
    if let (Some(a), Some(b)) = (text.last_chunk::<8>(), constant.last_chunk::<8>()) {
        let differ = |a: &[u8; 8], b: &[u8; 8]| u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        let words = text.as_chunks().0.iter().zip(constant.as_chunks().0);
        return words.fold(differ(a, b), |other, (a, b)| other | differ(a, b)) == 0;
    }
    if let (Some(a), Some(b)) = (text.first_chunk::<4>(), constant.first_chunk::<4>()) {
        return a == b && text.last_chunk::<4>() == constant.last_chunk::<4>();
    }
    text.iter().zip(constant).all(|(a, b)| a == b)
}
