//! Counts per bucket of event time over a sliding window; who counts is up to the caller.

use aiobs_types::Timestamp;
use std::collections::VecDeque;

/// Counts per bucket over the last `len` buckets of event time. Late records find their bucket while it is inside
/// the window and are ignored when it is older; a jump forward in time empties what lies between.
#[derive(Clone, Debug)]
pub struct BucketSeries {
    secs: i64,
    len: usize,
    /// Index (seconds / `secs`) of the newest bucket; meaningless while `counts` is empty.
    newest: i64,
    counts: VecDeque<u32>,
}

impl BucketSeries {
    /// A window of `len` buckets of `secs` seconds each; both at least 1.
    pub fn new(secs: u32, len: usize) -> Self {
        Self { secs: i64::from(secs.max(1)), len: len.max(1), newest: 0, counts: VecDeque::new() }
    }

    /// Seconds per bucket.
    pub fn bucket_secs(&self) -> u32 {
        self.secs as u32
    }

    /// Counts `n` events at `time`.
    pub fn add(&mut self, time: Timestamp, n: u32) {
        let index = time.secs().div_euclid(self.secs);
        self.advance_to(index);
        let age = self.newest - index;
        if age >= 0 && (age as usize) < self.counts.len() {
            let i = self.counts.len() - 1 - age as usize;
            self.counts[i] = self.counts[i].saturating_add(n);
        }
    }

    /// Moves the window so that it ends with the bucket of `time`, if that is later than its end.
    pub fn advance(&mut self, time: Timestamp) {
        self.advance_to(time.secs().div_euclid(self.secs));
    }

    fn advance_to(&mut self, index: i64) {
        if self.counts.is_empty() {
            self.newest = index;
            self.counts = std::iter::repeat_n(0, self.len).collect();
            return;
        }
        if index <= self.newest {
            return;
        }
        let steps = index - self.newest;
        if steps as usize >= self.len {
            self.counts.iter_mut().for_each(|c| *c = 0);
        } else {
            for _ in 0..steps {
                self.counts.pop_front();
                self.counts.push_back(0);
            }
        }
        self.newest = index;
    }

    /// End (exclusive) of the newest bucket; the epoch when nothing was counted.
    pub fn end(&self) -> Timestamp {
        if self.counts.is_empty() { Timestamp(0) } else { Timestamp::from_secs((self.newest + 1) * self.secs) }
    }

    /// Counts, oldest first; always as long as the window.
    pub fn counts(&self) -> Vec<u32> {
        if self.counts.is_empty() { vec![0; self.len] } else { self.counts.iter().copied().collect() }
    }

    /// Sum of the newest `n` buckets.
    pub fn recent(&self, n: usize) -> u64 {
        self.counts.iter().rev().take(n).map(|&c| u64::from(c)).sum()
    }

    /// Sum of the window.
    pub fn total(&self) -> u64 {
        self.recent(self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_secs(s)
    }

    #[test]
    fn counts_fall_into_their_buckets_and_leave_the_window() {
        let mut s = BucketSeries::new(10, 3);
        s.add(at(5), 1);
        s.add(at(12), 2);
        s.add(at(25), 4);
        assert_eq!(s.counts(), [1, 2, 4]);
        s.add(at(31), 8);
        assert_eq!(s.counts(), [2, 4, 8]);
        assert_eq!(s.end(), at(40));
    }

    #[test]
    fn late_records_count_while_their_bucket_is_inside() {
        let mut s = BucketSeries::new(10, 3);
        s.add(at(25), 1);
        s.add(at(3), 5);
        assert_eq!(s.counts(), [5, 0, 1]);
        s.add(at(-20), 9);
        assert_eq!(s.total(), 6);
    }

    #[test]
    fn a_jump_in_time_empties_the_window() {
        let mut s = BucketSeries::new(10, 3);
        s.add(at(5), 7);
        s.advance(at(1_000_000));
        assert_eq!(s.counts(), [0, 0, 0]);
    }
}
