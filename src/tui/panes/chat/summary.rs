//! Where the turns end that a model reads as a summary: one dim line, which opens to what it reads. Its marks lead to the
//! same lines as those of the answers.

use super::flow::{Cache, Flow, Target};
use super::state::State;
use crate::tui::action::{Action, Context};
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::document::Mark;
use crate::tui::widgets::text;
use aiobs_types::{ChatMessage, Citation, TalkSummary};
use ratatui::text::Span;

/// The summary as a step of the turn that it ends with; no answer has so many.
const STEP: usize = usize::MAX;

/// The line below the last turn that is summarised; `incident` says what a named incident leads to.
pub(super) fn below(
    (flow, cache): (&mut Flow, &mut Cache),
    state: &State,
    message: &ChatMessage,
    incident: impl Fn(u64) -> Option<Target>,
    cx: &PaneCx<'_>,
) {
    let summary = state.conversation.as_ref().and_then(|c| c.summary.as_ref());
    let Some(summary) = summary.filter(|s| s.through == message.id) else { return };
    let open = state.is_open(message.id, Some(STEP));
    flow.gap();
    flow.part(|doc| {
        let enter = cx.keys(Context::Chat, Action::Open);
        let what = if open { "hides it" } else { "shows it" };
        let by = text::safe_for(&summary.author, cx.glyphs.ascii);
        let line = cx.glyphs.horizontal.repeat(2);
        let text = format!("{line} above goes to the model as a summary by {by}   {enter} {what}");
        doc.link_row(vec![Span::styled(text, cx.style(Role::Dim))], Target::Step(message.id, STEP));
    });
    if open {
        flow.gap();
        // No message has this number.
        let of = (u64::MAX, i64::try_from(message.id).unwrap_or(i64::MAX));
        flow.markdown(cache, of, &summary.text, None, |mark| match mark {
            Mark::Cited(n) => cited(summary, n),
            Mark::Incident(n) => incident(n),
        });
    }
}

fn cited(summary: &TalkSummary, n: usize) -> Option<Target> {
    Some(match summary.citations.get(n.checked_sub(1)?)? {
        Citation::Record(id) => Target::Record(*id),
        Citation::Text(_) => Target::Summarised(n),
    })
}
