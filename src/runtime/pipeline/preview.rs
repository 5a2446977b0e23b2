//! Lines of a file's end read as records before they are stored: for the screen only. They get no template, pass no
//! detector and change nothing that is kept.

use super::{Pipeline, SourceState};
use aiobs_logs::frame::{BlockJoiner, Line, LineFramer};
use aiobs_types::{NewRecord, RecordBatch, RecordId, SourceId, TemplateId, Timestamp};

/// How a source's previewed lines are read.
pub(super) struct Preview {
    state: SourceState,
}

impl Pipeline {
    /// Reads `bytes`, whole lines from `offset` on, to records from `first` on. `fresh` when they do not follow on those of
    /// the last call.
    pub fn preview(
        &mut self,
        source: SourceId,
        offset: u64,
        bytes: &[u8],
        fresh: bool,
        first: RecordId,
        now: Timestamp,
    ) -> RecordBatch {
        let mut batch = RecordBatch::new(first);
        let known = self.previews.remove(&source).filter(|_| !fresh).map(|preview| preview.state);
        let Some(mut state) = known.or_else(|| self.preview_state(source, bytes, now)) else { return batch };
        read(&mut state, offset, bytes, &mut batch, now);
        self.previews.insert(source, Preview { state });
        batch
    }

    /// Forgets how the source's preview was read.
    pub fn end_preview(&mut self, source: SourceId) {
        self.previews.remove(&source);
    }

    /// The state for a first reading, with the format that the lines turn out to have.
    fn preview_state(&self, source: SourceId, bytes: &[u8], now: Timestamp) -> Option<SourceState> {
        let checkpoint = &self.pipes.get(&source)?.state.checkpoint;
        let name = &checkpoint.name;
        let mut trial = self.source_state(source, name, checkpoint.format.as_deref()).ok()?;
        trial.checkpoint.last_time = None;
        read(&mut trial, 0, bytes, &mut RecordBatch::new(RecordId::PREVIEW), now);
        let format = trial.parser.format_name().to_owned();
        self.source_state(source, name, Some(&format)).ok()
    }
}

fn read(state: &mut SourceState, offset: u64, bytes: &[u8], batch: &mut RecordBatch, now: Timestamp) {
    let (mut framer, mut blocks) = (LineFramer::new(), BlockJoiner::new());
    framer.push(offset, bytes, |l| blocks.push(l, |l| line(state, &l, batch, now)));
    blocks.flush(|l| line(state, &l, batch, now));
    finish(state, batch, now);
}

fn line(state: &mut SourceState, line: &Line<'_>, batch: &mut RecordBatch, now: Timestamp) {
    if let Some(begins) = state.join(line, now) {
        finish(state, batch, now);
        state.begin_read(line, &begins.outer, begins.parsed, begins.component.as_deref());
    }
}

fn finish(state: &mut SourceState, batch: &mut RecordBatch, now: Timestamp) {
    let Some(whole) = state.complete(now) else { return };
    let pending = &state.pending;
    batch.push(NewRecord {
        time: whole.time,
        observed: now,
        offset: pending.offset,
        source: state.checkpoint.source,
        template: TemplateId(0),
        severity: pending.parsed.severity,
        flags: whole.flags,
        component: &pending.component,
        text: &pending.text,
        message: whole.message,
    });
}
