//! The shapes of a chunk: constant texts with holes for values, each kept once. Used by the text codec; it does not
//! know how values are stored.
//!
//! A shape is looked up by the hash of its constant text and then compared byte by byte, so that texts whose hashes
//! collide are never mixed up.

use super::split::{START, Span, split, value_end};
use crate::bytes::equal;

/// Records with more values than this keep their text as it is.
pub(super) const MAX_HOLES: usize = 200;
/// A chunk has no more shapes than this; what would be a further one keeps its text.
pub(super) const MAX_SHAPES: usize = 2048;
/// Marks a record without a shape.
pub(super) const NONE: u32 = u32::MAX;
const SLOTS: usize = MAX_SHAPES * 4;
/// Shapes remembered by what is known of their lines.
const HINTS: usize = 4096;

/// One shape: pieces of constant text with a hole after each but the last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shape {
    hash: u64,
    /// Where its constant text begins in the arena.
    text: u32,
    /// Range of its pieces' lengths.
    pieces: (u32, u32),
    /// Records that have it.
    pub(super) count: u32,
}

impl Shape {
    pub(super) const fn holes(&self) -> usize {
        (self.pieces.1 - self.pieces.0) as usize - 1
    }
}

/// The shapes met in one chunk.
pub(super) struct Shapes {
    all: Vec<Shape>,
    arena: Vec<u8>,
    lens: Vec<u32>,
    /// Per piece: hash of the constant text up to its end.
    hashes: Vec<u64>,
    /// The same of the text at hand.
    at_hand: Vec<u64>,
    slots: Vec<u32>,
    hints: Vec<u32>,
}

impl Shapes {
    pub(super) fn new() -> Self {
        Self {
            all: Vec::new(),
            arena: Vec::new(),
            lens: Vec::new(),
            hashes: Vec::new(),
            at_hand: Vec::new(),
            slots: vec![NONE; SLOTS],
            hints: vec![NONE; HINTS],
        }
    }

    pub(super) fn clear(&mut self) {
        self.all.clear();
        self.arena.clear();
        self.lens.clear();
        self.hashes.clear();
        self.slots.fill(NONE);
        self.hints.fill(NONE);
    }

    pub(super) fn all(&self) -> &[Shape] {
        &self.all
    }

    /// Lengths of the constant pieces and the pieces, one after the other.
    pub(super) fn pieces(&self, shape: &Shape) -> (&[u32], &[u8]) {
        let lens = &self.lens[shape.pieces.0 as usize..shape.pieces.1 as usize];
        let bytes = lens.iter().sum::<u32>() as usize;
        (lens, &self.arena[shape.text as usize..shape.text as usize + bytes])
    }

    /// Finds or makes the shape of `text[start..end]`, appends its values to `spans` and returns its number, or
    /// [`NONE`] (and no values) when it should be stored as it is. Records of one `hint` often share their shape.
    pub(super) fn find(&mut self, text: &[u8], start: usize, end: usize, hint: u32, spans: &mut Vec<Span>) -> u32 {
        let before = spans.len();
        let hint = hint as usize % HINTS;
        let hinted = self.hints[hint];
        let (mut from, mut hash) = (start, START);
        self.at_hand.clear();
        if let Some(shape) = self.all.get(hinted as usize) {
            if self.fits(shape, text, start, end, spans) {
                self.all[hinted as usize].count += 1;
                return hinted;
            }
            // As far as it did fit, the values and the hash are known.
            let first = shape.pieces.0 as usize;
            self.at_hand.extend_from_slice(&self.hashes[first..first + spans.len() - before]);
            if let (Some(last), Some(&known)) = (spans[before..].last(), self.at_hand.last()) {
                (from, hash) = ((last.start + last.len) as usize, known);
            }
        }
        let hash = split(text, from, end, hash, spans, &mut self.at_hand);
        if spans.len() - before > MAX_HOLES {
            spans.truncate(before);
            return NONE;
        }
        let mut slot = (hash >> 32) as usize % SLOTS;
        loop {
            let number = self.slots[slot];
            let Some(shape) = self.all.get(number as usize) else { break };
            if shape.hash == hash && self.is_same(shape, text, start, end, &spans[before..]) {
                self.all[number as usize].count += 1;
                self.hints[hint] = number;
                return number;
            }
            slot = (slot + 1) % SLOTS;
        }
        if self.all.len() == MAX_SHAPES {
            spans.truncate(before);
            return NONE;
        }
        let number = self.all.len() as u32;
        self.slots[slot] = number;
        self.hints[hint] = number;
        self.add(hash, text, start, end, &spans[before..]);
        number
    }

    fn add(&mut self, hash: u64, text: &[u8], start: usize, end: usize, spans: &[Span]) {
        let (arena, first) = (self.arena.len() as u32, self.lens.len() as u32);
        let mut from = start;
        for s in spans {
            self.lens.push(s.start - from as u32);
            self.arena.extend_from_slice(&text[from..s.start as usize]);
            from = (s.start + s.len) as usize;
        }
        self.lens.push((end - from) as u32);
        self.hashes.extend_from_slice(&self.at_hand);
        self.hashes.push(hash);
        self.arena.extend_from_slice(&text[from..end]);
        self.all.push(Shape { hash, text: arena, pieces: (first, self.lens.len() as u32), count: 1 });
    }

    /// Whether the text around `spans` is the shape's.
    fn is_same(&self, shape: &Shape, text: &[u8], start: usize, end: usize, spans: &[Span]) -> bool {
        if shape.holes() != spans.len() {
            return false;
        }
        let lens = &self.lens[shape.pieces.0 as usize..shape.pieces.1 as usize];
        let (mut from, mut constant) = (start, shape.text as usize);
        let ends = spans.iter().map(|s| (s.start as usize, (s.start + s.len) as usize)).chain([(end, end)]);
        for (&len, (stop, next)) in lens.iter().zip(ends) {
            let len = len as usize;
            if stop - from != len || !equal(text, from, &self.arena, constant, len) {
                return false;
            }
            (from, constant) = (next, constant + len);
        }
        true
    }

    /// Whether the text can be read as this shape; appends the values on the way.
    fn fits(&self, shape: &Shape, text: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) -> bool {
        let lens = &self.lens[shape.pieces.0 as usize..shape.pieces.1 as usize];
        let Some((last, lens)) = lens.split_last() else { return false };
        let (mut at, mut constant) = (start, shape.text as usize);
        for &len in lens {
            let begin = at + len as usize;
            if begin >= end || !equal(text, at, &self.arena, constant, len as usize) {
                return false;
            }
            let stop = value_end(text, begin, end);
            if stop == begin {
                return false;
            }
            spans.push(Span { start: begin as u32, len: (stop - begin) as u32 });
            (at, constant) = (stop, constant + len as usize);
        }
        end - at == *last as usize && equal(text, at, &self.arena, constant, *last as usize)
    }
}
