//! Values that are numbers between constant pieces, such as `10.0.3.11`, `12.75` or `worker-3`. Used by the value
//! columns.

use super::digits::{digits, parse, width, write_digits};
use super::numbers;
use super::split::Span;
use super::streams::{Source, Streams};
use crate::bytes::{equal, put, put_varint};

/// More numbers than this in one value are not told apart.
const MAX_NUMBERS: usize = 8;
/// Written as its digits are, without zeros before it.
const PLAIN: u8 = 0;

/// Numbers and what stands between them.
#[derive(Default)]
pub(super) struct Layout {
    numbers: [Vec<u64>; MAX_NUMBERS],
    widths: [u8; MAX_NUMBERS],
}

/// Where the constant pieces of a value lie in the text, one before each number and one behind the last, and the number
/// of numbers.
fn pieces(text: &[u8], value: Span) -> Option<([Span; MAX_NUMBERS + 1], usize)> {
    let mut pieces = [Span::default(); MAX_NUMBERS + 1];
    let (mut rest, mut start, mut n) = (value.of(text), value.start, 0);
    loop {
        let constant = rest.iter().position(u8::is_ascii_digit).unwrap_or(rest.len());
        pieces[n] = Span { start, len: constant as u32 };
        rest = &rest[constant..];
        if rest.is_empty() {
            return Some((pieces, n));
        }
        if n == MAX_NUMBERS {
            return None;
        }
        let digits = digits(rest);
        start += (constant + digits) as u32;
        rest = &rest[digits..];
        n += 1;
    }
}

impl Layout {
    /// Appends a column if all its values are laid out as the first is; `false` (and nothing appended) if not.
    pub(super) fn encode(&mut self, form: u8, text: &[u8], cells: &[Span], out: &mut Streams) -> bool {
        let Some(first) = cells.first() else { return false };
        let Some((pieces, n)) = pieces(text, *first).filter(|(_, n)| *n > 0) else { return false };
        let read = if n == 1 {
            self.read_one(pieces[0], pieces[1], text, cells)
        } else {
            self.read(&pieces[..=n], text, cells)
        };
        if !read {
            return false;
        }
        out.forms.extend_from_slice(&[form, n as u8]);
        for piece in &pieces[..=n] {
            put_varint(&mut out.forms, u64::from(piece.len));
            out.words.extend_from_slice(piece.of(text));
        }
        for (numbers, &width) in self.numbers[..n].iter().zip(&self.widths) {
            out.forms.push(width);
            numbers::encode(numbers, out);
        }
        true
    }

    /// [`Layout::read`] for the commonest case.
    fn read_one(&mut self, head: Span, tail: Span, text: &[u8], cells: &[Span]) -> bool {
        let numbers = &mut self.numbers[0];
        numbers.clear();
        numbers.reserve(cells.len());
        let (mut plain, mut fixed, mut len) = (true, true, 0);
        for cell in cells {
            let end = cell.start as usize + cell.len as usize;
            let Some(at) = before(text, cell.start as usize, head) else { return false };
            let Some((v, digits)) = parse(text, at, end) else { return false };
            plain &= text[at] != b'0' || digits == 1;
            fixed &= len == 0 || len == digits;
            if !plain && !fixed || before(text, at + digits, tail) != Some(end) {
                return false;
            }
            len = digits;
            numbers.push(v);
        }
        self.widths[0] = if plain { PLAIN } else { len as u8 };
        true
    }

    /// Reads all values; `false` when one has another layout.
    fn read(&mut self, pieces: &[Span], text: &[u8], cells: &[Span]) -> bool {
        let (Some((last, pieces)), n) = (pieces.split_last(), pieces.len() - 1) else { return false };
        let (mut plain, mut fixed, mut len) = ([true; MAX_NUMBERS], [true; MAX_NUMBERS], [0; MAX_NUMBERS]);
        self.numbers.iter_mut().for_each(Vec::clear);
        for cell in cells {
            let mut at = cell.start as usize;
            let end = at + cell.len as usize;
            for (i, piece) in pieces.iter().enumerate() {
                let Some((v, digits)) = before(text, at, *piece).and_then(|at| parse(text, at, end)) else {
                    return false;
                };
                at += piece.len as usize;
                plain[i] &= text[at] != b'0' || digits == 1;
                fixed[i] &= len[i] == 0 || len[i] == digits;
                if !plain[i] && !fixed[i] {
                    return false;
                }
                len[i] = digits;
                self.numbers[i].push(v);
                at += digits;
            }
            if before(text, at, *last) != Some(end) {
                return false;
            }
        }
        for i in 0..n {
            self.widths[i] = if plain[i] { PLAIN } else { len[i] as u8 };
        }
        true
    }
}

/// Where what follows `piece` begins, if it is at `text[at..]`.
#[inline]
fn before(text: &[u8], at: usize, piece: Span) -> Option<usize> {
    let (start, len) = (piece.start as usize, piece.len as usize);
    (at + len <= text.len() && equal(text, at, text, start, len)).then_some(at + len)
}

/// A column of such values while it is read.
#[derive(Clone, Copy)]
pub(super) struct LaidOut<'a> {
    pieces: [&'a [u8]; MAX_NUMBERS + 1],
    widths: [u8; MAX_NUMBERS],
    count: usize,
    /// Where its numbers begin; they stand number by number.
    pool: usize,
    rows: usize,
}

impl<'a> LaidOut<'a> {
    /// Reads what [`Layout::encode`] wrote behind the form; the numbers are appended to `pool`.
    pub(super) fn decode(rows: usize, from: &mut Source<'a>, pool: &mut Vec<u64>) -> Option<Self> {
        let count = usize::from(from.forms.byte()?);
        let start = pool.len();
        let mut this = Self { pieces: [&[]; MAX_NUMBERS + 1], widths: [0; MAX_NUMBERS], count, pool: start, rows };
        for piece in this.pieces.get_mut(..=count)? {
            *piece = from.words.take(from.forms.varint()?)?;
        }
        for width in this.widths.get_mut(..count)? {
            *width = from.forms.byte()?;
            numbers::decode(rows, from, pool)?;
        }
        Some(this)
    }

    /// Writes the value of one row and returns where it ends.
    #[inline]
    pub(super) fn write(&self, row: usize, pool: &[u64], out: &mut [u8], mut at: usize) -> Option<usize> {
        for i in 0..self.count {
            at = put(out, at, self.pieces[i])?;
            let v = *pool.get(self.pool + i * self.rows + row)?;
            let n = if self.widths[i] == PLAIN { width(v) } else { usize::from(self.widths[i]) };
            write_digits(v, out.get_mut(at..at + n)?);
            at += n;
        }
        put(out, at, self.pieces[self.count])
    }
}
