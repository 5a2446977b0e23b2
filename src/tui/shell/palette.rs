//! The command palette: a line to type in and the commands that fit.

use crate::tui::model::{Model, Overlay, Palette};
use crate::tui::theme::Role;
use crate::tui::widgets::{popup, text};
use crate::tui::words::WordCommand;
use ratatui::Frame;
use ratatui::layout::{Position, Rect, Size};
use ratatui::text::{Line, Span};

/// Commands seen at once on a terminal of this size.
pub(crate) fn height(size: Size) -> usize {
    usize::from(size.height.saturating_sub(8)).clamp(1, 14)
}

fn place(area: Rect, seen: usize) -> Rect {
    popup::centered(area, area.width.saturating_sub(4).min(90), seen as u16 + 3)
}

/// The command in this cell of the screen, by its place among those that fit.
pub(crate) fn command_at(model: &Model, at: Position) -> Option<usize> {
    let Some(Overlay::Palette(palette)) = &model.shell.overlay else { return None };
    let seen = height(model.world.size);
    let place = place(Rect::from((Position::ORIGIN, model.world.size)), seen);
    // Within the border, under the line that is typed.
    let inside = at.x > place.x && at.x + 1 < place.right();
    let row = usize::from(at.y.checked_sub(place.y + 2)?);
    palette.cursor.visible(palette.hits.len(), seen).nth(row).filter(|_| inside)
}

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, palette: &Palette) {
    let theme = &model.world.theme;
    let glyphs = &model.world.glyphs;
    let seen = height(model.world.size);
    let place = place(area, seen);
    let inner = popup::open(frame, place, "Commands", super::popup_style(theme), glyphs);
    let width = usize::from(inner.width);
    let (typed, at) = palette.input.view(width.saturating_sub(2), theme.style(Role::Input), glyphs.ellipsis);
    let prompt = Line::from(vec![Span::styled(": ", theme.style(Role::Key)), typed]);
    frame.render_widget(prompt, Rect { height: 1, ..inner });
    frame.set_cursor_position(Position::new(inner.x + 2 + at, inner.y));
    if let Some((command, _)) = WordCommand::parse(palette.input.text()) {
        let name = text::fit(&format!("{} {} {}", glyphs.cursor, command.name, command.takes), 20, glyphs.ellipsis);
        let what = text::truncate(command.description, width.saturating_sub(20), glyphs.ellipsis).into_owned();
        let style = theme.style(Role::Selection);
        let line = Line::from(vec![Span::styled(name, style), Span::styled(what, style)]);
        frame.render_widget(line, Rect { y: inner.y + 1, height: 1, ..inner });
        return;
    }
    if palette.hits.is_empty() {
        let none = Line::styled("no command fits; Esc closes", theme.style(Role::Faint));
        frame.render_widget(none, Rect { y: inner.y + 1, height: 1, ..inner });
        return;
    }
    let context = model.panes.get(model.shell.pane).context();
    for (row, i) in palette.cursor.visible(palette.hits.len(), seen).enumerate() {
        let spec = palette.hits[i].spec();
        let keys = model.world.keymap.keys_of(context, spec.action).unwrap_or_default();
        let selected = i == palette.cursor.at;
        let base = theme.style(if selected { Role::Selection } else { Role::Popup });
        let key_style = if selected { base } else { theme.style(Role::Key) };
        let dim = if selected { base } else { theme.style(Role::Dim) };
        let mark = if selected { glyphs.cursor } else { " " };
        let name = text::fit(&format!("{mark} {}", spec.name), 20, glyphs.ellipsis);
        let room = width.saturating_sub(20 + 12);
        let line = Line::from(vec![
            Span::styled(name, base),
            Span::styled(text::fit(spec.description, room, glyphs.ellipsis), dim),
            Span::styled(text::fit_right(&keys, 12, glyphs.ellipsis), key_style),
        ]);
        frame.render_widget(line, Rect { y: inner.y + 1 + row as u16, height: 1, ..inner });
    }
}
