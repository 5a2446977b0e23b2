//! Errors, warnings and all records over the last half hour, with numbers and a time axis.

use crate::tui::format;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::{spark, text};
use aiobs_types::{Incident, IncidentState, Timestamp};
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

fn has_marks(cx: &PaneCx<'_>) -> bool {
    // On small screens the rows go to the incidents themselves.
    cx.size.height >= 24 && begun(cx).next().is_some()
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

/// Where incidents began: a mark under their bucket, with the name of a lone one or the number of several.
fn marks(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>) {
    let (from, to) = range(cx);
    let width = usize::from(area.width);
    let shown = spark::spread(&cx.snapshot.rates.all, width).len().min(width);
    let span = to.since(from).max(1);
    let mut at: Vec<(usize, &Incident)> = begun(cx)
        .map(|i| {
            let share = i.first_seen.since(from) as f64 / span as f64;
            (width - shown + ((share * shown as f64) as usize).min(shown.saturating_sub(1)), i)
        })
        .collect();
    at.sort_by_key(|(column, i)| (*column, i.id));
    // Neighbours become one mark: a failure that spreads opens several incidents at once.
    let mut groups: Vec<(usize, Vec<&Incident>)> = Vec::new();
    for (column, incident) in at {
        match groups.last_mut() {
            Some((first, group)) if column <= *first + 3 => group.push(incident),
            _ => groups.push((column, vec![incident])),
        }
    }
    let starts: Vec<usize> = groups.iter().map(|(c, _)| *c).collect();
    let mut taken = 0;
    for (n, (column, group)) in groups.iter().enumerate() {
        let word = match group.as_slice() {
            [one] => text::safe(&one.title).into_owned(),
            many => format!("{} incidents", many.len()),
        };
        let right_room = starts.get(n + 1).copied().unwrap_or(width).saturating_sub(column + 3);
        let left_room = column.saturating_sub(taken + 2);
        let fits = |room: usize| text::width(&word) <= room;
        let (x, said) = if fits(right_room) || (right_room >= 12 && right_room >= left_room) {
            let word = text::truncate(&word, right_room, cx.glyphs.ellipsis);
            (*column, format!("{} {word}", cx.glyphs.marker))
        } else if left_room >= 8 {
            let word = text::truncate(&word, left_room, cx.glyphs.ellipsis);
            (column.saturating_sub(text::width(&word) + 1), format!("{word} {}", cx.glyphs.marker))
        } else {
            (*column, cx.glyphs.marker.to_owned())
        };
        let cells = text::width(&said);
        taken = x + cells;
        let worst = group.iter().map(|i| i.severity.level()).max().unwrap_or_default();
        let place = Rect { x: area.x + x as u16, width: cells as u16, ..area };
        frame.render_widget(Line::styled(said, cx.theme.level(worst)), place.intersection(area));
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
