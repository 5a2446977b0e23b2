//! What a person keeps beside the archive: bookmarks with their notes, and filters by name. The screen's requests end
//! here; a bookmark goes with its record when retention drops it.

use crate::error::{Doing, Result};
use crate::reader::Reader;
use crate::writer::Writer;
use aiobs_types::RecordId;
use rusqlite::{Connection, params};

impl Writer {
    /// Marks a record, with a note that may be empty; `None` takes mark and note away.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn put_bookmark(&mut self, record: RecordId, note: Option<&str>) -> Result<()> {
        const DOING: &str = "storing a bookmark";
        let id = record.0 as i64;
        match note {
            Some(note) => {
                let sql = "INSERT OR REPLACE INTO bookmark(record, note) VALUES(?, ?)";
                self.conn.execute(sql, params![id, note]).doing(DOING)?;
            }
            None => {
                self.conn.execute("DELETE FROM bookmark WHERE record = ?", [id]).doing(DOING)?;
            }
        }
        Ok(())
    }

    /// Keeps a filter (in the filter language) under a name; `None` forgets it.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn put_filter(&mut self, name: &str, filter: Option<&str>) -> Result<()> {
        const DOING: &str = "storing a filter";
        match filter {
            Some(filter) => {
                let sql = "INSERT OR REPLACE INTO saved_filter(name, filter) VALUES(?, ?)";
                self.conn.execute(sql, params![name, filter]).doing(DOING)?;
            }
            None => {
                self.conn.execute("DELETE FROM saved_filter WHERE name = ?", [name]).doing(DOING)?;
            }
        }
        Ok(())
    }

    /// Keeps a named blob, read by [`Reader::state`].
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn put_state(&mut self, name: &str, value: &[u8]) -> Result<()> {
        let sql = "INSERT OR REPLACE INTO state(name, value) VALUES(?, ?)";
        self.conn.execute(sql, params![name, value]).doing("storing the state")?;
        Ok(())
    }
}

impl Reader {
    /// The bookmarks with their notes, by record; none in an archive that no program with bookmarks wrote yet.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn bookmarks(&self) -> Result<Vec<(RecordId, String)>> {
        let there = "SELECT count(*) FROM sqlite_schema WHERE name = 'bookmark'";
        if self.conn.query_row(there, [], |r| r.get::<_, i64>(0)).doing("reading the bookmarks")? == 0 {
            return Ok(Vec::new());
        }
        self.conn
            .prepare_cached("SELECT record, note FROM bookmark ORDER BY record")
            .doing("reading the bookmarks")?
            .query_map([], |r| Ok((RecordId(r.get::<_, i64>(0)? as u64), r.get(1)?)))
            .doing("reading the bookmarks")?
            .collect::<rusqlite::Result<_>>()
            .doing("reading the bookmarks")
    }

    /// The named filters, by name.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn filters(&self) -> Result<Vec<(String, String)>> {
        self.conn
            .prepare_cached("SELECT name, filter FROM saved_filter ORDER BY name")
            .doing("reading the saved filters")?
            .query_map([], |r| Ok((r.get(0)?, r.get(1)?)))
            .doing("reading the saved filters")?
            .collect::<rusqlite::Result<_>>()
            .doing("reading the saved filters")
    }
}

/// Drops the bookmarks and markers of `count` records from `first` on.
pub(crate) fn forget(conn: &Connection, first: i64, count: i64) -> rusqlite::Result<()> {
    let sql = "DELETE FROM bookmark WHERE record >= ? AND record < ?";
    conn.prepare_cached(sql)?.execute([first, first.saturating_add(count)])?;
    let sql = "DELETE FROM marker WHERE record >= ? AND record < ?";
    conn.prepare_cached(sql)?.execute([first, first.saturating_add(count)])?;
    Ok(())
}
