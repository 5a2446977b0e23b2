//! A text that an answer cites, read in place of the conversation: its title, where it stands, and its words as they were
//! when the answer was given.

use super::conversation::look;
use crate::tui::action::{Action, Context};
use crate::tui::effect::Effect;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::document::{Document, LinkStyles};
use crate::tui::widgets::scroll::scrolled;
use crate::tui::widgets::{markdown, scroll, text};
use aiobs_types::CitedText;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Span;

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Section {
    cited: CitedText,
    scroll: usize,
}

impl Section {
    pub(super) fn new(cited: CitedText) -> Self {
        Self { cited, scroll: 0 }
    }

    fn document(&self, cx: &PaneCx<'_>, width: usize) -> Document<()> {
        let mut doc = Document::new(width, cx.glyphs.ellipsis, LinkStyles::default(), None);
        let safe = |t: &str| text::safe_for(t, cx.glyphs.ascii).into_owned();
        let back = format!("{} back", cx.keys(Context::Chat, Action::Back));
        doc.row_ends(
            vec![Span::styled(safe(&self.cited.title), cx.style(Role::Title))],
            vec![Span::styled(back, cx.style(Role::Dim))],
        );
        let mut about = vec![self.cited.kind.clone()];
        about.extend(self.cited.incident.map(|id| {
            let keys = cx.keys(Context::Chat, Action::Open);
            format!("of incident {id}, which {keys} opens")
        }));
        about.extend(Some(safe(&self.cited.place)).filter(|p| !p.is_empty()));
        doc.row(vec![Span::styled(about.join("  "), cx.style(Role::Dim))]);
        doc.gap();
        markdown::render(&mut doc, &self.cited.text, look(cx), |_| None);
        doc
    }

    /// Keys that move it, and `open` for the incident it belongs to.
    pub(super) fn update(&mut self, action: Action, area: Rect, cx: &PaneCx<'_>) -> Vec<Effect> {
        match (action, self.cited.incident) {
            (Action::Open, Some(id)) => return vec![Effect::OpenIncident(id)],
            (Action::Copy, _) => {
                return vec![Effect::Copy { text: self.cited.text.clone(), what: "text".into() }];
            }
            _ => {}
        }
        let (rows, height) = (self.document(cx, area.width as usize).len(), area.height as usize);
        match action {
            Action::Down => self.scroll += 1,
            Action::Up => self.scroll = self.scroll.saturating_sub(1),
            _ => {
                scrolled(&mut self.scroll, action, rows, height);
            }
        }
        self.scroll = self.scroll.min(rows.saturating_sub(height));
        Vec::new()
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, bar: Rect, cx: &PaneCx<'_>) {
        let document = self.document(cx, area.width as usize);
        let first = self.scroll.min(document.len().saturating_sub(area.height as usize));
        document.draw(area, frame.buffer_mut(), first);
        let seen = (first as u64, u64::from(area.height), document.len() as u64);
        scroll::scrollbar(frame, bar, seen, cx.glyphs, cx.style(Role::Scrollbar), cx.style(Role::ScrollbarThumb));
    }
}
