//! Whether something happens again and again after the same time: heartbeats, jobs. Used by the rate detector.

use serde::{Deserialize, Serialize};

/// Gaps that must be alike before they are a rhythm.
const LEAST: u16 = 12;
/// Mean deviation from the mean gap, as a share of it, that is still a rhythm.
const STEADY: f32 = 0.15;
/// Gaps remembered, about.
const MEMORY: f32 = 24.0;

/// Gaps between events, in seconds: mean and mean deviation, both exponential, both cut at three deviations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rhythm {
    gap: f32,
    deviation: f32,
    seen: u16,
}

impl Rhythm {
    /// An event came so many seconds after the one before. What comes at the same time belongs to it.
    pub fn add(&mut self, seconds: f64) {
        if !(0.5..1e7).contains(&seconds) {
            return;
        }
        let gap = seconds as f32;
        self.seen = self.seen.saturating_add(1);
        if self.seen == 1 {
            self.gap = gap;
            return;
        }
        let alpha = 1.0 / f32::from(self.seen).min(MEMORY);
        let most = (3.0 * self.deviation).max(0.5 * self.gap);
        let off = (gap - self.gap).clamp(-most, most);
        self.gap += alpha * off;
        self.deviation += alpha * (off.abs() - self.deviation);
    }

    /// Seconds from one event to the next, when it is a rhythm.
    pub fn period(&self) -> Option<f64> {
        (self.seen >= LEAST && self.deviation <= STEADY * self.gap).then_some(f64::from(self.gap))
    }

    /// Seconds after the last event from which on it is missed: three beats, and a little for what is slow.
    pub fn missed_after(&self) -> Option<f64> {
        self.period().map(|p| 3.0 * p + 6.0 * f64::from(self.deviation) + 5.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_has_a_period() {
        let mut rhythm = Rhythm::default();
        (0..11).for_each(|i| rhythm.add(if i % 2 == 0 { 59.0 } else { 61.0 }));
        assert_eq!(rhythm.period(), None, "too few");
        (0..9).for_each(|_| rhythm.add(60.0));
        assert!(rhythm.period().is_some_and(|p| (p - 60.0).abs() < 1.0), "{rhythm:?}");
        assert!(rhythm.missed_after().is_some_and(|s| (180.0..215.0).contains(&s)));
        rhythm.add(900.0);
        assert!(rhythm.period().is_some_and(|p| p < 65.0), "one long gap does not change it: {rhythm:?}");
    }

    #[test]
    fn what_comes_at_any_time_has_none() {
        let (mut rhythm, mut dice) = (Rhythm::default(), crate::trial::Dice::new(3));
        (0..500).for_each(|_| rhythm.add(-60.0 * (1.0 - dice.unit()).ln()));
        assert_eq!(rhythm.period(), None);
    }
}
