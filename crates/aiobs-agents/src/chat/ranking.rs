//! What lines rank: how often they name an address, an account, a page, and how long things took. From the newest lines
//! that were read; says of itself how many those were. Used by the facts; pure.

use super::measures::{By, took};
use aiobs_types::{LogRecord, RecordId, TemplateId};
use std::collections::HashMap;

/// Different names kept.
const MOST: usize = 20_000;
/// Slowest lines kept, and how many of one kind.
const SLOWEST: (usize, usize) = (8, 4);

/// One name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    /// As lines write it.
    pub(crate) name: String,
    /// Lines that name it.
    pub(crate) lines: u64,
    /// Of those, lines that say how long something took.
    pub(crate) timed: u64,
    /// The longest of these times, nanoseconds.
    pub(crate) longest: i64,
    total: i128,
}

impl Row {
    /// The mean time, nanoseconds; 0 without any.
    pub(crate) fn mean(&self) -> i64 {
        i64::try_from(self.total / i128::from(self.timed.max(1))).unwrap_or(i64::MAX)
    }
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ranking {
    /// By what.
    pub(crate) by: Option<By>,
    /// Lines read.
    pub(crate) read: u64,
    /// Lines that name one.
    pub(crate) named: u64,
    /// Lines that say how long something took.
    pub(crate) timed: u64,
    /// Names, those with the most lines first, or the slowest first.
    pub(crate) rows: Vec<Row>,
    /// The slowest lines: how long, and which, slowest first.
    pub(crate) slowest: Vec<(i64, RecordId)>,
}

impl Ranking {
    /// Reads lines; `slow` ranks by time.
    pub(crate) fn of(records: &[LogRecord], by: Option<By>, slow: bool) -> Self {
        let mut out = Self { by, read: records.len() as u64, ..Self::default() };
        let mut rows: HashMap<&str, Row> = HashMap::new();
        let mut times: Vec<(i64, RecordId, Kind<'_>)> = Vec::new();
        for record in records {
            let time = if slow { took(&record.text) } else { None };
            out.timed += u64::from(time.is_some());
            let names = by.map(|by| by.names(&record.text)).unwrap_or_default();
            times.extend(time.map(|t| (t, record.id, (record.template, names.first().copied().unwrap_or_default()))));
            out.named += u64::from(!names.is_empty());
            for name in names {
                if rows.len() >= MOST && !rows.contains_key(name) {
                    continue;
                }
                let row = rows.entry(name).or_default();
                row.lines += 1;
                if let Some(t) = time {
                    row.timed += 1;
                    row.longest = row.longest.max(t);
                    row.total += i128::from(t);
                }
            }
        }
        out.rows = rows.into_iter().map(|(name, row)| Row { name: name.to_owned(), ..row }).collect();
        if slow {
            out.rows.retain(|r| r.timed > 0);
            out.rows.sort_by(|a, b| (b.mean(), b.longest, &a.name).cmp(&(a.mean(), a.longest, &b.name)));
        } else {
            out.rows.sort_by(|a, b| (b.lines, &a.name).cmp(&(a.lines, &b.name)));
        }
        out.slowest = slowest(times);
        out
    }
}

/// A template, and what its line names first.
type Kind<'a> = (TemplateId, &'a str);

/// The longest, of each kind of line a few.
fn slowest(mut times: Vec<(i64, RecordId, Kind<'_>)>) -> Vec<(i64, RecordId)> {
    times.sort_by_key(|(t, id, _)| std::cmp::Reverse((*t, *id)));
    let mut of_kind: HashMap<Kind<'_>, usize> = HashMap::new();
    let mut out = Vec::new();
    for (t, id, kind) in times {
        let n = of_kind.entry(kind).or_default();
        *n += 1;
        if *n <= SLOWEST.1 && out.len() < SLOWEST.0 {
            out.push((t, id));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> Vec<LogRecord> {
        let text = |i: u64| match i % 4 {
            0 => format!("request GET /report 200 in {} s user=7", 2 + i),
            1 => format!("request GET /cart?x={i} 200 in {i} ms user={i}"),
            2 => "checkpoint".to_owned(),
            _ => format!("request GET /cart 404 in {i} ms"),
        };
        (0..12)
            .map(|i| LogRecord {
                id: RecordId(i),
                template: TemplateId((i % 4) as u32),
                text: text(i),
                ..LogRecord::default()
            })
            .collect()
    }

    #[test]
    fn names_are_counted_and_times_averaged() {
        let most = Ranking::of(&lines(), Some(By::Path), false);
        let rows: Vec<(&str, u64)> = most.rows.iter().map(|r| (r.name.as_str(), r.lines)).collect();
        assert_eq!((rows.as_slice(), most.named, most.read), ([("/cart", 6), ("/report", 3)].as_slice(), 9, 12));
        let slow = Ranking::of(&lines(), Some(By::Path), true);
        assert_eq!((slow.rows[0].name.as_str(), slow.rows[0].mean() / 1_000_000_000), ("/report", 6));
        assert_eq!((slow.timed, slow.slowest[0]), (9, (10_000_000_000, RecordId(8))));
        assert_eq!(slow.slowest.iter().filter(|(t, _)| *t > 1_000_000_000).count(), 3, "of each kind a few");
        assert_eq!(Ranking::of(&lines(), Some(By::Account), false).rows.len(), 4);
        assert!(Ranking::of(&[], None, true).slowest.is_empty());
    }
}
