//! Which records match a query: grows from where it was begun downwards (the scan) and upwards (what arrives).
//! Four bytes a match; none for the query that matches everything.

/// See the module. Ids are given and taken as plain numbers.
#[derive(Clone, Debug)]
pub(super) struct MatchIndex {
    base: u64,
    first: u64,
    /// Ids in `below..above` are scanned.
    below: u64,
    above: u64,
    hits: Hits,
}

#[derive(Clone, Debug)]
enum Hits {
    All,
    /// Descending below the start, ascending from it; both relative to `base`.
    Some {
        down: Vec<u32>,
        up: Vec<u32>,
    },
}

impl MatchIndex {
    /// Nothing scanned yet of `first..next`.
    pub(super) fn new(first: u64, next: u64) -> Self {
        let hits = Hits::Some { down: Vec::new(), up: Vec::new() };
        Self { base: first, first, below: next, above: next, hits }
    }

    /// Every record of `first..next` matches.
    pub(super) fn everything(first: u64, next: u64) -> Self {
        Self { base: first, first, below: first, above: next, hits: Hits::All }
    }

    pub(super) fn done(&self) -> bool {
        self.below <= self.first
    }

    /// Whether all of `lo..hi` is scanned.
    pub(super) fn is_scanned(&self, lo: u64, hi: u64) -> bool {
        self.below <= lo.max(self.first) && hi <= self.above
    }

    /// First id not scanned upwards.
    pub(super) fn above(&self) -> u64 {
        self.above
    }

    pub(super) fn scanned(&self) -> u64 {
        self.above - self.below.min(self.above)
    }

    /// The next ids to scan downwards: `lo..hi`, at most `n`.
    pub(super) fn next_slice(&self, n: u64) -> (u64, u64) {
        (self.below.saturating_sub(n).max(self.first), self.below)
    }

    /// Retention dropped everything before `first`.
    pub(super) fn forget_before(&mut self, first: u64) {
        if first <= self.first {
            return;
        }
        self.first = first;
        self.below = self.below.max(first);
        self.above = self.above.max(first);
        if let Hits::Some { down, up } = &mut self.hits {
            let limit = (first - self.base) as u32;
            down.truncate(down.partition_point(|id| *id >= limit));
            up.drain(..up.partition_point(|id| *id < limit));
        }
    }

    /// The scan found these (ascending) in `lo..below`.
    pub(super) fn add_below(&mut self, ids: &[u64], lo: u64) {
        if let Hits::Some { down, .. } = &mut self.hits {
            down.extend(ids.iter().rev().map(|id| (id - self.base) as u32));
        }
        self.below = lo;
    }

    /// These (ascending) match among what arrived up to `next`.
    pub(super) fn add_above(&mut self, ids: &[u64], next: u64) {
        if let Hits::Some { up, .. } = &mut self.hits {
            up.extend(ids.iter().map(|id| (id - self.base) as u32));
        }
        self.above = next;
    }

    /// For the query that matches everything: `next` is the new end.
    pub(super) fn extend_all(&mut self, next: u64) {
        self.above = next;
        self.below = self.first;
    }

    pub(super) fn total(&self) -> u64 {
        match &self.hits {
            Hits::All => self.above - self.first,
            Hits::Some { down, up } => (down.len() + up.len()) as u64,
        }
    }

    /// Matches known before `id`.
    pub(super) fn rank(&self, id: u64) -> u64 {
        match &self.hits {
            Hits::All => id.saturating_sub(self.first).min(self.total()),
            Hits::Some { down, up } => {
                let rel = id.min(self.above).saturating_sub(self.base) as u32;
                let below = down.len() - down.partition_point(|d| *d >= rel);
                (below + up.partition_point(|u| *u < rel)) as u64
            }
        }
    }

    /// The n-th match known (0 is the oldest), or the last when there are fewer.
    pub(super) fn nth(&self, n: u64) -> Option<u64> {
        let total = self.total();
        let n = n.min(total.checked_sub(1)?);
        Some(match &self.hits {
            Hits::All => self.first + n,
            Hits::Some { down, up } => {
                let n = n as usize;
                let rel = if n < down.len() { down[down.len() - 1 - n] } else { up[n - down.len()] };
                self.base + u64::from(rel)
            }
        })
    }

    /// Up to `n` matches from `id` on, ascending.
    pub(super) fn from(&self, id: u64, n: usize) -> Vec<u64> {
        let rank = self.rank(id);
        (rank..self.total().min(rank + n as u64)).filter_map(|r| self.nth(r)).collect()
    }

    /// Up to `n` matches before `id`, ascending.
    pub(super) fn before(&self, id: u64, n: usize) -> Vec<u64> {
        let rank = self.rank(id);
        (rank.saturating_sub(n as u64)..rank).filter_map(|r| self.nth(r)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_both_ways_and_keeps_order() {
        let mut ix = MatchIndex::new(100, 200);
        assert_eq!(ix.next_slice(60), (140, 200));
        ix.add_below(&[150, 160, 190], 140);
        ix.add_above(&[205, 207], 210);
        assert!(!ix.done());
        ix.add_below(&[101, 139], 100);
        assert!(ix.done());
        let all: Vec<u64> = (0..ix.total()).filter_map(|n| ix.nth(n)).collect();
        assert_eq!(all, [101, 139, 150, 160, 190, 205, 207]);
        assert_eq!(ix.from(160, 2), [160, 190]);
        assert_eq!(ix.before(160, 2), [139, 150]);
        assert_eq!(ix.rank(206), 6);
        assert_eq!(ix.scanned(), 110);
    }

    #[test]
    fn forgets_what_retention_dropped() {
        let mut ix = MatchIndex::new(1, 10);
        ix.add_below(&[2, 5, 8], 1);
        ix.add_above(&[12], 15);
        ix.forget_before(6);
        assert_eq!(ix.total(), 2);
        assert_eq!(ix.nth(0), Some(8));
        ix.forget_before(13);
        assert_eq!(ix.total(), 0);
    }

    #[test]
    fn everything_needs_no_scan() {
        let mut ix = MatchIndex::everything(5, 10);
        assert!(ix.done());
        ix.extend_all(20);
        assert_eq!((ix.total(), ix.nth(14), ix.rank(7)), (15, Some(19), 2));
        assert_eq!(ix.before(7, 10), [5, 6]);
    }
}
