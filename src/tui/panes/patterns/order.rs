//! In which order patterns are listed, and which of them a filter leaves. Pure functions.

use crate::runtime::events::Pattern;
use aiobs_insight::Life;
use std::cmp::Reverse;

/// By what patterns are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sort {
    /// The most frequent first.
    #[default]
    Count,
    /// Those seen first latest.
    Newest,
    /// Those that changed most.
    Change,
}

impl Sort {
    const ALL: [Self; 3] = [Self::Count, Self::Newest, Self::Change];

    /// The next one.
    pub(super) fn next(self) -> Self {
        Self::ALL[(self as usize + 1) % Self::ALL.len()]
    }

    /// In a word.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Newest => "newest",
            Self::Change => "change",
        }
    }
}

/// Indexes of the patterns that pass the filter, in order. Every word of the filter must be in the text, name or note of
/// a pattern, or be its level, its life, or `muted` or `noise`; upper and lower case do not differ.
pub(super) fn order(rows: &[Pattern], sort: Sort, filter: &str) -> Vec<usize> {
    let words: Vec<String> = filter.split_whitespace().map(str::to_lowercase).collect();
    let mut shown: Vec<usize> = (0..rows.len()).filter(|i| passes(&rows[*i], &words)).collect();
    match sort {
        // As they came.
        Sort::Count => {}
        Sort::Newest => shown.sort_by_key(|i| Reverse(rows[*i].first_seen)),
        Sort::Change => {
            let rank = |i: &usize| (Reverse(weight(rows[*i].life)), Reverse(size(rows[*i].change())));
            shown.sort_by_cached_key(rank);
        }
    }
    shown
}

fn passes(row: &Pattern, words: &[String]) -> bool {
    if words.is_empty() {
        return true;
    }
    let text = format!("{} {} {}", row.mark.name, row.text, row.mark.note).to_lowercase();
    let said = |w: &String| w == "muted" && row.mark.muted || w == "noise" && row.rated == Some(false);
    let holds = |w: &String| text.contains(w) || row.level.name() == w || row.life.name() == w || said(w);
    words.iter().all(holds)
}

/// How much of a change a life is.
const fn weight(life: Life) -> u8 {
    match life {
        Life::Surging => 6,
        Life::New => 5,
        Life::Vanished => 4,
        Life::Rising => 3,
        Life::Falling => 2,
        Life::Steady => 1,
        Life::Periodic => 0,
    }
}

/// The size of a change in either direction, in thousandths of a doubling.
fn size(change: f64) -> u64 {
    (change.log2().abs() * 1000.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use aiobs_types::{Level, Timestamp};

    fn rows() -> Vec<Pattern> {
        let row = |text: &str, first: i64, life, trend: &[u32]| Pattern {
            text: text.into(),
            first_seen: Timestamp::from_secs(first),
            level: if text.contains("refused") { Level::Error } else { Level::Info },
            life,
            trend: trend.to_vec(),
            ..Pattern::default()
        };
        vec![
            row("request <num> done", 1, Life::Steady, &[5; 20]),
            row("Connection refused", 9, Life::Surging, &[1, 1, 1, 1, 1, 1, 1, 1, 1, 40]),
            row("heartbeat", 2, Life::Periodic, &[1; 20]),
            row("cache miss <str>", 3, Life::Steady, &[9, 9, 9, 9, 9, 9, 9, 9, 9, 1]),
        ]
    }

    #[test]
    fn three_orders() {
        let of = |sort| order(&rows(), sort, "");
        assert_eq!(of(Sort::Count), [0, 1, 2, 3]);
        assert_eq!(of(Sort::Newest), [1, 3, 2, 0]);
        assert_eq!(of(Sort::Change), [1, 3, 0, 2]);
        assert_eq!(Sort::Change.next(), Sort::Count);
    }

    #[test]
    fn every_word_of_the_filter_counts() {
        let of = |filter| order(&rows(), Sort::Count, filter);
        assert_eq!((of("REFUSED"), of("steady"), of("info request")), (vec![1], vec![0, 3], vec![0]));
        assert!(of("error request").is_empty());
    }
}
