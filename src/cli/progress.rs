//! Progress of one-shot reading on standard error: one line, drawn over, only on a terminal.

use super::context::Context;
use super::output;
use crate::runtime::Running;
use std::io::Write as _;
use std::time::{Duration, Instant};

/// See the module.
pub(super) struct Progress {
    shown: bool,
    enabled: bool,
    began: Instant,
}

impl Progress {
    pub(super) fn new(cx: &Context) -> Self {
        Self { shown: false, enabled: cx.shows_progress(), began: Instant::now() }
    }

    /// How long to wait between two calls of [`Progress::draw`].
    pub(super) const EVERY: Duration = Duration::from_millis(200);

    pub(super) fn draw(&mut self, running: &Running) {
        if !self.enabled || self.began.elapsed() < Self::EVERY {
            return;
        }
        let (records, _) = running.progress();
        let sources = running.sources();
        let (read, size) = sources.iter().fold((0u64, 0u64), |(r, s), i| (r + i.read, s + i.size.max(i.read)));
        let percent = (read * 100).checked_div(size).unwrap_or(0);
        eprint!(
            "\r\x1b[Kreading {}  {percent:>3} %  {}  (Ctrl-C stops, what was read stays)",
            output::plural(sources.len() as u64, "source"),
            output::plural(records, "record"),
        );
        let _ = std::io::stderr().flush();
        self.shown = true;
    }

    pub(super) fn say(&mut self, text: &str) {
        if self.enabled {
            eprint!("\r\x1b[K{text}");
            let _ = std::io::stderr().flush();
            self.shown = true;
        }
    }

    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            eprint!("\r\x1b[K");
            let _ = std::io::stderr().flush();
        }
    }
}
