//! The start page, when there is nothing to look at yet: what was found and what to type.

use crate::tui::action::{Action, Context};
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::text;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, body: Rect, model: &Model) {
    let style = |r| model.world.theme.style(r);
    let ellipsis = model.world.glyphs.ellipsis;
    let left = 3;
    let width = usize::from(body.width).saturating_sub(left * 2);
    let command_width = model.shell.start.iter().map(|h| text::width(&h.command)).max().unwrap_or(0).min(width / 2);
    let waiting = &model.shell.watching;
    let mut lines = vec![Line::default()];
    if waiting.is_empty() {
        lines.push(Line::styled("Nothing is being watched yet.", style(Role::Title)));
    } else {
        lines.push(Line::styled("Nothing there to read yet.", style(Role::Title)));
        lines.push(Line::default());
        for path in waiting.iter().take(5) {
            lines.push(Line::styled(format!("  {}", text::safe(path)), style(Role::Code)));
        }
        lines.push(Line::default());
        lines.push(Line::styled("A file is read as soon as it appears there, from its beginning.", style(Role::Text)));
    }
    lines.extend([
        Line::default(),
        Line::styled(
            "aiobs reads log files as they grow, finds what is wrong in them, and explains it.",
            style(Role::Text),
        ),
        Line::styled("Nothing leaves this machine unless you configure it.", style(Role::Dim)),
        Line::default(),
    ]);
    for notice in &model.world.snapshot.notices {
        for row in text::wrap(&text::safe(&notice.text), width) {
            lines.push(Line::styled(row.to_owned(), style(Role::Warn)));
        }
    }
    if !model.shell.start.is_empty() {
        let quit = model.world.keymap.keys_of(Context::Overview, Action::Quit).unwrap_or_else(|| ":quit".to_owned());
        lines.push(Line::styled(format!("Leave with {quit}, and try:"), style(Role::Text)));
        lines.push(Line::default());
    }
    for hint in &model.shell.start {
        let command = text::fit(&text::safe(&hint.command), command_width, ellipsis);
        lines.push(Line::from(vec![
            Span::styled(format!("  {command}"), style(Role::Code)),
            Span::styled(format!("   {}", text::safe(&hint.about)), style(Role::Dim)),
        ]));
    }
    for (i, line) in lines.into_iter().take(usize::from(body.height)).enumerate() {
        let line =
            text::truncate_line(line.spans.into_iter().map(|s| s.patch_style(line.style)).collect(), width, ellipsis);
        frame.render_widget(line, Rect::new(body.x + left as u16, body.y + i as u16, width as u16, 1));
    }
}
