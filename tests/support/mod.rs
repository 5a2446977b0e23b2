//! Runs the real binary for the tests that prove the engine: in a home of its own, with nothing of the developer's
//! environment, and with a limit on every wait.

use serde_json::Value;
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Longest wait for anything.
const LIMIT: Duration = Duration::from_mins(1);

/// A directory with a data directory and logs in it; gone when dropped.
pub(crate) struct Home {
    dir: tempfile::TempDir,
}

/// How a command ended.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        let home = Self { dir: tempfile::tempdir().unwrap() };
        std::fs::create_dir(home.path("logs")).unwrap();
        home
    }

    /// A path inside.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The binary on this home's data directory, without a model.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aiobs"));
        command.env_clear().env("HOME", self.dir.path()).env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("LANG", "C.UTF-8").env("TZ", "UTC").stdin(Stdio::null()).current_dir(self.dir.path());
        command.args(args).arg("--offline").arg("--data-dir").arg(self.path("data"));
        command
    }

    /// Runs it to its end.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        ran(&mut self.command(args))
    }

    /// Every record of the archive, in the order of arrival.
    pub(crate) fn records(&self) -> Vec<Value> {
        let found = self.run(["search", "--limit", "0", "--output", "json", ""]);
        let begun = !found.err.contains("nothing has been stored there yet");
        assert!(!begun || found.code == Some(0), "search failed: {}", found.err);
        found.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
    }
}

/// Runs a command to its end.
pub(crate) fn ran(command: &mut Command) -> Ran {
    let out = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: out.status.code(), out: text(out.stdout), err: text(out.stderr) }
}

/// A running `aiobs watch`. Dropping it is SIGKILL.
pub(crate) struct Watch {
    child: Child,
    out: Arc<Mutex<Vec<Value>>>,
    err: Arc<Mutex<String>>,
    readers: Vec<std::thread::JoinHandle<()>>,
}

impl Watch {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (out, err) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(String::new())));
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (events, talk) = (Arc::clone(&out), Arc::clone(&err));
        let readers = vec![
            // The last line may be torn by the kill.
            std::thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    events.lock().unwrap().extend(serde_json::from_str::<Value>(&line));
                }
            }),
            std::thread::spawn(move || {
                for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                    talk.lock().unwrap().push_str(&(line + "\n"));
                }
            }),
        ];
        Self { child, out, err, readers }
    }

    /// The events so far.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.out.lock().unwrap().clone()
    }

    /// Number of the process.
    #[allow(dead_code, reason = "not every test looks at the process")]
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it said on standard error so far.
    pub(crate) fn talk(&self) -> String {
        self.err.lock().unwrap().clone()
    }

    /// Ends it as an operator would; returns the exit code, all events and the talk.
    pub(crate) fn stop(mut self, signal: rustix::process::Signal) -> (Option<i32>, Vec<Value>, String) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
        let code = self.child.wait().unwrap().code();
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        (code, self.events(), self.talk())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Gone already after `stop`.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until it is so; fails with what it waited for.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < LIMIT, "waited {LIMIT:?} for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
