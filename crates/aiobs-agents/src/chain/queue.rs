//! Incidents that wait for a run: worst first, one per fault, bounded. Pure; used by the service.

use aiobs_llm::Provider;
use aiobs_types::{Fingerprint, Incident, IncidentId, Level, Severity};
use std::collections::HashMap;
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
    /// Its run was cut off by the program's end: it goes on where it was.
    pub(crate) halted: bool,
}

impl Waiting {
    /// One that nobody asked for.
    pub(crate) const fn unasked(incident: Incident) -> Self {
        Self { incident, asked: false, chosen: None, halted: false }
    }
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
            // Who asks anew wants it from the beginning.
            old.halted &= new.halted || !new.asked;
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

    /// Who waits, in no order.
    pub(crate) fn ids(&self) -> Vec<IncidentId> {
        self.items.iter().map(|w| w.incident.id).collect()
    }

    /// The first `most` in the order of their turn.
    pub(crate) fn order(&self, most: usize) -> Vec<IncidentId> {
        let mut all: Vec<&Waiting> = self.items.iter().collect();
        all.sort_by_key(|w| std::cmp::Reverse(rank(w)));
        all.into_iter().take(most).map(|w| w.incident.id).collect()
    }

    /// What waits may have become worse: its turn is by how bad it is now.
    pub(crate) fn reckon(&mut self, now: &[(IncidentId, Severity, Option<u8>)]) {
        let now: HashMap<IncidentId, (Severity, Option<u8>)> = now.iter().map(|(id, s, c)| (*id, (*s, *c))).collect();
        for waiting in &mut self.items {
            if let Some((severity, criticality)) = now.get(&waiting.incident.id) {
                (waiting.incident.severity, waiting.incident.criticality) = (*severity, *criticality);
            }
        }
    }

    /// Whether a person asked for this one; `None` when it does not wait.
    pub(crate) fn asked(&self, id: IncidentId) -> Option<bool> {
        self.items.iter().find(|w| w.incident.id == id).map(|w| w.asked)
    }

    /// Removes an incident; its fault, when it was there.
    pub(crate) fn remove(&mut self, id: IncidentId) -> Option<Fingerprint> {
        let at = self.items.iter().position(|w| w.incident.id == id)?;
        Some(self.items.remove(at).incident.fingerprint)
    }

    pub(crate) fn holds(&self, fault: Fingerprint) -> bool {
        self.items.iter().any(|w| w.incident.fingerprint == fault)
    }
}

/// What nobody has judged yet is as critical as its level usually is: one judged harmless must not go before a fatal one.
fn rank(w: &Waiting) -> (bool, u8, u8) {
    let usual = match w.incident.severity.level() {
        Level::Fatal => 4,
        Level::Error => 3,
        Level::Warn => 2,
        _ => 1,
    };
    (w.asked, w.incident.criticality.unwrap_or(usual), w.incident.severity.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aiobs_types::Severity;

    fn waiting(id: u64, severity: Severity, asked: bool) -> Waiting {
        let incident = Incident { id: IncidentId(id), fingerprint: Fingerprint(id), severity, ..Incident::default() };
        Waiting { incident, asked, chosen: None, halted: false }
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
    fn what_is_not_judged_yet_ranks_by_its_level_and_what_became_worse_moves_up() {
        let mut q = Queue::new(5);
        let mut harmless = waiting(1, Severity::WARN, false);
        harmless.incident.criticality = Some(1);
        q.push(harmless);
        q.push(waiting(2, Severity::ERROR, false));
        q.push(waiting(3, Severity::WARN, false));
        let order = |q: &Queue| q.order(9).iter().map(|id| id.0).collect::<Vec<_>>();
        assert_eq!(order(&q), [2, 3, 1], "an error that nobody judged goes before a warning that is harmless");
        q.reckon(&[(IncidentId(3), Severity::FATAL, None), (IncidentId(9), Severity::FATAL, None)]);
        assert_eq!(order(&q), [3, 2, 1]);
        assert_eq!(q.order(1), [IncidentId(3)]);
        assert_eq!(q.pop().map(|w| w.incident.id.0), Some(3));
    }

    #[test]
    fn a_person_goes_before_everything() {
        let mut q = Queue::new(3);
        q.push(waiting(1, Severity::FATAL, false));
        q.push(waiting(2, Severity::WARN, true));
        assert_eq!(q.pop().map(|w| w.incident.id.0), Some(2));
        assert!(q.holds(Fingerprint(1)) && q.remove(IncidentId(1)).is_some() && q.remove(IncidentId(1)).is_none());
    }
}
