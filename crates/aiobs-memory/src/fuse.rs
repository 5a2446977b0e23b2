//! Reciprocal rank fusion (Cormack, Clarke, Büttcher, SIGIR 2009): lists whose scores can't be compared are joined by
//! the ranks in them. Pure.

use std::collections::HashMap;
use std::hash::Hash;

/// The constant of the method. The paper's 60 fits lists of a thousand; here lists of some dozens are joined, where the
/// first ranks must count for more.
pub(crate) const RANK_CONSTANT: f64 = 15.0;

/// One item of the joined list.
#[derive(Clone, Debug, PartialEq)]
pub struct Fused<T> {
    /// What.
    pub item: T,
    /// The sum of `weight / (constant + rank)` over the lists.
    pub score: f64,
    /// Its rank in each list, from 1; `None` where it is not.
    pub ranks: Vec<Option<usize>>,
}

/// Joins lists, best first in each, every list with its weight. Best first; equal ones stay in the order of the lists.
pub fn fuse<T: Copy + Eq + Hash>(lists: &[(&[T], f64)]) -> Vec<Fused<T>> {
    let mut at: HashMap<T, usize> = HashMap::new();
    let mut joined: Vec<Fused<T>> = Vec::new();
    for (l, (list, weight)) in lists.iter().enumerate() {
        for (i, item) in list.iter().enumerate() {
            let place = *at.entry(*item).or_insert_with(|| {
                joined.push(Fused { item: *item, score: 0.0, ranks: vec![None; lists.len()] });
                joined.len() - 1
            });
            if joined[place].ranks[l].is_none() {
                joined[place].ranks[l] = Some(i + 1);
                joined[place].score += weight / (RANK_CONSTANT + (i + 1) as f64);
            }
        }
    }
    joined.sort_by(|a, b| b.score.total_cmp(&a.score));
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_lists_hold_comes_first() {
        let joined = fuse(&[(&[1, 2, 3][..], 1.0), (&[4, 2, 1][..], 1.0)]);
        let order: Vec<i32> = joined.iter().map(|f| f.item).collect();
        assert_eq!(order, [1, 2, 4, 3]);
        assert_eq!(joined[1].ranks, [Some(2), Some(2)]);
        assert_eq!(joined[2].ranks, [None, Some(1)]);
        let expected = 1.0 / (RANK_CONSTANT + 1.0) + 1.0 / (RANK_CONSTANT + 3.0);
        assert!((joined[0].score - expected).abs() < 1e-12);
        assert!(fuse::<i32>(&[]).is_empty());
        assert_eq!(fuse(&[(&[7, 7][..], 1.0)]).len(), 1, "a double counts once");
    }
}
