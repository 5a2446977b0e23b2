//! What a record of an incident says about others: words that may name a component, things it names as its target, the
//! host and the requests it is about. All of it as hashes: only equality counts. Used by `profile`; knows no incident.

use crate::detect::without_ids;
use crate::idents::{Scope, idents};
use aiobs_types::RecordView;

/// Bytes of a record that are looked at.
const LOOKED_AT: usize = 4_096;
/// Words taken from one record.
const WORDS: usize = 256;

/// What one record mentions.
#[derive(Debug, Default)]
pub(super) struct Mentions {
    /// Words, each of which may be the name of a component.
    pub(super) words: Vec<u64>,
    /// Things it names by an address or a compound name, with the name for people.
    pub(super) targets: Vec<(u64, String)>,
    /// The machine it comes from, by a field of that name.
    pub(super) host: Option<u64>,
    /// Requests, and what lives longer.
    pub(super) requests: Vec<u64>,
    pub(super) works: Vec<u64>,
}

/// FNV-1a over lower-case ASCII.
pub(super) fn hash(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3))
}

/// Hash of a component's name, unless nearly every record holds such a word.
pub(super) fn name_of(component: &str) -> Option<u64> {
    const COMMON: &[&str] = &[
        "admin",
        "api",
        "app",
        "application",
        "client",
        "com",
        "connection",
        "core",
        "debug",
        "default",
        "error",
        "fatal",
        "false",
        "http",
        "https",
        "info",
        "io",
        "java",
        "kernel",
        "local",
        "localhost",
        "log",
        "logger",
        "main",
        "net",
        "node",
        "none",
        "null",
        "org",
        "python",
        "request",
        "response",
        "root",
        "server",
        "service",
        "system",
        "test",
        "timeout",
        "trace",
        "true",
        "user",
        "warn",
        "warning",
        "web",
    ];
    let name = component.trim();
    let common = COMMON.iter().any(|c| c.eq_ignore_ascii_case(name));
    (name.len() > 1 && !common && !name.bytes().all(|b| b.is_ascii_digit())).then(|| hash(name))
}

pub(super) fn of(record: &RecordView<'_>) -> Mentions {
    let mut found = Mentions::default();
    // What stands before the message says who speaks, not of whom.
    let said = record.text.get(record.meta.message.0 as usize..).unwrap_or(record.text);
    words(cut(said), &mut |word| {
        if found.words.len() < WORDS {
            found.words.push(hash(word));
        }
    });
    found.words.sort_unstable();
    found.words.dedup();
    targets(record.message().lines().next().unwrap_or_default(), &mut found.targets);
    found.host = host(cut(record.text));
    for ident in idents(record.text) {
        let list = if ident.scope == Scope::Request { &mut found.requests } else { &mut found.works };
        list.push(hash(ident.value));
    }
    found
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(LOOKED_AT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// Names as they stand, their parts between dots, and the words that capitals join (`OrdersClient`).
fn words(text: &str, take: &mut impl FnMut(&str)) {
    for name in text.split(|c: char| !in_name(c)) {
        let name = name.trim_matches(['-', '_', '.']);
        if name.len() < 2 || name.len() > 80 {
            continue;
        }
        take(name);
        if name.contains('.') {
            name.split('.').filter(|part| part.len() > 1).for_each(&mut *take);
        }
        if name.bytes().skip(1).any(|b| b.is_ascii_uppercase()) && name.bytes().any(|b| b.is_ascii_lowercase()) {
            let mut start = 0;
            for (i, b) in name.bytes().enumerate().skip(1) {
                if b.is_ascii_uppercase() || !b.is_ascii_alphanumeric() {
                    take(&name[start..i]);
                    start = if b.is_ascii_uppercase() { i } else { i + 1 };
                }
            }
            take(&name[start..]);
        }
    }
}

/// Things that a line names by an address (`10.0.3.5:8080`), with a port (`redis:6379`) or by a compound name (`db-1`).
fn targets(line: &str, out: &mut Vec<(u64, String)>) {
    let line = cut(line);
    let mut rest = line;
    while let Some(start) = rest.find(in_name) {
        let tail = &rest[start..];
        let len = tail.find(|c| !in_name(c)).unwrap_or(tail.len());
        let (name, behind) = (tail[..len].trim_matches(['-', '_', '.']), &tail[len..]);
        rest = behind;
        let port = behind.strip_prefix(':').map_or(0, |p| p.bytes().take_while(u8::is_ascii_digit).count());
        let named = if is_address(name) {
            Some(if port > 1 { format!("{name}{}", &behind[..=port]) } else { name.to_owned() })
        } else {
            compound(name, port > 1 && port < 6)
        };
        if let Some(named) = named
            && out.len() < 8
        {
            let key = hash(&named);
            if out.iter().all(|(k, _)| *k != key) {
                out.push((key, named));
            }
        }
    }
}

fn is_address(name: &str) -> bool {
    let parts: Vec<&str> = name.split('.').collect();
    parts.len() == 4 && parts.iter().all(|p| p.parse::<u8>().is_ok())
}

/// The name without what is made up for one request or pod, if it is one that tells one thing from others.
fn compound(name: &str, has_port: bool) -> Option<String> {
    const FILES: &[&str] = &[
        "c", "cc", "cfg", "conf", "cpp", "css", "csv", "go", "h", "html", "ini", "jar", "java", "js", "json", "kt",
        "log", "php", "png", "py", "rb", "rs", "scala", "sh", "so", "sql", "toml", "ts", "txt", "xml", "yaml", "yml",
    ];
    let letters = name.bytes().filter(u8::is_ascii_alphabetic).count();
    if letters < 2 || name.contains(|c: char| c.is_ascii_uppercase()) || name.len() > 80 {
        return None;
    }
    let file = name.rsplit_once('.').is_some_and(|(_, end)| FILES.contains(&end));
    let joined = name.contains(['-', '.']) && !name.ends_with(['-', '.']);
    // `not-found` is a word; a name of a thing has a digit or a dot, or a port behind it.
    let telling = has_port || joined && (name.contains('.') || name.bytes().any(|b| b.is_ascii_digit()));
    if file || !telling {
        return None;
    }
    let kept = without_ids(name);
    (kept.len() > 2).then_some(kept)
}

/// The value of a field that names the machine.
fn host(text: &str) -> Option<u64> {
    const KEYS: &[&str] = &["host", "hostname", "node", "node_name", "nodename", "instance", "machine"];
    for (at, _) in text.match_indices(['=', ':']) {
        let key = text[..at].trim_end_matches('"');
        let start = key.rfind(|c: char| !in_name(c)).map_or(0, |i| i + 1);
        if !KEYS.contains(&key.get(start..).unwrap_or_default()) {
            continue;
        }
        let value = text[at + 1..].trim_start_matches([' ', '"', '\'']);
        let end = value.find(|c| !in_name(c)).unwrap_or(value.len());
        if end > 1 {
            return Some(hash(&value[..end]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets_of(line: &str) -> Vec<String> {
        let mut out = Vec::new();
        targets(line, &mut out);
        out.into_iter().map(|(_, name)| name).collect()
    }

    #[test]
    fn things_that_tell_faults_apart() {
        for (line, want) in [
            ("connection to db-1:5432 refused (pool 96/200)", vec!["db-1"]),
            ("waiting 812 ms for a connection to db-1, pool 90/200", vec!["db-1"]),
            ("dial tcp 10.0.3.5:8080: i/o timeout", vec!["10.0.3.5:8080"]),
            ("redis:6379 does not answer", vec!["redis"]),
            ("card provider api.paycard.example answered 429", vec!["api.paycard.example"]),
            ("could not read-ahead: file not-found in Main.java:88", vec![]),
            ("order 71234 failed after 3 attempts", vec![]),
            ("request req-0042917 of ch_3fe2ab91 failed", vec![]),
        ] {
            assert_eq!(targets_of(line), want, "{line}");
        }
    }

    #[test]
    fn words_that_may_name_a_component() {
        let mut found = Vec::new();
        words("at com.shop.http.OrdersClient.confirm: http://gateway:8080/payments?x=1", &mut |w| {
            found.push(w.to_owned());
        });
        for word in ["Orders", "gateway", "payments", "shop"] {
            assert!(found.iter().any(|w| w == word), "{word}: {found:?}");
        }
        assert!(
            name_of("db-1").is_some() && name_of("api").is_none() && name_of("7").is_none() && name_of("").is_none()
        );
        assert_eq!(name_of("Orders"), Some(hash("orders")));
    }

    #[test]
    fn the_host_of_a_record() {
        assert_eq!(host(r#"{"msg":"x","host":"node-7"}"#), Some(hash("node-7")));
        assert_eq!(host("level=error hostname=web-1 msg=x"), Some(hash("web-1")));
        assert_eq!(host("ghost=web-1"), None);
        assert_eq!(host(""), None);
    }
}
