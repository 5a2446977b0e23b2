//! Identifiers that a program writes beside what it says, to tell which request, session or job a record is about:
//! `trace=8f3a…`, `"request_id":"…"`, `job 4711`. Used by whoever follows one through several records; it knows neither
//! formats nor detectors.

use memchr::memmem::Finder;

/// Bytes of a record that are looked at.
const LOOKED_AT: usize = 4_096;
/// Identifiers taken from one record.
const MOST: usize = 8;

/// What an identifier stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Scope {
    /// One request through all services: a trace, a request, a correlation.
    Request,
    /// Something that lives longer and does many things: a session, a job, a transaction, a message.
    Work,
}

/// An identifier in a record, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ident<'a> {
    pub(crate) scope: Scope,
    /// Its name as written.
    pub(crate) key: &'a str,
    pub(crate) value: &'a str,
}

/// What a name stands for, without its case and punctuation.
fn scope_of(key: &str) -> Option<Scope> {
    const REQUEST: &[&str] = &[
        "trace",
        "traceid",
        "request",
        "requestid",
        "req",
        "reqid",
        "xrequestid",
        "correlationid",
        "rid",
        "spantrace",
    ];
    const WORK: &[&str] = &[
        "session",
        "sessionid",
        "sid",
        "job",
        "jobid",
        "task",
        "taskid",
        "transaction",
        "transactionid",
        "txn",
        "txnid",
        "order",
        "orderid",
        "message",
        "messageid",
        "batch",
        "batchid",
        "upload",
        "run",
        "runid",
        "charge",
        "payment",
    ];
    let mut plain = [0u8; 16];
    let mut len = 0;
    for b in key.bytes().filter(|b| !matches!(b, b'_' | b'-' | b'.')) {
        *plain.get_mut(len)? = b.to_ascii_lowercase();
        len += 1;
    }
    let is = |list: &[&str]| list.iter().any(|k| k.as_bytes() == &plain[..len]);
    if is(REQUEST) {
        Some(Scope::Request)
    } else if is(WORK) {
        Some(Scope::Work)
    } else {
        None
    }
}

fn in_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')
}

/// Whether it tells one thing from others: long enough, with a digit, and no plain number of few digits.
fn is_ident(value: &[u8]) -> bool {
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    digits > 0 && value.len() >= 4 && value.len() <= 64 && !(digits == value.len() && digits < 4)
}

/// The identifiers in a record, each as `key=value`, `"key":"value"`, `key: value` or `key value`, until `take` says no.
pub(crate) fn each_ident<'a>(text: &'a str, take: &mut impl FnMut(Ident<'a>) -> bool) {
    let mut end = text.len().min(LOOKED_AT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let (text, bytes) = (&text[..end], &text.as_bytes()[..end]);
    let mut at = 0;
    while at < bytes.len() {
        if !in_word(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && in_word(bytes[at]) {
            at += 1;
        }
        // Nearly all words are no keys by their length alone.
        if at - start > 18 || bytes[start].is_ascii_digit() {
            continue;
        }
        let key = &text[start..at];
        let Some(scope) = scope_of(key) else { continue };
        let Some((first, end)) = value_after(bytes, at) else { continue };
        if !take(Ident { scope, key, value: &text[first..end] }) {
            return;
        }
        at = end;
    }
}

/// The value of the first identifier of this name, as [`each_ident`] would give it; the search for the name is all that
/// most texts cost.
pub(crate) fn value_of<'a>(text: &'a str, name: &Finder<'_>) -> Option<&'a str> {
    let bytes = &text.as_bytes()[..text.len().min(LOOKED_AT)];
    for start in name.find_iter(bytes) {
        let at = start + name.needle().len();
        let whole = (start == 0 || !in_word(bytes[start - 1])) && !bytes.get(at).is_some_and(|b| in_word(*b));
        if let Some((first, end)) = if whole { value_after(bytes, at) } else { None } {
            return text.get(first..end);
        }
    }
    None
}

/// Where the value stands that follows a name which ends at `at`, if it identifies anything.
fn value_after(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let gap = |b: &&u8| matches!(**b, b'"' | b'\'' | b'=' | b':' | b' ' | b'#' | b'[');
    let first = at + bytes[at..].iter().take(4).take_while(gap).count();
    let end = first + bytes[first..].iter().take_while(|b| in_word(**b)).count();
    (first > at && is_ident(&bytes[first..end])).then_some((first, end))
}

/// The first of them.
pub(crate) fn idents(text: &str) -> Vec<Ident<'_>> {
    let mut found = Vec::new();
    each_ident(text, &mut |ident| {
        found.push(ident);
        found.len() < MOST
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<(&str, &str)> {
        idents(text).iter().map(|i| (i.key, i.value)).collect()
    }

    #[test]
    fn every_way_of_writing_one() {
        for (text, want) in [
            ("order 71234 failed trace=8f3a9c01", vec![("order", "71234"), ("trace", "8f3a9c01")]),
            (
                r#"{"msg":"x","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}"#,
                vec![("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736")],
            ),
            ("X-Request-Id: ab12-cd34 done", vec![("X-Request-Id", "ab12-cd34")]),
            ("job #4711 started", vec![("job", "4711")]),
            ("request POST /orders 201 in 12 ms", vec![]),
            ("session closed", vec![]),
            ("message 7", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(all(text), want, "{text}");
        }
    }

    #[test]
    fn a_name_that_is_known_is_found_as_in_the_long_way() {
        for text in [
            "order 71234 failed trace=8f3a9c01",
            r#"{"msg":"x","xtrace":"1111","trace":"4bf92f35"}"#,
            "trace closed, trace=8f3a9c01",
            "retrace=8f3a9c01",
            "trace",
            "",
        ] {
            let long = idents(text).into_iter().find(|i| i.key == "trace").map(|i| i.value);
            assert_eq!(value_of(text, &Finder::new("trace")), long, "{text}");
        }
    }

    #[test]
    fn any_text_is_read_to_its_end() {
        let long = format!("{}é trace=8f3a9c01", "x".repeat(LOOKED_AT - 1));
        assert_eq!(all(&long), []);
        assert_eq!(idents(&"trace=8f3a9c01 ".repeat(50)).len(), MOST);
    }
}
