//! The agent chain as a graph, and its runs.

use aiobs_types::{IncidentId, Span, Timestamp, TraceId};

/// One node of the chain's graph.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GraphNode {
    /// Name, such as `Diagnosis` or `llama3.1`.
    pub name: String,
    /// `agent`, `model`, `tool`, `source`, `playbook`.
    pub kind: &'static str,
    /// Calls.
    pub calls: u64,
    /// Calls that failed.
    pub errors: u64,
    /// Mean seconds per call.
    pub mean_seconds: f64,
}

/// One arrow of the chain's graph.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GraphEdge {
    /// Index into nodes.
    pub from: usize,
    /// Index into nodes.
    pub to: usize,
    /// Calls.
    pub calls: u64,
}

/// The chain's graph, from stored spans, and one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Topology {
    /// Nodes.
    pub nodes: Vec<GraphNode>,
    /// Arrows.
    pub edges: Vec<GraphEdge>,
    /// Recent runs, newest first: trace, incident, title, seconds, tokens.
    pub runs: Vec<RunRow>,
    /// Spans of the chosen run, parents before children, by start.
    pub spans: Vec<Span>,
}

/// One run of the chain.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunRow {
    /// The run.
    pub trace: TraceId,
    /// The incident it was about.
    pub incident: Option<IncidentId>,
    /// Span name.
    pub name: String,
    /// When it began.
    pub start: Timestamp,
    /// Seconds, `None` while it runs.
    pub seconds: Option<f64>,
    /// Tokens read and written.
    pub tokens: (i64, i64),
    /// Whether it failed somewhere.
    pub failed: bool,
    /// `model`, `playbook` or `facts`.
    pub answered_by: String,
}
