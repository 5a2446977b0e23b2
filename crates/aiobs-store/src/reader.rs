//! A read connection: records by id and by page. Questions with conditions are in `scan`, the ordinary tables in `lookup`.

use crate::chunk::DecodedChunk;
use crate::codec::Decoder;
use crate::damage::Damage;
use crate::error::{Doing, Result, StoreError};
use crate::header::ChunkHeader;
use crate::matcher::Matcher;
use crate::rows;
use aiobs_types::{FieldReader, LogQuery, LogRecord, RecordId};
use rusqlite::{Connection, Transaction};
use std::cell::RefCell;
use std::sync::Arc;

pub(crate) const DOING: &str = "reading the archive";
/// Decoded chunks kept, about 2 MiB each.
const CACHED: usize = 8;

/// Reads. It is `Send` and not `Sync`: each thread takes its own from [`crate::Store::reader`].
pub struct Reader {
    pub(crate) conn: Connection,
    cache: RefCell<Vec<(u32, Arc<DecodedChunk>)>>,
    cached: usize,
    fields: Option<Arc<dyn FieldReader>>,
    pub(crate) damage: Damage,
}

impl Reader {
    pub(crate) const fn new(conn: Connection, fields: Option<Arc<dyn FieldReader>>, damage: Damage) -> Self {
        Self { conn, cache: RefCell::new(Vec::new()), cached: CACHED, fields, damage }
    }

    /// Keeps so many decoded chunks, about 2 MiB each, instead of 8: for who looks here and there and rarely twice.
    #[must_use]
    pub fn caching(self, chunks: usize) -> Self {
        Self { cached: chunks, ..self }
    }

    /// Compiles a query as this reader answers it.
    ///
    /// # Errors
    /// As [`Matcher::with_fields`].
    pub fn matcher(&self, query: &LogQuery) -> Result<Matcher> {
        Matcher::with_fields(query, self.fields.as_ref())
    }

    /// Id that the next record gets; 1 for an empty archive.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn next_record_id(&self) -> Result<RecordId> {
        rows::next_record(&self.conn).map(RecordId).doing(DOING)
    }

    /// Id of the oldest record; `None` for an empty archive.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn first_record_id(&self) -> Result<Option<RecordId>> {
        rows::first_record(&self.conn).map(|id| id.map(RecordId)).doing(DOING)
    }

    /// Headers of the chunks that hold records from `first` on, rising; those with `sealed == false` are the tail,
    /// which later chunks replace.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn chunk_headers(&self, first: RecordId) -> Result<Vec<ChunkHeader>> {
        rows::headers(&self.conn, first.0, u64::MAX).doing(DOING)
    }

    /// The chunk that begins with record `first`; `None` when there is none (any more).
    ///
    /// # Errors
    /// [`crate::StoreError::Corrupt`] when its bytes are damaged; the other chunks stay readable.
    pub fn chunk(&self, first: RecordId) -> Result<Option<Arc<DecodedChunk>>> {
        let _view = self.snapshot()?;
        let Some(count) = self.count_of(first)? else { return Ok(None) };
        let mut cache = self.cache.borrow_mut();
        if let Some(i) = cache.iter().position(|(n, c)| c.first() == first && *n == count) {
            let hit = cache.remove(i);
            let chunk = Arc::clone(&hit.1);
            cache.insert(0, hit);
            return Ok(Some(chunk));
        }
        let Some(stored) = rows::chunk(&self.conn, first).doing(DOING)? else { return Ok(None) };
        let chunk =
            DecodedChunk::decode(&mut Decoder::new()?, &stored).inspect_err(|e| self.note(&stored.header, e))?;
        let chunk = Arc::new(chunk);
        cache.insert(0, (stored.header.count, Arc::clone(&chunk)));
        cache.truncate(self.cached);
        Ok(Some(chunk))
    }

    /// The chunk of this header when it is decoded already.
    pub(crate) fn decoded(&self, header: &ChunkHeader) -> Option<Arc<DecodedChunk>> {
        let cache = self.cache.borrow();
        let hit = cache.iter().find(|(n, c)| c.first() == header.first && *n == header.count)?;
        Some(Arc::clone(&hit.1))
    }

    /// Tells of damage.
    pub(crate) fn note(&self, header: &ChunkHeader, e: &StoreError) {
        if let StoreError::Corrupt { what, .. } = e {
            self.damage.met(header, what);
        }
    }

    /// One view of the database until what is returned is dropped: the tail may be replaced between two statements.
    /// Within another call's view (from a callback) that one serves.
    pub(crate) fn snapshot(&self) -> Result<Option<Transaction<'_>>> {
        self.conn.is_autocommit().then(|| self.conn.unchecked_transaction()).transpose().doing(DOING)
    }

    /// Number of records in the chunk that begins here; tells a chunk from the block it replaced.
    fn count_of(&self, first: RecordId) -> Result<Option<u32>> {
        use rusqlite::OptionalExtension;
        self.conn
            .prepare_cached("SELECT count FROM chunk WHERE first = ?")
            .doing(DOING)?
            .query_row([first.0 as i64], |r| r.get(0))
            .optional()
            .doing(DOING)
    }

    /// First record of the chunk that holds `id`, or of the next one after it.
    fn chunk_at(&self, id: RecordId) -> Result<Option<RecordId>> {
        use rusqlite::OptionalExtension;
        let id = id.0.min(i64::MAX as u64) as i64;
        let found: Option<(i64, i64)> = self
            .conn
            .prepare_cached("SELECT first, count FROM chunk WHERE first <= ? ORDER BY first DESC LIMIT 1")
            .doing(DOING)?
            .query_row([id], |r| Ok((r.get(0)?, r.get(1)?)))
            .optional()
            .doing(DOING)?;
        if let Some((first, count)) = found
            && id < first.saturating_add(count)
        {
            return Ok(Some(RecordId(first as u64)));
        }
        let next: Option<i64> = self
            .conn
            .prepare_cached("SELECT first FROM chunk WHERE first > ? ORDER BY first LIMIT 1")
            .doing(DOING)?
            .query_row([id], |r| r.get(0))
            .optional()
            .doing(DOING)?;
        Ok(next.map(|n| RecordId(n as u64)))
    }

    /// The records with these ids, in the order asked; those that are not stored (any more) are left out, as are
    /// those in damaged chunks.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn records(&self, ids: &[RecordId]) -> Result<Vec<LogRecord>> {
        let _view = self.snapshot()?;
        let mut found = Vec::with_capacity(ids.len());
        for &id in ids {
            let Some(first) = self.chunk_at(id)? else { continue };
            match self.chunk(first) {
                Ok(chunk) => found.extend(chunk.and_then(|c| c.by_id(id))),
                Err(StoreError::Corrupt { .. }) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(found)
    }

    /// Up to `before` records before and `after` records after this one on its source, by id and without it, looked for among
    /// `near` records of all sources on each side. Damaged chunks end the look.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn neighbours(&self, id: RecordId, before: usize, after: usize, near: u64) -> Result<Vec<LogRecord>> {
        let _view = self.snapshot()?;
        let Some(own) = self.records(&[id])?.pop() else { return Ok(Vec::new()) };
        let mut found = Vec::with_capacity(before + after);
        let older = (id.0.saturating_sub(near)..id.0).rev();
        self.walk(&own, older, before, &mut found)?;
        found.reverse();
        self.walk(&own, id.0 + 1..=id.0.saturating_add(near), after, &mut found)?;
        Ok(found)
    }

    /// Takes at most `most` records of the same source with these ids, in their order.
    fn walk(
        &self,
        own: &LogRecord,
        ids: impl Iterator<Item = u64>,
        most: usize,
        found: &mut Vec<LogRecord>,
    ) -> Result<()> {
        let (mut chunk, mut taken): (Option<Arc<DecodedChunk>>, usize) = (None, 0);
        for id in ids {
            if taken >= most {
                break;
            }
            let at = |c: &Arc<DecodedChunk>| id.checked_sub(c.first().0).filter(|i| *i < c.len() as u64);
            if chunk.as_ref().and_then(at).is_none() {
                let Some(first) = self.chunk_at(RecordId(id))?.filter(|first| first.0 <= id) else { break };
                chunk = match self.chunk(first) {
                    Ok(next) => next,
                    Err(StoreError::Corrupt { .. }) => break,
                    Err(e) => return Err(e),
                };
            }
            let view = chunk.as_ref().and_then(|c| c.view(at(c)? as usize));
            if let Some(view) = view.filter(|v| v.meta.source == own.source) {
                taken += 1;
                found.push(view.to_record());
            }
        }
        Ok(())
    }

    /// At most `count` records with ids from `first` on, rising. Damaged chunks are left out.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn page(&self, first: RecordId, count: usize) -> Result<Vec<LogRecord>> {
        let _view = self.snapshot()?;
        let mut page = Vec::new();
        let mut from = first;
        while page.len() < count {
            let Some(at) = self.chunk_at(from)? else { break };
            let next = match self.chunk(at) {
                Ok(Some(chunk)) => {
                    let skip = from.0.saturating_sub(at.0) as usize;
                    page.extend(chunk.iter().skip(skip).take(count - page.len()).map(|v| v.to_record()));
                    at.0 + chunk.len() as u64
                }
                Ok(None) => break,
                Err(StoreError::Corrupt { .. }) => at.0 + u64::from(self.count_of(at)?.unwrap_or(1)),
                Err(e) => return Err(e),
            };
            from = RecordId(next);
        }
        Ok(page)
    }
}
