//! Bad input through the real binary: each case has a clear message and an exit code, and none loses data.
#![allow(clippy::unwrap_used)]

mod support;

#[path = "bad_input/damage.rs"]
mod damage;
#[path = "bad_input/storage.rs"]
mod storage;
#[path = "bad_input/text.rs"]
mod text;

use rustix::process::Signal;
use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use support::{Home, Ran, Watch, ran, until};

/// The code and that the talk has all of these words.
fn told(ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!(ran.code, Some(code), "{}", ran.err);
    let all = ran.err.split_whitespace().collect::<Vec<_>>().join(" ");
    for word in words {
        assert!(all.contains(word), "`{word}` is not told in: {}", ran.err);
    }
}

fn texts(home: &Home) -> Vec<String> {
    home.records().iter().map(|r| r["text"].as_str().unwrap().to_owned()).collect()
}

fn notice(watch: &Watch, words: &str) -> bool {
    watch.events().iter().any(|e| e["event"] == "notice" && e["text"].as_str().unwrap().contains(words))
}

fn state_of(event: &Value, name: &str) -> Option<String> {
    let of_it = event["event"] == "source" && event["source"].as_str()?.ends_with(name);
    of_it.then(|| event["state"].as_str().map(str::to_owned))?
}

#[test]
fn a_path_that_does_not_exist() {
    let home = Home::new();
    for command in ["import", "analyze"] {
        told(&home.run([command, "logs/none.log"]), 2, &["logs/none.log: no such file or directory"]);
    }
    told(&home.run(["templates", "logs/none.log"]), 2, &["logs/none.log: No such file or directory"]);
    told(&home.run(["watch", "nowhere/none.log"]), 2, &["nowhere/none.log: no such file or directory"]);
    // Following, it may come.
    let watch = Watch::start(&mut home.command(["watch", "logs/none.log"]));
    until("the notice", || notice(&watch, "logs/none.log: nothing there yet; it is read as soon as it appears"));
    fs::write(home.path("logs/none.log"), "here now\n").unwrap();
    until("the file to be read", || texts(&home) == ["here now"]);
    assert_eq!(watch.stop(Signal::TERM).0, Some(0));
}

#[test]
fn a_glob_that_matches_nothing_may_match_later() {
    let home = Home::new();
    told(&home.run(["import", "logs/*.log"]), 2, &["logs/*.log: no file matches"]);
    told(&home.run(["analyze", "logs"]), 2, &["logs: no file matches"]);
    told(&home.run(["import", "logs/[.log"]), 2, &["logs/[.log: not a valid glob pattern"]);
    let watch = Watch::start(&mut home.command(["watch", "logs/*.log"]));
    until("the notice", || notice(&watch, "logs/*.log: nothing there yet"));
    fs::write(home.path("logs/new.log"), "one\ntwo\n").unwrap();
    until("the file to be read", || texts(&home) == ["one", "two"]);
    assert_eq!(watch.stop(Signal::TERM).0, Some(0));
}

#[test]
fn a_directory_without_permission() {
    let home = Home::new();
    let dir = home.path("logs/private");
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("app.log"), "secret\n").unwrap();
    let mut command = home.command(["import", "logs/private"]);
    if rustix::process::getuid().is_root() {
        // Root may read everything: be somebody else, with a copy of the program that everybody may run.
        let Some(mut other) = as_nobody(&home, &["import", "logs/private"]) else {
            eprintln!("SKIPPED a_directory_without_permission: running as root, and there is no setpriv");
            return;
        };
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).unwrap();
        told(&ran(&mut other), 2, &["logs/private: permission denied", "grant read access"]);
        return;
    }
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o000)).unwrap();
    told(&ran(&mut command), 2, &["logs/private: permission denied", "grant read access"]);
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).unwrap();
}

fn as_nobody(home: &Home, args: &[&str]) -> Option<Command> {
    Command::new("setpriv").arg("--version").output().ok()?;
    let program = home.path("aiobs");
    fs::copy(env!("CARGO_BIN_EXE_aiobs"), &program).unwrap();
    fs::set_permissions(home.path(""), fs::Permissions::from_mode(0o777)).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program).args(args);
    command.current_dir(home.path("")).env("HOME", home.path("")).arg("--data-dir").arg(home.path("data"));
    Some(command)
}

#[test]
fn a_binary_file() {
    let home = Home::new();
    let bytes: Vec<u8> = (0..4096u32).map(|i| (i * 7 % 251) as u8).collect();
    fs::write(home.path("logs/app.bin"), bytes).unwrap();
    fs::write(home.path("logs/app.log"), "fine\n").unwrap();
    for command in ["import", "analyze"] {
        let ran = home.run([command, "logs/app.bin", "logs/app.log"]);
        told(&ran, 0, &["logs/app.bin: not a text file; skipped"]);
    }
    assert_eq!(texts(&home), ["fine"]);
    let watch = Watch::start(&mut home.command(["watch", "logs/app.bin"]));
    until("the state", || watch.events().iter().any(|e| state_of(e, "app.bin").as_deref() == Some("binary")));
    assert_eq!(watch.stop(Signal::TERM).0, Some(0));
}

#[test]
fn an_empty_file() {
    let home = Home::new();
    fs::write(home.path("logs/app.log"), "").unwrap();
    told(&home.run(["import", "logs/app.log"]), 0, &["logs/app.log: empty", "imported 0 records from 1 source in"]);
    let report = home.run(["analyze", "logs/app.log"]);
    told(&report, 0, &["logs/app.log: empty"]);
    assert!(report.out.starts_with("0 records from 1 source"), "{}", report.out);
    assert!(report.out.contains("Nothing found"), "{}", report.out);
    told(&home.run(["templates", "logs/app.log", "--per-record"]), 0, &[]);
}

#[test]
fn what_a_configuration_leaves_out() {
    let home = Home::new();
    fs::create_dir(home.path("logs/old")).unwrap();
    for name in ["app.log", "debug.log", "old/app.log", "named.tmp"] {
        fs::write(home.path("logs").join(name), format!("{name}\n")).unwrap();
    }
    let exclude = "sources.exclude=debug.log,*.tmp,logs/old";
    let watch = Watch::start(&mut home.command(["watch", "logs", "logs/named.tmp", "--set", exclude]));
    until("the records", || texts(&home).len() >= 2);
    // A file that comes later is asked about too.
    fs::write(home.path("logs/late.tmp"), "late\n").unwrap();
    fs::write(home.path("logs/late.log"), "late.log\n").unwrap();
    until("the late record", || texts(&home).len() >= 3);
    assert_eq!(watch.stop(Signal::TERM).0, Some(0));
    let mut read = texts(&home);
    read.sort();
    assert_eq!(read, ["app.log", "late.log", "named.tmp"]);
    told(&home.run(["config", "check", "--set", "sources.exclude=[a"]), 2, &["sources.exclude"]);
}

#[test]
fn no_terminal() {
    let home = Home::new();
    fs::write(home.path("logs/app.log"), "fine\n").unwrap();
    for args in [&["logs/app.log"][..], &[], &["demo"]] {
        told(&home.run(args), 2, &["no terminal", "aiobs watch", "aiobs analyze"]);
    }
}

#[test]
fn a_reader_that_goes_away() {
    let home = Home::new();
    let lines = "2025-01-07 14:30:15 [INFO] shop - the same request\n".repeat(20_000);
    fs::write(home.path("logs/app.log"), lines).unwrap();
    told(&home.run(["import", "logs/app.log"]), 0, &["imported 20000 records"]);
    for output in ["text", "json", "csv", "markdown"] {
        let mut command = home.command(["search", "--limit", "0", "--output", output, "request"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let mut talk = String::new();
        child.stderr.take().unwrap().read_to_string(&mut talk).unwrap();
        assert_eq!((child.wait().unwrap().code(), talk.as_str()), (Some(0), ""), "{output}");
    }
}

#[test]
fn standard_input() {
    let home = Home::new();
    let lines = "2025-01-07 14:30:15 [ERROR] db - connection refused\n2025-01-07 14:30:16 [INFO] db - no newline";
    fs::write(home.path("in.log"), lines).unwrap();
    for command in ["analyze", "import", "watch"] {
        let mut command = home.command([command, "-"]);
        let ended = ran(command.stdin(fs::File::open(home.path("in.log")).unwrap()));
        assert_eq!(ended.code, Some(0), "{}", ended.err);
    }
    // Once imported, once watched.
    assert_eq!(texts(&home).len(), 4);
    assert_eq!(texts(&home)[1], "2025-01-07 14:30:16 [INFO] db - no newline");
    // Closed, not only empty.
    let mut shell = Command::new("sh");
    let command = home.command(["analyze", "-"]);
    shell.args(["-c", "exec \"$@\" <&-", "sh"]).arg(command.get_program()).args(command.get_args());
    let ended = ran(shell.current_dir(home.path("")).env("HOME", home.path("")));
    told(&ended, 0, &["stdin: empty"]);
    assert!(ended.out.starts_with("0 records from 1 source"), "{}", ended.out);
}

#[test]
fn standard_input_that_is_interrupted_keeps_what_came() {
    let home = Home::new();
    let mut feed = Command::new("sh");
    feed.args(["-c", "printf 'one\\ntwo without an end'; sleep 30"]);
    let mut feed = feed.stdout(Stdio::piped()).spawn().unwrap();
    let watch = Watch::start(home.command(["watch", "-"]).stdin(feed.stdout.take().unwrap()));
    until("the first record", || !texts(&home).is_empty());
    assert_eq!(watch.stop(Signal::INT).0, Some(0));
    feed.kill().unwrap();
    feed.wait().unwrap();
    assert_eq!(texts(&home), ["one", "two without an end"]);
}

#[test]
fn configuration_mistakes() {
    let home = Home::new();
    fs::write(home.path("logs/app.log"), "fine\n").unwrap();
    let import = |more: &[&str]| home.run(["import", "logs/app.log"].iter().chain(more).copied().collect::<Vec<_>>());
    told(&import(&["--config", "none.toml"]), 2, &["none.toml", "there is no such file"]);
    told(&import(&["--set", "ui.them=dark"]), 2, &["ui.them", "ui.theme"]);
    told(&import(&["--set", "archive.retention_days=soon"]), 2, &["archive.retention_days", "soon"]);
    told(&import(&["--set", "archive"]), 2, &["--set archive", "="]);
    told(&import(&["--set", "a.b=1", "--set", "ui.fps=900"]), 2, &["a.b", "ui.fps", "120"]);
    fs::write(home.path("bad.toml"), "[ui\n").unwrap();
    told(&import(&["--config", "bad.toml"]), 2, &["bad.toml:1"]);
    // Nothing was begun.
    assert!(!home.path("data").exists());
}
