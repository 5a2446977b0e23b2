//! What an hour of the day and a day of the week usually bring, against the mean of the day around them. Used by the
//! rate model; knows hours by number only.

use serde::{Deserialize, Serialize};

const HOURS: usize = 24;
const DAYS: usize = 7;
/// Least and most that an hour may differ from its day by.
const BOUNDS: (f32, f32) = (0.02, 50.0);
/// Weeks and days that are remembered, about.
const MEMORY: u8 = 14;
/// Counts of a day below which its hours say nothing.
const LEAST: f32 = 24.0;

/// Factors of hours and weekdays by ratio to the mean of the last 24 hours (ratio-to-moving-average, F. Macaulay, 1931),
/// each drawn towards 1 while few days were seen. 280 bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Season {
    /// Counts of the last 24 whole hours, by hour of the day.
    last: [f32; HOURS],
    /// Whole hours seen without a break, at most 255.
    whole: u8,
    hour: [f32; HOURS],
    hour_seen: [u8; HOURS],
    day: [f32; DAYS],
    day_seen: [u8; DAYS],
    /// Sums of the last seven days, by day of the week.
    week: [f32; DAYS],
    /// Whole days seen without a break, at most 255.
    days: u8,
}

/// An hour of event time: hours since 1970 began.
pub type Hour = i64;

fn hour_of(hour: Hour) -> usize {
    hour.rem_euclid(HOURS as i64) as usize
}

fn day_of(hour: Hour) -> usize {
    hour.div_euclid(HOURS as i64).rem_euclid(DAYS as i64) as usize
}

/// A mean of ratios, drawn towards 1: with one visit two thirds of it count, with three six sevenths.
fn drawn(mean: f32, seen: u8) -> f32 {
    let n = f32::from(seen);
    1.0 + (mean - 1.0) * n / (n + 0.5)
}

fn learn(mean: &mut f32, seen: &mut u8, ratio: f32) {
    *seen = (*seen + 1).min(MEMORY);
    let kept = if *seen == 1 { 0.0 } else { *mean };
    *mean = kept + (ratio - kept) / f32::from(*seen);
}

impl Season {
    /// What a moment usually brings, as a factor on the mean; `part` (0 to 1) of this hour has passed. Between the middles
    /// of two hours it goes from one to the other. 1 while nothing is known.
    pub fn at(&self, hour: Hour, part: f64) -> f64 {
        let here = self.factor(hour);
        let (there, weight) =
            if part < 0.5 { (self.factor(hour - 1), 0.5 - part) } else { (self.factor(hour + 1), part - 0.5) };
        here + (there - here) * weight
    }

    /// What this hour usually brings, as a factor on the mean.
    pub fn factor(&self, hour: Hour) -> f64 {
        let (h, d) = (hour_of(hour), day_of(hour));
        let by_hour = drawn(self.hour[h], self.hour_seen[h]);
        let by_day = if self.day_seen[d] == 0 { 1.0 } else { drawn(self.day[d], self.day_seen[d]) };
        f64::from((by_hour * by_day).clamp(BOUNDS.0, BOUNDS.1))
    }

    /// Whether this hour was seen on at least two days.
    pub fn knows(&self, hour: Hour) -> bool {
        self.hour_seen[hour_of(hour)] >= 2
    }

    /// Whether a whole week was seen.
    pub fn knows_week(&self) -> bool {
        usize::from(self.days) >= DAYS
    }

    /// Mean count of an hour over the last 24, once they were seen.
    pub fn day_mean(&self) -> Option<f64> {
        (usize::from(self.whole) >= HOURS).then(|| f64::from(self.last.iter().sum::<f32>()) / HOURS as f64)
    }

    /// An hour is over and brought `count` (without what was out of the usual).
    pub fn close(&mut self, hour: Hour, count: f64) {
        let (h, d) = (hour_of(hour), day_of(hour));
        self.last[h] = count as f32;
        self.whole = self.whole.saturating_add(1);
        let sum: f32 = self.last.iter().sum();
        if usize::from(self.whole) < HOURS || sum < LEAST {
            return;
        }
        let weekday = if self.day_seen[d] == 0 { 1.0 } else { drawn(self.day[d], self.day_seen[d]) };
        let mut ratio = self.last[h] * HOURS as f32 / sum / weekday.max(0.05);
        if self.hour_seen[h] >= 2 {
            // One odd hour moves a known one a little only.
            ratio = ratio.clamp(self.hour[h] / 3.0, self.hour[h] * 3.0 + 0.2);
        }
        learn(&mut self.hour[h], &mut self.hour_seen[h], ratio.clamp(BOUNDS.0, BOUNDS.1));
        if self.whole as usize == HOURS {
            self.first_day(hour, sum);
        }
        if h == HOURS - 1 {
            self.close_day(d, sum);
        }
    }

    /// The first whole day teaches all its hours at once.
    fn first_day(&mut self, hour: Hour, sum: f32) {
        for h in (0..HOURS).filter(|h| *h != hour_of(hour)) {
            let ratio = (self.last[h] * HOURS as f32 / sum).clamp(BOUNDS.0, BOUNDS.1);
            learn(&mut self.hour[h], &mut self.hour_seen[h], ratio);
        }
    }

    fn close_day(&mut self, d: usize, sum: f32) {
        self.week[d] = sum;
        self.days = self.days.saturating_add(1);
        let mean = self.week.iter().sum::<f32>() / DAYS as f32;
        if usize::from(self.days) < DAYS || mean <= 0.0 {
            return;
        }
        // The first whole week teaches all its days at once.
        let all = usize::from(self.days) == DAYS;
        for day in (0..DAYS).filter(|day| all || *day == d) {
            let ratio = (self.week[day] / mean).clamp(0.1, 10.0);
            learn(&mut self.day[day], &mut self.day_seen[day], ratio);
        }
    }

    /// Hours passed of which nothing is known: the 24 hours begin anew, what was learnt stays.
    pub fn interrupt(&mut self) {
        self.whole = 0;
        self.days = if self.knows_week() { self.days } else { 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(hour: Hour) -> f64 {
        1000.0 * (1.0 + 0.8 * (hour_of(hour) as f64 / 24.0 * std::f64::consts::TAU).sin())
    }

    #[test]
    fn a_daily_wave_is_known_after_some_days() {
        let mut season = Season::default();
        assert_eq!(season.factor(3), 1.0);
        (0..24 * 6).for_each(|h| season.close(h, wave(h)));
        for h in 0..24 {
            let want = wave(h) / 1000.0;
            assert!(season.knows(h) && (season.factor(h) - want).abs() < 0.25, "{h}: {} {want}", season.factor(h));
        }
    }

    #[test]
    fn a_quiet_day_of_the_week_is_known_after_some_weeks() {
        let mut season = Season::default();
        for h in 0..24 * 7 * 4 {
            season.close(h, if day_of(h) == 3 { 20.0 } else { 100.0 });
        }
        let (quiet, usual) = (season.factor(24 * 3 + 12), season.factor(24 * 5 + 12));
        assert!(quiet < usual * 0.6, "{quiet} {usual}");
    }

    #[test]
    fn one_bad_hour_teaches_little() {
        let mut season = Season::default();
        (0..24 * 5).for_each(|h| season.close(h, 100.0));
        season.close(24 * 5, 10_000.0);
        assert!(season.factor(24 * 6) < 1.5, "{}", season.factor(24 * 6));
    }

    #[test]
    fn a_short_history_says_nothing() {
        let mut season = Season::default();
        (0..20).for_each(|h| season.close(h, wave(h)));
        assert!((0..24).all(|h| season.factor(h) == 1.0 && !season.knows(h)));
        assert_eq!(season.day_mean(), None);
    }
}
