//! The part of an answer without a model that says who: components, accounts, addresses, and who was first. Pure.

use super::compose::Answer;
use super::phrase::{ENTRIES, at, lines, matching, named};
use super::sentences::Say;
use crate::context::fence::neutral;

impl Answer<'_> {
    /// Whoever the lines name: people and addresses before components when the question names such.
    pub(super) fn who(&mut self) {
        if let Some(without) = &self.facts.without {
            let names: Vec<String> = without.iter().take(2 * ENTRIES).map(|name| neutral(name, 60)).collect();
            match names.as_slice() {
                [] => self.say(Say::NoneWithout, &[]),
                names => self.say(Say::Without, &[&names.join(", ")]),
            }
            self.line("");
        }
        if self.subject().is_none() {
            return self.nothing();
        }
        if self.facts.asked.last {
            self.when();
        }
        if self.facts.asked.people == Some(true) {
            self.parties();
            self.who_says();
        } else {
            self.who_says();
            self.parties();
        }
    }

    /// Components by their records.
    fn who_says(&mut self) {
        let Some(tally) = self.subject() else { return };
        let (components, count) = (tally.by_component(), matching(self.lang, tally.count));
        let mut rows = vec![match components.first() {
            Some((name, n)) if !name.is_empty() => self.text(Say::WhoFirst, &[&neutral(name, 60), n, &count]),
            _ => self.text(Say::WhoNameless, &[&count]),
        }];
        if components.len() > 1 {
            rows.extend(components.iter().take(ENTRIES).map(|(name, n)| format!("- {}: {n}", named(self.lang, name))));
        }
        self.line(&rows.join("\n"));
    }

    /// Accounts and addresses.
    fn parties(&mut self) {
        let named = self.facts.asked.people == Some(true);
        let told = self.facts.parties.as_ref().filter(|p| named || !p.accounts().is_empty());
        let Some(parties) = told else { return };
        let read = lines(self.lang, parties.lines);
        for (head, names) in [(Say::Accounts, parties.accounts()), (Say::Addresses, parties.addresses())] {
            if names.is_empty() {
                continue;
            }
            let mut rows = vec![self.text(head, &[&read])];
            rows.extend(names.iter().take(2 * ENTRIES).map(|(name, n)| format!("- **{}**: {n}", neutral(name, 60))));
            if names.len() > 2 * ENTRIES {
                rows.push(format!("-{}", self.text(Say::AndMore, &[&(names.len() - 2 * ENTRIES)])));
            }
            self.line(&(rows.join("\n") + "\n"));
        }
    }

    /// Components in the order of their first record.
    pub(super) fn first_of_all(&mut self) {
        let Some(tally) = self.subject() else { return self.nothing() };
        let query = self.facts.subject.as_ref().map_or("", |(look, _)| look.query.as_str());
        let mut rows = vec![self.text(Say::OrderedFirst, &[&format!("`` {} ``", query.replace('`', "'"))])];
        let firsts = tally.by_first();
        let marks = &self.facts.firsts;
        for (i, (name, time, n)) in firsts.iter().take(ENTRIES).enumerate() {
            let mark = super::phrase::mark(marks.get(i).copied().flatten());
            let name = named(self.lang, name);
            let name = if i == 0 { format!("**{name}**") } else { name };
            rows.push(format!("{}. {name}: {}{mark} (×{n})", i + 1, at(*time)));
        }
        self.line(&rows.join("\n"));
    }
}
