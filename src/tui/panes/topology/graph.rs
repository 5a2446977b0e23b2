//! The graph laid out in cells. Laying out takes time, so it happens once when the data changes, never while drawing.
//! Layered layout after Sugiyama, Tagawa and Toda (1981), by the `ascii-dag` crate.

use crate::runtime::events::{GraphEdge, GraphNode};
use crate::tui::format;
use crate::tui::widgets::text;
use ascii_dag::{Direction, Graph, RenderOptions};

/// Nodes laid out at most; the ones called most are kept.
const MOST_NODES: usize = 40;
/// Cells of a name.
const NAME: usize = 24;

/// Where a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    /// Index in the nodes of the data.
    pub(super) node: usize,
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
}

/// A picture of the graph in rows of text.
#[derive(Clone, Debug, Default)]
pub(super) struct Picture {
    pub(super) rows: Vec<String>,
    pub(super) width: usize,
    pub(super) nodes: Vec<Placed>,
}

/// The graph drawn in several ways, the best one to read first.
#[derive(Clone, Debug, Default)]
pub(super) struct Pictures {
    all: Vec<Picture>,
    empty: Picture,
    /// Nodes left out.
    pub(super) left_out: usize,
}

impl Pictures {
    /// Lays out: across and down, with times and without.
    pub(super) fn new(nodes: &[GraphNode], edges: &[GraphEdge], ascii: bool) -> Self {
        let mut kept: Vec<usize> = (0..nodes.len()).collect();
        kept.sort_by_key(|i| std::cmp::Reverse(nodes[*i].calls));
        kept.truncate(MOST_NODES);
        kept.sort_unstable();
        let ways = [
            (Direction::LeftRight, true),
            (Direction::TopDown, true),
            (Direction::LeftRight, false),
            (Direction::TopDown, false),
        ];
        let all = ways.map(|(direction, times)| picture(nodes, edges, &kept, direction, times, ascii)).into();
        Self { all, empty: Picture::default(), left_out: nodes.len() - kept.len() }
    }

    /// The picture that suits an area of this size: the first that fits, else the first as wide as the area.
    pub(super) fn fitting(&self, width: usize, height: usize) -> &Picture {
        let wide = |p: &&Picture| p.width <= width;
        let fits = self.all.iter().find(|p| wide(p) && p.rows.len() <= height);
        fits.or_else(|| self.all.iter().find(wide)).or(self.all.last()).unwrap_or(&self.empty)
    }
}

fn label(node: &GraphNode, times: bool, ascii: bool) -> String {
    let name = text::safe_for(&node.name, ascii);
    let name = text::truncate(&name, NAME, if ascii { "~" } else { "…" });
    let seconds = if times && node.mean_seconds >= 0.005 {
        format!(" {}", format::seconds(node.mean_seconds))
    } else {
        String::new()
    };
    let errors = if node.errors > 0 { format!(" !{}", node.errors) } else { String::new() };
    // Brackets are the layout's own signs of a node.
    format!("{}{seconds}{errors}", name.replace(['[', ']'], "|"))
}

fn picture(
    nodes: &[GraphNode],
    edges: &[GraphEdge],
    kept: &[usize],
    direction: Direction,
    times: bool,
    ascii: bool,
) -> Picture {
    if kept.is_empty() {
        return Picture::default();
    }
    let labels: Vec<String> = nodes.iter().map(|n| label(n, times, ascii)).collect();
    let calls: Vec<String> = edges.iter().map(|e| format::compact(e.calls as f64)).collect();
    let mut graph = Graph::new().with_direction(direction);
    for i in kept {
        graph.add_node(*i, labels[*i].as_str());
    }
    for (edge, calls) in edges.iter().zip(&calls) {
        if kept.contains(&edge.from) && kept.contains(&edge.to) {
            graph.add_edge(edge.from, edge.to, Some(calls.as_str()));
        }
    }
    let layout = graph.compute_layout();
    let options = if ascii { RenderOptions::ascii() } else { RenderOptions::plain() };
    // Labels come in quotes, which only cost room.
    let drawn = layout.render_string(&options).replace('"', " ");
    let all: Vec<&str> = drawn.lines().map(str::trim_end).collect();
    let first = all.iter().position(|r| !r.is_empty()).unwrap_or(0);
    let last = all.iter().rposition(|r| !r.is_empty()).map_or(0, |l| l + 1);
    let rows: Vec<String> = all[first..last.max(first)].iter().map(|r| (*r).to_owned()).collect();
    let placed = layout.nodes().iter().filter(|n| n.id < nodes.len() && n.y >= first);
    let placed = placed.map(|n| Placed { node: n.id, x: n.x, y: n.y - first, width: n.width }).collect();
    Picture { width: rows.iter().map(|r| text::width(r)).max().unwrap_or(0), rows, nodes: placed }
}
