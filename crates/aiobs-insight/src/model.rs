//! The usual rate of one series of counts, and when it is left: a robust level, its scatter, the season, and the bursts
//! that are usual. Whoever counts (detectors, charts) closes one bucket after another; nothing here knows a clock.
//!
//! Level and scatter are exponential means of values cut at three standard deviations (S. Gelper, R. Fried, C. Croux,
//! Robust forecasting with exponential and Holt-Winters smoothing, J. Forecasting 29, 2010), so that an incident does
//! not teach that it is usual; while one goes on, nothing is learnt until it has lasted so long that it is the new usual.

mod window;

use crate::season::{Hour, Season};
use crate::tail::surprise;
use serde::{Deserialize, Serialize};
pub use window::WINDOW;
use window::Window;

/// Buckets that level and scatter remember, about.
const MEMORY: u32 = 120;
/// Standard deviations at which what is learnt is cut.
const CUT: f64 = 3.0;
/// Buckets without anything odd after which a burst is over.
const CALM: u8 = 20;
/// Buckets after which what was odd is the new usual.
const ADOPT: u16 = 240;
/// The season forgets hours that are further apart than this many buckets of an hour.
const MOST_IDLE_HOURS: u32 = 48;
/// Share of an hour that must be known for it to teach the season.
const LEAST_OF_HOUR: f64 = 0.25;
/// Hours in a row whose level must differ for it to be a drift.
const DRIFT_HOURS: u8 = 6;
/// Ratio to the long mean that is a drift.
const DRIFT: f64 = 1.6;

/// How much it takes to call a rate unusual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tuning {
    /// Seconds per bucket.
    pub bucket_secs: u32,
    /// Surprise needed, nats; 20 is a chance of two in a billion.
    pub nats: f64,
    /// Buckets of history needed before a rise is told.
    pub warm_up: u32,
    /// Buckets of history needed before a fall is told.
    pub warm_up_fall: u32,
    /// Least count of a burst.
    pub least: f64,
    /// Least ratio of one bucket to its mean: once a week was seen, once this hour of the day was seen on two days, and
    /// before that.
    pub burst: [f64; 3],
    /// The same of [`WINDOW`] buckets.
    pub shift: [f64; 3],
    /// Most ratio of [`WINDOW`] buckets to their mean that is a fall.
    pub fall: [f64; 3],
}

impl Tuning {
    /// For series whose rise is bad by itself, such as errors.
    pub const TROUBLE: Self = Self {
        bucket_secs: 30,
        nats: 18.0,
        warm_up: 40,
        warm_up_fall: 240,
        least: 8.0,
        burst: [3.0, 3.0, 3.0],
        shift: [1.8, 2.2, 2.5],
        fall: [0.3, 0.25, 0.1],
    };
    /// For ordinary traffic, which has its days and nights.
    pub const TRAFFIC: Self = Self {
        nats: 22.0,
        warm_up: 400,
        least: 40.0,
        burst: [3.0, 3.5, 10.0],
        shift: [1.8, 2.6, 5.0],
        ..Self::TROUBLE
    };

    fn per_hour(&self) -> u32 {
        (3600 / self.bucket_secs.max(1)).max(1)
    }

    fn hour(&self, at: Bucket) -> Hour {
        at.div_euclid(i64::from(self.per_hour()))
    }
}

/// A bucket of event time: the time since 1970 began, in buckets.
pub type Bucket = i64;

/// What a series did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// One bucket far above the usual.
    Burst,
    /// [`WINDOW`] buckets above the usual.
    Rise,
    /// [`WINDOW`] buckets below the usual.
    Fall,
    /// Hours above or below what these hours brought on the days before.
    Drift,
    /// As usual again, or so long otherwise that this is usual now.
    Usual,
}

/// A [`Turn`] with its numbers, all for the same number of buckets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// What it did.
    pub turn: Turn,
    /// Events counted.
    pub count: f64,
    /// In so many buckets.
    pub buckets: u32,
    /// Events expected.
    pub mean: f64,
    /// Least and most that is usual.
    pub usual: (f64, f64),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Standing {
    #[default]
    Usual,
    High,
    Low,
}

/// See the module. About 200 bytes, and 260 more once it has seen an hour.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RateModel {
    /// Mean count per bucket without the season.
    level: f32,
    /// Variance over mean.
    dispersion: f32,
    /// Buckets learnt from.
    seen: u32,
    hour: Hour,
    hour_sum: f32,
    hour_buckets: u16,
    /// The highest buckets of the last bursts, rising; they fade by a third in a day and a half.
    peaks: [f32; 3],
    burst: f32,
    calm: u8,
    standing: Standing,
    odd: u16,
    /// Mean count of an hour without the season, over about a week.
    long: f32,
    drifting: i8,
    drift_told: bool,
    #[serde(skip)]
    window: Window,
    season: Option<Box<Season>>,
}

impl RateModel {
    /// A series that was silent for so many buckets before its first event.
    pub fn silent(buckets: u32) -> Self {
        Self { seen: buckets, dispersion: 1.0, ..Self::default() }
    }

    /// Buckets of history.
    pub fn history(&self) -> u32 {
        self.seen
    }

    /// Count expected in a bucket.
    pub fn mean(&self, at: Bucket, tuning: &Tuning) -> f64 {
        f64::from(self.level) * self.factor(at, tuning)
    }

    /// Variance over mean, at least 1.
    pub fn dispersion(&self) -> f64 {
        f64::from(self.dispersion.max(1.0))
    }

    /// Mean count of a bucket over the last 24 hours, once they were seen.
    pub fn day_mean(&self, tuning: &Tuning) -> Option<f64> {
        self.season.as_ref()?.day_mean().map(|m| m / f64::from(tuning.per_hour()))
    }

    /// Mean count of the last [`WINDOW`] buckets, once there were so many.
    pub fn recent(&self) -> Option<f64> {
        self.window.sums().map(|(count, _)| count / f64::from(WINDOW))
    }

    /// Whether it is above (1), below (-1) or at (0) its usual.
    pub fn standing(&self) -> i8 {
        match self.standing {
            Standing::High => 1,
            Standing::Low => -1,
            Standing::Usual => 0,
        }
    }

    fn factor(&self, at: Bucket, tuning: &Tuning) -> f64 {
        let part = at.rem_euclid(i64::from(tuning.per_hour())) as f64 / f64::from(tuning.per_hour());
        self.season.as_ref().map_or(1.0, |s| s.at(tuning.hour(at), part))
    }

    /// 0 when the week is known, 1 when the hour is, else 2: which of three ratios applies.
    fn unknown(&self, at: Bucket, tuning: &Tuning) -> usize {
        match &self.season {
            Some(s) if s.knows(tuning.hour(at)) => usize::from(!s.knows_week()),
            _ => 2,
        }
    }

    /// Whether so many in one bucket are a burst; never while the history is short or it is high already.
    pub fn is_burst(&self, count: f64, at: Bucket, tuning: &Tuning) -> bool {
        // Cheap bounds first: the tail is asked for only above them.
        if count < tuning.least || self.seen < tuning.warm_up || self.standing == Standing::High {
            return false;
        }
        let mean = self.mean(at, tuning);
        let most = (tuning.burst[self.unknown(at, tuning)] * mean).max(f64::from(self.peaks[0]) * 1.5);
        count >= most && surprise(count, mean, self.dispersion()) >= tuning.nats
    }

    /// A bucket that is still open holds so many already: a burst is told before its bucket ends.
    pub fn early(&mut self, count: f64, at: Bucket, tuning: &Tuning) -> Option<Change> {
        self.is_burst(count, at, tuning).then(|| self.rise(Turn::Burst, count, 1, self.mean(at, tuning)))
    }

    /// A bucket is over.
    pub fn close(&mut self, count: f64, at: Bucket, tuning: &Tuning) -> Option<Change> {
        let drift = self.reach(tuning.hour(at), tuning);
        let mean = self.mean(at, tuning);
        let change = self.judge(count, mean, at, tuning);
        self.learn(count, mean, self.factor(at, tuning));
        change.or(drift)
    }

    /// So many buckets without an event are over.
    pub fn idle(&mut self, mut buckets: u32, tuning: &Tuning) {
        let per_hour = tuning.per_hour();
        let forget = |model: &mut Self, n: u32| {
            let before = model.seen;
            model.seen = before.saturating_add(n);
            let alpha = 1.0 / (before.min(MEMORY) as f32 + 1.0);
            model.level *= (1.0 - alpha).powi(n.min(100_000) as i32);
            model.calm = model.calm.saturating_add(n.min(255) as u8);
        };
        let middle = self.hour * i64::from(per_hour) + i64::from(per_hour / 2);
        self.window.push_zeros(buckets, self.mean(middle, tuning));
        if buckets > per_hour * MOST_IDLE_HOURS {
            forget(self, buckets);
            self.hour_sum = 0.0;
            self.hour_buckets = 0;
            if let Some(season) = &mut self.season {
                season.interrupt();
            }
        } else {
            while buckets > 0 {
                let chunk = buckets.min(per_hour.saturating_sub(u32::from(self.hour_buckets)).max(1));
                forget(self, chunk);
                self.hour_buckets += chunk as u16;
                buckets -= chunk;
                if u32::from(self.hour_buckets) >= per_hour {
                    let next = self.hour + 1;
                    self.reach(next, tuning);
                }
            }
        }
        self.settle();
    }

    /// Whether nothing at all for so many buckets would be a fall.
    pub fn silence_is_odd(&self, buckets: u32, at: Bucket, tuning: &Tuning) -> bool {
        let mean = self.mean(at, tuning) * f64::from(buckets);
        self.seen >= tuning.warm_up_fall
            && self.standing == Standing::Usual
            && surprise(0.0, mean, self.dispersion()) >= tuning.nats
    }

    /// Nothing came for so many buckets, and [`Self::silence_is_odd`].
    pub fn silent_now(&mut self, buckets: u32, at: Bucket, tuning: &Tuning) -> Change {
        self.fall(0.0, buckets, self.mean(at, tuning) * f64::from(buckets))
    }

    fn judge(&mut self, count: f64, mean: f64, at: Bucket, tuning: &Tuning) -> Option<Change> {
        self.window.push(count, mean);
        if self.standing != Standing::Usual {
            return self.still_odd(count, mean);
        }
        if self.is_burst(count, at, tuning) {
            return Some(self.rise(Turn::Burst, count, 1, mean));
        }
        let (counted, expected) = self.window.sums()?;
        let unknown = self.unknown(at, tuning);
        if counted > expected {
            // One high bucket is a burst or nothing: it makes no rise of the others.
            let (others, rest) = self.window.sums_but_highest();
            let enough = others >= tuning.least.max(tuning.shift[unknown] * rest);
            let odd = enough && surprise(others, rest, self.dispersion()) >= tuning.nats;
            if self.seen >= tuning.warm_up + WINDOW && odd {
                return Some(self.rise(Turn::Rise, counted, WINDOW, expected));
            }
        } else if counted <= tuning.fall[unknown] * expected
            && self.seen >= tuning.warm_up_fall
            && surprise(counted, expected, self.dispersion()) >= tuning.nats
        {
            return Some(self.fall(counted, WINDOW, expected));
        }
        None
    }

    fn still_odd(&mut self, count: f64, mean: f64) -> Option<Change> {
        self.odd = self.odd.saturating_add(1);
        let far = CUT * (self.dispersion() * mean.max(0.2)).sqrt();
        let odd = if self.standing == Standing::High { count > mean + far } else { count < mean * 0.5 };
        if odd {
            self.calm = 0;
        }
        if self.odd >= ADOPT
            && let Some((counted, expected)) = self.window.sums()
        {
            let factor = if expected > 0.0 && self.level > 0.0 { counted / expected } else { 1.0 };
            self.level =
                if self.level > 0.0 { self.level * factor as f32 } else { (counted / f64::from(WINDOW)) as f32 };
            self.calm = CALM;
            self.window = Window::default();
        }
        let usual = self.usual(mean, 1.0);
        self.settle().then_some(Change { turn: Turn::Usual, count, buckets: 1, mean, usual })
    }

    /// Back to the usual after enough calm. Says whether it was not before.
    fn settle(&mut self) -> bool {
        if self.calm < CALM {
            return false;
        }
        if self.burst > 0.0 {
            // The lowest of three makes room: one incident alone does not become usual.
            self.peaks[0] = self.peaks[0].max(self.burst);
            self.peaks.sort_by(f32::total_cmp);
            self.burst = 0.0;
        }
        let was = std::mem::take(&mut self.standing) != Standing::Usual;
        self.odd = 0;
        was
    }

    fn usual(&self, mean: f64, buckets: f64) -> (f64, f64) {
        let far = 2.6 * (self.dispersion() * mean).sqrt();
        let most = (mean + far).max(f64::from(self.peaks[0])).ceil().max(buckets.min(1.0));
        ((mean - far).max(0.0).floor(), most)
    }

    fn rise(&mut self, turn: Turn, count: f64, buckets: u32, mean: f64) -> Change {
        self.standing = Standing::High;
        self.calm = 0;
        self.odd = 0;
        Change { turn, count, buckets, mean, usual: self.usual(mean, f64::from(buckets)) }
    }

    fn fall(&mut self, count: f64, buckets: u32, mean: f64) -> Change {
        self.standing = Standing::Low;
        self.calm = 0;
        self.odd = 0;
        Change { turn: Turn::Fall, count, buckets, mean, usual: self.usual(mean, f64::from(buckets)) }
    }

    fn learn(&mut self, count: f64, mean: f64, factor: f64) {
        let early = self.seen < 8 && self.window.is_young();
        let far = CUT * (self.dispersion() * mean.max(0.2)).sqrt();
        let cut = if early { count } else { count.clamp((mean - far).max(0.0), mean + far) };
        if count > mean + far && !early {
            self.burst = self.burst.max(count as f32);
            self.calm = 0;
        } else {
            self.calm = self.calm.saturating_add(1);
            if self.standing == Standing::Usual {
                self.settle();
            }
        }
        let frozen = self.standing != Standing::Usual;
        self.hour_sum += if frozen { mean } else { cut } as f32;
        self.hour_buckets = self.hour_buckets.saturating_add(1);
        self.seen = self.seen.saturating_add(1);
        if frozen {
            return;
        }
        let alpha = 1.0 / f64::from(self.seen.min(MEMORY));
        let plain = cut / factor;
        self.level += (alpha * (plain - f64::from(self.level))) as f32;
        let scatter = (cut - mean) * (cut - mean) / mean.max(0.2) * 1.1;
        self.dispersion += (alpha * (scatter - f64::from(self.dispersion))) as f32;
    }

    /// Closes the hours before this one.
    fn reach(&mut self, hour: Hour, tuning: &Tuning) -> Option<Change> {
        if self.hour_buckets == 0 || hour == self.hour {
            self.hour = hour;
            return None;
        }
        let (over, buckets) = (std::mem::replace(&mut self.hour, hour), std::mem::take(&mut self.hour_buckets));
        let sum = f64::from(std::mem::take(&mut self.hour_sum));
        let per_hour = f64::from(tuning.per_hour());
        let known = f64::from(buckets) / per_hour;
        let next = hour == over + 1;
        self.peaks.iter_mut().for_each(|p| *p *= 0.99);
        let season = self.season.get_or_insert_default();
        let mut drift = None;
        if known >= LEAST_OF_HOUR {
            let count = sum / known;
            let factor = season.factor(over);
            let settled = season.knows(over) && season.knows_week();
            season.close(over, count);
            drift = self.drift(count, factor, settled, tuning);
        }
        if !next && let Some(season) = &mut self.season {
            season.interrupt();
        }
        drift
    }

    /// An hour brought `count`; `factor` is what its hour and day usually bring.
    fn drift(&mut self, count: f64, factor: f64, settled: bool, tuning: &Tuning) -> Option<Change> {
        let plain = count / factor.max(0.05);
        if !settled || self.standing != Standing::Usual {
            if self.long == 0.0 {
                self.long = self.season.as_ref().and_then(|s| s.day_mean()).unwrap_or_default() as f32;
            }
            return None;
        }
        let long = f64::from(self.long).max(0.01);
        let ratio = plain / long;
        let enough = count.max(long * factor) >= tuning.least.max(60.0);
        let side: i8 = if enough { i8::from(ratio >= DRIFT) - i8::from(ratio <= 1.0 / DRIFT) } else { 0 };
        if side == 0 || side.signum() != self.drifting.signum() {
            self.drifting = side;
            self.drift_told &= side != 0;
        } else {
            self.drifting = self.drifting.saturating_add(side);
        }
        // About a week; what stays is usual after some days.
        self.long += ((plain.clamp(long / 2.0, long * 2.0) - long) / 120.0) as f32;
        if self.drift_told || self.drifting.unsigned_abs() < DRIFT_HOURS {
            return None;
        }
        self.drift_told = true;
        let mean = long * factor;
        let usual = ((mean / DRIFT).floor(), (mean * DRIFT).ceil());
        Some(Change { turn: Turn::Drift, count, buckets: tuning.per_hour(), mean, usual })
    }
}

#[cfg(test)]
mod tests;
