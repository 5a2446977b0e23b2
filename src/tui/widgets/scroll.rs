//! A cursor in a list that is longer than the screen, and the scrollbar beside it.

use crate::tui::action::Action;
use crate::tui::theme::Glyphs;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Rows a notch of the wheel moves.
pub const WHEEL: usize = 3;

/// A cursor and the first row shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The selected row.
    pub at: usize,
    /// The first row shown.
    pub top: usize,
}

impl Cursor {
    /// Moves by a moving action in a list of `len` rows of which `height` are seen. Whether it was one.
    pub fn moved(&mut self, action: Action, len: usize, height: usize) -> bool {
        let height = height.max(1);
        let last = len.saturating_sub(1);
        self.at = match action {
            Action::Down => self.at.saturating_add(1),
            Action::Up => self.at.saturating_sub(1),
            Action::HalfPageDown => self.at.saturating_add((height / 2).max(1)),
            Action::HalfPageUp => self.at.saturating_sub((height / 2).max(1)),
            Action::PageDown => self.at.saturating_add(height),
            Action::PageUp => self.at.saturating_sub(height),
            Action::Top => 0,
            Action::Bottom => last,
            _ => return false,
        }
        .min(last);
        self.settle(len, height);
        true
    }

    /// Turns the wheel one notch: the view moves and takes the cursor along when it would leave it.
    pub fn turned(&mut self, down: bool, len: usize, height: usize) {
        let height = height.max(1);
        self.settle(len, height);
        let most = len.saturating_sub(height);
        self.top = if down { (self.top + WHEEL).min(most) } else { self.top.saturating_sub(WHEEL) };
        self.at = self.at.clamp(self.top, (self.top + height - 1).min(len.saturating_sub(1)).max(self.top));
        self.settle(len, height);
    }

    /// Brings the cursor into the list and the view to the cursor.
    pub fn settle(&mut self, len: usize, height: usize) {
        let height = height.max(1);
        self.at = self.at.min(len.saturating_sub(1));
        self.top = self.top.min(len.saturating_sub(height)).min(self.at);
        if self.at >= self.top + height {
            self.top = self.at + 1 - height;
        }
    }

    /// The rows seen, for drawing at a height that may differ from the last one.
    pub fn visible(&self, len: usize, height: usize) -> std::ops::Range<usize> {
        let mut c = *self;
        c.settle(len, height);
        c.top..len.min(c.top + height)
    }
}

/// Moves a view of `len` rows without a cursor. Whether `action` was a moving one.
pub fn scrolled(top: &mut usize, action: Action, len: usize, height: usize) -> bool {
    let height = height.max(1);
    let last = len.saturating_sub(height);
    *top = match action {
        Action::Down => top.saturating_add(1),
        Action::Up => top.saturating_sub(1),
        Action::HalfPageDown => top.saturating_add((height / 2).max(1)),
        Action::HalfPageUp => top.saturating_sub((height / 2).max(1)),
        Action::PageDown => top.saturating_add(height),
        Action::PageUp => top.saturating_sub(height),
        Action::Top => 0,
        Action::Bottom => last,
        _ => return false,
    }
    .min(last);
    true
}

/// A scrollbar over the height of `area`, in its first column: `seen` rows from `top` of `len`.
/// Nothing is drawn when everything is seen.
pub fn scrollbar(
    frame: &mut Frame<'_>,
    area: Rect,
    (top, seen, len): (u64, u64, u64),
    glyphs: &Glyphs,
    rail: Style,
    thumb: Style,
) {
    if len <= seen || area.height == 0 || area.width == 0 {
        return;
    }
    let height = u64::from(area.height);
    let size = (u128::from(height) * u128::from(seen) / u128::from(len)).max(1) as u64;
    let room = height - size.min(height);
    let hidden = (len - seen).max(1);
    let mut from = (u128::from(room) * u128::from(top.min(hidden)) / u128::from(hidden)) as u64;
    if top > 0 && from == 0 && room > 0 {
        from = 1;
    }
    let buf = frame.buffer_mut();
    for y in 0..height {
        let on = (from..from + size).contains(&y);
        let (symbol, style) = if on { (glyphs.scrollbar[1], thumb) } else { (glyphs.scrollbar[0], rail) };
        if let Some(cell) = buf.cell_mut((area.x, area.y + y as u16)) {
            cell.set_symbol(symbol).set_style(style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_stays_in_the_list_and_in_view() {
        let mut c = Cursor::default();
        for _ in 0..7 {
            assert!(c.moved(Action::Down, 6, 3));
        }
        assert_eq!((c.at, c.visible(6, 3)), (5, 3..6));
        assert!(c.moved(Action::Top, 6, 3));
        assert_eq!((c.at, c.visible(6, 3)), (0, 0..3));
        assert!(!c.moved(Action::Open, 6, 3));
    }

    #[test]
    fn the_wheel_moves_the_view_and_takes_the_cursor_along() {
        let mut c = Cursor { at: 1, top: 0 };
        c.turned(true, 20, 5);
        assert_eq!(c, Cursor { at: 3, top: 3 });
        c.turned(false, 20, 5);
        assert_eq!(c, Cursor { at: 3, top: 0 });
        for _ in 0..9 {
            c.turned(true, 20, 5);
        }
        assert_eq!(c, Cursor { at: 15, top: 15 });
        let mut short = Cursor::default();
        short.turned(true, 3, 5);
        assert_eq!(short, Cursor::default());
        short.turned(false, 0, 5);
        assert_eq!(short, Cursor::default());
    }

    #[test]
    fn a_list_that_shrank_pulls_the_cursor_in() {
        let mut c = Cursor { at: 90, top: 80 };
        c.settle(3, 10);
        assert_eq!(c, Cursor { at: 2, top: 0 });
        c.settle(0, 10);
        assert_eq!(c.at, 0);
    }
}
