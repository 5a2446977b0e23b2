//! When a pane asks again for data that changes slowly: not more often than every two seconds, and only while it is
//! on screen. Used by Charts and Topology.

use aiobs_types::Timestamp;
use std::cell::Cell;

/// Nanoseconds between two questions.
const PAUSE: i64 = 2_000_000_000;

/// When data was asked for, and whether it has been looked at since.
#[derive(Debug, Default)]
pub(super) struct Refresh {
    asked: Timestamp,
    drawn: Cell<bool>,
}

impl Refresh {
    /// Data is asked for now.
    pub(super) fn asked(&mut self, now: Timestamp) {
        self.asked = now;
        self.drawn.set(false);
    }

    /// The pane was drawn.
    pub(super) fn drawn(&self) {
        self.drawn.set(true);
    }

    /// Whether it is time to ask again.
    pub(super) fn due(&self, now: Timestamp) -> bool {
        self.drawn.get() && now.since(self.asked) >= PAUSE
    }
}
