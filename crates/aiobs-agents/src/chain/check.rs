//! The checker: holds what an author said against the records it cited. No model is asked. A quotation must occur, times
//! must exist and be told in their order, counts must be the ones that were counted. What does not hold is written beside the
//! claim, never corrected in silence. Pure; used by assembly.

use crate::context::Evidence;
use crate::context::fence::neutral;
use aiobs_types::{Claim, Incident, LogRecord};
use jiff::civil::Time;
use jiff::tz::TimeZone;
use regex::Regex;
use std::sync::LazyLock;

/// Shortest quotation that is looked for, characters: shorter ones are words in quotes.
const QUOTED: usize = 6;
/// A quotation may be cut where these stand.
const CUT: [&str; 3] = ["...", "…", "(cut)"];

static QUOTE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#""([^"]+)"|`([^`]+)`|“([^”]+)”|«([^»]+)»"#).ok());
static CLOCK: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b([01]\d|2[0-3]):([0-5]\d):([0-5]\d)\b").ok());
static TIMES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:\b|×)(\d[\d,]*)\s*(?:times\b|occurrences\b|strikes\b|x\b)|×\s*(\d[\d,]*)").ok()
});

/// Adds to each claim what is wrong with it. A claim that quotes what no record says is not supported.
pub(super) fn check(claims: &mut [Claim], incident: &Incident, evidence: &Evidence) {
    for claim in claims {
        let cited: Vec<&LogRecord> =
            evidence.records.iter().map(|e| &e.record).filter(|r| claim.records.contains(&r.id)).collect();
        let mut doubts = Vec::new();
        if let Some(quote) = foreign_quote(&claim.text, &cited, evidence) {
            doubts.push(format!("\"{quote}\" occurs in no line of the evidence"));
            claim.supported = false;
        }
        doubts.extend(wrong_times(&claim.text, &cited, incident, evidence));
        doubts.extend(wrong_counts(&claim.text, incident, evidence));
        claim.doubts = doubts;
    }
}

/// Spaces as one, quotation marks and case aside: what people and models change when they quote.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let c = match c {
            '‹' => '<',
            '›' => '>',
            '"' | '`' | '“' | '”' => '\'',
            c if c.is_whitespace() || c == '⏎' => ' ',
            c => c,
        };
        if c == ' ' && out.ends_with(' ') {
            continue;
        }
        out.extend(c.to_lowercase());
    }
    out
}

fn foreign_quote(text: &str, cited: &[&LogRecord], evidence: &Evidence) -> Option<String> {
    let known = |piece: &str| {
        // Facts quote what is neutral already.
        let within = |other: &str| plain(other).contains(piece) || plain(&neutral(other, 20_000)).contains(piece);
        cited.iter().any(|r| within(&r.text))
            || evidence.records.iter().any(|e| within(&e.record.text) || within(&e.source))
            || evidence.patterns.iter().any(|p| within(&p.text))
            || evidence.folded.iter().any(|f| within(&f.text))
            || evidence.said_elsewhere(&within)
    };
    for found in QUOTE.as_ref()?.captures_iter(text) {
        let quote = found.iter().skip(1).flatten().next().map_or("", |m| m.as_str());
        let mut pieces = vec![quote];
        for cut in CUT {
            pieces = pieces.into_iter().flat_map(|p| p.split(cut)).collect();
        }
        let missing = |piece: &&str| {
            let piece = plain(piece.trim().trim_end_matches(['.', ',']));
            piece.chars().count() >= QUOTED && !known(&piece)
        };
        if pieces.iter().any(missing) {
            return Some(quote.chars().take(80).collect());
        }
    }
    None
}

fn clock(record_time: aiobs_types::Timestamp) -> Option<Time> {
    let at = jiff::Timestamp::from_nanosecond(i128::from(record_time.0)).ok()?;
    let time = at.to_zoned(TimeZone::UTC).time();
    Time::new(time.hour(), time.minute(), time.second(), 0).ok()
}

/// Times that stand nowhere, and times told in the wrong order around `before` and `after`.
fn wrong_times(text: &str, cited: &[&LogRecord], incident: &Incident, evidence: &Evidence) -> Vec<String> {
    let Some(pattern) = CLOCK.as_ref() else { return Vec::new() };
    let told: Vec<(usize, Time)> = pattern
        .captures_iter(text)
        .filter_map(|c| {
            let part = |i: usize| c.get(i)?.as_str().parse::<i8>().ok();
            Some((c.get(0)?.start(), Time::new(part(1)?, part(2)?, part(3)?, 0).ok()?))
        })
        .collect();
    let mut doubts = Vec::new();
    let stands = |t: &Time| {
        let written = format!("{:02}:{:02}:{:02}", t.hour(), t.minute(), t.second());
        [incident.first_seen, incident.last_seen].into_iter().any(|x| clock(x) == Some(*t))
            || evidence.records.iter().any(|e| clock(e.record.time) == Some(*t) || e.record.text.contains(&written))
            || evidence.changes.iter().any(|c| clock(c.time) == Some(*t))
    };
    for (_, time) in told.iter().filter(|(_, t)| !stands(t)) {
        doubts.push(format!("no line of the evidence is of {time}"));
    }
    if let [(a, first), (b, second)] = told[..] {
        let between = text.get(a..b).unwrap_or_default().to_lowercase();
        let contradicts = (between.contains(" before ") && first > second)
            || (between.contains(" after ") && first < second && !between.contains("shortly after that"));
        if contradicts {
            doubts.push(format!("{first} and {second} are told in the wrong order"));
        }
    }
    if let [one, .., last] = cited
        && text.to_lowercase().contains("at the same time")
        && last.time.since(one.time).abs() > 60_000_000_000
    {
        doubts.push("the cited lines are more than a minute apart".to_owned());
    }
    doubts
}

/// `214 times` must have been counted: strikes of the incident, records of a pattern, or a number that a line says.
fn wrong_counts(text: &str, incident: &Incident, evidence: &Evidence) -> Vec<String> {
    let Some(pattern) = TIMES.as_ref() else { return Vec::new() };
    let told = pattern.captures_iter(text).filter_map(|c| {
        let digits = c.get(1).or_else(|| c.get(2))?.as_str();
        digits.replace(',', "").parse::<u64>().ok()
    });
    let counted = |n: u64| {
        let plain = n.to_string();
        // One or two of something are countable in the lines themselves.
        n <= evidence.proof().count() as u64
            || n == incident.count
            || evidence.patterns.iter().any(|p| p.during == n || p.before == n || p.during + p.before == n)
            || evidence.folded.iter().any(|f| f.count as u64 == n || f.count as u64 + 1 == n)
            || evidence.records.iter().any(|e| has_number(&e.record.text, &plain))
            || evidence.said_elsewhere(&|other: &str| has_number(other, &plain))
    };
    told.filter(|n| !counted(*n)).map(|n| format!("nothing was counted {n} times")).collect()
}

fn has_number(text: &str, number: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit()).any(|run| run == number)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::context::Budget;
    use crate::testing::shop;
    use crate::{NoAdvice, NoSurroundings, gather};

    fn checked(text: &str, record: u64) -> Claim {
        let (archive, incident) = shop(&[]);
        let evidence = gather(&incident, &archive, &NoAdvice, &NoSurroundings, Budget::default());
        let mut claims = [Claim {
            text: text.into(),
            records: vec![aiobs_types::RecordId(record)],
            supported: true,
            ..Claim::default()
        }];
        check(&mut claims, &incident, &evidence);
        claims[0].clone()
    }

    #[test]
    fn what_the_lines_say_passes() {
        for text in [
            "orders said \"connection to db-1:5432 refused\" 5 times.",
            "The deploy set `POOL_MAX=200`.",
            "It began at 14:30:00, right after 14:29:58.",
            "It logged \"remaining connection ... are reserved\".",
            "The pool is \"full\".",
        ] {
            let claim = checked(text, 23);
            assert!(claim.supported && claim.doubts.is_empty(), "{text}: {:?}", claim.doubts);
        }
    }

    #[test]
    fn what_they_do_not_say_is_told() {
        for (text, doubt, supported) in [
            ("It logged \"out of memory: killed process\".", "occurs in no line", false),
            ("It was refused 214 times.", "counted 214 times", true),
            ("It began at 03:11:09.", "no line of the evidence is of 03:11:09", true),
            ("14:30:04 came before 14:29:58.", "wrong order", true),
        ] {
            let claim = checked(text, 23);
            assert!(claim.doubts.iter().any(|d| d.contains(doubt)), "{text}: {:?}", claim.doubts);
            assert_eq!(claim.supported, supported, "{text}");
        }
    }
}
