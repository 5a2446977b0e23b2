//! Opening a data directory: permissions, a second instance, damage, a newer program's data.
#![expect(clippy::unwrap_used, reason = "a failing test should panic")]

use aiobs_store::{Commit, Store, StoreError};
use aiobs_types::{NewRecord, RecordBatch, RecordId, Severity, SourceId, TemplateId, Timestamp};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

fn one_record(store: &Store) {
    let mut batch = RecordBatch::new(RecordId(1));
    batch.push(NewRecord {
        time: Timestamp(1),
        observed: Timestamp(2),
        offset: 0,
        source: SourceId(1),
        template: TemplateId(1),
        severity: Severity::ERROR,
        flags: 0,
        component: "db",
        text: "connection refused",
        message: (0, 18),
    });
    store.writer().unwrap().commit(&Commit { batches: vec![Arc::new(batch)], ..Commit::default() }).unwrap();
}

fn texts(store: &Store) -> Vec<String> {
    store.reader().unwrap().page(RecordId(1), 10).unwrap().into_iter().map(|r| r.text).collect()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn nobody_else_can_read_the_data() {
    let base = tempfile::tempdir().unwrap();
    let dir = base.path().join("deep/data");
    let (store, report) = Store::open(&dir).unwrap();
    assert!(report.fresh && report.moved_aside.is_none());
    one_record(&store);
    assert_eq!(mode(&dir), 0o700);
    for entry in fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn a_second_instance_is_told_who_writes_and_can_read() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(Store::open_read_only(dir.path()), Err(StoreError::Missing { .. })));
    let (store, _) = Store::open(dir.path()).unwrap();
    one_record(&store);
    let error = Store::open(dir.path()).unwrap_err();
    assert!(matches!(error, StoreError::InUse { pid: Some(p), .. } if p == std::process::id()), "{error}");
    assert!(error.to_string().contains("is in use by process"), "{error}");
    let second = Store::open_read_only(dir.path()).unwrap();
    assert_eq!(texts(&second), ["connection refused"]);
    assert!(matches!(second.writer().err(), Some(StoreError::Permission { .. })));
    drop(store);
    let (again, report) = Store::open(dir.path()).unwrap();
    assert!(!report.fresh);
    assert_eq!(texts(&again), ["connection refused"]);
}

#[test]
fn a_damaged_database_is_moved_aside_and_told() {
    let page = [0xA5_u8; 8192];
    for damage in ["not a database", "header kept, the rest overwritten", "cut"] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("aiobs.db");
        let (store, _) = Store::open(dir.path()).unwrap();
        one_record(&store);
        store.writer().unwrap().checkpoint_wal().unwrap();
        drop(store);
        let good = fs::read(&path).unwrap();
        let bad = match damage {
            "not a database" => b"this is no database at all, it is a letter to the reader".repeat(200),
            "cut" => good[..good.len() / 2 / 8192 * 8192].to_vec(),
            _ => [&good[..100], &page.repeat(good.len() / 8192)[100..]].concat(),
        };
        fs::write(&path, &bad).unwrap();
        let (store, report) = Store::open(dir.path()).unwrap();
        let aside = report.moved_aside.unwrap_or_else(|| panic!("{damage}: not noticed"));
        assert_eq!(fs::read(&aside).unwrap(), bad, "{damage}: kept as it was");
        assert!(aside.file_name().unwrap().to_str().unwrap().starts_with("aiobs.db.corrupt-"));
        assert!(report.damage.is_some() && texts(&store).is_empty());
        one_record(&store);
        assert_eq!(texts(&store), ["connection refused"]);
    }
}

#[test]
fn data_of_a_newer_program_is_left_untouched() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("aiobs.db");
    drop(Store::open(dir.path()).unwrap());
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.pragma_update(None, "user_version", 99).unwrap();
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(conn);
    let before = fs::read(&path).unwrap();
    for error in [Store::open(dir.path()).unwrap_err(), Store::open_read_only(dir.path()).unwrap_err()] {
        assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
    }
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn data_of_a_program_too_old_is_moved_aside_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("aiobs.db");
    one_record(&Store::open(dir.path()).unwrap().0);
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.pragma_update(None, "user_version", 1).unwrap();
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(conn);
    let before = fs::read(&path).unwrap();
    let error = Store::open_read_only(dir.path()).unwrap_err();
    assert!(matches!(error, StoreError::Older { found: 1, .. }), "{error}");
    let (store, report) = Store::open(dir.path()).unwrap();
    let aside = report.moved_aside.unwrap();
    assert!(aside.file_name().unwrap().to_str().unwrap().starts_with("aiobs.db.old-"));
    assert_eq!(fs::read(&aside).unwrap(), before, "kept as it was");
    assert!(report.damage.is_none() && texts(&store).is_empty());
    one_record(&store);
    assert_eq!(texts(&store), ["connection refused"]);
}
