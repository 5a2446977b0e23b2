//! Draws the Incidents pane: list and detail side by side, or one of them; the preview over both.

use super::around::WIDE as WIDE_EVIDENCE;
use super::state::{Focus, State};
use super::{detail, list};
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::{popup, scroll, text};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// From this width on both parts are shown.
const WIDE: u16 = 100;

/// Where the parts are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Areas {
    pub(super) list: Option<Rect>,
    /// Column of the line between the parts.
    pub(super) rule: Option<u16>,
    pub(super) detail: Option<Rect>,
    /// The cited lines with what lies around them.
    pub(super) around: Option<Rect>,
}

/// Divides `area` as the focus and the width ask for.
pub(super) fn layout(state: &State, area: Rect) -> Areas {
    // One cell of air on both sides.
    let inner = |r: Rect| Rect { x: r.x + 1, width: r.width.saturating_sub(2), ..r };
    if area.width >= WIDE && !state.zoomed {
        let left = (area.width * 37 / 100).clamp(40, 60);
        let list = Rect { width: left, ..area };
        let detail = Rect { x: area.x + left + 1, width: area.width - left - 1, ..area };
        let areas = Areas { list: Some(list), rule: Some(area.x + left), detail: Some(inner(detail)), around: None };
        let proven = state.detail.as_ref().is_some_and(|d| !d.records.is_empty());
        if area.width < WIDE_EVIDENCE || state.focus == Focus::List || !proven {
            return areas;
        }
        // Who reads the diagnosis wants to see what it rests on, not the other incidents.
        let half = area.width * 52 / 100;
        let detail = Rect { width: half, ..area };
        let around = Rect { x: area.x + half + 1, width: area.width - half - 1, ..area };
        let (detail, around) = (Some(inner(detail)), Some(inner(around)));
        return Areas { list: None, rule: Some(area.x + half), detail, around };
    }
    match state.focus {
        Focus::List => Areas { list: Some(area), ..Areas::default() },
        Focus::Detail => Areas { detail: Some(inner(area)), ..Areas::default() },
    }
}

/// The preview's text as rows, and how many are seen.
pub(super) fn preview_rows(prompt: &str, area: Rect, cx: &PaneCx<'_>) -> (Vec<String>, usize) {
    let width = area.width.saturating_sub(6) as usize;
    let safe = |l: &str| text::safe_for(l, cx.glyphs.ascii).into_owned();
    let rows =
        prompt.lines().flat_map(|l| text::wrap(&safe(l), width).into_iter().map(str::to_owned).collect::<Vec<_>>());
    (rows.collect(), area.height.saturating_sub(2) as usize)
}

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    if cx.snapshot.incidents.is_empty() {
        return draw_empty(frame, area, cx);
    }
    if state.draw_comparison(frame, area, cx) {
        return draw_preview(frame, area, cx, state);
    }
    let areas = layout(state, area);
    if let Some(area) = areas.around {
        state.draw_around(frame, area, cx);
    }
    if let Some(area) = areas.list {
        list::draw(frame, area, cx, state);
    }
    if let Some(x) = areas.rule {
        for y in area.top()..area.bottom() {
            frame.buffer_mut().set_string(x, y, cx.glyphs.vertical, cx.style(Role::Border));
        }
    }
    if let Some(area) = areas.detail {
        let document = detail::document(state, cx, area.width as usize);
        document.draw(area, frame.buffer_mut(), state.place.scroll);
        let bar = Rect { x: area.right(), width: 1, ..area }.intersection(frame.area());
        let seen = (state.place.scroll as u64, u64::from(area.height), document.len() as u64);
        let (rail, thumb) = (cx.style(Role::Scrollbar), cx.style(Role::ScrollbarThumb));
        scroll::scrollbar(frame, bar, seen, cx.glyphs, rail, thumb);
    }
    draw_preview(frame, area, cx, state);
    state.draw_chooser(frame, area, cx);
    state.draw_note(frame, area, cx);
}

fn draw_preview(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>, state: &State) {
    let Some((id, prompt, from)) = &state.preview else { return };
    let styles = popup::PopupStyle {
        body: cx.style(Role::Popup),
        title: cx.style(Role::PopupTitle),
        border: cx.style(Role::PopupBorder),
    };
    let title = format!("What a model is sent for {id}, redacted");
    let inside =
        popup::open(frame, popup::centered(area, area.width.saturating_sub(2), area.height), &title, styles, cx.glyphs);
    let (rows, _) = preview_rows(prompt, area, cx);
    for (i, row) in rows.iter().skip(*from).take(inside.height as usize).enumerate() {
        frame.buffer_mut().set_stringn(
            inside.x,
            inside.y + i as u16,
            row,
            inside.width as usize,
            cx.style(Role::Popup),
        );
    }
}

fn draw_empty(frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>) {
    let rows = [
        ("No incident so far.", Role::Title),
        ("", Role::Text),
        (
            "When lines say that something is wrong (an error, a known pattern, a kind of line never seen before),",
            Role::Text,
        ),
        (
            "they are gathered here, one incident per fault, with its cause, a fix and the lines that prove it.",
            Role::Text,
        ),
        ("", Role::Text),
        ("See what was read in Logs, or watch an incident unfold with: aiobs demo", Role::Dim),
    ];
    let width = area.width.saturating_sub(4) as usize;
    let rows = rows.iter().flat_map(|(t, role)| text::wrap(t, width).into_iter().map(move |r| (r, *role)));
    for ((row, role), y) in rows.zip(area.top() + 1..area.bottom()) {
        let at = Rect { x: area.x + 2.min(area.width), y, width: width as u16, height: 1 };
        frame.render_widget(Line::styled(row, cx.style(role)), at.intersection(area));
    }
}
