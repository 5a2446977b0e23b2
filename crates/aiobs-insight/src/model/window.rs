//! The last buckets of a series with what was expected of each. Used by the rate model only.

/// Buckets looked at together.
pub const WINDOW: u32 = 10;
const LEN: usize = WINDOW as usize;

/// Ring of the last [`WINDOW`] buckets.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Window {
    counts: [f32; LEN],
    means: [f32; LEN],
    filled: u8,
    next: u8,
}

impl Window {
    pub(super) fn push(&mut self, count: f64, mean: f64) {
        let at = usize::from(self.next);
        self.counts[at] = count as f32;
        self.means[at] = mean as f32;
        self.next = (self.next + 1) % LEN as u8;
        self.filled = (self.filled + 1).min(LEN as u8);
    }

    pub(super) fn push_zeros(&mut self, buckets: u32, mean: f64) {
        (0..buckets.min(WINDOW)).for_each(|_| self.push(0.0, mean));
    }

    /// Whether it holds few buckets yet.
    pub(super) fn is_young(&self) -> bool {
        usize::from(self.filled) < LEN
    }

    /// Events counted and expected in all buckets but the highest.
    pub(super) fn sums_but_highest(&self) -> (f64, f64) {
        let highest = (0..LEN).max_by(|a, b| self.counts[*a].total_cmp(&self.counts[*b])).unwrap_or(0);
        let others = (0..LEN).filter(|i| *i != highest);
        others.fold((0.0, 0.0), |(c, m), i| (c + f64::from(self.counts[i]), m + f64::from(self.means[i])))
    }

    /// Events counted and expected, once it is full.
    pub(super) fn sums(&self) -> Option<(f64, f64)> {
        let sum = |values: &[f32]| values.iter().map(|v| f64::from(*v)).sum();
        (!self.is_young()).then(|| (sum(&self.counts), sum(&self.means)))
    }
}
