//! A process that stores in a loop is killed at random moments; what it left behind must be whole.
#![expect(clippy::unwrap_used, reason = "a failing test should panic")]

use aiobs_store::{Commit, Store};
use aiobs_types::{Checkpoint, NewRecord, RecordBatch, RecordId, Severity, SourceId, TemplateId, Timestamp};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

const DIR: &str = "AIOBS_STORE_KILL_TEST_DIR";
const ROUNDS: u64 = 10;

/// Text of the n-th record; the checkpoint counts the same bytes.
fn text(n: u64) -> String {
    format!("2025-06-15T15:06:40Z INFO worker {} finished job {n} {}", n % 7, "x".repeat((n * 37 % 200) as usize))
}

fn store_for_ever(dir: &Path) {
    let (store, _) = Store::open(dir).unwrap();
    let mut writer = store.writer().unwrap();
    let known = store.reader().unwrap().checkpoints().unwrap();
    let mut offset = known.first().map_or(0, |c| c.offset);
    for round in 0_u64.. {
        let first = writer.next_record_id();
        // Sizes from one record to several chunks.
        let count = [1, 3, 40, 700, 2, 5_000, 5][(round % 7) as usize];
        let mut batch = RecordBatch::new(first);
        for id in first.0..first.0 + count {
            let text = text(id);
            batch.push(NewRecord {
                time: Timestamp(id as i64),
                observed: Timestamp(0),
                offset,
                source: SourceId(1),
                template: TemplateId(0),
                severity: Severity::INFO,
                flags: 0,
                component: "worker",
                text: &text,
                message: (0, 0),
            });
            offset += text.len() as u64 + 1;
        }
        let checkpoint = Checkpoint { source: SourceId(1), name: "a".into(), offset, ..Checkpoint::default() };
        let commit = Commit { batches: vec![Arc::new(batch)], checkpoints: vec![checkpoint], ..Commit::default() };
        writer.commit(&commit).unwrap();
    }
}

/// Checks everything and returns the number of records.
fn check(dir: &Path) -> u64 {
    let (store, report) = Store::open(dir).unwrap();
    assert_eq!(report.moved_aside, None, "{:?}", report.damage);
    let reader = store.reader().unwrap();
    let (mut next, mut offset) = (1, 0);
    loop {
        let page = reader.page(RecordId(next), 10_000).unwrap();
        if page.is_empty() {
            break;
        }
        for record in page {
            assert_eq!((record.id.0, record.offset), (next, offset), "lost, doubled or out of order");
            assert_eq!(record.text, text(next), "torn");
            offset += record.text.len() as u64 + 1;
            next += 1;
        }
    }
    let stored = reader.checkpoints().unwrap().first().map_or(0, |c| c.offset);
    assert_eq!(stored, offset, "the checkpoint is what is stored");
    next - 1
}

/// The other side of `a_killed_writer_leaves_whole_records`; does nothing when run by itself.
#[test]
fn child() {
    if let Some(dir) = std::env::var_os(DIR) {
        store_for_ever(Path::new(&dir));
    }
}

#[test]
fn a_killed_writer_leaves_whole_records() {
    let dir = tempfile::tempdir().unwrap();
    let mut pause = 0x2545_F491_4F6C_DD1D_u64 ^ u64::from(std::process::id());
    let mut records = 0;
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture"])
            .env(DIR, dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        pause = pause.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        sleep(Duration::from_millis(60 + (pause >> 33) % 300));
        child.kill().unwrap();
        child.wait().unwrap();
        let now = check(dir.path());
        assert!(now >= records, "round {round}: {now} records after {records}");
        records = now;
    }
    assert!(records > 0, "the writer was never quick enough to store anything");
}
