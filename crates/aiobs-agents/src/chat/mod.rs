//! The conversation: a question is answered from what the archive holds, by a model with citations, or by retrieval
//! alone that says so. Used by the runtime; it knows neither store nor screen.

mod answer;
mod compose;
mod facts;
mod intent;
mod period;
mod phrase;
mod retrieve;
#[cfg(test)]
mod tests;

use crate::context::fence::shown;
use crate::spans::{At, SpanLog};
use crate::{Advisor, Archive, ArchiveError, Prompts};
use aiobs_llm::{CancellationToken, ChatEvent, ChatOptions, ChatRequest, Completion, LlmError, Provider};
use aiobs_types::{AttrValue, ChatMessage, ChatRole, ChatScope, ChatUsage, RecordId, Span, Timestamp, semconv};
use answer::{Asking, cite, messages};
use compose::by_rules;
use futures_util::StreamExt as _;
use retrieve::{Found, retrieve};
use std::sync::{Arc, Mutex, PoisonError};

/// Author of an answer without a model.
pub const RETRIEVAL: &str = "retrieval";

/// Lines cited earlier that go to a model again, so that what was said about them keeps its marks.
const RECALLED: usize = 12;

/// What a chat works with.
#[derive(Clone)]
pub struct ChatDeps {
    /// The model server; `None` answers by retrieval.
    pub provider: Option<Arc<dyn Provider>>,
    /// The archive.
    pub archive: Arc<dyn Archive>,
    /// The playbooks.
    pub playbooks: Arc<dyn Advisor>,
    /// The prompts.
    pub prompts: Arc<Prompts>,
    /// Model to ask for; `None` takes the provider's choice.
    pub model: Option<String>,
    /// Context window in tokens.
    pub num_ctx: u32,
}

/// What happens while a question is answered.
#[derive(Clone, Debug, PartialEq)]
pub enum ChatOutput {
    /// A step of retrieval, one line.
    Step(String),
    /// More text.
    Delta(String),
    /// Finished spans of the question.
    Spans(Vec<Span>),
    /// The end, in every case: complete, cancelled or failed. Its text replaces the deltas (marks renumbered).
    Done(Box<ChatMessage>),
}

/// Answers questions; each on a task of its own.
pub struct ChatService {
    rt: tokio::runtime::Handle,
    deps: Mutex<ChatDeps>,
}

impl ChatService {
    /// On a runtime.
    pub fn new(rt: &tokio::runtime::Handle, deps: ChatDeps) -> Self {
        Self { rt: rt.clone(), deps: Mutex::new(deps) }
    }

    /// Another model server, or none.
    pub fn set_provider(&self, provider: Option<Arc<dyn Provider>>) {
        self.deps.lock().unwrap_or_else(PoisonError::into_inner).provider = provider;
    }

    /// Asks. `history` are the earlier turns, oldest first, without this question. `out` is called from the
    /// runtime's threads and must not block; cancelling the token ends the answer with what came so far.
    pub fn ask(
        &self,
        question: String,
        scope: ChatScope,
        history: Vec<ChatMessage>,
        out: impl Fn(ChatOutput) + Send + Sync + 'static,
    ) -> CancellationToken {
        let cancel = CancellationToken::new();
        let deps = self.deps.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let turn = Turn { deps, question, scope, history, cancel: cancel.clone(), out: Box::new(out) };
        self.rt.spawn(turn.answer());
        cancel
    }
}

struct Turn {
    deps: ChatDeps,
    question: String,
    scope: ChatScope,
    history: Vec<ChatMessage>,
    cancel: CancellationToken,
    out: Box<dyn Fn(ChatOutput) + Send + Sync>,
}

/// Records that the last answers cited, newest first, without doubles.
fn cited(history: &[ChatMessage]) -> Vec<RecordId> {
    let mut ids: Vec<RecordId> = Vec::new();
    for id in history.iter().rev().flat_map(|m| &m.citations) {
        if ids.len() < RECALLED && !ids.contains(id) {
            ids.push(*id);
        }
    }
    ids
}

/// What came from a model.
struct Said {
    text: String,
    author: String,
    end: Result<Completion, LlmError>,
}

impl Turn {
    async fn answer(self) {
        let mut log = SpanLog::new("invoke_agent chat", "invoke_agent");
        log.set(At::RUN, semconv::AGENT_NAME, "chat");
        if let ChatScope::Incident { id } = self.scope {
            log.set(At::RUN, semconv::INCIDENT, i64::try_from(id.0).unwrap_or(i64::MAX));
        }
        let found = self.find(&mut log).await;
        for step in &found.steps {
            (self.out)(ChatOutput::Step(step.clone()));
        }
        let message = if self.cancel.is_cancelled() {
            self.message(String::new(), &found, RETRIEVAL.into(), false)
        } else {
            match self.deps.provider.clone() {
                None => self.without_model(&found, "none is reachable"),
                Some(provider) => {
                    let said = self.model(provider, &found, &mut log).await;
                    self.said(said, &found)
                }
            }
        };
        let by = if message.author == RETRIEVAL { "facts" } else { "model" };
        log.set(At::RUN, semconv::ANSWERED_BY, by);
        let broken = (!message.complete).then(|| ("incomplete", "cancelled or broke off".to_owned()));
        log.end(At::RUN, broken);
        (self.out)(ChatOutput::Spans(log.finish()));
        (self.out)(ChatOutput::Done(Box::new(message)));
    }

    async fn find(&self, log: &mut SpanLog) -> Found {
        let span = log.begin(Some(At::RUN), "execute_tool search_logs".into(), "execute_tool");
        log.set(span, semconv::TOOL_NAME, "search_logs");
        let (archive, advisor) = (Arc::clone(&self.deps.archive), Arc::clone(&self.deps.playbooks));
        let (question, scope) = (self.question.clone(), self.scope.clone());
        let earlier = cited(&self.history);
        let work = tokio::task::spawn_blocking(move || {
            let mut found = retrieve(&question, &scope, Timestamp::now(), archive.as_ref(), advisor.as_ref())?;
            found.recall(&earlier, archive.as_ref())?;
            Ok::<_, ArchiveError>(found)
        });
        let failed = |text: String| Found { steps: vec![text], ..Found::default() };
        let result = tokio::select! {
            biased;
            () = self.cancel.cancelled() => Ok(Found::default()),
            done = work => match done {
                Ok(Ok(found)) => Ok(found),
                Ok(Err(e)) => Err(e.to_string()),
                Err(e) => Err(format!("the search broke off ({e})")),
            },
        };
        log.end(span, result.as_ref().err().map(|e| ("archive", e.clone())));
        result.unwrap_or_else(failed)
    }

    async fn model(&self, provider: Arc<dyn Provider>, found: &Found, log: &mut SpanLog) -> Said {
        let (messages, label) = messages(&Asking {
            question: &self.question,
            scope: &self.scope,
            history: &self.history,
            found,
            prompts: &self.deps.prompts,
            context: self.deps.num_ctx,
        });
        let request = ChatRequest {
            model: self.deps.model.clone(),
            messages,
            options: ChatOptions {
                num_ctx: Some(self.deps.num_ctx),
                temperature: Some(0.2),
                num_predict: Some(answer::ANSWER),
                seed: None,
            },
            stage: "chat",
            ..ChatRequest::default()
        };
        let span = log.begin(Some(At::RUN), "chat".into(), "chat");
        log.set(span, semconv::PROVIDER, provider.name());
        log.set(span, semconv::PROMPT, label);
        let stop = self.cancel.child_token();
        let mut stream = provider.chat(request, stop.clone());
        let mut said = Said { text: String::new(), author: String::new(), end: Err(LlmError::Cut) };
        while let Some(event) = stream.next().await {
            match event {
                Ok(ChatEvent::Text(delta)) => {
                    let delta = shown(&delta);
                    said.text.push_str(&delta);
                    (self.out)(ChatOutput::Delta(delta));
                }
                // What is on the screen cannot be taken back: an answer that broke off stays broken off.
                Ok(ChatEvent::Retry { .. }) if !said.text.is_empty() => {
                    stop.cancel();
                    break;
                }
                Ok(ChatEvent::Retry { attempt, reason, .. }) => {
                    (self.out)(ChatOutput::Step(format!("try {attempt}: {reason}")));
                }
                Ok(ChatEvent::Done(done)) => said.end = Ok(done),
                Ok(ChatEvent::Attribute { name, value }) => {
                    if name == semconv::CACHE && value == AttrValue::from("hit") {
                        (self.out)(ChatOutput::Step(
                            "the same was asked before; the answer is from the cache".to_owned(),
                        ));
                    }
                    log.set(span, name, value);
                }
                Ok(ChatEvent::Thinking(_) | ChatEvent::ToolCall(_)) => {}
                Err(e) => said.end = Err(e),
            }
        }
        match &said.end {
            Ok(done) => {
                said.author.clone_from(&done.model);
                log.rename(span, format!("chat {}", done.model));
                log.set(span, semconv::RESPONSE_MODEL, done.model.as_str());
                if !done.provider.is_empty() {
                    log.set(span, semconv::PROVIDER, done.provider.as_str());
                }
                log.set(span, semconv::FINISH_REASONS, done.finish.name());
                let count = |n: Option<u64>| i64::try_from(n.unwrap_or(0)).unwrap_or(i64::MAX);
                log.set(span, semconv::INPUT_TOKENS, count(done.usage.input_tokens));
                log.set(span, semconv::OUTPUT_TOKENS, count(done.usage.output_tokens));
                log.set(span, semconv::USAGE_ESTIMATED, done.usage.estimated);
                log.set(span, semconv::ATTEMPTS, i64::from(done.attempts));
                if let Some(cost) = done.usage.cost_usd {
                    log.set(span, semconv::COST_USD, cost);
                }
                log.end(span, None);
            }
            Err(e) => log.end(span, Some((e.kind(), e.to_string()))),
        }
        said
    }

    fn said(&self, said: Said, found: &Found) -> ChatMessage {
        let author = if said.author.is_empty() { "model".to_owned() } else { said.author };
        match said.end {
            Ok(done) if !said.text.trim().is_empty() => {
                let cut = done.finish == aiobs_llm::FinishReason::Length;
                let usage = Some(self.usage(&done));
                ChatMessage { usage, ..self.message(said.text, found, author, !cut) }
            }
            Ok(_) => self.without_model(found, "its answer was empty"),
            Err(LlmError::Cancelled) => self.message(said.text, found, author, false),
            Err(e) if said.text.is_empty() => self.without_model(found, &e.to_string()),
            Err(e) => self.message(format!("{}\n\n*The answer broke off: {e}.*", said.text), found, author, false),
        }
    }

    fn without_model(&self, found: &Found, why: &str) -> ChatMessage {
        let text = by_rules(found, why);
        let message = self.message(text, found, RETRIEVAL.to_owned(), true);
        (self.out)(ChatOutput::Delta(message.text.clone()));
        message
    }

    /// What the model took, and how much fits.
    fn usage(&self, done: &Completion) -> ChatUsage {
        ChatUsage {
            input_tokens: done.usage.input_tokens.unwrap_or(0),
            output_tokens: done.usage.output_tokens.unwrap_or(0),
            estimated: done.usage.estimated,
            cost_micro_usd: done.usage.cost_usd.map(|usd| (usd * 1e6).round() as u64),
            context: self.deps.num_ctx,
        }
    }

    fn message(&self, text: String, found: &Found, author: String, complete: bool) -> ChatMessage {
        let lines: Vec<_> = found.numbered().iter().map(|e| e.record.id).collect();
        let (text, citations) = cite(&text, &lines);
        ChatMessage {
            id: 0,
            time: Timestamp::now(),
            role: ChatRole::Assistant,
            scope: self.scope.clone(),
            text,
            citations,
            author,
            complete,
            usage: None,
        }
    }
}
