//! The cache of answers: the same question to the same models is answered again without asking. In memory first, then
//! in a store that survives the program. It stands inside of the redaction, so what it keeps holds placeholders instead
//! of secrets. Only complete answers without tool calls are kept.

mod lru;

use crate::layer::pass_on;
use crate::{ChatEvent, ChatRequest, ChatStream, Completion, FinishReason, LlmError, Provider, Usage};
use aiobs_types::{KeptAnswer, Timestamp, semconv};
use futures_util::{StreamExt as _, stream};
use lru::Lru;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Whether an answer is no older than `ttl`.
fn is_fresh(answer: &KeptAnswer, now: i64, ttl: Duration) -> bool {
    u128::try_from(now.saturating_sub(answer.time.0)).is_ok_and(|age| age < ttl.as_nanos())
}

/// Memory that an answer takes, roughly.
fn bytes_of(answer: &KeptAnswer) -> usize {
    size_of::<KeptAnswer>() + answer.text.len() + answer.provider.len() + answer.model.len()
}

/// Keeps answers beyond the program's life. Calls may block.
pub trait AnswerStore: Send + Sync {
    /// The answer under a key, however old.
    fn get(&self, key: &str) -> Option<KeptAnswer>;
    /// Keeps an answer.
    fn put(&self, key: &str, answer: &KeptAnswer);
    /// The answer under a key was used.
    fn used(&self, key: &str, answer: &KeptAnswer);
}

/// What the cache did since the program started.
#[derive(Debug, Default)]
pub struct CacheStats {
    hits: AtomicU64,
    misses: AtomicU64,
    saved_tokens: AtomicU64,
    saved_micro_usd: AtomicU64,
}

/// The numbers of [`CacheStats`] at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CacheCounts {
    /// Answers from the cache.
    pub hits: u64,
    /// Questions that had to be asked.
    pub misses: u64,
    /// Tokens that were not needed.
    pub saved_tokens: u64,
    /// US dollars that were not needed.
    pub saved_usd: f64,
}

impl CacheStats {
    /// The numbers now.
    pub fn counts(&self) -> CacheCounts {
        CacheCounts {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            saved_tokens: self.saved_tokens.load(Ordering::Relaxed),
            saved_usd: self.saved_micro_usd.load(Ordering::Relaxed) as f64 / 1e6,
        }
    }

    fn hit(&self, answer: &KeptAnswer) {
        self.hits.fetch_add(1, Ordering::Relaxed);
        self.saved_tokens.fetch_add(answer.input_tokens + answer.output_tokens, Ordering::Relaxed);
        self.saved_micro_usd.fetch_add((answer.cost_usd.max(0.0) * 1e6) as u64, Ordering::Relaxed);
    }
}

struct Shared {
    inner: Arc<dyn Provider>,
    /// Models that may answer, part of every key.
    who: String,
    memory: Mutex<Lru>,
    store: Option<Arc<dyn AnswerStore>>,
    ttl: Duration,
    stats: Arc<CacheStats>,
}

/// A provider whose answers are kept.
#[derive(Clone)]
pub(crate) struct Cached {
    shared: Arc<Shared>,
}

impl Cached {
    /// Keeps answers for `ttl` (none: nothing is kept), at most so many bytes of them in memory. `who` names the models
    /// that may answer and how they are reached.
    pub(crate) fn new(
        inner: Arc<dyn Provider>,
        who: &str,
        ttl: Duration,
        bytes: usize,
        store: Option<Arc<dyn AnswerStore>>,
    ) -> Self {
        let (memory, stats) = (Mutex::new(Lru::new(bytes)), Arc::default());
        Self { shared: Arc::new(Shared { inner, who: who.to_owned(), memory, store, ttl, stats }) }
    }

    /// What it did so far.
    pub(crate) fn stats(&self) -> Arc<CacheStats> {
        Arc::clone(&self.shared.stats)
    }
}

/// Hexadecimal SHA-256 of everything that can change the answer.
fn key(who: &str, r: &ChatRequest) -> String {
    let message = |m: &crate::Message| {
        let calls: Vec<_> = m.tool_calls.iter().chain(&m.answers).map(|c| json!([c.id, c.name, c.arguments])).collect();
        json!([m.role.name(), m.content, calls])
    };
    let tools: Vec<_> = r.tools.iter().map(|t| json!([t.name, t.description, t.parameters])).collect();
    let messages: Vec<_> = r.messages.iter().map(message).collect();
    let o = &r.options;
    let options = json!([o.temperature, o.num_ctx, o.num_predict, o.seed, r.think]);
    let all = json!([who, r.model, options, r.format, tools, r.tools_over, messages]).to_string();
    Sha256::digest(all.as_bytes()).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

impl Shared {
    async fn find(&self, key: &str) -> Option<KeptAnswer> {
        let now = Timestamp::now().0;
        if let Some(answer) = self.memory.lock().unwrap_or_else(PoisonError::into_inner).get(key, now, self.ttl) {
            return Some(answer);
        }
        let store = Arc::clone(self.store.as_ref()?);
        let wanted = key.to_owned();
        let kept = tokio::task::spawn_blocking(move || store.get(&wanted)).await.ok().flatten();
        let answer = kept.filter(|a| is_fresh(a, now, self.ttl))?;
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).put(key, answer.clone());
        Some(answer)
    }

    fn keep(&self, key: &str, answer: KeptAnswer) {
        if let Some(store) = self.store.clone() {
            let (key, answer) = (key.to_owned(), answer.clone());
            tokio::task::spawn_blocking(move || store.put(&key, &answer));
        }
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).put(key, answer);
    }
}

/// Listens to an answer and keeps it when it is whole.
struct Listening {
    inner: ChatStream,
    shared: Arc<Shared>,
    key: String,
    text: String,
    tools: bool,
    /// The answer must be JSON.
    json: bool,
}

impl Listening {
    fn note(&mut self, event: &Result<ChatEvent, LlmError>) {
        match event {
            Ok(ChatEvent::Text(t)) => self.text.push_str(t),
            Ok(ChatEvent::ToolCall(_)) => self.tools = true,
            Ok(ChatEvent::Retry { .. }) => {
                self.text.clear();
                self.tools = false;
            }
            Ok(ChatEvent::Done(done)) if done.finish == FinishReason::Stop && !self.tools => {
                let text = std::mem::take(&mut self.text);
                // What would have to be repaired is not worth keeping.
                let broken = self.json && serde_json::from_str::<serde::de::IgnoredAny>(&text).is_err();
                if text.trim().is_empty() || broken {
                    return;
                }
                let answer = KeptAnswer {
                    time: Timestamp::now(),
                    text,
                    provider: done.provider.clone(),
                    model: done.model.clone(),
                    input_tokens: done.usage.input_tokens.unwrap_or(0),
                    output_tokens: done.usage.output_tokens.unwrap_or(0),
                    cost_usd: done.usage.cost_usd.unwrap_or(0.0),
                };
                self.shared.keep(&self.key, answer);
            }
            _ => {}
        }
    }
}

fn told(word: &str) -> ChatEvent {
    ChatEvent::Attribute { name: semconv::CACHE, value: word.into() }
}

/// The events of a kept answer.
fn replay(answer: KeptAnswer) -> ChatStream {
    let done = Completion {
        provider: answer.provider.clone(),
        model: answer.model,
        finish: FinishReason::Stop,
        usage: Usage {
            input_tokens: Some(0),
            output_tokens: Some(0),
            cost_usd: Some(0.0),
            first_token: Some(Duration::ZERO),
            ..Usage::default()
        },
        attempts: 0,
    };
    let attribute = |name, value| ChatEvent::Attribute { name, value };
    let saved = i64::try_from(answer.input_tokens + answer.output_tokens).unwrap_or(i64::MAX);
    let events = [
        told("hit"),
        attribute(semconv::PROVIDER, answer.provider.into()),
        attribute(semconv::SAVED_TOKENS, saved.into()),
        attribute(semconv::SAVED_USD, answer.cost_usd.into()),
        ChatEvent::Text(answer.text),
        ChatEvent::Done(done),
    ];
    stream::iter(events.map(Ok)).boxed()
}

impl Provider for Cached {
    pass_on!(shared.inner: name endpoint is_local models health outgoing embed pull);

    fn chat(&self, request: ChatRequest, cancel: CancellationToken) -> ChatStream {
        if self.shared.ttl.is_zero() {
            return self.shared.inner.chat(request, cancel);
        }
        let shared = Arc::clone(&self.shared);
        stream::once(async move {
            let key = key(&shared.who, &request);
            let found = if request.fresh { None } else { shared.find(&key).await };
            if let Some(answer) = found {
                shared.stats.hit(&answer);
                if let Some(store) = shared.store.clone() {
                    let (key, answer) = (key.clone(), answer.clone());
                    tokio::task::spawn_blocking(move || store.used(&key, &answer));
                }
                return replay(answer);
            }
            shared.stats.misses.fetch_add(1, Ordering::Relaxed);
            let word = if request.fresh { "bypass" } else { "miss" };
            let json = request.format.is_some();
            let inner = shared.inner.chat(request, cancel);
            let listening = Listening { inner, shared, key, text: String::new(), tools: false, json };
            let listened = stream::unfold(listening, |mut l| async move {
                let event = l.inner.next().await?;
                l.note(&event);
                Some((event, l))
            });
            stream::iter([Ok(told(word))]).chain(listened).boxed()
        })
        .flatten()
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::Message;
    use crate::scripted::{Scripted, Step};
    use std::collections::HashMap;

    #[derive(Default)]
    struct Shelf(Mutex<HashMap<String, KeptAnswer>>);

    impl AnswerStore for Shelf {
        fn get(&self, key: &str) -> Option<KeptAnswer> {
            self.0.lock().unwrap().get(key).cloned()
        }
        fn put(&self, key: &str, answer: &KeptAnswer) {
            self.0.lock().unwrap().insert(key.to_owned(), answer.clone());
        }
        fn used(&self, _: &str, _: &KeptAnswer) {}
    }

    fn request(question: &str) -> ChatRequest {
        ChatRequest { messages: vec![Message::user(question)], stage: "x", ..ChatRequest::default() }
    }

    async fn ask(c: &Cached, r: ChatRequest) -> (String, Vec<ChatEvent>) {
        let events: Vec<_> = c.chat(r, CancellationToken::new()).filter_map(|e| async { e.ok() }).collect().await;
        let text =
            events.iter().filter_map(|e| if let ChatEvent::Text(t) = e { Some(t.as_str()) } else { None }).collect();
        (text, events)
    }

    fn cached(model: &Scripted, shelf: &Arc<Shelf>, ttl: u64) -> Cached {
        let store: Arc<dyn AnswerStore> = Arc::clone(shelf) as _;
        Cached::new(Arc::new(model.clone()), "one:m", Duration::from_secs(ttl), 1 << 20, Some(store))
    }

    #[tokio::test]
    async fn the_same_question_is_asked_once_also_after_a_restart() {
        let model = Scripted::new("m").reply("x", "because");
        let shelf = Arc::new(Shelf::default());
        let c = cached(&model, &shelf, 60);
        for _ in 0..3 {
            assert_eq!(ask(&c, request("why?")).await.0, "because");
        }
        assert_eq!(model.requests().len(), 1);
        ask(&c, request("why not?")).await;
        ask(&c, ChatRequest { options: crate::ChatOptions { seed: Some(1), ..Default::default() }, ..request("why?") })
            .await;
        assert_eq!(model.requests().len(), 3, "another question, other parameters");
        let counts = c.stats().counts();
        assert_eq!((counts.hits, counts.misses), (2, 3));
        assert!(counts.saved_tokens > 0);
        while shelf.0.lock().unwrap().len() < 3 {
            tokio::task::yield_now().await;
        }
        let again = cached(&model, &shelf, 60);
        let (text, events) = ask(&again, request("why?")).await;
        assert_eq!((text.as_str(), &events[0]), ("because", &told("hit")));
        assert_eq!(model.requests().len(), 3);
    }

    #[tokio::test]
    async fn a_fresh_answer_is_asked_for_and_kept() {
        let model = Scripted::new("m").reply("x", "old").reply("x", "new");
        let c = cached(&model, &Arc::default(), 60);
        ask(&c, request("why?")).await;
        let (text, events) = ask(&c, ChatRequest { fresh: true, ..request("why?") }).await;
        assert_eq!((text.as_str(), &events[0]), ("new", &told("bypass")));
        assert_eq!(ask(&c, request("why?")).await.0, "new");
        assert_eq!(model.requests().len(), 2);
    }

    #[tokio::test]
    async fn only_whole_answers_are_kept() {
        let model = Scripted::new("m")
            .script("x", vec![Step::Text("half".into()), Step::Fail(LlmError::Cut)])
            .script("x", vec![Step::Text("cut".into()), Step::Finish(FinishReason::Length)])
            .script("x", Vec::new())
            .reply("x", "whole");
        let c = cached(&model, &Arc::default(), 60);
        for _ in 0..5 {
            ask(&c, request("why?")).await;
        }
        assert_eq!(model.requests().len(), 4, "three that did not count, and one that did");
        let formed = ChatRequest { format: Some(json!({"type": "object"})), ..request("in a form?") };
        ask(&c, formed.clone()).await;
        ask(&c, formed).await;
        assert_eq!(model.requests().len(), 6, "an answer that is no JSON where JSON was asked for");
        let off = cached(&model, &Arc::default(), 0);
        ask(&off, request("why?")).await;
        ask(&off, request("why?")).await;
        assert_eq!(model.requests().len(), 8, "without a lifetime nothing is kept");
    }
}
