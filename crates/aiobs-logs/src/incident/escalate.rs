//! When an incident gets worse than its diagnosis knew: it strikes far more often, or reaches more components. Its
//! criticality rises, and its history says why. Used by the book.

use super::book::IncidentBook;
use super::history;
use aiobs_types::{IncidentId, TimelineKind, Timestamp};

const MINUTE: i64 = 60_000_000_000;
/// So many strikes within a minute ...
const MANY: u32 = 100;
/// ... and so many times more than in any minute before are a growth.
const TIMES: u32 = 10;
/// An incident that reached so many components, with those it caused, has spread.
const COMPONENTS: usize = 3;
/// The highest criticality.
const WORST: u8 = 5;

/// How often an incident strikes. One per incident in memory.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    minute: i64,
    count: u32,
    most: u32,
    grown: bool,
}

impl Pace {
    /// Counts a strike. How many there were within this minute and the most before, when that is a growth; told once.
    pub(super) fn strike(&mut self, time: Timestamp) -> Option<(u32, u32)> {
        let minute = time.0.div_euclid(MINUTE);
        if minute != self.minute {
            self.most = self.most.max(self.count);
            (self.minute, self.count) = (minute, 0);
        }
        self.count = self.count.saturating_add(1);
        let grown = self.most > 0 && self.count >= MANY && self.count >= self.most.saturating_mul(TIMES);
        if !grown || std::mem::replace(&mut self.grown, true) {
            return None;
        }
        Some((self.count, self.most))
    }
}

impl IncidentBook {
    /// It is worse than was known when its criticality was given; each reason counts once.
    pub(super) fn raise(&mut self, id: IncidentId, why: &str, at: Timestamp) {
        let Some(now) = self.get(id).and_then(|i| i.criticality).filter(|c| *c < WORST) else { return };
        let known = |i: &aiobs_types::Incident| i.timeline.iter().any(|e| e.text.ends_with(why));
        if self.get(id).is_some_and(known) {
            return;
        }
        self.with(id, |i| {
            i.criticality = Some(now + 1);
            history::note(i, TimelineKind::Escalated, format!("criticality {now} to {}: {why}", now + 1), at);
        });
    }

    /// It struck so often within a minute, and never more than `before` in one before.
    pub(super) fn grew(&mut self, id: IncidentId, (count, before): (u32, u32), at: Timestamp) {
        self.raise(id, &format!("struck {count} times within a minute, at most {before} before"), at);
    }

    /// A group reached another component.
    pub(super) fn reached(&mut self, root: IncidentId, at: Timestamp) {
        let Some(incident) = self.get(root) else { return };
        let mut names: Vec<&str> = incident.components.iter().map(String::as_str).collect();
        let children = incident.causes.iter().filter_map(|c| self.get(*c));
        names.extend(children.flat_map(|c| c.components.iter().map(String::as_str)));
        names.sort_unstable();
        names.dedup();
        if names.len() >= COMPONENTS {
            self.raise(root, "it has spread to several components", at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_growth_is_ten_times_the_most_before_and_told_once() {
        let mut pace = Pace::default();
        let mut come = |minute: i64, times: u32| {
            (0..times).filter_map(|_| pace.strike(Timestamp(minute * MINUTE))).collect::<Vec<_>>()
        };
        assert_eq!(come(1, 500), [], "nothing is known before");
        assert_eq!(come(2, 900), []);
        assert_eq!(come(3, 12_000), [(9_000, 900)]);
        assert_eq!(come(4, 500_000), []);
    }
}
