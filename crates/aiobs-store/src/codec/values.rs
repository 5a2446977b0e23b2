//! The values of one hole of one shape, as a column: the cheapest of a few forms that gives them back exactly. Used by
//! the text codec.

use super::hex::{self, Hex};
use super::layout::{LaidOut, Layout};
use super::numbers;
use super::split::Span;
use super::stamp::Stamp;
use super::streams::{Source, Streams};
use crate::bytes::{Bytes, equal, put, put_varint};

/// One value for all.
const SAME: u8 = 0;
/// The time of day of the event, with constant bytes before and behind it.
const STAMP: u8 = 1;
/// See [`Layout`].
const LAYOUT: u8 = 2;
/// See [`hex`].
const HEX: u8 = 3;
/// As they are.
const WORDS: u8 = 4;

/// Writes columns, reusing its buffers.
#[derive(Default)]
pub(super) struct Columns {
    layout: Layout,
    numbers: Vec<u64>,
}

impl Columns {
    /// Appends the values `cells` of `text`, whose events were at `times`, in nanoseconds.
    pub(super) fn encode(&mut self, text: &[u8], cells: &[Span], times: &[i64], out: &mut Streams) {
        let Some(first) = cells.first().map(|c| c.of(text)) else { return };
        let (start, len) = (cells[0].start as usize, first.len());
        if cells.iter().all(|c| c.len as usize == len && equal(text, c.start as usize, text, start, len)) {
            out.forms.push(SAME);
            put_varint(&mut out.forms, first.len() as u64);
            out.words.extend_from_slice(first);
            return;
        }
        let done = stamp(first, text, cells, times, out)
            || self.layout.encode(LAYOUT, text, cells, out)
            || hex::encode(HEX, text, cells, out);
        if !done {
            out.forms.push(WORDS);
            self.numbers.clear();
            self.numbers.extend(cells.iter().map(|c| u64::from(c.len)));
            numbers::encode(&self.numbers, out);
            for cell in cells {
                out.words.extend_from_slice(cell.of(text));
            }
        }
    }
}

fn stamp(first: &[u8], text: &[u8], cells: &[Span], times: &[i64], out: &mut Streams) -> bool {
    let Some(stamp) = Stamp::find(first) else { return false };
    let (before, behind) = (&first[..stamp.before], &first[stamp.before + stamp.len()..]);
    let (start, tail) = (cells[0].start as usize, stamp.before + stamp.len());
    let mut ahead = None;
    let told = cells.iter().zip(times).all(|(cell, &time)| {
        let at = cell.start as usize;
        cell.len as usize == first.len()
            && equal(text, at, text, start, before.len())
            && equal(text, at + tail, text, start + tail, behind.len())
            && stamp.ahead(text, at, time).is_some_and(|a| *ahead.get_or_insert(a) == a)
    });
    let Some(ahead) = ahead.filter(|_| told) else { return false };
    out.forms.extend_from_slice(&[STAMP, stamp.colon, stamp.point, stamp.fraction as u8]);
    for n in [before.len() as u64, behind.len() as u64, ahead] {
        put_varint(&mut out.forms, n);
    }
    out.words.extend_from_slice(before);
    out.words.extend_from_slice(behind);
    true
}

/// A column while it is read, value by value.
#[derive(Clone, Copy)]
pub(super) enum Column<'a> {
    Same(&'a [u8]),
    Stamp { stamp: Stamp, ahead: u64, before: &'a [u8], behind: &'a [u8] },
    LaidOut(LaidOut<'a>),
    Hex(Hex<'a>),
    Words { lens: usize, words: Bytes<'a> },
}
impl<'a> Column<'a> {
    /// Reads what [`Columns::encode`] wrote for `rows` values; numbers go to `pool`.
    pub(super) fn decode(rows: usize, from: &mut Source<'a>, pool: &mut Vec<u64>) -> Option<Self> {
        Some(match from.forms.byte()? {
            SAME => Self::Same(from.words.take(from.forms.varint()?)?),
            STAMP => {
                let (colon, point, fraction) = (from.forms.byte()?, from.forms.byte()?, from.forms.byte()?);
                let (before, behind) = (from.forms.varint()?, from.forms.varint()?);
                let ahead = from.forms.varint()?;
                let (before, behind) = (from.words.take(before)?, from.words.take(behind)?);
                let stamp = Stamp { before: before.len(), colon, point, fraction: usize::from(fraction) };
                if !stamp.is_sound(ahead) {
                    return None;
                }
                Self::Stamp { stamp, ahead, before, behind }
            }
            LAYOUT => Self::LaidOut(LaidOut::decode(rows, from, pool)?),
            HEX => Self::Hex(Hex::decode(rows, from)?),
            WORDS => {
                let lens = pool.len();
                numbers::decode(rows, from, pool)?;
                let bytes = pool[lens..].iter().try_fold(0_u64, |sum, &n| sum.checked_add(n))?;
                Self::Words { lens, words: Bytes(from.words.take(bytes)?) }
            }
            _ => return None,
        })
    }

    /// Writes the value of the next row, the `row`-th of the column, and returns where it ends.
    #[inline]
    pub(super) fn write(&mut self, row: usize, time: i64, pool: &[u64], out: &mut [u8], at: usize) -> Option<usize> {
        match self {
            Self::Same(value) => put(out, at, value),
            Self::Stamp { stamp, ahead, before, behind } => {
                let start = put(out, at, before)?;
                let end = start + stamp.len();
                stamp.write(time, *ahead, out.get_mut(start..end)?);
                put(out, end, behind)
            }
            Self::LaidOut(column) => column.write(row, pool, out, at),
            Self::Hex(column) => column.write(out, at),
            Self::Words { lens, words } => put(out, at, words.take(*pool.get(*lens + row)?)?),
        }
    }
}
