//! The program in a real pseudo-terminal: what it wrote, byte for byte, and what the screen shows of it.

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, SlavePty, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long anything may take on a busy machine before it counts as not happening.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Default)]
struct Seen {
    bytes: Vec<u8>,
    last: Option<Instant>,
}

struct Shared {
    parser: vt100::Parser,
    seen: Seen,
    closed: bool,
}

/// What to start, and on what kind of terminal.
pub(crate) struct Setup {
    args: Vec<String>,
    env: Vec<(String, String)>,
    size: (u16, u16),
    home: Arc<TempDir>,
}

impl Setup {
    /// The program with these arguments, 160x45, 24-bit colour, UTF-8, a home of its own, no model.
    pub(crate) fn new(args: &[&str]) -> Self {
        let home = Arc::new(tempfile::Builder::new().prefix("pty").tempdir().unwrap());
        std::fs::create_dir(home.path().join("tmp")).unwrap();
        let args = args.iter().map(|a| (*a).to_owned()).chain(["--offline".to_owned()]).collect();
        Self { args, env: Vec::new(), size: (160, 45), home }
    }

    /// With a model server at this address.
    pub(crate) fn with_model(mut self, url: &str) -> Self {
        self.args.retain(|a| a != "--offline");
        self.arg("--set").arg(&format!("model.url={url}"))
    }

    /// The program on log files with these contents in the home directory.
    pub(crate) fn on(files: &[(&str, &[u8])]) -> Self {
        let mut setup = Self::new(&[]);
        for (name, content) in files {
            let path = setup.path(name);
            std::fs::write(&path, content).unwrap();
            setup.args.push(path.display().to_string());
        }
        setup
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.to_owned());
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn size(mut self, columns: u16, rows: u16) -> Self {
        self.size = (columns, rows);
        self
    }

    /// Starts it.
    pub(crate) fn start(self) -> Term {
        let Self { args, env, size: (cols, rows), home } = self;
        let pair = native_pty_system().openpty(pty_size(cols, rows)).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_aiobs"));
        command.args(args);
        command.env_clear();
        command.cwd(home.path());
        let home_text = home.path().display().to_string();
        let base = [
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("HOME", home_text.clone()),
            ("TMPDIR", format!("{home_text}/tmp")),
            ("TERM", "xterm-256color".into()),
            ("COLORTERM", "truecolor".into()),
            ("LANG", "C.UTF-8".into()),
            ("TZ", "UTC".into()),
        ];
        for (name, value) in base.into_iter().chain(env.iter().map(|(n, v)| (n.as_str(), v.clone()))) {
            command.env(name, value);
        }
        let cooked = termios(&*pair.master);
        let child = pair.slave.spawn_command(command).unwrap();
        let parser = vt100::Parser::new(rows.try_into().unwrap(), cols.try_into().unwrap(), 0);
        let shared = Arc::new((Mutex::new(Shared { parser, seen: Seen::default(), closed: false }), Condvar::new()));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let theirs = Arc::clone(&shared);
        std::thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                let mut shared = theirs.0.lock().unwrap();
                if shared.closed {
                    return;
                }
                shared.parser.process(&buffer[..n]);
                shared.seen.bytes.extend_from_slice(&buffer[..n]);
                shared.seen.last = Some(Instant::now());
                theirs.1.notify_all();
            }
        });
        let writer = pair.master.take_writer().unwrap();
        Term { child, master: Some(pair.master), slave: Some(pair.slave), writer: Some(writer), shared, home, cooked }
    }
}

/// A running program and its terminal. Killed when dropped.
pub(crate) struct Term {
    child: Box<dyn Child + Send + Sync>,
    master: Option<Box<dyn MasterPty + Send>>,
    slave: Option<Box<dyn SlavePty + Send>>,
    writer: Option<Box<dyn std::io::Write + Send>>,
    shared: Arc<(Mutex<Shared>, Condvar)>,
    home: Arc<TempDir>,
    cooked: String,
}

impl Drop for Term {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn pty_size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

/// The line discipline's flags, as text to compare.
fn termios(master: &(dyn MasterPty + Send)) -> String {
    let t = master.get_termios().unwrap();
    format!("{:?} {:?} {:?} {:?}", t.input_flags, t.output_flags, t.control_flags, t.local_flags)
}

impl Term {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The next start in the same home.
    pub(crate) fn again(&self, args: &[&str]) -> Setup {
        Setup { home: Arc::clone(&self.home), ..Setup::new(args) }
    }

    /// Presses keys.
    pub(crate) fn press(&mut self, keys: &str) {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    /// What is on screen now.
    pub(crate) fn text(&self) -> String {
        self.shared.0.lock().unwrap().parser.screen().contents()
    }

    /// Everything written so far.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.shared.0.lock().unwrap().seen.bytes.clone()
    }

    /// Whether this was written at any time.
    pub(crate) fn wrote(&self, what: &[u8]) -> bool {
        self.bytes().windows(what.len()).any(|w| w == what)
    }

    /// Looks at the screen.
    pub(crate) fn look<T>(&self, at: impl FnOnce(&vt100::Screen) -> T) -> T {
        at(self.shared.0.lock().unwrap().parser.screen())
    }

    /// Waits until the screen is so.
    #[track_caller]
    pub(crate) fn wait(&self, what: &str, so: impl Fn(&vt100::Screen) -> bool) {
        let until = Instant::now() + PATIENCE;
        let mut shared = self.shared.0.lock().unwrap();
        while !so(shared.parser.screen()) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let text = shared.parser.screen().contents();
                drop(shared);
                panic!("never on screen: {what}\n{text}");
            }
            shared = self.shared.1.wait_timeout(shared, left).unwrap().0;
        }
    }

    /// Waits until all of these are on screen together.
    #[track_caller]
    pub(crate) fn shows(&self, texts: &[&str]) {
        self.wait(&format!("{texts:?}"), |s| {
            let all = s.contents();
            texts.iter().all(|t| all.contains(t))
        });
    }

    /// Waits until this is not on screen.
    #[track_caller]
    pub(crate) fn hides(&self, text: &str) {
        self.wait(&format!("(gone) {text:?}"), |s| !s.contents().contains(text));
    }

    /// Presses keys, then waits until all of these are on screen.
    #[track_caller]
    pub(crate) fn press_shows(&mut self, keys: &str, texts: &[&str]) {
        self.press(keys);
        self.shows(texts);
    }

    /// Waits until nothing was written for this long; false when that never happens.
    pub(crate) fn falls_silent(&self, quiet: Duration) -> bool {
        let until = Instant::now() + PATIENCE;
        let mut shared = self.shared.0.lock().unwrap();
        let begin = Instant::now();
        loop {
            let idle = shared.seen.last.unwrap_or(begin).elapsed();
            if idle >= quiet {
                return true;
            }
            if Instant::now() >= until {
                return false;
            }
            shared = self.shared.1.wait_timeout(shared, quiet.saturating_sub(idle)).unwrap().0;
        }
    }

    pub(crate) fn resize(&self, cols: u16, rows: u16) {
        let mut shared = self.shared.0.lock().unwrap();
        shared.parser.screen_mut().set_size(rows.try_into().unwrap(), cols.try_into().unwrap());
        self.master.as_ref().unwrap().resize(pty_size(cols, rows)).unwrap();
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.process_id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Whether the kernel says that the process is stopped.
    pub(crate) fn waits_until_stopped(&self) -> bool {
        let stat = format!("/proc/{}/stat", self.child.process_id().unwrap());
        within_patience(|| {
            let text = std::fs::read_to_string(&stat).unwrap();
            text.rsplit(')').next().unwrap().trim_start().starts_with('T')
        })
    }

    /// Whether the line discipline is as it was before the program came.
    pub(crate) fn is_cooked(&self) -> bool {
        termios(&**self.master.as_ref().unwrap()) == self.cooked
    }

    /// The terminal window is closed: at the program's next word at the latest.
    pub(crate) fn close(&mut self) {
        self.shared.0.lock().unwrap().closed = true;
        self.writer = None;
        self.slave = None;
        self.master = None;
    }

    /// Waits for the end of the program: its exit code.
    #[track_caller]
    pub(crate) fn ends(&mut self) -> u32 {
        let mut status = None;
        let ended = within_patience(|| {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        assert!(ended, "still running\n{}", self.text());
        let status = status.unwrap();
        assert_eq!(status.signal(), None, "ended by a signal");
        status.exit_code()
    }

    /// Waits for the end of the program, by itself or by a signal.
    #[track_caller]
    pub(crate) fn ends_somehow(&mut self) {
        let ended = within_patience(|| self.child.try_wait().unwrap().is_some());
        assert!(ended, "still running\n{}", self.text());
    }

    /// Asserts that the terminal is as it was, whether the program took it or not.
    #[track_caller]
    pub(crate) fn is_restored_plain(&self) {
        self.wait("the terminal as it was", |s| !s.alternate_screen() && !s.hide_cursor() && !s.bracketed_paste());
        assert!(self.is_cooked(), "raw mode is still on");
    }

    /// Asserts that the terminal is as it was: screen left, cursor shown, line discipline back, paste mode off.
    #[track_caller]
    pub(crate) fn is_restored(&self) {
        self.wait("the terminal restored", |s| !s.alternate_screen() && !s.hide_cursor() && !s.bracketed_paste());
        assert!(self.is_cooked(), "raw mode is still on");
        let bytes = self.bytes();
        let last = |what: &[u8]| bytes.windows(what.len()).rposition(|w| w == what);
        assert!(last(b"\x1b[?1049l") > last(b"\x1b[?1049h"), "alternate screen not left");
        assert!(last(b"\x1b[?25h") > last(b"\x1b[?25l"), "cursor not shown");
        assert!(last(b"\x1b[?2026l") > last(b"\x1b[?2026h"), "synchronized update not ended");
    }

    /// Asserts that nothing is left in the temporary directory.
    #[track_caller]
    pub(crate) fn left_nothing(&self) {
        let left: Vec<_> = std::fs::read_dir(self.path("tmp")).unwrap().map(|e| e.unwrap().path()).collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }
}

/// Waits until it holds; false when it never does.
pub(crate) fn within_patience(mut holds: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + PATIENCE;
    while !holds() {
        if Instant::now() >= until {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}
