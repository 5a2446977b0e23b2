//! The end of a large file is shown before the rest is read, and the rest can be left out and read later.
#![allow(clippy::unwrap_used, reason = "tests")]

use aiobs_logs::source::{SourceEvent, SourceOptions, SourceSet, SourceSpec};
use aiobs_types::{Checkpoint, FileIdentity, Skipped, SourceId, SourceState};
use std::{
    fmt::Write as _,
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use tempfile::TempDir;

const LARGE: usize = 9 << 20;

/// Numbered lines, no two alike, some of them long.
fn lines(from: usize, bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 256);
    let mut n = from;
    while text.len() < bytes {
        writeln!(text, "{n} {}", "x".repeat(n * 7 % 180)).unwrap();
        n += 1;
    }
    text
}

/// What a set hands out, put together as a reader of its events would.
struct Heard {
    set: SourceSet,
    /// What is shown ahead: offset and text.
    shown: Option<(u64, String)>,
    previews: usize,
    gone: usize,
    /// Stretches that were read, in the order of reading: where they begin, and their text.
    read: Vec<(u64, String)>,
    left_out: Vec<u64>,
    returned: usize,
    identity: FileIdentity,
}

impl Heard {
    fn open(path: &Path, preview: bool, known: &[Checkpoint]) -> Self {
        let options = SourceOptions { preview, ..SourceOptions::default() };
        let set = SourceSet::open(&[SourceSpec::Path(path.to_owned())], options, known).unwrap();
        Self {
            set,
            shown: None,
            previews: 0,
            gone: 0,
            read: Vec::new(),
            left_out: Vec::new(),
            returned: 0,
            identity: FileIdentity::default(),
        }
    }

    fn step(&mut self) {
        let Self { set, shown, previews, gone, read, left_out, returned, identity } = self;
        let mut take = |event: SourceEvent<'_>| match event {
            SourceEvent::Preview { offset, bytes, fresh, .. } => {
                *previews += 1;
                let text = String::from_utf8(bytes.to_vec()).unwrap();
                assert!(text.ends_with('\n'), "whole lines");
                match shown {
                    Some((_, before)) if !fresh => before.push_str(&text),
                    _ => *shown = Some((offset, text)),
                }
            }
            SourceEvent::PreviewGone { .. } => (*gone, *shown) = (*gone + 1, None),
            SourceEvent::Skipped { to, .. } => left_out.push(to),
            SourceEvent::Home { .. } => *returned += 1,
            SourceEvent::NewFile { offset, .. } => read.push((offset, String::new())),
            SourceEvent::Data { offset, bytes, identity: of, .. } => {
                *identity = of;
                let text = String::from_utf8(bytes.to_vec()).unwrap();
                match read.last_mut() {
                    Some((from, before)) if *from + before.len() as u64 == offset => before.push_str(&text),
                    _ => read.push((offset, text)),
                }
            }
            _ => {}
        };
        set.poll(Duration::from_millis(20), &mut take).unwrap();
    }

    fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let end = Instant::now() + Duration::from_secs(30);
        while !done(self) {
            assert!(Instant::now() < end, "{what} did not come");
            self.step();
        }
    }

    fn following(&self) -> bool {
        self.set.sources().all(|s| s.state == SourceState::Following)
    }

    fn leave_out(&mut self) -> usize {
        let mut heard = Vec::new();
        let count = self.set.leave_out_older(|event| match event {
            SourceEvent::Skipped { to, .. } => heard.push(to),
            SourceEvent::Home { .. } => self.returned += 1,
            _ => {}
        });
        self.left_out.extend(heard);
        count
    }
}

fn file(text: &str) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("app.log");
    fs::write(&log, text).unwrap();
    (dir, log)
}

fn append(path: &Path, text: &str) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

#[test]
fn the_end_of_a_large_file_comes_first_and_everything_is_read_all_the_same() {
    let text = lines(0, LARGE);
    let (_dir, log) = file(&text);
    let mut heard = Heard::open(&log, true, &[]);
    heard.until("the end", |h| h.shown.is_some());
    assert!(heard.read.iter().map(|r| r.1.len()).sum::<usize>() < LARGE / 2, "before the rest");
    let (offset, shown) = heard.shown.clone().unwrap();
    assert!(shown.len() > 200 << 10 && text.ends_with(&shown), "the last lines");
    assert_eq!(offset as usize + shown.len(), text.len());
    heard.until("all", Heard::following);
    assert_eq!(heard.read, [(0, text)]);
}

#[test]
fn small_files_and_readers_that_do_not_ask_get_none() {
    for (size, preview) in [(LARGE, false), (1 << 20, true)] {
        let (_dir, log) = file(&lines(0, size));
        let mut heard = Heard::open(&log, preview, &[]);
        heard.until("all", Heard::following);
        assert_eq!(heard.previews, 0);
    }
}

#[test]
fn what_is_written_meanwhile_is_shown_too() {
    let mut text = lines(0, 4 * LARGE);
    let (_dir, log) = file(&text);
    let mut heard = Heard::open(&log, true, &[]);
    heard.until("the end", |h| h.shown.is_some());
    append(&log, "one more\nand half a");
    text += "one more\nand half a";
    std::thread::sleep(Duration::from_millis(120));
    heard.until("more of the end", |h| h.previews == 2);
    assert!(heard.shown.clone().unwrap().1.ends_with("\none more\n"), "whole lines only");
    heard.until("all", Heard::following);
    assert_eq!(heard.read, [(0, text)]);
}

#[test]
fn what_lies_before_the_end_is_left_out_and_read_later() {
    let text = lines(0, 2 * LARGE);
    let (_dir, log) = file(&text);
    let mut heard = Heard::open(&log, true, &[]);
    heard.until("some", |h| h.shown.is_some() && !h.read.is_empty());
    let cut = heard.shown.clone().unwrap().0;
    assert_eq!(heard.leave_out(), 1);
    assert_eq!(heard.left_out, [cut]);
    heard.until("the end", Heard::following);
    let first = heard.read[0].1.len();
    assert_eq!(heard.read[1], (cut, text[cut as usize..].to_owned()));
    assert_eq!(heard.leave_out(), 0, "nothing is left to leave out");

    assert_eq!(heard.set.read_left_out(), 1);
    heard.until("the way home", |h| h.returned == 1);
    // From the beginning of the line in which reading had stopped.
    let begin = text[..first].rfind('\n').map_or(0, |at| at + 1);
    assert_eq!(heard.read[2], (begin as u64, text[begin..cut as usize].to_owned()));
    append(&log, "later\n");
    heard.until("what comes later", |h| h.read.last().unwrap().1.ends_with("later\n"));
    assert_eq!(heard.read.len(), 4);
    assert_eq!(heard.set.read_left_out(), 0);
}

#[test]
fn reading_what_was_left_out_can_be_stopped_and_goes_on() {
    let text = lines(0, 2 * LARGE);
    let (_dir, log) = file(&text);
    let mut heard = Heard::open(&log, true, &[]);
    heard.until("some", |h| h.shown.is_some() && !h.read.is_empty());
    heard.leave_out();
    heard.until("the end", Heard::following);
    heard.set.read_left_out();
    heard.until("a part", |h| h.read.len() == 3);
    assert_eq!((heard.leave_out(), heard.returned), (1, 1));
    assert_eq!(heard.set.read_left_out(), 1, "the rest of it");
    heard.until("the way home", |h| h.returned == 2);
    let (from, rest) = heard.read.last().unwrap();
    assert_eq!(*from as usize + rest.len(), heard.left_out[0] as usize);
}

#[test]
fn a_later_start_knows_what_was_left_out() {
    let text = lines(0, LARGE);
    let (_dir, log) = file(&text);
    let mut heard = Heard::open(&log, false, &[]);
    heard.until("all", Heard::following);
    let part = Skipped {
        from: text[..5_000].rfind('\n').unwrap() as u64 + 1,
        to: text[..900_000].rfind('\n').unwrap() as u64 + 1,
    };
    let known = Checkpoint {
        source: SourceId(1),
        name: log.to_string_lossy().into_owned(),
        identity: heard.identity,
        offset: text.len() as u64,
        skipped: vec![part],
        ..Checkpoint::default()
    };
    let mut heard = Heard::open(&log, true, &[known]);
    heard.until("nothing", Heard::following);
    assert!(heard.read.is_empty());
    assert_eq!(heard.set.read_left_out(), 1);
    heard.until("the way home", |h| h.returned == 1);
    assert_eq!(heard.read, [(part.from, text[part.from as usize..part.to as usize].to_owned())]);
}

#[test]
fn what_was_left_out_of_another_file_is_forgotten() {
    let text = lines(0, 100_000);
    let (_dir, log) = file(&text);
    let known = Checkpoint {
        source: SourceId(1),
        name: log.to_string_lossy().into_owned(),
        identity: FileIdentity { device: 1, inode: 1, head_len: 1024, head_hash: 1, changed: 0 },
        offset: 90_000,
        skipped: vec![Skipped { from: 0, to: 50_000 }],
        ..Checkpoint::default()
    };
    let mut heard = Heard::open(&log, true, &[known]);
    heard.until("all", Heard::following);
    assert_eq!(heard.set.read_left_out(), 0);
    assert_eq!(heard.read, [(0, text)]);
}

#[test]
fn rotated_while_its_end_is_shown_the_old_file_is_read_to_its_end() {
    let text = lines(0, 2 * LARGE);
    let (dir, log) = file(&text);
    let mut heard = Heard::open(&log, true, &[]);
    heard.until("the end", |h| h.shown.is_some());
    fs::rename(&log, dir.path().join("app.log.1")).unwrap();
    fs::write(&log, "new\n").unwrap();
    heard.until("the new file", |h| h.read.last().is_some_and(|r| r.1 == "new\n"));
    assert_eq!(heard.read, [(0, text), (0, "new\n".to_owned())]);
}

#[test]
fn a_file_that_shrinks_takes_its_end_from_the_screen() {
    let text = lines(0, 4 * LARGE);
    let (_dir, log) = file(&text);
    let mut heard = Heard::open(&log, true, &[]);
    heard.until("the end", |h| h.shown.is_some() && !h.read.is_empty());
    let shorter = 3 * LARGE as u64;
    OpenOptions::new().write(true).open(&log).unwrap().set_len(shorter).unwrap();
    heard.until("that it is gone", |h| h.gone == 1);
    assert_eq!(heard.leave_out(), 0, "there is no end to go to");
    heard.until("what is left", Heard::following);
    assert_eq!(heard.read, [(0, text[..shorter as usize].to_owned())]);
}
