//! Hours of the week in which a rule holds: `mon-fri 08:00-18:00, sat 10:00-14:00`.

use jiff::Zoned;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY: u16 = 24 * 60;

/// One span: days as bits from Monday, and minutes of the day. An end before the begin is on the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    days: u8,
    from: u16,
    to: u16,
}

/// Hours of the week.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hours(Vec<Span>);

impl Hours {
    /// From the words of a rule; empty is always.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        text.split(',').map(str::trim).filter(|p| !p.is_empty()).map(span).collect::<Result<_, _>>().map(Self)
    }

    /// Whether none were given.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this moment, in its own zone, lies within.
    pub fn hold(&self, at: &Zoned) -> bool {
        let day = at.weekday().to_monday_zero_offset() as usize;
        let minute = at.hour() as u16 * 60 + at.minute() as u16;
        self.0.is_empty() || self.0.iter().any(|s| s.holds(day, minute))
    }
}

impl Span {
    fn holds(self, day: usize, minute: u16) -> bool {
        let on = |day: usize| self.days & (1 << day) != 0;
        if self.from < self.to {
            return on(day) && (self.from..self.to).contains(&minute);
        }
        on(day) && minute >= self.from || on((day + 6) % 7) && minute < self.to
    }
}

fn span(text: &str) -> Result<Span, String> {
    let expected = || format!("`{text}`: expected days, times or both, such as \"mon-fri 08:00-18:00\"");
    let mut span = Span { days: 0x7f, from: 0, to: DAY };
    let words: Vec<&str> = text.split_whitespace().collect();
    let (days, times) = match words.as_slice() {
        [one] if one.starts_with(|c: char| c.is_ascii_digit()) => (None, Some(*one)),
        [one] => (Some(*one), None),
        [days, times] => (Some(*days), Some(*times)),
        _ => return Err(expected()),
    };
    if let Some(days) = days {
        let (from, to) = days.split_once('-').unwrap_or((days, days));
        let at = |d: &str| DAYS.iter().position(|known| *known == d.to_ascii_lowercase()).ok_or_else(expected);
        let (from, to) = (at(from)?, at(to)?);
        span.days = (0..7).map(|n| (from + n) % 7).take((to + 7 - from) % 7 + 1).fold(0, |bits, d| bits | 1 << d);
    }
    if let Some(times) = times {
        let (from, to) = times.split_once('-').ok_or_else(expected)?;
        (span.from, span.to) = (minute(from).ok_or_else(expected)?, minute(to).ok_or_else(expected)?);
        if span.from == span.to || span.from == DAY {
            return Err(expected());
        }
    }
    Ok(span)
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let all = hour * 60 + minute;
    (hour <= 24 && minute < 60 && all <= DAY).then_some(all)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::Hours;
    use jiff::civil::date;
    use jiff::tz::TimeZone;

    /// 2026-01-05 is a Monday.
    fn holds(hours: &str, day: i8, hour: i8, minute: i8) -> bool {
        let at = date(2026, 1, 4 + day).at(hour, minute, 0, 0).to_zoned(TimeZone::UTC).unwrap();
        Hours::parse(hours).unwrap().hold(&at)
    }

    #[test]
    fn days_times_nights_and_weeks_round_the_end() {
        assert!(holds("", 1, 3, 0));
        let office = "mon-fri 08:00-18:00, sat 10:00-14:00";
        assert!(holds(office, 1, 8, 0) && holds(office, 5, 17, 59) && holds(office, 6, 10, 0));
        assert!(!holds(office, 1, 7, 59) && !holds(office, 5, 18, 0) && !holds(office, 7, 12, 0));
        let night = "fri 22:00-06:00";
        assert!(holds(night, 5, 22, 0) && holds(night, 6, 5, 59) && !holds(night, 6, 22, 0) && !holds(night, 5, 5, 0));
        assert!(holds("sat-mon", 7, 0, 0) && holds("sat-mon", 1, 23, 59) && !holds("sat-mon", 2, 0, 0));
        assert!(holds("00:00-24:00", 3, 23, 59));
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        for bad in
            ["workdays", "mon 8-18", "mon 08:00-08:00", "25:00-26:00", "mon fri 08:00-09:00", "08:00", "24:00-06:00"]
        {
            let error = Hours::parse(bad).unwrap_err();
            assert!(error.contains("mon-fri 08:00-18:00") && error.contains(bad), "{error}");
        }
    }
}
