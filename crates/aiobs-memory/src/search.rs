//! The search over documents: by words (BM25), by vectors (cosine), and joined. Blocks while it reads.

use crate::embed::{LOCAL_MODEL, local};
use crate::fill::Engine;
use crate::fuse::fuse;
use crate::names::terms;
use aiobs_store::{Found, Reader, Result};
use aiobs_types::{ContentHash, Document, DocumentFilter};
use std::collections::HashMap;
use std::time::Duration;

/// Documents taken from each list.
pub(crate) const DEPTH: usize = 50;
/// What a rank in the list of vectors counts beside one in the list of words.
const VECTORS: f64 = 3.0;
/// How long a question waits for the embedding model and the vector store together.
const PATIENCE: Duration = Duration::from_secs(3);

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

/// The documents nearest by vector, and whose vectors they were.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Near {
    /// Nearest first.
    pub found: Vec<Found>,
    /// The model that answered.
    pub model: String,
    /// Why it was not the configured one, one line.
    pub note: Option<String>,
}

/// Looks for the nearest documents with the engine's model; while that does not answer, or has not embedded everything
/// yet, with the local one.
///
/// # Errors
/// Faults of the disk.
pub async fn near(reader: &Reader, engine: &Engine, question: &Question) -> Result<Near> {
    let mut note = None;
    if engine.embedder.is_some() || engine.vectors.is_some() {
        match in_time(reader, engine, question).await? {
            Ok(found) => return Ok(Near { found, model: engine.model().to_owned(), note }),
            Err(why) => note = Some(served(why)),
        }
    }
    let query = embed_question(reader, &question.text)?;
    let found = reader.find_near(LOCAL_MODEL, &query, &question.filter, DEPTH)?;
    Ok(Near { found, model: LOCAL_MODEL.to_owned(), note })
}

/// Why the engine did not answer, and who did.
fn served(why: String) -> String {
    if why.contains("words answer") { why } else { format!("{why}; vectors by words answer") }
}

/// As [`by_engine`], but nobody waits long for an answer: one that comes too late is given up, and the next questions do
/// not wait again for a while.
async fn in_time(
    reader: &Reader,
    engine: &Engine,
    question: &Question,
) -> Result<std::result::Result<Vec<Found>, String>> {
    let place = match (&engine.vectors, &engine.embedder) {
        (Some(store), _) => format!("the vector store at {}", store.place()),
        (None, Some(model)) => format!("{} at {}", model.model(), model.place()),
        (None, None) => String::new(),
    };
    if engine.is_late() {
        return Ok(Err(format!("{place} was too slow a moment ago; vectors by words answer")));
    }
    let done = tokio::time::timeout(PATIENCE, by_engine(reader, engine, question)).await;
    engine.note_late(done.is_err());
    let late = || format!("{place} took longer than {} s; vectors by words answer", PATIENCE.as_secs());
    done.unwrap_or_else(|_| Ok(Err(late())))
}

/// The inner error says in one line why the local model has to answer.
async fn by_engine(
    reader: &Reader,
    engine: &Engine,
    question: &Question,
) -> Result<std::result::Result<Vec<Found>, String>> {
    if engine.vectors.is_none() {
        let (texts, embedded) = reader.vector_counts(engine.model())?;
        if embedded < texts {
            let note =
                format!("{embedded} of {texts} texts are embedded by {}; words answer until then", engine.model());
            return Ok(Err(note));
        }
    }
    let query = match &engine.embedder {
        Some(model) => match model.embed(vec![question.text.clone()]).await {
            Ok(mut vectors) => vectors.pop().unwrap_or_default(),
            Err(e) => return Ok(Err(e.to_string())),
        },
        None => embed_question(reader, &question.text)?,
    };
    let Some(store) = &engine.vectors else {
        return reader.find_near(engine.model(), &query, &question.filter, DEPTH).map(Ok);
    };
    let contents = reader.contents(&question.filter)?;
    let mut ids: HashMap<ContentHash, Vec<i64>> = HashMap::new();
    for (content, id) in contents {
        ids.entry(content).or_default().push(id);
    }
    let among = (!question.filter.is_all()).then(|| ids.keys().copied().collect());
    let found = match store.near(query, among, DEPTH).await {
        Ok(found) => found,
        Err(e) => return Ok(Err(e.to_string())),
    };
    let documents = |(content, score): (ContentHash, f64)| {
        let ids = ids.get(&content).cloned().unwrap_or_default();
        ids.into_iter().map(move |id| Found { id, score })
    };
    Ok(Ok(found.into_iter().flat_map(documents).collect()))
}

/// What the stems of a question count in its local vector: rare ones more than those that many documents have, by the
/// logarithm as in BM25, relative to a stem that no document has.
///
/// # Errors
/// Faults of the disk.
pub fn embed_question(reader: &Reader, text: &str) -> Result<Vec<f32>> {
    let mut stems = terms(text);
    stems.sort_unstable();
    stems.dedup();
    let (all, counts) = reader.word_counts(&stems)?;
    let rarity = |n: u64| (1.0 + (all as f64 - n as f64 + 0.5) / (n as f64 + 0.5)).ln() as f32;
    let most = rarity(0).max(f32::EPSILON);
    let known: HashMap<String, u64> = stems.into_iter().zip(counts).collect();
    Ok(local::embed_weighed(text, |stem| known.get(stem).map_or(1.0, |n| (rarity(*n) / most).max(0.05))))
}

fn by_words(reader: &Reader, question: &Question) -> Result<Vec<i64>> {
    let mut stems = terms(&question.text);
    stems.sort_unstable();
    stems.dedup();
    Ok(reader.find_words(&stems, &question.filter, DEPTH)?.into_iter().map(|f| f.id).collect())
}
