//! The thread of one job: runs the program, hands on its lines, and runs it again with growing pauses when it ends.

use super::{
    How,
    child::{Invocation, Output, Process},
    fleet,
    seam::Seam,
    stop::Stop,
    tool::{self, Ending},
};
use crate::source::{dirty::Dirty, piece::Piece, stream::StreamSpec};
use aiobs_types::{Retry, SourceState, Timestamp};
use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    io,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

/// Pieces that may wait; when they are not taken, the program waits too.
const WAITING: usize = 16;
/// Bytes asked of the program at once.
const BLOCK: usize = 64 * 1024;
/// After so long without output a program counts as running; before that it may still be about to complain.
const SETTLED: Duration = Duration::from_secs(1);
/// A run that lasted so long was a good one: the next pause is short again.
const GOOD_RUN: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LAST_PAUSE: Duration = Duration::from_secs(30);

/// Where pieces go.
pub(super) struct Outlet {
    sender: SyncSender<Piece>,
    dirty: Arc<Dirty>,
}

impl Outlet {
    /// False when nobody listens any more.
    pub(super) fn send(&self, piece: Piece) -> bool {
        let sent = self.sender.send(piece).is_ok();
        self.dirty.note(|news| news.pipes = true);
        sent
    }
}

pub(super) fn start(
    spec: StreamSpec,
    how: How,
    stop: Arc<Stop>,
    last: Arc<Mutex<Option<String>>>,
    dirty: Arc<Dirty>,
) -> io::Result<Receiver<Piece>> {
    let (sender, receiver) = sync_channel(WAITING);
    thread::Builder::new().name("run".into()).spawn(move || {
        let outlet = Outlet { sender, dirty };
        if spec.finds_others() {
            fleet::run(&spec, &how, &stop, &outlet);
        } else {
            Run { spec: &spec, how: &how, stop: &stop, last: &last, outlet: &outlet }.go_on();
        }
        let Outlet { sender, dirty } = outlet;
        drop(sender);
        stop.finish();
        dirty.note(|news| news.pipes = true);
    })?;
    Ok(receiver)
}

/// Pauses that grow, each a little different from those of others.
#[derive(Debug, Default)]
pub(super) struct Patience {
    attempt: u32,
}

impl Patience {
    fn pause(&mut self, lasted: Duration) -> Duration {
        if lasted >= GOOD_RUN {
            self.attempt = 0;
        }
        let pause = (FIRST_PAUSE * 2u32.saturating_pow(self.attempt)).min(LAST_PAUSE);
        self.attempt += 1;
        let share = RandomState::new().build_hasher().finish() % 401;
        pause * (800 + share as u32) / 1_000
    }

    /// Tells why there is a pause, and makes it. False when it is over.
    pub(super) fn wait(&mut self, ending: &Ending, lasted: Duration, stop: &Stop, outlet: &Outlet) -> bool {
        let pause = self.pause(lasted);
        let at = Timestamp::now().plus(i64::try_from(pause.as_nanos()).unwrap_or(i64::MAX));
        let (what, why) = (ending.what.clone(), ending.why.clone());
        let state = SourceState::Reconnecting(Retry { attempt: self.attempt, at, what, why });
        outlet.send(Piece::State(state)) && stop.pause(pause)
    }
}

/// In words for where there is no other try.
pub(super) fn failed(ending: &Ending) -> SourceState {
    let Ending { what, why, .. } = ending;
    SourceState::Failed(if why.is_empty() { what.clone() } else { format!("{what}: {why}") })
}

struct Run<'a> {
    spec: &'a StreamSpec,
    how: &'a How,
    stop: &'a Stop,
    last: &'a Mutex<Option<String>>,
    outlet: &'a Outlet,
}

impl Run<'_> {
    fn go_on(&self) {
        let token = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut seam = Seam::new(&self.spec.to_string(), token.as_deref());
        let mut patience = Patience::default();
        while !self.stop.stopped() {
            let began = Instant::now();
            let token = seam.as_ref().and_then(Seam::token);
            let what = tool::lines(self.spec, token.as_deref(), self.how);
            let Some(ending) = self.once(&what, &mut seam) else { return };
            if let Some(state) = self.final_state(&ending) {
                self.outlet.send(Piece::End(state));
                return;
            }
            if !patience.wait(&ending, began.elapsed(), self.stop, self.outlet) {
                return;
            }
        }
    }

    /// The state in which it stays ended, if it does.
    fn final_state(&self, ending: &Ending) -> Option<SourceState> {
        if !self.how.follow {
            return Some(if ending.fine { SourceState::Ended } else { failed(ending) });
        }
        if self.how.found && (ending.gone || ending.fine) {
            return Some(SourceState::Ended);
        }
        // To run again what has done its work would give the same lines again.
        let done = ending.fine && matches!(self.spec, StreamSpec::Command(_));
        done.then(|| SourceState::Exited(ending.what.clone()))
    }

    /// Runs the program to its end. `None` when nobody wants to know.
    fn once(&self, what: &Invocation, seam: &mut Option<Seam>) -> Option<Ending> {
        let mut process = match Process::start(what) {
            Ok(process) => process,
            Err(e) => return Some(tool::not_started(what.program, &e)),
        };
        self.stop.runs(Some(process.group()));
        if let Some(seam) = seam {
            seam.begin();
        }
        let mut said = String::new();
        let wanted = self.pump(&mut process, seam, &mut said);
        if !wanted {
            self.stop.stop();
        }
        let (status, more) = process.wait();
        self.stop.runs(None);
        said.push_str(&more);
        (wanted && !self.stop.stopped()).then(|| tool::ended(self.spec, &said, status))
    }

    /// Hands on what it prints. False when nobody listens.
    fn pump(&self, process: &mut Process, seam: &mut Option<Seam>, said: &mut String) -> bool {
        let (mut buf, mut out) = (vec![0; BLOCK], Vec::new());
        let (mut told, mut whole) = (false, true);
        loop {
            let limit = (!told || seam.as_ref().is_some_and(Seam::waits)).then_some(SETTLED);
            let output = process.read(&mut buf, limit).unwrap_or(Output::End);
            match (&output, &mut *seam) {
                (Output::Bytes(got), Some(seam)) => seam.take(&buf[..*got], &mut out, said),
                (Output::Bytes(got), None) => out.extend_from_slice(&buf[..*got]),
                (Output::Nothing, Some(seam)) => seam.idle(&mut out),
                (Output::End, Some(seam)) => seam.end(&mut out, said),
                // The next run begins a line of its own.
                (Output::End, None) if !whole => out.push(b'\n'),
                (Output::Nothing | Output::End, None) => {}
            }
            if matches!(output, Output::Nothing) && !std::mem::replace(&mut told, true) {
                self.outlet.send(Piece::State(SourceState::Following));
            }
            if let Some(end) = out.last() {
                (told, whole) = (true, *end == b'\n');
                if let Some(seam) = seam {
                    *self.last.lock().unwrap_or_else(PoisonError::into_inner) = seam.token();
                }
                // Some programs print line by line, in tiny pieces.
                said.drain(..said.len().saturating_sub(4_096)).for_each(drop);
                if !self.outlet.send(Piece::Bytes(std::mem::take(&mut out))) {
                    return false;
                }
            }
            if matches!(output, Output::End) {
                return true;
            }
        }
    }
}
