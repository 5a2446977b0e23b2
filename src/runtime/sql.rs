//! SQL for the screen: a thread of its own that runs one statement at a time, tells how far it is, and can be stopped
//! at any moment; and the filter language as SQL uses it, also for the command line.

use super::board::{Board, lock};
use super::events::{Event, EventSink, SqlAnswer, SqlState, SqlTable};
use aiobs_logs::filter::{FilterContext, parse_filter};
use aiobs_logs::format::ZoneRule;
use aiobs_store::{ReadFilter, Sql, SqlControl, SqlError, SqlLimits, SqlSink, Store, StoreError};
use aiobs_types::{SourceId, SqlValue, Timestamp};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Rows of a result on screen at most.
const ROWS: u64 = 5_000;
/// Bytes of a result on screen at most.
const BYTES: usize = 32 << 20;
/// Time for one statement at most.
const TIME: Duration = Duration::from_mins(2);
/// How long a statement waits for what was just read.
const SETTLE: Duration = Duration::from_secs(1);
/// Between two words on how far it is.
const REPORT_EVERY: Duration = Duration::from_millis(200);

/// The filter language against the sources that `sources` names when it is asked.
pub fn read_filter(
    zone: ZoneRule,
    sources: impl Fn() -> Vec<(SourceId, String)> + Send + Sync + 'static,
) -> Arc<ReadFilter> {
    Arc::new(move |text: &str| {
        let sources = sources();
        let context = FilterContext { now: Timestamp::now(), zone: zone.clone(), sources: &sources };
        parse_filter(text, &context).map_err(|e| e.to_string())
    })
}

/// SQL over what is stored; its filters know the sources of the board too.
///
/// # Errors
/// Faults of the disk.
pub(super) fn over(store: &Store, zone: ZoneRule, board: &Arc<Board>) -> Result<Sql, StoreError> {
    let named = Arc::clone(board);
    let checkpoints = store.reader()?.checkpoints()?;
    let sources = move || {
        let mut all: Vec<(SourceId, String)> = checkpoints.iter().map(|c| (c.source, c.name.clone())).collect();
        for info in lock(&named.sources).values() {
            if !all.iter().any(|(id, _)| *id == info.id) {
                all.push((info.id, info.name.clone()));
            }
        }
        all
    };
    store.sql(read_filter(zone, sources))
}

/// The asking side.
pub(super) struct SqlDesk {
    tx: Sender<(u64, String, Arc<SqlControl>)>,
    running: Mutex<Arc<SqlControl>>,
}

impl SqlDesk {
    /// Starts the thread. It ends when the asking side is dropped.
    pub(super) fn spawn(
        store: &Store,
        zone: ZoneRule,
        board: &Arc<Board>,
        sink: Arc<EventSink>,
    ) -> anyhow::Result<Self> {
        let sql = over(store, zone, board)?;
        let (tx, rx) = channel();
        let board = Arc::clone(board);
        std::thread::Builder::new().name("sql".into()).spawn(move || work(&sql, &board, &rx, &sink))?;
        Ok(Self { tx, running: Mutex::default() })
    }

    /// Runs a statement, in place of the one that goes on.
    pub(super) fn ask(&self, seq: u64, text: String) {
        let control = Arc::new(SqlControl::default());
        let before = std::mem::replace(&mut *lock(&self.running), Arc::clone(&control));
        before.cancel.store(true, Ordering::Relaxed);
        let _ = self.tx.send((seq, text, control));
    }

    /// Stops what goes on.
    pub(super) fn cancel(&self) {
        lock(&self.running).cancel.store(true, Ordering::Relaxed);
    }
}

impl Drop for SqlDesk {
    fn drop(&mut self) {
        self.cancel();
    }
}

/// Keeps a result, up to its bounds.
#[derive(Default)]
struct Keep {
    table: SqlTable,
    bytes: usize,
}

impl SqlSink for Keep {
    fn columns(&mut self, names: Vec<String>) {
        self.table.columns = names;
    }

    fn row(&mut self, values: Vec<SqlValue>) -> ControlFlow<()> {
        self.bytes += values.iter().map(SqlValue::size).sum::<usize>();
        self.table.rows.push(values);
        if self.bytes > BYTES { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

fn work(sql: &Sql, board: &Board, inbox: &Receiver<(u64, String, Arc<SqlControl>)>, sink: &EventSink) {
    while let Ok((seq, text, control)) = inbox.recv() {
        let began = Instant::now();
        store_what_is_seen(board, &control);
        let over = AtomicBool::new(false);
        let state = std::thread::scope(|scope| {
            scope.spawn(|| report(seq, &control, &over, sink));
            let mut keep = Keep::default();
            let limits = SqlLimits { rows: ROWS, time: Some(TIME) };
            let result = sql.run(&text, &limits, &control, &mut keep);
            over.store(true, Ordering::Relaxed);
            match result {
                Ok(done) => {
                    keep.table.cut = done.cut;
                    keep.table.took = began.elapsed();
                    SqlState::Done(Arc::new(keep.table))
                }
                Err(SqlError::Cancelled) => SqlState::Cancelled,
                Err(e) => SqlState::Failed(e.to_string()),
            }
        });
        sink.send(Event::Sql(SqlAnswer { seq, state }));
    }
}

/// Waits until the records on screen by now are in the archive, for a statement to count them too; not for long, as a
/// disk may be full.
fn store_what_is_seen(board: &Board, control: &SqlControl) {
    let (next, began) = (board.live.next(), Instant::now());
    while !board.live.is_stored_before(next)
        && began.elapsed() < SETTLE
        && !control.cancel.load(Ordering::Relaxed)
        && !board.stopping()
    {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Tells how far a statement is until it is over.
fn report(seq: u64, control: &SqlControl, over: &AtomicBool, sink: &EventSink) {
    let mut told = Instant::now();
    while !over.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(10));
        if told.elapsed() >= REPORT_EVERY {
            told = Instant::now();
            let (scanned, total) = (control.scanned.load(Ordering::Relaxed), control.total.load(Ordering::Relaxed));
            sink.send(Event::Sql(SqlAnswer { seq, state: SqlState::Running { scanned, total } }));
        }
    }
}
