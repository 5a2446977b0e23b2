//! Keymaps: files bind chord sequences to actions per context; `file → merge → check → lookup`. Loading is strict:
//! an unknown action, context or chord is an error with file, line and the nearest name.

mod chord;
mod load;

pub use chord::Chord;
pub use load::{KeymapError, load, names};

use crate::tui::action::{Action, Context};
use std::collections::BTreeMap;

/// One binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// What it runs.
    pub action: Action,
    /// What it does, from the file or else from the action table.
    pub desc: String,
}

/// The bindings in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keymap {
    /// The name, as in the file name.
    pub name: String,
    bindings: BTreeMap<(Context, Vec<Chord>), Binding>,
}

/// What a sequence of chords means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// Run this.
    Action(Action),
    /// More chords are needed.
    Pending,
    /// Nothing begins like this.
    None,
}

impl Keymap {
    /// Sets a binding; `action` of `None` removes it.
    pub(crate) fn bind(&mut self, context: Context, keys: Vec<Chord>, binding: Option<Binding>) {
        match binding {
            Some(b) => drop(self.bindings.insert((context, keys), b)),
            None => drop(self.bindings.remove(&(context, keys))),
        }
    }

    /// What `keys` mean in `context` and the contexts under it; the nearest context wins.
    pub fn lookup(&self, context: Context, keys: &[Chord]) -> Lookup {
        for c in context.chain() {
            if let Some(b) = self.bindings.get(&(*c, keys.to_vec())) {
                return Lookup::Action(b.action);
            }
            if self.starting_with(*c, keys).next().is_some() {
                return Lookup::Pending;
            }
        }
        Lookup::None
    }

    fn starting_with<'a>(
        &'a self,
        context: Context,
        keys: &'a [Chord],
    ) -> impl Iterator<Item = (&'a [Chord], &'a Binding)> {
        self.bindings
            .range((context, keys.to_vec())..)
            .take_while(move |((c, k), _)| *c == context && k.starts_with(keys))
            .filter(move |((_, k), _)| k.len() > keys.len())
            .map(|((_, k), b)| (k.as_slice(), b))
    }

    /// How a pending sequence may go on: the rest of the chords and what they do.
    pub fn continuations(&self, context: Context, keys: &[Chord]) -> Vec<(String, String)> {
        context
            .chain()
            .iter()
            .flat_map(|c| self.starting_with(*c, keys))
            .map(|(k, b)| (show(&k[keys.len()..]), b.desc.clone()))
            .collect()
    }

    /// The shortest keys that run `action` in `context`, such as `Ctrl-d` or `g g`.
    pub fn keys_of(&self, context: Context, action: Action) -> Option<String> {
        context.chain().iter().find_map(|c| {
            self.bindings
                .iter()
                .filter(|((bc, keys), b)| bc == c && b.action == action && !self.shadowed(context, *c, keys))
                .map(|((_, keys), _)| keys)
                .min_by_key(|keys| (keys.len(), keys.iter().map(|k| k.plainness()).sum::<u32>(), show(keys).len()))
                .map(|keys| show(keys))
        })
    }

    /// Whether a nearer context gives these keys another meaning.
    fn shadowed(&self, from: Context, at: Context, keys: &[Chord]) -> bool {
        from.chain().iter().take_while(|c| **c != at).any(|c| self.bindings.contains_key(&(*c, keys.to_vec())))
    }

    /// Every binding in force in `context`, for the help: action, all its keys, description.
    pub fn in_force(&self, context: Context) -> Vec<(Action, Vec<String>, String)> {
        let mut rows: BTreeMap<Action, (Vec<String>, String)> = BTreeMap::new();
        for c in context.chain() {
            for ((bc, keys), b) in &self.bindings {
                if bc == c && !self.shadowed(context, *c, keys) {
                    let row = rows.entry(b.action).or_insert_with(|| (Vec::new(), b.desc.clone()));
                    let text = show(keys);
                    if !row.0.contains(&text) {
                        row.0.push(text);
                    }
                }
            }
        }
        for (keys, _) in rows.values_mut() {
            keys.sort_by_key(|k| (k.len(), k.clone()));
        }
        rows.into_iter().map(|(a, (k, d))| (a, k, d)).collect()
    }

    /// All bindings.
    pub fn iter(&self) -> impl Iterator<Item = (Context, &[Chord], &Binding)> {
        self.bindings.iter().map(|((c, k), b)| (*c, k.as_slice(), b))
    }
}

/// Chords as people read them.
pub fn show(keys: &[Chord]) -> String {
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
