//! The part of an answer without a model that tells incidents: what happened, why, what to do, whether it was there before.
//! Pure; causes and steps are those of diagnoses and playbooks, in their own words.

use super::compose::Answer;
use super::phrase::{at, author, confidence, explains, incidents, records, state, times};
use super::sentences::Say;
use crate::context::fence::neutral;
use aiobs_types::{Diagnosis, Fix, Incident, Level};

impl Answer<'_> {
    pub(super) fn before(&mut self) {
        let Some((incident, _)) = self.diagnosed() else {
            return match self.subject().and_then(Self::span) {
                Some((from, _)) => self.say(Say::NoIncident, &[&at(from), &self.ends().0]),
                None => self.nothing(),
            };
        };
        let about = self.text(Say::AboutIncident, &[&incident.id, &neutral(&incident.title, 120)]);
        if self.facts.past.is_empty() {
            return self.say(Say::BeforeNo, &[&about]);
        }
        self.say(Say::BeforeYes, &[&about]);
        for p in &self.facts.past {
            let i = &p.incident;
            let mut row = self.text(Say::BeforeRow, &[&i.id, &at(i.first_seen), &state(self.lang, i.state)]);
            if let Some(d) = &p.diagnosis {
                row += &self.text(Say::BeforeCause, &[&neutral(&d.cause, 300)]);
            }
            match p.verdict.as_ref().and_then(aiobs_types::Verdict::is_right) {
                Some(true) => row += &self.text(Say::Confirmed, &[]),
                Some(false) => row += &self.text(Say::Denied, &[]),
                None => {}
            }
            self.line(&row);
        }
    }

    pub(super) fn fix(&mut self) {
        let known = |(i, d): &'_ (Incident, Option<Diagnosis>)| d.clone().filter(explains).map(|d| (i.clone(), d));
        let first = self.found.incidents.first().and_then(known);
        let fitting = self.found.incidents.iter().take(self.facts.fitting.max(1));
        let other = || fitting.clone().find_map(known);
        if let Some(a) = self.found.advice.as_ref().filter(|_| first.is_none()) {
            let about = self.first();
            self.say(Say::PlaybookProposes, &[&a.id, &about]);
            self.steps(&a.fix);
        } else if let Some((i, d)) = first.or_else(other) {
            let by = author(self.lang, &d.author);
            self.say(Say::DiagnosisProposes, &[&i.id, &neutral(&i.title, 120), &by]);
            self.steps(&d.fix);
        } else {
            self.say(Say::NoFix, &[]);
        }
    }

    fn steps(&mut self, fix: &Fix) {
        let lists = [
            (Say::Now, &fix.now),
            (Say::ForGood, &fix.lasting),
            (Say::Verify, &fix.verify),
            (Say::Undo, &fix.rollback),
        ];
        for (head, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            self.say(head, &[]);
            self.items(list, 5);
        }
        if !fix.commands.is_empty() {
            // A fence that no command can close.
            let text = format!("\n````sh\n{}\n````", fix.commands.join("\n").replace("````", "'''"));
            self.line(&text);
        }
    }

    fn items(&mut self, list: &[String], most: usize) {
        for step in list.iter().take(most) {
            let text = format!("- {}", step.replace('\n', " "));
            self.line(&text);
        }
    }

    pub(super) fn why(&mut self) {
        if self.found.incidents.is_empty() && self.found.advice.is_none() {
            self.say(Say::NoCause, &[]);
            if !(self.facts.deploys.is_empty() && self.facts.patterns.is_empty()) {
                self.say(Say::CameWith, &[]);
            }
        }
        let fitting = self.facts.fitting;
        self.incidents(if fitting > 0 { fitting } else { usize::MAX });
        self.deploys();
        self.patterns(Say::NewThen);
    }

    pub(super) fn happened(&mut self) {
        if let Some((tally, (from, to))) = self.subject().and_then(|t| Some((t, Self::span(t)?))) {
            let (all, in_scope) = (records(self.lang, tally.count), incidents(self.lang, self.found.incidents.len()));
            let (errors, warnings) = (tally.at_least(Level::Error), tally.levels[Level::Warn as usize]);
            self.say(Say::Summary, &[&at(from), &at(to), &all, &errors, &warnings, &in_scope]);
        } else {
            self.none();
            self.line("");
        }
        self.incidents(usize::MAX);
        self.patterns(Say::NewMessages);
        let head = self.text(Say::TopErrors, &[]);
        self.most(&head);
    }

    /// What is known of the incidents in scope, the first `most` of them.
    pub(super) fn incidents(&mut self, most: usize) {
        for (i, d) in self.found.incidents.iter().take(most) {
            let cause = i.caused_by.map(|by| self.text(Say::CausedBy, &[&by])).unwrap_or_default();
            let (title, struck) = (neutral(&i.title, 120), times(self.lang, i.count));
            let (is, began) = (state(self.lang, i.state), at(i.first_seen));
            self.say(Say::IncidentHead, &[&i.id, &title, &i.severity, &is, &struck, &began, &cause]);
            if let Some(d) = d.as_ref().filter(|d| explains(d)) {
                let (by, sure) = (author(self.lang, &d.author), confidence(self.lang, d.confidence));
                self.say(Say::Cause, &[&by, &sure, &d.cause]);
                self.items(&d.fix.now, 3);
            }
            self.line("");
        }
        let diagnosed = self.found.incidents.first().is_some_and(|(_, d)| d.as_ref().is_some_and(explains));
        if let Some(a) = self.found.advice.as_ref().filter(|_| !diagnosed && most > 0) {
            let about = self.first();
            self.say(Say::PlaybookSays, &[&a.id, &about, &a.cause]);
            self.items(&a.fix.now, 3);
            self.line("");
        }
    }
}
