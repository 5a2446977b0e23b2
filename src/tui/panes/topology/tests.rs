//! What a user sees and does in Topology.
#![allow(clippy::unwrap_used)]

use super::State;
use super::run::rows;
use crate::runtime::events::{Event, GraphEdge, GraphNode, Request, RunRow, Topology};
use crate::tui::action::Action::{Back, Copy, Down, NextItem, NextView, Open, Right, Zoom};
use crate::tui::effect::Effect;
use crate::tui::panes::Pane;
use crate::tui::panes::testkit::{self, Kit, NOW};
use crate::tui::theme::Depth;
use aiobs_types::{IncidentId, SpanId, TraceId};

fn data() -> Topology {
    let node = |name: &str, kind, calls, errors, mean_seconds| GraphNode {
        name: name.into(),
        kind,
        calls,
        errors,
        mean_seconds,
    };
    let edge = |from, to, calls| GraphEdge { from, to, calls };
    let run = |trace, id, seconds, failed, by: &str| RunRow {
        trace: TraceId(trace),
        incident: Some(IncidentId(id)),
        name: "database refuses connections".into(),
        start: testkit::ago(220),
        seconds,
        tokens: (1204, 88),
        failed,
        answered_by: by.into(),
    };
    Topology {
        nodes: vec![
            node("run", "agent", 12, 0, 21.0),
            node("Context", "agent", 12, 0, 2.0),
            node("Diagnosis", "agent", 12, 0, 11.0),
            node("Fixer", "agent", 12, 2, 6.0),
            node("llama3.1", "model", 30, 0, 5.1),
            node("archive", "tool", 41, 0, 0.02),
            node("playbooks", "playbook", 2, 0, 0.01),
        ],
        edges: vec![
            edge(0, 1, 12),
            edge(0, 2, 12),
            edge(0, 3, 12),
            edge(1, 5, 41),
            edge(2, 4, 18),
            edge(3, 4, 12),
            edge(3, 6, 2),
        ],
        runs: vec![
            run(0x8f3a, 7, None, false, "model"),
            run(0x77, 6, Some(19.0), false, "model"),
            run(0x66, 3, Some(4.0), true, "playbook"),
        ],
        spans: testkit::spans(),
    }
}

fn ready(kit: &mut Kit) -> State {
    let mut pane = State::default();
    assert_eq!(pane.enter(&kit.cx()), [Effect::Send(Request::Topology(None))]);
    kit.event(&mut pane, Event::Topology(Box::new(data())));
    pane
}

#[test]
fn graph_and_runs() {
    testkit::snapshots("topology", "graph", ready);
}

#[test]
fn one_run() {
    testkit::snapshots("topology", "run", |kit| {
        let mut pane = ready(kit);
        kit.press(&mut pane, &[NextItem, Open, Down, Down, Down]);
        pane
    });
}

#[test]
fn nothing_yet() {
    testkit::snapshots("topology", "empty", |kit| {
        let mut pane = State::default();
        kit.event(&mut pane, Event::Topology(Box::default()));
        pane
    });
}

#[test]
fn ascii_draws_only_ascii() {
    let mut kit = Kit::new(160, 43, Depth::None, true);
    let pane = ready(&mut kit);
    let shown = kit.draw(&pane);
    assert!(shown.is_ascii(), "{shown}");
}

#[test]
fn choosing_a_run_asks_for_its_spans_and_stays_on_it() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = ready(&mut kit);
    let asked = [Effect::Send(Request::Topology(Some(TraceId(0x77))))];
    assert_eq!(kit.press(&mut pane, &[NextItem, Down]), asked);
    let mut newer = data();
    newer.runs.insert(0, RunRow { trace: TraceId(0x99), ..RunRow::default() });
    kit.event(&mut pane, Event::Topology(Box::new(newer)));
    assert_eq!(pane.data.runs[pane.runs.at].trace, TraceId(0x77));
    assert_eq!(kit.press(&mut pane, &[NextView]), [Effect::Send(Request::Topology(Some(TraceId(0x66))))]);
}

#[test]
fn enter_leads_from_a_run_to_its_incident_and_esc_back_to_the_graph() {
    let mut kit = Kit::new(80, 22, Depth::None, false);
    let mut pane = ready(&mut kit);
    assert_eq!(kit.press(&mut pane, &[Open, Open, Open]), [Effect::OpenIncident(IncidentId(7))]);
    assert!(matches!(&kit.press(&mut pane, &[Copy])[..], [Effect::Copy { text, .. }] if text.ends_with("8f3a")));
    assert_eq!(kit.press(&mut pane, &[Back, Back]), []);
    assert_eq!(kit.press(&mut pane, &[Back]), [Effect::Back]);
}

#[test]
fn a_tree_survives_orphans_and_circles() {
    let mut spans = testkit::spans();
    spans[0].parent = Some(SpanId(99));
    assert_eq!(rows(&spans, NOW).len(), 5, "an unknown parent makes a root");
    spans[1].parent = Some(SpanId(2));
    assert_eq!(rows(&spans, NOW).len(), 5, "its own parent makes a root");
    let depths: Vec<usize> = rows(&testkit::spans(), NOW).iter().map(|r| r.branches.len()).collect();
    assert_eq!(depths, [1, 2, 2, 3, 2]);
}

#[test]
fn hostile_names_and_odd_sizes_do_no_harm() {
    for (width, height) in [(0, 0), (1, 1), (12, 3), (119, 4), (160, 2), (80, 22)] {
        let mut kit = Kit::new(width, height, Depth::None, false);
        let mut pane = ready(&mut kit);
        let mut hostile = data();
        hostile.nodes[2].name = "\u{1b}[2J[日本\u{202e}".repeat(9);
        hostile.edges.push(GraphEdge { from: 2, to: 2, calls: 1 });
        hostile.edges.push(GraphEdge { from: 4, to: 0, calls: 9 });
        kit.event(&mut pane, Event::Topology(Box::new(hostile)));
        assert!(!kit.draw(&pane).contains('\u{1b}'));
        kit.press(&mut pane, &[Right, Down, Zoom, NextItem, Zoom, NextItem, Down]);
        kit.draw(&pane);
    }
}
