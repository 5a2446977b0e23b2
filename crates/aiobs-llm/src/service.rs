//! The whole service in its order: redaction, cache, budget, route and fallback, retry, breaker, provider, usage and
//! price. Used by whoever wires the program; each layer is a file of its own.

use crate::audit::Auditor;
use crate::budget::{Budgeted, Purse};
use crate::cache::{AnswerStore, CacheStats, Cached};
use crate::redact::Redacting;
use crate::route::{Route, Target};
use crate::{Backoff, Guarded, Limits, Provider, Retrying};
use std::sync::Arc;
use std::time::Duration;

/// A configured model: its bare provider, and what it may be asked and sent.
#[derive(Clone)]
pub struct Candidate {
    /// Name in the configuration.
    pub name: String,
    /// Model; `None` takes the provider's choice.
    pub model: Option<String>,
    /// Its server.
    pub provider: Arc<dyn Provider>,
    /// What it is asked for; empty is everything.
    pub stages: Vec<String>,
    /// Kinds of secrets and personal data it may be sent as they are.
    pub allow: Vec<String>,
}

/// How the layers work.
#[derive(Clone)]
pub struct ServiceOptions {
    /// Time limits of one try.
    pub limits: Limits,
    /// Tries per model, and the pauses between them.
    pub backoff: Backoff,
    /// How long answers are kept, zero is not at all.
    pub cache_ttl: Duration,
    /// Bytes of answers kept in memory.
    pub cache_bytes: usize,
    /// Where answers are kept beyond the program's life.
    pub answers: Option<Arc<dyn AnswerStore>>,
    /// What may be spent a day.
    pub purse: Arc<Purse>,
    /// Writes down what leaves this machine.
    pub auditor: Option<Arc<dyn Auditor>>,
}

impl Default for ServiceOptions {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            backoff: Backoff::default(),
            cache_ttl: Duration::ZERO,
            cache_bytes: 8 << 20,
            answers: None,
            purse: Arc::default(),
            auditor: None,
        }
    }
}

/// The models as one provider, and what can be seen of the layers.
#[derive(Clone)]
pub struct Service {
    /// To ask.
    pub provider: Arc<dyn Provider>,
    /// What the cache does.
    pub cache: Arc<CacheStats>,
}

/// Builds it; the first candidate is asked first.
pub fn service(candidates: Vec<Candidate>, o: ServiceOptions) -> Service {
    let asked = candidates.iter().map(|c| (Arc::clone(&c.provider), c.allow.clone())).collect();
    let who: Vec<String> = candidates
        .iter()
        .map(|c| {
            let model = c.model.as_deref().unwrap_or("*");
            format!("{} {} {model} {}", c.provider.name(), c.provider.endpoint(), c.stages.join(","))
        })
        .collect();
    let target = |c: Candidate| {
        let guarded = Guarded::new(c.provider, o.limits).audited(o.auditor.clone());
        let provider = Arc::new(Retrying::new(Arc::new(guarded), o.backoff));
        Target { name: c.name, model: c.model, provider, stages: c.stages }
    };
    let route = Route::new(candidates.into_iter().map(target).collect());
    let budgeted = Budgeted::new(Arc::new(route), o.purse);
    let cached = Cached::new(Arc::new(budgeted), &who.join("\n"), o.cache_ttl, o.cache_bytes, o.answers);
    let cache = cached.stats();
    Service { provider: Arc::new(Redacting::new(Arc::new(cached), asked)), cache }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::audit::{CallEnd, RemoteCall};
    use crate::scripted::{Scripted, Step};
    use crate::{CancellationToken, ChatEvent, ChatRequest, Dollars, EmbedRequest, LlmError, Message};
    use aiobs_types::semconv;
    use futures_util::StreamExt as _;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Book(Mutex<Vec<(RemoteCall, Option<CallEnd>)>>);

    impl Auditor for Book {
        fn sent(&self, call: &RemoteCall) {
            self.0.lock().unwrap().push((call.clone(), None));
        }
        fn ended(&self, id: u64, end: &CallEnd) {
            let mut rows = self.0.lock().unwrap();
            rows.iter_mut().find(|(call, _)| call.id == id).unwrap().1 = Some(end.clone());
        }
    }

    fn candidate(name: &str, model: &str, provider: &Scripted) -> Candidate {
        let provider = Arc::new(provider.clone());
        Candidate { name: name.into(), model: Some(model.into()), provider, stages: Vec::new(), allow: Vec::new() }
    }

    async fn ask(s: &Service, r: ChatRequest) -> Vec<Result<ChatEvent, LlmError>> {
        s.provider.chat(r, CancellationToken::new()).collect().await
    }

    fn request() -> ChatRequest {
        let messages = vec![Message::user("why does jane@shop.example wait?")];
        ChatRequest { messages, stage: "chat", ..ChatRequest::default() }
    }

    #[tokio::test]
    async fn every_layer_says_what_it_did_in_its_order() {
        let first = Scripted::new("near").script("chat", vec![Step::Fail(LlmError::Cut)]);
        let far = Scripted::new("far").reply("chat", "[email-1] waits for the pool").remote();
        let book = Arc::new(Book::default());
        let options = ServiceOptions {
            backoff: Backoff { base: Duration::ZERO, ..Backoff::default() },
            cache_ttl: Duration::from_mins(1),
            purse: Arc::new(Purse::new(Dollars::from_f64(1.0), Dollars::default())),
            auditor: Some(Arc::clone(&book) as _),
            ..ServiceOptions::default()
        };
        let s = service(vec![candidate("laptop", "near", &first), candidate("cloud", "far", &far)], options);
        assert!(!s.provider.is_local(), "one of them is not");
        let got = ask(&s, request()).await;
        let names: Vec<&str> = got
            .iter()
            .filter_map(|e| if let Ok(ChatEvent::Attribute { name, .. }) = e { Some(*name) } else { None })
            .collect();
        let order = [semconv::REDACTED, semconv::CACHE, semconv::BUDGET_LEFT_USD, semconv::ROUTE, semconv::BREAKER];
        let places: Vec<_> = order.iter().map(|n| names.iter().position(|m| m == n).unwrap()).collect();
        assert!(places.is_sorted(), "{names:?}");
        assert!(names.contains(&semconv::FALLBACK_FROM));
        let text: String =
            got.iter().filter_map(|e| if let Ok(ChatEvent::Text(t)) = e { Some(t.as_str()) } else { None }).collect();
        assert_eq!(text, "jane@shop.example waits for the pool");
        let Some(Ok(ChatEvent::Done(done))) = got.last() else { panic!("{got:?}") };
        assert_eq!((done.provider.as_str(), done.model.as_str(), done.attempts), ("scripted", "far", 4));
        assert_eq!(first.requests().len(), 3, "three tries");

        let rows = book.0.lock().unwrap().clone();
        assert_eq!(rows.len(), 1, "only what leaves the machine is written down");
        let (call, end) = &rows[0];
        assert_eq!((call.model.as_str(), call.stage.as_str()), ("far", "chat"));
        assert_eq!(call.redacted, [("email".to_owned(), 1)]);
        assert!(call.bytes > 0);
        assert_eq!(end.as_ref().unwrap().outcome, "ok");

        let again = ask(&s, request()).await;
        assert!(again.contains(&Ok(ChatEvent::Attribute { name: semconv::CACHE, value: "hit".into() })));
        assert_eq!(far.requests().len(), 1);
        assert_eq!(s.cache.counts().hits, 1);
    }

    #[tokio::test]
    async fn each_model_has_a_breaker_of_its_own() {
        let bad = Scripted::new("bad").script("chat", vec![Step::Fail(LlmError::Cut)]);
        let good = Scripted::new("good").reply("chat", "yes");
        let backoff = Backoff { base: Duration::ZERO, ..Backoff::default() };
        let options = ServiceOptions { backoff, ..ServiceOptions::default() };
        let s = service(vec![candidate("one", "bad", &bad), candidate("two", "good", &good)], options);
        for _ in 0..4 {
            assert!(matches!(ask(&s, request()).await.last(), Some(Ok(ChatEvent::Done(_)))));
        }
        assert_eq!(bad.requests().len(), 5, "left alone after five failures in a row");
        assert_eq!(good.requests().len(), 4);
    }

    #[tokio::test]
    async fn vectors_are_priced_and_spend_the_budget_that_chats_have() {
        let far = Scripted::new("text-embedding-3-small").reply("chat", "yes").remote();
        let book = Arc::new(Book::default());
        // A million tokens of this model cost two cents; four characters are a token.
        let purse = Arc::new(Purse::new(Dollars::from_f64(0.03), Dollars::default()));
        let options = || ServiceOptions {
            purse: Arc::clone(&purse),
            auditor: Some(Arc::clone(&book) as _),
            ..ServiceOptions::default()
        };
        let vectors = service(vec![candidate("cloud", "text-embedding-3-small", &far)], options()).provider;
        let texts = || EmbedRequest { texts: vec!["word".repeat(500_000); 2], ..EmbedRequest::default() };
        let done = vectors.embed(texts()).await.unwrap();
        assert_eq!((done.vectors.len(), done.input_tokens, done.cost_usd), (2, Some(1_000_000), Some(0.02)));
        assert_eq!((purse.spent().as_f64(), purse.left().map(Dollars::as_f64)), (0.02, Some(0.01)));
        assert_eq!(book.0.lock().unwrap()[0].1.as_ref().unwrap().cost_usd, Some(0.02));
        vectors.embed(texts()).await.unwrap();
        let refused = vectors.embed(texts()).await.unwrap_err();
        assert!(refused.to_string().starts_with("today's budget of $0.03 is spent ($0.04)"), "{refused}");
        assert_eq!(book.0.lock().unwrap().len(), 2, "what may not be asked does not leave");
        // The chat of another service finds the same purse empty.
        let chat = service(vec![candidate("cloud", "gpt-4o", &far)], options());
        assert_eq!(ask(&chat, request()).await.pop().unwrap().unwrap_err().kind(), "budget_spent");
        let near = Scripted::new("near").reply("chat", "yes");
        let free = service(vec![candidate("laptop", "near", &near)], options());
        assert!(free.provider.embed(texts()).await.is_ok(), "what costs nothing goes on");
        assert!(matches!(ask(&free, request()).await.last(), Some(Ok(ChatEvent::Done(_)))));
    }

    #[tokio::test]
    async fn a_call_that_is_dropped_is_written_down_as_stopped() {
        let far = Scripted::new("far").script("chat", vec![Step::Text("a".into()), Step::Hang]).remote();
        let book = Arc::new(Book::default());
        let options = ServiceOptions { auditor: Some(Arc::clone(&book) as _), ..ServiceOptions::default() };
        let s = service(vec![candidate("cloud", "far", &far)], options);
        let mut stream = s.provider.chat(request(), CancellationToken::new());
        while !matches!(stream.next().await, Some(Ok(ChatEvent::Text(_)))) {}
        drop(stream);
        assert_eq!(book.0.lock().unwrap()[0].1.as_ref().unwrap().outcome, "stopped");
    }
}
