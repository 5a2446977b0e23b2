//! Logistic regression with one step size per coordinate: FTRL-Proximal (McMahan et al., "Ad Click Prediction: a View
//! from the Trenches", KDD 2013), on hashed features and on top of given weights. Pure numbers.

use std::collections::HashMap;

/// Coordinates learnt at most; beyond it, new ones are ignored.
const MOST: usize = 1 << 16;

/// How fast and how sparsely is learnt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    /// Step.
    pub(super) alpha: f64,
    /// Damps the first steps.
    pub(super) beta: f64,
    /// Weights smaller than it are left out.
    pub(super) l1: f64,
    /// Pulls weights to zero.
    pub(super) l2: f64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Coordinate {
    z: f64,
    n: f64,
}

/// Weights by hash of feature.
#[derive(Clone, Debug)]
pub(super) struct Model {
    rate: Rate,
    given: HashMap<u64, f64>,
    learnt: HashMap<u64, Coordinate>,
}

impl Model {
    /// A model that starts from these weights.
    pub(super) fn new(rate: Rate, given: HashMap<u64, f64>) -> Self {
        Self { rate, given, learnt: HashMap::new() }
    }

    /// What was learnt on top of the given weight of a feature.
    pub(super) fn learnt(&self, feature: u64) -> f64 {
        let Rate { alpha, beta, l1, l2 } = self.rate;
        match self.learnt.get(&feature) {
            Some(c) if c.z.abs() > l1 => -(c.z - c.z.signum() * l1) / ((beta + c.n.sqrt()) / alpha + l2),
            _ => 0.0,
        }
    }

    /// The weight of a feature.
    pub(super) fn weight(&self, feature: u64) -> f64 {
        self.given.get(&feature).copied().unwrap_or_default() + self.learnt(feature)
    }

    /// Log odds.
    pub(super) fn score(&self, features: &[u64]) -> f64 {
        features.iter().map(|f| self.weight(*f)).sum()
    }

    /// One step towards `yes`; `rest` is the part of the score that does not learn.
    pub(super) fn learn(&mut self, features: &[u64], yes: bool, rest: f64) {
        let error = sigmoid(rest + self.score(features)) - f64::from(u8::from(yes));
        for feature in features {
            let w = self.learnt(*feature);
            if self.learnt.len() >= MOST && !self.learnt.contains_key(feature) {
                continue;
            }
            let c = self.learnt.entry(*feature).or_default();
            let sigma = ((c.n + error * error).sqrt() - c.n.sqrt()) / self.rate.alpha;
            c.z += error - sigma * w;
            c.n += error * error;
        }
    }

    /// Forgets what was learnt.
    pub(super) fn reset(&mut self) {
        self.learnt.clear();
    }
}

pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// FNV-1a, 64 bit, into 2^32 places.
pub(super) fn hash(feature: &str) -> u64 {
    let h = feature.bytes().fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    (h ^ h >> 32) & 0xffff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_learns_what_tells_two_kinds_apart_and_forgets_it() {
        let rate = Rate { alpha: 0.3, beta: 1.0, l1: 0.01, l2: 0.1 };
        let mut model = Model::new(rate, HashMap::from([(1, -1.0)]));
        assert!((model.score(&[1, 2]) + 1.0).abs() < 1e-9);
        for _ in 0..200 {
            model.learn(&[1, 2], true, 0.0);
            model.learn(&[1, 3], false, 0.0);
        }
        assert!(model.score(&[1, 2]) > 1.0 && model.score(&[1, 3]) < -1.0);
        assert!(model.weight(2) > 0.5 && model.weight(3) < 0.0);
        model.reset();
        assert!((model.score(&[1, 2]) + 1.0).abs() < 1e-9);
    }
}
