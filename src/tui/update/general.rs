//! Actions that belong to no pane: moving between panes, overlays, themes, leaving.

use super::overlay;
use crate::runtime::events::Request;
use crate::tui::action::Action;
use crate::tui::effect::Effect;
use crate::tui::model::{Model, Overlay};
use crate::tui::panes::{Goto, PaneId};

const SECOND: i64 = 1_000_000_000;

/// Runs it, or `None` when it is the pane's.
pub(super) fn run(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let at = model.shell.pane as usize;
    let count = PaneId::ALL.len();
    Some(match action {
        Action::Quit => vec![Effect::Quit],
        Action::Suspend => vec![Effect::Suspend],
        Action::Redraw => vec![Effect::Redraw],
        Action::Cancel => cancel(model),
        Action::Help => {
            model.shell.overlay = Some(Overlay::Help { top: 0 });
            Vec::new()
        }
        Action::Palette => {
            overlay::open_palette(model);
            Vec::new()
        }
        Action::NextPane => show(model, PaneId::ALL[(at + 1) % count]),
        Action::PreviousPane => show(model, PaneId::ALL[(at + count - 1) % count]),
        Action::ShowOverview => show(model, PaneId::Overview),
        Action::ShowLogs => show(model, PaneId::Logs),
        Action::ShowIncidents => show(model, PaneId::Incidents),
        Action::ShowCharts => show(model, PaneId::Charts),
        Action::ShowTopology => show(model, PaneId::Topology),
        Action::ShowChat => show(model, PaneId::Chat),
        Action::ShowSql => {
            let cx = model.world.cx();
            let mut effects = model.panes.get_mut(PaneId::Sql).go(&Goto::Prompt, &cx);
            effects.extend(show(model, PaneId::Sql));
            effects
        }
        Action::ShowPatterns => show(model, PaneId::Patterns),
        Action::NextTheme => next_theme(model),
        Action::StopOlder => vec![Effect::Send(Request::LeaveOutOlder)],
        Action::ReadOlder => vec![Effect::Send(Request::ReadLeftOut)],
        _ => return None,
    })
}

/// Goes to a pane by choice: Esc leads nowhere from here.
pub(super) fn show(model: &mut Model, pane: PaneId) -> Vec<Effect> {
    model.shell.trail.clear();
    model.shell.overlay = None;
    model.panes.get_mut(model.shell.pane).leave();
    model.shell.pane = pane;
    let cx = model.world.cx();
    model.panes.get_mut(pane).enter(&cx)
}

/// Stops what runs; with nothing running, asks, and quits when asked again.
fn cancel(model: &mut Model) -> Vec<Effect> {
    let cx = model.world.cx();
    if let Some(effects) = model.panes.get_mut(model.shell.pane).cancel(&cx) {
        model.shell.quit_armed = None;
        return effects;
    }
    let now = model.world.clock.now;
    if model.shell.quit_armed.is_some_and(|until| until > now) {
        return vec![Effect::Quit];
    }
    model.shell.quit_armed = Some(now.plus(2 * SECOND));
    vec![Effect::info("Nothing to cancel here. Ctrl-C again quits.")]
}

fn next_theme(model: &mut Model) -> Vec<Effect> {
    let names = model.themes.names();
    let at = names.iter().position(|n| *n == model.world.theme.name).map_or(0, |i| i + 1);
    let name = &names[at % names.len()];
    match model.themes.load(name, model.depth) {
        Ok(theme) => {
            model.world.theme = theme;
            vec![Effect::info(format!("Theme {name}. Keep it: ui.theme = \"{name}\" in the configuration"))]
        }
        Err(e) => vec![Effect::warn(e.to_string().replace('\n', "; "))],
    }
}
