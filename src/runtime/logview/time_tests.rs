//! Windows in the order of event time: every page against a sort of everything there is.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::runtime::events::EventReceiver;
use aiobs_store::{Commit, Store, Writer};
use aiobs_types::{Level, NewRecord, Severity, SourceId, TemplateId, TextMatch, Timestamp};
use proptest::prelude::*;

const T0: i64 = 1_700_000_000;
/// When everything was read.
const READ: i64 = T0 + 100_000;

struct World {
    _store: Store,
    writer: Writer,
    board: Arc<Board>,
    view: LogView,
    stream: EventReceiver,
    /// Seconds after [`T0`], by id from 1.
    times: Vec<i64>,
    seq: u64,
    _dir: tempfile::TempDir,
}

fn is_error(id: u64) -> bool {
    id.is_multiple_of(7)
}

fn batch(first: u64, times: &[i64]) -> Arc<RecordBatch> {
    let mut batch = RecordBatch::new(RecordId(first));
    for (id, secs) in (first..).zip(times) {
        let text = format!("record {id} of source {}", id % 3);
        batch.push(NewRecord {
            time: Timestamp::from_secs(T0 + secs),
            observed: Timestamp::from_secs(READ),
            offset: id,
            source: SourceId((id % 3) as u32),
            template: TemplateId(1),
            severity: if is_error(id) { Severity::ERROR } else { Severity::INFO },
            flags: 0,
            component: "",
            text: &text,
            message: (0, text.len() as u32),
        });
    }
    Arc::new(batch)
}

impl World {
    fn new(stored: &[Vec<i64>], live: &[Vec<i64>]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(dir.path()).unwrap();
        let writer = store.writer().unwrap();
        let next = RecordId(1 + stored.iter().map(Vec::len).sum::<usize>() as u64);
        let board = Arc::new(Board::new(next));
        let (sink, stream) = EventReceiver::channel();
        let view = LogView::spawn(store.reader().unwrap(), Arc::clone(&board), sink).unwrap();
        let mut w = Self { _store: store, writer, board, view, stream, times: Vec::new(), seq: 0, _dir: dir };
        for times in stored {
            let batches = vec![batch(w.next(), times)];
            w.times.extend(times);
            if !times.is_empty() {
                w.writer.commit(&Commit { batches, ..Commit::default() }).unwrap();
            }
        }
        for times in live {
            w.arrive(times);
        }
        w
    }

    fn next(&self) -> u64 {
        self.times.len() as u64 + 1
    }

    fn arrive(&mut self, times: &[i64]) {
        if !times.is_empty() {
            self.board.live.push(batch(self.next(), times));
            self.times.extend(times);
        }
    }

    /// Ids in the order of time.
    fn sorted(&self, keep: impl Fn(u64) -> bool) -> Vec<u64> {
        let mut keys: Vec<(i64, u64)> = self.times.iter().copied().zip(1..).filter(|k| keep(k.1)).collect();
        keys.sort_unstable();
        keys.into_iter().map(|k| k.1).collect()
    }

    fn ask(&mut self, query: &LogQuery, find: Option<&str>, anchor: Anchor) -> LogsPage {
        self.seq += 1;
        let find = find.map(|pattern| TextMatch {
            pattern: pattern.into(),
            regex: false,
            case_sensitive: false,
            negate: false,
        });
        let seq = self.seq;
        self.view.ask(LogsRequest {
            seq,
            query: query.clone(),
            find,
            by_time: true,
            anchor,
            seen: 5,
            before: 3,
            after: 4,
        });
        let began = Instant::now();
        loop {
            match self.stream.try_recv() {
                Ok(Event::Logs(page)) if page.seq == seq && page.done => return page,
                Ok(_) => {}
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
            assert!(began.elapsed() < Duration::from_mins(1), "no answer to request {seq}");
        }
    }
}

fn all() -> LogQuery {
    LogQuery::default()
}

fn errors() -> LogQuery {
    LogQuery { min_severity: Some(Severity::ERROR), ..LogQuery::default() }
}

fn ids(page: &LogsPage) -> Vec<u64> {
    page.rows.iter().map(|r| r.id.0).collect()
}

fn focus(page: &LogsPage) -> Option<u64> {
    page.focus.map(|f| page.rows[f].id.0)
}

/// What a page with its anchor at place `at` of `sorted` must hold: rows, and matches before them.
fn expected(sorted: &[u64], at: usize) -> (Vec<u64>, u64) {
    let from = at.saturating_sub(3);
    (sorted[from..sorted.len().min(at + 4)].to_vec(), from as u64)
}

fn times() -> impl Strategy<Value = Vec<Vec<i64>>> {
    let time = prop_oneof![12 => 0..40_i64, 1 => Just(-50_000_i64)];
    prop::collection::vec(prop::collection::vec(time, 0..9), 0..5)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn every_page_is_a_part_of_the_sort(stored in times(), live in times()) {
        let mut w = World::new(&stored, &live);
        for (query, sorted) in [(all(), w.sorted(|_| true)), (errors(), w.sorted(is_error))] {
            for (at, id) in sorted.iter().enumerate() {
                let page = w.ask(&query, None, Anchor::At(RecordId(*id)));
                prop_assert_eq!((ids(&page), page.rank), expected(&sorted, at));
                prop_assert_eq!(focus(&page), Some(*id));
                prop_assert_eq!(focus(&w.ask(&query, None, Anchor::Rank(at as u64))), Some(*id));
            }
            let page = w.ask(&query, None, Anchor::Tail);
            prop_assert_eq!(ids(&page), &sorted[sorted.len().saturating_sub(7)..]);
            prop_assert_eq!(page.total, sorted.len() as u64);
            let page = w.ask(&query, None, Anchor::Head);
            prop_assert_eq!(ids(&page), &sorted[..sorted.len().min(4)]);
        }
    }
}

#[test]
fn jumps_go_by_time_and_not_by_arrival() {
    // 1..=4 came first and are later.
    let mut w = World::new(&[vec![100, 101, 102, 103], vec![0, 1, 2, 3, 4, 5]], &[vec![50, 104]]);
    assert_eq!(w.sorted(|_| true), [5, 6, 7, 8, 9, 10, 11, 1, 2, 3, 4, 12]);
    let next = |id| Anchor::FindNext(RecordId(id));
    assert_eq!(focus(&w.ask(&all(), Some("source 2"), next(8))), Some(11));
    assert_eq!(focus(&w.ask(&all(), Some("source 2"), next(11))), Some(2));
    assert_eq!(focus(&w.ask(&all(), Some("record 5 "), next(12))), Some(5));
    assert_eq!(focus(&w.ask(&all(), Some("source 2"), Anchor::FindPrevious(RecordId(2)))), Some(11));
    let page = w.ask(&all(), None, Anchor::LevelNext(RecordId(5), Level::Error));
    assert_eq!((focus(&page), page.not_found), (Some(7), false));
    let page = w.ask(&all(), None, Anchor::LevelNext(RecordId(7), Level::Error));
    assert_eq!((focus(&page), page.not_found), (Some(7), true));
    let time = |secs| Anchor::Time(Timestamp::from_secs(T0 + secs));
    for (secs, nearest) in [(-9, 5), (3, 8), (20, 10), (40, 11), (70, 11), (80, 1), (900, 12)] {
        assert_eq!(focus(&w.ask(&all(), None, time(secs))), Some(nearest), "{secs}");
    }
}

#[test]
fn a_clock_that_runs_ahead_does_not_hide_what_is_new() {
    let ahead = READ - T0 + 7_200;
    let mut w = World::new(&[vec![1, 2, 3, 4, 5, 6, ahead, 7]], &[]);
    let page = w.ask(&all(), None, Anchor::Tail);
    assert_eq!((focus(&page), page.ahead, page.total), (Some(8), 1, 8));
    w.arrive(&[ahead + 1, 8]);
    let page = w.ask(&all(), None, Anchor::Tail);
    assert_eq!((focus(&page), page.ahead), (Some(10), 2));
    // They are where their dates say.
    assert_eq!(ids(&w.ask(&all(), None, Anchor::At(RecordId(10)))), [5, 6, 8, 10, 7, 9]);
    // With nothing else there, they are what is followed.
    let mut w = World::new(&[], &[vec![ahead, ahead + 1]]);
    let page = w.ask(&all(), None, Anchor::Tail);
    assert_eq!((ids(&page), page.ahead), (vec![1, 2], 0));
}

#[test]
fn what_comes_in_above_a_followed_view_is_counted() {
    let mut w = World::new(&[(0..20).collect()], &[]);
    assert_eq!(w.ask(&all(), None, Anchor::Tail).late, 0);
    // Five rows were seen, 15 to 19.
    w.arrive(&[3, 4, 17, 20]);
    let page = w.ask(&all(), None, Anchor::Tail);
    assert_eq!((focus(&page), page.late), (Some(24), 2));
    // What scrolls by at once did not come in above.
    let times: Vec<i64> = (20..200).collect();
    w.arrive(&times);
    assert_eq!(w.ask(&all(), None, Anchor::Tail).late, 0);
}
