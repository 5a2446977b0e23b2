//! One run of a program: its process group, its output, its end. The group is led by a guard, which ends it when this
//! process is killed and cannot do so itself.

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, Signal, kill_process_group},
};
use std::{
    io::{self, PipeReader, Read},
    os::unix::process::{CommandExt, ExitStatusExt},
    process::{Child, Command, ExitStatus, Stdio},
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

type Started = (Child, PipeReader, Option<JoinHandle<String>>);

/// What came of waiting for output.
pub(super) enum Output {
    Bytes(usize),
    Nothing,
    End,
}

/// Waits for the end of its input, which is the end of this process, and then ends its group and itself.
const GUARD: &str = "trap '' HUP INT TERM; read -r _; kill -TERM 0; sleep 1; kill -KILL 0";

/// A running program.
pub(super) struct Process {
    guard: Child,
    child: Child,
    group: Pid,
    output: PipeReader,
    said: Option<JoinHandle<String>>,
}

impl Process {
    pub(super) fn start(what: &Invocation) -> io::Result<Self> {
        let mut guard = Command::new("/bin/sh");
        guard.args(["-c", GUARD]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let guard = guard.spawn()?;
        let group = Pid::from_child(&guard);
        let started = Self::start_in(group, what);
        match started {
            Ok((child, output, said)) => Ok(Self { guard, child, group, output, said }),
            Err(e) => {
                dismiss(guard, group);
                Err(e)
            }
        }
    }

    fn start_in(group: Pid, what: &Invocation) -> io::Result<Started> {
        let (output, into) = io::pipe()?;
        let mut command = Command::new(what.program);
        command.args(&what.args).stdin(Stdio::null()).process_group(group.as_raw_nonzero().get());
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
        let said =
            errors.map(|errors| thread::Builder::new().name("said".into()).spawn(|| said(errors))).transpose()?;
        Ok((child, output, said))
    }

    pub(super) fn group(&self) -> Pid {
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
        dismiss(self.guard, self.group);
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

/// Ends what is left of a group, and with it the guard.
fn dismiss(mut guard: Child, group: Pid) {
    // Until it is waited for, the number of the group is not given to another one.
    let _ = kill_process_group(group, Signal::KILL);
    let _ = guard.wait();
}
