//! The series of a trial: how traffic behaves, and what is planted in it.

use super::Dice;
use std::f64::consts::TAU;

/// Buckets of 30 seconds in a day.
const DAY: usize = 2_880;
/// Days of each series.
const DAYS: usize = 14;
/// Series per kind of traffic.
const EACH: usize = 4;

/// How a healthy series behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// An even rate.
    Even,
    /// An even rate with heavy scatter.
    Scattered,
    /// A wave over the day.
    Daily,
    /// A wave over the day, and quiet weekends.
    Weekly,
    /// A job every hour that writes much at once.
    Hourly,
    /// Office hours: steep at nine and at six.
    Office,
    /// Few errors now and then.
    FewErrors,
    /// Errors at an even rate with a wave over the day.
    DailyErrors,
}

impl Traffic {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Even,
        Self::Scattered,
        Self::Daily,
        Self::Weekly,
        Self::Hourly,
        Self::Office,
        Self::FewErrors,
        Self::DailyErrors,
    ];

    /// Whether it stands for errors.
    pub const fn is_trouble(self) -> bool {
        matches!(self, Self::FewErrors | Self::DailyErrors)
    }

    /// Mean count of a bucket, as a factor on the series' own mean.
    fn factor(self, bucket: usize) -> f64 {
        let hour = (bucket % DAY) as f64 / 120.0;
        let wave = |depth: f64| 1.0 + depth * ((hour - 9.0) / 24.0 * TAU).sin();
        match self {
            Self::Even | Self::Scattered | Self::FewErrors => 1.0,
            Self::Daily => wave(0.7),
            Self::DailyErrors => wave(0.6),
            Self::Weekly => wave(0.6) * if bucket / DAY % 7 >= 5 { 0.45 } else { 1.0 },
            Self::Hourly => {
                if bucket % 120 == 17 {
                    40.0
                } else {
                    1.0
                }
            }
            Self::Office => {
                let rise = |at: f64| 1.0 / (1.0 + (-(hour - at) * 6.0).exp());
                0.15 + 1.6 * (rise(9.0) - rise(18.0))
            }
        }
    }
}

/// What is planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A minute or two far above.
    Burst,
    /// Hours at a multiple.
    Shift,
    /// Hours at nothing.
    Silence,
    /// Hours at a small part.
    Fall,
    /// A rise over half a day that stays.
    Drift,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Burst, Self::Shift, Self::Silence, Self::Fall, Self::Drift];

    /// Word for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Burst => "burst",
            Self::Shift => "level shift",
            Self::Silence => "silence",
            Self::Fall => "fall",
            Self::Drift => "drift",
        }
    }
}

/// One anomaly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planted {
    /// What it is.
    pub kind: Kind,
    /// First bucket.
    pub begin: usize,
    /// Bucket after the last.
    pub end: usize,
}

/// A series of counts per 30 seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// How it behaves.
    pub traffic: Traffic,
    /// Counts; `None` where nothing was recorded at all.
    pub counts: Vec<Option<u32>>,
    /// What is wrong in it, in order.
    pub planted: Vec<Planted>,
}

/// The series of a seed: each kind of traffic healthy once, and several times with anomalies.
pub fn series(seed: u64) -> Vec<Series> {
    let mut dice = Dice::new(seed);
    Traffic::ALL.iter().flat_map(|t| (0..EACH).map(|i| (*t, i))).map(|(t, i)| one(&mut dice, t, i > 0)).collect()
}

fn one(dice: &mut Dice, traffic: Traffic, ill: bool) -> Series {
    let (mean, dispersion) = match traffic {
        Traffic::Even => (dice.between(4.0, 60.0), 1.0),
        Traffic::Scattered => (dice.between(10.0, 80.0), dice.between(3.0, 8.0)),
        Traffic::Daily | Traffic::Weekly | Traffic::Office => (dice.between(15.0, 120.0), dice.between(1.0, 3.0)),
        Traffic::Hourly => (dice.between(2.0, 6.0), 1.0),
        Traffic::FewErrors => (dice.between(0.02, 0.6), 1.2),
        Traffic::DailyErrors => (dice.between(2.0, 10.0), 1.5),
    };
    let planted = if ill { plant(dice, traffic) } else { Vec::new() };
    // A gap in the recording of some hours is no anomaly.
    let gap = (dice.between(3.0, 12.0) * DAY as f64) as usize;
    let counts = (0..DAY * DAYS).map(|b| {
        let at = planted.iter().find(|p| (p.begin..p.end).contains(&b));
        let near = planted.iter().any(|p| p.begin < gap + 600 && gap < p.end + 600);
        if !near && (gap..gap + 300).contains(&b) {
            return None;
        }
        let usual = mean * traffic.factor(b);
        let now = at.map_or(usual, |p| altered(p, usual, mean, b));
        Some(dice.scattered(now, dispersion))
    });
    let counts = counts.collect();
    Series { traffic, counts, planted }
}

fn altered(planted: &Planted, usual: f64, mean: f64, bucket: usize) -> f64 {
    match planted.kind {
        Kind::Burst => usual * 6.0 + 25.0,
        Kind::Shift => usual * 2.6 + mean,
        Kind::Silence => 0.0,
        Kind::Fall => usual * 0.08,
        Kind::Drift => usual * (1.0 + 2.0 * ((bucket - planted.begin) as f64 / (DAY / 2) as f64).min(1.0)),
    }
}

/// Anomalies from the third day on, far enough apart; a drift only where it is the last.
fn plant(dice: &mut Dice, traffic: Traffic) -> Vec<Planted> {
    let kinds: &[Kind] = match traffic {
        Traffic::FewErrors => &[Kind::Burst],
        Traffic::Hourly => &[Kind::Shift, Kind::Silence],
        _ => &[Kind::Burst, Kind::Shift, Kind::Silence, Kind::Fall],
    };
    let mut at = (dice.between(2.3, 3.0) * DAY as f64) as usize;
    let mut planted = Vec::new();
    while at + DAY < DAY * 10 {
        let kind = kinds[(dice.unit() * kinds.len() as f64) as usize];
        let long = if kind == Kind::Burst { dice.between(2.0, 5.0) } else { dice.between(60.0, 180.0) };
        // By day: at night there may be nothing to miss.
        let begin = at / DAY * DAY + (dice.between(10.0, 16.0) * 120.0) as usize;
        planted.push(Planted { kind, begin, end: begin + long as usize });
        at += (dice.between(1.2, 2.2) * DAY as f64) as usize;
    }
    if matches!(traffic, Traffic::Even | Traffic::Daily | Traffic::DailyErrors) && dice.unit() < 0.6 {
        let begin = DAY * 11 + (dice.between(0.0, 0.5) * DAY as f64) as usize;
        planted.push(Planted { kind: Kind::Drift, begin, end: DAY * DAYS });
    }
    planted
}
