//! Lines shown ahead of their reading, and parts of a file that are left out and read later.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::tests::{NOW, pipeline};
use super::*;
use aiobs_types::Skipped;

const SOURCE: SourceId = SourceId(1);

fn identity() -> FileIdentity {
    FileIdentity { device: 1, inode: 2, head_len: 1024, head_hash: 3, changed: 0 }
}

fn line(n: usize) -> String {
    match n % 4 {
        3 => format!("2025-01-07 14:30:{:02}.000 ERROR [orders] charge {n} failed\n  at Charge.run\n", n % 60),
        _ => format!("2025-01-07 14:30:{:02}.000 INFO [orders] request {n} done\n", n % 60),
    }
}

fn text(range: std::ops::Range<usize>) -> String {
    range.map(line).collect()
}

fn opened() -> Pipeline {
    let mut pipeline = pipeline();
    pipeline.open(SOURCE, "/var/log/orders.log", identity(), 0).unwrap();
    pipeline
}

fn data(pipeline: &mut Pipeline, offset: usize, text: &str) {
    pipeline.data(SOURCE, offset as u64, text.as_bytes(), identity(), NOW, |_| panic!("no batch is full"));
}

fn messages(output: &Output) -> Vec<String> {
    output.batch.iter().map(|v| v.message().to_owned()).collect()
}

fn expected(range: std::ops::Range<usize>) -> Vec<String> {
    let message = |n: usize| match n % 4 {
        3 => format!("charge {n} failed\n  at Charge.run"),
        _ => format!("request {n} done"),
    };
    range.map(message).collect()
}

#[test]
fn what_is_shown_ahead_is_what_will_be_stored() {
    let (before, end) = (text(0..40), text(40..60));
    let mut pipeline = opened();
    let first = RecordId::PREVIEW;
    let (half, rest) =
        end.split_at(end.len() / 2 - end[..end.len() / 2].bytes().rev().position(|b| b == b'\n').unwrap());
    let shown = pipeline.preview(SOURCE, before.len() as u64, half.as_bytes(), true, first, NOW);
    let at = (before.len() + half.len()) as u64;
    let more = pipeline.preview(SOURCE, at, rest.as_bytes(), false, RecordId(first.0 + shown.len() as u64), NOW);
    assert!(pipeline.take(NOW).batch.is_empty(), "nothing of it is stored");
    assert_eq!((pipeline.template_count(), pipeline.incidents().len()), (0, 0), "nothing is learnt from it");
    data(&mut pipeline, 0, &(before + &end));
    pipeline.caught_up(SOURCE, NOW);
    let stored = pipeline.take(NOW).batch;
    let told = |v: aiobs_types::RecordView<'_>| {
        (v.meta.offset, v.meta.time, v.meta.severity, v.component.to_owned(), v.message().to_owned(), v.meta.source)
    };
    let shown: Vec<_> = shown.iter().chain(more.iter()).map(told).collect();
    assert_eq!(shown, stored.iter().skip(40).map(told).collect::<Vec<_>>());
}

#[test]
fn a_part_is_left_out_and_read_later() {
    let (head, older, tail) = (text(0..10), text(10..30), text(30..40));
    let cut = head.len() + older.len();
    let end = cut + tail.len();
    let mut pipeline = opened();
    // Reading stops within a line.
    data(&mut pipeline, 0, &head);
    data(&mut pipeline, head.len(), &older[..30]);
    pipeline.skip(SOURCE, identity(), cut as u64, NOW);
    let output = pipeline.take(NOW);
    assert_eq!(messages(&output), expected(0..10));
    let part = Skipped { from: head.len() as u64, to: cut as u64 };
    let checkpoint = &output.checkpoints[0];
    assert_eq!((checkpoint.offset, &checkpoint.skipped), (cut as u64, &vec![part]));

    data(&mut pipeline, cut, &tail);
    // A line of which only the beginning is there when reading goes back.
    data(&mut pipeline, end, "2025-01-07 14:31:00.000 INFO [ord");
    pipeline.caught_up(SOURCE, NOW);
    let output = pipeline.take(NOW);
    assert_eq!(messages(&output), expected(30..40));
    assert_eq!(output.checkpoints[0].offset, end as u64);

    pipeline.go_back(SOURCE, cut as u64, NOW);
    let some = text(10..20);
    data(&mut pipeline, head.len(), &some);
    data(&mut pipeline, head.len() + some.len(), &older[some.len()..some.len() + 5]);
    let output = pipeline.take(NOW);
    let checkpoint = output.checkpoints.last().unwrap();
    // The last record may still grow.
    assert_eq!(messages(&output), expected(10..19));
    assert_eq!(checkpoint.offset, end as u64, "the place of the end stays");
    assert_eq!(checkpoint.skipped, [Skipped { from: (head.len() + text(10..19).len()) as u64, ..part }]);

    data(&mut pipeline, head.len() + some.len() + 5, &older[some.len() + 5..]);
    pipeline.go_home(SOURCE, NOW);
    data(&mut pipeline, end + 33, "ers] whole again\n");
    pipeline.caught_up(SOURCE, NOW);
    let output = pipeline.take(NOW);
    let mut all = expected(19..30);
    all.push("whole again".to_owned());
    assert_eq!(messages(&output), all);
    let checkpoint = output.checkpoints.last().unwrap();
    assert_eq!((checkpoint.offset, checkpoint.skipped.len()), (end as u64 + 50, 0));
    assert!(pipeline.skipped(SOURCE).is_empty());
}

#[test]
fn another_file_has_nothing_left_out() {
    let mut pipeline = opened();
    data(&mut pipeline, 0, &text(0..10));
    pipeline.skip(SOURCE, identity(), 5_000, NOW);
    assert_eq!(pipeline.skipped(SOURCE).len(), 1);
    pipeline.go_back(SOURCE, 5_000, NOW);
    pipeline.new_file(SOURCE, FileIdentity { inode: 9, head_hash: 9, ..identity() }, 0, NOW);
    assert!(pipeline.skipped(SOURCE).is_empty());
    data(&mut pipeline, 0, &text(0..3));
    pipeline.caught_up(SOURCE, NOW);
    let checkpoint = pipeline.take(NOW).checkpoints.last().cloned().unwrap();
    assert_eq!((checkpoint.offset, checkpoint.skipped.len()), (text(0..3).len() as u64, 0));
}
