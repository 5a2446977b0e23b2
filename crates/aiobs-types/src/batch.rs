//! Records on their way through the pipeline: one text arena and one small fixed row per record, so that the
//! hot path allocates nothing per line. A batch is built by the pipeline, then shared read-only (`Arc`) by the
//! store writer and the screen's live window.

use crate::{LogRecord, RecordId, Severity, SourceId, TemplateId, Timestamp};
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// The fixed part of one record in a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordMeta {
    /// Event time.
    pub time: Timestamp,
    /// When it was read.
    pub observed: Timestamp,
    /// Byte offset of its first byte in the source's file.
    pub offset: u64,
    /// Start of the text in the arena, bytes.
    pub start: u32,
    /// Length of the text, bytes.
    pub len: u32,
    /// Byte range of the message, relative to the text.
    pub message: (u32, u32),
    /// Index into the batch's component names.
    pub component: u32,
    /// Where it came from.
    pub source: SourceId,
    /// Its template.
    pub template: TemplateId,
    /// Severity.
    pub severity: Severity,
    /// Bits of [`crate::flags`].
    pub flags: u8,
    /// The same for lines of one shape, and seldom so for others; 0 when that is not known. Not stored: it spares the
    /// writer a search.
    pub shape: u16,
}

/// What [`RecordBatch::push`] takes.
#[derive(Clone, Copy, Debug)]
pub struct NewRecord<'a> {
    /// Event time.
    pub time: Timestamp,
    /// When it was read.
    pub observed: Timestamp,
    /// Byte offset of its first byte in the source's file.
    pub offset: u64,
    /// Where it came from.
    pub source: SourceId,
    /// Its template.
    pub template: TemplateId,
    /// Severity.
    pub severity: Severity,
    /// Bits of [`crate::flags`].
    pub flags: u8,
    /// Component name, empty when unknown.
    pub component: &'a str,
    /// The whole text.
    pub text: &'a str,
    /// Byte range of the message in `text`.
    pub message: (u32, u32),
}

/// Consecutive records: the i-th has id `first.0 + i`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordBatch {
    /// Id of the first record.
    pub first: RecordId,
    text: String,
    rows: Vec<RecordMeta>,
    components: Vec<String>,
    /// Their places.
    places: HashMap<String, u32, FixedState>,
    /// Those that were asked for lately, by [`lately`].
    lately: [u32; LATELY],
}

/// Names whose places are at hand.
const LATELY: usize = 32;

/// Where the place of a name is kept: by its length and its ends, which tell names apart at a glance.
fn lately(name: &str) -> usize {
    let ends = |bytes: &[u8]| match bytes {
        [a, b, .., c] => usize::from(*a) ^ usize::from(*b) << 2 ^ usize::from(*c) << 1,
        _ => 0,
    };
    (ends(name.as_bytes()) ^ name.len() << 3) % LATELY
}

impl RecordBatch {
    /// An empty batch whose first record will be `first`.
    pub fn new(first: RecordId) -> Self {
        Self { first, ..Self::default() }
    }

    /// An empty batch with room for `records` rows and `bytes` of text.
    pub fn with_capacity(first: RecordId, records: usize, bytes: usize) -> Self {
        let (text, rows) = (String::with_capacity(bytes), Vec::with_capacity(records));
        Self { first, text, rows, ..Self::default() }
    }

    /// Takes all records away; the next one will be `first`. The room stays.
    pub fn begin_again(&mut self, first: RecordId) {
        self.first = first;
        self.text.clear();
        self.rows.clear();
        self.components.clear();
        self.places.clear();
        self.lately = [0; LATELY];
    }

    /// Appends a record and returns its id. Component names are kept once.
    pub fn push(&mut self, r: NewRecord<'_>) -> RecordId {
        let component = self.intern(r.component);
        let start = self.text.len() as u32;
        self.text.push_str(r.text);
        self.rows.push(RecordMeta {
            time: r.time,
            observed: r.observed,
            offset: r.offset,
            start,
            len: r.text.len() as u32,
            message: r.message,
            component,
            source: r.source,
            template: r.template,
            severity: r.severity,
            flags: r.flags,
            shape: 0,
        });
        RecordId(self.first.0 + self.rows.len() as u64 - 1)
    }

    fn intern(&mut self, name: &str) -> u32 {
        if let Some(last) = self.rows.last()
            && self.components[last.component as usize] == name
        {
            return last.component;
        }
        // Few names come again and again.
        let at = lately(name);
        let place = self.lately[at];
        if self.components.get(place as usize).is_some_and(|known| known == name) {
            return place;
        }
        let place = self.places.get(name).copied().unwrap_or_else(|| {
            let place = self.components.len() as u32;
            self.components.push(name.to_owned());
            self.places.insert(name.to_owned(), place);
            place
        });
        self.lately[at] = place;
        place
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes of text held.
    pub fn text_bytes(&self) -> usize {
        self.text.len()
    }

    /// The fixed rows, in order.
    pub fn rows(&self) -> &[RecordMeta] {
        &self.rows
    }

    /// Adds bits of [`crate::flags`] to the i-th record and sets its severity.
    pub fn mark(&mut self, i: usize, flags: u8, severity: Severity) {
        self.rows[i].flags |= flags;
        self.rows[i].severity = severity;
    }

    /// Sets [`RecordMeta::shape`] of the last record.
    pub fn shape(&mut self, shape: u16) {
        if let Some(last) = self.rows.last_mut() {
            last.shape = shape;
        }
    }

    /// The texts of all records, one after the other without separators, in order.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Component names that [`RecordMeta::component`] points into.
    pub fn components(&self) -> &[String] {
        &self.components
    }

    /// The i-th record, borrowed.
    pub fn view(&self, i: usize) -> RecordView<'_> {
        let meta = self.rows[i];
        RecordView {
            id: RecordId(self.first.0 + i as u64),
            meta,
            component: &self.components[meta.component as usize],
            text: &self.text[meta.start as usize..(meta.start + meta.len) as usize],
        }
    }

    /// All records, borrowed, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = RecordView<'_>> + ExactSizeIterator {
        (0..self.rows.len()).map(|i| self.view(i))
    }
}

/// One record of a batch, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct RecordView<'a> {
    /// Number in the archive.
    pub id: RecordId,
    /// The fixed part.
    pub meta: RecordMeta,
    /// Component name, empty when unknown.
    pub component: &'a str,
    /// The whole text.
    pub text: &'a str,
}

impl<'a> RecordView<'a> {
    /// The message part of the text.
    pub fn message(&self) -> &'a str {
        self.text.get(self.meta.message.0 as usize..self.meta.message.1 as usize).unwrap_or(self.text)
    }

    /// An owned copy.
    pub fn to_record(&self) -> LogRecord {
        LogRecord {
            id: self.id,
            time: self.meta.time,
            observed: self.meta.observed,
            severity: self.meta.severity,
            source: self.meta.source,
            offset: self.meta.offset,
            template: self.meta.template,
            flags: self.meta.flags,
            component: self.component.to_owned(),
            text: self.text.to_owned(),
            message: self.meta.message,
        }
    }
}
