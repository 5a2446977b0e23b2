//! How a job is ended or hurried from another thread, wherever its thread is waiting just now.

use rustix::process::{Pid, Signal, kill_process_group};
use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long a program may take to end when asked to.
const GRACE: Duration = Duration::from_millis(500);
/// How long it may take to be gone after it was killed; longer only if something it left behind holds its output.
const KILLED: Duration = Duration::from_millis(500);

#[derive(Debug, Default)]
struct State {
    stopped: bool,
    hurried: bool,
    finished: bool,
    group: Option<Pid>,
}

/// Shared by a job's handle and its thread.
#[derive(Debug, Default)]
pub(super) struct Stop {
    state: Mutex<State>,
    bell: Condvar,
}

impl Stop {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stopped(&self) -> bool {
        self.lock().stopped
    }

    /// A program runs, or none any more. False when it is to be ended at once.
    pub(super) fn runs(&self, group: Option<Pid>) -> bool {
        let mut state = self.lock();
        state.group = group;
        if state.stopped {
            signal(group, Signal::TERM);
        }
        !state.stopped
    }

    /// Waits, unless hurried. False when it is over.
    pub(super) fn pause(&self, pause: Duration) -> bool {
        let idle = |state: &mut State| !state.stopped && !state.hurried;
        let waited = self.bell.wait_timeout_while(self.lock(), pause, idle);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.hurried = false;
        !state.stopped
    }

    pub(super) fn hurry(&self) {
        self.lock().hurried = true;
        self.bell.notify_all();
    }

    pub(super) fn stop(&self) {
        let mut state = self.lock();
        if !state.stopped {
            state.stopped = true;
            signal(state.group, Signal::TERM);
        }
        drop(state);
        self.bell.notify_all();
    }

    /// The thread is through.
    pub(super) fn finish(&self) {
        self.lock().finished = true;
        self.bell.notify_all();
    }

    /// Waits for the thread; kills what does not end.
    pub(super) fn wait(&self) {
        if !self.finished_by(Instant::now() + GRACE) {
            signal(self.lock().group, Signal::KILL);
            self.finished_by(Instant::now() + KILLED);
        }
    }

    fn finished_by(&self, until: Instant) -> bool {
        let left = until.saturating_duration_since(Instant::now());
        let waited = self.bell.wait_timeout_while(self.lock(), left, |state| !state.finished);
        waited.unwrap_or_else(PoisonError::into_inner).0.finished
    }
}

fn signal(group: Option<Pid>, signal: Signal) {
    if let Some(group) = group {
        // It may have ended by itself.
        let _ = kill_process_group(group, signal);
    }
}
