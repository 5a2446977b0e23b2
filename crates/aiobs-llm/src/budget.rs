//! The budget of a day: when it is spent, only models that cost nothing are asked, for chats and for embeddings. Stands
//! between cache and route; days are those of UTC.

use crate::layer::pass_on;
use crate::{ChatEvent, ChatRequest, ChatStream, Dollars, EmbedRequest, Embeddings, LlmError, Provider};
use aiobs_types::semconv;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

/// What may be spent a day, and what was. Shared by all services of a program, so that they spend from one budget.
#[derive(Debug)]
pub struct Purse {
    limit: Dollars,
    spent: Mutex<Spent>,
}

#[derive(Clone, Copy, Debug)]
struct Spent {
    day: jiff::civil::Date,
    sum: Dollars,
}

impl Default for Purse {
    /// Without limit.
    fn default() -> Self {
        Self::new(Dollars::default(), Dollars::default())
    }
}

fn today() -> jiff::civil::Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

impl Purse {
    /// At most `limit` a day, 0 without limit; `spent` of it was spent today already.
    pub fn new(limit: Dollars, spent: Dollars) -> Self {
        Self { limit, spent: Mutex::new(Spent { day: today(), sum: spent }) }
    }

    /// Spent today.
    pub fn spent(&self) -> Dollars {
        self.add(Dollars::default())
    }

    /// Left of today's budget; `None` without limit.
    pub fn left(&self) -> Option<Dollars> {
        (self.limit != Dollars::default()).then(|| Dollars(self.limit.0.saturating_sub(self.spent().0)))
    }

    /// Takes what a call cost, nothing when that is unknown.
    fn take(&self, cost_usd: Option<f64>) {
        self.add(Dollars::from_f64(cost_usd.unwrap_or(0.0)));
    }

    fn add(&self, cost: Dollars) -> Dollars {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        if spent.day != today() {
            *spent = Spent { day: today(), sum: Dollars::default() };
        }
        spent.sum.0 = spent.sum.0.saturating_add(cost.0);
        spent.sum
    }

    fn is_empty(&self) -> bool {
        self.left() == Some(Dollars::default())
    }

    /// The error with the sums of this purse; what is inside knows none.
    fn tell(&self, error: LlmError) -> LlmError {
        match error {
            LlmError::BudgetSpent { .. } => LlmError::BudgetSpent { spent: self.spent(), limit: self.limit },
            other => other,
        }
    }
}

/// A provider that may cost so much a day.
#[derive(Clone)]
pub(crate) struct Budgeted {
    inner: Arc<dyn Provider>,
    purse: Arc<Purse>,
}

impl Budgeted {
    /// Takes what calls cost from a purse.
    pub(crate) fn new(inner: Arc<dyn Provider>, purse: Arc<Purse>) -> Self {
        Self { inner, purse }
    }
}

impl Provider for Budgeted {
    pass_on!(inner: name endpoint is_local models health outgoing pull);

    fn chat(&self, mut request: ChatRequest, cancel: CancellationToken) -> ChatStream {
        let left = self.purse.left();
        request.free_only = self.purse.is_empty();
        let purse = Arc::clone(&self.purse);
        let counted = self.inner.chat(request, cancel).map(move |event| {
            if let Ok(ChatEvent::Done(done)) = &event {
                purse.take(done.usage.cost_usd);
            }
            event.map_err(|e| purse.tell(e))
        });
        let told =
            left.map(|left| ChatEvent::Attribute { name: semconv::BUDGET_LEFT_USD, value: left.as_f64().into() });
        stream::iter(told.map(Ok)).chain(counted).boxed()
    }

    fn embed(&self, mut request: EmbedRequest) -> BoxFuture<'_, Result<Embeddings, LlmError>> {
        request.free_only = self.purse.is_empty();
        async move {
            let done = self.inner.embed(request).await.map_err(|e| self.purse.tell(e))?;
            self.purse.take(done.cost_usd);
            Ok(done)
        }
        .boxed()
    }
}
