//! Draws the list of patterns: level, count, share, trend, life, the pattern itself, and when it came first and last.

use super::state::{Focus, State};
use crate::runtime::events::Pattern;
use crate::tui::format;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::table::{Column, Table};
use crate::tui::widgets::{spark, text};
use aiobs_insight::Life;
use aiobs_types::Level;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// Rows over the first pattern: the summary or the filter, and the headings.
const HEAD: usize = 2;

/// Cells of the trend.
const TREND: usize = 10;

/// Columns drop in the order of their last number, the highest first.
const COLUMNS: [Column; 8] = [
    Column::left("worst", 7, 0),
    Column::right("count", 7, 0),
    Column::right("share", 5, 3),
    Column::left("trend", TREND, 4),
    Column::left("life", 8, 2),
    Column::fill("pattern", 20),
    Column::right("first", 5, 6),
    Column::right("last", 5, 5),
];

/// Rows of the list in a pane of this height.
pub(super) fn height(pane: usize, _state: &State) -> usize {
    pane.saturating_sub(HEAD).max(1)
}

/// The place among those shown of the pattern in this row of the pane.
pub(super) fn at_row(row: usize, cx: &PaneCx<'_>, state: &State) -> Option<usize> {
    let row = row.checked_sub(HEAD)?;
    visible(state, usize::from(cx.size.height).saturating_sub(HEAD)).nth(row)
}

fn visible(state: &State, rows: usize) -> std::ops::Range<usize> {
    let mut cursor = state.cursor;
    cursor.at = state.at();
    cursor.visible(state.shown.len(), rows)
}

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    let top = Rect { height: area.height.min(1), ..area };
    if state.typing || !state.filter.text().is_empty() {
        filter(frame, top, cx, state);
    } else {
        summary(frame, top, cx, state);
    }
    // One cell for the cursor, one of air.
    let table = Table::new(&COLUMNS, usize::from(area.width).saturating_sub(2), cx.glyphs.ellipsis);
    if area.height > 1 {
        let mut line = table.header(cx.style(Role::Faint));
        line.spans.insert(0, Span::raw(" "));
        frame.render_widget(line, Rect { y: area.y + 1, height: 1, ..area });
    }
    let rows = Rect { y: area.y + HEAD as u16, height: area.height.saturating_sub(HEAD as u16), ..area };
    if state.shown.is_empty() && rows.height > 0 {
        let keys = cx.keys(crate::tui::action::Context::Patterns, crate::tui::action::Action::ClearFilter);
        let said = format!(" No pattern matches; {keys} shows all");
        return frame.render_widget(Line::styled(said, cx.style(Role::Dim)), Rect { height: 1, ..rows });
    }
    let at = state.at();
    let visible = visible(state, usize::from(rows.height));
    let from = visible.start;
    for ((i, pattern), y) in state.rows().enumerate().skip(from).take(visible.len()).zip(rows.top()..rows.bottom()) {
        let line = row(pattern, &table, cx);
        let line = if i == at { selected(line, usize::from(area.width), cx, state) } else { line };
        frame.render_widget(line, Rect { y, height: 1, ..rows });
    }
}

fn filter(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    let found =
        format!("{} of {} ", format::count(state.shown.len() as u64), format::count(state.data.rows.len() as u64));
    let room = usize::from(area.width).saturating_sub(text::width(&found) + 3);
    let (span, at) = state.filter.view(room, cx.style(Role::Input), cx.glyphs.ellipsis);
    frame.render_widget(Line::from(vec![Span::styled(" /", cx.style(Role::Key)), span]), area);
    let right = Rect { x: area.right().saturating_sub(found.len() as u16), width: found.len() as u16, ..area };
    frame.render_widget(Line::styled(found, cx.style(Role::Dim)), right.intersection(area));
    if state.typing {
        frame.set_cursor_position((area.x + 2 + at, area.y));
    }
}

/// How many there are, how they are sorted, and what the trends are of.
fn summary(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    let trend = state.data.trend;
    let dim = |t: String| Span::styled(t, cx.style(Role::Dim));
    let strong = |t: String| Span::styled(t, cx.style(Role::Strong));
    let spans = vec![
        Span::raw(" "),
        strong(format::plural(state.data.rows.len() as u64, "pattern")),
        dim(format!(" in {}   sorted by ", format::plural(state.data.records, "record"))),
        strong(state.sort.name().into()),
        dim(match trend.to.since(trend.from) {
            ..1_000_000 => "   all at one moment".to_owned(),
            span => format!("   trend over {}", format::duration(span)),
        }),
    ];
    frame.render_widget(text::truncate_line(spans, usize::from(area.width), cx.glyphs.ellipsis), area);
}

fn row(pattern: &Pattern, table: &Table, cx: &PaneCx<'_>) -> Line<'static> {
    let said = match &pattern.mark {
        mark if mark.muted => Role::Dim,
        mark if !mark.name.is_empty() => Role::Strong,
        _ => Role::Text,
    };
    let age = |t| format::duration_short(cx.clock.now.since(t).max(0));
    let mut line = table.row(vec![
        Span::styled(level(pattern.level, cx), cx.theme.level(pattern.level)),
        Span::styled(short_count(pattern.count), cx.style(Role::Number)),
        Span::styled(format::percent(pattern.share), cx.style(Role::Dim)),
        Span::styled(spark::sparkline(&pattern.trend, TREND, cx.glyphs), cx.style(spark_role(pattern.level))),
        standing(pattern, cx),
        Span::styled(text::safe_for(pattern.shown(), cx.glyphs.ascii).into_owned(), cx.style(said)),
        Span::styled(age(pattern.first_seen), cx.style(Role::Dim)),
        Span::styled(age(pattern.last_seen), cx.style(Role::Dim)),
    ]);
    line.spans.insert(0, Span::raw(" "));
    line
}

/// A count in seven cells.
fn short_count(n: u64) -> String {
    if n < 1_000_000 { format::count(n) } else { format::compact(n as f64) }
}

/// Sign and word of a level.
pub(super) fn level(level: Level, cx: &PaneCx<'_>) -> String {
    let word = if level == Level::Unset { cx.glyphs.dash } else { level.name() };
    format!("{} {word}", cx.glyphs.level(level))
}

/// Bars of what is bad have its colour.
pub(super) const fn spark_role(level: Level) -> Role {
    match level {
        Level::Fatal | Level::Error => Role::SparkError,
        Level::Warn => Role::SparkWarn,
        _ => Role::Spark,
    }
}

/// Where it stands: that it is muted or was judged noise, else its life.
fn standing(pattern: &Pattern, cx: &PaneCx<'_>) -> Span<'static> {
    match (pattern.mark.muted, pattern.rated) {
        (true, _) => Span::styled("muted", cx.style(Role::Dim)),
        (false, Some(false)) => Span::styled("noise", cx.style(Role::Dim)),
        _ => life(pattern.life, cx),
    }
}

/// The word for where it stands in its life.
pub(super) fn life(life: Life, cx: &PaneCx<'_>) -> Span<'static> {
    let role = match life {
        Life::Surging | Life::Vanished => Role::Warn,
        Life::New => Role::Accent,
        Life::Rising | Life::Falling => Role::Strong,
        Life::Steady | Life::Periodic => Role::Dim,
    };
    Span::styled(life.name(), cx.style(role))
}

/// The row under the cursor: a sign before it, and the whole width in one style.
fn selected(mut line: Line<'static>, width: usize, cx: &PaneCx<'_>, state: &State) -> Line<'static> {
    let role = if state.focus == Focus::List { Role::Selection } else { Role::SelectionIdle };
    let over = cx.style(role);
    if let Some(first) = line.spans.first_mut() {
        *first = Span::raw(cx.glyphs.cursor);
    }
    let used: usize = line.spans.iter().map(|s| text::width(&s.content)).sum();
    line.push_span(Span::raw(" ".repeat(width.saturating_sub(used))));
    for span in &mut line.spans {
        span.style = Style { fg: over.fg.or(span.style.fg), ..span.style.patch(over) };
    }
    line
}
