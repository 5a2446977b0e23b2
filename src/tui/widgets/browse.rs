//! A document with links read with keys and mouse: what moves its place. Used by the panes that show one beside a list; it
//! knows none of them.

use super::document::{Document, Place};
use super::scroll::{WHEEL, scrolled};
use crate::tui::action::Action;

impl Place {
    /// A key that moves; `height` rows of the document are seen.
    pub fn moved<T: Clone>(&mut self, action: Action, document: &Document<T>, height: usize) {
        let links: Vec<usize> = document.links().iter().map(|(row, _)| *row).collect();
        match action {
            Action::Down | Action::Up => self.step(action == Action::Down, &links, document.len(), height),
            Action::NextItem | Action::PreviousItem => {
                self.jump(action == Action::NextItem, &links, document.len(), height);
            }
            _ => {
                if scrolled(&mut self.scroll, action, document.len(), height) {
                    self.link = None;
                }
            }
        }
    }

    /// One notch of the wheel.
    pub fn turned<T: Clone>(&mut self, down: bool, document: &Document<T>, height: usize) {
        let by = if down { WHEEL.cast_signed() } else { -WHEEL.cast_signed() };
        self.scroll_by(by, document.len(), height);
        self.link = None;
    }

    /// A click on a row of what is seen. True when the link there was lit already and is to be followed.
    pub fn clicked<T: Clone>(&mut self, row: usize, document: &Document<T>) -> bool {
        let row = row + self.scroll;
        let link = document.links().iter().position(|(at, _)| *at == row);
        let again = link.is_some() && link == self.link;
        if !again {
            self.link = link;
        }
        again
    }
}
