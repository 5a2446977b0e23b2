//! Windows of records for the log view: one thread that answers the newest [`LogsRequest`] from the archive and the
//! live window together, and meanwhile counts the matches of the query from the newest record down. A newer
//! request interrupts what is going on, so a key never waits for a scan.

mod ahead;
#[cfg(test)]
mod ahead_tests;
mod bytime;
mod index;
mod jump;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod time_tests;

use self::bytime::TimeView;
use self::index::MatchIndex;
use super::board::Board;
use super::events::{Anchor, Event, EventSink, LogsPage, LogsRequest};
use super::previews::Shown;
use aiobs_store::{Matcher, Reader, StoreError};
use aiobs_types::{LogQuery, LogRecord, Order, RecordBatch, RecordId};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::time::{Duration, Instant};

/// Records scanned between two looks at the inbox.
const SLICE: u64 = 65_536;
/// Time between two progress reports of a scan.
const REPORT_EVERY: Duration = Duration::from_millis(100);

/// The asking side.
pub(crate) struct LogView {
    tx: Sender<LogsRequest>,
    cancel: Arc<AtomicBool>,
}

impl LogView {
    /// Starts the thread. It ends when the asking side is dropped.
    pub(crate) fn spawn(reader: Reader, board: Arc<Board>, sink: Arc<EventSink>) -> std::io::Result<Self> {
        let (tx, rx) = channel();
        let cancel = Arc::new(AtomicBool::new(false));
        let worker = Worker {
            reader,
            board,
            sink,
            cancel: Arc::clone(&cancel),
            scan: None,
            shown: Vec::new(),
            ahead: Vec::new(),
            time: TimeView::default(),
        };
        std::thread::Builder::new().name("logview".into()).spawn(move || worker.run(&rx))?;
        Ok(Self { tx, cancel })
    }

    /// Asks; the answer comes as an event.
    pub(crate) fn ask(&self, request: LogsRequest) {
        let _ = self.tx.send(request);
        // Behind the request: a flag that is taken down by mistake then only costs a slice, never an answer.
        self.cancel.store(true, Ordering::SeqCst);
    }
}

/// Why a window was not made.
enum Halt {
    /// A newer request came.
    Cancelled,
    Store(StoreError),
}

impl From<StoreError> for Halt {
    fn from(e: StoreError) -> Self {
        Self::Store(e)
    }
}

/// The record a jump begins at.
const fn origin(anchor: Anchor) -> Option<u64> {
    match anchor {
        Anchor::FindNext(id) | Anchor::FindPrevious(id) | Anchor::LevelNext(id, _) | Anchor::LevelPrevious(id, _) => {
            Some(id.0)
        }
        _ => None,
    }
}

/// The query being counted.
struct Scan {
    query: LogQuery,
    matcher: Matcher,
    index: MatchIndex,
    request: LogsRequest,
    /// The rows of `request` have been sent.
    answered: bool,
    reported: Instant,
}

struct Worker {
    reader: Reader,
    board: Arc<Board>,
    sink: Arc<EventSink>,
    cancel: Arc<AtomicBool>,
    scan: Option<Scan>,
    /// Rows of the last window, rising. The next one holds most of them again, and a rare match is alone in its chunk:
    /// without them, following a filter would unpack a chunk per row each time something arrives.
    shown: Vec<LogRecord>,
    /// What is shown before it is read, behind all records.
    ahead: Vec<Shown>,
    time: TimeView,
}

impl Worker {
    fn run(mut self, inbox: &Receiver<LogsRequest>) {
        loop {
            let counting = self.scan.as_ref().is_some_and(|s| !s.answered || !s.index.done());
            let first = if counting {
                match inbox.try_recv() {
                    Ok(r) => Some(r),
                    Err(TryRecvError::Empty) => None,
                    Err(TryRecvError::Disconnected) => return,
                }
            } else {
                match inbox.recv() {
                    Ok(r) => Some(r),
                    Err(_) => return,
                }
            };
            self.cancel.store(false, Ordering::SeqCst);
            if let Some(mut request) = first {
                while let Ok(newer) = inbox.try_recv() {
                    request = newer;
                }
                self.begin(request);
            } else if self.scan.as_ref().is_some_and(|s| !s.answered) {
                // Interrupted by the flag of its own request, which came a moment after it.
                self.refresh();
            } else {
                self.count_slice();
            }
        }
    }

    /// First and one-past-last id of everything there is.
    fn bounds(&mut self) -> (u64, u64) {
        let (next, ahead) = self.board.live.edge();
        self.ahead = ahead;
        let next = next.0;
        let live = self.board.live.first().map_or(next, |f| f.0);
        let stored = self.reader.first_record_id().ok().flatten().map_or(live, |f| f.0);
        (stored.min(live).min(next), next)
    }

    fn begin(&mut self, request: LogsRequest) {
        let query = LogQuery { order: Order::OldestFirst, limit: 0, ..request.query.clone() };
        let (first, next) = self.bounds();
        match &mut self.scan {
            Some(scan) if scan.query == query => {
                scan.request = request;
                scan.answered = false;
            }
            _ => match self.reader.matcher(&query) {
                Ok(matcher) => {
                    self.time.forget();
                    let index =
                        if query.is_all() { MatchIndex::everything(first, next) } else { MatchIndex::new(first, next) };
                    let reported = Instant::now();
                    self.scan = Some(Scan { query, matcher, index, request, answered: false, reported });
                }
                Err(e) => {
                    self.scan = None;
                    let archive = next - first;
                    let page = LogsPage {
                        seq: request.seq,
                        archive,
                        done: true,
                        error: Some(e.to_string()),
                        ..LogsPage::default()
                    };
                    self.sink.send(Event::Logs(page));
                    return;
                }
            },
        }
        self.catch_up(first, next);
        self.reply(first, next);
    }

    fn refresh(&mut self) {
        let (first, next) = self.bounds();
        self.catch_up(first, next);
        self.reply(first, next);
    }

    /// The batches in memory from `from` on, and the first id of all that are in memory: what is older is stored.
    fn window_from(&self, from: u64, next: u64) -> (Vec<Arc<RecordBatch>>, u64) {
        let (batches, live) = self.board.live.since(RecordId(from));
        (batches, live.0.min(next))
    }

    /// Adds what arrived since the index was begun.
    fn catch_up(&mut self, first: u64, next: u64) {
        let Some(scan) = &mut self.scan else { return };
        scan.index.forget_before(first);
        let from = scan.index.above();
        if scan.query.is_all() {
            scan.index.extend_all(next);
            return;
        }
        if from >= next {
            return;
        }
        let mut ids = Vec::new();
        let (batches, live) = self.window_from(from, next);
        let Some(scan) = &mut self.scan else { return };
        if from < live {
            let query = LogQuery {
                first: scan.query.first.max(Some(RecordId(from))),
                last: Some(scan.query.last.map_or(RecordId(live - 1), |l| l.min(RecordId(live - 1)))),
                ..scan.query.clone()
            };
            // Not interruptible: it is at most what arrived since the last look.
            let found = self.reader.query(&query, &AtomicBool::new(false), &mut |r| {
                ids.push(r.id.0);
                ControlFlow::Continue(())
            });
            if let Err(e) = found {
                tracing::warn!("archive: {e}");
            }
        }
        for batch in batches {
            ids.extend(
                batch.iter().filter(|v| v.id.0 >= from && v.id.0 < next && scan.matcher.matches(v)).map(|v| v.id.0),
            );
        }
        scan.index.add_above(&ids, next);
    }

    /// Scans the next slice downwards and reports now and then.
    fn count_slice(&mut self) {
        let Some((lo, hi)) = self.scan.as_ref().map(|s| s.index.next_slice(SLICE)) else { return };
        let (batches, live) = self.window_from(lo, hi);
        let Some(scan) = &mut self.scan else { return };
        let mut ids = Vec::new();
        let stored = hi.min(live);
        if lo < stored {
            let last = RecordId(stored - 1);
            let query = LogQuery {
                first: Some(scan.query.first.map_or(RecordId(lo), |f| f.max(RecordId(lo)))),
                last: Some(scan.query.last.map_or(last, |l| l.min(last))),
                ..scan.query.clone()
            };
            let result = self.reader.query(&query, &self.cancel, &mut |r| {
                ids.push(r.id.0);
                ControlFlow::Continue(())
            });
            if self.cancel.load(Ordering::SeqCst) {
                return;
            }
            if let Err(e) = result {
                tracing::warn!("archive: {e}");
            }
        }
        // What is not stored yet is in memory only.
        for batch in batches {
            let inside = |v: &aiobs_store::RecordRef<'_>| (lo..hi).contains(&v.id.0) && scan.matcher.matches(v);
            ids.extend(batch.iter().filter(inside).map(|v| v.id.0));
        }
        scan.index.add_below(&ids, lo);
        if scan.index.done() || scan.reported.elapsed() >= REPORT_EVERY {
            scan.reported = Instant::now();
            let (first, next) = self.bounds();
            self.reply(first, next);
        }
    }

    /// Sends the window of the current request with the counts known so far.
    fn reply(&mut self, first: u64, next: u64) {
        let Some(mut request) = self.scan.as_ref().map(|s| s.request.clone()) else { return };
        request.anchor = self.stored_by_now(request.anchor, next);
        let page = if request.by_time {
            self.window_by_time(&request, first, next)
        } else {
            self.window(&request, first, next)
        };
        let page = match page {
            Ok(page) => page,
            Err(Halt::Cancelled) => return,
            Err(Halt::Store(e)) => {
                LogsPage { seq: request.seq, error: Some(e.to_string()), done: true, ..LogsPage::default() }
            }
        };
        if let Some(scan) = &mut self.scan {
            scan.answered = true;
        }
        self.sink.send(Event::Logs(page));
    }

    fn window(&mut self, request: &LogsRequest, first: u64, next: u64) -> Result<LogsPage, Halt> {
        let (before, after) = (request.before, request.after);
        let mut not_found = false;
        let mut error = None;
        let at = match request.anchor {
            Anchor::Tail => None,
            Anchor::Head => Some(first),
            Anchor::At(id) => Some(id.0),
            Anchor::Rank(n) => self.nth(n).or(Some(first)),
            anchor => {
                let (target, from) = match self.jump(anchor, request, first, next) {
                    Ok(found) => found,
                    Err(Halt::Store(e)) => {
                        error = Some(e.to_string());
                        (None, origin(anchor))
                    }
                    Err(halt) => return Err(halt),
                };
                not_found = target.is_none();
                target.or(from)
            }
        };
        let (ids, focus) = match at {
            None => {
                let ids = self.matches_before(u64::MAX, before + after, first, next)?;
                let focus = ids.len().checked_sub(1);
                (ids, focus)
            }
            Some(at) => {
                let mut tail = self.matches_from(at, after, first, next)?;
                let mut ids = self.matches_before(at, before, first, next)?;
                let focus = if tail.is_empty() { ids.len().checked_sub(1) } else { Some(ids.len()) };
                ids.append(&mut tail);
                (ids, focus)
            }
        };
        let rows = self.records(&ids)?;
        let focus_id = focus.and_then(|f| ids.get(f)).copied();
        let focus = focus_id.and_then(|id| rows.iter().position(|r| r.id.0 == id));
        let Some(scan) = &self.scan else { return Ok(LogsPage::default()) };
        let unstored = self.previewed_before(&scan.matcher, u64::MAX, usize::MAX).len() as u64;
        Ok(LogsPage {
            seq: request.seq,
            focus,
            rank: rows.first().map_or(0, |r| self.rank(r.id.0)),
            rows,
            total: scan.index.total() + unstored,
            unstored,
            edges: self.edges(&scan.matcher),
            archive: next - first,
            scanned: scan.index.scanned(),
            done: scan.index.done(),
            not_found,
            error,
            ..LogsPage::default()
        })
    }

    /// Up to `n` matches with id >= `at`, ascending.
    fn matches_from(&mut self, at: u64, n: usize, first: u64, next: u64) -> Result<Vec<u64>, Halt> {
        let Some(scan) = &self.scan else { return Ok(Vec::new()) };
        if scan.index.done() {
            let mut ids = scan.index.from(at, n);
            ids.extend(self.previewed_from(&scan.matcher, at, n - ids.len()));
            return Ok(ids);
        }
        let query = scan.query.clone();
        self.seek(&query, at, true, n, first, next)
    }

    /// Up to `n` matches with id < `at`, ascending.
    fn matches_before(&mut self, at: u64, n: usize, first: u64, next: u64) -> Result<Vec<u64>, Halt> {
        let Some(scan) = &self.scan else { return Ok(Vec::new()) };
        if scan.index.done() {
            let ahead = self.previewed_before(&scan.matcher, at, n);
            let mut ids = scan.index.before(at, n - ahead.len());
            ids.extend(ahead);
            return Ok(ids);
        }
        let query = scan.query.clone();
        let mut ids = self.seek(&query, at, false, n, first, next)?;
        ids.reverse();
        Ok(ids)
    }

    /// Up to `n` matches of any query: from `at` on upwards, or below `at` downwards, in that order.
    fn seek(
        &mut self,
        query: &LogQuery,
        at: u64,
        forward: bool,
        n: usize,
        first: u64,
        next: u64,
    ) -> Result<Vec<u64>, Halt> {
        let mut ids = Vec::with_capacity(n);
        if n == 0 {
            return Ok(ids);
        }
        let matcher = self.reader.matcher(query)?;
        let (batches, live) = self.window_from(if forward { at } else { 0 }, next);
        if !forward {
            ids.extend(self.previewed_before(&matcher, at, n).into_iter().rev());
            if ids.len() == n {
                return Ok(ids);
            }
            for batch in batches.iter().rev() {
                for v in batch.iter().rev().filter(|v| v.id.0 < at && v.id.0 < next && matcher.matches(v)) {
                    ids.push(v.id.0);
                    if ids.len() == n {
                        return Ok(ids);
                    }
                }
            }
        }
        let (lo, hi) = if forward { (at.max(first), live) } else { (first, live.min(at)) };
        if lo < hi {
            let order = if forward { Order::OldestFirst } else { Order::NewestFirst };
            let query = LogQuery {
                first: Some(query.first.map_or(RecordId(lo), |f| f.max(RecordId(lo)))),
                last: Some(query.last.map_or(RecordId(hi - 1), |l| l.min(RecordId(hi - 1)))),
                order,
                limit: n - ids.len(),
                ..query.clone()
            };
            self.reader.query(&query, &self.cancel, &mut |r| {
                ids.push(r.id.0);
                ControlFlow::Continue(())
            })?;
            if self.cancel.load(Ordering::SeqCst) {
                return Err(Halt::Cancelled);
            }
        }
        if forward {
            for batch in &batches {
                for v in batch.iter().filter(|v| v.id.0 >= at && v.id.0 < next && matcher.matches(v)) {
                    if ids.len() == n {
                        return Ok(ids);
                    }
                    ids.push(v.id.0);
                }
            }
            ids.extend(self.previewed_from(&matcher, at, n - ids.len()));
        }
        Ok(ids)
    }

    /// The records with these ids, ascending: those shown a moment ago, else from the live window or the archive.
    fn records(&mut self, ids: &[u64]) -> Result<Vec<LogRecord>, Halt> {
        let mut rows = Vec::with_capacity(ids.len());
        let mut stored = Vec::new();
        for &id in ids {
            let shown = self.shown.binary_search_by_key(&id, |r| r.id.0).ok().and_then(|i| self.shown.get(i));
            let known = shown.cloned().or_else(|| self.previewed(RecordId(id)));
            match known.or_else(|| self.board.live.get(RecordId(id))) {
                Some(r) => rows.push(r),
                None => stored.push(RecordId(id)),
            }
        }
        if !stored.is_empty() {
            // Chunk after chunk, whatever the order of the window.
            stored.sort_unstable();
            rows.extend(self.reader.records(&stored)?);
            rows.sort_by_key(|r| r.id);
        }
        self.shown.clone_from(&rows);
        self.shown.sort_by_key(|r| r.id);
        Ok(rows)
    }
}
