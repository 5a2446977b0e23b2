//! Draws the histogram over the records and the map of errors beside the scrollbar. Severity is also a sign under the
//! bars and in the map, never colour alone.

use super::histogram::{self, height};
use super::state::State;
use crate::runtime::events::PartCount;
use crate::tui::format;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::text;
use aiobs_types::{Level, Timestamp};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

/// A part of the map with less than this share of the most errors in any part has a small sign.
const MUCH: u64 = 4;
/// So many times the usual number of warnings are told.
const CROWD: u64 = 2;

/// Draws the histogram.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    if area.height < height(state, cx) || height(state, cx) == 0 {
        return;
    }
    let h = &state.histogram;
    let Some(answer) = h.counted.answer.as_ref().filter(|a| !a.counts.is_empty()) else {
        frame.render_widget(Line::styled("  Counting.", cx.style(Role::Dim)), Rect { height: 1, ..area });
        return;
    };
    let rows = area.height - 2;
    let most = answer.counts.iter().map(|c| c.all).max().unwrap_or(0).max(1);
    let crowd = crowd(&answer.counts);
    for (i, count) in answer.counts.iter().enumerate().take(usize::from(area.width.saturating_sub(2))) {
        column(frame, (area.x + 1 + i as u16, area.y, rows), count, (most, crowd), cx);
    }
    changes(frame, Rect { x: area.x + 1, y: area.y + rows, height: 1, ..area }, answer.counts.len(), cx, state);
    if h.focus
        && let Some((from, to)) = h.range()
    {
        let buffer = frame.buffer_mut();
        let at = Rect { x: area.x + 1 + from as u16, width: (to - from + 1) as u16, height: rows + 1, ..area };
        let at = at.intersection(area);
        for (x, y) in (at.left()..at.right()).flat_map(|x| (at.top()..at.bottom()).map(move |y| (x, y))) {
            buffer[(x, y)].modifier.insert(Modifier::REVERSED);
        }
    }
    words(frame, Rect { y: area.bottom() - 1, height: 1, ..area }, cx, state);
}

/// Signs under the columns in which something was changed: a deployment, a restart. A sign of errors stays.
fn changes(frame: &mut Frame<'_>, area: Rect, columns: usize, cx: &PaneCx<'_>, state: &State) {
    let Some((from, to)) = state.histogram.times((0, columns.saturating_sub(1))) else { return };
    let span = to.since(from).max(1);
    for marker in cx.snapshot.markers.iter().filter(|m| m.time >= from && m.time < to) {
        let column = (i128::from(marker.time.since(from)) * columns as i128 / i128::from(span)) as u16;
        if let Some(cell) = frame.buffer_mut().cell_mut((area.x + column, area.y)).filter(|c| c.symbol() == " ") {
            cell.set_symbol(cx.glyphs.change).set_style(cx.style(Role::Marker));
        }
    }
}

/// From so many on, warnings of a column are worth a sign: far more than in the usual one.
fn crowd(counts: &[PartCount]) -> u64 {
    let with = counts.iter().filter(|c| c.all > 0).count().max(1) as u64;
    (counts.iter().map(|c| c.warnings).sum::<u64>() * CROWD).div_ceil(with)
}

/// One column: bars from the bottom, errors first, then warnings, then the rest; and a sign below for errors and for a
/// crowd of warnings.
fn column(
    frame: &mut Frame<'_>,
    (x, y, rows): (u16, u16, u16),
    count: &PartCount,
    (most, crowd): (u64, u64),
    cx: &PaneCx<'_>,
) {
    let steps = u64::from(rows) * 8;
    let high = |n: u64| if n == 0 { 0 } else { (u128::from(n) * u128::from(steps)).div_ceil(u128::from(most)) as u64 };
    let (errors, warnings, all) = (high(count.errors), high(count.errors + count.warnings), high(count.all));
    let buffer = frame.buffer_mut();
    for row in 0..rows {
        let floor = u64::from(row) * 8;
        let filled = all.saturating_sub(floor).min(8);
        let Some(i) = (filled as usize).checked_sub(1) else { break };
        // A cell has one colour: that of what most of its bar is.
        let mostly = |n: u64| n.saturating_sub(floor).min(8) * 2 >= filled;
        let style = if mostly(errors) {
            cx.theme.level(Level::Error)
        } else if mostly(warnings) {
            cx.theme.level(Level::Warn)
        } else {
            cx.style(Role::Spark)
        };
        if let Some(cell) = buffer.cell_mut((x, y + rows - 1 - row)) {
            cell.set_symbol(cx.glyphs.bars[i]).set_style(style);
        }
    }
    let level = match count {
        PartCount { errors: 1.., .. } => Level::Error,
        PartCount { warnings, .. } if *warnings > 0 && *warnings >= crowd => Level::Warn,
        _ => return,
    };
    if let Some(cell) = buffer.cell_mut((x, y + rows)) {
        cell.set_symbol(cx.glyphs.level(level)).set_style(cx.theme.level(level));
    }
}

/// The line under the columns: what the chosen ones hold, or where the first and the last are.
fn words(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    let h = &state.histogram;
    let Some(answer) = &h.counted.answer else { return };
    let last = answer.counts.len().saturating_sub(1);
    let chosen = if h.focus { h.range() } else { None };
    let Some((from, to)) = h.times(chosen.unwrap_or((0, last))) else { return };
    let (a, b) = chosen.unwrap_or((0, last));
    let dash = cx.glyphs.dash;
    let time = |t: Timestamp| {
        let minutes = answer.width % 60_000_000_000 == 0;
        let clock = if minutes { cx.clock.hm(t) } else { cx.clock.hms(t) };
        if cx.clock.date(t) == cx.clock.date(cx.clock.now) { clock } else { format!("{} {clock}", cx.clock.date(t)) }
    };
    let (begin, mut end) = (time(from), time(to));
    if let Some((day, clock)) = end.split_once(' ')
        && begin.starts_with(day)
    {
        end = clock.to_owned();
    }
    let counts = histogram::said(answer.counts.get(a..=b).unwrap_or_default());
    let mut left = vec![
        Span::styled(format!(" {begin}{dash}{end}  "), cx.style(Role::Time)),
        Span::styled(counts, cx.style(if h.focus { Role::Strong } else { Role::Dim })),
    ];
    // What was changed in the chosen columns, or last in all of them.
    let changed = cx.snapshot.markers.iter().rev().find(|m| m.time >= from && m.time < to);
    if let Some(marker) = changed {
        let safe = text::safe_for(&marker.text, cx.glyphs.ascii);
        left.push(Span::styled(format!("  {} {safe}", cx.glyphs.change), cx.style(Role::Marker)));
    }
    let share = format::percent(answer.share);
    let counting = match answer.done {
        false => format!("counting {share}   "),
        true if answer.share < 1.0 => format!("stopped at {share}   "),
        true => String::new(),
    };
    let right = format!("{counting}{} a column ", format::duration(answer.width));
    let room = usize::from(area.width).saturating_sub(text::width(&right));
    let used: usize = left.iter().map(|s| text::width(&s.content)).sum();
    if used + 2 <= room {
        left.push(Span::raw(" ".repeat(room - used)));
        left.push(Span::styled(right, cx.style(Role::Dim)));
    }
    frame.render_widget(text::truncate_line(left, usize::from(area.width), cx.glyphs.ellipsis), area);
}

/// The signs of the map for `height` rows, from the counts of the parts in the order of the view: where in the whole
/// errors are, and where no errors but far more warnings than usual are. What is far under the most has a small sign.
pub(super) fn map(counts: &[PartCount], height: usize) -> Vec<Option<(Level, bool)>> {
    let all: u64 = counts.iter().map(|c| c.all).sum();
    let mut cells = vec![PartCount::default(); height];
    let mut before: u64 = 0;
    for count in counts.iter().filter(|c| c.all > 0) {
        // A part may be larger than a row; it lies where its middle is.
        let middle = u128::from(before) * 2 + u128::from(count.all);
        let row = (middle * height as u128 / (u128::from(all.max(1)) * 2)) as usize;
        if let Some(cell) = cells.get_mut(row) {
            cell.errors += count.errors;
            cell.warnings += count.warnings;
        }
        before += count.all;
    }
    let errors = cells.iter().map(|c| c.errors).max().unwrap_or(0);
    let warnings: u64 = cells.iter().map(|c| c.warnings).sum();
    let sign = |c: &PartCount| match c {
        PartCount { errors: 1.., .. } => Some((Level::Error, c.errors * MUCH >= errors)),
        // Warnings are everywhere; a crowd of them is news.
        _ if c.warnings > 0 && c.warnings * height as u64 >= warnings * CROWD => Some((Level::Warn, true)),
        _ => None,
    };
    cells.iter().map(sign).collect()
}

/// Draws the map in one column.
pub(super) fn draw_map(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    let w = &state.window;
    let Some(answer) = &state.histogram.map.answer else { return };
    if w.total <= u64::from(area.height) {
        return;
    }
    let signs = map(&answer.counts, usize::from(area.height));
    for (y, (level, much)) in signs.into_iter().enumerate().filter_map(|(y, s)| Some((y, s?))) {
        let symbol = if much { cx.glyphs.level(level) } else { cx.glyphs.bullet };
        if let Some(cell) = frame.buffer_mut().cell_mut((area.x, area.y + y as u16)) {
            cell.set_symbol(symbol).set_style(cx.theme.level(level));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_shows_where_in_the_whole_errors_are() {
        let part = |all, errors, warnings| PartCount { all, warnings, errors };
        // Ten parts of equal size on five rows: errors in the middle and few at the end.
        let mut counts = vec![part(100, 0, 1); 10];
        counts[4].errors = 40;
        counts[9].errors = 1;
        let (error, few) = (Some((Level::Error, true)), Some((Level::Error, false)));
        assert_eq!(map(&counts, 5), [None, None, error, None, few]);
        counts[2].warnings = 30;
        assert_eq!(map(&counts, 5), [None, Some((Level::Warn, true)), error, None, few]);
        // A row stands for records, not for time: most records are in the last part.
        let counts = [part(1, 0, 0), part(1, 0, 0), part(98, 7, 0)];
        assert_eq!(map(&counts, 4), [None, None, Some((Level::Error, true)), None]);
        assert_eq!(map(&[], 3), [None, None, None]);
    }
}
