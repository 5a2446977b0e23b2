//! Questions to begin with, made from what is in the archive now. Pure.

use crate::runtime::events::Snapshot;
use crate::tui::widgets::text;

/// Longest name of a fault in a question, cells.
const TITLE: usize = 40;

/// A name to stand in quotes: its own quotes would end them.
fn named(name: &str) -> String {
    text::truncate(text::safe(name).replace('"', "").trim(), TITLE, "...").into_owned()
}

/// Some questions, the most telling first.
pub(super) fn examples(snapshot: &Snapshot) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(i) = snapshot.incidents.iter().find(|i| i.state.is_active() && i.part_of.is_none()) {
        let title = named(&i.title);
        out.push(format!("Why incident {}, \"{title}\", and what should we do?", i.id));
        out.push(format!("Has incident {} happened before?", i.id));
    }
    let noisy = snapshot.components.iter().filter(|c| !c.name.is_empty()).max_by_key(|c| c.errors_per_min);
    if let Some(c) = noisy {
        let name = named(&c.name);
        out.push(format!("How many errors did {name} have in the last hour?"));
    }
    let newest = snapshot.incidents.iter().filter(|i| i.part_of.is_none()).max_by_key(|i| i.first_seen);
    if let Some(i) = newest.filter(|n| out.iter().all(|q| !q.contains(&n.id.to_string()))) {
        let title = named(&i.title);
        out.push(format!("Is incident {}, \"{title}\", still going on?", i.id));
    }
    if let Some(p) = snapshot.top_errors.first() {
        let kind = named(&p.text);
        out.push(format!("Since when does \"{kind}\" occur, and who says it?"));
    }
    if snapshot.memory.files > 0 {
        out.push("What do the runbooks say about the newest incident?".into());
    }
    out.push("What changed in the last ten minutes?".into());
    out.push("Was there a deploy before the errors began?".into());
    if out.len() < 3 {
        out.push("What went wrong today, and is it still going on?".into());
    }
    out
}
