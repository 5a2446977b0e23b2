//! The budget of a day: when it is spent, only models that cost nothing are asked. Stands between cache and route; days
//! are those of UTC.

use crate::{
    ChatEvent, ChatRequest, ChatStream, Dollars, EmbedRequest, Embeddings, Health, LlmError, ModelInfo, Outgoing,
    Provider, PullStream,
};
use aiobs_types::semconv;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt as _, stream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;

/// A provider that may cost so much a day.
#[derive(Clone)]
pub(crate) struct Budgeted {
    inner: Arc<dyn Provider>,
    limit: Dollars,
    spent: Arc<Mutex<Spent>>,
}

#[derive(Clone, Copy, Debug)]
struct Spent {
    day: jiff::civil::Date,
    sum: Dollars,
}

fn today() -> jiff::civil::Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

impl Spent {
    /// What was spent on a day.
    fn on(&mut self, day: jiff::civil::Date) -> &mut Dollars {
        if self.day != day {
            *self = Self { day, sum: Dollars::default() };
        }
        &mut self.sum
    }
}

impl Budgeted {
    /// At most `limit` a day, 0 without limit; `spent` of it was spent today already.
    pub(crate) fn new(inner: Arc<dyn Provider>, limit: Dollars, spent: Dollars) -> Self {
        Self { inner, limit, spent: Arc::new(Mutex::new(Spent { day: today(), sum: spent })) }
    }

    fn spent(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Provider for Budgeted {
    fn name(&self) -> &str {
        self.inner.name()
    }
    fn endpoint(&self) -> &str {
        self.inner.endpoint()
    }
    fn is_local(&self) -> bool {
        self.inner.is_local()
    }
    fn models(&self) -> BoxFuture<'_, Result<Vec<ModelInfo>, LlmError>> {
        self.inner.models()
    }
    fn health(&self) -> BoxFuture<'_, Health> {
        self.inner.health()
    }
    fn chat(&self, mut request: ChatRequest, cancel: CancellationToken) -> ChatStream {
        if self.limit == Dollars::default() {
            return self.inner.chat(request, cancel);
        }
        let spent = *self.spent().on(today());
        let left = Dollars(self.limit.0.saturating_sub(spent.0));
        let (limit, all) = (self.limit, Arc::clone(&self.spent));
        request.free_only = left == Dollars::default();
        let told = ChatEvent::Attribute { name: semconv::BUDGET_LEFT_USD, value: left.as_f64().into() };
        let counted = self.inner.chat(request, cancel).map(move |event| match event {
            Ok(ChatEvent::Done(done)) => {
                let cost = Dollars::from_f64(done.usage.cost_usd.unwrap_or(0.0));
                all.lock().unwrap_or_else(PoisonError::into_inner).on(today()).0 += cost.0;
                Ok(ChatEvent::Done(done))
            }
            Err(LlmError::BudgetSpent { .. }) => Err(LlmError::BudgetSpent { spent, limit }),
            other => other,
        });
        stream::iter([Ok(told)]).chain(counted).boxed()
    }
    fn outgoing(&self, request: &ChatRequest) -> Option<Outgoing> {
        self.inner.outgoing(request)
    }
    fn embed(&self, request: EmbedRequest) -> BoxFuture<'_, Result<Embeddings, LlmError>> {
        self.inner.embed(request)
    }
    fn pull(&self, model: String) -> PullStream {
        self.inner.pull(model)
    }
}
