//! Past incidents like one, for `aiobs incidents`.

use super::output::rfc3339;
use aiobs_memory::{ENOUGH, Likeness, Profile, Remedy, likeness, remedy};
use aiobs_store::{Reader, StoreError};
use aiobs_types::{Incident, IncidentId};
use serde_json::{Value, json as object};
use std::collections::HashMap;

/// Most that are given.
const MOST: usize = 3;

/// Everything that happened, ready to be compared.
pub(super) struct Past<'a> {
    reader: &'a Reader,
    incidents: Vec<Incident>,
    profiles: HashMap<IncidentId, Profile>,
}

/// A past incident, in what it is alike, and what helped.
pub(super) type Like<'a> = (&'a Incident, Likeness, Option<Remedy>);

impl<'a> Past<'a> {
    pub(super) fn read(reader: &'a Reader) -> Result<Self, StoreError> {
        let incidents = reader.incidents()?;
        let templates: HashMap<_, String> = reader.templates()?.into_iter().map(|t| (t.id, t.text)).collect();
        let mut profiles = HashMap::new();
        for i in &incidents {
            let diagnosis = reader.diagnosis_of(i)?;
            let template = templates.get(&i.template).map_or("", String::as_str);
            profiles.insert(i.id, Profile::of(i, template, diagnosis.as_ref()));
        }
        Ok(Self { reader, incidents, profiles })
    }

    /// Those that were over before this one began, the likest first.
    pub(super) fn like(&self, incident: &Incident) -> Result<Vec<Like<'_>>, StoreError> {
        let Some(now) = self.profiles.get(&incident.id) else { return Ok(Vec::new()) };
        let past = self.incidents.iter().filter(|i| i.id != incident.id && i.last_seen < incident.first_seen);
        let mut found: Vec<(&Incident, Likeness)> = past
            .filter_map(|i| Some((i, likeness(now, self.profiles.get(&i.id)?))))
            .filter(|(_, l)| l.score >= ENOUGH)
            .collect();
        found.sort_by(|a, b| b.1.score.total_cmp(&a.1.score).then(b.0.last_seen.cmp(&a.0.last_seen)));
        let mut out = Vec::new();
        for (i, l) in found.into_iter().take(MOST) {
            let diagnosis = self.reader.diagnosis_of(i)?;
            out.push((i, l, remedy(diagnosis.as_ref(), self.reader.verdict(i.id)?.and_then(|v| v.is_right()))));
        }
        Ok(out)
    }
}

/// As `docs/output.md` says.
pub(super) fn json((past, likeness, helped): &Like<'_>) -> Value {
    object!({
        "id": past.id.0,
        "title": past.title,
        "state": past.state.name(),
        "last_seen": rfc3339(past.last_seen),
        "likeness": likeness.score,
        "words": likeness.words,
        "components": likeness.components,
        "error_class": likeness.class,
        "advice": helped.as_ref().map(|r| &r.text),
        "confirmed": helped.as_ref().is_some_and(|r| r.confirmed),
    })
}
