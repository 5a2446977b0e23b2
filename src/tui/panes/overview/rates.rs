//! Errors, warnings and all records over the last half hour, with numbers and a time axis.

use crate::tui::format;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::{spark, text};
use aiobs_types::{Incident, IncidentState, Level, Marker, Timestamp};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

const LABEL: usize = 12;
const NUMBER: usize = 6;

/// Rows between one series and the next: high bars need air.
const fn step(rows: u16) -> u16 {
    if rows > 1 { rows + 1 } else { rows }
}

/// Rows of the whole part when each series has `rows`: the series, the marks if there are any, the axis.
pub(super) fn height(rows: u16, cx: &PaneCx<'_>) -> u16 {
    step(rows) * 2 + rows + u16::from(has_marks(cx)) + 1
}

/// Event time of the first bucket's start and of the last one's end.
fn range(cx: &PaneCx<'_>) -> (Timestamp, Timestamp) {
    let r = &cx.snapshot.rates;
    let span = i64::from(r.bucket_secs) * r.all.len() as i64 * 1_000_000_000;
    (r.end.plus(-span), r.end)
}

/// Incidents that began in the time shown.
fn begun<'a>(cx: &PaneCx<'a>) -> impl Iterator<Item = &'a Incident> + use<'a> {
    let (from, to) = range(cx);
    let shown = move |i: &&Incident| i.state != IncidentState::Muted && i.first_seen >= from && i.first_seen < to;
    cx.snapshot.incidents.iter().map(AsRef::as_ref).filter(shown)
}

/// Something on the axis: an incident that began, or a change that the logs tell of.
struct Mark {
    column: usize,
    /// Worst level of an incident; `None` for a change.
    level: Option<Level>,
    text: String,
}

/// Changes in the time shown.
fn changes<'a>(cx: &PaneCx<'a>) -> impl Iterator<Item = &'a Marker> + use<'a> {
    let (from, to) = range(cx);
    cx.snapshot.markers.iter().filter(move |m| m.time >= from && m.time < to)
}

fn has_marks(cx: &PaneCx<'_>) -> bool {
    // On small screens the rows go to the incidents themselves.
    cx.size.height >= 24 && (begun(cx).next().is_some() || changes(cx).next().is_some())
}

/// Draws three rows of bars, each `rows` high, and the axis.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, rows: u16, cx: &PaneCx<'_>) {
    let r = &cx.snapshot.rates;
    let width = usize::from(area.width).saturating_sub(LABEL + NUMBER + 1);
    if width < 4 || area.height == 0 {
        return;
    }
    let minute = (60 / r.bucket_secs.max(1)).max(1) as usize;
    let last_minute = |v: &[u32]| -> f64 {
        let tail = &v[v.len().saturating_sub(minute)..];
        let seconds = tail.len() as f64 * f64::from(r.bucket_secs.max(1));
        tail.iter().map(|n| f64::from(*n)).sum::<f64>() * 60.0 / seconds.max(1.0)
    };
    let series = [
        ("errors/min", &r.error, last_minute(&r.error), Role::SparkError),
        ("warns/min", &r.warn, last_minute(&r.warn), Role::SparkWarn),
        ("all/s", &r.all, last_minute(&r.all) / 60.0, Role::Spark),
    ];
    for (i, (label, values, number, role)) in series.into_iter().enumerate() {
        let values = spark::spread(values, width);
        let bars = if rows == 1 {
            vec![spark::sparkline(&values, width, cx.glyphs)]
        } else {
            spark::bars(&values, width, usize::from(rows), cx.glyphs)
        };
        for (row, bar) in bars.into_iter().enumerate() {
            let y = area.y + i as u16 * step(rows) + row as u16;
            if y >= area.bottom() {
                return;
            }
            let base = row + 1 == usize::from(rows);
            let (label, number) = if base { (label, format::compact(number)) } else { ("", String::new()) };
            let line = Line::from(vec![
                Span::styled(text::fit(label, LABEL, ""), cx.style(Role::Dim)),
                Span::styled(bar, cx.style(role)),
                Span::styled(text::fit_right(&number, NUMBER + 1, ""), cx.style(Role::Number)),
            ]);
            frame.render_widget(line, Rect { y, height: 1, ..area });
        }
    }
    let y = area.y + height(rows, cx) - 1;
    if has_marks(cx) && y <= area.bottom() {
        marks(frame, Rect { x: area.x + LABEL as u16, y: y - 1, width: width as u16, height: 1 }, cx);
    }
    if y < area.bottom() {
        axis(frame, Rect { x: area.x + LABEL as u16, y, width: width as u16, height: 1 }, cx);
    }
}

/// Where incidents began and changes were made: a mark under their bucket, with the name of a lone one or the number of
/// several.
fn marks(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>) {
    let (from, to) = range(cx);
    let width = usize::from(area.width);
    let shown = spark::spread(&cx.snapshot.rates.all, width).len().min(width);
    let span = to.since(from).max(1);
    let column = |time: Timestamp| {
        let share = time.since(from) as f64 / span as f64;
        width - shown + ((share * shown as f64) as usize).min(shown.saturating_sub(1))
    };
    let mut at: Vec<Mark> = changes(cx)
        .map(|m| Mark { column: column(m.time), level: None, text: text::safe(&m.text).into_owned() })
        .collect();
    at.extend(begun(cx).map(|i| Mark {
        column: column(i.first_seen),
        level: Some(i.severity.level()),
        text: text::safe(&i.title).into_owned(),
    }));
    at.sort_by_key(|m| m.column);
    // Neighbours become one mark: a failure that spreads opens several incidents at once.
    let mut groups: Vec<(usize, Vec<Mark>)> = Vec::new();
    for mark in at {
        match groups.last_mut() {
            Some((first, group)) if mark.column <= *first + 3 => group.push(mark),
            _ => groups.push((mark.column, vec![mark])),
        }
    }
    let starts: Vec<usize> = groups.iter().map(|(c, _)| *c).collect();
    let mut taken = 0;
    for (n, (column, group)) in groups.iter().enumerate() {
        let (word, glyph) = said(group, cx);
        let right_room = starts.get(n + 1).copied().unwrap_or(width).saturating_sub(column + 3);
        let left_room = column.saturating_sub(taken + 2);
        let fits = |room: usize| text::width(&word) <= room;
        let (x, said) = if fits(right_room) || (right_room >= 12 && right_room >= left_room) {
            let word = text::truncate(&word, right_room, cx.glyphs.ellipsis);
            (*column, format!("{glyph} {word}"))
        } else if left_room >= 8 {
            let word = text::truncate(&word, left_room, cx.glyphs.ellipsis);
            (column.saturating_sub(text::width(&word) + 1), format!("{word} {glyph}"))
        } else {
            (*column, glyph.to_owned())
        };
        let cells = text::width(&said);
        taken = x + cells;
        let worst = group.iter().filter_map(|m| m.level).max();
        let style = worst.map_or_else(|| cx.style(Role::Marker), |level| cx.theme.level(level));
        let place = Rect { x: area.x + x as u16, width: cells as u16, ..area };
        frame.render_widget(Line::styled(said, style), place.intersection(area));
    }
}

/// The words for marks side by side, and their sign. A change is named before the incidents that came with it.
fn said(group: &[Mark], cx: &PaneCx<'_>) -> (String, &'static str) {
    let incidents = group.iter().filter(|m| m.level.is_some()).count();
    let change = group.iter().find(|m| m.level.is_none());
    let incident = group.iter().find(|m| m.level.is_some());
    match (change, incidents) {
        (Some(change), 0) => match group.len() {
            1 => (change.text.clone(), cx.glyphs.change),
            n => (format!("{} (+{})", change.text, n - 1), cx.glyphs.change),
        },
        (Some(change), 1) => (format!("{}, then an incident", change.text), cx.glyphs.change),
        (Some(change), n) => (format!("{}, then {n} incidents", change.text), cx.glyphs.change),
        (None, 1) => (incident.map(|m| m.text.clone()).unwrap_or_default(), cx.glyphs.marker),
        (None, n) => (format!("{n} incidents"), cx.glyphs.marker),
    }
}

/// Times under the first, the middle and the last bucket.
fn axis(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>) {
    let r = &cx.snapshot.rates;
    let width = usize::from(area.width);
    let buckets = r.all.len();
    if buckets == 0 || r.end.0 == 0 {
        return;
    }
    let shown = spark::spread(&r.all, width).len().min(width);
    let span = r.bucket_secs as i64 * buckets as i64 * 1_000_000_000;
    let labels = if shown >= 26 { 3 } else { 2 };
    let short = span < 10 * 60 * 1_000_000_000;
    for i in 0..labels {
        let time = r.end.plus(-span + span * i / (labels - 1));
        let label = if short { cx.clock.hms(time) } else { cx.clock.hm(time) };
        let at = width - shown + (shown.saturating_sub(label.len())) * i as usize / (labels as usize - 1);
        let place = Rect { x: area.x + at as u16, width: (label.len() as u16).min(area.width), ..area };
        frame.render_widget(Line::styled(label, cx.style(Role::Axis)), place.intersection(area));
    }
}
