//! The time the user types to go to: a clock on the day of the line under the cursor, a date, or a step from there.

use aiobs_types::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

/// Reads `14:22`, `14:22:31.5`, `2025-01-07`, `2025-01-07 14:22`, `-10m`, `+30s`. Clocks are on the day of `near`.
///
/// # Errors
/// Says what can be written.
pub(super) fn parse(typed: &str, near: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    let typed = typed.trim();
    if let Some(step) = step(typed) {
        return Ok(near.plus(step));
    }
    let day = || {
        let t = jiff::Timestamp::from_nanosecond(i128::from(near.0)).ok()?;
        Some(t.to_zoned(zone.clone()).date())
    };
    let moment: Option<DateTime> = clock(typed)
        .and_then(|t| Some(day()?.to_datetime(t)))
        .or_else(|| {
            let (date, time) = typed.split_once([' ', 'T'])?;
            Some(date.parse::<Date>().ok()?.to_datetime(clock(time.trim())?))
        })
        .or_else(|| typed.parse::<Date>().ok().map(|d| d.to_datetime(Time::midnight())));
    moment
        .and_then(|m| m.to_zoned(zone.clone()).ok())
        .and_then(|z| i64::try_from(z.timestamp().as_nanosecond()).ok())
        .map(Timestamp)
        .ok_or_else(|| "not a time or place; write 14:22, 2025-01-07 14:22, -10m, +30s, 50% or #1207 (a record)".into())
}

/// `14`, `14:22`, `14:22:31`, `14:22:31.402`.
fn clock(text: &str) -> Option<Time> {
    let mut parts = text.split(':');
    let hour: i8 = parts.next()?.parse().ok()?;
    let minute: i8 = parts.next()?.parse().ok()?;
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

/// `-10m`, `+1h`, `-2d` in nanoseconds.
fn step(text: &str) -> Option<i64> {
    let sign = match text.chars().next()? {
        '-' => -1,
        '+' => 1,
        _ => return None,
    };
    let (unit_at, unit) = text.char_indices().next_back()?;
    let n: i64 = text.get(1..unit_at)?.trim().parse().ok().filter(|n| *n >= 0)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    n.checked_mul(seconds)?.checked_mul(1_000_000_000)?.checked_mul(sign)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn times_are_read_on_the_day_of_the_cursor() {
        let near = Timestamp::from_secs(1_736_260_951); // 2025-01-07 14:42:31 UTC
        let at = |t: &str| parse(t, near, &TimeZone::UTC).map(Timestamp::secs);
        assert_eq!(at("14:22").unwrap(), 1_736_259_720);
        assert_eq!(at("14:22:31.5").unwrap(), 1_736_259_751);
        assert_eq!(at("-10m").unwrap(), 1_736_260_351);
        assert_eq!(at("+30s").unwrap(), 1_736_260_981);
        assert_eq!(at("2025-01-06").unwrap(), 1_736_121_600);
        assert_eq!(at("2025-01-06 01:00").unwrap(), 1_736_125_200);
        for bad in ["", "soon", "25:00", "-", "+é", "-99999999999999999d", "1:2:3:4"] {
            assert!(at(bad).is_err(), "{bad}");
        }
    }
}
