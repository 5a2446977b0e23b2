//! The archive as the agents see it, over the store and the board. Each call locks one reader; callers may block.

mod asked;

use super::alike::Alike;
use super::board::{Board, lock};
use aiobs_agents::{
    Archive, ArchiveError, Change, KeptStage, Memories, PastIncident, SqlRows, Stage, Tally, TemplateCount,
};
use aiobs_logs::filter::{FilterContext, describe, parse_filter};
use aiobs_logs::format::ZoneRule;
use aiobs_memory::Engine;
use aiobs_store::{PendingStage, Reader, Sql, StoreError};
use aiobs_types::{
    Diagnosis, DocumentKind, Fingerprint, Incident, IncidentId, LogQuery, LogRecord, Marker, Order, RecordId, Severity,
    SourceId, TemplateId, Timestamp, Verdict,
};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Records of all sources among which a record's neighbours are looked for first.
const NEAR: u64 = 4_096;
/// Longest time one count for a question takes; then it says that it is not complete.
const COUNTING: Duration = Duration::from_secs(4);

/// Most changes told of one stretch, the latest.
const CHANGES: usize = 200;

/// See the module.
pub(crate) struct StoredArchive {
    reader: Mutex<Reader>,
    /// For single rows, which must not wait for a scan.
    rows: Mutex<Reader>,
    board: Arc<Board>,
    zone: ZoneRule,
    sql: Option<Mutex<Sql>>,
    /// By what texts are found.
    engine: Engine,
    alike: Mutex<Alike>,
}

fn told(e: StoreError) -> ArchiveError {
    ArchiveError(e.to_string())
}

fn change(m: Marker) -> Change {
    Change {
        time: m.time,
        kind: m.kind.name().to_owned(),
        text: m.text,
        component: m.component,
        record: Some(m.record),
    }
}

impl StoredArchive {
    /// `zone` is that of times in filters without one; `rows` reads single rows beside the scans of `reader`.
    pub(crate) fn new(reader: Reader, rows: Reader, board: Arc<Board>, zone: ZoneRule) -> Self {
        Self {
            reader: Mutex::new(reader),
            rows: Mutex::new(rows),
            board,
            zone,
            sql: None,
            engine: Engine::default(),
            alike: Mutex::default(),
        }
    }

    /// With SQL, and what finds texts by meaning.
    pub(crate) fn with(self, sql: Sql, engine: Engine) -> Self {
        Self { sql: Some(Mutex::new(sql)), engine, ..self }
    }

    fn names(&self) -> Vec<(SourceId, String)> {
        lock(&self.board.sources).values().map(|s| (s.id, s.name.clone())).collect()
    }

    fn find(&self, query: &LogQuery) -> Result<Vec<LogRecord>, ArchiveError> {
        let mut rows = Vec::new();
        lock(&self.reader)
            .query(query, &AtomicBool::new(false), &mut |r| {
                rows.push(r.to_record());
                ControlFlow::Continue(())
            })
            .map_err(told)?;
        Ok(rows)
    }
}

impl Archive for StoredArchive {
    fn records(&self, ids: &[RecordId]) -> Result<Vec<LogRecord>, ArchiveError> {
        let mut found: HashMap<RecordId, LogRecord> =
            lock(&self.reader).records(ids).map_err(told)?.into_iter().map(|r| (r.id, r)).collect();
        for id in ids {
            if !found.contains_key(id)
                && let Some(r) = self.board.live.get(*id)
            {
                found.insert(*id, r);
            }
        }
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// Neighbours mostly are near, in what is decoded already; everything is looked through only when too few were there.
    fn around(&self, id: RecordId, before: usize, after: usize) -> Result<Vec<LogRecord>, ArchiveError> {
        let reader = lock(&self.reader);
        let near = reader.neighbours(id, before, after, NEAR).map_err(told)?;
        let ends = reader.next_record_id().map_err(told)?.0 <= id.0.saturating_add(NEAR);
        drop(reader);
        let (mut older, mut newer): (Vec<LogRecord>, Vec<LogRecord>) = near.into_iter().partition(|r| r.id < id);
        let (few_older, few_newer) = (older.len() < before && id.0 > NEAR, newer.len() < after && !ends);
        if few_older || few_newer {
            let Some(record) = self.records(&[id])?.pop() else { return Ok(Vec::new()) };
            let same = LogQuery { sources: vec![record.source], ..LogQuery::default() };
            if few_older {
                let last = Some(RecordId(id.0.saturating_sub(1)));
                older = self.find(&LogQuery { last, order: Order::NewestFirst, limit: before, ..same.clone() })?;
                older.reverse();
            }
            if few_newer {
                newer = self.find(&LogQuery { first: Some(RecordId(id.0 + 1)), limit: after, ..same })?;
            }
        }
        older.extend(newer);
        Ok(older)
    }

    fn search(&self, query: &LogQuery) -> Result<Vec<LogRecord>, ArchiveError> {
        self.find(query)
    }

    fn template_counts(&self, from: Timestamp, to: Timestamp) -> Result<Vec<TemplateCount>, ArchiveError> {
        let counts = lock(&self.reader).template_counts(from, to).map_err(told)?;
        let known: HashMap<TemplateId, aiobs_types::Template> =
            lock(&self.reader).templates().map_err(told)?.into_iter().map(|t| (t.id, t)).collect();
        let mut rows: Vec<TemplateCount> = counts
            .into_iter()
            .filter_map(|(template, (count, example))| {
                let t = known.get(&template)?;
                Some(TemplateCount {
                    template,
                    text: t.text.clone(),
                    count,
                    first_seen: t.first_seen,
                    example: Some(example),
                })
            })
            .collect();
        rows.sort_by(|a, b| b.count.cmp(&a.count).then(a.template.cmp(&b.template)));
        Ok(rows)
    }

    fn template_text(&self, id: TemplateId) -> Result<Option<String>, ArchiveError> {
        Ok(lock(&self.board.templates).get(&id).map(|t| t.text.clone()))
    }

    fn source_name(&self, id: SourceId) -> Option<String> {
        lock(&self.board.sources).get(&id).map(|s| s.name.clone())
    }

    fn diagnosis(&self, fingerprint: Fingerprint) -> Result<Option<Diagnosis>, ArchiveError> {
        lock(&self.rows).latest_diagnosis(fingerprint).map_err(told)
    }

    fn confirmed(&self, fingerprint: Fingerprint) -> Result<Option<Diagnosis>, ArchiveError> {
        lock(&self.rows).confirmed_diagnosis(fingerprint).map_err(told)
    }

    fn verdict(&self, id: IncidentId) -> Result<Option<Verdict>, ArchiveError> {
        lock(&self.rows).verdict(id).map_err(told)
    }

    fn kept_stages(&self, id: IncidentId) -> Result<Vec<KeptStage>, ArchiveError> {
        let kept = lock(&self.rows).pending_stages(id).map_err(told)?;
        let stage = |k: PendingStage| {
            let stage = *Stage::ALL.get(usize::from(k.stage))?;
            Some(KeptStage { stage, at: k.at, body: k.body })
        };
        Ok(kept.into_iter().filter_map(stage).collect())
    }

    /// Those that are stored, and those that are not yet.
    fn changes(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Change>, ArchiveError> {
        let stored = lock(&self.reader).markers_between(from, to, CHANGES).map_err(told)?;
        let within = |m: &&Marker| m.time >= from && m.time < to && !stored.iter().any(|s| s.record == m.record);
        let fresh: Vec<Marker> = lock(&self.board.markers).iter().filter(within).cloned().collect();
        let mut changes: Vec<Change> = stored.into_iter().chain(fresh).map(change).collect();
        changes.sort_by_key(|c| (c.time, c.record));
        Ok(changes)
    }

    fn incident(&self, id: IncidentId) -> Result<Option<Incident>, ArchiveError> {
        if let Some(held) = lock(&self.board.incidents).get(&id) {
            return Ok(Some(Incident::clone(held)));
        }
        lock(&self.rows).incident(id).map_err(told)
    }

    fn standing(&self, ids: &[IncidentId]) -> Vec<(IncidentId, Severity, Option<u8>)> {
        let held = lock(&self.board.incidents);
        ids.iter().filter_map(|id| held.get(id)).map(|i| (i.id, i.severity, i.criticality)).collect()
    }

    fn incidents(&self, from: Timestamp, to: Timestamp, limit: usize) -> Result<Vec<Incident>, ArchiveError> {
        let mut rows: Vec<Incident> = lock(&self.board.incidents)
            .values()
            .filter(|i| i.first_seen < to && i.last_seen >= from)
            .map(|i| Incident::clone(i))
            .collect();
        rows.sort_by_key(|i| (std::cmp::Reverse((i.criticality, i.severity, i.count)), i.id));
        rows.truncate(limit);
        Ok(rows)
    }

    /// The same fault first, then what reads like it or had the same kind of cause.
    fn similar(&self, incident: &Incident, limit: usize) -> Result<Vec<PastIncident>, ArchiveError> {
        let all: Vec<Arc<Incident>> = lock(&self.board.incidents).values().cloned().collect();
        let mut like: Vec<Arc<Incident>> = all
            .iter()
            .filter(|i| i.id != incident.id && i.part_of.is_none())
            .filter(|i| {
                i.fingerprint == incident.fingerprint || i.template == incident.template || i.title == incident.title
            })
            .cloned()
            .collect();
        like.sort_by_key(|i| (i.fingerprint != incident.fingerprint, std::cmp::Reverse(i.last_seen)));
        let reader = lock(&self.rows);
        if like.len() < limit {
            let diagnosis = reader.diagnosis_of(incident).map_err(told)?;
            let found = lock(&self.alike).like(incident, diagnosis.as_ref(), &all, &self.board, &reader);
            for (_, past, _) in found.map_err(told)? {
                if past.part_of.is_none() && like.iter().all(|i| i.id != past.id) {
                    like.push(past);
                }
            }
        }
        like.truncate(limit);
        like.into_iter()
            .map(|incident| {
                let diagnosis = reader.diagnosis_of(&incident).map_err(told)?;
                let verdict = reader.verdict(incident.id).map_err(told)?;
                Ok(PastIncident { incident: Incident::clone(&incident), diagnosis, verdict })
            })
            .collect()
    }

    fn recall(&self, text: &str, kinds: &[DocumentKind], limit: usize) -> Result<Memories, ArchiveError> {
        asked::recall(&lock(&self.reader), &self.engine, text, kinds, limit)
    }

    fn sql(&self, statement: &str, rows: u64) -> Result<SqlRows, ArchiveError> {
        match &self.sql {
            Some(sql) => asked::sql(&lock(sql), statement, rows),
            None => Err(ArchiveError("SQL is not available here".to_owned())),
        }
    }

    fn sql_tables(&self) -> String {
        if self.sql.is_some() { asked::tables() } else { String::new() }
    }

    fn tally(&self, query: &LogQuery) -> Result<Tally, ArchiveError> {
        let query = LogQuery { order: Order::NewestFirst, limit: 0, ..query.clone() };
        let began = Instant::now();
        let mut tally = Tally::default();
        lock(&self.reader)
            .query(&query, &AtomicBool::new(false), &mut |r| {
                tally.add(r.id, r.meta.time, r.meta.severity.level(), r.component, r.meta.template);
                if tally.count.is_multiple_of(4_096) && began.elapsed() > COUNTING {
                    tally.complete = false;
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            })
            .map_err(told)?;
        Ok(tally)
    }

    fn extent(&self) -> Result<Option<(Timestamp, Timestamp)>, ArchiveError> {
        let info = lock(&self.reader).archive_info().map_err(told)?;
        Ok(info.times.map(|(first, last)| (first, info.latest.unwrap_or(last))))
    }

    fn filter(&self, text: &str) -> Result<LogQuery, ArchiveError> {
        let sources = self.names();
        let context = FilterContext { now: Timestamp::now(), zone: self.zone.clone(), sources: &sources };
        parse_filter(text, &context).map_err(|e| ArchiveError(e.to_string()))
    }

    fn describe(&self, query: &LogQuery) -> String {
        describe(query, &self.names())
    }
}
