//! The choice of the model that answers: of those that are configured, and of what a server on this machine has. It stands in
//! place of the conversation.

use super::state::State;
use crate::runtime::events::{ModelChoice, Request};
use crate::tui::action::{Action, Context};
use crate::tui::effect::Effect;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::scroll::Cursor;
use crate::tui::widgets::text;
use aiobs_types::ChosenModel;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Span;

/// See the module. The first row is the configured order.
#[derive(Debug, Default)]
pub(super) struct Choose {
    cursor: Cursor,
}

/// A model in few words.
pub(super) fn named(m: &ModelChoice) -> String {
    if m.model.is_empty() { m.server.clone() } else { m.model.clone() }
}

/// A choice that was kept. Where the model is and what is wrong with it is not known until it is asked for.
pub(super) fn chosen_before(kept: &ChosenModel) -> ModelChoice {
    ModelChoice { server: kept.server.clone(), model: kept.model.clone(), ..ModelChoice::default() }
}

/// Whether both name the same model of the same server.
fn same(a: &ModelChoice, b: &ModelChoice) -> bool {
    a.server == b.server && a.model == b.model
}

fn place(m: &ModelChoice) -> String {
    format!("{}, {}", m.provider, if m.local { "this machine" } else { "another machine" })
}

impl State {
    /// Opens the choice.
    pub(super) fn choose(&mut self) -> Vec<Effect> {
        self.choosing = Some(Choose::default());
        vec![Effect::Send(Request::ModelChoices)]
    }

    /// Asks whether the model that was chosen before can still be asked.
    pub(super) fn look_for_model(&self) -> Option<Effect> {
        self.model.is_some().then_some(Effect::Send(Request::ModelChoices))
    }

    /// A model whose server is configured no more is chosen no more, and that is told.
    pub(super) fn still_there(&mut self) -> Option<Effect> {
        let gone = self.model.take_if(|m| self.models.iter().all(|one| one.server != m.server))?;
        Some(Effect::warn(format!("{} is configured no more: the configured order answers", named(&gone))))
    }

    /// A key while the choice is open; `height` rows are seen.
    pub(super) fn in_choice(&mut self, action: Action, height: usize, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some(choosing) = &mut self.choosing else { return Vec::new() };
        let at = choosing.cursor.at;
        match action {
            Action::Back | Action::ChooseModel => {
                self.choosing = None;
                Vec::new()
            }
            Action::Open | Action::Rerun => {
                let chosen = at.checked_sub(1).and_then(|i| self.models.get(i)).cloned();
                if let Some((m, wrong)) = chosen.as_ref().and_then(|m| Some((m, m.wrong.as_ref()?))) {
                    return vec![Effect::warn(format!("{} does not answer: {wrong}", named(m)))];
                }
                self.choosing = None;
                self.model = chosen;
                if action == Action::Rerun {
                    return self.retry(cx).unwrap_or_else(|why| vec![Effect::warn(why)]);
                }
                Vec::new()
            }
            _ => {
                choosing.cursor.moved(action, self.models.len() + 1, height.saturating_sub(1));
                Vec::new()
            }
        }
    }

    /// Draws the choice.
    pub(super) fn draw_choice(&self, frame: &mut Frame<'_>, area: Rect, choosing: &Choose, cx: &PaneCx<'_>) {
        let cut = |spans| text::truncate_line(spans, area.width as usize, cx.glyphs.ellipsis);
        let open = cx.keys(Context::Chat, Action::Open);
        let again = cx.keys(Context::Chat, Action::Rerun);
        let head = vec![
            Span::styled("Who answers", cx.style(Role::Title)),
            Span::styled(
                format!("   {open} from the next question on, {again} the last question again"),
                cx.style(Role::Dim),
            ),
        ];
        frame.render_widget(cut(head), Rect { height: 1.min(area.height), ..area });
        let list = Rect { y: area.y + 1.min(area.height), height: area.height.saturating_sub(1), ..area };
        let count = self.models.len() + 1;
        for (y, i) in (list.y..).zip(choosing.cursor.visible(count, list.height as usize)) {
            let row = Rect { y, height: 1, ..list };
            let at = choosing.cursor.at == i;
            let style = if at { cx.style(Role::Selection) } else { cx.style(Role::Text) };
            frame.buffer_mut().set_style(row, style);
            let one = i.checked_sub(1).and_then(|i| self.models.get(i));
            let chosen = match (&self.model, one) {
                (Some(a), Some(b)) => same(a, b),
                (a, b) => a.is_none() && b.is_none(),
            };
            let mark = if chosen { cx.glyphs.bullet } else { " " };
            let (name, about) = match one {
                None => {
                    ("as configured".to_owned(), "the first that answers, in the order of the configuration".to_owned())
                }
                Some(m) => (named(m), format!("{}  {}", m.server, place(m))),
            };
            let safe = |t: &str| text::safe_for(t, cx.glyphs.ascii).into_owned();
            let dim = if at { style } else { cx.style(Role::Dim) };
            let mut spans = vec![
                Span::styled(format!(" {mark} {}  ", text::fit(&safe(&name), 28, cx.glyphs.ellipsis)), style),
                Span::styled(safe(&about), dim),
            ];
            if let Some(wrong) = one.and_then(|m| m.wrong.as_ref()) {
                let warn = if at { style } else { cx.style(Role::Warn) };
                spans.push(Span::styled(format!("  {}", safe(wrong)), warn));
            }
            frame.render_widget(cut(spans), row);
        }
    }
}
