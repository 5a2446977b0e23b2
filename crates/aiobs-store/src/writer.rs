//! The one writer. A commit is one transaction over records, checkpoints and everything that was learnt from those
//! records, so that a killed process continues without a lost, doubled or torn record.
//!
//! New records are first stored as small blocks, the tail, one per commit; once a chunk's worth is together, chunks
//! replace the blocks in the same transaction. A large commit writes chunks at once.

use crate::chunk::DecodedChunk;
use crate::codec::{Decoder, Encoder, Part};
use crate::error::{Doing, Result, StoreError};
use crate::outbox::{self, OutboxEntry};
use crate::rows;
use aiobs_types::{Checkpoint, Incident, Marker, MetricPoint, RecordBatch, RecordId, Span, Template, TemplateId};
use rusqlite::Connection;
use std::sync::Arc;

mod tables;

/// The tail becomes a chunk when it holds this many records or this much text.
const SEAL_ROWS: usize = 4096;
const SEAL_BYTES: usize = 1 << 20;
/// No chunk is made larger than this (but for a single record that is larger).
const CHUNK_ROWS: usize = 8192;
const CHUNK_BYTES: usize = 3 << 19;
/// More blocks than this are merged into one, so that a slow log does not leave thousands of rows.
const TAIL_BLOCKS: usize = 64;

const DOING: &str = "storing log records";

/// What is stored together.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// New records; ids rise and begin at or after [`Writer::next_record_id`].
    pub batches: Vec<Arc<RecordBatch>>,
    /// How far the sources are stored with these records.
    pub checkpoints: Vec<Checkpoint>,
    /// New or changed templates.
    pub templates: Vec<Template>,
    /// New or changed incidents.
    pub incidents: Vec<Incident>,
    /// New or changed spans.
    pub spans: Vec<Span>,
    /// Measured values. Those that are not finite are left out.
    pub metrics: Vec<MetricPoint>,
    /// New markers.
    pub markers: Vec<Marker>,
    /// Where templates stand in their life, in a word.
    pub lives: Vec<(TemplateId, &'static str)>,
    /// Named blobs, such as a detector's state; an empty one takes the name away.
    pub state: Vec<(String, Vec<u8>)>,
    /// What remotes are to be sent; see [`Writer::limit_outbox`].
    pub outbox: Vec<OutboxEntry>,
}

/// What a commit did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommitReport {
    /// Records stored.
    pub records: u64,
    /// Chunks sealed.
    pub sealed: u32,
    /// Bytes of records written, compressed.
    pub bytes: u64,
}

/// Writes; see [`Commit`].
pub struct Writer {
    pub(crate) conn: Connection,
    encoder: Encoder,
    tail: Vec<Arc<RecordBatch>>,
    blocks: usize,
    next: u64,
    outbox_limit: u32,
}

/// Records that are written as one row.
struct Piece<'a> {
    parts: Vec<Part<'a>>,
    sealed: bool,
}

impl Writer {
    pub(crate) fn new(conn: Connection) -> Result<Self> {
        let mut decoder = Decoder::new()?;
        let mut tail: Vec<Arc<RecordBatch>> = Vec::new();
        let mut blocks = 0;
        for stored in rows::tail(&conn).doing(DOING)? {
            match DecodedChunk::decode(&mut decoder, &stored) {
                Ok(chunk) => {
                    blocks += 1;
                    tail.push(Arc::new(chunk.to_batch()));
                }
                Err(e) => {
                    tracing::warn!("{e}; it stays as it is and is skipped");
                    conn.execute("UPDATE chunk SET sealed = 1 WHERE first = ?", [stored.header.first.0 as i64])
                        .doing(DOING)?;
                }
            }
        }
        let next = rows::next_record(&conn).doing(DOING)?;
        let outbox_limit = outbox::LIMIT;
        Ok(Self { conn, encoder: Encoder::new()?, tail, blocks, next, outbox_limit })
    }

    /// Id that the next record gets.
    pub const fn next_record_id(&self) -> RecordId {
        RecordId(self.next)
    }

    /// Stores everything or nothing.
    ///
    /// # Errors
    /// [`StoreError::Full`]: nothing was written and the same commit can be repeated. Others as they come.
    pub fn commit(&mut self, c: &Commit) -> Result<CommitReport> {
        let fresh: Vec<&Arc<RecordBatch>> = c.batches.iter().filter(|b| !b.is_empty()).collect();
        let mut next = self.next;
        for batch in &fresh {
            if batch.first.0 < next {
                let what = format!("record {} was already stored; the next one is R{next}", batch.first);
                return Err(StoreError::Other { doing: DOING, what });
            }
            next = batch.first.0 + batch.len() as u64;
        }
        let plan = Plan::new(&self.tail, &fresh, self.blocks);
        let tx = self.conn.transaction().doing(DOING)?;
        let mut report =
            CommitReport { records: fresh.iter().map(|b| b.len() as u64).sum(), ..CommitReport::default() };
        if plan.replaces_tail && self.blocks > 0 {
            tx.prepare_cached("DELETE FROM chunk WHERE sealed = 0").doing(DOING)?.execute([]).doing(DOING)?;
        }
        let mut open = false;
        for piece in &plan.pieces {
            let encoded = self.encoder.encode(&piece.parts, piece.sealed)?;
            rows::insert(&tx, &encoded).doing(DOING)?;
            report.bytes += u64::from(encoded.header.stored_bytes);
            report.sealed += u32::from(piece.sealed);
            open |= !piece.sealed;
        }
        tables::put_all(&tx, c)?;
        outbox::put(&tx, &c.outbox, self.outbox_limit)?;
        tx.commit().doing(DOING)?;
        let (replaced, kept) = (plan.replaces_tail, plan.kept);
        drop(plan);
        self.next = next;
        self.keep_tail(&fresh, replaced, kept, open);
        Ok(report)
    }

    /// Brings the tail in memory up to what was committed.
    fn keep_tail(&mut self, fresh: &[&Arc<RecordBatch>], replaced: bool, kept: usize, open: bool) {
        if replaced {
            self.blocks = 0;
        }
        self.blocks += usize::from(open);
        self.tail.extend(fresh.iter().map(|b| Arc::clone(b)));
        let sealed = self.tail.len() - kept.min(self.tail.len());
        self.tail.drain(..sealed);
    }

    /// Entries of the outbox kept per remote from now on; 20 000 when this is never called.
    pub const fn limit_outbox(&mut self, entries: u32) {
        self.outbox_limit = entries;
    }

    /// Forgets what a remote has been sent: its entries up to and with `through`.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn ack_outbox(&mut self, remote: &str, through: u64) -> Result<()> {
        outbox::forget(&self.conn, remote, through)
    }

    /// Bytes of the database file, without its write-ahead log.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn size_bytes(&self) -> Result<u64> {
        let sql = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
        self.conn
            .prepare_cached(sql)
            .and_then(|mut s| s.query_row([], |r| r.get::<_, i64>(0)))
            .map(|n| n as u64)
            .doing(DOING)
    }

    /// Moves what is in the write-ahead log into the database and empties the log. Readers that are in the middle
    /// of a query may hold it up; then it is done as far as it goes.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn checkpoint_wal(&self) -> Result<()> {
        self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).doing("writing the database")
    }
}

/// What a commit writes.
struct Plan<'a> {
    pieces: Vec<Piece<'a>>,
    /// Whether the blocks of the tail are written again, within `pieces`.
    replaces_tail: bool,
    /// Number of batches, counted from the newest, that are the tail afterwards.
    kept: usize,
}

impl<'a> Plan<'a> {
    fn new(tail: &'a [Arc<RecordBatch>], fresh: &[&'a Arc<RecordBatch>], blocks: usize) -> Self {
        let mut plan = Self { pieces: Vec::new(), replaces_tail: false, kept: tail.len() };
        if fresh.is_empty() {
            return plan;
        }
        let part = |batch: &'a Arc<RecordBatch>| Part { batch, rows: 0..batch.len() };
        let all: Vec<Part<'a>> = tail.iter().chain(fresh.iter().copied()).map(part).collect();
        let runs = runs(&all);
        let (last, before) = match runs.split_last() {
            Some((last, before)) => (*last, before),
            None => return plan,
        };
        let large = size(last).0 >= SEAL_ROWS || size(last).1 >= SEAL_BYTES;
        plan.replaces_tail = large || !before.is_empty() || blocks + 1 >= TAIL_BLOCKS;
        for run in before {
            split(run, &mut plan.pieces);
        }
        if large {
            split(last, &mut plan.pieces);
            plan.kept = 0;
        } else if plan.replaces_tail {
            plan.pieces.push(Piece { parts: last.to_vec(), sealed: false });
            plan.kept = last.len();
        } else {
            plan.pieces.push(Piece { parts: fresh.iter().copied().map(part).collect(), sealed: false });
            plan.kept = all.len();
        }
        plan
    }
}

fn size(parts: &[Part<'_>]) -> (usize, usize) {
    parts.iter().fold((0, 0), |(rows, bytes), p| (rows + p.batch.len(), bytes + p.batch.text_bytes()))
}

/// Splits where record ids leave a gap: a chunk numbers its records by its first one.
fn runs<'p, 'a>(parts: &'p [Part<'a>]) -> Vec<&'p [Part<'a>]> {
    parts.chunk_by(|a, b| a.batch.first.0 + a.batch.len() as u64 == b.batch.first.0).collect()
}

/// Cuts a run into sealed chunks: batches that are as large as a chunk are one each, what lies between them is cut into
/// parts of about equal size.
fn split<'a>(run: &[Part<'a>], out: &mut Vec<Piece<'a>>) {
    let large = |part: &Part<'a>| {
        let (rows, bytes) = size(std::slice::from_ref(part));
        (rows >= SEAL_ROWS || bytes >= SEAL_BYTES) && rows <= CHUNK_ROWS && bytes <= CHUNK_BYTES
    };
    for few in run.chunk_by(|a, b| !large(a) && !large(b)) {
        match few {
            [one] if large(one) => out.push(Piece { parts: few.to_vec(), sealed: true }),
            _ => cut(few, out),
        }
    }
}

/// Cuts into sealed chunks of about equal size.
fn cut<'a>(run: &[Part<'a>], out: &mut Vec<Piece<'a>>) {
    let (rows, bytes) = size(run);
    let chunks = rows.div_ceil(CHUNK_ROWS).max(bytes.div_ceil(CHUNK_BYTES)).max(1);
    let most = rows.div_ceil(chunks);
    let mut piece = Piece { parts: Vec::new(), sealed: true };
    let (mut held, mut text) = (0, 0);
    for part in run {
        let mut start = 0;
        for (i, meta) in part.batch.rows().iter().enumerate() {
            let len = meta.len as usize;
            if held > 0 && (held >= most || text + len > CHUNK_BYTES) {
                if i > start {
                    piece.parts.push(Part { batch: part.batch, rows: start..i });
                }
                out.push(std::mem::replace(&mut piece, Piece { parts: Vec::new(), sealed: true }));
                (held, text, start) = (0, 0, i);
            }
            held += 1;
            text += len;
        }
        if start < part.batch.len() {
            piece.parts.push(Part { batch: part.batch, rows: start..part.batch.len() });
        }
    }
    if !piece.parts.is_empty() {
        out.push(piece);
    }
}
