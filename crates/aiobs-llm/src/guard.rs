//! What every model gets around it: time limits, a circuit breaker, a price, and a row in the audit for each call that
//! leaves this machine. One [`Guarded`] per model is shared by the chain and the chat, so that both know when it is
//! down. It knows no particular provider.

use crate::audit::{Auditor, CallEnd, RemoteCall};
use crate::breaker::{Breaker, THRESHOLD};
use crate::layer::pass_on;
use crate::net::answer::estimate_tokens;
use crate::price::Prices;
use crate::{ChatEvent, ChatRequest, ChatStream, EmbedRequest, Embeddings, LlmError, Message, Provider, Usage};
use aiobs_types::{Timestamp, semconv};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Time limits of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Until the first piece of the answer; long enough to load a model from a slow disk.
    pub first_token: Duration,
    /// Until the end of the answer.
    pub total: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { first_token: Duration::from_mins(1), total: Duration::from_mins(3) }
    }
}

/// A provider with limits, breaker and price.
#[derive(Clone)]
pub struct Guarded {
    shared: Arc<Shared>,
}

struct Shared {
    inner: Arc<dyn Provider>,
    limits: Limits,
    prices: Prices,
    breaker: Mutex<Breaker>,
    auditor: Option<Arc<dyn Auditor>>,
}

impl Shared {
    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self, event: &Result<ChatEvent, LlmError>) {
        match event {
            Ok(ChatEvent::Done(_)) => self.breaker().success(),
            Err(e) if e.is_fault() => self.breaker().failure(Instant::now()),
            _ => {}
        }
    }

    /// Counts and prices vectors. Tokens that the server does not count are estimated from the characters sent.
    fn priced(&self, mut done: Embeddings, chars: usize) -> Embeddings {
        let input_tokens = Some(done.input_tokens.unwrap_or_else(|| estimate_tokens(chars as u64)));
        let usage = Usage { input_tokens, output_tokens: Some(0), ..Usage::default() };
        done.cost_usd = self.prices.cost(self.inner.is_local(), &done.model, &usage);
        Embeddings { input_tokens, ..done }
    }

    /// Writes a call down when it leaves this machine.
    fn write_down(&self, request: &ChatRequest) -> Option<Written> {
        let auditor = Arc::clone(self.auditor.as_ref().filter(|_| !self.inner.is_local())?);
        // Of texts to embed only the texts are counted.
        let outgoing = if request.stage == "embedding" { None } else { self.inner.outgoing(request) };
        let named = outgoing.as_ref().and_then(|o| o.body.get("model")?.as_str().map(str::to_owned));
        let bytes = outgoing.map_or_else(|| request.chars(), |o| o.body.to_string().len());
        let call = RemoteCall {
            id: crate::jitter() >> 1,
            time: Timestamp::now(),
            provider: self.inner.name().to_owned(),
            endpoint: self.inner.endpoint().to_owned(),
            model: named.or_else(|| request.model.clone()).unwrap_or_default(),
            stage: request.stage.to_owned(),
            bytes: bytes as u64,
            redacted: request.redacted.iter().map(|(kind, n)| ((*kind).to_owned(), *n)).collect(),
            end: None,
        };
        auditor.sent(&call);
        Some(Written { auditor, id: call.id, over: false })
    }
}

/// How an embedding ended.
fn embedded(answer: &Result<Embeddings, LlmError>) -> CallEnd {
    match answer {
        Ok(done) => CallEnd {
            outcome: "ok".to_owned(),
            input_tokens: done.input_tokens.unwrap_or(0),
            output_tokens: 0,
            cost_usd: done.cost_usd,
        },
        Err(e) => CallEnd { outcome: e.kind().to_owned(), ..CallEnd::default() },
    }
}

/// Embeddings as a call that is written down.
fn embedding(request: &EmbedRequest) -> ChatRequest {
    ChatRequest {
        model: request.model.clone(),
        messages: request.texts.iter().map(Message::user).collect(),
        redacted: request.redacted.clone(),
        stage: "embedding",
        ..ChatRequest::default()
    }
}

fn how_it_ended(event: &Result<ChatEvent, LlmError>) -> Option<CallEnd> {
    match event {
        Ok(ChatEvent::Done(done)) => Some(CallEnd {
            outcome: "ok".to_owned(),
            input_tokens: done.usage.input_tokens.unwrap_or(0),
            output_tokens: done.usage.output_tokens.unwrap_or(0),
            cost_usd: done.usage.cost_usd,
        }),
        Err(e) => Some(CallEnd { outcome: e.kind().to_owned(), ..CallEnd::default() }),
        Ok(_) => None,
    }
}

impl Guarded {
    /// Around a provider.
    pub fn new(inner: Arc<dyn Provider>, limits: Limits) -> Self {
        let breaker = Mutex::new(Breaker::default());
        Self { shared: Arc::new(Shared { inner, limits, prices: Prices::embedded(), breaker, auditor: None }) }
    }

    /// With someone who writes down what leaves this machine.
    pub fn audited(self, auditor: Option<Arc<dyn Auditor>>) -> Self {
        let Shared { inner, limits, prices, .. } = &*self.shared;
        let (inner, limits, prices) = (Arc::clone(inner), *limits, prices.clone());
        Self { shared: Arc::new(Shared { inner, limits, prices, breaker: Mutex::default(), auditor }) }
    }
}

/// The audit's row of a call that leaves this machine; ends with it, whatever happens.
struct Written {
    auditor: Arc<dyn Auditor>,
    id: u64,
    over: bool,
}

impl Written {
    fn end(&mut self, end: &CallEnd) {
        if !std::mem::replace(&mut self.over, true) {
            self.auditor.ended(self.id, end);
        }
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        self.end(&CallEnd { outcome: "stopped".to_owned(), ..CallEnd::default() });
    }
}

struct Call {
    /// Attributes to tell first.
    ready: VecDeque<ChatEvent>,
    written: Option<Written>,
    shared: Arc<Shared>,
    request: Option<ChatRequest>,
    cancel: CancellationToken,
    stream: Option<ChatStream>,
    began: tokio::time::Instant,
    answered: bool,
    over: bool,
    refused: Option<LlmError>,
}

impl Call {
    async fn next(mut self) -> Option<(Result<ChatEvent, LlmError>, Self)> {
        if self.over {
            return None;
        }
        self.admit();
        if let Some(told) = self.ready.pop_front() {
            return Some((Ok(told), self));
        }
        let event = match self.refused.take() {
            None => self.event().await,
            Some(refused) => Err(refused),
        };
        self.over = matches!(event, Err(_) | Ok(ChatEvent::Done(_)));
        Some((event, self))
    }

    /// Asks the breaker before the first piece.
    fn admit(&mut self) {
        let Some(request) = self.request.take() else { return };
        let inner = &self.shared.inner;
        let mut breaker = self.shared.breaker();
        let failures = breaker.failures();
        let allowed = breaker.allow(Instant::now());
        drop(breaker);
        let state = match (&allowed, failures >= THRESHOLD) {
            (Err(_), _) => "open",
            (Ok(()), true) => "half_open",
            (Ok(()), false) => "closed",
        };
        let mut tell = |name, value| self.ready.push_back(ChatEvent::Attribute { name, value });
        tell(semconv::BREAKER, state.into());
        tell(semconv::PROVIDER, inner.name().into());
        tell(semconv::SERVER_ADDRESS, inner.endpoint().into());
        if let Some(model) = &request.model {
            tell(semconv::REQUEST_MODEL, model.as_str().into());
        }
        if let Err(wait) = allowed {
            self.refused = Some(LlmError::BreakerOpen { provider: inner.name().to_owned(), failures, wait });
            return;
        }
        self.began = tokio::time::Instant::now();
        self.written = self.shared.write_down(&request);
        self.stream = Some(inner.chat(request, self.cancel.clone()));
    }

    async fn event(&mut self) -> Result<ChatEvent, LlmError> {
        let Some(stream) = &mut self.stream else { return Err(LlmError::Cut) };
        let limits = self.shared.limits;
        let (what, limit) = if self.answered || limits.total < limits.first_token {
            ("complete answer", limits.total)
        } else {
            ("first token", limits.first_token)
        };
        let mut event = match tokio::time::timeout_at(self.began + limit, stream.next()).await {
            Ok(event) => event.unwrap_or(Err(LlmError::Cut)),
            Err(_) => Err(LlmError::Timeout { what, after: limit }),
        };
        self.answered = true;
        if let Ok(ChatEvent::Done(done)) = &mut event {
            self.shared.inner.name().clone_into(&mut done.provider);
            done.usage.cost_usd = self.shared.prices.cost(self.shared.inner.is_local(), &done.model, &done.usage);
        }
        self.shared.report(&event);
        if let Some(written) = &mut self.written
            && let Some(end) = how_it_ended(&event)
        {
            written.end(&end);
        }
        event
    }
}

impl Provider for Guarded {
    pass_on!(shared.inner: name endpoint is_local models health outgoing pull);

    fn embed(&self, request: EmbedRequest) -> BoxFuture<'_, Result<Embeddings, LlmError>> {
        let shared = Arc::clone(&self.shared);
        async move {
            let mut written = shared.write_down(&embedding(&request));
            let chars = request.texts.iter().map(|t| t.chars().count()).sum();
            let answer = shared.inner.embed(request).await.map(|done| shared.priced(done, chars));
            if let Some(written) = &mut written {
                written.end(&embedded(&answer));
            }
            answer
        }
        .boxed()
    }
    fn chat(&self, request: ChatRequest, cancel: CancellationToken) -> ChatStream {
        let call = Call {
            shared: Arc::clone(&self.shared),
            request: Some(request),
            cancel,
            stream: None,
            began: tokio::time::Instant::now(),
            answered: false,
            over: false,
            ready: VecDeque::new(),
            written: None,
            refused: None,
        };
        stream::unfold(call, Call::next).boxed()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::scripted::{Scripted, Step};

    async fn last(p: &Guarded) -> Result<ChatEvent, LlmError> {
        let request = ChatRequest { stage: "x", ..ChatRequest::default() };
        p.chat(request, CancellationToken::new()).collect::<Vec<_>>().await.pop().unwrap()
    }

    #[tokio::test]
    async fn a_hanging_model_is_given_up_and_then_left_alone() {
        let scripted = Scripted::new("m").script("x", vec![Step::Hang]);
        let limits = Limits { first_token: Duration::from_millis(1), total: Duration::from_secs(1) };
        let guarded = Guarded::new(Arc::new(scripted.clone()), limits);
        for _ in 0..crate::breaker::THRESHOLD {
            assert_eq!(last(&guarded).await.unwrap_err().kind(), "timeout");
        }
        assert_eq!(last(&guarded).await.unwrap_err().kind(), "breaker_open");
        assert_eq!(scripted.requests().len(), crate::breaker::THRESHOLD as usize, "the open breaker sends nothing");
    }

    #[tokio::test]
    async fn a_local_answer_costs_nothing() {
        let guarded = Guarded::new(Arc::new(Scripted::new("m").reply("x", "yes")), Limits::default());
        let Ok(ChatEvent::Done(done)) = last(&guarded).await else { panic!("no end") };
        assert_eq!(done.usage.cost_usd, Some(0.0));
        assert!(done.usage.estimated);
    }
}
