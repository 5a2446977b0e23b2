//! Times of day inside values, which the record's event time tells anyway: `14:30:15`, `14:30:15.123`,
//! `2025-01-07T14:30:15,123Z` and the like. Used by the value columns.

use super::digits::{digits, parse, write_digits};

/// How a time of day is written: `HH:MM:SS`, perhaps with a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Bytes before it in the value.
    pub(super) before: usize,
    /// Between hours, minutes and seconds.
    pub(super) colon: u8,
    /// Between seconds and fraction.
    pub(super) point: u8,
    /// Digits of the fraction.
    pub(super) fraction: usize,
}

const NANOS_PER_DAY: i64 = 86_400_000_000_000;
const CLOCK: usize = 8;
/// Digits of a fraction that an event time can tell.
const MAX_FRACTION: usize = 9;

impl Stamp {
    /// Finds a time of day in a value.
    pub(super) fn find(value: &[u8]) -> Option<Self> {
        let is_clock = |w: &[u8]| {
            digits(w) == 2
                && matches!(w[2], b':' | b'.')
                && digits(&w[3..]) == 2
                && w[5] == w[2]
                && digits(&w[6..]) == 2
        };
        let before = value.windows(CLOCK).position(is_clock)?;
        let rest = &value[before + CLOCK..];
        let digits = rest.split_first().filter(|(b, _)| matches!(b, b'.' | b',')).map_or(0, |(_, r)| digits(r));
        let fraction = if digits > MAX_FRACTION { 0 } else { digits };
        let point = if fraction > 0 { rest[0] } else { 0 };
        Some(Self { before, colon: value[before + 2], point, fraction })
    }

    /// Bytes that it takes.
    pub(super) const fn len(&self) -> usize {
        CLOCK + if self.fraction > 0 { 1 + self.fraction } else { 0 }
    }

    /// Whether it can be: the numbers may come from damaged bytes.
    pub(super) const fn is_sound(&self, ahead: u64) -> bool {
        self.fraction <= MAX_FRACTION && ahead < self.units_per_day()
    }

    const fn units_per_second(&self) -> u64 {
        match self.fraction {
            0 => 1,
            3 => 1000,
            6 => 1_000_000,
            digits => 10_u64.pow(digits as u32),
        }
    }

    const fn units_per_day(&self) -> u64 {
        86_400 * self.units_per_second()
    }

    /// The time of day at the start of `text`, in units of its last digit; `None` when it is written otherwise.
    #[inline]
    fn read(&self, text: &[u8]) -> Option<u64> {
        let two = |at: usize| {
            let (tens, ones) = (text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0'));
            (tens <= 9 && ones <= 9).then(|| u64::from(tens) * 10 + u64::from(ones))
        };
        let (h, m, s) = (two(0)?, two(3)?, two(6)?);
        if h > 23 || m > 59 || s > 59 || text[2] != self.colon || text[5] != self.colon {
            return None;
        }
        let seconds = h * 3600 + m * 60 + s;
        if self.fraction == 0 {
            return Some(seconds);
        }
        let (fraction, n) = parse(text, CLOCK + 1, self.len())?;
        (text[CLOCK] == self.point && n == self.fraction).then(|| seconds * self.units_per_second() + fraction)
    }

    /// Time of day of an event, in the same units. Divisions by what is known are much quicker.
    #[inline]
    const fn of_event(&self, nanos: i64) -> u64 {
        let nanos = nanos.rem_euclid(NANOS_PER_DAY) as u64;
        match self.fraction {
            0 => nanos / 1_000_000_000,
            3 => nanos / 1_000_000,
            6 => nanos / 1000,
            digits => nanos / 10_u64.pow((MAX_FRACTION - digits) as u32),
        }
    }

    /// How far the value at `text[at..]` is ahead of its event, in units, modulo a day: the time zone, mostly.
    #[inline]
    pub(super) fn ahead(&self, text: &[u8], at: usize, nanos: i64) -> Option<u64> {
        let told = self.read(text.get(at + self.before..at + self.before + self.len())?)?;
        let event = self.of_event(nanos);
        Some(if told >= event { told - event } else { told + self.units_per_day() - event })
    }

    /// Writes what [`Stamp::ahead`] read over the whole of `to`, which has [`Stamp::len`] bytes.
    #[inline]
    pub(super) fn write(&self, nanos: i64, ahead: u64, to: &mut [u8]) {
        let day = self.units_per_day();
        let units = self.of_event(nanos) + ahead;
        let units = if units >= day { units - day } else { units };
        let (seconds, fraction) = match self.fraction {
            0 => (units, 0),
            3 => (units / 1000, units % 1000),
            6 => (units / 1_000_000, units % 1_000_000),
            _ => (units / self.units_per_second(), units % self.units_per_second()),
        };
        let (clock, rest) = to.split_at_mut(CLOCK);
        write_digits(seconds / 3600, &mut clock[..2]);
        write_digits(seconds / 60 % 60, &mut clock[3..5]);
        write_digits(seconds % 60, &mut clock[6..8]);
        (clock[2], clock[5]) = (self.colon, self.colon);
        if let Some((point, digits)) = rest.split_first_mut() {
            *point = self.point;
            write_digits(fraction, digits);
        }
    }
}
