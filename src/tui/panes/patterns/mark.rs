//! What a person says of a pattern: a name, a note, that it raises no incident, that it is useful or noise. The pane shows it
//! at once and sends it to the engine, which keeps it.

use super::state::State;
use crate::runtime::events::{Pattern, Request};
use crate::tui::action::Action;
use crate::tui::effect::Effect;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::lineedit::LineEdit;
use aiobs_types::{Level, TemplateMark};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Longest name, in characters: it stands in lists.
const NAME: usize = 80;

/// What is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    Name,
    Note,
}

impl Typed {
    /// What is written before it.
    const fn asks(self) -> &'static str {
        match self {
            Self::Name => " Name of the pattern: ",
            Self::Note => " Note on the pattern: ",
        }
    }
}

impl State {
    /// Carries out a word on the selected pattern, or begins to type it.
    pub(super) fn say(&mut self, action: Action) -> Vec<Effect> {
        let Some(pattern) = self.current() else { return vec![Effect::warn("No pattern is selected")] };
        let typed = |what, text: &str| {
            let mut edit = LineEdit::default();
            edit.set(text);
            Some((what, edit))
        };
        match action {
            Action::NamePattern => self.edit = typed(Typed::Name, &pattern.mark.name),
            Action::Note => self.edit = typed(Typed::Note, &pattern.mark.note),
            Action::Mute => {
                let (said, muted) = (mute_words(pattern), !pattern.mark.muted);
                let mut effects = self.mark(|mark| mark.muted = muted);
                effects.push(Effect::info(said));
                return effects;
            }
            Action::Useful | Action::Noise => return self.rate(action == Action::Useful),
            _ => {}
        }
        Vec::new()
    }

    /// Changes what is said of the selected one.
    fn mark(&mut self, change: impl FnOnce(&mut TemplateMark)) -> Vec<Effect> {
        let Some(row) = self.shown.get(self.at()).and_then(|i| self.data.rows.get_mut(*i)) else { return Vec::new() };
        change(&mut row.mark);
        vec![Effect::Send(Request::MarkPattern(row.id, row.mark.clone()))]
    }

    fn rate(&mut self, useful: bool) -> Vec<Effect> {
        let Some(row) = self.shown.get(self.at()).and_then(|i| self.data.rows.get_mut(*i)) else { return Vec::new() };
        row.rated = Some(useful);
        let (word, rank) = if useful { ("useful", "higher") } else { ("noise", "lower") };
        let text = format!("Noted: this pattern is {word}; what is said alike ranks {rank} from now on");
        vec![Effect::Send(Request::RatePattern(row.id, useful)), Effect::info(text)]
    }

    /// Keys of the line that is typed.
    pub(super) fn type_mark(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        match action {
            Action::Back => self.edit = None,
            Action::DeleteAll => {
                if let Some((_, edit)) = &mut self.edit {
                    edit.set("");
                }
            }
            Action::Submit => {
                let Some((what, edit)) = self.edit.take() else { return Vec::new() };
                let text = edit.text().trim().to_owned();
                let mut effects = self.mark(|mark| match what {
                    Typed::Name => mark.name = text.chars().take(NAME).collect(),
                    Typed::Note => mark.note = text,
                });
                // It may be found by its name now, or no more.
                effects.extend(self.arrange(cx));
                return effects;
            }
            _ => {}
        }
        Vec::new()
    }

    /// Draws the line that is typed, over the last row.
    pub(super) fn draw_typed(&self, frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>) {
        let Some((what, edit)) = &self.edit else { return };
        let asks = what.asks();
        let row = Rect { y: area.bottom().saturating_sub(1), height: area.height.min(1), ..area };
        let room = usize::from(row.width).saturating_sub(asks.len() + 1);
        let (span, at) = edit.view(room, cx.style(Role::Input), cx.glyphs.ellipsis);
        frame.render_widget(ratatui::widgets::Clear, row);
        frame.render_widget(Line::from(vec![Span::styled(asks, cx.style(Role::Key)), span]), row);
        frame.set_cursor_position((row.x + asks.len() as u16 + at, row.y));
    }
}

/// What muting it, or no longer, means.
fn mute_words(pattern: &Pattern) -> &'static str {
    match (pattern.mark.muted, pattern.level) {
        (true, _) => "No longer muted: its lines raise incidents again",
        (false, Level::Fatal) => "Muted: it raises no incident from now on, but for its fatal lines",
        (false, _) => "Muted: it raises no incident from now on; M takes it back",
    }
}
