//! The outbox: what remotes are to be sent, put in the same transaction as what it was made from, so that neither is
//! there without the other. Bounded per remote: beyond the limit the oldest entries go and are counted. Taken and
//! acknowledged in order; an entry that was sent but not acknowledged (a crash in between) is sent again.

use crate::error::{Doing, Result};
use crate::reader::Reader;
use rusqlite::{Connection, OptionalExtension, params};

const DOING: &str = "keeping what remotes are sent";
/// Entries kept per remote when nothing else is said.
pub(crate) const LIMIT: u32 = 20_000;

/// What a remote is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Name of the remote.
    pub remote: String,
    /// The sender's own form; the store does not look inside.
    pub body: String,
}

/// An entry that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Rises by age; never given twice.
    pub id: u64,
    /// As it was put.
    pub body: String,
}

/// How a remote's outbox stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxState {
    /// Entries that wait.
    pub waiting: u64,
    /// Entries dropped because too many waited, since the archive began.
    pub dropped: u64,
}

fn counter(remote: &str) -> String {
    format!("outbox_dropped:{remote}")
}

pub(crate) fn put(conn: &Connection, entries: &[OutboxEntry], limit: u32) -> Result<()> {
    let mut insert = conn.prepare_cached("INSERT INTO outbox(remote, body) VALUES(?, ?)").doing(DOING)?;
    for e in entries {
        insert.execute(params![e.remote, e.body]).doing(DOING)?;
    }
    let mut remotes: Vec<&str> = entries.iter().map(|e| e.remote.as_str()).collect();
    remotes.sort_unstable();
    remotes.dedup();
    remotes.into_iter().try_for_each(|remote| bound(conn, remote, limit))
}

/// Drops the oldest beyond the limit.
fn bound(conn: &Connection, remote: &str, limit: u32) -> Result<()> {
    let sql = "DELETE FROM outbox WHERE remote = ?1 AND id <= \
               (SELECT id FROM outbox WHERE remote = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)";
    let dropped = conn.prepare_cached(sql).doing(DOING)?.execute(params![remote, limit]).doing(DOING)?;
    if dropped > 0 {
        let sql = "INSERT INTO counter(name, value) VALUES(?, ?) \
                   ON CONFLICT(name) DO UPDATE SET value = value + excluded.value";
        let values = params![counter(remote), dropped as i64];
        conn.prepare_cached(sql).doing(DOING)?.execute(values).doing(DOING)?;
    }
    Ok(())
}

/// Forgets the entries of a remote up to and with `through`.
pub(crate) fn forget(conn: &Connection, remote: &str, through: u64) -> Result<()> {
    let sql = "DELETE FROM outbox WHERE remote = ? AND id <= ?";
    let through = through.min(i64::MAX as u64) as i64;
    conn.prepare_cached(sql).doing(DOING)?.execute(params![remote, through]).doing(DOING)?;
    Ok(())
}

impl Reader {
    /// The oldest entries of a remote, oldest first, at most `limit`.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn outbox(&self, remote: &str, limit: u32) -> Result<Vec<OutboxRow>> {
        let sql = "SELECT id, body FROM outbox WHERE remote = ? ORDER BY id LIMIT ?";
        let mut statement = self.conn.prepare_cached(sql).doing(DOING)?;
        let row = |r: &rusqlite::Row<'_>| Ok(OutboxRow { id: r.get::<_, i64>(0)? as u64, body: r.get(1)? });
        statement.query_map(params![remote, limit], row).doing(DOING)?.collect::<rusqlite::Result<_>>().doing(DOING)
    }

    /// How many entries of a remote wait, and how many were dropped.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn outbox_state(&self, remote: &str) -> Result<OutboxState> {
        let count = "SELECT count(*) FROM outbox WHERE remote = ?";
        let waiting: i64 =
            self.conn.prepare_cached(count).doing(DOING)?.query_row([remote], |r| r.get(0)).doing(DOING)?;
        let lost = "SELECT value FROM counter WHERE name = ?";
        let dropped: Option<i64> = self
            .conn
            .prepare_cached(lost)
            .doing(DOING)?
            .query_row([counter(remote)], |r| r.get(0))
            .optional()
            .doing(DOING)?;
        Ok(OutboxState { waiting: waiting as u64, dropped: dropped.unwrap_or(0) as u64 })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{OutboxEntry, OutboxState};
    use crate::{Commit, Reader, Store, Writer};

    fn put(writer: &mut Writer, remote: &str, bodies: std::ops::Range<u32>) {
        let outbox = bodies.map(|n| OutboxEntry { remote: remote.into(), body: n.to_string() }).collect();
        writer.commit(&Commit { outbox, ..Commit::default() }).unwrap();
    }

    fn bodies(reader: &Reader, remote: &str, limit: u32) -> Vec<String> {
        reader.outbox(remote, limit).unwrap().into_iter().map(|r| r.body).collect()
    }

    #[test]
    fn entries_come_back_in_order_until_acknowledged() {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(dir.path()).unwrap();
        let (mut writer, reader) = (store.writer().unwrap(), store.reader().unwrap());
        put(&mut writer, "a", 0..5);
        put(&mut writer, "b", 9..10);
        assert_eq!(bodies(&reader, "a", 3), ["0", "1", "2"]);
        assert_eq!(bodies(&reader, "a", 3), ["0", "1", "2"], "taking forgets nothing");
        let third = reader.outbox("a", 3).unwrap()[2].id;
        writer.ack_outbox("a", third).unwrap();
        assert_eq!(bodies(&reader, "a", 9), ["3", "4"]);
        writer.ack_outbox("a", u64::MAX).unwrap();
        assert_eq!(bodies(&reader, "a", 9), [""; 0]);
        assert_eq!(bodies(&reader, "b", 9), ["9"], "another remote's entries stay");
        put(&mut writer, "a", 5..6);
        assert!(reader.outbox("a", 1).unwrap()[0].id > third, "a number never comes again");
    }

    #[test]
    fn the_oldest_go_when_too_many_wait_and_are_counted() {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(dir.path()).unwrap();
        let (mut writer, reader) = (store.writer().unwrap(), store.reader().unwrap());
        writer.limit_outbox(4);
        put(&mut writer, "b", 0..4);
        put(&mut writer, "a", 0..3);
        put(&mut writer, "a", 3..10);
        assert_eq!(bodies(&reader, "a", 99), ["6", "7", "8", "9"]);
        assert_eq!(reader.outbox_state("a").unwrap(), OutboxState { waiting: 4, dropped: 6 });
        put(&mut writer, "a", 10..11);
        assert_eq!(reader.outbox_state("a").unwrap(), OutboxState { waiting: 4, dropped: 7 });
        assert_eq!(reader.outbox_state("b").unwrap(), OutboxState { waiting: 4, dropped: 0 });
    }
}
