//! Windows over a real archive and the live window together.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::runtime::events::EventReceiver;
use aiobs_store::{Commit, Retention, Store, Writer};
use aiobs_types::{Level, NewRecord, Severity, SourceId, TemplateId, TextMatch, Timestamp};

pub(super) const T0: i64 = 1_700_000_000;

pub(super) struct World {
    store: Store,
    pub(super) writer: Writer,
    pub(super) board: Arc<Board>,
    view: LogView,
    stream: EventReceiver,
    next: u64,
    seq: u64,
    pub(super) by_time: bool,
    _dir: tempfile::TempDir,
}

/// Every tenth record is an error; `even` and `odd` take turns. A second apart.
pub(super) fn batch(first: u64, count: u64) -> Arc<RecordBatch> {
    let mut batch = RecordBatch::new(RecordId(first));
    for id in first..first + count {
        let text = format!("record {id} is {}", if id % 2 == 0 { "even" } else { "odd" });
        batch.push(NewRecord {
            time: Timestamp::from_secs(T0 + id as i64),
            observed: Timestamp::from_secs(T0 + id as i64),
            offset: id,
            source: SourceId(0),
            template: TemplateId(1),
            severity: if id % 10 == 0 { Severity::ERROR } else { Severity::INFO },
            flags: 0,
            component: "",
            text: &text,
            message: (0, text.len() as u32),
        });
    }
    Arc::new(batch)
}

impl World {
    /// `stored` records in the archive only, `live` newer ones in memory only.
    pub(super) fn new(stored: u64, live: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(dir.path()).unwrap();
        let mut writer = store.writer().unwrap();
        let mut first = 1;
        while first <= stored {
            let count = (stored + 1 - first).min(8_192);
            writer.commit(&Commit { batches: vec![batch(first, count)], ..Commit::default() }).unwrap();
            first += count;
        }
        let board = Arc::new(Board::new(RecordId(first)));
        let (sink, stream) = EventReceiver::channel();
        let view = LogView::spawn(store.reader().unwrap(), Arc::clone(&board), sink).unwrap();
        let mut world = Self { store, writer, board, view, stream, next: first, seq: 0, by_time: false, _dir: dir };
        world.arrive(live);
        world
    }

    pub(super) fn arrive(&mut self, count: u64) {
        if count > 0 {
            self.board.live.push(batch(self.next, count));
            self.next += count;
        }
    }

    fn request(&mut self, query: &LogQuery, find: Option<TextMatch>, anchor: Anchor, around: (usize, usize)) -> u64 {
        self.seq += 1;
        let (before, after) = around;
        self.view.ask(LogsRequest {
            seq: self.seq,
            query: query.clone(),
            find,
            by_time: self.by_time,
            seen: 1,
            anchor,
            before,
            after,
        });
        self.seq
    }

    /// The last page for a request.
    fn page(&mut self, seq: u64) -> LogsPage {
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

    pub(super) fn ask(&mut self, query: &LogQuery, anchor: Anchor) -> LogsPage {
        let seq = self.request(query, None, anchor, (2, 3));
        self.page(seq)
    }

    pub(super) fn find(&mut self, pattern: &str, anchor: Anchor) -> LogsPage {
        let seq = self.request(&LogQuery::default(), Some(text(pattern, false)), anchor, (0, 1));
        self.page(seq)
    }
}

pub(super) fn text(pattern: &str, regex: bool) -> TextMatch {
    TextMatch { pattern: pattern.to_owned(), regex, case_sensitive: false, negate: false }
}

pub(super) fn errors() -> LogQuery {
    LogQuery { min_severity: Some(Severity::ERROR), ..LogQuery::default() }
}

pub(super) fn ids(page: &LogsPage) -> Vec<u64> {
    page.rows.iter().map(|r| r.id.0).collect()
}

pub(super) fn focus(page: &LogsPage) -> Option<u64> {
    page.focus.map(|f| page.rows[f].id.0)
}

#[test]
fn every_anchor_finds_its_place_across_archive_and_memory() {
    let mut w = World::new(100, 20);
    let all = LogQuery::default();
    let page = w.ask(&all, Anchor::Tail);
    assert_eq!((ids(&page), focus(&page), page.total), (vec![116, 117, 118, 119, 120], Some(120), 120));
    let page = w.ask(&all, Anchor::Head);
    assert_eq!((ids(&page), focus(&page), page.rank), (vec![1, 2, 3], Some(1), 0));
    let page = w.ask(&all, Anchor::At(RecordId(100)));
    assert_eq!((ids(&page), focus(&page), page.rank), (vec![98, 99, 100, 101, 102], Some(100), 97));
    let page = w.ask(&all, Anchor::Rank(9));
    assert_eq!(focus(&page), Some(10));
    let page = w.ask(&all, Anchor::Rank(1_000_000));
    assert_eq!(focus(&page), Some(120));
    let page = w.ask(&all, Anchor::Time(Timestamp::from_secs(T0 + 50)));
    assert_eq!(focus(&page), Some(50));
    let page = w.ask(&all, Anchor::Time(Timestamp::from_secs(T0 + 5_000)));
    assert_eq!((focus(&page), page.not_found), (Some(120), false));
    let page = w.ask(&all, Anchor::LevelNext(RecordId(95), Level::Error));
    assert_eq!(focus(&page), Some(100));
    let page = w.ask(&all, Anchor::LevelNext(RecordId(100), Level::Error));
    assert_eq!(focus(&page), Some(110));
    let page = w.ask(&all, Anchor::LevelPrevious(RecordId(110), Level::Error));
    assert_eq!(focus(&page), Some(100));
    let page = w.ask(&all, Anchor::LevelPrevious(RecordId(10), Level::Error));
    assert_eq!((focus(&page), page.not_found), (Some(10), true));
}

#[test]
fn a_filter_counts_what_matches_and_keeps_up() {
    let mut w = World::new(100, 20);
    let page = w.ask(&errors(), Anchor::Tail);
    assert_eq!((ids(&page), page.total, page.scanned), (vec![80, 90, 100, 110, 120], 12, 120));
    // The nearest match at or after a record that does not match; behind the last, the last.
    assert_eq!(focus(&w.ask(&errors(), Anchor::At(RecordId(33)))), Some(40));
    w.arrive(5);
    assert_eq!(focus(&w.ask(&errors(), Anchor::At(RecordId(125)))), Some(120));
    w.arrive(25);
    let page = w.ask(&errors(), Anchor::Tail);
    assert_eq!((focus(&page), page.total), (Some(150), 15));
}

#[test]
fn searching_goes_round() {
    let mut w = World::new(50, 10);
    assert_eq!(focus(&w.find("record 7 ", Anchor::FindNext(RecordId(1)))), Some(7));
    assert_eq!(focus(&w.find("record 7 ", Anchor::FindNext(RecordId(7)))), Some(7));
    assert_eq!(focus(&w.find("record 7 ", Anchor::FindPrevious(RecordId(3)))), Some(7));
    assert_eq!(focus(&w.find("odd", Anchor::FindPrevious(RecordId(1)))), Some(59));
    assert_eq!(focus(&w.find("even", Anchor::FindNext(RecordId(60)))), Some(2));
    let page = w.find("nowhere", Anchor::FindNext(RecordId(20)));
    assert_eq!((focus(&page), page.not_found), (Some(20), true));
}

#[test]
fn a_bad_expression_is_told_and_does_no_harm() {
    let mut w = World::new(10, 2);
    let bad = LogQuery { text: vec![text("(", true)], ..LogQuery::default() };
    let page = w.ask(&bad, Anchor::Tail);
    assert!(page.error.is_some() && page.done && page.rows.is_empty());
    let seq = w.request(&LogQuery::default(), Some(text("(", true)), Anchor::FindNext(RecordId(3)), (0, 2));
    let page = w.page(seq);
    assert!(page.error.is_some());
    assert_eq!(ids(&page), [3, 4]);
    assert_eq!(ids(&w.ask(&LogQuery::default(), Anchor::Tail)), [8, 9, 10, 11, 12]);
}

#[test]
fn what_retention_dropped_is_gone_from_page_and_count() {
    let mut w = World::new(60_000, 0);
    assert_eq!(w.ask(&errors(), Anchor::Head).total, 6_000);
    let now = Timestamp::from_secs(T0 + 60_000);
    let kept = Retention { max_age: Some(Duration::from_mins(500)), max_bytes: None };
    w.writer.retain(&kept, now).unwrap();
    let first = w.store.reader().unwrap().first_record_id().unwrap().unwrap().0;
    assert!(first > 1, "nothing was dropped");
    for query in [errors(), LogQuery::default()] {
        let page = w.ask(&query, Anchor::Head);
        let held = (first..=60_000).filter(|id| query.is_all() || id % 10 == 0);
        assert_eq!((page.total, page.rank), (held.count() as u64, 0));
        assert!(page.rows[0].id.0 >= first);
    }
}

#[test]
fn the_newest_request_of_a_storm_is_answered() {
    let mut w = World::new(30_000, 100);
    let rare = LogQuery { text: vec![text("record 17 ", false)], ..LogQuery::default() };
    for round in 0..200 {
        let query = if round % 2 == 0 { errors() } else { rare.clone() };
        let seq = w.request(&query, None, Anchor::Tail, (1, 1));
        if round % 10 == 9 {
            let page = w.page(seq);
            assert_eq!((ids(&page), page.total), (vec![17], 1));
        }
    }
}

#[test]
fn an_empty_archive_has_an_empty_page() {
    let mut w = World::new(0, 0);
    for anchor in [Anchor::Tail, Anchor::Head, Anchor::Rank(3), Anchor::FindNext(RecordId(1))] {
        let page = w.ask(&LogQuery::default(), anchor);
        assert_eq!((page.rows.len(), page.total, page.focus), (0, 0, None), "{anchor:?}");
    }
}
