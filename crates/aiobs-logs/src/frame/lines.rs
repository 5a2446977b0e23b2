//! Splits a source's bytes into lines.
//!
//! Used per source by the reading thread. A line that lies inside one block is borrowed from it; only the unfinished
//! end of a block is copied. It does not know what a record is.

use memchr::{memchr, memchr_iter, memrchr};

/// Longest text of a line in bytes; what is beyond is skipped and the line is marked as cut.
pub const MAX_LINE: usize = 1 << 20;

/// One line of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Text without its line break (`\n` or `\r\n`) and without a byte order mark.
    pub text: &'a str,
    /// Offset of its first byte in the source.
    pub offset: u64,
    /// Offset of the first byte behind it, line break included.
    pub next_offset: u64,
    /// It was longer than [`MAX_LINE`]; the rest was skipped.
    pub cut: bool,
    /// Bytes that were not UTF-8 were replaced by U+FFFD.
    pub lossy: bool,
    /// The beginning of this line was already handed out by [`LineFramer::finish`].
    pub continued: bool,
}

/// Cuts the blocks of one source into lines. The lines do not depend on how the bytes were split into blocks, and their
/// offsets cover the input without gap or overlap.
#[derive(Debug, Default)]
pub struct LineFramer {
    /// Beginning of a line whose end has not come yet, at most `MAX_LINE + 1` bytes (one more for a carriage return).
    pending: Vec<u8>,
    /// Bytes of that line that came after `pending` was full.
    skipped: u64,
    /// Offset of the pending line's first byte.
    start: u64,
    continued: bool,
    scratch: String,
}

impl LineFramer {
    /// A framer at the start of a source.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets an unfinished line; the next block may have any offset.
    pub fn reset(&mut self) {
        self.pending = Vec::new();
        self.skipped = 0;
        self.continued = false;
    }

    /// Bytes of the line that has begun but not ended.
    pub fn pending(&self) -> u64 {
        self.pending.len() as u64 + self.skipped
    }

    /// Bytes of memory in use.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.pending.capacity() + self.scratch.capacity()
    }

    /// Takes the block that begins at `offset` and hands out every line that ends in it. A block that does not follow on
    /// the one before ends a pending line first.
    pub fn push(&mut self, offset: u64, bytes: &[u8], mut sink: impl FnMut(Line<'_>)) {
        if self.pending() == 0 {
            self.continued &= self.start == offset;
            self.start = offset;
        } else if self.start + self.pending() != offset {
            self.finish(&mut sink);
            self.start = offset;
            self.continued = false;
        }
        let mut rest = bytes;
        if self.pending() > 0 || self.continued {
            let Some(end) = memchr(b'\n', bytes) else {
                self.hold(bytes);
                return;
            };
            self.hold(&bytes[..end]);
            self.emit_pending(1, &mut sink);
            rest = &bytes[end + 1..];
        }
        if let Some(last) = memrchr(b'\n', rest) {
            let (whole, tail) = rest.split_at(last + 1);
            self.emit_block(whole, &mut sink);
            rest = tail;
        }
        self.hold(rest);
    }

    /// Hands out the pending line although its line break has not come. If more of it comes, that is a line of its own
    /// with [`Line::continued`] set.
    pub fn finish(&mut self, mut sink: impl FnMut(Line<'_>)) {
        if self.pending() > 0 {
            self.emit_pending(0, &mut sink);
            self.continued = true;
        }
    }

    fn hold(&mut self, bytes: &[u8]) {
        let room = (MAX_LINE + 1).saturating_sub(self.pending.len()).min(bytes.len());
        // A huge line must not double its way to twice the limit.
        self.pending.reserve_exact(if self.pending.len() > MAX_LINE / 4 {
            MAX_LINE + 1 - self.pending.len()
        } else {
            0
        });
        self.pending.extend_from_slice(&bytes[..room]);
        self.skipped += (bytes.len() - room) as u64;
    }

    /// `breaks` is 1 when the line break was seen, else 0.
    fn emit_pending(&mut self, breaks: u64, sink: &mut impl FnMut(Line<'_>)) {
        let span = Span {
            offset: self.start,
            next_offset: self.start + self.pending() + breaks,
            long: self.skipped > 0,
            continued: self.continued,
        };
        emit(&self.pending, span, &mut self.scratch, sink);
        if self.pending.capacity() > 64 * 1024 {
            self.pending = Vec::new();
            self.scratch = String::new();
        } else {
            self.pending.clear();
        }
        self.skipped = 0;
        self.start = span.next_offset;
        self.continued = false;
    }

    /// `block` consists of whole lines; it is checked for UTF-8 at once, and line by line only when that fails.
    fn emit_block(&mut self, block: &[u8], sink: &mut impl FnMut(Line<'_>)) {
        let text = std::str::from_utf8(block).ok();
        let base = self.start;
        let mut from = 0;
        for end in memchr_iter(b'\n', block) {
            let (offset, next_offset) = (base + from as u64, base + end as u64 + 1);
            let to = if end > from && block[end - 1] == b'\r' { end - 1 } else { end };
            match text.and_then(|t| t.get(from..to)) {
                Some(line) if line.len() <= MAX_LINE && offset > 0 => {
                    sink(Line { text: line, offset, next_offset, cut: false, lossy: false, continued: false });
                }
                _ => {
                    let span = Span { offset, next_offset, long: false, continued: false };
                    emit(&block[from..end], span, &mut self.scratch, sink);
                }
            }
            from = end + 1;
        }
        self.start = base + block.len() as u64;
    }
}

#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) offset: u64,
    pub(super) next_offset: u64,
    pub(super) long: bool,
    pub(super) continued: bool,
}

/// The general way: byte order mark, carriage return, cut, invalid bytes.
pub(super) fn emit(raw: &[u8], span: Span, scratch: &mut String, sink: &mut impl FnMut(Line<'_>)) {
    let mut raw = if span.long { raw } else { raw.strip_suffix(b"\r").unwrap_or(raw) };
    let cut = span.long || raw.len() > MAX_LINE;
    if cut {
        raw = &raw[..boundary(raw, MAX_LINE)];
    }
    if span.offset == 0 {
        raw = raw.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(raw);
    }
    let line = |text, lossy| Line {
        text,
        offset: span.offset,
        next_offset: span.next_offset,
        cut,
        lossy,
        continued: span.continued,
    };
    if let Ok(text) = std::str::from_utf8(raw) {
        sink(line(text, false));
        return;
    }
    scratch.clear();
    for chunk in raw.utf8_chunks() {
        scratch.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            scratch.push(char::REPLACEMENT_CHARACTER);
        }
    }
    scratch.truncate(scratch.floor_char_boundary(MAX_LINE));
    sink(line(scratch, true));
}

/// The last place at or before `at` that does not split a UTF-8 sequence.
fn boundary(raw: &[u8], at: usize) -> usize {
    if raw.len() <= at {
        return raw.len();
    }
    (at.saturating_sub(3)..=at).rev().find(|&i| raw[i] & 0xC0 != 0x80).unwrap_or(at)
}
