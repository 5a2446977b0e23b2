//! Ways from a line to elsewhere: its incident, and the assistant with what the line is about.

use super::export::Range;
use super::state::State;
use crate::runtime::events::Request;
use crate::tui::effect::Effect;
use crate::tui::panes::PaneCx;
use aiobs_types::ChatScope;

const MINUTE: i64 = 60_000_000_000;

impl State {
    /// Opens the incident that the line is part of, once it is known.
    pub(super) fn open_incident(&mut self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some(id) = self.window.id() else { return Vec::new() };
        let known = cx.snapshot.incidents.iter().find(|i| i.evidence.contains(&id));
        if let Some(incident) = known {
            return vec![Effect::OpenIncident(incident.id)];
        }
        self.wants_incident = Some(id);
        vec![Effect::Send(Request::Record(id))]
    }

    /// Asks the assistant about the selected lines, else the line's incident, what the filter leaves, or the minutes
    /// around the line.
    pub(super) fn ask_assistant(&self) -> Vec<Effect> {
        if let Some(Range { first, last }) = self.range() {
            let ids = (first.time.is_none()).then_some((first.id, last.id));
            let times = first.time.zip(last.time).map(|(from, to)| (from, to.plus(1)));
            return vec![Effect::AskAbout(ChatScope::Selection { filter: self.filter.clone(), ids, times })];
        }
        let incident = self.detail.as_ref().and_then(|d| d.data.as_ref()).and_then(|d| d.incident);
        let scope = match (incident, self.window.record()) {
            (Some(id), _) => ChatScope::Incident { id },
            (None, _) if !self.filter.trim().is_empty() => ChatScope::Filter { text: self.filter.clone() },
            (None, Some(r)) => ChatScope::Range { from: r.time.plus(-5 * MINUTE), to: r.time.plus(MINUTE) },
            (None, None) => ChatScope::All,
        };
        vec![Effect::AskAbout(scope)]
    }
}
