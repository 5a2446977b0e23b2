//! One log record, as read back from the archive.

use crate::{RecordId, Severity, SourceId, TemplateId, Timestamp};
use serde::{Deserialize, Serialize};

/// Bits of [`LogRecord::flags`].
pub mod flags {
    /// The record has no time of its own; it carries its predecessor's (or the observed time if there is none).
    pub const INHERITED_TIME: u8 = 1;
    /// The line was longer than 1 MiB and was cut.
    pub const CUT: u8 = 1 << 1;
    /// Bytes that were not UTF-8 were replaced by U+FFFD.
    pub const LOSSY: u8 = 1 << 2;
    /// First record of a template never seen before.
    pub const NEW_TEMPLATE: u8 = 1 << 3;
    /// A detector fired on this record.
    pub const ANOMALY: u8 = 1 << 4;
    /// Lines were joined to its first one (a stack trace, say).
    pub const MULTILINE: u8 = 1 << 5;
    /// The rest of a line whose beginning was already stored.
    pub const CONTINUED: u8 = 1 << 6;
}

/// A stored record. Text is valid UTF-8 but otherwise as it came: it may hold control characters and must be
/// neutralised before it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRecord {
    /// Number in the archive.
    pub id: RecordId,
    /// Event time.
    pub time: Timestamp,
    /// When it was read.
    pub observed: Timestamp,
    /// Severity, [`Severity::UNSET`] when the line does not say.
    pub severity: Severity,
    /// Where it came from.
    pub source: SourceId,
    /// Byte offset of its first byte in the source's file.
    pub offset: u64,
    /// Its template.
    pub template: TemplateId,
    /// Bits of [`flags`].
    pub flags: u8,
    /// Logger, service or program that wrote it; empty when unknown.
    pub component: String,
    /// The whole text, without the final line break; lines of a multi-line record are separated by `\n`.
    pub text: String,
    /// Byte range of the message in `text` (after time, level, component); the whole text when not told apart.
    pub message: (u32, u32),
}

impl LogRecord {
    /// The message part of the text.
    pub fn message(&self) -> &str {
        self.text.get(self.message.0 as usize..self.message.1 as usize).unwrap_or(&self.text)
    }

    /// Whether a bit of [`flags`] is set.
    pub const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// One named value found in a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Name as written, dotted for nested objects.
    pub name: String,
    /// Value as text, unescaped.
    pub value: String,
}
