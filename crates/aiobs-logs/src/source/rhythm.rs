//! How often a source speaks, and from when on its silence is unusual.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// Gaps that make up the rhythm.
const GAPS: usize = 15;
/// Fewer say nothing.
const ENOUGH: usize = 5;
/// It is told when it lasts so many times the usual gap.
const TIMES: u32 = 20;

/// The last gaps between what came.
#[derive(Debug, Default)]
pub(super) struct Rhythm {
    gaps: VecDeque<Duration>,
    last: Option<Instant>,
}

impl Rhythm {
    /// Something came.
    pub(super) fn beat(&mut self, now: Instant) {
        if let Some(last) = self.last.replace(now) {
            if self.gaps.len() == GAPS {
                self.gaps.pop_front();
            }
            self.gaps.push_back(now.saturating_duration_since(last));
        }
    }

    /// From when on there should have been something, `least` after the last at the earliest; `None` while the rhythm is
    /// not known.
    pub(super) fn silent_from(&self, least: Duration) -> Option<Instant> {
        if self.gaps.len() < ENOUGH {
            return None;
        }
        let mut gaps: Vec<Duration> = self.gaps.iter().copied().collect();
        let middle = gaps.len() / 2;
        let (_, median, _) = gaps.select_nth_unstable(middle);
        self.last?.checked_add(least.max(*median * TIMES))
    }

    /// How long nothing has come.
    pub(super) fn quiet_for(&self) -> Duration {
        self.last.map(|last| last.elapsed()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rhythm(gaps: &[u64]) -> (Rhythm, Instant) {
        let mut rhythm = Rhythm::default();
        let mut now = Instant::now();
        rhythm.beat(now);
        for gap in gaps {
            now += Duration::from_secs(*gap);
            rhythm.beat(now);
        }
        (rhythm, now)
    }

    #[test]
    fn silence_is_measured_by_the_usual_gap() {
        for (gaps, expected) in [
            (&[1, 1, 1][..], None),
            (&[1, 1, 1, 1, 1], Some(60)),
            (&[10, 10, 10, 10, 500], Some(200)),
            // What was long ago does not count.
            (&[900, 900, 900, 900, 900, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], Some(60)),
        ] {
            let (rhythm, last) = rhythm(gaps);
            let silent = rhythm.silent_from(Duration::from_mins(1)).map(|at| (at - last).as_secs());
            assert_eq!(silent, expected, "{gaps:?}");
        }
    }
}
