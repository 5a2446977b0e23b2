//! Which playbooks fit a text: all patterns in one set, one pass per text; and what of the text tells so. Knows nothing of
//! incidents: `answer` chooses among those that fit.

use super::Playbook;
use super::fill::group;
use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

/// Of a longer text only this much is looked at, bytes.
const LONGEST_TEXT: usize = 16 * 1024;
/// Below this a playbook describes what others suffer from a fault.
pub(super) const SYMPTOM: u8 = 60;
/// Bytes of an excerpt, and those of them before what matched.
const EXCERPT: usize = 180;
const BEFORE: usize = 60;
/// Room for the compiled patterns, bytes.
const SET_SIZE: usize = 64 << 20;
/// Room for what matching works out as it goes, bytes.
const DFA_SIZE: usize = 4 << 20;

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
}

/// The first pattern of a playbook that matches a text, and where.
pub(super) fn first_fit(playbook: &Playbook, text: &str) -> Option<(usize, Range<usize>)> {
    let fit = |(i, p): (usize, &String)| compile(p)?.find(text.as_bytes()).map(|m| (i, m.range()));
    playbook.pattern.any.iter().enumerate().find_map(fit)
}

/// The part of a text that a playbook's first fitting pattern matches, with some of what stands around it.
pub(super) fn excerpt(playbook: &Playbook, text: &str) -> Option<String> {
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
pub(super) fn named(words: &[String], names: &[impl AsRef<str>]) -> bool {
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
