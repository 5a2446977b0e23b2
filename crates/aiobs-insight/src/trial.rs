//! A trial of the rate model: series of counts made after a seed, with anomalies at known places and with things that
//! only look like anomalies, and a score of what the model told. Tests hold it to floors, `cargo run -p xtask -- rates`
//! prints it.

mod dice;
mod series;

pub use dice::Dice;
pub use series::{Kind, Planted, Series, Traffic, series};

use crate::model::{RateModel, Tuning, Turn};
use std::fmt;

/// Buckets after an anomaly's begin in which telling it counts: 30 minutes, and twelve hours for a drift.
const TOLERANCE: usize = 60;
const TOLERANCE_DRIFT: usize = 120 * 24;

/// What came of one kind of anomaly.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Anomalies of the kind.
    pub planted: usize,
    /// Of these told.
    pub found: usize,
    /// Buckets from begin to telling, of those found.
    pub delays: Vec<usize>,
}

/// What came of a trial.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Score {
    /// Per kind of anomaly.
    pub rows: Vec<(Kind, Row)>,
    /// Alarms where nothing was wrong, with the traffic of their series.
    pub false_alarms: Vec<(Traffic, usize)>,
    /// Alarms that were right.
    pub true_alarms: usize,
    /// Days of series gone through.
    pub days: f64,
}

impl Score {
    /// Share of the alarms that were right; 1 without alarms.
    pub fn precision(&self) -> f64 {
        let all = self.true_alarms + self.false_alarms.len();
        if all == 0 { 1.0 } else { self.true_alarms as f64 / all as f64 }
    }

    /// Share of the anomalies that were told.
    pub fn recall(&self) -> f64 {
        let (found, all) = self.rows.iter().fold((0, 0), |(f, a), (_, r)| (f + r.found, a + r.planted));
        if all == 0 { 1.0 } else { found as f64 / all as f64 }
    }

    /// The same of one kind.
    pub fn recall_of(&self, kind: Kind) -> f64 {
        let row = self.rows.iter().find(|(k, _)| *k == kind).map(|(_, r)| r);
        row.map_or(1.0, |r| if r.planted == 0 { 1.0 } else { r.found as f64 / r.planted as f64 })
    }

    /// Median seconds from begin to telling of one kind.
    pub fn delay_of(&self, kind: Kind) -> Option<u64> {
        let mut delays = self.rows.iter().find(|(k, _)| *k == kind)?.1.delays.clone();
        delays.sort_unstable();
        delays.get(delays.len() / 2).map(|d| *d as u64 * u64::from(Tuning::TROUBLE.bucket_secs))
    }

    /// Harmonic mean of precision and recall.
    pub fn f1(&self) -> f64 {
        let (p, r) = (self.precision(), self.recall());
        if p + r > 0.0 { 2.0 * p * r / (p + r) } else { 0.0 }
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<12} {:>7} {:>6} {:>7} {:>13}", "anomaly", "planted", "found", "recall", "median delay")?;
        for (kind, row) in &self.rows {
            let delay = self.delay_of(*kind).map_or("-".to_owned(), |s| format!("{s} s"));
            let recall = self.recall_of(*kind);
            writeln!(f, "{:<12} {:>7} {:>6} {recall:>7.3} {delay:>13}", kind.name(), row.planted, row.found)?;
        }
        let (right, wrong) = (self.true_alarms, self.false_alarms.len());
        writeln!(f, "precision {:.3} ({right} alarms right, {wrong} wrong)", self.precision())?;
        writeln!(f, "recall {:.3}  F1 {:.3}", self.recall(), self.f1())?;
        write!(f, "wrong alarms per series and day {:.4}, over {:.0} days", wrong as f64 / self.days, self.days)
    }
}

/// Runs the model over a series, as detectors do: a bucket is looked at while it is open, gaps are passed over.
/// Returns the buckets in which something unusual was told.
pub fn alarms(series: &Series, tuning: &Tuning) -> Vec<usize> {
    let mut model = RateModel::default();
    let mut told = Vec::new();
    for (i, count) in series.counts.iter().enumerate() {
        let Some(count) = count.map(f64::from) else { continue };
        let early = model.early(count, i as i64, tuning).is_some();
        let late = model.close(count, i as i64, tuning).is_some_and(|c| c.turn != Turn::Usual);
        if early || late {
            told.push(i);
        }
    }
    told
}

/// Makes the series of a seed and scores the model on them.
pub fn run(seed: u64) -> Score {
    let mut score = Score { rows: Kind::ALL.iter().map(|k| (*k, Row::default())).collect(), ..Score::default() };
    for series in series(seed) {
        let tuning = if series.traffic.is_trouble() { Tuning::TROUBLE } else { Tuning::TRAFFIC };
        judge(&series, &alarms(&series, &tuning), &mut score);
        score.days += series.counts.len() as f64 * f64::from(tuning.bucket_secs) / 86_400.0;
    }
    score
}

fn judge(series: &Series, told: &[usize], score: &mut Score) {
    for planted in &series.planted {
        let last = planted.begin + if planted.kind == Kind::Drift { TOLERANCE_DRIFT } else { TOLERANCE };
        let Some((_, row)) = score.rows.iter_mut().find(|(k, _)| *k == planted.kind) else { continue };
        row.planted += 1;
        if let Some(at) = told.iter().find(|at| (planted.begin..=last).contains(at)) {
            row.found += 1;
            row.delays.push(at - planted.begin);
        }
    }
    for at in told {
        // Until some time after its end: its end itself may be told too.
        let right = series.planted.iter().any(|p| (p.begin..p.end + TOLERANCE).contains(at));
        if right {
            score.true_alarms += 1;
        } else {
            score.false_alarms.push((series.traffic, *at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_planted_is_found_and_little_else() {
        for seed in [1, 2, 3] {
            let score = run(seed);
            assert!(score.precision() >= 0.95, "seed {seed}\n{score}\n{:?}", score.false_alarms);
            assert!(score.recall() >= 0.93, "seed {seed}\n{score}");
            assert!(score.recall_of(Kind::Burst) >= 0.95, "seed {seed}\n{score}");
            assert!(score.delay_of(Kind::Burst).is_some_and(|s| s <= 30), "seed {seed}\n{score}");
            assert!(score.delay_of(Kind::Shift).is_some_and(|s| s <= 600), "seed {seed}\n{score}");
        }
    }

    #[test]
    fn a_seed_makes_the_same_series() {
        assert_eq!(series(9), series(9));
        assert_ne!(series(9), series(10));
    }
}
