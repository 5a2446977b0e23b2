//! Finds the playbook that fits an incident best: all patterns in one set, one pass per text.

use super::Playbook;
use super::fill::group;
use crate::Signature;
use aiobs_types::Confidence;
use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

/// Of a longer text only this much is looked at, bytes.
const LONGEST_TEXT: usize = 16 * 1024;
/// A playbook that only fits what happened around the incident must be at least this specific.
const AROUND_WEIGHT: u32 = 70;
/// Below this a playbook describes what others suffer from a fault.
const SYMPTOM: u8 = 60;
/// Bytes of an excerpt, and those of them before what matched.
const EXCERPT: usize = 180;
const BEFORE: usize = 60;
/// Longest chain of causes behind what an incident says itself.
const DEEPEST: usize = 3;
/// What a suspected error class adds to a weight.
const SUSPECTED: u32 = 15;
/// Room for the compiled patterns, bytes.
const SET_SIZE: usize = 64 << 20;
/// Room for what matching works out as it goes, bytes.
const DFA_SIZE: usize = 4 << 20;

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

/// One compiled list of patterns and, for each, the playbook it belongs to.
#[derive(Debug)]
struct Patterns {
    set: RegexSet,
    owner: Vec<usize>,
}

impl Patterns {
    fn new(playbooks: &[Playbook], of: fn(&Playbook) -> &[String]) -> Self {
        let all = || playbooks.iter().enumerate().flat_map(|(i, p)| of(p).iter().map(move |pattern| (i, pattern)));
        let build = |unicode: bool| {
            RegexSetBuilder::new(all().map(|(_, p)| p))
                .case_insensitive(true)
                .unicode(unicode)
                .size_limit(SET_SIZE)
                .dfa_size_limit(DFA_SIZE)
                .build()
        };
        // As `compile`, which says why. Files are checked when they are read; should the whole still not compile, nothing matches.
        let plain = all().all(|(_, p)| p.is_ascii());
        let set = build(!plain).or_else(|_| build(true)).unwrap_or_else(|_| RegexSet::empty());
        Self { set, owner: all().map(|(i, _)| i).collect() }
    }

    /// Playbooks with a match in `text`, ascending, without doubles.
    fn owners(&self, text: &str) -> Vec<usize> {
        let mut owners: Vec<usize> = self.set.matches(text.as_bytes()).into_iter().map(|p| self.owner[p]).collect();
        owners.dedup();
        owners
    }
}

/// The patterns of all playbooks.
#[derive(Debug)]
pub(super) struct Matcher {
    any: Patterns,
    not: Patterns,
}

impl Matcher {
    pub(super) fn new(playbooks: &[Playbook]) -> Self {
        Self { any: Patterns::new(playbooks, |p| &p.pattern.any), not: Patterns::new(playbooks, |p| &p.pattern.not) }
    }

    /// The incident's own texts decide; only if none of them is known, what happened around it may.
    pub(super) fn best(&self, playbooks: &[Playbook], s: &Signature) -> Option<Found> {
        let own: Vec<&str> =
            s.messages.iter().chain(s.templates.first()).chain([&s.title]).map(String::as_str).collect();
        let around: Vec<&str> = s.around.iter().chain(s.templates.iter().skip(1)).map(String::as_str).collect();
        if let Some((index, score)) = self.rank(playbooks, s, &own, 0) {
            if let Some(cause) = self.cause(playbooks, s, index) {
                return Some(cause);
            }
            let said = s.messages.iter().any(|m| self.fits(index, m));
            let confidence = match score {
                _ if ordinary(&playbooks[index], s) => Confidence::Low,
                70.. if said => Confidence::High,
                60.. => Confidence::Medium,
                // It says what is suffered, not why.
                _ => Confidence::Low,
            };
            let symptom = playbooks[index].pattern.weight < SYMPTOM;
            let nearby = if symptom { self.nearby(playbooks, s, &around) } else { None };
            let found = self.found(playbooks, index, confidence, &own);
            // What its own lines leave open, others of the same fault may say.
            let near = around.into_iter().chain(s.beside.iter().map(String::as_str));
            let others: Vec<&str> = near.filter(|t| self.fits(index, t)).collect();
            let mut captures = captures(&playbooks[index], &others);
            captures.extend(found.captures);
            let way = |text: &str| first_fit(&playbooks[index], &plain(text)).map(|(pattern, _)| pattern);
            let told = found.matched.first().and_then(|t| way(t));
            let also = others.iter().find(|t| way(t) != told).and_then(|t| excerpt(&playbooks[index], t));
            return Some(Found { also: also.unwrap_or_default(), captures, nearby, ..found });
        }
        let (index, _) = self.rank(playbooks, s, &around, AROUND_WEIGHT)?;
        Some(Found { guess: true, ..self.found(playbooks, index, Confidence::Low, &around) })
    }

    /// What causes the fault of this playbook here: one of the faults that are known to, and were logged by or about it.
    fn cause(&self, playbooks: &[Playbook], s: &Signature, shown: usize) -> Option<Found> {
        let texts: Vec<&str> = s.messages.iter().chain(&s.around).chain(&s.beside).map(String::as_str).collect();
        let mut found = shown;
        let mut seen = vec![shown];
        while seen.len() <= DEEPEST {
            let because = &playbooks[found].pattern.because;
            let deeper = texts
                .iter()
                .filter(|_| !because.is_empty())
                .flat_map(|text| self.fitting(text))
                .filter(|i| !seen.contains(i) && because.contains(&playbooks[*i].id))
                .max_by_key(|&i| (playbooks[i].pattern.weight, std::cmp::Reverse(i)));
            let Some(deeper) = deeper else { break };
            seen.push(deeper);
            found = deeper;
        }
        (found != shown).then(|| {
            let confidence = if ordinary(&playbooks[found], s) { Confidence::Low } else { Confidence::Medium };
            let found = self.found(playbooks, found, confidence, &texts);
            Found { shown_as: Some(shown), ..found }
        })
    }

    /// What happened around a symptom and would explain it.
    fn nearby(&self, playbooks: &[Playbook], s: &Signature, around: &[&str]) -> Option<(usize, String)> {
        let (index, _) = self.rank(playbooks, s, around, AROUND_WEIGHT)?;
        let text = around.iter().find(|t| self.fits(index, t))?;
        Some((index, (*text).to_owned()))
    }

    /// The playbook with the highest weight of those that match one of the texts; among equals, the one that matches
    /// more texts, then the first by id.
    fn rank(&self, playbooks: &[Playbook], s: &Signature, texts: &[&str], least: u32) -> Option<(usize, u32)> {
        let mut hits: BTreeMap<usize, u32> = BTreeMap::new();
        for text in texts {
            for index in self.fitting(text) {
                *hits.entry(index).or_default() += 1;
            }
        }
        hits.into_iter()
            .filter(|(i, _)| {
                let p = &playbooks[*i].pattern;
                named(&p.components, &s.components) && named(&p.sources, &s.sources)
            })
            .map(|(i, count)| {
                let suspected = s.error_classes.contains(&playbooks[i].error_class);
                let score = u32::from(playbooks[i].pattern.weight) + if suspected { SUSPECTED } else { 0 };
                (score, count, i)
            })
            .filter(|(score, ..)| *score >= least)
            .max_by_key(|&(score, count, i)| (score, count, std::cmp::Reverse(i)))
            .map(|(score, _, i)| (i, score))
    }

    /// The most specific playbook of a fault of its own that this message alone tells of.
    pub(super) fn telling(
        &self,
        playbooks: &[Playbook],
        message: &str,
        component: &str,
        source: &str,
    ) -> Option<usize> {
        let fits = |i: &usize| {
            let p = &playbooks[*i].pattern;
            p.detect && p.weight >= SYMPTOM && named(&p.components, &[component]) && named(&p.sources, &[source])
        };
        let fitting = self.fitting(message).into_iter().filter(fits);
        fitting.max_by_key(|&i| (playbooks[i].pattern.weight, std::cmp::Reverse(i)))
    }

    /// Playbooks that match this text, ascending.
    pub(super) fn fitting(&self, text: &str) -> Vec<usize> {
        let text = plain(text);
        let mut owners = self.any.owners(&text);
        if !owners.is_empty() {
            let vetoed = self.not.owners(&text);
            owners.retain(|i| !vetoed.contains(i));
        }
        owners
    }

    fn fits(&self, index: usize, text: &str) -> bool {
        self.fitting(text).contains(&index)
    }

    fn found(&self, playbooks: &[Playbook], index: usize, confidence: Confidence, texts: &[&str]) -> Found {
        let texts: Vec<&str> = texts.iter().copied().filter(|t| self.fits(index, t)).collect();
        let mut matched: Vec<String> = Vec::new();
        for text in &texts {
            if !matched.iter().any(|m| m == text) {
                matched.push((*text).to_owned());
            }
        }
        let captures = captures(&playbooks[index], &texts);
        let excerpt = texts.first().and_then(|t| excerpt(&playbooks[index], t)).unwrap_or_default();
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

/// The first pattern of a playbook that matches a text, and where.
fn first_fit(playbook: &Playbook, text: &str) -> Option<(usize, Range<usize>)> {
    let fit = |(i, p): (usize, &String)| compile(p)?.find(text.as_bytes()).map(|m| (i, m.range()));
    playbook.pattern.any.iter().enumerate().find_map(fit)
}

/// The part of a text that a playbook's first fitting pattern matches, with some of what stands around it.
fn excerpt(playbook: &Playbook, text: &str) -> Option<String> {
    let text = plain(text);
    let (_, found) = first_fit(playbook, &text)?;
    let line = text[..text.floor_char_boundary(found.start)].rfind('\n').map_or(0, |i| i + 1);
    let from = text.floor_char_boundary(found.start.saturating_sub(BEFORE).max(line));
    // Not in the middle of a word.
    let from = if from == line { from } else { text[from..].find(' ').map_or(from, |i| from + i + 1).min(found.start) };
    let to = text.floor_char_boundary((from + EXCERPT).max(found.end));
    let part = text.get(from..to)?.lines().next()?.trim();
    let (begun, cut) =
        (if from > line { "… " } else { "" }, if part.len() < text[from..].trim().len() { " …" } else { "" });
    Some(format!("{begun}{part}{cut}"))
}

/// Whether one of the names holds one of the words; no words ask for nothing.
fn named(words: &[String], names: &[impl AsRef<str>]) -> bool {
    let lower: Vec<String> = words.iter().map(|w| w.to_lowercase()).collect();
    words.is_empty() || names.iter().any(|n| lower.iter().any(|w| n.as_ref().to_lowercase().contains(w)))
}

/// Values of the named groups, the first that is not empty; then an address that stands in the texts.
pub(super) fn captures(playbook: &Playbook, texts: &[&str]) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for pattern in playbook.pattern.any.iter().filter(|p| p.contains("(?P<") || p.contains("(?<")) {
        let Some(regex) = compile(pattern) else { continue };
        for text in texts {
            take(&regex, &plain(text), &mut values);
        }
    }
    for address in [&ADDRESS, &URL] {
        let Some(address) = address.as_ref() else { continue };
        if !values.contains_key("host") && !values.contains_key("port") {
            for text in texts {
                take(address, &plain(text), &mut values);
            }
        }
    }
    values
}

fn take(regex: &Regex, text: &str, values: &mut BTreeMap<String, String>) {
    let Some(found) = regex.captures(text.as_bytes()) else { return };
    for name in regex.capture_names().flatten() {
        let Some(value) = found.name(name).map(|m| String::from_utf8_lossy(m.as_bytes())) else { continue };
        // A value that ends within a character ends before it.
        let value = value.trim_matches('\u{fffd}').trim();
        // What stands for a value in a template is none, nor are quotes alone.
        let placeholder = value.contains('<') && value.contains('>');
        if !placeholder && value.contains(|c: char| c.is_alphanumeric()) {
            values.entry(group(name).to_owned()).or_insert_with(|| value.to_owned());
        }
    }
}

/// One pattern. `.` as a byte compiles many times faster than as a character; who writes other letters than those of
/// ASCII means characters.
pub(super) fn compile(pattern: &str) -> Option<Regex> {
    let build = |unicode: bool| RegexBuilder::new(pattern).case_insensitive(true).unicode(unicode).build().ok();
    if pattern.is_ascii() { build(false).or_else(|| build(true)) } else { build(true) }
}

/// `host:port` as it stands in messages: an address, or a name with a dash, a dot or a digit; no `file.java:88`.
static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let name = r"[a-z][a-z0-9]*(?:[-.][a-z0-9]+)*-[a-z0-9]+|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:internal|local|svc|com|net|org|io|dev)|localhost";
    Regex::new(&format!(
        r"(?i)(?:^|[\s/@(\[='\x22])(?P<host>[0-9]{{1,3}}(?:\.[0-9]{{1,3}}){{3}}|{name}):(?P<port>[0-9]{{2,5}})\b"
    ))
    .ok()
});

/// A name in an address of the web, for texts that hold no `host:port`.
static URL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:https?|wss?|grpcs?|amqps?|redis|ldaps?)://(?:[^\s/@]*@)?(?P<host>[a-z0-9][a-z0-9.-]*)").ok()
});

/// The beginning of a long text, cut at a character, with quotes as they were before they stood in JSON.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    let mut end = text.len().min(LONGEST_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = &text[..end];
    if text.contains("\\\"") { Cow::Owned(text.replace("\\\"", "\"")) } else { Cow::Borrowed(text) }
}
