//! One question on its way to its answer: what is found for it, the model's calls with the tools it asks for between them,
//! and the message in the end. Used by the chat's service; it decides nothing about what is found.

use super::answer::{self, Asking, messages};
use super::compose::{NoModel, by_rules};
use super::earlier;
use super::marks::cite;
use super::retrieve::{Found, retrieve};
use super::{ChatDeps, ChatOutput, Question, RETRIEVAL};
use crate::ArchiveError;
use crate::context::fence::shown;
use crate::context::sources::Sources;
use crate::spans::{At, SpanLog};
use crate::tools::{AskKit, Bounds, Outcome, ToolBox, can_use_tools, told};
use aiobs_llm::{
    CancellationToken, ChatEvent, ChatOptions, ChatRequest, Completion, FinishReason, LlmError, Provider, Tool,
    ToolCall,
};
use aiobs_types::{AttrValue, ChatMessage, ChatRole, ChatScope, ChatStep, ChatUsage, TalkSummary, Timestamp, semconv};
use futures_util::StreamExt as _;
use std::sync::Arc;

/// Calls of the model for one question; the last is offered no tools.
const ROUNDS: usize = 8;
/// Characters of what a tool brought that are kept with the answer.
const DETAIL: usize = 3_000;

/// A question that is being answered.
pub(super) struct Turn {
    pub(super) deps: ChatDeps,
    pub(super) asked: Question,
    pub(super) cancel: CancellationToken,
    pub(super) out: Arc<dyn Fn(ChatOutput) + Send + Sync>,
}

/// What came from a model.
pub(super) struct Said {
    text: String,
    /// Where what it said last begins.
    last: usize,
    author: String,
    /// What its tools did.
    steps: Vec<ChatStep>,
    /// What its marks may lead to.
    sources: Sources,
    usage: ChatUsage,
    /// Calls that were answered.
    calls: u32,
    end: Result<Completion, LlmError>,
}

impl Said {
    /// Counts what one call took. A price that is not known makes the sum unknown.
    pub(super) fn took(&mut self, done: &Completion) {
        let (u, usage) = (&mut self.usage, &done.usage);
        let (input, output) = (usage.input_tokens.unwrap_or(0), usage.output_tokens.unwrap_or(0));
        u.input_tokens += input;
        u.output_tokens += output;
        u.filled = input + output;
        u.estimated |= usage.estimated;
        let cost = usage.cost_usd.map(|usd| (usd * 1e6).round() as u64);
        u.cost_micro_usd = if self.calls == 0 { cost } else { u.cost_micro_usd.zip(cost).map(|(a, b)| a + b) };
        self.calls += 1;
    }
}

/// One call of the model.
struct Round {
    /// Where its text begins in what was said.
    from: usize,
    wants: Vec<ToolCall>,
    span: At,
}

impl Turn {
    /// Of these parts and this question. A model that a person chose is asked in the place of the others, also when they
    /// do not answer.
    pub(super) fn new(
        mut deps: ChatDeps,
        asked: Question,
        cancel: CancellationToken,
        out: Arc<dyn Fn(ChatOutput) + Send + Sync>,
    ) -> Self {
        if let Some(chosen) = &asked.chosen {
            deps.provider = Some(Arc::clone(&chosen.provider));
            deps.model.clone_from(&chosen.model);
        }
        Self { deps, asked, cancel, out }
    }

    pub(super) async fn answer(self) {
        let mut log = SpanLog::new("invoke_agent chat", "invoke_agent");
        log.set(At::RUN, semconv::AGENT_NAME, "chat");
        if let ChatScope::Incident { id } = self.asked.scope {
            log.set(At::RUN, semconv::INCIDENT, i64::try_from(id.0).unwrap_or(i64::MAX));
        }
        let provider = self.deps.provider.clone();
        let able = can_use_tools(provider.clone(), self.deps.model.clone(), self.deps.tools);
        let (mut found, able) = tokio::join!(self.find(&mut log), able);
        if let Some(step) = self.choice() {
            (self.out)(ChatOutput::Step(step));
        }
        let message = if self.cancel.is_cancelled() {
            self.message(String::new(), &found, RETRIEVAL.into(), false)
        } else {
            match provider {
                None => self.without_model(&found, &NoModel::NoneReachable),
                Some(provider) => {
                    let said = self.model(provider, &mut found, able, &mut log).await;
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

    /// Who was chosen to answer, as a step: it stays with the answer, whoever gives it in the end.
    fn choice(&self) -> Option<ChatStep> {
        let chosen = self.asked.chosen.as_ref()?;
        let place = if chosen.provider.is_local() { "LOCAL" } else { "REMOTE" };
        let model = chosen.model.as_deref().unwrap_or_else(|| chosen.provider.name());
        let text = format!("chosen: {} at {}, {place}", shown(model), shown(chosen.provider.endpoint()));
        Some(ChatStep { text, ..ChatStep::default() })
    }

    async fn find(&self, log: &mut SpanLog) -> Found {
        let span = log.begin(Some(At::RUN), "execute_tool search_logs".into(), "execute_tool");
        log.set(span, semconv::TOOL_NAME, "search_logs");
        let (archive, advisor) = (Arc::clone(&self.deps.archive), Arc::clone(&self.deps.playbooks));
        let (question, scope, history) =
            (self.asked.text.clone(), self.asked.scope.clone(), self.asked.history.clone());
        let shortened = earlier::fitting(&history, self.asked.summary.as_ref()).cloned();
        let (out, cancel) = (Arc::clone(&self.out), self.cancel.clone());
        // What is found after the end was asked for belongs to no answer.
        let told = move |step: &ChatStep| {
            if !cancel.is_cancelled() {
                out(ChatOutput::Step(step.clone()));
            }
        };
        let work = tokio::task::spawn_blocking(move || {
            let now = Timestamp::now();
            let mut found = retrieve(&question, &scope, now, archive.as_ref(), advisor.as_ref(), Box::new(told))?;
            found.recall(&history, archive.as_ref())?;
            found.again(shortened.iter().flat_map(|s| &s.citations), archive.as_ref())?;
            Ok::<_, ArchiveError>(found)
        });
        let failed = |text: String| {
            let step = ChatStep { text, failed: true, ..ChatStep::default() };
            (self.out)(ChatOutput::Step(step.clone()));
            Found { steps: vec![step], ..Found::default() }
        };
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

    /// Asks the model, does what it wants looked up, and asks again, until it answers.
    async fn model(&self, provider: Arc<dyn Provider>, found: &mut Found, able: bool, log: &mut SpanLog) -> Said {
        let offered = if able { self.tools(found).offered() } else { Vec::new() };
        let mut said = Said {
            text: String::new(),
            last: 0,
            author: String::new(),
            steps: Vec::new(),
            sources: Sources::default(),
            usage: ChatUsage { context: self.deps.num_ctx, ..ChatUsage::default() },
            calls: 0,
            end: Err(LlmError::Cut),
        };
        let mut summary = earlier::fitting(&self.asked.history, self.asked.summary.as_ref()).cloned();
        let room = answer::room(&self.asking(found, summary.as_ref(), &offered));
        if let Some(turns) = earlier::due(&self.asked.history, summary.as_ref(), room)
            && let Some(new) = self.shorten(&provider, turns, summary.as_ref(), &mut said, log).await
        {
            self.cite_again(found, &new).await;
            summary = Some(new);
        }
        said.sources = found.sources();
        let mut tools = able.then(|| self.tools(found));
        let prepared = messages(&self.asking(found, summary.as_ref(), &offered));
        if let Some(tools) = &mut tools {
            tools.narrow(prepared.room);
        }
        let mut talk = prepared.messages;
        for round in 1..=ROUNDS {
            let over = round == ROUNDS || tools.as_ref().is_none_or(ToolBox::spent);
            let request = ChatRequest {
                messages: talk.clone(),
                tools: offered.clone(),
                tools_over: over && !offered.is_empty(),
                ..self.request()
            };
            let asked = self.round(&provider, request, &prepared.label, &mut said, log).await;
            said.last = asked.from;
            if let Ok(done) = &said.end {
                let done = done.clone();
                said.took(&done);
            }
            let wants = asked.wants;
            // What it wants all the same when there is nothing more to be had is not done.
            let Some(used) = tools.take().filter(|_| !over && !wants.is_empty() && said.end.is_ok()) else { break };
            let Some((used, outcomes)) = self.look_up(used, wants).await else {
                said.end = Err(if self.cancel.is_cancelled() { LlmError::Cancelled } else { LlmError::Cut });
                break;
            };
            let looks: Vec<_> = outcomes.iter().map(|o| o.look.clone()).collect();
            log.lookups(&looks, Some(asked.span));
            for outcome in &outcomes {
                let step = done(outcome);
                (self.out)(ChatOutput::Step(step.clone()));
                said.steps.push(step);
            }
            talk.extend(told(&said.text[asked.from..], &outcomes));
            said.sources = used.kit().sources.clone();
            tools = Some(used);
        }
        said
    }

    fn tools(&self, found: &Found) -> ToolBox<AskKit> {
        let (archive, surroundings) = (Arc::clone(&self.deps.archive), Arc::clone(&self.deps.surroundings));
        let now = if found.facts.now == Timestamp(0) { Timestamp::now() } else { found.facts.now };
        ToolBox::new(AskKit { archive, surroundings, sources: found.sources(), now }, Bounds::default())
    }

    fn asking<'a>(&'a self, found: &'a Found, summary: Option<&'a TalkSummary>, tools: &'a [Tool]) -> Asking<'a> {
        Asking {
            question: &self.asked.text,
            scope: &self.asked.scope,
            history: &self.asked.history,
            summary,
            found,
            prompts: &self.deps.prompts,
            context: self.deps.num_ctx,
            tools,
        }
    }

    /// Carries out calls; `None` when the question was cancelled or the tools died.
    async fn look_up(
        &self,
        mut tools: ToolBox<AskKit>,
        wants: Vec<ToolCall>,
    ) -> Option<(ToolBox<AskKit>, Vec<Outcome>)> {
        let work = tokio::task::spawn_blocking(move || {
            let outcomes = tools.answer(wants);
            (tools, outcomes)
        });
        tokio::select! {
            biased;
            // Tools at work end by themselves; nobody waits for them.
            () = self.cancel.cancelled() => None,
            done = work => done.ok(),
        }
    }

    /// What is the same in each call.
    fn request(&self) -> ChatRequest {
        ChatRequest {
            model: self.deps.model.clone(),
            options: ChatOptions {
                num_ctx: Some(self.deps.num_ctx),
                temperature: Some(0.2),
                num_predict: Some(answer::ANSWER),
                seed: None,
            },
            fresh: self.asked.fresh,
            stage: "chat",
            ..ChatRequest::default()
        }
    }

    /// One call; what it says goes to the screen as it comes.
    async fn round(
        &self,
        provider: &Arc<dyn Provider>,
        request: ChatRequest,
        label: &str,
        said: &mut Said,
        log: &mut SpanLog,
    ) -> Round {
        let span = log.begin(Some(At::RUN), "chat".into(), "chat");
        log.set(span, semconv::PROVIDER, provider.name());
        log.set(span, semconv::PROMPT, label);
        let stop = self.cancel.child_token();
        let mut stream = provider.chat(request, stop.clone());
        let mut round = Round { from: said.text.len(), wants: Vec::new(), span };
        said.end = Err(LlmError::Cut);
        while let Some(event) = stream.next().await {
            match event {
                Ok(ChatEvent::Text(delta)) => self.more(said, &mut round, &shown(&delta)),
                // What is on the screen cannot be taken back: an answer that broke off stays broken off.
                Ok(ChatEvent::Retry { .. }) if said.text.len() > round.from => {
                    stop.cancel();
                    break;
                }
                Ok(ChatEvent::Retry { attempt, reason, .. }) => {
                    round.wants.clear();
                    self.tell(format!("try {attempt}: {reason}"));
                }
                Ok(ChatEvent::Done(done)) => said.end = Ok(done),
                Ok(ChatEvent::Attribute { name, value }) => {
                    if name == semconv::CACHE && value == AttrValue::from("hit") {
                        self.tell("the same was asked before; the answer is from the cache".to_owned());
                    }
                    // Known before the answer is there; one that breaks off has an author too.
                    if name == semconv::REQUEST_MODEL
                        && let AttrValue::Text(model) = &value
                    {
                        said.author.clone_from(model);
                    }
                    log.set(span, name, value);
                }
                Ok(ChatEvent::ToolCall(wanted)) => round.wants.push(wanted),
                Ok(ChatEvent::Thinking(_)) => {}
                Err(e) => said.end = Err(e),
            }
        }
        match &said.end {
            Ok(done) => {
                said.author.clone_from(&done.model);
                log.answered(span, done);
            }
            Err(e) => log.end(span, Some((e.kind(), e.to_string()))),
        }
        round
    }

    /// More text. What was said before something was looked up stays, as a paragraph of its own.
    fn more(&self, said: &mut Said, round: &mut Round, delta: &str) {
        if said.text.len() == round.from && round.from > 0 && !delta.trim().is_empty() {
            said.text.push_str("\n\n");
            (self.out)(ChatOutput::Delta("\n\n".to_owned()));
            round.from = said.text.len();
        }
        said.text.push_str(delta);
        (self.out)(ChatOutput::Delta(delta.to_owned()));
    }

    pub(super) fn tell(&self, text: String) {
        (self.out)(ChatOutput::Step(ChatStep { text, ..ChatStep::default() }));
    }

    fn said(&self, said: Said, found: &Found) -> ChatMessage {
        let author = if said.author.is_empty() { "model".to_owned() } else { said.author };
        let by_model = |text: String, complete: bool| {
            let (text, citations) = cite(&text, &said.sources);
            let steps = found.steps.iter().cloned().chain(self.choice()).chain(said.steps.clone()).collect();
            ChatMessage { citations, steps, text, author: author.clone(), ..self.empty(complete) }
        };
        match said.end {
            Ok(done) if !said.text[said.last..].trim().is_empty() => {
                let cut = done.finish == FinishReason::Length;
                ChatMessage { usage: Some(said.usage), ..by_model(said.text, !cut) }
            }
            Ok(_) => self.without_model(found, &NoModel::Empty),
            Err(LlmError::Cancelled) => by_model(said.text, false),
            Err(e) if said.text.is_empty() => self.without_model(found, &NoModel::Failed(&e.to_string())),
            Err(e) => by_model(format!("{}\n\n*The answer broke off: {e}.*", said.text), false),
        }
    }

    fn without_model(&self, found: &Found, why: &NoModel<'_>) -> ChatMessage {
        let text = by_rules(found, why);
        let message = self.message(text, found, RETRIEVAL.to_owned(), true);
        (self.out)(ChatOutput::Delta(message.text.clone()));
        message
    }

    fn message(&self, text: String, found: &Found, author: String, complete: bool) -> ChatMessage {
        let (text, citations) = cite(&text, &found.sources());
        let steps = found.steps.iter().cloned().chain(self.choice()).collect();
        ChatMessage { text, citations, author, steps, ..self.empty(complete) }
    }

    fn empty(&self, complete: bool) -> ChatMessage {
        let (time, scope) = (Timestamp::now(), self.asked.scope.clone());
        ChatMessage { time, role: ChatRole::Assistant, scope, complete, ..ChatMessage::default() }
    }
}

/// What a call did, for people.
fn done(o: &Outcome) -> ChatStep {
    let mut detail: String = o.body.chars().take(DETAIL).collect();
    if detail.len() < o.body.len() {
        detail.push_str("\n...");
    }
    ChatStep { area: o.area, text: o.told.clone(), detail, by_model: true, failed: o.look.error.is_some() }
}
