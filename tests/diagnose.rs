//! The whole way from log files to diagnoses, on every case of `tests/cases`, without a model: the playbooks must
//! name the cause where one applies, and keep quiet where nothing is wrong or nothing is known.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, reason = "each test file uses its part")]
mod support;

use serde_json::Value;
use std::path::Path;
use support::Home;

/// Least share of the cases with a fault that must be right, per cent.
const RIGHT: u64 = 85;

fn cases() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases")
}

#[test]
fn playbooks_name_the_cause_and_keep_quiet_when_nothing_is_wrong() {
    let home = Home::new();
    let ran = home.run(["eval", "diagnose", cases(), "--output", "json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let rows: Vec<Value> = ran.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let (summary, rows) = rows.split_last().unwrap();
    let number = |name: &str| summary[name].as_u64().unwrap();
    assert_eq!(summary["row"], "summary");
    assert_eq!(number("cases"), rows.len() as u64);
    assert!(number("cases") >= 60 && number("healthy") >= 8 && number("unclear") >= 8, "{summary}");
    let missed: Vec<String> = rows
        .iter()
        .filter(|r| r["verdict"] != "right")
        .map(|r| format!("{} {}: {}", r["case"], r["verdict"], r["answer"]["title"]))
        .collect();
    assert!(number("faults_right") * 100 >= RIGHT * number("faults"), "{missed:#?}");
    assert_eq!(number("healthy_confident"), 0, "{missed:#?}");
    assert_eq!(number("unclear_confident"), 0, "{missed:#?}");
    diagnoses_speak_of_their_own_incident(rows);
}

/// No placeholder and no word that stands for one is left in what people read.
fn diagnoses_speak_of_their_own_incident(rows: &[Value]) {
    for row in rows.iter().filter(|r| r["kind"] == "fault" && !r["answer"].is_null()) {
        // Quoted lines are as they are.
        let cause = row["answer"]["cause"].as_str().unwrap().split(" Told by: ").next().unwrap();
        let placeholder = cause.split('{').skip(1).any(|rest| rest.split('}').next().is_some_and(|n| !n.contains(' ')));
        assert!(!placeholder && !cause.contains("  ") && !cause.contains("()"), "{}: {cause}", row["case"]);
        let words: Vec<&str> = cause.split_whitespace().collect();
        let doubled = words.windows(3).any(|w| w[0] == w[2] && w[1] != "and" && w[0].len() > 3);
        assert!(!doubled, "{}: {cause}", row["case"]);
    }
}

#[test]
fn no_line_of_a_healthy_system_looks_like_a_fault() {
    let home = Home::new();
    let mut files = 0;
    for entry in std::fs::read_dir(cases()).unwrap() {
        let dir = entry.unwrap().path();
        if !std::fs::read_to_string(dir.join("case.toml")).unwrap().contains("kind = \"healthy\"") {
            continue;
        }
        for log in std::fs::read_dir(&dir).unwrap() {
            let log = log.unwrap().path();
            if log.extension().is_some_and(|e| e == "log") {
                files += 1;
                let mut found = matches(&home, &log);
                // It says itself that what it knows is harmless.
                found.retain(|line| !line.contains("\"playbook\":\"web-scanner-noise\""));
                // What a customer is quoted with is a playbook's words; detection leaves it out.
                found.retain(|line| !line.contains("customer wrote"));
                assert_eq!(found, Vec::<String>::new(), "{}", log.display());
            }
        }
    }
    assert!(files >= 16, "{files}");
}

fn matches(home: &Home, log: &Path) -> Vec<String> {
    let ran = home.run(["playbooks", "test", log.to_str().unwrap(), "--output", "json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    // Now and then somebody is not signed in.
    ran.out.lines().filter(|l| !l.contains(r#"HTTP/1.1\" 401 "#)).map(str::to_owned).collect()
}

#[test]
fn a_case_that_cannot_be_read_is_told() {
    let home = Home::new();
    let ran = home.run(["eval", "diagnose", "nowhere"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert!(ran.err.starts_with("aiobs: nowhere: "), "{}", ran.err);
    let case = home.path("logs/one");
    std::fs::create_dir(&case).unwrap();
    std::fs::write(case.join("case.toml"), "title = \"t\"\nkind = \"falt\"\ncause = \"\"\n").unwrap();
    let ran = home.run(["eval", "diagnose", "logs"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("one/case.toml:2: unknown variant `falt`"), "{}", ran.err);
}

#[test]
fn playbooks_are_listed_shown_checked_and_tried() {
    let home = Home::new();
    let list = home.run(["playbooks"]);
    assert!(list.out.lines().any(|l| l.starts_with("disk-full ")), "{}", list.out);
    let show = home.run(["playbooks", "show", "disk-full"]);
    assert!(show.out.contains("Disk is full") && show.out.contains("  Roll back "), "{}", show.out);
    let unknown = home.run(["playbooks", "show", "disc-full"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("did you mean `disk-full`?"), "{}", unknown.err);

    let log = home.path("logs/a.log");
    std::fs::write(&log, "all is well\nconnection to db-1:5432 refused (pool 9/9)\n").unwrap();
    let test = home.run(["playbooks", "test", "logs/a.log"]);
    for part in
        ["1 of 2 lines match", "database-connection-refused", "line 2", "{host}", "db-1", "would be answered by"]
    {
        assert!(test.out.contains(part), "{part} in {}", test.out);
    }

    let own = home.path("logs/own.toml");
    let good =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/playbooks/disk-full.toml")).unwrap();
    let good = good.replace("id = \"disk-full\"", "id = \"own\"");
    std::fs::write(&own, &good).unwrap();
    let check = home.run(["playbooks", "check", "logs/own.toml"]);
    assert_eq!(check.code, Some(0), "{}", check.out);
    assert!(check.out.contains("note: `disk-full` answers the example"), "{}", check.out);
    std::fs::write(&own, good.replace("\ncause =", "\ncuase =")).unwrap();
    let check = home.run(["playbooks", "check", "logs/own.toml"]);
    assert_eq!(check.code, Some(2));
    assert!(check.out.contains("own.toml:5: unknown key `cuase`; did you mean `cause`?"), "{}", check.out);
}
