//! How the model changes: `(&mut Model, Input) -> Vec<Effect>`, pure but for the model. One file per group of
//! actions. What is returned are effects on the world; those that move between panes are carried out here.

mod general;
mod keys;
mod mouse;
mod navigate;
mod overlay;

use super::effect::Effect;
use super::event::Input;
use super::model::Model;
use crate::runtime::events::Event;
use crate::tui::panes::{Goto, PaneId};
use crate::tui::session::Session;
use ratatui::layout::Size;

/// Takes one input. The effects returned are for the world.
pub fn update(model: &mut Model, input: Input) -> Vec<Effect> {
    expire(model);
    let effects = match input {
        Input::Key(key) => keys::key(model, key),
        Input::Paste(text) => keys::paste(model, &text),
        Input::Mouse(mouse) => mouse::mouse(model, mouse),
        Input::Resize(width, height) => resize(model, width, height),
        Input::Snapshot(snapshot) => {
            let bars = |m: &Model| m.world.cx().size;
            let before = bars(model);
            model.world.snapshot = snapshot;
            let mut effects = everywhere(model, &Event::Snapshot);
            if bars(model) != before {
                effects.extend(resized(model));
            }
            effects
        }
        Input::Engine(Event::Toast(toast)) => {
            model.toast(toast);
            Vec::new()
        }
        Input::Engine(Event::Attention(text)) => vec![Effect::Attention(text)],
        Input::Engine(event) => everywhere(model, &event),
        Input::Tick => Vec::new(),
    };
    navigate::settle(model, effects)
}

/// The first requests, when the screen opens.
pub fn start(model: &mut Model, pane: PaneId) -> Vec<Effect> {
    let effects = general::show(model, pane);
    navigate::settle(model, effects)
}

/// Puts back the place of the last session in Logs and says so; before [`start`].
pub fn restore(model: &mut Model, session: &Session) -> Vec<Effect> {
    let cx = model.world.cx();
    let mut effects = model.panes.get_mut(PaneId::Logs).go(&Goto::Restore(session.logs()), &cx);
    effects.insert(0, Effect::info("Restored the last session; --fresh starts clean"));
    navigate::settle(model, effects)
}

fn expire(model: &mut Model) {
    let now = model.world.clock.now;
    model.shell.toasts.retain(|(_, until)| *until > now);
    if model.shell.quit_armed.is_some_and(|until| until <= now) {
        model.shell.quit_armed = None;
    }
}

fn everywhere(model: &mut Model, event: &Event) -> Vec<Effect> {
    let cx = model.world.cx();
    let mut effects = Vec::new();
    for id in PaneId::ALL {
        effects.extend(model.panes.get_mut(id).on_event(event, &cx));
    }
    effects
}

fn resize(model: &mut Model, width: u16, height: u16) -> Vec<Effect> {
    model.world.size = Size::new(width, height);
    resized(model)
}

fn resized(model: &mut Model) -> Vec<Effect> {
    let cx = model.world.cx();
    let mut effects = Vec::new();
    for id in PaneId::ALL {
        effects.extend(model.panes.get_mut(id).on_resize(&cx));
    }
    effects
}

/// Opens Logs with a filter, when the command line says so.
pub fn filter(model: &mut Model, text: String) -> Vec<Effect> {
    let effects = navigate::settle(model, vec![Effect::FilterLogs(text)]);
    model.shell.trail.clear();
    effects
}
