//! The order in which a large file is read: its end is shown before the rest has been read, what lies between can be
//! left out, and what was left out can be read later. Part of the tail; offsets here are always at line breaks.

use super::{Sink, Tail};
use crate::source::{
    SourceEvent,
    file::Open,
    identity::{self, Look},
    shared::Shared,
};
use aiobs_types::{Skipped, SourceState};
use std::{
    io,
    os::unix::fs::FileExt,
    time::{Duration, Instant},
};

/// With more than this unread, the end of a file is shown before it is read, bytes.
const LARGE: u64 = 8 << 20;
/// Of the end of a file so much is shown, bytes.
const END: u64 = 256 << 10;
/// The same once many files have shown theirs.
const SHORT_END: u64 = 16 << 10;
/// So many files show a long end.
const LONG_ENDS: usize = 32;
/// How often it is looked for more behind the end that is shown.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The end of a file that was handed out ahead of its reading.
#[derive(Debug)]
pub(in crate::source) struct Ahead {
    /// Offset of its first line.
    start: u64,
    /// Offset behind the last line that was handed out.
    end: u64,
    looked: Instant,
}

/// What was left out of the current file, and its later reading.
#[derive(Debug, Default)]
pub(super) struct Older {
    skipped: Vec<Skipped>,
    /// The part that is read now.
    back: Option<Back>,
    /// Someone wants what was left out.
    pub(super) wanted: bool,
}

/// Reading went back.
#[derive(Clone, Copy, Debug)]
struct Back {
    /// Where the part ends.
    to: u64,
    /// Where reading goes on after it.
    home: u64,
    /// The byte before that.
    last_byte: u8,
}

impl Older {
    pub(super) fn new(skipped: Vec<Skipped>) -> Self {
        Self { skipped, back: None, wanted: false }
    }

    /// Another file takes the place.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Bytes that may be read from `offset` on.
    pub(super) fn room(&self, offset: u64, most: usize) -> usize {
        self.back.map_or(most, |back| most.min(usize::try_from(back.to.saturating_sub(offset)).unwrap_or(most)))
    }

    /// Where reading goes on after the part that is read now; that part is then as far as it was read.
    pub(super) fn home(&mut self, offset: u64) -> Option<u64> {
        let back = self.back.take()?;
        self.skipped.iter_mut().filter(|part| part.to == back.to).for_each(|part| part.from = offset);
        self.skipped.retain(|part| !part.is_empty());
        Some(back.home)
    }
}

impl Tail {
    /// Hands out the end of a large file that will be read from its beginning, so that it can be shown.
    pub(super) fn look_ahead(&mut self, shared: &mut Shared, sink: &mut Sink<'_>) {
        let long = if shared.ends < LONG_ENDS { END } else { SHORT_END };
        let Some(open) = &mut self.current else { return };
        let wanted = shared.options.preview && open.packed.is_none() && !open.skip;
        if !wanted || open.size.saturating_sub(open.offset) <= LARGE {
            return;
        }
        // What cannot be shown now is read in its turn, and then it is told why not.
        if let Ok(Some((start, end))) = lines_from(open, open.size - long, long, false, &mut shared.buf) {
            let bytes = &shared.buf[..(end - start) as usize];
            if identity::look(bytes) == Look::Text {
                open.ahead = Some(Ahead { start, end, looked: Instant::now() });
                shared.ends += 1;
                sink(SourceEvent::Preview { source: self.id, offset: start, bytes, fresh: true });
            }
        }
    }

    /// After a block was read: what more there is to show of the end, or that the end is reached.
    pub(super) fn keep_ahead(&mut self, size: u64, shared: &mut Shared, sink: &mut Sink<'_>) {
        let Some(open) = &mut self.current else { return };
        if self.older.back.is_some_and(|back| open.offset >= back.to) {
            self.come_home(sink);
            return;
        }
        let before = self.older.back.is_some();
        let Some(ahead) = &mut open.ahead else { return };
        if open.offset >= ahead.start && !before {
            open.ahead = None;
        } else if size < ahead.end {
            open.ahead = None;
            sink(SourceEvent::PreviewGone { source: self.id });
        } else if size > ahead.end && ahead.looked.elapsed() >= LOOK_EVERY {
            ahead.looked = Instant::now();
            let (fresh, from) = if size - ahead.end > END { (true, size - END) } else { (false, ahead.end) };
            let known = ahead.end;
            if let Ok(Some((start, end))) = lines_from(open, from, size - from, !fresh, &mut shared.buf)
                && let Some(ahead) = &mut open.ahead
            {
                // Where reading goes on must not move away from a part that is read now.
                ahead.start = if fresh && !before { start } else { ahead.start.min(known) };
                ahead.end = end;
                let bytes = &shared.buf[..(end - start) as usize];
                sink(SourceEvent::Preview { source: self.id, offset: start, bytes, fresh });
            }
        }
    }

    /// Leaves out what lies before the end that is shown. Says whether there was something to leave out.
    pub(in crate::source) fn leave_out(&mut self, sink: &mut Sink<'_>) -> bool {
        if self.older.back.is_some() {
            return self.come_home(sink);
        }
        let Some(open) = &mut self.current else { return false };
        let Some(ahead) = open.ahead.take() else { return false };
        let there = open.file.metadata().is_ok_and(|meta| meta.len() >= ahead.end);
        if !there || open.offset >= ahead.start {
            return false;
        }
        self.older.skipped.push(Skipped { from: open.offset, to: ahead.start });
        open.offset = ahead.start;
        open.last_byte = b'\n';
        self.last = Some((open.identity, open.offset));
        sink(SourceEvent::Skipped { source: self.id, identity: open.identity, to: ahead.start });
        self.report(sink);
        true
    }

    /// Whether something was left out of the current file that is not being read now.
    pub(in crate::source) fn has_left_out(&self) -> bool {
        !self.older.skipped.is_empty() && self.older.back.is_none()
    }

    /// Asks for what was left out; it is read in the next steps.
    pub(in crate::source) fn want_left_out(&mut self) {
        self.older.wanted = true;
    }

    /// Goes back to the first part that was left out.
    pub(super) fn go_back(&mut self, shared: &mut Shared, sink: &mut Sink<'_>) {
        let Some(open) = self.current.as_mut().filter(|open| open.packed.is_none()) else { return };
        self.older.wanted = false;
        let Some(part) = self.older.skipped.first().copied().filter(|_| self.older.back.is_none()) else { return };
        // Reading may have stopped within a line; what there was of it was not stored.
        let Ok(from) = line_start(open, part.from, &mut shared.buf) else { return };
        let (home, to) = (open.offset, part.to);
        self.older.back = Some(Back { to, home, last_byte: open.last_byte });
        open.offset = from;
        // What comes meanwhile is shown from here on.
        open.ahead = (open.last_byte == b'\n').then(|| Ahead { start: home, end: home, looked: Instant::now() });
        sink(SourceEvent::Older { source: self.id, from, to });
        self.caught_up = false;
        self.resting = None;
        self.set_state(SourceState::Backfill, sink);
    }

    /// Goes on where reading was before it went back. Says whether it had gone back.
    pub(super) fn come_home(&mut self, sink: &mut Sink<'_>) -> bool {
        let Some(open) = &mut self.current else { return false };
        let last_byte = self.older.back.map(|back| back.last_byte);
        let Some(home) = self.older.home(open.offset) else { return false };
        open.offset = home;
        open.last_byte = last_byte.unwrap_or(b'\n');
        open.ahead = None;
        self.last = Some((open.identity, home));
        sink(SourceEvent::Home { source: self.id });
        // One part after the other.
        self.older.wanted = false;
        self.report(sink);
        true
    }
}

/// Where the line begins that `offset` is in.
fn line_start(open: &Open, offset: u64, buf: &mut [u8]) -> io::Result<u64> {
    let mut end = offset;
    while end > 0 {
        let from = end.saturating_sub(buf.len() as u64);
        let len = (end - from) as usize;
        open.file.read_exact_at(&mut buf[..len], from)?;
        if let Some(at) = memchr::memrchr(b'\n', &buf[..len]) {
            return Ok(from + at as u64 + 1);
        }
        end = from;
    }
    Ok(0)
}

/// Reads whole lines into `buf`; `at_line` when one begins at `from`. Where the first begins and the last ends.
fn lines_from(open: &Open, from: u64, len: u64, at_line: bool, buf: &mut [u8]) -> io::Result<Option<(u64, u64)>> {
    let room = buf.len().min(usize::try_from(len).unwrap_or(usize::MAX));
    let mut got = 0;
    while got < room {
        match open.file.read_at(&mut buf[got..room], from + got as u64) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    let bytes = &buf[..got];
    let first = if at_line { Some(0) } else { memchr::memchr(b'\n', bytes).map(|at| at + 1) };
    let last = memchr::memrchr(b'\n', bytes).map(|at| at + 1);
    let (Some(mut first), Some(last)) = (first, last) else { return Ok(None) };
    // A blank line is no record: the first one to be shown is the first one to be stored.
    while first < last && matches!(bytes[first], b'\n' | b'\r') {
        first += 1;
    }
    if first >= last {
        return Ok(None);
    }
    buf.copy_within(first..last, 0);
    Ok(Some((from + first as u64, from + last as u64)))
}
