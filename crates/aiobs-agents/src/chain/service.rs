//! The chain as the program holds it: submit incidents, get stages, text, diagnoses and spans. One task owns queue
//! and runs; calls never block. Used by the runtime; it knows neither store nor screen.

use super::actor::Actor;
use super::machine::Deadlines;
use super::preview::{Preview, preview};
use super::queue::{Chosen, Waiting};
use crate::context::suspect::suspicion;
use crate::tools::ToolUse;
use crate::{Advisor, Archive, Budget, ChainOutput, Prompts, Signature, Stage, StageState, Surroundings, gather};
use aiobs_llm::{CancellationToken, Provider};
use aiobs_types::{Incident, IncidentId, Timestamp};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

pub(crate) type Out = Arc<dyn Fn(ChainOutput) + Send + Sync>;

/// Waiting incidents that are named.
pub(super) const NAMED: usize = 100;

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
    /// The first of them in the order of their turn, at most a hundred.
    pub waiting: Vec<IncidentId>,
    /// Runs that ended with a diagnosis.
    pub finished: u64,
}

impl Default for ChainStatus {
    fn default() -> Self {
        Self { running: None, stages: blank(), queued: 0, waiting: Vec::new(), finished: 0 }
    }
}

fn blank() -> [StageStatus; 4] {
    Stage::ALL.map(|stage| StageStatus { stage, state: StageState::Waiting, started: None, ended: None, attempts: 0 })
}

pub(super) enum Command {
    Submit(Box<Waiting>),
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

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
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
        let actor = Actor::new(deps.clone(), Arc::clone(&status), out, stop.clone(), Arc::clone(&unread));
        let task = Mutex::new(Some(rt.spawn(actor.work(inbox))));
        let provider = Mutex::new(deps.provider.clone());
        Self { commands, status, deps, provider, stop, task, unread }
    }

    /// Makes ready what the first run would wait for: the patterns of playbooks, and of lines that try to steer. Blocking.
    pub fn warm(&self) {
        drop(self.deps.playbooks.advise(&Signature::default()));
        suspicion(" ");
    }

    /// Wants a diagnosis. Nothing happens when this fault has one from as good an author as there is.
    pub fn submit(&self, incident: Incident) {
        self.want(Waiting::unasked(incident));
    }

    /// Wants a new diagnosis, whatever there is.
    pub fn rerun(&self, incident: Incident) {
        self.want(Waiting { asked: true, ..Waiting::unasked(incident) });
    }

    /// Wants a new diagnosis from this model, whatever there is.
    pub fn rerun_by(&self, incident: Incident, chosen: Chosen) {
        self.want(Waiting { asked: true, chosen: Some(chosen), ..Waiting::unasked(incident) });
    }

    /// Goes on with a run that the program's end cut off, after the last stage that [`Archive::kept_stages`] has. It begins
    /// again when there is none, and when what is there is too old or the incident has grown much.
    pub fn resume(&self, incident: Incident, asked: bool) {
        self.want(Waiting { asked, halted: true, ..Waiting::unasked(incident) });
    }

    fn want(&self, waiting: Waiting) {
        self.send(Command::Submit(Box::new(waiting)));
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
        ChainOutput::Queue { queued, waiting, running } => {
            if running.is_some() && *running != s.running {
                s.stages = blank();
            }
            (s.queued, s.running) = (*queued, *running);
            s.waiting.clone_from(waiting);
        }
        ChainOutput::Diagnosis(_) => s.finished += 1,
        _ => {}
    }
}
