//! Counts warnings and errors of components over time for the heat map. A thread of its own; what is counted so far is told
//! now and then, and a newer request ends an older one.

use super::board::{Board, lock};
use super::desk::{Desk, Inbox};
use super::events::{Event, EventSink, HeatCell, HeatMap, HeatRequest, HeatRow, WIDTHS};
use aiobs_store::{Columns, Heat, Reader, StoreError};
use aiobs_types::{Level, RecordId, Timestamp};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Time between two reports.
const REPORT_EVERY: Duration = Duration::from_millis(100);
/// Time shown when none is asked for, nanoseconds.
const WINDOW: i64 = 3_600_000_000_000;
/// Components handed out.
const ROWS: usize = 200;

/// The asking side.
pub(super) type HeatDesk = Desk<HeatRequest>;

/// Starts the thread.
pub(super) fn spawn(reader: Reader, board: Arc<Board>, sink: Arc<EventSink>) -> std::io::Result<HeatDesk> {
    Desk::spawn("heat", move |inbox| Worker { reader, board, sink, inbox }.run())
}

struct Worker {
    reader: Reader,
    board: Arc<Board>,
    sink: Arc<EventSink>,
    inbox: Inbox<HeatRequest>,
}

impl Worker {
    fn run(self) {
        let mut newest = None;
        while self.inbox.take(true, |request| newest = Some(request)) {
            if self.board.stopping() {
                return;
            }
            let answer = newest.take().map_or(Ok(()), |request| self.answer(request));
            if let Err(e) = answer {
                self.sink.toast(Level::Error, format!("Can't read the archive: {e}"));
            }
        }
    }

    fn answer(&self, request: HeatRequest) -> Result<(), StoreError> {
        let (batches, _) = self.board.live.since(RecordId(0));
        let Some(columns) = self.columns(request) else {
            self.tell(HeatMap { seq: request.seq, done: true, share: 1.0, ..HeatMap::default() });
            return Ok(());
        };
        let mut heat = Heat::new(columns);
        let mut told = Instant::now();
        let end = self.reader.fill_heat(&mut heat, self.inbox.cancel(), &mut |heat, share| {
            if told.elapsed() >= REPORT_EVERY {
                told = Instant::now();
                self.tell(map(heat, request.seq, share, false));
            }
            ControlFlow::Continue(())
        })?;
        // Stopped: a newer request waits.
        if self.inbox.is_cancelled() {
            return Ok(());
        }
        for v in batches.iter().flat_map(|b| b.iter()).filter(|v| v.id >= end) {
            heat.add(v.component, v.meta.time, v.meta.severity.level());
        }
        self.tell(map(&heat, request.seq, 1.0, true));
        Ok(())
    }

    fn tell(&self, map: HeatMap) {
        self.sink.send(Event::Heat(Box::new(map)));
    }

    /// The columns asked for, or those of the last hour; `None` when there are no records.
    fn columns(&self, request: HeatRequest) -> Option<Columns> {
        let most = request.columns.max(1);
        if let Some((from, width)) = request.zoom {
            return Some(Columns { from, width: width.max(1), count: most });
        }
        let totals = lock(&self.board.stats).totals;
        let to = totals.last?;
        let from = totals.first.unwrap_or(to).max(to.plus(-WINDOW));
        let count = |width: i64| (to.0.div_euclid(width) - from.0.div_euclid(width)).unsigned_abs() as usize + 1;
        let width = WIDTHS.into_iter().find(|w| count(*w) <= most).unwrap_or(WIDTHS[WIDTHS.len() - 1]);
        let count = count(width).min(most);
        // Ends with the newest record, whatever fits before it.
        let last = to.0.div_euclid(width);
        Some(Columns { from: Timestamp((last - count as i64 + 1).saturating_mul(width)), width, count })
    }
}

/// As the screen takes it: the worst first.
fn map(heat: &Heat, seq: u64, share: f64, done: bool) -> HeatMap {
    let cell = |c: &aiobs_store::HeatCell| HeatCell {
        warnings: c.warnings.into(),
        errors: c.errors.into(),
        fatal: c.fatal.into(),
    };
    let row = |(name, cells): (&String, &Vec<aiobs_store::HeatCell>)| {
        let cells: Vec<HeatCell> = cells.iter().map(cell).collect();
        let mut sum = HeatCell::default();
        for cell in &cells {
            sum.add(*cell);
        }
        HeatRow { name: name.clone(), cells, sum }
    };
    let mut rows: Vec<HeatRow> = heat.rows.iter().map(row).collect();
    rows.sort_by(|a, b| {
        let worst = |r: &HeatRow| (r.sum.fatal, r.sum.errors, r.sum.warnings);
        worst(b).cmp(&worst(a)).then_with(|| a.name.cmp(&b.name))
    });
    let left_out = rows.len().saturating_sub(ROWS);
    rows.truncate(ROWS);
    let Columns { from, width, count } = heat.columns;
    HeatMap { seq, from, width, columns: count, rows, left_out, share, done }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::runtime::events::EventReceiver;
    use aiobs_store::{Commit, Store};
    use aiobs_types::{NewRecord, RecordBatch, Severity, SourceId, TemplateId};

    const T0: i64 = 1_700_000_040;

    /// A record a second; every tenth an error of orders, every fifth a warning of db.
    fn batch(first: u64, count: u64) -> Arc<RecordBatch> {
        let mut batch = RecordBatch::new(RecordId(first));
        for id in first..first + count {
            let (severity, component) = match id {
                i if i.is_multiple_of(10) => (Severity::ERROR, "orders"),
                i if i.is_multiple_of(5) => (Severity::WARN, "db"),
                _ => (Severity::INFO, "gateway"),
            };
            batch.push(NewRecord {
                time: Timestamp::from_secs(T0 + id as i64),
                observed: Timestamp::from_secs(T0),
                offset: id,
                source: SourceId(1),
                template: TemplateId(1),
                severity,
                flags: 0,
                component,
                text: "x",
                message: (0, 1),
            });
        }
        Arc::new(batch)
    }

    fn ask(records: Option<(u64, u64)>, request: HeatRequest) -> HeatMap {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(dir.path()).unwrap();
        let (stored, live) = records.unwrap_or((0, 0));
        if stored > 0 {
            store.writer().unwrap().commit(&Commit { batches: vec![batch(1, stored)], ..Commit::default() }).unwrap();
        }
        let board = Arc::new(Board::new(RecordId(stored + 1)));
        board.live.push(batch(stored + 1, live));
        if records.is_some() {
            let mut stats = lock(&board.stats);
            stats.totals.first = Some(Timestamp::from_secs(T0 + 1));
            stats.totals.last = Some(Timestamp::from_secs(T0 + (stored + live) as i64));
        }
        let (sink, mut stream) = EventReceiver::channel();
        let desk = spawn(store.reader().unwrap(), board, sink).unwrap();
        desk.ask(request);
        let began = Instant::now();
        loop {
            match stream.try_recv() {
                Ok(Event::Heat(map)) if map.done => return *map,
                Ok(_) => {}
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
            assert!(began.elapsed() < Duration::from_mins(1), "no answer");
        }
    }

    #[test]
    fn archive_and_memory_are_counted_once_and_the_worst_is_first() {
        let map = ask(Some((900, 300)), HeatRequest { seq: 4, zoom: None, columns: 41 });
        assert_eq!((map.seq, map.width, map.columns), (4, 30_000_000_000, 41));
        let names: Vec<&str> = map.rows.iter().map(|r| r.name.as_str()).collect();
        assert_eq!(names, ["orders", "db"], "who has no trouble has no row");
        assert_eq!((map.rows[0].sum.errors, map.rows[1].sum.warnings), (120, 120));
        assert!(map.rows[0].cells[1..40].iter().all(|c| c.errors == 3), "{:?}", map.rows[0].cells);
        let zoom = Some((Timestamp::from_secs(T0 + 100), 10_000_000_000));
        let map = ask(Some((900, 300)), HeatRequest { seq: 5, zoom, columns: 3 });
        assert_eq!(map.rows[0].cells.iter().map(|c| c.bad()).collect::<Vec<_>>(), [1, 1, 1]);
    }

    #[test]
    fn nothing_read_is_an_answer_too() {
        let map = ask(None, HeatRequest { seq: 1, zoom: None, columns: 40 });
        assert!(map.rows.is_empty() && map.done);
    }
}
