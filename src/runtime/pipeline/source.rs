//! What is known of one source between its lines: how far it is, how it is read, and the record that may still grow.
//! Puts lines together to records; what becomes of a record is not known here.

use super::envelope::{first_line_len, open_envelope, slice};
use super::older::Older;
use super::recall::{Lesson, Met};
use aiobs_logs::format::{Parsed, SourceParser};
use aiobs_logs::frame::{Assembler, Join, Line, LineHint};
use aiobs_logs::source::CursorTracker;
use aiobs_types::{Checkpoint, Timestamp, flags};

/// A joined record is cut here, bytes.
const MAX_RECORD: usize = 1 << 20;

/// How far ahead of the wall clock an event time may be and still count as now, nanoseconds: zones differ by 26 hours.
pub(super) const FUTURE: i64 = 26 * 3_600 * 1_000_000_000;

/// A record that may still grow by continuation lines.
#[derive(Default)]
pub(super) struct Pending {
    pub(super) open: bool,
    pub(super) text: String,
    pub(super) parsed: Parsed,
    pub(super) component: String,
    pub(super) offset: u64,
    pub(super) next_offset: u64,
    pub(super) flags: u8,
    /// The next line goes on in the middle of this one (CRI).
    pub(super) partial: bool,
    /// It is more than one such line: what is inside can be read only now.
    pub(super) joined: bool,
    /// Where the text inside the envelope begins.
    pub(super) inside: u32,
    /// What is known of it, when its shape was met before.
    pub(super) met: Option<Met>,
    /// What was learnt from it, when its shape was not.
    pub(super) lesson: Option<Lesson>,
}

/// Per-source state beside the framer (apart from it so that both can be borrowed at once).
pub(super) struct SourceState {
    pub(super) checkpoint: Checkpoint,
    /// Component of lines that name none: what the file is called.
    pub(super) fallback: String,
    pub(super) parser: SourceParser,
    pub(super) assembler: Assembler,
    pub(super) pending: Pending,
    pub(super) moved: bool,
    /// Knows the place in what is no file.
    pub(super) tracker: Option<CursorTracker>,
    /// A part is read that had been left out.
    pub(super) older: Option<Older>,
}

/// What a line says that begins a record.
pub(super) struct Begins {
    /// The line as it stands.
    pub(super) outer: Parsed,
    /// The same with what is inside of its envelope.
    pub(super) parsed: Parsed,
    /// Its component, when that is not a part of the line.
    pub(super) component: Option<String>,
}

/// A complete record, beside what is pending.
pub(super) struct Whole {
    pub(super) time: Timestamp,
    pub(super) flags: u8,
    /// Byte range of the message.
    pub(super) message: (u32, u32),
}

impl SourceState {
    /// A record begins with this line.
    pub(super) fn begin(&mut self, line: &Line<'_>, parsed: Parsed, component: &str) {
        if let Some(tracker) = &mut self.tracker {
            tracker.see(line.text);
        }
        let pending = &mut self.pending;
        pending.open = true;
        pending.partial = false;
        pending.joined = false;
        pending.text.clear();
        pending.text.push_str(line.text);
        pending.component.clear();
        pending.component.push_str(if component.is_empty() { &self.fallback } else { component });
        pending.parsed = parsed;
        pending.offset = line.offset;
        pending.next_offset = line.next_offset;
        pending.flags = line_flags(line);
        pending.met = None;
        pending.lesson = None;
    }

    /// The checkpoint if it moved since the last call.
    pub(super) fn checkpoint(&mut self) -> Option<Checkpoint> {
        if !std::mem::take(&mut self.moved) {
            return None;
        }
        let format = self.parser.format_name();
        if self.checkpoint.format.as_deref() != Some(format) {
            self.checkpoint.format = Some(format.to_owned());
        }
        if let Some(token) = self.tracker.as_ref().and_then(CursorTracker::token) {
            self.checkpoint.cursor = Some(token);
        }
        Some(self.checkpoint.clone())
    }

    /// The same for a line that was read by [`SourceState::join`].
    pub(super) fn begin_read(&mut self, line: &Line<'_>, outer: &Parsed, parsed: Parsed, component: Option<&str>) {
        self.begin(line, parsed, component.unwrap_or_else(|| slice(line.text, parsed.component)));
        self.pending.partial = outer.partial;
        self.pending.inside = outer.message.0;
    }

    /// Reads a line. One that goes on with the pending record is joined to it; of another one it says what it begins.
    pub(super) fn join(&mut self, line: &Line<'_>, now: Timestamp) -> Option<Begins> {
        let outer = self.parser.parse(line.text, now);
        let (parsed, component, inside) = open_envelope(&mut self.parser, line.text, outer, now);
        let (judged, body) = match &inside {
            Some(inside) => (inside.as_ref(), (0, inside.len() as u32)),
            None => (line.text, outer.message),
        };
        let hint =
            LineHint { recognised: parsed.recognised, severity: parsed.severity, body, enveloped: outer.enveloped };
        let join = self.assembler.classify(judged, &hint);
        let pending = &mut self.pending;
        let fits = pending.open && pending.text.len() + line.text.len() < MAX_RECORD;
        if !(fits && (pending.partial || matches!(join, Join::Continue))) {
            return Some(Begins { outer, parsed, component });
        }
        if let Some(tracker) = &mut self.tracker {
            tracker.see(line.text);
        }
        if !pending.partial {
            pending.text.push('\n');
            pending.flags |= flags::MULTILINE;
        }
        pending.text.push_str(judged);
        if pending.partial && pending.flags & flags::MULTILINE == 0 {
            pending.parsed.message.1 = pending.text.len() as u32;
            pending.joined = true;
        }
        pending.partial = outer.partial;
        pending.next_offset = line.next_offset;
        pending.flags |= line_flags(line);
        None
    }

    /// The pending record is complete: the source has come so far. `None` when there is none, or nothing in it.
    pub(super) fn complete(&mut self, now: Timestamp) -> Option<Whole> {
        let pending = &mut self.pending;
        if !std::mem::take(&mut pending.open) {
            return None;
        }
        if pending.parsed.enveloped {
            pending.read_whole(&mut self.parser, now);
        }
        let last_time = match &mut self.older {
            None => {
                self.checkpoint.offset = pending.next_offset;
                &mut self.checkpoint.last_time
            }
            Some(older) => older.come_to(pending.next_offset, &mut self.checkpoint),
        };
        if let Some(tracker) = &mut self.tracker {
            tracker.settle();
        }
        self.moved = true;
        if pending.text.is_empty() {
            return None;
        }
        let mut bits = pending.flags;
        let time = pending.parsed.time.unwrap_or_else(|| {
            bits |= flags::INHERITED_TIME;
            last_time.unwrap_or(now)
        });
        if time <= now.plus(FUTURE) {
            *last_time = Some(time);
        }
        self.checkpoint.first_time = Some(self.checkpoint.first_time.map_or(time, |t| t.min(time)));
        self.checkpoint.records += 1;
        let several = bits & flags::MULTILINE != 0;
        let message = if several && pending.parsed.message.1 as usize >= first_line_len(&pending.text) {
            (pending.parsed.message.0, pending.text.len() as u32)
        } else {
            pending.parsed.message
        };
        Some(Whole { time, flags: bits, message })
    }
}

fn line_flags(line: &Line<'_>) -> u8 {
    (if line.cut { flags::CUT } else { 0 })
        | (if line.lossy { flags::LOSSY } else { 0 })
        | (if line.continued { flags::CONTINUED } else { 0 })
}
