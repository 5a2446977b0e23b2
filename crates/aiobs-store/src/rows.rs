//! Chunks as rows of the database.

use crate::codec::{Encoded, Stored};
use crate::header::{ChunkHeader, IdSet};
use aiobs_types::{RecordId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

const HEADER: &str = "first, count, sealed, min_time, max_time, max_observed, text_bytes, column_bytes, stored_bytes, \
     unset, trace, debug, info, warn, error, fatal, templates, sources, components, format";

fn header(row: &Row<'_>) -> rusqlite::Result<ChunkHeader> {
    let mut levels = [0; crate::header::LEVELS];
    for (i, n) in levels.iter_mut().enumerate() {
        *n = row.get(9 + i)?;
    }
    Ok(ChunkHeader {
        first: RecordId(row.get::<_, i64>(0)? as u64),
        count: row.get(1)?,
        sealed: row.get(2)?,
        min_time: Timestamp(row.get(3)?),
        max_time: Timestamp(row.get(4)?),
        max_observed: Timestamp(row.get(5)?),
        text_bytes: row.get(6)?,
        column_bytes: row.get(7)?,
        stored_bytes: row.get(8)?,
        levels,
        templates: IdSet::from_bytes(row.get(16)?),
        sources: IdSet::from_bytes(row.get(17)?),
        components: IdSet::from_bytes(row.get(18)?),
        format: row.get(19)?,
    })
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored { header: header(row)?, columns: row.get(20)?, text: row.get(21)? })
}

pub(crate) fn insert(conn: &Connection, chunk: &Encoded<'_>) -> rusqlite::Result<()> {
    let h = &chunk.header;
    let [unset, trace, debug, info, warn, error, fatal] = h.levels;
    let sql = format!("INSERT INTO chunk({HEADER}) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    conn.prepare_cached(&sql)?.execute(params![
        h.first.0 as i64,
        h.count,
        h.sealed,
        h.min_time.0,
        h.max_time.0,
        h.max_observed.0,
        h.text_bytes,
        h.column_bytes,
        h.stored_bytes,
        unset,
        trace,
        debug,
        info,
        warn,
        error,
        fatal,
        h.templates.as_bytes(),
        h.sources.as_bytes(),
        h.components.as_bytes(),
        h.format,
    ])?;
    conn.prepare_cached("INSERT INTO chunk_data(first, columns, text) VALUES(?, ?, ?)")?.execute(params![
        h.first.0 as i64,
        chunk.columns,
        chunk.text
    ])?;
    Ok(())
}

/// Headers of the chunks that hold records with ids in `first..=last`, rising.
pub(crate) fn headers(conn: &Connection, first: u64, last: u64) -> rusqlite::Result<Vec<ChunkHeader>> {
    let (first, last) = (first.min(i64::MAX as u64) as i64, last.min(i64::MAX as u64) as i64);
    let sql = format!(
        "SELECT {HEADER} FROM chunk WHERE first >= \
         COALESCE((SELECT max(first) FROM chunk WHERE first <= ?1), ?1) AND first <= ?2 ORDER BY first"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let rows = statement.query_map([first, last], header)?;
    let mut headers = Vec::new();
    for row in rows {
        match row {
            Ok(header) if header.last().0 >= first as u64 => headers.push(header),
            Ok(_) => {}
            Err(e) if is_nonsense(&e) => left_out(&e),
            Err(e) => return Err(e),
        }
    }
    Ok(headers)
}

/// Whether a row holds what does not belong there.
const fn is_nonsense(e: &rusqlite::Error) -> bool {
    use rusqlite::Error;
    matches!(e, Error::IntegralValueOutOfRange(..) | Error::InvalidColumnType(..) | Error::FromSqlConversionFailure(..))
}

/// Tells, once, that rows are left out.
fn left_out(e: &rusqlite::Error) {
    static TOLD: std::sync::Once = std::sync::Once::new();
    TOLD.call_once(|| {
        tracing::warn!("the archive is damaged: records whose description makes no sense are left out ({e})");
    });
}

/// The chunk that begins with this record.
pub(crate) fn chunk(conn: &Connection, first: RecordId) -> rusqlite::Result<Option<Stored>> {
    let sql = format!("SELECT {HEADER}, columns, text FROM chunk JOIN chunk_data USING(first) WHERE first = ?");
    conn.prepare_cached(&sql)?.query_row([first.0 as i64], stored).optional()
}

/// The same without its texts.
pub(crate) fn chunk_columns(conn: &Connection, first: RecordId) -> rusqlite::Result<Option<Stored>> {
    let sql = format!("SELECT {HEADER}, columns, x'' FROM chunk JOIN chunk_data USING(first) WHERE first = ?");
    conn.prepare_cached(&sql)?.query_row([first.0 as i64], stored).optional()
}

/// The tail's blocks, rising.
pub(crate) fn tail(conn: &Connection) -> rusqlite::Result<Vec<Stored>> {
    let sql = format!(
        "SELECT {HEADER}, columns, text FROM chunk JOIN chunk_data USING(first) WHERE sealed = 0 ORDER BY first"
    );
    conn.prepare(&sql)?.query_map([], stored)?.collect()
}

/// Id that the next record gets.
pub(crate) fn first_record(conn: &Connection) -> rusqlite::Result<Option<u64>> {
    let first: Option<i64> = conn
        .prepare_cached("SELECT first FROM chunk ORDER BY first LIMIT 1")?
        .query_row([], |r| r.get(0))
        .optional()?;
    Ok(first.map(|id| id as u64))
}

pub(crate) fn next_record(conn: &Connection) -> rusqlite::Result<u64> {
    let stored: Option<i64> = conn
        .prepare_cached("SELECT first + count FROM chunk ORDER BY first DESC LIMIT 1")?
        .query_row([], |r| r.get(0))
        .optional()?;
    let kept: Option<i64> = conn
        .prepare_cached("SELECT value FROM counter WHERE name = 'next_record'")?
        .query_row([], |r| r.get(0))
        .optional()?;
    Ok(stored.max(kept).unwrap_or(1).max(1) as u64)
}
