//! The help: every key in force where the user is, from the action table and the live keymap.

use crate::tui::action::Section;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::{popup, scroll, text};
use ratatui::Frame;
use ratatui::layout::{Rect, Size};
use ratatui::text::{Line, Span};

/// A heading, or keys with what they do.
pub(crate) enum Row {
    Heading(&'static str),
    Keys(String, String),
    Blank,
}

/// Rows seen at once on a terminal of this size.
pub(crate) fn height(size: Size) -> usize {
    usize::from(size.height.saturating_sub(6)).max(1)
}

/// All rows.
pub(crate) fn rows(model: &Model) -> Vec<Row> {
    let context = model.panes.get(model.shell.pane).context();
    let in_force = model.world.keymap.in_force(context);
    let mut rows = Vec::new();
    for section in Section::ALL {
        let mut entries = in_force.iter().filter(|(a, _, _)| a.spec().section == section).peekable();
        if entries.peek().is_none() {
            continue;
        }
        if !rows.is_empty() {
            rows.push(Row::Blank);
        }
        rows.push(Row::Heading(section.name()));
        rows.extend(entries.map(|(_, keys, desc)| Row::Keys(keys.join("  "), desc.clone())));
    }
    rows.push(Row::Blank);
    rows.push(Row::Heading("Signs"));
    let g = &model.world.glyphs;
    let level = |l: aiobs_types::Level| format!("{} {}", g.level(l), l.name());
    use aiobs_types::{IncidentState as I, Level as L};
    let levels = [L::Fatal, L::Error, L::Warn, L::Info, L::Debug].map(level).join("   ");
    rows.push(Row::Keys("severity".into(), levels));
    let state = |s: I| format!("{} {}", g.incident(s, false), s.name());
    let diagnosing = format!("{} diagnosing", g.incident(I::Open, true));
    let states = [I::Open, I::Acknowledged, I::Resolved, I::Muted].map(state);
    rows.push(Row::Keys("incident".into(), format!("{}   {diagnosing}", states.join("   "))));
    use crate::runtime::events::StageState as S;
    let stages =
        [(S::Waiting, "waits"), (S::Running, "runs"), (S::Done, "done"), (S::Fallback, "a playbook stands in")];
    let stages = stages.map(|(s, word)| format!("{} {word}", g.stage(s)));
    rows.push(Row::Keys("stage".into(), stages.join("   ")));
    rows
}

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, top: usize) {
    let theme = &model.world.theme;
    let rows = rows(model);
    let seen = height(model.world.size);
    let box_height = (rows.len().min(seen) + 2) as u16;
    let title = format!("Keys in {}", model.shell.pane.title());
    let place = popup::centered(area, area.width.saturating_sub(4).min(100), box_height);
    let inner = popup::open(frame, place, &title, super::popup_style(theme), &model.world.glyphs);
    let keys_width = 24.min(usize::from(inner.width) / 3);
    let top = top.min(rows.len().saturating_sub(seen));
    for (i, row) in rows.iter().skip(top).take(usize::from(inner.height)).enumerate() {
        let line = match row {
            Row::Blank => continue,
            Row::Heading(h) => Line::styled(*h, theme.style(Role::PopupTitle)),
            Row::Keys(keys, desc) => Line::from(vec![
                Span::styled(text::fit(keys, keys_width, model.world.glyphs.ellipsis), theme.style(Role::Key)),
                Span::raw("  "),
                Span::styled(text::safe(desc).into_owned(), theme.style(Role::Popup)),
            ]),
        };
        frame.render_widget(line, Rect { y: inner.y + i as u16, height: 1, ..inner });
    }
    let bar = Rect { x: place.right().saturating_sub(1), width: 1, y: inner.y, height: inner.height };
    let range = (top as u64, seen as u64, rows.len() as u64);
    let (rail, thumb) = (theme.style(Role::Scrollbar), theme.style(Role::ScrollbarThumb));
    scroll::scrollbar(frame, bar, range, &model.world.glyphs, rail, thumb);
}
