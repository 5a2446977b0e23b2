//! What an incident remembers of each strike: counts, components, evidence and timeline, all bounded.

use aiobs_types::{
    Anomaly, Fingerprint, Incident, IncidentId, IncidentState, RecordId, TemplateId, TimelineEntry, TimelineKind,
    Timestamp,
};

/// First records kept as evidence, and as many of the latest.
const EVIDENCE: usize = 10;
/// Components named.
const COMPONENTS: usize = 50;
/// Timeline entries kept: the first ones, then the latest.
const TIMELINE: usize = 200;
const TIMELINE_FIRST: usize = 20;
/// So many times opened again within this time, in nanoseconds, is flapping.
const FLAPPING: usize = 3;
const FLAPPING_TIME: i64 = 6 * 3_600_000_000_000;

pub(super) fn open(id: IncidentId, anomaly: &Anomaly) -> Incident {
    let mut incident = Incident {
        id,
        fingerprint: anomaly.fingerprint,
        also: Vec::new(),
        part_of: None,
        caused_by: None,
        causes: Vec::new(),
        flapping: 0,
        title: anomaly.title.clone(),
        reason: anomaly.reason.clone(),
        state: IncidentState::Open,
        severity: anomaly.severity,
        criticality: None,
        likelihood: anomaly.likelihood,
        detector: Some(anomaly.detector),
        count: 1,
        first_seen: anomaly.time,
        last_seen: anomaly.time,
        components: Vec::new(),
        template: anomaly.template,
        templates: vec![anomaly.template],
        evidence: vec![anomaly.record],
        timeline: Vec::new(),
    };
    if !anomaly.component.is_empty() {
        incident.components.push(anomaly.component.clone());
    }
    note(&mut incident, TimelineKind::Opened, anomaly.reason.clone(), anomaly.time);
    incident
}

/// Counts a strike. Returns whether it is worse than what was known: a higher level or another component.
pub(super) fn strike(incident: &mut Incident, anomaly: &Anomaly) -> bool {
    incident.count += 1;
    incident.likelihood = anomaly.likelihood;
    incident.first_seen = incident.first_seen.min(anomaly.time);
    incident.last_seen = incident.last_seen.max(anomaly.time);
    add_evidence(&mut incident.evidence, anomaly.record);
    add_template(&mut incident.templates, anomaly.template);
    let mut escalated = false;
    if anomaly.severity > incident.severity {
        if anomaly.severity.level() > incident.severity.level() {
            escalated = true;
            let text = format!("now at level {}", anomaly.severity);
            note(incident, TimelineKind::Escalated, text, anomaly.time);
        }
        incident.severity = anomaly.severity;
    }
    if new_component(incident, &anomaly.component) {
        escalated = true;
        incident.components.push(anomaly.component.clone());
        let text = format!("also reported by {}", anomaly.component);
        note(incident, TimelineKind::Escalated, text, anomaly.time);
    }
    escalated
}

/// Another fingerprint turned out to be this fault. False when there is no room for one more.
pub(super) fn answer_for(incident: &mut Incident, fingerprint: Fingerprint) -> bool {
    if fingerprint == incident.fingerprint || incident.also.contains(&fingerprint) {
        return true;
    }
    let room = incident.also.len() < Incident::MOST_ALSO;
    if room {
        incident.also.push(fingerprint);
    }
    room
}

/// `part` turned out to be the same fault as `whole`: what it counted and proved goes there, and it ends.
pub(super) fn absorb(whole: &mut Incident, part: &mut Incident, at: Timestamp) {
    let struck = if part.count == 1 { "once".to_owned() } else { format!("{} times", part.count) };
    whole.count += part.count;
    whole.first_seen = whole.first_seen.min(part.first_seen);
    whole.last_seen = whole.last_seen.max(part.last_seen);
    whole.severity = whole.severity.max(part.severity);
    whole.criticality = whole.criticality.max(part.criticality);
    for name in &part.components {
        if new_component(whole, name) {
            whole.components.push(name.clone());
        }
    }
    for template in &part.templates {
        add_template(&mut whole.templates, *template);
    }
    whole.evidence.extend(&part.evidence);
    whole.evidence.sort_unstable();
    whole.evidence.dedup();
    let extra = whole.evidence.len().saturating_sub(2 * EVIDENCE);
    whole.evidence.drain(EVIDENCE.min(whole.evidence.len())..(EVIDENCE + extra).min(whole.evidence.len()));
    note(whole, TimelineKind::Note, format!("{} is the same fault; it had struck {struck}", part.id), at);
    part.state = IncidentState::Resolved;
    part.part_of = Some(whole.id);
    note(part, TimelineKind::Resolved, format!("the same fault as {}, which counts on", whole.id), at);
}

/// A sentence as it stands among others. Names of components keep their letters.
pub(super) fn sentence(text: &str) -> String {
    let end = if text.ends_with('…') { "" } else { "." };
    match text.split_once(' ') {
        Some(("began", rest)) => format!("Began {rest}{end}"),
        Some(("it", rest)) => format!("It {rest}{end}"),
        _ => format!("{text}{end}"),
    }
}

/// Notes that an incident comes and goes, when it was opened again often enough of late.
pub(super) fn mark_flapping(incident: &mut Incident, at: Timestamp) {
    let lately = |e: &&TimelineEntry| at.since(e.time) < FLAPPING_TIME;
    let reopened = incident.timeline.iter().filter(lately).filter(|e| e.kind == TimelineKind::Reopened).count();
    incident.flapping = if reopened >= FLAPPING { reopened as u32 } else { 0 };
    if reopened == FLAPPING {
        let hours = FLAPPING_TIME / 3_600_000_000_000;
        note(incident, TimelineKind::Note, format!("flapping: opened again {reopened} times within {hours} hours"), at);
    }
}

fn new_component(incident: &Incident, name: &str) -> bool {
    // The same component strikes again nearly always: look from the newest.
    !name.is_empty()
        && incident.components.len() < COMPONENTS
        && !incident.components.iter().rev().any(|known| known == name)
}

fn add_template(templates: &mut Vec<TemplateId>, template: TemplateId) {
    // The same one strikes again nearly always.
    if templates.len() < Incident::MOST_TEMPLATES && !templates.iter().rev().any(|t| *t == template) {
        templates.push(template);
    }
}

fn add_evidence(evidence: &mut Vec<RecordId>, record: RecordId) {
    if evidence.contains(&record) {
        return;
    }
    if evidence.len() >= 2 * EVIDENCE {
        evidence.remove(EVIDENCE);
    }
    evidence.push(record);
}

pub(super) fn note(incident: &mut Incident, kind: TimelineKind, text: String, time: Timestamp) {
    if incident.timeline.len() >= TIMELINE {
        incident.timeline.remove(TIMELINE_FIRST);
    }
    incident.timeline.push(TimelineEntry { time, kind, text });
}
