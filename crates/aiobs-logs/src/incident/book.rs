//! The book of incidents: by fingerprint, with their states.

use super::escalate::Pace;
use super::history;
use super::kin::{Kinship, are_one};
use super::relate::Relations;
use aiobs_types::{Anomaly, Fingerprint, Incident, IncidentId, IncidentState, TimelineKind, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Bounds and times of an [`IncidentBook`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookOptions {
    /// An incident without a strike for so long, in nanoseconds of event time, is resolved.
    pub quiet: i64,
    /// Incidents held in memory; beyond it the ones resolved longest ago leave, then the quietest.
    pub max_incidents: usize,
}

impl Default for BookOptions {
    fn default() -> Self {
        Self { quiet: 15 * 60 * 1_000_000_000, max_incidents: 10_000 }
    }
}

/// Bytes up to which a reason grows.
const MOST_REASON: usize = 500;

/// What an anomaly did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The incident it belongs to.
    pub incident: IncidentId,
    /// It was the first strike.
    pub opened: bool,
    /// The incident was resolved and is open again.
    pub reopened: bool,
    /// It reached a higher level or another component.
    pub escalated: bool,
    /// The incident is muted: counted, but not to be shown or diagnosed.
    pub muted: bool,
}

/// All incidents in memory. One owner.
pub struct IncidentBook {
    pub(super) options: BookOptions,
    pub(super) incidents: BTreeMap<IncidentId, Held>,
    pub(super) relations: Relations,
    by_fingerprint: HashMap<Fingerprint, IncidentId>,
    kinship: Kinship,
    changed: Vec<IncidentId>,
    /// Left since the last [`Self::take_forgotten`].
    forgotten: Vec<IncidentId>,
    next: IncidentId,
    /// How far event time had come when quiet incidents were looked for.
    checked: Timestamp,
}

/// Handed out as it is; whoever still holds it when it changes keeps what it was.
pub(super) struct Held {
    pub(super) incident: Arc<Incident>,
    changed: bool,
    /// How far event time was, over all sources, at the last strike: what one source writes may be hours behind another,
    /// and is not quiet for that.
    pub(super) heard: Timestamp,
    pace: Pace,
}

impl Held {
    fn new(incident: Incident) -> Self {
        Self { heard: incident.last_seen, incident: Arc::new(incident), changed: false, pace: Pace::default() }
    }

    fn change(&mut self) -> &mut Incident {
        Arc::make_mut(&mut self.incident)
    }
}

impl IncidentBook {
    /// A book with the incidents of earlier runs; new ones are numbered from `next_id`.
    pub fn new(options: BookOptions, mut existing: Vec<Incident>, next_id: IncidentId) -> Self {
        let mut book = Self {
            options,
            incidents: BTreeMap::new(),
            relations: Relations::default(),
            by_fingerprint: HashMap::new(),
            kinship: Kinship::default(),
            changed: Vec::new(),
            forgotten: Vec::new(),
            next: IncidentId(next_id.0.max(1)),
            checked: Timestamp(i64::MIN),
        };
        // The numbers of those that are not taken up are not given again either.
        book.next = existing.iter().fold(book.next, |next, i| next.max(IncidentId(i.id.0 + 1)));
        existing.sort_unstable_by_key(|i| std::cmp::Reverse((i.state.is_active(), i.last_seen, i.id)));
        existing.truncate(options.max_incidents);
        existing.sort_unstable_by_key(|i| i.id);
        for incident in existing {
            book.by_fingerprint.insert(incident.fingerprint, incident.id);
            book.incidents.insert(incident.id, Held::new(incident));
        }
        for Held { incident, .. } in book.incidents.values().filter(|h| h.incident.part_of.is_none()) {
            book.by_fingerprint.extend(incident.also.iter().map(|f| (*f, incident.id)));
        }
        book
    }

    /// Whether an anomaly of this fingerprint at `time` would only be counted: its incident is known and not resolved,
    /// so nobody will read the anomaly's own words.
    pub fn counts_on(&self, fingerprint: Fingerprint, time: Timestamp) -> bool {
        let held = self.by_fingerprint.get(&fingerprint).and_then(|id| self.incidents.get(id));
        held.is_some_and(|h| {
            h.incident.state != IncidentState::Resolved && time.since(h.incident.last_seen) < self.options.quiet
        })
    }

    /// Counts an anomaly into its incident, opening or reopening it.
    pub fn apply(&mut self, anomaly: &Anomaly) -> Applied {
        let id = self.incident_of(anomaly);
        let goes_on = id.is_some_and(|id| self.goes_on(id, anomaly.time));
        if let Some(id) = id
            && let Some(held) = self.incidents.get_mut(&id)
        {
            // Read in one go, event time jumps: the quiet before this strike was never looked at.
            let quiet_until = held.incident.last_seen.plus(self.options.quiet);
            if held.incident.state.is_active() && anomaly.time >= quiet_until && !goes_on {
                resolve(held.change(), self.options.quiet, quiet_until);
            }
            let incident = held.change();
            let escalated = history::strike(incident, anomaly);
            let reopened = incident.state == IncidentState::Resolved;
            if reopened {
                incident.state = IncidentState::Open;
                history::note(incident, TimelineKind::Reopened, anomaly.reason.clone(), anomaly.time);
                history::mark_flapping(incident, anomaly.time);
            }
            let muted = incident.state == IncidentState::Muted;
            held.heard = held.heard.max(anomaly.time).max(self.checked);
            if reopened {
                held.pace = Pace::default();
            }
            let grown = held.pace.strike(anomaly.time);
            mark(&mut self.changed, held);
            self.kinship.struck(anomaly, id);
            if let Some(grown) = grown {
                self.grew(id, grown, anomaly.time);
            }
            if reopened {
                // Another time it may have another cause.
                self.free(id);
                self.release(id);
            }
            return Applied { incident: id, opened: false, reopened, escalated, muted };
        }
        let id = self.next;
        self.next = IncidentId(id.0 + 1);
        self.make_room();
        self.by_fingerprint.insert(anomaly.fingerprint, id);
        let mut held = Held::new(history::open(id, anomaly));
        held.heard = held.heard.max(self.checked);
        mark(&mut self.changed, &mut held);
        self.incidents.insert(id, held);
        self.kinship.struck(anomaly, id);
        Applied { incident: id, opened: true, reopened: false, escalated: false, muted: false }
    }

    /// The incident an anomaly is counted into, if there is one. A record that names nothing belongs to what its
    /// component suffers from just now; any other to its fingerprint, else to its kin.
    fn incident_of(&mut self, anomaly: &Anomaly) -> Option<IncidentId> {
        let relative = self.kinship.find(anomaly, |id| self.incidents.get(&id).map(|h| &*h.incident));
        let known = self.by_fingerprint.get(&anomaly.fingerprint).copied();
        let id = match (known, relative) {
            (Some(known), None) => return self.is_its_own(known, anomaly).then_some(known),
            (Some(known), Some(_)) if anomaly.kin.is_some_and(|kin| kin.names_target) => return Some(known),
            (_, relative) => relative?,
        };
        let held = self.incidents.get_mut(&id)?;
        if !history::answer_for(held.change(), anomaly.fingerprint) {
            return known;
        }
        self.by_fingerprint.entry(anomaly.fingerprint).or_insert(id);
        Some(id)
    }

    /// Whether the incident that answers for the anomaly's fingerprint also does so in its component: one that only
    /// took a record without a name for its own does not.
    fn is_its_own(&self, id: IncidentId, anomaly: &Anomaly) -> bool {
        let Some(incident) = self.get(id) else { return false };
        incident.fingerprint == anomaly.fingerprint
            || anomaly.kin.is_none_or(|kin| kin.names_target)
            || incident.components.contains(&anomaly.component)
    }

    /// Lets event time reach `event_now`: incidents that have been quiet long enough are resolved. Cheap to call
    /// often; it looks at the incidents once per second of event time.
    pub fn tick(&mut self, event_now: Timestamp) {
        if event_now.since(self.checked) < 1_000_000_000 {
            return;
        }
        self.checked = event_now;
        let quiet = self.options.quiet;
        let over = |h: &&Held| h.incident.state.is_active() && event_now.since(h.heard) >= quiet;
        let over: Vec<IncidentId> = self.incidents.values().filter(over).map(|h| h.incident.id).collect();
        for id in over {
            if self.goes_on(id, event_now) {
                continue;
            }
            if let Some(held) = self.incidents.get_mut(&id) {
                let quiet = event_now.since(held.heard);
                resolve(held.change(), quiet, event_now);
                mark(&mut self.changed, held);
            }
        }
    }

    /// A person sets the state. Returns false when there is no such incident or it is in that state already.
    pub fn set_state(&mut self, id: IncidentId, state: IncidentState, at: Timestamp) -> bool {
        let Some(held) = self.incidents.get_mut(&id) else { return false };
        if held.incident.state == state {
            return false;
        }
        let was = held.incident.state.name();
        let incident = held.change();
        incident.state = state;
        let (kind, text) = match state {
            IncidentState::Open => (TimelineKind::Reopened, format!("set to open, was {was}")),
            IncidentState::Acknowledged => (TimelineKind::Acknowledged, "acknowledged".to_owned()),
            IncidentState::Resolved => (TimelineKind::Resolved, "resolved by a person".to_owned()),
            IncidentState::Muted => (TimelineKind::Muted, "muted".to_owned()),
        };
        history::note(incident, kind, text, at);
        let parted = incident.part_of.take().map(|whole| (whole, incident.fingerprint));
        mark(&mut self.changed, held);
        if let Some((whole, fingerprint)) = parted {
            // A person says that it is a fault of its own.
            self.by_fingerprint.insert(fingerprint, id);
            self.with(whole, |incident| incident.also.retain(|f| *f != fingerprint));
        }
        if matches!(state, IncidentState::Acknowledged | IncidentState::Resolved) {
            let children = self.get(id).map(|i| i.causes.clone()).unwrap_or_default();
            for child in children {
                if self.get(child).is_some_and(|c| c.state.is_active()) {
                    self.set_state(child, state, at);
                }
            }
        }
        true
    }

    /// Adds a line to the timeline. Returns false when there is no such incident.
    pub fn note(&mut self, id: IncidentId, kind: TimelineKind, text: String, at: Timestamp) -> bool {
        self.with(id, |incident| history::note(incident, kind, text, at))
    }

    /// Adds a sentence (without its full stop) on why the incident is there to its history, and to its reason while that
    /// is short. Returns false when there is no such incident.
    pub fn explain(&mut self, id: IncidentId, text: &str, at: Timestamp) -> bool {
        self.with(id, |incident| {
            let said = history::sentence(text);
            if incident.reason.len() + said.len() <= MOST_REASON {
                incident.reason.push(' ');
                incident.reason.push_str(&said);
            }
            history::note(incident, TimelineKind::Note, text.to_owned(), at);
        })
    }

    /// Sets the criticality that a diagnosis gave, 1 to 5. Returns false when there is no such incident.
    pub fn set_criticality(&mut self, id: IncidentId, criticality: u8) -> bool {
        self.with(id, |incident| incident.criticality = Some(criticality.clamp(1, 5)))
    }

    /// Sets how likely it is a fault, in percent, after a person said so. Returns false when there is no such incident.
    pub fn set_likelihood(&mut self, id: IncidentId, percent: u8) -> bool {
        self.with(id, |incident| incident.likelihood = Some(percent.min(100)))
    }

    /// Gives it the title that a diagnosis found. When that is the title of another incident in the same component at
    /// the same time, the two are one fault: the later one becomes part of the earlier one. Returns false when there is
    /// no such incident.
    pub fn set_title(&mut self, id: IncidentId, title: &str) -> bool {
        let known = self.with(id, |incident| title.clone_into(&mut incident.title));
        if let Some((whole, part)) = self.twins(id) {
            self.join(whole, part);
        }
        known
    }

    /// This incident and another one of the same fault, as (whole, part).
    fn twins(&self, id: IncidentId) -> Option<(IncidentId, IncidentId)> {
        let this = self.get(id)?;
        self.iter().filter(|other| other.id != id).find_map(|other| {
            let earlier = (other.first_seen, other.id) < (this.first_seen, this.id);
            let (whole, part) = if earlier { (other, this) } else { (this, other) };
            let pair = [(whole, part), (part, whole)].into_iter().find(|(w, p)| are_one(w, p))?;
            Some((pair.0.id, pair.1.id))
        })
    }

    fn join(&mut self, whole: IncidentId, part: IncidentId) {
        // What the part caused, the whole caused.
        let consequences = self.get(part).map(|p| p.causes.clone()).unwrap_or_default();
        self.free(part);
        self.release(part);
        self.relations.forget(part);
        for child in consequences.into_iter().filter(|c| *c != whole) {
            self.adopt(whole, child);
        }
        let Some(mut ended) = self.incidents.remove(&part) else { return };
        let fingerprints: Vec<Fingerprint> = ended.incident.fingerprints().collect();
        if let Some(held) = self.incidents.get_mut(&whole)
            && held.incident.also.len() + fingerprints.len() <= Incident::MOST_ALSO
        {
            let at = held.incident.last_seen.max(ended.incident.last_seen);
            history::absorb(held.change(), ended.change(), at);
            mark(&mut self.changed, held);
            mark(&mut self.changed, &mut ended);
            for fingerprint in fingerprints {
                history::answer_for(held.change(), fingerprint);
                self.by_fingerprint.insert(fingerprint, whole);
            }
            ended.change().also.clear();
        }
        self.incidents.insert(part, ended);
    }

    pub(super) fn with(&mut self, id: IncidentId, change: impl FnOnce(&mut Incident)) -> bool {
        let Some(held) = self.incidents.get_mut(&id) else { return false };
        change(held.change());
        mark(&mut self.changed, held);
        true
    }

    /// An incident.
    pub fn get(&self, id: IncidentId) -> Option<&Incident> {
        self.incidents.get(&id).map(|held| &*held.incident)
    }

    /// All incidents in memory, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Incident> {
        self.incidents.values().map(|held| &*held.incident)
    }

    /// Number of incidents in memory.
    pub fn len(&self) -> usize {
        self.incidents.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.incidents.is_empty()
    }

    /// Incidents that changed since the last call, in the order of their first change, shared and not copied.
    pub fn take_changed(&mut self) -> Vec<Arc<Incident>> {
        let ids = std::mem::take(&mut self.changed);
        let mut out = Vec::with_capacity(ids.len());
        for id in ids {
            if let Some(held) = self.incidents.get_mut(&id) {
                held.changed = false;
                out.push(Arc::clone(&held.incident));
            }
        }
        out
    }

    /// Incidents that left memory to make room since the last call.
    pub fn take_forgotten(&mut self) -> Vec<IncidentId> {
        std::mem::take(&mut self.forgotten)
    }

    /// Before the bound is passed, a tenth leaves: resolved ones first, the longest quiet first. What was not yet
    /// taken by [`Self::take_changed`] stays.
    fn make_room(&mut self) {
        if self.incidents.len() < self.options.max_incidents {
            return;
        }
        let mut order: Vec<_> = self
            .incidents
            .values()
            .filter(|held| !held.changed)
            .map(|held| (held.incident.state.is_active(), held.incident.last_seen, held.incident.id))
            .collect();
        order.sort_unstable();
        for (_, _, id) in order.into_iter().take(self.options.max_incidents / 10 + 1) {
            self.incidents.remove(&id);
            self.forgotten.push(id);
        }
        self.by_fingerprint.retain(|_, id| self.incidents.contains_key(id));
        self.kinship.retain(|id| self.incidents.contains_key(&id));
    }
}

/// Ends an incident that was quiet for so many nanoseconds.
fn resolve(incident: &mut Incident, quiet: i64, at: Timestamp) {
    incident.state = IncidentState::Resolved;
    let text = format!("quiet for {} minutes", quiet / 60_000_000_000);
    history::note(incident, TimelineKind::Resolved, text, at);
}

fn mark(changed: &mut Vec<IncidentId>, held: &mut Held) {
    if !held.changed {
        held.changed = true;
        changed.push(held.incident.id);
    }
}
