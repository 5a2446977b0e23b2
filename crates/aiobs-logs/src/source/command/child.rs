//! One run of a program: its process group, its output, its end. A guard process ends the groups when this process is
//! killed and cannot do so itself.

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::Pid,
};
use std::{
    io::{self, PipeReader, Read, Write},
    os::unix::process::{CommandExt, ExitStatusExt},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::{Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

/// Of what a program says on its standard error so much is kept, from the end.
const SAID: usize = 4 * 1024;

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Invocation {
    pub(super) program: &'static str,
    pub(super) args: Vec<String>,
    /// Standard error is part of the output.
    pub(super) joined: bool,
}

/// What came of waiting for output.
pub(super) enum Output {
    Bytes(usize),
    Nothing,
    End,
}

/// A running program.
pub(super) struct Process {
    child: Child,
    group: Option<Pid>,
    output: PipeReader,
    said: Option<JoinHandle<String>>,
}

impl Process {
    pub(super) fn start(what: &Invocation) -> io::Result<Self> {
        let (output, into) = io::pipe()?;
        let mut command = Command::new(what.program);
        command.args(&what.args).stdin(Stdio::null()).process_group(0);
        let errors = if what.joined {
            command.stderr(into.try_clone()?);
            None
        } else {
            let (errors, into) = io::pipe()?;
            command.stderr(into);
            Some(errors)
        };
        command.stdout(into);
        let child = command.spawn()?;
        // Closes our copies of the ends that it writes to.
        drop(command);
        let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        guard('+', child.id());
        let said =
            errors.map(|errors| thread::Builder::new().name("said".into()).spawn(|| said(errors))).transpose()?;
        Ok(Self { child, group, output, said })
    }

    pub(super) fn group(&self) -> Option<Pid> {
        self.group
    }

    /// Waits for output, for ever without a `limit`.
    pub(super) fn read(&mut self, buf: &mut [u8], limit: Option<Duration>) -> io::Result<Output> {
        if let Some(limit) = limit {
            let timeout = Timespec { tv_sec: limit.as_secs() as i64, tv_nsec: i64::from(limit.subsec_nanos()) };
            let mut wanted = [PollFd::new(&self.output, PollFlags::IN)];
            match poll(&mut wanted, Some(&timeout)) {
                Ok(0) => return Ok(Output::Nothing),
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => return Ok(Output::Nothing),
                Err(e) => return Err(e.into()),
            }
        }
        match self.output.read(buf) {
            Ok(0) => Ok(Output::End),
            Ok(got) => Ok(Output::Bytes(got)),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Ok(Output::Nothing),
            Err(e) => Err(e),
        }
    }

    /// Waits for its end; what it said last on its standard error.
    pub(super) fn wait(mut self) -> (Option<ExitStatus>, String) {
        let status = self.child.wait().ok();
        guard('-', self.child.id());
        (status, self.said.take().and_then(|said| said.join().ok()).unwrap_or_default())
    }
}

fn said(mut errors: PipeReader) -> String {
    let (mut kept, mut buf) = (Vec::new(), [0; 1024]);
    while let Ok(got) = errors.read(&mut buf) {
        if got == 0 {
            break;
        }
        kept.extend_from_slice(&buf[..got]);
        kept.drain(..kept.len().saturating_sub(SAID));
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// How a program ended, in words.
pub(super) fn ending(status: Option<ExitStatus>) -> String {
    match status.map(|status| (status.code(), status.signal())) {
        Some((Some(code), _)) => format!("exit {code}"),
        Some((_, Some(signal))) => format!("killed by signal {signal}"),
        _ => "ended".to_owned(),
    }
}

/// Reads which groups there are; once its input ends, this process is gone, and so must they be.
const GUARD: &str = r#"
g=
while read -r op p; do
  if [ "$op" = + ]; then g="$g $p"; else n=; for q in $g; do [ "$q" = "$p" ] || n="$n $q"; done; g=$n; fi
done
for p in $g; do kill -TERM -"$p" 2>/dev/null; done
[ -z "$g" ] || sleep 1
for p in $g; do kill -KILL -"$p" 2>/dev/null; done
"#;

fn guard(op: char, group: u32) {
    static GUARDING: Mutex<Option<ChildStdin>> = Mutex::new(None);
    let mut guarding = GUARDING.lock().unwrap_or_else(PoisonError::into_inner);
    if guarding.is_none() {
        let mut command = Command::new("sh");
        command.args(["-c", GUARD]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        match command.spawn() {
            Ok(mut child) => *guarding = child.stdin.take(),
            Err(e) => tracing::warn!("commands would go on if this process were killed: {e}"),
        }
    }
    let told = guarding.as_mut().is_none_or(|guard| writeln!(guard, "{op} {group}").is_ok());
    if !told {
        *guarding = None;
    }
}
