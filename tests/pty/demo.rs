//! The demo, from its start to a diagnosis with its evidence, and out again.

use crate::term::Setup;

/// The time and the text of the line that is cited first, when the evidence is on screen.
fn first_citation(screen: &str) -> Option<(String, String)> {
    let (_, evidence) = screen.split_once("Evidence")?;
    let row = evidence.lines().find_map(|l| l.split_once("[1] "))?.1.trim_start();
    let (time, text) = row.split_at_checked("00:00:00.000".len())?;
    let text: String = text.trim().chars().skip(2).take(60).collect();
    time.starts_with(|c: char| c.is_ascii_digit()).then(|| (time.to_owned(), text.trim().to_owned()))
}

#[test]
fn the_demo_reaches_its_first_diagnosis_and_leaves_nothing() {
    let mut t = Setup::new(&["demo", "--speed", "20"]).size(160, 110).start();
    t.shows(&["1 Overview", "6 Chat", "What is wrong now", "LIVE"]);
    t.shows(&["criticality"]);
    t.press("3");
    t.shows(&["Cause", "by playbook ", "Evidence", "[1]", "Context", "Diagnosis", "Fixer", "Reporter"]);

    // Into the detail, to the first citation, to its line in Logs, and back.
    t.press_shows("\r", &["Evidence"]);
    t.wait("a row of evidence", |s| first_citation(&s.contents()).is_some());
    let (time, text) = t.look(|s| first_citation(&s.contents())).expect("seen just now");
    t.press("]");
    t.press("\r");
    t.wait(&format!("Logs at {time} {text}"), |s| {
        let all = s.contents();
        !all.contains("Evidence") && all.lines().any(|l| l.trim_start().starts_with(&time))
    });
    t.press_shows("\x1b", &["Evidence", "by playbook "]);

    // Every other pane has something to show.
    t.press_shows("4", &["Drift of the template mix"]);
    t.press_shows("5", &["[context", "[diagnosis", "invoke_agent"]);
    t.press_shows("6", &["Ask about what is in the logs"]);
    t.press_shows("2", &["all records"]);

    t.press("q");
    assert_eq!(t.ends(), 0);
    t.is_restored();
    t.left_nothing();
}
