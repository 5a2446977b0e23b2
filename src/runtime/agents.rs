//! The agent chain and the chat, wired to the engine: watches whether a model answers, passes incidents in, and
//! carries what comes out to the writer, the pipeline and the listeners, on a thread of its own.

use super::EngineEvent;
use super::archive::StoredArchive;
use super::board::{Board, lock};
use super::builder::tokio_runtime;
use super::events::{Event, EventSink, ModelState, StageRow};
use super::models::{Books, serve};
use super::places;
use super::processing::Message;
use super::resume::{CUT_OFF, Owed};
use super::titles;
use super::writing::WriterMessage;
use crate::config::Config;
use aiobs_agents::playbook::Library;
use aiobs_agents::{
    Advisor, Archive, Budget, ChainDeps, ChainOptions, ChainOutput, ChainService, ChatDeps, ChatOutput, ChatService,
    Deadlines, Preview, Prompts, Stage,
};
use aiobs_llm::{CancellationToken, Health, Provider};
use aiobs_store::{PendingRun, Reader};
use aiobs_types::{
    Author, ChatMessage, ChatRole, ChatScope, Diagnosis, Incident, IncidentId, Level, TimelineKind, Timestamp, TraceId,
};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Time between two looks for a model that does not answer.
const LOOK_AGAIN: Duration = Duration::from_secs(15);
/// Time between two looks at one that does.
const LOOK_AFTER: Duration = Duration::from_mins(1);
/// Time between an incident's first strike and its diagnosis: the first line alone says little.
const SETTLE: Duration = Duration::from_secs(3);
/// Consequences that are diagnosed when their cause could not be explained.
const FURTHER: usize = 3;
/// Stored runs that are remembered per incident while the program runs.
const REMEMBERED: usize = 1_000;

/// What the agents are made from.
pub(crate) struct AgentOptions<'a> {
    pub config: &'a Config,
    pub offline: bool,
    /// Diagnose what is submitted.
    pub enabled: bool,
    /// Whether sources are followed: then a diagnosis waits a little for evidence, else until all is read.
    pub follow: bool,
    pub archive: Arc<StoredArchive>,
    /// For answers that are kept.
    pub reader: Reader,
    pub board: Arc<Board>,
    /// Set with a screen.
    pub sink: Option<Arc<EventSink>>,
    pub pipeline: SyncSender<Message>,
    pub writer: SyncSender<WriterMessage>,
    pub emit: Arc<dyn Fn(EngineEvent) + Send + Sync>,
}

enum Carried {
    Chain(ChainOutput),
    Chat(ChatOutput),
    Question(Box<ChatMessage>),
    Write(WriterMessage),
    Stop,
}

/// See the module.
pub(crate) struct Agents {
    enabled: bool,
    board: Arc<Board>,
    chain: Arc<ChainService>,
    chat: Arc<ChatService>,
    archive: Arc<dyn Archive>,
    /// The configured models, whether they answer or not.
    configured: Option<Arc<dyn Provider>>,
    asking: Mutex<Option<CancellationToken>>,
    carry: Sender<Carried>,
    carried: Arc<AtomicUsize>,
    carrier: Mutex<Option<JoinHandle<()>>>,
    watch: CancellationToken,
    traces: Arc<Mutex<HashMap<IncidentId, TraceId>>>,
    /// Incidents that wait until everything is read; `None` when nothing has to.
    waiting: Mutex<Option<Vec<IncidentId>>>,
}

impl Agents {
    /// Starts chain, chat, the watch over the model, and the carrier.
    pub(crate) fn start(o: AgentOptions<'_>) -> anyhow::Result<Self> {
        let rt = tokio_runtime()?.handle();
        let folder = o.config.dir.as_ref().map(|d| d.join("playbooks"));
        let (library, mistakes) = Library::load(folder.as_deref());
        if let Some(first) = mistakes.first() {
            let more = if mistakes.len() > 1 { format!(" (and {} more)", mistakes.len() - 1) } else { String::new() };
            o.board.notice("playbooks", Some((Level::Warn, format!("{first}{more}; left out"))));
        }
        let playbooks: Arc<dyn Advisor> = Arc::new(library);
        let (prompts, mistakes) = Prompts::load(o.config.dir.as_ref().map(|d| d.join("prompts")).as_deref());
        if let Some(first) = mistakes.first() {
            o.board.notice("prompts", Some((Level::Warn, format!("{first}; the shipped prompt is used"))));
        }
        let prompts = Arc::new(prompts);
        let archive: Arc<dyn Archive> = o.archive;
        let options = chain_options(o.config);
        let (carry, inbox) = channel();
        let carried = Arc::new(AtomicUsize::new(0));
        let put = {
            let (carry, carried) = (carry.clone(), Arc::clone(&carried));
            move |item: Carried| {
                carried.fetch_add(1, Ordering::SeqCst);
                if carry.send(item).is_err() {
                    carried.fetch_sub(1, Ordering::SeqCst);
                }
            }
        };
        let chat = ChatDeps {
            provider: None,
            archive: Arc::clone(&archive),
            playbooks: Arc::clone(&playbooks),
            prompts: Arc::clone(&prompts),
            model: options.model.clone(),
            num_ctx: options.num_ctx,
        };
        let surroundings = Arc::new(places::workplace(o.config));
        let deps =
            ChainDeps { provider: None, archive: Arc::clone(&archive), playbooks, prompts, surroundings, options };
        let chain = Arc::new(ChainService::spawn(rt, deps, {
            let put = put.clone();
            move |out| put(Carried::Chain(out))
        }));
        let chat = Arc::new(ChatService::new(rt, chat));
        let traces = Arc::new(Mutex::new(HashMap::new()));
        let carrier = Carrier {
            chain: Arc::clone(&chain),
            archive: Arc::clone(&archive),
            pipeline: o.pipeline,
            writer: o.writer.clone(),
            emit: o.emit,
            sink: o.sink,
            carried: Arc::clone(&carried),
            traces: Arc::clone(&traces),
        };
        let carrier = std::thread::Builder::new().name("agents".into()).spawn(move || carrier.run(&inbox))?;
        let watch = CancellationToken::new();
        let board = Arc::clone(&o.board);
        let mut configured = None;
        if o.offline || !o.config.model.enabled {
            *lock(&o.board.model) = ModelState::Disabled;
        } else {
            let watcher =
                Watcher { board: o.board, chain: Arc::clone(&chain), chat: Arc::clone(&chat), stop: watch.clone() };
            let write = {
                let put = put.clone();
                move |message| put(Carried::Write(message))
            };
            let books = Arc::new(Books::new(o.reader, o.writer, o.config, write));
            match serve(o.config, Some(books)) {
                Ok(service) => {
                    configured = Some(Arc::clone(&service.provider));
                    drop(rt.spawn(watcher.run(service.provider)));
                }
                Err(reason) => *lock(&watcher.board.model) = ModelState::Offline { reason },
            }
        }
        Ok(Self {
            enabled: o.enabled,
            board,
            chain,
            chat,
            archive,
            configured,
            asking: Mutex::new(None),
            carry,
            carried,
            carrier: Mutex::new(Some(carrier)),
            watch,
            traces,
            waiting: Mutex::new((!o.follow).then(Vec::new)),
        })
    }

    /// Wants a diagnosis, once there is something to diagnose from.
    pub(crate) fn submit(&self, id: IncidentId) {
        if !self.enabled {
            return;
        }
        if let Some(waiting) = lock(&self.waiting).as_mut() {
            waiting.push(id);
            return;
        }
        let Ok(rt) = tokio_runtime() else { return };
        let (chain, archive) = (Arc::clone(&self.chain), Arc::clone(&self.archive));
        let (carried, stop) = (Arc::clone(&self.carried), self.watch.clone());
        carried.fetch_add(1, Ordering::SeqCst);
        rt.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(SETTLE) => diagnose(&chain, archive.as_ref(), id),
            }
            carried.fetch_sub(1, Ordering::SeqCst);
        });
    }

    /// Goes on with what was owed when the program ended.
    pub(crate) fn resume(&self, owed: &[Owed], pipeline: &SyncSender<Message>) {
        if !self.enabled {
            return;
        }
        for o in owed {
            if o.cut_off {
                let (kind, text) = (TimelineKind::Note, CUT_OFF.to_owned());
                drop(pipeline.send(Message::Note { incident: o.incident, kind, text }));
            }
            if o.asked { self.rerun(o.incident) } else { self.submit(o.incident) }
        }
    }

    /// Everything is read: what waited for that is diagnosed.
    pub(crate) fn drained(&self) {
        let waiting = lock(&self.waiting).take();
        for id in waiting.into_iter().flatten() {
            diagnose(&self.chain, self.archive.as_ref(), id);
        }
    }

    /// Wants a new diagnosis.
    pub(crate) fn rerun(&self, id: IncidentId) {
        if let Ok(Some(incident)) = self.archive.incident(id) {
            self.chain.rerun(incident);
        }
    }

    /// Stops a run.
    pub(crate) fn cancel(&self, id: IncidentId) {
        self.chain.cancel(id);
    }

    /// Asks the assistant; a question before it is cancelled.
    pub(crate) fn ask(&self, question: String, scope: ChatScope, history: Vec<ChatMessage>) {
        self.cancel_ask();
        let asked = ChatMessage {
            id: 0,
            time: Timestamp::now(),
            role: ChatRole::User,
            scope: scope.clone(),
            text: question.clone(),
            citations: Vec::new(),
            author: String::new(),
            complete: true,
            usage: None,
        };
        self.put(Carried::Question(Box::new(asked)));
        let (carry, carried) = (self.carry.clone(), Arc::clone(&self.carried));
        let token = self.chat.ask(question, scope, history, move |out| {
            carried.fetch_add(1, Ordering::SeqCst);
            if carry.send(Carried::Chat(out)).is_err() {
                carried.fetch_sub(1, Ordering::SeqCst);
            }
        });
        *lock(&self.asking) = Some(token);
    }

    /// Stops the answer that is streaming.
    pub(crate) fn cancel_ask(&self) {
        if let Some(token) = lock(&self.asking).take() {
            token.cancel();
        }
    }

    /// Exactly what a model would be sent.
    pub(crate) fn preview(&self, id: IncidentId) -> Option<Preview> {
        let incident = self.archive.incident(id).ok()??;
        Some(self.chain.preview(&incident, self.configured.clone()))
    }

    /// The last run of this incident since the program started.
    pub(crate) fn running_trace(&self, id: IncidentId) -> Option<TraceId> {
        lock(&self.traces).get(&id).copied()
    }

    /// Waits until it is known whether a model answers and nothing runs, waits or is being carried. False when time
    /// ran out.
    pub(crate) fn wait_idle(&self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        loop {
            let known = !self.enabled || !matches!(*lock(&self.board.model), ModelState::Checking);
            if known && self.chain.is_idle() && self.carried.load(Ordering::SeqCst) == 0 {
                return true;
            }
            if Instant::now() >= until {
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends everything; what was carried is delivered.
    pub(crate) fn shutdown(&self, deadline: Duration) {
        self.watch.cancel();
        self.cancel_ask();
        if let Ok(rt) = tokio_runtime() {
            rt.block_on(self.chain.shutdown(deadline));
        }
        self.put(Carried::Stop);
        if let Some(carrier) = lock(&self.carrier).take()
            && carrier.join().is_err()
        {
            tracing::error!("the agents' thread died");
        }
    }

    fn put(&self, item: Carried) {
        self.carried.fetch_add(1, Ordering::SeqCst);
        if self.carry.send(item).is_err() {
            self.carried.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// Hands the incident as it is by now to the chain. The diagnosis of what caused it is its own too.
fn diagnose(chain: &ChainService, archive: &dyn Archive, id: IncidentId) {
    match archive.incident(id) {
        Ok(Some(incident)) if incident.caused_by.is_none() => chain.submit(incident),
        Ok(_) => {}
        Err(e) => tracing::warn!("{id} is not diagnosed: {e}"),
    }
}

fn chain_options(config: &Config) -> ChainOptions {
    let c = &config.chain;
    let defaults = ChainOptions::default();
    ChainOptions {
        deadlines: Deadlines {
            stages: [c.context_timeout, c.diagnosis_timeout, c.fixer_timeout, c.reporter_timeout],
            total: c.total_timeout,
        },
        num_ctx: config.model.num_ctx,
        budget: Budget::of_context(config.model.num_ctx, defaults.num_predict),
        tools: places::tool_use(config),
        ..defaults
    }
}

/// The four stages before a run.
pub(crate) fn fresh_stages() -> Vec<StageRow> {
    Stage::ALL.into_iter().map(|s| StageRow { name: s.name(), ..StageRow::default() }).collect()
}

/// Looks whether the model answers, and tells chain, chat and board when that changes.
struct Watcher {
    board: Arc<Board>,
    chain: Arc<ChainService>,
    chat: Arc<ChatService>,
    stop: CancellationToken,
}

impl Watcher {
    async fn run(self, provider: Arc<dyn Provider>) {
        loop {
            let state = match provider.health().await {
                Health::Ready { model, .. } => {
                    ModelState::Ready { provider: provider.name().to_owned(), model, local: provider.is_local() }
                }
                Health::Unavailable { reason } => ModelState::Offline { reason },
            };
            let ready = matches!(state, ModelState::Ready { .. });
            if *lock(&self.board.model) != state {
                let usable = ready.then(|| Arc::clone(&provider));
                // Told before it shows: whoever sees that the model is known may rely on the chain knowing it.
                self.chain.set_provider(usable.clone());
                self.chat.set_provider(usable);
                *lock(&self.board.model) = state;
                self.board.touch();
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(if ready { LOOK_AFTER } else { LOOK_AGAIN }) => {}
            }
        }
    }
}

/// Carries what comes out of chain and chat; may block, which they must not.
struct Carrier {
    chain: Arc<ChainService>,
    archive: Arc<dyn Archive>,
    pipeline: SyncSender<Message>,
    writer: SyncSender<WriterMessage>,
    emit: Arc<dyn Fn(EngineEvent) + Send + Sync>,
    sink: Option<Arc<EventSink>>,
    carried: Arc<AtomicUsize>,
    traces: Arc<Mutex<HashMap<IncidentId, TraceId>>>,
}

impl Carrier {
    fn run(self, inbox: &Receiver<Carried>) {
        while let Ok(item) = inbox.recv() {
            let stop = matches!(item, Carried::Stop);
            match item {
                Carried::Chain(out) => self.chain(out),
                Carried::Chat(out) => self.chat(out),
                Carried::Question(message) => drop(self.store_chat(*message)),
                // Gone only when everything stops.
                Carried::Write(message) => drop(self.writer.send(message)),
                Carried::Stop => {}
            }
            self.carried.fetch_sub(1, Ordering::SeqCst);
            if stop {
                return;
            }
        }
    }

    fn chain(&self, out: ChainOutput) {
        let emit = &self.emit;
        match out {
            ChainOutput::Stage { incident, stage, state, attempts, at } => {
                emit(EngineEvent::Stage { incident, stage: stage.name(), state, attempts, at });
            }
            ChainOutput::Text { incident, stage, delta } => {
                emit(EngineEvent::StageText { incident, stage: stage.name(), text: delta });
            }
            ChainOutput::Diagnosis(diagnosis) => self.diagnosis(*diagnosis),
            ChainOutput::Spans(spans) => drop(self.writer.send(WriterMessage::Spans(spans))),
            ChainOutput::Queue { queued, running } => emit(EngineEvent::Queue { queued, running }),
            ChainOutput::Waits { incident, asked, started } => {
                let run = PendingRun { incident, asked, started };
                drop(self.writer.send(WriterMessage::Waits(run)));
            }
            ChainOutput::WaitsNoMore(incident) => drop(self.writer.send(WriterMessage::WaitsNoMore(incident))),
            ChainOutput::Cancelled(incident) => {
                emit(EngineEvent::Notice(format!("the run of {incident} was cancelled")));
            }
            ChainOutput::Notice(text) => emit(EngineEvent::Notice(text)),
        }
    }

    fn diagnosis(&self, mut diagnosis: Diagnosis) {
        if let Some(trace) = diagnosis.trace {
            let mut traces = lock(&self.traces);
            if traces.len() >= REMEMBERED {
                traces.clear();
            }
            traces.insert(diagnosis.incident, trace);
        }
        // Without an answer the title stays as it is, or is the diagnosis's: neither is wrong.
        let incident = self.archive.incident(diagnosis.incident).ok().flatten();
        let before = self.archive.diagnosis(diagnosis.fingerprint).ok().flatten();
        let title = titles::renamed(incident.as_ref(), before.as_ref(), &diagnosis);
        let (reply, stored) = sync_channel(1);
        if self.writer.send(WriterMessage::Diagnosis(Box::new(diagnosis.clone()), reply)).is_ok()
            && let Ok(id) = stored.recv()
        {
            diagnosis.id = id;
        }
        let by = match &diagnosis.author {
            Author::Model { model, .. } => model.clone(),
            Author::Playbook { id } => format!("playbook {id}"),
            Author::Facts => "the facts alone".to_owned(),
        };
        let note = Message::Diagnosed { incident: diagnosis.incident, by, title, criticality: diagnosis.criticality };
        // Gone only when everything stops.
        let _ = self.pipeline.send(note);
        if diagnosis.author == Author::Facts
            && let Some(incident) = &incident
        {
            self.look_further(incident);
        }
        (self.emit)(EngineEvent::Diagnosis(Box::new(diagnosis)));
    }

    /// Nobody could explain the cause: perhaps one of its consequences says more.
    fn look_further(&self, incident: &Incident) {
        let undiagnosed = |i: &Incident| matches!(self.archive.diagnosis(i.fingerprint), Ok(None));
        let consequences = incident.causes.iter().filter_map(|id| self.archive.incident(*id).ok().flatten());
        for child in consequences.filter(|c| c.state.is_active() && undiagnosed(c)).take(FURTHER) {
            self.chain.submit(child);
        }
    }

    fn chat(&self, out: ChatOutput) {
        let tell = |event| {
            if let Some(sink) = &self.sink {
                sink.send(event);
            }
        };
        match out {
            ChatOutput::Step(text) => tell(Event::ChatStep(text)),
            ChatOutput::Delta(text) => tell(Event::ChatDelta(text)),
            ChatOutput::Spans(spans) => drop(self.writer.send(WriterMessage::Spans(spans))),
            ChatOutput::Done(message) => tell(Event::ChatDone(Box::new(self.store_chat(*message)))),
        }
    }

    fn store_chat(&self, mut message: ChatMessage) -> ChatMessage {
        let (reply, stored) = sync_channel(1);
        if self.writer.send(WriterMessage::Chat(Box::new(message.clone()), reply)).is_ok()
            && let Ok(id) = stored.recv()
        {
            message.id = id;
        }
        message
    }
}
