//! Incidents that wait for a run: worst first, one per fault, bounded. Pure; used by the service.

use aiobs_llm::Provider;
use aiobs_types::{Fingerprint, Incident, IncidentId};
use std::sync::Arc;

/// A model that a person chose for one run or question.
#[derive(Clone)]
pub struct Chosen {
    /// Its server with everything around it.
    pub provider: Arc<dyn Provider>,
    /// Model to ask for; `None` takes the provider's choice.
    pub model: Option<String>,
}

/// An incident that waits.
#[derive(Clone)]
pub(crate) struct Waiting {
    pub(crate) incident: Incident,
    /// A person asked for it: goes first, and runs even when there is a diagnosis.
    pub(crate) asked: bool,
    /// The model that person chose.
    pub(crate) chosen: Option<Chosen>,
}

/// The queue.
pub(crate) struct Queue {
    limit: usize,
    items: Vec<Waiting>,
}

impl Queue {
    /// With room for so many.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit: limit.max(1), items: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// Adds an incident, or refreshes the one with the same fault. Gives back the one that had to leave for want
    /// of room: the least bad.
    pub(crate) fn push(&mut self, new: Waiting) -> Option<IncidentId> {
        if let Some(old) = self.items.iter_mut().find(|w| w.incident.fingerprint == new.incident.fingerprint) {
            old.asked |= new.asked;
            old.incident = new.incident;
            old.chosen = new.chosen.or(old.chosen.take());
            return None;
        }
        self.items.push(new);
        if self.items.len() <= self.limit {
            return None;
        }
        let least = (0..self.items.len()).min_by_key(|i| rank(&self.items[*i]))?;
        Some(self.items.remove(least).incident.id)
    }

    /// Takes the worst; among equals the one that waits longest.
    pub(crate) fn pop(&mut self) -> Option<Waiting> {
        let worst = (0..self.items.len()).rev().max_by_key(|i| rank(&self.items[*i]))?;
        Some(self.items.remove(worst))
    }

    /// Removes an incident; whether it was there.
    pub(crate) fn remove(&mut self, id: IncidentId) -> bool {
        let before = self.items.len();
        self.items.retain(|w| w.incident.id != id);
        self.items.len() < before
    }

    pub(crate) fn holds(&self, fault: Fingerprint) -> bool {
        self.items.iter().any(|w| w.incident.fingerprint == fault)
    }
}

fn rank(w: &Waiting) -> (bool, Option<u8>, u8) {
    (w.asked, w.incident.criticality, w.incident.severity.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aiobs_types::Severity;

    fn waiting(id: u64, severity: Severity, asked: bool) -> Waiting {
        let incident = Incident { id: IncidentId(id), fingerprint: Fingerprint(id), severity, ..Incident::default() };
        Waiting { incident, asked, chosen: None }
    }

    #[test]
    fn the_worst_goes_first_and_the_least_bad_leaves() {
        let mut q = Queue::new(3);
        for (id, severity) in [(1, Severity::WARN), (2, Severity::ERROR), (3, Severity::ERROR)] {
            assert_eq!(q.push(waiting(id, severity, false)), None);
        }
        assert_eq!(q.push(waiting(2, Severity::FATAL, false)), None, "the same fault waits once");
        assert_eq!(q.push(waiting(4, Severity::ERROR, false)), Some(IncidentId(1)));
        let order: Vec<u64> = std::iter::from_fn(|| q.pop()).map(|w| w.incident.id.0).collect();
        assert_eq!(order, [2, 3, 4]);
    }

    #[test]
    fn a_person_goes_before_everything() {
        let mut q = Queue::new(3);
        q.push(waiting(1, Severity::FATAL, false));
        q.push(waiting(2, Severity::WARN, true));
        assert_eq!(q.pop().map(|w| w.incident.id.0), Some(2));
        assert!(q.holds(Fingerprint(1)) && q.remove(IncidentId(1)) && !q.remove(IncidentId(1)));
    }
}
