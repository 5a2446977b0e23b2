//! A thousand files at once, and Ctrl-C at any moment of reading: nothing is lost, doubled or left running.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, reason = "each test file uses its part")]
mod support;

use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;
use support::{Home, Watch, ran, until};

/// Files at once: more than the usual soft limit on open files has room for.
const FILES: usize = 1_200;

fn line(file: usize, n: usize) -> String {
    format!("2025-01-07 14:30:{:02} [INFO] svc{file} - line {n} of file {file}\n", n % 60)
}

fn texts(home: &Home) -> Vec<String> {
    home.records().iter().map(|r| r["text"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_thousand_files_are_followed_at_once() {
    let home = Home::new();
    let path = |file: usize| home.path(format!("logs/svc-{file:04}.log"));
    for file in 0..FILES {
        fs::write(path(file), line(file, 0)).unwrap();
    }
    // As a shell starts it on most systems.
    let inner = home.command(["watch", "logs"]);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "ulimit -Sn 1024; exec \"$@\"", "sh"]).arg(inner.get_program()).args(inner.get_args());
    command.env_clear().envs(inner.get_envs().filter_map(|(k, v)| Some((k, v?)))).current_dir(home.path(""));
    let watch = Watch::start(&mut command);
    let stored = || home.run(["search", "--count", ""]).out.trim().parse::<usize>().unwrap_or(0);
    until("every file to be read", || stored() >= FILES);
    for file in 0..FILES {
        OpenOptions::new().append(true).open(path(file)).unwrap().write_all(line(file, 1).as_bytes()).unwrap();
    }
    until("every file to be followed", || stored() >= 2 * FILES);
    let (code, _, talk) = watch.stop(Signal::TERM);
    assert_eq!(code, Some(0), "{talk}");
    let wanted: BTreeSet<String> =
        (0..FILES).flat_map(|f| [line(f, 0), line(f, 1)]).map(|l| l.trim_end().to_owned()).collect();
    let stored = texts(&home);
    assert_eq!((stored.len(), stored.into_iter().collect::<BTreeSet<_>>() == wanted), (2 * FILES, true));
}

/// A log with a fault, worth a diagnosis.
fn log() -> String {
    let mut lines = String::new();
    for n in 0..30_000 {
        lines.push_str(&line(0, n));
        if n % 5_000 == 0 {
            writeln!(lines, "2025-01-07 14:30:59 [ERROR] svc0 - connection refused by 10.0.0.{}", n / 5_000).unwrap();
        }
    }
    lines
}

/// Starts the command, sends a signal after a while, and says how it ended.
fn interrupted(home: &Home, args: &[&str], after: Duration) -> (Option<i32>, String) {
    let mut command = home.command(args);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(after);
    // Gone already when it was quicker.
    let _ = kill_process(Pid::from_child(&child), Signal::INT);
    let out = child.wait_with_output().unwrap();
    (out.status.code(), String::from_utf8(out.stderr).unwrap())
}

#[test]
fn ctrl_c_at_any_moment_of_an_import_loses_and_doubles_nothing() {
    let home = Home::new();
    let lines = log();
    fs::write(home.path("logs/app.log"), &lines).unwrap();
    // Before the program has hands for a signal, the system ends it: that is no code.
    let mut complete = false;
    for step in 0..14 {
        let (code, talk) = interrupted(&home, &["import", "logs/app.log"], Duration::from_millis(step * step * 7));
        assert!(matches!(code, Some(0 | 130) | None), "after step {step}: {code:?} {talk}");
        assert!(!talk.contains("panicked"), "{talk}");
        complete |= code == Some(0);
    }
    let last = ran(&mut home.command(["import", "logs/app.log"]));
    assert_eq!(last.code, Some(0), "{}", last.err);
    assert!(texts(&home).iter().map(String::as_str).eq(lines.lines()), "lost or doubled; complete before: {complete}");
}

#[test]
fn ctrl_c_at_any_moment_of_an_analysis_ends_it_with_a_report_or_without() {
    let home = Home::new();
    fs::write(home.path("logs/app.log"), log()).unwrap();
    let temporary = home.path("tmp");
    fs::create_dir(&temporary).unwrap();
    for step in 0..10 {
        let mut command = home.command(["analyze", "--output", "json", "logs/app.log"]);
        command.env("TMPDIR", &temporary).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(60 + step * step * 15));
        let _ = kill_process(Pid::from_child(&child), Signal::INT);
        let out = child.wait_with_output().unwrap();
        let (text, talk) = (String::from_utf8(out.stdout).unwrap(), String::from_utf8(out.stderr).unwrap());
        assert!(matches!(out.status.code(), Some(0 | 130) | None), "step {step}: {:?} {talk}", out.status);
        if out.status.code().is_some() && !text.is_empty() {
            let report: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert!(report.is_object(), "a report is whole or not there");
        }
        if out.status.code().is_some() {
            let left: Vec<_> = fs::read_dir(&temporary).unwrap().map(|e| e.unwrap().path()).collect();
            assert!(left.is_empty(), "step {step} leaves {left:?}");
        } else {
            fs::remove_dir_all(&temporary).unwrap();
            fs::create_dir(&temporary).unwrap();
        }
    }
}
