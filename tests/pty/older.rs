//! The older part of a large file: left out, read later, and killed in between.

use crate::term::{Setup, Term, within_patience};
use rustix::process::Signal;
use std::fmt::Write as _;
use std::time::Duration;

/// Lines of the file: some twenty MiB, so that reading takes a while.
const LINES: usize = 300_000;

fn killed(mut t: Term) -> Setup {
    t.signal(Signal::KILL);
    t.ends_somehow();
    t.again(&[])
}

#[test]
fn what_is_left_out_and_read_later_is_there_once_whatever_was_killed() {
    let mut text = String::new();
    for n in 0..LINES {
        writeln!(
            text,
            "2025-01-07 14:30:15.{:03} [INFO] shop.orders - request {n} was served in {} ms",
            n % 1000,
            n % 97
        )
        .unwrap();
    }
    let mut t = Setup::on(&[("shop.log", text.as_bytes())]).start();
    let log = t.path("shop.log").display().to_string();
    t.press_shows("2", &["older lines", &format!("request {}", LINES - 1)]);
    t.press("X");
    t.shows(&["not read"]);
    // It is on the screen before it is on the disk.
    std::thread::sleep(Duration::from_secs(2));
    let mut t = killed(t).arg(&log).start();
    t.press_shows("2", &["not read", &format!("request {}", LINES - 1)]);
    t.press("R");
    std::thread::sleep(Duration::from_millis(150));
    let mut t = killed(t).arg(&log).start();
    t.press("2");
    t.press("R");
    assert!(within_patience(|| !t.text().contains("not read") && t.text().contains("300,000")), "{}", t.text());
    t.press("q");
    assert_eq!(t.ends(), 0);

    let export = std::process::Command::new(env!("CARGO_BIN_EXE_aiobs"))
        .args(["export", "--quiet", "--offline", "--output", "text"])
        .env_clear()
        .env("HOME", t.path(""))
        .output()
        .unwrap();
    let stored = String::from_utf8(export.stdout).unwrap();
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    };
    let (stored, written) = (sorted(&stored), sorted(&text));
    assert_eq!(stored.len(), written.len(), "{}", String::from_utf8_lossy(&export.stderr));
    assert!(stored == written, "lines differ");
}
