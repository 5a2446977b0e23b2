//! Forgetting: whole chunks that are too old or too many are dropped, and the file shrinks.

use crate::error::{Doing, Result};
use crate::kept;
use crate::writer::Writer;
use aiobs_types::Timestamp;
use std::time::Duration;

const DOING: &str = "dropping old records";

/// How much is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Records are kept this long after they happened or were read, whichever is later (so that importing an old
    /// log does not lose it at once); spans and metrics this long after they began. When a clock went wrong, what
    /// was read before and after tells when a record was read, and no record happened long after that.
    pub max_age: Option<Duration>,
    /// Bytes of compressed records that are kept; the oldest go first.
    pub max_bytes: Option<u64>,
}

/// What was dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetainReport {
    /// Records dropped.
    pub records: u64,
    /// Chunks dropped.
    pub chunks: u64,
    /// Compressed bytes dropped.
    pub bytes: u64,
}

/// How far after it was read an event time may be and still be believed, nanoseconds: zones differ by 26 hours.
const AHEAD: i64 = 26 * 3_600 * 1_000_000_000;

/// The chunks whose records happened and were read before `before`, rising. Chunks stand in the order in which they were
/// read: one that seems to have been read before its predecessor was read after it, and one from the future before its
/// successor.
fn outdated(conn: &rusqlite::Connection, now: i64, before: i64) -> rusqlite::Result<Vec<i64>> {
    let mut statement = conn.prepare_cached("SELECT first, max_time, max_observed FROM chunk ORDER BY first")?;
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    let mut chunks: Vec<(i64, i64, i64)> = rows.collect::<rusqlite::Result<_>>()?;
    let mut latest = i64::MIN;
    for (_, _, read) in chunks.iter_mut().filter(|c| c.2 <= now) {
        latest = latest.max(*read);
        *read = latest;
    }
    let mut next = now;
    for (_, _, read) in chunks.iter_mut().rev() {
        *read = (*read).min(next);
        next = *read;
    }
    let old = |(_, happened, read): &&(i64, i64, i64)| (*happened).min(read.saturating_add(AHEAD)).max(*read) < before;
    Ok(chunks.iter().filter(old).map(|c| c.0).collect())
}

impl Writer {
    /// Drops what `policy` does not keep. The tail is never dropped. Returns what went.
    ///
    /// # Errors
    /// Faults of the disk; then nothing was dropped.
    pub fn retain(&mut self, policy: &Retention, now: Timestamp) -> Result<RetainReport> {
        let next = self.next_record_id().0 as i64;
        let tx = self.conn.transaction().doing(DOING)?;
        let mut report = RetainReport::default();
        let mut drop_where = |condition: &str, value: i64| -> rusqlite::Result<()> {
            let sql =
                format!("DELETE FROM chunk WHERE sealed = 1 AND {condition} RETURNING count, stored_bytes, first");
            let mut statement = tx.prepare_cached(&sql)?;
            let mut rows = statement.query([value])?;
            while let Some(row) = rows.next()? {
                report.chunks += 1;
                let count: i64 = row.get(0)?;
                kept::forget(&tx, row.get(2)?, count)?;
                report.records += count as u64;
                report.bytes += row.get::<_, i64>(1)? as u64;
            }
            Ok(())
        };
        if let Some(age) = policy.max_age {
            let before = now.0.saturating_sub(i64::try_from(age.as_nanos()).unwrap_or(i64::MAX));
            for first in outdated(&tx, now.0, before).doing(DOING)? {
                drop_where("first = ?", first).doing(DOING)?;
            }
            tx.execute("DELETE FROM span WHERE start < ?", [before]).doing(DOING)?;
            tx.execute("DELETE FROM metric WHERE time < ?", [before]).doing(DOING)?;
            tx.execute("DELETE FROM answer WHERE time < ?", [before]).doing(DOING)?;
        }
        if let Some(most) = policy.max_bytes {
            // Sums from the newest on; the first chunk that goes past the cap and all older ones are dropped.
            let condition = "first <= (SELECT max(first) FROM (SELECT first, sum(stored_bytes) \
                             OVER (ORDER BY first DESC) AS held FROM chunk) WHERE held > ?)";
            drop_where(condition, i64::try_from(most).unwrap_or(i64::MAX)).doing(DOING)?;
        }
        if report.chunks > 0 {
            tx.execute("INSERT OR REPLACE INTO counter(name, value) VALUES('next_record', ?)", [next]).doing(DOING)?;
        }
        tx.commit().doing(DOING)?;
        if report.chunks > 0 {
            self.shrink()?;
        }
        Ok(report)
    }

    /// Gives free pages back to the file system.
    fn shrink(&self) -> Result<()> {
        let mut statement = self.conn.prepare("PRAGMA incremental_vacuum").doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        while rows.next().doing(DOING)?.is_some() {}
        drop(rows);
        drop(statement);
        self.checkpoint_wal()
    }
}
