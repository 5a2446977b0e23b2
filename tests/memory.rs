//! What was learnt is found again: the real binary, real files, a real archive.
#![allow(clippy::unwrap_used)]

mod support;

use rustix::process::Signal;
use serde_json::Value;
use std::fs;
use support::{Home, Watch, until};

/// Two incidents of one fault, hours apart, and another.
fn logs() -> String {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(
        (0..5).map(|i| format!("2025-01-07 14:31:0{i} [ERROR] orders - connection to db-1:5432 refused ({i}/20)")),
    );
    let later = "[ERROR] payments - connection to db-2:5432 refused by server";
    lines.extend((0..3).map(|i| format!("2025-01-07 20:31:0{i} {later} {i}/50")));
    lines.push("2025-01-07 20:45:00 [ERROR] gateway - x509: certificate has expired or is not yet valid".into());
    lines.join("\n") + "\n"
}

fn found(home: &Home, args: &[&str]) -> Vec<Value> {
    let base = ["search", "--semantic", "--output", "json", "--set", "knowledge.paths=[\"runbooks\"]"];
    let ran = home.run(base.iter().chain(args));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    ran.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

fn home() -> Home {
    let home = Home::new();
    fs::create_dir(home.path("runbooks")).unwrap();
    fs::write(home.path("logs/app.log"), logs()).unwrap();
    fs::write(home.path("runbooks/disk.md"), "# Disk full\nfree some space\n\n## Verify\ndf -h\n").unwrap();
    home
}

#[test]
fn incidents_fixes_and_runbooks_are_found_in_other_words() {
    let home = home();
    home.run(["analyze", "--keep", "logs/app.log"]);
    assert_eq!(home.records().len(), 9);
    let hits = found(&home, &["certificat SSL périmé", "kind:incident"]);
    assert_eq!(hits[0]["title"], "TLS certificate has expired", "{hits:?}");
    assert!(hits.iter().all(|h| h["kind"] == "incident"));
    let hits = found(&home, &["plus d'espace sur le disque"]);
    assert!(hits[0]["place"].as_str().unwrap().ends_with("runbooks/disk.md:2"), "{hits:?}");
    assert_eq!(hits[0]["title"], "disk.md > Disk full");
    let hits = found(&home, &["database refuses", "component:payments", "level>=error", "kind:incident,fix"]);
    assert!(!hits.is_empty() && hits.iter().all(|h| h["components"][0] == "payments"), "{hits:?}");
    assert!(found(&home, &["database", "state:muted"]).is_empty());
    fs::remove_file(home.path("runbooks/disk.md")).unwrap();
    let left = found(&home, &["free some space on the disk"]);
    assert!(left.iter().all(|h| h["kind"] != "runbook"), "what is deleted is gone: {left:?}");
}

#[test]
fn an_incident_names_those_like_it_and_why() {
    let home = home();
    home.run(["analyze", "--keep", "logs/app.log"]);
    let incidents = home.run(["incidents", "--output", "json"]).out;
    let incidents: Vec<Value> = incidents.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let later = incidents.iter().find(|i| i["components"][0] == "payments").unwrap();
    let like = &later["similar"][0];
    let earlier = incidents.iter().find(|i| i["components"][0] == "orders").unwrap();
    assert_eq!(like["id"], earlier["id"]);
    assert_eq!(like["words"], serde_json::json!(["connections", "database", "refuses"]));
    assert_eq!(like["error_class"], "database.connection_refused");
    assert!(like["advice"].is_string() && like["confirmed"] == false, "{like}");
    let other = incidents.iter().find(|i| i["components"][0] == "gateway").unwrap();
    assert_eq!(other["similar"], serde_json::json!([]));
}

#[test]
fn watch_keeps_the_index_and_others_search_meanwhile() {
    let home = home();
    let mut command = home.command(["watch", "--set", "knowledge.paths=[\"runbooks\"]", "logs/app.log"]);
    let watch = Watch::start(&mut command);
    // The one who searches may not write here; what is found was indexed by the other.
    until("the runbook to be found", || {
        home.path("data/aiobs.db").exists()
            && home.run(["search", "--semantic", "--output", "json", "disk full"]).out.contains("disk.md")
    });
    fs::write(home.path("runbooks/disk.md"), "# Network\ncall the provider of the line\n").unwrap();
    until("the new text to be found", || {
        home.run(["search", "--semantic", "--output", "json", "provider of the line"]).out.contains("call the provider")
    });
    fs::remove_file(home.path("runbooks/disk.md")).unwrap();
    until("the text to be gone", || {
        !home.run(["search", "--semantic", "--output", "json", "provider of the line"]).out.contains("disk.md")
    });
    let (code, _, err) = watch.stop(Signal::INT);
    assert!(matches!(code, Some(0 | 130)), "{err}");
}

#[test]
fn what_makes_no_sense_is_told() {
    let home = home();
    home.run(["import", "logs/app.log"]);
    for (args, says) in [
        (&["kind:runbok", "x"][..], "did you mean `runbook`?"),
        (&["state:closed", "x"], "known: open, acknowledged, resolved, muted"),
        (&["kind:fix"], "say in plain words"),
        (&["x", "level>=eror"], "query:"),
    ] {
        let ran = home.run(["search", "--semantic"].iter().chain(args));
        assert_eq!(ran.code, Some(2), "{args:?}: {}", ran.err);
        assert!(ran.err.contains(says), "{args:?}: {}", ran.err);
    }
    let checked = home.run(["knowledge", "check", "--set", "knowledge.paths=[\"nowhere\"]"]);
    assert_eq!(checked.code, Some(3));
    assert!(checked.out.contains("nowhere: there is no such file or folder"), "{}", checked.out);
}
