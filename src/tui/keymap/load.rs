//! Keymap files: the preset, then the user's file over it.
//!
//! ```toml
//! inherits = "default"        # optional, the preset to start from
//! logs = [
//!   { on = "x", run = "exclude_component" },
//!   { on = ["g g", "home"], run = "top", desc = "To the beginning" },
//!   { on = "e", run = "none" },            # takes a binding away
//! ]
//! ```

use super::{Binding, Chord, Keymap};
use crate::tui::action::{Action, Context, TABLE};
use crate::tui::fault::{Fault, Faults, Report, nearest};
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Everything wrong with a keymap.
pub type KeymapError = Faults;

const EMBEDDED: [(&str, &str); 3] = [
    ("default", include_str!("../../../keymaps/default.toml")),
    ("emacs", include_str!("../../../keymaps/emacs.toml")),
    ("arrows", include_str!("../../../keymaps/arrows.toml")),
];

/// Names of the presets.
pub fn names() -> Vec<&'static str> {
    EMBEDDED.iter().map(|(n, _)| *n).collect()
}

/// Loads a preset and, if there is one, the user's file over it.
///
/// # Errors
/// Every mistake with file and line.
pub fn load(preset: &str, user: Option<&Path>) -> Result<Keymap, KeymapError> {
    let mut map = Keymap { name: preset.to_owned(), ..Keymap::default() };
    let own = user.and_then(|p| std::fs::read_to_string(p).ok().map(|t| (p.display().to_string(), t)));
    if let Some((file, text)) = &own {
        let base = inherits(file, text)?.unwrap_or_else(|| preset.to_owned());
        add_preset(&mut map, &base, &mut Vec::new())?;
        apply(&mut map, file, text)?;
    } else {
        add_preset(&mut map, preset, &mut Vec::new())?;
    }
    Ok(map)
}

fn add_preset(map: &mut Keymap, name: &str, seen: &mut Vec<String>) -> Result<(), Faults> {
    let Some((_, text)) = EMBEDDED.iter().find(|(n, _)| *n == name) else {
        let text = format!("there is no keymap \"{name}\"{} (keymaps: {})", nearest(name, names()), names().join(", "));
        return Err(Faults(vec![Fault { file: "keymap".into(), line: 1, text }]));
    };
    let file = format!("keymaps/{name}.toml");
    if seen.contains(&file) {
        let text = format!("keymaps inherit in a circle: {} → {file}", seen.join(" → "));
        return Err(Faults(vec![Fault { file, line: 1, text }]));
    }
    seen.push(file.clone());
    if let Some(base) = inherits(&file, text)? {
        add_preset(map, &base, seen)?;
    }
    apply(map, &file, text)
}

fn inherits(file: &str, text: &str) -> Result<Option<String>, Faults> {
    let mut report = Report::new(file, text);
    let base = match DeTable::parse(text) {
        Ok(t) => match t.get_ref().get("inherits") {
            None => None,
            Some(v) => match v.get_ref().as_str() {
                Some(s) if EMBEDDED.iter().any(|(n, _)| *n == s) => Some(s.to_owned()),
                Some(s) => {
                    let near = nearest(s, names());
                    report.add(
                        v.span().start,
                        format!("there is no keymap \"{s}\"{near} (keymaps: {})", names().join(", ")),
                    );
                    None
                }
                None => {
                    report.add(v.span().start, "`inherits` must be the name of a keymap in quotes");
                    None
                }
            },
        },
        Err(e) => {
            report.toml(&e);
            None
        }
    };
    report.finish(base)
}

fn apply(map: &mut Keymap, file: &str, text: &str) -> Result<(), Faults> {
    let mut report = Report::new(file, text);
    let table = match DeTable::parse(text) {
        Ok(t) => t,
        Err(e) => {
            report.toml(&e);
            return report.finish(());
        }
    };
    let mut bound: Vec<(Context, Vec<Chord>)> = Vec::new();
    for (key, value) in table.get_ref() {
        if key.get_ref() == "inherits" {
            continue;
        }
        let Some(context) = Context::parse(key.get_ref()) else {
            let near = nearest(key.get_ref(), Context::ALL.map(Context::name));
            let all = Context::ALL.map(Context::name).join(", ");
            report.add(key.span().start, format!("unknown context \"{}\"{near} (contexts: {all})", key.get_ref()));
            continue;
        };
        let Some(rows) = value.get_ref().as_array() else {
            report.add(value.span().start, "a context is a list of { on, run, desc }");
            continue;
        };
        for row in rows {
            entry(map, context, row, &mut bound, &mut report);
        }
    }
    report.finish(())
}

fn entry(
    map: &mut Keymap,
    context: Context,
    row: &Spanned<DeValue<'_>>,
    bound: &mut Vec<(Context, Vec<Chord>)>,
    report: &mut Report<'_>,
) {
    let Some(t) = row.get_ref().as_table() else {
        report.add(row.span().start, "a binding is { on = \"keys\", run = \"action\" }");
        return;
    };
    for (k, _) in t {
        if !["on", "run", "desc"].contains(&k.get_ref().as_ref()) {
            let near = nearest(k.get_ref(), ["on", "run", "desc"]);
            report.add(k.span().start, format!("unknown key \"{}\"{near}", k.get_ref()));
        }
    }
    let binding = match t.get("run").map(|v| (v, v.get_ref().as_str())) {
        Some((_, Some("none"))) => None,
        Some((v, Some(name))) => match Action::parse(name) {
            Some(action) if action.allowed_in(context) => {
                let desc = t.get("desc").and_then(|d| d.get_ref().as_str()).unwrap_or(action.spec().description);
                Some(Binding { action, desc: desc.to_owned() })
            }
            Some(action) => {
                let places: Vec<_> = action.spec().contexts.iter().map(|c| c.name()).collect();
                let places = places.join(", ");
                report.add(
                    v.span().start,
                    format!("\"{name}\" does nothing in {} (it works in: {places})", context.name()),
                );
                return;
            }
            None => {
                let near = nearest(name, TABLE.iter().map(|s| s.name));
                report.add(v.span().start, format!("unknown action \"{name}\"{near}"));
                return;
            }
        },
        _ => {
            report.add(row.span().start, "a binding needs `run`, the name of an action in quotes");
            return;
        }
    };
    let on = t.get("on");
    let texts: Vec<_> = match on.map(|v| (v, v.get_ref())) {
        Some((v, DeValue::String(_))) => vec![v],
        Some((_, DeValue::Array(list))) => list.iter().collect(),
        _ => Vec::new(),
    };
    if texts.is_empty() {
        report.add(
            on.map_or(row.span().start, |v| v.span().start),
            "a binding needs `on`, keys in quotes or a list of them",
        );
    }
    for v in texts {
        let Some(text) = v.get_ref().as_str() else {
            report.add(v.span().start, "keys are a text in quotes");
            continue;
        };
        match Chord::parse_sequence(text) {
            Err(e) => report.add(v.span().start, e),
            Ok(keys) => {
                if let Some(e) = conflict(bound, context, &keys) {
                    report.add(v.span().start, e);
                }
                bound.push((context, keys.clone()));
                map.bind(context, keys, binding.clone());
            }
        }
    }
}

/// Bound twice in one file, or hidden behind a shorter sequence.
fn conflict(bound: &[(Context, Vec<Chord>)], context: Context, keys: &[Chord]) -> Option<String> {
    let text = super::show(keys);
    bound.iter().filter(|(c, _)| *c == context).find_map(|(_, other)| {
        if other == keys {
            Some(format!("\"{text}\" is bound twice in {}", context.name()))
        } else if keys.starts_with(other) || other.starts_with(keys) {
            let o = super::show(other);
            Some(format!(
                "\"{text}\" and \"{o}\" in {} begin alike: the longer one could never be typed",
                context.name()
            ))
        } else {
            None
        }
    })
}
