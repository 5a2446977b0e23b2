//! Ends of large files that are shown before they are read, a source's lines as pieces of a batch. Part of the live
//! window, whose lock it is behind; it knows no archive.

use aiobs_types::{LogRecord, RecordBatch, RecordId, RecordView, SourceId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Text shown of a source, bytes, about; beyond it the oldest lines go.
const MOST_BYTES: usize = 1 << 20;
/// Ids of one source's previewed lines.
const IDS: u32 = 32;

/// What is shown of one source.
#[derive(Debug, Default)]
struct Preview {
    pieces: Vec<Arc<RecordBatch>>,
    /// Lines that begin before this offset are records by now.
    from: u64,
    /// Ids given so far: none is given twice, so that a line is never taken for another one.
    given: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Previews(BTreeMap<SourceId, Preview>);

/// Lines of one source, as they are at one moment.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) batch: Arc<RecordBatch>,
    /// The first line that is still shown.
    pub(super) start: usize,
}

impl Shown {
    /// First and one-past-last id.
    pub(super) fn ids(&self) -> (u64, u64) {
        (self.batch.first.0 + self.start as u64, self.batch.first.0 + self.batch.len() as u64)
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = RecordView<'_>> {
        (self.start..self.batch.len()).map(|i| self.batch.view(i))
    }
}

impl Previews {
    pub(super) fn next(&self, source: SourceId) -> RecordId {
        let given = self.0.get(&source).map_or(0, |preview| preview.given);
        RecordId(RecordId::PREVIEW.0 + (u64::from(source.0) << IDS) % RecordId::PREVIEW.0 + given)
    }

    pub(super) fn add(&mut self, source: SourceId, batch: RecordBatch, fresh: bool) {
        let preview = self.0.entry(source).or_default();
        if fresh {
            preview.pieces.clear();
            preview.from = 0;
        }
        preview.given += batch.len() as u64;
        if !batch.is_empty() {
            preview.pieces.push(Arc::new(batch));
        }
        let mut bytes: usize = preview.pieces.iter().map(|piece| piece.text_bytes()).sum();
        while bytes > MOST_BYTES && preview.pieces.len() > 1 {
            bytes -= preview.pieces.remove(0).text_bytes();
        }
    }

    /// These records entered the window: what begins before them is shown no more.
    pub(super) fn pass(&mut self, batch: &RecordBatch) {
        for (source, preview) in &mut self.0 {
            if preview.pieces.is_empty() {
                continue;
            }
            if let Some(last) = batch.rows().iter().rev().find(|row| row.source == *source) {
                preview.from = preview.from.max(last.offset + 1);
                let from = preview.from;
                preview.pieces.retain(|piece| piece.rows().last().is_some_and(|row| row.offset >= from));
            }
        }
    }

    pub(super) fn end(&mut self, source: SourceId) -> bool {
        self.0.get_mut(&source).is_some_and(|preview| !std::mem::take(&mut preview.pieces).is_empty())
    }

    /// All lines, rising by id.
    pub(super) fn shown(&self) -> Vec<Shown> {
        let of = |preview: &Preview| {
            let from = preview.from;
            let piece = move |batch: &Arc<RecordBatch>| Shown {
                batch: Arc::clone(batch),
                start: batch.rows().partition_point(|row| row.offset < from),
            };
            preview.pieces.iter().map(piece).collect::<Vec<_>>()
        };
        self.0.values().flat_map(of).collect()
    }

    pub(super) fn get(&self, id: RecordId) -> Option<LogRecord> {
        let pieces = self.0.values().flat_map(|preview| &preview.pieces);
        let holds = |piece: &&Arc<RecordBatch>| (piece.first.0..piece.first.0 + piece.len() as u64).contains(&id.0);
        pieces.filter(holds).map(|piece| piece.view((id.0 - piece.first.0) as usize).to_record()).next()
    }
}
