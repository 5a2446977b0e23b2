//! Functions that SQL has here beside SQLite's own.

use super::ReadFilter;
use aiobs_types::{Quantity, Severity, Timestamp, Unit};
use regex::Regex;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, Result};
use std::fmt::Write as _;
use std::sync::Arc;

fn wrong(text: impl Into<String>) -> Error {
    Error::UserFunctionError(text.into().into())
}

pub(super) fn register(conn: &Connection, filter: &Arc<ReadFilter>) -> Result<()> {
    let pure = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    conn.create_scalar_function("rfc3339", 1, pure, |cx| Ok(integer(cx, 0)?.map(|ns| rfc3339(Timestamp(ns)))))?;
    conn.create_scalar_function("level", 1, pure, |cx| {
        Ok(integer(cx, 0)?.map(|n| Severity(u8::try_from(n).unwrap_or(0)).level().name()))
    })?;
    conn.create_scalar_function("bucket", 2, pure, bucket)?;
    conn.create_scalar_function("quantity", 1, pure, |cx| {
        let text = match cx.get_raw(0) {
            ValueRef::Text(t) => String::from_utf8_lossy(t).into_owned(),
            ValueRef::Integer(n) => return Ok(Some(n as f64)),
            ValueRef::Real(n) => return Ok(Some(n)),
            _ => return Ok(None),
        };
        Ok(Quantity::parse(&text).map(|q| q.value))
    })?;
    conn.create_scalar_function("regexp", 2, pure, regexp)?;
    let filter = Arc::clone(filter);
    conn.create_scalar_function("since", 1, FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS, move |cx| {
        let text: String = cx.get(0)?;
        let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
        match filter(&format!("since:\"{quoted}\"")) {
            Ok(query) => Ok(query.from.map(|t| t.0)),
            Err(_) => Err(wrong(format!(
                "since('{text}'): no time; write '10m', '14:30', 'yesterday 9am' or '2025-01-07T14:30'"
            ))),
        }
    })
}

fn integer(cx: &Context<'_>, i: usize) -> Result<Option<i64>> {
    Ok(match cx.get_raw(i) {
        ValueRef::Null => None,
        ValueRef::Integer(n) => Some(n),
        ValueRef::Real(n) => Some(n as i64),
        _ => return Err(wrong("a number is expected")),
    })
}

fn bucket(cx: &Context<'_>) -> Result<Option<String>> {
    let Some(time) = integer(cx, 0)? else { return Ok(None) };
    let text: String = cx.get(1)?;
    let width = Quantity::parse(&text).filter(|q| q.unit == Unit::Time && q.value >= 1.0 && q.value < 1e18);
    let Some(width) = width else {
        return Err(wrong(format!("bucket(time_ns, '{text}'): write a length such as '30s', '5m', '1h' or '1d'")));
    };
    Ok(Some(rfc3339(Timestamp(floor(time, width.value as i64)))))
}

fn floor(time: i64, width: i64) -> i64 {
    time.saturating_sub(time.rem_euclid(width.max(1)))
}

/// `text REGEXP pattern` is `regexp(pattern, text)`.
fn regexp(cx: &Context<'_>) -> Result<Option<bool>> {
    let (ValueRef::Text(_), ValueRef::Text(text)) = (cx.get_raw(0), cx.get_raw(1)) else { return Ok(None) };
    let compile = |v: ValueRef<'_>| -> std::result::Result<Regex, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Regex::new(v.as_str()?)?)
    };
    let regex = cx.get_or_create_aux(0, compile)?;
    Ok(Some(regex.is_match(&String::from_utf8_lossy(text))))
}

/// RFC 3339 in UTC with nanoseconds; of the same length for all times, so that their order is that of the texts.
pub(super) fn rfc3339(time: Timestamp) -> String {
    let (secs, nanos) = (time.0.div_euclid(1_000_000_000), time.0.rem_euclid(1_000_000_000));
    let (day, second) = (secs.div_euclid(86_400), secs.rem_euclid(86_400));
    let (year, month, day) = civil(day);
    let mut out = String::with_capacity(30);
    let (h, m, s) = (second / 3_600, second / 60 % 60, second % 60);
    let _ = write!(out, "{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}.{nanos:09}Z");
    out
}

/// Year, month and day of a day counted from 1970-01-01 (Hinnant, "chrono-compatible low-level date algorithms", 2013).
const fn civil(day: i64) -> (i64, i64, i64) {
    let z = day + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + (month <= 2) as i64, month, doy - (153 * mp + 2) / 5 + 1)
}

/// The days from 1970-01-01 to a day that exists; `None` for others.
pub(super) fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(1600..=2300).contains(&year) {
        return None;
    }
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    let days = era * 146_097 + doe - 719_468;
    (civil(days) == (year, month, day)).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_alike() {
        for (ns, text) in [
            (0, "1970-01-01T00:00:00.000000000Z"),
            (-1, "1969-12-31T23:59:59.999999999Z"),
            (1_736_260_215_123_456_789, "2025-01-07T14:30:15.123456789Z"),
            (1_709_164_800_000_000_000, "2024-02-29T00:00:00.000000000Z"),
            (i64::MIN, "1677-09-21T00:12:43.145224192Z"),
            (i64::MAX, "2262-04-11T23:47:16.854775807Z"),
        ] {
            assert_eq!(rfc3339(Timestamp(ns)), text);
        }
        assert_eq!(days(2024, 2, 29), Some(19_782));
        assert_eq!(days(2025, 2, 29), None);
    }
}
