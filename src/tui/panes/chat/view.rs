//! Draws the Chat pane: conversation, scope, editor.

use super::state::State;
use super::{choose, command, conversation};
use crate::runtime::events::ModelState;
use crate::tui::action::{Action, Context};
use crate::tui::format::{compact, percent};
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::suggest::SuggestStyle;
use crate::tui::widgets::{scroll, text};
use aiobs_types::{ChatScope, ChatUsage};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// Where the parts are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Areas {
    pub(super) text: Rect,
    scope: Rect,
    pub(super) editor: Rect,
}

/// Cells of a row of text: lines of a hundred cells are the longest that read well.
const MOST_CELLS: u16 = 110;

/// Divides `area`; the editor grows with its text to a third of the height.
pub(super) fn layout(state: &State, area: Rect, _cx: &PaneCx<'_>) -> Areas {
    let area = Rect { x: area.x + 1.min(area.width), width: area.width.saturating_sub(2), ..area };
    let cells = area.width.saturating_sub(3).max(1) as usize;
    let rows: usize = state.editor.lines().iter().map(|l| text::width(&text::safe(l)) / cells + 1).sum();
    let most = (area.height / 3).max(1);
    let editor = (rows as u16).clamp(1, most).min(area.height);
    let scope = 1.min(area.height - editor);
    let gap = 1.min(area.height - editor - scope);
    let height = area.height - editor - scope - gap;
    let at = |y: u16, height: u16| Rect { y: area.y + y, height, ..area };
    Areas {
        text: Rect { width: area.width.min(MOST_CELLS), ..at(0, height) },
        scope: at(height + gap, scope),
        editor: at(height + gap + scope, editor),
    }
}

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    let areas = layout(state, area, cx);
    let bar = Rect { x: area.right().saturating_sub(1), width: 1.min(area.width), ..areas.text };
    if let Some(talks) = &state.talks {
        talks.draw(frame, areas.text, bar, state.conversation.as_ref().map(|c| c.id), cx);
    } else if let Some(choosing) = &state.choosing {
        state.draw_choice(frame, areas.text, choosing, cx);
    } else if let Some(section) = &state.section {
        section.draw(frame, areas.text, bar, cx);
    } else {
        draw_conversation(frame, areas.text, bar, cx, state);
    }
    draw_scope(frame, areas.scope, cx, state);
    draw_editor(frame, areas.editor, cx, state);
    if state.editing && !state.suggest.is_empty() {
        let style =
            SuggestStyle { body: cx.style(Role::Popup), chosen: cx.style(Role::Selection), about: cx.style(Role::Dim) };
        state.suggest.draw_above(frame, Rect { height: areas.text.height, ..area }, areas.scope.y, style, cx.glyphs);
    }
}

fn draw_conversation(frame: &mut Frame<'_>, area: Rect, bar: Rect, cx: &PaneCx<'_>, state: &State) {
    let areas = Areas { text: area, ..Areas::default() };
    let (document, _) = conversation::flow(state, cx, areas.text.width as usize);
    let place = state.place(document.len(), areas.text.height as usize);
    document.draw(areas.text, frame.buffer_mut(), place.scroll);
    let seen = (place.scroll as u64, u64::from(areas.text.height), document.len() as u64);
    scroll::scrollbar(frame, bar, seen, cx.glyphs, cx.style(Role::Scrollbar), cx.style(Role::ScrollbarThumb));
}

fn draw_scope(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    let typed = state.editor.lines().first().map_or("", String::as_str);
    let commands = if state.editing { command::matching(typed) } else { Vec::new() };
    if let [(name, takes, about)] = commands[..] {
        let text = format!("/{name} {takes}  {about}");
        let spans = vec![Span::styled(text, cx.style(Role::Dim))];
        return frame.render_widget(text::truncate_line(spans, area.width as usize, cx.glyphs.ellipsis), area);
    }
    let scope = state.patterns.scope(&state.scope, cx);
    let mut spans = if state.scope == ChatScope::All {
        vec![Span::styled(format!("scope: {scope}"), cx.style(Role::Dim))]
    } else {
        let clear = cx.keys(if state.editing { Context::Editor } else { Context::Chat }, Action::ClearScope);
        vec![
            Span::styled(format!(" scope: {scope} {} ", cx.glyphs.cross), cx.style(Role::Chip)),
            Span::styled(format!(" {clear} asks about everything"), cx.style(Role::Dim)),
        ]
    };
    if state.instead.is_some() {
        spans.insert(0, Span::styled("in place of the last question   ", cx.style(Role::Accent)));
    }
    let without = match &cx.snapshot.model {
        ModelState::Ready { .. } => None,
        ModelState::Checking => Some("looking for a model".to_owned()),
        ModelState::Disabled => Some("the model is switched off: answers are composed from the archive".to_owned()),
        ModelState::Offline { .. } => Some("no model answers: answers are composed from the archive".to_owned()),
    };
    if let Some(note) = without {
        spans.push(Span::styled(format!("   {note}"), cx.style(Role::Warn)));
    }
    if let Some(m) = &state.model {
        let name = text::safe_for(&choose::named(m), cx.glyphs.ascii).into_owned();
        spans.push(Span::styled(format!("   {name} answers"), cx.style(Role::Accent)));
    }
    let meter = meter(state).map(|m| Span::styled(m, cx.style(Role::Dim)));
    let taken = meter.iter().map(|s| text::width(&s.content) + 2).sum::<usize>();
    let room = (area.width as usize).saturating_sub(taken);
    frame.render_widget(text::truncate_line(spans, room, cx.glyphs.ellipsis), area);
    if let Some(meter) = meter.filter(|_| room > taken) {
        let width = text::width(&meter.content) as u16;
        frame.render_widget(meter, Rect { x: area.right() - width, width, ..area });
    }
}

/// How full the context was at the last answer of a model, and what the conversation took so far.
fn meter(state: &State) -> Option<String> {
    // An answer out of the cache was no call: it filled nothing.
    let called = |u: &ChatUsage| u.filled + u.input_tokens + u.output_tokens > 0;
    let last = state.history.iter().rev().find_map(|m| m.usage.filter(called))?;
    let filled = if last.filled > 0 { last.filled } else { last.input_tokens + last.output_tokens };
    let mut out = String::new();
    if last.context > 0 {
        let share = (filled as f64 / f64::from(last.context)).min(1.0);
        out = format!("context {} of {}", percent(share), compact(f64::from(last.context)));
    }
    if let Some(micro) = state.conversation.as_ref().and_then(|c| c.cost_micro_usd).filter(|c| *c > 0) {
        out = format!("{out}  ${:.4}", micro as f64 / 1e6);
    }
    Some(out)
}

fn draw_editor(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    if area.is_empty() {
        return;
    }
    let role = if state.editing { Role::Accent } else { Role::Faint };
    frame.render_widget(Span::styled(cx.glyphs.step, cx.style(role)), Rect { width: 1, height: 1, ..area });
    let room = Rect { x: area.x + 2.min(area.width), width: area.width.saturating_sub(2), ..area };
    if !state.editing && state.editor.is_empty() {
        let edit = cx.keys(Context::Chat, Action::Edit);
        let line = Line::styled(format!("{edit} writes a question"), cx.style(Role::Faint));
        return frame.render_widget(line, room);
    }
    let mut editor = state.editor.clone();
    editor.set_style(cx.style(Role::Input));
    editor.set_cursor_line_style(Style::new());
    editor.set_cursor_style(if state.editing { Style::new().reversed() } else { Style::new() });
    let new_line = cx.keys(Context::Editor, Action::NewLine);
    let submit = cx.keys(Context::Editor, Action::Submit);
    editor.set_placeholder_text(format!("Ask ... {submit} sends, {new_line} begins a new line"));
    editor.set_placeholder_style(cx.style(Role::Faint));
    frame.render_widget(&editor, room);
}
