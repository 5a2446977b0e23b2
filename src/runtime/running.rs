//! The running engine: what the screen talks to, and how everything is brought to an end in order.

use super::agents::Agents;
use super::alerts::AlertWorkers;
use super::board::{Board, lock};
use super::events::{Backend, EventReceiver};
use super::hub::Hub;
use super::processing::Message;
use super::remotes::Remotes;
use aiobs_agents::Preview;
use aiobs_logs::source::Waker;
use aiobs_store::Store;
use aiobs_types::{Incident, IncidentId, SourceInfo};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a model call may take to end after it was cancelled.
const AGENTS_DEADLINE: Duration = Duration::from_secs(2);

/// See the module. Dropping it stops everything.
pub struct Running {
    board: Arc<Board>,
    waker: Waker,
    pipeline: Option<SyncSender<Message>>,
    threads: Vec<JoinHandle<()>>,
    /// Carries out what a person decides; ends before the pipeline.
    inquiry: Option<JoinHandle<()>>,
    agents: Arc<Agents>,
    remotes: Option<(Remotes, AlertWorkers)>,
    hub: Option<Arc<Hub>>,
    stream: Option<EventReceiver>,
    store: Option<Store>,
}

impl Running {
    pub(super) fn new(
        board: Arc<Board>,
        waker: Waker,
        pipeline: SyncSender<Message>,
        threads: Vec<JoinHandle<()>>,
        agents: Arc<Agents>,
    ) -> Self {
        Self {
            board,
            waker,
            pipeline: Some(pipeline),
            threads,
            inquiry: None,
            agents,
            remotes: None,
            hub: None,
            stream: None,
            store: None,
        }
    }

    pub(super) fn add(&mut self, thread: JoinHandle<()>) {
        self.threads.push(thread);
    }

    pub(super) fn inquire(&mut self, thread: JoinHandle<()>) {
        self.inquiry = Some(thread);
    }

    pub(super) fn show(&mut self, hub: Arc<Hub>, stream: EventReceiver) {
        self.hub = Some(hub);
        self.stream = Some(stream);
    }

    pub(super) fn send(&mut self, remotes: Remotes, alerts: AlertWorkers) {
        self.remotes = Some((remotes, alerts));
    }

    pub(super) fn hold(&mut self, store: Store) {
        self.store = Some(store);
    }

    /// What the screen talks to, and what it hears; once, and only when started with a screen.
    pub fn screen(&mut self) -> Option<(Arc<dyn Backend>, EventReceiver)> {
        Some((self.hub.clone()? as Arc<dyn Backend>, self.stream.take()?))
    }

    /// The archive.
    pub fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }

    /// The incidents held.
    pub fn incidents(&self) -> Vec<Incident> {
        lock(&self.board.incidents).values().map(|i| Incident::clone(i)).collect()
    }

    /// The sources.
    pub fn sources(&self) -> Vec<SourceInfo> {
        lock(&self.board.sources).values().cloned().collect()
    }

    /// Records read and bytes of text so far.
    pub fn progress(&self) -> (u64, u64) {
        let stats = lock(&self.board.stats);
        (stats.totals.records, stats.raw_bytes)
    }

    /// Waits until every diagnosis that was asked for is there, at most `limit`. False when time ran out.
    /// What they say about the incidents then also shows in [`Running::incidents`].
    pub fn wait_for_diagnoses(&self, limit: Duration) -> bool {
        let idle = self.agents.wait_idle(limit);
        if idle {
            self.flush();
        }
        idle
    }

    /// Waits until the pipeline has worked through what it was told so far.
    fn flush(&self) {
        let (done, heard) = sync_channel(1);
        if let Some(pipeline) = &self.pipeline
            && pipeline.send(Message::Flush(done)).is_ok()
        {
            // An error means that the pipeline has ended, and with it everything it had to do.
            let _ = heard.recv();
        }
    }

    /// What a model would be sent for an incident; nothing when there is no such incident.
    pub fn preview(&self, id: IncidentId) -> Option<Preview> {
        self.agents.preview(id)
    }

    /// Stops in order: sources, what a person decided, agents, remotes, pipeline (what was read is stored), the rest.
    pub fn stop(&mut self) {
        let Some(pipeline) = self.pipeline.take() else { return };
        self.board.stop();
        self.waker.wake();
        self.inquiry.take().into_iter().for_each(join);
        self.agents.shutdown(AGENTS_DEADLINE);
        if let Some((remotes, alerts)) = self.remotes.take() {
            remotes.stop();
            alerts.stop();
        }
        // Gone already when everything had ended by itself.
        let _ = pipeline.send(Message::Stop);
        drop(pipeline);
        self.hub = None;
        self.stream = None;
        self.threads.drain(..).for_each(join);
        self.store = None;
    }
}

fn join(thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("a thread of the engine died");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}
