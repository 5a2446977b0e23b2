//! Draws the list of incidents: state, criticality, title, count, age.

use super::state::{Focus, State};
use crate::tui::format;
use crate::tui::panes::{PaneCx, family};
use crate::tui::theme::Role;
use crate::tui::widgets::text;
use aiobs_types::{Incident, IncidentId};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// Rows of the list in a pane of this height.
pub(super) fn height(pane: usize, state: &State) -> usize {
    pane.saturating_sub(usize::from(has_filter(state))).max(1)
}

fn has_filter(state: &State) -> bool {
    state.typing || !state.filter.text().is_empty()
}

/// The incident in this row of the pane.
pub(super) fn at_row(row: usize, cx: &PaneCx<'_>, state: &State) -> Option<IncidentId> {
    let row = row.checked_sub(usize::from(has_filter(state)))?;
    let shown = state.shown(cx);
    let mut cursor = state.cursor;
    let selected = state.current(cx).map(|i| i.id);
    cursor.at = shown.iter().position(|i| Some(i.id) == selected).unwrap_or(0);
    let at = cursor.visible(shown.len(), height(cx.size.height as usize, state)).nth(row)?;
    Some(shown[at].id)
}

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    let mut rows = area;
    if has_filter(state) && area.height > 1 {
        draw_filter(frame, Rect { height: 1, ..area }, cx, state);
        rows = Rect { y: area.y + 1, height: area.height - 1, ..area };
    }
    let shown = state.shown(cx);
    if shown.is_empty() {
        let keys = cx.keys(crate::tui::action::Context::Incidents, crate::tui::action::Action::ClearFilter);
        let line = Line::styled(format!(" No incident matches; {keys} shows all"), cx.style(Role::Dim));
        return frame.render_widget(line, rows);
    }
    let selected = state.current(cx).map(|i| i.id);
    let mut cursor = state.cursor;
    cursor.at = shown.iter().position(|i| Some(i.id) == selected).unwrap_or(0);
    let visible = cursor.visible(shown.len(), rows.height as usize);
    let families = family::places(&cx.snapshot.incidents);
    for (incident, y) in shown[visible].iter().zip(rows.top()..) {
        let place = families.get(&incident.id).copied().unwrap_or_default();
        let line = row(incident, place, cx, state, rows.width as usize, selected == Some(incident.id));
        frame.render_widget(line, Rect { y, height: 1, ..rows });
    }
}

/// `flapping ×5: `, when it comes and goes.
fn flapping(incident: &Incident, cx: &PaneCx<'_>) -> String {
    if incident.flapping == 0 { String::new() } else { format!("flapping {}{}: ", cx.glyphs.times, incident.flapping) }
}

fn draw_filter(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    let (span, at) =
        state.filter.view(area.width.saturating_sub(2) as usize, cx.style(Role::Input), cx.glyphs.ellipsis);
    frame.render_widget(Line::from(vec![Span::styled(" /", cx.style(Role::Key)), span]), area);
    if state.typing {
        frame.set_cursor_position((area.x + 2 + at, area.y));
    }
}

fn row(
    incident: &Incident,
    place: family::Place,
    cx: &PaneCx<'_>,
    state: &State,
    width: usize,
    selected: bool,
) -> Line<'static> {
    let diagnosing = cx.snapshot.chain.running == Some(incident.id);
    let glyph = cx.glyphs.incident(incident.state, diagnosing);
    let active = incident.state.is_active();
    let level = if active { cx.theme.level(incident.severity.level()) } else { cx.style(Role::Dim) };
    let criticality = incident.criticality.map_or_else(|| cx.glyphs.dash.to_owned(), |c| c.to_string());
    let since = if active { incident.first_seen } else { incident.last_seen };
    let age = format::duration_short(cx.clock.now.since(since));
    let count = format!("{}{}", cx.glyphs.times, format::count(incident.count));
    // The detail tells the count; a title cut short tells nothing.
    let right = if width < 48 { format!("{age:>4} ") } else { format!("{count:>7} {age:>4} ") };
    // What it caused, shown below it or folded into a number.
    let family = if place.children == 0 { String::new() } else { format!(" +{}", place.children) };
    let indent = if place.under { format!("{} ", cx.glyphs.continued) } else { String::new() };
    let room = width.saturating_sub(6 + text::width(&right) + 1 + text::width(&family) + text::width(&indent));
    let part = incident.part_of.map_or_else(String::new, |whole| format!("part of {whole}: "));
    let flapping = flapping(incident, cx);
    let safe = format!("{flapping}{part}{}", text::safe_for(&incident.title, cx.glyphs.ascii));
    let title = text::fit(&safe, room, cx.glyphs.ellipsis);
    let mut line = Line::from(vec![
        Span::raw(if selected { cx.glyphs.cursor } else { " " }),
        Span::styled(format!("{glyph} "), level),
        Span::styled(format!("{criticality} "), level),
        Span::styled(format!(" {indent}"), cx.style(Role::Faint)),
        Span::styled(title, if active { cx.style(Role::Text) } else { cx.style(Role::Dim) }),
        Span::styled(format!("{family} "), cx.style(Role::Accent)),
        Span::styled(right, cx.style(Role::Dim)),
    ]);
    if selected {
        let role = if state.focus == Focus::List { Role::Selection } else { Role::SelectionIdle };
        let over = cx.style(role);
        for span in &mut line.spans {
            span.style = Style { fg: over.fg.or(span.style.fg), ..span.style.patch(over) };
        }
    }
    line
}
