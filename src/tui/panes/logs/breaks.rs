//! Where something is missing between two lines of the list, and the line that says so: nothing was logged for long,
//! older lines are still being read, or they were left out.

use super::state::State;
use super::window::Window;
use crate::tui::action::{Action, Context};
use crate::tui::format;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::text;
use aiobs_types::{LogRecord, RecordId, SourceId};
use ratatui::text::Line;
use std::collections::HashMap;

/// A pause is told when it is so many times the usual distance of records...
const PAUSE_FACTOR: i64 = 10;
/// ...and at least this long, nanoseconds.
const PAUSE_LEAST: i64 = 10_000_000_000;
/// Fewer rows than this have no usual distance.
const PAUSE_ROWS: usize = 8;

/// What is missing before a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Break {
    /// Nothing was logged for so long, nanoseconds.
    Pause(i64),
    /// Older lines of the source are still being read.
    Unread(SourceId),
    /// So many bytes of the source's file were left out.
    LeftOut(SourceId, u64),
}

impl State {
    /// Finds what is missing between the rows at hand.
    pub(super) fn find_breaks(&mut self, by_time: bool, cx: &PaneCx<'_>) {
        let w = &mut self.window;
        w.breaks = if by_time { pauses(&w.rows) } else { HashMap::new() };
        for record in &w.rows {
            if w.edges.contains(&record.id) {
                w.breaks.insert(record.id, Break::Unread(record.source));
            }
        }
        for source in cx.snapshot.sources.iter().filter(|s| !s.info.skipped.is_empty()) {
            for record in w.rows.iter().filter(|r| r.source == source.info.id && !r.id.is_preview()) {
                if let Some(part) = source.info.skipped.iter().find(|part| part.to == record.offset) {
                    w.breaks.insert(record.id, Break::LeftOut(record.source, part.len()));
                }
            }
        }
    }
}

/// Long pauses between neighbours. Long is what is far over the
/// usual distance of the rows at hand.
pub(super) fn pauses(rows: &[LogRecord]) -> HashMap<RecordId, Break> {
    let distance = |pair: &[LogRecord]| pair[1].time.0.saturating_sub(pair[0].time.0);
    let mut usual: Vec<i64> = rows.windows(2).map(distance).collect();
    if rows.len() < PAUSE_ROWS {
        return HashMap::new();
    }
    usual.sort_unstable();
    let quarter = usual.get(usual.len() * 3 / 4).copied().unwrap_or(0);
    let least = quarter.saturating_mul(PAUSE_FACTOR).max(PAUSE_LEAST);
    let long = |pair: &[LogRecord]| {
        Some((pair[1].id, distance(pair))).filter(|(_, d)| *d >= least).map(|(id, d)| (id, Break::Pause(d)))
    };
    rows.windows(2).filter_map(long).collect()
}

impl Window {
    /// Screen rows of what is missing before a record.
    pub(super) fn break_rows(breaks: &HashMap<RecordId, Break>, r: &LogRecord) -> usize {
        usize::from(breaks.contains_key(&r.id))
    }
}

/// The line that says what is missing before `r`; `indent` cells stand before the messages.
pub(super) fn line(what: Break, r: &LogRecord, indent: usize, width: usize, cx: &PaneCx<'_>) -> Line<'static> {
    let dash = cx.glyphs.dash;
    let key = |action| cx.keys(Context::Logs, action);
    let (indent, said, role) = match what {
        Break::Pause(nanos) => (indent, format!("{} without records", format::duration(nanos)), Role::Faint),
        Break::Unread(source) => {
            let how_far = progress(source, cx).map(|said| format!(", {said}")).unwrap_or_default();
            let name = name(source, cx);
            let said = format!("{name}older lines are being read{how_far}; {} stops that", key(Action::StopOlder));
            (1, said, Role::Progress)
        }
        Break::LeftOut(source, bytes) => {
            let (bytes, time) = (format::bytes(bytes), cx.clock.hm(r.time));
            let name = name(source, cx);
            (1, format!("{name}{bytes} before {time} not read; {} reads them", key(Action::ReadOlder)), Role::Dim)
        }
    };
    let said = format!("{}{dash} {said} {dash}", " ".repeat(indent));
    Line::styled(text::truncate(&said, width, cx.glyphs.ellipsis).into_owned(), cx.style(role))
}

/// The last part of a source's name, to begin a sentence with.
fn name(source: SourceId, cx: &PaneCx<'_>) -> String {
    let name = cx.snapshot.sources.iter().find(|s| s.info.id == source).map_or("", |s| s.info.name.as_str());
    let last = name.rsplit('/').next().unwrap_or(name);
    if last.is_empty() { String::new() } else { format!("{}: ", text::safe_for(last, cx.glyphs.ascii)) }
}

/// How far the reading of a source has come, such as `62 %, 3 s left`.
fn progress(source: SourceId, cx: &PaneCx<'_>) -> Option<String> {
    let row = cx.snapshot.sources.iter().find(|s| s.info.id == source && s.info.size > 0)?;
    let share = format::percent(row.info.read.min(row.info.size) as f64 / row.info.size as f64);
    Some(row.left.map_or_else(|| share.clone(), |left| format!("{share}, {} left", format::left(left))))
}

/// What is said of all files whose older lines are being read, such as `older lines 62 %, 3 s`.
pub(super) fn reading(cx: &PaneCx<'_>) -> Option<String> {
    let (share, left) = format::backfill(cx.snapshot)?;
    let left = left.map(|left| format!(", {}", format::left(left))).unwrap_or_default();
    Some(format!("older lines {:.0} %{left}", (share * 100.0).floor()))
}

/// What is said as long as parts of files are left out, such as `12 MiB not read, R`.
pub(super) fn left_out(cx: &PaneCx<'_>) -> Option<String> {
    let parts = cx.snapshot.sources.iter().flat_map(|s| &s.info.skipped);
    let bytes: u64 = parts.map(aiobs_types::Skipped::len).sum();
    let key = cx.keys(Context::Logs, Action::ReadOlder);
    (bytes > 0).then(|| format!("{} not read, {key} reads them", format::bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aiobs_types::Timestamp;

    fn rows(secs: &[i64]) -> Vec<LogRecord> {
        let row =
            |(i, s): (u64, &i64)| LogRecord { id: RecordId(i), time: Timestamp::from_secs(*s), ..LogRecord::default() };
        (1..).zip(secs).map(row).collect()
    }

    fn secs_of(what: Break) -> i64 {
        match what {
            Break::Pause(nanos) => nanos / 1_000_000_000,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_pause_is_long_against_what_is_usual() {
        let told = |secs: &[i64]| {
            let mut found: Vec<(u64, i64)> =
                pauses(&rows(secs)).into_iter().map(|(id, what)| (id.0, secs_of(what))).collect();
            found.sort_unstable();
            found
        };
        assert_eq!(told(&[0, 1, 2, 3, 4, 844, 845, 846, 847]), [(6, 840)]);
        // A line a minute is usual there.
        assert_eq!(told(&[0, 60, 120, 180, 240, 300, 360, 420, 480]), []);
        // Nine seconds are no pause, however busy it is around.
        assert_eq!(told(&[0, 0, 0, 0, 0, 9, 9, 9, 9]), []);
        assert_eq!(told(&[0, 3_000, 9_000]), [], "too few to tell what is usual");
    }
}
