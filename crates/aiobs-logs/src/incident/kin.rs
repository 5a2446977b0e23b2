//! When two faults are one: the same error pattern in the same component where one of the records does not name what
//! it is about, or two incidents that were given the same name. Used by the book only.

use aiobs_types::{Anomaly, Fingerprint, Incident, IncidentId, IncidentState};
use std::collections::HashMap;

/// What is further apart than this, in nanoseconds of event time, is not one fault.
const CLOSE: i64 = 5 * 60 * 1_000_000_000;

/// The incident that struck last of each group of kin.
#[derive(Default)]
pub(super) struct Kinship {
    last: HashMap<Fingerprint, Relative>,
}

struct Relative {
    incident: IncidentId,
    /// Its records name the thing they are about.
    named: bool,
}

impl Kinship {
    /// The incident a fault never seen before belongs to, if it is one of its kin: `get` finds an incident.
    pub(super) fn find<'a>(
        &self,
        anomaly: &Anomaly,
        get: impl FnOnce(IncidentId) -> Option<&'a Incident>,
    ) -> Option<IncidentId> {
        let kin = anomaly.kin?;
        let relative = self.last.get(&kin.group)?;
        let incident = get(relative.incident)?;
        let apart = anomaly.time.since(incident.last_seen).abs();
        let alike = !(kin.names_target && relative.named);
        (incident.state.is_active() && apart < CLOSE && alike).then_some(relative.incident)
    }

    /// An anomaly was counted into an incident.
    pub(super) fn struck(&mut self, anomaly: &Anomaly, incident: IncidentId) {
        let Some(kin) = anomaly.kin else { return };
        let relative = self.last.entry(kin.group).or_insert(Relative { incident, named: false });
        if relative.incident != incident {
            *relative = Relative { incident, named: false };
        }
        relative.named |= kin.names_target;
    }

    /// Forgets incidents that are not held any more.
    pub(super) fn retain(&mut self, held: impl Fn(IncidentId) -> bool) {
        self.last.retain(|_, relative| held(relative.incident));
    }
}

/// Whether two incidents of the same name are one fault: in the same component, at the same time, and no person has
/// said something else about the one that would end.
pub(super) fn are_one(whole: &Incident, part: &Incident) -> bool {
    let beside = whole.last_seen.since(part.first_seen) > -CLOSE && part.last_seen.since(whole.first_seen) > -CLOSE;
    let together = part.components.iter().any(|c| whole.components.contains(c));
    whole.title == part.title && beside && together && whole.state.is_active() && part.state == IncidentState::Open
}
