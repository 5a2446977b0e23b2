//! Brings what can be found by meaning up to date, for the commands that search it. The archive is opened for writing
//! only when something changed; another instance that writes it keeps the index by itself.

use super::context::Context;
use super::signals;
use crate::runtime::memory::{Look, embed_all, engine, folders, look};
use aiobs_memory::{Engine, FillError, Progress};
use aiobs_store::{MemoryChange, Reader, Store, StoreError};
use std::cell::Cell;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What was found and done.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    /// Files of the knowledge folders.
    pub files: usize,
    /// Documents stored and removed.
    pub changed: usize,
    /// Another instance writes the archive, and keeps the index.
    pub elsewhere: bool,
    /// A signal ended it; the next one goes on.
    pub stopped: bool,
    /// Nothing got on for some time, so it was left; the next one goes on.
    pub stalled: bool,
    /// What is not as it should be, one line each.
    pub notes: Vec<String>,
}

/// The engine that is configured; what makes no sense is told and the local one taken.
pub(super) fn configured(cx: &Context) -> anyhow::Result<Engine> {
    engine(&cx.config, cx.offline, &cx.data_dir).map_err(|reason| super::exit::UsageError(reason).into())
}

/// How long a command that wants to answer waits for a model or a store that does not get on.
pub(super) const PATIENCE: Duration = Duration::from_secs(4);

/// Stores what changed and embeds what is new. With `patience`, it is left when nothing gets on for so long.
pub(super) fn update(
    cx: &Context,
    reader: &Reader,
    engine: &Engine,
    patience: Option<Duration>,
) -> anyhow::Result<Remembered> {
    let Look { changes, files, mistakes } = look(reader, &mut folders(&cx.config))?;
    let changed = changes.iter().map(|c| c.put.len() + c.remove.len()).sum();
    let mut done = Remembered { files, changed, notes: mistakes, ..Remembered::default() };
    if changes.is_empty() && engine.vectors.is_none() && is_embedded(reader, engine)? {
        return Ok(done);
    }
    let store = match Store::open(&cx.data_dir) {
        Ok((store, _)) => store,
        Err(StoreError::InUse { .. }) => {
            done.elsewhere = true;
            return Ok(done);
        }
        Err(e) => return Err(e.into()),
    };
    let mut writer = store.writer()?;
    for change in &changes {
        writer.put_memory(change)?;
    }
    // A reader from before may be of an archive without these tables.
    let reader = store.reader()?;
    let cancel = signals::cancel()?;
    let mut put = |change: MemoryChange| writer.put_memory(&change);
    let shows = cx.shows_progress();
    let (got_on, stalled) = (Cell::new((Instant::now(), 0)), Cell::new(false));
    let mut heard = |p: &Progress| {
        if p.embedded != got_on.get().1 {
            got_on.set((Instant::now(), p.embedded));
        }
        shown(shows, p, &cancel)
    };
    let stop = || {
        stalled.set(patience.is_some_and(|most| got_on.get().0.elapsed() > most));
        stalled.get() || cancel.load(Ordering::SeqCst)
    };
    let ended = embed_all(&reader, engine, &mut put, &mut heard, &stop);
    if shows {
        eprint!("\r\x1b[K");
    }
    match ended {
        Ok(whole) => {
            done.stalled = !whole && stalled.get();
            // The question that follows need not wait for it again.
            engine.note_late(done.stalled);
            done.stopped = !whole && !stalled.get();
        }
        Err(FillError::Store(e)) => return Err(e.into()),
        Err(e) => done.notes.push(e.to_string()),
    }
    Ok(done)
}

fn is_embedded(reader: &Reader, engine: &Engine) -> Result<bool, StoreError> {
    let complete = |model: &str| reader.vector_counts(model).map(|(texts, embedded)| embedded >= texts);
    Ok(complete(aiobs_memory::LOCAL_MODEL)? && complete(engine.model())?)
}

fn shown(shows: bool, p: &Progress, cancel: &AtomicBool) -> ControlFlow<()> {
    if shows && !p.is_done() {
        eprint!("\r\x1b[Kembedding {} of {} texts by {}  (Ctrl-C stops)", p.embedded, p.texts, p.model);
        let _ = std::io::stderr().flush();
    }
    if cancel.load(Ordering::SeqCst) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

/// Tells the notes on standard error.
pub(super) fn tell(cx: &Context, done: &Remembered) {
    if cx.quiet {
        return;
    }
    for note in &done.notes {
        eprintln!("aiobs: {note}");
    }
    if done.stalled {
        eprintln!(
            "aiobs: not everything is embedded yet, and it does not get on; `aiobs knowledge index` waits for it"
        );
    }
    if done.stopped {
        eprintln!("aiobs: stopped; what was embedded stays, and the next search goes on");
    }
}
