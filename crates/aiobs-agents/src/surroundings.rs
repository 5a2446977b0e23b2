//! What the agents may know beside the logs, as a trait: the host's state, the user's notes on applications, runbooks,
//! and files in directories that the user allowed. All of it only read. The program gives a [`crate::Workplace`], tests
//! what they like. Calls may block (they are made on a blocking thread). This file knows neither files nor agents.

use aiobs_types::Timestamp;
use serde::{Deserialize, Serialize};

/// A mounted file system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskState {
    /// Where it is mounted.
    pub mount: String,
    /// Bytes in all.
    pub total: u64,
    /// Bytes that are free.
    pub free: u64,
}

/// A process that takes much.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProcessState {
    /// Its number.
    pub pid: u32,
    /// Its name.
    pub name: String,
    /// Bytes of memory resident.
    pub memory: u64,
    /// Percent of one core since the last look; 0 at the first one.
    pub cpu: f32,
}

/// The machine that this program runs on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostState {
    /// When it was looked at, wall time.
    pub at: Timestamp,
    /// Its name.
    pub name: String,
    /// Mean number of runnable processes over 1, 5 and 15 minutes.
    pub load: [f64; 3],
    /// Processor cores.
    pub cores: usize,
    /// Bytes of memory.
    pub memory_total: u64,
    /// Bytes that could be given to programs.
    pub memory_available: u64,
    /// Bytes of swap.
    pub swap_total: u64,
    /// Bytes of swap in use.
    pub swap_used: u64,
    /// Seconds since it was started.
    pub uptime: u64,
    /// File systems, fullest first.
    pub disks: Vec<DiskState>,
    /// Processes with the most memory, at most 8.
    pub processes: Vec<ProcessState>,
}

/// A piece of something that people wrote: an application note, a section of a runbook.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// File name, such as `orders.md`.
    pub file: String,
    /// Heading of the section; empty for what stands before the first one.
    pub heading: String,
    /// Its text.
    pub text: String,
}

/// A piece of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// Full path.
    pub path: String,
    /// Number of its first line, from 1.
    pub first: usize,
    /// Its lines.
    pub text: String,
}

/// Where in a file an excerpt is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Near {
    /// Around this line, from 1.
    Line(usize),
    /// Around the first line with this text.
    Text(String),
}

/// See the module. Errors are one line for people and models.
pub trait Surroundings: Send + Sync {
    /// The host now; `None` when it is not known.
    fn host(&self) -> Option<HostState>;
    /// What the user wrote about these components.
    fn notes(&self, components: &[String]) -> Vec<Document>;
    /// Sections of runbooks that have most of these words, best first.
    fn runbooks(&self, words: &[String], limit: usize) -> Vec<Document>;
    /// One section of a runbook; an empty heading takes the first.
    fn section(&self, file: &str, heading: &str) -> Result<Document, String>;
    /// A piece of a file in an allowed directory.
    fn excerpt(&self, path: &str, near: Option<&Near>) -> Result<Excerpt, String>;
}

/// Knows nothing; for builds and tests without surroundings.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSurroundings;

impl Surroundings for NoSurroundings {
    fn host(&self) -> Option<HostState> {
        None
    }
    fn notes(&self, _: &[String]) -> Vec<Document> {
        Vec::new()
    }
    fn runbooks(&self, _: &[String], _: usize) -> Vec<Document> {
        Vec::new()
    }
    fn section(&self, _: &str, _: &str) -> Result<Document, String> {
        Err("there are no runbooks".to_owned())
    }
    fn excerpt(&self, _: &str, _: Option<&Near>) -> Result<Excerpt, String> {
        Err("no directory is allowed to be read (chain.read_dirs)".to_owned())
    }
}

/// Everything but the host: its state goes into prompts, and where no model is asked nobody need wait for it.
pub(crate) struct Hostless<'a>(pub(crate) &'a dyn Surroundings);

impl Surroundings for Hostless<'_> {
    fn host(&self) -> Option<HostState> {
        None
    }
    fn notes(&self, components: &[String]) -> Vec<Document> {
        self.0.notes(components)
    }
    fn runbooks(&self, words: &[String], limit: usize) -> Vec<Document> {
        self.0.runbooks(words, limit)
    }
    fn section(&self, file: &str, heading: &str) -> Result<Document, String> {
        self.0.section(file, heading)
    }
    fn excerpt(&self, path: &str, near: Option<&Near>) -> Result<Excerpt, String> {
        self.0.excerpt(path, near)
    }
}
