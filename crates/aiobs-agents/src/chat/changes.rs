//! The part of an answer without a model that says what comes most often, what changed and how stretches of time compare.
//! Pure.

use super::compose::{Answer, listed};
use super::period::Period;
use super::phrase::{at, change, lasting, mark, matching, times};
use super::sentences::Say;
use crate::context::fence::neutral;
use aiobs_types::Level;

impl Answer<'_> {
    pub(super) fn top(&mut self) {
        let Some(tally) = self.subject() else { return self.nothing() };
        let head = self.text(Say::TopHead, &[&matching(self.lang, tally.count)]);
        self.most(&head);
    }

    /// Kinds of lines by how often they come.
    pub(super) fn most(&mut self, head: &str) {
        if self.facts.top.is_empty() {
            return;
        }
        let mut rows = vec![head.to_owned()];
        for &(n, i) in &self.facts.top {
            let Some(e) = self.found.lines.get(i) else { continue };
            let name = if e.record.component.is_empty() { &e.source } else { &e.record.component };
            let message = neutral(&e.record.message().replace(['[', ']'], "|"), 140);
            rows.push(format!("- **{}**, {}: {message} [{}]", times(self.lang, n), neutral(name, 40), i + 1));
        }
        self.line(&rows.join("\n"));
    }

    pub(super) fn compare(&mut self) {
        let (Some((_, now)), Some(before), Some((from, to))) =
            (&self.facts.subject, &self.facts.before, self.facts.range)
        else {
            return self.nothing();
        };
        if self.facts.asked.period.and_then(Period::back).is_some() {
            self.say(Say::CompareDays, &[&at(from), &at(to)]);
        } else {
            self.say(Say::CompareHead, &[&at(from), &lasting(self.lang, to.since(from))]);
        }
        // What the archive does not reach back to is not known, which is not the same as none.
        let earlier = self.facts.against.unwrap_or(from);
        let oldest = self.facts.oldest.filter(|oldest| *oldest > earlier);
        if let Some(oldest) = oldest {
            self.say(Say::OldestIs, &[&at(oldest)]);
        }
        let known = oldest.is_none_or(|oldest| oldest < earlier.plus(to.since(from)));
        for (name, a, b) in [
            (Say::RowRecords, before.count, now.count),
            (Say::RowErrors, before.at_least(Level::Error), now.at_least(Level::Error)),
            (Say::RowWarnings, before.levels[Level::Warn as usize], now.levels[Level::Warn as usize]),
        ] {
            let name = self.text(name, &[]);
            if known {
                self.say(Say::CompareRow, &[&name, &a, &b, &change(self.lang, a, b)]);
            } else {
                self.say(Say::CompareOne, &[&name, &b]);
            }
        }
        self.line("");
        self.patterns(Say::NewOrMore);
    }

    pub(super) fn changed(&mut self) {
        if self.facts.patterns.is_empty() && self.facts.deploys.is_empty() {
            return self.say(Say::NoChange, &[]);
        }
        self.deploys();
        self.patterns(Say::NewMessages);
    }

    pub(super) fn deploys(&mut self) {
        if self.facts.deploys.is_empty() {
            return;
        }
        self.say(Say::Deploys, &[]);
        for &i in &self.facts.deploys {
            let text = listed(self.found, i);
            self.line(&text);
        }
        self.line("");
    }

    pub(super) fn patterns(&mut self, head: Say) {
        if self.facts.patterns.is_empty() {
            return;
        }
        self.say(head, &[]);
        for (p, example) in &self.facts.patterns {
            let new = if p.new { self.text(Say::NeverSeen, &[]) } else { String::new() };
            let text = neutral(&p.text.replace(['[', ']'], "|"), 140);
            self.say(Say::PatternRow, &[&p.before, &p.during, &new, &text, &mark(*example)]);
        }
        self.line("");
    }
}
