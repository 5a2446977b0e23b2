//! Numbers, times and durations as people read them. Pure; the zone and "now" are in [`Clock`].

use crate::runtime::events::Snapshot;
use aiobs_types::{SourceState, Timestamp};
use jiff::tz::TimeZone;

const SECOND: i64 = 1_000_000_000;

/// Now, and the zone times are written in.
#[derive(Clone, Debug)]
pub struct Clock {
    /// Wall time of this turn of the loop.
    pub now: Timestamp,
    /// The zone times are written in.
    pub zone: TimeZone,
}

impl Clock {
    fn zoned(&self, t: Timestamp) -> Option<jiff::Zoned> {
        jiff::Timestamp::from_nanosecond(i128::from(t.0)).ok().map(|t| t.to_zoned(self.zone.clone()))
    }

    /// `14:22`
    pub fn hm(&self, t: Timestamp) -> String {
        self.zoned(t).map_or_else(|| "--:--".into(), |z| z.strftime("%H:%M").to_string())
    }

    /// `14:22:31`
    pub fn hms(&self, t: Timestamp) -> String {
        self.zoned(t).map_or_else(|| "--:--:--".into(), |z| z.strftime("%H:%M:%S").to_string())
    }

    /// `14:22:31.402`
    pub fn hms_millis(&self, t: Timestamp) -> String {
        self.zoned(t).map_or_else(|| "--:--:--.---".into(), |z| z.strftime("%H:%M:%S%.3f").to_string())
    }

    /// `2025-01-07`
    pub fn date(&self, t: Timestamp) -> String {
        self.zoned(t).map_or_else(|| "----------".into(), |z| z.strftime("%Y-%m-%d").to_string())
    }

    /// `2025-01-07 14:22:31.402 UTC`, for details.
    pub fn full(&self, t: Timestamp) -> String {
        self.zoned(t).map_or_else(|| "-".into(), |z| z.strftime("%Y-%m-%d %H:%M:%S%.3f %Z").to_string())
    }

    /// The time of day, with the date before it when it is not the day of `near`.
    pub fn hms_near(&self, t: Timestamp, near: Timestamp) -> String {
        if self.date(t) == self.date(near) { self.hms(t) } else { format!("{} {}", self.date(t), self.hms(t)) }
    }

    /// How long ago in a sentence: `4 min ago`, `just now`.
    pub fn ago_said(&self, t: Timestamp) -> String {
        let nanos = self.now.since(t);
        if nanos < SECOND { "just now".into() } else { format!("{} ago", duration(nanos)) }
    }

    /// How long ago, such as `4 min`; `now` under a second and for the future.
    pub fn ago(&self, t: Timestamp) -> String {
        let nanos = self.now.since(t);
        if nanos < SECOND { "now".into() } else { duration(nanos) }
    }
}

/// When ages on the screen should be written anew, by the youngest of them: every second while it is counted in seconds,
/// every minute while in minutes, else every hour. All of them on the stroke, so that many ages are one frame.
pub fn next_stroke(now: Timestamp, youngest: Timestamp) -> Option<Timestamp> {
    let step = match now.since(youngest) / SECOND {
        i64::MIN..=-1 => return None,
        0..=119 => SECOND,
        120..=7199 => 60 * SECOND,
        _ => 3600 * SECOND,
    };
    now.0.div_euclid(step).checked_add(1)?.checked_mul(step).map(Timestamp)
}

/// A year of the calendar on average, seconds.
const YEAR: i64 = 31_556_952;
const TWO_YEARS: i64 = 2 * YEAR;

/// Nanoseconds in the largest unit that fits at least twice, so that it never jumps back to a smaller number: `850 ms`, `4 s`, `9 min`, `2 h`, `12 d`, `3 y`.
pub fn duration(nanos: i64) -> String {
    let secs = nanos / SECOND;
    match secs {
        i64::MIN..=0 => format!("{} ms", nanos / 1_000_000),
        1..=119 => format!("{secs} s"),
        120..=7199 => format!("{} min", secs / 60),
        7200..=172_799 => format!("{} h", secs / 3600),
        172_800..TWO_YEARS => format!("{} d", secs / 86_400),
        _ => format!("{} y", secs / YEAR),
    }
}

/// Nanoseconds in a sentence: days and years in words, `12 days`, `3 years`, else as [`duration`].
pub fn ago_words(nanos: i64) -> String {
    match nanos / SECOND {
        secs @ 172_800..TWO_YEARS => format!("{} days", secs / 86_400),
        secs @ TWO_YEARS.. => format!("{} years", secs / YEAR),
        _ => duration(nanos.max(0)),
    }
}

/// Nanoseconds without a space, for narrow columns: `4s`, `9m`, `2h`, `12d`, `3y`.
pub fn duration_short(nanos: i64) -> String {
    let secs = nanos / SECOND;
    match secs {
        i64::MIN..=0 => "0s".into(),
        1..=119 => format!("{secs}s"),
        120..=7199 => format!("{}m", secs / 60),
        7200..=172_799 => format!("{}h", secs / 3600),
        172_800..TWO_YEARS => format!("{}d", secs / 86_400),
        _ => format!("{}y", secs / YEAR),
    }
}

/// Seconds with the precision that matters: `0.04 s`, `2.1 s`, `41 s`, `3 min`.
pub fn seconds(s: f64) -> String {
    match s {
        s if s < 0.1 => format!("{s:.2} s"),
        s if s < 10.0 => format!("{s:.1} s"),
        s if s < 120.0 => format!("{s:.0} s"),
        s => format!("{:.0} min", s / 60.0),
    }
}

/// `1,942,008`
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// At most five characters: `214`, `1.3 k`, `1.94 M`, without the space when `tight`.
pub fn compact(n: f64) -> String {
    let (value, unit) = match n {
        n if n < 1e3 => return if n < 10.0 && n.fract() > 0.05 { format!("{n:.1}") } else { format!("{n:.0}") },
        n if n < 999_500.0 => (n / 1e3, "k"),
        n if n < 999_500_000.0 => (n / 1e6, "M"),
        n => (n / 1e9, "G"),
    };
    if value < 10.0 { format!("{value:.1}{unit}") } else { format!("{value:.0}{unit}") }
}

/// `3.4 MiB`
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = n as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 || value >= 100.0 {
        format!("{value:.0} {}", UNITS[unit])
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

/// Seconds that are left, whole ones: `3 s`, `4 min`.
pub fn left(seconds: f64) -> String {
    let seconds = seconds.ceil().max(1.0);
    if seconds < 120.0 { format!("{seconds:.0} s") } else { format!("{:.0} min", seconds / 60.0) }
}

/// How far the reading of what was there before has come, while it goes on: the share of the bytes, and the seconds
/// that are left, once they can be told.
pub fn backfill(s: &Snapshot) -> Option<(f64, Option<f64>)> {
    let behind = || s.sources.iter().filter(|s| s.info.state == SourceState::Backfill);
    let (read, size) = behind().fold((0u64, 0u64), |(r, n), s| (r + s.info.read.min(s.info.size), n + s.info.size));
    let left = behind().filter_map(|s| s.left).reduce(f64::max);
    // What is read within a blink is no news.
    (size.saturating_sub(read) > 1 << 20).then(|| (read as f64 / size as f64, left))
}

/// `57 %`; under one per cent `<1 %`.
pub fn percent(share: f64) -> String {
    if share > 0.0 && share < 0.01 { "<1 %".into() } else { format!("{:.0} %", share * 100.0) }
}

/// A value as the filter language takes it after a key: in quotes when it has anything but the usual characters.
pub fn filter_value(value: &str) -> String {
    let usual = |c: char| c.is_alphanumeric() || "._-/".contains(c);
    let plain = value.starts_with(|c: char| c.is_alphanumeric() || c == '/') && value.chars().all(usual);
    if plain { value.to_owned() } else { filter_text(value) }
}

/// Text to be found as it is, as the filter language takes it.
pub fn filter_text(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// `1 record`, `2 records`.
pub fn plural(n: u64, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{} {one}s", count(n)) }
}

/// A time as SQL gives it (`2025-01-07T14:22:31.402000000Z`) without the digits that say nothing; any other text as it
/// is.
pub fn short_time(text: &str) -> std::borrow::Cow<'_, str> {
    let bytes = text.as_bytes();
    let looks = bytes.len() == 30 && bytes[10] == b'T' && bytes[19] == b'.' && bytes[29] == b'Z' && text.is_ascii();
    match text.get(20..29) {
        Some("000000000") if looks => format!("{}Z", &text[..19]).into(),
        Some(digits) if looks && digits.ends_with("000000") => format!("{}Z", &text[..23]).into(),
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn ages_are_written_anew_no_more_often_than_their_texts_change() {
        let at = |secs: i64, millis: i64| Timestamp(secs * SECOND + millis * 1_000_000);
        let next = |age: i64| next_stroke(at(100_000, 250), at(100_000 - age, 250)).map(|t| t.0 / SECOND);
        assert_eq!((next(-5), next(0), next(119)), (None, Some(100_001), Some(100_001)));
        assert_eq!((next(120), next(7_199)), (Some(100_020), Some(100_020)));
        assert_eq!(next(7_200), Some(100_800));
        assert!(next_stroke(at(60, 0), at(0, 0)).is_some_and(|t| t > at(60, 0)), "never now");
    }

    #[test]
    fn counts_read_in_groups_of_three() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_942_008), "1,942,008");
    }

    #[test]
    fn compact_numbers_stay_short() {
        for (n, text) in
            [(0.0, "0"), (1.25, "1.2"), (214.0, "214"), (1284.0, "1.3k"), (12_840.0, "13k"), (1_940_000.0, "1.9M")]
        {
            assert_eq!(compact(n), text);
        }
    }

    #[test]
    fn durations_pick_a_unit_people_use() {
        for (secs, text) in [
            (4, "4 s"),
            (240, "4 min"),
            (7200, "2 h"),
            (12 * 86_400, "12 d"),
            (730 * 86_400, "730 d"),
            (731 * 86_400, "2 y"),
            (7662 * 86_400, "20 y"),
        ] {
            assert_eq!(duration(secs * SECOND), text);
        }
    }

    #[test]
    fn times_are_written_in_the_given_zone() {
        let clock = Clock { now: Timestamp::from_secs(1_736_260_951), zone: TimeZone::fixed(jiff::tz::offset(2)) };
        assert_eq!(clock.hms(Timestamp::from_secs(1_736_260_951)), "16:42:31");
        assert_eq!(clock.hms_millis(Timestamp(1_736_260_951_402_000_000)), "16:42:31.402");
    }
}
