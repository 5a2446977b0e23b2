//! Tails of what is no file: standard input, FIFOs, devices, programs.

use super::{Block, Sink, Step, Tail};
use crate::source::{SourceEvent, command::Job, piece::Piece, shared::Shared};
use aiobs_types::{FileIdentity, SourceId, SourceState};
use std::{
    path::PathBuf,
    sync::mpsc::{Receiver, TryRecvError},
    time::Instant,
};

/// What gives a tail its bytes.
#[derive(Debug)]
pub(super) struct Stream {
    pieces: Receiver<Piece>,
    /// The program behind it; ended when this is dropped, after the pieces.
    job: Option<Job>,
}

impl Tail {
    pub(in crate::source) fn pipe(id: SourceId, name: String, pieces: Receiver<Piece>) -> Self {
        let stream = Some(Stream { pieces, job: None });
        Self { stream, ..Self::file(id, PathBuf::from(name), true, None) }
    }

    pub(in crate::source) fn program(id: SourceId, name: String, job: Job, pieces: Receiver<Piece>) -> Self {
        let stream = Some(Stream { pieces, job: Some(job) });
        Self { stream, ..Self::file(id, PathBuf::from(name), true, None) }
    }

    pub(in crate::source) fn is_pipe(&self) -> bool {
        self.stream.is_some()
    }

    /// The program that gives the bytes.
    pub(in crate::source) fn job(&self) -> Option<&Job> {
        self.stream.as_ref().and_then(|stream| stream.job.as_ref())
    }

    /// Goes on with another program after the last one has ended for good.
    pub(in crate::source) fn revive(&mut self, job: Job, pieces: Receiver<Piece>) {
        self.stream = Some(Stream { pieces, job: Some(job) });
        self.ended = false;
    }

    pub(super) fn step_pipe(&mut self, shared: &mut Shared, sink: &mut Sink<'_>) -> Step {
        let Some(stream) = &self.stream else { return Step::Idle };
        let (identity, source) = (FileIdentity::default(), self.id);
        let received = stream.pieces.try_recv();
        if !self.opened {
            self.opened = true;
            self.last = Some((identity, 0));
            sink(SourceEvent::Opened { source, name: &self.name, identity, offset: 0, size: 0, resumed: false });
        }
        match received {
            Ok(Piece::Bytes(mut bytes)) => {
                let offset = self.last.as_ref().map_or(0, |(_, offset)| *offset);
                let (len, ends) = (bytes.len(), bytes.last() == Some(&b'\n'));
                sink(SourceEvent::Data { source, offset, bytes: Block::new(&mut bytes, len), identity });
                self.last = Some((identity, offset + len as u64));
                self.caught_up = false;
                self.heard();
                self.tell_partial(ends);
                self.set_state(SourceState::Following, sink);
                Step::More
            }
            Ok(Piece::State(state)) => {
                // Silence is told by who hears; that a program runs does not end it.
                if !(matches!(self.state, SourceState::Silent(_)) && state == SourceState::Following) {
                    self.set_state(state, sink);
                }
                Step::More
            }
            Ok(Piece::Found(spec)) => {
                shared.found.push(spec);
                Step::More
            }
            Ok(Piece::Failed(e)) => self.end(SourceState::Failed(e.to_string()), sink),
            Ok(Piece::End(state)) => self.end(state, sink),
            Err(TryRecvError::Disconnected) => self.end(SourceState::Ended, sink),
            Err(TryRecvError::Empty) => {
                let now = Instant::now();
                let waiting = self.last.as_ref().is_some_and(|(_, offset)| *offset > 0) && !self.partial_told;
                if waiting && now >= *self.partial_at.get_or_insert(now + shared.options.idle_partial) {
                    self.tell_partial(true);
                    sink(SourceEvent::PartialIdle { source });
                }
                let state = match &self.state {
                    // Standard input has no state of its own.
                    SourceState::Waiting if self.job().is_none() => SourceState::Following,
                    state => state.clone(),
                };
                self.quiet(state, shared, sink)
            }
        }
    }
}
