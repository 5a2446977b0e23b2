//! Patterns as the screen gets them, over a real archive and a live window.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::runtime::board::lock;
use crate::runtime::events::{EventReceiver, PatternDetail, Patterns};
use crate::runtime::outlet::publish_templates;
use aiobs_insight::{Life, Odd};
use aiobs_store::{Commit, Store};
use aiobs_types::{NewRecord, RecordBatch, RecordId, Severity, SourceId, SourceInfo, Template, Timestamp};
use std::time::{Duration, Instant};

const T0: i64 = 1_700_000_000;

fn batch(first: u64, count: u64, template: impl Fn(u64) -> u32) -> Arc<RecordBatch> {
    let mut batch = RecordBatch::new(RecordId(first));
    for id in first..first + count {
        let ms = if id == 777 { 90_000 } else { 10 + id % 30 };
        let text = format!("request {id} of anna took {ms} ms");
        batch.push(NewRecord {
            time: Timestamp::from_secs(T0 + id as i64),
            observed: Timestamp::from_secs(T0 + 1_000_000),
            offset: id,
            source: SourceId(1),
            template: TemplateId(template(id)),
            severity: if id.is_multiple_of(4) { Severity::ERROR } else { Severity::INFO },
            flags: 0,
            component: if id.is_multiple_of(4) { "orders" } else { "gateway" },
            text: &text,
            message: (0, text.len() as u32),
        });
    }
    Arc::new(batch)
}

fn template(id: u32, text: &str, count: u64) -> Template {
    Template { id: TemplateId(id), text: text.into(), count, severity: Severity::ERROR, ..Template::default() }
}

struct World {
    _dir: tempfile::TempDir,
    desk: PatternsDesk,
    stream: EventReceiver,
}

/// 900 records in the archive and 100 in memory; every tenth was stored under the number of a template that was merged.
fn world() -> World {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(dir.path()).unwrap();
    let of = |id: u64| if id.is_multiple_of(10) { 7 } else { 3 };
    let commit = Commit { batches: vec![batch(1, 900, of)], ..Commit::default() };
    store.writer().unwrap().commit(&commit).unwrap();
    let board = Arc::new(Board::new(RecordId(901)));
    board.live.push(batch(901, 100, of));
    let text = "request <num> of <str> took <num> ms";
    publish_templates(&board, &[template(3, text, 1000), template(7, text, 0), template(9, "never of late", 5)]);
    lock(&board.lives).insert(TemplateId(3), Life::Surging);
    {
        let mut stats = lock(&board.stats);
        stats.totals.first = Some(Timestamp::from_secs(T0 + 1));
        stats.totals.last = Some(Timestamp::from_secs(T0 + 1000));
    }
    let info = SourceInfo { id: SourceId(1), name: "orders.log".into(), ..SourceInfo::default() };
    lock(&board.sources).insert(SourceId(1), info);
    let (sink, stream) = EventReceiver::channel();
    let desk = PatternsDesk::spawn(store.reader().unwrap(), board, sink).unwrap();
    World { _dir: dir, desk, stream }
}

impl World {
    fn event(&mut self) -> Event {
        let began = Instant::now();
        loop {
            if let Ok(event) = self.stream.try_recv() {
                return event;
            }
            assert!(began.elapsed() < Duration::from_mins(1), "no answer");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn list(&mut self) -> Patterns {
        self.desk.list();
        match self.event() {
            Event::Patterns(patterns) => *patterns,
            other => panic!("{other:?}"),
        }
    }

    fn detail(&mut self, id: u32) -> PatternDetail {
        self.desk.detail(TemplateId(id));
        match self.event() {
            Event::Pattern(detail) => *detail,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_list_counts_archive_and_memory_once_and_merged_numbers_with_their_survivor() {
    let mut world = world();
    let list = world.list();
    let ids: Vec<u32> = list.rows.iter().map(|r| r.id.0).collect();
    assert_eq!((ids, list.records, list.trend.records), (vec![3, 9], 1005, 1000));
    let row = &list.rows[0];
    assert_eq!(row.trend.iter().sum::<u32>(), 1000);
    assert!(row.trend.iter().all(|n| (15..=18).contains(n)), "{:?}", row.trend);
    assert_eq!((row.life, row.share > 0.99), (Life::Surging, true));
    assert!(list.rows[1].trend.is_empty(), "it did not come in that time");
}

#[test]
fn the_last_lines_tell_the_values_of_each_placeholder() {
    let mut world = world();
    let detail = world.detail(3);
    assert_eq!((detail.lines, detail.more, detail.unread), (1000, false, 0));
    assert_eq!(detail.also, [TemplateId(7)]);
    assert_eq!(detail.example.as_ref().map(|r| r.id), Some(RecordId(1000)));
    assert_eq!(detail.levels, [(Level::Error, 250), (Level::Info, 750)]);
    assert_eq!(detail.components, [("gateway".to_owned(), 750), ("orders".to_owned(), 250)]);
    assert_eq!(detail.sources, [("orders.log".to_owned(), 1000)]);
    let [number, who, took] = detail.slots.as_slice() else { panic!("{:?}", detail.slots) };
    assert_eq!((number.kind, number.name.as_str(), number.spread.distinct), ("<num>", "request", 1000));
    assert_eq!(who.spread.top, [("anna".to_owned(), 1000)]);
    assert_eq!(took.spread.odd, [("90000".to_owned(), 1, Odd::High)]);
    // A question about nothing has no answer, and the next one has.
    world.desk.detail(TemplateId(99));
    assert_eq!(world.detail(9).lines, 0);
}
