//! Vectors of texts: from an embedding model, or without one from the words themselves. Used by filling and search.

pub mod local;
mod served;

pub use local::{LOCAL_DIMENSIONS, LOCAL_MODEL, cosine};
pub use served::ServedEmbedder;

use futures_util::future::BoxFuture;
use thiserror::Error;

/// Texts sent at once.
pub const BATCH: usize = 32;

/// Why there are no vectors, one line, with what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EmbedError {
    /// Nobody answers.
    #[error("no embedding model at {place} ({reason}); vectors by words answer until it is there")]
    Unreachable {
        /// Where.
        place: String,
        /// Why.
        reason: String,
    },
    /// The model is not there.
    #[error("embedding model `{model}` is not installed at {place}; run `ollama pull {model}`")]
    Missing {
        /// Which.
        model: String,
        /// Where.
        place: String,
    },
    /// It said no.
    #[error("the embedding model at {place} refused ({status}): {message}")]
    Refused {
        /// Where.
        place: String,
        /// HTTP status.
        status: u16,
        /// What it said.
        message: String,
    },
    /// It can't be asked: no key, the day's budget, or a server that makes no embeddings.
    #[error("the embedding model at {place} can't be asked: {reason}; vectors by words answer")]
    Unusable {
        /// Where.
        place: String,
        /// Why.
        reason: String,
    },
    /// Something that is no answer.
    #[error("the embedding model at {place} sent something unexpected: {what}")]
    Protocol {
        /// Where.
        place: String,
        /// What.
        what: String,
    },
}

/// Makes vectors of texts.
pub trait Embedder: Send + Sync {
    /// Model and its maker, such as `ollama/nomic-embed-text`: vectors of different ones can't be compared.
    fn model(&self) -> &str;
    /// Where it is, without secrets.
    fn place(&self) -> &str;
    /// Whether texts stay on this machine.
    fn is_local(&self) -> bool;
    /// One vector per text, in their order, all of one length.
    fn embed(&self, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vec<f32>>, EmbedError>>;
}
