//! Civil time to instants: arithmetic for dates, jiff for zones with the answer kept per hour. Used by the format
//! engine; knows no line.

use super::zone::Abbreviation;
use aiobs_types::Timestamp;
use jiff::tz::{AmbiguousOffset, TimeZone};

/// The zone of lines that do not state one.
#[derive(Clone, Debug, Default)]
pub enum ZoneRule {
    /// The zone of this machine.
    #[default]
    Local,
    /// UTC.
    Utc,
    /// A given zone.
    Named(TimeZone),
}

impl ZoneRule {
    /// From a word: `local`, `utc`, an IANA name, or a fixed offset such as `+02:00`.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "local" => return Ok(Self::Local),
            "utc" | "z" | "gmt" => return Ok(Self::Utc),
            _ => {}
        }
        if text.starts_with(['+', '-']) {
            let b = text.as_bytes();
            return match super::zone::numeric_zone(b, 0) {
                Some((secs, end)) if end == b.len() => jiff::tz::Offset::from_seconds(secs)
                    .map(|o| Self::Named(TimeZone::fixed(o)))
                    .map_err(|e| e.to_string()),
                _ => Err(format!("`{text}` is not an offset such as +02:00")),
            };
        }
        TimeZone::get(text).map(Self::Named).map_err(|_| format!("unknown time zone `{text}`"))
    }

    /// The zone itself.
    pub fn zone(&self) -> TimeZone {
        match self {
            Self::Local => TimeZone::system(),
            Self::Utc => TimeZone::UTC,
            Self::Named(z) => z.clone(),
        }
    }
}

/// A point in time as a line states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stamp {
    /// Zone known: nanoseconds since the epoch.
    Instant(i64),
    /// No zone: seconds since 1970-01-01T00:00:00 of the local clock, and nanoseconds.
    Local { secs: i64, nanos: u32 },
    /// The zone is abbreviated: local as above, its letters, and what they mean to most, in minutes east of UTC.
    Abbreviated { secs: i64, nanos: u32, abbreviation: Abbreviation, minutes: i16 },
    /// No zone and no year.
    Yearless { month: u8, day: u8, secs_of_day: u32, nanos: u32 },
    /// It has the shape of a time but there is no such time.
    Impossible,
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar (Howard Hinnant, "chrono-compatible
/// low-level date algorithms").
pub(crate) const fn days_from_civil(year: i64, month: u8, day: u8) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let m = (month as i64 + 9) % 12;
    let doy = (153 * m + 2) / 5 + day as i64 - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

/// The year of a day counted from 1970-01-01 (same source).
pub(crate) const fn year_of_days(days: i64) -> i64 {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    // The year of this calendar begins in March: day 306 is the first of January.
    yoe + era * 400 + if doy >= 306 { 1 } else { 0 }
}

const fn days_in_month(year: i64, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Whether the date exists. Years outside 1678 to 2261 do not fit a [`Timestamp`].
pub(crate) const fn date_exists(year: i64, month: u8, day: u8) -> bool {
    year >= 1678 && year <= 2261 && month >= 1 && month <= 12 && day >= 1 && day <= days_in_month(year, month)
}

/// Seconds of the day; a leap second counts as the 59th, as jiff has it.
pub(crate) const fn secs_of_day(hour: u8, minute: u8, second: u8) -> Option<u32> {
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let second = if second == 60 { 59 } else { second };
    Some(hour as u32 * 3600 + minute as u32 * 60 + second as u32)
}

/// A zone with the offset of the last hour asked for.
#[derive(Debug)]
pub(crate) struct ZoneCache {
    zone: TimeZone,
    utc: bool,
    /// Local hour since the epoch and the offset in force all through it.
    hour: i64,
    offset: i64,
    /// The last hour and abbreviation asked for, and what the abbreviation means there.
    abbreviated: (i64, Abbreviation, i64),
}

impl ZoneCache {
    pub(crate) fn new(rule: &ZoneRule) -> Self {
        let zone = rule.zone();
        let utc = zone == TimeZone::UTC;
        Self { zone, utc, hour: i64::MIN, offset: 0, abbreviated: (i64::MIN, [0; 4], 0) }
    }

    /// Nanoseconds since the epoch of a stamp; `now` decides a missing year.
    pub(crate) fn resolve(&mut self, stamp: Stamp, now: Timestamp) -> Option<Timestamp> {
        match stamp {
            Stamp::Instant(ns) => Some(Timestamp(ns)),
            Stamp::Local { secs, nanos } => self.local(secs, nanos),
            Stamp::Abbreviated { secs, nanos, abbreviation, minutes } => {
                nanoseconds(secs - self.meaning(secs, abbreviation, minutes), nanos)
            }
            Stamp::Yearless { month, day, secs_of_day, nanos } => self.yearless(month, day, secs_of_day, nanos, now),
            Stamp::Impossible => None,
        }
    }

    fn local(&mut self, secs: i64, nanos: u32) -> Option<Timestamp> {
        let utc = if self.utc {
            secs
        } else {
            let hour = secs.div_euclid(3600);
            if hour != self.hour && !self.load(hour) { self.exact(secs)? } else { secs - self.offset }
        };
        nanoseconds(utc, nanos)
    }

    /// Seconds east of UTC of an abbreviation: if the source's own zone uses it at that time, as it does (which also
    /// tells the two passes through a doubled hour apart), else as most do.
    fn meaning(&mut self, secs: i64, abbreviation: Abbreviation, minutes: i16) -> i64 {
        let hour = secs.div_euclid(3600);
        if self.abbreviated.0 != hour || self.abbreviated.1 != abbreviation {
            let own = self.own_meaning(secs, abbreviation);
            self.abbreviated = (hour, abbreviation, own.unwrap_or(i64::from(minutes) * 60));
        }
        self.abbreviated.2
    }

    fn own_meaning(&self, secs: i64, abbreviation: Abbreviation) -> Option<i64> {
        let local = civil(secs)?;
        let candidates = match self.zone.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => [offset, offset],
            AmbiguousOffset::Gap { before, after } | AmbiguousOffset::Fold { before, after } => [before, after],
        };
        let letters = abbreviation.iter().position(|b| *b == 0).map_or(&abbreviation[..], |n| &abbreviation[..n]);
        candidates.into_iter().find_map(|offset| {
            let at = offset.to_timestamp(local).ok()?;
            let info = self.zone.to_offset_info(at);
            (info.abbreviation().as_bytes() == letters && info.offset() == offset).then(|| i64::from(offset.seconds()))
        })
    }

    /// Keeps the offset of a local hour, unless the clock is changed in it.
    fn load(&mut self, hour: i64) -> bool {
        let ends = (civil(hour * 3600), civil(hour * 3600 + 3599));
        let (Some(first), Some(last)) = ends else { return false };
        let first = self.zone.to_ambiguous_timestamp(first).offset();
        let last = self.zone.to_ambiguous_timestamp(last).offset();
        match (first, last) {
            (AmbiguousOffset::Unambiguous { offset: a }, AmbiguousOffset::Unambiguous { offset: b }) if a == b => {
                self.hour = hour;
                self.offset = i64::from(a.seconds());
                true
            }
            _ => false,
        }
    }

    /// In an hour that occurs twice the first is meant; one that never occurs is read with the offset before it.
    fn exact(&self, secs: i64) -> Option<i64> {
        let at = self.zone.to_ambiguous_timestamp(civil(secs)?).compatible().ok()?;
        Some(at.as_nanosecond().div_euclid(1_000_000_000) as i64)
    }

    /// The latest year that does not put the time more than a day after `now` and has the date.
    fn yearless(&mut self, month: u8, day: u8, secs_of_day: u32, nanos: u32, now: Timestamp) -> Option<Timestamp> {
        let this = year_of_days(now.secs().div_euclid(86_400));
        let limit = now.0.saturating_add(86_400_000_000_000);
        (this - 8..=this + 1).rev().filter(|y| date_exists(*y, month, day)).find_map(|year| {
            let secs = days_from_civil(year, month, day) * 86_400 + i64::from(secs_of_day);
            // No zone is two days off: most wrong years are told without asking it.
            if secs > now.secs() + 3 * 86_400 {
                return None;
            }
            self.local(secs, nanos).filter(|t| t.0 <= limit)
        })
    }
}

fn nanoseconds(secs: i64, nanos: u32) -> Option<Timestamp> {
    secs.checked_mul(1_000_000_000)?.checked_add(i64::from(nanos)).map(Timestamp)
}

fn civil(secs: i64) -> Option<jiff::civil::DateTime> {
    jiff::Timestamp::from_second(secs).ok().map(|t| TimeZone::UTC.to_datetime(t))
}
