//! The route: which of the configured models is asked, and which one when that does not answer. Stands between budget
//! and retry; it knows no provider in particular.

use crate::{
    ChatEvent, ChatRequest, ChatStream, EmbedRequest, Embeddings, Health, LlmError, ModelInfo, Outgoing, Provider,
    PullStream,
};
use aiobs_types::semconv;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// A model that may be asked.
#[derive(Clone)]
pub(crate) struct Target {
    /// Name in the configuration.
    pub(crate) name: String,
    /// Model; `None` takes the provider's choice.
    pub(crate) model: Option<String>,
    /// Its server, with retry and breaker of its own.
    pub(crate) provider: Arc<dyn Provider>,
    /// What it is asked for; empty is everything.
    pub(crate) stages: Vec<String>,
}

/// Several models as one, asked in order until one answers.
#[derive(Clone)]
pub(crate) struct Route {
    targets: Arc<[Target]>,
    name: String,
    endpoint: String,
}

impl Route {
    /// The first is asked first. There must be one.
    pub(crate) fn new(targets: Vec<Target>) -> Self {
        let first = targets.first();
        let name = first.map_or_else(String::new, |t| t.provider.name().to_owned());
        let endpoint = first.map_or_else(String::new, |t| t.provider.endpoint().to_owned());
        Self { targets: targets.into(), name, endpoint }
    }

    fn fitting(&self, request: &ChatRequest) -> Result<VecDeque<Target>, LlmError> {
        let asked = |t: &&Target| t.stages.is_empty() || t.stages.iter().any(|s| s == request.stage);
        let able: Vec<Target> = self.targets.iter().filter(asked).cloned().collect();
        if able.is_empty() {
            return Err(LlmError::NobodyAllowed { stage: request.stage });
        }
        let free: VecDeque<Target> = able.into_iter().filter(|t| !request.free_only || t.provider.is_local()).collect();
        if free.is_empty() {
            return Err(LlmError::BudgetSpent { spent: crate::Dollars(0), limit: crate::Dollars(0) });
        }
        Ok(free)
    }
}

/// One call on its way through the targets.
struct Going {
    left: VecDeque<Target>,
    request: ChatRequest,
    cancel: CancellationToken,
    began: Instant,
    current: Option<(Target, ChatStream, Option<Instant>)>,
    ready: VecDeque<Result<ChatEvent, LlmError>>,
    tries: u32,
    /// Tries that were made for the targets before this one.
    before: u32,
    over: bool,
}

impl Going {
    /// The next target; all but the last have to share the time with those after them.
    fn go_on(&mut self) {
        let Some(target) = self.left.pop_front() else { return };
        let remaining = self.request.patience.map(|p| p.saturating_sub(self.began.elapsed()));
        let share = if self.left.is_empty() { None } else { remaining.map(|r| r / 2) };
        let request = ChatRequest {
            model: target.model.clone().or_else(|| self.request.model.clone()),
            patience: share.or(remaining),
            ..self.request.clone()
        };
        let stream = target.provider.chat(request, self.cancel.child_token());
        self.ready.push_back(Ok(ChatEvent::Attribute { name: semconv::ROUTE, value: target.name.as_str().into() }));
        self.current = Some((target, stream, share.map(|s| Instant::now() + s)));
    }

    async fn event(&mut self) -> Result<ChatEvent, LlmError> {
        let Some((_, stream, until)) = &mut self.current else { return Err(LlmError::Cut) };
        let next = match until {
            None => stream.next().await,
            Some(until) => match tokio::time::timeout_at(*until, stream.next()).await {
                Ok(next) => next,
                Err(_) => Some(Err(LlmError::Timeout {
                    what: "complete answer",
                    after: self.request.patience.unwrap_or_default() / 2,
                })),
            },
        };
        next.unwrap_or(Err(LlmError::Cut))
    }

    async fn next(mut self) -> Option<(Result<ChatEvent, LlmError>, Self)> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                self.over |= matches!(event, Err(_) | Ok(ChatEvent::Done(_)));
                return Some((event, self));
            }
            if self.over {
                return None;
            }
            match self.event().await {
                Err(error) => self.failed(error),
                Ok(ChatEvent::Retry { attempt, delay, reason }) => {
                    self.tries = self.before + attempt;
                    self.ready.push_back(Ok(ChatEvent::Retry { attempt: self.tries, delay, reason }));
                }
                Ok(ChatEvent::Done(mut done)) => {
                    done.attempts = self.tries;
                    self.ready.push_back(Ok(ChatEvent::Done(done)));
                }
                Ok(other) => self.ready.push_back(Ok(other)),
            }
        }
    }

    fn failed(&mut self, error: LlmError) {
        let name = self.current.take().map(|(target, ..)| target.name).unwrap_or_default();
        let Some(next) = self.left.front().filter(|_| error != LlmError::Cancelled) else {
            return self.ready.push_back(Err(error));
        };
        let reason = format!("{name}: {error}; {} is asked", next.name);
        self.before = self.tries;
        self.tries += 1;
        self.ready.push_back(Ok(ChatEvent::Attribute { name: semconv::FALLBACK_FROM, value: name.into() }));
        self.ready.push_back(Ok(ChatEvent::Retry { attempt: self.tries, delay: Duration::ZERO, reason }));
        self.go_on();
    }
}

impl Provider for Route {
    fn name(&self) -> &str {
        &self.name
    }
    fn endpoint(&self) -> &str {
        &self.endpoint
    }
    /// Only when no call can leave this machine.
    fn is_local(&self) -> bool {
        self.targets.iter().all(|t| t.provider.is_local())
    }
    fn models(&self) -> BoxFuture<'_, Result<Vec<ModelInfo>, LlmError>> {
        match self.targets.first() {
            Some(first) => first.provider.models(),
            None => async { Ok(Vec::new()) }.boxed(),
        }
    }
    fn health(&self) -> BoxFuture<'_, Health> {
        async {
            let mut reasons = Vec::new();
            for target in self.targets.iter() {
                match target.provider.health().await {
                    Health::Ready { model, note } => {
                        let note = if reasons.is_empty() { note } else { Some(reasons.join("; ")) };
                        return Health::Ready { model, note };
                    }
                    Health::Unavailable { reason } if self.targets.len() == 1 => reasons.push(reason),
                    Health::Unavailable { reason } => reasons.push(format!("{}: {reason}", target.name)),
                }
            }
            Health::Unavailable { reason: reasons.join("; ") }
        }
        .boxed()
    }
    fn chat(&self, request: ChatRequest, cancel: CancellationToken) -> ChatStream {
        let left = match self.fitting(&request) {
            Ok(left) => left,
            Err(e) => return stream::iter([Err(e)]).boxed(),
        };
        let mut going = Going {
            left,
            request,
            cancel,
            began: Instant::now(),
            current: None,
            ready: VecDeque::new(),
            tries: 1,
            before: 0,
            over: false,
        };
        // The first target is asked when the stream is polled.
        stream::once(async move {
            going.began = Instant::now();
            going.go_on();
            stream::unfold(going, Going::next)
        })
        .flatten()
        .boxed()
    }
    fn outgoing(&self, request: &ChatRequest) -> Option<Outgoing> {
        let target = self.fitting(request).ok()?.pop_front()?;
        let model = target.model.clone().or_else(|| request.model.clone());
        target.provider.outgoing(&ChatRequest { model, ..request.clone() })
    }
    fn embed(&self, request: EmbedRequest) -> BoxFuture<'_, Result<Embeddings, LlmError>> {
        match self.targets.first() {
            Some(first) if request.free_only && !first.provider.is_local() => {
                let spent = LlmError::BudgetSpent { spent: crate::Dollars(0), limit: crate::Dollars(0) };
                async { Err(spent) }.boxed()
            }
            Some(first) => first.provider.embed(request),
            None => async { Err(LlmError::NobodyAllowed { stage: "embeddings" }) }.boxed(),
        }
    }
    fn pull(&self, model: String) -> PullStream {
        match self.targets.first() {
            Some(first) => first.provider.pull(model),
            None => stream::iter([Err(LlmError::NobodyAllowed { stage: "pull" })]).boxed(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::scripted::{Scripted, Step};

    fn target(name: &str, scripted: &Scripted) -> Target {
        Target { name: name.into(), model: None, provider: Arc::new(scripted.clone()), stages: Vec::new() }
    }

    async fn ask(route: &Route, request: ChatRequest) -> Vec<Result<ChatEvent, LlmError>> {
        route.chat(request, CancellationToken::new()).collect().await
    }

    fn request() -> ChatRequest {
        ChatRequest { stage: "x", ..ChatRequest::default() }
    }

    #[tokio::test]
    async fn the_next_model_answers_when_the_first_does_not() {
        let first = Scripted::new("a").script("x", vec![Step::Text("half".into()), Step::Fail(LlmError::Cut)]);
        let second = Scripted::new("b").reply("x", "whole");
        let route = Route::new(vec![target("one", &first), target("two", &second)]);
        let got = ask(&route, request()).await;
        let retry = got.iter().position(|e| matches!(e, Ok(ChatEvent::Retry { .. }))).unwrap();
        let Ok(ChatEvent::Retry { reason, .. }) = &got[retry] else { panic!() };
        assert!(reason.starts_with("one: ") && reason.ends_with("two is asked"), "{reason}");
        let told = ChatEvent::Attribute { name: semconv::ROUTE, value: "two".into() };
        assert!(got[retry..].contains(&Ok(told)));
        let Some(Ok(ChatEvent::Done(done))) = got.last() else { panic!("{got:?}") };
        assert_eq!((done.model.as_str(), done.attempts), ("b", 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_hanging_model_leaves_half_of_the_time_to_the_next() {
        let first = Scripted::new("a").script("x", vec![Step::Hang]);
        let second = Scripted::new("b").reply("x", "whole");
        let route = Route::new(vec![target("one", &first), target("two", &second)]);
        let began = Instant::now();
        let got = ask(&route, ChatRequest { patience: Some(Duration::from_mins(1)), ..request() }).await;
        assert!(matches!(got.last(), Some(Ok(ChatEvent::Done(_)))), "{got:?}");
        assert_eq!(began.elapsed().as_secs(), 30);
    }

    #[tokio::test]
    async fn stages_and_an_empty_purse_narrow_the_choice() {
        let (near, far) = (Scripted::new("near").reply("x", "n"), Scripted::new("far").reply("x", "f").remote());
        let model = |got: &[Result<ChatEvent, LlmError>]| match got.last() {
            Some(Ok(ChatEvent::Done(done))) => done.model.clone(),
            other => format!("{other:?}"),
        };
        let route = Route::new(vec![target("far", &far), target("near", &near)]);
        assert!(!route.is_local());
        assert_eq!(model(&ask(&route, request()).await), "far");
        assert_eq!(model(&ask(&route, ChatRequest { free_only: true, ..request() }).await), "near");
        let only = Route::new(vec![Target { stages: vec!["chat".into()], ..target("far", &far) }]);
        assert_eq!(ask(&only, request()).await.pop().unwrap().unwrap_err().kind(), "nobody_allowed");
        let dear = Route::new(vec![target("far", &far)]);
        let spent = ask(&dear, ChatRequest { free_only: true, ..request() }).await.pop().unwrap();
        assert_eq!(spent.unwrap_err().kind(), "budget_spent");
    }
}
