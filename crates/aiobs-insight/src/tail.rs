//! How surprising a count is when another was expected. Used by the rate model and by thresholds on counts.

/// Least mean that is reckoned with: a series that was always silent still makes its first events no miracle.
const LEAST_MEAN: f64 = 0.02;

/// Surprise of a count in nats, against a mean and a dispersion (variance over mean, 1 for Poisson, more for a negative
/// binomial). It is the exponent of the Chernoff bound of the tail on the side where the count lies (H. Chernoff, Ann.
/// Math. Statist. 23, 1952): the chance of a count at least as far out is at most `exp(-surprise)`. 0 at the mean.
pub fn surprise(count: f64, mean: f64, dispersion: f64) -> f64 {
    let (y, mean) = (count.max(0.0), mean.max(LEAST_MEAN));
    let poisson = if y > 0.0 { y * (y / mean).ln() - y + mean } else { mean };
    if dispersion <= 1.001 {
        return poisson.max(0.0);
    }
    let size = mean / (dispersion - 1.0);
    let log = |x: f64| ((x + size) / (mean + size)).ln();
    let own = if y > 0.0 { y * (y / mean).ln() } else { 0.0 };
    (own - (y + size) * log(y)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_surprises_nobody_and_both_sides_do() {
        assert!(surprise(40.0, 40.0, 1.0) < 1e-9);
        assert!(surprise(80.0, 40.0, 1.0) > surprise(60.0, 40.0, 1.0));
        assert!(surprise(0.0, 40.0, 1.0) > surprise(20.0, 40.0, 1.0));
    }

    #[test]
    fn it_bounds_the_exact_tail() {
        // P(Y >= 20 | Poisson 5) is 3.5e-7, P(Y = 0 | Poisson 5) is e^-5.
        assert!((-surprise(20.0, 5.0, 1.0)).exp() >= 3.4e-7 && surprise(20.0, 5.0, 1.0) > 12.0);
        assert!((surprise(0.0, 5.0, 1.0) - 5.0).abs() < 1e-9);
    }

    #[test]
    fn what_scatters_more_surprises_less() {
        assert!(surprise(80.0, 40.0, 4.0) < surprise(80.0, 40.0, 1.0) / 2.0);
    }

    #[test]
    fn a_silent_series_may_speak_once() {
        assert!(surprise(1.0, 0.0, 1.0) < 4.0 && surprise(12.0, 0.0, 1.0) > 40.0);
    }

    proptest::proptest! {
        #[test]
        fn more_is_more_surprising(mean in 0.0f64..5000.0, dispersion in 1.0f64..50.0, more in 0.0f64..1000.0) {
            let one = surprise(mean + more, mean, dispersion);
            let two = surprise(mean + more * 2.0 + 1.0, mean, dispersion);
            proptest::prop_assert!(one.is_finite() && two >= one - 1e-6);
        }
    }
}
