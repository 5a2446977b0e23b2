//! The line of stages: `Context ✓ 2 s › Diagnosis ◐ 6 s › …`, live from the chain, or as the stored run was.

use super::calls;
use super::prose::prose;
use super::state::State;
use crate::runtime::events::StageState;
use crate::tui::format;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::document::{Document, Piece};
use crate::tui::widgets::text;
use aiobs_types::{RecordId, Span as Traced, SpanStatus, semconv};
use ratatui::text::Span;

/// One stage as drawn.
struct Stage {
    name: String,
    state: StageState,
    nanos: Option<i64>,
    /// Tries, when more than one.
    tries: u32,
}

/// Rows of streaming text under the line.
const STREAM_ROWS: usize = 6;

/// Adds the line of stages, and while a stage writes the end of what it wrote.
pub(super) fn add(document: &mut Document<RecordId>, state: &State, cx: &PaneCx<'_>) {
    let Some(incident) = state.current(cx) else { return };
    let running = cx.snapshot.chain.running == Some(incident.id);
    let stages = if running { live(cx) } else { state.loaded(cx).map(|d| stored(&d.spans)).unwrap_or_default() };
    if !stages.is_empty() {
        document.gap();
        document.row(in_line(&stages, document.width(), cx));
    }
    let calls = if running {
        let chain = &cx.snapshot.chain;
        calls::line(&chain.calls, chain.queued, cx)
    } else {
        state.loaded(cx).map(|d| calls::line(&calls::stored(&d.spans), 0, cx)).unwrap_or_default()
    };
    if !calls.is_empty() {
        document.row(calls);
    }
    if running {
        add_stream(document, state, cx);
    } else if let Some(d) = state.loaded(cx).and_then(|d| d.diagnosis.as_ref()) {
        add_reasons(document, &d.notes, cx);
    }
}

/// The stage that a note tells of, and why somebody else stood in for the model.
fn reason(note: &str) -> Option<(&str, &str)> {
    note.split_once(": ").filter(|(stage, _)| NAMES.contains(stage))
}

/// Whether this note stands under the line of stages.
pub(super) fn tells(note: &str) -> bool {
    reason(note).is_some()
}

/// Why stages were not done by a model: stages with the same reason are named together.
fn add_reasons(document: &mut Document<RecordId>, notes: &[String], cx: &PaneCx<'_>) {
    let mut reasons: Vec<(Vec<&str>, &str)> = Vec::new();
    for (stage, why) in notes.iter().filter_map(|n| reason(n)) {
        match reasons.iter_mut().find(|(_, known)| *known == why) {
            Some((stages, _)) => stages.push(stage),
            None => reasons.push((vec![stage], why)),
        }
    }
    for (stages, why) in reasons {
        let first = vec![Span::styled(format!("{}: ", stages.join(", ")), cx.style(Role::Dim))];
        let why = text::safe_for(&text::unfenced(why), cx.glyphs.ascii).into_owned();
        document.paragraph(first, vec![Piece::Text(why, cx.style(Role::Warn))]);
    }
}

/// The stages in a row. Where there is no room for all of it, times of stages that are over go first, then all times.
fn in_line(stages: &[Stage], width: usize, cx: &PaneCx<'_>) -> Vec<Span<'static>> {
    let drawn = |timed: &dyn Fn(&Stage) -> bool| {
        let mut spans = Vec::new();
        for (i, stage) in stages.iter().enumerate() {
            if i > 0 {
                spans.push(Span::styled(format!(" {} ", cx.glyphs.step), cx.style(Role::Faint)));
            }
            spans.extend(draw(stage, timed(stage), cx));
        }
        spans
    };
    let fits = |spans: &[Span<'_>]| spans.iter().map(|s| text::width(&s.content)).sum::<usize>() <= width;
    let ways: [&dyn Fn(&Stage) -> bool; 2] = [&|_| true, &|s| s.state == StageState::Running];
    ways.into_iter().map(|timed| drawn(timed)).find(|spans| fits(spans)).unwrap_or_else(|| drawn(&|_| false))
}

fn live(cx: &PaneCx<'_>) -> Vec<Stage> {
    let stage = |s: &crate::runtime::events::StageRow| Stage {
        name: s.name.to_owned(),
        state: s.state,
        nanos: s.started.map(|from| s.ended.unwrap_or(cx.clock.now).since(from).max(0)),
        tries: s.attempts,
    };
    cx.snapshot.chain.stages.iter().map(stage).collect()
}

/// The stages as they are called on screen; spans write them small.
const NAMES: [&str; 4] = ["Context", "Diagnosis", "Fixer", "Reporter"];

/// The stages of a stored run: spans that name an agent.
fn stored(spans: &[Traced]) -> Vec<Stage> {
    let stage = |s: &Traced| {
        // The run itself is an agent too, without a parent.
        s.parent?;
        let agent = s.attr_text(semconv::AGENT_NAME)?;
        let name = NAMES.into_iter().find(|n| n.eq_ignore_ascii_case(agent)).unwrap_or(agent).to_owned();
        let by_model = s.attr_text(semconv::ANSWERED_BY).is_none_or(|by| by == "model");
        let state = match (&s.status, s.end) {
            (_, None) => StageState::Running,
            (SpanStatus::Error(_), _) => StageState::Fallback,
            _ if !by_model && !name.eq_ignore_ascii_case("context") => StageState::Fallback,
            _ => StageState::Done,
        };
        let tries = s.attr_int(semconv::ATTEMPTS).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
        Some(Stage { name, state, nanos: s.end.map(|e| e.since(s.start)), tries })
    };
    spans.iter().filter_map(stage).collect()
}

fn draw(stage: &Stage, timed: bool, cx: &PaneCx<'_>) -> Vec<Span<'static>> {
    let role = match stage.state {
        StageState::Waiting | StageState::Skipped => Role::Dim,
        StageState::Running => Role::Running,
        StageState::Done => Role::Ok,
        StageState::Fallback => Role::Warn,
    };
    let name = capital(&text::safe_for(&stage.name, cx.glyphs.ascii));
    let mut spans = vec![
        Span::styled(
            format!("{name} "),
            cx.style(if stage.state == StageState::Running { Role::Strong } else { Role::Text }),
        ),
        Span::styled(cx.glyphs.stage(stage.state), cx.style(role)),
    ];
    // A playbook answers at once: its time says nothing.
    if let Some(nanos) = stage.nanos.filter(|n| timed && *n >= 10_000_000) {
        spans.push(Span::styled(format!(" {}", format::seconds(nanos as f64 / 1e9)), cx.style(Role::Dim)));
    }
    if stage.tries > 1 {
        spans.push(Span::styled(format!(" {}{}", cx.glyphs.times, stage.tries), cx.style(Role::Warn)));
    }
    spans
}

/// Stored runs name their stages in lower case, the live chain does not.
fn capital(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn add_stream(document: &mut Document<RecordId>, state: &State, cx: &PaneCx<'_>) {
    let id = cx.snapshot.chain.running;
    let over = |name: &str| {
        let stages = &cx.snapshot.chain.stages;
        stages.iter().any(|s| s.name == name && !matches!(s.state, StageState::Running | StageState::Waiting))
    };
    let written = state.stream.as_ref().filter(|s| Some(s.incident) == id && !over(s.stage));
    let Some(stream) = written else { return };
    let width = document.width().saturating_sub(2).max(1);
    let rows: Vec<String> = prose(&stream.text)
        .lines()
        .flat_map(|l| {
            let safe = text::safe_for(l, cx.glyphs.ascii).into_owned();
            text::wrap(&safe, width).into_iter().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    document.row(vec![Span::styled(format!("{} writes", stream.stage), cx.style(Role::Dim))]);
    for row in &rows[rows.len().saturating_sub(STREAM_ROWS)..] {
        document.row(vec![Span::styled(format!("  {row}"), cx.style(Role::Quote))]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::panes::testkit::Kit;
    use crate::tui::theme::Depth;

    #[test]
    fn where_there_is_little_room_times_go_and_stages_stay() {
        let kit = Kit::new(80, 22, Depth::None, false);
        let stage = |name: &str, state, secs: i64| Stage {
            name: name.to_owned(),
            state,
            nanos: Some(secs * 1_000_000_000),
            tries: 1,
        };
        let stages = [
            stage("Context", StageState::Done, 2),
            stage("Diagnosis", StageState::Done, 11),
            stage("Fixer", StageState::Running, 6),
            stage("Reporter", StageState::Waiting, 0),
        ];
        let said = |width| in_line(&stages, width, &kit.cx()).iter().map(|s| s.content.to_string()).collect::<String>();
        let (wide, narrow, least) = (said(76), said(56), said(20));
        assert!(wide.contains("Diagnosis ✓ 11 s") && wide.contains("Fixer ◐ 6.0 s"), "{wide}");
        assert!(
            narrow.ends_with("Reporter ◌") && narrow.contains("✓ › Fixer ◐ 6.0 s") && !narrow.contains("11 s"),
            "{narrow}"
        );
        assert!(!least.contains(" s"), "{least}");
    }
}
