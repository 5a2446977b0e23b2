//! A chunk in memory, decoded once and then read by row: what the log view pages through.

use crate::codec::{Decoder, Stored, damaged};
use crate::columns::Rows;
use crate::error::Result;
use aiobs_types::{LogRecord, RecordBatch, RecordId, RecordMeta, RecordView};

/// Consecutive records, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedChunk {
    first: RecordId,
    text: String,
    rows: Vec<RecordMeta>,
    components: Vec<String>,
}

impl DecodedChunk {
    pub(crate) fn decode(decoder: &mut Decoder, stored: &Stored) -> Result<Self> {
        let rows = decoder.rows(stored)?;
        let text = decoder.text(stored, &rows)?;
        Self::join(stored.header.first, rows, text, &[])
    }

    /// Joins the two halves of a chunk, checking that they fit. Records whose shape is not `wanted` become empty; with
    /// nothing there all are wanted.
    pub(crate) fn join(first: RecordId, mut rows: Rows, text: String, wanted: &[bool]) -> Result<Self> {
        let fits = rows.text_bytes as usize == text.len()
            && rows.metas.iter().all(|r| text.is_char_boundary(r.start as usize));
        if !fits {
            return Err(damaged(first, "columns and text that do not fit"));
        }
        if wanted.contains(&false) {
            for (row, &shape) in rows.metas.iter_mut().zip(&rows.shapes) {
                if wanted.get(shape as usize) != Some(&true) {
                    (row.len, row.message) = (0, (0, 0));
                }
            }
        }
        Ok(Self { first, text, rows: rows.metas, components: rows.components })
    }

    /// Id of the first record.
    pub const fn first(&self) -> RecordId {
        self.first
    }

    /// Number of records.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no record.
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The texts of all records, one after the other without separators.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The fixed parts, in order; [`RecordMeta::start`] points into [`DecodedChunk::text`].
    pub fn rows(&self) -> &[RecordMeta] {
        &self.rows
    }

    /// Component names that [`RecordMeta::component`] points into.
    pub fn components(&self) -> &[String] {
        &self.components
    }

    /// The i-th record, borrowed; `None` past the end.
    pub fn view(&self, i: usize) -> Option<RecordView<'_>> {
        let meta = *self.rows.get(i)?;
        Some(RecordView {
            id: RecordId(self.first.0 + i as u64),
            meta,
            component: self.components.get(meta.component as usize)?,
            text: self.text.get(meta.start as usize..meta.start as usize + meta.len as usize)?,
        })
    }

    /// The i-th record, owned; `None` past the end.
    pub fn record(&self, i: usize) -> Option<LogRecord> {
        self.view(i).map(|v| v.to_record())
    }

    /// The record with this id, owned; `None` when it is not in this chunk.
    pub fn by_id(&self, id: RecordId) -> Option<LogRecord> {
        self.record(usize::try_from(id.0.checked_sub(self.first.0)?).ok()?)
    }

    /// All records, borrowed, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = RecordView<'_>> {
        (0..self.rows.len()).filter_map(|i| self.view(i))
    }

    /// The same records as a batch.
    pub fn to_batch(&self) -> RecordBatch {
        let mut batch = RecordBatch::with_capacity(self.first, self.rows.len(), self.text.len());
        for v in self.iter() {
            batch.push(aiobs_types::NewRecord {
                time: v.meta.time,
                observed: v.meta.observed,
                offset: v.meta.offset,
                source: v.meta.source,
                template: v.meta.template,
                severity: v.meta.severity,
                flags: v.meta.flags,
                component: v.component,
                text: v.text,
                message: v.meta.message,
            });
        }
        batch
    }
}
