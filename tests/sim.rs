//! Simulated worlds, `tests/sim/*.toml`: log files and a scripted model, through the real engine, to incidents and
//! diagnoses; and what the screen can see of the runs.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "sim/check.rs"]
mod check;
#[path = "sim/engine.rs"]
mod engine;
#[path = "sim/world.rs"]
mod world;

use aiobs::runtime::events::{Event, Request};
use aiobs_types::{IncidentState, Judgement, Timestamp, Verdict, semconv};
use engine::Engine;
use std::path::PathBuf;
use world::World;

fn read(path: &std::path::Path) -> World {
    toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/sim")
}

#[test]
fn every_world_ends_as_expected() {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder()).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|p| p.extension().is_some_and(|e| e == "toml"));
    files.sort();
    assert!(files.len() >= 12, "worlds are missing");
    let mut report = Vec::new();
    for path in files {
        let world = read(&path);
        let engine = Engine::run(&world, false);
        for wrong in check::differences(&world, &engine) {
            report.push(format!("{} ({}): {wrong}", path.file_name().unwrap().display(), world.about));
        }
    }
    assert!(report.is_empty(), "\n{}", report.join("\n"));
}

/// Tokens read and written by each call, as the stand-in says.
const TOKENS: (i64, i64) = (26, 298);

#[test]
fn runs_stages_and_calls_are_spans_and_the_screen_gets_them() {
    let world = read(&folder().join("model_answers.toml"));
    let mut engine = Engine::run(&world, true);
    let topology = engine.ask(Request::Topology(None), |e| match e {
        Event::Topology(t) => Some(*t),
        _ => None,
    });
    let spans = &topology.spans;
    let root = &spans[0];
    assert!(root.parent.is_none() && root.name.starts_with("invoke_agent"), "{root:?}");
    assert!(spans.iter().all(|s| s.trace == root.trace && s.end.is_some()));
    assert_eq!(root.attr_text(semconv::ANSWERED_BY), Some("model"));
    assert_eq!(root.attr_int(semconv::INCIDENT), Some(1));
    let agents: Vec<_> = spans.iter().filter(|s| s.parent == Some(root.id)).collect();
    let names: Vec<_> = agents.iter().filter_map(|s| s.attr_text(semconv::AGENT_NAME)).collect();
    assert_eq!(names, ["context", "diagnosis", "fixer", "reporter"]);
    assert!(agents.iter().all(|s| s.attr_text(semconv::OPERATION) == Some("invoke_agent")));
    let calls: Vec<_> = spans.iter().filter(|s| s.attr_text(semconv::OPERATION) == Some("chat")).collect();
    assert_eq!(calls.len(), 3);
    for (call, stage) in calls.iter().zip(&agents[1..]) {
        assert_eq!((call.name.as_str(), call.parent), ("chat m:1b", Some(stage.id)));
        assert_eq!(call.attr_text(semconv::PROVIDER), Some("ollama"));
        assert_eq!(call.attr_text(semconv::RESPONSE_MODEL), Some("m:1b"));
        assert_eq!(
            (call.attr_int(semconv::INPUT_TOKENS), call.attr_int(semconv::OUTPUT_TOKENS)),
            (Some(TOKENS.0), Some(TOKENS.1))
        );
    }
    let tools: Vec<_> = spans.iter().filter_map(|s| s.attr_text(semconv::TOOL_NAME)).collect();
    assert!(tools.contains(&"search_logs"), "{tools:?}");

    let node = |kind: &str, name: &str| topology.nodes.iter().position(|n| n.kind == kind && n.name == name);
    let (diagnosis, model) = (node("agent", "diagnosis"), node("model", "m:1b"));
    let (Some(diagnosis), Some(model)) = (diagnosis, model) else { panic!("{:?}", topology.nodes) };
    assert_eq!(topology.nodes[model].calls, 3);
    assert!(topology.edges.iter().any(|e| (e.from, e.to) == (diagnosis, model)), "{:?}", topology.edges);
    let run = &topology.runs[0];
    assert_eq!((run.trace, run.incident.map(|i| i.0)), (root.trace, Some(1)));
    assert_eq!((run.tokens, run.failed), ((3 * TOKENS.0, 3 * TOKENS.1), false));
    assert_eq!(run.answered_by, "model");

    let charts = engine.ask(Request::Charts, |e| match e {
        Event::Charts(c) => Some(*c),
        _ => None,
    });
    let points: Vec<f64> = charts.tokens.iter().flat_map(|s| s.points.iter().map(|p| p.1)).collect();
    for count in [TOKENS.0, TOKENS.1] {
        assert_eq!(points.iter().filter(|p| **p == count as f64).count(), 3, "{:?}", charts.tokens);
    }
    assert_eq!(charts.latency.iter().map(|s| s.points.len()).sum::<usize>(), 3, "{:?}", charts.latency);
    assert!(charts.cost.iter().flat_map(|s| &s.points).all(|p| p.1 == 0.0), "a local model costs nothing");
    assert_eq!(charts.markers.len(), 1, "the incident is on the time axis");
}

#[test]
fn what_a_person_decides_just_before_leaving_is_kept() {
    let engine = Engine::run(&read(&folder().join("thousand_times.toml")), true);
    let incident = engine.running.incidents().remove(0);
    // Much is still being answered when the last word comes.
    for _ in 0..200 {
        engine.send(Request::Topology(None));
        engine.send(Request::Incident(incident.id));
    }
    engine.send(Request::SetIncidentState(incident.id, IncidentState::Acknowledged));
    let verdict = Verdict::of(incident.id, Judgement::Right, Timestamp::now());
    engine.send(Request::Verdict(Box::new(verdict.clone())));
    let (ground, _dir) = engine.stop();
    let reader = ground.store().reader().unwrap();
    let kept = reader.incident(incident.id).unwrap().unwrap();
    assert_eq!(kept.state, IncidentState::Acknowledged);
    assert_eq!(reader.verdict(incident.id).unwrap(), Some(verdict));
    assert!(kept.timeline.iter().any(|e| e.text == "diagnosis judged right"), "{:?}", kept.timeline);
}

#[test]
fn a_confirmed_diagnosis_is_remembered_when_the_fault_comes_back() {
    let mut world = read(&folder().join("thousand_times.toml"));
    let first = Engine::run(&world, true);
    let incident = first.running.incidents().remove(0);
    let made = first.diagnoses.lock().unwrap().last().cloned().unwrap();
    let verdict = Verdict { diagnosis: made.id, ..Verdict::of(incident.id, Judgement::Right, Timestamp::now()) };
    first.send(Request::SetIncidentState(incident.id, IncidentState::Resolved));
    first.send(Request::Verdict(Box::new(verdict)));
    let (ground, dir) = first.stop();
    drop(ground);
    let log = &mut world.log[0];
    log.end += "2025-02-03 09:00:00 [ERROR] orders - connection to db-1:5432 refused (pool 20/20)\n";
    let second = Engine::run_in(&world, true, dir);
    let again = second.running.incidents().remove(0);
    assert_eq!((again.id, again.state), (incident.id, IncidentState::Open), "{:?}", again.timeline);
    let told = second.diagnoses.lock().unwrap().clone();
    let remembered: Vec<_> = told.iter().filter_map(|d| d.grounds.remembered).collect();
    assert_eq!(remembered.iter().map(|r| (r.diagnosis, r.incident)).collect::<Vec<_>>(), [(made.id, incident.id)]);
    assert_eq!((told.len(), &told[0].cause), (1, &made.cause));
}
