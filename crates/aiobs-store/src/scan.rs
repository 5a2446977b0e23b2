//! Questions with conditions: chunks that the headers do not rule out are read in order, decompressed and searched by
//! two threads, and handed to the caller in order.

use crate::chunk::DecodedChunk;
use crate::codec::{Decoder, Stored, damaged};
use crate::error::{Doing, Result, StoreError};
use crate::header::ChunkHeader;
use crate::matcher::Matcher;
use crate::reader::{DOING, Reader};
use crate::rows;
use aiobs_types::{LogQuery, Order, RecordView};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Threads that search.
const WORKERS: usize = 2;
/// Chunks on the way per thread.
const AHEAD: usize = 3;
/// Fewer chunks than this are searched without threads.
const FEW: usize = 3;

/// What a scan did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueryStats {
    /// Records covered, also by headers alone.
    pub scanned: u64,
    /// Records handed to the caller.
    pub matched: u64,
    /// Chunks ruled out by their header.
    pub skipped_chunks: u64,
    /// Chunks with damaged bytes, left out.
    pub damaged_chunks: u64,
    /// Whether it was cancelled, stopped by the caller, or ended by the limit.
    pub stopped: bool,
}

/// The matches in one chunk.
#[derive(Clone, Debug)]
pub struct ChunkHits {
    /// Header of the chunk.
    pub header: ChunkHeader,
    /// Indexes of its records that match, rising; empty when it was ruled out.
    pub rows: Vec<u32>,
    /// The records, when any match. Others among them may be without their text.
    pub chunk: Option<Arc<DecodedChunk>>,
    /// How the chunk's bytes are damaged, if they are.
    pub damaged: Option<String>,
}

impl ChunkHits {
    const fn none(header: ChunkHeader) -> Self {
        Self { header, rows: Vec::new(), chunk: None, damaged: None }
    }

    pub(crate) fn gone(header: ChunkHeader) -> Self {
        Self { damaged: Some("their bytes are gone".to_owned()), ..Self::none(header) }
    }
}

impl Reader {
    /// Hands every matching record to `on`, in the query's order, until it breaks, the limit is reached or `cancel` is set.
    ///
    /// # Errors
    /// [`StoreError::Query`] for a bad regular expression, and faults of the disk. A damaged chunk is no error.
    pub fn query(
        &self,
        query: &LogQuery,
        cancel: &AtomicBool,
        on: &mut dyn FnMut(&RecordView<'_>) -> ControlFlow<()>,
    ) -> Result<QueryStats> {
        let limit = if query.limit == 0 { u64::MAX } else { query.limit as u64 };
        let mut matched = 0;
        let mut each = |hits: &ChunkHits| {
            let Some(chunk) = &hits.chunk else { return ControlFlow::Continue(()) };
            let mut one = |&i: &u32| {
                let Some(view) = chunk.view(i as usize) else { return ControlFlow::Continue(()) };
                matched += 1;
                on(&view)?;
                if matched >= limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            match query.order {
                Order::OldestFirst => hits.rows.iter().try_for_each(&mut one),
                Order::NewestFirst => hits.rows.iter().rev().try_for_each(&mut one),
            }
        };
        let matcher = self.matcher(query)?;
        let mut stats = self.scan(&matcher, query.order, cancel, &mut each)?;
        stats.matched = matched;
        Ok(stats)
    }

    /// Hands the matches of every chunk to `on`, chunk by chunk, also of those without any, so that a view can keep
    /// lists of matching rows and tell how far the scan is.
    ///
    /// # Errors
    /// Faults of the disk. A damaged chunk is no error.
    pub fn scan(
        &self,
        matcher: &Matcher,
        order: Order,
        cancel: &AtomicBool,
        on: &mut dyn FnMut(&ChunkHits) -> ControlFlow<()>,
    ) -> Result<QueryStats> {
        let _view = self.snapshot()?;
        let query = matcher.query();
        let first = query.first.map_or(0, |id| id.0);
        let last = query.last.map_or(u64::MAX, |id| id.0);
        let mut headers = rows::headers(&self.conn, first, last).doing(DOING)?;
        if order == Order::NewestFirst {
            headers.reverse();
        }
        let mut stats = QueryStats::default();
        let mut take = |hits: ChunkHits| {
            stats.scanned += u64::from(hits.header.count);
            stats.matched += hits.rows.len() as u64;
            if let Some(what) = &hits.damaged {
                stats.damaged_chunks += 1;
                self.damage.met(&hits.header, what);
            }
            stats.skipped_chunks += u64::from(!matcher.may_match(&hits.header));
            let flow = on(&hits);
            stats.stopped = flow.is_break();
            flow
        };
        let candidates = headers.iter().filter(|h| matcher.may_match(h)).count();
        if candidates < FEW {
            one_by_one(&self.conn, matcher, headers, cancel, &mut take)?;
        } else {
            in_parallel(&self.conn, matcher, headers, cancel, &mut take)?;
        }
        stats.stopped |= cancel.load(Ordering::Relaxed);
        Ok(stats)
    }
}

type Take<'t> = dyn FnMut(ChunkHits) -> ControlFlow<()> + 't;

fn one_by_one(
    conn: &rusqlite::Connection,
    matcher: &Matcher,
    headers: Vec<ChunkHeader>,
    cancel: &AtomicBool,
    take: &mut Take<'_>,
) -> Result<()> {
    let mut decoder = Decoder::new()?;
    for header in headers {
        if cancel.load(Ordering::Relaxed) {
            break;
        }
        let hits = match read(conn, matcher, header)? {
            Job::Search(stored) => search(&mut decoder, matcher, *stored)?,
            Job::Nothing(header) => ChunkHits::none(header),
            Job::Gone(header) => ChunkHits::gone(header),
        };
        if take(hits).is_break() {
            break;
        }
    }
    Ok(())
}

/// What is to be done with a chunk.
enum Job {
    Search(Box<Stored>),
    Nothing(ChunkHeader),
    /// It should be there and is not.
    Gone(ChunkHeader),
}

fn read(conn: &rusqlite::Connection, matcher: &Matcher, header: ChunkHeader) -> Result<Job> {
    if !matcher.may_match(&header) {
        return Ok(Job::Nothing(header));
    }
    Ok(match rows::chunk(conn, header.first).doing(DOING)? {
        Some(stored) => Job::Search(Box::new(stored)),
        None => Job::Gone(header),
    })
}

/// Decompresses and searches one chunk, doing as little of both as will do.
pub(crate) fn search(decoder: &mut Decoder, matcher: &Matcher, stored: Stored) -> Result<ChunkHits> {
    match try_search(decoder, matcher, &stored) {
        Ok((rows, chunk)) => Ok(ChunkHits { header: stored.header, rows, chunk, damaged: None }),
        Err(StoreError::Corrupt { what, .. }) => {
            Ok(ChunkHits { damaged: Some(what), ..ChunkHits::none(stored.header) })
        }
        Err(e) => Err(e),
    }
}

fn try_search(
    decoder: &mut Decoder,
    matcher: &Matcher,
    stored: &Stored,
) -> Result<(Vec<u32>, Option<Arc<DecodedChunk>>)> {
    let first = stored.header.first;
    let frames = decoder.frames(stored)?;
    let may = frames.may_hold(matcher.clues())?;
    if !may.contains(&true) {
        return Ok((Vec::new(), None));
    }
    let rows = decoder.rows(stored)?;
    if rows.shapes.iter().any(|shape| *shape as usize >= may.len()) {
        return Err(damaged(first, "records of a shape that is not there"));
    }
    // Texts are put together for shapes that some candidate has.
    let mut wanted = vec![false; may.len()];
    let mut keep = matcher.by_columns(first, &rows.metas, &rows.components);
    keep.retain(|&i| {
        let shape = rows.shapes[i as usize] as usize;
        wanted[shape] = may[shape];
        may[shape]
    });
    if keep.is_empty() {
        return Ok((Vec::new(), None));
    }
    let text = frames.text(&rows, Some(&wanted))?;
    if !matcher.ignores_text() && matcher.rules_out(&text) {
        return Ok((Vec::new(), None));
    }
    let chunk = DecodedChunk::join(first, rows, text, &wanted)?;
    let hits = matcher.among(keep, &chunk);
    let chunk = (!hits.is_empty()).then(|| Arc::new(chunk));
    Ok((hits, chunk))
}

/// Sends chunk i to thread i modulo [`WORKERS`] and takes the answers in the same order.
fn in_parallel(
    conn: &rusqlite::Connection,
    matcher: &Matcher,
    headers: Vec<ChunkHeader>,
    cancel: &AtomicBool,
    take: &mut Take<'_>,
) -> Result<()> {
    thread::scope(|scope| {
        let mut lanes = Vec::with_capacity(WORKERS);
        for _ in 0..WORKERS {
            let (jobs, todo) = sync_channel::<Job>(AHEAD);
            let (done, answers) = sync_channel::<Result<ChunkHits>>(AHEAD);
            scope.spawn(move || work(matcher, &todo, &done, cancel));
            lanes.push((jobs, answers));
        }
        let mut headers = headers.into_iter();
        let (mut sent, mut taken) = (0, 0);
        loop {
            while sent - taken < WORKERS * AHEAD
                && let Some(header) = headers.next()
            {
                let job = read(conn, matcher, header)?;
                if lanes[sent % WORKERS].0.send(job).is_err() {
                    break;
                }
                sent += 1;
            }
            if taken == sent || cancel.load(Ordering::Relaxed) {
                return Ok(());
            }
            let Ok(answer) = lanes[taken % WORKERS].1.recv() else { return Ok(()) };
            taken += 1;
            if take(answer?).is_break() {
                return Ok(());
            }
        }
    })
}

fn work(matcher: &Matcher, todo: &Receiver<Job>, done: &SyncSender<Result<ChunkHits>>, cancel: &AtomicBool) {
    let mut decoder = None;
    while let Ok(job) = todo.recv() {
        if cancel.load(Ordering::Relaxed) {
            return;
        }
        let answer = match job {
            Job::Nothing(header) => Ok(ChunkHits::none(header)),
            Job::Gone(header) => Ok(ChunkHits::gone(header)),
            Job::Search(stored) => match &mut decoder {
                Some(d) => search(d, matcher, *stored),
                None => Decoder::new().and_then(|d| search(decoder.insert(d), matcher, *stored)),
            },
        };
        if done.send(answer).is_err() {
            return;
        }
    }
}
