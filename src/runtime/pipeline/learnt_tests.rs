//! What was learnt over an hour outlives the end of the program: the second run tells the fault at once.

use super::tests::{feed_all, hour, pipeline_with};
use super::*;
use std::collections::BTreeMap;

/// An order a second, paid a second later when `paid` says so; requests take 20 to 90 ms, or `slow`.
fn shop(second: i64, paid: bool, slow: bool) -> String {
    let took = if slow { 900 + second % 300 } else { 20 + second * 37 % 70 };
    let created = format!("{{t}} INFO web: order {} created\n", 70_000 + second);
    let next = if paid { format!("{{t}} INFO web: order {} paid\n", 70_000 + second - 1) } else { String::new() };
    format!("{created}{next}{{t}} INFO web: checkout page rendered in {took} ms\n")
}

/// Three minutes that begin an hour after [`hour`] did.
fn fault() -> String {
    let clock = |s: i64| format!("2025-01-07T14:{:02}:{:02}.000Z", s / 60, s % 60);
    (0..180).map(|s| shop(3_600 + s, false, true).replace("{t}", &clock(s))).collect()
}

fn kinds(pipeline: &Pipeline) -> Vec<String> {
    pipeline.incidents().iter().map(|i| i.title.clone()).collect()
}

#[test]
fn a_fault_is_told_after_a_restart_without_learning_anew() {
    let mut first = pipeline_with(Vec::new(), Vec::new());
    let (full, last) = feed_all(&mut first, &hour(&|s| shop(s, s > 0, false)));
    assert_eq!(kinds(&first), [""; 0]);
    let mut stored: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut templates: BTreeMap<TemplateId, Template> = BTreeMap::new();
    for output in full.iter().chain([&last]) {
        stored.extend(output.state.iter().cloned());
        templates.extend(output.templates.iter().map(|t| (t.id, t.clone())));
    }
    for prefix in aiobs_logs::detect::STATES {
        assert!(stored.iter().any(|(name, blob)| name.starts_with(prefix) && !blob.is_empty()), "{prefix}");
    }
    let templates: Vec<Template> = templates.into_values().collect();
    let state: Vec<_> = stored.into_iter().collect();

    let run = |state| {
        let mut second = pipeline_with(templates.clone(), state);
        feed_all(&mut second, &fault());
        kinds(&second)
    };
    let told = run(state);
    assert!(told.iter().any(|t| t.starts_with("Does not follow any more: ")), "{told:?}");
    assert!(told.iter().any(|t| t.starts_with("Higher than usual: ")), "{told:?}");
    let told = run(Vec::new());
    assert!(!told.iter().any(|t| t.starts_with("Does not") || t.starts_with("Higher")), "it learns: {told:?}");
}

#[test]
fn torn_state_is_left_out() {
    let torn = aiobs_logs::detect::STATES.map(|prefix| (format!("{prefix}1/2"), b"{\"version\":".to_vec()));
    let mut pipeline = pipeline_with(Vec::new(), torn.to_vec());
    let (_, last) = feed_all(&mut pipeline, "2025-01-07T14:00:00.000Z INFO web: all is well\n");
    assert_eq!(last.batch.len(), 1);
    let gone = |prefix: &str| last.state.iter().any(|(name, blob)| name.starts_with(prefix) && blob.is_empty());
    assert!(gone("sequences/") && gone("values/"), "{:?}", last.state);
}
