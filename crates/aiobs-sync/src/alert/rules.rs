//! Rules: whether an incident, as it is now, is told to somebody who has not heard that of it. Pure: what it remembers
//! is a [`Memory`], which the caller stores in the same transaction as the alerts.

use super::{AlertState, Hours};
use aiobs_types::{Incident, IncidentId, IncidentState, Level, TimelineKind, Timestamp};
use globset::GlobSet;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

mod standing;

pub use standing::{Standing, Word};

/// Incidents remembered; the oldest that are over go first.
const MOST: usize = 2_000;
const SECOND: i64 = 1_000_000_000;
const HOUR: i64 = 3_600 * SECOND;

/// One rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Names of channels.
    pub channels: Vec<String>,
    /// Least level.
    pub level: Level,
    /// Least criticality; 0 does not wait for one.
    pub criticality: u8,
    /// What is told.
    pub states: Vec<AlertState>,
    /// Components, one of which must have reported it; `None` is any.
    pub components: Option<GlobSet>,
    /// When.
    pub hours: Hours,
    /// Most incidents told per hour; 0 is no limit.
    pub per_hour: u32,
    /// How long to wait for more that goes into the same message; zero sends each alone.
    pub group: Duration,
    /// Words added to the message that it is over.
    pub note: String,
}

/// What was told, by incident and by rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// By number of the incident, then by channel.
    told: BTreeMap<u64, BTreeMap<String, Told>>,
    /// By rule: when it told something, within the last hour.
    sent: BTreeMap<String, VecDeque<Timestamp>>,
    /// By rule: incidents that its limit held back.
    held: BTreeMap<String, BTreeSet<u64>>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Told {
    rule: String,
    states: BTreeSet<AlertState>,
}

/// Something to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// To whom.
    pub channel: String,
    /// What.
    pub state: AlertState,
    /// By which rule.
    pub rule: String,
    /// Incidents that its limit held back before.
    pub held: u64,
    /// Not to be sent before.
    pub due: Timestamp,
    /// Whether it may share a message.
    pub grouped: bool,
    /// Words of the rule.
    pub note: String,
}

/// See the module.
#[derive(Debug)]
pub struct Engine {
    rules: Vec<Rule>,
    zone: TimeZone,
    /// An incident whose last strike is older than this is history, not news.
    fresh: Duration,
    quiet: Hours,
    per_hour: u32,
    memory: Memory,
}

/// Under which name what all rules told is counted.
const ALL_RULES: &str = "";

impl Engine {
    /// With what was told before.
    pub fn new(rules: Vec<Rule>, zone: TimeZone, fresh: Duration, memory: Memory) -> Self {
        Self { rules, zone, fresh, quiet: Hours::default(), per_hour: 0, memory }
    }

    /// Hours in which nothing begins to be told, and most incidents told per hour by all rules together (0 is no limit).
    /// Neither holds back what is fatal.
    #[must_use]
    pub fn calm(self, quiet: Hours, per_hour: u32) -> Self {
        Self { quiet, per_hour, ..self }
    }

    /// What was told so far.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// What is to be told of an incident as it is `now`; each is given once.
    pub fn decide(&mut self, incident: &Incident, now: Timestamp) -> Vec<Ticket> {
        let id = incident.id.0;
        // One that comes and goes is no news each time.
        if incident.state == IncidentState::Open
            && incident.flapping == 0
            && let Some(told) = self.memory.told.get_mut(&id)
        {
            // It struck again after it was over: news once more.
            told.retain(|_, t| !t.states.contains(&AlertState::Resolved));
        }
        let mut tickets = Vec::new();
        for n in 0..self.rules.len() {
            for channel in self.rules[n].channels.clone() {
                tickets.extend(self.one(n, &channel, incident, now));
            }
        }
        if incident.state == IncidentState::Resolved
            && let Some(told) = self.memory.told.get_mut(&id)
        {
            for t in told.values_mut() {
                t.states.insert(AlertState::Resolved);
            }
        }
        self.forget();
        tickets
    }

    fn one(&mut self, n: usize, channel: &str, incident: &Incident, now: Timestamp) -> Option<Ticket> {
        let rule = &self.rules[n];
        let id = incident.id.0;
        let told = self.memory.told.get(&id).and_then(|t| t.get(channel));
        if told.is_some_and(|t| t.rule != rule.name && self.rules.iter().any(|r| r.name == t.rule)) {
            return None;
        }
        let states = told.map(|t| t.states.clone()).unwrap_or_default();
        // Whoever heard of the cause heard enough.
        let heard = |cause: IncidentId| self.memory.told.get(&cause.0).is_some_and(|t| t.contains_key(channel));
        if states.is_empty() && incident.caused_by.is_some_and(heard) {
            return None;
        }
        let state = next(incident, rule, &states)?;
        let news = matches!(state, AlertState::Open | AlertState::Diagnosed);
        if news && !self.wants(rule, incident, now) {
            return None;
        }
        let name = rule.name.clone();
        let fatal = incident.severity.level() >= Level::Fatal;
        if news && states.is_empty() && !fatal && (self.is_quiet(now) || self.limited(n, id, now)) {
            return None;
        }
        let held = self.memory.held.get_mut(&name).map(std::mem::take).unwrap_or_default();
        let held = held.into_iter().filter(|h| *h != id).count() as u64;
        let told = self.memory.told.entry(id).or_default().entry(channel.to_owned()).or_default();
        told.rule.clone_from(&name);
        told.states.insert(state);
        if state == AlertState::Diagnosed {
            told.states.insert(AlertState::Open);
        }
        let rule = &self.rules[n];
        let wait = rule.group.as_nanos().min(i64::MAX as u128) as i64;
        Some(Ticket {
            channel: channel.to_owned(),
            state,
            rule: name,
            held,
            due: Timestamp(now.0.saturating_add(wait)),
            grouped: wait > 0,
            note: if state == AlertState::Resolved { rule.note.clone() } else { String::new() },
        })
    }

    fn wants(&self, rule: &Rule, i: &Incident, now: Timestamp) -> bool {
        let at = jiff::Timestamp::from_nanosecond(i128::from(now.0)).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        i.severity.level() >= rule.level
            && (rule.criticality == 0 || i.criticality.is_some_and(|c| c >= rule.criticality))
            && rule.components.as_ref().is_none_or(|set| i.components.iter().any(|c| set.is_match(c)))
            && rule.hours.hold(&at.to_zoned(self.zone.clone()))
            && i128::from(now.since(i.last_seen)) <= self.fresh.as_nanos() as i128
    }

    /// Whether these are quiet hours. What is told later is told when it changes again.
    fn is_quiet(&self, now: Timestamp) -> bool {
        let at = jiff::Timestamp::from_nanosecond(i128::from(now.0)).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        !self.quiet.is_empty() && self.quiet.hold(&at.to_zoned(self.zone.clone()))
    }

    /// Whether the rule, or all together, told too much within the hour; counts what is told.
    fn limited(&mut self, n: usize, id: u64, now: Timestamp) -> bool {
        let rule = &self.rules[n];
        let limits = [(rule.name.clone(), rule.per_hour), (ALL_RULES.to_owned(), self.per_hour)];
        let limits: Vec<_> = limits.into_iter().filter(|(_, most)| *most > 0).collect();
        let mut full = false;
        for (name, most) in &limits {
            let sent = self.memory.sent.entry(name.clone()).or_default();
            while sent.front().is_some_and(|t| now.since(*t) >= HOUR || now.since(*t) < 0) {
                sent.pop_front();
            }
            full |= sent.len() >= *most as usize;
        }
        if full {
            self.memory.held.entry(self.rules[n].name.clone()).or_default().insert(id);
            return true;
        }
        for (name, _) in limits {
            self.memory.sent.entry(name).or_default().push_back(now);
        }
        false
    }

    fn forget(&mut self) {
        while self.memory.told.len() > MOST {
            let over = |t: &BTreeMap<String, Told>| t.values().all(|t| t.states.contains(&AlertState::Resolved));
            let told = &self.memory.told;
            let oldest = told.iter().find(|(_, t)| over(t)).or_else(|| told.iter().next()).map(|(id, _)| *id);
            let Some(oldest) = oldest else { return };
            self.memory.told.remove(&oldest);
        }
    }
}

/// The next thing to tell to somebody who heard `told`.
fn next(i: &Incident, rule: &Rule, told: &BTreeSet<AlertState>) -> Option<AlertState> {
    use AlertState::{Acknowledged, Diagnosed, Open, Resolved};
    let fresh = |state: AlertState| rule.states.contains(&state) && !told.contains(&state);
    let diagnosed = i.timeline.iter().any(|e| e.kind == TimelineKind::Diagnosed);
    match i.state {
        IncidentState::Muted => None,
        IncidentState::Resolved => (!told.is_empty() && fresh(Resolved)).then_some(Resolved),
        IncidentState::Acknowledged if fresh(Acknowledged) && !told.is_empty() => Some(Acknowledged),
        IncidentState::Acknowledged => (fresh(Diagnosed) && diagnosed && !told.is_empty()).then_some(Diagnosed),
        IncidentState::Open if fresh(Diagnosed) && diagnosed => Some(Diagnosed),
        IncidentState::Open => (fresh(Open) && told.is_empty()).then_some(Open),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use aiobs_types::{Severity, TimelineEntry};
    use globset::{Glob, GlobSetBuilder};

    pub(super) const NOW: Timestamp = Timestamp(1_800_000_000 * SECOND);

    pub(super) fn rule() -> Rule {
        Rule {
            name: "all".into(),
            channels: vec!["slack".into()],
            level: Level::Error,
            criticality: 0,
            states: vec![AlertState::Open, AlertState::Resolved],
            components: None,
            hours: Hours::default(),
            per_hour: 0,
            group: Duration::ZERO,
            note: "All clear.".into(),
        }
    }

    pub(super) fn engine(rules: Vec<Rule>) -> Engine {
        Engine::new(rules, TimeZone::UTC, Duration::from_hours(1), Memory::default())
    }

    pub(super) fn incident(id: u64) -> Incident {
        let mut incident = Incident { id: IncidentId(id), severity: Severity::ERROR, ..Incident::default() };
        (incident.first_seen, incident.last_seen) = (NOW, NOW);
        incident.components = vec!["orders".into()];
        incident
    }

    fn told(e: &mut Engine, i: &Incident, now: Timestamp) -> Vec<(String, &'static str)> {
        e.decide(i, now).into_iter().map(|t| (t.channel, t.state.name())).collect()
    }

    fn slack(state: &'static str) -> Vec<(String, &'static str)> {
        vec![("slack".to_owned(), state)]
    }

    #[test]
    fn quiet_hours_and_limits_hold_back_all_but_what_is_fatal() {
        let fatal = |id| Incident { severity: Severity::FATAL, ..incident(id) };
        // 2027-01-15 08:00 UTC, a Friday.
        let mut e = engine(vec![rule()]).calm(Hours::parse("fri 07:00-09:00").unwrap(), 0);
        assert_eq!(told(&mut e, &incident(1), NOW), []);
        assert_eq!(told(&mut e, &fatal(2), NOW), slack("open"));
        let later = NOW.plus(HOUR);
        let mut again = incident(1);
        again.last_seen = later;
        assert_eq!(told(&mut e, &again, later), slack("open"), "it is still there after them");
        let mut e = engine(vec![rule()]).calm(Hours::default(), 2);
        let all: Vec<usize> = (1..=4).map(|id| told(&mut e, &incident(id), NOW).len()).collect();
        assert_eq!(all, [1, 1, 0, 0]);
        assert_eq!(told(&mut e, &fatal(5), NOW), slack("open"));
    }

    #[test]
    fn one_that_comes_and_goes_is_told_once() {
        let mut e = engine(vec![rule()]);
        let mut i = incident(1);
        assert_eq!(told(&mut e, &i, NOW), slack("open"));
        i.state = IncidentState::Resolved;
        assert_eq!(told(&mut e, &i, NOW), slack("resolved"));
        i.state = IncidentState::Open;
        assert_eq!(told(&mut e, &i, NOW), slack("open"));
        i.state = IncidentState::Resolved;
        assert_eq!(told(&mut e, &i, NOW), slack("resolved"));
        (i.state, i.flapping) = (IncidentState::Open, 3);
        assert_eq!(told(&mut e, &i, NOW), []);
    }

    #[test]
    fn whoever_heard_of_the_cause_hears_nothing_of_its_consequences() {
        let mut e = engine(vec![rule()]);
        let (cause, mut effect) = (incident(1), incident(2));
        effect.caused_by = Some(IncidentId(1));
        assert_eq!(told(&mut e, &cause, NOW), slack("open"));
        assert_eq!(told(&mut e, &effect, NOW), []);
        // Nobody was told of this one's cause.
        let mut alone = incident(3);
        alone.caused_by = Some(IncidentId(9));
        assert_eq!(told(&mut e, &alone, NOW), slack("open"));
    }

    #[test]
    fn an_incident_is_told_once_and_so_is_its_end() {
        let mut e = engine(vec![rule()]);
        let mut i = incident(1);
        assert_eq!(told(&mut e, &i, NOW), slack("open"));
        assert_eq!(told(&mut e, &i, NOW), []);
        i.state = IncidentState::Resolved;
        let over = e.decide(&i, NOW);
        assert_eq!((over[0].state, over[0].note.as_str()), (AlertState::Resolved, "All clear."));
        assert_eq!(told(&mut e, &i, NOW), []);
        i.state = IncidentState::Open;
        assert_eq!(told(&mut e, &i, NOW), slack("open"), "it struck again");
    }

    #[test]
    fn what_was_told_outlives_the_program() {
        let mut e = engine(vec![rule()]);
        told(&mut e, &incident(1), NOW);
        let kept: Memory = serde_json::from_str(&serde_json::to_string(e.memory()).unwrap()).unwrap();
        let mut again = Engine::new(vec![rule()], TimeZone::UTC, Duration::from_hours(1), kept);
        assert_eq!(told(&mut again, &incident(1), NOW), []);
    }

    #[test]
    fn level_component_criticality_hours_and_age_are_conditions() {
        let only = |change: &dyn Fn(&mut Rule)| {
            let mut r = rule();
            change(&mut r);
            engine(vec![r])
        };
        let none = Vec::<(String, &str)>::new();
        assert_eq!(told(&mut only(&|r| r.level = Level::Fatal), &incident(1), NOW), none);
        let pay = GlobSetBuilder::new().add(Glob::new("pay*").unwrap()).build().unwrap();
        assert_eq!(told(&mut only(&|r| r.components = Some(pay.clone())), &incident(1), NOW), none);
        let paid = Incident { components: vec!["web".into(), "payments".into()], ..incident(1) };
        assert_eq!(told(&mut only(&|r| r.components = Some(pay.clone())), &paid, NOW), slack("open"));
        let mut grave = only(&|r| r.criticality = 4);
        assert_eq!(told(&mut grave, &incident(1), NOW), none);
        assert_eq!(told(&mut grave, &Incident { criticality: Some(4), ..incident(1) }, NOW), slack("open"));
        // NOW is a Friday, 08:00 UTC.
        assert_eq!(told(&mut only(&|r| r.hours = Hours::parse("fri 09:00-10:00").unwrap()), &incident(1), NOW), none);
        let late = Timestamp(NOW.0 + 2 * HOUR);
        assert_eq!(told(&mut only(&|_| {}), &incident(1), late), none, "history is no news");
        let never = Incident { state: IncidentState::Muted, ..incident(1) };
        assert_eq!(told(&mut only(&|_| {}), &never, NOW), none);
        let over = Incident { state: IncidentState::Resolved, ..incident(1) };
        assert_eq!(told(&mut only(&|_| {}), &over, NOW), none, "nobody heard of it");
    }

    #[test]
    fn a_diagnosis_is_told_once_and_stands_for_the_opening() {
        let states = vec![AlertState::Open, AlertState::Diagnosed, AlertState::Acknowledged];
        let mut e = engine(vec![Rule { states, ..rule() }]);
        let mut i = incident(1);
        assert_eq!(told(&mut e, &i, NOW), slack("open"));
        i.timeline.push(TimelineEntry { time: NOW, kind: TimelineKind::Diagnosed, text: String::new() });
        assert_eq!(told(&mut e, &i, NOW), slack("diagnosed"));
        assert_eq!(told(&mut e, &i, NOW), []);
        i.state = IncidentState::Acknowledged;
        assert_eq!(told(&mut e, &i, NOW), slack("acknowledged"));
        let known = Incident { id: IncidentId(2), state: IncidentState::Open, ..i };
        assert_eq!(told(&mut e, &known, NOW), slack("diagnosed"));
        assert_eq!(told(&mut e, &known, NOW), []);
    }

    #[test]
    fn the_limit_holds_back_and_the_next_one_says_how_many() {
        let mut e = engine(vec![Rule { per_hour: 2, ..rule() }]);
        let all: Vec<usize> = (1..=5).map(|n| e.decide(&incident(n), NOW).len()).collect();
        assert_eq!(all, [1, 1, 0, 0, 0]);
        e.decide(&incident(3), NOW);
        let later = Timestamp(NOW.0 + HOUR);
        let next = e.decide(&Incident { last_seen: later, ..incident(3) }, later);
        assert_eq!(next[0].held, 2, "4 and 5: 3 is told now, and counted once");
        let over = Incident { state: IncidentState::Resolved, ..incident(1) };
        assert_eq!(told(&mut e, &over, NOW), slack("resolved"), "an end is never held back");
    }

    #[test]
    fn the_first_rule_that_tells_keeps_the_incident_on_its_channel() {
        let second = Rule { name: "more".into(), channels: vec!["slack".into(), "smtp".into()], ..rule() };
        let group = Duration::from_secs(30);
        let mut e = engine(vec![Rule { group, ..rule() }, second]);
        let tickets = e.decide(&incident(1), NOW);
        let seen: Vec<_> = tickets.iter().map(|t| (t.rule.as_str(), t.channel.as_str(), t.grouped)).collect();
        assert_eq!(seen, [("all", "slack", true), ("more", "smtp", false)]);
        assert_eq!(tickets[0].due, Timestamp(NOW.0 + 30 * SECOND));
    }

    #[test]
    fn memory_is_bounded() {
        let mut e = engine(vec![rule()]);
        for n in 0..(MOST as u64 + 50) {
            e.decide(&incident(n), NOW);
        }
        assert_eq!(e.memory().told.len(), MOST);
    }
}
