//! How a tail comes to rest: caught up, failed, passed over, ended; and what it tells of that. Part of the tail.

use super::{LAST_RETRY, Sink, Step, Tail, state_of};
use crate::source::{SourceEvent, shared::Shared};
use aiobs_types::SourceState;
use std::{io, time::Instant};

impl Tail {
    /// At the end with nothing to do.
    pub(super) fn quiet(&mut self, state: SourceState, shared: &Shared, sink: &mut Sink<'_>) -> Step {
        if !self.caught_up {
            self.caught_up = true;
            sink(SourceEvent::CaughtUp { source: self.id });
        }
        let open_line = self.current.as_ref().is_some_and(|open| open.last_byte != b'\n');
        if open_line && !self.partial_told {
            let now = Instant::now();
            let at = *self.partial_at.get_or_insert(now + shared.options.idle_partial);
            if now >= at {
                self.tell_partial(true);
                sink(SourceEvent::PartialIdle { source: self.id });
            }
        }
        if !(state == SourceState::Following && matches!(self.state, SourceState::Silent(_))) {
            self.set_state(state, sink);
        }
        self.tell_silence(shared, sink);
        Step::Idle
    }

    pub(super) fn tell_partial(&mut self, told: bool) {
        self.partial_at = None;
        self.partial_told = told;
    }

    /// Something could not be opened or read.
    pub(super) fn fault(&mut self, error: &io::Error, shared: &Shared, sink: &mut Sink<'_>) -> Step {
        if error.kind() == io::ErrorKind::Interrupted {
            return Step::More;
        }
        let state = state_of(error, self.opened || self.last.is_some());
        if !shared.options.follow {
            return self.end(state, sink);
        }
        if matches!(state, SourceState::Failed(_)) {
            self.retry_at = Some(Instant::now() + self.backoff);
            self.backoff = (self.backoff * 2).min(LAST_RETRY);
        }
        self.set_state(state, sink);
        Step::Idle
    }

    /// Everything it names is another source's.
    pub(super) fn pass_on(&mut self, sink: &mut Sink<'_>) -> Step {
        if self.opened {
            return self.end(SourceState::Ended, sink);
        }
        // Nobody has heard of it, and nobody needs to.
        self.state = SourceState::Ended;
        self.ended = true;
        Step::Idle
    }

    pub(super) fn end(&mut self, state: SourceState, sink: &mut Sink<'_>) -> Step {
        if !self.caught_up {
            self.caught_up = true;
            sink(SourceEvent::CaughtUp { source: self.id });
        }
        self.set_state(state, sink);
        self.ended = true;
        sink(SourceEvent::Ended { source: self.id });
        Step::Idle
    }

    pub(super) fn set_state(&mut self, state: SourceState, sink: &mut Sink<'_>) {
        if self.state != state {
            self.state = state;
            self.report(sink);
        }
    }

    pub(super) fn report(&self, sink: &mut Sink<'_>) {
        let (read, size) = self.progress();
        sink(SourceEvent::State { source: self.id, name: &self.name, state: self.state.clone(), read, size });
    }
}
