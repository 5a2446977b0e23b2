//! The demo, from its start to a diagnosis with its evidence, and out again.

use crate::term::Setup;

/// The rows that cite a line: time and text of each.
fn citations(screen: &str) -> Vec<(String, String)> {
    let cited =
        screen.lines().filter_map(|l| l.split_once("[1] ").filter(|(before, _)| before.trim_end().ends_with('│')));
    cited
        .map(|(_, row)| {
            let (time, text) = row.split_at(12);
            (time.to_owned(), text.trim().chars().skip(2).take(60).collect::<String>().trim().to_owned())
        })
        .collect()
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
    let (time, text) = citations(&t.text()).pop().expect("a row of evidence");
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
