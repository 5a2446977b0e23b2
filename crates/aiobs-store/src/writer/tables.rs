//! The writer's ordinary tables: what is nested is JSON, what is asked for is a column.

use super::{Commit, Writer};
use crate::error::{Doing, Result};
use aiobs_types::{AttrValue, Checkpoint, Diagnosis, Incident, Marker, MetricPoint, Span, Template};
use rusqlite::{Connection, params};
use serde::Serialize;

const DOING: &str = "storing";

pub(super) fn put_all(conn: &Connection, c: &Commit) -> Result<()> {
    c.checkpoints.iter().try_for_each(|x| put_checkpoint(conn, x))?;
    c.templates.iter().try_for_each(|x| put_template(conn, x))?;
    c.incidents.iter().try_for_each(|x| put_incident(conn, x))?;
    c.spans.iter().try_for_each(|x| put_span(conn, x))?;
    c.metrics.iter().try_for_each(|x| put_metric(conn, x))?;
    c.markers.iter().try_for_each(|x| put_marker(conn, x))?;
    let life = "UPDATE template SET life = ?2 WHERE id = ?1";
    c.lives.iter().try_for_each(|(id, word)| run(conn, life, params![id.0, word]))?;
    c.state.iter().try_for_each(|(name, value)| {
        if value.is_empty() {
            return run(conn, "DELETE FROM state WHERE name = ?", params![name]);
        }
        run(conn, "INSERT OR REPLACE INTO state(name, value) VALUES(?, ?)", params![name, value])
    })
}

fn run(conn: &Connection, sql: &str, params: impl rusqlite::Params) -> Result<()> {
    conn.prepare_cached(sql).doing(DOING)?.execute(params).doing(DOING)?;
    Ok(())
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).doing(DOING)
}

fn put_checkpoint(conn: &Connection, c: &Checkpoint) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO checkpoint(source, name, body) VALUES(?, ?, ?)";
    run(conn, sql, params![c.source.0, c.name, json(c)?])
}

fn put_template(conn: &Connection, t: &Template) -> Result<()> {
    let sql = "INSERT INTO template(id, text, count, first_seen, last_seen, severity, example) \
               VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET text = excluded.text, count = excluded.count, \
               first_seen = excluded.first_seen, last_seen = excluded.last_seen, severity = excluded.severity, \
               example = excluded.example";
    let (count, example) = (t.count as i64, t.example.0 as i64);
    run(conn, sql, params![t.id.0, t.text, count, t.first_seen.0, t.last_seen.0, t.severity.0, example])
}

fn put_incident(conn: &Connection, i: &Incident) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO incident(id, fingerprint, state, last_seen, body) VALUES(?, ?, ?, ?, ?)";
    run(conn, sql, params![i.id.0 as i64, i.fingerprint.0 as i64, i.state.name(), i.last_seen.0, json(i)?])
}

fn put_span(conn: &Connection, s: &Span) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO span(trace, id, parent, start, body) VALUES(?, ?, ?, ?, ?)";
    let odd = |v: &AttrValue| matches!(v, AttrValue::Float(f) if !f.is_finite());
    let body = if s.attributes.iter().any(|(_, v)| odd(v)) {
        // JSON has no such numbers; a span that could not be read back would be worse than a word.
        let mut tame = s.clone();
        for (_, v) in &mut tame.attributes {
            if let AttrValue::Float(f) = v
                && !f.is_finite()
            {
                *v = AttrValue::Text(f.to_string());
            }
        }
        json(&tame)?
    } else {
        json(s)?
    };
    let parent = s.parent.map(|p| p.0 as i64);
    run(conn, sql, params![s.trace.0.to_be_bytes(), s.id.0 as i64, parent, s.start.0, body])
}

fn put_marker(conn: &Connection, m: &Marker) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO marker(record, time, kind, text, component, source) VALUES(?, ?, ?, ?, ?, ?)";
    run(conn, sql, params![m.record.0 as i64, m.time.0, m.kind.name(), m.text, m.component, m.source.0])
}

fn put_metric(conn: &Connection, m: &MetricPoint) -> Result<()> {
    if !m.value.is_finite() {
        return Ok(());
    }
    let sql = "INSERT INTO metric(name, time, labels, value) VALUES(?, ?, ?, ?)";
    run(conn, sql, params![m.name, m.time.0, json(&m.labels)?, m.value])
}

impl Writer {
    /// Stores a diagnosis and returns its number; the id in `d` is ignored. Earlier ones are kept.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn put_diagnosis(&mut self, d: &Diagnosis) -> Result<u64> {
        let sql = "INSERT INTO diagnosis(incident, fingerprint, created, body) VALUES(?, ?, ?, ?)";
        let (incident, fingerprint) = (d.incident.0 as i64, d.fingerprint.0 as i64);
        run(&self.conn, sql, params![incident, fingerprint, d.created.0, json(d)?])?;
        Ok(self.conn.last_insert_rowid() as u64)
    }

    /// Stores spans; one with the same ids replaces the earlier (a span is written when it begins and when it ends).
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn put_spans(&mut self, spans: &[Span]) -> Result<()> {
        let tx = self.conn.transaction().doing(DOING)?;
        spans.iter().try_for_each(|s| put_span(&tx, s))?;
        tx.commit().doing(DOING)
    }

    /// Stores incidents apart from a commit of records (a person changed a state, a diagnosis came).
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn put_incidents(&mut self, incidents: &[Incident]) -> Result<()> {
        let tx = self.conn.transaction().doing(DOING)?;
        incidents.iter().try_for_each(|i| put_incident(&tx, i))?;
        tx.commit().doing(DOING)
    }
}
