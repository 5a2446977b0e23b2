//! Windows in the order of event time: chunks of the archive and batches in memory, merged. Counting stays as in the
//! order of arrival; the counts per stretch tell how far down a row is without opening what lies before it.

use super::index::MatchIndex;
use super::{Halt, Worker};
use crate::runtime::events::{Anchor, LogsPage, LogsRequest};
use crate::runtime::previews::Shown;
use aiobs_store::{ChunkHeader, Keys, Matcher, Reader, Stretch, TimeKey, nth, rank, walk};
use aiobs_types::{LogRecord, RecordBatch, RecordId, Timestamp};
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Opened chunks whose keys are kept, about 128 KiB each.
const KEPT: usize = 96;
/// A record dated further after the newest arrival than this has a wrong clock; following does not wait at it.
const AHEAD: i64 = 60_000_000_000;
/// A record dated this much before the first row of a followed view came in above it.
const LATE: i64 = 5_000_000_000;

/// What is kept between windows.
#[derive(Default)]
pub(super) struct TimeView {
    /// Of the archive, rising.
    headers: Vec<ChunkHeader>,
    /// Keys of matching records of sealed chunks, by first id; of the query that is shown.
    kept: VecDeque<(u64, Keys)>,
    /// Of the last window that followed: the next id then, and the first row seen.
    followed: Option<(u64, TimeKey)>,
}

impl TimeView {
    /// Another query is shown.
    pub(super) fn forget(&mut self) {
        self.kept.clear();
        self.followed = None;
    }

    /// Brings the headers up to date: what retention dropped goes, blocks of the tail are replaced.
    fn sync(&mut self, reader: &Reader, first: u64) -> Result<(), Halt> {
        self.headers.retain(|h| h.sealed && h.last().0 >= first);
        let from = self.headers.last().map_or(0, |h| h.last().0 + 1);
        self.headers.extend(reader.chunk_headers(RecordId(from))?);
        Ok(())
    }
}

/// Where a stretch's records are.
enum Place {
    /// In the archive: first id, whether it is sealed.
    Chunk(u64, bool),
    Batch(Arc<RecordBatch>),
}

/// Everything there is at one moment, as stretches.
struct World {
    spans: Vec<Stretch>,
    places: Vec<Place>,
    /// First and one-past-last id of each.
    ids: Vec<(u64, u64)>,
    /// How many of those match that are shown before they are read: they are in no index.
    ahead: Vec<Option<u64>>,
    /// When the newest record was read.
    newest: Option<Timestamp>,
}

impl World {
    fn new(headers: &[ChunkHeader], batches: Vec<Arc<RecordBatch>>, first: u64, live: u64, next: u64) -> Self {
        let mut w = Self { spans: Vec::new(), places: Vec::new(), ids: Vec::new(), ahead: Vec::new(), newest: None };
        for h in headers.iter().filter(|h| h.first.0 < live) {
            w.spans.push(Stretch { min_time: h.min_time, max_time: h.max_time });
            w.places.push(Place::Chunk(h.first.0, h.sealed));
            w.ids.push((h.first.0.max(first), (h.last().0 + 1).min(live)));
            w.newest = w.newest.max(Some(h.max_observed));
        }
        for batch in batches {
            let (lo, hi) = (batch.first.0, (batch.first.0 + batch.len() as u64).min(next));
            let times = || batch.rows().iter().map(|r| r.time);
            let (Some(min_time), Some(max_time)) = (times().min(), times().max()) else { continue };
            w.newest = w.newest.max(batch.rows().last().map(|r| r.observed));
            w.spans.push(Stretch { min_time, max_time });
            w.ids.push((lo, hi));
            w.places.push(Place::Batch(batch));
        }
        w.ahead = vec![None; w.ids.len()];
        w
    }

    /// Adds lines that are shown before they are read.
    fn show(&mut self, ahead: &[Shown], matcher: &Matcher) {
        for shown in ahead {
            let times = || shown.iter().map(|v| v.meta.time);
            let (Some(min_time), Some(max_time)) = (times().min(), times().max()) else { continue };
            self.newest = self.newest.max(shown.batch.rows().last().map(|r| r.observed));
            self.spans.push(Stretch { min_time, max_time });
            self.ids.push(shown.ids());
            self.places.push(Place::Batch(Arc::clone(&shown.batch)));
            self.ahead.push(Some(shown.iter().filter(|v| matcher.matches(v)).count() as u64));
        }
    }

    /// Matches among lines that are shown before they are read.
    fn unstored(&self) -> u64 {
        self.ahead.iter().flatten().sum()
    }

    /// Matches known in the i-th stretch.
    fn count(&self, i: usize, index: &MatchIndex) -> u64 {
        self.ahead[i].unwrap_or_else(|| index.rank(self.ids[i].1) - index.rank(self.ids[i].0))
    }
}

/// Opens stretches for one matcher.
struct Opener<'a> {
    reader: &'a Reader,
    world: &'a World,
    matcher: &'a Matcher,
    index: &'a MatchIndex,
    /// Keys of what was opened, when `matcher` is that of the index.
    kept: Option<&'a mut VecDeque<(u64, Keys)>>,
    cancel: &'a AtomicBool,
}

impl Opener<'_> {
    /// Matches known in the i-th stretch; `None` while not all of it was scanned.
    fn known(&self, i: usize) -> Option<u64> {
        let (lo, hi) = self.world.ids[i];
        (self.world.ahead[i].is_some() || self.index.is_scanned(lo, hi)).then(|| self.world.count(i, self.index))
    }

    fn open(&mut self, i: usize) -> aiobs_store::Result<Option<Keys>> {
        if self.cancel.load(Ordering::SeqCst) {
            return Ok(None);
        }
        if self.known(i) == Some(0) {
            return Ok(Some(Keys::from([])));
        }
        let (lo, hi) = self.world.ids[i];
        match &self.world.places[i] {
            Place::Batch(batch) => {
                let wanted = batch.iter().filter(|v| (lo..hi).contains(&v.id.0) && self.matcher.matches(v));
                let mut keys: Vec<TimeKey> = wanted.map(|v| TimeKey { time: v.meta.time, id: v.id }).collect();
                keys.sort_unstable();
                Ok(Some(keys.into()))
            }
            Place::Chunk(first, sealed) => {
                let keys = self.chunk(*first, *sealed)?;
                // Its last records may be in memory as well.
                let inside = |k: &TimeKey| (lo..hi).contains(&k.id.0);
                Ok(Some(if keys.iter().all(inside) { keys } else { keys.iter().copied().filter(inside).collect() }))
            }
        }
    }

    fn chunk(&mut self, first: u64, sealed: bool) -> aiobs_store::Result<Keys> {
        if let Some(kept) = &mut self.kept
            && let Some(i) = kept.iter().position(|(f, _)| *f == first)
            && let Some(hit) = kept.remove(i)
        {
            let keys = Arc::clone(&hit.1);
            kept.push_front(hit);
            return Ok(keys);
        }
        let keys: Keys = self.reader.time_keys(RecordId(first), self.matcher)?.into();
        if let Some(kept) = self.kept.as_mut().filter(|_| sealed) {
            kept.push_front((first, Arc::clone(&keys)));
            kept.truncate(KEPT);
        }
        Ok(keys)
    }

    /// Up to `n` keys at or after `from`, rising, or before it, falling.
    fn take(&mut self, from: TimeKey, forward: bool, n: usize) -> Result<Vec<TimeKey>, Halt> {
        let mut keys = Vec::with_capacity(n);
        if n == 0 {
            return Ok(keys);
        }
        let world = self.world;
        let whole = walk(&world.spans, from, forward, &mut |i| self.open(i), &mut |key| {
            keys.push(key);
            if keys.len() < n { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        if whole { Ok(keys) } else { Err(Halt::Cancelled) }
    }

    /// Known matches before `key`.
    fn rank(&mut self, key: TimeKey) -> Result<u64, Halt> {
        let (world, index) = (self.world, self.index);
        let count = |i: usize| world.count(i, index);
        rank(&world.spans, key, &count, &mut |i| self.open(i))?.ok_or(Halt::Cancelled)
    }

    fn nth(&mut self, n: u64) -> Result<Option<TimeKey>, Halt> {
        let (world, index) = (self.world, self.index);
        let count = |i: usize| world.count(i, index);
        Ok(nth(&world.spans, n, &count, &mut |i| self.open(i))?)
    }
}

/// A window's rows, and which one the anchor is.
struct Rows {
    keys: Vec<TimeKey>,
    focus: Option<TimeKey>,
    not_found: bool,
    /// Where following ends, when records with a wrong clock lie behind.
    end: Option<TimeKey>,
}

impl Worker {
    /// The answer to a request in the order of event time.
    pub(super) fn window_by_time(&mut self, request: &LogsRequest, first: u64, next: u64) -> Result<LogsPage, Halt> {
        let mut view = std::mem::take(&mut self.time);
        let page = self.by_time(&mut view, request, first, next);
        self.time = view;
        page
    }

    fn by_time(&mut self, view: &mut TimeView, request: &LogsRequest, first: u64, next: u64) -> Result<LogsPage, Halt> {
        view.sync(&self.reader, first)?;
        let (batches, live) = self.window_from(0, next);
        let mut world = World::new(&view.headers, batches, first, live, next);
        if let Some(scan) = &self.scan {
            world.show(&self.ahead, &scan.matcher);
        }
        let from = match request.anchor {
            Anchor::At(id)
            | Anchor::FindNext(id)
            | Anchor::FindPrevious(id)
            | Anchor::LevelNext(id, _)
            | Anchor::LevelPrevious(id, _) => self.key_of(id, first)?,
            Anchor::Time(time) => TimeKey::at(time),
            Anchor::Head => TimeKey::MIN,
            Anchor::Tail | Anchor::Rank(_) => TimeKey::MAX,
        };
        let Some(scan) = &self.scan else { return Ok(LogsPage::default()) };
        let (reader, index, cancel) = (&self.reader, &scan.index, &*self.cancel);
        let mut shown =
            Opener { reader, world: &world, matcher: &scan.matcher, index, kept: Some(&mut view.kept), cancel };
        let (rows, error) = match jump_matcher(reader, request) {
            None => (place(&mut shown, request, from)?, None),
            Some(Err(e)) => (around(&mut shown, request, from, true)?, Some(e.to_string())),
            Some(Ok(matcher)) => {
                let mut other = Opener { reader, world: &world, matcher: &matcher, index, kept: None, cancel };
                match jump(&mut other, request.anchor, from)? {
                    Some(to) => (around(&mut shown, request, to, false)?, None),
                    None => (around(&mut shown, request, from, true)?, None),
                }
            }
        };
        let rank = rows.keys.first().map_or(Ok(0), |k| shown.rank(*k))?;
        let ahead = match rows.end {
            Some(end) => (index.total() + world.unstored()).saturating_sub(shown.rank(end)?),
            None => 0,
        };
        let follows = request.anchor == Anchor::Tail;
        let late = match view.followed.filter(|_| follows) {
            Some((then, top)) => came_above(&world, &scan.matcher, then, top),
            None => 0,
        };
        let (unstored, edges) = (world.unstored(), self.edges(&scan.matcher));
        let (total, scanned, done) = (index.total() + unstored, index.scanned(), index.done());
        let top = rows.keys.len().saturating_sub(request.seen.max(1));
        view.followed = rows.keys.get(top).filter(|_| follows).map(|top| (next, *top));
        let ids: Vec<u64> = rows.keys.iter().map(|k| k.id.0).collect();
        let mut records = self.records(&ids)?;
        records.sort_by_key(|r| (r.time, r.id));
        let focus = rows.focus.and_then(|f| records.iter().position(|r| r.id == f.id));
        Ok(LogsPage {
            seq: request.seq,
            rows: records,
            focus,
            rank,
            total,
            unstored,
            edges,
            archive: next - first,
            scanned,
            done,
            not_found: rows.not_found,
            error,
            late,
            ahead,
        })
    }

    /// Where a record lies in time; one that is gone is before everything or after it.
    fn key_of(&self, id: RecordId, first: u64) -> Result<TimeKey, Halt> {
        let shown = self.shown.binary_search_by_key(&id, |r| r.id).ok().and_then(|i| self.shown.get(i));
        let key = |r: &LogRecord| TimeKey { time: r.time, id: r.id };
        if let Some(key) = shown.map(key).or_else(|| self.board.live.get(id).as_ref().map(key)) {
            return Ok(key);
        }
        let stored = self.reader.records(&[id])?;
        Ok(stored.first().map_or(if id.0 < first { TimeKey::MIN } else { TimeKey::MAX }, key))
    }
}

/// What a jump looks for, when it looks for more than a place.
fn jump_matcher(reader: &Reader, request: &LogsRequest) -> Option<aiobs_store::Result<Matcher>> {
    let mut query = request.query.clone();
    match request.anchor {
        Anchor::FindNext(_) | Anchor::FindPrevious(_) => query.text.extend(request.find.clone()),
        Anchor::LevelNext(_, level) | Anchor::LevelPrevious(_, level) => {
            query.min_severity = query.min_severity.max(Some(level.floor()));
        }
        _ => return None,
    }
    Some(reader.matcher(&query))
}

/// Where a jump from `from` leads.
fn jump(to: &mut Opener<'_>, anchor: Anchor, from: TimeKey) -> Result<Option<TimeKey>, Halt> {
    let found = match anchor {
        Anchor::FindNext(_) => match to.take(from.after(), true, 1)? {
            none if none.is_empty() => to.take(TimeKey::MIN, true, 1)?,
            found => found,
        },
        Anchor::FindPrevious(_) => match to.take(from, false, 1)? {
            none if none.is_empty() => to.take(TimeKey::MAX, false, 1)?,
            found => found,
        },
        Anchor::LevelNext(..) => to.take(from.after(), true, 1)?,
        _ => to.take(from, false, 1)?,
    };
    Ok(found.first().copied())
}

/// The rows for an anchor that is a place.
fn place(shown: &mut Opener<'_>, request: &LogsRequest, from: TimeKey) -> Result<Rows, Halt> {
    match request.anchor {
        Anchor::Tail => tail(shown, request.before + request.after),
        Anchor::Rank(n) => {
            let to = shown.nth(n)?.unwrap_or(TimeKey::MIN);
            around(shown, request, to, false)
        }
        Anchor::Time(time) => {
            let (next, last) = (shown.take(from, true, 1)?, shown.take(from, false, 1)?);
            let far = |k: &TimeKey| (i128::from(k.time.0) - i128::from(time.0)).abs();
            let nearest = next.into_iter().chain(last).min_by_key(far);
            around(shown, request, nearest.unwrap_or(from), false)
        }
        _ => around(shown, request, from, false),
    }
}

/// The newest rows, up to what a clock that runs right can have written.
fn tail(shown: &mut Opener<'_>, n: usize) -> Result<Rows, Halt> {
    let cut = shown.world.newest.map(|t| TimeKey::at(t.plus(AHEAD)));
    let behind = cut.filter(|cut| shown.world.spans.iter().any(|s| s.max_time >= cut.time));
    let mut end = behind;
    let mut keys = shown.take(end.unwrap_or(TimeKey::MAX), false, n)?;
    if keys.is_empty() && end.is_some() {
        end = None;
        keys = shown.take(TimeKey::MAX, false, n)?;
    }
    keys.reverse();
    Ok(Rows { focus: keys.last().copied(), keys, not_found: false, end })
}

fn around(shown: &mut Opener<'_>, request: &LogsRequest, at: TimeKey, not_found: bool) -> Result<Rows, Halt> {
    let mut keys = shown.take(at, false, request.before)?;
    keys.reverse();
    let after = shown.take(at, true, request.after)?;
    let focus = after.first().or(keys.last()).copied();
    keys.extend(after);
    Ok(Rows { keys, focus, not_found, end: None })
}

/// Matches among what arrived from `seen` on whose time is before `top`: following does not see them come.
/// Sources are never exactly in step: what is a little late stands close above, and is not counted.
fn came_above(world: &World, matcher: &Matcher, seen: u64, top: TimeKey) -> u64 {
    let late = top.time.plus(-LATE);
    let above = |batch: &Arc<RecordBatch>| {
        let came = |v: &aiobs_store::RecordRef<'_>| v.id.0 >= seen && v.meta.time < late && matcher.matches(v);
        batch.iter().filter(came).count() as u64
    };
    let batches = world.places.iter().filter_map(|p| match p {
        Place::Batch(batch) if !batch.first.is_preview() && batch.first.0 + batch.len() as u64 > seen => Some(batch),
        _ => None,
    });
    batches.map(above).sum()
}
