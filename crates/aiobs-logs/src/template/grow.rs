//! When variants of one word make it a variable. The evidence needed depends on where the word stands, never on a
//! particular system.

use super::shape::Word;

/// How many different words at position `i` it takes to call it a variable, given that all others agree.
pub(super) fn variants_needed(words: &[Word], i: usize, candidate: &Word, other: &Word) -> usize {
    let (a, b) = (candidate, other);
    let n = words.len();
    if a.value_like() && b.value_like() {
        let alike = a.letters == b.letters || a.is_placeholder() || b.is_placeholder();
        return if alike { 2 } else { 4 };
    }
    if (a.value_like() || b.value_like()) && holds_nothing(a, b) {
        return 2;
    }
    if let (Some((x, _)), Some((y, _))) = (a.text.split_once('='), b.text.split_once('='))
        && x == y
    {
        return if names_a_state(x) { 12 } else { 2 };
    }
    if a.value_like() || b.value_like() {
        return if i == 0 || n < 3 { 6 } else { 3 };
    }
    if i == 0 {
        return 24;
    }
    let before = words[i - 1].text.trim_end_matches([':', '=', ',', '[', '(']);
    if announces_value(before) {
        return 3;
    }
    match n {
        0..=2 => 16,
        3 => 10,
        4..=5 => 6,
        _ => 5,
    }
}

/// Whether one of two bracketed words is empty: `()` beside `(<host>)`.
fn holds_nothing(a: &Word, b: &Word) -> bool {
    let empty =
        |w: &Word| matches!(w.text.trim_end_matches([',', '.', ':', ';']), "()" | "[]" | "{}" | "<>" | "''" | "\"\"");
    (empty(a) || empty(b)) && a.text.as_bytes().first() == b.text.as_bytes().first()
}

/// Words that a name follows.
fn announces_value(word: &str) -> bool {
    const WORDS: [&str; 32] = [
        "user",
        "host",
        "from",
        "to",
        "by",
        "named",
        "name",
        "id",
        "file",
        "table",
        "topic",
        "queue",
        "service",
        "for",
        "node",
        "job",
        "task",
        "key",
        "client",
        "server",
        "pod",
        "container",
        "image",
        "database",
        "index",
        "bucket",
        "namespace",
        "method",
        "path",
        "ruser",
        "session",
        "account",
    ];
    WORDS.iter().any(|w| word.eq_ignore_ascii_case(w))
}

/// Keys whose values tell events apart rather than name things.
pub(super) fn names_a_state(key: &str) -> bool {
    const WORDS: [&str; 12] =
        ["state", "status", "level", "result", "type", "event", "action", "reason", "error", "msg", "severity", "op"];
    let key = key.trim_start_matches(|c: char| !c.is_alphanumeric());
    WORDS.iter().any(|w| key.eq_ignore_ascii_case(w))
}
