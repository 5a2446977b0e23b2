//! The lists of Overview: what is wrong, components, sources, error patterns. Each has a heading, rows, and says
//! why when it has none.

use super::names;
use super::state::{Part, State, active};
use crate::tui::format;
use crate::tui::panes::{PaneCx, family};
use crate::tui::theme::Role;
use crate::tui::widgets::table::{Column, Table};
use crate::tui::widgets::{spark, text};
use aiobs_types::{Incident, Level, SourceState};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

/// Draws rows at their place and marks the selected one.
struct List<'a, 'f> {
    frame: &'a mut Frame<'f>,
    area: Rect,
    cx: &'a PaneCx<'a>,
}

impl List<'_, '_> {
    fn row(&mut self, y: u16, line: Line<'static>, base: Option<Style>) {
        if y < self.area.height {
            let at = Rect { y: self.area.y + y, height: 1, ..self.area };
            let line = match base {
                // The selection's own colours win over those of the parts.
                Some(style) => {
                    Line::from(line.spans.into_iter().map(|s| Span::styled(s.content, style)).collect::<Vec<_>>())
                }
                None => line,
            };
            self.frame.render_widget(line, at);
            if let Some(style) = base {
                self.frame.buffer_mut().set_style(at, style);
            }
        }
    }

    fn heading(&mut self, line: Line<'static>) {
        self.row(0, line, None);
    }

    fn empty(&mut self, said: &str) {
        let width = usize::from(self.area.width);
        for (i, row) in text::wrap(said, width).into_iter().enumerate() {
            self.row(1 + i as u16, Line::styled(row.to_owned(), self.cx.style(Role::Faint)), None);
        }
    }
}

/// The style of a row, when it is the selected one of its part.
fn selected(cx: &PaneCx<'_>, state: &State, part: Part, i: usize) -> Option<Style> {
    (state.focus == part && state.cursor(part).at == i).then(|| cx.style(Role::Selection))
}

/// What is wrong now.
pub(super) fn incidents(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State, two_rows: bool) {
    let mut list = List { frame, area, cx };
    let all: Vec<&Incident> = active(cx).collect();
    let fit = usize::from(area.height.saturating_sub(1)) / if two_rows { 2 } else { 1 };
    let note = if all.len() > fit { format!("   {fit} of {} seen", all.len()) } else { String::new() };
    list.heading(Line::from(vec![
        Span::styled("What is wrong now", cx.style(Role::Title)),
        Span::styled(note, cx.style(Role::Dim)),
    ]));
    if all.is_empty() {
        list.empty("Nothing that was noticed. Faults appear here as they are found, worst first.");
        return;
    }
    let width = usize::from(area.width);
    let per = if two_rows { 2 } else { 1 };
    let seen = (usize::from(area.height.saturating_sub(1)) / per).max(1);
    // With two rows the components stand in the second one.
    let in_row = if two_rows { 0 } else { 16 };
    let columns = [Column::fill("", 12), Column::left("", in_row, 2), Column::right("", 8, 0), Column::right("", 7, 0)];
    let table = Table::new(&columns, width, cx.glyphs.ellipsis);
    let families = family::places(&cx.snapshot.incidents);
    for (row, i) in state.cursor(Part::Incidents).visible(all.len(), seen).enumerate() {
        let incident = all[i];
        let diagnosing = cx.snapshot.chain.running == Some(incident.id);
        let level = incident.severity.level();
        let base = selected(cx, state, Part::Incidents, i);
        let y = 1 + (row * per) as u16;
        let state = cx.glyphs.incident(incident.state, diagnosing);
        let children = families.get(&incident.id).map_or(0, |p| p.children);
        let more = if children == 0 { String::new() } else { format!(" +{children}") };
        let title = format!("{} {state} {}{more}", cx.glyphs.level(level), text::safe(&incident.title));
        let components = text::safe(&incident.components.join(", ")).into_owned();
        let count = format!("{}{}", cx.glyphs.times, format::count(incident.count));
        let age = cx.clock.ago(incident.first_seen);
        let line = table.row(vec![
            Span::styled(title, cx.theme.level(level)),
            Span::styled(components.clone(), cx.style(Role::Component)),
            Span::styled(count, cx.style(Role::Number)),
            Span::styled(age, cx.style(Role::Dim)),
        ]);
        list.row(y, line, base);
        if two_rows {
            let criticality = match incident.criticality {
                Some(c) => format!("criticality {c}"),
                None if diagnosing => "diagnosing".into(),
                None => "not diagnosed yet".into(),
            };
            let spans = vec![
                Span::styled(format!("    {components}"), cx.style(Role::Component)),
                Span::styled(format!("   {criticality}"), cx.style(Role::Dim)),
            ];
            list.row(y + 1, text::truncate_line(spans, width, cx.glyphs.ellipsis), base);
        }
    }
}

/// Components, busiest and worst first.
pub(super) fn components(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    let mut list = List { frame, area, cx };
    let width = usize::from(area.width);
    let columns = [
        Column::fill("Components", 12),
        Column::right("rec/s", 6, 1),
        Column::right("err/min", 7, 0),
        Column::left("trend", 12, 2),
    ];
    let table = Table::new(&columns, width, cx.glyphs.ellipsis);
    let head: Vec<_> = ["Components", "rec/s", "err/min", "trend"]
        .into_iter()
        .enumerate()
        .map(|(i, t)| Span::styled(t, cx.style(if i == 0 { Role::Title } else { Role::Faint })))
        .collect();
    list.heading(table.row(head));
    let rows = &cx.snapshot.components;
    if rows.is_empty() {
        list.empty("No line has named a component yet.");
        return;
    }
    let seen = usize::from(area.height.saturating_sub(1)).max(1);
    let trend_width = table.width(3).unwrap_or(0);
    for (y, i) in state.cursor(Part::Components).visible(rows.len(), seen).enumerate() {
        let c = &rows[i];
        let name = if c.name.is_empty() { "(unnamed)".into() } else { text::safe(&c.name).into_owned() };
        let errors = if c.errors_per_min > 0 { Role::Error } else { Role::Dim };
        let line = table.row(vec![
            Span::styled(format!("{} {name}", cx.glyphs.level(c.worst)), cx.theme.level(c.worst)),
            Span::styled(format::compact(c.per_second), cx.style(Role::Number)),
            Span::styled(format::count(u64::from(c.errors_per_min)), cx.style(errors)),
            Span::styled(spark::sparkline(&c.trend, trend_width, cx.glyphs), cx.style(Role::SparkError)),
        ]);
        list.row(1 + y as u16, line, selected(cx, state, Part::Components, i));
    }
}

/// Sources with what they are doing.
pub(super) fn sources(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    let mut list = List { frame, area, cx };
    let width = usize::from(area.width);
    let state_width = if width >= 56 { 20 } else { 13 };
    // A wrong guess at how a source is read is seen here; a narrow list has no room for it.
    let least = if width >= 70 { 25 } else { width.saturating_sub(state_width + 8 + 10) };
    let columns = [
        Column::fill("Sources", least.max(12)),
        Column::left("format", 13, 2),
        Column::left("state", state_width, 0),
        Column::right("rate", 6, 1),
    ];
    let table = Table::new(&columns, width, cx.glyphs.ellipsis);
    let head: Vec<_> = ["Sources", "format", "state", "rate"]
        .into_iter()
        .enumerate()
        .map(|(i, t)| Span::styled(t, cx.style(if i == 0 { Role::Title } else { Role::Faint })))
        .collect();
    list.heading(table.row(head));
    let rows = &cx.snapshot.sources;
    if rows.is_empty() {
        list.empty("Nothing is read now; what you see is from the archive.");
        return;
    }
    let seen = usize::from(area.height.saturating_sub(1)).max(1);
    let name_width = table.width(0).unwrap_or(0);
    let common = names::common(rows.iter().map(|s| s.info.name.as_str()));
    let heading = text::width("Sources") + 2;
    if !common.is_empty() && name_width > heading + 6 {
        let place = text::safe(common.trim_end_matches('/')).into_owned();
        let place = text::truncate_start(&place, name_width - heading - 2, cx.glyphs.ellipsis).into_owned();
        let at = Rect { x: area.x + heading as u16, width: name_width as u16 - heading as u16, height: 1, ..area };
        list.frame.render_widget(
            Line::styled(place, cx.style(Role::Faint).remove_modifier(Modifier::BOLD)),
            at.intersection(area),
        );
    }
    for (y, i) in state.cursor(Part::Sources).visible(rows.len(), seen).enumerate() {
        let s = &rows[i];
        let (said, role) = source_state(&s.info, cx, state_width);
        let name = s.info.name.strip_prefix(common).unwrap_or(&s.info.name);
        let name = text::safe(name).into_owned();
        // The end of a path tells most, the beginning of a command.
        let shorten = if name.starts_with("cmd:") { text::truncate } else { text::truncate_start };
        let name = shorten(&name, name_width, cx.glyphs.ellipsis).into_owned();
        let line = table.row(vec![
            Span::styled(name, cx.style(Role::Text)),
            Span::styled(text::safe(s.info.format.as_deref().unwrap_or("-")).into_owned(), cx.style(Role::Dim)),
            Span::styled(said, cx.style(role)),
            Span::styled(format::compact(s.per_second), cx.style(Role::Number)),
        ]);
        list.row(1 + y as u16, line, selected(cx, state, Part::Sources, i));
    }
}

fn source_state(info: &aiobs_types::SourceInfo, cx: &PaneCx<'_>, width: usize) -> (String, Role) {
    match &info.state {
        SourceState::Waiting => ("waiting".into(), Role::Dim),
        SourceState::Backfill => {
            let share = if info.size > 0 { info.read as f64 / info.size as f64 } else { 0.0 };
            let said = format!("backfill {:>2.0} %", (share * 100.0).min(100.0));
            let room = width.saturating_sub(said.len() + 1);
            if room >= 5 {
                (format!("{said} {}", cx.glyphs.progress_bar(share, room.min(5))), Role::Progress)
            } else {
                (said, Role::Progress)
            }
        }
        SourceState::Following if !info.skipped.is_empty() => {
            let bytes = format::bytes(info.skipped.iter().map(aiobs_types::Skipped::len).sum());
            let said = format!("{bytes} not read");
            let short = || format!("{} unread", bytes.replace(' ', "").replace("iB", ""));
            (if text::width(&said) <= width { said } else { short() }, Role::Warn)
        }
        SourceState::Following => ("following".into(), Role::Ok),
        SourceState::Ended => ("read".into(), Role::Dim),
        SourceState::Missing => ("gone".into(), Role::Warn),
        SourceState::Denied => ("not permitted".into(), Role::Error),
        SourceState::Binary => ("not text".into(), Role::Warn),
        SourceState::Failed(why) => (format!("failed: {}", text::safe(why)), Role::Error),
        SourceState::Reconnecting(retry) => {
            let seconds = (retry.at.since(cx.snapshot.taken).max(0) + 500_000_000) / 1_000_000_000;
            let what = text::safe(&retry.what);
            let ways = [format!("{what}; again in {seconds} s"), format!("{what}, {seconds} s")];
            let fits = ways.into_iter().find(|said| text::width(said) <= width);
            (fits.unwrap_or_else(|| what.into_owned()), Role::Error)
        }
        SourceState::Silent(since) => {
            let how_long = format::ago_words(cx.snapshot.taken.since(*since));
            let said = format!("silent for {how_long}");
            (if text::width(&said) <= width { said } else { format!("silent {how_long}") }, Role::Warn)
        }
        SourceState::Exited(how) => (format!("ended ({})", text::safe(how)), Role::Dim),
    }
}

/// Most frequent error patterns.
pub(super) fn patterns(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    let mut list = List { frame, area, cx };
    let width = usize::from(area.width);
    let columns = [
        Column::right("", 7, 0),
        Column::fill("Top error patterns", 20),
        Column::right("share", 6, 2),
        Column::right("first seen", 10, 1),
    ];
    let table = Table::new(&columns, width, cx.glyphs.ellipsis);
    let mut head = table.row(vec![
        Span::raw(""),
        Span::raw(""),
        Span::styled("share", cx.style(Role::Faint)),
        Span::styled("first seen", cx.style(Role::Faint)),
    ]);
    head.spans.insert(0, Span::raw(""));
    list.heading(head);
    list.heading_over("Top error patterns");
    let rows = &cx.snapshot.top_errors;
    if rows.is_empty() {
        list.empty("No errors so far.");
        return;
    }
    let seen = usize::from(area.height.saturating_sub(1)).max(1);
    for (y, i) in state.cursor(Part::Patterns).visible(rows.len(), seen).enumerate() {
        let p = &rows[i];
        let role = if p.level >= Level::Fatal { Role::Fatal } else { Role::Number };
        let line = table.row(vec![
            Span::styled(format::count(p.count), cx.style(role)),
            Span::styled(text::safe(&p.text).into_owned(), cx.style(Role::Text)),
            Span::styled(format::percent(p.share), cx.style(Role::Dim)),
            Span::styled(cx.clock.hms(p.first_seen), cx.style(Role::Time)),
        ]);
        list.row(1 + y as u16, line, selected(cx, state, Part::Patterns, i));
    }
}

impl List<'_, '_> {
    /// A heading that may reach over the first columns.
    fn heading_over(&mut self, said: &'static str) {
        if self.area.height > 0 {
            let at = Rect { height: 1, width: self.area.width.min(said.len() as u16), ..self.area };
            self.frame.render_widget(Line::styled(said, self.cx.style(Role::Title)), at);
        }
    }
}
