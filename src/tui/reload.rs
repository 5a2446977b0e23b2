//! Theme and keymap files that change while the program runs: a good edit is taken at once, a bad one is told
//! and the last good one stays. Looks at two modification times a second, which costs nothing.

use super::keymap;
use super::model::Model;
use super::options::TuiOptions;
use crate::runtime::events::Toast;
use aiobs_types::Level;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The files, and when they were last changed.
pub(super) struct Watch {
    preset: String,
    keymap: Option<PathBuf>,
    keymap_seen: Option<SystemTime>,
    theme: Option<PathBuf>,
    theme_seen: Option<SystemTime>,
}

impl Watch {
    pub(super) fn new(options: &TuiOptions) -> Self {
        let keymap = options.keymap_file.clone();
        Self {
            preset: options.keymap.clone(),
            keymap_seen: changed(keymap.as_deref()),
            keymap,
            theme: None,
            theme_seen: None,
        }
    }

    /// Loads what changed; what to tell about it.
    pub(super) fn check(&mut self, model: &mut Model) -> Vec<Toast> {
        let mut toasts = Vec::new();
        let at = changed(self.keymap.as_deref());
        if at != self.keymap_seen {
            self.keymap_seen = at;
            match keymap::load(&self.preset, self.keymap.as_deref()) {
                Ok(map) => {
                    model.world.keymap = map;
                    toasts.push(Toast { level: Level::Info, text: "Keys reloaded".into() });
                }
                Err(e) => toasts.push(bad("Keys not changed", &e.to_string())),
            }
        }
        let name = model.world.theme.name.clone();
        let file = model.themes.user_file(&name);
        let at = changed(file.as_deref());
        if file != self.theme {
            // Another theme was chosen; it was loaded just now.
            (self.theme, self.theme_seen) = (file, at);
        } else if at != self.theme_seen {
            self.theme_seen = at;
            match model.themes.load(&name, model.depth) {
                Ok(theme) => {
                    model.world.theme = theme;
                    toasts.push(Toast { level: Level::Info, text: format!("Theme {name} reloaded") });
                }
                Err(e) => toasts.push(bad("Theme not changed", &e.to_string())),
            }
        }
        toasts
    }
}

fn bad(what: &str, why: &str) -> Toast {
    let first = why.lines().next().unwrap_or_default();
    Toast { level: Level::Error, text: format!("{what}: {first}") }
}

fn changed(path: Option<&Path>) -> Option<SystemTime> {
    path.and_then(|p| std::fs::metadata(p).ok()?.modified().ok())
}
