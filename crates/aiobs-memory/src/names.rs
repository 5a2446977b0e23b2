//! Names with a number in them: `worker 17`, `worker-17`, `worker #17` and `worker17` are one, `3.8.1` is one and not three
//! numbers. They are terms of their own beside the words, because the words alone tell no worker from another. Pure.

use crate::stem::stem;
use crate::words::{fold_all, is_stop, words};

/// Longest number that names something.
const DIGITS: usize = 6;
/// Shortest word that has a number.
const LETTERS: usize = 2;

/// One run of letters and digits, and where it stands.
struct Run<'a> {
    text: &'a str,
    /// What stands between the run before and this one.
    gap: &'a str,
}

fn runs(text: &str) -> Vec<Run<'_>> {
    let mut runs = Vec::new();
    let mut rest = text;
    while let Some(from) = rest.find(char::is_alphanumeric) {
        let tail = &rest[from..];
        let length = tail.find(|c: char| !c.is_alphanumeric()).unwrap_or(tail.len());
        runs.push(Run { text: &tail[..length], gap: &rest[..from] });
        rest = &tail[length..];
    }
    runs
}

fn is_number(text: &str) -> bool {
    text.len() <= DIGITS && text.bytes().all(|b| b.is_ascii_digit())
}

/// The name of a word and a number; none when the word says nothing.
fn named(word: &str, number: &str) -> Option<String> {
    if word.chars().count() < LETTERS || !word.chars().all(char::is_alphabetic) {
        return None;
    }
    let folded = fold_all(word);
    let digits = number.trim_start_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    (!is_stop(&folded)).then(|| format!("{}{digits}", stem(&folded)))
}

/// The number that begins at `at` and goes on after dots: `3.8.1`, also `v3.8.1`.
fn dotted(runs: &[Run<'_>], at: usize) -> Option<(String, usize)> {
    let first = runs[at].text.strip_prefix(['v', 'V']).unwrap_or(runs[at].text);
    if first.is_empty() || !is_number(first) {
        return None;
    }
    let more = runs[at + 1..].iter().take_while(|r| r.gap == "." && is_number(r.text));
    let parts: Vec<&str> = std::iter::once(first).chain(more.map(|r| r.text)).collect();
    // Not the dot: the word search would see several words.
    (parts.len() > 1).then(|| (parts.join("x"), parts.len()))
}

/// The names in a text, as terms, in order.
pub(crate) fn names(text: &str) -> Vec<String> {
    let runs = runs(text);
    let mut found = Vec::new();
    let mut at = 0;
    while at < runs.len() {
        if let Some((number, parts)) = dotted(&runs, at) {
            found.push(number);
            at += parts;
            continue;
        }
        let run = runs[at].text;
        let letters = run.find(|c: char| c.is_ascii_digit()).unwrap_or(run.len());
        let (word, number) = run.split_at(letters);
        if !number.is_empty() && is_number(number) {
            found.extend(named(word, number));
        } else if number.is_empty()
            && let Some(next) = runs.get(at + 1).filter(|n| ["-", "_", " ", "#", " #", ":"].contains(&n.gap))
            && is_number(next.text)
            && dotted(&runs, at + 1).is_none()
        {
            found.extend(named(word, next.text));
        }
        at += 1;
    }
    found
}

/// What a text is found by: the stems of its words, and its names.
pub fn terms(text: &str) -> Vec<String> {
    words(text).into_iter().map(|w| w.stem).chain(names(text)).collect()
}

/// The terms of a text, separated by blanks: what the word search indexes.
pub fn stems(text: &str) -> String {
    terms(text).join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_is_one_however_it_is_written() {
        for text in ["worker 17", "Worker-17", "workers #17", "worker17", "worker_017", "worker:17"] {
            assert_eq!(names(text), ["work17"], "{text}");
        }
        for text in ["after 30 s", "x 17", "17 workers", "worker, 17", "17", "worker", "v2"] {
            assert!(names(text).is_empty(), "{text}: {:?}", names(text));
        }
        assert_eq!(names("payments v3.8.1 at 10.0.3.14:5432"), ["3x8x1", "10x0x3x14"]);
        assert_eq!(names("Échec 404, erreur 1205."), ["echec404", "erreur1205"]);
        assert_eq!(stems("db-1 refuses"), "db refus db1");
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in ".{0,200}") {
            for name in names(&text) {
                prop_assert!(!name.is_empty() && name.chars().all(char::is_alphanumeric), "{name}");
            }
        }
    }
}
