//! How well faults are found, by the real binary on labelled logs that nothing was trained on: floors, so that a change
//! that makes it worse is noticed.
#![allow(clippy::unwrap_used)]

#[expect(dead_code, reason = "what is not about running commands to their end is for other tests")]
mod support;

#[path = "eval/corpus.rs"]
mod corpus;

use corpus::Style;
use serde_json::Value;
use support::Home;

/// What `aiobs eval detect` says of a file.
fn detect(home: &Home, name: &str, text: &str) -> Value {
    let path = home.path(name);
    std::fs::write(&path, text).unwrap();
    let ran = home.run(["eval", "detect", "--output", "json", path.to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    serde_json::from_str(ran.out.trim()).unwrap()
}

/// Recall and share of false alarms stay on the right side of these.
fn holds(result: &Value, least_recall: f64, most_false: f64) {
    let number = |name: &str| result[name].as_f64().unwrap();
    let (recall, wrong) = (number("recall"), number("false_alarm_rate"));
    let lists = format!("missed {:#}\nfalse alarms {:#}", result["missed_templates"], result["false_alarm_templates"]);
    assert!(number("faulty") > 100.0, "too few faults to tell");
    assert!(recall >= least_recall, "recall {recall}\n{lists}");
    assert!(wrong < most_false, "{wrong} of the fine lines are alarms\n{lists}");
}

#[test]
fn obvious_errors_of_services_are_found_and_nothing_else() {
    let home = Home::new();
    let statements = include_str!("corpora/shop.txt");
    for (style, name, seed) in [(Style::Plain, "shop.log", 7), (Style::Json, "shop.json", 11)] {
        holds(&detect(&home, name, &corpus::file(statements, style, 4_000, seed)), 0.98, 0.05);
    }
}

#[test]
fn faults_of_a_host_are_found_without_levels() {
    let home = Home::new();
    let text = corpus::file(include_str!("corpora/host.txt"), Style::Syslog, 4_000, 3);
    holds(&detect(&home, "host.log", &text), 0.98, 0.05);
}

#[test]
fn a_machine_that_calls_everything_fatal_is_understood() {
    let home = Home::new();
    let text = corpus::file(include_str!("corpora/cluster.txt"), Style::Plain, 4_000, 5);
    holds(&detect(&home, "cluster.log", &text), 0.95, 0.05);
}

#[test]
fn mistakes_in_labelled_files_are_told() {
    let home = Home::new();
    let path = home.path("x.csv");
    std::fs::write(&path, "A,B\n1,2\n").unwrap();
    let ran = home.run(["eval", "detect", "--label", "Label", path.to_str().unwrap()]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.contains("there is no column `Label`; its first line names `A`, `B`"), "{}", ran.err);
    let ran = home.run(["eval", "templates", path.to_str().unwrap()]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.contains("there is no column `Content`"), "{}", ran.err);
    let ran = home.run(["eval", "detect", "nowhere.log"]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
}

#[test]
fn templates_are_scored() {
    let home = Home::new();
    let path = home.path("t.csv");
    let mut rows = "Content,EventTemplate\n".to_owned();
    for i in 0..50 {
        let both = format!("user {i} logged in,user <*> logged in\ndisk {i} is full,disk <*> is full\n");
        rows.push_str(&both);
    }
    std::fs::write(&path, rows).unwrap();
    let ran = home.run(["eval", "templates", "--output", "json", path.to_str().unwrap()]);
    let got: Value = serde_json::from_str(ran.out.trim()).unwrap();
    for name in ["ga", "fga", "pa", "fta"] {
        assert_eq!(got[name].as_f64(), Some(1.0), "{got:#}");
    }
    assert_eq!((got["messages"].as_u64(), got["true_templates"].as_u64()), (Some(100), Some(2)));
}
