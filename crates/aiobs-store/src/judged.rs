//! What a person said of diagnoses, and the incidents that wait for one. Written by the program's writer, read by the agents,
//! the screen and the commands. It knows no agent.

use crate::error::{Doing, Result};
use crate::reader::Reader;
use crate::writer::Writer;
use aiobs_types::{Diagnosis, Fingerprint, IncidentId, Judgement, Timestamp, Verdict};
use rusqlite::{OptionalExtension, Row, params};

const READING: &str = "reading the database";
const STORING: &str = "storing";

/// An incident that waits for a run of the agents, or whose run had begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingRun {
    /// Which.
    pub incident: IncidentId,
    /// A person asked for it.
    pub asked: bool,
    /// Its run had begun.
    pub started: bool,
}

/// What a stage of a run brought before the program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingStage {
    /// Place in the order of stages, from 0.
    pub stage: u8,
    /// When it ended.
    pub at: Timestamp,
    /// What it brought, as the agents wrote it.
    pub body: String,
}

/// Judgements of before they had a name were right or wrong.
const COLUMNS: &str = "v.incident, v.diagnosis, v.judgement, v.correct, v.applied, v.note, v.time";

fn verdict(r: &Row<'_>) -> rusqlite::Result<Verdict> {
    let name: String = r.get(2)?;
    let correct: bool = r.get(3)?;
    let plain = if correct { Judgement::Right } else { Judgement::Wrong };
    Ok(Verdict {
        incident: IncidentId(r.get::<_, i64>(0)? as u64),
        diagnosis: r.get::<_, i64>(1)? as u64,
        judgement: Judgement::from_name(&name).unwrap_or(plain),
        applied: r.get(4)?,
        note: r.get(5)?,
        time: Timestamp(r.get(6)?),
    })
}

impl Reader {
    /// Whether this database has what a person said in full; one that only older programs wrote has not.
    fn judges(&self) -> Result<bool> {
        let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 'pending_run'";
        Ok(self.conn.query_row(sql, [], |r| r.get::<_, i64>(0)).doing(READING)? > 0)
    }

    /// The latest word of a person on an incident's diagnosis.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn verdict(&self, incident: IncidentId) -> Result<Option<Verdict>> {
        if !self.judges()? {
            return Ok(None);
        }
        let sql = format!("SELECT {COLUMNS} FROM verdict v WHERE v.incident = ? ORDER BY v.rowid DESC LIMIT 1");
        let mut statement = self.conn.prepare_cached(&sql).doing(READING)?;
        statement.query_row([incident.0 as i64], verdict).optional().doing(READING)
    }

    /// All words of persons on diagnoses, oldest first.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn verdicts(&self) -> Result<Vec<Verdict>> {
        if !self.judges()? {
            return Ok(Vec::new());
        }
        let sql = format!("SELECT {COLUMNS} FROM verdict v ORDER BY v.rowid");
        let mut statement = self.conn.prepare_cached(&sql).doing(READING)?;
        statement.query_map([], verdict).doing(READING)?.collect::<rusqlite::Result<_>>().doing(READING)
    }

    /// The diagnosis of a fault that a person confirmed: the one judged, when the latest word on this fault is that it
    /// was right.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn confirmed_diagnosis(&self, fingerprint: Fingerprint) -> Result<Option<Diagnosis>> {
        if !self.judges()? {
            return Ok(None);
        }
        let sql = "SELECT v.incident, v.diagnosis, v.judgement, v.correct, v.applied, v.note, v.time FROM verdict v \
                   WHERE v.incident IN (SELECT incident FROM diagnosis WHERE fingerprint = ?) \
                   ORDER BY v.rowid DESC LIMIT 1";
        let mut statement = self.conn.prepare_cached(sql).doing(READING)?;
        let latest = statement.query_row([fingerprint.0 as i64], verdict).optional().doing(READING)?;
        let Some(v) = latest.filter(|v| v.judgement == Judgement::Right) else { return Ok(None) };
        // Without a number it was the latest one of that incident when it was said.
        let sql = "SELECT id, body FROM diagnosis WHERE incident = ?1 AND (id = ?2 OR (?2 = 0 AND created <= ?3)) \
                   ORDER BY id DESC LIMIT 1";
        let row = self
            .conn
            .prepare_cached(sql)
            .doing(READING)?
            .query_row(params![v.incident.0 as i64, v.diagnosis as i64, v.time.0], |r| {
                Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?))
            })
            .optional()
            .doing(READING)?;
        let Some((id, body)) = row else { return Ok(None) };
        let read: Diagnosis = serde_json::from_str(&body).doing(READING)?;
        Ok(Some(Diagnosis { id: id as u64, ..read }))
    }

    /// Incidents that waited for a run when they were last heard of, longest waiting first.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn pending_runs(&self) -> Result<Vec<PendingRun>> {
        if !self.judges()? {
            return Ok(Vec::new());
        }
        let sql = "SELECT incident, asked, started FROM pending_run ORDER BY time, incident";
        let row = |r: &Row<'_>| {
            let incident = IncidentId(r.get::<_, i64>(0)? as u64);
            Ok(PendingRun { incident, asked: r.get(1)?, started: r.get(2)? })
        };
        let mut statement = self.conn.prepare_cached(sql).doing(READING)?;
        statement.query_map([], row).doing(READING)?.collect::<rusqlite::Result<_>>().doing(READING)
    }
}

impl Reader {
    /// What the stages of an incident's unfinished run brought, in their order.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn pending_stages(&self, incident: IncidentId) -> Result<Vec<PendingStage>> {
        let there = "SELECT count(*) FROM sqlite_schema WHERE name = 'pending_stage'";
        if self.conn.query_row(there, [], |r| r.get::<_, i64>(0)).doing(READING)? == 0 {
            return Ok(Vec::new());
        }
        let sql = "SELECT stage, time, body FROM pending_stage WHERE incident = ? ORDER BY stage";
        let row = |r: &Row<'_>| Ok(PendingStage { stage: r.get(0)?, at: Timestamp(r.get(1)?), body: r.get(2)? });
        let mut statement = self.conn.prepare_cached(sql).doing(READING)?;
        statement.query_map([incident.0 as i64], row).doing(READING)?.collect::<rusqlite::Result<_>>().doing(READING)
    }
}

impl Writer {
    /// Stores what a stage of an unfinished run brought; what later stages brought before is forgotten.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn put_pending_stage(&mut self, incident: IncidentId, kept: &PendingStage) -> Result<()> {
        let tx = self.conn.transaction().doing(STORING)?;
        let gone = "DELETE FROM pending_stage WHERE incident = ? AND stage >= ?";
        tx.execute(gone, params![incident.0 as i64, kept.stage]).doing(STORING)?;
        let sql = "INSERT INTO pending_stage(incident, stage, time, body) VALUES(?, ?, ?, ?)";
        tx.execute(sql, params![incident.0 as i64, kept.stage, kept.at.0, kept.body]).doing(STORING)?;
        tx.commit().doing(STORING)
    }

    /// Stores a person's word on a diagnosis; earlier ones are kept.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn put_verdict(&mut self, v: &Verdict) -> Result<()> {
        let sql = "INSERT INTO verdict(incident, diagnosis, judgement, correct, applied, note, time) \
                   VALUES(?, ?, ?, ?, ?, ?, ?)";
        let right = v.judgement == Judgement::Right;
        let (incident, diagnosis) = (v.incident.0 as i64, v.diagnosis as i64);
        let values = params![incident, diagnosis, v.judgement.name(), right, v.applied, v.note, v.time.0];
        self.conn.prepare_cached(sql).doing(STORING)?.execute(values).doing(STORING)?;
        Ok(())
    }

    /// Notes that an incident waits for a run, or that its run began.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn put_pending_run(&mut self, run: PendingRun, at: Timestamp) -> Result<()> {
        let sql = "INSERT INTO pending_run(incident, asked, started, time) VALUES(?, ?, ?, ?) ON CONFLICT(incident) \
                   DO UPDATE SET asked = max(asked, excluded.asked), started = max(started, excluded.started)";
        let values = params![run.incident.0 as i64, run.asked, run.started, at.0];
        self.conn.prepare_cached(sql).doing(STORING)?.execute(values).doing(STORING)?;
        Ok(())
    }

    /// It waits no more, and what its stages brought is not needed any more.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn drop_pending_run(&mut self, incident: IncidentId) -> Result<()> {
        for sql in ["DELETE FROM pending_run WHERE incident = ?", "DELETE FROM pending_stage WHERE incident = ?"] {
            self.conn.prepare_cached(sql).doing(STORING)?.execute([incident.0 as i64]).doing(STORING)?;
        }
        Ok(())
    }
}
