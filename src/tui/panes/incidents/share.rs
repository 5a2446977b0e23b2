//! An incident as a file for people who were not there.

use super::state::State;
use crate::report::{Report, document};
use crate::tui::effect::Effect;
use crate::tui::panes::PaneCx;

impl State {
    /// Writes the selected incident into a new file.
    pub(super) fn share(&self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some(detail) = self.loaded(cx) else { return vec![Effect::warn("Nothing to write yet")] };
        let at = format!("{}-{}", cx.clock.date(cx.clock.now), cx.clock.hms(cx.clock.now));
        let at: String = at.chars().filter(|c| *c != ':').collect();
        let path = format!("incident-{}-{at}.md", detail.incident.id.0);
        let clock = |t| cx.clock.full(t);
        let report = Report::of_incident(&detail.incident, detail.diagnosis.as_ref(), &detail.records, &clock);
        vec![Effect::Save { path, text: document(&report) }]
    }
}
