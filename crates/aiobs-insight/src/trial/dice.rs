//! Random numbers that a seed repeats, for trials and tests.

/// The xorshift64* generator (S. Vigna, ACM Trans. Math. Softw. 42, 2016).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Any seed does.
    pub fn new(seed: u64) -> Self {
        let mut dice = Self((seed ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9) | 1);
        for _ in 0..4 {
            dice.next();
        }
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// From 0 to 1, without 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// From `low` to `high`, without `high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A normal number of mean 0 and variance 1.
    pub fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.unit()).ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// A Poisson number; a rounded normal one for large means.
    pub fn poisson(&mut self, mean: f64) -> u32 {
        if mean > 60.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0) as u32;
        }
        let (limit, mut product, mut n) = ((-mean.max(0.0)).exp(), self.unit(), 0);
        while product > limit {
            product *= self.unit();
            n += 1;
        }
        n
    }

    /// A count whose variance is `dispersion` times its mean: Poisson around a mean that scatters itself.
    pub fn scattered(&mut self, mean: f64, dispersion: f64) -> u32 {
        if mean <= 0.0 {
            return 0;
        }
        // A log-normal mean of mean 1 and variance (dispersion - 1) / mean.
        let spread = (1.0 + (dispersion - 1.0).max(0.0) / mean).ln();
        let around = (spread.sqrt() * self.normal() - spread / 2.0).exp();
        self.poisson(mean * around)
    }
}
