//! Whether a diagnosis gives its incident a new title: only when it is surer than what the title rests on now. Pure;
//! used by the carrier of diagnoses.

use aiobs_agents::playbook::PERHAPS;
use aiobs_types::{Author, Confidence, DetectorKind, Diagnosis, Incident, TimelineKind};

/// The title that `new` gives `incident`, if any; `before` is the diagnosis stored before it.
pub(crate) fn renamed(incident: Option<&Incident>, before: Option<&Diagnosis>, new: &Diagnosis) -> Option<String> {
    // The facts alone say nothing the detector's title did not say, and a guess must not rename the incident.
    if new.author == Author::Facts || naming(new) == Confidence::Low || new.title.is_empty() {
        return None;
    }
    let Some(incident) = incident else { return Some(new.title.clone()) };
    let better = match before.filter(|d| d.title == incident.title && d.author != Author::Facts) {
        // The newer of two equally sure diagnoses has seen more.
        Some(diagnosis) => naming(new) >= naming(diagnosis),
        // An earlier diagnosis gave it, and withstood the one stored last.
        None if was_given(incident) => new.confidence == Confidence::High,
        None => naming(new) > sureness(incident),
    };
    better.then(|| new.title.clone())
}

/// How sure the name of the fault is. A playbook that fits what the incident says itself names it well, even where the
/// cause is unsure or the fault mostly passes.
fn naming(d: &Diagnosis) -> Confidence {
    let fits = matches!(d.author, Author::Playbook { .. }) && !d.title.starts_with(PERHAPS);
    if fits { d.confidence.max(Confidence::Medium) } else { d.confidence }
}

/// Whether a diagnosis gave the incident the title it has.
fn was_given(incident: &Incident) -> bool {
    let mut notes = incident.timeline.iter().filter(|t| t.kind == TimelineKind::Diagnosed);
    notes.any(|t| t.text.strip_suffix(incident.title.as_str()).is_some_and(|by| by.ends_with(": ")))
}

/// How much the detector's own title says: one of an error pattern that also names the thing it is about
/// (`connection refused: payments-db`) is worth as much as a likely cause; any other only quotes the line.
fn sureness(incident: &Incident) -> Confidence {
    let names = |word: &str| word.trim_end_matches('.').contains(['-', '_', '.']);
    let by_pattern = incident.detector == Some(DetectorKind::Pattern);
    match incident.title.split_once(": ") {
        Some((_, detail)) if by_pattern && detail.split(' ').any(names) => Confidence::Medium,
        _ => Confidence::Low,
    }
}

#[cfg(test)]
mod tests {
    use super::renamed;
    use aiobs_types::{
        Author, Confidence, DetectorKind, Diagnosis, Fingerprint, Fix, Incident, IncidentId, TimelineEntry,
        TimelineKind, Timestamp,
    };

    fn diagnosis(title: &str, confidence: Confidence) -> Diagnosis {
        Diagnosis {
            id: 0,
            incident: IncidentId(1),
            fingerprint: Fingerprint(1),
            created: Timestamp(0),
            author: Author::Playbook { id: "x".into() },
            title: title.into(),
            cause: String::new(),
            error_class: String::new(),
            criticality: 3,
            confidence,
            claims: Vec::new(),
            alternatives: Vec::new(),
            fix: Fix::default(),
            summary: String::new(),
            prompts: Vec::new(),
            references: Vec::new(),
            notes: Vec::new(),
            trace: None,
            grounds: aiobs_types::Grounds::default(),
        }
    }

    fn incident(title: &str, detector: DetectorKind) -> Incident {
        Incident { title: title.into(), detector: Some(detector), ..Incident::default() }
    }

    #[test]
    fn only_a_surer_diagnosis_renames() {
        use Confidence::{High, Low, Medium};
        let by_pattern = incident("connection refused: payments-db", DetectorKind::Pattern);
        let by_level = incident("orders answers slowly", DetectorKind::Severity);
        let name = |incident: &Incident, before: Option<&Diagnosis>, confidence| {
            renamed(Some(incident), before, &diagnosis("New", confidence)).is_some()
        };
        let by_model =
            Diagnosis { author: Author::Model { provider: "p".into(), model: "m".into() }, ..diagnosis("New", Low) };
        assert!(!name(&by_pattern, None, Medium), "it names the fault and the thing");
        let bare = incident("connection refused: while connecting to upstream", DetectorKind::Pattern);
        assert!(name(&bare, None, Medium));
        assert!(name(&by_pattern, None, High));
        assert!(name(&by_level, None, Medium), "a quoted line is no title");
        assert!(name(&by_level, None, Low), "a playbook that fits names the fault, though it may pass");
        assert_eq!(renamed(Some(&by_level), None, &diagnosis("Perhaps: New", Low)), None);
        assert_eq!(renamed(Some(&by_level), None, &by_model), None);

        let sure = diagnosis("Database is down", High);
        let mut named = incident("Database is down", DetectorKind::Pattern);
        let text = "diagnosed by a model: Database is down".into();
        named.timeline.push(TimelineEntry { time: Timestamp(0), kind: TimelineKind::Diagnosed, text });
        assert!(!name(&named, Some(&sure), Medium), "the sure title stays");
        assert!(name(&named, Some(&sure), High), "the newer has seen more");
        let passed_over = diagnosis("Something else", Medium);
        assert!(!name(&named, Some(&passed_over), Medium));
        let facts = Diagnosis { author: Author::Facts, ..diagnosis("New", High) };
        assert_eq!(renamed(Some(&by_level), None, &facts), None);
    }
}
