//! The answer without a model: composed by rules from the facts, with marks into the found lines and the queries it
//! rests on, in the language of the question. Pure; says of itself how it was made.

use super::facts::{Facts, MINUTE, RECENT};
use super::intent::Intent;
use super::language::Lang;
use super::phrase::{at, counted, lasting, lines, mark, matching, records, times};
use super::retrieve::Found;
use super::sentences::{Say, say};
use super::sought::is_telling;
use crate::Tally;
use crate::context::fence::neutral;
use crate::context::render;
use aiobs_types::{Diagnosis, Incident, Level, Timestamp};
use std::fmt::Display;

/// Lines listed.
const LINES: usize = 8;
/// Incidents listed where no word of the question is known.
const SOME: usize = 3;

/// Why no model answered.
pub(crate) enum NoModel<'a> {
    /// There is none, or it does not answer.
    NoneReachable,
    /// It said nothing.
    Empty,
    /// Something else, in the words of who failed.
    Failed(&'a str),
}

/// What can be said without a model, with marks into the found lines.
pub(crate) fn by_rules(found: &Found, why: &NoModel<'_>) -> String {
    let lang = found.facts.asked.lang;
    let mut answer = Answer { out: String::new(), lang, found, facts: &found.facts };
    let why = match why {
        NoModel::NoneReachable => say(lang, Say::NoneReachable, &[]),
        NoModel::Empty => say(lang, Say::EmptyAnswer, &[]),
        NoModel::Failed(why) => neutral(why, 200),
    };
    answer.head(&why);
    answer.line("");
    answer.direct();
    answer.rest();
    answer.written();
    answer.looks();
    answer.out
}

pub(super) struct Answer<'a> {
    pub(super) out: String,
    pub(super) lang: Lang,
    pub(super) found: &'a Found,
    pub(super) facts: &'a Facts,
}

impl Answer<'_> {
    pub(super) fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    /// The sentence in the language of the question.
    pub(super) fn text(&self, what: Say, parts: &[&dyn Display]) -> String {
        say(self.lang, what, parts)
    }

    /// The same as a line of the answer.
    pub(super) fn say(&mut self, what: Say, parts: &[&dyn Display]) {
        let text = self.text(what, parts);
        self.line(&text);
    }

    /// How the answer was made and what it is about.
    fn head(&mut self, why: &str) {
        let wants = self.text(self.facts.asked.intent.wants(), &[]);
        self.say(Say::NoModel, &[&why, &wants]);
        if self.facts.old {
            self.say(Say::ArchiveEnds, &[&at(self.facts.now)]);
        }
        if let Some((from, to)) = self.facts.range {
            self.say(Say::AboutRange, &[&at(from), &at(to)]);
        }
        for (words, what) in [(&self.facts.unknown, Say::Unknown), (&self.facts.dropped, Say::Dropped)] {
            if !words.is_empty() && !self.is_not_said() {
                let words = self.listed_words(words);
                self.say(what, &[&words]);
            }
        }
    }

    fn listed_words(&self, words: &[String]) -> String {
        let words: Vec<String> = words.iter().map(|w| format!("\"{}\"", neutral(w, 60))).collect();
        words.join(&self.text(Say::Or, &[]))
    }

    /// Whether something is asked for of which no line holds all.
    fn is_not_said(&self) -> bool {
        let f = self.facts;
        f.asked.intent == Intent::Find && f.worded && (!f.dropped.is_empty() || f.unknown.iter().any(|w| is_telling(w)))
    }

    /// Whether no line holds anything of what is asked about: then what there is besides is no answer.
    fn is_unknown(&self) -> bool {
        let f = self.facts;
        !f.worded
            && !f.unknown.is_empty()
            && f.asked.by.is_none()
            && f.asked.incident.is_none()
            && f.asked.level.is_none()
    }

    /// No line holds all that is asked about: what holds a part of it is no answer.
    fn not_said(&mut self) {
        let words: Vec<String> = self.facts.unknown.iter().chain(&self.facts.dropped).cloned().collect();
        let words = self.listed_words(&words);
        let count = self.subject().map_or(0, |t| t.count);
        let rest = lines(self.lang, usize::try_from(count).unwrap_or(usize::MAX));
        self.say(Say::NotSaid, &[&words, &rest]);
    }

    pub(super) fn diagnosed(&self) -> Option<(&Incident, Option<&Diagnosis>)> {
        self.found.incidents.first().filter(|_| self.facts.fitting > 0).map(|(i, d)| (i, d.as_ref()))
    }

    /// The incident that a playbook was asked about.
    pub(super) fn first(&self) -> String {
        self.found.incidents.first().map_or_else(String::new, |(i, _)| self.text(Say::OfIncident, &[&i.id]))
    }

    /// The answer to what was asked.
    fn direct(&mut self) {
        match self.facts.asked.intent {
            Intent::HowMany | Intent::Who | Intent::When if self.is_unknown() => self.none(),
            Intent::HowMany if self.facts.ranking.is_some() => self.distinct(),
            Intent::HowMany => self.how_many(),
            Intent::Slowest => self.slowest(),
            Intent::Expiry => self.expiry(),
            Intent::Since => self.since(),
            Intent::When => self.when(),
            Intent::Ongoing => self.ongoing(),
            Intent::Who => self.who(),
            Intent::First => self.first_of_all(),
            Intent::Top if self.facts.ranking.is_some() => self.ranked(),
            Intent::Top => self.top(),
            Intent::Compare => self.compare(),
            Intent::Changed => self.changed(),
            Intent::Before => self.before(),
            Intent::Fix => self.fix(),
            Intent::Why => self.why(),
            Intent::Happened => self.happened(),
            Intent::Find if self.is_not_said() => self.not_said(),
            Intent::Find if self.facts.worded => self.when(),
            Intent::Find => {}
        }
    }

    pub(super) fn subject(&self) -> Option<&Tally> {
        self.facts.subject.as_ref().map(|(_, t)| t).filter(|t| t.count > 0)
    }

    pub(super) fn nothing(&mut self) {
        self.say(Say::Nothing, &[]);
    }

    /// Nothing was counted; where the stretch asked about begins after the newest record, that is why.
    pub(super) fn none(&mut self) {
        self.say(Say::HowNone, &[]);
        if let Some((last, (from, _))) = self.facts.newest.zip(self.facts.range)
            && last < from
        {
            self.say(Say::NewestIs, &[&at(last)]);
        }
    }

    pub(super) fn span(tally: &Tally) -> Option<(Timestamp, Timestamp)> {
        Some((tally.first?.0, tally.last?.0))
    }

    /// The marks of the first and the last record.
    pub(super) fn ends(&self) -> (String, String) {
        (mark(self.facts.ends.0), mark(self.facts.ends.1))
    }

    fn how_many(&mut self) {
        let Some(tally) = self.subject() else { return self.none() };
        let head = if tally.complete { Say::Exactly } else { Say::AtLeast };
        let mut text = self.text(head, &[&records(self.lang, tally.count)]);
        if let Some((from, to)) = Self::span(tally) {
            let minutes = (to.since(from) as f64 / MINUTE as f64).max(1.0);
            let (first, last) = self.ends();
            text += &self.text(Say::FromTo, &[&at(from), &first, &at(to), &last]);
            text += &self.text(Say::AMinute, &[&format!("{:.1}", tally.count as f64 / minutes)]);
        }
        if let Some((minute, n)) = tally.busiest_minute().filter(|(_, n)| *n > 1) {
            text += &self.text(Say::MostIn, &[&at(minute), &n]);
        }
        let text = text + "." + &counted(self.lang, tally);
        self.line(&text);
    }

    fn since(&mut self) {
        if let Some((i, _)) = self.diagnosed().filter(|_| self.facts.asked.level.is_none()) {
            let lasted = lasting(self.lang, i.last_seen.since(i.first_seen));
            let (title, struck) = (neutral(&i.title, 120), times(self.lang, i.count));
            let text =
                self.text(Say::IncidentBegan, &[&i.id, &title, &at(i.first_seen), &struck, &at(i.last_seen), &lasted]);
            self.line(&text);
        }
        let Some((count, (from, to))) = self.subject().and_then(|t| Some((t.count, Self::span(t)?))) else {
            if self.facts.fitting == 0 {
                self.nothing();
            }
            return;
        };
        let (first, last) = self.ends();
        self.say(Say::Since, &[&at(from), &first, &matching(self.lang, count), &at(to), &last]);
    }

    pub(super) fn when(&mut self) {
        let Some((tally, (from, to))) = self.subject().and_then(|t| Some((t, Self::span(t)?))) else {
            return self.nothing();
        };
        let (first, last) = self.ends();
        if tally.count == 1 {
            return self.say(Say::WhenOnce, &[&at(to), &last]);
        }
        let busiest = tally.busiest_minute().map(|(m, n)| self.text(Say::MostIn, &[&at(m), &n])).unwrap_or_default();
        let count = records(self.lang, tally.count);
        self.say(Say::WhenMany, &[&at(to), &last, &at(from), &first, &count, &busiest]);
    }

    fn ongoing(&mut self) {
        let (newer, older) = self.facts.recent.unwrap_or_default();
        let length = lasting(self.lang, RECENT);
        match self.subject().and_then(Self::span).map(|(_, to)| to) {
            None => self.say(Say::NotGoing, &[]),
            Some(_) if newer > 0 => self.say(Say::GoesOn, &[&records(self.lang, newer), &length, &older]),
            Some(to) => {
                let ago = lasting(self.lang, self.facts.now.since(to));
                self.say(Say::IsOver, &[&at(to), &self.ends().1, &ago]);
            }
        }
    }

    /// Lines that match, and incidents where the answer did not speak of them.
    fn rest(&mut self) {
        let intent = self.facts.asked.intent;
        if matches!(intent, Intent::Top | Intent::Slowest | Intent::Expiry) || self.facts.ranking.is_some() {
            return;
        }
        if matches!(intent, Intent::Find | Intent::When | Intent::Since | Intent::Ongoing | Intent::Who | Intent::First)
        {
            self.out.push('\n');
            let most = if self.facts.unknown.is_empty() { usize::MAX } else { SOME };
            self.incidents(self.facts.fitting.min(most));
        }
        let mut telling: Vec<usize> = (0..self.found.lines.len()).collect();
        if telling.len() > LINES {
            // What the answer cites stands among them, whatever its level.
            let (first, last) = self.facts.ends;
            let cited = |i: usize| first == Some(i) || last == Some(i);
            telling.retain(|i| cited(*i) || self.found.lines[*i].record.severity.level() >= Level::Warn);
            telling.sort_by_key(|i| !cited(*i));
            telling.truncate(LINES);
        }
        if telling.is_empty() {
            if intent == Intent::Find && self.found.incidents.is_empty() {
                self.nothing();
            }
            return;
        }
        self.say(Say::LinesThatMatch, &[]);
        for i in telling {
            let text = listed(self.found, i);
            self.line(&text);
        }
    }
}

/// A line as an item with its mark.
pub(super) fn listed(found: &Found, i: usize) -> String {
    let Some(e) = found.lines.get(i) else { return String::new() };
    let name = if e.record.component.is_empty() { &e.source } else { &e.record.component };
    format!(
        "- {} {} {}: {} [{}]",
        render::time(e.record.time),
        e.record.severity,
        neutral(name, 40),
        neutral(&e.record.message().replace(['[', ']'], "|"), 160),
        i + 1
    )
}
