//! When a tail must be stepped although nothing happened, and when its silence is worth telling.

use super::{KEEP_DELETED, Shared, Sink, Tail};
use aiobs_types::{SourceState, Timestamp};
use std::time::{Duration, Instant};

/// How often it is told that a source is still silent.
const SILENCE_TOLD: Duration = Duration::from_mins(1);

impl Tail {
    /// When the tail must be stepped although nothing happened.
    pub(in crate::source) fn deadline(&self, silence: Duration) -> Option<Instant> {
        let kept = self.missing_since.filter(|_| self.current.is_some()).map(|at| at + KEEP_DELETED);
        let partial = self.partial_at.filter(|_| !self.partial_told);
        [kept, partial, self.retry_at, self.silent_from(silence)].into_iter().flatten().min()
    }

    /// When its silence will be worth telling.
    fn silent_from(&self, least: Duration) -> Option<Instant> {
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
