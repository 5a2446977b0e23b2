//! Brings what can be found by meaning up to date, for the commands that search it. The archive is opened for writing
//! only when something changed; another instance that writes it keeps the index by itself.

use super::context::Context;
use super::signals;
use crate::runtime::memory::{Look, embed_all, engine, folders, look};
use aiobs_memory::{Engine, FillError, Progress};
use aiobs_store::{MemoryChange, Reader, Store, StoreError};
use std::io::Write as _;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

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
    /// What is not as it should be, one line each.
    pub notes: Vec<String>,
}

/// The engine that is configured; what makes no sense is told and the local one taken.
pub(super) fn configured(cx: &Context) -> anyhow::Result<Engine> {
    engine(&cx.config, cx.offline, &cx.data_dir).map_err(|reason| super::exit::UsageError(reason).into())
}

/// Stores what changed and embeds what is new.
pub(super) fn update(cx: &Context, reader: &Reader, engine: &Engine) -> anyhow::Result<Remembered> {
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
    let mut heard = |p: &Progress| shown(shows, p, &cancel);
    let ended = embed_all(&reader, engine, &mut put, &mut heard, &|| cancel.load(Ordering::SeqCst));
    if shows {
        eprint!("\r\x1b[K");
    }
    match ended {
        Ok(whole) => done.stopped = !whole,
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
    if done.stopped {
        eprintln!("aiobs: stopped; what was embedded stays, and the next search goes on");
    }
}
