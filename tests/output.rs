//! `docs/output.md` says exactly what is printed: every interface is printed for real and held against its table.
#![allow(clippy::unwrap_used)]

mod support;

use rustix::process::Signal;
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::{Read as _, Write as _};
use support::{Home, Watch, until};

const ERRORS: &str = "2025-01-07 14:30:15 [ERROR] db - connection refused by 10.0.0.7:5432\n\
                      2025-01-07 14:30:16 [INFO] db - trying again\n";

/// The tables of the page: name, fields in order with their types.
struct Page {
    text: String,
    tables: BTreeMap<String, Vec<(String, String)>>,
}

fn code(cell: &str) -> &str {
    cell.trim().trim_matches('`')
}

impl Page {
    fn read() -> Self {
        let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/output.md")).unwrap();
        let mut tables: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        let mut name = String::new();
        for line in text.lines() {
            if let Some(heading) = line.strip_prefix("## ") {
                heading.clone_into(&mut name);
            } else if line.starts_with("| `") {
                let cells: Vec<&str> = line.split('|').collect();
                assert!(cells.len() == 5 && !cells[3].trim().is_empty(), "{name}: {line}");
                tables.entry(name.clone()).or_default().push((code(cells[1]).to_owned(), cells[2].trim().to_owned()));
            }
        }
        Self { text, tables }
    }

    fn fields(&self, names: &[&str]) -> Vec<(String, String)> {
        names.iter().flat_map(|n| self.tables.get(*n).unwrap_or_else(|| panic!("no table {n}")).clone()).collect()
    }

    /// The object has exactly the fields of these tables, in their order, of the types stated there.
    fn check(&self, value: &Value, names: &[&str]) {
        let fields = self.fields(names);
        let object = value.as_object().unwrap_or_else(|| panic!("{names:?}: no object: {value}"));
        let there = |f: &&(String, String)| !f.1.ends_with("(optional)") || object.contains_key(&f.0);
        let documented: Vec<&String> = fields.iter().filter(there).map(|f| &f.0).collect();
        assert_eq!(object.keys().collect::<Vec<_>>(), documented, "fields of {names:?}");
        for (name, kind) in &fields {
            if let Some(value) = object.get(name) {
                self.check_type(value, kind.trim_end_matches(" (optional)"), &format!("{names:?}.{name}"));
            }
        }
    }

    fn check_type(&self, value: &Value, kind: &str, at: &str) {
        if let Some(kind) = kind.strip_suffix(" or null") {
            if !value.is_null() {
                self.check_type(value, kind, at);
            }
            return;
        }
        if let Some(kind) = kind.strip_prefix("list of ") {
            let list = value.as_array().unwrap_or_else(|| panic!("{at} is no list: {value}"));
            for value in list {
                self.check_type(value, kind, at);
            }
            return;
        }
        let fits = match kind {
            "text" => value.is_string(),
            "number" => value.is_number(),
            "fraction" => value.is_f64(),
            "bool" => value.is_boolean(),
            "object" => value.as_object().is_some_and(|o| o.values().all(Value::is_string)),
            "time" => value.as_str().is_some_and(|t| t.len() == 30 && t.parse::<jiff::Timestamp>().is_ok()),
            "Finding" => {
                self.check(value, &["Incident", "Finding"]);
                true
            }
            "Citation" if value.get("id").is_none() => value.is_null() || value["title"].is_string(),
            "Citation" => {
                self.check(value, &["Record"]);
                true
            }
            table => {
                self.check(value, &[table]);
                true
            }
        };
        assert!(fits, "{at} is no {kind}: {value}");
    }

    /// The columns stated for a command.
    fn columns(&self, command: &str) -> String {
        let start = format!("CSV columns of `{command}`: ");
        let at = self.text.find(&start).unwrap_or_else(|| panic!("no columns of {command}")) + start.len();
        let list = self.text[at..].split('.').next().unwrap();
        list.split(", ").map(code).collect::<Vec<_>>().join(",")
    }
}

fn objects(out: &str) -> Vec<Value> {
    out.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

#[test]
fn events_of_watch() {
    let page = Page::read();
    let home = Home::new();
    fs::create_dir(home.path("data")).unwrap();
    // Each kind of event has its cause: a damaged database, a file that is not there yet, a real error.
    fs::write(home.path("data/aiobs.db"), vec![b'x'; 20_000]).unwrap();
    let watch = Watch::start(&mut home.command(["watch", "logs/app.log"]));
    let seen = |kind: &str| watch.events().iter().any(|e| e["event"] == kind);
    until("the notice", || seen("notice"));
    fs::write(home.path("logs/app.log"), ERRORS).unwrap();
    until("a diagnosis", || seen("diagnosis"));
    until("the incident to carry it", || {
        watch.events().iter().any(|e| e["event"] == "incident_changed" && !e["criticality"].is_null())
    });
    let (code, events, _) = watch.stop(Signal::INT);
    assert_eq!(code, Some(0));
    let mut kinds = HashSet::new();
    for event in &events {
        let kind = event["event"].as_str().unwrap();
        let of = match kind {
            "source" => "Source",
            "incident_opened" | "incident_changed" => "Incident",
            "diagnosis" => "Diagnosis",
            "notice" => "Notice",
            "trouble" => "Trouble",
            other => panic!("event {other} is not documented"),
        };
        page.check(event, &["Watch", of]);
        kinds.insert(kind.to_owned());
    }
    assert_eq!(kinds.len(), 6, "{kinds:?}");
    let opened = events.iter().find(|e| e["event"] == "incident_opened").unwrap();
    assert_eq!((opened["level"].as_str(), opened["components"][0].as_str()), (Some("error"), Some("db")));
    let diagnosis = events.iter().find(|e| e["event"] == "diagnosis").unwrap();
    assert_eq!(diagnosis["incident"], opened["id"]);
    // What was told is also what is stored.
    assert_eq!(home.records().len(), 2);
}

#[test]
fn json_of_the_other_commands() {
    let page = Page::read();
    let home = Home::new();
    fs::write(home.path("logs/app.log"), ERRORS).unwrap();
    fs::write(home.path("logs/bad.toml"), "id = \"bad\"\n").unwrap();
    fs::create_dir(home.path("case")).unwrap();
    let case = "title = \"t\"\nkind = \"fault\"\ncause = \"c\"\nright = [\"database-connection-refused\", \"connection-refused\"]\n";
    fs::write(home.path("case/case.toml"), case).unwrap();
    fs::write(home.path("case/a.log"), ERRORS).unwrap();
    fs::write(home.path("labelled.log"), format!("- {}\nX all is well\n", ERRORS.lines().next().unwrap())).unwrap();
    fs::write(home.path("true.csv"), "Content,EventTemplate\nuser 7 came,user <*> came\n").unwrap();
    fs::write(home.path("logs/runbook.md"), "# Disk full\nfree some\n").unwrap();
    let report = home.run(["analyze", "--keep", "logs/app.log", "--output", "json"]);
    let report: Value = serde_json::from_str(&report.out).unwrap();
    page.check(&report, &["Report"]);
    let finding = &report["incidents"][0];
    assert!(finding["diagnosis"].is_object(), "{finding}");
    assert!(finding["records"][0]["source"].as_str().unwrap().ends_with("logs/app.log"), "{finding}");
    for (args, table) in [
        (&["search", "connection", "--output", "json"][..], "Record"),
        (&["incidents", "--output", "json"], "Incident"),
        (&["templates", "logs/app.log", "--output", "json"], "Template"),
        (&["templates", "--output", "json"], "Archived template"),
        (&["formats", "--output", "json"], "Format"),
        (&["formats", "logs/app.log", "--output", "json"], "Reading"),
        (&["doctor", "--output", "json"], "Check"),
        (&["playbooks", "list", "--output", "json"], "Playbook"),
        (&["playbooks", "check", "logs/bad.toml", "--output", "json"], "Mistake"),
        (&["playbooks", "test", "logs/app.log", "--output", "json"], "Match"),
        (&["eval", "detect", "labelled.log", "--output", "json"], "Detection"),
        (&["eval", "templates", "true.csv", "--output", "json"], "Grouping"),
        (&["search", "--semantic", "refused", "--output", "json"], "Document"),
        (&["knowledge", "list", "--set", "knowledge.paths=[\"logs\"]", "--output", "json"], "Section"),
    ] {
        let lines = objects(&home.run(args).out);
        assert!(!lines.is_empty(), "{args:?}");
        for line in &lines {
            page.check(line, &[table]);
        }
    }
    let show = objects(&home.run(["playbooks", "show", "disk-full", "--output", "json"]).out);
    page.check(&show[0], &["Playbook", "Playbook in full"]);
    let eval = objects(&home.run(["eval", "diagnose", "case", "--output", "json"]).out);
    page.check(&eval[0], &["Case"]);
    page.check(&eval[1], &["Summary"]);
    assert!(eval.len() == 2 && eval[0]["answer"].is_object() && eval[1]["faults_right"] == 1, "{eval:?}");
}

#[test]
fn columns_of_csv() {
    let page = Page::read();
    let home = Home::new();
    fs::write(home.path("logs/app.log"), ERRORS).unwrap();
    fs::write(home.path("logs/runbook.md"), "# Disk full\nfree some\n").unwrap();
    home.run(["analyze", "--keep", "logs/app.log"]);
    for (args, command) in [
        (&["search", "db", "--output", "csv"][..], "aiobs search --output csv QUERY"),
        (&["incidents", "--output", "csv"], "aiobs incidents --output csv"),
        (&["templates", "logs/app.log", "--output", "csv"], "aiobs templates --output csv PATH"),
        (&["templates", "--output", "csv"], "aiobs templates --output csv"),
        (&["templates", "logs/app.log", "--per-record"], "aiobs templates --per-record PATH"),
        (&["doctor", "--output", "csv"], "aiobs doctor --output csv"),
        (&["search", "--semantic", "refused", "--output", "csv"], "aiobs search --semantic --output csv QUESTION"),
        (
            &["knowledge", "list", "--set", "knowledge.paths=[\"logs\"]", "--output", "csv"],
            "aiobs knowledge list --output csv",
        ),
    ] {
        let out = home.run(args).out;
        assert_eq!(out.lines().next(), Some(page.columns(command).as_str()), "{args:?}");
        assert!(out.lines().count() > 1, "{args:?}");
    }
}

#[test]
fn an_answer() {
    let (page, home) = (Page::read(), Home::new());
    fs::write(home.path("logs/db.log"), ERRORS).unwrap();
    assert_eq!(home.run(["import", "logs"]).code, Some(0));
    let ask = |args: &[&str]| home.run(["ask", "--archive"].iter().chain(args).copied());
    let ran = ask(&["--output", "json", "how many errors?"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let value: Value = serde_json::from_str(ran.out.trim()).unwrap();
    page.check(&value, &["Answer"]);
    let answer = value["answer"].as_str().unwrap();
    assert!(answer.contains("**1 record**") && answer.contains("level>=error"), "{answer}");
    assert_eq!((value["author"].as_str(), value["scope"].as_str()), (Some("retrieval"), Some("all")));
    assert!(value["citations"][0]["message"].as_str().unwrap().contains("connection refused"));
    let scoped = ask(&["--scope", "level=info", "how many?", "--output", "markdown"]);
    assert!(scoped.code == Some(0) && scoped.out.starts_with("# how many?\n") && scoped.out.contains("**1 record**"));
    for (args, code, why) in [
        (["--scope", "incident:99", "why?"], 2, "there is no incident #99"),
        (["--scope", "level>=loud", "why?"], 2, "--scope: "),
        (["--scope", "all", " "], 2, "the question is empty"),
    ] {
        let ran = ask(&args);
        assert!(ran.code == Some(code) && ran.err.contains(why), "{args:?}: {}", ran.err);
    }
}

#[test]
fn what_is_piped_in_is_asked_and_leaves_nothing() {
    let home = Home::new();
    fs::write(home.path("piped"), ERRORS).unwrap();
    let piped = fs::File::open(home.path("piped")).unwrap();
    let ran = support::ran(home.command(["ask", "how many errors?"]).stdin(piped));
    assert!(ran.code == Some(0) && ran.out.contains("**1 record**"), "{} {}", ran.out, ran.err);
    assert!(ran.out.contains("[1] ") && ran.out.contains("connection refused by 10.0.0.7:5432"), "{}", ran.out);
    assert!(home.records().is_empty(), "the archive is untouched");
}

#[test]
fn alerts_and_what_left() {
    let page = Page::read();
    let home = Home::new();
    let rules = "[[alerts.rules]]\nname = \"night\"\nchannels = [\"webhook\"]\ncomponents = [\"pay*\"]\n\
                 [alerts.webhook]\nurl = \"http://127.0.0.1:9/hook\"\n";
    fs::write(home.path("alerts.toml"), rules).unwrap();
    let run = |args: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_aiobs"));
        command.env_clear().env("HOME", home.path("")).current_dir(home.path("")).args(args);
        command.args(["--config", "alerts.toml", "--output", "json", "--data-dir", "data"]);
        support::ran(&mut command)
    };
    let list = run(&["alert", "list"]);
    page.check(&objects(&list.out)[0], &["Alert rules"]);
    let test = run(&["alert", "test"]);
    assert_eq!(test.code, Some(3), "nobody listens there: {}", test.out);
    page.check(&objects(&test.out)[0], &["Alert test"]);
    assert_eq!(run(&["alert", "queue"]).out, "", "nothing waits");
    let audit = objects(&run(&["audit"]).out);
    page.check(&audit[0], &["Audit"]);
    assert_eq!((audit.len(), &audit[0]["outcome"], &audit[0]["local"]), (1, &"failed".into(), &true.into()));
    assert_eq!(run(&["audit", "--kind", "model"]).out, "");
}

#[test]
fn a_test_of_pagerduty_leaves_nothing_open_there() {
    let home = Home::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v2/enqueue", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let events = listener.incoming().take(2).map(|stream| {
            let mut stream = stream.unwrap();
            let mut all = String::new();
            let mut bytes = [0; 4096];
            loop {
                let n = stream.read(&mut bytes).unwrap();
                all.push_str(&String::from_utf8_lossy(&bytes[..n]));
                let Some((_, body)) = all.split_once("\r\n\r\n") else { continue };
                if let Ok(event) = serde_json::from_str::<Value>(body) {
                    stream
                        .write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                        .unwrap();
                    return event;
                }
            }
        });
        events.collect::<Vec<Value>>()
    });
    fs::write(home.path("key"), "R0").unwrap();
    fs::write(home.path("pd.toml"), format!("[alerts.pagerduty]\nurl = \"{url}\"\nkey_file = \"key\"\n")).unwrap();
    let run = |args: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_aiobs"));
        command.env_clear().env("HOME", home.path("")).current_dir(home.path("")).args(args);
        support::ran(command.args(["--config", "pd.toml", "--data-dir", "data"]))
    };
    let ran = run(&["alert", "test", "pagerduty"]);
    assert_eq!(ran.code, Some(0), "{} {}", ran.out, ran.err);
    assert!(ran.out.contains("took it, and that it is over"), "{}", ran.out);
    let events = server.join().unwrap();
    let actions: Vec<&str> = events.iter().map(|e| e["event_action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["trigger", "resolve"]);
    assert_eq!(events[0]["dedup_key"], events[1]["dedup_key"]);
    let audit = run(&["audit", "--kind", "alert"]).out;
    assert!(audit.contains("test by pagerduty, sent") && audit.contains("resolved by pagerduty, sent"), "{audit}");
}
