//! Notifications of the operating system, with directories as the unit: a file's rotation is an event of its directory.

use super::dirty::Dirty;
use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, ModifyKind},
};
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The watched directories. Does nothing once the system refuses; the set polls then.
#[derive(Debug)]
pub(super) struct Watch {
    watcher: Option<RecommendedWatcher>,
    dirs: HashSet<PathBuf>,
}

impl Watch {
    pub(super) fn new(dirty: &Arc<Dirty>, wanted: bool) -> Self {
        let dirty = Arc::clone(dirty);
        let watcher = wanted
            .then(|| notify::recommended_watcher(move |event: notify::Result<Event>| tell(&dirty, event)))
            .and_then(|made| made.inspect_err(|e| tracing::warn!("no file notifications, polling instead: {e}")).ok());
        Self { watcher, dirs: HashSet::new() }
    }

    /// Whether notifications come at all.
    pub(super) fn works(&self) -> bool {
        self.watcher.is_some()
    }

    /// Watches a directory; a directory that is not there is tried again at the next call. Tells whether it was not
    /// watched before: what appeared in it until now was not told.
    pub(super) fn add(&mut self, dir: &Path) -> bool {
        if self.dirs.contains(dir) {
            return false;
        }
        let Some(watcher) = &mut self.watcher else { return false };
        match watcher.watch(dir, RecursiveMode::NonRecursive) {
            Ok(()) => return self.dirs.insert(dir.to_path_buf()),
            Err(e) if dir.is_dir() => {
                tracing::warn!("{}: no file notifications, polling instead: {e}", dir.display());
                self.watcher = None;
            }
            Err(_) => {}
        }
        false
    }

    /// Forgets directories that were removed, so that they are watched again when they return.
    pub(super) fn prune(&mut self) {
        self.dirs.retain(|dir| dir.is_dir());
    }
}

fn tell(dirty: &Dirty, event: notify::Result<Event>) {
    let Ok(event) = event else {
        dirty.note(|news| news.everything = true);
        return;
    };
    let names_change = matches!(event.kind, EventKind::Create(_) | EventKind::Modify(ModifyKind::Name(_)));
    // Opening and reading is what we do ourselves.
    let ours =
        matches!(event.kind, EventKind::Access(k) if !matches!(k, AccessKind::Close(notify::event::AccessMode::Write)));
    if ours && !event.need_rescan() {
        return;
    }
    let removed = matches!(event.kind, EventKind::Remove(_));
    dirty.note(|news| {
        news.appeared |= names_change || removed;
        news.everything |= event.need_rescan();
        for path in event.paths {
            if !news.paths.contains(&path) {
                news.paths.insert(path);
            }
        }
    });
}
