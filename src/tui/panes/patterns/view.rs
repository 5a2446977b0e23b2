//! Draws the Patterns pane: list and detail side by side, or one of them.

use super::state::{Focus, State};
use super::{detail, list};
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::{scroll, text};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// From this width on both parts are shown.
const WIDE: u16 = 130;

/// Where the parts are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Areas {
    pub(super) list: Option<Rect>,
    /// Column of the line between the parts.
    pub(super) rule: Option<u16>,
    pub(super) detail: Option<Rect>,
}

/// Divides `area` as the focus and the width ask for.
pub(super) fn layout(state: &State, area: Rect) -> Areas {
    // One cell of air on both sides.
    let inner = |r: Rect| Rect { x: r.x + 1, width: r.width.saturating_sub(2), ..r };
    if area.width >= WIDE && !state.zoomed {
        let left = area.width * 60 / 100;
        let list = Rect { width: left, ..area };
        let detail = Rect { x: area.x + left + 1, width: area.width - left - 1, ..area };
        return Areas { list: Some(list), rule: Some(area.x + left), detail: Some(inner(detail)) };
    }
    match state.focus {
        Focus::List => Areas { list: Some(area), ..Areas::default() },
        Focus::Detail => Areas { detail: Some(inner(area)), ..Areas::default() },
    }
}

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    if state.data.rows.is_empty() {
        return draw_empty(frame, area, cx, state);
    }
    let areas = layout(state, area);
    if let Some(area) = areas.list {
        list::draw(frame, area, cx, state);
    }
    if let Some(x) = areas.rule {
        for y in area.top()..area.bottom() {
            frame.buffer_mut().set_string(x, y, cx.glyphs.vertical, cx.style(Role::Border));
        }
    }
    if let Some(area) = areas.detail {
        let document = detail::document(state, cx, usize::from(area.width));
        document.draw(area, frame.buffer_mut(), state.place.scroll);
        let bar = Rect { x: area.right(), width: 1, ..area }.intersection(frame.area());
        let seen = (state.place.scroll as u64, u64::from(area.height), document.len() as u64);
        let (rail, thumb) = (cx.style(Role::Scrollbar), cx.style(Role::ScrollbarThumb));
        scroll::scrollbar(frame, bar, seen, cx.glyphs, rail, thumb);
    }
    state.draw_typed(frame, area, cx);
}

fn draw_empty(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    let rows: &[(&str, Role)] = if state.loaded {
        &[
            ("No pattern so far.", Role::Title),
            ("", Role::Text),
            (
                "Lines that the same statement of a program wrote are one pattern: its words stay, its values vary.",
                Role::Text,
            ),
            (
                "Here is how often each comes, since when, whether it surges or has vanished, and which values are odd.",
                Role::Text,
            ),
            ("", Role::Text),
            (
                "They appear as soon as lines are read. Name files when you start, or see how it looks with: aiobs demo",
                Role::Dim,
            ),
        ]
    } else {
        &[("Loading ...", Role::Dim)]
    };
    let width = usize::from(area.width.saturating_sub(4));
    let rows = rows.iter().flat_map(|(t, role)| text::wrap(t, width).into_iter().map(move |r| (r, *role)));
    for ((row, role), y) in rows.zip(area.top() + 1..area.bottom()) {
        let at = Rect { x: area.x + 2.min(area.width), y, width: width as u16, height: 1 };
        frame.render_widget(Line::styled(row, cx.style(role)), at.intersection(area));
    }
}
