//! Trying again: how long to wait, and a wrapper that does it. The chain uses only [`Backoff`] (it counts its own
//! tries), the chat uses [`Retrying`].

use crate::layer::pass_on;
use crate::{ChatEvent, ChatRequest, ChatStream, LlmError, Provider};
use futures_util::{StreamExt as _, stream};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Exponential back-off with full jitter: a random share of `base * 2^(attempt - 1)`, at most `cap`.
/// After M. Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Tries in all, the first one included.
    pub tries: u32,
    /// Largest pause after the first try.
    pub base: Duration,
    /// Largest pause at all, also for what a server asks.
    pub cap: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { tries: 3, base: Duration::from_millis(500), cap: Duration::from_secs(20) }
    }
}

impl Backoff {
    /// The pause after the failed try number `attempt` (from 1), `None` when it was the last one or a retry would
    /// not help. `random` is any number; what the server asks for is the least.
    pub fn pause(&self, attempt: u32, error: &LlmError, random: u64) -> Option<Duration> {
        if attempt >= self.tries || !error.retryable() {
            return None;
        }
        let ceiling = self.base.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(self.cap);
        let share = (random >> 11) as f64 / (1_u64 << 53) as f64;
        let jittered = ceiling.mul_f64(share);
        match error.retry_after() {
            Some(asked) if asked > self.cap => None,
            Some(asked) => Some(asked.max(jittered)),
            None => Some(jittered),
        }
    }
}

/// A random number for [`Backoff::pause`].
pub fn jitter() -> u64 {
    RandomState::new().hash_one(std::time::Instant::now())
}

/// Tries a call again when that may help; tells with [`ChatEvent::Retry`].
#[derive(Clone)]
pub struct Retrying {
    inner: Arc<dyn Provider>,
    backoff: Backoff,
}

impl Retrying {
    /// Around a provider.
    pub fn new(inner: Arc<dyn Provider>, backoff: Backoff) -> Self {
        Self { inner, backoff }
    }
}

struct Tries {
    inner: Arc<dyn Provider>,
    backoff: Backoff,
    request: ChatRequest,
    cancel: CancellationToken,
    attempt: u32,
    began: tokio::time::Instant,
    pause: Duration,
    stream: Option<ChatStream>,
    over: bool,
}

impl Tries {
    async fn next(mut self) -> Option<(Result<ChatEvent, LlmError>, Self)> {
        if self.over {
            return None;
        }
        if self.stream.is_none() {
            let cancel = self.cancel.clone();
            tokio::select! { biased; () = cancel.cancelled() => {} () = tokio::time::sleep(self.pause) => {} }
        }
        let stream = self.stream.get_or_insert_with(|| self.inner.chat(self.request.clone(), self.cancel.clone()));
        let event = match stream.next().await.unwrap_or(Err(LlmError::Cut)) {
            Err(error) => {
                // A pause that outlasts the caller's patience is not begun: somebody else can answer meanwhile.
                let left = self.request.patience.map(|p| p.saturating_sub(self.began.elapsed()));
                let pause = self.backoff.pause(self.attempt, &error, jitter());
                if let Some(delay) = pause.filter(|pause| left.is_none_or(|left| *pause < left)) {
                    self.attempt += 1;
                    self.pause = delay;
                    self.stream = None;
                    Ok(ChatEvent::Retry { attempt: self.attempt, delay, reason: error.to_string() })
                } else {
                    self.over = true;
                    Err(error)
                }
            }
            Ok(ChatEvent::Done(mut done)) => {
                done.attempts = self.attempt;
                self.over = true;
                Ok(ChatEvent::Done(done))
            }
            other => other,
        };
        Some((event, self))
    }
}

impl Provider for Retrying {
    pass_on!(inner: name endpoint is_local models health outgoing embed pull);

    fn chat(&self, request: ChatRequest, cancel: CancellationToken) -> ChatStream {
        let tries = Tries {
            inner: Arc::clone(&self.inner),
            backoff: self.backoff,
            request,
            cancel,
            attempt: 1,
            began: tokio::time::Instant::now(),
            pause: Duration::ZERO,
            stream: None,
            over: false,
        };
        stream::unfold(tries, Tries::next).boxed()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::scripted::{Scripted, Step};

    #[test]
    fn pauses_grow_are_jittered_and_honour_the_server() {
        let b = Backoff::default();
        assert_eq!(b.pause(1, &LlmError::Cut, 0), Some(Duration::ZERO));
        assert!(b.pause(1, &LlmError::Cut, u64::MAX).unwrap() <= Duration::from_millis(500));
        assert!(b.pause(2, &LlmError::Cut, u64::MAX).unwrap() > Duration::from_millis(900));
        assert_eq!(b.pause(3, &LlmError::Cut, 0), None, "three tries in all");
        let busy =
            |secs| LlmError::Busy { status: 429, message: String::new(), retry_after: Some(Duration::from_secs(secs)) };
        assert_eq!(b.pause(1, &busy(7), 0), Some(Duration::from_secs(7)));
        assert_eq!(b.pause(1, &busy(3600), 0), None, "an hour is not worth waiting for");
        assert_eq!(b.pause(1, &LlmError::Cancelled, 0), None);
    }

    #[tokio::test]
    async fn a_cut_answer_is_asked_again() {
        let scripted = Scripted::new("m")
            .script("chat", vec![Step::Text("half".into()), Step::Fail(LlmError::Cut)])
            .reply("chat", "whole");
        let fast = Backoff { base: Duration::ZERO, ..Backoff::default() };
        let retrying = Retrying::new(Arc::new(scripted.clone()), fast);
        let request = ChatRequest { stage: "chat", ..ChatRequest::default() };
        let events: Vec<_> = retrying.chat(request, CancellationToken::new()).collect().await;
        let mut text = String::new();
        for event in &events {
            match event.as_ref().unwrap() {
                ChatEvent::Text(t) => text.push_str(t),
                ChatEvent::Retry { attempt, .. } => {
                    assert_eq!(*attempt, 2);
                    text.clear();
                }
                ChatEvent::Done(done) => assert_eq!(done.attempts, 2),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(text, "whole");
        assert_eq!(scripted.requests().len(), 2);
    }
}
