//! What goes out of the pane: a line or a fix to the clipboard, an incident as a file for people who were not there, or for
//! programs.

use super::chooser::FORMS;
use super::state::State;
use crate::report::{Report, document, json, page};
use crate::runtime::events::IncidentDetail;
use crate::tui::effect::Effect;
use crate::tui::panes::PaneCx;

impl State {
    /// Copies the lit line, else what to do.
    pub(super) fn copy(&self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let copied = |text: String, what: &str| vec![Effect::Copy { text, what: what.into() }];
        if let Some((_, text, _)) = &self.preview {
            return copied(text.clone(), "what is sent");
        }
        let Some(detail) = self.loaded(cx) else { return vec![Effect::warn("Nothing to copy yet")] };
        let (document, _) = self.document(cx);
        if let Some((_, id)) = self.place.link.and_then(|l| document.links().get(l))
            && let Some(record) = detail.records.iter().find(|r| r.id == *id)
        {
            return copied(record.text.clone(), "line");
        }
        let Some(fix) = detail.diagnosis.as_ref().map(|d| &d.fix) else {
            return vec![Effect::warn("No fix to copy: there is no diagnosis yet")];
        };
        match (fix.commands.as_slice(), fix.now.as_slice()) {
            ([], []) => vec![Effect::warn("This diagnosis names no fix to copy")],
            ([], now) => copied(now.join("\n"), "fix"),
            ([one], _) => copied(one.clone(), "command"),
            (many, _) => copied(many.join("\n"), &format!("{} commands", many.len())),
        }
    }

    /// Writes the selected incident into a new file, in the form of this place in [`FORMS`].
    pub(super) fn share(&self, form: usize, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some(detail) = self.loaded(cx) else { return vec![Effect::warn("Nothing to write yet")] };
        let Some((_, ending, _)) = FORMS.get(form) else { return Vec::new() };
        let at = format!("{}-{}", cx.clock.date(cx.clock.now), cx.clock.hms(cx.clock.now));
        let at: String = at.chars().filter(|c| *c != ':').collect();
        let path = format!("incident-{}-{at}.{ending}", detail.incident.id.0);
        let clock = |t| cx.clock.full(t);
        let report = || Report::of_incident(&detail.incident, detail.diagnosis.as_ref(), &detail.records, &clock);
        let text = match *ending {
            "json" => as_json(detail),
            "html" => page(&report()),
            _ => document(&report()),
        };
        vec![Effect::Save { path, text }]
    }
}

fn as_json(d: &IncidentDetail) -> String {
    let source = |r: &aiobs_types::LogRecord| d.sources.get(&r.source).cloned().unwrap_or_default();
    let template = |r: &aiobs_types::LogRecord| d.templates.get(&r.template).cloned().unwrap_or_default();
    json::pretty(&json::report(&d.incident, d.diagnosis.as_ref(), &d.records, source, template))
}
