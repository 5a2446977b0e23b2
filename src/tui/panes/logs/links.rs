//! Ways from a line to elsewhere: its incident, and the assistant with what the line is about.

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

    /// Asks the assistant about the line's incident, or the minutes around it.
    pub(super) fn ask_assistant(&self) -> Vec<Effect> {
        let incident = self.detail.as_ref().and_then(|d| d.data.as_ref()).and_then(|d| d.incident);
        let scope = match (incident, self.window.record()) {
            (Some(id), _) => ChatScope::Incident { id },
            (None, Some(r)) => ChatScope::Range { from: r.time.plus(-5 * MINUTE), to: r.time.plus(MINUTE) },
            (None, None) => ChatScope::All,
        };
        vec![Effect::AskAbout(scope)]
    }
}
