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

#[cfg(test)]
mod tests {
    use super::*;
    use aiobs_types::{NewRecord, Severity, TemplateId, Timestamp};

    fn lines(first: RecordId, source: u32, offsets: std::ops::Range<u64>, text: &str) -> RecordBatch {
        let mut batch = RecordBatch::new(first);
        for offset in offsets {
            batch.push(NewRecord {
                time: Timestamp(0),
                observed: Timestamp(0),
                offset,
                source: SourceId(source),
                template: TemplateId(0),
                severity: Severity::INFO,
                flags: 0,
                component: "",
                text,
                message: (0, 0),
            });
        }
        batch
    }

    fn offsets(previews: &Previews) -> Vec<(u32, u64)> {
        previews
            .shown()
            .iter()
            .flat_map(|s| s.iter().map(|v| (v.meta.source.0, v.meta.offset)).collect::<Vec<_>>())
            .collect()
    }

    fn add(previews: &mut Previews, source: u32, range: std::ops::Range<u64>, fresh: bool) {
        let first = previews.next(SourceId(source));
        previews.add(SourceId(source), lines(first, source, range, "text"), fresh);
    }

    #[test]
    fn what_is_read_is_shown_no_more_and_no_number_is_given_twice() {
        let mut previews = Previews::default();
        add(&mut previews, 1, 10..13, true);
        add(&mut previews, 2, 50..51, true);
        add(&mut previews, 1, 13..15, false);
        let first = previews.shown()[0].batch.first;
        assert!(first.is_preview() && previews.get(first).is_some_and(|r| r.offset == 10));
        previews.pass(&lines(RecordId(1), 1, 0..12, "text"));
        assert_eq!(offsets(&previews), [(1, 12), (1, 13), (1, 14), (2, 50)]);
        // An older part that is read later takes nothing away.
        previews.pass(&lines(RecordId(13), 1, 0..3, "text"));
        assert_eq!(offsets(&previews).len(), 4);
        let next = previews.next(SourceId(1));
        assert!(previews.end(SourceId(1)) && !previews.end(SourceId(1)));
        assert_eq!(offsets(&previews), [(2, 50)]);
        assert_eq!(previews.next(SourceId(1)), next);
        add(&mut previews, 1, 5..6, true);
        assert_eq!(offsets(&previews), [(1, 5), (2, 50)], "another file begins anew");
    }

    #[test]
    fn a_busy_file_does_not_fill_the_memory() {
        let mut previews = Previews::default();
        let text = "x".repeat(100_000);
        for i in 0..100 {
            let first = previews.next(SourceId(1));
            previews.add(SourceId(1), lines(first, 1, i..i + 1, &text), false);
        }
        let kept = offsets(&previews);
        assert!(kept.len() <= 10 && kept.last() == Some(&(1, 99)), "{kept:?}");
    }
}
