//! Counts records in parts of time or of arrival, for the histogram over the log view and the map beside its
//! scrollbar. A thread of its own; what is counted so far is told now and then, and a newer request for the same
//! place ends an older one.

use super::board::Board;
use super::desk::{Desk, Inbox};
use super::events::{Event, EventSink, PartCount, PartsAnswer, PartsOf, PartsRequest, WIDTHS};
use aiobs_store::{Axis, Detail, LEVELS, Parts, Reader};
use aiobs_types::{Level, LogQuery, RecordBatch, RecordId, Timestamp};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Time between two reports.
const REPORT_EVERY: Duration = Duration::from_millis(100);
/// Records dated further after the newest arrival than this have a wrong clock, nanoseconds.
const AHEAD: i64 = 60_000_000_000;
/// Parts looked at to find the time that holds nearly everything.
const LOOK: usize = 256;
/// One record in so many may lie outside of the time shown, on either side; of a tenth of so many, one.
const OUTSIDE: u64 = 1_000;

/// The asking side.
pub(super) type PartsDesk = Desk<PartsRequest>;

/// Starts the thread.
pub(super) fn spawn(reader: Reader, board: Arc<Board>, sink: Arc<EventSink>) -> std::io::Result<PartsDesk> {
    Desk::spawn("parts", move |inbox| Worker { reader, board, sink, inbox, waiting: [None, None] }.run())
}

struct Worker {
    reader: Reader,
    board: Arc<Board>,
    sink: Arc<EventSink>,
    inbox: Inbox<PartsRequest>,
    /// For the histogram, and for the map.
    waiting: [Option<PartsRequest>; 2],
}

impl Worker {
    fn run(mut self) {
        while self.take(self.waiting.iter().all(Option::is_none)) {
            let Some(request) = self.waiting.iter_mut().find_map(Option::take) else { continue };
            match self.answer(&request) {
                Ok(true) => {}
                // Interrupted, perhaps for the other place: again, unless there is a newer one for this.
                Ok(false) => {
                    self.take(false);
                    self.waiting[usize::from(request.map)].get_or_insert(request);
                }
                Err(e) => tracing::warn!("archive: {e}"),
            }
        }
    }

    fn take(&mut self, wait: bool) -> bool {
        self.inbox.take(wait, |request| {
            let place = usize::from(request.map);
            self.waiting[place] = Some(request);
        })
    }

    /// Counts and tells. Whether it came to its end.
    fn answer(&self, request: &PartsRequest) -> aiobs_store::Result<bool> {
        let began = Instant::now();
        let matcher = match self.reader.matcher(&request.query) {
            Ok(matcher) => matcher,
            // The view itself tells what is wrong with the filter.
            Err(aiobs_store::StoreError::Query(_)) => return Ok(true),
            Err(e) => return Err(e),
        };
        let (batches, _) = self.board.live.since(RecordId(0));
        let Some((axis, from, width, count)) = self.divide(request, &batches)? else {
            self.tell(request, &PartsAnswer { done: true, share: 1.0, ..PartsAnswer::default() });
            return Ok(true);
        };
        let to = from.saturating_add(width.saturating_mul(count as i64));
        let mut parts = Parts::new(axis, from, to, count);
        let detail = if request.map { Detail::Rough } else { Detail::Exact };
        let so_far = |parts: &Parts, share: f64, done: bool| PartsAnswer {
            from,
            width,
            counts: parts.counts().iter().map(sum).collect(),
            share,
            done,
            took: began.elapsed(),
            ..PartsAnswer::default()
        };
        let mut told = Instant::now();
        let end = self.reader.fill_parts(&matcher, &mut parts, detail, self.inbox.cancel(), &mut |parts, share| {
            if told.elapsed() >= REPORT_EVERY {
                told = Instant::now();
                self.tell(request, &so_far(parts, share, false));
            }
            ControlFlow::Continue(())
        })?;
        if self.inbox.is_cancelled() {
            return Ok(false);
        }
        for v in batches.iter().flat_map(|b| b.iter()).filter(|v| v.id >= end && matcher.matches(v)) {
            parts.add(v.id, v.meta.time, v.meta.severity.level());
        }
        self.tell(request, &so_far(&parts, 1.0, true));
        Ok(true)
    }

    fn tell(&self, request: &PartsRequest, answer: &PartsAnswer) {
        let answer = PartsAnswer { seq: request.seq, map: request.map, ..answer.clone() };
        self.sink.send(Event::Parts(Box::new(answer)));
    }

    /// The axis, where the first part begins, its width, and how many there are; `None` when there is nothing.
    fn divide(
        &self,
        request: &PartsRequest,
        batches: &[Arc<RecordBatch>],
    ) -> aiobs_store::Result<Option<(Axis, i64, i64, usize)>> {
        let count = request.parts.max(1);
        Ok(match request.of {
            PartsOf::Time(from, width) => Some((Axis::Time, from.0, width.max(1), count)),
            PartsOf::Arrival => {
                let first = self.reader.first_record_id()?.or(batches.first().map(|b| b.first));
                let next = self.board.live.next().0;
                first.filter(|f| f.0 < next).map(|first| {
                    let width = (next - first.0).div_ceil(count as u64).max(1) as i64;
                    (Axis::Id, first.0 as i64, width, count)
                })
            }
            PartsOf::AllTime => self.all_time(batches)?.map(|(from, to)| {
                let (from, width, count) = fit(from, to, count);
                (Axis::Time, from, width, count)
            }),
        })
    }

    /// First and last time, without the few records whose clock was wrong.
    fn all_time(&self, batches: &[Arc<RecordBatch>]) -> aiobs_store::Result<Option<(i64, i64)>> {
        let rows = || batches.iter().flat_map(|b| b.rows());
        let newest = rows().map(|r| r.observed).max().unwrap_or_else(Timestamp::now).plus(AHEAD).0;
        let live = rows().map(|r| r.time).min().zip(rows().map(|r| r.time).max());
        let stored = self.reader.archive_info()?.times;
        let ends = stored.into_iter().chain(live);
        let Some((first, last)) = ends.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))) else { return Ok(None) };
        let (mut from, mut to) = (first.0, last.0);
        if from < newest {
            to = to.min(newest);
        }
        let all = self.reader.matcher(&LogQuery::default())?;
        while to.saturating_sub(from) > WIDTHS[0] {
            let mut parts = Parts::new(Axis::Time, from, to.saturating_add(1), LOOK);
            self.reader.fill_parts(&all, &mut parts, Detail::Rough, self.inbox.cancel(), &mut |_, _| {
                ControlFlow::Continue(())
            })?;
            let counts: Vec<u64> = parts.counts().iter().map(|c| c.iter().sum()).collect();
            let sum = counts.iter().sum::<u64>();
            let few = if sum < OUTSIDE / 10 { 0 } else { (sum / OUTSIDE).max(1) };
            let skipped = |i: &mut dyn Iterator<Item = &u64>| {
                let mut passed = 0;
                i.take_while(|n| {
                    passed += **n;
                    passed <= few
                })
                .count()
            };
            let (low, high) = (skipped(&mut counts.iter()), skipped(&mut counts.iter().rev()));
            let kept = LOOK.saturating_sub(low + high);
            if kept == 0 || kept > LOOK / 4 {
                break;
            }
            let at = |i: usize| from + ((i128::from(to) - i128::from(from) + 1) * i as i128 / LOOK as i128) as i64;
            (from, to) = (at(low), at(LOOK - high));
        }
        Ok(Some((from, to)))
    }
}

/// Where to begin, and the width and number of parts, at most `count`, that hold the times from `from` to `to`.
fn fit(from: i64, to: i64, count: usize) -> (i64, i64, usize) {
    let parts = |width: i64| (to.div_euclid(width) - from.div_euclid(width)) as u64 + 1;
    let widest = WIDTHS[WIDTHS.len() - 1];
    let many = i64::try_from(parts(widest).div_ceil(count as u64)).unwrap_or(1);
    let width = WIDTHS.into_iter().find(|w| parts(*w) <= count as u64).unwrap_or(widest.saturating_mul(many + 1));
    (from.div_euclid(width).saturating_mul(width), width, (parts(width) as usize).min(count))
}

fn sum(levels: &[u64; LEVELS]) -> PartCount {
    let errors = levels[Level::Error as usize] + levels[Level::Fatal as usize];
    PartCount { all: levels.iter().sum(), warnings: levels[Level::Warn as usize], errors }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::runtime::events::EventReceiver;
    use aiobs_store::{Commit, Store};
    use aiobs_types::{NewRecord, Severity, SourceId, TemplateId};

    const T0: i64 = 1_700_000_000;

    fn batch(first: u64, secs: &[i64]) -> Arc<RecordBatch> {
        let mut batch = RecordBatch::new(RecordId(first));
        for (id, s) in (first..).zip(secs) {
            batch.push(NewRecord {
                time: Timestamp::from_secs(T0 + s),
                observed: Timestamp::from_secs(T0 + 1_000_000),
                offset: id,
                source: SourceId(1),
                template: TemplateId(1),
                severity: if id.is_multiple_of(10) { Severity::ERROR } else { Severity::INFO },
                flags: 0,
                component: "",
                text: "something",
                message: (0, 9),
            });
        }
        Arc::new(batch)
    }

    /// `stored` in the archive, `live` in memory; the last answer.
    fn ask(stored: &[i64], live: &[i64], query: &LogQuery, of: PartsOf, parts: usize) -> PartsAnswer {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(dir.path()).unwrap();
        if !stored.is_empty() {
            let batches = vec![batch(1, stored)];
            store.writer().unwrap().commit(&Commit { batches, ..Commit::default() }).unwrap();
        }
        let next = stored.len() as u64 + 1;
        let board = Arc::new(Board::new(RecordId(next)));
        board.live.push(batch(next, live));
        let (sink, mut stream) = EventReceiver::channel();
        let desk = spawn(store.reader().unwrap(), board, sink).unwrap();
        desk.ask(PartsRequest { seq: 7, map: false, query: query.clone(), of, parts });
        let began = Instant::now();
        loop {
            match stream.try_recv() {
                Ok(Event::Parts(answer)) if answer.done => return *answer,
                Ok(_) => {}
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
            assert!(began.elapsed() < Duration::from_mins(1), "no answer");
        }
    }

    #[test]
    fn archive_and_memory_are_counted_once_and_narrowed_by_the_filter() {
        let (stored, live): (Vec<i64>, Vec<i64>) = ((0..600).collect(), (600..1200).collect());
        let answer = ask(&stored, &live, &LogQuery::default(), PartsOf::AllTime, 30);
        assert_eq!(answer.width, 60_000_000_000);
        let counts: Vec<u64> = answer.counts.iter().map(|c| c.all).collect();
        assert_eq!(counts.iter().sum::<u64>(), 1200);
        assert_eq!(counts[3..18], [60; 15]);
        assert!(answer.counts[3..18].iter().all(|c| (c.errors, c.warnings) == (6, 0)));
        let errors = LogQuery { min_severity: Some(Severity::ERROR), ..LogQuery::default() };
        let of = PartsOf::Time(Timestamp::from_secs(T0 + 600), 100_000_000_000);
        let answer = ask(&stored, &live, &errors, of, 3);
        assert!(answer.counts.iter().all(|c| (c.all, c.errors) == (10, 10)), "{:?}", answer.counts);
        let answer = ask(&stored, &live, &LogQuery::default(), PartsOf::Arrival, 12);
        assert!(answer.counts.iter().all(|c| c.all == 100), "{:?}", answer.counts);
        assert!(ask(&[], &[], &LogQuery::default(), PartsOf::AllTime, 5).counts.is_empty());
    }

    #[test]
    fn one_wrong_clock_does_not_squeeze_everything_into_a_column() {
        let mut stored: Vec<i64> = (0..3_000).collect();
        stored[5] = -900_000_000;
        stored[9] = 900_000_000;
        let answer = ask(&stored, &[], &LogQuery::default(), PartsOf::AllTime, 80);
        assert!(answer.width <= 60_000_000_000, "{}", answer.width);
        assert!(answer.counts.iter().map(|c| c.all).sum::<u64>() >= 2_900);
    }
}
