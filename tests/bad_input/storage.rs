//! The disk and the database: full, damaged, taken, cut down by retention.

use super::{texts, told};
use crate::support::{Home, Watch, until};
use aiobs_store::{Commit, Store};
use aiobs_types::{NewRecord, RecordBatch, Severity, SourceId, TemplateId, Timestamp};
use rustix::process::Signal;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::Command;
use std::sync::Arc;

/// Runs the program on a file system of its own and little room, which is filled and freed on request. The archive is
/// copied out in the end.
const LITTLE_ROOM: &str = r#"
home=$1; shift
mkdir -p "$home/data" && mount -t tmpfs -o size=4m none "$home/data" || exit 90
"$@" & child=$!
trap 'kill -TERM $child' TERM
( while [ ! -e "$home/fill" ]; do sleep 0.05; done; cat /dev/zero >"$home/data/filler" 2>/dev/null; : >"$home/filled"
  while [ ! -e "$home/free" ]; do sleep 0.05; done; rm "$home/data/filler" ) & 
filler=$!
wait $child; wait $child; code=$?
kill $filler 2>/dev/null
if [ -e "$home/again" ]; then
  rm -f "$home/data/filler"; program=$1; shift 2; "$program" import "$@" || exit 91
fi
cp -a "$home/data" "$home/copy"
exit $code
"#;

fn with_little_room(home: &Home) -> Option<Command> {
    on_its_own_disk(home, LITTLE_ROOM, "watch")
}

/// A script that may mount, with the home and a command on the log as its arguments.
fn on_its_own_disk(home: &Home, script: &str, what: &str) -> Option<Command> {
    let flags: &[&str] = if rustix::process::getuid().is_root() { &["-m"] } else { &["-rm"] };
    let probe = ["sh", "-c", "mount -t tmpfs none /mnt"];
    let works = Command::new("unshare").args(flags).args(probe).output().is_ok_and(|o| o.status.success());
    if !works {
        eprintln!("SKIPPED a test of a full disk: this machine allows no mount of one's own");
        return None;
    }
    let inner = home.command([what, "logs/app.log"]);
    let mut command = Command::new("unshare");
    command.args(flags).args(["sh", "-c", script, "sh"]).arg(home.path(""));
    command.arg(inner.get_program()).args(inner.get_args()).current_dir(home.path(""));
    Some(command)
}

/// Lines that hardly compress, and an error at the end.
fn many_lines() -> String {
    let mut seed = 7u64;
    let mut lines = String::new();
    for i in 0..20_000u64 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(i);
        let more = seed ^ (seed >> 7);
        writeln!(lines, "2025-01-07 14:30:15 [INFO] shop - request {i} took {seed:x} and {more:x}").unwrap();
    }
    lines + "2025-01-07 14:30:16 [ERROR] shop - connection refused, and that was the last\n"
}

/// Fills the disk under a running `watch`, lets the log grow, and waits for the trouble to be told.
fn filled(home: &Home, lines: &str) -> Option<Watch> {
    let log = home.path("logs/app.log");
    fs::write(&log, "first\n").unwrap();
    let mut command = with_little_room(home)?;
    let watch = Watch::start(&mut command);
    until("the program to follow", || watch.events().iter().any(|e| e["state"] == "following"));
    fs::write(home.path("fill"), "").unwrap();
    until("the disk to be full", || home.path("filled").exists());
    fs::OpenOptions::new().append(true).open(&log).unwrap().write_all(lines.as_bytes()).unwrap();
    until("the trouble", || trouble(&watch, false).is_some());
    Some(watch)
}

fn trouble(watch: &Watch, over: bool) -> Option<Value> {
    watch.events().into_iter().find(|e| e["event"] == "trouble" && e["about"] == "store" && e["over"] == over)
}

/// Stops it and holds the archive it leaves against the log.
fn ends_with_everything(home: &Home, watch: Watch, lines: &str) {
    let (code, _, talk) = watch.stop(Signal::TERM);
    assert_eq!(code, Some(0), "{talk}");
    fs::remove_dir_all(home.path("data")).unwrap();
    fs::rename(home.path("copy"), home.path("data")).unwrap();
    let expected: Vec<&str> = std::iter::once("first").chain(lines.lines()).collect();
    let stored = texts(home);
    assert_eq!(stored.len(), expected.len());
    assert!(stored == expected, "the records differ from the file");
}

#[test]
fn a_full_disk_is_told_and_nothing_is_lost() {
    let (home, lines) = (Home::new(), many_lines());
    let Some(watch) = filled(&home, &lines) else { return };
    let text = trouble(&watch, false).unwrap()["text"].as_str().unwrap().to_owned();
    assert!(text.contains("no space left on disk") && text.contains("reading waits"), "{text}");
    fs::write(home.path("free"), "").unwrap();
    until("the trouble to be over", || trouble(&watch, true).is_some());
    until("the last line to be read", || watch.events().iter().any(|e| e["event"] == "incident_opened"));
    ends_with_everything(&home, watch, &lines);
}

#[test]
fn stopped_while_the_disk_is_full_it_goes_on_where_it_was() {
    let (home, lines) = (Home::new(), many_lines());
    let Some(watch) = filled(&home, &lines) else { return };
    // Once it has ended there is room again, and the log is imported.
    fs::write(home.path("again"), "").unwrap();
    ends_with_everything(&home, watch, &lines);
}

/// Imports once, fills the disk, imports more, makes room, and imports again.
const FULL_IN_BETWEEN: &str = r#"
home=$1; shift
mkdir -p "$home/data" && mount -t tmpfs -o size=4m none "$home/data" || exit 90
"$@" || exit 91
cat "$home/more" >>"$home/logs/app.log"
cat /dev/zero >"$home/data/filler" 2>/dev/null
"$@"; code=$?
rm "$home/data/filler"
"$@" || exit 92
cp -a "$home/data" "$home/copy"
exit $code
"#;

#[test]
fn an_import_onto_a_full_disk_ends_and_goes_on_when_run_again() {
    let (home, lines) = (Home::new(), many_lines());
    fs::write(home.path("logs/app.log"), "first\n").unwrap();
    fs::write(home.path("more"), &lines).unwrap();
    let Some(mut command) = on_its_own_disk(&home, FULL_IN_BETWEEN, "import") else { return };
    let ended = crate::support::ran(&mut command);
    told(&ended, 3, &["no space left on disk", "nothing could be stored for", "run the same command again"]);
    fs::remove_dir_all(home.path("data")).unwrap();
    fs::rename(home.path("copy"), home.path("data")).unwrap();
    let expected: Vec<&str> = std::iter::once("first").chain(lines.lines()).collect();
    assert!(texts(&home) == expected, "the records differ from the file");
}

#[test]
fn a_damaged_database_is_moved_aside() {
    let home = Home::new();
    fs::write(home.path("logs/app.log"), "one\ntwo\n").unwrap();
    told(&home.run(["import", "logs/app.log"]), 0, &["imported 2 records"]);
    fs::write(home.path("data/aiobs.db"), vec![b'x'; 20_000]).unwrap();
    told(&home.run(["search", "one"]), 3, &["the database is damaged", "aiobs import", "moves it aside"]);
    let again = home.run(["import", "logs/app.log"]);
    told(&again, 0, &["the database was damaged", "moved to", "aiobs.db.corrupt-", "imported 2 records"]);
    assert_eq!(texts(&home), ["one", "two"]);
    let aside = fs::read_dir(home.path("data")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let databases =
        aside.filter(|n| n.starts_with("aiobs.db.corrupt-") && !n.ends_with("-wal") && !n.ends_with("-shm"));
    assert_eq!(databases.count(), 1);
}

#[test]
fn a_second_instance_reads_but_does_not_write() {
    let home = Home::new();
    fs::write(home.path("logs/app.log"), "2025-01-07 14:30:15 [ERROR] db - connection refused by 10.0.0.7\n").unwrap();
    let watch = Watch::start(&mut home.command(["watch", "logs/app.log"]));
    until("an incident", || watch.events().iter().any(|e| e["event"] == "incident_opened"));
    until("the record", || texts(&home).len() == 1);
    for args in [&["import", "logs/app.log"][..], &["watch", "logs/app.log"], &["analyze", "--keep", "logs/app.log"]] {
        told(&home.run(args), 3, &["is in use by process", "stop that one, or choose another with --data-dir"]);
    }
    // Without keeping, no data directory is needed.
    told(&home.run(["analyze", "logs/app.log"]), 0, &[]);
    let incidents = home.run(["incidents"]);
    assert_eq!(incidents.code, Some(0), "{}", incidents.err);
    assert!(incidents.out.contains("#1"), "{}", incidents.out);
    assert_eq!(watch.stop(Signal::TERM).0, Some(0));
    told(&home.run(["import", "logs/app.log"]), 0, &["imported 0 records"]);
}

#[test]
fn nothing_stored_yet() {
    let home = Home::new();
    for command in [&["search", "x"][..], &["incidents"]] {
        told(&home.run(command), 3, &["no archive in", "nothing has been stored there yet"]);
    }
}

/// Records that were read `days` ago, as another run stored them.
fn store_old(home: &Home, days: i64, records: usize) {
    let (store, _) = Store::open(&home.path("data")).unwrap();
    let mut writer = store.writer().unwrap();
    let mut batch = RecordBatch::new(writer.next_record_id());
    let time = Timestamp(Timestamp::now().0 - days * 86_400_000_000_000);
    for i in 0..records {
        let text = format!("old {i}");
        batch.push(NewRecord {
            time,
            observed: time,
            offset: i as u64,
            source: SourceId(99),
            template: TemplateId(1),
            severity: Severity::INFO,
            flags: 0,
            component: "",
            text: &text,
            message: (0, text.len() as u32),
        });
    }
    writer.commit(&Commit { batches: vec![Arc::new(batch)], ..Commit::default() }).unwrap();
}

#[test]
fn retention_by_age() {
    let home = Home::new();
    store_old(&home, 40, 5_000);
    store_old(&home, 20, 5_000);
    fs::write(home.path("logs/app.log"), "new\n").unwrap();
    fs::write(home.path("keep.toml"), "[archive]\nretention_days = 0\n").unwrap();
    told(&home.run(["import", "logs/app.log", "--config", "keep.toml"]), 0, &[]);
    assert_eq!(texts(&home).len(), 10_001);
    fs::write(home.path("config.toml"), "[archive]\nretention_days = 30\n").unwrap();
    fs::write(home.path("logs/app.log"), "new\nnewer\n").unwrap();
    told(&home.run(["import", "logs/app.log", "--config", "config.toml"]), 0, &[]);
    let left = texts(&home);
    assert_eq!(left.len(), 5_002, "the older half was not dropped");
    assert_eq!(left[5_000..], ["new", "newer"]);
}

#[test]
fn retention_by_size() {
    let home = Home::new();
    let mut seed = 1u64;
    let mut lines = String::new();
    for i in 0..60_000u64 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(i);
        writeln!(lines, "2025-01-07 14:30:15 [INFO] shop - request {i:06} took {seed:x}").unwrap();
    }
    fs::write(home.path("logs/app.log"), &lines).unwrap();
    told(&home.run(["import", "logs/app.log", "--set", "archive.max_size=300KiB"]), 0, &[]);
    let left = texts(&home);
    let size = fs::metadata(home.path("data/aiobs.db")).unwrap().len();
    assert!(left.len() > 1_000 && left.len() < 40_000, "{} records are left", left.len());
    assert!(size < 1_500_000, "the database holds {size} bytes");
    let all: Vec<&str> = lines.lines().collect();
    assert!(left == all[all.len() - left.len()..], "what is left is not the newest");
    // What was dropped does not come back.
    told(&home.run(["import", "logs/app.log", "--set", "archive.max_size=300KiB"]), 0, &["imported 0 records"]);
}
