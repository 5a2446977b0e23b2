//! Anthropic's messages interface, and servers that speak it. Used by whoever wires the program; it knows no retry,
//! breaker or price (those go around it).

mod decode;
mod wire;

use crate::net::address;
use crate::net::answer::answer;
use crate::net::http::{Body, Connection, Http, KeyHeader};
use crate::net::quirks::Quirks;
use crate::{ChatRequest, ChatStream, Health, LlmError, ModelInfo, Outgoing, Provider};
use decode::Decoder;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

/// Where requests go unless told otherwise.
pub const ANTHROPIC_URL: &str = "https://api.anthropic.com";
/// The version of the interface that is spoken here.
const VERSION: &str = "2023-06-01";

/// A server that speaks Anthropic's interface.
#[derive(Clone)]
pub struct Anthropic {
    inner: Arc<Inner>,
}

struct Inner {
    http: Http,
    model: String,
    quirks: Mutex<Quirks>,
}

impl Anthropic {
    /// A server as described, and the model to use. Nothing is sent yet.
    pub fn new(mut how: Connection, model: &str) -> Result<Self, LlmError> {
        let url = if how.url.trim().is_empty() { ANTHROPIC_URL } else { &how.url };
        let address = address::parse(url, None)?.or_path("/v1/");
        how.headers.insert(0, ("anthropic-version".to_owned(), VERSION.to_owned()));
        let http = Http::new("Anthropic", address, how, KeyHeader::ApiKey)?;
        let model = model.trim().to_owned();
        Ok(Self { inner: Arc::new(Inner { http, model, quirks: Mutex::new(Quirks::default()) }) })
    }
}

impl Inner {
    async fn list(&self) -> Result<Vec<ModelInfo>, LlmError> {
        let listed: wire::Listed = serde_json::from_value(self.http.get("models?limit=1000").await?)
            .map_err(|e| LlmError::Protocol { detail: format!("no list of models at this address: {e}") })?;
        // The interface lists no abilities; every model behind it chats and calls tools.
        let able = || vec!["completion".to_owned(), "tools".to_owned()];
        let info = |m: wire::ListedModel| ModelInfo { name: m.id, capabilities: able(), ..ModelInfo::default() };
        Ok(listed.data.into_iter().map(info).collect())
    }

    fn quirks(&self) -> Quirks {
        *self.quirks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Newer models take no temperature; that is learnt from their refusal.
    async fn open(&self, request: &ChatRequest, model: &str) -> Result<Body, LlmError> {
        let mut quirks = self.quirks();
        let first = self.http.stream("messages", &wire::request_body(request, model, quirks), model).await;
        match first {
            Err(e) if quirks.learn(&e) && quirks.no_temperature => {
                *self.quirks.lock().unwrap_or_else(PoisonError::into_inner) = quirks;
                self.http.stream("messages", &wire::request_body(request, model, quirks), model).await
            }
            other => other,
        }
    }
}

impl Provider for Anthropic {
    fn name(&self) -> &'static str {
        "anthropic"
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
            let model = self.inner.model.clone();
            match self.inner.list().await {
                Ok(list) if list.is_empty() || list.iter().any(|m| m.name == model) => {
                    Health::Ready { model, note: None }
                }
                // Short names such as `claude-x-latest` are taken but not listed.
                Ok(_) => Health::Ready { model, note: Some("not in the server's list of models".to_owned()) },
                Err(LlmError::Refused { status: 404 | 405, .. }) => {
                    Health::Ready { model, note: Some("the server lists no models".to_owned()) }
                }
                Err(e) => Health::Unavailable { reason: e.to_string() },
            }
        }
        .boxed()
    }

    fn chat(&self, request: ChatRequest, cancel: CancellationToken) -> ChatStream {
        let inner = Arc::clone(&self.inner);
        let open = async move {
            let model = request.model.clone().unwrap_or_else(|| inner.model.clone());
            let body = inner.open(&request, &model).await?;
            let decoder = Decoder::new(request.chars(), &model, request.format.is_some());
            Ok((body, Box::new(decoder) as Box<_>))
        };
        answer(open.boxed(), cancel)
    }

    fn outgoing(&self, request: &ChatRequest) -> Option<Outgoing> {
        let url = self.inner.http.url("messages").ok()?.to_string();
        let model = request.model.as_ref().unwrap_or(&self.inner.model);
        Some(Outgoing { url, body: wire::request_body(request, model, self.inner.quirks()) })
    }
}
