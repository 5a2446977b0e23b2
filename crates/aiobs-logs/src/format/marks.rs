//! What can be told of a line at a glance, and what a format needs to be there: so that of many formats only the few
//! that may fit have to try. Used while a format is looked for, never once it is found.

use super::json;
use super::time::{self, Shape};

/// What is behind a time at the front of a line.
#[derive(Clone, Copy, Debug)]
enum Behind {
    /// There is no time.
    NoTime,
    End,
    Byte(u8),
}

/// What is to be seen of a line.
#[derive(Debug)]
pub(crate) struct Marks {
    first: Option<u8>,
    /// The ASCII characters in it.
    chars: u128,
    after_time: Behind,
    /// Of a JSON object, a bit for each key ([`super::keys::key_bit`]).
    keys: Option<u64>,
}

impl Marks {
    pub(crate) fn of(line: &[u8]) -> Self {
        let chars = line.iter().filter(|b| b.is_ascii()).fold(0u128, |set, b| set | 1 << b);
        let front = line.iter().position(|b| !matches!(b, b' ' | b'\t'));
        let object = front.is_some_and(|at| line[at] == b'{');
        Self {
            first: line.first().copied(),
            chars,
            after_time: time::scan(line, 0, Shape::Any)
                .map_or(Behind::NoTime, |(_, end)| line.get(end).map_or(Behind::End, |b| Behind::Byte(*b))),
            keys: object.then(|| json::key_bits(line)),
        }
    }

    /// The keys of a line that begins like a JSON object.
    pub(crate) const fn keys(&self) -> Option<u64> {
        self.keys
    }

    /// Whether a character is in the line.
    pub(crate) const fn has(&self, c: u8) -> bool {
        c < 128 && self.chars & (1 << c) != 0
    }
}

/// A set of bytes.
#[derive(Clone, Debug)]
pub(crate) struct Bytes([u64; 4]);

impl Bytes {
    pub(crate) fn all() -> Self {
        Self([u64::MAX; 4])
    }

    /// Those that `holds` holds for.
    pub(crate) fn where_(holds: impl Fn(u8) -> bool) -> Self {
        let mut set = [0; 4];
        for b in (0..=u8::MAX).filter(|b| holds(*b)) {
            set[usize::from(b >> 6)] |= 1 << (b & 63);
        }
        Self(set)
    }

    pub(crate) fn has(&self, b: u8) -> bool {
        self.0[usize::from(b >> 6)] & (1 << (b & 63)) != 0
    }
}

/// What a layout needs of a line.
#[derive(Clone, Debug)]
pub(crate) struct Needs {
    /// The first byte is one of these.
    pub(crate) first: Bytes,
    /// All these ASCII characters are in it.
    pub(crate) chars: u128,
    /// It begins with a time of any shape, and one of these (or nothing) is behind it.
    pub(crate) after_time: Option<Bytes>,
}

impl Needs {
    /// False when a line with these marks cannot fit.
    pub(crate) fn met(&self, marks: &Marks) -> bool {
        self.chars & marks.chars == self.chars
            && marks.first.is_none_or(|b| self.first.has(b))
            && match (&self.after_time, marks.after_time) {
                (None, _) | (_, Behind::End) => true,
                (_, Behind::NoTime) => false,
                (Some(set), Behind::Byte(b)) => set.has(b),
            }
    }
}
