//! Joins the lines of records that have a beginning and an end of their own: a JSON object written over several lines,
//! a query with its head in a slow query log, a run in apt's history, an entry of the journal's export.
//!
//! The reading thread puts it between [`super::LineFramer`] and the parsers. A line that opens nothing passes through; of
//! one that does, and those behind it, a single [`Line`] is made once the end has come. Lines that turn out to be no
//! such record are handed out one by one, as they came. It knows no formats.

use super::lines::Line;
use super::object::{Object, opens_object};
use super::{MAX_RECORD_BYTES, MAX_RECORD_LINES};

/// What is being joined.
#[derive(Clone, Copy, Debug)]
enum Block {
    Object(Object),
    /// `# Time: ...`, `# User@Host: ...`, ..., `SELECT ...;`. True once the query itself has begun.
    SlowQuery(bool),
    /// `Start-Date: ...` to `End-Date: ...`
    AptRun,
    /// `__CURSOR=...` to an empty line.
    JournalEntry,
}

/// What a line means to the open block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// It belongs to it.
    More,
    /// It is its last.
    Last,
    /// It ends it and says nothing itself.
    Mark,
    /// It is another record's; the block is complete without it.
    Next,
    /// There was no block after all.
    Broken,
}

/// A held line: where its text ends in the joined text, and the rest of it.
#[derive(Clone, Copy, Debug)]
struct Held {
    end: usize,
    offset: u64,
    next_offset: u64,
    cut: bool,
    lossy: bool,
    continued: bool,
}

/// The joiner. One per source.
#[derive(Debug, Default)]
pub struct BlockJoiner {
    block: Option<Block>,
    text: String,
    held: Vec<Held>,
}

impl BlockJoiner {
    /// With nothing open.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether lines are held because more of their record is to come.
    pub const fn is_open(&self) -> bool {
        self.block.is_some()
    }

    /// Takes a line, and hands out what is complete.
    pub fn push(&mut self, line: Line<'_>, mut sink: impl FnMut(Line<'_>)) {
        if self.block.is_some() && self.held_line(&line, &mut sink) {
            return;
        }
        match opens(line.text) {
            Some(block) if !line.cut && !line.continued => {
                self.block = Some(block);
                self.hold(&line);
            }
            _ => sink(line),
        }
    }

    /// No more lines for now: what is held is handed out. An object that is not closed comes as the lines it is made of,
    /// the others end where their lines end.
    pub fn flush(&mut self, mut sink: impl FnMut(Line<'_>)) {
        match self.block {
            Some(Block::Object(_)) => self.hand_out_lines(&mut sink),
            Some(_) => self.hand_out(&mut sink),
            None => {}
        }
    }

    /// Gives the line to the open block; false when it is still to be dealt with.
    fn held_line(&mut self, line: &Line<'_>, sink: &mut impl FnMut(Line<'_>)) -> bool {
        let full = self.held.len() >= MAX_RECORD_LINES || self.text.len() + line.text.len() > MAX_RECORD_BYTES;
        let step = match &mut self.block {
            _ if full || line.cut => Step::Broken,
            Some(Block::Object(object)) => object_step(object, line.text),
            Some(Block::SlowQuery(begun)) => query_step(begun, line.text),
            Some(Block::AptRun) => apt_step(line.text),
            Some(Block::JournalEntry) => journal_step(line.text),
            None => return false,
        };
        match step {
            Step::More => self.hold(line),
            Step::Last => {
                self.hold(line);
                self.hand_out(sink);
            }
            Step::Mark => {
                if let Some(last) = self.held.last_mut() {
                    last.next_offset = line.next_offset;
                }
                self.hand_out(sink);
            }
            Step::Next => self.hand_out(sink),
            Step::Broken => self.hand_out_lines(sink),
        }
        !matches!(step, Step::Next | Step::Broken)
    }

    fn hold(&mut self, line: &Line<'_>) {
        if !self.held.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(line.text);
        let Line { offset, next_offset, cut, lossy, continued, .. } = *line;
        self.held.push(Held { end: self.text.len(), offset, next_offset, cut, lossy, continued });
    }

    /// As one line.
    fn hand_out(&mut self, sink: &mut impl FnMut(Line<'_>)) {
        if let (Some(first), Some(last)) = (self.held.first(), self.held.last()) {
            sink(Line {
                text: &self.text,
                offset: first.offset,
                next_offset: last.next_offset,
                cut: false,
                lossy: self.held.iter().any(|h| h.lossy),
                continued: first.continued,
            });
        }
        self.clear();
    }

    /// Line by line.
    fn hand_out_lines(&mut self, sink: &mut impl FnMut(Line<'_>)) {
        let mut start = 0;
        for held in &self.held {
            let Held { end, offset, next_offset, cut, lossy, continued } = *held;
            let text = self.text.get(start..end).unwrap_or_default();
            sink(Line { text, offset, next_offset, cut, lossy, continued });
            start = end + 1;
        }
        self.clear();
    }

    fn clear(&mut self) {
        self.block = None;
        self.held.clear();
        self.text.clear();
        if self.text.capacity() > 64 * 1024 {
            self.text = String::new();
        }
    }
}

/// The block that a line opens. Asked for every line: the first byte turns nearly all away.
fn opens(line: &str) -> Option<Block> {
    match line.as_bytes().first()? {
        b'{' => opens_object(line).map(Block::Object),
        b'#' if line.starts_with("# Time: ") || line.starts_with("# User@Host: ") => Some(Block::SlowQuery(false)),
        b'S' if line.starts_with("Start-Date: ") => Some(Block::AptRun),
        b'_' if line.starts_with("__CURSOR=") => Some(Block::JournalEntry),
        _ => None,
    }
}

fn object_step(object: &mut Object, line: &str) -> Step {
    match object.take(line) {
        None => Step::Broken,
        Some(true) => Step::Last,
        Some(false) => Step::More,
    }
}

fn query_step(begun: &mut bool, line: &str) -> Step {
    if line.starts_with("# Time: ") || *begun && line.starts_with("# User@Host: ") {
        return Step::Next;
    }
    if line.starts_with('#') || line.starts_with("use ") || line.starts_with("SET timestamp=") {
        return if *begun { Step::Next } else { Step::More };
    }
    *begun = true;
    if line.trim_end().ends_with(';') { Step::Last } else { Step::More }
}

fn apt_step(line: &str) -> Step {
    let key = line.split_once(": ").map_or("", |(key, _)| key);
    match key {
        "End-Date" => Step::Last,
        "Start-Date" => Step::Next,
        "" => Step::Broken,
        key if key.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-') => Step::More,
        _ => Step::Broken,
    }
}

fn journal_step(line: &str) -> Step {
    if line.is_empty() {
        return Step::Mark;
    }
    if line.starts_with("__CURSOR=") {
        return Step::Next;
    }
    let key = line.split('=').next().unwrap_or_default();
    let named = !key.is_empty() && key.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    if named && key.len() < line.len() { Step::More } else { Step::Broken }
}
