//! Documents from what the archive holds: incidents, diagnoses, fixes, verdicts, templates, notes. Reads only; who calls
//! it stores what changed.

use aiobs_store::{Reader, Result};
use aiobs_types::{Author, Diagnosis, Document, DocumentKind, Fix, Incident, RecordId, Template};

/// Most templates; the worst go first, then the most frequent.
const TEMPLATES: usize = 10_000;
/// Most characters of a record in a note's document.
const QUOTED: usize = 400;

/// Every document that the archive calls for.
///
/// # Errors
/// Faults of the disk.
pub fn collect(reader: &Reader) -> Result<Vec<Document>> {
    let mut documents = Vec::new();
    for incident in reader.incidents()? {
        let diagnosis = reader.diagnosis_of(&incident)?;
        let verdict = reader.verdict(incident.id)?.and_then(|v| v.is_right());
        documents.extend(of_incident(&incident, diagnosis.as_ref(), verdict));
    }
    for (id, note) in reader.bookmarks()? {
        if !note.trim().is_empty() {
            documents.extend(bookmark(reader, id, &note)?);
        }
    }
    let mut templates = reader.templates()?;
    templates.sort_by_key(|t| (std::cmp::Reverse((t.severity, t.count)), t.id));
    documents.extend(templates.iter().take(TEMPLATES).map(template));
    Ok(documents)
}

/// The documents of one incident: itself, and what was found out about it.
pub fn of_incident(i: &Incident, diagnosis: Option<&Diagnosis>, verdict: Option<bool>) -> Vec<Document> {
    let base = Document {
        kind: DocumentKind::Incident,
        key: i.id.0.to_string(),
        title: i.title.clone(),
        body: i.reason.clone(),
        place: String::new(),
        components: i.components.clone(),
        severity: i.severity,
        state: i.state.name().to_owned(),
        class: diagnosis.map(|d| d.error_class.clone()).unwrap_or_default(),
        time: i.last_seen,
        incident: Some(i.id),
    };
    let mut documents = Vec::new();
    if let Some(d) = diagnosis.filter(|d| d.author != Author::Facts) {
        let with = |kind: DocumentKind, title: String, body: String| Document {
            kind,
            title,
            body,
            time: d.created,
            ..base.clone()
        };
        documents.push(with(DocumentKind::Diagnosis, d.title.clone(), cause(d)));
        let fix = fix(&d.fix);
        if !fix.is_empty() {
            documents.push(with(DocumentKind::Fix, format!("What to do: {}", d.title), fix));
        }
        if let Some(right) = verdict {
            let word = if right { "right" } else { "wrong" };
            documents.push(with(DocumentKind::Verdict, format!("Judged {word}: {}", d.title), d.cause.clone()));
        }
    }
    documents.extend(notes(i, &base));
    documents.push(base);
    documents
}

/// What people wrote on an incident; the program's own words on verdicts are told elsewhere.
fn notes(i: &Incident, base: &Document) -> Option<Document> {
    let written: Vec<&str> = i
        .timeline
        .iter()
        .filter(|e| e.kind == aiobs_types::TimelineKind::Note && !e.text.starts_with("diagnosis judged "))
        .map(|e| e.text.as_str())
        .collect();
    (!written.is_empty()).then(|| Document {
        kind: DocumentKind::Note,
        title: format!("On {}: {}", i.id, i.title),
        body: written.join("\n"),
        ..base.clone()
    })
}

fn cause(d: &Diagnosis) -> String {
    let mut lines = vec![d.cause.clone(), d.summary.clone()];
    lines.extend(d.claims.iter().map(|c| c.text.clone()));
    lines.extend(d.alternatives.iter().map(|a| format!("Less likely: {a}")));
    if !d.error_class.is_empty() {
        lines.push(format!("Class: {}", d.error_class));
    }
    lines.retain(|l| !l.trim().is_empty());
    lines.dedup();
    lines.join("\n")
}

fn fix(f: &Fix) -> String {
    let parts = [
        ("Now", &f.now),
        ("Lasting", &f.lasting),
        ("Run", &f.commands),
        ("Verify", &f.verify),
        ("Roll back", &f.rollback),
    ];
    let lines: Vec<String> =
        parts.iter().flat_map(|(name, items)| items.iter().map(move |item| format!("{name}: {item}"))).collect();
    lines.join("\n")
}

fn template(t: &Template) -> Document {
    Document {
        kind: DocumentKind::Template,
        key: t.id.0.to_string(),
        title: t.text.clone(),
        body: String::new(),
        place: t.example.to_string(),
        components: Vec::new(),
        severity: t.severity,
        state: String::new(),
        class: String::new(),
        // Not its last record: a template that goes on is not written anew each time.
        time: t.first_seen,
        incident: None,
    }
}

fn bookmark(reader: &Reader, id: RecordId, note: &str) -> Result<Option<Document>> {
    Ok(reader.records(&[id])?.pop().map(|record| Document {
        kind: DocumentKind::Note,
        key: id.to_string(),
        title: note.lines().next().unwrap_or_default().to_owned(),
        body: format!("{note}\n{}", record.text.chars().take(QUOTED).collect::<String>()),
        place: id.to_string(),
        components: Some(record.component).filter(|c| !c.is_empty()).into_iter().collect(),
        severity: record.severity,
        state: String::new(),
        class: String::new(),
        time: record.time,
        incident: None,
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use aiobs_types::{Confidence, Fingerprint, IncidentId, TimelineEntry, TimelineKind, Timestamp};

    #[test]
    fn an_incident_becomes_a_document_of_each_kind() {
        let entry = |text: &str| TimelineEntry { time: Timestamp(1), kind: TimelineKind::Note, text: text.into() };
        let incident = Incident {
            id: IncidentId(7),
            title: "Database refuses connections".into(),
            timeline: vec![entry("diagnosis judged right"), entry("fixed by Ana with pgbouncer")],
            ..Incident::default()
        };
        let diagnosis = Diagnosis {
            grounds: aiobs_types::Grounds::default(),
            prompts: Vec::new(),
            id: 1,
            incident: IncidentId(7),
            fingerprint: Fingerprint(1),
            created: Timestamp(5),
            author: Author::Playbook { id: "x".into() },
            title: "Pool too large".into(),
            cause: "200 connections per replica".into(),
            error_class: "database.connections".into(),
            criticality: 5,
            confidence: Confidence::High,
            claims: Vec::new(),
            alternatives: vec!["a restart".into()],
            fix: Fix { now: vec!["scale down".into()], ..Fix::default() },
            summary: String::new(),
            references: Vec::new(),
            notes: Vec::new(),
            trace: None,
        };
        let documents = of_incident(&incident, Some(&diagnosis), Some(true));
        let kinds: Vec<&str> = documents.iter().map(|d| d.kind.name()).collect();
        assert_eq!(kinds, ["diagnosis", "fix", "verdict", "note", "incident"]);
        assert!(documents.iter().all(|d| d.incident == Some(IncidentId(7)) && d.class == "database.connections"));
        assert_eq!(documents[3].body, "fixed by Ana with pgbouncer");
        assert_eq!(documents[1].body, "Now: scale down");
        let facts = Diagnosis { author: Author::Facts, ..diagnosis };
        assert_eq!(of_incident(&incident, Some(&facts), None).len(), 2, "facts alone explain nothing");
    }
}
