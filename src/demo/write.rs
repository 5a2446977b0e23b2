//! Puts the demo's lines into real files when they are due. Knows lines and files, not scenarios.

use super::generate::DemoLine;
use super::{DemoError, Scenario};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lines due within this time are written together.
const TICK: Duration = Duration::from_millis(25);

/// What the writer and its owner share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    stopped: bool,
    fault: Option<String>,
}

impl Shared {
    pub(super) fn stop(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).stopped = true;
        self.changed.notify_all();
    }

    pub(super) fn fault(&self) -> Option<String> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).fault.clone()
    }

    /// Waits until `until` or the stop; whether to go on.
    fn sleep(&self, until: Instant) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = until.saturating_duration_since(Instant::now());
        let done = self.changed.wait_timeout_while(state, wait, |s| !s.stopped);
        !done.unwrap_or_else(PoisonError::into_inner).0.stopped
    }

    fn fail(&self, message: String) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).fault = Some(message);
    }
}

/// The open files, by service, with what is to be written next.
#[derive(Debug)]
pub(super) struct Files {
    files: Vec<(PathBuf, File, Vec<u8>)>,
}

impl Files {
    /// Creates (or appends to) one file per service, and their directory.
    pub(super) fn open(dir: &Path, scenario: &Scenario) -> Result<Self, DemoError> {
        std::fs::create_dir_all(dir).map_err(|source| DemoError::Write { path: dir.to_owned(), source })?;
        let open = |file: &String| {
            let path = dir.join(file);
            match OpenOptions::new().create(true).append(true).open(&path) {
                Ok(open) => Ok((path, open, Vec::new())),
                Err(source) => Err(DemoError::Write { path, source }),
            }
        };
        Ok(Self { files: scenario.services.iter().map(|s| open(&s.file)).collect::<Result<_, _>>()? })
    }

    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.files.iter().map(|(path, ..)| path.clone()).collect()
    }

    /// Writes the lines that are due at once; returns the first that is not.
    pub(super) fn write_past(
        &mut self,
        lines: &mut impl Iterator<Item = DemoLine>,
    ) -> Result<Option<DemoLine>, DemoError> {
        for line in lines {
            if line.due > Duration::ZERO {
                self.flush().map_err(|(path, source)| DemoError::Write { path, source })?;
                return Ok(Some(line));
            }
            self.add(&line);
        }
        self.flush().map_err(|(path, source)| DemoError::Write { path, source })?;
        Ok(None)
    }

    fn add(&mut self, line: &DemoLine) {
        self.files[line.service].2.extend_from_slice(line.text.as_bytes());
    }

    /// Whole lines only: each file gets one write.
    fn flush(&mut self) -> Result<(), (PathBuf, io::Error)> {
        for (path, file, pending) in &mut self.files {
            if !pending.is_empty() {
                file.write_all(pending).map_err(|e| (path.clone(), e))?;
                pending.clear();
            }
        }
        Ok(())
    }
}

/// Writes each line when it is due, until the stop or a fault.
pub(super) fn run(mut files: Files, lines: impl Iterator<Item = DemoLine>, shared: &Shared) {
    let start = Instant::now();
    for line in lines {
        let due = start + line.due;
        if due > Instant::now() {
            if let Err((path, e)) = files.flush() {
                shared.fail(format!("cannot write {}: {e}", path.display()));
                return;
            }
            if !shared.sleep(due.max(Instant::now() + TICK)) {
                return;
            }
        }
        files.add(&line);
    }
}
