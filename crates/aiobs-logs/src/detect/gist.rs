//! Words for people and for fingerprints, taken from hostile text: control characters are removed, lengths capped.

use crate::template::constant_words;
pub(super) use crate::words::plain;

/// Characters of a title.
const TITLE: usize = 80;
/// Characters of a quotation in a reason.
const QUOTE: usize = 160;

/// A template as a title. Dots that lead from a name to its value are none of it.
pub(super) fn title_of(template: &str) -> String {
    let mut title = String::with_capacity(template.len());
    for piece in template.split("....") {
        let piece = if title.is_empty() { piece } else { piece.trim_start_matches('.') };
        if !title.is_empty() && !piece.is_empty() && !title.ends_with(' ') && !piece.starts_with(' ') {
            title.push(' ');
        }
        title.push_str(piece);
    }
    plain(title.trim_end_matches(['.', ':', ',', ';', ' ']), TITLE)
}

/// A pattern's title with what the template says beyond it: its most telling run of constant words, if there is one
/// with more than a single plain word.
pub(super) fn title_with(title: &str, template: &str) -> String {
    let mut best: (usize, Vec<&str>) = (0, Vec::new());
    let mut run: Vec<&str> = Vec::new();
    for word in template.split_whitespace().chain(["<end>"]) {
        if word.contains(['<', '=']) {
            while run.last().is_some_and(|w| is_common(w)) {
                run.pop();
            }
            let telling = run.iter().filter(|w| w.len() > 2 && !is_common(w)).count();
            let named = run.iter().any(|w| w.contains(['-', '_', '.']));
            if telling > best.0 && (telling > 1 || named) {
                best = (telling, std::mem::take(&mut run));
            }
            run.clear();
            continue;
        }
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        if !word.is_empty() && !has_word(title, word) {
            run.push(word);
        }
    }
    if best.0 == 0 { plain(title, TITLE) } else { plain(&format!("{title}: {}", best.1.join(" ")), TITLE) }
}

pub(super) fn quote(text: &str) -> String {
    plain(text, QUOTE)
}

fn has_word(title: &str, word: &str) -> bool {
    title.split(' ').any(|w| w.eq_ignore_ascii_case(word))
}

/// Words that do not tell one fault from another.
fn is_common(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "a",
        "an",
        "the",
        "to",
        "of",
        "on",
        "in",
        "at",
        "for",
        "from",
        "by",
        "with",
        "and",
        "or",
        "is",
        "was",
        "are",
        "be",
        "has",
        "have",
        "not",
        "could",
        "can",
        "cannot",
        "unable",
        "failed",
        "fail",
        "failure",
        "error",
        "errors",
        "err",
        "warn",
        "warning",
        "fatal",
        "while",
        "when",
        "after",
        "before",
        "during",
        "because",
        "due",
        "due-to",
        "trying",
        "try",
        "attempt",
        "attempting",
        "retry",
        "retrying",
        "connect",
        "connecting",
        "connection",
        "dial",
        "tcp",
        "udp",
        "socket",
        "host",
        "port",
        "server",
        "request",
        "response",
        "code",
        "status",
        "message",
        "msg",
        "exception",
        "caused",
        "timed",
        "timeout",
        "out",
        "refused",
        "closed",
        "get",
        "post",
        "call",
        "read",
        "write",
        "open",
        "java",
        "net",
        "org",
        "com",
        "io",
        "runtime",
        "will",
        "again",
        "this",
        "that",
        "it",
        "its",
        "s",
        "ms",
    ];
    WORDS.iter().any(|w| w.eq_ignore_ascii_case(word))
}

/// Words that the name of the thing a fault is about follows.
fn announces_target(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "to", "host", "upstream", "service", "database", "db", "broker", "backend", "server", "cluster", "at", "queue",
        "topic", "endpoint", "origin", "dial", "reach", "resolve",
    ];
    WORDS.iter().any(|w| w.eq_ignore_ascii_case(word))
}

/// `orders` for `orders-7c9f8d6b5-x2x4k`, nothing for `ch_3fe2ab91`: a part made up for one request or one pod is no
/// name, or the same fault would be a new one each time.
pub(crate) fn without_ids(name: &str) -> String {
    let mut kept = String::with_capacity(name.len());
    let mut dropped = false;
    for piece in name.split_inclusive(['-', '_', '.']) {
        let word = piece.trim_end_matches(['-', '_', '.']);
        if is_id(word) {
            dropped = true;
        } else {
            kept.extend(piece.chars().map(|c| c.to_ascii_lowercase()));
        }
    }
    let kept = kept.trim_end_matches(['-', '_', '.']);
    // What is left of an id is only its kind (`ch`, `req`), unless it could be a name by itself.
    if dropped && kept.len() < 4 { String::new() } else { kept.to_owned() }
}

/// Letters and digits mixed, other than a word with a short number behind it (`node12`).
fn is_id(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    if digits == word.len() {
        return digits > 3;
    }
    // Hexadecimal digits, of which the last few happen to be decimal ones, or none: nobody could speak it.
    let hard = word.as_bytes().windows(3).any(|w| w.iter().all(|b| matches!(b, b'b' | b'c' | b'd' | b'f')));
    if word.len() > 6 && word.bytes().all(|b| b.is_ascii_hexdigit()) && (digits > 0 || hard) {
        return true;
    }
    let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let numbered = stem.bytes().all(|b| !b.is_ascii_digit()) && word.len() - stem.len() <= 3;
    word.len() >= 5 && digits > 0 && !numbered
}

/// Names in a message that tell which thing a fault is about: compound names such as `payments-db`, and what stands
/// behind a word like "to". Sorted, so that the wording does not matter.
pub(super) fn names_in(message: &str, title: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut announced = false;
    constant_words(message, &mut |word, is_value| {
        for part in word.split(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '_' | '.')) {
            let part = part.trim_matches(['.', '-', '_']);
            if part.is_empty() {
                continue;
            }
            let compound = !is_value && part.contains(['-', '_', '.']) && !part.contains(char::is_uppercase);
            if compound || announced {
                let name = without_ids(part);
                if name.len() > 1 && !is_common(&name) && !has_word(title, &name) {
                    names.push(name);
                }
            }
            announced = announces_target(part);
        }
    });
    names.sort_unstable();
    names.dedup();
    names.truncate(8);
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_have_no_leaders() {
        for (template, title) in [
            ("minus normalized number..................…", "minus normalized number …"),
            ("size of scratchpad portion of L3.........…", "size of scratchpad portion of L3 …"),
            ("program interrupt: privileged instruction...…", "program interrupt: privileged instruction...…"),
            ("done....", "done"),
            ("waiting ... for it", "waiting ... for it"),
            ("", ""),
        ] {
            assert_eq!(title_of(template), title);
        }
    }

    #[test]
    fn what_is_made_up_for_one_request_is_no_name() {
        for id in ["ch_3fe2ab91", "ch_ebecdf88", "ch_aeac398e", "ch_bccdcfaf", "req-0042917"] {
            assert_eq!(without_ids(id), "", "{id}");
        }
        for name in ["payments-db", "node12", "db-1", "edge-cache"] {
            assert_eq!(without_ids(name), name);
        }
        assert_eq!(without_ids("orders-7c9f8d6b5-x2x4k"), "orders");
    }
}
