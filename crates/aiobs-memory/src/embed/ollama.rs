//! Embeddings from Ollama: `POST /api/embed`, many texts at once.

use super::{EmbedError, Embedder};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a batch may take; the first one loads the model.
const PATIENCE: Duration = Duration::from_mins(2);
/// Most characters of a server's words that are told.
const TOLD: usize = 160;

/// See the module.
pub struct OllamaEmbedder {
    client: reqwest::Client,
    place: String,
    name: String,
    id: String,
    local: bool,
}

#[derive(Serialize)]
struct Ask<'a> {
    model: &'a str,
    input: &'a [String],
    truncate: bool,
}

#[derive(Deserialize)]
struct Answer {
    embeddings: Vec<Vec<f32>>,
}

#[derive(Deserialize)]
struct Fault {
    error: String,
}

impl OllamaEmbedder {
    /// The model `name` of the server at `url`; `local` says whether that is this machine. Nothing is sent yet.
    ///
    /// # Errors
    /// [`EmbedError::Unreachable`] when no client can be made for the address.
    pub fn new(url: &str, name: &str, local: bool, connect: Duration) -> Result<Self, EmbedError> {
        let place = url.trim_end_matches('/').to_owned();
        let mut builder = reqwest::Client::builder()
            .connect_timeout(connect)
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none());
        if local {
            builder = builder.no_proxy();
        }
        let client =
            builder.build().map_err(|e| EmbedError::Unreachable { place: place.clone(), reason: e.to_string() })?;
        Ok(Self { client, place, name: name.to_owned(), id: format!("ollama/{name}"), local })
    }

    async fn ask(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        let ask = Ask { model: &self.name, input: &texts, truncate: true };
        let sent = self.client.post(format!("{}/api/embed", self.place)).json(&ask).send().await;
        let response = sent.map_err(|e| self.unreachable(&e))?;
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(|e| self.unreachable(&e))?;
        if !(200..300).contains(&status) {
            return Err(self.refused(status, &body));
        }
        let answer: Answer = serde_json::from_slice(&body).map_err(|e| self.odd(e.to_string()))?;
        let vectors = answer.embeddings;
        let length = vectors.first().map_or(0, Vec::len);
        if vectors.len() != texts.len() {
            return Err(self.odd(format!("{} vectors for {} texts", vectors.len(), texts.len())));
        }
        if length == 0 || vectors.iter().any(|v| v.len() != length || v.iter().any(|x| !x.is_finite())) {
            return Err(self.odd("vectors of different lengths, or empty ones".to_owned()));
        }
        Ok(vectors)
    }

    fn unreachable(&self, e: &reqwest::Error) -> EmbedError {
        let mut last: &dyn std::error::Error = e;
        while let Some(next) = last.source() {
            last = next;
        }
        EmbedError::Unreachable { place: self.place.clone(), reason: last.to_string() }
    }

    fn refused(&self, status: u16, body: &[u8]) -> EmbedError {
        let said = serde_json::from_slice::<Fault>(body).map(|f| f.error);
        if status == 404 && said.is_ok() {
            return EmbedError::Missing { model: self.name.clone(), place: self.place.clone() };
        }
        let text = said.unwrap_or_else(|_| String::from_utf8_lossy(body).into_owned());
        let message = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(TOLD).collect();
        EmbedError::Refused { place: self.place.clone(), status, message }
    }

    fn odd(&self, what: String) -> EmbedError {
        EmbedError::Protocol { place: self.place.clone(), what }
    }
}

impl Embedder for OllamaEmbedder {
    fn model(&self) -> &str {
        &self.id
    }

    fn place(&self) -> &str {
        &self.place
    }

    fn is_local(&self) -> bool {
        self.local
    }

    fn embed(&self, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vec<f32>>, EmbedError>> {
        if texts.is_empty() {
            return async { Ok(Vec::new()) }.boxed();
        }
        self.ask(texts).boxed()
    }
}
