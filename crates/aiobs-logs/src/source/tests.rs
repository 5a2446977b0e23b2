//! State logic that real files cannot show to a process that may read everything.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::{
    SourceEvent, SourceOptions, SourceSet, SourceSpec,
    family::{Suffix, bases, suffix},
    identity::{Look, look},
    tail::state_of,
};
use aiobs_types::{Checkpoint, SourceId, SourceState};
use std::{fs, io, time::Duration};

fn states(set: &mut SourceSet, polls: usize) -> (Vec<SourceState>, String) {
    let (mut states, mut text) = (Vec::new(), String::new());
    for _ in 0..polls {
        set.poll(Duration::from_millis(20), |event| match event {
            SourceEvent::State { state, .. } => states.push(state),
            SourceEvent::Data { bytes, .. } => text.push_str(&String::from_utf8_lossy(&bytes)),
            _ => {}
        })
        .unwrap();
    }
    (states, text)
}

#[test]
fn permission_lost_and_regained_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("app.log");
    fs::write(&log, "one\n").unwrap();
    let options = SourceOptions { sweep_interval: Duration::from_millis(20), ..SourceOptions::default() };
    let mut set = SourceSet::open(&[SourceSpec::Path(log.clone())], options, &[]).unwrap();
    set.set_opener(|_| Err(io::ErrorKind::PermissionDenied.into()));
    let (seen, text) = states(&mut set, 5);
    assert_eq!((seen, text.as_str()), (vec![SourceState::Denied], ""));
    set.set_opener(|path| fs::File::open(path));
    let (seen, text) = states(&mut set, 10);
    assert_eq!(seen, [SourceState::Backfill, SourceState::Following]);
    assert_eq!(text, "one\n");
    // The new file of a rotation is refused at first: the old position is kept.
    set.set_opener(|_| Err(io::ErrorKind::PermissionDenied.into()));
    fs::rename(&log, dir.path().join("app.log.1")).unwrap();
    fs::write(&log, "two\n").unwrap();
    let (seen, _) = states(&mut set, 10);
    assert_eq!(seen, [SourceState::Denied]);
    set.set_opener(|path| fs::File::open(path));
    assert_eq!(states(&mut set, 10).1, "two\n");
}

#[test]
fn what_was_copied_away_from_an_empty_file_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("app.log");
    let name = |n: u32| dir.path().join(format!("app.log.{n}"));
    let rotate = |older: u32| {
        // The file system's clock must tick between two rotations.
        std::thread::sleep(Duration::from_millis(20));
        (1..=older).rev().for_each(|n| fs::rename(name(n), name(n + 1)).unwrap());
        fs::copy(&log, name(1)).unwrap();
        fs::File::create(&log).unwrap();
        std::thread::sleep(Duration::from_millis(20));
    };
    fs::write(&log, "one\n").unwrap();
    let open = |known: &[Checkpoint]| {
        SourceSet::open(&[SourceSpec::Path(log.clone())], SourceOptions::default(), known).unwrap()
    };
    let mut set = open(&[]);
    assert_eq!(states(&mut set, 3).1, "one\n");
    rotate(0);
    let mut identity = None;
    while identity.is_none() {
        set.poll(Duration::from_millis(20), |event| {
            if let SourceEvent::NewFile { identity: i, .. } = event {
                identity = Some(i);
            }
        })
        .unwrap();
    }
    // Lines come and go between two looks.
    fs::write(&log, "two\n").unwrap();
    rotate(1);
    fs::write(&log, "three\n").unwrap();
    rotate(2);
    fs::write(&log, "four\n").unwrap();
    assert_eq!(states(&mut set, 10).1, "two\nthree\nfour\n");
    // The same for one that was down meanwhile.
    let (name, identity) = (log.display().to_string(), identity.unwrap());
    let checkpoint = Checkpoint { name, source: SourceId(1), identity, ..Checkpoint::default() };
    assert_eq!(states(&mut open(&[checkpoint]), 10).1, "two\nthree\nfour\n");
}

#[test]
fn disk_errors_are_told_and_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("app.log");
    fs::write(&log, "one\n").unwrap();
    let mut set = SourceSet::open(&[SourceSpec::Path(log)], SourceOptions::default(), &[]).unwrap();
    set.set_opener(|_| Err(io::Error::other("input/output error")));
    let (seen, _) = states(&mut set, 3);
    assert_eq!(seen, [SourceState::Failed("input/output error".to_owned())]);
    set.set_opener(|path| fs::File::open(path));
    assert_eq!(states(&mut set, 30).1, "one\n");
}

#[test]
fn failures_have_the_state_people_expect() {
    let of = |kind: io::ErrorKind, was_there| state_of(&kind.into(), was_there);
    assert_eq!(of(io::ErrorKind::NotFound, false), SourceState::Waiting);
    assert_eq!(of(io::ErrorKind::NotFound, true), SourceState::Missing);
    assert_eq!(of(io::ErrorKind::PermissionDenied, true), SourceState::Denied);
    assert!(matches!(of(io::ErrorKind::TimedOut, true), SourceState::Failed(_)));
}

#[test]
fn rotated_names_are_recognised_and_others_are_not() {
    for (other, expected) in [
        ("app.log.1", Some(Suffix::Number(1))),
        ("app.log.12", Some(Suffix::Number(12))),
        ("app.3.log", Some(Suffix::Number(3))),
        ("app-3.log", None),
        ("app.log-20250107", Some(Suffix::Dated(vec![20_250_107]))),
        ("app.log.2025-01-07_10", Some(Suffix::Dated(vec![2025, 1, 7, 10]))),
        ("app-2025-01-07.log", Some(Suffix::Dated(vec![2025, 1, 7]))),
        ("app-2025-01-07.log.gz", Some(Suffix::Dated(vec![2025, 1, 7]))),
        ("app.log.2.xz", Some(Suffix::Number(2))),
        ("app.log.gz", Some(Suffix::Other)),
        ("app.log.old", Some(Suffix::Other)),
        ("app.log", None),
        ("app.logger", None),
        ("application.log", None),
        ("app-errors.log", None),
        ("other.log.1", None),
    ] {
        assert_eq!(suffix("app.log", other), expected, "{other}");
    }
    assert_eq!(suffix("syslog", "syslog.1"), Some(Suffix::Number(1)));
}

#[test]
fn a_generation_tells_what_its_log_is_called() {
    let of = |name: &str| bases(name).into_iter().map(|(base, _)| base).collect::<Vec<_>>();
    assert_eq!(of("app.log"), Vec::<String>::new());
    assert_eq!(of("app.log.2.gz"), ["app.log", "app.log.2"]);
    assert_eq!(of("app-2025-01-07.log.zst"), ["app.log", "app-2025-01-07.log"]);
    assert_eq!(of("worker-1.log"), Vec::<String>::new());
    assert_eq!(of("syslog.1"), ["syslog"]);
    assert_eq!(of("app.log.old"), ["app.log"]);
}

#[test]
fn text_is_told_from_binary() {
    let mut latin = b"caf\xe9 ouvert, tout va bien\n".to_vec();
    latin.extend_from_slice(b"plain line\n");
    assert_eq!(look(&latin), Look::Text);
    assert_eq!(look("\u{1b}[31mred\u{1b}[0m é 日本\n".as_bytes()), Look::Text);
    assert_eq!(look(b"one\0two\n"), Look::Dotted);
    assert_eq!(look(b"\xff\xfeo\0n\0e\0\n\0"), Look::Binary);
    assert_eq!(look(b"\x1f\x8b\x08\0abc\n"), Look::Binary);
    assert_eq!(look(&[0x89, b'P', b'N', b'G', 1, 2, 3, 0, 0, 0, 13]), Look::Binary);
    assert_eq!(look(b""), Look::Text);
}
