//! Groups of incidents in the book: one that is the likeliest cause, and those it caused, which point at it. What is
//! related to what is found in `relate`; here it is written into the incidents.

use super::book::{Applied, IncidentBook};
use super::history;
use super::relate::Episode;
use aiobs_types::{Anomaly, Incident, IncidentId, RecordView, TimelineKind, Timestamp};

impl IncidentBook {
    /// Shows the record of an anomaly that was just applied, so that its incident can be held against others. Without a
    /// record for anomalies of numbers.
    pub fn witness(&mut self, applied: &Applied, anomaly: &Anomaly, record: Option<&RecordView<'_>>) {
        let episode = if applied.opened || applied.reopened { Episode::Begins } else { Episode::GoesOn };
        if let Some(held) = self.incidents.get(&applied.incident) {
            self.relations.strike(&held.incident, episode, anomaly, record);
        }
    }

    /// Finds out which incidents belong together by what [`Self::witness`] was shown since the last call.
    pub fn relate(&mut self) {
        let incidents = &self.incidents;
        let counts =
            |id| incidents.get(&id).is_some_and(|h| h.incident.state.is_active() && h.incident.part_of.is_none());
        for relation in self.relations.settle(counts) {
            self.caused(relation.effect, relation.cause, &relation.why);
        }
    }

    /// `effect` was caused by `root`, and with it what it was thought to have caused.
    fn caused(&mut self, effect: IncidentId, root: IncidentId, why: &str) {
        let Some(before) = self.get(effect) else { return };
        let at = before.last_seen;
        if before.caused_by == Some(root) || effect == root {
            return;
        }
        let Some(title) = self.get(root).map(|r| r.title.clone()) else { return };
        let was = before.caused_by;
        let theirs = before.causes.clone();
        if let Some(was) = was {
            self.with(was, |i| i.causes.retain(|c| *c != effect));
        }
        // The root is nobody's consequence, not even of what was taken for the cause before.
        self.free(root);
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        self.with(effect, |i| {
            i.caused_by = Some(root);
            i.causes.clear();
            history::note(i, TimelineKind::Note, format!("caused by {root} ({title}){why}"), at);
        });
        self.list(root, effect);
        for child in theirs.into_iter().filter(|c| *c != root) {
            self.with(child, |i| i.caused_by = Some(root));
            self.list(root, child);
        }
        self.spread(root, effect, at);
    }

    fn list(&mut self, root: IncidentId, child: IncidentId) {
        self.with(root, |i| {
            if i.causes.len() < Incident::MOST_CAUSED && !i.causes.contains(&child) {
                i.causes.push(child);
            }
        });
    }

    /// `child` was caused by what `whole` is about.
    pub(super) fn adopt(&mut self, whole: IncidentId, child: IncidentId) {
        let root = self.get(whole).and_then(|w| w.caused_by).unwrap_or(whole);
        if root != child && self.with(child, |i| i.caused_by = Some(root)) {
            self.list(root, child);
        }
    }

    /// The root's history says where its fault spread to, when that is another component.
    fn spread(&mut self, root: IncidentId, child: IncidentId, at: Timestamp) {
        let (Some(whole), Some(part)) = (self.get(root), self.get(child)) else { return };
        let Some(name) = part.components.iter().find(|c| !whole.components.contains(c)).cloned() else { return };
        let told = format!("spread to {name}");
        if whole.timeline.iter().any(|e| e.text.starts_with(&told)) {
            return;
        }
        let text = format!("{told} ({child}: {})", part.title);
        self.with(root, |i| history::note(i, TimelineKind::Escalated, text, at));
        self.reached(root, at);
    }

    /// It stands for itself again.
    pub(super) fn free(&mut self, id: IncidentId) {
        let Some(root) = self.get(id).and_then(|i| i.caused_by) else { return };
        self.with(id, |i| i.caused_by = None);
        self.with(root, |i| i.causes.retain(|c| *c != id));
    }

    /// What it caused stands for itself.
    pub(super) fn release(&mut self, root: IncidentId) {
        let Some(children) = self.get(root).map(|i| i.causes.clone()).filter(|c| !c.is_empty()) else { return };
        for child in children {
            self.with(child, |i| i.caused_by = i.caused_by.filter(|r| *r != root));
        }
        self.with(root, |i| i.causes.clear());
    }

    /// Whether something that it caused goes on: then it is not over.
    pub(super) fn goes_on(&self, root: IncidentId, now: Timestamp) -> bool {
        let Some(held) = self.incidents.get(&root) else { return false };
        held.incident
            .causes
            .iter()
            .filter_map(|c| self.incidents.get(c))
            .any(|child| child.incident.state.is_active() && now.since(child.heard) < self.options.quiet)
    }
}
