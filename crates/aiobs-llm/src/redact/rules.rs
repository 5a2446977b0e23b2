//! What counts as a secret or as personal data in a text, and where it stands. Used by the redaction; pure. Patterns
//! find candidates; numbers that check themselves (cards, bank accounts, addresses) are checked, so that a trace id or
//! a counter is not taken for one.

use regex::Regex;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::sync::LazyLock;

/// Every kind, as it stands in placeholders and in the configuration.
pub const KINDS: &[&str] =
    &["private_key", "password", "token", "key", "secret", "email", "user", "phone", "card", "iban", "ip"];

type Check = fn(&str) -> bool;

struct Rule {
    kind: &'static str,
    pattern: Regex,
    check: Check,
}

const fn always(_: &str) -> bool {
    true
}

/// (kind, pattern, check). What is replaced is the group `v`, or everything. In this order: what a rule has taken, a
/// later one does not see.
const RULES: [(&str, &str, Check); 16] = [
    ("private_key", r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", always),
    ("private_key", r"- -(?:- ?)*\s*BEGIN [A-Z ]*PRIVATE KEY.*$", always),
    ("password", r"\b[a-zA-Z][a-zA-Z0-9+.-]*://[^/\s:@]*:(?P<v>[^@\s/]+)@", always),
    ("token", r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?", always),
    ("key", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b", always),
    (
        "token",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{10,}|sk-[\w-]{16,}|hf_[A-Za-z0-9]{20,}|AIza[\w-]{35})",
        always,
    ),
    ("token", r"(?i)\b(?:bearer|basic)\s+(?P<v>[A-Za-z0-9._~+/=-]{8,})", always),
    (
        "secret",
        r#"(?i)\b[\w.-]*(?:passw(?:or)?d|passwd|pwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential|session[_-]?id|cookie)s?["']?\s*[:=]\s*(?P<v>"[^"]*"|'[^']*'|[^\s"',;&|)}\]]+)"#,
        is_value,
    ),
    // In a sentence: `password hunter2 rejected`. What is no word is the password.
    (
        "secret",
        r#"(?i)\b(?:passw(?:or)?d|passwd|pwd|passphrase|api[ _-]?key)\s+(?:(?:is|was)\s+)?(?P<v>"[^"]*"|'[^']*'|[^\s"',;&|)}\]]+)"#,
        is_no_word,
    ),
    ("email", r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\b", always),
    (
        "user",
        r#"(?i)\b(?:user|username|user_name|login|customer)["'›>]?\s*[:=]\s*(?P<v>"[^"]*"|'[^']*'|[^\s"',;&|)}\]]+)"#,
        is_person,
    ),
    ("iban", r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", is_iban),
    ("card", r"\b[3-6](?:[ -]?\d){12,18}\b", is_card),
    ("phone", r"\+[1-9]\d{0,2}(?:[ ./-]?\(?\d{1,5}\)?){2,6}\b", is_phone),
    ("ip", r"\b\d{1,3}(?:\.\d{1,3}){3}\b", is_public_v4),
    ("ip", r"(?i)\b[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,7}\b", is_public_v6),
];

static COMPILED: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let rule = |(kind, pattern, check): &(&'static str, &str, Check)| {
        Some(Rule { kind, pattern: Regex::new(&format!("(?m){pattern}")).ok()?, check: *check })
    };
    RULES.iter().filter_map(rule).collect()
});

/// What was found: its kind, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) kind: &'static str,
    pub(crate) at: Range<usize>,
}

/// Everything in the text, from left to right, without overlaps.
pub(crate) fn find(text: &str) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for rule in COMPILED.iter() {
        for captures in rule.pattern.captures_iter(text) {
            let Some(m) = captures.name("v").or_else(|| captures.get(0)) else { continue };
            let at = unquoted(text, m.range());
            let taken = found.iter().any(|f| f.at.start < at.end && at.start < f.at.end);
            if !at.is_empty() && !taken && (rule.check)(&text[at.clone()]) {
                found.push(Found { kind: rule.kind, at });
            }
        }
    }
    found.sort_by_key(|f| f.at.start);
    found
}

/// Quotes around a value stay.
fn unquoted(text: &str, at: Range<usize>) -> Range<usize> {
    let value = &text[at.clone()];
    let quoted = |q: char| value.len() >= 2 && value.starts_with(q) && value.ends_with(q);
    if quoted('"') || quoted('\'') { at.start + 1..at.end - 1 } else { at }
}

/// The placeholders of templates hide nothing.
fn is_value(text: &str) -> bool {
    !text.starts_with(['‹', '<'])
}

/// Letters with digits or signs among them, and no name of a way to hide passwords.
fn is_no_word(text: &str) -> bool {
    let ways = ["sha1", "sha256", "sha512", "md5", "base64", "argon2", "pbkdf2", "scram-sha-256"];
    let has = |what: fn(char) -> bool| text.chars().any(what);
    is_value(text)
        && text.chars().count() >= 5
        && has(char::is_alphabetic)
        && (has(|c| c.is_ascii_digit()) || has(|c| matches!(c, '!' | '@' | '#' | '$' | '%' | '^' | '*' | '?')))
        && !ways.contains(&text.to_ascii_lowercase().as_str())
}

/// Accounts of systems are no persons, and telling in a diagnosis.
fn is_person(name: &str) -> bool {
    let system = [
        "root",
        "postgres",
        "mysql",
        "redis",
        "nginx",
        "apache",
        "www-data",
        "admin",
        "nobody",
        "daemon",
        "system",
        "anonymous",
        "null",
        "none",
        "true",
        "false",
        "-",
        "unknown",
    ];
    is_value(name) && name.chars().any(char::is_alphabetic) && !system.contains(&name.to_ascii_lowercase().as_str())
}

/// ISO 7064, MOD 97-10, as ISO 13616 uses it.
fn is_iban(text: &str) -> bool {
    let clean: Vec<char> = text.chars().filter(|c| *c != ' ').collect();
    if !(15..=34).contains(&clean.len()) {
        return false;
    }
    let turned = clean[4..].iter().chain(&clean[..4]);
    let rest = turned
        .filter_map(|c| c.to_digit(36))
        .fold(0_u32, |rest, d| if d < 10 { (rest * 10 + d) % 97 } else { (rest * 100 + d) % 97 });
    rest == 1
}

/// The Luhn formula, ISO/IEC 7812-1.
fn is_card(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| {
            if i % 2 == 0 {
                *d
            } else if *d > 4 {
                d * 2 - 9
            } else {
                d * 2
            }
        })
        .sum();
    (13..=19).contains(&digits.len()) && sum.is_multiple_of(10)
}

fn is_phone(text: &str) -> bool {
    (9..=15).contains(&text.bytes().filter(u8::is_ascii_digit).count())
}

/// Addresses inside of networks say much about a fault and nothing about a person.
fn is_public_v4(text: &str) -> bool {
    text.parse::<Ipv4Addr>().is_ok_and(|ip| {
        let shared = ip.octets()[0] == 100 && (64..128).contains(&ip.octets()[1]);
        !(ip.is_private()
            || ip.is_loopback()
            || ip.is_link_local()
            || ip.is_unspecified()
            || ip.is_broadcast()
            || ip.is_multicast()
            || ip.octets()[0] == 0
            || shared)
    })
}

fn is_public_v6(text: &str) -> bool {
    text.parse::<Ipv6Addr>().is_ok_and(|ip| ip.segments()[0] & 0xe000 == 0x2000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_rule_compiles_and_has_a_known_kind() {
        assert_eq!(COMPILED.len(), RULES.len());
        assert!(COMPILED.iter().all(|r| KINDS.contains(&r.kind)));
    }

    #[test]
    fn what_is_secret_or_personal_is_found_and_the_rest_is_not() {
        for (line, want) in [
            ("login password=hunter2 user=bob", &[("secret", "hunter2"), ("user", "bob")][..]),
            ("anna could not sign in: password hunter2 rejected", &[("secret", "hunter2")]),
            ("the password is 'Tr0ub4dor&3', said she", &[("secret", "Tr0ub4dor&3")]),
            ("password authentication failed; password sha256 hash, password for db1, secret tls-cert2 not found", &[]),
            (r#"{"api_key": "abc def", "n": 1}"#, &[("secret", "abc def")]),
            ("Authorization: Bearer abcdefghij.klm", &[("token", "abcdefghij.klm")]),
            ("postgres://app:s3cret@db-1:5432/shop", &[("password", "s3cret")]),
            ("mail to jane.doe@shop.example.com failed", &[("email", "jane.doe@shop.example.com")]),
            ("key AKIAIOSFODNN7EXAMPLE used", &[("key", "AKIAIOSFODNN7EXAMPLE")]),
            ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig", &[("token", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig")]),
            ("-----BEGIN RSA PRIVATE KEY-----⏎MIIE\nnext", &[("private_key", "-----BEGIN RSA PRIVATE KEY-----⏎MIIE")]),
            ("client 81.2.69.142 from 10.0.3.11", &[("ip", "81.2.69.142")]),
            ("peer 2001:4860:4860::8888 at fe80::1", &[("ip", "2001:4860:4860::8888")]),
            // How the values of a template's place are told.
            ("1 ‹user›: anna.berg ×40", &[("user", "anna.berg")]),
            ("card 4111 1111 1111 1111 declined", &[("card", "4111 1111 1111 1111")]),
            ("to DE89 3704 0044 0532 0130 00 today", &[("iban", "DE89 3704 0044 0532 0130 00")]),
            ("call +49 30 901820 now", &[("phone", "+49 30 901820")]),
            ("connection to db-1:5432 refused (pool 20/20) at 14:22:31.402", &[]),
            ("unexpected token at line 3, user=root", &[]),
            ("login password=<rest> user=‹name›", &[]),
            ("2025-01-07T14:30:15+02:00 id=4111111111111112 took=1736260215123456789", &[]),
        ] {
            let found: Vec<_> = find(line).into_iter().map(|f| (f.kind, &line[f.at])).collect();
            assert_eq!(found, want, "{line}");
        }
    }

    proptest! {
        #[test]
        fn what_is_found_stands_in_the_text_without_overlaps(text in any::<String>()) {
            let mut end = 0;
            for f in find(&text) {
                prop_assert!(f.at.start >= end && text.get(f.at.clone()).is_some());
                end = f.at.end;
            }
        }
    }
}
