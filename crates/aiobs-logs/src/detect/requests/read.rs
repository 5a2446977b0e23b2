//! What a line says of a request: who asked for what, and how it was answered. Reads access logs, lines of applications
//! and JSON alike, by their shape; used by the detector only.

use regex::Regex;
use std::sync::LazyLock;

/// Longest line that is read, bytes.
const LONGEST: usize = 8_192;

static REQUEST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?x)\b(GET|POST|PUT|HEAD|PATCH|DELETE|OPTIONS)\s+(?:
            (\S[^"]*?)\s+HTTP/\d(?:\.\d)?  # a request line, whatever stands in its path
          | (/\S*) )"#,
    )
    .ok()
});
static TARGET: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?i)\b(?:request_)?(?:uri|path|url|target)"?\s*[=:]\s*"?((?:https?://[^/"\s]+)?/[^"\s]*)"#).ok()
});
static METHOD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?i)\b(?:request_)?(?:method|verb)"?\s*[=:]\s*"?(GET|POST|PUT|HEAD|PATCH|DELETE|OPTIONS)\b"#).ok()
});
static STATUS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)HTTP/\d(?:\.\d)?"?,?\s+(\d{3})\b|\b(?:http_?)?(?:status|status_?code|code)"?\s*[=:]\s*"?(\d{3})\b|(?:GET|POST|PUT|HEAD|PATCH|DELETE|OPTIONS) /\S*\s+(?:-> |=> )?(\d{3})\b"#,
    )
    .ok()
});
static CLIENT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{0,4}){2,7}\b").ok());

/// A request as a line tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    /// Path and parameters.
    pub(super) target: &'a str,
    /// Who asked; empty when no address stands there.
    pub(super) client: &'a str,
    pub(super) status: Option<u16>,
}

/// Whether a line tells of a request at all: its statement is that of requests, and so are lines of the same shape.
pub fn is_request(text: &str) -> bool {
    let found = |regex: &LazyLock<Option<Regex>>| regex.as_ref().is_some_and(|r| r.is_match(cut(text)));
    found(&REQUEST) || (found(&TARGET) && (found(&METHOD) || found(&STATUS)))
}

fn cut(text: &str) -> &str {
    let end = (0..=text.len().min(LONGEST)).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    &text[..end]
}

impl<'a> Request<'a> {
    /// `None` when no request can be read from the line.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let text = cut(text);
        let (method, target) = if let Some(c) = REQUEST.as_ref()?.captures(text) {
            (c.get(1)?.as_str(), c.get(2).or_else(|| c.get(3))?.as_str())
        } else {
            let method = METHOD.as_ref()?.captures(text).and_then(|c| c.get(1)).map_or("", |m| m.as_str());
            (method, TARGET.as_ref()?.captures(text)?.get(1)?.as_str())
        };
        let status = STATUS.as_ref()?.captures(text);
        let status = status.and_then(|c| c.iter().skip(1).flatten().next()?.as_str().parse().ok());
        let client = CLIENT.as_ref()?.find(text).map_or("", |m| m.as_str());
        Some(Self { method, target, client, status })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn requests_are_read_from_lines_of_any_form() {
        for (line, method, target, client, status) in [
            (
                r#"203.0.113.9 - - [07/Jan/2025:14:22:31 +0000] "GET /a?b=1 HTTP/1.1" 404 153 "-" "curl/8.5""#,
                "GET",
                "/a?b=1",
                "203.0.113.9",
                Some(404),
            ),
            (
                r#"{"level":"info","request":{"remote_ip":"10.0.0.9","method":"GET","host":"shop.example","uri":"/cart"},"size":12,"status":404}"#,
                "GET",
                "/cart",
                "10.0.0.9",
                Some(404),
            ),
            ("INFO gateway POST /login 401 in 12 ms", "POST", "/login", "", Some(401)),
            (
                "level=info method=POST path=/login status=401 remote=2001:db8::7",
                "POST",
                "/login",
                "2001:db8::7",
                Some(401),
            ),
            (r#""GET /x' or '1'='1 HTTP/1.1" 200 5"#, "GET", "/x' or '1'='1", "", Some(200)),
        ] {
            assert!(is_request(line), "{line}");
            assert_eq!(Request::read(line).unwrap(), Request { method, target, client, status }, "{line}");
        }
        for line in
            ["connection to db-1:5432 refused", "path=/var/log/app.log opened", "GET ready", "listening on /run/x.sock"]
        {
            assert!(!is_request(line), "{line}");
        }
    }
}
