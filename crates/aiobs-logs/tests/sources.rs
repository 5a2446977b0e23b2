//! Sources on real files: everything that was written comes out once, in order, whatever happens to the files.
#![allow(clippy::unwrap_used, reason = "tests")]

#[allow(dead_code, reason = "each test file uses its part")]
mod sources_support;

use aiobs_logs::source::{NewFileReason, SourceError, SourceOptions, SourceSpec};
use aiobs_types::{SourceId, SourceState};
use sources_support::{Reader, append, dir, once, reader};
use std::{fmt::Write as _, fs, os::unix::fs::symlink, time::Duration};

#[test]
fn appended_text_is_followed() {
    let dir = dir();
    let log = dir.path().join("app.log");
    append(&log, "one\n");
    let mut r = reader(&log);
    r.until_text(&log, "one\n");
    append(&log, "two\n");
    append(&log, "three");
    r.until_text(&log, "one\ntwo\nthree");
    assert_eq!(r.state(&log), SourceState::Following);
}

#[test]
fn polling_works_where_notifications_do_not() {
    let dir = dir();
    let log = dir.path().join("app.log");
    append(&log, "one\n");
    let options = SourceOptions { force_poll: true, poll_interval: Duration::from_millis(20), ..Default::default() };
    let mut r = Reader::open(&[SourceSpec::Path(log.clone())], options, &[]);
    assert!(r.set.polls());
    r.until_text(&log, "one\n");
    append(&log, "two\n");
    r.until_text(&log, "one\ntwo\n");
}

#[test]
fn rename_and_create_reads_the_old_file_to_its_end_first() {
    let dir = dir();
    let log = dir.path().join("app.log");
    append(&log, "a1\n");
    let mut r = reader(&log);
    r.until_text(&log, "a1\n");
    append(&log, "a2\n");
    fs::rename(&log, dir.path().join("app.log.1")).unwrap();
    append(&dir.path().join("app.log.1"), "a3\n");
    append(&log, "b1\n");
    r.until_text(&log, "a1\na2\na3\nb1\n");
    assert_eq!(r.reasons, [NewFileReason::Rotated]);
}

#[test]
fn writer_that_keeps_the_old_file_for_a_while_loses_nothing() {
    let dir = dir();
    let log = dir.path().join("app.log");
    append(&log, "a1\n");
    let mut r = reader(&log);
    r.until_text(&log, "a1\n");
    fs::rename(&log, dir.path().join("app.log.1")).unwrap();
    fs::File::create(&log).unwrap();
    r.run(50);
    append(&dir.path().join("app.log.1"), "a2\n");
    r.until_text(&log, "a1\na2\n");
    append(&log, "b1\n");
    r.until_text(&log, "a1\na2\nb1\n");
}

#[test]
fn several_rotations_between_two_looks() {
    let dir = dir();
    let name = |n: &str| dir.path().join(n);
    let log = name("app.log");
    append(&log, "a1\n");
    let mut r = reader(&log);
    r.until_text(&log, "a1\n");
    append(&log, "a2\n");
    fs::rename(&log, name("app.log.1")).unwrap();
    append(&log, "b1\n");
    fs::rename(name("app.log.1"), name("app.log.2")).unwrap();
    fs::rename(&log, name("app.log.1")).unwrap();
    append(&log, "c1\n");
    fs::rename(name("app.log.2"), name("app.log.3")).unwrap();
    fs::rename(name("app.log.1"), name("app.log.2")).unwrap();
    fs::rename(&log, name("app.log.1")).unwrap();
    append(&log, "d1\n");
    r.until_text(&log, "a1\na2\nb1\nc1\nd1\n");
}

#[test]
fn copy_truncate_reads_the_rest_from_the_copy() {
    let dir = dir();
    let log = dir.path().join("app.log");
    let first = "2025-01-07 14:30:15 first line, long enough to tell the file by\n";
    append(&log, first);
    let mut r = reader(&log);
    r.until_text(&log, first);
    append(&log, "rest\n");
    fs::copy(&log, dir.path().join("app.log.1")).unwrap();
    fs::File::create(&log).unwrap();
    append(&log, "new\n");
    r.until_text(&log, &format!("{first}rest\nnew\n"));
    r.run(50);
    assert_eq!(r.text(&log), format!("{first}rest\nnew\n"));
}

#[test]
fn truncated_file_is_read_from_its_beginning() {
    let dir = dir();
    let log = dir.path().join("app.log");
    append(&log, "old text\n");
    let mut r = reader(&log);
    r.until_text(&log, "old text\n");
    fs::write(&log, "n\n").unwrap();
    r.until_text(&log, "old text\nn\n");
    assert_eq!(r.reasons, [NewFileReason::Truncated]);
    // Overwritten by something longer than what was read.
    fs::write(&log, "another text that is longer\n").unwrap();
    r.until_text(&log, "old text\nn\nanother text that is longer\n");
}

#[test]
fn deleted_file_is_picked_up_when_it_returns() {
    let dir = dir();
    let log = dir.path().join("app.log");
    append(&log, "one\n");
    let mut r = reader(&log);
    r.until_text(&log, "one\n");
    fs::remove_file(&log).unwrap();
    r.until(|r| r.state(&log) == SourceState::Missing);
    append(&log, "two\n");
    r.until_text(&log, "one\ntwo\n");
    assert_eq!(r.reasons, [NewFileReason::Recreated]);
    assert_eq!(r.state(&log), SourceState::Following);
}

#[test]
fn file_that_does_not_exist_yet_is_waited_for() {
    let dir = dir();
    let log = dir.path().join("app.log");
    let mut r = reader(&log);
    r.run(20);
    assert_eq!(r.state(&log), SourceState::Waiting);
    append(&log, "one\n");
    r.until_text(&log, "one\n");
}

#[test]
fn switched_link_is_followed() {
    let dir = dir();
    let other = dir.path().join("elsewhere");
    fs::create_dir(&other).unwrap();
    let (a, b, link) = (other.join("a.txt"), other.join("b.txt"), dir.path().join("current.log"));
    append(&a, "a1\n");
    append(&b, "b1\n");
    symlink(&a, &link).unwrap();
    let mut r = reader(&link);
    r.until_text(&link, "a1\n");
    append(&a, "a2\n");
    r.until_text(&link, "a1\na2\n");
    symlink(&b, dir.path().join("tmp")).unwrap();
    fs::rename(dir.path().join("tmp"), &link).unwrap();
    r.until_text(&link, "a1\na2\nb1\n");
    append(&b, "b2\n");
    r.until_text(&link, "a1\na2\nb1\nb2\n");
}

#[test]
fn restart_goes_on_where_the_checkpoint_says() {
    let dir = dir();
    let log = dir.path().join("app.log");
    append(&log, "one\n");
    let mut r = reader(&log);
    r.until_text(&log, "one\n");
    let known = r.checkpoints();
    drop(r);
    append(&log, "two\n");
    let mut r = Reader::open(&[SourceSpec::Path(log.clone())], SourceOptions::default(), &known);
    r.until_text(&log, "two\n");
    assert!(r.resumed);
    assert_eq!(r.set.sources().next().unwrap().id, known[0].source);
}

#[test]
fn restart_after_rotations_reads_every_generation_once() {
    let dir = dir();
    let name = |n: &str| dir.path().join(n);
    let log = name("app.log");
    append(&log, "a1\n");
    let mut r = reader(&log);
    r.until_text(&log, "a1\n");
    let known = r.checkpoints();
    drop(r);
    append(&log, "a2\n");
    fs::rename(&log, name("app.log.1")).unwrap();
    append(&log, "b1\n");
    fs::rename(name("app.log.1"), name("app.log.2")).unwrap();
    fs::rename(&log, name("app.log.1")).unwrap();
    append(&log, "c1\n");
    let mut r = Reader::open(&[SourceSpec::Path(log.clone())], SourceOptions::default(), &known);
    r.until_text(&log, "a2\nb1\nc1\n");
    r.run(50);
    assert_eq!(r.text(&log), "a2\nb1\nc1\n");
}

#[test]
fn restart_on_a_shorter_file_reads_it_from_its_beginning() {
    let dir = dir();
    let log = dir.path().join("app.log");
    append(&log, "a long old text\n");
    let mut r = reader(&log);
    r.until_text(&log, "a long old text\n");
    let known = r.checkpoints();
    drop(r);
    fs::write(&log, "new\n").unwrap();
    let mut r = Reader::open(&[SourceSpec::Path(log.clone())], SourceOptions::default(), &known);
    r.until_text(&log, "new\n");
    assert!(!r.resumed);
}

#[test]
fn restored_copy_with_another_inode_goes_on() {
    let dir = dir();
    let log = dir.path().join("app.log");
    append(&log, "2025-01-07 14:30:15 a line that is long enough to be recognised\n");
    let mut r = reader(&log);
    r.until(|r| r.text(&log).ends_with('\n'));
    let known = r.checkpoints();
    drop(r);
    fs::copy(&log, dir.path().join("tmp")).unwrap();
    fs::rename(dir.path().join("tmp"), &log).unwrap();
    append(&log, "two\n");
    let mut r = Reader::open(&[SourceSpec::Path(log.clone())], SourceOptions::default(), &known);
    r.until_text(&log, "two\n");
}

#[test]
fn directory_takes_text_files_and_new_ones_and_leaves_the_rest() {
    let dir = dir();
    let name = |n: &str| dir.path().join(n);
    fs::create_dir(name("sub")).unwrap();
    append(&name("a.log"), "a\n");
    append(&name("sub/b.log"), "b\n");
    append(&name(".hidden"), "h\n");
    fs::write(name("blob"), [0u8, 1, 2, 3, 0, 0, 0, 200, 201, 7]).unwrap();
    fs::write(name("empty.log"), "").unwrap();
    let mut r = reader(dir.path());
    r.until(|r| r.text(&name("a.log")) == "a\n" && r.text(&name("sub/b.log")) == "b\n");
    append(&name("new.log"), "n\n");
    fs::create_dir(name("later")).unwrap();
    append(&name("later/c.log"), "c\n");
    r.until(|r| r.text(&name("new.log")) == "n\n" && r.text(&name("later/c.log")) == "c\n");
    append(&name("later/c.log"), "c2\n");
    r.until(|r| r.text(&name("later/c.log")) == "c\nc2\n");
    assert_eq!(r.state(&name("blob")), SourceState::Binary);
    assert_eq!(r.state(&name("empty.log")), SourceState::Following);
    assert!(!r.texts.keys().any(|n| n.contains("hidden")));
}

#[test]
fn rotation_within_a_followed_directory_reads_nothing_twice() {
    let dir = dir();
    let name = |n: &str| dir.path().join(n);
    append(&name("app.log"), "a1\n");
    let mut r = reader(dir.path());
    r.until(|r| r.text(&name("app.log")) == "a1\n");
    for round in 0..3 {
        for old in (1..=round).rev() {
            fs::rename(name(&format!("app.log.{old}")), name(&format!("app.log.{}", old + 1))).unwrap();
        }
        fs::rename(name("app.log"), name("app.log.1")).unwrap();
        append(&name("app.log"), &format!("b{round}\n"));
        r.until(|r| r.text(&name("app.log")).ends_with(&format!("b{round}\n")));
    }
    r.run(100);
    let all: String = r.texts.values().cloned().collect();
    assert_eq!(all, "a1\nb0\nb1\nb2\n");
    let known = r.checkpoints();
    drop(r);
    let mut r = Reader::open(&[SourceSpec::Path(dir.path().into())], SourceOptions::default(), &known);
    r.run(100);
    assert_eq!(r.texts.values().cloned().collect::<String>(), "");
}

#[test]
fn old_generations_in_a_directory_are_read_once_over_rotations_and_restarts() {
    let dir = dir();
    let name = |n: &str| dir.path().join(n);
    append(&name("app.log.1"), "z1\n");
    append(&name("app.log"), "a1\n");
    let rotate = || {
        let _ = fs::rename(name("app.log.2"), name("app.log.3"));
        fs::rename(name("app.log.1"), name("app.log.2")).unwrap();
        fs::rename(name("app.log"), name("app.log.1")).unwrap();
    };
    let mut r = reader(dir.path());
    r.until(|r| r.texts.len() == 2);
    r.run(20);
    append(&name("app.log"), "a2\n");
    rotate();
    append(&name("app.log"), "b1\n");
    r.until_text(&name("app.log"), "a1\na2\nb1\n");
    r.run(100);
    assert_eq!(r.texts.values().cloned().collect::<String>(), "a1\na2\nb1\nz1\n");
    let known = r.checkpoints();
    drop(r);
    append(&name("app.log"), "b2\n");
    rotate();
    append(&name("app.log"), "c1\n");
    let mut r = Reader::open(&[SourceSpec::Path(dir.path().into())], SourceOptions::default(), &known);
    r.until_text(&name("app.log"), "b2\nc1\n");
    r.run(100);
    assert_eq!(r.texts.values().cloned().collect::<String>(), "b2\nc1\n");
}

/// Between the rename and the new file there is a moment without the log; a restart may look just then.
#[test]
fn restart_in_the_middle_of_a_rotation_reads_nothing_under_another_name() {
    let dir = dir();
    let name = |n: &str| dir.path().join(n);
    append(&name("app.log"), "a1\n");
    let mut r = reader(dir.path());
    r.until_text(&name("app.log"), "a1\n");
    append(&name("app.log"), "a2\n");
    fs::rename(name("app.log"), name("app.log.1")).unwrap();
    append(&name("app.log"), "b1\n");
    r.until_text(&name("app.log"), "a1\na2\nb1\n");
    let known = r.checkpoints();
    drop(r);
    append(&name("app.log"), "b2\n");
    fs::rename(name("app.log.1"), name("app.log.2")).unwrap();
    fs::rename(name("app.log"), name("app.log.1")).unwrap();
    let mut r = Reader::open(&[SourceSpec::Path(dir.path().into())], SourceOptions::default(), &known);
    r.run(50);
    append(&name("app.log"), "c1\n");
    r.until_text(&name("app.log"), "b2\nc1\n");
    r.run(50);
    assert_eq!(r.texts.values().cloned().collect::<String>(), "b2\nc1\n");
}

/// The copy has an inode of its own, and the log itself is at its beginning again.
#[test]
fn copy_truncate_in_a_followed_directory_reads_the_copy_under_no_other_name() {
    let dir = dir();
    let name = |n: &str| dir.path().join(n);
    append(&name("app.log"), "the first line of this log\n");
    let mut r = reader(dir.path());
    r.until_text(&name("app.log"), "the first line of this log\n");
    fs::copy(name("app.log"), name("app.log.1")).unwrap();
    fs::File::options().write(true).open(name("app.log")).unwrap().set_len(0).unwrap();
    r.run(100);
    // Another new file makes it look through the directory again.
    append(&name("other.log"), "something else\n");
    r.until_text(&name("other.log"), "something else\n");
    r.run(50);
    assert_eq!(r.text(&name("app.log")), "the first line of this log\n");
    assert_eq!(r.texts.len(), 2);
}

#[test]
fn file_once_read_under_another_name_is_read_when_that_name_is_not_asked_for() {
    let dir = dir();
    let (logs, link) = (dir.path().join("logs"), dir.path().join("link.log"));
    fs::create_dir(&logs).unwrap();
    append(&logs.join("real.log"), "one\n");
    symlink(logs.join("real.log"), &link).unwrap();
    let mut r = reader(&link);
    r.until_text(&link, "one\n");
    let known = r.checkpoints();
    drop(r);
    let mut r = Reader::open(&[SourceSpec::Path(logs.clone())], SourceOptions::default(), &known);
    r.until_text(&logs.join("real.log"), "one\n");
}

/// A writer appends and rotates as fast as it can; the reader is dropped again and again and goes on from checkpoints.
#[test]
fn nothing_is_lost_or_doubled_while_files_rotate_and_the_reader_restarts() {
    const LINES: usize = 30_000;
    let dir = dir();
    let log = dir.path().join("app.log");
    append(&log, "line 0\n");
    // What was rotated away before the first start is nobody's business.
    let mut r = reader(&log);
    r.until_text(&log, "line 0\n");
    let (mut known, mut all) = (r.checkpoints(), r.text(&log).to_owned());
    drop(r);
    let path = log.clone();
    let writer = std::thread::spawn(move || {
        let mut kept = 0;
        let mut text = String::new();
        for n in 1..LINES {
            writeln!(text, "line {n}").unwrap();
            if n % 37 == 0 {
                append(&path, &std::mem::take(&mut text));
            }
            if n % 1_500 == 0 {
                for old in (1..=kept).rev() {
                    fs::rename(
                        path.with_extension(format!("log.{old}")),
                        path.with_extension(format!("log.{}", old + 1)),
                    )
                    .unwrap();
                }
                fs::rename(&path, path.with_extension("log.1")).unwrap();
                kept += 1;
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        append(&path, &text);
    });
    let last = format!("line {}\n", LINES - 1);
    for round in 0..2_000 {
        let mut r = Reader::open(&[SourceSpec::Path(log.clone())], SourceOptions::default(), &known);
        for _ in 0..=round % 7 {
            r.step(2);
        }
        all.push_str(r.text(&log));
        let read = r.checkpoints();
        known = if read.is_empty() { known } else { read };
        if all.ends_with(&last) {
            break;
        }
    }
    writer.join().unwrap();
    let mut expected = String::new();
    (0..LINES).for_each(|n| writeln!(expected, "line {n}").unwrap());
    let wrong = all.lines().zip(expected.lines()).find(|(a, b)| a != b);
    assert_eq!(wrong, None);
    assert_eq!(all.len(), expected.len());
}

#[test]
fn glob_finds_files_that_come_later() {
    let dir = dir();
    let pattern = dir.path().join("*.log").to_string_lossy().into_owned();
    let spec = SourceSpec::parse(&pattern).unwrap();
    assert_eq!(spec, SourceSpec::Glob(pattern.clone()));
    assert!(matches!(once(std::slice::from_ref(&spec)), Err(SourceError::NoMatch(p)) if p == pattern));
    let mut r = Reader::open(&[spec], SourceOptions::default(), &[]);
    r.run(20);
    let log = dir.path().join("x.log");
    append(&log, "x\n");
    append(&dir.path().join("x.txt"), "t\n");
    r.until_text(&log, "x\n");
    assert_eq!(r.texts.len(), 1);
}

#[test]
fn one_shot_reads_to_the_end_and_ends() {
    let dir = dir();
    let log = dir.path().join("app.log");
    let text = "a line of some length\n".repeat(100_000);
    append(&log, &text);
    let mut r = once(&[SourceSpec::Path(log.clone())]).unwrap();
    while r.step(100) {}
    assert_eq!(r.text(&log), text);
    assert_eq!(r.state(&log), SourceState::Ended);
    assert_eq!(r.ended, [SourceId(1)]);
}

#[test]
fn named_text_with_nul_bytes_is_read_and_binary_is_not() {
    let dir = dir();
    let (dotted, binary) = (dir.path().join("nul.log"), dir.path().join("core"));
    fs::write(&dotted, "one\0two\nthree\n").unwrap();
    fs::write(&binary, [0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 3, 0, 62, 0]).unwrap();
    let mut r = once(&[SourceSpec::Path(dotted.clone()), SourceSpec::Path(binary.clone())]).unwrap();
    while r.step(100) {}
    assert_eq!(r.text(&dotted), "one\0two\nthree\n");
    assert_eq!(r.state(&binary), SourceState::Binary);
    assert_eq!(r.text(&binary), "");
}

#[test]
fn a_flood_starves_nobody() {
    let dir = dir();
    let (flood, quiet) = (dir.path().join("a.log"), dir.path().join("b.log"));
    append(&flood, &format!("{}\n", "x".repeat(99)).repeat(200_000));
    append(&quiet, "q\n");
    let mut r = Reader::open(
        &[SourceSpec::Path(flood.clone()), SourceSpec::Path(quiet.clone())],
        SourceOptions::default(),
        &[],
    );
    r.until(|r| r.text(&quiet) == "q\n");
    assert!(r.text(&flood).len() < 10_000_000, "the quiet one came before the flood was over");
    r.until(|r| r.text(&flood).len() == 20_000_000);
}

#[test]
fn unfinished_last_line_is_told_once_it_rests() {
    let dir = dir();
    let log = dir.path().join("app.log");
    append(&log, "no line break");
    let options = SourceOptions { idle_partial: Duration::from_millis(50), ..Default::default() };
    let mut r = Reader::open(&[SourceSpec::Path(log.clone())], options, &[]);
    r.until(|r| r.partial == 1);
    append(&log, " yet\n");
    r.until_text(&log, "no line break yet\n");
    r.run(150);
    assert_eq!(r.partial, 1);
}

#[test]
fn mistakes_are_told_with_what_to_do() {
    let dir = dir();
    let gone = dir.path().join("gone/app.log");
    let text = |arg: &str| SourceSpec::parse(arg).unwrap_err().to_string();
    assert!(text("docker:").contains("docker:NAME"));
    assert!(text("k8s:shop").contains("k8s:NAMESPACE/POD"));
    assert!(text("/tmp/[").contains("not a valid glob"));
    assert!(matches!(once(&[SourceSpec::Path(gone.clone())]), Err(SourceError::NotFound(p)) if p == gone));
    let mistake = aiobs_logs::source::SourceSet::open(&[SourceSpec::Path(gone)], SourceOptions::default(), &[]);
    assert!(matches!(mistake, Err(SourceError::NotFound(_))), "its directory does not exist either");
}

#[test]
fn fifo_is_read_like_standard_input() {
    let dir = dir();
    let fifo = dir.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let mut r = Reader::open(&[SourceSpec::Path(fifo.clone())], SourceOptions::default(), &[]);
    r.run(20);
    append(&fifo, "from a pipe\n");
    r.until_text(&fifo, "from a pipe\n");
    r.until(|r| r.state(&fifo) == SourceState::Ended);
}

#[test]
fn another_thread_can_end_the_wait() {
    let dir = dir();
    let log = dir.path().join("app.log");
    append(&log, "one\n");
    let mut r = reader(&log);
    r.until_text(&log, "one\n");
    r.run(20);
    let waker = r.set.waker();
    let other = std::thread::spawn(move || waker.wake());
    assert!(r.step(60_000));
    other.join().unwrap();
}

#[test]
fn a_source_that_falls_silent_says_so_until_it_speaks_again() {
    let dir = dir();
    let (log, rare) = (dir.path().join("app.log"), dir.path().join("rare.log"));
    append(&log, "begin\n");
    append(&rare, "begin\n");
    let options = SourceOptions { silence: Duration::from_millis(300), ..Default::default() };
    let specs = [
        SourceSpec::Path(log.clone()),
        SourceSpec::Path(rare.clone()),
        SourceSpec::parse("cmd:for i in 1 2 3 4 5 6 7; do echo $i; sleep 0.01; done; sleep 60").unwrap(),
    ];
    let mut r = Reader::open(&specs, options, &[]);
    r.until(|r| r.text(&log) == "begin\n");
    for n in 1..=7 {
        append(&log, "line\n");
        r.until(|r| r.text(&log).lines().count() == n + 1);
    }
    r.until(|r| matches!(r.state(&log), SourceState::Silent(_)));
    r.until(|r| r.set.sources().any(|s| s.name.starts_with("cmd:") && matches!(s.state, SourceState::Silent(_))));
    assert_eq!(r.state(&rare), SourceState::Following, "it has never spoken often");
    r.run(300);
    assert!(matches!(r.state(&log), SourceState::Silent(_)));
    append(&log, "again\n");
    r.until(|r| r.text(&log).ends_with("again\n") && r.state(&log) == SourceState::Following);
}
