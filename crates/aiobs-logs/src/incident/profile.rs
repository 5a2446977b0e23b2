//! What is known of one incident for telling what it belongs to, and how two of them are related. Bounded; used by
//! `relate` only.

use super::mention::{Mentions, hash, name_of};
use aiobs_types::{Anomaly, DetectorKind, Incident, IncidentId, Severity, Timestamp};

const SECOND: i64 = 1_000_000_000;
/// What depends on a broken thing may be heard before the thing itself, by so much; clocks differ too.
const BEFORE: i64 = 60 * SECOND;
/// A consequence begins within this time after its cause began.
const AFTER: i64 = 600 * SECOND;
/// A cause that has been quiet for so long causes nothing new.
const QUIET: i64 = 60 * SECOND;
/// Two incidents that name the same thing began within this time of each other.
const TARGET: i64 = 120 * SECOND;
/// The same for two in one component, and on one host.
const COMPONENT: i64 = 60 * SECOND;
const HOST: i64 = 30 * SECOND;
/// Beginnings closer than this say nothing about which was first.
const TOGETHER: i64 = SECOND;
/// Hashes kept of each kind.
const KEPT: usize = 64;
/// Names of things kept.
const TARGETS: usize = 16;

/// A small sorted set.
#[derive(Debug, Default)]
struct Set(Vec<u64>);

impl Set {
    /// Whether it grew.
    fn add(&mut self, key: u64, most: usize) -> bool {
        match self.0.binary_search(&key) {
            Err(at) if self.0.len() < most => {
                self.0.insert(at, key);
                true
            }
            _ => false,
        }
    }

    fn has(&self, key: u64) -> bool {
        self.0.binary_search(&key).is_ok()
    }

    fn common(&self, other: &Self) -> usize {
        self.0.iter().filter(|key| other.has(**key)).count()
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) id: IncidentId,
    /// When this episode began, and its last strike.
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    severity: Severity,
    /// It says how much there is of something, not what is wrong.
    by_number: bool,
    components: Vec<(u64, String)>,
    words: Set,
    targets: Vec<(u64, String)>,
    hosts: Set,
    requests: Set,
    works: Set,
    strikes: u64,
}

/// How sure a relation is, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    Host,
    Component,
    Target,
    Request,
    Dependency,
}

/// One incident is the likeliest cause of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Relation {
    pub(super) effect: IncidentId,
    pub(super) cause: IncidentId,
    pub(super) strength: Strength,
    /// What tells so, in words that follow the number of the cause.
    pub(super) why: String,
}

impl Profile {
    pub(super) fn new(incident: &Incident, first: Timestamp) -> Self {
        let by_number =
            matches!(incident.detector, Some(DetectorKind::Rate | DetectorKind::Threshold | DetectorKind::Value));
        let mut profile = Self {
            id: incident.id,
            first,
            last: first.max(incident.last_seen),
            severity: incident.severity,
            by_number,
            components: Vec::new(),
            words: Set::default(),
            targets: Vec::new(),
            hosts: Set::default(),
            requests: Set::default(),
            works: Set::default(),
            strikes: 0,
        };
        for name in &incident.components {
            profile.component(name);
        }
        profile
    }

    fn component(&mut self, name: &str) -> bool {
        let key = hash(name);
        let new = !name.is_empty() && self.components.len() < TARGETS && self.components.iter().all(|c| c.0 != key);
        if new {
            self.components.push((key, name.to_owned()));
        }
        new
    }

    /// Counts a strike. Says whether its record is worth a look: the first ones are, then ever fewer.
    pub(super) fn strike(&mut self, anomaly: &Anomaly) -> bool {
        self.strikes += 1;
        self.first = self.first.min(anomaly.time);
        self.last = self.last.max(anomaly.time);
        self.severity = self.severity.max(anomaly.severity);
        self.component(&anomaly.component) || self.strikes <= 8 || self.strikes.is_power_of_two()
    }

    /// Takes in what a record of it mentions. Says whether anything was new.
    pub(super) fn learn(&mut self, mentions: Mentions) -> bool {
        let mut new = false;
        for word in mentions.words {
            new |= self.words.add(word, 4 * KEPT);
        }
        for target in mentions.targets {
            if self.targets.len() < TARGETS && self.targets.iter().all(|t| t.0 != target.0) {
                self.targets.push(target);
                new = true;
            }
        }
        if let Some(host) = mentions.host {
            new |= self.hosts.add(host, TARGETS);
        }
        for id in mentions.requests {
            new |= self.requests.add(id, KEPT);
        }
        for id in mentions.works {
            new |= self.works.add(id, KEPT);
        }
        new
    }

    /// Whether its records name a component of the other, and which.
    fn depends_on<'a>(&self, other: &'a Self) -> Option<&'a str> {
        let own = |key: u64| self.components.iter().any(|c| c.0 == key);
        let named = |c: &&(u64, String)| !own(c.0) && name_of(&c.1).is_some() && self.words.has(c.0);
        other.components.iter().find(named).map(|c| c.1.as_str())
    }

    fn shares_component(&self, other: &Self) -> bool {
        self.components.iter().any(|c| other.components.iter().any(|o| o.0 == c.0))
    }

    fn shared_target<'a>(&'a self, other: &Self) -> Option<&'a str> {
        self.targets.iter().find(|t| other.targets.iter().any(|o| o.0 == t.0)).map(|t| t.1.as_str())
    }

    /// Whether it may have begun because of `cause`, as far as time goes.
    fn follows(&self, cause: &Self, before: i64, after: i64) -> bool {
        let gap = self.first.since(cause.first);
        gap >= -before && gap <= after && self.first.since(cause.last) <= QUIET
    }

    /// Which of two that began within some time of each other is the cause: the earlier one, else the worse.
    fn earlier<'a>(&'a self, other: &'a Self) -> (&'a Self, &'a Self) {
        let gap = self.first.since(other.first);
        let rank = |p: &Self| (p.by_number, std::cmp::Reverse(p.severity), p.first, p.id);
        let first = if gap.abs() > TOGETHER { gap < 0 } else { rank(self) < rank(other) };
        if first { (self, other) } else { (other, self) }
    }
}

/// How two incidents are related, if they are.
pub(super) fn between(a: &Profile, b: &Profile) -> Option<Relation> {
    let relation = |effect: &Profile, cause: &Profile, strength: Strength, why: String| {
        Some(Relation { effect: effect.id, cause: cause.id, strength, why })
    };
    let names = |effect: &Profile, name: &str| {
        let who = effect.components.first().map_or("it", |c| c.1.as_str());
        format!("{who} names {name}")
    };
    let ab = a.depends_on(b).filter(|_| a.follows(b, BEFORE, AFTER));
    let ba = b.depends_on(a).filter(|_| b.follows(a, BEFORE, AFTER));
    match (ab, ba) {
        (Some(name), None) => return relation(a, b, Strength::Dependency, names(a, name)),
        (None, Some(name)) => return relation(b, a, Strength::Dependency, names(b, name)),
        (Some(_), Some(_)) => {
            let (cause, effect) = a.earlier(b);
            let name = cause.components.first().map_or("", |c| c.1.as_str());
            return relation(effect, cause, Strength::Dependency, names(effect, name));
        }
        (None, None) => {}
    }
    let (cause, effect) = a.earlier(b);
    let within = |time: i64| effect.follows(cause, TOGETHER, time);
    if within(AFTER) && (a.requests.common(&b.requests) > 0 || a.works.common(&b.works) > 1) {
        return relation(effect, cause, Strength::Request, "they struck the same requests".to_owned());
    }
    if let Some(name) = effect.shared_target(cause).filter(|_| within(TARGET)) {
        return relation(effect, cause, Strength::Target, format!("both name {name}"));
    }
    // A warning, or a number, explains nothing else of its component or host.
    if cause.severity < Severity::ERROR || cause.by_number {
        return None;
    }
    if a.shares_component(b) && within(COMPONENT) {
        let name = effect.components.first().map_or("", |c| c.1.as_str());
        return relation(effect, cause, Strength::Component, format!("both are in {name}"));
    }
    let hosts = a.hosts.common(&b.hosts) > 0 && within(HOST);
    if hosts { relation(effect, cause, Strength::Host, "both are on one host".to_owned()) } else { None }
}
