//! The surroundings as they are on this machine: `apps/*.md` and runbooks beside the configuration, files in allowed
//! directories, the host. The program makes one; the agents see it as [`Surroundings`]. It writes nothing and runs nothing.

mod files;
mod host;
mod written;

use crate::{Document, Excerpt, HostState, Near, Surroundings};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a look at the machine may take: a file system whose server is gone answers never.
const PATIENCE: Duration = Duration::from_secs(2);
/// Looks that may hang at once.
const HANGING: usize = 2;

/// See the module.
#[derive(Debug, Default)]
pub struct Workplace {
    apps: Option<PathBuf>,
    runbooks: Vec<PathBuf>,
    allowed: Vec<PathBuf>,
    host: Arc<Mutex<host::Host>>,
    looking: Arc<AtomicUsize>,
}

impl Workplace {
    /// With the directory of application notes, directories of runbooks, and directories whose files may be read.
    /// None has to exist.
    pub fn new(apps: Option<PathBuf>, runbooks: Vec<PathBuf>, allowed: Vec<PathBuf>) -> Self {
        Self { apps, runbooks, allowed, host: Arc::default(), looking: Arc::default() }
    }
}

impl Surroundings for Workplace {
    fn host(&self) -> Option<HostState> {
        let host = Arc::clone(&self.host);
        in_time(&self.looking, PATIENCE, move || host.lock().unwrap_or_else(PoisonError::into_inner).look()).flatten()
    }

    fn notes(&self, components: &[String]) -> Vec<Document> {
        self.apps.as_deref().map(|dir| written::notes(dir, components)).unwrap_or_default()
    }

    fn runbooks(&self, words: &[String], limit: usize) -> Vec<Document> {
        written::best(written::sections(&self.runbooks), words, limit)
    }

    fn section(&self, file: &str, heading: &str) -> Result<Document, String> {
        written::section(written::sections(&self.runbooks), file, heading)
    }

    fn excerpt(&self, path: &str, near: Option<&Near>) -> Result<Excerpt, String> {
        files::excerpt(&self.allowed, path, near)
    }
}

/// What `look` finds, if it does within the time; it goes on on a thread of its own, of which only a few may hang.
fn in_time<T: Send + 'static>(
    hanging: &Arc<AtomicUsize>,
    patience: Duration,
    look: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    if hanging.load(Ordering::SeqCst) >= HANGING {
        return None;
    }
    let (tell, told) = sync_channel(1);
    let at_work = Arc::clone(hanging);
    at_work.fetch_add(1, Ordering::SeqCst);
    let thread = std::thread::Builder::new().name("host".into()).spawn(move || {
        let found = look();
        at_work.fetch_sub(1, Ordering::SeqCst);
        // Nobody may be waiting any more.
        let _ = tell.send(found);
    });
    if thread.is_err() {
        hanging.fetch_sub(1, Ordering::SeqCst);
        return None;
    }
    told.recv_timeout(patience).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn a_look_that_hangs_holds_nobody_up() {
        let hanging = Arc::default();
        let mut held = Vec::new();
        for _ in 0..HANGING {
            let (end, wait) = channel::<()>();
            held.push(end);
            assert_eq!(in_time(&hanging, Duration::from_millis(1), move || wait.recv().is_err()), None);
        }
        assert_eq!(in_time(&hanging, Duration::from_mins(1), || 1), None, "no thread more while they hang");
        drop(held);
        while hanging.load(Ordering::SeqCst) > 0 {
            std::thread::yield_now();
        }
        assert_eq!(in_time(&hanging, Duration::from_mins(1), || 1), Some(1));
    }
}
