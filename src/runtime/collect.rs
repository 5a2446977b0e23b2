//! Collects the records that a query selects, from the archive and what is newer, on a thread of its own: what the
//! screen copies, writes to a file or hands to a pager. It can be stopped at any moment.

use super::board::{Board, lock};
use super::events::{Collected, Event, EventSink};
use aiobs_store::{ChunkHits, Reader, StoreError, TimeStep};
use aiobs_types::{LogQuery, LogRecord, Order, RecordId};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Between two words on how far it is.
const REPORT_EVERY: Duration = Duration::from_millis(200);

struct Job {
    seq: u64,
    query: LogQuery,
    by_time: bool,
    cancel: Arc<AtomicBool>,
}

/// The asking side.
pub(super) struct Collector {
    tx: Sender<Job>,
    running: Mutex<Arc<AtomicBool>>,
}

impl Collector {
    /// Starts the thread. It ends when the asking side is dropped.
    pub(super) fn spawn(reader: Reader, board: Arc<Board>, sink: Arc<EventSink>) -> std::io::Result<Self> {
        let (tx, rx) = channel();
        std::thread::Builder::new().name("collect".into()).spawn(move || work(&reader, &board, &rx, &sink))?;
        Ok(Self { tx, running: Mutex::default() })
    }

    /// Collects what `query` selects, at most its limit, in place of what goes on: by event time, or as records came in.
    pub(super) fn ask(&self, seq: u64, query: LogQuery, by_time: bool) {
        let cancel = Arc::new(AtomicBool::new(false));
        std::mem::replace(&mut *lock(&self.running), Arc::clone(&cancel)).store(true, Ordering::SeqCst);
        // Gone only when everything stops.
        let _ = self.tx.send(Job { seq, query, by_time, cancel });
    }

    /// Stops what goes on.
    pub(super) fn cancel(&self) {
        lock(&self.running).store(true, Ordering::SeqCst);
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.cancel();
    }
}

fn work(reader: &Reader, board: &Board, inbox: &Receiver<Job>, sink: &EventSink) {
    while let Ok(job) = inbox.recv() {
        let state = collect(reader, board, &job, sink).unwrap_or_else(|e| Collected::Failed(e.to_string()));
        if !job.cancel.load(Ordering::SeqCst) {
            sink.send(Event::Collected(job.seq, state));
        }
    }
}

fn collect(reader: &Reader, board: &Board, job: &Job, sink: &EventSink) -> Result<Collected, StoreError> {
    // What is in memory first, then what is older: a record that moves meanwhile is seen once.
    let (batches, live) = board.live.since(RecordId(0));
    let most = if job.query.limit == 0 { usize::MAX } else { job.query.limit };
    let stored = RecordId(live.0.saturating_sub(1));
    let query = LogQuery { order: Order::OldestFirst, limit: 0, ..job.query.clone() };
    let archived = LogQuery { last: Some(query.last.map_or(stored, |l| l.min(stored))), ..query.clone() };
    let first = reader.first_record_id()?.map_or(0, |id| id.0).max(query.first.map_or(0, |id| id.0));
    let total = archived.last.map_or(0, |l| l.0).saturating_sub(first);
    let (mut records, mut scanned, mut told): (Vec<LogRecord>, u64, Instant) = (Vec::new(), 0, Instant::now());
    let mut report = |scanned: u64, found: usize| {
        if told.elapsed() >= REPORT_EVERY {
            told = Instant::now();
            sink.send(Event::Collected(job.seq, Collected::Running { scanned, total, found: found as u64 }));
        }
        if found > most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let matcher = reader.matcher(&query)?;
    let newer = batches.iter().flat_map(|b| b.iter()).filter(|v| v.id >= live && matcher.matches(v));
    if job.by_time {
        let mut on = |step| {
            match step {
                TimeStep::Scanned(n) => scanned += n,
                TimeStep::Record(record) => records.push(record),
            }
            report(scanned, records.len())
        };
        reader.by_time(&archived, &job.cancel, &mut on)?;
        // Both are sorted, and the sort is quick on what is.
        let mut newest: Vec<LogRecord> = newer.map(|v| v.to_record()).collect();
        newest.sort_by_key(|r| (r.time, r.id));
        records.append(&mut newest);
        records.sort_by_key(|r| (r.time, r.id));
    } else {
        let mut on = |hits: &ChunkHits| {
            scanned += u64::from(hits.header.count);
            if let Some(chunk) = &hits.chunk {
                let room = most.saturating_add(1) - records.len();
                records.extend(hits.rows.iter().take(room).filter_map(|i| chunk.record(*i as usize)));
            }
            report(scanned, records.len())
        };
        reader.scan(&reader.matcher(&archived)?, Order::OldestFirst, &job.cancel, &mut on)?;
        let room = most.saturating_add(1).saturating_sub(records.len());
        records.extend(newer.take(room).map(|v| v.to_record()));
    }
    let more = records.len() > most;
    records.truncate(most);
    Ok(Collected::Done { records, more })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failing test should panic")]
    use super::*;
    use crate::runtime::events::EventReceiver;
    use aiobs_store::{Commit, Store};
    use aiobs_types::{NewRecord, RecordBatch, Severity, SourceId, TemplateId, Timestamp};

    fn batch(first: u64, times: &[i64]) -> Arc<RecordBatch> {
        let mut batch = RecordBatch::new(RecordId(first));
        for time in times {
            batch.push(NewRecord {
                time: Timestamp(*time),
                observed: Timestamp(0),
                offset: 0,
                source: SourceId(1),
                template: TemplateId(1),
                severity: Severity::INFO,
                flags: 0,
                component: "",
                text: "x",
                message: (0, 1),
            });
        }
        Arc::new(batch)
    }

    #[test]
    fn what_is_stored_and_what_is_newer_come_in_the_order_that_is_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(dir.path()).unwrap();
        let batches = vec![batch(1, &[30, 10, 50])];
        store.writer().unwrap().commit(&Commit { batches, ..Commit::default() }).unwrap();
        let board = Board::new(RecordId(4));
        board.live.push(batch(4, &[20, 40]));
        let (sink, _events) = EventReceiver::channel();
        let reader = store.reader().unwrap();
        let times = |by_time, limit| {
            let query = LogQuery { limit, ..LogQuery::default() };
            let job = Job { seq: 1, query, by_time, cancel: Arc::default() };
            match collect(&reader, &board, &job, &sink).unwrap() {
                Collected::Done { records, more } => (records.iter().map(|r| r.time.0).collect::<Vec<_>>(), more),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(times(true, 0), (vec![10, 20, 30, 40, 50], false));
        assert_eq!(times(true, 3), (vec![10, 20, 30], true));
        assert_eq!(times(false, 0), (vec![30, 10, 50, 20, 40], false));
        assert_eq!(times(false, 4), (vec![30, 10, 50, 20], true));
    }
}
