//! A person's word on what was found, useful or noise: the classifier learns it, the incident shows it, and it is stored
//! with the next output.

use super::Pipeline;
use aiobs_logs::detect::classify::{Lesson, Statement};
use aiobs_types::{IncidentId, Severity, TemplateId, TimelineKind, Timestamp};

/// Under which name the verdicts are stored.
pub const LESSONS: &str = "classifier";

/// The verdicts in a stored blob. What cannot be read is told and left out: a program of another version wrote it.
pub fn lessons(stored: Option<Vec<u8>>) -> Vec<Lesson> {
    let Some(stored) = stored else { return Vec::new() };
    serde_json::from_slice(&stored).unwrap_or_else(|e| {
        tracing::warn!("the stored verdicts cannot be read and are left out: {e}");
        Vec::new()
    })
}

impl Pipeline {
    /// Learns that an incident is worth an alarm, or noise. False when there is no such incident, or nothing that learns.
    pub fn rate(&mut self, id: IncidentId, useful: bool, at: Timestamp) -> bool {
        let core = &mut self.core;
        let (Some(incident), Some(classifier)) = (core.book.get(id), core.detectors.scales().classifier()) else {
            return false;
        };
        // All that it was told by: another wording of it is to be judged alike.
        let mut texts: Vec<String> = Vec::new();
        for id in std::iter::once(&incident.template).chain(&incident.templates) {
            let text = core.miner.text(*id);
            if !text.is_empty() && texts.iter().all(|t| t != text) {
                texts.push(text.to_owned());
            }
        }
        let component = incident.components.first().cloned().unwrap_or_default();
        let severity = incident.severity;
        let Some(first) = texts.first().cloned() else { return false };
        let statement = Statement { template: &first, severity, component: &component };
        let before = classifier.judge(&statement).probability();
        let lesson = |template| Lesson { template, severity, component: component.clone(), useful, at };
        classifier.learn_all(texts.into_iter().map(lesson));
        let after = classifier.judge(&statement).probability();
        match serde_json::to_vec(classifier.lessons()) {
            Ok(lessons) => core.state.push((LESSONS.to_owned(), lessons)),
            Err(e) => tracing::error!("verdicts are not stored: {e}"),
        }
        let word = if useful { "useful" } else { "noise" };
        let text = format!("judged {word}: likely {:.0} % instead of {:.0} %", after * 100.0, before * 100.0);
        core.book.note(id, TimelineKind::Note, text, at);
        core.book.set_likelihood(id, (after * 100.0).round() as u8);
        true
    }
}

impl Pipeline {
    /// Learns that the lines of a template are worth an alarm, or noise, whoever writes them; its active incidents show
    /// it. False when there is no such template, or nothing that learns.
    pub fn rate_template(&mut self, id: TemplateId, useful: bool, at: Timestamp) -> bool {
        let core = &mut self.core;
        let (Some(template), Some(classifier)) = (core.miner.template(id), core.detectors.scales().classifier()) else {
            return false;
        };
        let (id, text, severity) = (template.id, template.text.clone(), template.severity);
        classifier.learn(Lesson { template: text.clone(), severity, component: String::new(), useful, at });
        match serde_json::to_vec(classifier.lessons()) {
            Ok(lessons) => core.state.push((LESSONS.to_owned(), lessons)),
            Err(e) => tracing::error!("verdicts are not stored: {e}"),
        }
        let word = if useful { "useful" } else { "noise" };
        let struck: Vec<(IncidentId, Severity, String)> = core
            .book
            .iter()
            .filter(|i| i.template == id && i.state.is_active())
            .map(|i| (i.id, i.severity, i.components.first().cloned().unwrap_or_default()))
            .collect();
        for (incident, severity, component) in struck {
            let statement = Statement { template: &text, severity, component: &component };
            let likely = classifier.judge(&statement).probability() * 100.0;
            let said = format!("its pattern was judged {word}: likely {likely:.0} %");
            core.book.note(incident, TimelineKind::Note, said, at);
            core.book.set_likelihood(incident, likely.round() as u8);
        }
        true
    }
}
