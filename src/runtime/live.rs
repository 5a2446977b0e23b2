//! The newest records in memory, shared between the pipeline that adds them and the views that follow. Nothing
//! that is not yet stored ever leaves it, so a view over archive and window together has no gap.

use super::previews::{Previews, Shown};
use aiobs_types::{LogRecord, RecordBatch, RecordId, RecordView, SourceId};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Text kept after it was stored, bytes.
const KEEP_BYTES: usize = 4 << 20;
/// Batches kept after they were stored.
const KEEP_BATCHES: usize = 4096;

#[derive(Debug, Default)]
struct Window {
    batches: VecDeque<Arc<RecordBatch>>,
    previews: Previews,
    bytes: usize,
    stored_through: RecordId,
    next: RecordId,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct LiveWindow {
    inner: Mutex<Window>,
}

impl LiveWindow {
    /// An empty window; the next record will be `next`.
    pub(super) fn new(next: RecordId) -> Self {
        let window = Window { next, stored_through: RecordId(next.0.saturating_sub(1)), ..Window::default() };
        Self { inner: Mutex::new(window) }
    }

    fn lock(&self) -> MutexGuard<'_, Window> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a batch that follows the last one.
    pub(super) fn push(&self, batch: Arc<RecordBatch>) {
        let mut w = self.lock();
        w.next = RecordId(batch.first.0 + batch.len() as u64);
        w.bytes += batch.text_bytes();
        w.previews.pass(&batch);
        w.batches.push_back(batch);
        w.trim();
    }

    /// Everything up to and including `id` is in the archive now.
    pub(super) fn stored(&self, id: RecordId) {
        let mut w = self.lock();
        w.stored_through = w.stored_through.max(id);
        w.trim();
    }

    /// Id that the next record will get.
    pub(super) fn next(&self) -> RecordId {
        self.lock().next
    }

    /// Whether everything before this record is in the archive.
    pub(super) fn is_stored_before(&self, id: RecordId) -> bool {
        self.lock().stored_through.0 + 1 >= id.0
    }

    /// Id of the oldest record held, if any.
    pub(super) fn first(&self) -> Option<RecordId> {
        self.lock().batches.front().map(|b| b.first)
    }

    /// The batches that hold records from `from` on, oldest first, and the id of the oldest record held (else of the
    /// next one): what is older is stored. One look, because batches leave the window meanwhile.
    pub(super) fn since(&self, from: RecordId) -> (Vec<Arc<RecordBatch>>, RecordId) {
        let w = self.lock();
        let start = w.batches.partition_point(|b| b.first.0 + b.len() as u64 <= from.0);
        (w.batches.range(start..).cloned().collect(), w.batches.front().map_or(w.next, |b| b.first))
    }

    /// Id that the next record will get, and what is shown behind it before it is read. One look: what a batch holds
    /// leaves the previews at the moment at which it enters the window.
    pub(super) fn edge(&self) -> (RecordId, Vec<Shown>) {
        let w = self.lock();
        (w.next, w.previews.shown())
    }

    /// Id that the next previewed line of the source will get.
    pub(super) fn next_preview(&self, source: SourceId) -> RecordId {
        self.lock().previews.next(source)
    }

    /// Adds lines to the preview of a source, or replaces it.
    pub(super) fn preview(&self, source: SourceId, batch: RecordBatch, fresh: bool) {
        self.lock().previews.add(source, batch, fresh);
    }

    /// Nothing of the source is shown any more before it is read. Whether something was.
    pub(super) fn end_preview(&self, source: SourceId) -> bool {
        self.lock().previews.end(source)
    }

    /// The record of this source that begins at this offset, if it is held; of several the newest.
    pub(super) fn at_offset(&self, source: SourceId, offset: u64) -> Option<RecordId> {
        let w = self.lock();
        let here = |v: &RecordView<'_>| v.meta.source == source && v.meta.offset == offset;
        w.batches.iter().rev().find_map(|batch| batch.iter().rev().find(here)).map(|v| v.id)
    }

    /// One record, if it is held; also a previewed one.
    pub(super) fn get(&self, id: RecordId) -> Option<LogRecord> {
        let w = self.lock();
        if id.is_preview() {
            return w.previews.get(id);
        }
        let i = w.batches.partition_point(|b| b.first.0 + b.len() as u64 <= id.0);
        let batch = w.batches.get(i)?;
        (batch.first <= id).then(|| batch.view((id.0 - batch.first.0) as usize).to_record())
    }
}

impl Window {
    fn trim(&mut self) {
        while let Some(front) = self.batches.front()
            && front.first.0 + front.len() as u64 - 1 <= self.stored_through.0
            && (self.bytes > KEEP_BYTES || self.batches.len() > KEEP_BATCHES)
        {
            self.bytes -= front.text_bytes();
            self.batches.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aiobs_types::{NewRecord, Severity, SourceId, TemplateId, Timestamp};

    fn batch(first: u64, n: usize, text: &str) -> Arc<RecordBatch> {
        let mut b = RecordBatch::new(RecordId(first));
        for _ in 0..n {
            b.push(NewRecord {
                time: Timestamp(0),
                observed: Timestamp(0),
                offset: 0,
                source: SourceId(1),
                template: TemplateId(0),
                severity: Severity::INFO,
                flags: 0,
                component: "",
                text,
                message: (0, text.len() as u32),
            });
        }
        Arc::new(b)
    }

    #[test]
    fn what_is_not_stored_stays() {
        let big = "x".repeat(1 << 20);
        let w = LiveWindow::new(RecordId(1));
        for i in 0..10 {
            w.push(batch(1 + i * 2, 2, &big));
        }
        assert_eq!(w.first(), Some(RecordId(1)));
        w.stored(RecordId(10));
        assert_eq!(w.first(), Some(RecordId(11)));
        assert_eq!(w.next(), RecordId(21));
        assert!(w.get(RecordId(10)).is_none());
        assert_eq!(w.get(RecordId(12)).map(|r| r.id), Some(RecordId(12)));
        let (batches, first) = w.since(RecordId(20));
        assert_eq!((batches.len(), first), (1, RecordId(11)));
    }
}
