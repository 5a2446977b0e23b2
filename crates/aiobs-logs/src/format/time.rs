//! Hand scanners for the shapes of timestamps in log lines. Used by the format engine; it decides no zone and no
//! missing year, [`super::civil`] does.

use super::civil::{Stamp, date_exists, days_from_civil, secs_of_day};
use super::zone::{abbreviation, named, shifted, zone, zoned};

/// Which shapes may stand at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Any shape that cannot be mistaken: ISO 8601 and kin, month names.
    Any,
    /// ISO 8601 with its `T`.
    Iso,
    /// `2025/01/07 14:30:15`, with slashes and nothing else.
    Slashed,
    /// Seconds, milli-, micro- or nanoseconds since the epoch, told apart by the number of digits.
    Epoch,
    /// `MMDD HH:MM:SS.frac` of glog.
    MonthDay,
    /// `MM-DD HH:MM:SS.frac` of Android.
    DashedMonthDay,
    /// `YY/MM/DD HH:MM:SS`.
    ShortYear,
    /// `YYMMDD HHMMSS` or `YYMMDD HH:MM:SS`.
    CompactYear,
    /// `M/D/YYYY h:mm:ss`, with AM or PM or by 24 hours: the American order, which only a format can know.
    American,
    /// `07-Jan-2025 14:30:15`, with the dashes and nothing else.
    DashedMonth,
    /// `Tue Jan  7 14:30:15 2025`, with the weekday and nothing else.
    Weekday,
    /// `HH:MM:SS`, a clock without a date: recognised, but no point in time.
    Clock,
}

/// The shapes by the names used in layouts.
pub(crate) const SHAPES: [(&str, Shape); 12] = [
    ("any", Shape::Any),
    ("iso", Shape::Iso),
    ("slashed", Shape::Slashed),
    ("epoch", Shape::Epoch),
    ("mmdd", Shape::MonthDay),
    ("mm-dd", Shape::DashedMonthDay),
    ("yy/mm/dd", Shape::ShortYear),
    ("yymmdd", Shape::CompactYear),
    ("m/d/yyyy", Shape::American),
    ("dd-mon", Shape::DashedMonth),
    ("weekday", Shape::Weekday),
    ("clock", Shape::Clock),
];

impl Shape {
    /// By the name used in layouts.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        SHAPES.iter().find(|s| s.0 == name).map(|s| s.1)
    }
}

/// Reads a timestamp that begins at `at`; gives it and where it ends.
pub(crate) fn scan(b: &[u8], at: usize, shape: Shape) -> Option<(Stamp, usize)> {
    match shape {
        Shape::Any => any(b, at),
        Shape::Iso => (b.get(at + 10) == Some(&b'T')).then(|| any(b, at)).flatten(),
        Shape::Slashed => (b.get(at + 4) == Some(&b'/')).then(|| any(b, at)).flatten(),
        Shape::Epoch => epoch(b, at),
        Shape::MonthDay => {
            let (month, day) = (two(b, at)?, two(b, at + 2)?);
            let clock = clock(b, expect(b, at + 4, b' ')?, b':')?;
            Some((yearless(month, day, &clock), clock.end))
        }
        Shape::DashedMonthDay => {
            let (month, day) = (two(b, at)?, two(b, expect(b, at + 2, b'-')?)?);
            let clock = clock(b, expect(b, at + 5, b' ')?, b':')?;
            Some((yearless(month, day, &clock), clock.end))
        }
        Shape::ShortYear => {
            let year = two(b, at)?;
            let month = two(b, expect(b, at + 2, b'/')?)?;
            let day = two(b, expect(b, at + 5, b'/')?)?;
            let clock = clock(b, expect(b, at + 8, b' ')?, b':')?;
            Some((local(pivot(year), month, day, &clock), clock.end))
        }
        Shape::CompactYear => {
            let (year, month, day) = (two(b, at)?, two(b, at + 2)?, two(b, at + 4)?);
            let start = skip_spaces(b, expect(b, at + 6, b' ')?);
            let clock = clock(b, start, b':').or_else(|| compact_clock(b, start))?;
            Some((local(pivot(year), month, day, &clock), clock.end))
        }
        Shape::American => american(b, at),
        Shape::DashedMonth => (b.get(at + 2) == Some(&b'-')).then(|| any(b, at)).flatten(),
        Shape::Weekday => weekday(b, at),
        Shape::Clock => clock(b, at, b':').map(|c| (Stamp::Impossible, c.end)),
    }
}

fn any(b: &[u8], at: usize) -> Option<(Stamp, usize)> {
    match b.get(at)? {
        b'0'..=b'9' => match (b.get(at + 4)?, b.get(at + 2)?) {
            (b'-' | b'/' | b'.', b'0'..=b'9') => year_first(b, at),
            (_, b'/' | b'-' | b' ') => day_first(b, at),
            (_, b'.') => dotted(b, at),
            (b'0'..=b'9', _) => compact(b, at),
            _ => None,
        },
        b'A'..=b'Z' => {
            if month_name(b, at).is_some() {
                month_first(b, at)
            } else {
                weekday(b, at)
            }
        }
        _ => None,
    }
}

/// `2025-01-07 14:30:15,123`, `2025-01-07T14:30:15.123Z`, `2025/01/07 14:30:15`, `2025-01-07-14.30.15.123456`.
fn year_first(b: &[u8], at: usize) -> Option<(Stamp, usize)> {
    let date = b.get(at..at + 10)?;
    let year = i64::from(two(date, 0)?) * 100 + i64::from(two(date, 2)?);
    let sep = date[4];
    if date[7] != sep {
        return None;
    }
    let (month, day) = (two(date, 5)?, two(date, 8)?);
    let clock = match *b.get(at + 10)? {
        b'T' | b't' | b'_' | b':' => clock(b, at + 11, b':')?,
        b' ' | b'\t' => clock(b, skip_spaces(b, at + 11), b':')?,
        b'-' => clock(b, at + 11, b'.').or_else(|| clock(b, at + 11, b':'))?,
        _ => return None,
    };
    Some(zoned(b, local(year, month, day, &clock), clock.end))
}

/// `07/Jan/2025:14:30:15 +0000`, `07-Jan-2025 14:30:15 UTC`, `07 Jan 2025 14:30:15.123`.
fn day_first(b: &[u8], at: usize) -> Option<(Stamp, usize)> {
    let day = two(b, at)?;
    let month = month_name(b, at + 3)?;
    if b.get(at + 6)? != b.get(at + 2)? {
        return None;
    }
    let year = i64::from(two(b, at + 7)?) * 100 + i64::from(two(b, at + 9)?);
    if !matches!(b.get(at + 11)?, b':' | b' ' | b'T') {
        return None;
    }
    let clock = clock(b, at + 12, b':')?;
    Some(zoned(b, local(year, month, day, &clock), clock.end))
}

/// `07.01.2025 14:30:15`: the day comes first wherever dots are used.
fn dotted(b: &[u8], at: usize) -> Option<(Stamp, usize)> {
    let (day, month) = (two(b, at)?, two(b, at + 3)?);
    expect(b, at + 5, b'.')?;
    let year = year(b, at + 6)?;
    let clock = clock(b, skip_spaces(b, at + 10 + usize::from(b.get(at + 10) == Some(&b','))), b':')?;
    Some(zoned(b, local(year, month, day, &clock), clock.end))
}

/// `1/7/2025 2:30:15 PM`, `01/07/2025 14:30:15.123`.
fn american(b: &[u8], at: usize) -> Option<(Stamp, usize)> {
    let (month, end) = day_of_month(b, at)?;
    let (day, end) = day_of_month(b, expect(b, end, b'/')?)?;
    let start = expect(b, end, b'/')?;
    let year = year(b, start)?;
    let comma = usize::from(b.get(start + 4) == Some(&b','));
    let clock = clock12(b, expect(b, start + 4 + comma, b' ')?)?;
    Some(zoned(b, local(year, month, day, &clock), clock.end))
}

/// `20250107T143015Z`, `20250107-14:30:15:606`, `20250107 14:30:15`.
fn compact(b: &[u8], at: usize) -> Option<(Stamp, usize)> {
    let year = i64::from(two(b, at)?) * 100 + i64::from(two(b, at + 2)?);
    let (month, day) = (two(b, at + 4)?, two(b, at + 6)?);
    if !matches!(b.get(at + 8)?, b'T' | b'-' | b' ' | b'_') || !(1970..2100).contains(&year) {
        return None;
    }
    let clock = clock(b, at + 9, b':').or_else(|| compact_clock(b, at + 9))?;
    Some(zoned(b, local(year, month, day, &clock), clock.end))
}

/// `Jan  7 14:30:15`, with a fraction, or with the year before or after the clock.
fn month_first(b: &[u8], at: usize) -> Option<(Stamp, usize)> {
    let month = month_name(b, at)?;
    let (day, end) = day_of_month(b, skip_spaces(b, expect(b, at + 3, b' ')?))?;
    let after = match b.get(end)? {
        b' ' => end + 1,
        b',' => skip_spaces(b, end + 1),
        _ => return None,
    };
    if let Some(year) = year(b, after) {
        let clock = clock12(b, skip_spaces(b, after + 4 + usize::from(b.get(after + 4) == Some(&b','))))?;
        return Some(zoned(b, local(year, month, day, &clock), clock.end));
    }
    let clock = clock(b, after, b':')?;
    if b.get(clock.end) == Some(&b' ')
        && let Some(year) = year(b, clock.end + 1)
        // A year ends the stamp; a number that goes on, or that a plain message begins with, does not.
        && matches!(b.get(clock.end + 5), None | Some(b']'))
    {
        return Some((local(year, month, day, &clock), clock.end + 5));
    }
    Some((yearless(month, day, &clock), clock.end))
}

/// `Sun Dec 04 04:47:44 2005`, `Sun Dec  4 04:47:44 UTC 2005`, `Tue, 07 Jan 2025 14:30:15 GMT`.
fn weekday(b: &[u8], at: usize) -> Option<(Stamp, usize)> {
    const NAMES: [&[u8; 3]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
    let name = b.get(at..at + 3)?;
    if !NAMES.iter().any(|n| *n == name) {
        return None;
    }
    if b.get(at + 3) == Some(&b',') {
        return day_first(b, skip_spaces(b, at + 4));
    }
    let at = expect(b, at + 3, b' ')?;
    let Some(month) = month_name(b, at) else { return day_first(b, at) };
    let (day, end) = day_of_month(b, skip_spaces(b, expect(b, at + 3, b' ')?))?;
    let clock = clock(b, expect(b, end, b' ')?, b':')?;
    if b.get(clock.end) == Some(&b' ') {
        if let Some(year) = year(b, clock.end + 1) {
            return Some(zoned(b, local(year, month, day, &clock), clock.end + 5));
        }
        let year_behind = |end| expect(b, end, b' ').and_then(|p| year(b, p));
        if let Some((shift, end)) = zone(b, clock.end + 1)
            && let Some(year) = year_behind(end)
        {
            return Some((shifted(local(year, month, day, &clock), shift), end + 5));
        }
        if let Some((letters, minutes, end)) = abbreviation(b, clock.end + 1)
            && let Some(year) = year_behind(end)
        {
            return Some((named(local(year, month, day, &clock), letters, minutes), end + 5));
        }
    }
    Some((yearless(month, day, &clock), clock.end))
}

/// A number of 10 (seconds, perhaps with a fraction), 13, 16 or 19 digits.
pub(crate) fn epoch(b: &[u8], at: usize) -> Option<(Stamp, usize)> {
    let digits = b.get(at..)?.iter().take(20).take_while(|c| c.is_ascii_digit()).count();
    let whole = number(b.get(at..at + digits)?)?;
    let mut end = at + digits;
    let nanos = match digits {
        10 => {
            let (nanos, after) = fraction(b, end);
            end = after;
            whole.checked_mul(1_000_000_000)?.checked_add(i64::from(nanos))?
        }
        13 => {
            // Milliseconds may carry a fraction of their own; it is below what matters.
            if b.get(end) == Some(&b'.') {
                end = fraction(b, end).1;
            }
            whole.checked_mul(1_000_000)?
        }
        16 => whole.checked_mul(1000)?,
        19 => whole,
        _ => return None,
    };
    if b.get(end).is_some_and(u8::is_ascii_alphanumeric) { None } else { Some((Stamp::Instant(nanos), end)) }
}

struct Clock {
    secs: Option<u32>,
    nanos: u32,
    end: usize,
}

/// `14:30:15` with an optional fraction after a dot, comma or (with three or more digits) colon.
fn clock(b: &[u8], at: usize, sep: u8) -> Option<Clock> {
    let c = b.get(at..at + 8)?;
    if c[2] != sep || c[5] != sep {
        return None;
    }
    let secs = secs_of_day(two(c, 0)?, two(c, 3)?, two(c, 6)?);
    let (nanos, end) = fraction(b, at + 8);
    Some(Clock { secs, nanos, end })
}

/// A clock, also with one digit of the hour and followed by AM or PM.
fn clock12(b: &[u8], at: usize) -> Option<Clock> {
    let (hour, end) = day_of_month(b, at)?;
    if b.get(end) != Some(&b':') || b.get(end + 3) != Some(&b':') {
        return None;
    }
    let (minute, second) = (two(b, end + 1)?, two(b, end + 4)?);
    let (nanos, end) = fraction(b, end + 6);
    let half = expect(b, end, b' ')
        .and_then(|p| b.get(p..p + 2))
        .map(|w| [w[0].to_ascii_uppercase(), w[1].to_ascii_uppercase()]);
    let (hour, end) = match half {
        Some([b'A', b'M']) if (1..=12).contains(&hour) => (hour % 12, end + 3),
        Some([b'P', b'M']) if (1..=12).contains(&hour) => (hour % 12 + 12, end + 3),
        _ => (hour, end),
    };
    Some(Clock { secs: secs_of_day(hour, minute, second), nanos, end })
}

fn compact_clock(b: &[u8], at: usize) -> Option<Clock> {
    let c = b.get(at..at + 6)?;
    let secs = secs_of_day(two(c, 0)?, two(c, 2)?, two(c, 4)?);
    if b.get(at + 6).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let (nanos, end) = fraction(b, at + 6);
    Some(Clock { secs, nanos, end })
}

/// Nanoseconds of a fraction that begins with its mark at `at`, and its end; digits past the ninth are dropped.
fn fraction(b: &[u8], at: usize) -> (u32, usize) {
    let Some(mark @ (b'.' | b',' | b':')) = b.get(at) else { return (0, at) };
    let mut nanos = 0u32;
    let mut digits = 0;
    let mut end = at + 1;
    while let Some(d @ b'0'..=b'9') = b.get(end) {
        if digits < 9 {
            nanos = nanos * 10 + u32::from(d - b'0');
            digits += 1;
        }
        end += 1;
    }
    if digits == 0 || (*mark == b':' && digits < 3) {
        return (0, at);
    }
    while digits < 9 {
        nanos *= 10;
        digits += 1;
    }
    (nanos, end)
}

fn local(year: i64, month: u8, day: u8, clock: &Clock) -> Stamp {
    match clock.secs {
        Some(s) if date_exists(year, month, day) => {
            Stamp::Local { secs: days_from_civil(year, month, day) * 86_400 + i64::from(s), nanos: clock.nanos }
        }
        _ => Stamp::Impossible,
    }
}

fn yearless(month: u8, day: u8, clock: &Clock) -> Stamp {
    // 2024 has every date.
    match clock.secs {
        Some(s) if date_exists(2024, month, day) => Stamp::Yearless { month, day, secs_of_day: s, nanos: clock.nanos },
        _ => Stamp::Impossible,
    }
}

/// Two-digit years: POSIX, 69 to 99 are the last century.
fn pivot(year: u8) -> i64 {
    i64::from(year) + if year >= 69 { 1900 } else { 2000 }
}

fn year(b: &[u8], at: usize) -> Option<i64> {
    let year = i64::from(two(b, at)?) * 100 + i64::from(two(b, at + 2)?);
    let ends = !b.get(at + 4).is_some_and(|c| c.is_ascii_alphanumeric() || *c == b':');
    (ends && (1970..2200).contains(&year)).then_some(year)
}

fn day_of_month(b: &[u8], at: usize) -> Option<(u8, usize)> {
    match two(b, at) {
        Some(day) => Some((day, at + 2)),
        None => Some((b.get(at).filter(|c| c.is_ascii_digit())? - b'0', at + 1)),
    }
}

fn month_name(b: &[u8], at: usize) -> Option<u8> {
    Some(match b.get(at..at + 3)? {
        b"Jan" => 1,
        b"Feb" => 2,
        b"Mar" => 3,
        b"Apr" => 4,
        b"May" => 5,
        b"Jun" => 6,
        b"Jul" => 7,
        b"Aug" => 8,
        b"Sep" => 9,
        b"Oct" => 10,
        b"Nov" => 11,
        b"Dec" => 12,
        _ => return None,
    })
}

pub(super) fn two(b: &[u8], at: usize) -> Option<u8> {
    let (x, y) = (b.get(at)?.wrapping_sub(b'0'), b.get(at + 1)?.wrapping_sub(b'0'));
    (x < 10 && y < 10).then(|| x * 10 + y)
}

fn expect(b: &[u8], at: usize, byte: u8) -> Option<usize> {
    (b.get(at) == Some(&byte)).then_some(at + 1)
}

fn skip_spaces(b: &[u8], mut at: usize) -> usize {
    while b.get(at) == Some(&b' ') {
        at += 1;
    }
    at
}

/// A decimal number; `None` when it is empty, has other bytes or does not fit.
pub(crate) fn number(b: &[u8]) -> Option<i64> {
    if b.is_empty() {
        return None;
    }
    b.iter().try_fold(0i64, |n, c| {
        c.is_ascii_digit().then(|| n.checked_mul(10)?.checked_add(i64::from(c - b'0'))).flatten()
    })
}
