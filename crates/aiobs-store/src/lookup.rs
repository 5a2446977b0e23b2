//! The reader's ordinary tables.

use crate::error::{Doing, Result};
use crate::header::LEVELS;
use crate::reader::Reader;
use aiobs_types::{
    Checkpoint, Diagnosis, Fingerprint, Incident, IncidentId, Marker, MarkerKind, MetricPoint, RecordId, Severity,
    SourceId, Span, Template, TemplateId, Timestamp, TraceId,
};
use rusqlite::{OptionalExtension, Params};
use serde::de::DeserializeOwned;

const DOING: &str = "reading the database";

/// What the archive holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArchiveInfo {
    /// Records.
    pub records: u64,
    /// First and last id.
    pub ids: Option<(RecordId, RecordId)>,
    /// Earliest and latest event time.
    pub times: Option<(Timestamp, Timestamp)>,
    /// Latest event time, but for chunks with a record from a time long after it was read: of those the earliest.
    pub latest: Option<Timestamp>,
    /// Bytes of compressed records.
    pub stored_bytes: u64,
    /// Bytes of text they stand for.
    pub raw_bytes: u64,
    /// Chunks and blocks of the tail.
    pub chunks: u64,
    /// Records per level, in the order of [`aiobs_types::Level::ALL`].
    pub levels: [u64; LEVELS],
    /// Bytes of the database file, without its write-ahead log.
    pub file_bytes: u64,
}

impl Reader {
    /// Rows whose JSON in the last column cannot be read are told in the log and left out.
    pub(crate) fn bodies<T: DeserializeOwned>(&self, sql: &str, params: impl Params) -> Result<Vec<(i64, T)>> {
        let mut statement = self.conn.prepare_cached(sql).doing(DOING)?;
        let rows = statement
            .query_map(params, |r| Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?)))
            .doing(DOING)?
            .collect::<rusqlite::Result<Vec<_>>>()
            .doing(DOING)?;
        let parse = |(id, body): (i64, String)| match serde_json::from_str(&body) {
            Ok(value) => Some((id, value)),
            Err(e) => {
                tracing::warn!("a stored row makes no sense and is left out: {e}");
                None
            }
        };
        Ok(rows.into_iter().filter_map(parse).collect())
    }

    fn values<T: DeserializeOwned>(&self, sql: &str, params: impl Params) -> Result<Vec<T>> {
        Ok(self.bodies(sql, params)?.into_iter().map(|(_, v)| v).collect())
    }

    /// How far each source is stored.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn checkpoints(&self) -> Result<Vec<Checkpoint>> {
        self.values("SELECT source, body FROM checkpoint ORDER BY source", [])
    }

    /// All templates, by id.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn templates(&self) -> Result<Vec<Template>> {
        self.conn
            .prepare_cached(
                "SELECT id, text, count, first_seen, last_seen, severity, example FROM template ORDER BY id",
            )
            .doing(DOING)?
            .query_map([], |r| {
                Ok(Template {
                    id: TemplateId(r.get(0)?),
                    text: r.get(1)?,
                    count: r.get::<_, i64>(2)? as u64,
                    first_seen: Timestamp(r.get(3)?),
                    last_seen: Timestamp(r.get(4)?),
                    severity: Severity(r.get(5)?),
                    example: RecordId(r.get::<_, i64>(6)? as u64),
                })
            })
            .doing(DOING)?
            .collect::<rusqlite::Result<_>>()
            .doing(DOING)
    }

    /// All incidents, by id.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn incidents(&self) -> Result<Vec<Incident>> {
        self.values("SELECT id, body FROM incident ORDER BY id", [])
    }

    /// One incident.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn incident(&self, id: IncidentId) -> Result<Option<Incident>> {
        Ok(self.values("SELECT id, body FROM incident WHERE id = ?", [id.0 as i64])?.pop())
    }

    /// Id that the next incident gets.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn next_incident_id(&self) -> Result<IncidentId> {
        let max: Option<i64> = self.conn.query_row("SELECT max(id) FROM incident", [], |r| r.get(0)).doing(DOING)?;
        Ok(IncidentId(max.map_or(1, |n| n as u64 + 1)))
    }

    fn diagnoses_by(&self, sql: &str, params: impl Params) -> Result<Vec<Diagnosis>> {
        let rows = self.bodies(sql, params)?;
        Ok(rows.into_iter().map(|(id, d)| Diagnosis { id: id as u64, ..d }).collect())
    }

    /// The newest diagnosis of a fault.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn latest_diagnosis(&self, fingerprint: Fingerprint) -> Result<Option<Diagnosis>> {
        let sql = "SELECT id, body FROM diagnosis WHERE fingerprint = ? ORDER BY id DESC LIMIT 1";
        Ok(self.diagnoses_by(sql, [fingerprint.0 as i64])?.pop())
    }

    /// The newest diagnosis of an incident: of its own fault or, when that has none, of one that became part of it.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn diagnosis_of(&self, incident: &Incident) -> Result<Option<Diagnosis>> {
        for fingerprint in incident.fingerprints() {
            if let Some(found) = self.latest_diagnosis(fingerprint)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// At most `limit` diagnoses, newest first.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn diagnoses(&self, limit: usize) -> Result<Vec<Diagnosis>> {
        self.diagnoses_by("SELECT id, body FROM diagnosis ORDER BY id DESC LIMIT ?", [limit as i64])
    }

    /// Spans of one trace, by start.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn spans(&self, trace: TraceId) -> Result<Vec<Span>> {
        self.values("SELECT start, body FROM span WHERE trace = ? ORDER BY start, id", [trace.0.to_be_bytes()])
    }

    /// At most `limit` root spans, newest first.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn recent_runs(&self, limit: usize) -> Result<Vec<Span>> {
        self.values("SELECT start, body FROM span WHERE parent IS NULL ORDER BY start DESC LIMIT ?", [limit as i64])
    }

    /// Spans that began at or after `from`, by start.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn spans_since(&self, from: Timestamp) -> Result<Vec<Span>> {
        self.values("SELECT start, body FROM span WHERE start >= ? ORDER BY start", [from.0])
    }

    /// Values of one metric with `from <= time < to`, by time.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn metrics(&self, name: &str, from: Timestamp, to: Timestamp) -> Result<Vec<MetricPoint>> {
        let sql = "SELECT time, value, labels FROM metric WHERE name = ? AND time >= ? AND time < ? ORDER BY time";
        self.conn
            .prepare_cached(sql)
            .doing(DOING)?
            .query_map(rusqlite::params![name, from.0, to.0], |r| {
                Ok(MetricPoint {
                    name: name.to_owned(),
                    time: Timestamp(r.get(0)?),
                    value: r.get(1)?,
                    labels: serde_json::from_str(&r.get::<_, String>(2)?).unwrap_or_default(),
                })
            })
            .doing(DOING)?
            .collect::<rusqlite::Result<_>>()
            .doing(DOING)
    }

    /// A named blob.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn state(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.conn
            .prepare_cached("SELECT value FROM state WHERE name = ?")
            .doing(DOING)?
            .query_row([name], |r| r.get(0))
            .optional()
            .doing(DOING)
    }

    /// The named blobs whose names begin so.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn states(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>> {
        let sql = "SELECT name, value FROM state WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name";
        let row = |r: &rusqlite::Row<'_>| Ok((r.get(0)?, r.get(1)?));
        let mut statement = self.conn.prepare_cached(sql).doing(DOING)?;
        statement.query_map([prefix], row).doing(DOING)?.collect::<rusqlite::Result<_>>().doing(DOING)
    }

    /// The latest markers at most, oldest first; none in an archive that no program with markers wrote yet.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn markers(&self, limit: usize) -> Result<Vec<Marker>> {
        self.markers_by("", rusqlite::params![limit as i64])
    }

    /// Markers with `from <= time < to` (event time), the latest at most, oldest first.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn markers_between(&self, from: Timestamp, to: Timestamp, limit: usize) -> Result<Vec<Marker>> {
        self.markers_by("WHERE time >= ? AND time < ?", rusqlite::params![from.0, to.0, limit as i64])
    }

    fn markers_by(&self, which: &str, params: impl Params) -> Result<Vec<Marker>> {
        let there = "SELECT count(*) FROM sqlite_schema WHERE name = 'marker'";
        if self.conn.query_row(there, [], |r| r.get::<_, i64>(0)).doing(DOING)? == 0 {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT time, kind, text, component, source, record FROM marker {which} \
             ORDER BY time DESC, record DESC LIMIT ?"
        );
        let row = |r: &rusqlite::Row<'_>| {
            Ok(Marker {
                time: Timestamp(r.get(0)?),
                kind: MarkerKind::from_name(&r.get::<_, String>(1)?).unwrap_or_default(),
                text: r.get(2)?,
                component: r.get(3)?,
                source: SourceId(r.get(4)?),
                record: RecordId(r.get::<_, i64>(5)? as u64),
            })
        };
        let mut statement = self.conn.prepare_cached(&sql).doing(DOING)?;
        let rows = statement.query_map(params, row).doing(DOING)?;
        let mut markers: Vec<Marker> = rows.collect::<rusqlite::Result<_>>().doing(DOING)?;
        markers.reverse();
        Ok(markers)
    }

    /// What the archive holds; reads headers only.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn archive_info(&self) -> Result<ArchiveInfo> {
        let sql = "SELECT count(*), min(first), max(first + count - 1), min(min_time), max(max_time), \
                   total(count), total(stored_bytes), total(text_bytes), total(unset), total(trace), total(debug), \
                   total(info), total(warn), total(error), total(fatal), \
                   max(CASE WHEN max_time - max_observed <= 93600000000000 THEN max_time \
                   ELSE min(min_time, max_observed) END) FROM chunk";
        let mut info = self
            .conn
            .prepare_cached(sql)
            .doing(DOING)?
            .query_row([], |r| {
                let number = |i: usize| r.get::<_, f64>(i).map(|n| n as u64);
                let pair = |i: usize| -> rusqlite::Result<Option<(i64, i64)>> {
                    Ok(r.get::<_, Option<i64>>(i)?.zip(r.get::<_, Option<i64>>(i + 1)?))
                };
                let mut levels = [0; LEVELS];
                for (i, n) in levels.iter_mut().enumerate() {
                    *n = number(8 + i)?;
                }
                Ok(ArchiveInfo {
                    chunks: r.get::<_, i64>(0)? as u64,
                    ids: pair(1)?.map(|(a, b)| (RecordId(a as u64), RecordId(b as u64))),
                    times: pair(3)?.map(|(a, b)| (Timestamp(a), Timestamp(b))),
                    latest: r.get::<_, Option<i64>>(15)?.map(Timestamp),
                    records: number(5)?,
                    stored_bytes: number(6)?,
                    raw_bytes: number(7)?,
                    levels,
                    file_bytes: 0,
                })
            })
            .doing(DOING)?;
        let sql = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
        info.file_bytes = self.conn.query_row(sql, [], |r| r.get::<_, i64>(0)).doing(DOING)? as u64;
        Ok(info)
    }
}

#[cfg(test)]
mod tests;
