//! Lines inside of lines: what a container runtime wrapped (CRI, docker) is opened, and put together again when it came
//! in pieces. Used by the pipeline only.

use super::Pending;
use aiobs_logs::format::{Parsed, SourceParser};
use aiobs_types::{Severity, Timestamp, flags};
use std::borrow::Cow;

impl Pending {
    /// Reads what is inside of an envelope if it can be read only now: a line that came in pieces, or a JSON object over
    /// several lines.
    pub(super) fn read_whole(&mut self, parser: &mut SourceParser, now: Timestamp) {
        let inside = self.text.get(self.inside as usize..).unwrap_or_default();
        let object = self.parsed.enveloped && inside.starts_with("{\n") && inside.trim_end().ends_with('}');
        if object {
            // Its message is a part of it, not its first line and all that follow.
            self.flags &= !flags::MULTILINE;
        } else if !std::mem::take(&mut self.joined) {
            return;
        }
        let end = if object { self.text.len() } else { first_line_len(&self.text) };
        let Some(text) = self.text.get(self.inside as usize..end) else { return };
        let inner = parser.parse_inner(text, now);
        if inner.severity != Severity::UNSET {
            self.parsed.severity = inner.severity;
        }
        let component = slice(text, inner.component);
        if !component.is_empty() {
            component.clone_into(&mut self.component);
        }
        self.parsed.message = (self.inside + inner.message.0, self.inside + inner.message.1);
    }
}

/// For a line in an envelope (CRI, docker): the level, component and message of the line inside, and that line. The
/// component is given as text when it is not a part of the outer line.
pub(super) fn open_envelope<'a>(
    parser: &mut SourceParser,
    line: &'a str,
    outer: Parsed,
    now: Timestamp,
) -> (Parsed, Option<String>, Option<Cow<'a, str>>) {
    if !outer.enveloped {
        return (outer, None, None);
    }
    let text = SourceParser::unwrap(line, &outer);
    let inner = parser.parse_inner(&text, now);
    let severity = if inner.severity == Severity::UNSET { outer.severity } else { inner.severity };
    let component = slice(&text, inner.component).to_owned();
    let message = match text {
        Cow::Borrowed(_) => (outer.message.0 + inner.message.0, outer.message.0 + inner.message.1),
        Cow::Owned(_) => without_breaks(line, outer.message),
    };
    let (recognised, time) = (inner.recognised, outer.time.or(inner.time));
    (Parsed { recognised, severity, message, time, ..outer }, Some(component), Some(text))
}

/// The range without the escaped line breaks at its end.
fn without_breaks(line: &str, range: (u32, u32)) -> (u32, u32) {
    let mut text = slice(line, range);
    while let Some(shorter) = text.strip_suffix("\\n").or_else(|| text.strip_suffix("\\r")) {
        text = shorter;
    }
    (range.0, range.0 + text.len() as u32)
}

pub(super) fn first_line_len(text: &str) -> usize {
    memchr::memchr(b'\n', text.as_bytes()).unwrap_or(text.len())
}

pub(super) fn slice(text: &str, range: (u32, u32)) -> &str {
    text.get(range.0 as usize..range.1 as usize).unwrap_or(text)
}
