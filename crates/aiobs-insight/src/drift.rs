//! Drift of a mix of categories against a reference.

/// From here on a mix counts as drifted: the usual "significant shift" mark of the population stability index
/// (N. Siddiqi, Credit Risk Scorecards, 2006).
pub const DRIFT_THRESHOLD: f64 = 0.25;

/// Share that stands in for an empty category, so that the logarithm stays finite.
const FLOOR: f64 = 1e-4;

/// Population stability index of `actual` against `reference`, both counts per category in the same order
/// (a shorter slice counts as zero). 0 means the same mix; unbounded above. `None` when either side is empty.
pub fn psi(reference: &[u64], actual: &[u64]) -> Option<f64> {
    let (r_total, a_total) = (reference.iter().sum::<u64>(), actual.iter().sum::<u64>());
    if r_total == 0 || a_total == 0 {
        return None;
    }
    let share =
        |counts: &[u64], i: usize, total: u64| (counts.get(i).copied().unwrap_or(0) as f64 / total as f64).max(FLOOR);
    let sum = (0..reference.len().max(actual.len()))
        .filter(|&i| reference.get(i).copied().unwrap_or(0) + actual.get(i).copied().unwrap_or(0) > 0)
        .map(|i| {
            let (r, a) = (share(reference, i, r_total), share(actual, i, a_total));
            (a - r) * (a / r).ln()
        })
        .sum();
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_mix_has_no_drift() {
        assert!(psi(&[10, 20, 70], &[100, 200, 700]).is_some_and(|v| v.abs() < 1e-12));
    }

    #[test]
    fn known_value() {
        // (0.5-0.25)·ln(2) + (0.5-0.75)·ln(2/3)
        let want = 0.25 * 2f64.ln() - 0.25 * (2f64 / 3.0).ln();
        assert!(psi(&[25, 75], &[50, 50]).is_some_and(|v| (v - want).abs() < 1e-12));
    }

    #[test]
    fn a_category_that_appears_counts_as_drift() {
        assert!(psi(&[100, 0], &[50, 50]).is_some_and(|v| v > DRIFT_THRESHOLD));
        assert_eq!(psi(&[], &[1]), None);
    }

    proptest::proptest! {
        #[test]
        fn never_negative_nor_infinite(a in proptest::collection::vec(0u64..1000, 0..20), b in proptest::collection::vec(0u64..1000, 0..20)) {
            if let Some(v) = psi(&a, &b) {
                proptest::prop_assert!(v.is_finite() && v >= -1e-12);
            }
        }
    }
}
