//! Where a template stands in its life, as a pure function of its rates. Shown wherever templates are listed.

/// Seconds.
const MINUTE: f64 = 60.0;
const HOUR: f64 = 3600.0;
/// A template younger than this is new, seconds.
const YOUNG: f64 = 15.0 * MINUTE;

/// See [`Lived::life`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Life {
    /// Comes as usual.
    #[default]
    Steady,
    /// Was never seen before a few minutes ago.
    New,
    /// Above its usual rate.
    Rising,
    /// Far above its usual rate.
    Surging,
    /// Below its usual rate.
    Falling,
    /// Has not come for much longer than usual.
    Vanished,
    /// Comes again and again after the same time.
    Periodic,
}

impl Life {
    /// All, in no order.
    pub const ALL: [Self; 7] =
        [Self::Steady, Self::New, Self::Rising, Self::Surging, Self::Falling, Self::Vanished, Self::Periodic];

    /// From the word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|life| life.name() == name)
    }

    /// Lower-case word for people and for stable outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::New => "new",
            Self::Rising => "rising",
            Self::Surging => "surging",
            Self::Falling => "falling",
            Self::Vanished => "vanished",
            Self::Periodic => "periodic",
        }
    }
}

/// What is known of the rates of something, all in seconds and events per second of event time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lived {
    /// How long its source had been watched before it came first.
    pub before: f64,
    /// Since it came first.
    pub age: f64,
    /// Since it came last.
    pub silent: f64,
    /// Events ever.
    pub count: u64,
    /// Rate over the last minutes.
    pub recent: f64,
    /// Usual rate at this time of the day.
    pub usual: f64,
    /// Variance over mean of its counts.
    pub dispersion: f64,
    /// Seconds of the last minutes that `recent` is of.
    pub window: f64,
    /// Seconds between two events, when they come in a rhythm.
    pub period: Option<f64>,
}

impl Lived {
    /// The word for it. The first that holds: vanished, new, surging, rising, falling, periodic, steady.
    pub fn life(&self) -> Life {
        let gap = self.period.or_else(|| (self.count > 1).then(|| self.age.max(1.0) / (self.count - 1) as f64));
        let missed = gap.is_some_and(|g| self.silent > (10.0 * g).max(10.0 * MINUTE));
        let beats_missed = self.period.is_some_and(|p| self.silent > (4.0 * p).max(MINUTE));
        if self.count >= 5 && (missed || beats_missed) {
            return Life::Vanished;
        }
        if self.age < YOUNG && self.before > YOUNG {
            return Life::New;
        }
        let (now, usual) = (self.recent * self.window, self.usual * self.window);
        if self.age + self.before > HOUR / 3.0 && self.window > 0.0 {
            let odd = crate::surprise(now, usual, self.dispersion.max(1.0)) > 9.0;
            match () {
                () if odd && now >= 4.0 * usual && now >= 8.0 => return Life::Surging,
                () if odd && now >= 1.5 * usual => return Life::Rising,
                () if odd && now <= usual / 1.5 => return Life::Falling,
                () => {}
            }
        }
        if self.period.is_some() { Life::Periodic } else { Life::Steady }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Lived = Lived {
        before: 0.0,
        age: 7200.0,
        silent: 3.0,
        count: 7200,
        recent: 1.0,
        usual: 1.0,
        dispersion: 1.0,
        window: 300.0,
        period: None,
    };

    #[test]
    fn the_words() {
        let cases = [
            (USUAL, Life::Steady),
            (Lived { before: 3600.0, age: 60.0, ..USUAL }, Life::New),
            (Lived { age: 60.0, ..USUAL }, Life::Steady),
            (Lived { recent: 6.0, ..USUAL }, Life::Surging),
            (Lived { recent: 1.7, ..USUAL }, Life::Rising),
            (Lived { recent: 0.4, ..USUAL }, Life::Falling),
            (Lived { recent: 1.7, dispersion: 40.0, ..USUAL }, Life::Steady),
            (Lived { silent: 900.0, recent: 0.0, ..USUAL }, Life::Vanished),
            (Lived { count: 3, silent: 900.0, recent: 0.0, usual: 0.0, ..USUAL }, Life::Steady),
            (Lived { count: 240, usual: 1.0 / 30.0, recent: 1.0 / 30.0, period: Some(30.0), ..USUAL }, Life::Periodic),
            (Lived { count: 240, silent: 200.0, period: Some(30.0), ..USUAL }, Life::Vanished),
        ];
        for (lived, want) in cases {
            assert_eq!(lived.life(), want, "{lived:?}");
        }
    }
}
