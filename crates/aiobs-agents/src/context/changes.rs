//! Which change an incident began after: a deployment, a restart, another configuration. Used by the prompt and by the
//! statements that need no author. Pure; it looks nothing up.

use crate::Change;
use aiobs_types::{MarkerKind, Timestamp};

const SECOND: i64 = 1_000_000_000;
/// Clocks of two machines may differ by this.
const SKEW: i64 = 2 * SECOND;

/// The change that most likely has to do with what began at `first`: of those near enough before it the weightiest kind,
/// then the latest.
pub(crate) fn change_before(changes: &[Change], first: Timestamp) -> Option<&Change> {
    let near = |c: &&Change| (-SKEW..reach(kind(c))).contains(&first.since(c.time));
    changes.iter().filter(near).max_by_key(|c| (kind(c).weight(), c.time))
}

/// As [`change_before`], of what people or schedules did: that may be the reason, where a restart mostly is a
/// consequence.
pub(crate) fn trigger(changes: &[Change], first: Timestamp) -> Option<&Change> {
    change_before(changes, first).filter(|c| kind(c).weight() > 0)
}

fn kind(change: &Change) -> MarkerKind {
    MarkerKind::from_name(&change.kind).unwrap_or_default()
}

fn reach(kind: MarkerKind) -> i64 {
    kind.reach().as_nanos() as i64
}

/// `4 s after` or `2 min before`, from the begin to a time.
pub(crate) fn apart(first: Timestamp, time: Timestamp) -> String {
    let nanos = first.since(time);
    let far = match nanos.abs() / SECOND {
        0 => return "at the same time as".to_owned(),
        s if s < 120 => format!("{s} s"),
        s => format!("{} min", s / 60),
    };
    format!("{far} {}", if nanos > 0 { "after" } else { "before" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(second: i64, kind: &str) -> Change {
        let (kind, text) = (kind.to_owned(), format!("{kind} {second}"));
        Change { time: Timestamp::from_secs(second), kind, text, ..Change::default() }
    }

    #[test]
    fn what_people_did_comes_first_and_what_is_far_off_does_not_count() {
        let first = Timestamp::from_secs(1_000);
        let told = |changes: &[Change]| change_before(changes, first).map(|c| c.text.clone());
        let all = [change(300, "deploy"), change(900, "deploy"), change(990, "restart"), change(1_010, "config")];
        assert_eq!(told(&all).as_deref(), Some("deploy 900"));
        assert_eq!(told(&all[2..]).as_deref(), Some("restart 990"));
        assert_eq!(told(&all[..1]), None, "more than ten minutes before");
        assert_eq!(told(&all[3..]), None, "it came later");
        assert!(trigger(&all, first).is_some() && trigger(&all[2..], first).is_none(), "a restart is no reason");
    }

    #[test]
    fn distances_are_told_in_words() {
        let first = Timestamp::from_secs(1_000);
        let told = |second: i64| apart(first, Timestamp::from_secs(second));
        assert_eq!(
            [told(996), told(1_000), told(700), told(1_030)],
            ["4 s after", "at the same time as", "5 min after", "30 s before"]
        );
    }
}
