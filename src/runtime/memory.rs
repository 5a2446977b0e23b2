//! What can be found by meaning, wired to the engine: the configured embedding model and vector store, the documents
//! there should be, and the thread that keeps them. Commands use the same parts for one pass.

mod archived;
mod keeper;

pub use archived::Archived;
pub(in crate::runtime) use keeper::Keeper;

use super::builder::tokio_runtime;
use crate::config::{Config, expand_home};
use aiobs_llm::{Connection, KeySource, Ollama, Provider as _, Redaction};
use aiobs_memory::{
    EmbedError, Embedder, Engine, FillError, Folders, Heard, LOCAL_MODEL, Near, OllamaEmbedder, Pinecone, Put, Qdrant,
    Question, VectorStore, collect, collection_name, embed, near, plan,
};
use aiobs_store::{MemoryChange, Reader, StoreError};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How soon a stop is noticed while a model works.
const STOP_STEP: Duration = Duration::from_millis(100);

/// Texts that go to another machine are masked, as everything that does.
struct Masked(OllamaEmbedder);

impl Embedder for Masked {
    fn model(&self) -> &str {
        self.0.model()
    }

    fn place(&self) -> &str {
        self.0.place()
    }

    fn is_local(&self) -> bool {
        self.0.is_local()
    }

    fn embed(&self, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vec<f32>>, EmbedError>> {
        self.0.embed(texts.iter().map(|t| Redaction::new(&[]).hide(t)).collect()).boxed()
    }
}

/// The embedding model and the vector store as configured; `offline` takes neither.
///
/// # Errors
/// What makes no sense in the configuration, one line.
pub fn engine(config: &Config, offline: bool) -> Result<Engine, String> {
    let knowledge = &config.knowledge;
    let name = knowledge.embedding_model.trim();
    if offline {
        return Ok(Engine::default());
    }
    let mut embedder: Option<Arc<dyn Embedder>> = None;
    // Only Ollama is asked for vectors so far; with another provider the words themselves serve.
    if !name.is_empty() && config.model.provider == "ollama" {
        let how = Connection {
            url: config.model.url.clone(),
            key: KeySource::None,
            headers: Vec::new(),
            connect_timeout: config.model.connect_timeout,
        };
        let server = Ollama::new(how, None).map_err(|e| format!("model.url: {e}"))?;
        let local = server.is_local();
        let model = OllamaEmbedder::new(server.endpoint(), name, local, config.model.connect_timeout)
            .map_err(|e| e.to_string())?;
        embedder = Some(if local { Arc::new(model) } else { Arc::new(Masked(model)) });
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
    let key = match knowledge.store_key_env.as_str() {
        "" => None,
        name => match std::env::var(name) {
            Ok(value) if !value.trim().is_empty() => Some(value.trim().to_owned()),
            _ if kind == "sqlite" => None,
            _ => return Err(format!("knowledge.store_key_env: the environment variable {name} is not set")),
        },
    };
    if kind != "sqlite" && knowledge.store_url.is_empty() {
        return Err(format!("knowledge.store_url: the address of {kind} is missing"));
    }
    let collection = collection_name(&knowledge.collection, model);
    let (url, key) = (knowledge.store_url.as_str(), key.as_deref());
    let store: Arc<dyn VectorStore> = match kind {
        "qdrant" => Arc::new(Qdrant::new(url, &collection, key).map_err(|e| e.to_string())?),
        "pinecone" => Arc::new(Pinecone::new(url, &collection, key).map_err(|e| e.to_string())?),
        _ => return Ok(None),
    };
    Ok(Some(store))
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
