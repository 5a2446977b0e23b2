//! A provider that plays what it was told, call by call: pieces of text, pauses, errors. Used by tests and by
//! simulations that need the same answer every time; it knows no network.

use crate::{
    ChatEvent, ChatRequest, ChatStream, Completion, EmbedRequest, Embeddings, FinishReason, Health, LlmError,
    ModelInfo, Provider, ToolCall, Usage,
};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// One step of an answer. After the last step the answer is complete.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A piece of text.
    Text(String),
    /// A piece of thinking.
    Thinking(String),
    /// A tool call.
    Tool(ToolCall),
    /// A pause.
    Wait(Duration),
    /// The answer ends with this error.
    Fail(LlmError),
    /// Nothing more comes until somebody cancels.
    Hang,
    /// The answer ends here for another reason than being complete.
    Finish(FinishReason),
}

/// Plays scripts, chosen by [`ChatRequest::stage`]. The last script of a stage is played again and again.
#[derive(Clone)]
pub struct Scripted {
    inner: Arc<Inner>,
    model: String,
    local: bool,
    tools: bool,
    offline: Option<String>,
}

#[derive(Default)]
struct Inner {
    scripts: Mutex<HashMap<String, VecDeque<Vec<Step>>>>,
    requests: Mutex<Vec<ChatRequest>>,
}

impl Scripted {
    /// With a model of this name and no scripts.
    pub fn new(model: &str) -> Self {
        Self { inner: Arc::default(), model: model.to_owned(), local: true, tools: false, offline: None }
    }

    /// Says that it is elsewhere, so that what it is sent must be masked.
    pub fn remote(mut self) -> Self {
        self.local = false;
        self
    }

    /// Says that its model can use tools.
    pub fn with_tools(mut self) -> Self {
        self.tools = true;
        self
    }

    /// Says that it cannot answer, and fails every call.
    pub fn offline(mut self, reason: &str) -> Self {
        self.offline = Some(reason.to_owned());
        self
    }

    /// Adds a script for a stage.
    pub fn script(self, stage: &str, steps: Vec<Step>) -> Self {
        self.inner
            .scripts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(stage.to_owned())
            .or_default()
            .push_back(steps);
        self
    }

    /// Adds an answer that comes in two pieces.
    pub fn reply(self, stage: &str, text: &str) -> Self {
        let middle = (0..=text.len() / 2).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
        let (a, b) = text.split_at(middle);
        self.script(stage, vec![Step::Text(a.to_owned()), Step::Text(b.to_owned())])
    }

    /// Everything that was asked, in order.
    pub fn requests(&self) -> Vec<ChatRequest> {
        self.inner.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn next_script(&self, stage: &str) -> Vec<Step> {
        if let Some(reason) = &self.offline {
            let endpoint = self.endpoint().to_owned();
            return vec![Step::Fail(LlmError::Unreachable { endpoint, reason: reason.clone() })];
        }
        let mut scripts = self.inner.scripts.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = || LlmError::Refused { status: 400, message: format!("no script for `{stage}`") };
        match scripts.get_mut(stage) {
            Some(queue) if queue.len() > 1 => queue.pop_front().unwrap_or_default(),
            Some(queue) => queue.front().cloned().unwrap_or_else(|| vec![Step::Fail(missing())]),
            None => vec![Step::Fail(missing())],
        }
    }
}

struct Play {
    steps: VecDeque<Step>,
    cancel: CancellationToken,
    input: u64,
    output: u64,
    model: String,
    over: bool,
}

impl Play {
    async fn next(mut self) -> Option<(Result<ChatEvent, LlmError>, Self)> {
        if self.over {
            return None;
        }
        loop {
            if self.cancel.is_cancelled() {
                return Some(self.end(Err(LlmError::Cancelled)));
            }
            let step = self.steps.pop_front().unwrap_or(Step::Finish(FinishReason::Stop));
            let event = match step {
                Step::Text(text) if text.is_empty() => continue,
                Step::Text(text) => ChatEvent::Text(text),
                Step::Thinking(text) => ChatEvent::Thinking(text),
                Step::Tool(call) => ChatEvent::ToolCall(call),
                Step::Wait(pause) => {
                    let cancel = self.cancel.clone();
                    tokio::select! { () = cancel.cancelled() => {} () = tokio::time::sleep(pause) => {} }
                    continue;
                }
                Step::Hang => {
                    self.cancel.cancelled().await;
                    continue;
                }
                Step::Fail(error) => return Some(self.end(Err(error))),
                Step::Finish(finish) => {
                    let done = self.completion(finish);
                    return Some(self.end(Ok(ChatEvent::Done(done))));
                }
            };
            if let ChatEvent::Text(t) | ChatEvent::Thinking(t) = &event {
                self.output += t.chars().count() as u64;
            }
            return Some((Ok(event), self));
        }
    }

    fn end(mut self, event: Result<ChatEvent, LlmError>) -> (Result<ChatEvent, LlmError>, Self) {
        self.over = true;
        (event, self)
    }

    fn completion(&self, finish: FinishReason) -> Completion {
        let estimate = crate::net::answer::estimate_tokens;
        Completion {
            provider: String::new(),
            model: self.model.clone(),
            finish,
            usage: Usage {
                input_tokens: Some(estimate(self.input)),
                output_tokens: Some(estimate(self.output)),
                estimated: true,
                ..Usage::default()
            },
            attempts: 1,
        }
    }
}

impl Provider for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn endpoint(&self) -> &str {
        if self.local { "script:local" } else { "script:remote" }
    }

    fn is_local(&self) -> bool {
        self.local
    }

    fn models(&self) -> BoxFuture<'_, Result<Vec<ModelInfo>, LlmError>> {
        let capabilities = if self.tools { vec!["tools".to_owned()] } else { Vec::new() };
        let model = ModelInfo { name: self.model.clone(), capabilities, ..ModelInfo::default() };
        async { Ok(vec![model]) }.boxed()
    }

    fn health(&self) -> BoxFuture<'_, Health> {
        async {
            match &self.offline {
                Some(reason) => Health::Unavailable { reason: reason.clone() },
                None => Health::Ready { model: self.model.clone(), note: None },
            }
        }
        .boxed()
    }

    /// Of each text its length in characters, and one.
    fn embed(&self, request: EmbedRequest) -> BoxFuture<'_, Result<Embeddings, LlmError>> {
        let model = request.model.unwrap_or_else(|| self.model.clone());
        let vectors = request.texts.iter().map(|t| vec![t.chars().count() as f32, 1.0]).collect();
        async { Ok(Embeddings { model, vectors, ..Embeddings::default() }) }.boxed()
    }

    fn chat(&self, request: ChatRequest, cancel: CancellationToken) -> ChatStream {
        let steps = self.next_script(request.stage).into();
        let input = request.chars() as u64;
        let model = request.model.clone().unwrap_or_else(|| self.model.clone());
        self.inner.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        stream::unfold(Play { steps, cancel, input, output: 0, model, over: false }, Play::next).boxed()
    }
}
