//! One named source: which file it reads, how far it is, and what becomes of it when the file changes.
//!
//! A state machine that the set steps whenever there may be something to do; each step reads at most one block.

mod ahead;
mod rest;
mod silence;
mod stream;

use super::block::Block;
use super::{
    NewFileReason, SourceEvent,
    file::{self, Got, Open, Position, Stamp},
    identity::{self, Head, Look},
    rhythm::Rhythm,
    shared::Shared,
};
use aiobs_types::{Skipped, SourceId, SourceState};
use std::{
    collections::VecDeque,
    fs, io,
    path::PathBuf,
    time::{Duration, Instant},
};

/// How long a deleted file is kept open, so that its writer can finish.
const KEEP_DELETED: Duration = Duration::from_secs(5);
const FIRST_RETRY: Duration = Duration::from_millis(250);
/// How long a compressed file that is still being written is left alone.
const HALF_WRITTEN: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(30);
/// Blocks between two reports of progress.
const REPORT_EVERY: u64 = 16;

pub(super) use ahead::Ahead;

pub(super) type Sink<'a> = dyn FnMut(SourceEvent<'_>) + 'a;

/// What the set does with a tail after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// There may be more: step again in the next round.
    More,
    /// Nothing to do until something happens.
    Idle,
}

#[derive(Debug)]
pub(super) struct Tail {
    pub(super) id: SourceId,
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// Named by the user, not found by a search.
    pub(super) explicit: bool,
    /// Its name is what rotation gives to another source's old files: whatever comes there belongs to that one.
    pub(super) frozen: bool,
    /// Those other sources, if they were not known before this run: as long as nothing of them is read, nobody else knows
    /// of what comes to the name.
    pub(super) strays_of: Vec<SourceId>,
    pub(super) state: SourceState,
    pub(super) ended: bool,
    /// In the set's queue.
    pub(super) queued: bool,
    stream: Option<stream::Stream>,
    current: Option<Open>,
    queue: VecDeque<Open>,
    last: Option<Position>,
    opened: bool,
    caught_up: bool,
    partial_at: Option<Instant>,
    partial_told: bool,
    /// How the file looked when it was read to its end; while it looks so, there is nothing to do.
    resting: Option<Stamp>,
    /// What was left out, to be read later.
    older: ahead::Older,
    /// Read only once older files of its family are.
    pub(super) waits: bool,
    /// When it last gave something.
    pub(super) read_at: Option<Instant>,
    rhythm: Rhythm,
    silence_told: Option<Instant>,
    missing_since: Option<Instant>,
    retry_at: Option<Instant>,
    backoff: Duration,
    blocks: u64,
}

impl Tail {
    /// One that goes on at `last`, or at the beginning of whatever comes to its path.
    pub(super) fn file(id: SourceId, path: PathBuf, explicit: bool, last: Option<Position>) -> Self {
        Self {
            id,
            name: path.to_string_lossy().into_owned(),
            path,
            explicit,
            frozen: false,
            strays_of: Vec::new(),
            state: SourceState::Waiting,
            ended: false,
            queued: false,
            stream: None,
            current: None,
            queue: VecDeque::new(),
            last,
            opened: false,
            caught_up: false,
            partial_at: None,
            partial_told: false,
            resting: None,
            older: ahead::Older::default(),
            waits: false,
            read_at: None,
            rhythm: Rhythm::default(),
            silence_told: None,
            missing_since: None,
            retry_at: None,
            backoff: FIRST_RETRY,
            blocks: 0,
        }
    }

    /// Parts of its file that were left out in an earlier run.
    pub(super) fn left_out(&mut self, parts: Vec<Skipped>) {
        self.older = ahead::Older::new(parts);
    }

    /// Whether it reads a file that is no longer at its path: nobody tells of that one under its new name.
    pub(super) fn lags(&self) -> bool {
        self.current.as_ref().is_some_and(|open| !open.present)
    }

    /// Whether it keeps a file open.
    pub(super) fn holds_file(&self) -> bool {
        self.current.is_some()
    }

    /// Whether its file may be closed until something happens to it.
    pub(super) fn at_rest(&self) -> bool {
        self.resting.is_some() && self.queue.is_empty() && self.partial_settled()
    }

    fn partial_settled(&self) -> bool {
        self.partial_told || self.current.as_ref().is_none_or(|open| open.last_byte == b'\n')
    }

    /// Closes the file; it is opened again when it has changed.
    pub(super) fn close(&mut self) {
        self.release();
    }

    /// Leaves it alone for a while.
    pub(super) fn put_off(&mut self, pause: Duration) {
        self.retry_at = Some(Instant::now() + pause);
    }

    /// Bytes read and size of the current file.
    pub(super) fn progress(&self) -> (u64, u64) {
        match (&self.current, &self.last) {
            (Some(open), _) => (open.offset, open.size.max(open.offset)),
            (None, Some((_, offset))) => (*offset, 0),
            (None, None) => (0, 0),
        }
    }

    /// Whether something was read under this name, of this file or of one before it.
    pub(super) fn has_read(&self) -> bool {
        self.blocks > 0 || self.progress().0 > 0
    }

    /// Whether what comes to its name is its own because nobody else would read it.
    fn takes_strays(&self, shared: &Shared) -> bool {
        !self.strays_of.is_empty() && self.strays_of.iter().all(|base| !shared.heard.contains(base))
    }

    /// Something came.
    fn heard(&mut self) {
        let now = Instant::now();
        // What is there already comes in no rhythm of its own.
        if self.caught_up || self.stream.is_some() {
            self.rhythm.beat(now);
        }
        self.blocks += 1;
        self.read_at = Some(now);
    }

    pub(super) fn step(&mut self, shared: &mut Shared, sink: &mut Sink<'_>) -> Step {
        if self.ended {
            return Step::Idle;
        }
        if self.stream.is_some() {
            return self.step_pipe(shared, sink);
        }
        let now = Instant::now();
        if self.retry_at.is_some_and(|at| at > now) {
            return Step::Idle;
        }
        self.retry_at = None;
        if let Some(stamp) = self.resting.filter(|_| !self.older.wanted)
            && self.partial_settled()
        {
            if fs::metadata(&self.path).is_ok_and(|meta| Stamp::of(&meta) == stamp) {
                self.tell_silence(shared, sink);
                return Step::Idle;
            }
            self.resting = None;
        }
        let stepped = if self.current.is_some() { self.read(shared, sink) } else { self.acquire(None, shared, sink) };
        stepped.unwrap_or_else(|error| self.fault(&error, shared, sink))
    }

    /// Opens what is to be read next.
    fn acquire(&mut self, old: Option<&fs::Metadata>, shared: &mut Shared, sink: &mut Sink<'_>) -> io::Result<Step> {
        let asked_for = self.explicit && !self.opened && !self.frozen;
        if self.queue.is_empty() {
            let mut files = {
                let done = |file: &Open| shared.has_read(self.id, file);
                file::resolve(&self.path, self.last.as_ref(), old, shared.opener, &done)?
            };
            let only_empty = files.len() == 1 && files[0].size == 0 && files[0].present;
            if old.is_some() && only_empty && files[0].reason != NewFileReason::Truncated {
                // The writer has not taken up the new file yet and may still write to the old one.
                return Ok(self.quiet(SourceState::Following, shared, sink));
            }
            if let (true, Some((own, _))) = (self.frozen, &self.last) {
                let strays = self.takes_strays(shared);
                files.retain(|f| {
                    // Compressed, it has got an inode of its own.
                    let packed = f.packed.is_some() && identity::telling(own) && f.matches(own);
                    packed || identity::same_file(&f.file, own) || strays && !shared.has_read(self.id, f)
                });
            }
            files.retain(|f| asked_for || !shared.foreign(Some(self.id), f));
            if shared.options.follow && files.iter().any(Open::half_written) {
                self.retry_at = Some(Instant::now() + HALF_WRITTEN);
                return Ok(Step::Idle);
            }
            self.queue = files.into();
        }
        // While this one read the first of them, others may have found the rest.
        while !asked_for && self.queue.front().is_some_and(|next| shared.foreign(Some(self.id), next)) {
            self.queue.pop_front();
        }
        let Some(next) = self.queue.pop_front() else {
            if !shared.options.follow || self.frozen {
                return Ok(self.pass_on(sink));
            }
            return Ok(self.quiet(SourceState::Following, shared, sink));
        };
        self.adopt(next, shared, sink);
        Ok(Step::More)
    }

    fn adopt(&mut self, next: Open, shared: &mut Shared, sink: &mut Sink<'_>) {
        let (source, identity, offset, size) = (self.id, next.identity, next.offset, next.size);
        // The rest of a line that was copied away and cut off goes on in the copy.
        let copy = self.opened && !next.present && next.reason == NewFileReason::Truncated;
        let goes_on = self.last.as_ref().is_some_and(|(id, at)| {
            let same = id.device == identity.device && id.inode == identity.inode && (offset > 0 || self.opened);
            *at == offset && (same || copy)
        });
        if !self.opened {
            let resumed = self.last.is_some() && offset > 0;
            sink(SourceEvent::Opened { source, name: &self.name, identity, offset, size, resumed });
            self.opened = true;
            if !resumed {
                // What was left out was a part of another file.
                self.older.forget();
            }
        } else if !goes_on || next.reason == NewFileReason::Truncated && next.present && offset == 0 {
            sink(SourceEvent::NewFile { source, identity, offset, size, reason: next.reason });
            self.older.forget();
        }
        if goes_on && self.last.is_some_and(|(id, _)| id != identity) {
            sink(SourceEvent::Identity { source, identity });
        }
        if let Some((before, _)) = self.last {
            shared.outlive(source, before, &identity);
        }
        shared.own(source, identity);
        self.last = Some((identity, offset));
        self.current = Some(next);
        self.missing_since = None;
        self.backoff = FIRST_RETRY;
        self.caught_up = false;
        self.tell_partial(false);
        if size > offset {
            self.set_state(SourceState::Backfill, sink);
        }
        self.look_ahead(shared, sink);
    }

    fn read(&mut self, shared: &mut Shared, sink: &mut Sink<'_>) -> io::Result<Step> {
        if self.older.wanted {
            self.go_back(shared, sink);
        }
        let Some(open) = &mut self.current else { return Ok(Step::More) };
        let meta = open.file.metadata()?;
        open.measure(&meta);
        if open.present && open.replaced(&meta)? {
            self.release();
            return Ok(Step::More);
        }
        if open.present && open.packed.is_none() && open.identity.changed > 0 && meta.len() > open.offset {
            // What was empty may turn out to be compressed, or to be another file than what was copied away meanwhile.
            let packed = open.offset == 0 && Head::of(&open.file)?.packing.is_some();
            let done = |file: &Open| shared.has_read(self.id, file);
            let place = (open.identity, open.offset);
            if packed || !file::copies(&self.path, &place, shared.opener, &done)?.is_empty() {
                self.release();
                return Ok(Step::More);
            }
        }
        // A size of zero with content is a file of the kernel's making, which has no end.
        let got = if open.skip || meta.len() == 0 {
            Ok(Got::Bytes(0))
        } else {
            let room = self.older.room(open.offset, shared.buf.len());
            open.read(&mut shared.buf[..room])
        };
        let got = match got {
            Ok(Got::Skipping) => return Ok(Step::More),
            Ok(Got::Bytes(0)) => {
                return if self.come_home(sink) { Ok(Step::More) } else { self.at_end(&meta, shared, sink) };
            }
            Ok(Got::Bytes(got)) => got,
            Err(e) if open.packed.is_some() => {
                if open.damaged(&e, shared.options.follow) {
                    self.retry_at = Some(Instant::now() + self.backoff);
                    self.backoff = (self.backoff * 2).min(LAST_RETRY);
                    return Ok(Step::Idle);
                }
                return Ok(Step::More);
            }
            Err(e) => return Err(e),
        };
        let bytes = &shared.buf[..got];
        let look = if open.offset == 0 { identity::look(bytes) } else { Look::Text };
        if look == Look::Binary || look == Look::Dotted && !self.explicit {
            open.skip = true;
            self.set_state(SourceState::Binary, sink);
            return Ok(if shared.options.follow { Step::Idle } else { self.end(SourceState::Binary, sink) });
        }
        if open.packed.is_none()
            && (open.identity.head_len as usize) < identity::HEAD
            && meta.len() > u64::from(open.identity.head_len)
        {
            open.identity = identity::identify(&open.file, &meta)?;
            shared.owned.insert((open.identity.device, open.identity.inode), (self.id, open.identity));
            sink(SourceEvent::Identity { source: self.id, identity: open.identity });
        }
        open.last_byte = bytes[got - 1];
        let bytes = Block::new(&mut shared.buf, got);
        sink(SourceEvent::Data { source: self.id, offset: open.offset, bytes, identity: open.identity });
        open.offset += got as u64;
        self.last = Some((open.identity, open.offset));
        shared.heard.insert(self.id);
        self.heard();
        if matches!(self.state, SourceState::Silent(_)) {
            self.set_state(SourceState::Following, sink);
        }
        self.caught_up = false;
        self.tell_partial(false);
        if self.blocks.is_multiple_of(REPORT_EVERY) {
            self.report(sink);
        }
        self.keep_ahead(meta.len(), shared, sink);
        Ok(Step::More)
    }

    /// Lets go of the current file; the next step finds out what to read.
    fn release(&mut self) {
        let current = self.current.take();
        let place = current.map(|open| (open.identity, self.older.home(open.offset).unwrap_or(open.offset)));
        self.last = place.or(self.last.take());
    }

    fn at_end(&mut self, meta: &fs::Metadata, shared: &mut Shared, sink: &mut Sink<'_>) -> io::Result<Step> {
        let leaves = self.frozen && !self.takes_strays(shared);
        let Some(open) = &mut self.current else { return Ok(Step::More) };
        let damage = open.packed.as_ref().and_then(|packed| packed.damage.clone());
        if !self.queue.is_empty() {
            if let Some(what) = damage {
                self.set_state(SourceState::Failed(what), sink);
            }
            self.release();
            return Ok(Step::More);
        }
        let state = match damage {
            Some(what) => SourceState::Failed(what),
            None if open.skip => SourceState::Binary,
            None if open.packed.is_some() || !shared.options.follow => SourceState::Ended,
            None => SourceState::Following,
        };
        if !shared.options.follow {
            open.size = open.offset;
            return Ok(self.end(state, sink));
        }
        match fs::metadata(&self.path) {
            Ok(there) if identity::same_inode(&open.identity, &there) => {
                open.present = true;
                self.missing_since = None;
                // Compressed files do not grow.
                let close = open.packed.is_some();
                // What was written between the read above and now is seen by its size.
                self.resting = Some(Stamp::of(if close { &there } else { meta }));
                let step = self.quiet(state, shared, sink);
                if close && self.partial_settled() {
                    self.release();
                }
                Ok(step)
            }
            // Its file was moved on, and what is there now is read by the source it belongs to.
            Ok(_) if leaves => Ok(self.end(SourceState::Ended, sink)),
            Ok(_) => {
                open.present = false;
                // What was written between the read above and now belongs to the old file.
                if !open.skip && open.packed.is_none() && open.file.metadata()?.len() > open.offset {
                    return Ok(Step::More);
                }
                self.acquire(Some(meta), shared, sink)
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                open.present = false;
                let since = *self.missing_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= KEEP_DELETED {
                    self.release();
                }
                Ok(self.quiet(SourceState::Missing, shared, sink))
            }
            Err(e) => Ok(self.quiet(state_of(&e, true), shared, sink)),
        }
    }
}

/// What a failure to open or read means for people.
pub(super) fn state_of(error: &io::Error, was_there: bool) -> SourceState {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory if was_there => SourceState::Missing,
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => SourceState::Waiting,
        io::ErrorKind::PermissionDenied => SourceState::Denied,
        _ => SourceState::Failed(error.to_string()),
    }
}
