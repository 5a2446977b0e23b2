//! Draws the Chat pane.

use super::State;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, _state: &State) {
    frame.render_widget(Line::styled("Chat", cx.style(Role::Title)), area);
}
