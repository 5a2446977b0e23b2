//! What single lines say that can be ranked: how long something took, and what they are about (an address, an account, a
//! page, a program that asks). Used by the facts; pure.

use super::parties;
use regex::Regex;
use std::sync::LazyLock;

/// What lines are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// Network addresses.
    Address,
    /// Accounts and customers.
    Account,
    /// Paths of requests, without what follows `?`, and up to the first part that is a number.
    Path,
    /// Programs that ask, as they name themselves.
    Agent,
    /// Status codes of answers.
    Status,
}

const SECOND: f64 = 1e9;

/// A number with a unit of time; not the number of a name, a version or a date.
static LENGTH: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?i)(?:^|[\s=:(\[,"'])(?P<n>\d{1,9}(?:\.\d{1,9})?) ?(?P<unit>ms|msecs?|milliseconds?|µs|us|microseconds?|ns|s|secs?|seconds?|mins?|minutes?)(?:$|\W)"#).ok()
});
/// A value whose name says that it is a length of time, and in what.
static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?ix)\b(?:[a-z]+_)?(?:took|duration|elapsed|latency|runtime|response_?time|request_?time|time_?taken)
            (?P<unit>_?ms|_?millis|_?msec|_?us|_?micros|_?s|_?sec|_?secs|_?seconds)?["']?\s*[=:]\s*["']?(?P<n>\d{1,9}(?:\.\d{1,9})?)["']?(?:$|[\s,;}])"#,
    )
    .ok()
});
/// The seconds at the end of a web server's line.
static AT_END: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"HTTP/[\d.]+" \d{3} .* (?P<n>\d{1,6}\.\d{3})$"#).ok());
static PATH: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (?:https?://[^/\s"]+)?(?P<v>/[^\s?"']*)"#).ok()
});
static AGENT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"HTTP/[\d.]+" \d{3} \S+ "[^"]*" "(?P<v>[^"]{2,})""#).ok());
static STATUS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?:HTTP/[\d.]+" |\bstatus(?:_code)?["']?\s*[=:]\s*["']?|\b(?:GET|POST|PUT|PATCH|DELETE|HEAD) \S+ )(?P<v>[1-5]\d\d)\b"#)
        .ok()
});

fn unit(name: &str) -> f64 {
    let name = name.trim_start_matches('_').to_ascii_lowercase();
    match name.as_str() {
        "ns" => 1.0,
        "µs" | "us" | "micros" | "microsecond" | "microseconds" => SECOND / 1e6,
        n if n.starts_with("min") => 60.0 * SECOND,
        n if n.starts_with("ms") || n.starts_with("milli") => SECOND / 1e3,
        _ => SECOND,
    }
}

/// The longest time that a line says something took, in nanoseconds. A value whose unit cannot be told does not count.
pub(crate) fn took(line: &str) -> Option<i64> {
    let first = line.lines().next()?;
    let number = |c: &regex::Captures<'_>| c.name("n").and_then(|n| n.as_str().parse::<f64>().ok());
    let told = LENGTH.as_ref().into_iter().flat_map(|r| r.captures_iter(first));
    let told = told.filter_map(|c| Some(number(&c)? * unit(c.name("unit")?.as_str())));
    let named = NAMED.as_ref().into_iter().flat_map(|r| r.captures_iter(first));
    let named = named.filter_map(|c| Some(number(&c)? * unit(c.name("unit")?.as_str())));
    let end = AT_END.as_ref().and_then(|r| r.captures(first)).and_then(|c| Some(number(&c)? * SECOND));
    told.chain(named).chain(end).max_by(f64::total_cmp).map(|nanos| nanos as i64)
}

impl By {
    /// What a line names of this kind, each once.
    pub(super) fn names(self, line: &str) -> Vec<&str> {
        let one = |pattern: &'static LazyLock<Option<Regex>>| -> Vec<&str> {
            let found = pattern.as_ref().and_then(|r| r.captures(line)).and_then(|c| c.name("v"));
            found.map(|m| m.as_str()).into_iter().collect()
        };
        match self {
            Self::Address => parties::addresses(line),
            Self::Account => parties::accounts(line),
            Self::Path => one(&PATH).into_iter().map(to_number).collect(),
            Self::Agent => one(&AGENT),
            Self::Status => one(&STATUS),
        }
    }
}

/// A path up to its first part that names one of many: `/orders/72385` is `/orders/`.
fn to_number(path: &str) -> &str {
    let one_of_many = |part: &str| {
        let digits = part.bytes().filter(u8::is_ascii_digit).count();
        digits > 0
            && (digits == part.len() || part.len() >= 16 && part.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-'))
    };
    let mut at = 0;
    for part in path.split_inclusive('/') {
        if one_of_many(part.trim_end_matches('/')) {
            return &path[..at];
        }
        at += part.len();
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_with_their_units() {
        const MS: i64 = 1_000_000;
        for (line, want) in [
            ("request GET /orders/1 200 in 7 ms", Some(7 * MS)),
            ("waiting 2562 ms for a connection to db-1, pool 92/200", Some(2_562 * MS)),
            ("charge 9 failed: upstream timeout after 30 s", Some(30_000 * MS)),
            ("slow query (1.5s): SELECT 1", Some(1_500 * MS)),
            ("checkpoint complete: sync=0.004 s, total=1.250 s; files=20", Some(1_250 * MS)),
            (r#"{"msg":"done","duration_ms":120,"status":200}"#, Some(120 * MS)),
            ("level=info request_time_seconds=0.25 path=/", Some(250 * MS)),
            (r#"1.2.3.4 - - [x] "GET /a HTTP/1.1" 200 5 "-" "curl/8" 5.041"#, Some(5_041 * MS)),
            (r#"{"msg":"request GET /orders/7 200 in 9 ms","trace":"5b3a"}"#, Some(9 * MS)),
            ("duration=12", None),
            ("expires in 6 days, version 3 s3 bucket 4sale", None),
            ("9s2 at 12:30:05 took", None),
            ("", None),
        ] {
            assert_eq!(took(line), want, "{line}");
        }
    }

    #[test]
    fn what_a_line_is_about_is_read() {
        let line = r#"203.0.113.9 - - [x] "GET /a/b?user=8475 HTTP/1.1" 404 5 "-" "curl/8.5.0" 0.041"#;
        assert_eq!(By::Address.names(line), ["203.0.113.9"]);
        assert_eq!(By::Path.names(line), ["/a/b"]);
        assert_eq!(By::Agent.names(line), ["curl/8.5.0"]);
        assert_eq!(By::Path.names("GET /orders/72385/items HTTP/1.1"), ["/orders/"]);
        assert_eq!(By::Path.names("GET /v2/blobs/5b3a7f170762fea0"), ["/v2/blobs/"]);
        assert_eq!(By::Status.names(line), ["404"]);
        assert_eq!(By::Account.names(line), ["8475"]);
        assert_eq!(By::Path.names("request POST /orders 201 in 18 ms"), ["/orders"]);
        assert_eq!(By::Status.names("request POST /orders 201 in 18 ms"), ["201"]);
        assert!(By::Path.names("GET nothing").is_empty() && By::Agent.names("x").is_empty());
    }
}
