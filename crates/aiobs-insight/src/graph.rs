//! Who calls whom, read off spans: agents, models and tools as nodes, calls as counted arrows.

use aiobs_types::{Span, SpanId, SpanStatus, semconv};
use std::collections::HashMap;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeKind {
    /// An agent or a stage of one.
    Agent,
    /// A model.
    Model,
    /// A tool.
    Tool,
    /// Anything else.
    Other,
}

impl NodeKind {
    /// Lower-case word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Model => "model",
            Self::Tool => "tool",
            Self::Other => "other",
        }
    }
}

/// One node and its calls.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Name for people.
    pub name: String,
    /// What it is.
    pub kind: NodeKind,
    /// Finished and running calls.
    pub calls: u64,
    /// Calls that ended in an error.
    pub errors: u64,
    /// Mean seconds of finished calls, 0 when none finished.
    pub mean_seconds: f64,
}

/// Calls from one node to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Index into [`CallGraph::nodes`].
    pub from: usize,
    /// Index into [`CallGraph::nodes`].
    pub to: usize,
    /// Calls.
    pub calls: u64,
}

/// The graph of any number of runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallGraph {
    /// In order of first appearance.
    pub nodes: Vec<Node>,
    /// In order of first appearance.
    pub edges: Vec<Edge>,
}

fn identity(span: &Span) -> (String, NodeKind) {
    let op = span.attr_text(semconv::OPERATION).unwrap_or_default();
    let named = |attr: &str| span.attr_text(attr).unwrap_or(&span.name).to_owned();
    match op {
        "invoke_agent" => (named(semconv::AGENT_NAME), NodeKind::Agent),
        "execute_tool" => (named(semconv::TOOL_NAME), NodeKind::Tool),
        "chat" | "embeddings" | "text_completion" | "generate_content" => {
            (named(semconv::REQUEST_MODEL), NodeKind::Model)
        }
        _ => (span.name.clone(), NodeKind::Other),
    }
}

impl CallGraph {
    /// Builds the graph of `spans` (of any number of traces, in any order). A child points from its parent; among
    /// the agents under one parent, each also points to the next one that began after it, which shows a chain as a
    /// chain and not as a star.
    pub fn of(spans: &[Span]) -> Self {
        let mut graph = Self::default();
        let mut ids: HashMap<(String, NodeKind), usize> = HashMap::new();
        let mut by_span: HashMap<(u128, SpanId), usize> = HashMap::new();
        let mut seconds: Vec<(f64, u64)> = Vec::new();
        let mut ordered: Vec<&Span> = spans.iter().collect();
        ordered.sort_by_key(|s| (s.trace, s.start, s.id));
        for span in &ordered {
            let key = identity(span);
            let i = *ids.entry(key).or_insert_with_key(|(name, kind)| {
                graph.nodes.push(Node { name: name.clone(), kind: *kind, calls: 0, errors: 0, mean_seconds: 0.0 });
                seconds.push((0.0, 0));
                graph.nodes.len() - 1
            });
            by_span.insert((span.trace.0, span.id), i);
            let node = &mut graph.nodes[i];
            node.calls += 1;
            node.errors += u64::from(matches!(span.status, SpanStatus::Error(_)));
            if let Some(end) = span.end {
                seconds[i].0 += end.since(span.start) as f64 / 1e9;
                seconds[i].1 += 1;
            }
        }
        for (node, (sum, n)) in graph.nodes.iter_mut().zip(seconds) {
            node.mean_seconds = if n > 0 { sum / n as f64 } else { 0.0 };
        }
        let mut edges: HashMap<(usize, usize), usize> = HashMap::new();
        let mut last_agent: HashMap<(u128, SpanId), usize> = HashMap::new();
        for span in &ordered {
            let Some(parent) = span.parent else { continue };
            let (Some(&from), Some(&to)) =
                (by_span.get(&(span.trace.0, parent)), by_span.get(&(span.trace.0, span.id)))
            else {
                continue;
            };
            let from = if graph.nodes[to].kind == NodeKind::Agent {
                last_agent.insert((span.trace.0, parent), to).unwrap_or(from)
            } else {
                from
            };
            let e = *edges.entry((from, to)).or_insert_with(|| {
                graph.edges.push(Edge { from, to, calls: 0 });
                graph.edges.len() - 1
            });
            graph.edges[e].calls += 1;
        }
        graph
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aiobs_types::{Timestamp, TraceId};

    fn span(id: u64, parent: u64, op: &str, name: &str, start: i64) -> Span {
        let attr = match op {
            "invoke_agent" => semconv::AGENT_NAME,
            "execute_tool" => semconv::TOOL_NAME,
            _ => semconv::REQUEST_MODEL,
        };
        Span {
            trace: TraceId(1),
            id: SpanId(id),
            parent: (parent > 0).then_some(SpanId(parent)),
            name: format!("{op} {name}"),
            start: Timestamp::from_secs(start),
            end: Some(Timestamp::from_secs(start + 2)),
            status: SpanStatus::Ok,
            attributes: vec![(semconv::OPERATION.into(), op.into()), (attr.into(), name.into())],
        }
    }

    #[test]
    fn stages_are_a_chain_and_calls_hang_off_them() {
        let spans = [
            span(1, 0, "invoke_agent", "aiobs", 0),
            span(2, 1, "invoke_agent", "context", 1),
            span(3, 2, "execute_tool", "search_logs", 2),
            span(4, 1, "invoke_agent", "diagnosis", 5),
            span(5, 4, "chat", "llama3.1", 6),
            span(6, 4, "chat", "llama3.1", 8),
        ];
        let g = CallGraph::of(&spans);
        let arrows: Vec<(&str, &str, u64)> =
            g.edges.iter().map(|e| (g.nodes[e.from].name.as_str(), g.nodes[e.to].name.as_str(), e.calls)).collect();
        assert_eq!(
            arrows,
            [
                ("aiobs", "context", 1),
                ("context", "search_logs", 1),
                ("context", "diagnosis", 1),
                ("diagnosis", "llama3.1", 2)
            ]
        );
        assert!((g.nodes[4].mean_seconds - 2.0).abs() < 1e-9);
    }
}
