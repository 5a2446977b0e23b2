//! `aiobs demo`: writes the log files of a small shop that lives through an incident, for the ordinary engine to
//! follow like any other files. The command line starts it; it knows neither the engine nor the screen.

mod generate;
mod scenario;
mod template;
#[cfg(test)]
mod tests;
mod write;

pub use generate::{DemoLine, RenderOptions, render};
pub use scenario::{Scenario, ScenarioError};

use aiobs_types::Timestamp;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use thiserror::Error;
use write::{Files, Shared};

/// How the demo runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DemoOptions {
    /// Scenario seconds per second of the wall clock; 1 is the told two minutes.
    pub speed: f64,
    /// The same seed makes the same lines.
    pub seed: u64,
    /// Whether a healthy past is written first.
    pub history: bool,
}

impl Default for DemoOptions {
    fn default() -> Self {
        Self { speed: 1.0, seed: 7, history: true }
    }
}

/// Why the demo cannot run.
#[derive(Debug, Error)]
pub enum DemoError {
    /// The scenario file has mistakes.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Scenario(Vec<ScenarioError>),
    /// A log file cannot be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The thread that writes cannot be started.
    #[error("cannot start the demo's thread: {0}")]
    Thread(io::Error),
    /// The speed is not a positive number.
    #[error("the speed of the demo is a positive number, not {0}")]
    Speed(f64),
}

/// A running demo: one thread that appends to the files until it is stopped or dropped.
#[derive(Debug)]
pub struct Demo {
    files: Vec<PathBuf>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Demo {
    /// Writes the past of all services into `dir` (made if need be) and goes on live, from the built-in scenario.
    pub fn start(dir: &Path, options: DemoOptions) -> Result<Self, DemoError> {
        if !(options.speed.is_finite() && options.speed > 0.0) {
            return Err(DemoError::Speed(options.speed));
        }
        let scenario = Scenario::embedded().map_err(DemoError::Scenario)?;
        let mut files = Files::open(dir, &scenario)?;
        let paths = files.paths();
        let start = Timestamp::now();
        let render = RenderOptions { seed: options.seed, start, speed: options.speed, history: options.history };
        let mut lines = render_owned(scenario, render);
        let first = files.write_past(&mut lines)?;
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("demo".into())
            .spawn(move || write::run(files, first.into_iter().chain(lines), &theirs))
            .map_err(DemoError::Thread)?;
        Ok(Self { files: paths, shared, thread: Some(thread) })
    }

    /// The log files, in the order of the scenario's services.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Why it stopped writing, if it had to.
    pub fn fault(&self) -> Option<String> {
        self.shared.fault()
    }

    /// Stops writing and waits for the thread, which takes some milliseconds.
    pub fn stop(self) {
        drop(self);
    }
}

/// [`render`] for a thread of its own.
fn render_owned(scenario: Scenario, options: RenderOptions) -> impl Iterator<Item = DemoLine> + Send {
    generate::Lines::new(Arc::new(scenario), options)
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.shared.stop();
        if let Some(thread) = self.thread.take() {
            // A panic of the writer was reported by its own thread.
            let _ = thread.join();
        }
    }
}
