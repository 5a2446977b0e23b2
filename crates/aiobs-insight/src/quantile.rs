//! Quantiles of a stream over a sliding time, in bounded memory. Used by thresholds and by the ranges of values.

use std::collections::VecDeque;

/// Relative error of a quantile: bins grow by this factor.
const GROWTH: f64 = 1.05;
/// Bins of one sketch: values from 1e-6 to 1e12, and one for what is smaller.
const BINS: usize = 860;
const SMALLEST: f64 = 1e-6;

/// Counts of values in bins of growing width: quantiles within 2.5 % of their value (DDSketch: C. Masson, J. Rim, H. Lee,
/// VLDB 2019). Values that are negative or not numbers count as the smallest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sketch {
    bins: Vec<u32>,
    count: u64,
}

impl Sketch {
    /// Adds a value.
    pub fn add(&mut self, value: f64) {
        let bin =
            if value > SMALLEST { (((value / SMALLEST).ln() / GROWTH.ln()) as usize).saturating_add(1) } else { 0 };
        let bin = bin.min(BINS - 1);
        if self.bins.len() <= bin {
            self.bins.resize(bin + 1, 0);
        }
        self.bins[bin] = self.bins[bin].saturating_add(1);
        self.count += 1;
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Self) {
        if self.bins.len() < other.bins.len() {
            self.bins.resize(other.bins.len(), 0);
        }
        self.bins.iter_mut().zip(&other.bins).for_each(|(a, b)| *a = a.saturating_add(*b));
        self.count += other.count;
    }

    /// Values added.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The value that a share `q` (0 to 1) of all does not exceed; `None` without values.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let rank = (q.clamp(0.0, 1.0) * (self.count - 1) as f64).floor() as u64;
        let mut below = 0;
        let bin = self.bins.iter().position(|n| {
            below += u64::from(*n);
            below > rank
        })?;
        Some(if bin == 0 { 0.0 } else { SMALLEST * GROWTH.powf(bin as f64 - 0.5) })
    }
}

/// A [`Sketch`] of the last `parts` steps of a time that only goes forward.
#[derive(Clone, Debug)]
pub struct SlidingSketch {
    parts: usize,
    newest: i64,
    held: VecDeque<Sketch>,
}

impl SlidingSketch {
    /// Of so many steps, at least one.
    pub fn new(parts: usize) -> Self {
        Self { parts: parts.max(1), newest: i64::MIN, held: VecDeque::new() }
    }

    /// Adds a value at a step. One that is older than the steps held is left out.
    pub fn add(&mut self, step: i64, value: f64) {
        self.advance(step);
        let age = usize::try_from(self.newest.saturating_sub(step)).unwrap_or(usize::MAX);
        if let Some(i) = self.held.len().checked_sub(1).and_then(|last| last.checked_sub(age)) {
            self.held[i].add(value);
        }
    }

    /// Time reaches a step.
    pub fn advance(&mut self, step: i64) {
        if step <= self.newest {
            return;
        }
        let steps = step.saturating_sub(self.newest).unsigned_abs() as usize;
        for _ in 0..steps.min(self.parts) {
            if self.held.len() == self.parts {
                self.held.pop_front();
            }
            self.held.push_back(Sketch::default());
        }
        self.newest = step;
    }

    /// All steps together.
    pub fn whole(&self) -> Sketch {
        let mut all = Sketch::default();
        self.held.iter().for_each(|s| all.merge(s));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_near_the_true_ones() {
        let mut sketch = Sketch::default();
        (1..=1000).for_each(|n| sketch.add(f64::from(n)));
        for (q, want) in [(0.5, 500.0), (0.95, 950.0), (0.99, 990.0)] {
            let got = sketch.quantile(q).unwrap_or_default();
            assert!((got / want - 1.0).abs() < 0.03, "{q}: {got}");
        }
        assert_eq!(Sketch::default().quantile(0.5), None);
    }

    #[test]
    fn what_is_too_old_is_forgotten() {
        let mut sliding = SlidingSketch::new(3);
        sliding.add(10, 5.0);
        sliding.add(11, 5.0);
        sliding.add(9, 5.0);
        assert_eq!(sliding.whole().count(), 3);
        sliding.add(8, 5.0);
        sliding.add(13, 9.0);
        assert_eq!(sliding.whole().count(), 2);
        sliding.advance(1 << 40);
        assert_eq!(sliding.whole().count(), 0);
    }

    proptest::proptest! {
        #[test]
        fn odd_values_do_no_harm(values in proptest::collection::vec(proptest::num::f64::ANY, 0..100)) {
            let mut sketch = Sketch::default();
            for v in &values {
                sketch.add(*v);
            }
            proptest::prop_assert_eq!(sketch.count(), values.len() as u64);
            proptest::prop_assert!(sketch.quantile(0.5).is_none_or(f64::is_finite));
        }
    }
}
