//! Who was told of an incident, and why others were not: the rules read again for people, without deciding anything.

use super::{ALL_RULES, AlertState, Engine, HOUR, Rule, next};
use aiobs_types::{Incident, IncidentId, IncidentState, Level, Timestamp};
use std::collections::BTreeSet;

/// How a rule stands to an incident on one of its channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Name of the rule.
    pub rule: String,
    /// Channel.
    pub channel: String,
    /// What was told, or why nothing is.
    pub word: Word,
}

/// See [`Standing::word`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// It was told, as these.
    Told(Vec<AlertState>),
    /// It is about to be.
    Soon,
    /// Nobody is told of what is muted.
    Muted,
    /// It was over before it was told.
    Over,
    /// Another rule tells it on this channel.
    Other(String),
    /// It is less bad than this level.
    Level(Level),
    /// Its criticality is less than this, or not known yet.
    Criticality(u8),
    /// None of its components is one of the rule's.
    Components,
    /// Now is outside of the rule's hours.
    Hours,
    /// It struck last too long ago to be news.
    Old,
    /// The rule told so many incidents within the hour.
    Limit(u32),
    /// All rules together told so many within the hour.
    LimitOfAll(u32),
    /// No rule begins to tell an incident now.
    Quiet,
    /// Whoever is told on this channel heard of what caused it.
    Cause(IncidentId),
    /// The rule tells another state, such as the diagnosis, which is not there yet.
    Waits,
}

impl Engine {
    /// How every rule stands to an incident as it is `now`, in the order of the rules and their channels.
    pub fn standing(&self, incident: &Incident, now: Timestamp) -> Vec<Standing> {
        let of = |rule: &Rule| {
            let one = |channel: &String| Standing {
                rule: rule.name.clone(),
                channel: channel.clone(),
                word: self.word(rule, channel, incident, now),
            };
            rule.channels.iter().map(one).collect::<Vec<_>>()
        };
        self.rules.iter().flat_map(of).collect()
    }

    fn word(&self, rule: &Rule, channel: &str, i: &Incident, now: Timestamp) -> Word {
        let told = self.memory.told.get(&i.id.0).and_then(|t| t.get(channel));
        let known = |name: &str| self.rules.iter().any(|r| r.name == name);
        match told {
            Some(t) if t.rule != rule.name && known(&t.rule) => return Word::Other(t.rule.clone()),
            Some(t) if t.rule == rule.name => return Word::Told(t.states.iter().copied().collect()),
            _ => {}
        }
        match i.state {
            IncidentState::Muted => return Word::Muted,
            IncidentState::Resolved => return Word::Over,
            _ => {}
        }
        let heard = |cause: &IncidentId| self.memory.told.get(&cause.0).is_some_and(|t| t.contains_key(channel));
        if let Some(cause) = i.caused_by.filter(heard) {
            return Word::Cause(cause);
        }
        if i.severity.level() < rule.level {
            return Word::Level(rule.level);
        }
        if rule.criticality > 0 && i.criticality.is_none_or(|c| c < rule.criticality) {
            return Word::Criticality(rule.criticality);
        }
        if rule.components.as_ref().is_some_and(|set| !i.components.iter().any(|c| set.is_match(c))) {
            return Word::Components;
        }
        if i128::from(now.since(i.last_seen)) > self.fresh.as_nanos() as i128 {
            return Word::Old;
        }
        if !self.wants(rule, i, now) {
            // Of its conditions only the hours are left.
            return Word::Hours;
        }
        if next(i, rule, &BTreeSet::new()).is_none() {
            return Word::Waits;
        }
        // What is fatal is told whatever the hour and the limits are.
        if i.severity.level() >= Level::Fatal {
            return Word::Soon;
        }
        if self.is_quiet(now) {
            return Word::Quiet;
        }
        let within = |sent: &&Timestamp| (0..HOUR).contains(&now.since(**sent));
        let sent = |name: &str| self.memory.sent.get(name).map_or(0, |s| s.iter().filter(within).count());
        if rule.per_hour > 0 && sent(&rule.name) >= rule.per_hour as usize {
            return Word::Limit(rule.per_hour);
        }
        if self.per_hour > 0 && sent(ALL_RULES) >= self.per_hour as usize {
            return Word::LimitOfAll(self.per_hour);
        }
        Word::Soon
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tests::{NOW, engine, incident, rule};
    use super::*;
    use crate::alert::Hours;

    fn word(r: Rule, i: &Incident) -> Word {
        engine(vec![r]).standing(i, NOW).remove(0).word
    }

    #[test]
    fn every_reason_is_told() {
        let i = incident(1);
        assert_eq!(word(rule(), &i), Word::Soon);
        assert_eq!(word(Rule { level: Level::Fatal, ..rule() }, &i), Word::Level(Level::Fatal));
        assert_eq!(word(Rule { criticality: 4, ..rule() }, &i), Word::Criticality(4));
        let hours = Hours::parse("fri 09:00-10:00").unwrap();
        assert_eq!(word(Rule { hours, ..rule() }, &i), Word::Hours);
        assert_eq!(word(Rule { states: vec![AlertState::Diagnosed], ..rule() }, &i), Word::Waits);
        let old = Incident { last_seen: Timestamp(NOW.0 - 2 * HOUR), ..incident(1) };
        assert_eq!(word(rule(), &old), Word::Old);
        assert_eq!(word(rule(), &Incident { state: IncidentState::Muted, ..incident(1) }), Word::Muted);
        let other = globset::GlobSetBuilder::new().add(globset::Glob::new("pay*").unwrap()).build().unwrap();
        assert_eq!(word(Rule { components: Some(other), ..rule() }, &i), Word::Components);
    }

    #[test]
    fn quiet_hours_the_limit_of_all_and_a_cause_that_was_told_are_reasons_but_for_what_is_fatal() {
        let fatal = |id| Incident { severity: aiobs_types::Severity::FATAL, ..incident(id) };
        let calm = |quiet: &str, most| engine(vec![rule()]).calm(Hours::parse(quiet).unwrap(), most);
        let first = |e: &Engine, i: &Incident| e.standing(i, NOW).remove(0).word;
        let e = calm("00:00-24:00", 0);
        assert_eq!((first(&e, &incident(1)), first(&e, &fatal(1))), (Word::Quiet, Word::Soon));
        let mut e = calm("", 1);
        assert_eq!(e.decide(&incident(1), NOW).len(), 1);
        assert_eq!((first(&e, &incident(2)), first(&e, &fatal(2))), (Word::LimitOfAll(1), Word::Soon));
        let caused = Incident { caused_by: Some(IncidentId(1)), ..incident(3) };
        assert_eq!(first(&e, &caused), Word::Cause(IncidentId(1)));
        assert_eq!(e.decide(&caused, NOW), []);
    }

    #[test]
    fn it_agrees_with_what_is_decided() {
        let second = Rule { name: "more".into(), ..rule() };
        let mut e = engine(vec![Rule { per_hour: 1, ..rule() }, second]);
        assert_eq!(e.decide(&incident(1), NOW).len(), 1);
        let words: Vec<Word> = e.standing(&incident(1), NOW).into_iter().map(|s| s.word).collect();
        assert_eq!(words, [Word::Told(vec![AlertState::Open]), Word::Other("all".into())]);
        let next = Incident { id: IncidentId(2), ..incident(2) };
        let words: Vec<Word> = e.standing(&next, NOW).into_iter().map(|s| s.word).collect();
        assert_eq!(words, [Word::Limit(1), Word::Soon]);
        assert_eq!(e.decide(&next, NOW).len(), 1, "the second rule tells it");
    }
}
