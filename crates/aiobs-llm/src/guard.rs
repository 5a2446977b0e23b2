//! What every provider gets around it: time limits, a circuit breaker, a price. One [`Guarded`] is shared by the
//! chain and the chat, so that both know when a server is down. It knows no particular provider.

use crate::breaker::Breaker;
use crate::price::Prices;
use crate::{ChatEvent, ChatRequest, ChatStream, Health, LlmError, ModelInfo, Provider};
use futures_util::future::BoxFuture;
use futures_util::{StreamExt as _, stream};
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
}

impl Guarded {
    /// Around a provider.
    pub fn new(inner: Arc<dyn Provider>, limits: Limits) -> Self {
        let breaker = Mutex::new(Breaker::default());
        Self { shared: Arc::new(Shared { inner, limits, prices: Prices::embedded(), breaker }) }
    }
}

struct Call {
    shared: Arc<Shared>,
    request: Option<ChatRequest>,
    cancel: CancellationToken,
    stream: Option<ChatStream>,
    began: tokio::time::Instant,
    answered: bool,
    over: bool,
}

impl Call {
    async fn next(mut self) -> Option<(Result<ChatEvent, LlmError>, Self)> {
        if self.over {
            return None;
        }
        let event = match self.admit() {
            Ok(()) => self.event().await,
            Err(refused) => Err(refused),
        };
        self.over = matches!(event, Err(_) | Ok(ChatEvent::Done(_)));
        Some((event, self))
    }

    /// Asks the breaker before the first piece.
    fn admit(&mut self) -> Result<(), LlmError> {
        let Some(request) = self.request.take() else { return Ok(()) };
        let mut breaker = self.shared.breaker();
        if let Err(wait) = breaker.allow(Instant::now()) {
            let provider = self.shared.inner.name().to_owned();
            return Err(LlmError::BreakerOpen { provider, failures: breaker.failures(), wait });
        }
        drop(breaker);
        self.began = tokio::time::Instant::now();
        self.stream = Some(self.shared.inner.chat(request, self.cancel.clone()));
        Ok(())
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
            done.usage.cost_usd = self.shared.prices.cost(self.shared.inner.is_local(), &done.model, &done.usage);
        }
        self.shared.report(&event);
        event
    }
}

impl Provider for Guarded {
    fn name(&self) -> &str {
        self.shared.inner.name()
    }
    fn endpoint(&self) -> &str {
        self.shared.inner.endpoint()
    }
    fn is_local(&self) -> bool {
        self.shared.inner.is_local()
    }
    fn models(&self) -> BoxFuture<'_, Result<Vec<ModelInfo>, LlmError>> {
        self.shared.inner.models()
    }
    fn health(&self) -> BoxFuture<'_, Health> {
        self.shared.inner.health()
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
