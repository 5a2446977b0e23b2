//! Takes secrets and e-mail addresses out of what goes to a model on another machine. Used on whole prompts just
//! before they are sent; it knows no prompt and no model.

use regex::{Captures, Regex};
use std::sync::LazyLock;

/// (pattern, replacement): the group `keep`, when there is one, stays in front.
const RULES: [(&str, &str); 9] = [
    (r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", "[private key]"),
    (r"- -(?:- ?)*\s*BEGIN [A-Z ]*PRIVATE KEY.*$", "[private key]"),
    (r"(?P<keep>\b[a-zA-Z][a-zA-Z0-9+.-]*://[^/\s:@]*:)[^@\s/]+@", "[password]@"),
    (r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?", "[token]"),
    (r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b", "[key]"),
    (
        r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{10,}|sk-[\w-]{16,}|hf_[A-Za-z0-9]{20,})",
        "[token]",
    ),
    (r"(?i)(?P<keep>\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}", "[token]"),
    (
        r#"(?i)(?P<keep>\b[\w.-]*(?:passw(?:or)?d|passwd|pwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential|session[_-]?id|cookie)s?["']?\s*[:=]\s*)(?:"[^"]*"|'[^']*'|[^\s"',;&|)}\]]+)"#,
        "[secret]",
    ),
    (r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\b", "[email]"),
];

static COMPILED: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    RULES.iter().filter_map(|(pattern, with)| Regex::new(&format!("(?m){pattern}")).ok().map(|r| (r, *with))).collect()
});

/// The text with typed placeholders in place of secrets.
pub fn mask(text: &str) -> String {
    let mut out = text.to_owned();
    for (pattern, with) in COMPILED.iter() {
        if pattern.is_match(&out) {
            let put = |c: &Captures<'_>| format!("{}{with}", c.name("keep").map_or("", |k| k.as_str()));
            out = pattern.replace_all(&out, put).into_owned();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_compiles() {
        assert_eq!(COMPILED.len(), RULES.len());
    }

    #[test]
    fn secrets_are_taken_out_and_the_rest_stays() {
        for (line, want) in [
            ("login password=hunter2 user=bob", "login password=[secret] user=bob"),
            (r#"{"api_key": "abc def", "n": 1}"#, r#"{"api_key": [secret], "n": 1}"#),
            ("Authorization: Bearer abcdefghij.klm", "Authorization: Bearer [token]"),
            ("postgres://app:s3cret@db-1:5432/shop", "postgres://app:[password]@db-1:5432/shop"),
            ("mail to jane.doe@shop.example.com failed", "mail to [email] failed"),
            ("key AKIAIOSFODNN7EXAMPLE used", "key [key] used"),
            ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig", "jwt [token]"),
            ("-----BEGIN RSA PRIVATE KEY-----⏎MIIE\nnext", "[private key]\nnext"),
            ("connection to db-1:5432 refused (pool 20/20)", "connection to db-1:5432 refused (pool 20/20)"),
            ("unexpected token at line 3", "unexpected token at line 3"),
        ] {
            assert_eq!(mask(line), want);
        }
    }
}
