//! Numbers in the fields that a record carries beside its message: `latency_ms=4812`, `"status":499`, `"took":"12ms"`.
//! Used by detectors that look at single numbers; it knows neither formats nor what a number means.

use aiobs_types::Quantity;

/// Bytes of a record that are looked at.
const LOOKED_AT: usize = 8_192;
/// Longest name of a field.
const NAME: usize = 40;

/// The number of a field written as `name=12`, `name: 12`, `"name":12` or `"name":"12ms"`.
pub(super) fn quantity(text: &str, name: &str) -> Option<Quantity> {
    let bytes = text.as_bytes();
    memchr::memmem::find_iter(bytes, name).find_map(|at| {
        if at > 0 && in_name(bytes[at - 1]) {
            return None;
        }
        let rest = text.get(at + name.len()..)?.trim_start_matches('"').trim_start();
        let rest = rest.strip_prefix(['=', ':'])?;
        Quantity::parse(value(rest)?)
    })
}

/// The fields with a number outside of the message (a range of bytes), as name, and the value as it is written. A message
/// that is a whole object has its fields inside.
pub(super) fn each<'a>(text: &'a str, message: (u32, u32), mut take: impl FnMut(&'a str, &'a str)) {
    let bytes = &text.as_bytes()[..text.len().min(LOOKED_AT)];
    let (start, end) = (message.0 as usize, message.1 as usize);
    let inside = text.get(start..end).is_some_and(|m| !m.starts_with('{'));
    for at in memchr::memchr2_iter(b'=', b':', bytes).filter(|at| !inside || *at < start || *at >= end) {
        let quoted = at > 0 && bytes[at - 1] == b'"';
        // `file.go:88` is a place.
        if bytes[at] == b':' && !quoted {
            continue;
        }
        let last = at - usize::from(quoted);
        let first =
            last - bytes[..last].iter().rev().take(NAME + 1).take_while(|b| in_name(**b) || **b == b'.').count();
        let (Some(name), Some(value)) = (text.get(first..last), text.get(at + 1..).and_then(value)) else { continue };
        if name.len() > 1 && name.len() <= NAME && name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            take(name, value);
        }
    }
}

fn in_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')
}

/// What stands behind `=` or `:`, when it begins as a number does.
fn value(rest: &str) -> Option<&str> {
    let rest = rest.trim_start().trim_start_matches('"');
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, ',' | '"' | '}' | ']' | ')' | ';'));
    let value = rest.get(..end.unwrap_or(rest.len()))?;
    value.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, message: &str) -> Vec<(String, String)> {
        let start = text.find(message).unwrap_or_default() as u32;
        let mut found = Vec::new();
        each(text, (start, start + message.len() as u32), |name, value| found.push((name.into(), value.into())));
        found
    }

    #[test]
    fn fields_beside_the_message() {
        let own = |list: &[(&str, &str)]| -> Vec<(String, String)> {
            list.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect()
        };
        let json = r#"{"ts":"2025-01-07T14:30:15Z","msg":"took x=1","latency_ms":48.5,"http":{"status":499},"up":"3ms","v":0}"#;
        assert_eq!(
            all(json, "took x=1"),
            own(&[("ts", "2025-01-07T14:30:15Z"), ("latency_ms", "48.5"), ("status", "499"), ("up", "3ms")])
        );
        let logfmt = "ts=2025-01-07T14:30:15Z level=info msg=\"got a=7\" dur=12ms http.status=200 err=none";
        assert_eq!(all(logfmt, "got a=7")[1..], own(&[("dur", "12ms"), ("http.status", "200")]));
        assert_eq!(all("14:30:15 main.go:88 [x:1] all is well", "all is well"), []);
        assert_eq!(all(json, json).len(), 4, "an object as the message");
        assert_eq!(all("é=1 =2 a=3 :", "zz"), []);
    }

    #[test]
    fn a_field_by_its_name() {
        let of = |text: &str| quantity(text, "lat").map(|q| q.value);
        assert_eq!(of(r#"{"plat":1,"lat":12}"#), Some(12.0));
        assert_eq!([of("lat=none"), of("lat"), of("flat=3")], [None; 3]);
    }
}
