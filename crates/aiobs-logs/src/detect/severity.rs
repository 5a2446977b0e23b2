//! The record's own word: its level. A record that states none is never judged by it.

use aiobs_types::{Level, Severity};

/// Whether the severity alone makes a record an anomaly.
pub(super) fn fires(severity: Severity, min: Level) -> bool {
    let level = severity.level();
    level != Level::Unset && level >= min.max(Level::Trace)
}
