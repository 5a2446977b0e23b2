//! The filter of the list while it is typed, and what is chosen when it hides the one that was. Part of the pane's state.

use super::state::State;
use crate::tui::action::Action;
use crate::tui::effect::Effect;
use crate::tui::panes::PaneCx;

impl State {
    pub(super) fn type_filter(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        match action {
            Action::Submit => {
                self.typing = false;
                self.filter.remember();
            }
            Action::Back => {
                self.typing = false;
                self.filter.set("");
            }
            Action::DeleteAll => self.filter.set(""),
            Action::Up | Action::Down => self.filter.recall(action == Action::Up),
            _ => {}
        }
        self.first_if_hidden(cx)
    }

    /// Keeps the selection on something that is shown.
    pub(super) fn first_if_hidden(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let id = self.current(cx).map(|i| i.id);
        self.select(id, cx)
    }
}
