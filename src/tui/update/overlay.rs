//! The help and the command palette.

use super::keys;
use crate::tui::action::{Action, Context, TABLE};
use crate::tui::effect::Effect;
use crate::tui::model::{Model, Overlay, Palette};
use crate::tui::shell;
use crate::tui::widgets::scroll;
use crate::tui::words::WordCommand;
use crossterm::event::KeyEvent;
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// An action while the help is open; `None` passes it on.
pub(super) fn help(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let len = shell::help_rows(model).len();
    let height = shell::help_height(model.world.size);
    let Some(Overlay::Help { top }) = &mut model.shell.overlay else { return None };
    match action {
        Action::Back | Action::Help | Action::Open => model.shell.overlay = None,
        a if scroll::scrolled(top, a, len, height) => {}
        // Leaving, moving between panes and the like work as ever; what is the pane's does nothing here.
        a if a.spec().section == crate::tui::action::Section::General => {
            model.shell.overlay = None;
            return None;
        }
        _ => {}
    }
    Some(Vec::new())
}

/// Opens the palette with everything that can be done here.
pub(super) fn open_palette(model: &mut Model) {
    model.shell.overlay = None;
    let hits = candidates(model.panes.get(model.shell.pane).context());
    model.shell.overlay = Some(Overlay::Palette(Palette { hits, ..Palette::default() }));
}

/// An action while the palette is open; `None` passes it on.
pub(super) fn palette(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let height = shell::palette_height(model.world.size);
    let Some(Overlay::Palette(p)) = &mut model.shell.overlay else { return None };
    match action {
        Action::Back | Action::Cancel => model.shell.overlay = None,
        Action::Submit => {
            if let Some((command, words)) = WordCommand::parse(p.input.text()) {
                let effect = command.run(words).unwrap_or_else(Effect::warn);
                model.shell.overlay = None;
                return Some(vec![effect]);
            }
            let chosen = p.hits.get(p.cursor.at).copied();
            model.shell.overlay = None;
            return Some(chosen.map(|a| keys::run(model, a)).unwrap_or_default());
        }
        Action::DeleteAll => {
            p.input.set("");
            refresh(model);
        }
        a if p.cursor.moved(a, p.hits.len(), height) => {}
        _ => return None,
    }
    Some(Vec::new())
}

/// A key typed into the palette.
pub(super) fn palette_key(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    if let Some(Overlay::Palette(p)) = &mut model.shell.overlay
        && p.input.on_key(key)
    {
        refresh(model);
    }
    Vec::new()
}

/// Text pasted into the palette.
pub(super) fn palette_paste(model: &mut Model, text: &str) -> Vec<Effect> {
    if let Some(Overlay::Palette(p)) = &mut model.shell.overlay {
        p.input.insert(text);
        refresh(model);
    }
    Vec::new()
}

fn refresh(model: &mut Model) {
    let all = candidates(model.panes.get(model.shell.pane).context());
    if let Some(Overlay::Palette(p)) = &mut model.shell.overlay {
        p.hits = rank(all, p.input.text());
        p.cursor = scroll::Cursor::default();
    }
}

/// Actions that can be chosen by name in a context: those of the pane first.
fn candidates(context: Context) -> Vec<Action> {
    let works = |a: Action| {
        let c = a.spec().contexts;
        c.contains(&context) || c.contains(&Context::Global) || c.contains(&Context::Always)
    };
    let mut out: Vec<Action> = TABLE.iter().map(|s| s.action).filter(|a| works(*a)).collect();
    out.retain(|a| !matches!(a, Action::Palette | Action::Back | Action::Submit | Action::Cancel));
    out.sort_by_key(|a| !a.spec().contexts.contains(&context));
    out
}

/// Those that fit what was typed, best first. Names count more than descriptions.
fn rank(actions: Vec<Action>, typed: &str) -> Vec<Action> {
    if typed.trim().is_empty() {
        return actions;
    }
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
    let mut buf = Vec::new();
    let mut score = |text: &str| pattern.score(Utf32Str::new(text, &mut buf), &mut matcher);
    let mut hits: Vec<(u32, Action)> = actions
        .into_iter()
        .filter_map(|a| {
            let spec = a.spec();
            let name = score(&spec.name.replace('_', " ")).map(|s| s * 2);
            let rest = score(spec.description);
            name.max(rest).map(|s| (s, a))
        })
        .collect();
    hits.sort_by_key(|(s, _)| std::cmp::Reverse(*s));
    hits.into_iter().map(|(_, a)| a).collect()
}
