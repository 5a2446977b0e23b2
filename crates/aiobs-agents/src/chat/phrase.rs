//! Numbers, times and counts as words of an answer. Pure; used by composition and prompts.

use crate::Tally;
use crate::context::fence::neutral;
use crate::context::render;
use aiobs_types::{Author, Diagnosis, Level, Timestamp};
use std::fmt::Write as _;

/// Entries of a list of counts.
pub(super) const ENTRIES: usize = 6;

/// `once`, `3 times`.
pub(super) fn times(n: u64) -> String {
    if n == 1 { "once".to_owned() } else { format!("{n} times") }
}

pub(super) fn records(n: u64) -> String {
    if n == 1 { "1 record".to_owned() } else { format!("{n} records") }
}

/// `1 matching record`, `3 matching records`.
pub(super) fn matching(n: u64) -> String {
    if n == 1 { "1 matching record".to_owned() } else { format!("{n} matching records") }
}

/// A length of time in its two largest units.
pub(super) fn lasting(nanos: i64) -> String {
    let secs = nanos.max(0) / 1_000_000_000;
    match secs {
        0..60 => format!("{secs} s"),
        60..3_600 => format!("{} min", secs / 60),
        3_600..86_400 => format!("{} h {} min", secs / 3_600, secs / 60 % 60),
        _ => format!("{} d {} h", secs / 86_400, secs / 3_600 % 24),
    }
}

pub(super) fn at(t: Timestamp) -> String {
    format!("{} UTC", render::time(t))
}

pub(super) fn mark(line: Option<usize>) -> String {
    line.map(|i| format!(" [{}]", i + 1)).unwrap_or_default()
}

pub(super) fn author(author: &Author) -> String {
    match author {
        Author::Model { model, .. } => neutral(model, 60),
        Author::Playbook { id } => format!("playbook {id}"),
        Author::Facts => "the facts".into(),
    }
}

/// Whether a diagnosis says more than that nothing is known.
pub(super) fn explains(d: &Diagnosis) -> bool {
    d.author != Author::Facts
}

pub(super) fn change(before: u64, after: u64) -> String {
    match (before, after) {
        (a, b) if a == b => "the same".into(),
        (0, _) => "none before".into(),
        (a, b) => format!("{:+.0} %", (b as f64 / a as f64 - 1.0) * 100.0),
    }
}

/// Levels and components of what was counted.
pub(super) fn counted(tally: &Tally) -> String {
    let mut out = String::new();
    let levels: Vec<String> = Level::ALL
        .into_iter()
        .rev()
        .filter(|l| tally.levels[*l as usize] > 0)
        .map(|l| format!("{} {l}", tally.levels[l as usize]))
        .collect();
    if levels.len() > 1 {
        let _ = write!(out, "\n- by level: {}", levels.join(", "));
    }
    let components = tally.by_component();
    if components.len() > 1 {
        let named = |(name, n): &(&str, u64)| {
            format!("{} {n}", if name.is_empty() { "(no name)".into() } else { neutral(name, 60) })
        };
        let list: Vec<String> = components.iter().take(ENTRIES).map(named).collect();
        let _ = write!(out, "\n- by component: {}", list.join(", "));
        if components.len() > ENTRIES {
            let _ = write!(out, " and {} more", components.len() - ENTRIES);
        }
    }
    out
}
