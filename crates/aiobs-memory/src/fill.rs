//! Keeps what can be found in step with what there is: compares documents with those stored, and embeds texts that have
//! no vector yet, in batches. What is interrupted goes on where it ended; a text is embedded once per model.

use crate::embed::{BATCH, EmbedError, Embedder, LOCAL_MODEL, local};
use crate::names::stems;
use crate::vectors::{VectorError, VectorStore};
use aiobs_store::{DocumentMark, MemoryChange, Reader, StoreError, StoredVector};
use aiobs_types::{ContentHash, Document, DocumentFilter, DocumentKind};
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use thiserror::Error;

/// How long nobody waits for an engine that was late.
const LEFT_ALONE: Duration = Duration::from_secs(30);
/// Documents stored in one transaction.
const PUT: usize = 256;
/// Most characters of a text that a model is sent.
const LONGEST: usize = 8_000;

/// Why filling stopped.
#[derive(Debug, Error)]
pub enum FillError {
    /// The archive.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The embedding model.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// The vector store.
    #[error(transparent)]
    Vectors(#[from] VectorError),
}

/// Who makes vectors and who keeps them.
#[derive(Clone, Default)]
pub struct Engine {
    /// The embedding model; `None` is the local one.
    pub embedder: Option<Arc<dyn Embedder>>,
    /// Where its vectors are kept; `None` is the archive's own database.
    pub vectors: Option<Arc<dyn VectorStore>>,
    /// What that store is known to have.
    there: Arc<Mutex<HashSet<ContentHash>>>,
    /// When a question did not get its answer in time.
    late: Arc<Mutex<Option<Instant>>>,
}

impl Engine {
    /// Of an embedding model and a vector store.
    pub fn new(embedder: Option<Arc<dyn Embedder>>, vectors: Option<Arc<dyn VectorStore>>) -> Self {
        Self { embedder, vectors, there: Arc::default(), late: Arc::default() }
    }

    /// Whether a question was answered too late a short while ago: then nobody waits for the next one.
    pub(crate) fn is_late(&self) -> bool {
        let late = *self.late.lock().unwrap_or_else(PoisonError::into_inner);
        late.is_some_and(|at| at.elapsed() < LEFT_ALONE)
    }

    /// Notes whether a question was answered too late.
    pub fn note_late(&self, late: bool) {
        *self.late.lock().unwrap_or_else(PoisonError::into_inner) = late.then(Instant::now);
    }

    /// The model whose vectors answer.
    pub fn model(&self) -> &str {
        self.embedder.as_ref().map_or(LOCAL_MODEL, |e| e.model())
    }
}

/// How far filling is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Different texts.
    pub texts: u64,
    /// Of those, with a vector of the model.
    pub embedded: u64,
    /// The model.
    pub model: String,
}

impl Progress {
    /// Whether every text has its vector.
    pub const fn is_done(&self) -> bool {
        self.embedded >= self.texts
    }
}

/// What is to be changed so that `wanted` is what is stored; documents for which `stays` holds are not removed.
pub fn plan(
    wanted: Vec<Document>,
    stored: &[DocumentMark],
    stays: &dyn Fn(&DocumentMark) -> bool,
) -> Vec<MemoryChange> {
    let known: HashMap<(DocumentKind, &str), &DocumentMark> =
        stored.iter().map(|m| ((m.kind, m.key.as_str()), m)).collect();
    let mut kept: HashSet<i64> = HashSet::new();
    let mut put = Vec::new();
    for document in wanted {
        let mark = known.get(&(document.kind, document.key.as_str()));
        kept.extend(mark.map(|m| m.id));
        if mark.is_none_or(|m| m.content != document.content() || m.facts != document.facts()) {
            let words = [stems(&document.title), stems(&document.body)];
            put.push((document, words));
        }
    }
    let remove: Vec<i64> = stored.iter().filter(|m| !kept.contains(&m.id) && !stays(m)).map(|m| m.id).collect();
    let mut changes: Vec<MemoryChange> = Vec::new();
    let mut put = put.into_iter().peekable();
    while put.peek().is_some() {
        changes.push(MemoryChange { put: put.by_ref().take(PUT).collect(), ..MemoryChange::default() });
    }
    if !remove.is_empty() {
        changes.push(MemoryChange { remove, ..MemoryChange::default() });
    }
    changes
}

/// Who carries a change into the database; waits until it is there.
pub type Put<'a> = &'a mut dyn FnMut(MemoryChange) -> Result<(), StoreError>;
/// Hears how far it is; may stop it.
pub type Heard<'a> = &'a mut dyn FnMut(&Progress) -> ControlFlow<()>;

/// Embeds every text that has no vector yet: first by words, which is quick and always there, then by the model. True
/// when nothing is left; false when it was stopped.
///
/// # Errors
/// What the first failing part says; what was embedded before stays.
pub async fn embed(reader: &Reader, engine: &Engine, put: Put<'_>, heard: Heard<'_>) -> Result<bool, FillError> {
    let mut news = false;
    loop {
        let texts = reader.without_vector(LOCAL_MODEL, PUT)?;
        if texts.is_empty() {
            break;
        }
        let vector = |(content, text): (ContentHash, String)| StoredVector {
            model: LOCAL_MODEL.to_owned(),
            content,
            vector: local::embed(&text),
        };
        news = true;
        put(MemoryChange { vectors: texts.into_iter().map(vector).collect(), ..MemoryChange::default() })?;
        if heard(&progress(reader, LOCAL_MODEL)?).is_break() {
            return Ok(false);
        }
    }
    let done = match (&engine.embedder, &engine.vectors) {
        (None, None) => true,
        (Some(model), None) => {
            news |= reader.vector_counts(model.model()).is_ok_and(|(texts, embedded)| embedded < texts);
            by_model(reader, model.as_ref(), put, heard).await?
        }
        (_, Some(vectors)) => elsewhere(reader, engine, vectors.as_ref(), heard).await?,
    };
    heard_end(reader, engine, heard)?;
    if done && news {
        let mut models = vec![LOCAL_MODEL.to_owned()];
        models.extend(engine.embedder.as_ref().map(|e| e.model().to_owned()));
        put(MemoryChange { keep_models: Some(models), ..MemoryChange::default() })?;
    }
    Ok(done)
}

/// Says how far it is when there was nothing to do.
fn heard_end(reader: &Reader, engine: &Engine, heard: Heard<'_>) -> Result<(), StoreError> {
    if engine.embedder.is_none() && engine.vectors.is_none() {
        let _ = heard(&progress(reader, LOCAL_MODEL)?);
    }
    Ok(())
}

fn progress(reader: &Reader, model: &str) -> Result<Progress, StoreError> {
    let (texts, embedded) = reader.vector_counts(model)?;
    Ok(Progress { texts, embedded, model: model.to_owned() })
}

/// The texts as a model is sent them.
fn shortened(texts: &[(ContentHash, String)]) -> Vec<String> {
    texts.iter().map(|(_, t)| t.chars().take(LONGEST).collect()).collect()
}

async fn by_model(reader: &Reader, model: &dyn Embedder, put: Put<'_>, heard: Heard<'_>) -> Result<bool, FillError> {
    loop {
        let texts = reader.without_vector(model.model(), BATCH)?;
        if heard(&progress(reader, model.model())?).is_break() {
            return Ok(false);
        }
        if texts.is_empty() {
            return Ok(true);
        }
        let vectors = model.embed(shortened(&texts)).await?;
        let stored = |((content, _), vector): (&(ContentHash, String), Vec<f32>)| StoredVector {
            model: model.model().to_owned(),
            content: *content,
            vector,
        };
        let vectors = texts.iter().zip(vectors).map(stored).collect();
        put(MemoryChange { vectors, ..MemoryChange::default() })?;
    }
}

/// Into a store that is not the archive's database: it is asked what it has.
async fn elsewhere(
    reader: &Reader,
    engine: &Engine,
    store: &dyn VectorStore,
    heard: Heard<'_>,
) -> Result<bool, FillError> {
    let mut contents: Vec<(ContentHash, i64)> = reader.contents(&DocumentFilter::default())?;
    contents.sort_unstable();
    contents.dedup_by_key(|(content, _)| *content);
    let mut progress = Progress { texts: contents.len() as u64, embedded: 0, model: engine.model().to_owned() };
    let mut news = false;
    for batch in contents.chunks(BATCH) {
        if heard(&progress).is_break() {
            return Ok(false);
        }
        let unsure: Vec<ContentHash> = {
            let there = engine.there.lock().unwrap_or_else(PoisonError::into_inner);
            batch.iter().map(|(content, _)| *content).filter(|c| !there.contains(c)).collect()
        };
        if !unsure.is_empty() {
            let known: HashSet<ContentHash> = store.known(unsure.clone()).await?.into_iter().collect();
            let missing = |c: &ContentHash| unsure.contains(c) && !known.contains(c);
            let ids: Vec<i64> = batch.iter().filter(|(c, _)| missing(c)).map(|(_, id)| *id).collect();
            let texts: Vec<(ContentHash, String)> =
                reader.documents(&ids)?.into_iter().map(|(_, d)| (d.content(), d.text())).collect();
            if !texts.is_empty() {
                let vectors = match &engine.embedder {
                    Some(model) => model.embed(shortened(&texts)).await?,
                    None => texts.iter().map(|(_, t)| local::embed(t)).collect(),
                };
                store.put(texts.iter().map(|(content, _)| *content).zip(vectors).collect()).await?;
                news = true;
            }
            engine.there.lock().unwrap_or_else(PoisonError::into_inner).extend(unsure);
        }
        progress.embedded += batch.len() as u64;
    }
    let _ = heard(&progress);
    if news {
        forget(store, &contents).await?;
    }
    Ok(true)
}

/// Vectors of texts that no document has any more go.
async fn forget(store: &dyn VectorStore, contents: &[(ContentHash, i64)]) -> Result<(), VectorError> {
    let wanted: HashSet<ContentHash> = contents.iter().map(|(content, _)| *content).collect();
    let mut after = None;
    let mut gone = Vec::new();
    loop {
        let page = store.page(after, PUT).await?;
        gone.extend(page.points.into_iter().map(|(content, _)| content).filter(|c| !wanted.contains(c)));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if gone.is_empty() { Ok(()) } else { store.remove(gone).await }
}

#[cfg(test)]
mod tests;
