//! The patterns of the archive, that is the templates of its lines, as the screen asks for them and is told of them.

use aiobs_insight::{Life, Spread};
use aiobs_types::{Level, LogRecord, TemplateId, TemplateMark, Timestamp};

/// Columns of the trend of a pattern.
pub const TREND: usize = 60;

/// All patterns, as an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Patterns {
    /// The most frequent first.
    pub rows: Vec<Pattern>,
    /// Records of all of them.
    pub records: u64,
    /// What the trends are of.
    pub trend: Trend,
}

/// The time that trends show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trend {
    /// Event time at which it begins.
    pub from: Timestamp,
    /// Event time at which it ends.
    pub to: Timestamp,
    /// Records in it.
    pub records: u64,
}

/// One pattern.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pattern {
    /// Its number.
    pub id: TemplateId,
    /// Its text.
    pub text: String,
    /// Records ever.
    pub count: u64,
    /// Share of all records, 0 to 1.
    pub share: f64,
    /// Event time of the first record.
    pub first_seen: Timestamp,
    /// Event time of the last record.
    pub last_seen: Timestamp,
    /// Worst level seen.
    pub level: Level,
    /// Where it stands in its life.
    pub life: Life,
    /// Records per column of [`Trend`], oldest first; empty when there were none in that time.
    pub trend: Vec<u32>,
    /// What a person said of it.
    pub mark: TemplateMark,
    /// Whether a person judged it useful or noise.
    pub rated: Option<bool>,
}

impl Pattern {
    /// What it is called: the name a person gave it, else its text.
    pub fn shown(&self) -> &str {
        if self.mark.name.is_empty() { &self.text } else { &self.mark.name }
    }

    /// How much it changed: the last tenth of the trend against what came before, as a factor; 1 without a change. What
    /// is not there on one side counts as one record.
    pub fn change(&self) -> f64 {
        let (before, lately) = self.halves();
        let rate = |part: &[u32]| {
            let sum: u64 = part.iter().map(|n| u64::from(*n)).sum();
            sum.max(1) as f64 / part.len().max(1) as f64
        };
        if before.is_empty() { 1.0 } else { rate(lately) / rate(before) }
    }

    /// The trend up to its last tenth, and that.
    pub fn halves(&self) -> (&[u32], &[u32]) {
        let lately = (self.trend.len() / 10).max(1);
        self.trend.split_at(self.trend.len().saturating_sub(lately))
    }
}

/// What is known of one pattern beyond its row: from its last lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PatternDetail {
    /// Which.
    pub id: TemplateId,
    /// Its text when the lines were looked at.
    pub text: String,
    /// Other numbers that its records were stored under, before it turned out that they are one pattern.
    pub also: Vec<TemplateId>,
    /// Lines looked at.
    pub lines: u64,
    /// Event times of the first and the last of them.
    pub times: Option<(Timestamp, Timestamp)>,
    /// Whether there are more lines than those.
    pub more: bool,
    /// One of them, the newest.
    pub example: Option<LogRecord>,
    /// Levels with their counts, worst first.
    pub levels: Vec<(Level, u64)>,
    /// Components with their counts, most first; a few.
    pub components: Vec<(String, u64)>,
    /// Sources with their counts, most first; a few.
    pub sources: Vec<(String, u64)>,
    /// What stands at each placeholder, from left to right.
    pub slots: Vec<SlotValues>,
    /// Lines whose values could not be told apart.
    pub unread: u64,
}

/// The values at one placeholder.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SlotValues {
    /// As it stands in the template, such as `<num>`.
    pub kind: &'static str,
    /// What it is called by, may be empty.
    pub name: String,
    /// The values.
    pub spread: Spread,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_change_is_a_factor_against_what_came_before() {
        let of = |trend: &[u32]| Pattern { trend: trend.to_vec(), ..Pattern::default() }.change();
        let steady = vec![5; 60];
        let mut surging = steady.clone();
        surging[54..].fill(50);
        let mut gone = steady.clone();
        gone[54..].fill(0);
        assert!((of(&steady) - 1.0).abs() < 1e-9);
        assert!((of(&surging) - 10.0).abs() < 1e-9);
        assert!(of(&gone) < 0.05);
        assert!((of(&[]) - 1.0).abs() < 1e-9 && (of(&[7]) - 1.0).abs() < 1e-9);
    }
}
