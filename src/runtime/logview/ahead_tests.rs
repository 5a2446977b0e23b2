//! Windows over records and over lines that are shown before they are read, in both orders.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::tests::{T0, World, batch, errors, focus, ids};
use super::*;
use aiobs_store::Commit;
use aiobs_types::{Level, NewRecord, Severity, SourceId, TemplateId, Timestamp};

/// The first previewed line has this offset; records have their ids as offsets.
const FIRST: u64 = 201;

/// The id of the previewed line with this offset.
fn shown(offset: u64) -> u64 {
    RecordId::PREVIEW.0 + offset - FIRST
}

/// Shows `count` more lines, like the records that will have these offsets.
fn show(w: &World, from: u64, count: u64) {
    let mut lines = RecordBatch::new(w.board.live.next_preview(SourceId(0)));
    for line in batch(from, count).iter() {
        lines.push(NewRecord {
            time: line.meta.time,
            observed: line.meta.observed,
            offset: line.meta.offset,
            source: SourceId(0),
            template: TemplateId(0),
            severity: line.meta.severity,
            flags: 0,
            component: "",
            text: line.text,
            message: line.meta.message,
        });
    }
    w.board.live.preview(SourceId(0), lines, false);
}

/// 100 records stored, 20 in memory, lines 201 to 230 shown.
fn world(by_time: bool) -> World {
    let mut w = World::new(100, 20);
    w.by_time = by_time;
    show(&w, FIRST, 20);
    show(&w, FIRST + 20, 10);
    w
}

#[test]
fn lines_that_are_shown_lie_behind_all_records() {
    for by_time in [false, true] {
        let mut w = world(by_time);
        let all = LogQuery::default();
        let page = w.ask(&all, Anchor::Tail);
        assert_eq!(ids(&page), [226, 227, 228, 229, 230].map(shown), "by time: {by_time}");
        assert_eq!((focus(&page), page.rank), (Some(shown(230)), 145));
        assert_eq!((page.total, page.unstored, page.archive), (150, 30, 120));
        assert_eq!(page.edges, [RecordId(shown(FIRST))]);
        let page = w.ask(&all, Anchor::At(RecordId(shown(FIRST))));
        assert_eq!(ids(&page), [119, 120, shown(201), shown(202), shown(203)]);
        assert_eq!(page.rank, 118);
        assert_eq!(focus(&w.ask(&all, Anchor::Rank(125))), Some(shown(206)));
        assert_eq!(focus(&w.ask(&all, Anchor::Rank(119))), Some(120));
        assert_eq!(focus(&w.ask(&all, Anchor::Rank(1_000))), Some(shown(230)));
        assert_eq!(ids(&w.ask(&all, Anchor::At(RecordId(120)))), [118, 119, 120, shown(201), shown(202)]);
        assert_eq!(ids(&w.ask(&all, Anchor::Head)), [1, 2, 3]);
        assert_eq!(focus(&w.ask(&all, Anchor::Time(Timestamp::from_secs(T0 + 210)))), Some(shown(210)));
    }
}

#[test]
fn filters_jumps_and_searches_reach_them() {
    for by_time in [false, true] {
        let mut w = world(by_time);
        let page = w.ask(&errors(), Anchor::Tail);
        assert_eq!(ids(&page), [110, 120, shown(210), shown(220), shown(230)], "by time: {by_time}");
        assert_eq!((page.total, page.unstored, page.rank), (15, 3, 10));
        assert_eq!(page.edges, [RecordId(shown(210))], "the first that is seen");
        let all = LogQuery::default();
        let at = |offset| RecordId(shown(offset));
        assert_eq!(focus(&w.ask(&all, Anchor::LevelNext(RecordId(120), Level::Error))), Some(shown(210)));
        assert_eq!(focus(&w.ask(&all, Anchor::LevelNext(at(210), Level::Error))), Some(shown(220)));
        assert_eq!(focus(&w.ask(&all, Anchor::LevelPrevious(at(210), Level::Error))), Some(120));
        assert!(w.ask(&all, Anchor::LevelNext(at(230), Level::Error)).not_found);
        assert_eq!(focus(&w.find("record 205 ", Anchor::FindNext(RecordId(7)))), Some(shown(205)));
        assert_eq!(focus(&w.find("record 7 ", Anchor::FindNext(at(205)))), Some(7), "round the end");
        assert_eq!(focus(&w.find("record 205 ", Anchor::FindPrevious(RecordId(7)))), Some(shown(205)));
    }
}

#[test]
fn a_line_that_became_a_record_is_found_again() {
    for by_time in [false, true] {
        let mut w = world(by_time);
        let all = LogQuery::default();
        let place = Anchor::At(RecordId(shown(210)));
        let before: Vec<u64> = w.ask(&all, place).rows.iter().map(|r| r.offset).collect();
        // Everything up to line 215 is read.
        w.arrive(95);
        let page = w.ask(&all, place);
        assert_eq!(focus(&page), Some(210), "by time: {by_time}");
        assert_eq!(page.rows.iter().map(|r| r.offset).collect::<Vec<_>>(), before, "nothing moved");
        assert_eq!((page.total, page.unstored, page.edges), (230, 15, vec![RecordId(shown(216))]));
        assert_eq!(ids(&w.ask(&all, Anchor::At(RecordId(215)))), [213, 214, 215, shown(216), shown(217)]);
        w.arrive(15);
        let page = w.ask(&all, Anchor::Tail);
        assert_eq!((ids(&page), page.unstored), (vec![226, 227, 228, 229, 230], 0));
    }
}

#[test]
fn a_line_that_left_the_memory_is_found_in_the_archive() {
    let mut w = World::new(200, 0);
    show(&w, FIRST, 30);
    let place = Anchor::At(RecordId(shown(210)));
    assert_eq!(focus(&w.ask(&LogQuery::default(), place)), Some(shown(210)));
    w.writer.commit(&Commit { batches: vec![batch(201, 30)], ..Commit::default() }).unwrap();
    // As after a long time: what was read is only in the archive.
    let long = "x".repeat(5 << 20);
    let mut later = RecordBatch::new(RecordId(231));
    later.push(NewRecord {
        time: Timestamp::from_secs(T0 + 231),
        observed: Timestamp::from_secs(T0 + 231),
        offset: 231,
        source: SourceId(0),
        template: TemplateId(0),
        severity: Severity::INFO,
        flags: 0,
        component: "",
        text: &long,
        message: (0, 1),
    });
    w.board.live.push(Arc::new(later));
    assert_eq!(focus(&w.ask(&LogQuery::default(), place)), Some(210));
}
