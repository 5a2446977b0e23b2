//! What has happened since the reading thread last looked: the one place where watcher, pipes and shutdown meet it.

use std::{
    collections::HashSet,
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Duration,
};

/// Collected news.
#[derive(Debug, Default)]
pub(super) struct News {
    /// Paths that something was written to or that changed otherwise.
    pub(super) paths: HashSet<PathBuf>,
    /// Names have appeared: directories and globs must be looked through.
    pub(super) appeared: bool,
    /// Notifications were lost: look at everything.
    pub(super) everything: bool,
    /// A pipe has something.
    pub(super) pipes: bool,
    /// Someone wants `poll` to return.
    pub(super) woken: bool,
}

impl News {
    fn any(&self) -> bool {
        !self.paths.is_empty() || self.appeared || self.everything || self.pipes || self.woken
    }
}

/// Shared between the threads that bring news and the one that reads.
#[derive(Debug, Default)]
pub(super) struct Dirty {
    news: Mutex<News>,
    bell: Condvar,
}

impl Dirty {
    pub(super) fn note(&self, change: impl FnOnce(&mut News)) {
        change(&mut self.news.lock().unwrap_or_else(PoisonError::into_inner));
        self.bell.notify_one();
    }

    /// The news so far, at once when there are any, else as soon as there are or the time is over.
    pub(super) fn wait(&self, timeout: Duration) -> News {
        let guard = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut guard, _) =
            self.bell.wait_timeout_while(guard, timeout, |news| !news.any()).unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *guard)
    }
}

/// Interrupts [`SourceSet::poll`](super::SourceSet::poll) from another thread.
#[derive(Clone, Debug)]
pub struct Waker(pub(super) Arc<Dirty>);

impl Waker {
    /// Makes the running `poll` (or else the next one) return soon.
    pub fn wake(&self) {
        self.0.note(|news| news.woken = true);
    }
}
