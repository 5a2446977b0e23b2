//! What a person leaves out of a file, and its later reading. The checkpoint knows the parts that are left out; a part
//! shrinks in the transactions that store what it held, so that neither a kill nor a crash loses or doubles a record.

use super::{Core, Pipeline, SourcePipe, SourceState};
use aiobs_logs::frame::{Assembler, Unwrapper};
use aiobs_types::{Checkpoint, FileIdentity, Skipped, SourceId, Timestamp};

/// A part is read that had been left out.
pub(super) struct Older {
    /// Where it ends, bytes; that is its name among the parts.
    to: u64,
    /// Event time of its last record, for records without one.
    last_time: Option<Timestamp>,
    /// What was unfinished where reading goes on after it.
    parked: Unwrapper,
}

impl Older {
    /// Everything of the part before `offset` is read. Gives the time that its next record inherits.
    pub(super) fn come_to(&mut self, offset: u64, checkpoint: &mut Checkpoint) -> &mut Option<Timestamp> {
        checkpoint.skipped.iter_mut().filter(|part| part.to == self.to).for_each(|part| part.from = offset);
        checkpoint.skipped.retain(|part| !part.is_empty());
        &mut self.last_time
    }
}

impl Pipeline {
    /// The source goes on at `to`, where a line begins; what lies between is left out.
    pub fn skip(&mut self, source: SourceId, identity: FileIdentity, to: u64, now: Timestamp) {
        let Self { pipes, core, .. } = self;
        let Some(pipe) = pipes.get_mut(&source) else { return };
        whole_records(pipe, core, now);
        // What there is of an unfinished line is left out with the rest of it.
        pipe.framer = Unwrapper::new();
        let checkpoint = &mut pipe.state.checkpoint;
        let part = Skipped { from: checkpoint.offset, to };
        if !part.is_empty() {
            checkpoint.skipped.push(part);
        }
        (checkpoint.identity, checkpoint.offset) = (identity, to);
        pipe.state.moved = true;
    }

    /// The source goes back to the part that ends at `to`.
    pub fn go_back(&mut self, source: SourceId, to: u64, now: Timestamp) {
        let Self { pipes, core, .. } = self;
        let Some(pipe) = pipes.get_mut(&source) else { return };
        come_home(pipe, core, now);
        whole_records(pipe, core, now);
        let parked = std::mem::take(&mut pipe.framer);
        pipe.state.older = Some(Older { to, last_time: None, parked });
    }

    /// The source goes on where it was before it went back.
    pub fn go_home(&mut self, source: SourceId, now: Timestamp) {
        let Self { pipes, core, .. } = self;
        if let Some(pipe) = pipes.get_mut(&source) {
            come_home(pipe, core, now);
        }
    }

    /// The parts of the source's file that are left out, oldest first.
    pub fn skipped(&self, source: SourceId) -> &[Skipped] {
        self.pipes.get(&source).map_or(&[], |pipe| &pipe.state.checkpoint.skipped)
    }
}

/// Ends the part that is read, if one is. What of it was not read stays left out.
pub(super) fn come_home(pipe: &mut SourcePipe, core: &mut Core, now: Timestamp) {
    if pipe.state.older.is_some() {
        whole_records(pipe, core, now);
        if let Some(older) = pipe.state.older.take() {
            pipe.framer = older.parked;
        }
    }
}

/// Completes what consists of whole lines.
fn whole_records(pipe: &mut SourcePipe, core: &mut Core, now: Timestamp) {
    let SourcePipe { blocks, state, .. } = pipe;
    blocks.flush(|line| core.line(state, line, now));
    core.finish(state, now);
    let SourceState { assembler, .. } = state;
    *assembler = Assembler::default();
}
