//! The task behind the service: it alone owns the queue and the run that goes on, and decides which incident wants one.
//! Used by the service.

use super::halted::{Halted, halted};
use super::queue::{Queue, Waiting};
use super::remember::remembered;
use super::runner::{Ended, run};
use super::service::{ChainDeps, ChainStatus, Command, NAMED, Out, lock};
use crate::ChainOutput;
use aiobs_llm::{CancellationToken, Provider};
use aiobs_types::{
    Author, Diagnosis, Fingerprint, Incident, IncidentId, IncidentState, Judgement, TimelineKind, Timestamp,
};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;

/// Faults remembered as answered without a model, to be asked again when one comes.
const REMEMBERED: usize = 200;

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

pub(super) struct Actor {
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
    /// With nothing to do.
    pub(super) fn new(
        deps: ChainDeps,
        status: Arc<Mutex<ChainStatus>>,
        out: Out,
        stop: CancellationToken,
        unread: Arc<AtomicUsize>,
    ) -> Self {
        Self {
            queue: Queue::new(deps.options.queue),
            provider: deps.provider.clone(),
            generation: 0,
            done: HashMap::new(),
            poor: Vec::new(),
            running: None,
            deps,
            status,
            out,
            stop,
            unread,
        }
    }

    /// Until told to stop.
    pub(super) async fn work(mut self, mut inbox: UnboundedReceiver<Command>) {
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
                ended = finished(&mut self.running) => self.ended(ended).await,
            }
            while self.running.is_none() {
                self.queue.reckon(&self.deps.archive.standing(&self.queue.ids()));
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
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Submit(waiting) => self.submit(*waiting),
            Command::Cancel(id) => {
                if let Some(fault) = self.queue.remove(id) {
                    // Taken out by a person: it does not come back by itself.
                    self.done.insert(fault, self.generation);
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
                        self.submit(Waiting::unasked(incident));
                    }
                }
            }
        }
    }

    fn submit(&mut self, waiting: Waiting) {
        let (incident, asked) = (&waiting.incident, waiting.asked);
        let fault = incident.fingerprint;
        let running = self.running.as_ref().is_some_and(|r| r.incident.fingerprint == fault);
        let had = self.done.get(&fault) == Some(&self.generation) && !self.queue.holds(fault);
        // One that came back may have a confirmed answer; a run it gets only once.
        if !asked && (running || had && !came_back(incident)) {
            return;
        }
        (self.out)(ChainOutput::Waits { incident: incident.id, asked, started: false });
        if let Some(left) = self.queue.push(waiting) {
            // It stays noted: the next start asks for it again.
            let text = format!("too many incidents wait for a diagnosis; {left} waits for the next start");
            (self.out)(ChainOutput::Notice(text));
        }
    }

    /// It waits no more, and no start need ask for it.
    fn forget(&self, incident: IncidentId) {
        (self.out)(ChainOutput::WaitsNoMore(incident));
        // Asked for again while its run went on: that still waits.
        if let Some(asked) = self.queue.asked(incident) {
            (self.out)(ChainOutput::Waits { incident, asked, started: false });
        }
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

    /// As it is after its time in line; `None` when it wants no run of its own any more.
    async fn still(&self, mut next: Waiting) -> Option<Waiting> {
        let (archive, id) = (Arc::clone(&self.deps.archive), next.incident.id);
        let now = tokio::task::spawn_blocking(move || archive.incident(id).ok().flatten()).await.ok().flatten();
        if let Some(now) = now {
            let caused = next.incident.caused_by.is_none() && now.caused_by.is_some();
            let muted = now.state == IncidentState::Muted && next.incident.state != IncidentState::Muted;
            if !next.asked && (caused || muted) {
                return None;
            }
            next.incident = now;
        }
        Some(next)
    }

    /// Begins a run, unless there is a diagnosis that is as good as one could be.
    async fn start(&mut self, next: Waiting) {
        let id = next.incident.id;
        let Some(next) = self.still(next).await else { return self.forget(id) };
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
        let halted = if next.halted { self.go_on(&next.incident).await } else { None };
        let cancel = CancellationToken::new();
        let (mut deps, mut provider, out) = (self.deps.clone(), self.provider.clone(), Arc::clone(&self.out));
        if let Some(chosen) = next.chosen {
            provider = Some(chosen.provider);
            deps.options.model = chosen.model;
        }
        let (incident, token, fresh) = (next.incident.clone(), cancel.clone(), next.asked);
        // The screen learns who runs before it learns of stages.
        let waiting = self.queue.order(NAMED);
        (self.out)(ChainOutput::Queue { queued: self.queue.len(), waiting, running: Some(incident.id) });
        let task = tokio::spawn(async move { run(&deps, provider, incident, fresh, halted, token, out).await });
        self.running = Some(Running { task, incident: next.incident, generation: self.generation, cancel });
    }

    /// What the run that the program's end cut off goes on with; `None` when it begins again. Told in the timeline.
    async fn go_on(&self, incident: &Incident) -> Option<Halted> {
        let (archive, id) = (Arc::clone(&self.deps.archive), incident.id);
        let kept = tokio::task::spawn_blocking(move || archive.kept_stages(id)).await;
        let kept = kept.map_err(|e| e.to_string()).and_then(|k| k.map_err(|e| e.to_string()));
        let (halted, how) = match kept.and_then(|kept| halted(&kept, incident, Timestamp::now())) {
            Ok(Some(h)) => {
                let at =
                    h.next().map_or("was over and is stored now".to_owned(), |s| format!("goes on at {}", s.name()));
                (Some(h), at)
            }
            Ok(None) => (None, "begins again".to_owned()),
            Err(why) => (None, format!("begins again: {why}")),
        };
        let text = format!("the program ended during the diagnosis; it {how}");
        (self.out)(ChainOutput::Resumed { incident: id, text });
        halted
    }

    async fn ended(&mut self, ended: Option<Ended>) {
        let Some(running) = self.running.take() else { return };
        let Some(ended) = ended else {
            let text = format!("the run of incident {} broke off", running.incident.id);
            return (self.out)(ChainOutput::Notice(text));
        };
        (self.out)(ChainOutput::Spans(ended.spans));
        if let Some(diagnosis) = ended.diagnosis {
            self.diagnosed(running.incident, running.generation, diagnosis).await;
        } else {
            // Stopped by a person: it does not come back by itself.
            self.done.insert(running.incident.fingerprint, self.generation);
            self.forget(running.incident.id);
            (self.out)(ChainOutput::Cancelled(running.incident.id));
        }
    }

    async fn diagnosed(&mut self, incident: Incident, generation: u64, diagnosis: Box<Diagnosis>) {
        self.done.insert(incident.fingerprint, generation);
        let poor = quality(&diagnosis.author) < 2;
        // A run that failed must not take away what a better author said, unless a person called that wrong.
        let known = if poor { self.known(&incident).await.0 } else { None };
        if known.is_some_and(|d| quality(&d.author) > quality(&diagnosis.author)) {
            let why = diagnosis.notes.last().map(|n| format!(" ({n})")).unwrap_or_default();
            let text = format!("{}: the run brought nothing better{why}; the diagnosis stays", incident.id);
            (self.out)(ChainOutput::Notice(text));
            return self.forget(incident.id);
        }
        (self.out)(ChainOutput::Diagnosis(diagnosis));
        self.forget(incident.id);
        if poor && generation != self.generation && self.provider.is_some() {
            // A model came while this run went on without one.
            self.submit(Waiting::unasked(incident));
        } else if poor && self.poor.len() < REMEMBERED {
            self.poor.retain(|i| i.fingerprint != incident.fingerprint);
            self.poor.push(incident);
        }
    }

    fn tell_queue(&self) {
        let (queued, running) = (self.queue.len(), self.running.as_ref().map(|r| r.incident.id));
        let waiting = self.queue.order(NAMED);
        let same = {
            let s = lock(&self.status);
            s.queued == queued && s.running == running && s.waiting == waiting
        };
        if !same {
            (self.out)(ChainOutput::Queue { queued, waiting, running });
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
