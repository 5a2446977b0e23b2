//! How the process ends, and how a fault is told.

use crate::config::Mistakes;
use aiobs_logs::source::SourceError;
use aiobs_store::StoreError;
use std::fmt;
use std::process::ExitCode;

/// Exit codes, a stable interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0
    Done,
    /// 1: findings at or over `--fail-on`.
    Findings,
    /// 2: usage or configuration.
    Usage,
    /// 3: a fault at run time.
    Fault,
    /// 130, as shells know it: a signal came before the work was done.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Findings => 1,
            Exit::Usage => 2,
            Exit::Fault => 3,
            Exit::Interrupted => 130,
        })
    }
}

/// A mistake of usage that clap can't see.
#[derive(Debug)]
pub(super) struct UsageError(pub String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// The exit code for a fault, and what to say. A closed pipe is no fault and says nothing.
pub(super) fn explain(e: &anyhow::Error) -> (Exit, Option<String>) {
    for cause in e.chain() {
        if let Some(io) = cause.downcast_ref::<std::io::Error>()
            && io.kind() == std::io::ErrorKind::BrokenPipe
        {
            return (Exit::Done, None);
        }
    }
    let usage = e.chain().any(|c| c.is::<UsageError>() || c.is::<Mistakes>() || c.is::<SourceError>())
        || e.chain().any(|c| matches!(c.downcast_ref::<StoreError>(), Some(StoreError::Query(_))));
    (if usage { Exit::Usage } else { Exit::Fault }, Some(chain(e)))
}

/// The fault and its causes, each once: some errors repeat their cause in their own words.
fn chain(e: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in e.chain() {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&cause);
        }
    }
    text
}
