//! Draws the Topology pane: graph, runs and run side by side; on narrow screens the graph, or the runs with the run.

use super::run::{self, Row};
use super::state::{Part, State};
use crate::runtime::events::RunRow;
use crate::tui::action::{Action, Context};
use crate::tui::format;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::text;
use aiobs_types::{AttrValue, Span as Traced, SpanStatus};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// From this width on everything is shown.
const WIDE: u16 = 120;
/// Rows of the attributes of the selected span.
const ATTRIBUTES: usize = 3;

/// Where the parts are; a part that is not shown has none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Areas {
    pub(super) graph: Option<Rect>,
    pub(super) runs: Option<Rect>,
    pub(super) run: Option<Rect>,
}

/// The rows under a part's heading.
pub(super) fn body(area: Rect) -> Rect {
    Rect { y: area.y + 1.min(area.height), height: area.height.saturating_sub(1), ..area }
}

/// Divides `area`.
pub(super) fn layout(state: &State, area: Rect) -> Areas {
    let area = Rect { x: area.x + 1.min(area.width), width: area.width.saturating_sub(2), ..area };
    if state.zoomed {
        return match state.part {
            Part::Graph => Areas { graph: Some(area), ..Areas::default() },
            Part::Runs => Areas { runs: Some(area), ..Areas::default() },
            Part::Run => Areas { run: Some(area), ..Areas::default() },
        };
    }
    let wide = area.width + 2 >= WIDE;
    if !wide && state.part == Part::Graph {
        return Areas { graph: Some(area), ..Areas::default() };
    }
    let right = if wide {
        Rect { x: area.x + area.width / 2 + 1, width: area.width - area.width / 2 - 1, ..area }
    } else {
        area
    };
    let list = (state.data.runs.len().max(1) as u16 + 1).min(area.height / 3);
    let gap = 1.min(area.height - list);
    let runs = Rect { height: list, ..right };
    let run = Rect { y: area.y + list + gap, height: area.height - list - gap, ..right };
    let graph = wide.then(|| Rect { width: area.width / 2 - 1, ..area });
    Areas { graph, runs: Some(runs), run: Some(run) }
}

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    if state.data.nodes.is_empty() && state.data.runs.is_empty() {
        return draw_empty(frame, area, cx, state);
    }
    let areas = layout(state, area);
    if let Some(area) = areas.graph.filter(|a| !a.is_empty()) {
        draw_graph(frame, area, cx, state);
    }
    if let Some(area) = areas.runs.filter(|a| !a.is_empty()) {
        draw_runs(frame, area, cx, state);
    }
    if let Some(area) = areas.run.filter(|a| !a.is_empty()) {
        draw_run(frame, area, cx, state);
    }
}

fn heading(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, focused: bool, title: &str, note: String) {
    let role = if focused { Role::TabActive } else { Role::Title };
    let spans = vec![
        Span::styled(format!(" {title} "), cx.style(role)),
        Span::styled(format!("  {note}"), cx.style(Role::Dim)),
    ];
    let line = text::truncate_line(spans, area.width as usize, cx.glyphs.ellipsis);
    frame.render_widget(line, Rect { height: 1, ..area });
}

fn draw_graph(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    let mut note = "who called whom, how often, mean time".to_owned();
    if state.pictures.left_out > 0 {
        note = format!("the most called; {} left out", state.pictures.left_out);
    }
    if layout(state, frame.area()).runs.is_none() {
        note = format!("{note};  {} shows the runs", cx.keys(Context::Topology, Action::NextItem));
    }
    heading(frame, area, cx, state.part == Part::Graph, "Chain", note);
    let room = body(area);
    let picture = state.pictures.fitting(room.width as usize, room.height as usize);
    let (pan_x, pan_y) = state.pan;
    let buffer = frame.buffer_mut();
    for (row, y) in picture.rows.iter().skip(pan_y).zip(room.top()..room.bottom()) {
        let from = row.char_indices().nth(pan_x).map_or(row.len(), |(i, _)| i);
        buffer.set_stringn(room.x, y, &row[from..], room.width as usize, cx.style(Role::Border));
    }
    for placed in &picture.nodes {
        let node = &state.data.nodes[placed.node];
        let role = match node.kind {
            _ if node.errors > 0 => Role::Warn,
            "agent" => Role::Strong,
            "model" => Role::Accent,
            "playbook" => Role::Ok,
            _ => Role::Text,
        };
        let (Some(y), true) = (placed.y.checked_sub(pan_y), placed.x + placed.width > pan_x) else { continue };
        let x = placed.x.saturating_sub(pan_x);
        let width = placed.x + placed.width - pan_x.max(placed.x);
        let at = Rect {
            x: room.x.saturating_add(x as u16),
            y: room.y.saturating_add(y as u16),
            width: width as u16,
            height: 1,
        };
        buffer.set_style(at.intersection(room), cx.style(role));
    }
}

fn tokens((read, written): (i64, i64), cx: &PaneCx<'_>) -> String {
    if read == 0 && written == 0 {
        return cx.glyphs.dash.into();
    }
    format!("{}{}{} tok", format::count(read.max(0) as u64), cx.glyphs.arrow, format::count(written.max(0) as u64))
}

fn draw_runs(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    let note = format::plural(state.data.runs.len() as u64, "run");
    heading(frame, area, cx, state.part == Part::Runs, "Runs", format!("{note}, newest first"));
    let rows = body(area);
    let visible = state.runs.visible(state.data.runs.len(), rows.height as usize);
    for (i, y) in visible.zip(rows.top()..) {
        let line = run_line(&state.data.runs[i], cx, rows.width as usize);
        let at = Rect { y, height: 1, ..rows };
        frame.render_widget(line, at);
        if i == state.runs.at {
            let role = if state.part == Part::Runs { Role::Selection } else { Role::SelectionIdle };
            frame.buffer_mut().set_style(at, cx.style(role));
        }
    }
}

fn run_line(run: &RunRow, cx: &PaneCx<'_>, width: usize) -> Line<'static> {
    let (glyph, role) = match (run.seconds, run.failed) {
        (None, _) => (cx.glyphs.stage(crate::runtime::events::StageState::Running), Role::Running),
        (_, true) => (cx.glyphs.stage(crate::runtime::events::StageState::Fallback), Role::Warn),
        _ => (cx.glyphs.check, Role::Ok),
    };
    let seconds = run.seconds.map_or_else(|| cx.glyphs.ellipsis.to_owned(), format::seconds);
    let mut right = format!("{seconds:>7}");
    if width > 56 {
        right = format!("{right} {:>18}", tokens(run.tokens, cx));
    }
    right = format!("{right} {:>9}", text::safe_for(&run.answered_by, cx.glyphs.ascii));
    let incident = run.incident.map_or_else(String::new, |i| format!("{i} "));
    let known = run.incident.and_then(|id| cx.snapshot.incidents.iter().find(|i| i.id == id));
    let name = known.map_or(run.name.as_str(), |i| i.title.as_str());
    let name = format!("{incident}{}", text::safe_for(name, cx.glyphs.ascii));
    let room = width.saturating_sub(12 + text::width(&right) + 1);
    Line::from(vec![
        Span::styled(format!("{glyph} "), cx.style(role)),
        Span::styled(format!("{} ", cx.clock.hms(run.start)), cx.style(Role::Time)),
        Span::styled(format!(" {} ", text::fit(&name, room, cx.glyphs.ellipsis)), cx.style(Role::Text)),
        Span::styled(right, cx.style(Role::Dim)),
    ])
}

fn draw_run(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    let spans = &state.data.spans;
    let rows = run::rows(spans, cx.clock.now);
    let note = match rows.first() {
        Some(first) => {
            let id = spans[first.span].trace.to_string();
            let read: i64 = rows.iter().filter_map(|r| r.tokens).map(|t| t.0).sum();
            let written: i64 = rows.iter().filter_map(|r| r.tokens).map(|t| t.1).sum();
            let steps = format::plural(rows.len() as u64, "step");
            format!(
                "{}  {steps}  {}  {}",
                &id[id.len() - 8..],
                format::seconds(first.seconds),
                tokens((read, written), cx)
            )
        }
        None => "no run chosen".into(),
    };
    heading(frame, area, cx, state.part == Part::Run, "Run", note);
    let mut room = body(area);
    let selected = rows.get(state.spans.at.min(rows.len().saturating_sub(1)));
    if let Some(row) = selected.filter(|_| room.height > 8) {
        room.height -= ATTRIBUTES as u16 + 1;
        let below = Rect { y: room.bottom() + 1, height: ATTRIBUTES as u16, ..room };
        draw_attributes(frame, below, cx, &spans[row.span]);
    }
    let visible = state.spans.visible(rows.len(), room.height as usize);
    for (i, y) in visible.zip(room.top()..) {
        let at = Rect { y, height: 1, ..room };
        frame.render_widget(span_line(&rows[i], &spans[rows[i].span], cx, room.width as usize), at);
        if i == state.spans.at {
            let role = if state.part == Part::Run { Role::Selection } else { Role::SelectionIdle };
            let style = cx.style(role);
            frame.buffer_mut().set_style(at, Style { underline_color: None, ..style });
        }
    }
}

fn span_line(row: &Row, span: &Traced, cx: &PaneCx<'_>, width: usize) -> Line<'static> {
    let mut tree = String::new();
    if let Some((own, above)) = row.branches.split_last().filter(|(_, above)| !above.is_empty()) {
        for goes_on in &above[1..] {
            tree.push_str(if *goes_on { cx.glyphs.tree[2] } else { " " });
            tree.push(' ');
        }
        tree.push_str(if *own { cx.glyphs.tree[0] } else { cx.glyphs.tree[1] });
        tree.push(' ');
    }
    let (mark, role) = match (row.failed, row.running) {
        (true, _) => (cx.glyphs.level(aiobs_types::Level::Error), Role::Error),
        (_, true) => (cx.glyphs.stage(crate::runtime::events::StageState::Running), Role::Running),
        _ => (" ", Role::Text),
    };
    let right = if width > 64 { row.tokens.map_or_else(String::new, |t| tokens(t, cx)) } else { String::new() };
    let token_cells = if width > 64 { 18 } else { 0 };
    let name_cells = (width * 2 / 5).clamp(12, 44);
    let bar_cells = width.saturating_sub(name_cells + 12 + token_cells);
    // What is done says the place in the tree; the name is what tells steps apart.
    let short = ["invoke_agent ", "execute_tool "].iter().find_map(|p| span.name.strip_prefix(p));
    let name = format!("{tree}{}", text::safe_for(short.unwrap_or(&span.name), cx.glyphs.ascii));
    Line::from(vec![
        Span::styled(text::fit(&name, name_cells, cx.glyphs.ellipsis), cx.style(Role::Text)),
        Span::styled(format!(" {mark}"), cx.style(role)),
        Span::styled(format!("{:>8} ", format::seconds(row.seconds)), cx.style(Role::Number)),
        Span::styled(bar(row.share, bar_cells, cx), cx.style(if row.failed { Role::SparkError } else { Role::Spark })),
        Span::styled(format!(" {right:>width$}", width = token_cells.saturating_sub(1)), cx.style(Role::Dim)),
    ])
}

/// When in the run, and how long: at least one cell.
fn bar((from, to): (f64, f64), cells: usize, cx: &PaneCx<'_>) -> String {
    let at = |share: f64| ((share.clamp(0.0, 1.0) * cells as f64).round() as usize).min(cells);
    let start = at(from).min(cells.saturating_sub(1));
    let len = at(to).saturating_sub(start).max(1).min(cells.saturating_sub(start));
    format!("{}{}{}", " ".repeat(start), cx.glyphs.bars[5].repeat(len), " ".repeat(cells.saturating_sub(start + len)))
}

fn draw_attributes(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, span: &Traced) {
    let mut all = Vec::new();
    if let SpanStatus::Error(why) = &span.status {
        all.push(format!("failed: {why}"));
    }
    all.extend(span.attributes.iter().map(|(name, value)| match value {
        AttrValue::Int(v) => format!("{name} {v}"),
        AttrValue::Float(v) => format!("{name} {v:.4}"),
        AttrValue::Bool(v) => format!("{name} {v}"),
        AttrValue::Text(v) => format!("{name} {v}"),
    }));
    let joined = all.join("   ");
    let joined = text::safe_for(&joined, cx.glyphs.ascii).into_owned();
    for (row, y) in
        text::wrap(&joined, area.width as usize).into_iter().zip(area.top()..area.bottom().min(frame.area().bottom()))
    {
        let line = Line::styled(row.to_owned(), cx.style(Role::Dim));
        frame.render_widget(line, Rect { y, height: 1, ..area });
    }
}

fn draw_empty(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    let incidents = cx.keys(Context::Topology, Action::ShowIncidents);
    let how = format!(
        "The first incident starts a run by itself; {incidents} leads to Incidents, where one can be run again."
    );
    let rows = if state.loaded {
        vec![
            ("No run of the agent chain yet.", Role::Title),
            ("", Role::Text),
            (
                "When an incident is diagnosed, this shows who called whom (stages, models, tools, playbooks), and each run \
                 as a tree with times, tokens and failures.",
                Role::Text,
            ),
            ("", Role::Text),
            (how.as_str(), Role::Dim),
        ]
    } else {
        vec![("Loading ...", Role::Dim)]
    };
    let width = area.width.saturating_sub(4) as usize;
    let rows = rows.iter().flat_map(|(t, role)| text::wrap(t, width).into_iter().map(move |r| (r, *role)));
    for ((row, role), y) in rows.zip(area.top() + 1..area.bottom()) {
        let at = Rect { x: area.x + 2, y, width: width as u16, height: 1 };
        frame.render_widget(Line::styled(row.to_owned(), cx.style(role)), at.intersection(area));
    }
}
