//! From a key to an action: sequences, contexts, and text for those who type.

use super::{general, overlay};
use crate::tui::action::{Action, Context};
use crate::tui::effect::Effect;
use crate::tui::keymap::{Chord, Lookup};
use crate::tui::model::{Model, Overlay};
use crossterm::event::{KeyCode, KeyEvent};

/// A key went down.
pub(super) fn key(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    let context = model.context();
    let chord = Chord::from_event(key);
    // Esc in the middle of a sequence leaves the sequence.
    if !model.shell.pending.is_empty() && key.code == KeyCode::Esc {
        model.shell.pending.clear();
        return Vec::new();
    }
    let mut keys = std::mem::take(&mut model.shell.pending);
    keys.push(chord);
    match model.world.keymap.lookup(context, &keys) {
        Lookup::Action(action) => run(model, action),
        Lookup::Pending => {
            model.shell.pending = keys;
            Vec::new()
        }
        // A sequence that leads nowhere ends; its last key is not taken for a command of its own.
        Lookup::None if keys.len() > 1 => Vec::new(),
        Lookup::None if context.takes_text() => text(model, context, key),
        Lookup::None => Vec::new(),
    }
}

fn text(model: &mut Model, context: Context, key: KeyEvent) -> Vec<Effect> {
    if context == Context::Palette {
        return overlay::palette_key(model, key);
    }
    let cx = model.world.cx();
    model.panes.get_mut(model.shell.pane).on_key(key, &cx)
}

/// Text was pasted.
pub(super) fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    let context = model.context();
    if context == Context::Palette {
        return overlay::palette_paste(model, text);
    }
    if !context.takes_text() {
        return Vec::new();
    }
    let cx = model.world.cx();
    model.panes.get_mut(model.shell.pane).on_paste(text, &cx)
}

/// Runs an action where the user is.
pub(super) fn run(model: &mut Model, action: Action) -> Vec<Effect> {
    if action != Action::Cancel {
        model.shell.quit_armed = None;
    }
    match model.shell.overlay {
        Some(Overlay::Help { .. }) => {
            if let Some(effects) = overlay::help(model, action) {
                return effects;
            }
        }
        Some(Overlay::Palette(_)) => {
            if let Some(effects) = overlay::palette(model, action) {
                return effects;
            }
        }
        None => {}
    }
    if let Some(effects) = general::run(model, action) {
        return effects;
    }
    let cx = model.world.cx();
    model.panes.get_mut(model.shell.pane).update(action, &cx)
}
