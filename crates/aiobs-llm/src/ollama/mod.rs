//! Ollama: streams chats itself, because that must survive characters cut between chunks, errors after the first line,
//! cut connections and absent counts; shows and pulls models through `ollama-rs`. Used by whoever wires the program;
//! it knows no retry, breaker or price (those go around it).

mod decode;
mod models;
mod wire;

use crate::net::address::{self, Address};
use crate::net::answer::answer;
use crate::net::http::{Connection, Http, KeyHeader, SMALL, last_cause, one_line};
use crate::{
    ChatRequest, ChatStream, EmbedRequest, Embeddings, Health, LlmError, ModelInfo, Outgoing, Provider, PullStream,
    Pulled,
};
use decode::Decoder;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _, TryFutureExt as _, TryStreamExt as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Where Ollama listens unless told otherwise.
pub const DEFAULT_URL: &str = "http://127.0.0.1:11434";
/// Ollama's port, taken when neither scheme nor port is written.
const PORT: u16 = 11434;
/// How long vectors may take; the model may have to be loaded.
const EMBED: Duration = Duration::from_mins(2);

/// An Ollama server.
#[derive(Clone)]
pub struct Ollama {
    inner: Arc<Inner>,
}

struct Inner {
    http: Http,
    configured: Option<String>,
    /// The model chosen by the last look at the server, and whether it runs elsewhere.
    chosen: Mutex<Option<(String, bool)>>,
}

impl Ollama {
    /// A server as described; `model` is the configured one, `None` chooses the best installed. Nothing is sent yet.
    pub fn new(how: Connection, model: Option<String>) -> Result<Self, LlmError> {
        let url = if how.url.trim().is_empty() { DEFAULT_URL } else { &how.url };
        let address: Address = address::parse(url, Some(PORT))?;
        let http = Http::new("Ollama", address, how, KeyHeader::Bearer)?;
        let configured = model.map(|m| m.trim().to_owned()).filter(|m| !m.is_empty());
        Ok(Self { inner: Arc::new(Inner { http, configured, chosen: Mutex::new(None) }) })
    }
}

impl Inner {
    fn unreachable(&self, reason: String) -> LlmError {
        LlmError::Unreachable { endpoint: self.http.address.shown.clone(), reason }
    }

    /// The library for showing and pulling, with our headers.
    fn library(&self) -> Result<ollama_rs::Ollama, LlmError> {
        let (headers, _) = self.http.headers()?;
        let builder = ollama_rs::Ollama::builder().host(self.http.address.url.clone());
        Ok(builder.reqwest_client(self.http.client()).request_headers(headers).build())
    }

    async fn list(&self) -> Result<Vec<ModelInfo>, LlmError> {
        let listed: wire::Listed = serde_json::from_value(self.http.get("api/tags").await?)
            .map_err(|e| LlmError::Protocol { detail: format!("no Ollama at this address? {e}") })?;
        Ok(listed.models.into_iter().map(models::from_listed).collect())
    }

    /// The installed models. Servers whose list does not say what a model can do are asked about the one in use.
    async fn described(&self) -> Result<Vec<ModelInfo>, LlmError> {
        let mut all = self.list().await?;
        if all.iter().any(|m| !m.capabilities.is_empty()) {
            return Ok(all);
        }
        let chosen = self.chosen.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(name, _)| name.clone());
        let used = chosen.or_else(|| models::find(&all, self.configured.as_deref()?).ok());
        if let Some(model) = used.and_then(|name| all.iter_mut().find(|m| m.name == name)) {
            model.capabilities = self.capabilities(&model.name).await;
        }
        Ok(all)
    }

    /// What a model can do; empty when the server does not say.
    async fn capabilities(&self, model: &str) -> Vec<String> {
        let Ok(library) = self.library() else { return Vec::new() };
        match tokio::time::timeout(SMALL, library.show_model_info(model.to_owned())).await {
            Ok(Ok(info)) => info.capabilities,
            _ => Vec::new(),
        }
    }

    fn pull_error(&self, e: ollama_rs::error::OllamaError) -> LlmError {
        use ollama_rs::error::OllamaError as E;
        match e {
            E::ReqwestError(e) if e.is_decode() || e.is_body() => LlmError::Protocol { detail: last_cause(&e) },
            E::ReqwestError(e) => self.unreachable(last_cause(&e)),
            E::JsonError(e) => LlmError::Protocol { detail: format!("no Ollama at this address? {e}") },
            E::InternalError(e) => LlmError::MidStream { message: one_line(&e.message, 200) },
            E::Other(text) => {
                let told = serde_json::from_str(&text).ok().as_ref().and_then(crate::net::http::error_text);
                LlmError::Refused { status: 0, message: one_line(&told.unwrap_or(text), 200) }
            }
            other @ E::ToolCallError(_) => LlmError::Refused { status: 0, message: one_line(&other.to_string(), 200) },
        }
    }

    /// The model to use, with a note when it is not the configured one.
    async fn choose(&self) -> Result<(String, Option<String>), LlmError> {
        let installed = self.list().await?;
        let elsewhere = |name: &str| installed.iter().any(|m| m.name == name && m.elsewhere.is_some());
        let (name, note) = if let Some(wanted) = &self.configured {
            (models::find(&installed, wanted)?, None)
        } else {
            let mut ranked = models::rank(installed.clone());
            let mut found = None;
            while let Some(best) = ranked.pop() {
                let can = self.capabilities(&best.name).await;
                if can.is_empty() || can.iter().any(|c| c == "completion") {
                    let note = format!("{} chosen, the best of the installed models", best.name);
                    found = Some((best.name, Some(note)));
                    break;
                }
            }
            found.ok_or_else(|| LlmError::NoModel { suggestion: models::SUGGESTION.to_owned() })?
        };
        let passed_on = elsewhere(&name);
        *self.chosen.lock().unwrap_or_else(PoisonError::into_inner) = Some((name.clone(), passed_on));
        Ok((name, note))
    }

    /// The model asked for, when that is known without asking the server.
    fn known_model(&self, asked: Option<&str>) -> Option<String> {
        // The configured name may stand for an installed one with a tag, so it is looked up like no name at all.
        if let Some(model) = asked
            && self.configured.as_deref() != Some(model)
        {
            return Some(model.to_owned());
        }
        self.chosen.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(name, _)| name.clone())
    }

    async fn model_for(&self, asked: Option<&str>) -> Result<String, LlmError> {
        match self.known_model(asked) {
            Some(model) => Ok(model),
            None => Ok(self.choose().await?.0),
        }
    }
}

impl Provider for Ollama {
    fn name(&self) -> &'static str {
        "ollama"
    }

    fn endpoint(&self) -> &str {
        &self.inner.http.address.shown
    }

    /// A model that the server passes on to its makers' machines is not local, wherever the server is.
    fn is_local(&self) -> bool {
        let chosen = self.inner.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        let passed_on = match &*chosen {
            Some((_, elsewhere)) => *elsewhere,
            None => self.inner.configured.as_deref().is_some_and(models::is_cloud),
        };
        self.inner.http.address.local && !passed_on
    }

    fn models(&self) -> BoxFuture<'_, Result<Vec<ModelInfo>, LlmError>> {
        self.inner.described().boxed()
    }

    fn health(&self) -> BoxFuture<'_, Health> {
        async {
            match self.inner.choose().await {
                Ok((model, note)) => Health::Ready { model, note },
                Err(LlmError::Unreachable { endpoint, reason }) => Health::Unavailable {
                    reason: format!("no Ollama at {endpoint} ({reason}); start it with `ollama serve`"),
                },
                Err(e) => Health::Unavailable { reason: e.to_string() },
            }
        }
        .boxed()
    }

    fn chat(&self, request: ChatRequest, cancel: CancellationToken) -> ChatStream {
        let inner = Arc::clone(&self.inner);
        let open = async move {
            let model = inner.model_for(request.model.as_deref()).await?;
            let body = inner.http.stream("api/chat", &wire::request_body(&request, &model), &model).await?;
            Ok((body, Box::new(Decoder::new(request.chars())) as Box<_>))
        };
        answer(open.boxed(), cancel)
    }

    fn outgoing(&self, request: &ChatRequest) -> Option<Outgoing> {
        let model = self.inner.known_model(request.model.as_deref()).or_else(|| self.inner.configured.clone());
        let url = self.inner.http.url("api/chat").ok()?.to_string();
        Some(Outgoing { url, body: wire::request_body(request, &model.unwrap_or_default()) })
    }

    fn embed(&self, request: EmbedRequest) -> BoxFuture<'_, Result<Embeddings, LlmError>> {
        let EmbedRequest { model, texts, .. } = request;
        async move {
            let model = self.inner.model_for(model.as_deref()).await?;
            let body = serde_json::json!({"model": model, "input": texts});
            let answer = self.inner.http.post("api/embed", &body, &model, EMBED).await?;
            let got: wire::Embedded =
                serde_json::from_value(answer).map_err(|e| LlmError::Protocol { detail: e.to_string() })?;
            if got.embeddings.len() != texts.len() {
                let detail = format!("{} vectors for {} texts", got.embeddings.len(), texts.len());
                return Err(LlmError::Protocol { detail });
            }
            let model = if got.model.is_empty() { model } else { got.model };
            Ok(Embeddings { model, vectors: got.embeddings, input_tokens: got.prompt_eval_count, cost_usd: None })
        }
        .boxed()
    }

    fn pull(&self, model: String) -> PullStream {
        let inner = Arc::clone(&self.inner);
        let open = async move {
            let pulling = inner.library()?.pull_model_stream(model, false).await.map_err(|e| inner.pull_error(e))?;
            let of = move |e| inner.pull_error(e);
            let ended = futures_util::stream::once(async { Err(LlmError::Cut) });
            Ok(pulling.map_err(of).map_ok(pulled).chain(ended))
        };
        // The first thing after the end, or after a failure, is not told any more.
        let until_over = |over: &mut bool, item: Result<Pulled, LlmError>| {
            let go_on = !std::mem::replace(over, !matches!(&item, Ok(p) if !p.complete));
            std::future::ready(go_on.then_some(item))
        };
        open.try_flatten_stream().scan(false, until_over).boxed()
    }
}

fn pulled(p: ollama_rs::models::pull::PullModelStatus) -> Pulled {
    Pulled {
        complete: p.message == "success",
        status: one_line(&p.message, 80),
        done: p.completed.unwrap_or(0),
        total: p.total.unwrap_or(0),
    }
}
