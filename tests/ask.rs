//! Asking the archive from the command line: `search`, `sql` and `export` on the real binary.
#![allow(clippy::unwrap_used)]

#[expect(dead_code, reason = "others need more of it")]
mod support;

use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::process::Stdio;
use support::{Home, Ran};

/// Records of a JSON log; every third fails, the latency rises.
fn logs(count: usize) -> String {
    let mut text = String::new();
    for i in 0..count {
        let (level, status) = if i % 3 == 0 { ("error", 502) } else { ("info", 200) };
        let service = ["orders", "payments"][i % 2];
        let _ = writeln!(
            text,
            r#"{{"time":"2025-01-07T14:{:02}:{:02}Z","level":"{level}","service":"{service}","msg":"request {i}","http":{{"status":{status}}},"latency":"{i}ms"}}"#,
            i / 60 % 60,
            i % 60
        );
    }
    text
}

fn home(count: usize) -> Home {
    let home = Home::new();
    fs::write(home.path("logs/api.log"), logs(count)).unwrap();
    fs::write(home.path("logs/plain.log"), "2025-01-07 14:30:15 [WARN] db - slow query took=2s user=anna\n").unwrap();
    assert_eq!(home.run(["import", "logs"]).code, Some(0));
    home
}

fn count(home: &Home, query: &str) -> String {
    let ran = home.run(["search", "--count", query]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{query}");
    ran.out.trim().to_owned()
}

#[test]
fn fields_alternatives_and_exclusions_are_found() {
    let home = home(90);
    for (query, n) in [
        ("", "91"),
        ("latency>80ms", "9"),
        ("latency>1s", "0"),
        ("took>1s", "1"),
        ("status>=500", "30"),
        ("http.status=502 -service=orders", "15"),
        ("!service=orders,payments", "1"),
        ("level!=error", "61"),
        ("!source=api.log", "1"),
        ("latency=4ms or user:*", "2"),
        ("(service=orders or took:*) level=error", "15"),
        ("msg~\"request [12]$\"", "2"),
        ("!latency:*", "1"),
    ] {
        assert_eq!(count(&home, query), n, "{query}");
    }
    let wrong = home.run(["search", "latency>fast"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.err.contains("column 9: `fast` is no number"), "{}", wrong.err);
}

#[test]
fn sql_is_printed_in_every_form() {
    let home = home(30);
    let sql = |args: &[&str]| -> Ran {
        let ran = home.run(["sql"].iter().chain(args));
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{args:?}");
        ran
    };
    let statement = "SELECT component, count(*) AS n FROM logs('level=error') GROUP BY component ORDER BY 1";
    assert_eq!(sql(&[statement]).out, "component  n\n---------  -\norders     5\npayments   5\n");
    assert_eq!(sql(&[statement, "--output", "csv"]).out, "component,n\norders,5\npayments,5\n");
    assert_eq!(
        sql(&[statement, "--output", "json"]).out,
        "{\"component\":\"orders\",\"n\":5}\n{\"component\":\"payments\",\"n\":5}\n"
    );
    assert_eq!(
        sql(&[statement, "--output", "markdown"]).out,
        "| component | n |\n| --- | --- |\n| orders | 5 |\n| payments | 5 |\n"
    );
    assert!(sql(&["--tables"]).out.contains("logs: one row per record"));
    let slow = "SELECT max(quantity(fields ->> 'latency')) / 1e6 AS ms FROM logs WHERE source LIKE '%api.log'";
    assert_eq!(sql(&[slow, "--output", "csv"]).out, "ms\n29\n");
}

#[test]
fn mistakes_of_sql_are_usage_and_nothing_is_changed() {
    let home = home(3);
    for (statement, told) in [
        ("SELECT sevrity FROM logs", "column 8: there is no column `sevrity`; did you mean `severity`?"),
        ("DELETE FROM incidents", "only SELECT works here"),
        ("ATTACH 'x.db' AS x", "only SELECT works here"),
        ("SELECT * FROM logs('sorce=a')", "unknown key `sorce`"),
    ] {
        let ran = home.run(["sql", statement]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{statement}");
        assert!(ran.err.contains(told), "{statement}: {}", ran.err);
    }
    let cut = home.run(["sql", "SELECT id FROM logs", "--limit", "2"]);
    assert_eq!(cut.out.lines().count(), 4);
    assert!(cut.err.contains("stopped after 2 rows; --limit 0 shows all"), "{}", cut.err);
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
    let slow = home.run(["sql", endless, "--timeout", "1"]);
    assert_eq!(slow.code, Some(3));
    assert!(slow.err.contains("stopped after 1 s"), "{}", slow.err);
}

#[test]
fn what_runs_can_be_interrupted_and_a_closed_pipe_is_no_fault() {
    let home = home(3_000);
    let cross = "SELECT count(*) FROM logs a, logs b, logs c WHERE a.text > b.text";
    let child = home.command(["sql", cross]).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT).unwrap();
    let out = child.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(130));
    assert!(String::from_utf8_lossy(&out.stderr).contains("stopped"));
    for args in [&["search", "--limit", "0", ""][..], &["sql", "--limit", "0", "SELECT text FROM logs"], &["export"]] {
        let mut child = home.command(args).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut byte = [0];
        child.stdout.take().unwrap().read_exact(&mut byte).unwrap();
        let out = child.wait_with_output().unwrap();
        assert_eq!((out.status.code(), String::from_utf8_lossy(&out.stderr).as_ref()), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn exports_are_whole_or_not_there() {
    let home = home(30);
    let export = |args: &[&str]| home.run(["export"].iter().chain(args));
    let ran = export(&["level=error", "--to", "errors.csv"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{}", ran.err);
    let text = fs::read_to_string(home.path("errors.csv")).unwrap();
    assert_eq!(text.lines().count(), 11);
    assert!(text.starts_with("id,time,level,source,offset,component,template_id,message,note\n"), "{text}");
    let again = export(&["--to", "errors.csv"]);
    assert_eq!(again.code, Some(2));
    assert!(again.err.contains("--force replaces it"), "{}", again.err);
    assert_eq!(fs::read_to_string(home.path("errors.csv")).unwrap(), text);
    assert_eq!(export(&["--to", "errors.csv", "--force", "--newest", "--limit", "1"]).code, Some(0));
    assert_eq!(fs::read_to_string(home.path("errors.csv")).unwrap().lines().count(), 2);
    let json = export(&["--output", "json"]);
    assert_eq!(json.out.lines().count(), 31);
    assert_eq!(export(&["source=plain.log"]).out, "2025-01-07 14:30:15 [WARN] db - slow query took=2s user=anna\n");
    assert_eq!(export(&["--to", "none/x.json"]).code, Some(3));
}

#[test]
fn records_of_several_files_come_by_time_where_that_is_asked_for() {
    let home = Home::new();
    let line = |second: usize, who: &str| format!("2025-01-07 14:30:{second:02} [INFO] {who} - step {second}\n");
    let even: String = (0..30).map(|i| line(i * 2, "even")).collect();
    let odd: String = (0..30).map(|i| line(i * 2 + 1, "odd")).collect();
    fs::write(home.path("logs/even.log"), &even).unwrap();
    fs::write(home.path("logs/odd.log"), &odd).unwrap();
    assert_eq!(home.run(["import", "logs/even.log"]).code, Some(0));
    assert_eq!(home.run(["import", "logs/odd.log"]).code, Some(0));
    let merged: String = (0..60).map(|i| line(i, ["even", "odd"][i % 2])).collect();
    let ran = |args: &[&str]| home.run(args).out;
    assert_eq!(ran(&["export"]), merged);
    assert_eq!(ran(&["export", "--order", "arrival"]), format!("{even}{odd}"));
    assert_eq!(ran(&["search", "step"]), format!("{even}{odd}"));
    assert_eq!(ran(&["search", "step", "--order", "time"]), merged);
    let back: Vec<&str> = merged.lines().rev().take(3).collect();
    let newest = home.run(["search", "step", "--order", "time", "--newest", "--limit", "3"]);
    assert_eq!(newest.out.lines().collect::<Vec<_>>(), back);
    assert!(newest.err.contains("stopped after 3 hits"), "{}", newest.err);
    assert_eq!(ran(&["export", "since:2025-01-07T14:30:10Z", "until:2025-01-07T14:30:12Z"]).lines().count(), 2);
}

#[test]
fn notes_go_along_in_every_form() {
    let home = Home::new();
    fs::write(home.path("logs/a.log"), "2025-01-07 14:30:15 [INFO] a - one\n2025-01-07 14:30:16 [INFO] a - two\n")
        .unwrap();
    assert_eq!(home.run(["import", "logs/a.log"]).code, Some(0));
    {
        let (store, _) = aiobs_store::Store::open(&home.path("data")).unwrap();
        let note = Some("here it, \"began\" | so".to_owned());
        store.writer().unwrap().put_bookmark(aiobs_types::RecordId(2), note.as_deref()).unwrap();
    }
    let last = |form: &str| home.run(["export", "--output", form]).out.lines().last().unwrap().to_owned();
    assert!(last("csv").ends_with(",two,\"here it, \"\"began\"\" | so\""), "{}", last("csv"));
    assert!(last("markdown").ends_with(" | here it, \"began\" \\| so |"), "{}", last("markdown"));
    assert!(last("json").ends_with("\"note\":\"here it, \\\"began\\\" | so\"}"), "{}", last("json"));
    let text = home.run(["export"]).out;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[1..], ["# note: here it, \"began\" | so", "2025-01-07 14:30:16 [INFO] a - two"]);
}
