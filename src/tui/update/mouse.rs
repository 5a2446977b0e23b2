//! The mouse, for those who switched it on: the header's names open panes, overlays scroll and close, everything else
//! is the pane's.

use super::{general, overlay};
use crate::tui::action::Action;
use crate::tui::effect::Effect;
use crate::tui::event::{Did, Mouse};
use crate::tui::model::{Model, Overlay};
use crate::tui::panes::PaneId;
use crate::tui::shell;
use crate::tui::widgets::scroll::WHEEL;
use ratatui::layout::Position;

/// The mouse did something.
pub(super) fn mouse(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    let size = model.world.size;
    if size.width < shell::MIN_WIDTH || size.height < shell::MIN_HEIGHT {
        return Vec::new();
    }
    model.shell.pending.clear();
    model.shell.quit_armed = None;
    if model.shell.overlay.is_some() {
        return over(model, mouse);
    }
    if mouse.at.y == 0 {
        let pane = shell::pane_at(model, mouse.at.x).filter(|_| mouse.did == Did::Click);
        return pane.map(|pane| general::show(model, pane)).unwrap_or_default();
    }
    let cx = model.world.cx();
    let at = Position::new(mouse.at.x, mouse.at.y - 1);
    let starts = model.is_start() && model.shell.pane == PaneId::Overview;
    if at.y >= cx.size.height || starts {
        return Vec::new();
    }
    model.panes.get_mut(model.shell.pane).on_mouse(Mouse { at, ..mouse }, &cx)
}

/// While something is drawn over the pane: the wheel moves in it, a command is run by a click, a click elsewhere closes.
fn over(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    let help = matches!(model.shell.overlay, Some(Overlay::Help { .. }));
    let act = |model: &mut Model, action| {
        let effects = if help { overlay::help(model, action) } else { overlay::palette(model, action) };
        effects.unwrap_or_default()
    };
    if let Some(down) = mouse.wheel() {
        let action = if down { Action::Down } else { Action::Up };
        return (0..WHEEL).flat_map(|_| act(model, action)).collect();
    }
    let chosen = shell::command_at(model, mouse.at);
    if let (Some(chosen), Some(Overlay::Palette(palette))) = (chosen, &mut model.shell.overlay) {
        palette.cursor.at = chosen;
        return act(model, Action::Submit);
    }
    act(model, Action::Back)
}
