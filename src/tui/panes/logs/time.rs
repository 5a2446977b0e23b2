//! The time the user types to go to: a clock on the day of the line under the cursor, a named day, a date, or a step.

use aiobs_types::Timestamp;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};

/// Reads `14:22`, `14:22:31.5`, `9am`, `yesterday 9am`, `monday 10:00`, `2025-01-07`, `2025-01-07 14:22`, `-10m`,
/// `+1h30m`, `10m ago`, `now`. Clocks and signed steps are from `near`, named days and "ago" from `now`.
///
/// # Errors
/// Says what can be written.
pub(super) fn parse(typed: &str, near: Timestamp, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    let typed = typed.trim().to_lowercase();
    if let Some(step) = step(&typed) {
        return Ok(near.plus(step));
    }
    if typed == "now" {
        return Ok(now);
    }
    if let Some(length) = typed.strip_suffix("ago").and_then(length) {
        return Ok(now.plus(-length));
    }
    moment(&typed, near, now, zone)
        .and_then(|m| m.to_zoned(zone.clone()).ok())
        .and_then(|z| i64::try_from(z.timestamp().as_nanosecond()).ok())
        .map(Timestamp)
        .ok_or_else(|| {
            "not a time or place; write 14:22, 9am, yesterday 9am, monday 10:00, 2025-01-07 14:22, -10m, +30s, \
             10m ago, 50% or #1207 (a record)"
                .into()
        })
}

fn zoned(t: Timestamp, zone: &TimeZone) -> Option<Zoned> {
    Some(jiff::Timestamp::from_nanosecond(i128::from(t.0)).ok()?.to_zoned(zone.clone()))
}

fn moment(typed: &str, near: Timestamp, now: Timestamp, zone: &TimeZone) -> Option<DateTime> {
    if let Some(time) = clock(typed) {
        return Some(zoned(near, zone)?.date().to_datetime(time));
    }
    let with_time = || {
        let (day, time) = typed.split_once(' ').or_else(|| typed.split_once('t'))?;
        let time = time.trim();
        let time = clock(time.strip_prefix("at ").unwrap_or(time).trim())?;
        Some(date(day, now, zone)?.to_datetime(time))
    };
    with_time().or_else(|| Some(date(typed, now, zone)?.to_datetime(Time::midnight())))
}

/// `2025-01-07`, `today`, `yesterday`, `monday` or `mon` (the last one, today included).
fn date(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Date> {
    let today = || zoned(now, zone).map(|z| z.date());
    match text {
        "today" => today(),
        "yesterday" => today()?.checked_sub(1.day()).ok(),
        _ => match weekday(text) {
            Some(day) => {
                let today = today()?;
                let back = today.weekday().since(day);
                today.checked_sub(i64::from(back).days()).ok()
            }
            None => text.parse().ok(),
        },
    }
}

fn weekday(text: &str) -> Option<Weekday> {
    let names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let at = names.iter().position(|n| text.len() >= 3 && n.starts_with(text))?;
    Weekday::from_monday_zero_offset(i8::try_from(at).ok()?).ok()
}

/// `14:22`, `14:22:31`, `14:22:31.402`, `9am`, `9:30 pm`, `noon`, `midnight`.
fn clock(text: &str) -> Option<Time> {
    match text {
        "noon" => return Some(Time::constant(12, 0, 0, 0)),
        "midnight" => return Some(Time::midnight()),
        _ => {}
    }
    let half = [("am", 0), ("pm", 12)].into_iter().find_map(|(word, add)| Some((text.strip_suffix(word)?, add)));
    let mut parts = half.map_or(text, |(t, _)| t.trim_end()).split(':');
    let mut hour: i8 = parts.next()?.parse().ok()?;
    let minute: i8 = match (parts.next(), half) {
        (Some(m), _) => m.parse().ok()?,
        (None, Some(_)) => 0,
        (None, None) => return None,
    };
    if let Some((_, add)) = half {
        hour = (1..=12).contains(&hour).then_some(hour % 12 + add)?;
    }
    let (second, nanos) = match parts.next() {
        None => (0, 0),
        Some(s) => {
            let (whole, fraction) = s.split_once('.').unwrap_or((s, ""));
            let digits: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
            (whole.parse::<i8>().ok()?, digits.parse::<i32>().ok()?)
        }
    };
    if parts.next().is_some() {
        return None;
    }
    Time::new(hour, minute, second, nanos).ok()
}

/// `-10m`, `+1h30m`, `-2d` in nanoseconds.
fn step(text: &str) -> Option<i64> {
    match text.strip_prefix('-') {
        Some(back) => length(back).map(|n| -n),
        None => length(text.strip_prefix('+')?),
    }
}

/// `10m`, `1h30m`, `2 days` in nanoseconds.
fn length(text: &str) -> Option<i64> {
    let mut rest = text.trim();
    let mut sum: i64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let n: i64 = rest[..digits].parse().ok()?;
        let after = rest[digits..].trim_start();
        let word = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let seconds: i64 = match &after[..word] {
            "s" | "sec" | "second" | "seconds" => 1,
            "m" | "min" | "minute" | "minutes" => 60,
            "h" | "hour" | "hours" => 3600,
            "d" | "day" | "days" => 86_400,
            "w" | "week" | "weeks" => 604_800,
            _ => return None,
        };
        sum = sum.checked_add(n.checked_mul(seconds)?.checked_mul(1_000_000_000)?)?;
        rest = after[word..].trim_start();
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NEAR: Timestamp = Timestamp::from_secs(1_736_260_951); // Tuesday 2025-01-07 14:42:31 UTC
    const NOW: Timestamp = Timestamp::from_secs(1_736_510_400); // Friday 2025-01-10 12:00:00 UTC

    fn at(typed: &str) -> Result<String, String> {
        let t = parse(typed, NEAR, NOW, &TimeZone::UTC)?;
        Ok(jiff::Timestamp::from_nanosecond(i128::from(t.0)).unwrap().to_string())
    }

    #[test]
    fn clocks_are_read_on_the_day_of_the_cursor() {
        for (typed, means) in [
            ("14:22", "2025-01-07T14:22:00Z"),
            ("14:22:31.5", "2025-01-07T14:22:31.5Z"),
            ("9am", "2025-01-07T09:00:00Z"),
            ("9:30 PM", "2025-01-07T21:30:00Z"),
            ("12am", "2025-01-07T00:00:00Z"),
            ("noon", "2025-01-07T12:00:00Z"),
            ("-10m", "2025-01-07T14:32:31Z"),
            ("+30s", "2025-01-07T14:43:01Z"),
            ("-1h30m", "2025-01-07T13:12:31Z"),
        ] {
            assert_eq!(at(typed).as_deref(), Ok(means), "{typed}");
        }
    }

    #[test]
    fn days_are_counted_from_today() {
        for (typed, means) in [
            ("2025-01-06", "2025-01-06T00:00:00Z"),
            ("2025-01-06 01:00", "2025-01-06T01:00:00Z"),
            ("2025-01-06T01:00", "2025-01-06T01:00:00Z"),
            ("yesterday 9am", "2025-01-09T09:00:00Z"),
            ("yesterday at 9:15", "2025-01-09T09:15:00Z"),
            ("today", "2025-01-10T00:00:00Z"),
            ("Monday 10:00", "2025-01-06T10:00:00Z"),
            ("sat 10:00", "2025-01-04T10:00:00Z"),
            ("friday 8:00", "2025-01-10T08:00:00Z"),
            ("10m ago", "2025-01-10T11:50:00Z"),
            ("2 days ago", "2025-01-08T12:00:00Z"),
            ("now", "2025-01-10T12:00:00Z"),
        ] {
            assert_eq!(at(typed).as_deref(), Ok(means), "{typed}");
        }
    }

    #[test]
    fn what_is_no_time_is_told_with_what_is() {
        let bad = [
            "",
            "soon",
            "25:00",
            "13pm",
            "0am",
            "-",
            "+é",
            "-99999999999999999d",
            "1:2:3:4",
            "mo 10:00",
            "ago",
            "5 ago",
        ];
        for bad in bad {
            assert!(at(bad).is_err_and(|e| e.contains("yesterday 9am")), "{bad}");
        }
    }
}
