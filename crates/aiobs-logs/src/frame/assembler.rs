//! Joins the lines of a stack trace to the record they belong to.
//!
//! The reading thread asks it for every line. A pure state machine: no I/O, no clock, no knowledge of formats beyond the
//! [`LineHint`] a parser gives.

use super::grammar::{self, Header};
use aiobs_types::{Level, Severity};

/// A record takes at most this many lines.
pub const MAX_RECORD_LINES: usize = 1_000;
/// A record that has reached this many bytes takes no further line.
pub const MAX_RECORD_BYTES: usize = 256 * 1024;

/// What the format's parser made of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineHint {
    /// It understood the line as the start of a record.
    pub recognised: bool,
    /// Severity it read from the line.
    pub severity: Severity,
    /// Byte range of the message within the line.
    pub body: (u32, u32),
    /// The format wraps every physical line (CRI, docker), so only the body can tell whether a record goes on.
    pub enveloped: bool,
}

/// Where a line belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// It begins a record.
    Start,
    /// It goes on with the record before.
    Continue,
}

/// What was seen of a trace in the record that is being put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Trace {
    #[default]
    None,
    /// Java, .NET, Node and everything else that begins with an exception's name.
    Exception,
    /// Between `Traceback` and the line that ends it.
    Python,
    /// Behind that line, where a chained exception may follow.
    PythonEnd,
    /// Behind the sentence that announces a chained exception.
    PythonChain,
    Go,
    /// Behind `panicked at`: the next line is the message.
    RustMessage,
    Rust,
    /// Behind `/path/file.js:12`, where source, caret, blank line and the error follow.
    NodePlace,
    /// Behind that error, where a blank line and the version of Node may follow.
    Node,
}

/// What the assembler made of a line that began a record; the same for all lines of a shape.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    trace: Trace,
    recognised: bool,
    indent: usize,
}

/// The state machine. One per source.
#[derive(Debug, Default)]
pub struct Assembler {
    open: bool,
    trace: Trace,
    severity: Severity,
    /// The record's first line was recognised by the format.
    recognised: bool,
    /// Indent of the record's first line.
    indent: usize,
    last_indented: bool,
    lines: usize,
    bytes: usize,
}

impl Assembler {
    /// With no record pending.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets the pending record: the next line starts one.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Whether the pending record may well grow: hold it for some 30 ms at the end of the file before it is passed on.
    pub fn expects_more(&self) -> bool {
        self.open && (self.trace != Trace::None || self.lines > 1 || self.troubled())
    }

    /// Decides where `line` belongs and takes note of it.
    pub fn classify(&mut self, line: &str, hint: &LineHint) -> Join {
        let body = line.get(hint.body.0 as usize..hint.body.1 as usize).filter(|b| !b.is_empty());
        let text = match body {
            Some(body) => body,
            None if hint.enveloped => "",
            None => line,
        };
        let judged = if hint.enveloped { text } else { line };
        let full = self.lines >= MAX_RECORD_LINES || self.bytes + line.len() > MAX_RECORD_BYTES;
        let own = hint.recognised && !hint.enveloped;
        if !own && self.open && !full && self.continues(judged) {
            self.lines += 1;
            self.bytes += line.len() + 1;
            self.last_indented = grammar::indent(judged) > 0;
            return Join::Continue;
        }
        self.start(text, judged, hint, line.len());
        Join::Start
    }

    /// What the last line was taken for, after [`Self::classify`] said that it begins a record.
    pub const fn opening(&self) -> Opening {
        Opening { trace: self.trace, recognised: self.recognised, indent: self.indent }
    }

    /// Begins a record with a line of `bytes` bytes like one that was classified before.
    pub const fn open(&mut self, as_before: Opening, severity: Severity, bytes: usize) {
        let Opening { trace, recognised, indent } = as_before;
        *self = Self { open: true, trace, severity, recognised, indent, last_indented: false, lines: 1, bytes };
    }

    fn start(&mut self, text: &str, judged: &str, hint: &LineHint, bytes: usize) {
        // A format may have taken `panic:` at the front for a level.
        let header = grammar::header(text).or_else(|| grammar::inner_header(text)).or_else(|| grammar::header(judged));
        let trace = match header {
            Some(header) => opened(header),
            None if grammar::node_place(text) => Trace::NodePlace,
            None => Trace::None,
        };
        *self = Self {
            open: true,
            trace,
            severity: hint.severity,
            recognised: hint.recognised,
            indent: grammar::indent(judged),
            last_indented: false,
            lines: 1,
            bytes,
        };
    }

    /// At warning level or above: a trace behind it is most likely its own.
    fn troubled(&self) -> bool {
        self.severity.level() >= Level::Warn
    }

    fn continues(&mut self, line: &str) -> bool {
        if line.trim_ascii().is_empty() {
            return matches!(
                self.trace,
                Trace::Go | Trace::Rust | Trace::PythonEnd | Trace::PythonChain | Trace::NodePlace | Trace::Node
            );
        }
        let indent = grammar::indent(line);
        if indent > 0 {
            // A text whose every line is indented has no indent to go by.
            return self.recognised || indent > self.indent || self.trace != Trace::None;
        }
        if self.last_indented && grammar::closer(line) {
            return true;
        }
        if self.trace == Trace::None { self.opens(line) } else { self.goes_on(line) }
    }

    /// The first line of a trace directly behind a line that is none.
    fn opens(&mut self, line: &str) -> bool {
        let header = grammar::header(line);
        let joins = match header {
            Some(Header::Exception) => self.recognised && self.lines == 1 && self.severity.level() != Level::Info,
            Some(_) => self.troubled(),
            None => (self.troubled() || !self.recognised) && grammar::java_part(line),
        };
        if joins {
            self.trace = header.map_or(Trace::Exception, opened);
        }
        joins
    }

    /// A further line of a trace, not indented.
    fn goes_on(&mut self, line: &str) -> bool {
        let next = match self.trace {
            Trace::Exception if grammar::java_part(line) || grammar::node_part(line) => Trace::Exception,
            // `Exception in thread Thread-1:` is followed by the traceback itself.
            Trace::Exception if self.lines == 1 && grammar::header(line) == Some(Header::Python) => Trace::Python,
            Trace::Python if self.last_indented && grammar::python_end(line) => Trace::PythonEnd,
            Trace::PythonEnd if grammar::python_chain(line) => Trace::PythonChain,
            Trace::PythonChain if grammar::header(line) == Some(Header::Python) => Trace::Python,
            Trace::Go if grammar::go_part(line) => Trace::Go,
            Trace::RustMessage => Trace::Rust,
            Trace::Rust if grammar::rust_part(line) => Trace::Rust,
            Trace::NodePlace if grammar::header(line) == Some(Header::Exception) => Trace::Node,
            Trace::Node if grammar::frame(line) || grammar::node_part(line) => Trace::Node,
            _ => return false,
        };
        self.trace = next;
        true
    }
}

fn opened(header: Header) -> Trace {
    match header {
        Header::Python => Trace::Python,
        Header::Go => Trace::Go,
        Header::Rust => Trace::RustMessage,
        Header::Exception => Trace::Exception,
    }
}
