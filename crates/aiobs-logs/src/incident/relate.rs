//! Which incidents have one cause: each is held against the others of its time, and those that are related make a tree
//! whose root is the likeliest cause of all. Events are related by what they name, the requests they struck, their
//! component, host and time, in the manner of topology- and trace-based alert correlation (Zhao et al., "Understanding
//! and Handling Alert Storm for Online Service Systems", ICSE-SEIP 2020). Bounded in memory and work; used by the book.

use super::mention;
use super::profile::{Profile, Relation, Strength, between};
use aiobs_types::{Anomaly, Incident, IncidentId, RecordView};
use std::collections::{BTreeMap, HashSet};

/// Incidents that are held against each other; beyond it the longest quiet leave.
const PROFILES: usize = 128;
/// Incidents looked at per batch; in a storm of incidents the newest.
const LOOKED_AT: usize = 32;
/// Hosts needed before "on the same host" says anything.
const HOSTS: usize = 3;

/// What a strike did to its incident, as far as relations go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Episode {
    /// It began, or began again.
    Begins,
    /// It goes on.
    GoesOn,
}

/// See the module. One owner.
#[derive(Debug, Default)]
pub(super) struct Relations {
    profiles: BTreeMap<IncidentId, Profile>,
    /// Incidents about which something new is known.
    fresh: Vec<IncidentId>,
    /// By effect.
    links: BTreeMap<IncidentId, Relation>,
    hosts: HashSet<u64>,
}

impl Relations {
    /// A record was counted into an incident; `None` when a number was, and no record.
    pub(super) fn strike(
        &mut self,
        incident: &Incident,
        episode: Episode,
        anomaly: &Anomaly,
        record: Option<&RecordView<'_>>,
    ) {
        let id = incident.id;
        if episode == Episode::Begins {
            self.forget(id);
        }
        if !self.profiles.contains_key(&id) {
            self.make_room();
            let first = if episode == Episode::Begins { anomaly.time } else { incident.first_seen };
            self.profiles.insert(id, Profile::new(incident, first));
            if let Some(cause) = incident.caused_by {
                let why = String::new();
                self.links.insert(id, Relation { effect: id, cause, strength: Strength::Request, why });
            }
        }
        let Some(profile) = self.profiles.get_mut(&id) else { return };
        if !profile.strike(anomaly) {
            return;
        }
        let mentions = record.map(mention::of).unwrap_or_default();
        if let Some(host) = mentions.host
            && self.hosts.len() < HOSTS
        {
            self.hosts.insert(host);
        }
        let new = profile.learn(mentions) || episode == Episode::Begins;
        if new && self.fresh.last() != Some(&id) {
            self.fresh.push(id);
        }
    }

    /// Nothing said of it before counts any more.
    pub(super) fn forget(&mut self, id: IncidentId) {
        self.profiles.remove(&id);
        self.links.retain(|effect, link| *effect != id && link.cause != id);
    }

    fn make_room(&mut self) {
        while self.profiles.len() >= PROFILES {
            let Some(quietest) = self.profiles.values().min_by_key(|p| (p.last, p.id)).map(|p| p.id) else { return };
            self.forget(quietest);
        }
    }

    /// Holds what is new against the rest. Returns the incidents whose place changed, with the root of their tree and
    /// what tells that they belong there. `counts` says whether an incident still asks for attention.
    pub(super) fn settle(&mut self, counts: impl Fn(IncidentId) -> bool) -> Vec<Relation> {
        let mut fresh = std::mem::take(&mut self.fresh);
        fresh.sort_unstable();
        fresh.dedup();
        let mut changed = false;
        for id in fresh.into_iter().rev().take(LOOKED_AT) {
            let Some(this) = self.profiles.get(&id).filter(|p| counts(p.id)) else { continue };
            let others = self.profiles.values().filter(|o| o.id != id && counts(o.id));
            let hosts = self.hosts.len() >= HOSTS;
            let found: Vec<Relation> = others
                .filter_map(|other| between(this, other))
                .filter(|r| hosts || r.strength != Strength::Host)
                .collect();
            for relation in found {
                changed |= self.link(relation);
            }
        }
        if changed { self.links.values().filter_map(|link| self.rooted(link)).collect() } else { Vec::new() }
    }

    /// Takes up a relation, unless one that says as much is there, or it closes a circle with stronger ones.
    fn link(&mut self, new: Relation) -> bool {
        if let Some(old) = self.links.get(&new.effect)
            && (old.cause == new.cause || self.rank(old) >= self.rank(&new))
        {
            return false;
        }
        let mut weakest: Option<(Strength, IncidentId)> = None;
        let mut at = new.cause;
        while let Some(link) = self.links.get(&at) {
            if weakest.is_none_or(|(strength, _)| link.strength <= strength) {
                weakest = Some((link.strength, at));
            }
            at = link.cause;
            if at == new.effect {
                break;
            }
        }
        if at == new.effect {
            match weakest {
                Some((strength, effect)) if strength < new.strength => drop(self.links.remove(&effect)),
                _ => return false,
            }
        }
        self.links.insert(new.effect, new);
        true
    }

    /// Of two causes the one that is surer, then the one that began first.
    fn rank(&self, link: &Relation) -> (Strength, std::cmp::Reverse<aiobs_types::Timestamp>) {
        let first = self.profiles.get(&link.cause).map(|p| p.first).unwrap_or_default();
        (link.strength, std::cmp::Reverse(first))
    }

    /// The relation to the root of the tree.
    fn rooted(&self, link: &Relation) -> Option<Relation> {
        let mut root = link.cause;
        // No circle is ever linked; the bound is for those a restart brought.
        for _ in 0..PROFILES {
            match self.links.get(&root) {
                Some(up) => root = up.cause,
                None => break,
            }
        }
        let through = if root == link.cause { String::new() } else { format!(" (through {})", link.cause) };
        (root != link.effect).then(|| Relation { cause: root, why: format!("{}{through}", link.why), ..link.clone() })
    }

    /// Incidents held.
    #[cfg(test)]
    pub(super) fn len(&self) -> (usize, usize) {
        (self.profiles.len(), self.links.len())
    }
}
