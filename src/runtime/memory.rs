//! What can be found by meaning, wired to the engine: the configured embedding model and vector store, the documents
//! there should be, and the thread that keeps them. Commands use the same parts for one pass.

mod archived;
mod keeper;

pub use archived::Archived;
pub(in crate::runtime) use keeper::{Keeper, running_engine};

use super::alerts::secret;
use super::builder::tokio_runtime;
use super::models::{Keep, Pages, serve_one};
use crate::config::{Config, expand_home};
use aiobs_memory::{
    Embedder, Engine, FillError, Folders, Heard, LOCAL_MODEL, Near, Pinecone, Postgres, Put, Qdrant, Question,
    ServedEmbedder, VectorError, VectorStore, collect, collection_name, embed, near, plan,
};
use aiobs_store::{MemoryChange, Reader, StoreError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How soon a stop is noticed while a model works.
const STOP_STEP: Duration = Duration::from_millis(100);

/// The embedding model and the vector store as configured; `offline` takes neither. What leaves this machine is written
/// down in the data directory `dir`.
///
/// # Errors
/// What makes no sense in the configuration, one line, and when nothing can be written down that has to be.
pub fn engine(config: &Config, offline: bool, dir: &Path) -> Result<Engine, String> {
    audited(config, offline, || Pages::open(dir).map(|pages| pages.keep(config)))
}

/// As [`engine`], with someone else who writes down and counts; asked only when the model is elsewhere.
fn audited(config: &Config, offline: bool, keep: impl FnOnce() -> Result<Keep, String>) -> Result<Engine, String> {
    let knowledge = &config.knowledge;
    let name = knowledge.embedding_model.trim();
    if offline {
        return Ok(Engine::default());
    }
    let mut embedder: Option<Arc<dyn Embedder>> = None;
    if !name.is_empty() {
        let server = knowledge.embedding_server.trim();
        let told = |e: String| format!("knowledge.embedding_server: {e}");
        let mut provider = serve_one(config, server, Keep::default()).map_err(told)?.provider;
        if !provider.is_local() {
            provider = serve_one(config, server, keep()?).map_err(told)?.provider;
        }
        embedder = Some(Arc::new(ServedEmbedder::new(provider, name)));
    }
    let model = embedder.as_ref().map_or(LOCAL_MODEL, |e| e.model());
    let vectors = vectors(config, &knowledge.store, model)?;
    Ok(Engine::new(embedder, vectors))
}

/// The vector store of this kind, at the configured address; `None` for the archive itself.
///
/// # Errors
/// As [`engine`].
pub fn vectors(config: &Config, kind: &str, model: &str) -> Result<Option<Arc<dyn VectorStore>>, String> {
    let knowledge = &config.knowledge;
    if kind == "sqlite" {
        return Ok(None);
    }
    let url = knowledge.store_url.as_str();
    if url.is_empty() {
        return Err(format!("knowledge.store_url: the address of {kind} is missing"));
    }
    if url.starts_with("postgres") != (kind == "pgvector") {
        return Err(format!("knowledge.store_url: that is no address of {kind}"));
    }
    let key = secret(&knowledge.store_key_env, &knowledge.store_key_file).transpose();
    let named = if knowledge.store_key_env.is_empty() { "store_key_file" } else { "store_key_env" };
    let key = key.map_err(|e| format!("knowledge.{named}: {e}"))?;
    let collection = collection_name(&knowledge.collection, model);
    let key = key.as_deref();
    let store: Result<Arc<dyn VectorStore>, VectorError> = match kind {
        "pgvector" => Postgres::new(url, &collection, key).map(|s| Arc::new(s) as _),
        "qdrant" => Qdrant::new(url, &collection, key).map(|s| Arc::new(s) as _),
        "pinecone" => Pinecone::new(url, &collection, key).map(|s| Arc::new(s) as _),
        other => return Err(format!("knowledge.store: `{other}` is not known")),
    };
    store.map(Some).map_err(|e| e.to_string())
}

/// The configured folders, absolute; and those of the chain's runbooks that are there.
pub fn folders(config: &Config) -> Folders {
    let absolute = |path: &String| {
        let path = expand_home(Path::new(path));
        std::path::absolute(&path).unwrap_or(path)
    };
    let mut all: Vec<PathBuf> = config.knowledge.paths.iter().map(absolute).collect();
    let beside = config.dir.as_ref().map(|d| d.join("runbooks"));
    for path in beside.into_iter().chain(config.chain.runbooks.iter().map(absolute)).filter(|p| p.is_dir()) {
        let path = std::path::absolute(&path).unwrap_or(path);
        if !all.iter().any(|known| path.starts_with(known)) {
            all.push(path);
        }
    }
    Folders::new(all)
}

/// What one look at the archive and the folders calls for.
pub struct Look {
    /// What is to be stored.
    pub changes: Vec<MemoryChange>,
    /// Files of the folders.
    pub files: usize,
    /// What could not be read, one line each.
    pub mistakes: Vec<String>,
}

/// Looks what is to be changed.
///
/// # Errors
/// Faults of the disk.
pub fn look(reader: &Reader, folders: &mut Folders) -> Result<Look, StoreError> {
    let scan = folders.scan();
    let mut wanted = collect(reader)?;
    wanted.extend(scan.documents);
    let unread: Vec<PathBuf> = scan.unread;
    let marks = reader.document_marks()?;
    let changes = plan(wanted, &marks, &|mark| unread.iter().any(|root| Path::new(&mark.key).starts_with(root)));
    Ok(Look { changes, files: scan.files, mistakes: scan.mistakes })
}

/// Embeds what has no vector. Blocks; true when nothing is left. Once `stop` holds, a call that is under way is given up.
///
/// # Errors
/// As [`embed`].
pub fn embed_all(
    reader: &Reader,
    engine: &Engine,
    put: Put<'_>,
    heard: Heard<'_>,
    stop: &dyn Fn() -> bool,
) -> Result<bool, FillError> {
    let rt = tokio_runtime().map_err(|e| StoreError::Other { doing: "starting the embedding", what: e.to_string() })?;
    let stopped = async {
        while !stop() {
            tokio::time::sleep(STOP_STEP).await;
        }
    };
    rt.block_on(async {
        tokio::select! {
            done = embed(reader, engine, put, heard) => done,
            () = stopped => Ok(false),
        }
    })
}

/// The documents nearest by vector. Blocks.
///
/// # Errors
/// Faults of the disk.
pub fn nearest(reader: &Reader, engine: &Engine, question: &Question) -> Result<Near, StoreError> {
    let rt = tokio_runtime().map_err(|e| StoreError::Other { doing: "searching", what: e.to_string() })?;
    rt.block_on(near(reader, engine, question))
}

/// Runs something of a vector store to its end. Blocks.
///
/// # Errors
/// When the machine gives no threads.
pub fn wait<T>(work: impl Future<Output = T>) -> std::io::Result<T> {
    Ok(tokio_runtime()?.block_on(work))
}
