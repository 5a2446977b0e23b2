//! Every server that speaks OpenAI's chat-completions interface: OpenAI, OpenRouter, vLLM, llama.cpp, LM Studio,
//! LiteLLM and others. What a server does not understand is learnt from its refusals. Used by whoever wires the program.

mod decode;
mod wire;

use crate::net::address;
use crate::net::answer::answer;
use crate::net::http::{Body, Connection, Http, KeyHeader};
use crate::net::quirks::Quirks;
use crate::{ChatRequest, ChatStream, EmbedRequest, Embeddings, Health, LlmError, ModelInfo, Outgoing, Provider};
use decode::Decoder;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Where requests go unless told otherwise.
pub const OPENAI_URL: &str = "https://api.openai.com/v1";
/// How long vectors may take.
const EMBED: Duration = Duration::from_mins(2);
/// Most things that are learnt within one call.
const LESSONS: usize = 6;

/// A server that speaks OpenAI's interface.
#[derive(Clone)]
pub struct OpenAi {
    inner: Arc<Inner>,
}

struct Inner {
    http: Http,
    configured: Option<String>,
    /// The first model of a server that has only its own.
    chosen: Mutex<Option<String>>,
    quirks: Mutex<Quirks>,
}

impl OpenAi {
    /// A server as described; `model` is the configured one, `None` takes the first that the server has. Nothing is
    /// sent yet.
    pub fn new(how: Connection, model: Option<String>) -> Result<Self, LlmError> {
        let url = if how.url.trim().is_empty() { OPENAI_URL } else { &how.url };
        let address = address::parse(url, None)?.or_path("/v1/");
        let http = Http::new("OpenAI-compatible server", address, how, KeyHeader::Bearer)?;
        let configured = model.map(|m| m.trim().to_owned()).filter(|m| !m.is_empty());
        let (chosen, quirks) = (Mutex::new(None), Mutex::new(Quirks::default()));
        Ok(Self { inner: Arc::new(Inner { http, configured, chosen, quirks }) })
    }
}

impl Inner {
    async fn list(&self) -> Result<Vec<ModelInfo>, LlmError> {
        let listed: wire::Listed = serde_json::from_value(self.http.get("models").await?)
            .map_err(|e| LlmError::Protocol { detail: format!("no list of models at this address: {e}") })?;
        Ok(listed.data.into_iter().map(|m| ModelInfo { name: m.id, ..ModelInfo::default() }).collect())
    }

    fn known(&self, asked: Option<&str>) -> Option<String> {
        let chosen = || self.chosen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        asked.map(str::to_owned).or_else(|| self.configured.clone()).or_else(chosen)
    }

    async fn model_for(&self, asked: Option<&str>) -> Result<String, LlmError> {
        match self.known(asked) {
            Some(model) => Ok(model),
            None => self.choose().await,
        }
    }

    /// The first model that can chat by its name; for servers that serve what they were started with.
    async fn choose(&self) -> Result<String, LlmError> {
        let listed = self.list().await?;
        let chats = |name: &str| !["embed", "rerank", "whisper", "tts", "moderation"].iter().any(|w| name.contains(w));
        let first = listed.into_iter().map(|m| m.name).find(|name| chats(&name.to_ascii_lowercase()));
        let model = first.ok_or_else(|| LlmError::Refused {
            status: 0,
            message: format!("{} has no model that can chat", self.http.address.shown),
        })?;
        *self.chosen.lock().unwrap_or_else(PoisonError::into_inner) = Some(model.clone());
        Ok(model)
    }

    fn quirks(&self) -> Quirks {
        *self.quirks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn open(&self, request: &ChatRequest, model: &str) -> Result<Body, LlmError> {
        let mut quirks = self.quirks();
        for _ in 0..LESSONS {
            let body = wire::request_body(request, model, quirks);
            match self.http.stream("chat/completions", &body, model).await {
                Err(e) if quirks.learn(&e) => {}
                other => {
                    if other.is_ok() {
                        *self.quirks.lock().unwrap_or_else(PoisonError::into_inner) = quirks;
                    }
                    return other;
                }
            }
        }
        Err(LlmError::Protocol { detail: "it refuses every form of the request".into() })
    }
}

impl Provider for OpenAi {
    fn name(&self) -> &'static str {
        "openai"
    }

    fn endpoint(&self) -> &str {
        &self.inner.http.address.shown
    }

    fn is_local(&self) -> bool {
        self.inner.http.address.local
    }

    fn models(&self) -> BoxFuture<'_, Result<Vec<ModelInfo>, LlmError>> {
        self.inner.list().boxed()
    }

    fn health(&self) -> BoxFuture<'_, Health> {
        async {
            let Some(model) = &self.inner.configured else {
                return match self.inner.choose().await {
                    Ok(model) => {
                        let note = Some(format!("{model} is what the server has"));
                        Health::Ready { model, note }
                    }
                    Err(e) => Health::Unavailable { reason: e.to_string() },
                };
            };
            match self.inner.list().await {
                // Some servers list nothing, or not everything; only a chat shows whether the model is there.
                Ok(list) if list.is_empty() || list.iter().any(|m| m.name == *model) => {
                    Health::Ready { model: model.clone(), note: None }
                }
                Ok(_) => {
                    let note = Some("not in the server's list of models".to_owned());
                    Health::Ready { model: model.clone(), note }
                }
                Err(LlmError::Refused { status: 404 | 405, .. }) => {
                    Health::Ready { model: model.clone(), note: Some("the server lists no models".to_owned()) }
                }
                Err(e) => Health::Unavailable { reason: e.to_string() },
            }
        }
        .boxed()
    }

    fn chat(&self, request: ChatRequest, cancel: CancellationToken) -> ChatStream {
        let inner = Arc::clone(&self.inner);
        let open = async move {
            let model = inner.model_for(request.model.as_deref()).await?;
            let body = inner.open(&request, &model).await?;
            Ok((body, Box::new(Decoder::new(request.chars(), &model)) as Box<_>))
        };
        answer(open.boxed(), cancel)
    }

    fn outgoing(&self, request: &ChatRequest) -> Option<Outgoing> {
        let url = self.inner.http.url("chat/completions").ok()?.to_string();
        let model = self.inner.known(request.model.as_deref()).unwrap_or_default();
        Some(Outgoing { url, body: wire::request_body(request, &model, self.inner.quirks()) })
    }

    fn embed(&self, request: EmbedRequest) -> BoxFuture<'_, Result<Embeddings, LlmError>> {
        let EmbedRequest { model, texts, .. } = request;
        async move {
            let model = self.inner.model_for(model.as_deref()).await?;
            let body = serde_json::json!({"model": model, "input": texts});
            let answer = self.inner.http.post("embeddings", &body, &model, EMBED).await?;
            if answer.pointer("/data/0/embedding/0").is_some_and(serde_json::Value::is_array) {
                let message = "it gives a vector for each token instead of one for each text; start it with pooling \
                               (llama.cpp: --pooling mean), or name a model made for embeddings";
                return Err(LlmError::Refused { status: 0, message: message.to_owned() });
            }
            let mut got: wire::Embedded =
                serde_json::from_value(answer).map_err(|e| LlmError::Protocol { detail: e.to_string() })?;
            got.data.sort_by_key(|row| row.index);
            if got.data.len() != texts.len() {
                let detail = format!("{} vectors for {} texts", got.data.len(), texts.len());
                return Err(LlmError::Protocol { detail });
            }
            Ok(Embeddings {
                model: if got.model.is_empty() { model } else { got.model },
                vectors: got.data.into_iter().map(|row| row.embedding).collect(),
                input_tokens: got.usage.and_then(|u| u.prompt_tokens),
                cost_usd: None,
            })
        }
        .boxed()
    }
}
