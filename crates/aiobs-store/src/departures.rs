//! What left this machine, one row each: calls of models elsewhere and alerts. The writer thread keeps the rows; a command
//! that only reads the archive keeps its own through a [`Ledger`]. People read them.

use crate::error::{Doing, Result, StoreError};
use crate::reader::Reader;
use crate::store::{Store, connect_to};
use crate::writer::Writer;
use aiobs_types::{CallEnd, Departure, IncidentId, RemoteCall, SentAlert, Timestamp};
use rusqlite::{Connection, Params, params};
use std::path::Path;

const DOING: &str = "writing down what leaves this machine";
const READING: &str = "reading what left this machine";
/// Most rows that are remembered; the oldest go first.
const MOST: i64 = 100_000;
/// Rows written between two looks whether there are too many.
const LOOK_EVERY: i64 = 64;

fn put(conn: &Connection, id: Option<u64>, time: Timestamp, departure: &str, incident: u64, body: &str) -> Result<()> {
    let sql =
        "INSERT OR REPLACE INTO departure(id, time, kind, incident, cost, body) VALUES(?, ?, ?, nullif(?, 0), 0, ?)";
    let values = params![id.map(|id| id as i64), time.0, departure, incident as i64, body];
    conn.prepare_cached(sql).doing(DOING)?.execute(values).doing(DOING)?;
    let all: i64 = conn.query_row("SELECT count(*) FROM departure", [], |r| r.get(0)).doing(DOING)?;
    if all > MOST + LOOK_EVERY {
        let drop =
            "DELETE FROM departure WHERE time <= (SELECT time FROM departure ORDER BY time DESC LIMIT 1 OFFSET ?)";
        conn.execute(drop, [MOST]).doing(DOING)?;
    }
    Ok(())
}

fn put_call(conn: &Connection, call: &RemoteCall) -> Result<()> {
    let body = serde_json::to_string(call).doing(DOING)?;
    put(conn, Some(call.id), call.time, Departure::KINDS[0], 0, &body)
}

fn end_call(conn: &Connection, id: u64, end: &CallEnd) -> Result<()> {
    let body = serde_json::to_string(end).doing(DOING)?;
    let sql = "UPDATE departure SET cost = ?, body = json_set(body, '$.end', json(?)) WHERE id = ? AND kind = 'model'";
    conn.execute(sql, params![end.cost_usd.unwrap_or(0.0), body, id as i64]).doing(DOING)?;
    Ok(())
}

fn put_alert(conn: &Connection, alert: &SentAlert) -> Result<()> {
    let body = serde_json::to_string(alert).doing(DOING)?;
    put(conn, None, alert.time, Departure::KINDS[1], alert.incident, &body)
}

fn spent_since(conn: &Connection, from: Timestamp) -> Result<f64> {
    let sql = "SELECT coalesce(sum(cost), 0.0) FROM departure WHERE time >= ? AND kind = 'model'";
    conn.query_row(sql, [from.0], |r| r.get(0)).doing(READING)
}

impl Writer {
    /// Writes down a call that leaves this machine.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn put_model_call(&mut self, call: &RemoteCall) -> Result<()> {
        put_call(&self.conn, call)
    }

    /// Writes down how a call ended.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn end_model_call(&mut self, id: u64, end: &CallEnd) -> Result<()> {
        end_call(&self.conn, id, end)
    }

    /// Writes down an alert that was taken or given up.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn put_sent_alert(&mut self, alert: &SentAlert) -> Result<()> {
        put_alert(&self.conn, alert)
    }
}

/// Writes rows of what leaves and nothing else, also while another process writes the archive.
#[derive(Debug)]
pub struct Ledger {
    conn: Connection,
}

impl Ledger {
    /// Of a data directory, which is made when it is missing.
    ///
    /// # Errors
    /// Those of [`Store::open`], and faults of the disk.
    pub fn open(dir: &Path) -> Result<Self> {
        let there = Store::open_read_only(dir).and_then(|s| s.reader()).and_then(|r| r.has("departure"));
        match there {
            Ok(true) => {}
            // Begun, or brought up to date, by whoever may write all of it.
            Ok(false) | Err(StoreError::Missing { .. }) => drop(Store::open(dir)?),
            Err(e) => return Err(e),
        }
        Ok(Self { conn: connect_to(dir)? })
    }

    /// See [`Writer::put_model_call`].
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn put_model_call(&self, call: &RemoteCall) -> Result<()> {
        put_call(&self.conn, call)
    }

    /// See [`Writer::end_model_call`].
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn end_model_call(&self, id: u64, end: &CallEnd) -> Result<()> {
        end_call(&self.conn, id, end)
    }

    /// See [`Writer::put_sent_alert`].
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn put_sent_alert(&self, alert: &SentAlert) -> Result<()> {
        put_alert(&self.conn, alert)
    }

    /// See [`Reader::spent_since`].
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn spent_since(&self, from: Timestamp) -> Result<f64> {
        spent_since(&self.conn, from)
    }
}

impl Reader {
    fn rows(&self, sql: &str, values: impl Params) -> Result<Vec<Departure>> {
        let mut statement = self.conn.prepare_cached(sql).doing(READING)?;
        let row = |r: &rusqlite::Row<'_>| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?));
        let rows: Vec<(String, String)> =
            statement.query_map(values, row).doing(READING)?.collect::<rusqlite::Result<_>>().doing(READING)?;
        let parse = |(kind, body): (String, String)| {
            let alert = kind == Departure::KINDS[1];
            if alert {
                serde_json::from_str(&body).map(Departure::Alert)
            } else {
                serde_json::from_str(&body).map(Departure::Call)
            }
        };
        rows.into_iter().map(|row| parse(row).doing(READING)).collect()
    }

    /// The last `limit` things that left this machine, newest first; of one kind ([`Departure::KINDS`]) or of all.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn departures(&self, kind: Option<&str>, limit: usize) -> Result<Vec<Departure>> {
        // An archive that no program with this table wrote yet.
        if !self.has("departure")? {
            return Ok(Vec::new());
        }
        let sql = "SELECT kind, body FROM departure WHERE ?1 IS NULL OR kind = ?1 ORDER BY time DESC, id LIMIT ?2";
        self.rows(sql, params![kind, limit as i64])
    }

    /// The last `limit` calls of models that left this machine, newest first.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn model_calls(&self, limit: usize) -> Result<Vec<RemoteCall>> {
        let call = |d| if let Departure::Call(c) = d { Some(c) } else { None };
        Ok(self.departures(Some(Departure::KINDS[0]), limit)?.into_iter().filter_map(call).collect())
    }

    /// Alerts about an incident that were taken or given up, oldest first, the latest at most.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn alerts_of(&self, incident: IncidentId, limit: usize) -> Result<Vec<SentAlert>> {
        if !self.has("departure")? {
            return Ok(Vec::new());
        }
        let sql = "SELECT kind, body FROM departure WHERE incident = ? AND kind = 'alert' ORDER BY time DESC LIMIT ?";
        let alert = |d| if let Departure::Alert(a) = d { Some(a) } else { None };
        let rows = self.rows(sql, params![incident.0 as i64, limit as i64])?;
        Ok(rows.into_iter().rev().filter_map(alert).collect())
    }

    /// US dollars that calls sent since then are known to have cost.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn spent_since(&self, from: Timestamp) -> Result<f64> {
        if !self.has("departure")? {
            return Ok(0.0);
        }
        spent_since(&self.conn, from)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn call() -> RemoteCall {
        let redacted = vec![("email".to_owned(), 2)];
        RemoteCall { id: 7, time: Timestamp(10), model: "m".into(), bytes: 99, redacted, ..RemoteCall::default() }
    }

    fn alert(incident: u64, time: i64) -> SentAlert {
        let (channel, outcome) = ("slack".to_owned(), "sent".to_owned());
        SentAlert { incident, time: Timestamp(time), channel, outcome, ..SentAlert::default() }
    }

    #[test]
    fn calls_are_written_down_when_sent_and_when_ended() {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(dir.path()).unwrap();
        let (mut writer, reader) = (store.writer().unwrap(), store.reader().unwrap());
        writer.put_model_call(&call()).unwrap();
        assert_eq!(reader.model_calls(9).unwrap(), [call()]);
        let end = CallEnd { outcome: "ok".into(), input_tokens: 5, output_tokens: 6, cost_usd: Some(0.5) };
        writer.end_model_call(7, &end).unwrap();
        assert_eq!(reader.model_calls(9).unwrap(), [RemoteCall { end: Some(end), ..call() }]);
        assert_eq!(reader.spent_since(Timestamp(10)).unwrap(), 0.5);
        assert_eq!(reader.spent_since(Timestamp(11)).unwrap(), 0.0);
    }

    #[test]
    fn alerts_stand_beside_them_and_are_found_by_incident() {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(dir.path()).unwrap();
        let (mut writer, reader) = (store.writer().unwrap(), store.reader().unwrap());
        writer.put_model_call(&call()).unwrap();
        for a in [alert(3, 5), alert(4, 11), alert(3, 12), alert(0, 13)] {
            writer.put_sent_alert(&a).unwrap();
        }
        let kinds: Vec<&str> = reader.departures(None, 3).unwrap().iter().map(Departure::kind).collect();
        assert_eq!(kinds, ["alert", "alert", "alert"], "the newest");
        assert_eq!(reader.departures(Some("model"), 9).unwrap(), [Departure::Call(call())]);
        assert_eq!(reader.alerts_of(IncidentId(3), 9).unwrap(), [alert(3, 5), alert(3, 12)]);
        assert_eq!(reader.alerts_of(IncidentId(3), 1).unwrap(), [alert(3, 12)]);
    }

    #[test]
    fn a_ledger_writes_beside_whoever_writes_the_archive_and_begins_one_that_is_missing() {
        let dir = tempfile::tempdir().unwrap();
        Ledger::open(dir.path()).unwrap().put_model_call(&call()).unwrap();
        let (store, _) = Store::open(dir.path()).unwrap();
        let _writer = store.writer().unwrap();
        let ledger = Ledger::open(dir.path()).unwrap();
        ledger.put_sent_alert(&alert(1, 20)).unwrap();
        let cost = CallEnd { cost_usd: Some(0.25), ..CallEnd::default() };
        ledger.end_model_call(7, &cost).unwrap();
        assert_eq!(ledger.spent_since(Timestamp(0)).unwrap(), 0.25);
        assert_eq!(store.reader().unwrap().departures(None, 9).unwrap().len(), 2);
    }
}
