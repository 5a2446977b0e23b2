//! When something expires, as lines say it: so many days, or a date. A date is told as it is written; a number of days is
//! counted from the line's time. Used by the facts; pure.

use aiobs_types::Timestamp;
use regex::Regex;
use std::sync::LazyLock;

const HOUR: i64 = 3_600_000_000_000;

/// What one line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expiry {
    /// In its own words.
    pub(crate) said: String,
    /// When that is, when it was counted from the line's time.
    pub(crate) about: Option<Timestamp>,
}

static AHEAD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:expir\w*|valid|due|renew\w*)[^.;]{0,24}?\b(?:in|within|for)(?: another| the next)? (?P<n>\d{1,5}) (?P<unit>hour|day|week|month)s?\b").ok()
});
static DATED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?ix)\b(?:expir\w*|not_?after|valid\s(?:until|to|till)|renew\w*)["']?[^\n;]{0,16}?
           (?:\d{4}-\d{2}-\d{2}(?:[T\s]\d{2}:\d{2}(?::\d{2})?Z?)?|[A-Z][a-z]{2}\s+\d{1,2}\s(?:\d{2}:\d{2}:\d{2}\s)?\d{4}(?:\sGMT)?)"#,
    )
    .ok()
});
static PAST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:has |have |is |are |already )?expired(?: \d{1,5} (?:second|minute|hour|day|week|month)s? ago)?\b",
    )
    .ok()
});

/// What a line of this time says of when something expires; the most exact first.
pub(crate) fn read(line: &str, time: Timestamp) -> Option<Expiry> {
    if let Some(found) = DATED.as_ref().and_then(|r| r.find(line)) {
        return Some(Expiry { said: found.as_str().to_owned(), about: None });
    }
    if let Some(c) = AHEAD.as_ref().and_then(|r| r.captures(line)) {
        let hours = match &c["unit"].to_ascii_lowercase()[..] {
            "hour" => 1,
            "day" => 24,
            "week" => 7 * 24,
            _ => 30 * 24,
        };
        let n: i64 = c["n"].parse().ok()?;
        return Some(Expiry { said: c[0].to_owned(), about: Some(time.plus(n * hours * HOUR)) });
    }
    let found = PAST.as_ref().and_then(|r| r.find(line))?;
    Some(Expiry { said: found.as_str().to_owned(), about: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_read() {
        let time = Timestamp::from_secs(1_736_259_991);
        let read = |line| read(line, time).map(|e| (e.said, e.about.map(|t| t.since(time) / HOUR)));
        let some = |said: &str, hours| Some((said.to_owned(), hours));
        assert_eq!(
            read("Certificate for a.example expires in 6 days, renewal failed"),
            some("expires in 6 days", Some(144))
        );
        assert_eq!(read("password will expire within 2 weeks"), some("expire within 2 weeks", Some(336)));
        assert_eq!(read("cert valid until 2026-12-01 12:00:00"), some("valid until 2026-12-01 12:00:00", None));
        assert_eq!(read("notAfter=Dec  1 12:00:00 2026 GMT"), some("notAfter=Dec  1 12:00:00 2026 GMT", None));
        assert_eq!(read("licence expired 3 days ago"), some("expired 3 days ago", None));
        assert_eq!(read("x509: certificate has expired"), some("has expired", None));
        assert_eq!(read("request took 6 days"), None);
        assert_eq!(read("valid for 3 users"), None);
    }
}
