//! The store as its users see it: commit, read back, ask, forget, survive damage.
#![expect(clippy::unwrap_used, reason = "a failing test should panic")]

use crate::testing::{T0, batch};
use crate::{Commit, Retention, Store, StoreError, Writer};
use aiobs_types::{
    Checkpoint, LogQuery, LogRecord, Order, RecordBatch, RecordId, Severity, SourceId, TemplateId, TextMatch, Timestamp,
};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

static GO: AtomicBool = AtomicBool::new(false);

fn open(dir: &Path) -> Store {
    Store::open(dir).unwrap().0
}

fn put(writer: &mut Writer, batches: &[Arc<RecordBatch>]) {
    writer.commit(&Commit { batches: batches.to_vec(), ..Commit::default() }).unwrap();
}

fn ids(store: &Store, query: &LogQuery) -> Vec<u64> {
    let mut found = Vec::new();
    let mut on = |r: &crate::RecordRef<'_>| {
        found.push(r.id.0);
        ControlFlow::Continue(())
    };
    store.reader().unwrap().query(query, &GO, &mut on).unwrap();
    found
}

fn text(pattern: &str, regex: bool, case_sensitive: bool, negate: bool) -> LogQuery {
    LogQuery { text: vec![TextMatch { pattern: pattern.into(), regex, case_sensitive, negate }], ..LogQuery::default() }
}

/// 20,000 records: some in one large commit (chunks), some in small ones (tail).
fn filled(dir: &Path) -> Store {
    let store = open(dir);
    let mut writer = store.writer().unwrap();
    put(&mut writer, &[batch(1, 7_000), batch(7_001, 12_000)]);
    for i in 0..100 {
        put(&mut writer, &[batch(19_001 + i * 10, 10)]);
    }
    store
}

fn all_records(from: u64, to: u64) -> Vec<LogRecord> {
    batch(from, to - from + 1).iter().map(|v| v.to_record()).collect()
}

#[test]
fn neighbours_are_those_of_the_source_on_both_sides() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path());
    let reader = store.reader().unwrap();
    let all = all_records(1, 20_000);
    // In the middle, at the edge of a chunk, at both ends.
    for id in [10_000, 7_001, 7_000, 19_500, 2, 20_000] {
        let own = &all[id - 1];
        let mut want: Vec<u64> =
            all[..id - 1].iter().rev().filter(|r| r.source == own.source).take(5).map(|r| r.id.0).collect();
        want.reverse();
        want.extend(all[id..].iter().filter(|r| r.source == own.source).take(3).map(|r| r.id.0));
        let got = reader.neighbours(own.id, 5, 3, 4_096).unwrap();
        assert_eq!(got.iter().map(|r| r.id.0).collect::<Vec<_>>(), want, "{id}");
    }
    assert_eq!(reader.neighbours(RecordId(99_999), 5, 3, 4_096).unwrap(), []);
    assert_eq!(reader.neighbours(RecordId(10_000), 5, 3, 0).unwrap(), [], "none is so near");
}

#[test]
fn every_record_comes_back_as_it_went_in() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path());
    let reader = store.reader().unwrap();
    assert_eq!(reader.page(RecordId(1), 30_000).unwrap(), all_records(1, 20_000));
    assert_eq!(reader.page(RecordId(18_990), 20).unwrap(), all_records(18_990, 19_009));
    let asked = [RecordId(19_555), RecordId(3), RecordId(99_999), RecordId(7_001)];
    let got: Vec<u64> = reader.records(&asked).unwrap().iter().map(|r| r.id.0).collect();
    assert_eq!(got, [19_555, 3, 7_001]);
    let info = reader.archive_info().unwrap();
    assert_eq!((info.records, info.ids), (20_000, Some((RecordId(1), RecordId(20_000)))));
    assert_eq!(info.levels.iter().sum::<u64>(), 20_000);
    assert!(info.chunks < 50, "small commits do not pile up: {}", info.chunks);
    assert!(info.stored_bytes * 3 < info.raw_bytes);
}

#[test]
fn small_commits_become_chunks_and_survive_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let mut next = 1;
    for round in 0..4 {
        let store = open(dir.path());
        let mut writer = store.writer().unwrap();
        assert_eq!(writer.next_record_id(), RecordId(next));
        for _ in 0..150 {
            put(&mut writer, &[batch(next, 11)]);
            next += 11;
        }
        let reader = store.reader().unwrap();
        assert_eq!(reader.page(RecordId(1), 10_000).unwrap(), all_records(1, next - 1), "round {round}");
        assert_eq!(reader.next_record_id().unwrap(), RecordId(next));
    }
    let store = open(dir.path());
    assert!(store.reader().unwrap().chunk_headers(RecordId(1)).unwrap().iter().any(|h| h.sealed));
}

#[test]
fn gaps_between_ids_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut writer = store.writer().unwrap();
    put(&mut writer, &[batch(1, 10)]);
    put(&mut writer, &[batch(100, 10), batch(200, 5)]);
    put(&mut writer, &[batch(205, 5)]);
    let found: Vec<u64> = store.reader().unwrap().page(RecordId(5), 100).unwrap().iter().map(|r| r.id.0).collect();
    let expected: Vec<u64> = (5..=10).chain(100..=109).chain(200..=209).collect();
    assert_eq!(found, expected);
    assert!(writer.commit(&Commit { batches: vec![batch(209, 2)], ..Commit::default() }).is_err(), "209 is stored");
}

#[test]
fn queries_find_exactly_what_they_ask_for() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path());
    let expect = |query: &LogQuery, holds: &dyn Fn(&LogRecord) -> bool| {
        let want: Vec<u64> = all_records(1, 20_000).iter().filter(|r| holds(r)).map(|r| r.id.0).collect();
        let got = ids(&store, query);
        assert!(got == want, "{query:?}: {} instead of {}", got.len(), want.len());
    };
    expect(&LogQuery::default(), &|_| true);
    expect(&text("request 77", false, true, false), &|r| r.text.contains("request 77"));
    expect(&text("REQUEST 77", false, false, false), &|r| r.text.contains("request 77"));
    expect(&text("REQUEST 77", false, true, false), &|_| false);
    expect(&text("GRÖSSER", false, false, false), &|_| false);
    expect(&text("GRÖßER", false, false, false), &|_| true);
    expect(&text("", false, true, false), &|_| true);
    expect(&text("request 1", false, true, true), &|r| !r.text.contains("request 1"));
    expect(&text(r"^2025.*took \d{2} ms größer$", true, true, false), &|r| (10..100).contains(&(r.id.0 * 7 % 1000)));
    // Ends of one record and the beginning of the next are no hit.
    expect(&text("größer2025", false, true, false), &|_| false);
    expect(&text("ÖßER2025", false, false, false), &|_| false);
    let errors = LogQuery { min_severity: Some(Severity::WARN), ..LogQuery::default() };
    expect(&errors, &|r| r.id.0 % 10 == 0);
    let calm = LogQuery { max_severity: Some(Severity::INFO), ..LogQuery::default() };
    expect(&calm, &|r| r.id.0 % 10 != 0);
    let component = LogQuery { components: vec!["PAYMENTS".into()], ..LogQuery::default() };
    expect(&component, &|r| r.component == "Payments");
    let template = LogQuery { templates: vec![TemplateId(3)], sources: vec![SourceId(1)], ..LogQuery::default() };
    expect(&template, &|r| r.template.0 == 3 && r.source.0 == 1);
    let (from, to) = (Timestamp(T0 + 500_000_000_000), Timestamp(T0 + 8_000_000_000_000));
    let range = LogQuery { from: Some(from), to: Some(to), ..text("9 ms", false, true, false) };
    expect(&range, &|r| r.time >= from && r.time < to && r.text.contains("9 ms"));
    let window = LogQuery { first: Some(RecordId(6_999)), last: Some(RecordId(19_005)), ..LogQuery::default() };
    expect(&window, &|r| (6_999..=19_005).contains(&r.id.0));
}

#[test]
fn order_limit_cancel_and_headers_are_respected() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path());
    let newest = LogQuery { order: Order::NewestFirst, limit: 3, ..text("request", false, true, false) };
    assert_eq!(ids(&store, &newest), [20_000, 19_999, 19_998]);
    let reader = store.reader().unwrap();
    let cancel = AtomicBool::new(false);
    let mut seen = 0;
    let stats = reader
        .query(&LogQuery::default(), &cancel, &mut |_| {
            seen += 1;
            cancel.store(true, Ordering::Relaxed);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!(stats.stopped && seen < 20_000);
    let late = LogQuery { from: Some(Timestamp(T0 + 19_500_000_000_000)), ..LogQuery::default() };
    let stats = reader.query(&late, &GO, &mut |_| ControlFlow::Continue(())).unwrap();
    assert!(stats.skipped_chunks >= 3 && stats.matched == 501, "{stats:?}");
    assert!(matches!(
        reader.query(&text("(", true, true, false), &GO, &mut |_| ControlFlow::Continue(())),
        Err(StoreError::Query(_))
    ));
}

#[test]
fn the_histogram_counts_what_a_query_counts() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path());
    let reader = store.reader().unwrap();
    let (from, to) = (Timestamp(T0 + 1_000_000_000_000), Timestamp(T0 + 19_000_000_000_000));
    for query in [LogQuery::default(), text("1", false, true, false)] {
        for buckets in [1, 7, 300] {
            let got = reader.histogram(&query, from, to, buckets, &GO).unwrap();
            let width = to.since(from) as f64 / buckets as f64;
            let mut want = vec![0; buckets];
            for r in all_records(1, 20_000) {
                if r.time >= from && r.time < to && (query.is_all() || r.text.contains('1')) {
                    want[(r.time.since(from) as f64 / width) as usize] += 1;
                }
            }
            let sums: Vec<u64> = got.iter().map(|b| b.iter().sum()).collect();
            assert_eq!(sums, want);
        }
    }
}

#[test]
fn templates_are_counted_within_their_time() {
    let dir = tempfile::tempdir().unwrap();
    let reader = filled(dir.path()).reader().unwrap();
    let (first, last) = reader.archive_info().unwrap().times.unwrap();
    let (from, to) = (first.plus(7_000_000_000), last.plus(-3_000_000_000));
    let mut want: HashMap<TemplateId, (u64, RecordId)> = HashMap::new();
    let query = LogQuery { from: Some(from), to: Some(to), ..LogQuery::default() };
    reader
        .query(&query, &GO, &mut |r| {
            want.entry(r.meta.template).or_insert((0, r.id)).0 += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(want.len(), 5);
    assert_eq!(reader.template_counts(from, to).unwrap(), want);
}

#[test]
fn records_and_checkpoint_are_one() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut writer = store.writer().unwrap();
    let checkpoint =
        |offset| Checkpoint { source: SourceId(1), name: "/var/log/a".into(), offset, ..Checkpoint::default() };
    let bad = Commit { batches: vec![batch(1, 5), batch(2, 5)], checkpoints: vec![checkpoint(9)], ..Commit::default() };
    assert!(writer.commit(&bad).is_err());
    let reader = store.reader().unwrap();
    assert!(reader.checkpoints().unwrap().is_empty());
    let good = Commit { batches: vec![batch(1, 5)], checkpoints: vec![checkpoint(7)], ..Commit::default() };
    writer.commit(&good).unwrap();
    assert_eq!(reader.checkpoints().unwrap(), [checkpoint(7)]);
}

#[test]
fn a_full_disk_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut writer = store.writer().unwrap();
    put(&mut writer, &[batch(1, 100)]);
    let pages: i64 = writer.conn.query_row("PRAGMA page_count", [], |r| r.get(0)).unwrap();
    writer.conn.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).unwrap();
    let more = Commit { batches: vec![batch(101, 9_000)], ..Commit::default() };
    for _ in 0..2 {
        let error = writer.commit(&more).unwrap_err();
        assert!(matches!(error, StoreError::Full { .. }) && error.is_temporary(), "{error}");
        let reader = store.reader().unwrap();
        assert_eq!(reader.page(RecordId(1), 10_000).unwrap(), all_records(1, 100), "readers go on");
    }
    writer.conn.query_row("PRAGMA max_page_count = 1000000", [], |_| Ok(())).unwrap();
    writer.commit(&more).unwrap();
    assert_eq!(store.reader().unwrap().page(RecordId(1), 10_000).unwrap(), all_records(1, 9_100));
}

#[test]
fn a_damaged_chunk_is_skipped_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path());
    let second = store.reader().unwrap().chunk_headers(RecordId(1)).unwrap()[1].clone();
    let writer = store.writer().unwrap();
    let at = second.first.0 as i64;
    let flip = "UPDATE chunk_data SET text = CAST(substr(text, 1, 9000) || x'5A5A' || substr(text, 9003) AS BLOB) WHERE first = ?";
    writer.conn.execute(flip, [at]).unwrap();
    let reader = store.reader().unwrap();
    let mut seen = 0;
    let stats = reader
        .query(&LogQuery::default(), &GO, &mut |_| {
            seen += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!((stats.damaged_chunks, seen), (1, 20_000 - u64::from(second.count)));
    assert!(matches!(reader.chunk(second.first), Err(StoreError::Corrupt { .. })));
    assert_eq!(reader.page(RecordId(1), 30_000).unwrap().len() as u64, seen);
}

#[test]
fn retention_drops_old_chunks_and_the_file_shrinks() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path());
    let mut writer = store.writer().unwrap();
    writer.checkpoint_wal().unwrap();
    let reader = store.reader().unwrap();
    let before = reader.archive_info().unwrap();
    // Half of the records are younger than 10,000 s at that moment.
    let now = Timestamp(T0 + 20_000_000_000_000);
    let age = Retention { max_age: Some(Duration::from_secs(10_000)), max_bytes: None };
    let report = writer.retain(&age, now).unwrap();
    let after = reader.archive_info().unwrap();
    assert!(report.records > 3_000 && report.records <= 10_000, "{report:?}");
    assert_eq!(after.records, 20_000 - report.records);
    assert!(after.file_bytes < before.file_bytes, "{after:?} {before:?}");
    let size = Retention { max_age: None, max_bytes: Some(after.stored_bytes - 1) };
    writer.retain(&size, now).unwrap();
    let smaller = reader.archive_info().unwrap();
    assert!(smaller.stored_bytes < after.stored_bytes && smaller.records >= 1_000, "{smaller:?}");
    assert_eq!(smaller.ids.unwrap().1, RecordId(20_000), "the oldest go first");
    let none = Retention { max_age: None, max_bytes: Some(0) };
    writer.retain(&none, now).unwrap();
    assert_eq!(store.writer().unwrap().next_record_id(), RecordId(20_001), "numbers are never given twice");
}

#[test]
fn readers_see_whole_commits_while_the_writer_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut writer = store.writer().unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for i in 0..400 {
                put(&mut writer, &[batch(1 + i * 20, 20)]);
            }
            done.store(true, Ordering::Relaxed);
        });
        let reader = store.reader().unwrap();
        let mut seen = 0;
        while !done.load(Ordering::Relaxed) {
            let page = reader.page(RecordId(1), 100_000).unwrap();
            let numbered = page.iter().zip(1_u64..).all(|(r, n)| r.id.0 == n);
            assert!(numbered && page.len().is_multiple_of(20) && page.len() >= seen, "{} after {seen}", page.len());
            seen = page.len();
            // A callback may ask the same reader.
            let last = LogQuery { order: Order::NewestFirst, limit: 1, ..LogQuery::default() };
            let ask = &mut |r: &crate::RecordRef<'_>| {
                assert_eq!(reader.records(&[r.id]).unwrap().len(), 1);
                ControlFlow::Continue(())
            };
            reader.query(&last, &GO, ask).unwrap();
        }
        assert_eq!(reader.page(RecordId(1), 100_000).unwrap().len(), 8_000);
    });
}

#[test]
fn what_a_person_keeps_is_there_again_and_a_bookmark_goes_with_its_record() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path());
    let mut writer = store.writer().unwrap();
    for (id, note) in [(1, "first"), (20_000, ""), (300, "gone")] {
        writer.put_bookmark(RecordId(id), Some(note)).unwrap();
    }
    writer.put_bookmark(RecordId(300), None).unwrap();
    writer.put_filter("bad", Some("level>=error")).unwrap();
    writer.put_filter("bad", Some("level>=warn")).unwrap();
    let reader = store.reader().unwrap();
    assert_eq!(reader.bookmarks().unwrap(), [(RecordId(1), "first".to_owned()), (RecordId(20_000), String::new())]);
    assert_eq!(reader.filters().unwrap(), [("bad".to_owned(), "level>=warn".to_owned())]);
    writer.put_filter("bad", None).unwrap();
    assert_eq!(reader.filters().unwrap(), []);
    // Half of the records are too old at that moment, the first one among them.
    let age = Retention { max_age: Some(Duration::from_secs(10_000)), max_bytes: None };
    writer.retain(&age, Timestamp(T0 + 20_000_000_000_000)).unwrap();
    assert_eq!(reader.bookmarks().unwrap(), [(RecordId(20_000), String::new())]);
}

#[test]
fn an_archive_of_the_version_before_bookmarks_is_read_and_brought_up_to_date() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path());
    let writer = store.writer().unwrap();
    let newer =
        "DROP TABLE bookmark; DROP TABLE saved_filter; DROP TABLE marker; ALTER TABLE template DROP COLUMN life;
        DROP TABLE answer; DROP TABLE departure; DROP TABLE template_mark; DROP TABLE document; DROP TABLE document_text; DROP TABLE vector;
        DROP TABLE pending_run; DROP TABLE pending_stage; ALTER TABLE verdict DROP COLUMN diagnosis; ALTER TABLE verdict DROP COLUMN judgement;
        ALTER TABLE verdict DROP COLUMN applied; ALTER TABLE verdict DROP COLUMN note;
        DROP INDEX incident_caused_by; ALTER TABLE incident DROP COLUMN caused_by;
        DROP INDEX chat_conversation; ALTER TABLE chat DROP COLUMN conversation; DROP TABLE conversation;
        INSERT INTO chat(time, body) VALUES(5, '{\"id\":0,\"time\":5,\"role\":\"user\",\"scope\":{\"kind\":\"all\"},
          \"text\":\"Why?\",\"citations\":[],\"author\":\"\",\"complete\":true}');";
    writer.conn.execute_batch(&format!("{newer} PRAGMA user_version = 2")).unwrap();
    drop((writer, store));
    let reader = Store::open_read_only(dir.path()).unwrap().reader().unwrap();
    assert_eq!(reader.bookmarks().unwrap(), []);
    assert_eq!((reader.model_calls(9).unwrap(), reader.answer_stats().unwrap().kept), (Vec::new(), 0));
    assert_eq!(reader.archive_info().unwrap().records, 20_000);
    let (store, report) = Store::open(dir.path()).unwrap();
    assert_eq!(report.moved_aside, None);
    let mut writer = store.writer().unwrap();
    writer.put_bookmark(RecordId(1), Some("kept")).unwrap();
    assert_eq!(store.reader().unwrap().bookmarks().unwrap().len(), 1);
    let talks = store.reader().unwrap().conversations("", 9).unwrap();
    assert_eq!((talks.len(), talks[0].title.as_str(), talks[0].turns), (1, "Why?", 1), "what was said before is kept");
    assert_eq!(store.reader().unwrap().turns(talks[0].id, 9).unwrap()[0].text, "Why?");
}

/// Commits `count` records that were read at `read` and happened at `time`, in seconds, as chunks of their own.
fn commit_at(writer: &mut Writer, count: u64, read: i64, time: i64) {
    let mut batch = aiobs_types::RecordBatch::new(writer.next_record_id());
    for i in 0..count {
        let text = format!("{i}");
        batch.push(aiobs_types::NewRecord {
            time: Timestamp::from_secs(time),
            observed: Timestamp::from_secs(read),
            offset: i,
            source: SourceId(1),
            template: TemplateId(1),
            severity: aiobs_types::Severity::INFO,
            flags: 0,
            component: "",
            message: (0, text.len() as u32),
            text: &text,
        });
    }
    writer.commit(&Commit { batches: vec![Arc::new(batch)], ..Commit::default() }).unwrap();
}

#[test]
fn retention_survives_clocks_that_went_wrong() {
    const DAY: i64 = 86_400;
    let now = 20_000 * DAY;
    let dir = tempfile::tempdir().unwrap();
    let mut writer = open(dir.path()).writer().unwrap();
    // Read 40 days ago, one of them dated years ahead; then the clock was years ahead; then it was at its beginning.
    commit_at(&mut writer, 5_000, now - 40 * DAY, now + 2_000 * DAY);
    commit_at(&mut writer, 5_000, now + 2_000 * DAY, now + 2_000 * DAY);
    commit_at(&mut writer, 5_000, now - 39 * DAY, now - 39 * DAY);
    commit_at(&mut writer, 5_000, now - 10 * DAY, now - 10 * DAY);
    commit_at(&mut writer, 5_000, 5, 5);
    commit_at(&mut writer, 5_000, now + DAY, now);
    let age = Retention { max_age: Some(Duration::from_secs(30 * DAY as u64)), max_bytes: None };
    let report = writer.retain(&age, Timestamp::from_secs(now)).unwrap();
    assert_eq!(report.records, 15_000, "what was read long ago goes, whatever it says, and nothing else");
    let report = writer.retain(&age, Timestamp::from_secs(now + 25 * DAY)).unwrap();
    assert_eq!(report.records, 10_000, "what a clock dated 1970 was read after what came before it");
    assert_eq!(writer.retain(&age, Timestamp::from_secs(now + 40 * DAY)).unwrap().records, 5_000);
}

#[test]
fn one_record_of_the_future_does_not_hide_the_newest_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut writer = store.writer().unwrap();
    commit_at(&mut writer, 5_000, 1_000_000, 999_000);
    commit_at(&mut writer, 5_000, 1_000_100, 999_900);
    commit_at(&mut writer, 1, 1_000_200, 1_000_000_000);
    let info = store.reader().unwrap().archive_info().unwrap();
    assert_eq!(info.times.map(|t| t.1), Some(Timestamp::from_secs(1_000_000_000)));
    assert_eq!(info.latest, Some(Timestamp::from_secs(1_000_200)));
}
