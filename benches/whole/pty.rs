//! The program in a pseudo-terminal of our own, with what its screen shows.

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read as _, Write};
use std::num::NonZeroU16;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

struct State {
    parser: vt100::Parser,
    bytes: u64,
    ended: bool,
}

/// A running program and its screen.
pub(crate) struct Terminal {
    shared: Arc<(Mutex<State>, Condvar)>,
    input: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Terminal {
    /// Starts `command` on a screen of 120 by 40.
    pub(crate) fn start(command: &std::process::Command) -> anyhow::Result<Self> {
        let pair = native_pty_system().openpty(PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 })?;
        let mut builder = CommandBuilder::new(command.get_program());
        builder.args(command.get_args());
        builder.env("TERM", "xterm-256color");
        for (name, _) in command.get_envs().filter(|(_, value)| value.is_none()) {
            builder.env_remove(name);
        }
        let child = pair.slave.spawn_command(builder)?;
        drop(pair.slave);
        let (mut output, input) = (pair.master.try_clone_reader()?, pair.master.take_writer()?);
        let state = State {
            parser: vt100::Parser::new(NonZeroU16::MIN.saturating_add(39), NonZeroU16::MIN.saturating_add(119), 0),
            bytes: 0,
            ended: false,
        };
        let shared = Arc::new((Mutex::new(state), Condvar::new()));
        let ours = Arc::clone(&shared);
        std::thread::spawn(move || {
            let mut buf = vec![0; 1 << 16];
            while let Ok(n @ 1..) = output.read(&mut buf) {
                let mut state = lock(&ours.0);
                state.parser.process(&buf[..n]);
                state.bytes += n as u64;
                ours.1.notify_all();
            }
            lock(&ours.0).ended = true;
            ours.1.notify_all();
        });
        Ok(Self { shared, input, child, _master: pair.master })
    }

    /// Types keys.
    pub(crate) fn keys(&mut self, keys: &str) -> anyhow::Result<()> {
        self.input.write_all(keys.as_bytes())?;
        Ok(self.input.flush()?)
    }

    /// Waits until the screen's text is as wanted; how long that took.
    ///
    /// # Errors
    /// It was not within ten seconds; the screen is shown.
    pub(crate) fn wait(&self, since: Instant, wanted: impl Fn(&str) -> bool) -> anyhow::Result<Duration> {
        let end = Instant::now() + Duration::from_secs(10);
        let mut state = lock(&self.shared.0);
        loop {
            let text = state.parser.screen().contents();
            if wanted(&text) {
                return Ok(since.elapsed());
            }
            let left = end.saturating_duration_since(Instant::now());
            anyhow::ensure!(!state.ended && !left.is_zero(), "not on the screen in time; it shows:\n{text}");
            state = self.shared.1.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Bytes drawn so far.
    pub(crate) fn drawn(&self) -> u64 {
        lock(&self.shared.0).bytes
    }

    /// Process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.process_id().unwrap_or(0)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.keys("\x1bqy");
        let end = Instant::now() + Duration::from_secs(3);
        while Instant::now() < end {
            if let Ok(Some(_)) = self.child.try_wait() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
