//! Points in time as people write them in filters.

use aiobs_types::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Zoned};

const FORMS: &str =
    "write 10m, 1h30m, 2d, 14:30, 9am, today, yesterday, \"yesterday 9am\", 2025-01-07 or 2025-01-07T14:30:15";

/// Reads a time. Spans lie before now; clocks are of today; days stand for their beginning.
pub(super) fn read(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    let unknown = || format!("`{text}` is no time; {FORMS}");
    let lower = text.trim().to_ascii_lowercase();
    let instant = jiff::Timestamp::from_nanosecond(i128::from(now.0)).map_err(|e| e.to_string())?;
    let here = instant.to_zoned(zone.clone());
    if lower == "now" {
        return Ok(now);
    }
    let ago = lower.trim_start_matches('-').trim_end_matches("ago").trim();
    if let Some(span) = span(ago) {
        return Ok(now.plus(-span));
    }
    if let Some(time) = clock(&lower) {
        return stamp(&here.date().to_datetime(time).to_zoned(zone.clone()));
    }
    if let Some(day) = day(&lower, &here) {
        return stamp(&day.map_err(|()| unknown())?.to_zoned(zone.clone()));
    }
    if let Ok(exact) = text.trim().parse::<jiff::Timestamp>() {
        return Ok(Timestamp(i64::try_from(exact.as_nanosecond()).map_err(|_| unknown())?));
    }
    if let Some(civil) = civil(text.trim()) {
        return stamp(&civil.to_zoned(zone.clone()));
    }
    let digits = lower.len();
    match lower.parse::<i64>() {
        Ok(n) if digits == 10 => Ok(Timestamp::from_secs(n)),
        Ok(n) if digits == 13 => Ok(Timestamp(n.saturating_mul(1_000_000))),
        Ok(_) => Err(format!("`{text}` has no unit; {FORMS}")),
        Err(_) => Err(unknown()),
    }
}

fn stamp(zoned: &Result<Zoned, jiff::Error>) -> Result<Timestamp, String> {
    let zoned = zoned.as_ref().map_err(ToString::to_string)?;
    i64::try_from(zoned.timestamp().as_nanosecond()).map(Timestamp).map_err(|_| "out of range".to_owned())
}

/// `1h30m`: nanoseconds.
fn span(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut total = 0i64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|n| *n > 0)?;
        let number: i64 = rest[..digits].parse().ok()?;
        let unit =
            rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(&rest[digits..], |n| &rest[digits..digits + n]);
        let scale = match unit.trim() {
            "ms" => SignedDuration::from_millis(1),
            "s" | "sec" | "secs" | "second" | "seconds" => SignedDuration::from_secs(1),
            "m" | "min" | "mins" | "minute" | "minutes" => SignedDuration::from_mins(1),
            "h" | "hour" | "hours" => SignedDuration::from_hours(1),
            "d" | "day" | "days" => SignedDuration::from_hours(24),
            "w" | "week" | "weeks" => SignedDuration::from_hours(168),
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(i64::try_from(scale.as_nanos()).ok()?)?)?;
        rest = &rest[digits + unit.len()..];
    }
    (!text.is_empty()).then_some(total)
}

/// `14:30`, `14:30:15`, `9am`, `9:30pm`.
fn clock(text: &str) -> Option<Time> {
    let (text, shift) = match (text.strip_suffix("am"), text.strip_suffix("pm")) {
        (Some(t), _) => (t.trim(), Some(0)),
        (_, Some(t)) => (t.trim(), Some(12)),
        _ => (text, None),
    };
    let parts: Vec<&str> = text.split(':').collect();
    if parts.len() > 3 || (parts.len() == 1 && shift.is_none()) {
        return None;
    }
    let number = |p: &&str| (1..=2).contains(&p.len()).then(|| p.parse::<i8>().ok()).flatten();
    let numbers: Option<Vec<i8>> = parts.iter().map(number).collect();
    let numbers = numbers?;
    let hour = match (numbers[0], shift) {
        (h, None) => h,
        (h @ 1..=12, Some(shift)) => h % 12 + shift,
        _ => return None,
    };
    Time::new(hour, numbers.get(1).copied().unwrap_or(0), numbers.get(2).copied().unwrap_or(0), 0).ok()
}

/// `today`, `yesterday`, `yesterday 9am`; `Some(Err)` when the clock after the day does not read.
fn day(text: &str, here: &Zoned) -> Option<Result<DateTime, ()>> {
    let (date, rest): (Date, &str) = match (text.strip_prefix("yesterday"), text.strip_prefix("today")) {
        (Some(rest), _) => (here.date().yesterday().ok()?, rest),
        (_, Some(rest)) => (here.date(), rest),
        _ => return None,
    };
    let rest = rest.trim_start_matches([' ', '@', '_', 't']);
    let time = if rest.is_empty() { Some(Time::midnight()) } else { clock(rest) };
    Some(time.map(|t| date.to_datetime(t)).ok_or(()))
}

fn civil(text: &str) -> Option<DateTime> {
    let text = text.replace('/', "-");
    if let Ok(date) = text.parse::<Date>()
        && text.len() == 10
    {
        return Some(date.to_datetime(Time::midnight()));
    }
    let looks = text.as_bytes().get(10).is_some_and(|c| matches!(c, b'T' | b't' | b' '));
    // What jiff would read past (a zone that does not fit, say) is no time.
    let plain = text.bytes().all(|c| c.is_ascii_digit() || matches!(c, b'-' | b':' | b'.' | b'T' | b't' | b' '));
    (looks && plain).then(|| text.parse::<DateTime>().ok()).flatten()
}
