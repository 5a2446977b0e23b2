//! Signals, as the loop sees them.

use rustix::process::{Signal as Os, kill_current_process_group};
use std::io;
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

/// What the system wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// Leave; the number is for the exit code.
    End(i32),
    /// Stop in favour of the shell.
    Stop,
    /// Stopped no more.
    Continue,
}

/// The signals the loop waits for.
pub(super) struct Signals {
    term: Stream,
    hup: Stream,
    int: Stream,
    stop: Stream,
    cont: Stream,
}

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            hup: signal(SignalKind::hangup())?,
            int: signal(SignalKind::interrupt())?,
            stop: signal(SignalKind::from_raw(Os::TSTP.as_raw()))?,
            cont: signal(SignalKind::from_raw(Os::CONT.as_raw()))?,
        })
    }

    /// The next one.
    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.term.recv() => Signal::End(Os::TERM.as_raw()),
            _ = self.hup.recv() => Signal::End(Os::HUP.as_raw()),
            _ = self.int.recv() => Signal::End(Os::INT.as_raw()),
            _ = self.stop.recv() => Signal::Stop,
            _ = self.cont.recv() => Signal::Continue,
        }
    }
}

/// Stops this process (and those started with it, as a shell does); returns once it is continued.
pub(super) fn stop_self() {
    // SIGTSTP is caught above, so the signal that can't be caught does it. Failing leaves the program running.
    if let Err(e) = kill_current_process_group(Os::STOP) {
        tracing::warn!("could not suspend: {e}");
    }
}
