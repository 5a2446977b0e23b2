//! The values that a message has at its placeholders, for statistics on them.

use super::class::Placeholder;
use super::scan::{Sink, first_line, scan};

struct Values<'a> {
    line: &'a str,
    out: Vec<(Placeholder, &'a str)>,
}

impl Sink for Values<'_> {
    fn text(&mut self, _: &[u8]) {}
    fn mask(&mut self, kind: Placeholder, value: &[u8]) {
        // The scanner hands out parts of the line; their place in it gives the text back without copying.
        let start = value.as_ptr() as usize - self.line.as_ptr() as usize;
        if let Some(text) = self.line.get(start..start + value.len()) {
            self.out.push((kind, text));
        }
    }
    fn end_word(&mut self) {}
}

/// The values in a message that are plainly values, in order, with their kinds. Words that became variables only
/// through their variants are not among them.
pub fn placeholder_values(message: &str) -> Vec<(Placeholder, &str)> {
    let line = first_line(message);
    let Some(text) = message.get(line.as_ptr() as usize - message.as_ptr() as usize..) else { return Vec::new() };
    let mut sink = Values { line: text, out: Vec::new() };
    scan(line, &mut sink);
    sink.out
}

struct EachValue<'a, F> {
    line: &'a [u8],
    take: F,
}

impl<F: FnMut(Placeholder, std::ops::Range<usize>)> Sink for EachValue<'_, F> {
    fn text(&mut self, _: &[u8]) {}
    fn mask(&mut self, kind: Placeholder, value: &[u8]) {
        let start = value.as_ptr() as usize - self.line.as_ptr() as usize;
        (self.take)(kind, start..start + value.len());
    }
    fn end_word(&mut self) {}
}

/// The same without a list: the kind of each value and where it stands in the first line of the message, which is handed
/// back.
pub(crate) fn each_value(message: &str, take: impl FnMut(Placeholder, std::ops::Range<usize>)) -> &[u8] {
    let line = first_line(message);
    scan(line, &mut EachValue { line, take });
    line
}

struct Constants<'a> {
    each: &'a mut dyn FnMut(&str, bool),
}

impl Sink for Constants<'_> {
    fn text(&mut self, bytes: &[u8]) {
        (self.each)(&String::from_utf8_lossy(bytes), false);
    }
    fn mask(&mut self, kind: Placeholder, value: &[u8]) {
        if matches!(kind, Placeholder::Host) {
            (self.each)(&String::from_utf8_lossy(value), true);
        }
    }
    fn end_word(&mut self) {}
}

/// The constant text of a message, piece by piece, and the names of hosts in it (told by the second argument).
pub(crate) fn constant_words(message: &str, each: &mut dyn FnMut(&str, bool)) {
    scan(first_line(message), &mut Constants { each });
}
