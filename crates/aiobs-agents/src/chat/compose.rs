//! The answer without a model: composed by rules from the facts, with marks into the found lines and the queries it
//! rests on. Pure; says of itself how it was made.

use super::facts::{Facts, MINUTE, RECENT};
use super::intent::Intent;
use super::phrase::{ENTRIES, at, author, change, counted, explains, lasting, mark, matching, records, times};
use super::retrieve::Found;
use crate::Tally;
use crate::context::fence::neutral;
use crate::context::render;
use aiobs_types::{Diagnosis, Fix, Incident, Level, Timestamp};
use std::fmt::Write as _;

/// Lines listed.
const LINES: usize = 8;

/// What can be said without a model, with marks into the found lines.
pub(crate) fn by_rules(found: &Found, why: &str) -> String {
    let mut out = format!(
        "*No model answered ({}). Composed by rules from the archive; asked for: {}.*\n",
        neutral(why, 200),
        found.facts.asked.intent.name()
    );
    if found.facts.old {
        let _ = writeln!(out, "*The archive ends {}: \"now\" is there.*", at(found.facts.now));
    }
    if let Some((from, to)) = found.facts.range {
        let _ = writeln!(out, "*About {} to {}.*", at(from), at(to));
    }
    if !found.facts.unknown.is_empty() {
        let words: Vec<String> = found.facts.unknown.iter().map(|w| format!("\"{}\"", neutral(w, 60))).collect();
        let _ = writeln!(out, "\nNo line in scope holds {}; without that:", words.join(" or "));
    }
    out.push('\n');
    let mut answer = Answer { out, found, facts: &found.facts };
    answer.direct();
    answer.rest();
    answer.written();
    answer.looks();
    answer.out
}

pub(super) struct Answer<'a> {
    pub(super) out: String,
    pub(super) found: &'a Found,
    pub(super) facts: &'a Facts,
}

impl Answer<'_> {
    pub(super) fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn diagnosed(&self) -> Option<(&Incident, Option<&Diagnosis>)> {
        self.found.incidents.first().filter(|_| self.facts.fitting > 0).map(|(i, d)| (i, d.as_ref()))
    }

    /// The incident that a playbook was asked about.
    fn first(&self) -> String {
        self.found.incidents.first().map_or_else(String::new, |(i, _)| format!(" incident {}", i.id))
    }

    /// The answer to what was asked.
    fn direct(&mut self) {
        match self.facts.asked.intent {
            Intent::HowMany => self.how_many(),
            Intent::Since => self.since(),
            Intent::When => self.when(),
            Intent::Ongoing => self.ongoing(),
            Intent::Who => self.who(),
            Intent::Top => self.top(),
            Intent::Compare => self.compare(),
            Intent::Changed => self.changed(),
            Intent::Before => self.before(),
            Intent::Fix => self.fix(),
            Intent::Why => self.why(),
            Intent::Happened => self.happened(),
            Intent::Find => {}
        }
    }

    fn subject(&self) -> Option<&Tally> {
        self.facts.subject.as_ref().map(|(_, t)| t).filter(|t| t.count > 0)
    }

    fn nothing(&mut self) {
        self.line("Nothing in this scope matches the question. Name a component, a host or a word of a message.");
    }

    fn span(tally: &Tally) -> Option<(Timestamp, Timestamp)> {
        Some((tally.first?.0, tally.last?.0))
    }

    fn how_many(&mut self) {
        let Some(tally) = self.subject() else { return self.line("**None**: no record matches.") };
        let least = if tally.complete { "" } else { "At least " };
        let mut text = format!("**{least}{}**", records(tally.count));
        if let Some((from, to)) = Self::span(tally) {
            let minutes = (to.since(from) as f64 / MINUTE as f64).max(1.0);
            let _ =
                write!(text, " from {}{} to {}{}", at(from), mark(self.facts.ends.0), at(to), mark(self.facts.ends.1));
            let _ = write!(text, ", {:.1} a minute", tally.count as f64 / minutes);
        }
        if let Some((minute, n)) = tally.busiest_minute().filter(|(_, n)| *n > 1) {
            let _ = write!(text, "; most in the minute of {}: {n}", at(minute));
        }
        let text = text + "." + &counted(tally);
        self.line(&text);
    }

    fn since(&mut self) {
        if let Some((i, _)) = self.diagnosed().filter(|_| self.facts.asked.level.is_none()) {
            let lasted = lasting(i.last_seen.since(i.first_seen));
            let text = format!(
                "Incident {} ({}) began {} and struck {} until {} ({lasted}).",
                i.id,
                neutral(&i.title, 120),
                at(i.first_seen),
                times(i.count),
                at(i.last_seen)
            );
            self.line(&text);
        }
        let Some((tally, (from, to))) = self.subject().and_then(|t| Some((t, Self::span(t)?))) else {
            if self.facts.fitting == 0 {
                self.nothing();
            }
            return;
        };
        let text = format!(
            "**Since {}**{}: the first of {}; the last {}{}.",
            at(from),
            mark(self.facts.ends.0),
            matching(tally.count),
            at(to),
            mark(self.facts.ends.1)
        );
        self.line(&text);
    }

    fn when(&mut self) {
        let Some((tally, (from, to))) = self.subject().and_then(|t| Some((t, Self::span(t)?))) else {
            return self.nothing();
        };
        let text = if tally.count == 1 {
            format!("**{}**{}, once.", at(to), mark(self.facts.ends.1))
        } else {
            let busiest = tally.busiest_minute().map(|(m, n)| format!("; most in the minute of {}: {n}", at(m)));
            format!(
                "Last **{}**{}, first {}{}, {} in all{}.",
                at(to),
                mark(self.facts.ends.1),
                at(from),
                mark(self.facts.ends.0),
                records(tally.count),
                busiest.unwrap_or_default()
            )
        };
        self.line(&text);
    }

    fn ongoing(&mut self) {
        let (newer, older) = self.facts.recent.unwrap_or_default();
        let last = self.subject().and_then(Self::span).map(|(_, to)| to);
        let text = match last {
            None => "Nothing that matches is in this scope, so nothing goes on.".to_owned(),
            Some(_) if newer > 0 => format!(
                "**Yes, it goes on**: {} in the last {}, {older} in the {} before.",
                records(newer),
                lasting(RECENT),
                lasting(RECENT)
            ),
            Some(to) => format!(
                "**It seems to be over**: the last record that matches is of {}{}, {} ago.",
                at(to),
                mark(self.facts.ends.1),
                lasting(self.facts.now.since(to))
            ),
        };
        self.line(&text);
    }

    fn who(&mut self) {
        let Some(tally) = self.subject() else { return self.nothing() };
        let components = tally.by_component();
        let mut text = match components.first() {
            Some((name, n)) if !name.is_empty() => {
                format!("**{}**, with {n} of {}.\n", neutral(name, 60), matching(tally.count))
            }
            _ => format!("{}; they name no component.\n", matching(tally.count)),
        };
        if components.len() > 1 {
            for (name, n) in components.iter().take(ENTRIES) {
                let name = if name.is_empty() { "(no name)".to_owned() } else { neutral(name, 60) };
                let _ = writeln!(text, "- {name}: {n}");
            }
        }
        self.line(text.trim_end());
    }

    fn top(&mut self) {
        let Some(tally) = self.subject() else { return self.nothing() };
        let head = format!("{}, by how often they come:", matching(tally.count));
        self.most(&head);
    }

    /// Kinds of lines by how often they come.
    fn most(&mut self, head: &str) {
        if self.facts.top.is_empty() {
            return;
        }
        let mut text = format!("{head}\n");
        for &(n, i) in &self.facts.top {
            let Some(e) = self.found.lines.get(i) else { continue };
            let name = if e.record.component.is_empty() { &e.source } else { &e.record.component };
            let message = neutral(&e.record.message().replace(['[', ']'], "|"), 140);
            let _ = writeln!(text, "- **{}**, {}: {message} [{}]", times(n), neutral(name, 40), i + 1);
        }
        self.line(text.trim_end());
    }

    fn compare(&mut self) {
        let (Some((_, now)), Some(before), Some((from, to))) =
            (&self.facts.subject, &self.facts.before, self.facts.range)
        else {
            return self.nothing();
        };
        let length = to.since(from);
        let mut text =
            format!("From {} on, {} long, against the stretch of equal length before:\n", at(from), lasting(length));
        let row = |name: &str, a: u64, b: u64| format!("- {name}: {b} before, **{a}** then ({})\n", change(b, a));
        text += &row("records", now.count, before.count);
        text += &row("errors", now.at_least(Level::Error), before.at_least(Level::Error));
        text += &row("warnings", now.levels[Level::Warn as usize], before.levels[Level::Warn as usize]);
        self.line(&text);
        self.patterns("New or much more often:");
    }

    fn changed(&mut self) {
        if self.facts.patterns.is_empty() && self.facts.deploys.is_empty() {
            return self
                .line("No message is new or came much more often, and no line tells of a deployment or restart.");
        }
        self.deploys();
        self.patterns("Messages that are new or came much more often:");
    }

    fn deploys(&mut self) {
        if self.facts.deploys.is_empty() {
            return;
        }
        self.line("Lines that tell of deployments, restarts or settings:");
        for &i in &self.facts.deploys {
            let text = listed(self.found, i);
            self.line(&text);
        }
        self.line("");
    }

    fn patterns(&mut self, head: &str) {
        if self.facts.patterns.is_empty() {
            return;
        }
        self.line(head);
        for (p, example) in &self.facts.patterns {
            let new = if p.new { ", never seen before" } else { "" };
            let text = neutral(&p.text.replace(['[', ']'], "|"), 140);
            let row = format!("- {} before, {} then{new}: {text}{}", p.before, p.during, mark(*example));
            self.line(&row);
        }
        self.line("");
    }

    fn before(&mut self) {
        let Some((incident, _)) = self.diagnosed() else {
            return match self.subject().and_then(Self::span) {
                Some((from, _)) => {
                    let text = format!(
                        "No incident is in this scope. Matching lines go back to {}{}.",
                        at(from),
                        mark(self.facts.ends.0)
                    );
                    self.line(&text);
                }
                None => self.nothing(),
            };
        };
        let about = format!("incident {} ({})", incident.id, neutral(&incident.title, 120));
        if self.facts.past.is_empty() {
            let text = format!("**No**: the archive holds no earlier incident like {about}.");
            return self.line(&text);
        }
        let text = format!("**Yes**, like {about}:");
        self.line(&text);
        for p in &self.facts.past {
            let mut row =
                format!("- incident {} of {}, {}", p.incident.id, at(p.incident.first_seen), p.incident.state.name());
            if let Some(d) = &p.diagnosis {
                let _ = write!(row, ": {}", neutral(&d.cause, 300));
            }
            match p.verdict.as_ref().and_then(aiobs_types::Verdict::is_right) {
                Some(true) => row.push_str(" (a person confirmed it)"),
                Some(false) => row.push_str(" (a person said that was wrong)"),
                None => {}
            }
            self.line(&row);
        }
    }

    fn fix(&mut self) {
        let known = |(i, d): &'_ (Incident, Option<Diagnosis>)| d.clone().filter(explains).map(|d| (i.clone(), d));
        let first = self.found.incidents.first().and_then(known);
        let fitting = self.found.incidents.iter().take(self.facts.fitting.max(1));
        let other = || fitting.clone().find_map(known);
        if let Some(a) = self.found.advice.as_ref().filter(|_| first.is_none()) {
            let text = format!("The playbook {} fits{}; it proposes:", a.id, self.first());
            self.line(&text);
            self.steps(&a.fix);
        } else if let Some((i, d)) = first.or_else(other) {
            let by = author(&d.author);
            let text = format!("For incident {} ({}), {by} proposes:", i.id, neutral(&i.title, 120));
            self.line(&text);
            self.steps(&d.fix);
        } else {
            self.line("No diagnosis and no playbook fits, so no fix can be proposed without a model. These lines are where to look:");
        }
    }

    fn steps(&mut self, fix: &Fix) {
        let lists = [("Now", &fix.now), ("For good", &fix.lasting), ("Verify", &fix.verify), ("Undo", &fix.rollback)];
        for (head, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            let text = format!("\n**{head}**");
            self.line(&text);
            for step in list.iter().take(5) {
                let text = format!("- {}", step.replace('\n', " "));
                self.line(&text);
            }
        }
        if !fix.commands.is_empty() {
            // A fence that no command can close.
            let text = format!("\n````sh\n{}\n````", fix.commands.join("\n").replace("````", "'''"));
            self.line(&text);
        }
    }

    fn why(&mut self) {
        if self.found.incidents.is_empty() && self.found.advice.is_none() {
            self.line("No cause is known: no incident is in this scope. What came with it:");
        }
        let fitting = self.facts.fitting;
        self.incidents(if fitting > 0 { fitting } else { usize::MAX });
        self.deploys();
        self.patterns("What was new or came much more often then:");
    }

    fn happened(&mut self) {
        if let Some((tally, (from, to))) = self.subject().and_then(|t| Some((t, Self::span(t)?))) {
            let text = format!(
                "From {} to {}: {}, {} of them errors, {} warnings; {} in scope.\n",
                at(from),
                at(to),
                records(tally.count),
                tally.at_least(Level::Error),
                tally.levels[Level::Warn as usize],
                match self.found.incidents.len() {
                    1 => "1 incident".to_owned(),
                    n => format!("{n} incidents"),
                }
            );
            self.line(&text);
        }
        self.incidents(usize::MAX);
        self.patterns("Messages that are new or came much more often:");
        self.most("Errors and warnings, by how often they come:");
    }

    /// What is known of the incidents in scope, the first `most` of them.
    fn incidents(&mut self, most: usize) {
        for (i, d) in self.found.incidents.iter().take(most) {
            let cause = i.caused_by.map(|by| format!(", caused by incident {by}")).unwrap_or_default();
            let text = format!(
                "**Incident {}, {}** ({}, {}, struck {} since {}{cause})",
                i.id,
                neutral(&i.title, 120),
                i.severity,
                i.state.name(),
                times(i.count),
                at(i.first_seen)
            );
            self.line(&text);
            if let Some(d) = d.as_ref().filter(|d| explains(d)) {
                let by = author(&d.author);
                let text = format!("Cause, by {by} with {} confidence: {}", d.confidence.name(), d.cause);
                self.line(&text);
                for step in d.fix.now.iter().take(3) {
                    let text = format!("- {step}");
                    self.line(&text);
                }
            }
            self.line("");
        }
        let diagnosed = self.found.incidents.first().is_some_and(|(_, d)| d.as_ref().is_some_and(explains));
        if let Some(a) = self.found.advice.as_ref().filter(|_| !diagnosed) {
            let text = format!("The playbook {} fits{}: {}", a.id, self.first(), a.cause);
            self.line(&text);
            for step in a.fix.now.iter().take(3) {
                let text = format!("- {step}");
                self.line(&text);
            }
            self.line("");
        }
    }

    /// Lines that match, and incidents where the answer did not speak of them.
    fn rest(&mut self) {
        let intent = self.facts.asked.intent;
        if intent == Intent::Top {
            return;
        }
        if matches!(intent, Intent::Find | Intent::When | Intent::Since | Intent::Ongoing | Intent::Who) {
            self.out.push('\n');
            self.incidents(self.facts.fitting);
        }
        let mut telling: Vec<usize> = (0..self.found.lines.len()).collect();
        if telling.len() > LINES {
            telling.retain(|i| self.found.lines[*i].record.severity.level() >= Level::Warn);
            telling.truncate(LINES);
        }
        if telling.is_empty() {
            if intent == Intent::Find && self.found.incidents.is_empty() {
                self.nothing();
            }
            return;
        }
        self.line("\nLines that match:");
        for i in telling {
            let text = listed(self.found, i);
            self.line(&text);
        }
    }
}

/// A line as an item with its mark.
fn listed(found: &Found, i: usize) -> String {
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
