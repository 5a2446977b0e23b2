//! State of the Topology pane and how keys and events change it.

use super::view;
use crate::tui::action::{Action, Context};
use crate::tui::effect::Effect;
use crate::tui::panes::{Pane, PaneCx};
use ratatui::Frame;
use ratatui::layout::Rect;

/// State of the Topology pane.
#[derive(Debug, Default)]
pub struct State {}

impl Pane for State {
    fn context(&self) -> Context {
        Context::Topology
    }

    fn update(&mut self, action: Action, _cx: &PaneCx<'_>) -> Vec<Effect> {
        if action == Action::Back { vec![Effect::Back] } else { Vec::new() }
    }

    fn hints(&self, _cx: &PaneCx<'_>) -> Vec<Action> {
        vec![Action::Open]
    }

    fn view(&self, frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>) {
        view::draw(frame, area, cx, self);
    }
}
