//! A result as a picture: bars of a number beside its label, or a line of numbers over time or over the rows.

use super::table::{Shown, cell};
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::plot::{Curve, Plot, nice_top};
use crate::tui::widgets::text;
use aiobs_types::{SqlValue, Timestamp};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Cells of the labels of the value axis.
const AXIS: u16 = 9;

/// How a result is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    #[default]
    Table,
    Bars,
    Line,
}

impl Form {
    pub(super) const fn next(self) -> Self {
        match self {
            Self::Table => Self::Bars,
            Self::Bars => Self::Line,
            Self::Line => Self::Table,
        }
    }
}

/// The column whose numbers are drawn: the one under the cursor when it has numbers, else the first that has beside the
/// labels.
pub(super) fn value_column(shown: &Shown, at: usize) -> Option<usize> {
    if shown.numbers.get(at) == Some(&true) {
        return Some(at);
    }
    let numbers = || (0..shown.numbers.len()).filter(|i| shown.numbers[*i]);
    numbers().find(|i| *i > 0).or_else(|| numbers().next())
}

/// The column that names the rows: the first that is not drawn.
fn label_column(shown: &Shown, value: usize) -> Option<usize> {
    (0..shown.numbers.len()).find(|i| *i != value)
}

fn number(shown: &Shown, row: usize, column: usize) -> Option<f64> {
    shown.row(row).get(column).and_then(SqlValue::number)
}

/// A number as it is read.
pub(super) fn short(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 { format!("{value:.0}") } else { format!("{value:.3}") }
}

/// One bar per row, from `top` on; the row under the cursor stands out.
pub(super) fn bars(
    frame: &mut Frame<'_>,
    area: Rect,
    cx: &PaneCx<'_>,
    shown: &Shown,
    value: usize,
    rows: (usize, usize),
) {
    let (top, cursor) = rows;
    let most = (0..shown.len()).filter_map(|n| number(shown, n, value)).fold(0.0, f64::max);
    let label = label_column(shown, value);
    let wanted = label.and_then(|i| shown.widths.get(i).copied()).unwrap_or(0);
    let names = wanted.min(usize::from(area.width) / 3);
    let digits = shown.widths.get(value).copied().unwrap_or(8).clamp(6, 16);
    let room = usize::from(area.width).saturating_sub(names + digits + 5);
    for (y, n) in (area.top()..area.bottom()).zip(top..shown.len()) {
        let row = shown.row(n);
        let name = label.and_then(|i| row.get(i)).map(cell).unwrap_or_default();
        let v = number(shown, n, value);
        let share = v.filter(|_| most > 0.0).map_or(0.0, |v| (v / most).clamp(0.0, 1.0));
        let length = (share * room as f64).round() as usize;
        let bar = if cx.glyphs.ascii { "#" } else { "█" }.repeat(length);
        let role = if n == cursor { Role::Selection } else { Role::Text };
        let spans = vec![
            Span::styled(format!(" {} ", text::fit(&name, names, cx.glyphs.ellipsis)), cx.style(role)),
            Span::styled(
                text::fit_right(&v.map(short).unwrap_or_default(), digits, cx.glyphs.ellipsis),
                cx.style(Role::Number),
            ),
            Span::raw(" "),
            Span::styled(bar, cx.style(Role::Series1)),
        ];
        frame.render_widget(Line::from(spans), Rect { y, height: 1, ..area });
    }
}

/// Nanoseconds of a readable time.
fn time(value: &SqlValue) -> Option<f64> {
    let SqlValue::Text(text) = value else { return None };
    text.parse::<jiff::Timestamp>().ok().map(|t| t.as_nanosecond() as f64 / 1e9)
}

/// The numbers of a column over time, when the labels are times, else over the rows as they are shown.
pub(super) fn line(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, shown: &Shown, value: usize) {
    if area.width < AXIS + 8 || area.height < 4 {
        return;
    }
    let label = label_column(shown, value);
    let times: Vec<Option<f64>> = (0..shown.len()).map(|n| label.and_then(|i| time(shown.row(n).get(i)?))).collect();
    let timed = !times.is_empty() && times.iter().all(Option::is_some);
    let at = |n: usize| if timed { times[n].unwrap_or(0.0) } else { n as f64 };
    let mut points: Vec<(f64, f64)> =
        (0..shown.len()).filter_map(|n| Some((at(n), number(shown, n, value)?))).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return };
    let ends = (first.0, last.0);
    let top = nice_top(points.iter().map(|p| p.1).fold(0.0, f64::max));
    let inner = Rect { x: area.x + AXIS, y: area.y, width: area.width - AXIS - 1, height: area.height - 2 };
    let plot = Plot {
        curves: vec![Curve { points: &points, style: cx.style(Role::Series1) }],
        x: ends,
        top,
        threshold: None,
        cursor: None,
        letters: false,
    };
    plot.draw(inner, frame.buffer_mut(), cx.glyphs);
    let buffer = frame.buffer_mut();
    for (y, v) in [(inner.top(), top), (inner.bottom() - 1, 0.0)] {
        let said = text::fit_right(&short(v), usize::from(AXIS) - 1, cx.glyphs.ellipsis);
        buffer.set_string(area.x, y, said, cx.style(Role::Axis));
    }
    buffer.set_string(
        inner.x,
        inner.bottom(),
        cx.glyphs.horizontal.repeat(usize::from(inner.width)),
        cx.style(Role::Axis),
    );
    let said =
        |x: f64| if timed { cx.clock.full(Timestamp((x * 1e9) as i64)) } else { format!("row {}", x as usize + 1) };
    let (from, to) = (said(ends.0), said(ends.1));
    let y = inner.bottom() + 1;
    buffer.set_string(inner.x, y, &from, cx.style(Role::Axis));
    if usize::from(inner.width) > from.len() + to.len() + 2 {
        buffer.set_string(inner.right() - to.len() as u16, y, &to, cx.style(Role::Axis));
    }
}
