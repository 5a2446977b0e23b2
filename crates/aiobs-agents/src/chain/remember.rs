//! A fault that was diagnosed before, and whose diagnosis a person confirmed, is answered again at once: nobody is asked.
//! Pure; used by the service.

use crate::context::fence::neutral;
use crate::context::render::time;
use aiobs_types::{Claim, Diagnosis, Incident, Remembered, Timestamp};

/// Most records cited by the claim about this time.
const CITED: usize = 8;

/// The confirmed diagnosis as an answer for this incident. Its records are of then; a claim about now is put in front.
pub(super) fn remembered(confirmed: &Diagnosis, incident: &Incident, created: Timestamp) -> Diagnosis {
    let origin =
        confirmed.grounds.remembered.unwrap_or(Remembered { diagnosis: confirmed.id, incident: confirmed.incident });
    let mut d = confirmed.clone();
    d.id = 0;
    d.incident = incident.id;
    d.fingerprint = incident.fingerprint;
    d.created = created;
    d.trace = None;
    d.grounds.remembered = Some(origin);
    d.grounds.security.clear();
    d.notes = vec![format!(
        "remembered: a person confirmed this diagnosis for {}; no model was asked, and a re-run asks one",
        origin.incident
    )];
    if incident.id != confirmed.incident {
        let times = if incident.count == 1 { "once".to_owned() } else { format!("{} times", incident.count) };
        let text = format!("The same fault struck {times} since {} UTC.", time(incident.first_seen));
        let records = incident.evidence.iter().copied().take(CITED).collect::<Vec<_>>();
        d.claims.retain(|c| !c.text.starts_with("The same fault struck "));
        d.claims.insert(0, Claim { supported: !records.is_empty(), text, records, ..Claim::default() });
        d.summary = format!(
            "{}: the fault of {} again, since {} UTC. {}",
            neutral(&d.title, 120),
            origin.incident,
            time(incident.first_seen),
            d.cause
        );
    }
    d
}
