//! Lays Overview out: two columns on wide screens, one on narrow ones; every part gets the rows it needs while
//! there are any.

use super::state::{Part, State, active};
use super::{preview, rates, tables};
use crate::runtime::events::ModelState;
use crate::tui::format;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::text;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

/// From this width on there are two columns.
const WIDE: u16 = 120;

/// Where the parts are.
struct Layout {
    rates: Rect,
    rate_rows: u16,
    incidents: Rect,
    components: Rect,
    sources: Rect,
    patterns: Rect,
    /// Why the selected incident happened and what to do, where there is room.
    preview: Rect,
}

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    if area.height < 3 {
        return;
    }
    summary(frame, Rect { x: area.x + 1, width: area.width.saturating_sub(2), y: area.y, height: 2 }, cx);
    let l = layout(area, cx);
    rates::draw(frame, l.rates, l.rate_rows, cx);
    tables::incidents(frame, l.incidents, cx, state, area.width >= WIDE);
    tables::components(frame, l.components, cx, state);
    tables::sources(frame, l.sources, cx, state);
    tables::patterns(frame, l.patterns, cx, state);
    preview::draw(frame, l.preview, cx, state);
}

/// Whether the screen has room for why the selected incident happened.
pub(super) fn has_preview(cx: &PaneCx<'_>) -> bool {
    layout(Rect::new(0, 0, cx.size.width, cx.size.height), cx).preview.height > 0
}

/// Rows of a part that are seen at once.
pub(super) fn part_height(part: Part, cx: &PaneCx<'_>) -> usize {
    let l = layout(Rect::new(0, 0, cx.size.width, cx.size.height), cx);
    let rows = |r: Rect| usize::from(r.height.saturating_sub(1)).max(1);
    match part {
        Part::Incidents if cx.size.width >= WIDE => (rows(l.incidents) / 2).max(1),
        Part::Incidents => rows(l.incidents),
        Part::Components => rows(l.components),
        Part::Sources => rows(l.sources),
        Part::Patterns => rows(l.patterns),
    }
}

/// The part in this cell of the pane, and its row there.
pub(super) fn part_at(at: Position, cx: &PaneCx<'_>, state: &State) -> Option<(Part, Option<usize>)> {
    let l = layout(Rect::from((Position::ORIGIN, cx.size)), cx);
    let places = [
        (Part::Incidents, l.incidents),
        (Part::Components, l.components),
        (Part::Sources, l.sources),
        (Part::Patterns, l.patterns),
    ];
    let (part, area) = places.into_iter().find(|(_, area)| area.contains(at))?;
    let per = if part == Part::Incidents && cx.size.width >= WIDE { 2 } else { 1 };
    let row = at.y.checked_sub(area.y + 1).map(|y| usize::from(y) / per);
    let mut shown = state.cursor(part).visible(part.len(cx), part_height(part, cx));
    Some((part, row.and_then(|row| shown.nth(row))))
}

fn layout(area: Rect, cx: &PaneCx<'_>) -> Layout {
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    if area.width + 2 >= WIDE { wide(area, cx) } else { narrow(area, cx) }
}

/// Heading, rows, and the blank row under them.
fn block(rows: usize) -> u16 {
    rows.clamp(1, 1000) as u16 + 2
}

fn wide(area: Rect, cx: &PaneCx<'_>) -> Layout {
    let s = cx.snapshot;
    let gap = u16::from(area.height >= 30);
    let top = area.y + 2 + gap;
    let bottom = area.bottom();
    let rate_rows: u16 = match area.height {
        0..30 => 1,
        30..40 => 2,
        _ => 3,
    };
    let left = (area.width / 2).saturating_sub(1);
    let right = area.width.saturating_sub(left + 3);
    let right_x = area.x + left + 3;
    // Patterns use the whole width at the bottom.
    let body = bottom.saturating_sub(top);
    let patterns_height = block(s.top_errors.len()).min((body / 4).max(3)) - 1;
    let rates_height = rates::height(rate_rows, cx);
    // With room to spare the patterns stand under what is over them, not at the bottom.
    let patterns_low = bottom.saturating_sub(patterns_height);
    let components_y = top + rates_height + 1;
    let room = patterns_low.saturating_sub(components_y);
    let (wanted_components, wanted_sources) = (block(s.components.len()), block(s.sources.len()));
    let components_height = wanted_components.min(room.saturating_sub(wanted_sources.min(room / 2)));
    let sources_y = components_y + components_height;
    let sources_height = wanted_sources.min(patterns_low.saturating_sub(sources_y));
    // The right side reads from what is wrong to why and what to do.
    let room = patterns_low.saturating_sub(top);
    let incidents = active(cx).count();
    let wanted_incidents = block(incidents * 2);
    let for_preview = if incidents == 0 { 0 } else { preview::WANTED.min(room / 2) };
    let incidents_height = wanted_incidents.min(room.saturating_sub(for_preview)).max(3);
    let preview_y = top + incidents_height;
    let preview_height = if incidents == 0 { 0 } else { preview::WANTED.min(patterns_low.saturating_sub(preview_y)) };
    let used = (sources_y + sources_height).max(preview_y + preview_height);
    let patterns_y = patterns_low.min(used);
    let patterns_height = bottom.saturating_sub(patterns_y);
    Layout {
        rates: clip(Rect::new(area.x, top, left, rates_height), area),
        rate_rows,
        incidents: clip(Rect::new(right_x, top, right, incidents_height.saturating_sub(1)), area),
        preview: clip(Rect::new(right_x, preview_y, right, preview_height.saturating_sub(1)), area),
        components: clip(Rect::new(area.x, components_y, left, components_height.saturating_sub(1)), area),
        sources: clip(Rect::new(area.x, sources_y, left, sources_height.saturating_sub(1)), area),
        patterns: clip(Rect::new(area.x, patterns_y, area.width, patterns_height), area),
    }
}

fn narrow(area: Rect, cx: &PaneCx<'_>) -> Layout {
    let s = cx.snapshot;
    let top = area.y + 2;
    let rates = Rect::new(area.x, top, area.width, rates::height(1, cx));
    let left = area.bottom().saturating_sub(rates.bottom() + 1);
    // Three blocks of heading, rows and gap share what is left; what is wrong comes first.
    let incidents = active(cx).count();
    let incidents_height = block(incidents).min((left / 3).max(if area.height < 27 { 6 } else { 4 }));
    // Two lines of why and what to do, once the lists have enough.
    let lists = block(s.components.len().max(s.sources.len())) + block(s.top_errors.len());
    let spare = left >= incidents_height.saturating_add(lists).saturating_add(preview::SHORT);
    let preview_height = if incidents > 0 && (spare || area.height >= 27) { preview::SHORT + 1 } else { 0 };
    let rest = left.saturating_sub(incidents_height + preview_height);
    let tables_height = block(s.components.len().max(s.sources.len())).min((rest / 2 + 1).max(4));
    let incidents_y = rates.bottom() + 1;
    let preview_y = incidents_y + incidents_height;
    let tables_y = preview_y + preview_height;
    let half = (area.width / 2).saturating_sub(1);
    let table = |x, width| Rect::new(x, tables_y, width, tables_height.saturating_sub(1));
    let patterns_y = tables_y + tables_height;
    Layout {
        rates: clip(rates, area),
        rate_rows: 1,
        preview: clip(Rect::new(area.x, preview_y, area.width, preview_height.saturating_sub(1)), area),
        incidents: clip(Rect::new(area.x, incidents_y, area.width, incidents_height.saturating_sub(1)), area),
        components: clip(table(area.x, half), area),
        sources: clip(table(area.x + half + 2, area.width.saturating_sub(half + 2)), area),
        patterns: clip(Rect::new(area.x, patterns_y, area.width, area.bottom().saturating_sub(patterns_y)), area),
    }
}

fn clip(r: Rect, area: Rect) -> Rect {
    let r = r.intersection(area);
    // An intersection with nothing may have a size no buffer has.
    if r.x >= area.right() || r.y >= area.bottom() { Rect::new(area.x, area.y, 0, 0) } else { r }
}

/// Where something may leave this machine for, from the fullest form to the shortest; nothing when nothing may.
fn leaving(places: &[String]) -> Vec<String> {
    let forms = (1..=places.len()).rev().map(|n| {
        let named: Vec<_> = places.iter().take(n).map(|p| text::safe(p)).collect();
        let more = if n < places.len() { format!(" and {} more", places.len() - n) } else { String::new() };
        format!("REMOTE: something may go to {}{more}", named.join(", "))
    });
    forms.collect()
}

/// The counters, and what stands between the user and a better answer.
fn summary(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>) {
    let t = &cx.snapshot.totals;
    let mut spans = Vec::new();
    let value = |spans: &mut Vec<Span<'static>>, name: &'static str, value: String, role: Role| {
        if !spans.is_empty() {
            spans.push(Span::raw("   "));
        }
        spans.push(Span::styled(format!("{name} "), cx.style(Role::Dim)));
        spans.push(Span::styled(value, cx.style(role)));
    };
    if let Some(first) = t.first.filter(|_| area.width >= 90) {
        value(&mut spans, "since", cx.clock.hms_near(first, cx.clock.now), Role::Text);
    }
    value(&mut spans, "records", format::count(t.records), Role::Strong);
    value(&mut spans, "errors", format::count(t.errors), if t.errors > 0 { Role::Error } else { Role::Text });
    value(&mut spans, "warnings", format::count(t.warnings), if t.warnings > 0 { Role::Warn } else { Role::Text });
    value(&mut spans, "templates", format::count(t.templates), Role::Text);
    if t.new_templates > 0 {
        spans.push(Span::styled(format!(" (+{} new)", format::count(t.new_templates)), cx.style(Role::Accent)));
    }
    value(&mut spans, "sources", format::count(cx.snapshot.sources.len() as u64), Role::Text);
    if cx.snapshot.archive_bytes > 0 {
        let size = format!("{} of {}", format::bytes(cx.snapshot.archive_bytes), format::bytes(cx.snapshot.raw_bytes));
        value(&mut spans, "archive", size, Role::Text);
    }
    let place = text::safe(&cx.snapshot.place).into_owned();
    let width = usize::from(area.width);
    let cells = |spans: &[Span<'_>]| -> usize { spans.iter().map(|s| text::width(&s.content)).sum() };
    // What does not fit as a whole is left out: half a number is worse than none.
    while spans.len() > 3 && cells(&spans) > width {
        let gap = spans.iter().rposition(|s| s.content == "   ").unwrap_or(0);
        spans.truncate(gap.max(2));
    }
    let used = cells(&spans);
    frame.render_widget(text::truncate_line(spans, width, cx.glyphs.ellipsis), Rect { height: 1, ..area });
    let place_width = text::width(&place);
    if used + place_width + 3 <= width {
        let at = Rect { x: area.right() - place_width as u16, width: place_width as u16, height: 1, ..area };
        frame.render_widget(Line::styled(place, cx.style(Role::Faint)), at);
    }
    let forms = match &cx.snapshot.model {
        // What exactly failed is in Incidents and `aiobs doctor`.
        ModelState::Offline { reason } => {
            let brief = reason.split(" (").next().unwrap_or(reason);
            vec![
                format!("no model answers, playbooks do: {}", text::safe(reason)),
                format!("no model answers, playbooks do: {}", text::safe(brief)),
                "no model answers, playbooks do".to_owned(),
            ]
        }
        _ => leaving(&cx.snapshot.remotes),
    };
    if let Some(last) = forms.last() {
        let said = forms.iter().find(|f| text::width(f) <= width).unwrap_or(last);
        let said = text::truncate(said, width, cx.glyphs.ellipsis).into_owned();
        frame.render_widget(Line::styled(said, cx.style(Role::Faint)), Rect { y: area.y + 1, height: 1, ..area });
    }
}
