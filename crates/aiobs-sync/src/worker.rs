//! The worker: takes what waits in the outbox, oldest first, sends it, and acknowledges it. One task per remote. A
//! remote that is down makes the outbox grow, never anything wait. Items are acknowledged after they were taken, so a
//! crash in between sends them again; a remote knows them by their ids.

use crate::{Item, Pace, Remote, SendError, Sent};
use aiobs_store::{OutboxRow, OutboxState};
use aiobs_types::Timestamp;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, spawn_blocking};

/// The store as the worker sees it. May block; it is called where that does no harm. Errors are words for people.
pub trait Outbox: Send + Sync + 'static {
    /// The oldest entries, oldest first.
    fn take(&self, remote: &str, limit: u32) -> Result<Vec<OutboxRow>, String>;
    /// Forgets the entries up to and with this one; when it returns they are gone.
    fn ack(&self, remote: &str, through: u64) -> Result<(), String>;
    /// How many wait, how many were dropped.
    fn state(&self, remote: &str) -> Result<OutboxState, String>;
}

/// How the sending stands, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncState {
    /// Items that wait.
    pub waiting: u64,
    /// Items dropped because too many waited, since the archive began.
    pub dropped: u64,
    /// Items taken by the remote since the start.
    pub sent: u64,
    /// Items the remote refused since the start; they are gone.
    pub refused: u64,
    /// What is wrong now, or what was wrong with the last batch.
    pub last_error: Option<String>,
}

/// A worker that runs.
pub struct Exporter {
    wake: Arc<Notify>,
    stop: watch::Sender<bool>,
    state: Arc<Mutex<SyncState>>,
    task: JoinHandle<()>,
}

impl Exporter {
    /// Starts draining `outbox` to `remote`. `changed` is called with every new state; it must not block.
    pub fn spawn<R: Remote>(
        rt: &tokio::runtime::Handle,
        remote: R,
        outbox: Arc<dyn Outbox>,
        pace: Pace,
        changed: impl Fn(&SyncState) + Send + Sync + 'static,
    ) -> Self {
        let (wake, state) = (Arc::new(Notify::new()), Arc::new(Mutex::default()));
        let (stop, stopped) = watch::channel(false);
        let worker = Worker {
            remote,
            outbox,
            pace,
            wake: Arc::clone(&wake),
            stopped,
            state: Arc::clone(&state),
            changed: Box::new(changed),
            failures: 0,
            unacknowledged: None,
        };
        Self { wake, stop, state, task: rt.spawn(worker.run()) }
    }

    /// What tells the worker that something was put into the outbox: `notify_one`.
    pub fn waker(&self) -> Arc<Notify> {
        Arc::clone(&self.wake)
    }

    /// How it stands.
    pub fn state(&self) -> SyncState {
        lock(&self.state).clone()
    }

    /// Ends the worker. While the remote answers, what waits is still sent, at most until `deadline` is over; what is
    /// left stays in the outbox.
    pub async fn stop(self, deadline: Duration) {
        self.stop.send_replace(true);
        let mut task = self.task;
        if tokio::time::timeout(deadline, &mut task).await.is_err() {
            task.abort();
        }
    }
}

fn lock(state: &Mutex<SyncState>) -> MutexGuard<'_, SyncState> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Worker<R> {
    remote: R,
    outbox: Arc<dyn Outbox>,
    pace: Pace,
    wake: Arc<Notify>,
    stopped: watch::Receiver<bool>,
    state: Arc<Mutex<SyncState>>,
    changed: Box<dyn Fn(&SyncState) + Send + Sync>,
    /// In a row.
    failures: u32,
    /// Sent but not forgotten yet: it must not be sent again.
    unacknowledged: Option<u64>,
}

/// What came of one batch.
enum Round {
    /// Perhaps there is more.
    More,
    /// Nothing waits.
    Empty,
    /// What waits is not to be sent yet.
    Early(Duration),
    /// It did not work.
    Later(Option<Duration>),
}

impl<R: Remote> Worker<R> {
    async fn run(mut self) {
        loop {
            // Asked before it is looked what waits: what was put there until the stop is still sent.
            let stopping = *self.stopped.borrow();
            let round = match self.round().await {
                Ok(round) => round,
                Err(reason) => {
                    self.note(|s| s.last_error = Some(reason));
                    Round::Later(None)
                }
            };
            self.recount().await;
            match round {
                Round::More => self.failures = 0,
                Round::Empty if stopping => return,
                Round::Empty => self.idle(self.pace.look).await,
                Round::Early(wait) => {
                    self.failures = 0;
                    self.idle(wait).await;
                }
                Round::Later(_) if stopping => return,
                Round::Later(asked) => {
                    self.failures = self.failures.saturating_add(1);
                    let wait = self.pace.wait(self.failures, asked);
                    if !self.rest(wait).await {
                        return;
                    }
                }
            }
        }
    }

    /// Sends one batch.
    async fn round(&mut self) -> Result<Round, String> {
        if let Some(through) = self.unacknowledged {
            self.blocking(move |o, name| o.ack(name, through)).await?;
            self.unacknowledged = None;
        }
        let limit = self.pace.batch;
        let rows = self.blocking(move |o, name| o.take(name, limit)).await?;
        if rows.is_empty() {
            return Ok(Round::Empty);
        }
        let readable = rows.iter().enumerate().filter_map(|(n, r)| Some((n, Item::from_body(&r.body).ok()?)));
        let (places, mut batch): (Vec<usize>, Vec<Item>) = readable.unzip();
        let plan = self.remote.plan(&batch, Timestamp::now());
        if !batch.is_empty() && !plan.wait.is_zero() && !*self.stopped.borrow() {
            return Ok(Round::Early(plan.wait));
        }
        batch.truncate(plan.take.max(1));
        // What makes no sense goes with the items before it.
        let used = places.get(batch.len()).copied().unwrap_or(rows.len());
        let Some(last) = rows.get(used.saturating_sub(1)).map(|r| r.id) else { return Ok(Round::Empty) };
        let unreadable = (used - batch.len()) as u64;
        if unreadable > 0 {
            tracing::warn!("{}: {unreadable} entries of the outbox make no sense and are dropped", self.remote.name());
        }
        let result = if batch.is_empty() { Ok(Sent::default()) } else { self.remote.send(&batch).await };
        let size = batch.len() as u64;
        match result {
            Ok(Sent { rejected, note }) => {
                let rejected = rejected.min(size);
                let error = (rejected > 0).then(|| note.clone().unwrap_or_else(|| "no reason given".to_owned()));
                if let Some(note) = &note {
                    tracing::warn!("{} took all but {rejected} of {size} items: {note}", self.remote.name());
                }
                self.note(|s| {
                    s.sent += size - rejected;
                    s.refused += rejected + unreadable;
                    s.last_error = error;
                });
            }
            Err(SendError::Refused { reason }) => {
                tracing::warn!("{} refused {size} items: {reason}", self.remote.name());
                self.note(|s| {
                    s.refused += size + unreadable;
                    s.last_error = Some(reason);
                });
            }
            Err(SendError::Later { reason, after }) => {
                tracing::debug!("{}: {reason}", self.remote.name());
                self.note(|s| s.last_error = Some(reason));
                return Ok(Round::Later(after));
            }
        }
        self.unacknowledged = Some(last);
        self.blocking(move |o, name| o.ack(name, last)).await?;
        self.unacknowledged = None;
        Ok(Round::More)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Outbox, &str) -> Result<T, String> + Send + 'static,
    ) -> Result<T, String> {
        let (outbox, name) = (Arc::clone(&self.outbox), self.remote.name());
        spawn_blocking(move || work(&*outbox, name)).await.unwrap_or_else(|e| Err(e.to_string()))
    }

    async fn recount(&self) {
        let counted = self.blocking(Outbox::state).await;
        self.note(|s| match counted {
            Ok(OutboxState { waiting, dropped }) => (s.waiting, s.dropped) = (waiting, dropped),
            Err(reason) => s.last_error = Some(reason),
        });
    }

    fn note(&self, change: impl FnOnce(&mut SyncState)) {
        let mut state = lock(&self.state);
        let before = state.clone();
        change(&mut state);
        let after = state.clone();
        drop(state);
        if before != after {
            (self.changed)(&after);
        }
    }

    /// Waits for something to do.
    async fn idle(&mut self, most: Duration) {
        tokio::select! {
            () = self.wake.notified() => {}
            _ = self.stopped.wait_for(|s| *s) => {}
            () = tokio::time::sleep(most) => {}
        }
    }

    /// Waits before the next try; false when it is time to end.
    async fn rest(&mut self, wait: Duration) -> bool {
        tokio::select! {
            _ = self.stopped.wait_for(|s| *s) => false,
            () = tokio::time::sleep(wait) => true,
        }
    }
}

#[cfg(test)]
mod tests;
