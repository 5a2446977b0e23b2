//! An overlay with a title and a thin frame.

use super::text;
use crate::tui::theme::Glyphs;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Clear;

/// Styles of an overlay.
#[derive(Clone, Copy, Debug)]
pub struct PopupStyle {
    /// Background and text.
    pub body: Style,
    /// The title.
    pub title: Style,
    /// The frame.
    pub border: Style,
}

/// `width` × `height` cells (frame included) in the middle of `area`, at most all of it.
pub fn centered(area: Rect, width: u16, height: u16) -> Rect {
    let (w, h) = (width.min(area.width), height.min(area.height));
    Rect::new(area.x + (area.width - w) / 2, area.y + (area.height - h) / 2, w, h)
}

/// Clears `area`, draws the frame and the title, and returns the room inside.
pub fn open(frame: &mut Frame<'_>, area: Rect, title: &str, style: PopupStyle, glyphs: &Glyphs) -> Rect {
    let area = area.intersection(frame.area());
    frame.render_widget(Clear, area);
    let buf = frame.buffer_mut();
    buf.set_style(area, style.body);
    if area.width < 4 || area.height < 3 {
        return area;
    }
    let corners = if glyphs.ascii { ["+", "+", "+", "+"] } else { ["╭", "╮", "╰", "╯"] };
    let (left, right) = (area.left(), area.right() - 1);
    let (top, bottom) = (area.top(), area.bottom() - 1);
    for x in left + 1..right {
        buf.set_string(x, top, glyphs.horizontal, style.border);
        buf.set_string(x, bottom, glyphs.horizontal, style.border);
    }
    for y in top + 1..bottom {
        buf.set_string(left, y, glyphs.vertical, style.border);
        buf.set_string(right, y, glyphs.vertical, style.border);
    }
    for (corner, (x, y)) in corners.iter().zip([(left, top), (right, top), (left, bottom), (right, bottom)]) {
        buf.set_string(x, y, corner, style.border);
    }
    if !title.is_empty() {
        let title = format!(" {} ", text::truncate(title, usize::from(area.width).saturating_sub(6), glyphs.ellipsis));
        buf.set_string(left + 2, top, title, style.title);
    }
    Rect::new(left + 2, top + 1, area.width.saturating_sub(4), area.height - 2)
}
