//! Tails of what is no file: standard input, FIFOs, devices.

use super::{Sink, Step, Tail};
use crate::source::{SourceEvent, shared::Shared};
use aiobs_types::{FileIdentity, SourceState};
use std::{sync::mpsc::TryRecvError, time::Instant};

impl Tail {
    pub(super) fn step_pipe(&mut self, shared: &Shared, sink: &mut Sink<'_>) -> Step {
        let Some(input) = &self.pipe else { return Step::Idle };
        let (identity, source) = (FileIdentity::default(), self.id);
        let received = input.try_recv();
        if !self.opened {
            self.opened = true;
            self.last = Some((identity, 0));
            sink(SourceEvent::Opened { source, name: &self.name, identity, offset: 0, size: 0, resumed: false });
        }
        match received {
            Ok(Ok(bytes)) => {
                let offset = self.last.as_ref().map_or(0, |(_, offset)| *offset);
                sink(SourceEvent::Data { source, offset, bytes: &bytes, identity });
                self.last = Some((identity, offset + bytes.len() as u64));
                self.caught_up = false;
                self.tell_partial(bytes.last() == Some(&b'\n'));
                self.set_state(SourceState::Following, sink);
                Step::More
            }
            Ok(Err(e)) => self.end(SourceState::Failed(e.to_string()), sink),
            Err(TryRecvError::Disconnected) => self.end(SourceState::Ended, sink),
            Err(TryRecvError::Empty) => {
                let now = Instant::now();
                let waiting = self.last.as_ref().is_some_and(|(_, offset)| *offset > 0) && !self.partial_told;
                if waiting && now >= *self.partial_at.get_or_insert(now + shared.options.idle_partial) {
                    self.tell_partial(true);
                    sink(SourceEvent::PartialIdle { source });
                }
                self.quiet(SourceState::Following, shared, sink)
            }
        }
    }
}
