//! The budget of a day: when it is spent, only models that cost nothing are asked, for chats and for embeddings. Stands
//! between cache and route; days are those of UTC.

use crate::layer::pass_on;
use crate::{ChatEvent, ChatRequest, ChatStream, Dollars, EmbedRequest, Embeddings, LlmError, Provider};
use aiobs_types::semconv;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

/// Says what was spent today by all programs together; `None` when that can't be read now.
pub type Books = Box<dyn Fn() -> Option<Dollars> + Send + Sync>;

/// What may be spent a day, and what was. Shared by all services of a program, so that they spend from one budget.
pub struct Purse {
    limit: Dollars,
    spent: Mutex<Spent>,
    /// Other programs spend from the same budget.
    books: Option<Books>,
}

impl std::fmt::Debug for Purse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Purse").field("limit", &self.limit).field("spent", &self.spent).finish_non_exhaustive()
    }
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
        Self { limit, spent: Mutex::new(Spent { day: today(), sum: spent }), books: None }
    }

    /// That looks into these before each call. What is being booked at that moment may be missing there, so the larger of
    /// both sums counts.
    pub fn with_books(self, books: Books) -> Self {
        Self { books: Some(books), ..self }
    }

    /// Spent today.
    pub fn spent(&self) -> Dollars {
        let own = self.add(Dollars::default());
        // Without a limit nobody asks.
        let all = self.books.as_ref().filter(|_| self.limit != Dollars::default()).and_then(|books| books());
        all.map_or(own, |all| Dollars(all.0.max(own.0)))
    }

    /// Left of today's budget; `None` without limit.
    pub fn left(&self) -> Option<Dollars> {
        (self.limit != Dollars::default()).then(|| Dollars(self.limit.0.saturating_sub(self.spent().0)))
    }

    /// The limit, when today's budget is spent.
    pub fn exhausted(&self) -> Option<Dollars> {
        self.is_empty().then_some(self.limit)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn what_another_program_spends_is_gone_from_this_purse_too() {
        let all = Arc::new(AtomicU64::new(0));
        let books = Arc::clone(&all);
        let of = |limit| {
            let books = Arc::clone(&books);
            Purse::new(Dollars(limit), Dollars(0))
                .with_books(Box::new(move || Some(Dollars(books.load(Ordering::SeqCst)))))
        };
        let purse = of(1_000_000);
        purse.take(Some(0.25));
        assert_eq!(purse.left(), Some(Dollars(750_000)), "its own is not booked yet");
        all.store(900_000, Ordering::SeqCst);
        assert_eq!((purse.left(), purse.is_empty()), (Some(Dollars(100_000)), false));
        all.store(1_000_000, Ordering::SeqCst);
        assert!(purse.is_empty());
        assert_eq!(purse.exhausted(), Some(Dollars(1_000_000)));
        assert!(!of(0).is_empty(), "no limit, nothing to be spent");
        assert_eq!(of(2_000_000).exhausted(), None);
    }
}
