//! Templates that a person muted: their records raise no incident and count for no rate of warnings and errors. What is
//! fatal is never hidden. A template that is merged into another keeps its word there.

use super::Pipeline;
use aiobs_types::{Severity, Template, TemplateId, TemplateMark};
use std::collections::HashSet;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Muted(HashSet<TemplateId>);

impl Muted {
    /// Whether what was found in a record of this template is not to be reported.
    pub(super) fn hides(&self, template: TemplateId, severity: Severity) -> bool {
        !self.0.is_empty() && severity < Severity::FATAL && self.0.contains(&template)
    }
}

impl Pipeline {
    /// Takes up what was said in earlier runs. What was said of a template itself counts more than what was said of one
    /// that was merged into it.
    pub fn restore_marks(&mut self, marks: &[(TemplateId, TemplateMark)]) {
        for (id, _) in marks.iter().filter(|(_, mark)| mark.muted) {
            let survivor = self.core.miner.resolve(*id);
            if survivor == *id || !marks.iter().any(|(other, _)| *other == survivor) {
                self.core.set_muted(survivor, true);
            }
        }
    }

    /// A person mutes a template, or no longer does.
    pub fn mute(&mut self, template: TemplateId, on: bool) {
        let survivor = self.core.miner.resolve(template);
        self.core.set_muted(survivor, on);
    }
}

impl super::Core {
    fn set_muted(&mut self, template: TemplateId, on: bool) {
        if on {
            self.muted.0.insert(template);
        } else {
            self.muted.0.remove(&template);
        }
        self.trends.mute(template, on);
    }

    /// Templates changed: some may have been merged into others.
    pub(super) fn carry_mutes(&mut self, changed: &[Template]) {
        if self.muted.0.is_empty() {
            return;
        }
        for t in changed.iter().filter(|t| t.count == 0) {
            if self.muted.0.contains(&t.id) {
                let survivor = self.miner.resolve(t.id);
                self.set_muted(t.id, false);
                self.set_muted(survivor, true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{feed, feed_all, hour, pipeline};
    use super::*;

    fn line(second: u32, level: &str, tariff: u32) -> String {
        format!("2025-01-07 14:30:{second:02} [{level}] pay - tariff {tariff} has a hole in its table\n")
    }

    #[test]
    fn a_muted_template_raises_no_incident_but_for_what_is_fatal() {
        let mut p = pipeline();
        let text = line(1, "INFO", 1);
        let output = feed(&mut p, 1, 0, &text);
        let id = output.batch.rows()[0].template;
        p.mute(id, true);
        let more = line(2, "ERROR", 2);
        let output = feed(&mut p, 1, text.len() as u64, &more);
        assert_eq!((output.batch.len(), output.incidents.len()), (1, 0), "stored, no more");
        assert_eq!(output.batch.rows()[0].template, id);
        let at = (text.len() + more.len()) as u64;
        let fatal = line(3, "FATAL", 3);
        assert_eq!(feed(&mut p, 1, at, &fatal).incidents.len(), 1);
        p.mute(id, false);
        let again = line(4, "ERROR", 4);
        assert_eq!(feed(&mut p, 1, at + fatal.len() as u64, &again).incidents[0].count, 2);
    }

    #[test]
    fn it_is_muted_after_a_restart_and_when_it_became_part_of_another() {
        let template = |id: u32, count: u64| Template {
            id: TemplateId(id),
            text: "tariff <num> has a hole in its table".into(),
            count,
            ..Template::default()
        };
        let muted = TemplateMark { muted: true, ..TemplateMark::default() };
        for (marks, incidents) in [
            (vec![(TemplateId(1), muted.clone())], 0),
            // Merged into the first in an earlier run.
            (vec![(TemplateId(2), muted.clone())], 0),
            (vec![(TemplateId(1), TemplateMark::default()), (TemplateId(2), muted.clone())], 1),
            (Vec::new(), 1),
        ] {
            let mut p = pipeline();
            p.core.miner.restore([template(1, 5), template(2, 0)]);
            p.restore_marks(&marks);
            assert_eq!(feed(&mut p, 1, 0, &line(1, "ERROR", 7)).incidents.len(), incidents, "{marks:?}");
        }
    }

    #[test]
    fn a_storm_of_it_is_no_incident_of_its_source_either() {
        let extra = |s: i64| match s {
            3004.. => "{t} ERROR web: widget store answers nonsense\n".repeat(20),
            _ if s % 600 == 9 => "{t} ERROR web: widget store answers nonsense\n".to_owned(),
            _ => String::new(),
        };
        let mut p = pipeline();
        let calm = "2025-01-07T12:00:00.000Z INFO web: widget store answers nonsense\n";
        let id = feed(&mut p, 2, 0, calm).batch.rows()[0].template;
        p.mute(id, true);
        feed_all(&mut p, &hour(&extra));
        assert_eq!(p.incidents(), []);
    }
}
