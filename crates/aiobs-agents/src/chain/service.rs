//! The chain as the program holds it: submit incidents, get stages, text, diagnoses and spans. One task owns queue
//! and runs; calls never block. Used by the runtime; it knows neither store nor screen.

use super::machine::Deadlines;
use super::preview::{Preview, preview};
use super::queue::{Chosen, Queue, Waiting};
use super::remember::remembered;
use super::runner::{Ended, run};
use crate::tools::ToolUse;
use crate::{Advisor, Archive, Budget, ChainOutput, Prompts, Stage, StageState, Surroundings, gather};
use aiobs_llm::{CancellationToken, Provider};
use aiobs_types::{Author, Diagnosis, Fingerprint, Incident, IncidentId, Judgement, TimelineKind, Timestamp};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

pub(crate) type Out = Arc<dyn Fn(ChainOutput) + Send + Sync>;

/// Faults remembered as answered without a model, to be asked again when one comes.
const REMEMBERED: usize = 200;

/// How the chain works.
#[derive(Clone, Debug, PartialEq)]
pub struct ChainOptions {
    /// Time limits.
    pub deadlines: Deadlines,
    /// How much evidence goes into a prompt.
    pub budget: Budget,
    /// Incidents that may wait.
    pub queue: usize,
    /// Model to ask for; `None` takes the provider's choice.
    pub model: Option<String>,
    /// Context window in tokens.
    pub num_ctx: u32,
    /// Most tokens a stage may write.
    pub num_predict: u32,
    /// 0 is most predictable.
    pub temperature: f32,
    /// Whether a model that can think may; `None` leaves it to the model.
    pub think: Option<bool>,
    /// Whether models are offered tools.
    pub tools: ToolUse,
}

impl Default for ChainOptions {
    fn default() -> Self {
        Self {
            deadlines: Deadlines::default(),
            budget: Budget::default(),
            queue: 2_000,
            model: None,
            num_ctx: 8192,
            num_predict: 1024,
            temperature: 0.1,
            think: None,
            tools: ToolUse::Auto,
        }
    }
}

/// What the chain works with.
#[derive(Clone)]
pub struct ChainDeps {
    /// The models, best as an [`aiobs_llm::Service`]; `None` answers from playbooks.
    pub provider: Option<Arc<dyn Provider>>,
    /// The archive.
    pub archive: Arc<dyn Archive>,
    /// The playbooks.
    pub playbooks: Arc<dyn Advisor>,
    /// The prompts.
    pub prompts: Arc<Prompts>,
    /// What is known beside the logs.
    pub surroundings: Arc<dyn Surroundings>,
    /// How.
    pub options: ChainOptions,
}

/// One stage of the run that goes on, or of the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageStatus {
    /// Which.
    pub stage: Stage,
    /// How far.
    pub state: StageState,
    /// Wall time of its begin.
    pub started: Option<Timestamp>,
    /// Wall time of its end.
    pub ended: Option<Timestamp>,
    /// Tries so far.
    pub attempts: u32,
}

/// The chain at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainStatus {
    /// The incident whose run goes on.
    pub running: Option<IncidentId>,
    /// The four stages, in order.
    pub stages: [StageStatus; 4],
    /// Incidents that wait.
    pub queued: usize,
    /// Runs that ended with a diagnosis.
    pub finished: u64,
}

impl Default for ChainStatus {
    fn default() -> Self {
        Self { running: None, stages: blank(), queued: 0, finished: 0 }
    }
}

fn blank() -> [StageStatus; 4] {
    Stage::ALL.map(|stage| StageStatus { stage, state: StageState::Waiting, started: None, ended: None, attempts: 0 })
}

enum Command {
    Submit(Box<Incident>, bool, Option<Chosen>),
    Cancel(IncidentId),
    Provider(Option<Arc<dyn Provider>>),
}

/// Handle of the chain; all calls return at once.
pub struct ChainService {
    commands: UnboundedSender<Command>,
    status: Arc<Mutex<ChainStatus>>,
    deps: ChainDeps,
    provider: Mutex<Option<Arc<dyn Provider>>>,
    stop: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
    /// Commands sent and not yet acted on.
    unread: Arc<AtomicUsize>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ChainService {
    /// Starts the chain on a runtime. `out` is called from the runtime's threads and must not block.
    pub fn spawn(
        rt: &tokio::runtime::Handle,
        deps: ChainDeps,
        out: impl Fn(ChainOutput) + Send + Sync + 'static,
    ) -> Self {
        let (commands, inbox) = unbounded_channel();
        let status = Arc::new(Mutex::new(ChainStatus::default()));
        let stop = CancellationToken::new();
        let seen = Arc::clone(&status);
        let out: Out = Arc::new(move |output: ChainOutput| {
            note(&seen, &output);
            out(output);
        });
        let unread = Arc::new(AtomicUsize::new(0));
        let actor = Actor {
            queue: Queue::new(deps.options.queue),
            provider: deps.provider.clone(),
            generation: 0,
            done: HashMap::new(),
            poor: Vec::new(),
            running: None,
            deps: deps.clone(),
            status: Arc::clone(&status),
            out,
            stop: stop.clone(),
            unread: Arc::clone(&unread),
        };
        let task = Mutex::new(Some(rt.spawn(actor.work(inbox))));
        let provider = Mutex::new(deps.provider.clone());
        Self { commands, status, deps, provider, stop, task, unread }
    }

    /// Wants a diagnosis. Nothing happens when this fault has one from as good an author as there is.
    pub fn submit(&self, incident: Incident) {
        self.send(Command::Submit(Box::new(incident), false, None));
    }

    /// Wants a new diagnosis, whatever there is.
    pub fn rerun(&self, incident: Incident) {
        self.send(Command::Submit(Box::new(incident), true, None));
    }

    /// Wants a new diagnosis from this model, whatever there is.
    pub fn rerun_by(&self, incident: Incident, chosen: Chosen) {
        self.send(Command::Submit(Box::new(incident), true, Some(chosen)));
    }

    /// Stops the run of this incident, or takes it out of the queue.
    pub fn cancel(&self, incident: IncidentId) {
        self.send(Command::Cancel(incident));
    }

    /// Another model server, or none. Faults that were answered without a model are asked again when one comes.
    pub fn set_provider(&self, provider: Option<Arc<dyn Provider>>) {
        lock(&self.provider).clone_from(&provider);
        self.send(Command::Provider(provider));
    }

    /// The chain at this moment.
    pub fn state(&self) -> ChainStatus {
        lock(&self.status).clone()
    }

    /// Whether nothing runs, waits, or is on its way in.
    pub fn is_idle(&self) -> bool {
        let idle = self.unread.load(Ordering::SeqCst) == 0;
        let status = lock(&self.status);
        idle && status.running.is_none() && status.queued == 0
    }

    /// Exactly what the Diagnosis stage would send for this incident; to `otherwise` when no model answers now. Blocking:
    /// reads the archive.
    pub fn preview(&self, incident: &Incident, otherwise: Option<Arc<dyn Provider>>) -> Preview {
        let d = &self.deps;
        let (archive, playbooks, places) = (d.archive.as_ref(), d.playbooks.as_ref(), d.surroundings.as_ref());
        let evidence = gather(incident, archive, playbooks, places, d.options.budget);
        let provider = lock(&self.provider).clone().or(otherwise);
        preview(provider.as_deref(), &d.prompts, incident, &evidence, &d.options)
    }

    /// Cancels what runs and waits for the end, at most this long.
    pub async fn shutdown(&self, deadline: Duration) {
        self.stop.cancel();
        let task = lock(&self.task).take();
        if let Some(task) = task {
            let abort = task.abort_handle();
            if tokio::time::timeout(deadline, task).await.is_err() {
                abort.abort();
            }
        }
    }

    fn send(&self, command: Command) {
        self.unread.fetch_add(1, Ordering::SeqCst);
        if self.commands.send(command).is_err() {
            self.unread.fetch_sub(1, Ordering::SeqCst);
            tracing::debug!("the chain has ended; a command was dropped");
        }
    }
}

impl Drop for ChainService {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Keeps the status in step with what is told.
fn note(status: &Mutex<ChainStatus>, output: &ChainOutput) {
    let mut s = lock(status);
    match output {
        ChainOutput::Stage { stage, state, attempts, at, .. } => {
            let row = &mut s.stages[*stage as usize];
            (row.state, row.attempts) = (*state, *attempts);
            if *state == StageState::Running {
                row.started.get_or_insert(*at);
            } else {
                row.ended = Some(*at);
            }
        }
        ChainOutput::Queue { queued, running } => {
            if running.is_some() && *running != s.running {
                s.stages = blank();
            }
            (s.queued, s.running) = (*queued, *running);
        }
        ChainOutput::Diagnosis(_) => s.finished += 1,
        _ => {}
    }
}

/// How good an author is: a model before a playbook before the facts.
const fn quality(author: &Author) -> u8 {
    match author {
        Author::Model { .. } => 2,
        Author::Playbook { .. } => 1,
        Author::Facts => 0,
    }
}

/// Whether an incident was over once and struck again.
fn came_back(incident: &Incident) -> bool {
    incident.timeline.iter().any(|e| e.kind == TimelineKind::Reopened)
}

struct Running {
    incident: Incident,
    /// Of the provider it was given.
    generation: u64,
    cancel: CancellationToken,
    task: JoinHandle<Ended>,
}

struct Actor {
    deps: ChainDeps,
    provider: Option<Arc<dyn Provider>>,
    /// Counts providers.
    generation: u64,
    /// Faults that had their run, with the provider it had.
    done: HashMap<Fingerprint, u64>,
    /// Incidents that were answered without a model.
    poor: Vec<Incident>,
    queue: Queue,
    running: Option<Running>,
    status: Arc<Mutex<ChainStatus>>,
    out: Out,
    stop: CancellationToken,
    unread: Arc<AtomicUsize>,
}

impl Actor {
    async fn work(mut self, mut inbox: UnboundedReceiver<Command>) {
        loop {
            let stop = self.stop.clone();
            let mut read = 0;
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                command = inbox.recv() => match command {
                    Some(command) => {
                        self.command(command);
                        read = 1;
                    }
                    None => break,
                },
                ended = finished(&mut self.running) => self.ended(ended),
            }
            while self.running.is_none() {
                let Some(next) = self.queue.pop() else { break };
                self.start(next).await;
            }
            self.tell_queue();
            self.unread.fetch_sub(read, Ordering::SeqCst);
        }
        if let Some(running) = self.running.take() {
            running.cancel.cancel();
            if let Ok(ended) = running.task.await {
                (self.out)(ChainOutput::Spans(ended.spans));
            }
            (self.out)(ChainOutput::Cancelled(running.incident.id));
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Submit(incident, asked, chosen) => self.submit(*incident, asked, chosen),
            Command::Cancel(id) => {
                if self.queue.remove(id) {
                    self.forget(id);
                    (self.out)(ChainOutput::Cancelled(id));
                }
                if let Some(running) = self.running.as_ref().filter(|r| r.incident.id == id) {
                    running.cancel.cancel();
                }
            }
            Command::Provider(provider) => {
                self.generation += 1;
                self.provider = provider;
                if self.provider.is_some() {
                    for incident in std::mem::take(&mut self.poor) {
                        self.submit(incident, false, None);
                    }
                }
            }
        }
    }

    fn submit(&mut self, incident: Incident, asked: bool, chosen: Option<Chosen>) {
        let fault = incident.fingerprint;
        let running = self.running.as_ref().is_some_and(|r| r.incident.fingerprint == fault);
        let had = self.done.get(&fault) == Some(&self.generation) && !self.queue.holds(fault);
        // One that came back may have a confirmed answer; a run it gets only once.
        if !asked && (running || had && !came_back(&incident)) {
            return;
        }
        (self.out)(ChainOutput::Waits { incident: incident.id, asked, started: false });
        if let Some(left) = self.queue.push(Waiting { incident, asked, chosen }) {
            // It stays noted: the next start asks for it again.
            let text = format!("too many incidents wait for a diagnosis; {left} waits for the next start");
            (self.out)(ChainOutput::Notice(text));
        }
    }

    /// It waits no more, and no start need ask for it.
    fn forget(&self, incident: IncidentId) {
        (self.out)(ChainOutput::WaitsNoMore(incident));
    }

    /// What is known of a fault: its latest diagnosis unless a person said that it is wrong, and the confirmed one.
    async fn known(&self, incident: &Incident) -> (Option<Diagnosis>, Option<Diagnosis>) {
        let (archive, fault) = (Arc::clone(&self.deps.archive), incident.fingerprint);
        let look = move || {
            let latest = archive.diagnosis(fault).ok().flatten();
            let wrong = latest.as_ref().is_some_and(|d| {
                let verdict = archive.verdict(d.incident).ok().flatten();
                verdict.is_some_and(|v| v.judgement == Judgement::Wrong && v.time >= d.created)
            });
            let confirmed = if wrong { None } else { archive.confirmed(fault).ok().flatten() };
            (latest.filter(|_| !wrong), confirmed)
        };
        tokio::task::spawn_blocking(look).await.unwrap_or_default()
    }

    /// Begins a run, unless there is a diagnosis that is as good as one could be.
    async fn start(&mut self, next: Waiting) {
        let fault = next.incident.fingerprint;
        let best = if self.provider.is_some() { 2 } else { 0 };
        if !next.asked {
            let (known, confirmed) = self.known(&next.incident).await;
            if let Some(confirmed) = confirmed {
                self.done.insert(fault, self.generation);
                let told = |d: &Diagnosis| {
                    let new = came_back(&next.incident) && d.grounds.remembered.is_none();
                    d.incident == next.incident.id && !new
                };
                if !known.as_ref().is_some_and(told) {
                    let again = remembered(&confirmed, &next.incident, Timestamp::now());
                    (self.out)(ChainOutput::Diagnosis(Box::new(again)));
                }
                return self.forget(next.incident.id);
            }
            let had = self.done.get(&fault) == Some(&self.generation);
            if had || known.is_some_and(|d| quality(&d.author) >= best) {
                self.done.insert(fault, self.generation);
                return self.forget(next.incident.id);
            }
        }
        (self.out)(ChainOutput::Waits { incident: next.incident.id, asked: next.asked, started: true });
        let cancel = CancellationToken::new();
        let (mut deps, mut provider, out) = (self.deps.clone(), self.provider.clone(), Arc::clone(&self.out));
        if let Some(chosen) = next.chosen {
            provider = Some(chosen.provider);
            deps.options.model = chosen.model;
        }
        let (incident, token, fresh) = (next.incident.clone(), cancel.clone(), next.asked);
        // The screen learns who runs before it learns of stages.
        (self.out)(ChainOutput::Queue { queued: self.queue.len(), running: Some(incident.id) });
        let task = tokio::spawn(async move { run(&deps, provider, incident, fresh, token, out).await });
        self.running = Some(Running { task, incident: next.incident, generation: self.generation, cancel });
    }

    fn ended(&mut self, ended: Option<Ended>) {
        let Some(running) = self.running.take() else { return };
        let Some(ended) = ended else {
            let text = format!("the run of incident {} broke off", running.incident.id);
            return (self.out)(ChainOutput::Notice(text));
        };
        (self.out)(ChainOutput::Spans(ended.spans));
        if let Some(diagnosis) = ended.diagnosis {
            self.diagnosed(running.incident, running.generation, diagnosis);
        } else {
            // Stopped by a person: it does not come back by itself.
            self.done.insert(running.incident.fingerprint, self.generation);
            self.forget(running.incident.id);
            (self.out)(ChainOutput::Cancelled(running.incident.id));
        }
    }

    fn diagnosed(&mut self, incident: Incident, generation: u64, diagnosis: Box<Diagnosis>) {
        self.done.insert(incident.fingerprint, generation);
        let poor = quality(&diagnosis.author) < 2;
        (self.out)(ChainOutput::Diagnosis(diagnosis));
        self.forget(incident.id);
        if poor && generation != self.generation && self.provider.is_some() {
            // A model came while this run went on without one.
            self.submit(incident, false, None);
        } else if poor && self.poor.len() < REMEMBERED {
            self.poor.retain(|i| i.fingerprint != incident.fingerprint);
            self.poor.push(incident);
        }
    }

    fn tell_queue(&self) {
        let now = (self.queue.len(), self.running.as_ref().map(|r| r.incident.id));
        let last = {
            let s = lock(&self.status);
            (s.queued, s.running)
        };
        if now != last {
            (self.out)(ChainOutput::Queue { queued: now.0, running: now.1 });
        }
    }
}

/// The end of the run that goes on; `None` when its task failed.
async fn finished(running: &mut Option<Running>) -> Option<Ended> {
    match running {
        Some(running) => (&mut running.task).await.ok(),
        None => std::future::pending().await,
    }
}
