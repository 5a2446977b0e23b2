//! The agent chain and the chat, wired to the engine: watches whether a model answers, and passes incidents and questions in.
//! What comes out goes through the carrier.

mod carrier;
mod handing;
mod watcher;

use super::EngineEvent;
use super::archive::StoredArchive;
use super::board::{Board, lock};
use super::builder::tokio_runtime;
use super::events::{Ask, Event, EventSink, ModelChoice, ModelState, StageRow};
use super::models::{Books, choices, elsewhere, serve, serve_chosen};
use super::places;
use super::processing::Message;
use super::resume::Owed;
use super::writing::WriterMessage;
use crate::config::Config;
use aiobs_agents::playbook::Library;
use aiobs_agents::{
    Advisor, Archive, Budget, ChainDeps, ChainOptions, ChainService, ChatDeps, ChatOutput, ChatService, Chosen,
    Deadlines, Preview, Prompts, Question, RETRIEVAL, Stage, Surroundings,
};
use aiobs_llm::{CancellationToken, Provider, Purse};
use aiobs_store::Reader;
use aiobs_types::{
    ChatMessage, ChatRole, Conversation, IncidentId, Level, LogRecord, RecordId, TalkSummary, Timestamp, TraceId,
};
use carrier::{Carried, Carrier};
use handing::{SETTLE, diagnose, gathers, go_on, head_start, model_known, settled};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, SyncSender, channel};
use std::sync::{Arc, Mutex, Once};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use watcher::Watcher;

/// Longest time until the chain has told of what it was handed.
const TELLING: Duration = Duration::from_secs(1);
/// Why no model can be chosen.
const NO_MODELS: &str = "no model is to be asked: --offline, or model.enabled is false";

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
    /// What models may cost.
    pub purse: Arc<Purse>,
    pub board: Arc<Board>,
    /// Set with a screen.
    pub sink: Option<Arc<EventSink>>,
    pub pipeline: SyncSender<Message>,
    pub writer: SyncSender<WriterMessage>,
    pub emit: Arc<dyn Fn(EngineEvent) + Send + Sync>,
}

/// See [`Agents::choosing`].
struct Choosing {
    config: Config,
    books: Arc<Books>,
    /// Made once each, by server and model, so that their breakers and caches last.
    made: Mutex<HashMap<(String, String), Arc<dyn Provider>>>,
}

impl Choosing {
    /// A model that a person chose, with everything around it.
    ///
    /// # Errors
    /// Why that is not possible, one line.
    fn chosen(&self, choice: &ModelChoice) -> Result<Chosen, String> {
        let model = Some(choice.model.clone()).filter(|m| !m.is_empty());
        let key = (choice.server.clone(), choice.model.clone());
        let mut made = lock(&self.made);
        if let Some(provider) = made.get(&key) {
            return Ok(Chosen { provider: Arc::clone(provider), model });
        }
        let keep = Arc::clone(&self.books).into();
        let provider = serve_chosen(&self.config, &choice.server, &choice.model, keep)?.provider;
        made.insert(key, Arc::clone(&provider));
        Ok(Chosen { provider, model })
    }
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
    /// What a person may choose from; `None` when no model is to be asked.
    choosing: Option<Arc<Choosing>>,
    asking: Mutex<Option<CancellationToken>>,
    carry: Sender<Carried>,
    carried: Arc<AtomicUsize>,
    carrier: Mutex<Option<JoinHandle<()>>>,
    watch: CancellationToken,
    traces: Arc<Mutex<HashMap<IncidentId, TraceId>>>,
    /// Incidents that wait until everything is read; `None` when nothing has to.
    waiting: Mutex<Option<Vec<IncidentId>>>,
    warmed: Once,
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
        let surroundings: Arc<dyn Surroundings> = Arc::new(places::workplace(o.config));
        let chat = ChatDeps {
            provider: None,
            archive: Arc::clone(&archive),
            playbooks: Arc::clone(&playbooks),
            prompts: Arc::clone(&prompts),
            model: options.model.clone(),
            num_ctx: options.num_ctx,
            surroundings: Arc::clone(&surroundings),
            tools: options.tools,
        };
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
            board: Arc::clone(&o.board),
            purse: Arc::clone(&o.purse),
        };
        let carrier = std::thread::Builder::new().name("agents".into()).spawn(move || carrier.run(&inbox))?;
        let watch = CancellationToken::new();
        let board = Arc::clone(&o.board);
        let (mut configured, mut choosing) = (None, None);
        if o.offline || !o.config.model.enabled {
            *lock(&o.board.model) = ModelState::Disabled;
        } else {
            let (chain, chat) = (Arc::clone(&chain), Arc::clone(&chat));
            let (stop, purse) = (watch.clone(), Arc::clone(&o.purse));
            let watcher = Watcher { board: o.board, chain, chat, stop, purse };
            let write = {
                let put = put.clone();
                move |message| put(Carried::Write(message))
            };
            let books = Arc::new(Books::new(o.reader, o.writer, (o.config, o.purse), write));
            let (config, made) = (o.config.clone(), Mutex::default());
            choosing = Some(Arc::new(Choosing { config, books: Arc::clone(&books), made }));
            for (model, place) in elsewhere(o.config) {
                board.leaves_to(&model, &place);
            }
            match serve(o.config, books.into()) {
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
            choosing,
            asking: Mutex::new(None),
            carry,
            carried,
            carrier: Mutex::new(Some(carrier)),
            watch,
            traces,
            waiting: Mutex::new((!o.follow).then(Vec::new)),
            warmed: Once::new(),
        })
    }

    /// Wants a diagnosis, once there is something to diagnose from.
    pub(crate) fn submit(&self, id: IncidentId) {
        if !self.enabled {
            return;
        }
        self.warm();
        if let Some(waiting) = lock(&self.waiting).as_mut() {
            waiting.push(id);
            return;
        }
        let Ok(rt) = tokio_runtime() else { return };
        let (chain, archive) = (Arc::clone(&self.chain), Arc::clone(&self.archive));
        let (carried, stop) = (Arc::clone(&self.carried), self.watch.clone());
        let board = Arc::clone(&self.board);
        gathers(&board, id, Some(SETTLE));
        carried.fetch_add(1, Ordering::SeqCst);
        rt.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = settled(archive.as_ref(), id) => diagnose(&chain, archive.as_ref(), id),
            }
            carried.fetch_sub(1, Ordering::SeqCst);
            // By then the chain has told that it waits or runs.
            tokio::time::sleep(TELLING).await;
            gathers(&board, id, None);
        });
    }

    /// While the first incident gathers evidence, or all is read, there is time to make ready for it.
    fn warm(&self) {
        let chain = Arc::clone(&self.chain);
        self.warmed.call_once(|| {
            if let Ok(rt) = tokio_runtime() {
                rt.spawn_blocking(move || chain.warm());
            }
        });
    }

    /// Goes on with what was owed when the program ended.
    pub(crate) fn resume(&self, owed: Vec<Owed>) {
        if !self.enabled {
            return;
        }
        // What nobody asked for and nothing was done for is like a new one.
        let (fresh, begun): (Vec<Owed>, Vec<Owed>) = owed.into_iter().partition(|o| !o.asked && !o.cut_off);
        for o in fresh {
            self.submit(o.incident);
        }
        let Ok(rt) = tokio_runtime() else { return };
        if begun.is_empty() {
            return;
        }
        self.warm();
        let (chain, archive) = (Arc::clone(&self.chain), Arc::clone(&self.archive));
        let (board, stop) = (Arc::clone(&self.board), self.watch.clone());
        let carried = Arc::clone(&self.carried);
        carried.fetch_add(1, Ordering::SeqCst);
        rt.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = model_known(&board) => {
                    for o in begun {
                        go_on(&chain, archive.as_ref(), o);
                    }
                }
            }
            carried.fetch_sub(1, Ordering::SeqCst);
        });
    }

    /// Everything is read: what waited for that is diagnosed.
    pub(crate) fn drained(&self) {
        let mut waiting = lock(&self.waiting).take().unwrap_or_default();
        // The first one begins at once.
        waiting.sort_by_cached_key(|id| head_start(self.archive.as_ref(), *id));
        for id in waiting {
            diagnose(&self.chain, self.archive.as_ref(), id);
        }
    }

    /// Wants a new diagnosis.
    pub(crate) fn rerun(&self, id: IncidentId) {
        if let Ok(Some(incident)) = self.archive.incident(id) {
            self.chain.rerun(incident);
        }
    }

    /// Wants a new diagnosis by a model that a person chose.
    ///
    /// # Errors
    /// Why that is not possible, one line.
    pub(crate) fn rerun_by(&self, id: IncidentId, choice: &ModelChoice) -> Result<(), String> {
        let chosen = self.chosen(choice)?;
        if let Ok(Some(incident)) = self.archive.incident(id) {
            self.chain.rerun_by(incident, chosen);
        }
        Ok(())
    }

    fn chosen(&self, choice: &ModelChoice) -> Result<Chosen, String> {
        let chosen = self.choosing.as_ref().ok_or(NO_MODELS)?.chosen(choice)?;
        if !chosen.provider.is_local() {
            let model = chosen.model.as_deref().unwrap_or_else(|| chosen.provider.name());
            self.board.leaves_to(model, chosen.provider.endpoint());
        }
        Ok(chosen)
    }

    /// Asks the servers what they have, and tells the screen.
    pub(crate) fn offer_models(&self, sink: &Arc<EventSink>) {
        let Some(choosing) = self.choosing.clone() else {
            return sink.send(Event::ModelChoices(Err(NO_MODELS.to_owned())));
        };
        let Ok(rt) = tokio_runtime() else { return };
        let sink = Arc::clone(sink);
        rt.spawn(async move { sink.send(Event::ModelChoices(choices(&choosing.config).await)) });
    }

    /// A line with so many before and after it on its source, oldest first.
    pub(crate) fn around(&self, id: RecordId, lines: usize) -> Vec<LogRecord> {
        let own = self.archive.records(&[id]).unwrap_or_default();
        let mut all = self.archive.around(id, lines, lines).unwrap_or_default();
        all.extend(own);
        all.sort_by_key(|r| r.id);
        all
    }

    /// Stops a run.
    pub(crate) fn cancel(&self, id: IncidentId) {
        self.chain.cancel(id);
    }

    /// Asks the assistant; a question before it is cancelled.
    pub(crate) fn ask(&self, ask: Ask, history: Vec<ChatMessage>, summary: Option<TalkSummary>) {
        self.cancel_ask();
        let turn = Arc::new(Mutex::new((Conversation { id: ask.conversation, ..Conversation::default() }, 0)));
        let asked = ChatMessage::question(Timestamp::now(), ask.scope.clone(), ask.text.clone());
        self.put(Carried::Question(Arc::clone(&turn), Box::new(asked)));
        let (carry, carried) = (self.carry.clone(), Arc::clone(&self.carried));
        let chosen = match ask.model.as_ref().map(|choice| self.chosen(choice)).transpose() {
            Ok(chosen) => chosen,
            Err(why) => {
                let said = ChatMessage {
                    time: Timestamp::now(),
                    role: ChatRole::Assistant,
                    scope: ask.scope,
                    text: format!("The chosen model can't be asked: {why}."),
                    author: RETRIEVAL.to_owned(),
                    ..ChatMessage::default()
                };
                return self.put(Carried::Chat(turn, ChatOutput::Done(Box::new(said))));
            }
        };
        let question = Question { text: ask.text, scope: ask.scope, history, summary, chosen, fresh: ask.until > 0 };
        let token = self.chat.ask(question, move |out| {
            carried.fetch_add(1, Ordering::SeqCst);
            if carry.send(Carried::Chat(Arc::clone(&turn), out)).is_err() {
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
        let preview = self.chain.preview(&incident, self.configured.clone());
        Some(Preview { elsewhere: self.board.remotes(), ..preview })
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
