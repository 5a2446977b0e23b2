//! Finds what ties a record to others: the id of its trace, request or session, by the usual names of fields, or a
//! token in the message that looks like one. Knows nothing of the screen.

use aiobs_types::Field;

/// Names of fields without case and punctuation, the most telling first.
const NAMES: [&str; 22] = [
    "traceid",
    "trace",
    "xtraceid",
    "xb3traceid",
    "requestid",
    "reqid",
    "xrequestid",
    "request",
    "rid",
    "correlationid",
    "xcorrelationid",
    "cid",
    "transactionid",
    "txid",
    "operationid",
    "sessionid",
    "session",
    "sid",
    "spanid",
    "span",
    "jobid",
    "threadid",
];
/// Shorter values occur everywhere.
const SHORTEST: usize = 4;
/// Shortest run of hexadecimal digits in a message that is taken for an id.
const SHORTEST_HEX: usize = 12;

/// What ties a record to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tie {
    /// The field's name, or `id`.
    pub(super) name: String,
    pub(super) value: String,
}

/// Looks in the fields first, then in the message.
pub(super) fn find(fields: &[Field], message: &str) -> Option<Tie> {
    let usable = |f: &&Field| f.value.len() >= SHORTEST && !f.value.contains(char::is_whitespace) && !is_path(&f.value);
    let rank = |f: &Field| NAMES.iter().position(|n| *n == plain(&f.name));
    let named = fields.iter().filter(usable).filter_map(|f| rank(f).map(|r| (r, f))).min_by_key(|(r, _)| *r);
    if let Some((_, f)) = named {
        return Some(Tie { name: f.name.clone(), value: f.value.clone() });
    }
    let tokens = message.split(|c: char| !(c.is_ascii_hexdigit() || c == '-'));
    let token = tokens.map(|t| t.trim_matches('-')).find(|t| is_uuid(t) || is_hex(t))?;
    Some(Tie { name: "id".to_owned(), value: token.to_owned() })
}

/// The last part of a dotted name, without case and punctuation.
fn plain(name: &str) -> String {
    let last = name.rsplit('.').next().unwrap_or(name);
    let last = if last.eq_ignore_ascii_case("id") { name } else { last };
    last.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
}

/// `request` often is the line of a request, not its id.
fn is_path(value: &str) -> bool {
    value.starts_with('/') || value.contains("://")
}

fn is_uuid(token: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let mut parts = token.split('-');
    lengths.iter().all(|n| parts.next().is_some_and(|p| p.len() == *n)) && parts.next().is_none()
}

fn is_hex(token: &str) -> bool {
    let letter = token.bytes().any(|b| b.is_ascii_alphabetic());
    let digit = token.bytes().any(|b| b.is_ascii_digit());
    token.len() >= SHORTEST_HEX && letter && digit && !token.contains('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(fields: &[(&str, &str)], message: &str) -> Option<(String, String)> {
        let fields: Vec<Field> = fields.iter().map(|(n, v)| Field { name: (*n).into(), value: (*v).into() }).collect();
        find(&fields, message).map(|t| (t.name, t.value))
    }

    #[test]
    fn the_most_telling_field_wins_whatever_its_spelling() {
        let pair = |n: &str, v: &str| Some((n.to_owned(), v.to_owned()));
        assert_eq!(found(&[("span_id", "aaaa1"), ("traceId", "8f3a9")], ""), pair("traceId", "8f3a9"));
        assert_eq!(found(&[("http.x-request-id", "r-77")], ""), pair("http.x-request-id", "r-77"));
        assert_eq!(found(&[("trace.id", "8f3a9")], ""), pair("trace.id", "8f3a9"));
        assert_eq!(found(&[("trace", "0"), ("request", "/orders/7")], "no id here"), None);
    }

    #[test]
    fn a_token_in_the_message_is_taken_when_no_field_tells() {
        let uuid = "7d9f0a52-1c6e-4a0e-9b7e-1f0c2d3e4f50";
        assert_eq!(found(&[], &format!("order {uuid}: done")).map(|t| t.1).as_deref(), Some(uuid));
        assert_eq!(found(&[], "span 4bf92f3577b34da6 ended").map(|t| t.1).as_deref(), Some("4bf92f3577b34da6"));
        assert_eq!(found(&[], "at 2025-01-07 14:30:00 port 5432 decade facade"), None);
    }
}
