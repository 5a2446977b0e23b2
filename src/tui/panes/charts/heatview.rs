//! Draws the heat map: a row per component, a column per part of time. How much is a shade, what it is a sign of its own;
//! colour only repeats it. Changes and incidents stand on the axis, and the chosen cell is read out below it.

use super::heat::Heat;
use crate::runtime::events::{HeatCell, HeatMap};
use crate::tui::format;
use crate::tui::panes::PaneCx;
use crate::tui::theme::{Glyphs, Role};
use crate::tui::widgets::text;
use aiobs_types::{IncidentState, Level, Timestamp};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

/// Cells of the sum behind a row.
const SUM: u16 = 7;
/// Rows over the components, and under them: axis, times, and the words on the chosen cell.
const HEAD: u16 = 2;
const FOOT: u16 = 3;

/// Cells of the names.
const fn names(width: u16) -> u16 {
    if width >= 120 { 24 } else { 16 }
}

/// Columns there is room for.
pub(super) fn columns(width: u16) -> usize {
    usize::from(width.saturating_sub(names(width) + SUM + 1)).max(1)
}

/// Components seen at once in a pane of this height.
pub(super) fn height(pane: u16) -> usize {
    usize::from(pane.saturating_sub(HEAD + FOOT)).max(1)
}

/// Row and column of the map in this cell of the pane; only the row where it is a name.
pub(super) fn cell_at(at: Position, width: u16) -> Option<(usize, Option<usize>)> {
    let row = usize::from(at.y.checked_sub(HEAD)?);
    Some((row, at.x.checked_sub(names(width)).map(usize::from)))
}

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, heat: &Heat) {
    let top = Rect { height: area.height.min(1), ..area };
    let Some(map) = &heat.map else {
        let title = Line::styled(" Counting warnings and errors ...", cx.style(Role::Dim));
        return frame.render_widget(title, top);
    };
    let scale = Scale::of(map);
    frame.render_widget(head(map, &scale, usize::from(area.width), cx), top);
    if map.rows.is_empty() {
        return quiet(frame, area, cx, map);
    }
    // What stands below the rows follows the last one.
    let rows = usize::from(area.height.saturating_sub(HEAD + FOOT)).min(map.rows.len());
    let body = Rect { y: area.y + HEAD, height: rows as u16, ..area };
    let chosen = (heat.row(), heat.column());
    for (i, y) in heat.visible(rows.max(1)).zip(body.top()..body.bottom()) {
        let at = Rect { y, height: 1, ..body };
        row(frame, at, cx, map, i, &scale, chosen);
    }
    let cells = Rect { x: area.x + names(area.width), width: map.columns as u16, ..area }.intersection(area);
    if area.height > HEAD + FOOT {
        axis(frame, Rect { y: body.bottom(), height: 1, ..cells }, cx, map);
        times(frame, Rect { y: body.bottom() + 1, height: 1, ..cells }, cx, map);
        words(frame, Rect { y: body.bottom() + 2, height: 1, ..area }, cx, heat);
    }
}

/// From how many on each shade is used: a logarithmic scale, because a storm is a thousand times a mishap.
#[derive(Debug, PartialEq, Eq)]
struct Scale {
    errors: [u64; 4],
    warnings: u64,
}

impl Scale {
    fn of(map: &HeatMap) -> Self {
        let most = |of: fn(&HeatCell) -> u64| map.rows.iter().flat_map(|r| &r.cells).map(of).max().unwrap_or(0);
        let (errors, warnings) = (most(|c| c.bad()) as f64, most(|c| c.warnings) as f64);
        let mut bounds = [1; 4];
        for i in 1..4 {
            let bound = errors.powf(i as f64 / 4.0).ceil() as u64;
            bounds[i] = bound.max(bounds[i - 1] + 1);
        }
        Self { errors: bounds, warnings: (warnings.sqrt().ceil() as u64).max(2) }
    }

    /// The sign of a cell and its level; `None` for an empty one.
    fn sign(&self, cell: HeatCell, glyphs: &Glyphs) -> Option<(&'static str, Level)> {
        match cell {
            HeatCell { fatal: 1.., .. } => Some((glyphs.level(Level::Fatal), Level::Fatal)),
            HeatCell { errors: n @ 1.., .. } => {
                let shade = self.errors.iter().rposition(|bound| n >= *bound).unwrap_or(0);
                Some((glyphs.shades[shade], Level::Error))
            }
            HeatCell { warnings: n @ 1.., .. } => {
                Some((glyphs.shades_warn[usize::from(n >= self.warnings)], Level::Warn))
            }
            _ => None,
        }
    }
}

/// The title, and what the signs stand for.
fn head(map: &HeatMap, scale: &Scale, width: usize, cx: &PaneCx<'_>) -> Line<'static> {
    let dim = |t: String| Span::styled(t, cx.style(Role::Dim));
    let mut left = vec![Span::styled(" Warnings and errors ", cx.style(Role::Title))];
    if !map.done {
        left.push(dim(format!("counting {} ", format::percent(map.share))));
    } else if map.left_out > 0 {
        left.push(dim(format!("{} more components ", format::count(map.left_out as u64))));
    }
    let [few, many] = cx.glyphs.shades_warn;
    let mut right = vec![Span::styled(format!("{few}{many}"), cx.theme.level(Level::Warn)), dim(" warnings  ".into())];
    for (shade, bound) in cx.glyphs.shades.iter().zip(scale.errors) {
        right.push(Span::styled(*shade, cx.theme.level(Level::Error)));
        right.push(dim(format!("{} ", format::compact(bound as f64))));
    }
    right.push(dim("errors  ".into()));
    right.push(Span::styled(cx.glyphs.level(Level::Fatal), cx.theme.level(Level::Fatal)));
    right.push(dim(" fatal ".into()));
    let cells = |spans: &[Span<'_>]| -> usize { spans.iter().map(|s| text::width(&s.content)).sum() };
    let gap = width.saturating_sub(cells(&left) + cells(&right));
    left.push(Span::raw(" ".repeat(gap)));
    left.extend(right);
    text::truncate_line(left, width, cx.glyphs.ellipsis)
}

fn row(
    frame: &mut Frame<'_>,
    area: Rect,
    cx: &PaneCx<'_>,
    map: &HeatMap,
    i: usize,
    scale: &Scale,
    chosen: (usize, usize),
) {
    let row = &map.rows[i];
    let worst = match row.sum {
        HeatCell { fatal: 1.., .. } => Level::Fatal,
        HeatCell { errors: 1.., .. } => Level::Error,
        _ => Level::Warn,
    };
    let name = if row.name.is_empty() { "(unnamed)".into() } else { text::safe_for(&row.name, cx.glyphs.ascii) };
    let room = usize::from(names(area.width)) - 4;
    let selected = i == chosen.0;
    let over = cx.style(Role::SelectionIdle);
    let style = cx.theme.level(worst);
    let style = if selected { Style { fg: over.fg.or(style.fg), ..style.patch(over) } } else { style };
    let head = vec![
        Span::raw(if selected { cx.glyphs.cursor } else { " " }),
        Span::styled(format!("{} {}", cx.glyphs.level(worst), text::fit(&name, room, cx.glyphs.ellipsis)), style),
    ];
    frame.render_widget(Line::from(head), area);
    let left = area.x + names(area.width);
    let buffer = frame.buffer_mut();
    for (column, cell) in row.cells.iter().enumerate() {
        let Some(place) = buffer.cell_mut((left + column as u16, area.y)) else { break };
        if let Some((sign, level)) = scale.sign(*cell, cx.glyphs) {
            place.set_symbol(sign).set_style(cx.theme.level(level));
        }
        if (i, column) == chosen {
            place.modifier.insert(Modifier::REVERSED);
        }
    }
    let sum = if row.sum.bad() > 0 { row.sum.bad() } else { row.sum.warnings };
    let sum = text::fit_right(&format::compact(sum as f64), usize::from(SUM) - 1, "");
    let at = Rect { x: area.right().saturating_sub(SUM), width: SUM, ..area };
    frame.render_widget(Line::styled(sum, style.remove_modifier(Modifier::REVERSED)), at.intersection(area));
}

/// The column a time lies in.
fn column(map: &HeatMap, t: Timestamp) -> Option<u16> {
    let at = (i128::from(t.0) - i128::from(map.from.0)).div_euclid(i128::from(map.width.max(1)));
    u16::try_from(at).ok().filter(|c| usize::from(*c) < map.columns)
}

/// A line with a sign where an incident began, and where something was changed.
fn axis(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, map: &HeatMap) {
    let line = cx.glyphs.horizontal.repeat(usize::from(area.width));
    let buffer = frame.buffer_mut();
    buffer.set_stringn(area.x, area.y, line, usize::from(area.width), cx.style(Role::Axis));
    let mut put = |t: Timestamp, sign: &str, style| {
        let place = column(map, t).and_then(|c| buffer.cell_mut((area.x + c, area.y)));
        if let Some(place) = place {
            place.set_symbol(sign).set_style(style);
        }
    };
    for incident in cx.snapshot.incidents.iter().filter(|i| i.state != IncidentState::Muted) {
        put(incident.first_seen, cx.glyphs.marker, cx.theme.level(incident.severity.level()));
    }
    // What was changed explains what came of it, and stays.
    for marker in &cx.snapshot.markers {
        put(marker.time, cx.glyphs.change, cx.style(Role::Marker));
    }
}

fn times(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, map: &HeatMap) {
    let end = Timestamp(map.from.0.saturating_add(map.width.saturating_mul(map.columns as i64)));
    let time = |t| cx.clock.hms_near(t, cx.clock.now);
    let (from, to) = (time(map.from), time(end));
    let wide = format!("{} a column", format::duration(map.width));
    let room = usize::from(area.width).saturating_sub(from.len() + to.len());
    let middle = if room > wide.len() + 4 { wide } else { String::new() };
    let pad = room.saturating_sub(middle.len());
    let line = format!("{from}{}{middle}{}{to}", " ".repeat(pad / 2), " ".repeat(pad - pad / 2));
    frame.render_widget(Line::styled(line, cx.style(Role::Axis)), area);
}

/// What the chosen cell holds, and what was changed or began then.
fn words(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, heat: &Heat) {
    let (Some((row, cell)), Some((from, to))) = (heat.cell(), heat.times(heat.column())) else { return };
    let name = if row.name.is_empty() { "(unnamed)".into() } else { text::safe_for(&row.name, cx.glyphs.ascii) };
    let time = |t| cx.clock.hms_near(t, cx.clock.now);
    let mut told = Vec::new();
    if cell.fatal > 0 {
        told.push(format!("{} fatal", format::count(cell.fatal)));
    }
    if cell.errors > 0 {
        told.push(format::plural(cell.errors, "error"));
    }
    if cell.warnings > 0 {
        told.push(format::plural(cell.warnings, "warning"));
    }
    let counts = if told.is_empty() { "nothing".to_owned() } else { told.join(", ") };
    let mut spans = vec![
        Span::styled(format!(" {name}  "), cx.style(Role::Component)),
        Span::styled(format!("{}{}{}  ", time(from), cx.glyphs.dash, cx.clock.hms(to)), cx.style(Role::Time)),
        Span::styled(counts, cx.style(Role::Strong)),
    ];
    let within = |t: Timestamp| t >= from && t < to;
    if let Some(m) = cx.snapshot.markers.iter().rev().find(|m| within(m.time)) {
        let safe = text::safe_for(&m.text, cx.glyphs.ascii);
        spans.push(Span::styled(format!("  {} {safe}", cx.glyphs.change), cx.style(Role::Marker)));
    }
    let began = |i: &&std::sync::Arc<aiobs_types::Incident>| i.state != IncidentState::Muted && within(i.first_seen);
    if let Some(i) = cx.snapshot.incidents.iter().find(began) {
        let safe = text::safe_for(&i.title, cx.glyphs.ascii);
        let style = cx.theme.level(i.severity.level());
        spans.push(Span::styled(format!("  {} {} {safe}", cx.glyphs.marker, i.id), style));
    }
    frame.render_widget(text::truncate_line(spans, usize::from(area.width), cx.glyphs.ellipsis), area);
}

/// Nothing to show.
fn quiet(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, map: &HeatMap) {
    let said = match (map.columns, map.done) {
        (0, _) => {
            "No records yet. As soon as a component warns or fails, it has a row here, with a column per part of time."
        }
        (_, false) => "Counting ...",
        _ => "No component warned or failed in this time.",
    };
    let rows = text::wrap(said, usize::from(area.width.saturating_sub(2)));
    for (row, y) in rows.into_iter().zip(area.top() + HEAD..area.bottom()) {
        let at = Rect { x: area.x + 1, y, width: area.width.saturating_sub(1), height: 1 };
        frame.render_widget(Line::styled(row, cx.style(Role::Dim)), at.intersection(area));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::events::HeatRow;

    fn map(errors: &[u64], warnings: &[u64]) -> HeatMap {
        let cell = |(e, w): (&u64, &u64)| HeatCell { errors: *e, warnings: *w, fatal: 0 };
        let cells: Vec<HeatCell> = errors.iter().zip(warnings).map(cell).collect();
        HeatMap { rows: vec![HeatRow { cells, ..HeatRow::default() }], ..HeatMap::default() }
    }

    #[test]
    fn shades_grow_with_the_logarithm_and_warnings_have_their_own() {
        let scale = Scale::of(&map(&[0, 1, 10_000], &[4, 100, 0]));
        assert_eq!(scale, Scale { errors: [1, 10, 100, 1000], warnings: 10 });
        let sign = |errors, warnings, fatal| scale.sign(HeatCell { warnings, errors, fatal }, &Glyphs::ASCII);
        let levels = [sign(0, 0, 0), sign(9, 50, 0), sign(10, 0, 0), sign(5_000, 0, 0), sign(0, 9, 0), sign(0, 10, 0)];
        let want = [None, Some("-"), Some("="), Some("#"), Some("."), Some("w")];
        assert_eq!(levels.map(|l| l.map(|l| l.0)), want);
        assert_eq!(sign(5_000, 5, 1), Some(("X", Level::Fatal)));
        assert_eq!(Scale::of(&map(&[0, 1, 3], &[0, 0, 0])).errors, [1, 2, 3, 4]);
    }
}
