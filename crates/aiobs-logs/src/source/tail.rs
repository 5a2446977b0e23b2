//! One named source: which file it reads, how far it is, and what becomes of it when the file changes.
//!
//! A state machine that the set steps whenever there may be something to do; each step reads at most one block.

mod ahead;
mod silence;
mod stream;

use super::{
    NewFileReason, SourceEvent,
    file::{self, Got, Open, Position, Stamp},
    identity::{self, Head, Look},
    rhythm::Rhythm,
    shared::Shared,
};
use aiobs_types::{Checkpoint, SourceId, SourceState};
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
    pub(super) fn file(id: SourceId, path: PathBuf, explicit: bool, checkpoint: Option<&Checkpoint>) -> Self {
        Self {
            id,
            name: path.to_string_lossy().into_owned(),
            path,
            explicit,
            frozen: false,
            state: SourceState::Waiting,
            ended: false,
            queued: false,
            stream: None,
            current: None,
            queue: VecDeque::new(),
            last: checkpoint.map(|c| (c.identity, c.offset)),
            opened: false,
            caught_up: false,
            partial_at: None,
            partial_told: false,
            resting: None,
            older: ahead::Older::new(checkpoint),
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

    /// When the tail must be stepped although nothing happened.
    pub(super) fn deadline(&self, silence: Duration) -> Option<Instant> {
        let kept = self.missing_since.filter(|_| self.current.is_some()).map(|at| at + KEEP_DELETED);
        let partial = self.partial_at.filter(|_| !self.partial_told);
        [kept, partial, self.retry_at, self.silent_from(silence)].into_iter().flatten().min()
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
        if self.queue.is_empty() {
            let mut files = file::resolve(&self.path, self.last.as_ref(), old, shared.opener)?;
            let only_empty = files.len() == 1 && files[0].size == 0 && files[0].present;
            if old.is_some() && only_empty && files[0].reason != NewFileReason::Truncated {
                // The writer has not taken up the new file yet and may still write to the old one.
                return Ok(self.quiet(SourceState::Following, shared, sink));
            }
            if let (true, Some((own, _))) = (self.frozen, &self.last) {
                // The inode alone does not tell: that of a deleted generation is soon given to the next one.
                files.retain(|f| {
                    let same = f.identity.inode == own.inode && f.identity.device == own.device;
                    // Compressed, it has got an inode of its own.
                    (same || f.packed.is_some() && identity::telling(own)) && own.head_len > 0 && f.matches(own)
                });
            }
            let asked_for = self.explicit && !self.opened && !self.frozen;
            files.retain(|f| asked_for || !shared.foreign(Some(self.id), f));
            if shared.options.follow && files.iter().any(Open::half_written) {
                self.retry_at = Some(Instant::now() + HALF_WRITTEN);
                return Ok(Step::Idle);
            }
            self.queue = files.into();
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
        let goes_on = self.last.as_ref().is_some_and(|(id, at)| {
            *at == offset && id.device == identity.device && id.inode == identity.inode && (offset > 0 || self.opened)
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
        if open.present && open.offset == 0 && open.identity.head_len == 0 && !open.checked && meta.len() > 0 {
            open.checked = true;
            // What was empty may turn out to be compressed.
            if open.packed.is_none() && Head::of(&open.file)?.packing.is_some()
                || !file::copies(&self.path, &open.identity, shared.opener)?.is_empty()
            {
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
        sink(SourceEvent::Data { source: self.id, offset: open.offset, bytes, identity: open.identity });
        open.offset += got as u64;
        open.last_byte = bytes[got - 1];
        self.last = Some((open.identity, open.offset));
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
            Ok(_) if self.frozen => Ok(self.end(SourceState::Ended, sink)),
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

    /// At the end with nothing to do.
    fn quiet(&mut self, state: SourceState, shared: &Shared, sink: &mut Sink<'_>) -> Step {
        if !self.caught_up {
            self.caught_up = true;
            sink(SourceEvent::CaughtUp { source: self.id });
        }
        let open_line = self.current.as_ref().is_some_and(|open| open.last_byte != b'\n');
        if open_line && !self.partial_told {
            let now = Instant::now();
            let at = *self.partial_at.get_or_insert(now + shared.options.idle_partial);
            if now >= at {
                self.tell_partial(true);
                sink(SourceEvent::PartialIdle { source: self.id });
            }
        }
        if !(state == SourceState::Following && matches!(self.state, SourceState::Silent(_))) {
            self.set_state(state, sink);
        }
        self.tell_silence(shared, sink);
        Step::Idle
    }

    fn tell_partial(&mut self, told: bool) {
        self.partial_at = None;
        self.partial_told = told;
    }

    /// Something could not be opened or read.
    fn fault(&mut self, error: &io::Error, shared: &Shared, sink: &mut Sink<'_>) -> Step {
        if error.kind() == io::ErrorKind::Interrupted {
            return Step::More;
        }
        let state = state_of(error, self.opened || self.last.is_some());
        if !shared.options.follow {
            return self.end(state, sink);
        }
        if matches!(state, SourceState::Failed(_)) {
            self.retry_at = Some(Instant::now() + self.backoff);
            self.backoff = (self.backoff * 2).min(LAST_RETRY);
        }
        self.set_state(state, sink);
        Step::Idle
    }

    /// Everything it names is another source's.
    fn pass_on(&mut self, sink: &mut Sink<'_>) -> Step {
        if self.opened {
            return self.end(SourceState::Ended, sink);
        }
        // Nobody has heard of it, and nobody needs to.
        self.state = SourceState::Ended;
        self.ended = true;
        Step::Idle
    }

    fn end(&mut self, state: SourceState, sink: &mut Sink<'_>) -> Step {
        if !self.caught_up {
            self.caught_up = true;
            sink(SourceEvent::CaughtUp { source: self.id });
        }
        self.set_state(state, sink);
        self.ended = true;
        sink(SourceEvent::Ended { source: self.id });
        Step::Idle
    }

    fn set_state(&mut self, state: SourceState, sink: &mut Sink<'_>) {
        if self.state != state {
            self.state = state;
            self.report(sink);
        }
    }

    fn report(&self, sink: &mut Sink<'_>) {
        let (read, size) = self.progress();
        sink(SourceEvent::State { source: self.id, name: &self.name, state: self.state.clone(), read, size });
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
