//! The search over documents: by words (BM25), by vectors (cosine), and joined. Blocks while it reads.

use crate::embed::local;
use crate::fuse::fuse;
use crate::words::words;
use aiobs_store::{Found, Reader, Result};
use aiobs_types::{Document, DocumentFilter};
use std::collections::HashMap;

/// Documents taken from each list.
pub(crate) const DEPTH: usize = 50;
/// What a rank in the list of vectors counts beside one in the list of words.
const VECTORS: f64 = 2.0;

/// Which lists are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Words only.
    Words,
    /// Vectors only.
    Vectors,
    /// Both.
    #[default]
    Hybrid,
}

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// In plain words.
    pub text: String,
    /// Which documents.
    pub filter: DocumentFilter,
    /// Which lists are joined.
    pub mode: Mode,
    /// Most hits; 0 is no limit but the length of the lists.
    pub limit: usize,
}

/// One document found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// It.
    pub document: Document,
    /// How well it fits; comparable within one answer only.
    pub score: f64,
    /// Its rank by words, from 1.
    pub by_words: Option<usize>,
    /// Its rank by vectors, from 1.
    pub by_vectors: Option<usize>,
}

/// Answers. `near` are the documents nearest by vector, nearest first, of those the question's filter lets through.
///
/// # Errors
/// Faults of the disk.
pub fn search(reader: &Reader, question: &Question, near: &[Found]) -> Result<Vec<Hit>> {
    let by_words = if question.mode == Mode::Vectors { Vec::new() } else { by_words(reader, question)? };
    let by_vectors: Vec<i64> = if question.mode == Mode::Words {
        Vec::new()
    } else {
        // What has nothing in common with the question is no answer.
        near.iter().filter(|f| f.score > 0.0).take(DEPTH).map(|f| f.id).collect()
    };
    let mut joined = fuse(&[(&by_words, 1.0), (&by_vectors, VECTORS)]);
    if question.limit > 0 {
        joined.truncate(question.limit);
    }
    let mut hits = Vec::with_capacity(joined.len());
    for f in joined {
        if let Some((_, document)) = reader.documents(&[f.item])?.pop() {
            hits.push(Hit { document, score: f.score, by_words: f.ranks[0], by_vectors: f.ranks[1] });
        }
    }
    Ok(hits)
}

/// What the stems of a question count in its local vector: rare ones more than those that many documents have, by the
/// logarithm as in BM25, relative to a stem that no document has.
///
/// # Errors
/// Faults of the disk.
pub fn embed_question(reader: &Reader, text: &str) -> Result<Vec<f32>> {
    let mut stems: Vec<String> = words(text).into_iter().map(|w| w.stem).collect();
    stems.sort_unstable();
    stems.dedup();
    let (all, counts) = reader.word_counts(&stems)?;
    let rarity = |n: u64| (1.0 + (all as f64 - n as f64 + 0.5) / (n as f64 + 0.5)).ln() as f32;
    let most = rarity(0).max(f32::EPSILON);
    let known: HashMap<String, u64> = stems.into_iter().zip(counts).collect();
    Ok(local::embed_weighed(text, |stem| known.get(stem).map_or(1.0, |n| (rarity(*n) / most).max(0.05))))
}

fn by_words(reader: &Reader, question: &Question) -> Result<Vec<i64>> {
    let mut stems: Vec<String> = words(&question.text).into_iter().map(|w| w.stem).collect();
    stems.sort_unstable();
    stems.dedup();
    Ok(reader.find_words(&stems, &question.filter, DEPTH)?.into_iter().map(|f| f.id).collect())
}
