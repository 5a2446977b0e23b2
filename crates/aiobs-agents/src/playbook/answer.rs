//! Which playbook answers for an incident, and how sure that is: its own lines decide, a known cause that was logged beside
//! it goes before what it shows itself, and what passes by itself is unsure once it is over.

use super::Playbook;
use super::matcher::{Matcher, SYMPTOM, captures, excerpt, first_fit, named, plain};
use crate::Signature;
use aiobs_types::Confidence;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A playbook that only fits what happened around the incident must be at least this specific.
const AROUND_WEIGHT: u32 = 70;
/// Longest chain of causes behind what an incident says itself.
const DEEPEST: usize = 3;
/// What a suspected error class adds to a weight.
const SUSPECTED: u32 = 15;

/// The best fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Index of the playbook.
    pub(super) playbook: usize,
    /// How sure that is.
    pub(super) confidence: Confidence,
    /// Only what happened around the incident fits, nothing that it says itself.
    pub(super) guess: bool,
    /// Texts that matched, verbatim.
    pub(super) matched: Vec<String>,
    /// Of the first of them the part that tells of the fault, with a few words around.
    pub(super) excerpt: String,
    /// The same of a line logged around it that tells of this fault in another way.
    pub(super) also: String,
    /// Values by placeholder, as they stand in the texts.
    pub(super) captures: BTreeMap<String, String>,
    /// Of a fault that others cause: a more specific one around it, and the text that shows it.
    pub(super) nearby: Option<(usize, String)>,
    /// What the incident says itself, where this playbook is the cause of that.
    pub(super) shown_as: Option<usize>,
}

/// A text and the playbooks that fit it.
struct Text<'a> {
    text: &'a str,
    fits: Vec<usize>,
}

/// What is known of an incident, read once.
struct Case<'a> {
    playbooks: &'a [Playbook],
    signature: &'a Signature,
    /// What it says itself: its messages, then its first template and its title.
    own: Vec<Text<'a>>,
    messages: usize,
    around: Vec<Text<'a>>,
    beside: Vec<Text<'a>>,
}

/// The incident's own texts decide; only if none of them is known, what happened around it may.
pub(super) fn best(matcher: &Matcher, playbooks: &[Playbook], s: &Signature) -> Option<Found> {
    let read = |text| Text { text, fits: matcher.fitting(text) };
    let own = s.messages.iter().chain(s.templates.first()).chain([&s.title]);
    let around = s.around.iter().chain(s.templates.iter().skip(1));
    let case = Case {
        playbooks,
        signature: s,
        messages: s.messages.len(),
        own: own.map(|t| read(t.as_str())).collect(),
        around: around.map(|t| read(t.as_str())).collect(),
        beside: s.beside.iter().map(|t| read(t.as_str())).collect(),
    };
    if let Some((index, score)) = case.rank(&case.own, 0) {
        return Some(case.cause(index).unwrap_or_else(|| case.itself(index, score)));
    }
    let (index, _) = case.rank(&case.around, AROUND_WEIGHT)?;
    Some(Found { guess: true, ..case.found(index, Confidence::Low, &case.around) })
}

impl<'a> Case<'a> {
    /// What the incident says itself is the answer.
    fn itself(&self, index: usize, score: u32) -> Found {
        let playbook = &self.playbooks[index];
        let said = self.own[..self.messages].iter().any(|t| t.fits.contains(&index));
        // It says what is suffered, not why.
        let symptom = playbook.pattern.symptom || playbook.pattern.weight < SYMPTOM;
        let confidence = match score {
            _ if symptom || ordinary(playbook, self.signature) => Confidence::Low,
            70.. if said => Confidence::High,
            _ => Confidence::Medium,
        };
        let nearby = if symptom { self.nearby() } else { None };
        let found = self.found(index, confidence, &self.own);
        // What its own lines leave open, others of the same fault may say.
        let near = self.around.iter().chain(&self.beside);
        let others: Vec<&str> = near.filter(|t| t.fits.contains(&index)).map(|t| t.text).collect();
        let mut captures = captures(playbook, &others);
        captures.extend(found.captures);
        let way = |text: &str| first_fit(playbook, &plain(text)).map(|(pattern, _)| pattern);
        let told = found.matched.first().and_then(|t| way(t));
        let also = others.iter().find(|t| !t.contains('<') && way(t) != told).and_then(|t| excerpt(playbook, t));
        Found { also: also.unwrap_or_default(), captures, nearby, ..found }
    }

    /// What causes the fault of this playbook here: one of the faults that are known to, and were logged by or about it.
    /// What it says itself goes before what was logged around it, and that before what other incidents said.
    fn cause(&self, shown: usize) -> Option<Found> {
        let near = [&self.own[..self.messages], &self.around, &self.beside];
        let mut seen = vec![shown];
        while let Some(&last) = seen.last().filter(|_| seen.len() <= DEEPEST) {
            let because = &self.playbooks[last].pattern.because;
            let known = |i: &usize| !seen.contains(i) && because.contains(&self.playbooks[*i].id);
            let best = |texts: &[Text<'a>]| {
                let fitting = texts.iter().flat_map(|t| t.fits.iter().copied()).filter(known);
                fitting.max_by_key(|&i| (self.playbooks[i].pattern.weight, std::cmp::Reverse(i)))
            };
            let Some(deeper) = near.into_iter().find_map(best) else { break };
            seen.push(deeper);
        }
        let cause = seen.pop().filter(|cause| *cause != shown)?;
        let unsure = ordinary(&self.playbooks[cause], self.signature);
        let confidence = if unsure { Confidence::Low } else { Confidence::Medium };
        Some(Found { shown_as: Some(shown), ..self.found(cause, confidence, near.into_iter().flatten()) })
    }

    /// What happened around a symptom and would explain it.
    fn nearby(&self) -> Option<(usize, String)> {
        let (index, _) = self.rank(&self.around, AROUND_WEIGHT)?;
        let text = self.around.iter().find(|t| t.fits.contains(&index))?;
        Some((index, text.text.to_owned()))
    }

    /// The playbook with the highest weight of those that match one of the texts; among equals, the one that matches
    /// more texts, then the first by id.
    fn rank(&self, texts: &[Text<'a>], least: u32) -> Option<(usize, u32)> {
        let s = self.signature;
        let mut hits: BTreeMap<usize, u32> = BTreeMap::new();
        for index in texts.iter().flat_map(|t| &t.fits) {
            *hits.entry(*index).or_default() += 1;
        }
        hits.into_iter()
            .filter(|(i, _)| {
                let p = &self.playbooks[*i].pattern;
                named(&p.components, &s.components) && named(&p.sources, &s.sources)
            })
            .map(|(i, count)| {
                let suspected = s.error_classes.contains(&self.playbooks[i].error_class);
                let score = u32::from(self.playbooks[i].pattern.weight) + if suspected { SUSPECTED } else { 0 };
                (score, count, i)
            })
            .filter(|(score, ..)| *score >= least)
            .max_by_key(|&(score, count, i)| (score, count, std::cmp::Reverse(i)))
            .map(|(score, _, i)| (i, score))
    }

    fn found<'t>(&self, index: usize, confidence: Confidence, texts: impl IntoIterator<Item = &'t Text<'a>>) -> Found
    where
        'a: 't,
    {
        let playbook = &self.playbooks[index];
        let texts: Vec<&str> = texts.into_iter().filter(|t| t.fits.contains(&index)).map(|t| t.text).collect();
        let mut matched: Vec<String> = Vec::new();
        for text in &texts {
            if !matched.iter().any(|m| m == text) {
                matched.push((*text).to_owned());
            }
        }
        let captures = captures(playbook, &texts);
        // A line tells more than the text of a template.
        let line = texts.iter().find(|t| !t.contains('<')).or(texts.first());
        let excerpt = line.and_then(|t| excerpt(playbook, t)).unwrap_or_default();
        Found {
            playbook: index,
            confidence,
            guess: false,
            matched,
            excerpt,
            also: String::new(),
            captures,
            nearby: None,
            shown_as: None,
        }
    }
}

/// Whether what was seen of this fault belongs to ordinary operation, as far as its playbook knows.
fn ordinary(playbook: &Playbook, s: &Signature) -> bool {
    let pattern = &playbook.pattern;
    s.count < pattern.often || pattern.passing && (s.is_over() || s.is_steady() || s.is_calm() || is_planned(s))
}

/// Whether somebody said about that time that parts are taken out of service on purpose.
fn is_planned(s: &Signature) -> bool {
    let says = |text: &String| PLANNED.as_ref().is_some_and(|r| r.is_match(&plain(text)));
    s.messages.iter().chain(&s.around).chain(&s.beside).any(says)
}

static PLANNED: LazyLock<Option<regex::Regex>> = LazyLock::new(|| {
    regex::Regex::new(
        r"(?xi)\bcordoned\b | \bdrain(?:ed|ing)\b.{0,40}\bnode\b | \bnode\S*\ drained\b | \bmaintenance\ (?:window|mode)\b
        | \bplanned\ (?:maintenance|switchover|failover|restart|reboot|upgrade|outage)\b | \bswitchover\ (?:to|started|requested|initiated)\b
        | \brolling\ (?:upgrade|update|restart|reboot)\b",
    )
    .ok()
});
