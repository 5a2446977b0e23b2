//! The chords that may follow the ones typed so far.

use crate::tui::keymap;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::{popup, text};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Draws them in the lower right corner.
pub(super) fn draw(frame: &mut Frame<'_>, body: Rect, model: &Model) {
    let theme = &model.world.theme;
    let glyphs = &model.world.glyphs;
    let next = model.world.keymap.continuations(model.context(), &model.shell.pending);
    let keys_width = next.iter().map(|(k, _)| text::width(k)).max().unwrap_or(1);
    let desc_width = next.iter().map(|(_, d)| text::width(d)).max().unwrap_or(1);
    let width = (keys_width + desc_width + 6).min(usize::from(body.width)) as u16;
    let height = (next.len() as u16 + 2).min(body.height);
    let place = Rect::new(body.right() - width, body.bottom() - height, width, height);
    let title = keymap::show(&model.shell.pending);
    let inner = popup::open(frame, place, &title, super::popup_style(theme), glyphs);
    for (i, (keys, desc)) in next.iter().take(usize::from(inner.height)).enumerate() {
        let line = Line::from(vec![
            Span::styled(text::fit(keys, keys_width, glyphs.ellipsis), theme.style(Role::Key)),
            Span::raw("  "),
            Span::styled(desc.clone(), theme.style(Role::Popup)),
        ]);
        frame.render_widget(line, Rect { y: inner.y + i as u16, height: 1, ..inner });
    }
}
