//! Numbers, times and counts as words of an answer. Pure; used by composition and prompts.

use super::language::Lang;
use super::sentences::{Say, say};
use crate::Tally;
use crate::context::fence::neutral;
use crate::context::render;
use aiobs_types::{Author, Confidence, Diagnosis, IncidentState, Level, Timestamp};

/// Entries of a list of counts.
pub(super) const ENTRIES: usize = 6;

/// The sentence for one, or that for more with their number.
fn number(lang: Lang, n: u64, one: Say, more: Say) -> String {
    if n == 1 { say(lang, one, &[]) } else { say(lang, more, &[&n]) }
}

/// `once`, `3 times`.
pub(super) fn times(lang: Lang, n: u64) -> String {
    number(lang, n, Say::Once, Say::Times)
}

pub(super) fn records(lang: Lang, n: u64) -> String {
    number(lang, n, Say::Record, Say::Records)
}

/// `1 matching record`, `3 matching records`.
pub(super) fn matching(lang: Lang, n: u64) -> String {
    number(lang, n, Say::Matching1, Say::MatchingN)
}

pub(super) fn incidents(lang: Lang, n: usize) -> String {
    number(lang, n as u64, Say::Incident1, Say::IncidentN)
}

pub(super) fn lines(lang: Lang, n: usize) -> String {
    number(lang, n as u64, Say::Line1, Say::LineN)
}

/// A length of time in its two largest units.
pub(super) fn lasting(lang: Lang, nanos: i64) -> String {
    let secs = nanos.max(0) / 1_000_000_000;
    match secs {
        0..60 => say(lang, Say::Seconds, &[&secs]),
        60..3_600 => say(lang, Say::Minutes, &[&(secs / 60)]),
        3_600..86_400 => say(lang, Say::Hours, &[&(secs / 3_600), &(secs / 60 % 60)]),
        _ => say(lang, Say::Days, &[&(secs / 86_400), &(secs / 3_600 % 24)]),
    }
}

/// A length of time as it is measured: `850 ms`, `1.2 s`, `31 s`.
pub(super) fn brief(lang: Lang, nanos: i64) -> String {
    let ms = nanos as f64 / 1e6;
    match ms {
        ..1.0 => format!("{ms:.2} ms"),
        ..1_000.0 => format!("{ms:.0} ms"),
        ..10_000.0 => format!("{:.1} s", ms / 1e3),
        ..120_000.0 => format!("{:.0} s", ms / 1e3),
        _ => lasting(lang, nanos),
    }
}

pub(super) fn at(t: Timestamp) -> String {
    format!("{} UTC", render::time(t))
}

pub(super) fn mark(line: Option<usize>) -> String {
    line.map(|i| format!(" [{}]", i + 1)).unwrap_or_default()
}

pub(super) fn author(lang: Lang, author: &Author) -> String {
    match author {
        Author::Model { model, .. } => neutral(model, 60),
        Author::Playbook { id } => say(lang, Say::ThePlaybook, &[id]),
        Author::Facts => say(lang, Say::TheFacts, &[]),
    }
}

pub(super) fn state(lang: Lang, state: IncidentState) -> String {
    let what = match state {
        IncidentState::Open => Say::Open,
        IncidentState::Acknowledged => Say::Acknowledged,
        IncidentState::Resolved => Say::Resolved,
        IncidentState::Muted => Say::Muted,
    };
    say(lang, what, &[])
}

pub(super) fn confidence(lang: Lang, confidence: Confidence) -> String {
    let what = match confidence {
        Confidence::High => Say::High,
        Confidence::Medium => Say::Medium,
        Confidence::Low => Say::Low,
    };
    say(lang, what, &[])
}

/// Whether a diagnosis says more than that nothing is known.
pub(super) fn explains(d: &Diagnosis) -> bool {
    d.author != Author::Facts
}

pub(super) fn change(lang: Lang, before: u64, after: u64) -> String {
    match (before, after) {
        (a, b) if a == b => say(lang, Say::Same, &[]),
        (0, _) => say(lang, Say::NoneBefore, &[]),
        (a, b) => format!("{:+.0} %", (b as f64 / a as f64 - 1.0) * 100.0),
    }
}

/// The name of a component or source; those without one are said to have none.
pub(super) fn named(lang: Lang, name: &str) -> String {
    if name.is_empty() { say(lang, Say::NoName, &[]) } else { neutral(name, 60) }
}

/// Levels and components of what was counted.
pub(super) fn counted(lang: Lang, tally: &Tally) -> String {
    let mut out = String::new();
    let levels: Vec<String> = Level::ALL
        .into_iter()
        .rev()
        .filter(|l| tally.levels[*l as usize] > 0)
        .map(|l| format!("{} {l}", tally.levels[l as usize]))
        .collect();
    if levels.len() > 1 {
        out += &say(lang, Say::ByLevel, &[&levels.join(", ")]);
    }
    let components = tally.by_component();
    if components.len() > 1 {
        let list: Vec<String> =
            components.iter().take(ENTRIES).map(|(name, n)| format!("{} {n}", named(lang, name))).collect();
        out += &say(lang, Say::ByComponent, &[&list.join(", ")]);
        if components.len() > ENTRIES {
            out += &say(lang, Say::AndMore, &[&(components.len() - ENTRIES)]);
        }
    }
    out
}
