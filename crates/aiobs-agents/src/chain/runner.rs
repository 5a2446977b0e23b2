//! Performs one run: feeds the machine with what happens and does what it says, on tokio. Used by the service; it
//! decides nothing itself.

mod telling;

use super::halted::Halted;
use super::machine::{Effect, Event, Machine, Repair, What};
use super::preview::request;
use super::prompting::messages;
use super::service::{ChainDeps, Out};
use crate::context::fence::shown;
use crate::spans::{At, SpanLog};
use crate::surroundings::Hostless;
use crate::tools::{Bounds, IncidentKit, Outcome, ToolBox, can_use_tools, told};
use crate::{CallNote, ChainOutput, Evidence, Lookup, Stage, Surroundings, gather};
use aiobs_llm::{
    CancellationToken, ChatEvent, ChatRequest, ChatStream, Completion, LlmError, Message, Provider, Tool, ToolCall,
};
use aiobs_types::{AttrValue, Diagnosis, Incident, Span, Timestamp, semconv};
use futures_util::StreamExt as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// How a run ended.
pub(crate) struct Ended {
    /// `None` when it was cancelled.
    pub(crate) diagnosis: Option<Box<Diagnosis>>,
    pub(crate) spans: Vec<Span>,
}

enum Doing {
    Nothing,
    Gathering(JoinHandle<(Evidence, bool)>),
    Asking(Box<Asking>),
    /// The model wants something looked up.
    Looking(Box<Looking>),
}

/// Tools at work. The box comes back with what it found.
struct Looking {
    call: u32,
    stage: Stage,
    said: String,
    task: JoinHandle<(ToolBox<IncidentKit>, Vec<Outcome>)>,
    /// The model's call that asked for it.
    span: At,
}

struct Asking {
    call: u32,
    stage: Stage,
    /// Tools it wants.
    wants: Vec<ToolCall>,
    /// It was told that there are none to be had: what it wants all the same is not done.
    closed: bool,
    stream: ChatStream,
    stop: CancellationToken,
    text: String,
    began: Instant,
    first: Option<Duration>,
    span: At,
    /// Prompts that made the request, with their versions.
    prompts: String,
}

struct Run<'a> {
    deps: &'a ChainDeps,
    provider: Option<Arc<dyn Provider>>,
    incident: Incident,
    out: Out,
    machine: Machine,
    doing: Doing,
    evidence: Option<Evidence>,
    /// Set when the model can call tools.
    tools: Option<ToolBox<IncidentKit>>,
    /// What there was in it, also when it is used up or lost.
    listed: Vec<Tool>,
    /// What was said in the call that goes on: the prompt, and tools with their answers.
    talk: Vec<Message>,
    /// Prompts of the stage that asks, with their versions.
    label: String,
    log: SpanLog,
    stages: [Option<At>; 4],
    /// (provider, model) that answered the Diagnosis stage.
    model: Option<(String, String)>,
    /// Prompts that were answered.
    prompts: Vec<String>,
    /// Kept answers will not do.
    fresh: bool,
    /// What an earlier start of the program gathered for this run.
    gathered: Option<Evidence>,
    /// The last stage that an earlier start has kept.
    kept: Option<Stage>,
    /// Tools found more since the evidence was kept.
    grown: bool,
    began: (Timestamp, Instant),
}

fn answered(done: &Completion) -> CallNote {
    CallNote::Answered {
        model: done.model.clone(),
        input: done.usage.input_tokens.unwrap_or(0),
        output: done.usage.output_tokens.unwrap_or(0),
        estimated: done.usage.estimated,
        cost_usd: done.usage.cost_usd,
    }
}

/// Runs the chain for one incident; `fresh` when kept answers of models will not do, `halted` when it goes on with a run that
/// was cut off.
pub(crate) async fn run(
    deps: &ChainDeps,
    provider: Option<Arc<dyn Provider>>,
    incident: Incident,
    fresh: bool,
    halted: Option<Halted>,
    cancel: CancellationToken,
    out: Out,
) -> Ended {
    let o = &deps.options;
    let mut log = SpanLog::new("invoke_agent aiobs", "invoke_agent");
    log.set(At::RUN, semconv::INCIDENT, i64::try_from(incident.id.0).unwrap_or(i64::MAX));
    let mut machine = Machine::new(o.deadlines, provider.is_some());
    let (mut gathered, mut kept, mut model, mut prompts) = (None, None, None, Vec::new());
    if let Some(h) = halted {
        log.set(At::RUN, "aiobs.resumed", h.next().map_or("end", Stage::agent));
        kept = Stage::ALL.get(h.done.len()).copied();
        machine = machine.going_on(h.findings, h.done);
        (gathered, model, prompts) = (Some(h.evidence), h.model, h.prompts);
    }
    let run = Run {
        machine,
        deps,
        provider,
        incident,
        out,
        doing: Doing::Nothing,
        evidence: None,
        tools: None,
        listed: Vec::new(),
        talk: Vec::new(),
        label: String::new(),
        log,
        stages: [None; 4],
        model,
        prompts,
        fresh,
        gathered,
        kept,
        grown: false,
        began: (Timestamp::now(), Instant::now()),
    };
    run.drive(cancel).await
}

impl Run<'_> {
    /// Wall time that never goes back.
    fn now(&self) -> Timestamp {
        self.began.0.plus(i64::try_from(self.began.1.elapsed().as_nanos()).unwrap_or(i64::MAX))
    }

    fn instant(&self, at: Timestamp) -> Instant {
        self.began.1 + Duration::from_nanos(u64::try_from(at.since(self.began.0)).unwrap_or(0))
    }

    async fn drive(mut self, cancel: CancellationToken) -> Ended {
        let mut what = What::Start;
        loop {
            let at = self.now();
            for effect in self.machine.handle(Event { at, what }) {
                match effect {
                    Effect::Finish(findings) => return self.finish(*findings),
                    Effect::Cancelled => return self.cancelled(),
                    other => self.perform(other),
                }
            }
            let wake = self.machine.wake_at().map_or_else(Instant::now, |at| self.instant(at));
            what = tokio::select! {
                biased;
                () = cancel.cancelled() => What::Cancel,
                what = self.happens() => what,
                () = tokio::time::sleep_until(wake) => What::Tick,
            };
        }
    }

    /// The next thing that happens by itself. Safe to drop between polls.
    async fn happens(&mut self) -> What {
        loop {
            let asking = match &mut self.doing {
                Doing::Nothing => std::future::pending().await,
                Doing::Gathering(task) => {
                    let gathered = task.await;
                    self.doing = Doing::Nothing;
                    let (evidence, tools) = gathered.unwrap_or_else(|e| {
                        let notes = vec![format!("Context: gathering failed ({e})")];
                        (Evidence { notes, ..Evidence::default() }, false)
                    });
                    self.log.lookups(&evidence.lookups, self.stages[Stage::Context as usize]);
                    self.evidence = Some(evidence);
                    let (archive, places) = (Arc::clone(&self.deps.archive), Arc::clone(&self.deps.surroundings));
                    let kit = IncidentKit { archive, surroundings: places, incident: self.incident.clone() };
                    self.tools = tools.then(|| ToolBox::new(kit, Bounds::default()));
                    self.listed = self.tools.as_ref().map(ToolBox::offered).unwrap_or_default();
                    return What::Gathered;
                }
                Doing::Looking(looking) => {
                    let done = (&mut looking.task).await;
                    let (call, stage, said, span) =
                        (looking.call, looking.stage, std::mem::take(&mut looking.said), looking.span);
                    self.doing = Doing::Nothing;
                    self.looked(call, stage, &said, span, done.ok());
                    continue;
                }
                Doing::Asking(asking) => asking,
            };
            let call = asking.call;
            match asking.stream.next().await.unwrap_or(Err(LlmError::Cut)) {
                Ok(ChatEvent::Text(delta)) => {
                    asking.first.get_or_insert_with(|| asking.began.elapsed());
                    asking.text.push_str(&delta);
                    let (incident, stage) = (self.incident.id, asking.stage);
                    (self.out)(ChainOutput::Text { incident, stage, delta: shown(&delta) });
                }
                Ok(ChatEvent::Thinking(_)) => {
                    asking.first.get_or_insert_with(|| asking.began.elapsed());
                }
                Ok(ChatEvent::ToolCall(wanted)) => asking.wants.push(wanted),
                Ok(ChatEvent::Retry { attempt, reason, .. }) => {
                    asking.text.clear();
                    asking.wants.clear();
                    let reason = shown(&reason);
                    (self.out)(ChainOutput::Call {
                        incident: self.incident.id,
                        note: CallNote::Again { attempt, reason },
                    });
                    return What::Retried { call };
                }
                Ok(ChatEvent::Attribute { name, value }) => {
                    if name == semconv::REQUEST_MODEL
                        && let AttrValue::Text(model) = &value
                    {
                        // Who is asked is known only once the layers have chosen.
                        let note = CallNote::Asked { model: model.clone() };
                        (self.out)(ChainOutput::Call { incident: self.incident.id, note });
                    }
                    self.log.set(asking.span, name, value);
                }
                Ok(ChatEvent::Done(done)) => {
                    let text = std::mem::take(&mut asking.text);
                    let (wants, stage, span) = (std::mem::take(&mut asking.wants), asking.stage, asking.span);
                    let closed = asking.closed;
                    self.answered(&done);
                    match self.tools.take() {
                        Some(tools) if !wants.is_empty() && !closed => {
                            self.look_up(tools, call, stage, text, wants, span);
                        }
                        tools => {
                            self.tools = tools;
                            return What::Replied { call, text };
                        }
                    }
                }
                Err(error) => {
                    self.call_failed(&error);
                    return What::Failed { call, error };
                }
            }
        }
    }

    fn answered(&mut self, done: &Completion) {
        let Doing::Asking(asking) = std::mem::replace(&mut self.doing, Doing::Nothing) else { return };
        let (log, span) = (&mut self.log, asking.span);
        if let Some(first) = asking.first {
            log.set(span, semconv::FIRST_TOKEN_MS, i64::try_from(first.as_millis()).unwrap_or(i64::MAX));
        }
        log.set(span, semconv::ATTEMPTS, i64::from(done.attempts));
        (self.out)(ChainOutput::Call { incident: self.incident.id, note: answered(done) });
        // Who answers is known for certain only now: another one may have been asked first.
        let provider = match (&self.provider, done.provider.as_str()) {
            (Some(p), "") => p.name(),
            (_, told) => told,
        };
        log.set(span, semconv::PROVIDER, provider);
        log.answered(span, done);
        if !self.prompts.contains(&asking.prompts) {
            self.prompts.push(asking.prompts);
        }
        if asking.stage == Stage::Diagnosis {
            self.model = Some((provider.to_owned(), done.model.clone()));
        }
    }

    fn call_failed(&mut self, error: &LlmError) {
        if let Doing::Asking(asking) = std::mem::replace(&mut self.doing, Doing::Nothing) {
            self.log.end(asking.span, Some((error.kind(), error.to_string())));
        }
    }

    /// Carries out what the model wants looked up.
    fn look_up(
        &mut self,
        mut tools: ToolBox<IncidentKit>,
        call: u32,
        stage: Stage,
        said: String,
        wants: Vec<ToolCall>,
        span: At,
    ) {
        let task = tokio::task::spawn_blocking(move || {
            let outcomes = tools.answer(wants);
            (tools, outcomes)
        });
        self.doing = Doing::Looking(Box::new(Looking { call, stage, said, task, span }));
    }

    /// Tells the model what was found, and asks again.
    fn looked(
        &mut self,
        call: u32,
        stage: Stage,
        said: &str,
        span: At,
        done: Option<(ToolBox<IncidentKit>, Vec<Outcome>)>,
    ) {
        let Some((mut tools, outcomes)) = done else {
            // The tools died: without them the model must answer from what it has.
            return self.send(call, stage);
        };
        let looks: Vec<Lookup> = outcomes.iter().map(|o| o.look.clone()).collect();
        self.log.lookups(&looks, Some(span));
        self.talk.extend(told(said, &outcomes));
        if let Some(evidence) = &mut self.evidence {
            tools.deliver(evidence);
            self.grown = true;
        }
        self.tools = Some(tools);
        self.send(call, stage);
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Gather => {
                let (incident, budget) = (self.incident.clone(), self.deps.options.budget);
                let (archive, advisor) = (Arc::clone(&self.deps.archive), Arc::clone(&self.deps.playbooks));
                let places = Arc::clone(&self.deps.surroundings);
                let alone = self.provider.is_none();
                let gathered = self.gathered.take();
                let work = move || {
                    if let Some(gathered) = gathered {
                        return gathered;
                    }
                    let (places, hostless) = (places.as_ref(), Hostless(places.as_ref()));
                    let places: &dyn Surroundings = if alone { &hostless } else { places };
                    gather(&incident, archive.as_ref(), advisor.as_ref(), places, budget)
                };
                let (provider, model) = (self.provider.clone(), self.deps.options.model.clone());
                let offer = self.deps.options.tools;
                self.doing = Doing::Gathering(tokio::spawn(async move {
                    let (evidence, tools) =
                        tokio::join!(tokio::task::spawn_blocking(work), can_use_tools(provider, model, offer));
                    let failed =
                        |e| Evidence { notes: vec![format!("Context: gathering failed ({e})")], ..Evidence::default() };
                    (evidence.unwrap_or_else(failed), tools)
                }));
            }
            Effect::Ask { call, stage, repair } => self.ask(call, stage, repair.as_ref()),
            Effect::Stop => {
                // Tools at work end by themselves; nobody waits for them.
                if let Doing::Asking(asking) = std::mem::replace(&mut self.doing, Doing::Nothing) {
                    asking.stop.cancel();
                    self.log.end(asking.span, Some(("stopped", "stopped before it ended".to_owned())));
                }
            }
            Effect::Tell { stage, state, attempts } => self.tell(stage, state, attempts),
            Effect::Finish(_) | Effect::Cancelled => {}
        }
    }

    fn ask(&mut self, call: u32, stage: Stage, repair: Option<&Repair>) {
        let Some(evidence) = &self.evidence else { return };
        let findings = self.machine.findings();
        let (messages, label) = messages(&self.deps.prompts, stage, &self.incident, evidence, findings, repair);
        self.talk = messages;
        self.label = label;
        let looks_up = matches!(stage, Stage::Diagnosis | Stage::Fixer) && repair.is_none();
        if !looks_up {
            // A repaired answer is written from what is there.
            return self.send_with(call, stage, Vec::new(), true);
        }
        self.send(call, stage);
    }

    /// Sends what was said so far, with the tools that are still to be had.
    fn send(&mut self, call: u32, stage: Stage) {
        let over = self.tools.as_ref().is_none_or(ToolBox::spent);
        self.send_with(call, stage, self.listed.clone(), over);
    }

    fn send_with(&mut self, call: u32, stage: Stage, tools: Vec<Tool>, over: bool) {
        let Some(provider) = &self.provider else { return };
        let until = self.machine.wake_at().map(|at| self.instant(at));
        let asked = request(&self.deps.options, stage, self.talk.clone());
        let request = ChatRequest {
            fresh: self.fresh,
            patience: until.map(|until| until.saturating_duration_since(Instant::now())),
            // A form that is forced leaves no way to ask for a tool; without it a wrong form is repaired.
            format: asked.format.filter(|_| over),
            tools_over: over && !tools.is_empty(),
            tools,
            ..asked
        };
        let span = self.log.begin(self.stages[stage as usize], "chat".into(), "chat");
        self.log.set(span, semconv::PROVIDER, provider.name());
        if let Some(model) = &request.model {
            self.log.set(span, semconv::REQUEST_MODEL, model.as_str());
        }
        self.log.set(span, semconv::PROMPT, self.label.as_str());
        let stop = CancellationToken::new();
        self.doing = Doing::Asking(Box::new(Asking {
            call,
            stage,
            wants: Vec::new(),
            closed: over,
            stream: provider.chat(request, stop.clone()),
            stop,
            text: String::new(),
            began: Instant::now(),
            first: None,
            span,
            prompts: self.label.clone(),
        }));
    }
}
