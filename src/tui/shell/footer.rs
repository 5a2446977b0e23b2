//! The footer line: the actions most likely now, from the action table and the live keys; a message replaces it
//! for some seconds. Over it, what stays wrong until it is not.

use crate::tui::action::Action;
use crate::tui::model::Model;
use crate::tui::panes::PaneId;
use crate::tui::theme::Role;
use crate::tui::widgets::text;
use aiobs_types::Level;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model) {
    let theme = &model.world.theme;
    if let Some((toast, _)) = model.shell.toasts.front() {
        let role = match toast.level {
            Level::Fatal | Level::Error => Role::ToastError,
            Level::Warn => Role::ToastWarn,
            _ => Role::ToastInfo,
        };
        message(frame, area, model, toast.level, &toast.text, role);
        // The way to everything else stays in sight while there is room beside the message.
        let ways = fixed(model);
        let cells: usize = ways.iter().map(|s| text::width(&s.content)).sum();
        if text::width(&toast.text) + cells + 6 <= usize::from(area.width) {
            let at = Rect { x: area.right() - cells as u16, width: cells as u16, ..area };
            frame.buffer_mut().set_style(at, theme.style(Role::Footer));
            frame.render_widget(Line::from(ways), at);
        }
        return;
    }
    frame.buffer_mut().set_style(area, theme.style(Role::Footer));
    let context = model.context();
    let mut actions = if model.shell.overlay.is_some() {
        vec![Action::Submit, Action::Back]
    } else if model.is_start() && model.shell.pane == PaneId::Overview {
        vec![Action::Quit]
    } else {
        model.panes.get(model.shell.pane).hints(&model.world.cx())
    };
    // Always there, and always at the same place.
    actions.retain(|a| !is_fixed(*a));
    actions.extend([Action::Palette, Action::Help]);
    // The most likely ones; more would not be read.
    let mut left_of = 7;
    actions.retain(|a| {
        left_of -= usize::from(!is_fixed(*a)).min(left_of);
        is_fixed(*a) || left_of > 0
    });
    let hints: Vec<(Action, String)> =
        actions.into_iter().filter_map(|a| model.world.keymap.keys_of(context, a).map(|k| (a, k))).collect();
    let cells = |a: Action, k: &str| text::width(k) + 1 + text::width(a.spec().short) + 3;
    let fixed: usize = hints.iter().filter(|(a, _)| is_fixed(*a)).map(|(a, k)| cells(*a, k)).sum();
    let mut left = usize::from(area.width).saturating_sub(1 + fixed);
    let mut spans = vec![Span::raw(" ")];
    for (action, keys) in hints {
        let need = cells(action, &keys);
        if !is_fixed(action) {
            if need > left {
                continue;
            }
            left -= need;
        }
        spans.push(Span::styled(keys, theme.style(Role::Key)));
        spans.push(Span::styled(format!(" {}   ", action.spec().short), theme.style(Role::Footer)));
    }
    frame.render_widget(Line::from(spans), area);
}

/// The hints that are always there.
fn fixed(model: &Model) -> Vec<Span<'static>> {
    let theme = &model.world.theme;
    let mut spans = Vec::new();
    for action in [Action::Palette, Action::Help] {
        if let Some(keys) = model.world.keymap.keys_of(model.context(), action) {
            spans.push(Span::styled(format!("  {keys}"), theme.style(Role::Key)));
            spans.push(Span::styled(format!(" {} ", action.spec().short), theme.style(Role::Footer)));
        }
    }
    spans
}

const fn is_fixed(action: Action) -> bool {
    matches!(action, Action::Palette | Action::Help)
}

/// Draws what stays wrong until it is not, the worst first.
pub(super) fn notices(frame: &mut Frame<'_>, area: Rect, model: &Model) {
    let notices = &model.world.snapshot.notices;
    let Some(worst) = notices.iter().max_by_key(|n| n.level) else { return };
    let role = if worst.level >= Level::Error { Role::ToastError } else { Role::ToastWarn };
    let more = if notices.len() > 1 { format!("   (+{} more)", notices.len() - 1) } else { String::new() };
    message(frame, area, model, worst.level, &format!("{}{more}", worst.text), role);
}

/// A message: its glyph carries the weight, the text stays calm and readable.
fn message(frame: &mut Frame<'_>, area: Rect, model: &Model, level: Level, said: &str, role: Role) {
    let theme = &model.world.theme;
    frame.buffer_mut().set_style(area, theme.style(Role::ToastInfo));
    let glyph = format!(" {} ", model.world.glyphs.level(level));
    let room = usize::from(area.width).saturating_sub(text::width(&glyph) + 1);
    let said = text::truncate(&text::safe(&text::unfenced(said)), room, model.world.glyphs.ellipsis).into_owned();
    let weight = if level >= Level::Warn { Role::Strong } else { Role::ToastInfo };
    let said = Span::styled(said, theme.style(Role::ToastInfo).patch(theme.style(weight)));
    let mut line = Line::from(vec![Span::styled(glyph, theme.style(role)), said]);
    if level < Level::Warn {
        line.spans[0].style = theme.style(Role::ToastInfo);
    }
    frame.render_widget(line, area);
}
