//! Tries the playbooks on single texts and on each other's examples, for the command line: which match, by which
//! pattern, and which of them wins. The chain does not need this.

use super::matcher::{captures, compile, plain};
use super::{Library, Playbook};
use crate::{Advisor as _, Signature};
use std::collections::BTreeMap;

/// A playbook that matches a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit<'a> {
    /// Which.
    pub playbook: &'a Playbook,
    /// The first of its patterns that matches.
    pub pattern: &'a str,
    /// Values by placeholder, as they stand in the text.
    pub captures: BTreeMap<String, String>,
}

/// An example that goes to another playbook than its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outranked {
    /// The playbook whose example it is.
    pub id: String,
    /// The example.
    pub example: String,
    /// The playbook that answers it, and its weight.
    pub by: Option<(String, u8)>,
}

impl Library {
    /// The playbooks that match this text, the one that would answer first.
    pub fn hits(&self, text: &str) -> Vec<Hit<'_>> {
        let mut hits: Vec<Hit<'_>> =
            self.matcher().fitting(text).into_iter().filter_map(|i| hit(&self.playbooks()[i], text)).collect();
        hits.sort_by(|a, b| {
            (b.playbook.pattern.weight, &a.playbook.id).cmp(&(a.playbook.pattern.weight, &b.playbook.id))
        });
        hits
    }

    /// Examples of this playbook that another one answers, because it is more specific.
    pub fn outranked(&self, playbook: &Playbook) -> Vec<Outranked> {
        let answer = |text: &str| self.advise(&Signature { messages: vec![text.to_owned()], ..Signature::default() });
        let examples = playbook.examples.iter().map(|example| (example, answer(example).map(|a| a.id)));
        examples
            .filter(|(_, by)| by.as_deref() != Some(playbook.id.as_str()))
            .map(|(example, by)| Outranked {
                id: playbook.id.clone(),
                example: example.clone(),
                by: by.and_then(|id| self.get(&id).map(|p| (id, p.pattern.weight))),
            })
            .collect()
    }
}

fn hit<'a>(playbook: &'a Playbook, text: &str) -> Option<Hit<'a>> {
    let told = plain(text);
    let fits = |pattern: &&String| compile(pattern).is_some_and(|r| r.is_match(told.as_bytes()));
    let pattern = playbook.pattern.any.iter().find(fits)?;
    Some(Hit { playbook, pattern, captures: captures(playbook, &[text]) })
}
