//! Groups of words that mean the same in operations, English and French (`lexicon.txt`). Used by the local embedding,
//! so that `RAM épuisée` lies near `out of memory`. Pure.

use crate::words::{Word, words};
use std::collections::HashMap;
use std::sync::LazyLock;

const TEXT: &str = include_str!("lexicon.txt");

struct Lexicon {
    /// Phrases by their first stem: the rest of the phrase, and the group.
    phrases: HashMap<String, Vec<(Vec<String>, u32)>>,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::read(TEXT));

impl Lexicon {
    fn read(text: &str) -> Self {
        let mut phrases: HashMap<String, Vec<(Vec<String>, u32)>> = HashMap::new();
        let lines = text.lines().filter(|l| !l.trim().is_empty() && !l.starts_with('#'));
        for (group, line) in lines.enumerate() {
            let Some((_, list)) = line.split_once(':') else { continue };
            for phrase in list.split(',') {
                let mut stems = stems_of(phrase).into_iter();
                if let Some(first) = stems.next() {
                    phrases.entry(first).or_default().push((stems.collect(), group as u32));
                }
            }
        }
        // The longest phrase that fits counts.
        for list in phrases.values_mut() {
            list.sort_by_key(|(rest, _)| std::cmp::Reverse(rest.len()));
        }
        Self { phrases }
    }

    fn groups(&self, words: &[Word], mut on: impl FnMut(u32, &Word)) {
        for (i, word) in words.iter().enumerate() {
            let Some(phrases) = self.phrases.get(&word.stem) else { continue };
            let fits = |rest: &[String]| {
                let following = words.get(i + 1..i + 1 + rest.len());
                following.is_some_and(|w| w.iter().map(|w| &w.stem).eq(rest))
            };
            let longest = phrases.iter().find(|(rest, _)| fits(rest)).map(|(rest, _)| rest.len());
            for (_, group) in phrases.iter().filter(|(rest, _)| Some(rest.len()) == longest && fits(rest)) {
                on(*group, word);
            }
        }
    }
}

/// The stems of a phrase; none when small words are all that would make it mean what it does (`no such file` must not
/// stand for every `file`).
fn stems_of(phrase: &str) -> Vec<String> {
    let stems: Vec<String> = words(phrase).into_iter().map(|w| w.stem).collect();
    if stems.len() == 1 && phrase.split_whitespace().count() > 1 { Vec::new() } else { stems }
}

/// Hands the group of every phrase in the text to `on`, with the first word of the phrase, once per occurrence.
pub(crate) fn groups(words: &[Word], on: impl FnMut(u32, &Word)) {
    LEXICON.groups(words, on);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<u32> {
        let mut found = Vec::new();
        groups(&words(text), |g, _| found.push(g));
        found.sort_unstable();
        found.dedup();
        found
    }

    #[test]
    fn words_of_one_meaning_share_a_group() {
        let both = |a: &str, b: &str| of(a).iter().any(|g| of(b).contains(g));
        assert!(both("RAM épuisée", "out of memory"));
        assert!(both("certificat périmé", "x509: certificate has expired"));
        assert!(both("name resolution fails", "NXDOMAIN"));
        assert!(!both("deadlock", "certificate"));
        assert!(of("nothing of that kind").is_empty());
    }

    #[test]
    fn every_line_is_a_group() {
        let lines: Vec<&str> = TEXT.lines().filter(|l| !l.trim().is_empty() && !l.starts_with('#')).collect();
        for line in &lines {
            let (name, list) = line.split_once(':').unwrap_or_default();
            assert!(!name.is_empty() && list.split(',').count() > 1, "{line}");
            assert!(list.split(',').filter(|p| !stems_of(p).is_empty()).count() > 1, "{line}");
        }
    }
}
