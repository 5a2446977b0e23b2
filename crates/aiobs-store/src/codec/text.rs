//! The texts of a chunk taken apart into shapes and columns of values, and put together again. Used by the codec,
//! which compresses the streams; it does not know compression.

use super::shapes::{NONE, Shapes};
use super::split::Span;
use super::streams::{Source, Streams};
use super::values::{Column, Columns};
use crate::bytes::{put, put_varint};
use aiobs_types::RecordMeta;

/// A shape that fewer records have is not worth its columns.
const MIN_RECORDS: u32 = 4;
/// Number of "no shape" in what is stored.
pub(super) const WHOLE: u32 = 0;

/// Takes texts apart, reusing its buffers.
pub(super) struct Splitter {
    shapes: Shapes,
    spans: Vec<Span>,
    /// Per record: where its values begin.
    firsts: Vec<u32>,
    /// Per record: its shape; [`WHOLE`] for none, otherwise counted from 1 without gaps.
    pub(super) ids: Vec<u32>,
    /// Shapes stored, in the order of their numbers.
    kept: Vec<u32>,
    renumber: Vec<u32>,
    /// Records by shape.
    order: Vec<u32>,
    ends: Vec<u32>,
    cells: Vec<Span>,
    times: Vec<i64>,
    columns: Columns,
}

impl Splitter {
    pub(super) fn new() -> Self {
        Self {
            shapes: Shapes::new(),
            spans: Vec::new(),
            firsts: Vec::new(),
            ids: Vec::new(),
            kept: Vec::new(),
            renumber: Vec::new(),
            order: Vec::new(),
            ends: Vec::new(),
            cells: Vec::new(),
            times: Vec::new(),
            columns: Columns::default(),
        }
    }

    /// Number of shapes of the texts taken apart last, with [`WHOLE`].
    pub(super) fn shape_count(&self) -> usize {
        self.kept.len() + 1
    }

    /// Stores the texts as they are: quick, for what is soon written anew.
    pub(super) fn leave_whole(&mut self, rows: &[RecordMeta], text: &str, out: &mut Streams) {
        out.clear();
        self.kept.clear();
        self.ids.clear();
        self.ids.resize(rows.len(), WHOLE);
        put_varint(&mut out.forms, 0);
        out.whole.extend_from_slice(text.as_bytes());
    }

    /// Takes the texts of `rows`, which lie one after the other in `text`, apart.
    pub(super) fn split(&mut self, rows: &[RecordMeta], text: &str, out: &mut Streams) {
        out.clear();
        let text = text.as_bytes();
        self.find_shapes(rows, text);
        self.number_shapes();
        self.sort();
        put_varint(&mut out.forms, self.kept.len() as u64);
        for &shape in &self.kept {
            let shape = &self.shapes.all()[shape as usize];
            let (lens, bytes) = self.shapes.pieces(shape);
            put_varint(&mut out.forms, shape.holes() as u64);
            for &n in lens {
                put_varint(&mut out.forms, u64::from(n));
            }
            out.constants.extend_from_slice(bytes);
        }
        self.write_columns(rows, text, out);
        let mut at = 0;
        for (row, &id) in rows.iter().zip(&self.ids) {
            let end = at + row.len as usize;
            if id == WHOLE {
                out.whole.extend_from_slice(&text[at..end]);
            }
            at = end;
        }
    }

    fn find_shapes(&mut self, rows: &[RecordMeta], text: &[u8]) {
        self.shapes.clear();
        self.spans.clear();
        self.firsts.clear();
        self.ids.clear();
        let mut at = 0;
        for row in rows {
            let end = at + row.len as usize;
            self.firsts.push(self.spans.len() as u32);
            let hint = if row.shape == 0 { row.template.0 } else { u32::from(row.shape) };
            self.ids.push(self.shapes.find(text, at, end, hint, &mut self.spans));
            at = end;
        }
    }

    /// Gives the shapes worth it their numbers.
    fn number_shapes(&mut self) {
        self.kept.clear();
        self.renumber.clear();
        for (i, shape) in (0..).zip(self.shapes.all()) {
            if shape.count >= MIN_RECORDS {
                self.kept.push(i);
                self.renumber.push(self.kept.len() as u32);
            } else {
                self.renumber.push(WHOLE);
            }
        }
        for id in &mut self.ids {
            *id = if *id == NONE { WHOLE } else { self.renumber[*id as usize] };
        }
    }

    /// Sorts the records by shape, stable.
    fn sort(&mut self) {
        sort_by(&self.ids, self.kept.len() + 1, &mut self.ends, &mut self.order);
    }

    fn write_columns(&mut self, rows: &[RecordMeta], text: &[u8], out: &mut Streams) {
        for (i, &shape) in self.kept.iter().enumerate() {
            let order = &self.order[self.ends[i] as usize..self.ends[i + 1] as usize];
            self.times.clear();
            self.times.extend(order.iter().map(|&r| rows[r as usize].time.0));
            for hole in 0..self.shapes.all()[shape as usize].holes() {
                self.cells.clear();
                let cell = |&r: &u32| self.spans[self.firsts[r as usize] as usize + hole];
                self.cells.extend(order.iter().map(cell));
                self.columns.encode(text, &self.cells, &self.times, out);
            }
        }
    }
}

/// Sorts record numbers by `ids`, which are below `count`, stable; `ends` gets where each id's records end in `order`.
fn sort_by(ids: &[u32], count: usize, ends: &mut Vec<u32>, order: &mut Vec<u32>) {
    ends.clear();
    ends.resize(count, 0);
    for &id in ids {
        ends[id as usize] += 1;
    }
    let mut sum = 0;
    for end in ends.iter_mut() {
        let count = std::mem::replace(end, sum);
        sum += count;
    }
    order.clear();
    order.resize(ids.len(), 0);
    for (row, &id) in (0..).zip(ids) {
        let at = &mut ends[id as usize];
        order[*at as usize] = row;
        *at += 1;
    }
}

/// Puts the texts of `rows` together again, whose shapes are `ids`; `None` when the bytes are damaged. With `wanted`,
/// only those of these shapes, the others' bytes stay zero. Allocates in proportion to `bytes`, the length of the
/// result, and to `ids`.
pub(super) fn join(
    rows: &[RecordMeta],
    ids: &[u32],
    wanted: Option<&[bool]>,
    bytes: usize,
    mut from: Source<'_>,
) -> Option<Vec<u8>> {
    let wanted = |shape: usize| wanted.is_none_or(|w| w.get(shape) == Some(&true));
    let shapes = usize::try_from(from.forms.varint()?).ok()?;
    if shapes > rows.len() || ids.iter().any(|&id| id as usize > shapes) {
        return None;
    }
    let (mut ends, mut order) = (Vec::new(), Vec::new());
    sort_by(ids, shapes + 1, &mut ends, &mut order);
    let mut out = vec![0; bytes];
    for &r in order[..ends[0] as usize].iter().filter(|_| wanted(WHOLE as usize)) {
        let row = &rows[r as usize];
        put(&mut out, row.start as usize, from.whole.take(u64::from(row.len))?)?;
    }
    let dictionary = dictionary(shapes, &mut from)?;
    let (mut columns, mut pool) = (Vec::new(), Vec::new());
    for (i, pieces) in dictionary.iter().enumerate() {
        let order = &order[ends[i] as usize..ends[i + 1] as usize];
        let (last, pieces) = pieces.split_last()?;
        columns.clear();
        pool.clear();
        for _ in pieces {
            columns.push(Column::decode(order.len(), &mut from, &mut pool)?);
            if pool.len() > bytes {
                return None;
            }
        }
        if !wanted(i + 1) {
            continue;
        }
        for (n, &r) in order.iter().enumerate() {
            let row = &rows[r as usize];
            let mut at = row.start as usize;
            for (piece, column) in pieces.iter().zip(&mut columns) {
                at = put(&mut out, at, piece)?;
                at = column.write(n, row.time.0, &pool, &mut out, at)?;
            }
            at = put(&mut out, at, last)?;
            if at != row.start as usize + row.len as usize {
                return None;
            }
        }
    }
    Some(out)
}

/// The pieces of every shape.
fn dictionary<'a>(shapes: usize, from: &mut Source<'a>) -> Option<Vec<Vec<&'a [u8]>>> {
    let mut all = Vec::with_capacity(shapes);
    for _ in 0..shapes {
        let holes = from.forms.varint()?;
        let mut pieces = Vec::new();
        for _ in 0..=holes {
            pieces.push(from.constants.take(from.forms.varint()?)?);
        }
        all.push(pieces);
    }
    Some(all)
}
