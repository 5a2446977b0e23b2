//! Past incidents like one: those that read like it or had the same kind of cause. What they are compared by is made once.
//! Used by the inquiry thread and by the archive as the agents see it; knows nothing of the screen.

use super::board::{Board, lock};
use aiobs_memory::{ENOUGH, Likeness, Profile, at_most, likeness};
use aiobs_store::{Reader, StoreError};
use aiobs_types::{Diagnosis, Incident, IncidentId};
use std::collections::HashMap;
use std::sync::Arc;

/// Past incidents that one is compared with, the latest.
const COMPARED: usize = 2_000;

/// What incidents are compared by, with the title it was made of.
#[derive(Debug, Default)]
pub(crate) struct Alike {
    profiles: HashMap<IncidentId, (String, Profile)>,
}

/// A past incident, in what it is alike, and its latest diagnosis.
pub(crate) type Like = (Likeness, Arc<Incident>, Option<Diagnosis>);

impl Alike {
    /// Incidents of `all` that were over before this one began and are like it, the likest first.
    ///
    /// # Errors
    /// Faults of the disk.
    pub(crate) fn like(
        &mut self,
        incident: &Incident,
        diagnosis: Option<&Diagnosis>,
        all: &[Arc<Incident>],
        board: &Board,
        reader: &Reader,
    ) -> Result<Vec<Like>, StoreError> {
        let template = |id| lock(&board.templates).get(&id).map(|t| t.text.clone()).unwrap_or_default();
        let now = Profile::of(incident, &template(incident.template), diagnosis);
        let titles: HashMap<IncidentId, &str> = all.iter().map(|i| (i.id, i.title.as_str())).collect();
        self.profiles.retain(|id, (title, _)| titles.get(id) == Some(&title.as_str()));
        let mut found = Vec::new();
        let past = |i: &&Arc<Incident>| i.id != incident.id && i.last_seen < incident.first_seen;
        for past in all.iter().filter(past).rev().take(COMPARED) {
            let (_, profile) = self
                .profiles
                .entry(past.id)
                .or_insert_with(|| (past.title.clone(), Profile::of(past, &template(past.template), None)));
            // Only those that could be like it are looked up.
            if at_most(&now, profile) < ENOUGH {
                continue;
            }
            let known = reader.diagnosis_of(past)?;
            let class = known.as_ref().map_or("", |d| &d.error_class);
            let likeness = likeness(&now, &profile.clone().with_class(class));
            if likeness.score >= ENOUGH {
                found.push((likeness, Arc::clone(past), known));
            }
        }
        found.sort_by(|a, b| b.0.score.total_cmp(&a.0.score).then(b.1.last_seen.cmp(&a.1.last_seen)));
        Ok(found)
    }
}
