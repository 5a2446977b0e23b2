//! Files that are rotated before anything of them was read: known from the moment they were found.
#![allow(clippy::unwrap_used, reason = "tests")]

#[allow(dead_code, reason = "each test file uses its part")]
mod sources_support;

use aiobs_logs::source::{NewFileReason, SourceOptions, SourceSpec};
use sources_support::{Reader, append, dir, reader};
use std::fs;

#[test]
fn renamed_between_being_found_and_being_opened() {
    for named in [true, false] {
        let dir = dir();
        let name = |n: &str| dir.path().join(n);
        append(&name("app.log"), "a1\n");
        let mut r = reader(if named { dir.path().join("app.log") } else { dir.path().to_path_buf() }.as_path());
        fs::rename(name("app.log"), name("app.log-20250107-000001")).unwrap();
        append(&name("app.log"), "b1\n");
        r.until_text(&name("app.log"), "a1\nb1\n");
        r.run(50);
        assert_eq!(r.texts.len(), 1, "{:?}", r.texts);
    }
}

#[test]
fn found_empty_and_renamed_it_is_read_under_no_other_name() {
    let dir = dir();
    let name = |n: &str| dir.path().join(n);
    append(&name("app.log"), "");
    let mut r = reader(dir.path());
    r.run(30);
    fs::rename(name("app.log"), name("app.log-20250107-000001")).unwrap();
    // The writer still has it, and whoever looks at the directory now finds it under its new name.
    append(&name("app.log-20250107-000001"), "a1\n");
    r.run(50);
    append(&name("app.log"), "b1\n");
    r.until_text(&name("app.log"), "a1\nb1\n");
    r.run(50);
    assert_eq!(r.texts.len(), 1, "{:?}", r.texts);
}

#[test]
fn found_empty_and_renamed_while_no_one_looks() {
    let dir = dir();
    let name = |n: &str| dir.path().join(n);
    append(&name("app.log"), "");
    let mut r = reader(dir.path());
    r.run(30);
    let known = r.checkpoints();
    drop(r);
    append(&name("app.log"), "a1\n");
    fs::rename(name("app.log"), name("app.log.1")).unwrap();
    append(&name("app.log"), "b1\n");
    let mut r = Reader::open(&[SourceSpec::Path(dir.path().into())], SourceOptions::default(), &known);
    r.until_text(&name("app.log"), "a1\nb1\n");
    r.run(50);
    assert_eq!(r.texts.len(), 1, "{:?}", r.texts);
}

/// A file that is being cut off is empty a moment before its time of change says so: seen just then, the copy that was
/// made of it before looks like one that was made since.
#[test]
fn copy_that_was_read_is_not_read_again_when_the_log_was_found_empty_with_an_old_time() {
    let dir = dir();
    let name = |n: &str| dir.path().join(n);
    let first = "2025-01-07 14:30:15 first line, long enough to tell the file by\n";
    append(&name("app.log"), first);
    let mut r = reader(dir.path());
    r.until_text(&name("app.log"), first);
    fs::copy(name("app.log"), name("app.log.1")).unwrap();
    fs::File::create(name("app.log")).unwrap();
    r.until(|r| r.checkpoints()[0].offset == 0);
    let mut known = r.checkpoints();
    drop(r);
    assert_eq!(known[0].identity.head_len, 0);
    known[0].identity.changed -= 3_600_000_000_000;
    append(&name("app.log"), "b1\n");
    let mut r = Reader::open(&[SourceSpec::Path(dir.path().into())], SourceOptions::default(), &known);
    r.until_text(&name("app.log"), "b1\n");
    r.run(50);
    assert_eq!(r.texts.len(), 1, "{:?}", r.texts);
}

#[test]
fn line_goes_on_in_the_copy() {
    let dir = dir();
    let name = |n: &str| dir.path().join(n);
    let first = "2025-01-07 14:30:15 first line, long enough to tell the file by\nhalf a li";
    append(&name("app.log"), first);
    let mut r = reader(dir.path());
    r.until_text(&name("app.log"), first);
    append(&name("app.log"), "ne\n");
    fs::copy(name("app.log"), name("app.log.1")).unwrap();
    fs::File::create(name("app.log")).unwrap();
    append(&name("app.log"), "b1\n");
    r.until_text(&name("app.log"), &format!("{first}ne\nb1\n"));
    assert_eq!(r.reasons, [NewFileReason::Truncated], "told once, behind the line");
}

/// Too little was seen to know the copy by its beginning: by its birth it is.
#[test]
fn copied_away_when_next_to_nothing_was_seen() {
    for (seen, restart) in [("2025-01-07", true), ("2025-01-07", false), ("a1\n2025", true), ("", true)] {
        let dir = dir();
        let name = |n: &str| dir.path().join(n);
        append(&name("app.log"), "z1\n");
        fs::copy(name("app.log"), name("app.log.1")).unwrap();
        fs::File::create(name("app.log")).unwrap();
        append(&name("app.log"), seen);
        let mut r = reader(&name("app.log"));
        r.until(|r| r.text(&name("app.log")) == seen);
        r.run(30);
        let known = r.checkpoints();
        append(&name("app.log"), " 14:30:15 the first line\n");
        fs::rename(name("app.log.1"), name("app.log.2")).unwrap();
        fs::copy(name("app.log"), name("app.log.1")).unwrap();
        fs::File::create(name("app.log")).unwrap();
        append(&name("app.log"), "2025-01-07 14:30:16 the second line, which is longer than the first\n");
        if restart {
            r = Reader::open(&[SourceSpec::Path(name("app.log"))], SourceOptions::default(), &known);
        }
        let rest = " 14:30:15 the first line\n2025-01-07 14:30:16 the second line, which is longer than the first\n";
        let whole = if restart { rest.to_owned() } else { format!("{seen}{rest}") };
        r.until_text(&name("app.log"), &whole);
        r.run(30);
        assert_eq!(r.text(&name("app.log")), whole);
    }
}

/// Killed when the log was known already and its old file was not: nothing of either is stored.
#[test]
fn old_files_of_a_log_of_which_nothing_was_stored_are_read() {
    let dir = dir();
    let name = |n: &str| dir.path().join(n);
    append(&name("app.log"), "");
    let mut r = reader(dir.path());
    r.run(30);
    let known = r.checkpoints();
    drop(r);
    append(&name("app.log.1"), "a1\n");
    append(&name("app.log"), "b1\n");
    let mut r = Reader::open(&[SourceSpec::Path(dir.path().into())], SourceOptions::default(), &known);
    r.until(|r| r.texts.len() == 2);
    r.run(50);
    assert_eq!((r.text(&name("app.log.1")), r.text(&name("app.log"))), ("a1\n", "b1\n"));
}

/// Killed before anything was stored but that there is an old file; meanwhile two more came.
#[test]
fn what_came_to_an_old_name_is_read_when_nobody_else_would() {
    let dir = dir();
    let name = |n: &str| dir.path().join(n);
    append(&name("app.log.1"), "a1\n");
    let mut r = reader(dir.path());
    r.until(|r| r.texts.len() == 1);
    let mut known = r.checkpoints();
    drop(r);
    known[0].offset = 0;
    fs::rename(name("app.log.1"), name("app.log.2")).unwrap();
    append(&name("app.log.1"), "b1\n");
    append(&name("app.log"), "c1\n");
    let mut r = Reader::open(&[SourceSpec::Path(dir.path().into())], SourceOptions::default(), &known);
    r.until(|r| r.heard.len() >= 3);
    r.run(50);
    assert_eq!(r.heard, ["a1\n", "b1\n", "c1\n"]);
}

/// The writer goes on with the old file until it is told of the new one.
#[test]
fn old_file_that_is_found_empty_may_still_grow() {
    let dir = dir();
    let name = |n: &str| dir.path().join(n);
    append(&name("app.log.1"), "");
    append(&name("app.log"), "b1\n");
    let mut r = reader(dir.path());
    append(&name("app.log.1"), "a1\n");
    r.until(|r| r.heard.len() >= 2);
    append(&name("app.log.1"), "a2\n");
    r.until(|r| r.heard.len() >= 3);
    assert_eq!((r.text(&name("app.log.1")), r.text(&name("app.log"))), ("a1\na2\n", "b1\n"));
}

/// The copy has a name under which something was read, but it was read under the log's own.
#[test]
fn copy_under_an_old_name_is_not_read_once_the_log_was() {
    let dir = dir();
    let name = |n: &str| dir.path().join(n);
    append(&name("app.log.1"), "a1\n");
    append(&name("app.log"), "b1\n");
    let mut r = reader(dir.path());
    r.until(|r| r.heard.len() >= 2);
    fs::rename(name("app.log.1"), name("app.log.2")).unwrap();
    fs::copy(name("app.log"), name("app.log.1")).unwrap();
    fs::File::create(name("app.log")).unwrap();
    r.run(50);
    append(&name("app.log"), "c1\n");
    r.until(|r| r.heard.len() >= 3);
    r.run(50);
    assert_eq!(r.heard, ["a1\n", "b1\n", "c1\n"]);
}
