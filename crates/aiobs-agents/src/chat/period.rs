//! Times as questions name them ("in the last ten minutes", "depuis 14h20", "yesterday"), in English and French. Times
//! of day are UTC, as answers write them. Pure; used by the reading of questions.

use aiobs_types::Timestamp;
use regex::Regex;
use std::sync::LazyLock;

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;

/// A stretch of time as it was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Period {
    /// The last nanoseconds.
    Last(i64),
    /// The day.
    Today,
    /// The day before.
    Yesterday,
    /// From the day before on.
    SinceYesterday,
    /// From a time of day (nanoseconds after midnight UTC) on.
    From(i64),
    /// Around a time of day: five minutes on both sides.
    At(i64),
    /// Between two times of day.
    Between(i64, i64),
}

const NUMBER: &str = r"(?P<n>\d+|an?|one|une?|two|deux|three|trois|five|cinq|ten|dix|fifteen|quinze|twenty|vingt|thirty|trente|few|quelques)";
const UNIT: &str = r"(?P<unit>seconds?|secondes?|minutes?|mins?|hours?|heures?|days?|jours?|weeks?|semaines?)";
const CLOCK: &str = r"(\d{1,2})(?::|h| h )(\d{2})?";

static LAST: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        format!(r" (?:last|past) (?:{NUMBER} )?{UNIT} "),
        format!(r" {NUMBER} {UNIT} ago "),
        format!(r" (?:since|for|depuis) {NUMBER} {UNIT} "),
        format!(r" (?:{NUMBER} )?derni(?:er|ere|eres|ers) {UNIT} "),
        format!(r" il y a {NUMBER} {UNIT} "),
    ]
    .iter()
    .filter_map(|p| Regex::new(p).ok())
    .collect()
});
static BETWEEN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(&format!(r" (?:between|from|entre|de) {CLOCK} (?:and|to|et|a) {CLOCK} ")).ok());
static FROM: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(&format!(r" (?:since|after|from|depuis|apres) {CLOCK} ")).ok());
static AT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(&format!(r" (?:at|around|about|a|vers) {CLOCK} ")).ok());

fn number(word: Option<&str>) -> i64 {
    match word.unwrap_or("a") {
        "two" | "deux" => 2,
        "three" | "trois" | "few" | "quelques" => 3,
        "five" | "cinq" => 5,
        "ten" | "dix" => 10,
        "fifteen" | "quinze" => 15,
        "twenty" | "vingt" => 20,
        "thirty" | "trente" => 30,
        digits => digits.parse().unwrap_or(1),
    }
}

fn unit(word: &str) -> i64 {
    match word.as_bytes() {
        [b's', b'e', b'c', ..] => SECOND,
        [b's' | b'w', ..] => 7 * DAY,
        [b'm', ..] => 60 * SECOND,
        [b'h', ..] => 3_600 * SECOND,
        _ => DAY,
    }
}

/// Time of day from two groups of a match.
fn clock(found: &regex::Captures<'_>, at: usize) -> Option<i64> {
    let part = |i: usize| found.get(i).and_then(|m| m.as_str().parse::<i64>().ok());
    let (hour, minute) = (part(at)?, part(at + 1).unwrap_or(0));
    (hour < 24 && minute < 60).then_some((hour * 3_600 + minute * 60) * SECOND)
}

impl Period {
    /// From a question in plain words ([`super::intent::plain`]).
    pub(super) fn read(plain: &str) -> Option<Self> {
        for pattern in LAST.iter() {
            if let Some(found) = pattern.captures(plain) {
                let unit_word = &found["unit"];
                // "The last minutes" are some, "the last minute" is one.
                let n = match found.name("n").map(|m| m.as_str()) {
                    None if unit_word.ends_with('s') => {
                        if unit(unit_word) <= 60 * SECOND {
                            10
                        } else {
                            3
                        }
                    }
                    word => number(word),
                };
                return Some(Self::Last(n.saturating_mul(unit(unit_word))));
            }
        }
        let captures = |pattern: &'static LazyLock<Option<Regex>>| pattern.as_ref().and_then(|p| p.captures(plain));
        if let Some((from, to)) = captures(&BETWEEN).and_then(|c| Some((clock(&c, 1)?, clock(&c, 3)?))) {
            return Some(Self::Between(from, to));
        }
        if let Some(from) = captures(&FROM).and_then(|c| clock(&c, 1)) {
            return Some(Self::From(from));
        }
        if let Some(at) = captures(&AT).and_then(|c| clock(&c, 1)) {
            return Some(Self::At(at));
        }
        let word = |w: &str| plain.split_whitespace().any(|p| p == w);
        if plain.contains(" since yesterday ") || plain.contains(" depuis hier ") {
            return Some(Self::SinceYesterday);
        }
        if plain.contains(" this hour ") || plain.contains(" cette heure ") {
            return Some(Self::Last(3_600 * SECOND));
        }
        if (word("today") || plain.contains(" aujourd hui ")) && (word("yesterday") || word("hier")) {
            return Some(Self::SinceYesterday);
        }
        if word("yesterday") || word("hier") {
            return Some(Self::Yesterday);
        }
        (word("today") || plain.contains(" aujourd hui ")).then_some(Self::Today)
    }

    /// What is compared: "with yesterday" compares today.
    pub(super) const fn compared(self) -> Self {
        match self {
            Self::Yesterday | Self::SinceYesterday => Self::Today,
            other => other,
        }
    }

    /// How far back the stretch is that this one is compared with, when that is not its own length: a day with the same
    /// hours of the day before.
    pub(super) const fn back(self) -> Option<i64> {
        match self {
            Self::Today => Some(DAY),
            _ => None,
        }
    }

    /// The stretch `from..to` of event time, counted from `now`. A time of day is its last one before `now`.
    pub(crate) fn range(self, now: Timestamp) -> (Timestamp, Timestamp) {
        let midnight = Timestamp(now.0 - now.0.rem_euclid(DAY));
        let after = now.plus(1);
        let last = |time: i64| {
            let today = midnight.plus(time);
            if today <= now { today } else { today.plus(-DAY) }
        };
        match self {
            Self::Last(length) => (now.plus(-length), after),
            Self::Today => (midnight, after),
            Self::SinceYesterday => (midnight.plus(-DAY), after),
            Self::Yesterday => (midnight.plus(-DAY), midnight),
            Self::From(time) => (last(time), after),
            Self::At(time) => (last(time).plus(-300 * SECOND), last(time).plus(300 * SECOND)),
            Self::Between(from, to) => {
                let from = last(from);
                let length = (to - from.0.rem_euclid(DAY)).rem_euclid(DAY);
                (from, from.plus(length))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::intent::plain;
    use super::*;

    #[test]
    fn times_are_read_in_both_languages() {
        const MINUTE: i64 = 60 * SECOND;
        for (question, want) in [
            ("in the last ten minutes?", Some(Period::Last(10 * MINUTE))),
            ("What happened in the past hour", Some(Period::Last(60 * MINUTE))),
            ("errors 5 minutes ago", Some(Period::Last(5 * MINUTE))),
            ("since 2 days", Some(Period::Last(2 * DAY))),
            ("les 10 dernières minutes", Some(Period::Last(10 * MINUTE))),
            ("durant la dernière heure", Some(Period::Last(60 * MINUTE))),
            ("résume les dernières minutes", Some(Period::Last(10 * MINUTE))),
            ("errors of the last hours", Some(Period::Last(180 * MINUTE))),
            ("depuis une semaine", Some(Period::Last(7 * DAY))),
            ("il y a trente secondes", Some(Period::Last(30 * SECOND))),
            ("today", Some(Period::Today)),
            ("aujourd'hui", Some(Period::Today)),
            ("depuis hier", Some(Period::SinceYesterday)),
            ("hier soir", Some(Period::Yesterday)),
            ("since 14:20", Some(Period::From(860 * MINUTE))),
            ("depuis 14h20 ?", Some(Period::From(860 * MINUTE))),
            ("at 9:05", Some(Period::At(545 * MINUTE))),
            ("vers 14h", Some(Period::At(840 * MINUTE))),
            ("between 14:00 and 14:30", Some(Period::Between(840 * MINUTE, 870 * MINUTE))),
            ("entre 23h30 et 0h10", Some(Period::Between(1_410 * MINUTE, 10 * MINUTE))),
            ("at 25:00", None),
            ("since the deploy", None),
        ] {
            assert_eq!(Period::read(&plain(question)), want, "{question}");
        }
    }

    #[test]
    fn ranges_end_at_now_or_at_their_end() {
        let now = Timestamp(20 * DAY + 3_600 * SECOND);
        assert_eq!(Period::Last(SECOND).range(now), (now.plus(-SECOND), now.plus(1)));
        assert_eq!(Period::Yesterday.range(now), (Timestamp(19 * DAY), Timestamp(20 * DAY)));
        assert_eq!(Period::From(7_200 * SECOND).range(now).0, Timestamp(19 * DAY + 7_200 * SECOND));
        let (from, to) = Period::Between(23 * 3_600 * SECOND, 1_800 * SECOND).range(now);
        assert_eq!((from.0, to.0), (19 * DAY + 23 * 3_600 * SECOND, 20 * DAY + 1_800 * SECOND));
    }
}
