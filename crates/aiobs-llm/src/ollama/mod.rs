//! Ollama: lists and shows models through `ollama-rs`, streams chats itself, because that must survive characters
//! cut between chunks, errors after the first line, cut connections and absent counts. Used by whoever wires the
//! program; it knows no retry, breaker or price (those go around it).

mod address;
pub(crate) mod decode;
mod models;
pub(crate) mod wire;

use crate::{ChatEvent, ChatRequest, ChatStream, Health, LlmError, ModelInfo, Provider};
use address::Address;
use decode::{Decoder, Events};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt as _, StreamExt as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// How long to wait for lists and other small answers.
const SMALL: Duration = Duration::from_secs(5);
/// Most bytes read of an error's body.
const ERROR_BODY: usize = 16 << 10;

/// Where Ollama listens unless told otherwise.
pub const DEFAULT_URL: &str = "http://127.0.0.1:11434";

/// An Ollama server.
#[derive(Clone)]
pub struct Ollama {
    inner: Arc<Inner>,
}

struct Inner {
    address: Address,
    configured: Option<String>,
    client: reqwest::Client,
    lister: ollama_rs::Ollama,
    /// The model chosen by the last look at the server.
    chosen: Mutex<Option<String>>,
}

impl Ollama {
    /// A server at an address as people write it; `model` is the configured one, `None` chooses the best installed.
    /// Nothing is sent yet.
    pub fn new(url: &str, model: Option<String>) -> Result<Self, LlmError> {
        Self::with_connect_timeout(url, model, CONNECT)
    }

    /// As [`Self::new`], waiting so long for the server to accept a connection.
    pub fn with_connect_timeout(url: &str, model: Option<String>, connect: Duration) -> Result<Self, LlmError> {
        let address = address::parse(url)?;
        let mut builder =
            reqwest::Client::builder().connect_timeout(connect).redirect(reqwest::redirect::Policy::none());
        if address.local {
            builder = builder.no_proxy();
        }
        let fault = |reason: String| LlmError::BadUrl { url: address.shown.clone(), reason };
        let client = builder.build().map_err(|e| fault(chain(&e)))?;
        let lister = ollama_rs::Ollama::builder().host(address.url.clone()).reqwest_client(client.clone()).build();
        let configured = model.map(|m| m.trim().to_owned()).filter(|m| !m.is_empty());
        Ok(Self { inner: Arc::new(Inner { address, configured, client, lister, chosen: Mutex::new(None) }) })
    }
}

impl Inner {
    fn unreachable(&self, reason: String) -> LlmError {
        LlmError::Unreachable { endpoint: self.address.shown.clone(), reason }
    }

    async fn list(&self) -> Result<Vec<ModelInfo>, LlmError> {
        match tokio::time::timeout(SMALL, self.lister.list_local_models()).await {
            Ok(Ok(list)) => Ok(list.into_iter().map(models::from_listed).collect()),
            Ok(Err(e)) => Err(self.small_error(e)),
            Err(_) => Err(self.unreachable(format!("no answer within {} s", SMALL.as_secs()))),
        }
    }

    /// What a model can do; empty when the server does not say.
    async fn capabilities(&self, model: &str) -> Vec<String> {
        match tokio::time::timeout(SMALL, self.lister.show_model_info(model.to_owned())).await {
            Ok(Ok(info)) => info.capabilities,
            _ => Vec::new(),
        }
    }

    fn small_error(&self, e: ollama_rs::error::OllamaError) -> LlmError {
        use ollama_rs::error::OllamaError as E;
        match e {
            E::ReqwestError(e) if e.is_decode() || e.is_body() => LlmError::Protocol { detail: chain(&e) },
            E::ReqwestError(e) => self.unreachable(chain(&e)),
            E::JsonError(e) => LlmError::Protocol { detail: format!("no Ollama at this address? {e}") },
            other => LlmError::Refused { status: 0, message: wire::one_line(&other.to_string(), 200) },
        }
    }

    /// The model to use, with a note when it is not the configured one.
    async fn choose(&self) -> Result<(String, Option<String>), LlmError> {
        let installed = self.list().await?;
        let chosen = if let Some(wanted) = &self.configured {
            (models::find(&installed, wanted)?, None)
        } else {
            let mut ranked = models::rank(installed);
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
        *self.chosen.lock().unwrap_or_else(PoisonError::into_inner) = Some(chosen.0.clone());
        Ok(chosen)
    }

    async fn model_for(&self, request: &ChatRequest) -> Result<String, LlmError> {
        // The configured name may stand for an installed one with a tag, so it is looked up like no name at all.
        if let Some(model) = &request.model
            && self.configured.as_ref() != Some(model)
        {
            return Ok(model.clone());
        }
        let known = self.chosen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some(model) => Ok(model),
            None => Ok(self.choose().await?.0),
        }
    }

    async fn open(&self, request: &ChatRequest) -> Result<Body, LlmError> {
        let model = self.model_for(request).await?;
        let url = self
            .address
            .url
            .join("api/chat")
            .map_err(|e| LlmError::BadUrl { url: self.address.shown.clone(), reason: e.to_string() })?;
        let response = self
            .client
            .post(url)
            .json(&wire::request_body(request, &model))
            .send()
            .await
            .map_err(|e| self.unreachable(chain(&e)))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response.bytes_stream().map(|r| r.map(|b| b.to_vec()).map_err(|_| LlmError::Cut)).boxed());
        }
        let header = |name| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let location = header(reqwest::header::LOCATION);
        let wait = header(reqwest::header::RETRY_AFTER).and_then(|v| wire::retry_after(&v, jiff::Timestamp::now()));
        let mut body = Vec::new();
        let mut chunks = response.bytes_stream();
        while let Ok(Some(Ok(chunk))) = tokio::time::timeout(SMALL, chunks.next()).await {
            body.extend_from_slice(&chunk);
            if body.len() > ERROR_BODY {
                break;
            }
        }
        let body = String::from_utf8_lossy(&body);
        Err(wire::status_error(status.as_u16(), &body, location.as_deref(), wait, &model))
    }
}

/// The last cause of an error says most: `connection refused` instead of `error sending request`.
fn chain(e: &dyn std::error::Error) -> String {
    let mut last = e;
    while let Some(next) = last.source() {
        last = next;
    }
    wire::one_line(&last.to_string(), 160)
}

type Body = BoxStream<'static, Result<Vec<u8>, LlmError>>;

enum Phase {
    Ask(Box<ChatRequest>),
    Read(Body, Decoder),
    End,
}

struct Answer {
    inner: Arc<Inner>,
    cancel: CancellationToken,
    phase: Phase,
    ready: Events,
    began: Option<Instant>,
    first: Option<Duration>,
}

impl Answer {
    async fn next(mut self) -> Option<(Result<ChatEvent, LlmError>, Self)> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                let event = self.timed(event);
                if matches!(event, Err(_) | Ok(ChatEvent::Done(_))) {
                    self.phase = Phase::End;
                    self.ready.clear();
                }
                return Some((event, self));
            }
            if matches!(self.phase, Phase::End) {
                return None;
            }
            let cancel = self.cancel.clone();
            let cancelled = tokio::select! {
                biased;
                () = cancel.cancelled() => true,
                () = self.step() => false,
            };
            if cancelled {
                self.ready.clear();
                self.ready.push_back(Err(LlmError::Cancelled));
            }
        }
    }

    async fn step(&mut self) {
        match &mut self.phase {
            Phase::Ask(request) => {
                self.began.get_or_insert_with(Instant::now);
                match self.inner.open(request).await {
                    Ok(body) => self.phase = Phase::Read(body, Decoder::new(request.chars())),
                    Err(e) => self.ready.push_back(Err(e)),
                }
            }
            Phase::Read(body, decoder) => match body.next().await {
                Some(Ok(chunk)) => decoder.push(&chunk, &mut self.ready),
                Some(Err(_)) | None => decoder.finish(&mut self.ready),
            },
            Phase::End => {}
        }
    }

    /// Adds what was measured here.
    fn timed(&mut self, mut event: Result<ChatEvent, LlmError>) -> Result<ChatEvent, LlmError> {
        let elapsed = self.began.map(|b| b.elapsed()).unwrap_or_default();
        match &mut event {
            Ok(ChatEvent::Done(done)) => {
                done.usage.first_token = self.first;
                if done.usage.total.is_zero() {
                    done.usage.total = elapsed;
                }
            }
            Ok(_) => {
                self.first.get_or_insert(elapsed);
            }
            Err(_) => {}
        }
        event
    }
}

impl Provider for Ollama {
    fn name(&self) -> &'static str {
        "ollama"
    }

    fn endpoint(&self) -> &str {
        &self.inner.address.shown
    }

    fn is_local(&self) -> bool {
        self.inner.address.local
    }

    fn models(&self) -> BoxFuture<'_, Result<Vec<ModelInfo>, LlmError>> {
        self.inner.list().boxed()
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
        let answer = Answer {
            inner: Arc::clone(&self.inner),
            cancel,
            phase: Phase::Ask(Box::new(request)),
            ready: Events::new(),
            began: None,
            first: None,
        };
        stream::unfold(answer, Answer::next).boxed()
    }
}
