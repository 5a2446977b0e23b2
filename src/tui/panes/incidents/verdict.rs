//! A person's word on a diagnosis: right, partly, wrong, the fix applied or not, and what it really was. Used by the
//! Incidents pane; it sends verdicts and keeps none.

use super::state::State;
use crate::runtime::events::Request;
use crate::tui::action::Action;
use crate::tui::effect::Effect;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::lineedit::LineEdit;
use aiobs_types::{Judgement, Verdict};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// What is written before the typed words.
const ASKS: &str = " What it was, or a note: ";

impl State {
    /// Judges the diagnosis on the screen, or begins to.
    pub(super) fn judge(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some(id) = self.current(cx).map(|i| i.id) else { return Vec::new() };
        let Some((diagnosis, before)) =
            self.loaded(cx).and_then(|d| Some((d.diagnosis.as_ref()?.id, d.verdict.clone())))
        else {
            return vec![Effect::warn(format!("{id} has no diagnosis to judge yet"))];
        };
        // What was said before of the same diagnosis stays, but for what is said now.
        let before = before.filter(|v| v.diagnosis == diagnosis || v.diagnosis == 0);
        let now = cx.clock.now;
        let base = |judgement| match before.clone() {
            Some(v) => Verdict { diagnosis, judgement, time: now, ..v },
            None => Verdict { diagnosis, ..Verdict::of(id, judgement, now) },
        };
        let verdict = match action {
            Action::VerdictRight => base(Judgement::Right),
            Action::VerdictPartly => base(Judgement::Partly),
            Action::VerdictWrong => base(Judgement::Wrong),
            Action::FixApplied => {
                let v = base(before.as_ref().map_or(Judgement::Right, |v| v.judgement));
                Verdict { applied: Some(v.applied != Some(true)), ..v }
            }
            _ => {
                let mut edit = LineEdit::default();
                edit.set(before.as_ref().map_or("", |v| v.note.as_str()));
                self.note = Some(edit);
                return Vec::new();
            }
        };
        self.say(verdict, cx)
    }

    fn say(&mut self, verdict: Verdict, cx: &PaneCx<'_>) -> Vec<Effect> {
        let text = format!("Noted: the diagnosis of {} is {}", verdict.incident, verdict.words());
        if let Some(detail) = self.detail.as_mut().filter(|d| d.incident.id == verdict.incident) {
            detail.verdict = Some(verdict.clone());
        }
        let _ = cx;
        vec![Effect::Send(Request::Verdict(Box::new(verdict))), Effect::info(text)]
    }

    /// Keys of the line that is typed.
    pub(super) fn type_note(&mut self, action: Action, cx: &PaneCx<'_>) -> Vec<Effect> {
        match action {
            Action::Back => self.note = None,
            Action::DeleteAll => self.note = Some(LineEdit::default()),
            Action::Submit => {
                let Some(text) = self.note.take().map(|n| n.text().trim().to_owned()) else { return Vec::new() };
                let Some(detail) = self.loaded(cx) else { return Vec::new() };
                let diagnosis = detail.diagnosis.as_ref().map_or(0, |d| d.id);
                let before = detail.verdict.clone().filter(|v| v.diagnosis == diagnosis || v.diagnosis == 0);
                // Who says what it was without a judgement says that it was not quite that.
                let id = detail.incident.id;
                let verdict = before.unwrap_or_else(|| Verdict::of(id, Judgement::Partly, cx.clock.now));
                return self.say(Verdict { diagnosis, note: text, time: cx.clock.now, ..verdict }, cx);
            }
            _ => {}
        }
        Vec::new()
    }

    /// Draws the line that is typed, over the last row.
    pub(super) fn draw_note(&self, frame: &mut Frame<'_>, area: Rect, cx: &PaneCx<'_>) {
        let Some(note) = &self.note else { return };
        let row = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
        let room = row.width.saturating_sub(ASKS.len() as u16 + 1) as usize;
        let (span, at) = note.view(room, cx.style(Role::Input), cx.glyphs.ellipsis);
        frame.render_widget(ratatui::widgets::Clear, row);
        frame.render_widget(Line::from(vec![Span::styled(ASKS, cx.style(Role::Key)), span]), row);
        frame.set_cursor_position((row.x + ASKS.len() as u16 + at, row.y));
    }
}
