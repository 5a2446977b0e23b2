//! Programs whose output is a source: run in a process group of their own, restarted with growing pauses, ended with us.
//!
//! Each runs on a thread of its own that hands [`Piece`](super::piece::Piece)s to a tail. What it prints is taken up
//! again where it was left, across restarts of the program and of ours; see [`seam`].

mod child;
mod fleet;
mod run;
pub(super) mod seam;
mod stop;
mod tool;

use super::{dirty::Dirty, piece::Piece, stream::StreamSpec};
use std::{
    io,
    sync::{Arc, Mutex, PoisonError, mpsc::Receiver},
    time::Duration,
};

/// How programs are run.
#[derive(Clone, Debug)]
pub(super) struct How {
    /// Go on for ever; without it the program is run once.
    pub(super) follow: bool,
    /// How far back the first reading goes; zero is everything.
    pub(super) lookback: Duration,
    /// It was found by another source: when it ends, it has ended.
    pub(super) found: bool,
}

/// A running program and the thread that looks after it. Dropping it ends both.
#[derive(Debug)]
pub(super) struct Job {
    stop: Arc<stop::Stop>,
    last: Arc<Mutex<Option<String>>>,
}

impl Job {
    /// Starts the thread; `cursor` says where to go on.
    pub(super) fn start(
        spec: &StreamSpec,
        cursor: Option<String>,
        how: How,
        dirty: Arc<Dirty>,
    ) -> io::Result<(Self, Receiver<Piece>)> {
        let job = Self { stop: Arc::default(), last: Arc::new(Mutex::new(cursor)) };
        let pieces = run::start(spec.clone(), how, Arc::clone(&job.stop), Arc::clone(&job.last), dirty)?;
        Ok((job, pieces))
    }

    /// Where another job for the same goes on.
    pub(super) fn cursor(&self) -> Option<String> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends a pause: something has happened that makes another try worth while.
    pub(super) fn hurry(&self) {
        self.stop.hurry();
    }

    /// Begins to end it, without waiting.
    pub(super) fn stop(&self) {
        self.stop.stop();
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.stop.stop();
        self.stop.wait();
    }
}
