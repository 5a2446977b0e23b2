//! Draws the frame around the panes: header, notices, footer, overlays, the start page, and the notice on
//! terminals that are too small. Reads the model, changes nothing.

mod footer;
mod header;
mod help;
mod palette;
mod pending;
mod start;

pub(super) use header::pane_at;
pub(super) use help::{height as help_height, rows as help_rows};
pub(super) use palette::{command_at, height as palette_height};

use super::format;
use super::model::{Model, Overlay};
use super::panes::{PaneId, family};
use super::theme::{Role, Theme};
use super::widgets::popup::PopupStyle;
use super::widgets::text;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// The least the screen works on.
pub const MIN_WIDTH: u16 = 60;
/// The least the screen works on.
pub const MIN_HEIGHT: u16 = 15;

/// Draws everything.
pub fn draw(frame: &mut Frame<'_>, model: &Model) {
    let area = frame.area();
    frame.buffer_mut().set_style(area, model.world.theme.style(Role::Text));
    if area.width < MIN_WIDTH || area.height < MIN_HEIGHT {
        too_small(frame, area, model);
        return;
    }
    let notice = u16::from(!model.world.snapshot.notices.is_empty());
    let top = Rect { height: 1, ..area };
    let bottom = Rect { y: area.bottom() - 1, height: 1, ..area };
    let body = Rect { y: area.y + 1, height: area.height - 2 - notice, ..area };
    header::draw(frame, top, model);
    if model.is_start() && model.shell.pane == PaneId::Overview {
        start::draw(frame, body, model);
    } else {
        model.panes.get(model.shell.pane).view(frame, body, &model.world.cx());
    }
    if notice > 0 {
        footer::notices(frame, Rect { y: area.bottom() - 2, height: 1, ..area }, model);
    }
    footer::draw(frame, bottom, model);
    match &model.shell.overlay {
        Some(Overlay::Help { top }) => help::draw(frame, area, model, *top),
        Some(Overlay::Palette(p)) => palette::draw(frame, area, model, p),
        None => {}
    }
    if !model.shell.pending.is_empty() {
        pending::draw(frame, body, model);
    }
    if model.world.glyphs.ascii {
        only_ascii(frame);
    }
}

/// The last gate before a terminal that shows no Unicode, whatever a text held.
fn only_ascii(frame: &mut Frame<'_>) {
    for cell in &mut frame.buffer_mut().content {
        if !cell.symbol().is_ascii() {
            let plain = match cell.symbol() {
                "↑" => "^",
                "↓" => "v",
                "←" => "<",
                "→" => ">",
                _ => "?",
            };
            cell.set_symbol(plain);
        }
    }
}

fn popup_style(theme: &Theme) -> PopupStyle {
    PopupStyle {
        body: theme.style(Role::Popup),
        title: theme.style(Role::PopupTitle),
        border: theme.style(Role::PopupBorder),
    }
}

/// What is said when there is no room: what is wrong, what is needed, how to leave, and the one number that matters.
fn too_small(frame: &mut Frame<'_>, area: Rect, model: &Model) {
    let open = format::plural(family::open(&model.world.snapshot.incidents) as u64, "open incident");
    let said =
        format!("{}x{} is too small, aiobs needs {MIN_WIDTH}x{MIN_HEIGHT}. {open}. q quits.", area.width, area.height);
    let rows = text::wrap(&said, usize::from(area.width));
    let from = usize::from(area.height).saturating_sub(rows.len()) / 2;
    for (i, row) in rows.into_iter().take(usize::from(area.height)).enumerate() {
        let row_area = Rect { y: area.y + (from + i) as u16, height: 1, ..area };
        if row_area.y < area.bottom() {
            let line = Line::from(Span::styled(row.to_owned(), model.world.theme.style(Role::Strong))).centered();
            frame.render_widget(line, row_area);
        }
    }
}
