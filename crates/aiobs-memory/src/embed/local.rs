//! A lexical embedding that needs no model: stems, pairs of stems, names with a number, pieces of words (character n-grams, so that a typo or
//! an unknown ending still fits) and groups of words that mean the same, hashed into a vector (feature hashing,
//! Weinberger et al. 2009). It finds paraphrases that share roots or meaning in operations, not more. Pure.

use crate::lexicon;
use crate::names::names;
use crate::words::words;
use std::collections::HashMap;

/// Name and version: when a weight or the lexicon changes the vectors, the version counts up and they are made again.
pub const LOCAL_MODEL: &str = "local-2";
/// Numbers per vector.
pub const LOCAL_DIMENSIONS: usize = 1024;

/// What a feature counts.
const STEM: f32 = 1.0;
const PAIR: f32 = 0.5;
const PIECES: f32 = 0.45;
const GROUP: f32 = 0.9;
const NAME: f32 = 1.2;
/// What a word counts that is in every other text of operations.
const COMMON: f32 = 0.35;
/// What a group counts at least of that, however frequent the word that stands for it.
const LEAST: f32 = 0.4;
/// Length of a piece, in characters.
const PIECE: usize = 4;

/// Stems that are in every other text of operations.
const COMMON_STEMS: &[&str] = &[
    "error", "fail", "servic", "server", "problem", "issu", "check", "host", "request", "applic", "app", "log",
    "incident", "caus", "erreur", "servi", "message", "messag", "start", "run", "run", "see", "show", "first", "time",
    "minut", "second", "system", "new", "find", "look", "level", "valu", "set", "us", "code", "process", "dan", "heur",
    "problèm", "problem", "requet", "try", "tri", "again", "report", "call", "return", "happen", "client", "us",
];

fn slot(kind: u8, feature: &str) -> (usize, f32) {
    // FNV-1a, 64 bits, with the bits mixed at the end (its low bits alone are poor).
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ u64::from(kind);
    for byte in feature.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let sign = if hash >> 63 == 0 { 1.0 } else { -1.0 };
    ((hash >> 20) as usize % LOCAL_DIMENSIONS, sign)
}

/// Features with how often they occur, each with what one occurrence counts.
fn features(text: &str, weigh: impl Fn(&str) -> f32) -> HashMap<(u8, String), (f32, u32)> {
    let words = words(text);
    let mut found: HashMap<(u8, String), (f32, u32)> = HashMap::new();
    let mut add = |kind: u8, feature: String, weight: f32| {
        let entry = found.entry((kind, feature)).or_insert((weight, 0));
        entry.1 += 1;
    };
    for word in &words {
        let common = COMMON_STEMS.contains(&word.stem.as_str());
        let weight = if common { COMMON } else { 1.0 } * weigh(&word.stem);
        add(0, word.stem.clone(), STEM * weight);
        let padded: Vec<char> = std::iter::once('^').chain(word.folded.chars()).chain(std::iter::once('$')).collect();
        let pieces = padded.len().saturating_sub(PIECE - 1);
        for piece in padded.windows(PIECE) {
            add(1, piece.iter().collect(), PIECES * weight / (pieces as f32).sqrt());
        }
    }
    for pair in words.windows(2) {
        add(2, format!("{} {}", pair[0].stem, pair[1].stem), PAIR);
    }
    for name in names(text) {
        let weight = NAME * weigh(&name);
        add(4, name, weight);
    }
    lexicon::groups(&words, |group, word| add(3, group.to_string(), GROUP * weigh(&word.stem).max(LEAST)));
    found
}

/// The vector of a text, of length 1; all zero when the text says nothing.
pub fn embed(text: &str) -> Vec<f32> {
    embed_weighed(text, |_| 1.0)
}

/// As [`embed`], for a question: `weight` says what a stem counts, such as how rare it is among the documents. Pieces of
/// the word count with it.
pub fn embed_weighed(text: &str, weight: impl Fn(&str) -> f32) -> Vec<f32> {
    let mut vector = vec![0.0; LOCAL_DIMENSIONS];
    for ((kind, feature), (counts, times)) in features(text, weight) {
        let (at, sign) = slot(kind, &feature);
        // The tenth occurrence says less than the second.
        vector[at] += sign * counts * (1.0 + (times as f32).ln());
    }
    aiobs_store::normalized(vector)
}

/// The cosine of two vectors of length 1.
pub fn cosine(a: &[f32], b: &[f32]) -> f64 {
    f64::from(a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paraphrases_lie_nearer_than_other_faults() {
        let near = |a: &str, b: &str| cosine(&embed(a), &embed(b));
        let full = "No space left on device: the log volume of the database is full";
        let certificate = "The TLS certificate of the gateway has expired";
        for (query, right, wrong) in [
            ("disk is 100 % used", full, certificate),
            ("plus d'espace disque", full, certificate),
            ("certificat SSL périmé", certificate, full),
            ("certifcate expird", certificate, full),
        ] {
            assert!(near(query, right) > near(query, wrong) + 0.05, "{query}");
        }
    }

    #[test]
    fn a_vector_has_length_one_and_is_always_the_same() {
        let v = embed("connection refused");
        assert!((cosine(&v, &v) - 1.0).abs() < 1e-5);
        assert_eq!(v, embed("connection refused"));
        assert!(embed("the of and").iter().all(|x| *x == 0.0));
    }
}
