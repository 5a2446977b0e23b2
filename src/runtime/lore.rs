//! Playbooks as detectors: what a playbook knows by its signature is a fault in a record that states no level. It joins
//! two parts that do not know each other, the detectors and the playbooks; the pipeline gets it when it is built.

use crate::config::Config;
use aiobs_agents::playbook::Library;
use aiobs_logs::detect::{KnownFault, Lore};
use aiobs_types::Severity;

/// A fault from this criticality on is an error, below it a warning.
const ERROR_FROM: u8 = 4;

/// See the module.
struct Playbooks(Library);

impl Lore for Playbooks {
    fn recognise(&self, message: &str, component: &str, source: &str) -> Option<KnownFault> {
        let found = self.0.recognise(message, component, source)?;
        let severity = if found.criticality >= ERROR_FROM { Severity::ERROR } else { Severity::WARN };
        Some(KnownFault { id: found.id.clone(), title: found.title.clone(), severity, own: self.0.is_own(found) })
    }
}

/// The playbooks in force, unless detection by them is switched off. What is wrong with a file is told where playbooks
/// are used to diagnose.
pub fn playbooks(config: &Config) -> Option<Box<dyn Lore>> {
    if config.detect.disabled.iter().any(|d| d == "playbooks") {
        return None;
    }
    let folder = config.dir.as_ref().map(|d| d.join("playbooks"));
    Some(Box::new(Playbooks(Library::load(folder.as_deref()).0)))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::runtime::pipeline::{Pipeline, PipelineSetup};
    use aiobs_logs::detect::DetectConfig;
    use aiobs_logs::format::{FormatSet, ZoneRule};
    use aiobs_logs::incident::BookOptions;
    use aiobs_types::{FileIdentity, IncidentId, RecordId, SourceId, Timestamp, flags};
    use std::sync::Arc;

    /// 2025-01-07 14:30:00 UTC
    const NOW: Timestamp = Timestamp(1_736_260_200_000_000_000);

    fn pipeline() -> Pipeline {
        Pipeline::new(PipelineSetup {
            formats: Arc::new(FormatSet::with_user(Vec::new()).unwrap()),
            zone: ZoneRule::parse("utc").unwrap(),
            forced: Vec::new(),
            detect: DetectConfig::default(),
            lore: Some(Box::new(Playbooks(Library::load(None).0))),
            incidents: BookOptions::default(),
            templates: Vec::new(),
            known_incidents: Vec::new(),
            next_incident: IncidentId(1),
            next_record: RecordId(1),
            checkpoints: Vec::new(),
            lessons: Vec::new(),
            state: Vec::new(),
            markers: Vec::new(),
        })
        .unwrap()
    }

    /// Whether anything of the text, a source of its own, is marked or part of an incident.
    fn noticed(pipeline: &mut Pipeline, source: u32, text: &str) -> bool {
        let source = SourceId(source);
        pipeline.open(source, "/var/log/app.log", FileIdentity::default(), 0).unwrap();
        pipeline.data(source, 0, format!("{text}\n").as_bytes(), FileIdentity::default(), NOW, |_| ());
        pipeline.end_of_line(source, NOW);
        let output = pipeline.take(NOW);
        !output.incidents.is_empty() || output.batch.rows().iter().any(|r| r.flags & flags::ANOMALY != 0)
    }

    #[test]
    fn what_a_playbook_answers_is_noticed_without_a_level() {
        let (library, _) = Library::load(None);
        let examples: Vec<&String> = library.playbooks().iter().flat_map(|p| &p.examples).collect();
        let mut pipeline = pipeline();
        let missed: Vec<_> = (1..)
            .zip(&examples)
            .filter(|(source, text)| !noticed(&mut pipeline, *source, text))
            .map(|(_, t)| t)
            .collect();
        // Lines of access logs, whose status decides, and lines that call themselves harmless.
        assert!(missed.len() * 100 <= examples.len() * 3, "{} of {}: {missed:#?}", missed.len(), examples.len());
    }

    #[test]
    fn what_says_that_it_is_harmless_is_left_alone() {
        let mut pipeline = pipeline();
        let calm = [
            "2025-01-07 14:30:15 [INFO] orders - slow query: 12.4 s SELECT count(*) FROM events",
            "2025-01-07 14:30:15 [INFO] certs - certificate for shop.example.com expires in 89 days",
            "disk usage 41 % on /var",
            "\"GET /orders/413 HTTP/1.1\" 200 413",
        ];
        for (source, line) in (1..).zip(calm) {
            assert!(!noticed(&mut pipeline, source, line), "{line}");
        }
    }
}
