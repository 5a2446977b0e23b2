//! Embeddings from a model server, whichever it is: many texts at once through its [`Provider`], whose layers hide what may
//! not leave and write down what does.

use super::{EmbedError, Embedder};
use aiobs_llm::{EmbedRequest, LlmError, Provider};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// See the module.
pub struct ServedEmbedder {
    provider: Arc<dyn Provider>,
    name: String,
    id: String,
}

impl ServedEmbedder {
    /// The model `name` of a server. Nothing is sent yet.
    pub fn new(provider: Arc<dyn Provider>, name: &str) -> Self {
        let id = format!("{}/{name}", provider.name());
        Self { provider, name: name.to_owned(), id }
    }

    async fn ask(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        let wanted = texts.len();
        let request = EmbedRequest { model: Some(self.name.clone()), texts, ..EmbedRequest::default() };
        let got = self.provider.embed(request).await.map_err(|e| self.failed(e))?;
        let vectors = got.vectors;
        let length = vectors.first().map_or(0, Vec::len);
        if vectors.len() != wanted {
            return Err(self.odd(format!("{} vectors for {wanted} texts", vectors.len())));
        }
        if length == 0 || vectors.iter().any(|v| v.len() != length || v.iter().any(|x| !x.is_finite())) {
            return Err(self.odd("vectors of different lengths, or empty ones".to_owned()));
        }
        Ok(vectors)
    }

    fn failed(&self, e: LlmError) -> EmbedError {
        let place = self.place().to_owned();
        match e {
            LlmError::Unreachable { reason, .. } => EmbedError::Unreachable { place, reason },
            LlmError::Timeout { .. } | LlmError::Cut => EmbedError::Unreachable { place, reason: e.to_string() },
            // Only there a model can be fetched with one command.
            LlmError::ModelMissing { .. } if self.provider.name() == "ollama" => {
                EmbedError::Missing { model: self.name.clone(), place }
            }
            LlmError::Refused { status, message } | LlmError::Busy { status, message, .. } if status > 0 => {
                EmbedError::Refused { place, status, message }
            }
            LlmError::Refused { message, .. } => EmbedError::Unusable { place, reason: message },
            LlmError::Protocol { detail } => EmbedError::Protocol { place, what: detail },
            other => EmbedError::Unusable { place, reason: other.to_string() },
        }
    }

    fn odd(&self, what: String) -> EmbedError {
        EmbedError::Protocol { place: self.place().to_owned(), what }
    }
}

impl Embedder for ServedEmbedder {
    fn model(&self) -> &str {
        &self.id
    }

    fn place(&self) -> &str {
        self.provider.endpoint()
    }

    fn is_local(&self) -> bool {
        self.provider.is_local()
    }

    fn embed(&self, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vec<f32>>, EmbedError>> {
        if texts.is_empty() {
            return async { Ok(Vec::new()) }.boxed();
        }
        self.ask(texts).boxed()
    }
}
