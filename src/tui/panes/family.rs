//! Which incidents of a list stand under which: what one caused follows it. Used by the panes that list incidents.

use aiobs_types::{Incident, IncidentId};
use std::collections::HashMap;
use std::sync::Arc;

/// Where an incident stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Under the one that caused it.
    pub(crate) under: bool,
    /// Incidents under it.
    pub(crate) children: usize,
}

/// The incidents in their order, each with the one it stands under: the last before it that stands for itself, when that
/// caused it.
pub(crate) fn members(all: &[Arc<Incident>]) -> impl Iterator<Item = (Option<IncidentId>, &Incident)> {
    let mut head = None;
    all.iter().map(move |i| {
        let under = i.caused_by.filter(|cause| head == Some(*cause));
        if under.is_none() {
            head = Some(i.id);
        }
        (under, i.as_ref())
    })
}

/// How many ask for attention, not counting what another one caused.
pub(crate) fn open(all: &[Arc<Incident>]) -> usize {
    members(all).filter(|(head, i)| head.is_none() && i.state.is_active()).count()
}

/// The same as a table.
pub(crate) fn places(all: &[Arc<Incident>]) -> HashMap<IncidentId, Place> {
    let mut places: HashMap<IncidentId, Place> = HashMap::new();
    for (head, incident) in members(all) {
        if let Some(head) = head {
            places.entry(incident.id).or_default().under = true;
            places.entry(head).or_default().children += 1;
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incident(id: u64, caused_by: Option<u64>) -> Arc<Incident> {
        let caused_by = caused_by.map(IncidentId);
        Arc::new(Incident { id: IncidentId(id), caused_by, ..Incident::default() })
    }

    #[test]
    fn only_what_follows_its_cause_stands_under_it() {
        let all =
            [incident(1, None), incident(2, Some(1)), incident(3, Some(1)), incident(4, None), incident(5, Some(1))];
        let under: Vec<_> = members(&all).map(|(head, _)| head.map(|h| h.0)).collect();
        assert_eq!(under, [None, Some(1), Some(1), None, None]);
        let places = places(&all);
        assert_eq!(places[&IncidentId(1)], Place { under: false, children: 2 });
        assert!(places[&IncidentId(2)].under && !places.contains_key(&IncidentId(5)));
    }
}
