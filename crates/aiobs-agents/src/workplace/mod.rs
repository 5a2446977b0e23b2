//! The surroundings as they are on this machine: `apps/*.md` and runbooks beside the configuration, files in allowed
//! directories, the host. The program makes one; the agents see it as [`Surroundings`]. It writes nothing and runs nothing.

mod files;
mod host;
mod written;

use crate::{Document, Excerpt, HostState, Near, Surroundings};
use std::path::PathBuf;
use std::sync::Mutex;

/// See the module.
#[derive(Debug, Default)]
pub struct Workplace {
    apps: Option<PathBuf>,
    runbooks: Vec<PathBuf>,
    allowed: Vec<PathBuf>,
    host: Mutex<host::Host>,
}

impl Workplace {
    /// With the directory of application notes, directories of runbooks, and directories whose files may be read.
    /// None has to exist.
    pub fn new(apps: Option<PathBuf>, runbooks: Vec<PathBuf>, allowed: Vec<PathBuf>) -> Self {
        Self { apps, runbooks, allowed, host: Mutex::default() }
    }
}

impl Surroundings for Workplace {
    fn host(&self) -> Option<HostState> {
        self.host.lock().unwrap_or_else(std::sync::PoisonError::into_inner).look()
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
