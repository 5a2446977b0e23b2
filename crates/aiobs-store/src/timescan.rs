//! All matching records of the archive by event time, one after another: what exports and searches that ask for this
//! order read. A chunk is opened when the merge gets to its times. Memory is bounded also when the times of every chunk
//! overlap: then only the next few records of each are held, and the chunk is opened again for those after them.

use crate::codec::Decoder;
use crate::error::{Doing, Result};
use crate::header::ChunkHeader;
use crate::matcher::Matcher;
use crate::reader::{DOING, Reader};
use crate::scan::ChunkHits;
use crate::timeorder::TimeKey;
use crate::{rows, scan};
use aiobs_types::{LogQuery, LogRecord, Order};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes of records held at once, but for [`LEAST`] of each chunk that is open.
const HELD: usize = 48 << 20;
/// Bytes of records that are taken from a chunk at least.
const LEAST: usize = 16 << 10;
/// What a record takes beside its text, about.
const BESIDE: usize = 160;

/// A step of [`Reader::by_time`].
#[derive(Debug)]
pub enum TimeStep {
    /// So many records more are looked through, or ruled out.
    Scanned(u64),
    /// The next match.
    Record(LogRecord),
}

/// The next records of an open chunk, the nearest last.
struct Piece {
    records: Vec<LogRecord>,
    /// Whether the chunk has more after these.
    more: bool,
}

/// When a record's turn comes: keys that rise forward, and backward as well.
type Turn = (i64, i64);

/// What the merge stands on.
struct Merge<'a> {
    reader: &'a Reader,
    matcher: &'a Matcher,
    decoder: Decoder,
    headers: Vec<ChunkHeader>,
    newest_first: bool,
    held: usize,
}

const fn size(r: &LogRecord) -> usize {
    r.text.len() + BESIDE
}

impl Merge<'_> {
    const fn turn(&self, key: TimeKey) -> Turn {
        let (time, id) = (key.time.0, key.id.0 as i64);
        if self.newest_first { (!time, !id) } else { (time, id) }
    }

    /// When a chunk's first record may come.
    const fn due(&self, header: &ChunkHeader) -> i64 {
        if self.newest_first { !header.max_time.0 } else { header.min_time.0 }
    }

    const fn of(&self, r: &LogRecord) -> Turn {
        self.turn(TimeKey { time: r.time, id: r.id })
    }

    /// The records of a chunk whose turn is after `after`, as many as there is room for; at most `most`.
    fn open(&mut self, chunk: usize, after: Option<Turn>, most: usize) -> Result<Piece> {
        let mut piece = Piece { records: Vec::new(), more: false };
        let first = self.headers[chunk].first;
        let hits = match rows::chunk(&self.reader.conn, first).doing(DOING)? {
            Some(stored) => scan::search(&mut self.decoder, self.matcher, stored)?,
            None => ChunkHits::gone(self.headers[chunk].clone()),
        };
        if let Some(what) = &hits.damaged {
            self.reader.damage.met(&hits.header, what);
        }
        let Some(decoded) = hits.chunk else { return Ok(piece) };
        let turn = |&i: &u32| decoded.view(i as usize).map(|v| self.turn(TimeKey { time: v.meta.time, id: v.id }));
        let mut due: Vec<(Turn, u32)> = hits.rows.iter().filter_map(|i| Some((turn(i)?, *i))).collect();
        due.retain(|(t, _)| after.is_none_or(|after| *t > after));
        due.sort_unstable();
        let room = (HELD.saturating_sub(self.held) / 8).max(LEAST);
        let mut taken = 0;
        for (_, i) in &due {
            if taken >= room || piece.records.len() >= most {
                piece.more = true;
                break;
            }
            if let Some(record) = decoded.record(*i as usize) {
                taken += size(&record);
                piece.records.push(record);
            }
        }
        self.held += taken;
        piece.records.reverse();
        Ok(piece)
    }
}

impl Reader {
    /// Hands every matching record to `on` by event time (those of one time as they came; all the other way round when
    /// the query asks for the newest first), until it breaks, the limit is reached or `cancel` is set. Returns whether
    /// it went to the end.
    ///
    /// # Errors
    /// [`crate::StoreError::Query`] for a bad regular expression, and faults of the disk. A damaged chunk is no error.
    pub fn by_time(
        &self,
        query: &LogQuery,
        cancel: &AtomicBool,
        on: &mut dyn FnMut(TimeStep) -> ControlFlow<()>,
    ) -> Result<bool> {
        let _view = self.snapshot()?;
        let matcher = self.matcher(query)?;
        let (first, last) = (query.first.map_or(0, |id| id.0), query.last.map_or(u64::MAX, |id| id.0));
        let all = rows::headers(&self.conn, first, last).doing(DOING)?;
        let (headers, without): (Vec<_>, Vec<_>) = all.into_iter().partition(|h| matcher.may_match(h));
        let ruled_out = without.iter().map(|h| u64::from(h.count)).sum();
        if on(TimeStep::Scanned(ruled_out)).is_break() {
            return Ok(false);
        }
        let newest_first = query.order == Order::NewestFirst;
        let mut left = if query.limit == 0 { usize::MAX } else { query.limit };
        let mut merge =
            Merge { reader: self, matcher: &matcher, decoder: Decoder::new()?, headers, newest_first, held: 0 };
        // The next one to open is the last.
        let mut todo: Vec<usize> = (0..merge.headers.len()).collect();
        todo.sort_by_key(|&i| Reverse((merge.due(&merge.headers[i]), i)));
        let mut pieces: Vec<Option<Piece>> = merge.headers.iter().map(|_| None).collect();
        let mut heap: BinaryHeap<Reverse<(Turn, usize)>> = BinaryHeap::new();
        while left > 0 {
            while let Some(&i) = todo.last() {
                if cancel.load(Ordering::Relaxed) {
                    return Ok(false);
                }
                let next = heap.peek().map(|Reverse((turn, _))| turn.0);
                if next.is_some_and(|next| merge.due(&merge.headers[i]) > next) {
                    break;
                }
                todo.pop();
                let piece = merge.open(i, None, left)?;
                heap.extend(piece.records.last().map(|r| Reverse((merge.of(r), i))));
                pieces[i] = Some(piece);
                if on(TimeStep::Scanned(u64::from(merge.headers[i].count))).is_break() {
                    return Ok(false);
                }
            }
            let Some(Reverse((turn, i))) = heap.pop() else { return Ok(true) };
            let Some(piece) = &mut pieces[i] else { continue };
            let Some(record) = piece.records.pop() else { continue };
            merge.held = merge.held.saturating_sub(size(&record));
            if piece.records.is_empty() {
                if cancel.load(Ordering::Relaxed) {
                    return Ok(false);
                }
                pieces[i] = if piece.more { Some(merge.open(i, Some(turn), left)?) } else { None };
            }
            let next = pieces[i].as_ref().and_then(|p| p.records.last());
            heap.extend(next.map(|r| Reverse((merge.of(r), i))));
            left -= 1;
            if on(TimeStep::Record(record)).is_break() {
                return Ok(false);
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failing test should panic")]
    use super::*;
    use crate::{Commit, Store};
    use aiobs_types::{NewRecord, RecordBatch, RecordId, Severity, SourceId, TemplateId, Timestamp};
    use std::sync::Arc;

    /// A batch whose records have these times; texts so long that few of them fill what is held of a chunk.
    fn batch(first: u64, times: &[i64], fill: usize) -> Arc<RecordBatch> {
        let mut batch = RecordBatch::new(RecordId(first));
        for (id, time) in (first..).zip(times) {
            let text = format!("at {time} number {id} {}", "x".repeat(fill));
            batch.push(NewRecord {
                time: Timestamp(*time),
                observed: Timestamp(0),
                offset: id,
                source: SourceId(1),
                template: TemplateId(1),
                severity: Severity::INFO,
                flags: 0,
                component: "",
                text: &text,
                message: (0, text.len() as u32),
            });
        }
        Arc::new(batch)
    }

    fn filled(dir: &std::path::Path, stretches: &[Vec<i64>], fill: usize) -> (Store, Vec<(i64, u64)>) {
        let store = Store::open(dir).unwrap().0;
        let mut writer = store.writer().unwrap();
        let (mut next, mut all) = (1, Vec::new());
        for times in stretches {
            let batches = vec![batch(next, times, fill)];
            writer.commit(&Commit { batches, ..Commit::default() }).unwrap();
            all.extend(times.iter().copied().zip(next..));
            next += times.len() as u64;
        }
        all.sort_unstable();
        (store, all)
    }

    fn read(store: &Store, query: &LogQuery) -> (Vec<(i64, u64)>, u64) {
        let (mut found, mut scanned) = (Vec::new(), 0);
        let mut on = |step| {
            match step {
                TimeStep::Scanned(n) => scanned += n,
                TimeStep::Record(r) => {
                    assert!(r.text.starts_with(&format!("at {} number {} ", r.time.0, r.id.0)));
                    found.push((r.time.0, r.id.0));
                }
            }
            ControlFlow::Continue(())
        };
        store.reader().unwrap().by_time(query, &AtomicBool::new(false), &mut on).unwrap();
        (found, scanned)
    }

    #[test]
    fn records_come_by_time_in_both_directions() {
        let dir = tempfile::tempdir().unwrap();
        // Thousands in each, so that they become chunks of their own; times interleave, and one is far off.
        let interleaved: Vec<Vec<i64>> = (0..6_i64)
            .map(|k| (0..3_000_i64).map(|i| if i == 7 { i64::MIN + k } else { (i * 7 % 3_000) * 6 + k % 3 }).collect())
            .collect();
        let (store, all) = filled(dir.path(), &interleaved, 0);
        let (found, scanned) = read(&store, &LogQuery::default());
        assert!(found == all, "oldest first");
        assert_eq!(scanned, 18_000);
        let newest = LogQuery { order: Order::NewestFirst, ..LogQuery::default() };
        let (mut found, _) = read(&store, &newest);
        found.reverse();
        assert!(found == all, "newest first");
        let some = LogQuery { limit: 25, from: Some(Timestamp(5_000)), ..LogQuery::default() };
        let expected: Vec<_> = all.iter().copied().filter(|(t, _)| *t >= 5_000).take(25).collect();
        assert_eq!(read(&store, &some).0, expected);
    }

    #[test]
    fn chunks_that_all_overlap_are_read_in_pieces() {
        let dir = tempfile::tempdir().unwrap();
        let overlapping: Vec<Vec<i64>> =
            (0..8_i64).map(|k| (0..2_000_i64).map(|i| (i * 613 % 2_000) * 8 + k).collect()).collect();
        let (store, all) = filled(dir.path(), &overlapping, 1_500);
        let reader = store.reader().unwrap();
        let matcher = reader.matcher(&LogQuery::default()).unwrap();
        let headers = reader.chunk_headers(RecordId(0)).unwrap();
        let count = headers[0].count as usize;
        let mut merge = Merge {
            reader: &reader,
            matcher: &matcher,
            decoder: Decoder::new().unwrap(),
            headers,
            newest_first: false,
            held: HELD,
        };
        // With nothing free, a piece is small, and the pieces after one another are the chunk.
        let (mut after, mut turns, mut pieces) = (None, Vec::new(), 0);
        loop {
            let piece = merge.open(0, after, usize::MAX).unwrap();
            assert!(piece.records.iter().map(size).sum::<usize>() < LEAST + 2_000);
            turns.extend(piece.records.iter().rev().map(|r| merge.of(r)));
            after = turns.last().copied();
            pieces += 1;
            if !piece.more {
                break;
            }
        }
        assert!(pieces > 10 && turns.is_sorted() && turns.len() == count, "{pieces} pieces, {} records", turns.len());
        assert!(read(&store, &LogQuery::default()).0 == all);
    }
}
