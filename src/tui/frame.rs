//! When to draw: only after a change, and not more often than the terminal's line carries.

use std::time::{Duration, Instant};

/// Decides when the next frame is due.
#[derive(Debug)]
pub(super) struct Pace {
    dirty: bool,
    interval: Duration,
    last: Option<Instant>,
}

impl Pace {
    /// At most `max_fps` frames per second (at least 1).
    pub(super) fn new(max_fps: u32) -> Self {
        Self { dirty: true, interval: Duration::from_secs(1) / max_fps.clamp(1, 240), last: None }
    }

    /// Something changed.
    pub(super) fn touch(&mut self) {
        self.dirty = true;
    }

    /// When to draw: `None` when nothing changed.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        self.dirty.then(|| self.last.map_or(now, |l| (l + self.interval).max(now)))
    }

    /// A frame was drawn.
    pub(super) fn drawn(&mut self, now: Instant) {
        self.dirty = false;
        self.last = Some(now);
    }
}

/// Frames per second when the user does not say: fewer over SSH.
pub(super) fn default_fps(var: impl Fn(&str) -> Option<String>) -> u32 {
    let ssh = ["SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"].iter().any(|v| var(v).is_some_and(|v| !v.is_empty()));
    if ssh { 20 } else { 60 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_draws_nothing_and_a_flood_is_paced() {
        let start = Instant::now();
        let mut pace = Pace::new(50);
        assert_eq!(pace.due(start), Some(start));
        pace.drawn(start);
        assert_eq!(pace.due(start), None);
        pace.touch();
        pace.touch();
        assert_eq!(pace.due(start), Some(start + Duration::from_millis(20)));
        let later = start + Duration::from_secs(1);
        assert_eq!(pace.due(later), Some(later));
    }

    #[test]
    fn a_remote_shell_gets_fewer_frames() {
        assert_eq!(default_fps(|_| None), 60);
        assert_eq!(default_fps(|v| (v == "SSH_TTY").then(|| "/dev/pts/3".into())), 20);
    }
}
