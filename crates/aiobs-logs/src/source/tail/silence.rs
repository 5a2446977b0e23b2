//! When a source that used to speak has been quiet for so long that it is worth telling. Part of the tail.

use super::{Sink, Tail};
use crate::source::shared::Shared;
use aiobs_types::{SourceState, Timestamp};
use std::time::{Duration, Instant};

/// How often it is told that a source is still silent.
const SILENCE_TOLD: Duration = Duration::from_mins(1);

impl Tail {
    /// When its silence will be worth telling.
    pub(super) fn silent_from(&self, least: Duration) -> Option<Instant> {
        match self.state {
            _ if self.ended => None,
            SourceState::Following => self.rhythm.silent_from(least),
            // Told again from time to time, since it is shown how long it lasts.
            SourceState::Silent(_) => self.silence_told.map(|at| at + SILENCE_TOLD),
            _ => None,
        }
    }

    pub(super) fn tell_silence(&mut self, shared: &Shared, sink: &mut Sink<'_>) {
        if self.silent_from(shared.options.silence).is_some_and(|at| at <= Instant::now()) {
            self.silence_told = Some(Instant::now());
            if matches!(self.state, SourceState::Silent(_)) {
                return self.report(sink);
            }
            let quiet = self.rhythm.quiet_for().as_nanos();
            let since = Timestamp::now().plus(-i64::try_from(quiet).unwrap_or(i64::MAX));
            self.set_state(SourceState::Silent(since), sink);
        }
    }
}
